"""The change of variables: moments, folding, and the steepness of the data."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sk231n.core.affine import Affine
from sk231n.core.automatic_rate import POWER_ITERATIONS, SAMPLE_ROWS, largest_eigenvalue, sample
from sk231n.core.data import Data
from sk231n.core.moments import Moments
from sk231n.core.network import Network
from sk231n.core.standardization import Standardization
from sk231n.core.units import AsGiven, TargetUnits

LAYER = Affine(3)


def make_data(X, w=None, rows=None, dtype=np.float64):
    n_samples = len(X)
    w = np.ones(n_samples) if w is None else w
    rows = np.arange(n_samples) if rows is None else rows
    return Data(X, np.zeros(n_samples, int), w, rows, np.dtype(dtype)).normalized()


def moments_of(*parts):
    moments = Moments(parts[0].X.shape[1])
    for part in parts:
        moments = moments.updated(part, count=len(part.rows))
    return moments


@pytest.fixture
def X():
    """More rows than are converted at a time, features of mixed scales and offsets."""
    rng = np.random.RandomState(0)
    return rng.standard_normal((2500, 4)) * [1, 100, 1e-3, 5] + [0, -20, 7, 1e4]


class TestMoments:
    def test_of_plain_data(self, X):
        moments = moments_of(make_data(X))
        assert moments.count == 2500
        np.testing.assert_allclose(moments.mean, X.mean(axis=0), rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(moments.variance, X.var(axis=0), rtol=1e-12)

    def test_with_weights(self, X):
        w = np.random.RandomState(1).uniform(size=len(X))
        moments = moments_of(make_data(X, w))
        mean = np.average(X, axis=0, weights=w)
        np.testing.assert_allclose(moments.mean, mean, rtol=1e-12)
        variance = np.average((X - mean) ** 2, axis=0, weights=w)
        np.testing.assert_allclose(moments.variance, variance, rtol=1e-12)

    def test_an_integer_weight_counts_as_repetition(self, X):
        w = np.random.RandomState(2).randint(0, 4, size=len(X))
        weighted = moments_of(make_data(X, w.astype(float), rows=np.flatnonzero(w)))
        repeated = moments_of(make_data(np.repeat(X, w, axis=0)))
        np.testing.assert_allclose(weighted.mean, repeated.mean, rtol=1e-12)
        np.testing.assert_allclose(weighted.variance, repeated.variance, rtol=1e-12)

    def test_only_the_rows_that_count(self, X):
        rows = np.arange(3, 2000, 7)
        some, alone = moments_of(make_data(X, rows=rows)), moments_of(make_data(X[rows]))
        np.testing.assert_array_equal(some.mean, alone.mean)
        np.testing.assert_array_equal(some.variance, alone.variance)

    @settings(derandomize=True, deadline=None, max_examples=25)
    @given(cuts=st.lists(st.integers(1, 2499), max_size=4, unique=True))
    def test_parts_give_the_moments_of_the_whole(self, cuts):
        X = np.random.RandomState(3).standard_normal((2500, 2)) * [1, 50] + [3, -1e3]
        X[1000:] += 10
        parts = np.split(X, sorted(cuts))
        moments, whole = moments_of(*map(make_data, parts)), moments_of(make_data(X))
        assert moments.count == whole.count
        np.testing.assert_allclose(moments.mean, whole.mean, rtol=1e-11)
        np.testing.assert_allclose(moments.variance, whole.variance, rtol=1e-11)

    def test_bytes(self):
        X = np.random.RandomState(4).randint(256, size=(3000, 5)).astype(np.uint8)
        moments = moments_of(make_data(X, dtype=np.float32))
        np.testing.assert_allclose(moments.mean, X.mean(axis=0), rtol=1e-6)
        np.testing.assert_allclose(moments.variance, X.var(axis=0), rtol=1e-5)

    @pytest.mark.parametrize(
        ("dtype", "offset", "rtol"), [(np.float64, 1e9, 1e-9), (np.float32, 1e5, 1e-5)]
    )
    def test_huge_offsets(self, dtype, offset, rtol):
        X = (offset + np.random.RandomState(5).standard_normal((2000, 3))).astype(dtype)
        moments = moments_of(make_data(X, dtype=dtype))
        exact = X.astype(np.longdouble)
        np.testing.assert_allclose(moments.mean, exact.mean(axis=0).astype(float), rtol=rtol / 100)
        np.testing.assert_allclose(moments.variance, exact.var(axis=0).astype(float), rtol=rtol)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("value", [0.0, 0.1, 1.0, 255.0, 1e4 / 3, -np.pi * 1e6, 1e-30])
    @pytest.mark.parametrize("n_samples", [1, 3, 999, 3000])
    def test_constant_features_have_no_variance(self, dtype, value, n_samples):
        X = np.full((n_samples, 3), value, dtype)
        moments = moments_of(
            make_data(X[: n_samples // 2 + 1], dtype=dtype), make_data(X, dtype=dtype)
        )
        np.testing.assert_array_equal(moments.mean, X[0].astype(np.float64))
        np.testing.assert_array_equal(moments.variance, 0)
        standardization = moments.standardization(np.dtype(dtype), ridge=0.0)
        # Only their size tells their unit.
        np.testing.assert_allclose(standardization.scale, abs(value) or 1, rtol=1e-6)
        np.testing.assert_array_equal(standardization(X.copy()), 0)

    def test_a_constant_feature_among_others_keeps_its_unit(self):
        X = np.column_stack([np.full(50, 7.0), np.arange(50.0), np.zeros(50)])
        standardization = moments_of(make_data(X)).standardization(np.dtype(float), ridge=0.0)
        np.testing.assert_allclose(standardization.scale, [1, X[:, 1].std(), 1])

    def test_values_too_large(self):
        X = np.ones((3, 2))
        X[0, 1] = 1e200
        with pytest.raises(ValueError, match=r"too large for float64 arithmetic \(column 1\)"):
            moments_of(make_data(X))

    def test_leaves_the_data_as_they_are(self, X):
        data = make_data(X.copy())
        moments_of(data)
        np.testing.assert_array_equal(data.X, X)

    def test_an_update_leaves_the_moments_before_as_they_are(self, X):
        before = moments_of(make_data(X[:1000]))
        count, mean, variance = before.count, before.mean.copy(), before.variance.copy()
        after = before.updated(make_data(X[1000:]), count=1500)
        assert (before.count, after.count) == (count, 2500)
        np.testing.assert_array_equal(before.mean, mean)
        np.testing.assert_array_equal(before.variance, variance)
        assert not np.array_equal(after.mean, mean)


class TestStandardization:
    def test_makes_unit_spread_without_offset(self, X):
        data = make_data(X)
        z = moments_of(data).standardization(np.dtype(float), ridge=0.0)(X.copy())
        np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-9)
        np.testing.assert_allclose(z.std(axis=0), 1, rtol=1e-9)

    def test_ridge(self, X):
        standardization = moments_of(make_data(X)).standardization(np.dtype(float), ridge=4.0)
        np.testing.assert_allclose(standardization.scale, np.sqrt(X.var(axis=0) + 4), rtol=1e-12)
        (factors,) = Network([LAYER], 4).weight_factors(standardization.scale)
        np.testing.assert_allclose(factors["W"][:, 0], 1 / standardization.scale)

    def test_spread_that_is_mere_rounding_is_none(self):
        X = np.full((100, 2), 0.3)
        X[::2, 0] = 0.1 + 0.2  # one ulp more
        X[::2, 1] += 1e-9
        standardization = moments_of(make_data(X)).standardization(np.dtype(float), ridge=0.0)
        np.testing.assert_allclose(standardization.scale, [1, 5e-10], rtol=1e-6)

    def test_is_done_in_place(self, X):
        z = X.copy()
        standardization = Standardization(np.full(4, 2.0), np.full(4, 10.0))
        assert standardization(z) is z
        np.testing.assert_allclose(z, (X - 2) / 10, rtol=1e-14)

    def test_none_changes_nothing(self, X):
        p = SimpleNamespace(W=np.ones((4, 3)), b=np.ones(3))
        standardization = Standardization()
        np.testing.assert_array_equal(standardization(X.copy()), X)
        standardization.fold(LAYER, p)
        standardization.unfold(LAYER, p)
        np.testing.assert_array_equal(p.W, 1)
        np.testing.assert_array_equal(p.b, 1)
        assert Network([LAYER], 4).weight_factors(standardization.scale) == [{"W": 1.0}]

    @pytest.fixture
    def p(self):
        rng = np.random.RandomState(6)
        return SimpleNamespace(W=rng.standard_normal((4, 3)), b=rng.standard_normal(3))

    def test_fold_keeps_the_scores(self, X, p):
        standardization = moments_of(make_data(X)).standardization(np.dtype(float), ridge=0.1)
        before = standardization(X.copy()) @ p.W + p.b
        standardization.fold(LAYER, p)
        np.testing.assert_allclose(X @ p.W + p.b, before, rtol=1e-9, atol=1e-9)

    def test_unfold_undoes_fold(self, X, p):
        standardization = moments_of(make_data(X)).standardization(np.dtype(float), ridge=0.1)
        W, b = p.W.copy(), p.b.copy()
        standardization.fold(LAYER, p)
        standardization.unfold(LAYER, p)
        np.testing.assert_allclose(p.W, W, rtol=1e-13)
        np.testing.assert_allclose(p.b, b, rtol=1e-9)

    def test_without_an_intercept_nothing_is_subtracted(self, X, p):
        moments = moments_of(make_data(X))
        standardization = moments.standardization(np.dtype(float), ridge=0.5, centred=False)
        assert standardization.mean is None
        np.testing.assert_allclose(standardization.scale**2, (X**2).mean(axis=0) + 0.5, rtol=1e-12)
        before = standardization(X.copy()) @ p.W + p.b
        W, b = p.W.copy(), p.b.copy()
        standardization.fold(LAYER, p)
        np.testing.assert_allclose(X @ p.W + p.b, before, rtol=1e-9, atol=1e-9)
        standardization.unfold(LAYER, p)
        np.testing.assert_allclose(p.W, W, rtol=1e-13)
        np.testing.assert_array_equal(p.b, b)

    def test_factors_turn_weights_into_those_on_the_data(self, X, p):
        standardization = moments_of(make_data(X)).standardization(np.dtype(float), ridge=0.1)
        (factors,) = Network([LAYER], 4).weight_factors(standardization.scale)
        expected = p.W * factors["W"]
        standardization.fold(LAYER, p)
        np.testing.assert_allclose(p.W, expected, rtol=1e-14)


class TestTargetUnits:
    @pytest.fixture
    def units(self):
        return TargetUnits(np.array([5.0, -3e4, 0.0]), *np.array([[2.0, 100.0, 1e-3]] * 2))

    @pytest.fixture
    def p(self):
        rng = np.random.RandomState(6)
        return SimpleNamespace(W=rng.standard_normal((4, 3)), b=rng.standard_normal(3))

    def test_of_targets(self, X):
        units = moments_of(make_data(X)).target_units()
        np.testing.assert_allclose(units.scale, X.std(axis=0), rtol=1e-12)
        z = units(X)
        np.testing.assert_allclose(z * units.scale + units.mean, X, rtol=1e-12, atol=1e-9)
        np.testing.assert_allclose(z.std(axis=0), 1, rtol=1e-12)

    def test_the_offset_is_the_mean_to_the_next_quarter_of_the_scale(self, X):
        """What is left of it gives the intercept a first gradient that is more than rounding."""
        units = moments_of(make_data(X)).target_units()
        assert (np.abs(units.mean - X.mean(axis=0)) <= units.scale * (1 / 8 + 1e-9)).all()
        quarters = 4 * units.mean / units.scale
        np.testing.assert_allclose(quarters, np.round(quarters), rtol=1e-12)

    def test_targets_without_spread_have_the_smallest_scale(self):
        X = np.full((100, 4), 0.3)
        X[::2, 0] = 0.1 + 0.2  # one ulp more
        X[::2, 1] += 1e-9
        X[::2, 3] += 1
        units = moments_of(make_data(X)).target_units()
        np.testing.assert_allclose(units.scale, [5e-10, 5e-10, 5e-10, 0.5], rtol=1e-6)
        np.testing.assert_allclose(units.mean[:3], X.mean(axis=0)[:3], rtol=1e-9)
        flat = moments_of(make_data(X[:, [0, 2]])).target_units()
        np.testing.assert_array_equal(flat.scale, [1, 1])

    def test_fold_keeps_the_predictions(self, X, units, p):
        in_units = X @ p.W + p.b
        units.fold(LAYER, p)
        np.testing.assert_allclose(units(X @ p.W + p.b), in_units, rtol=1e-9, atol=1e-9)

    def test_unfold_undoes_fold(self, units, p):
        W, b = p.W.copy(), p.b.copy()
        units.fold(LAYER, p)
        units.unfold(LAYER, p)
        np.testing.assert_allclose(p.W, W, rtol=1e-13)
        np.testing.assert_allclose(p.b, b, rtol=1e-9)


def test_targets_as_given():
    units, p = AsGiven(), SimpleNamespace(W=np.ones((4, 3)), b=np.ones(3))
    y = np.arange(5)
    assert units(y) is y
    assert units.unit(1) == units.unit(2) == 1.0
    units.fold(LAYER, p)
    units.unfold(LAYER, p)
    np.testing.assert_array_equal(p.W, 1)
    np.testing.assert_array_equal(p.b, 1)


class TestLargestEigenvalue:
    def exact(self, data, standardization):
        z = standardization(data.X[data.rows].astype(data.dtype))
        return np.linalg.eigvalsh((data.targets(data.rows)[1][:, None] * z).T @ z)[-1]

    def test_of_data_with_a_dominant_direction(self, X):
        data = make_data(X)  # the offset of the last feature dominates
        estimate = largest_eigenvalue(
            *sample(data, Standardization(), n_rows=len(X)), POWER_ITERATIONS
        )
        np.testing.assert_allclose(estimate, self.exact(data, Standardization()), rtol=1e-12)

    @pytest.mark.parametrize("seed", range(5))
    def test_with_weights_rows_and_a_change_of_variables(self, seed):
        rng = np.random.RandomState(seed)
        X = rng.standard_normal((300, 2)) @ rng.standard_normal((2, 8)) + 5
        X += 0.3 * rng.standard_normal(X.shape)
        data = make_data(X, rng.uniform(size=300), rows=np.flatnonzero(rng.uniform(size=300) < 0.7))
        standardization = moments_of(data).standardization(np.dtype(float), ridge=0.01)
        estimate = largest_eigenvalue(*sample(data, standardization, SAMPLE_ROWS), n_iter=300)
        np.testing.assert_allclose(estimate, self.exact(data, standardization), rtol=1e-6)

    def test_never_exceeds_and_soon_comes_near(self):
        """Even without any gap below the largest eigenvalue."""
        for seed in range(5):
            data = make_data(np.random.RandomState(seed).standard_normal((500, 30)))
            estimate = largest_eigenvalue(
                *sample(data, Standardization(), SAMPLE_ROWS), POWER_ITERATIONS
            )
            ratio = estimate / self.exact(data, Standardization())
            assert 0.9 < ratio < 1 + 1e-12

    def test_looks_at_some_of_many_rows(self):
        X = np.repeat(np.eye(2) * [3.0, 1.0], [5000, 5000], axis=0)
        z, w = sample(make_data(X), Standardization(), n_rows=100)
        assert len(z) == 100
        estimate = largest_eigenvalue(z, w, POWER_ITERATIONS)
        np.testing.assert_allclose(estimate, 9 / 2, rtol=1e-12)

    def test_of_nothing(self):
        z, w = sample(make_data(np.zeros((5, 3))), Standardization(), SAMPLE_ROWS)
        assert largest_eigenvalue(z, w, POWER_ITERATIONS) == 1e-12
