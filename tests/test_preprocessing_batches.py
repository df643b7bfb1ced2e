"""`partial_fit` of the preprocessing: any batches give the same result as `fit` on all data."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from sk231n import MeanSubtraction, Whitening

RNG = np.random.RandomState


def batches(X, sizes):
    start = 0
    for size in sizes:
        yield X[start : start + size]
        start += size
    if start < len(X):
        yield X[start:]


def fit_in_batches(model, X, sizes):
    model = clone(model)
    for batch in batches(X, sizes):
        if len(batch):
            assert model.partial_fit(batch) is model
    return model


def assert_alike(found, expected, X, tol=1e-9):
    assert found.n_samples_seen_ == expected.n_samples_seen_ == len(X)
    np.testing.assert_allclose(found.mean_, expected.mean_, rtol=tol, atol=tol)
    assert found.mean_.dtype == expected.mean_.dtype
    if isinstance(found, Whitening):
        assert found.n_components_ == expected.n_components_
        np.testing.assert_allclose(
            found.explained_variance_, expected.explained_variance_, rtol=100 * tol
        )
        cosines = np.einsum("ij,ij->i", found.components_, expected.components_)
        np.testing.assert_allclose(cosines, 1, rtol=100 * tol)
    np.testing.assert_allclose(found.transform(X), expected.transform(X), atol=1e4 * tol)


@pytest.mark.parametrize(
    "model",
    [
        MeanSubtraction(), MeanSubtraction(mode="channel"), MeanSubtraction(mode="global"),
        Whitening(), Whitening("zca"), Whitening(n_components=3), Whitening(n_components=0.8),
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("shape", [(60, 4, 4), (30, 5, 5, 3), (300, 300), (700, 12), (25, 24)])
@settings(max_examples=8, deadline=None, derandomize=True)
@given(sizes=st.lists(st.integers(1, 40), max_size=30))
def test_any_cut(model, shape, sizes):
    X = RNG(0).normal(size=shape) * 3 + RNG(1).normal(size=shape[1:]) * 20
    assert_alike(fit_in_batches(model, X, sizes), clone(model).fit(X), X)


@pytest.mark.parametrize("shape", [(120, 50), (40, 90), (260, 257)])
@pytest.mark.parametrize("model", [MeanSubtraction(), Whitening()], ids=repr)
def test_one_sample_at_a_time(model, shape):
    X = RNG(0).normal(size=shape) + 5
    assert_alike(fit_in_batches(model, X, [1] * len(X)), clone(model).fit(X), X)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, bool, np.int64])
@pytest.mark.parametrize("mode", ["pixel", "channel", "global"])
def test_means_of_integers_to_the_last_bit(mode, dtype):
    X = RNG(0).randint(0, 200, size=(900, 5, 5, 3)).astype(dtype)
    expected = MeanSubtraction(mode=mode).fit(X).mean_
    for sizes in [1] * 900, [899], [3, 500, 1, 200], [17] * 50:
        found = fit_in_batches(MeanSubtraction(mode=mode), X, sizes).mean_
        np.testing.assert_array_equal(found, expected)


def test_directions_without_variance_in_batches():
    rng = RNG(0)
    X = np.c_[rng.normal(size=(90, 5)), np.full(90, 0.1)]
    X = np.c_[X, X.sum(axis=1), X[:, 2]]
    for sizes in [1] * 90, [2, 1, 7, 30], [45, 45]:
        assert fit_in_batches(Whitening(), X, sizes).n_components_ == 5
    duplicated = np.repeat(rng.normal(size=(4, 30)), 5, axis=0)
    for sizes in [1] * 20, [5] * 4, [19]:
        assert fit_in_batches(Whitening(), duplicated, sizes).n_components_ == 3


def test_far_from_zero_no_digits_are_lost():
    X = RNG(0).normal(size=(400, 6)) + 1e8
    expected = Whitening(epsilon=0).fit(X - 1e8)
    found = fit_in_batches(Whitening(epsilon=0), X, [1, 2, 30, 200])
    np.testing.assert_allclose(found.explained_variance_, expected.explained_variance_, rtol=1e-6)


@pytest.mark.parametrize("model", [MeanSubtraction(), Whitening()], ids=repr)
def test_batches_of_different_types(model):
    X = RNG(0).randint(0, 256, size=(90, 20)).astype(np.uint8)
    kinds = [np.uint8, np.float32, np.float64, np.int64, np.float16, bool]
    for first, second in [(a, b) for a in kinds for b in kinds]:
        halves = X[:45].astype(first), X[45:].astype(second)
        both = np.concatenate([half.astype(np.float64) for half in halves])
        found = clone(model).partial_fit(halves[0]).partial_fit(halves[1])
        expected = clone(model).fit(both)
        np.testing.assert_allclose(found.mean_, expected.mean_, rtol=1e-6)
        small = {first, second} <= {np.uint8, np.float32, np.float16, bool}
        if isinstance(model, Whitening):
            assert found.components_.dtype == (np.float32 if small else np.float64)
            np.testing.assert_allclose(
                found.explained_variance_, expected.explained_variance_, rtol=1e-5
            )
        assert found.transform(halves[0]).dtype == (
            np.float64 if first in (np.float64, np.int64) else np.float32
        )


def state_of(model):
    return pickle.dumps(dict(sorted(vars(model).items())))


@pytest.mark.parametrize(
    "model", [MeanSubtraction(), MeanSubtraction(mode="channel"), Whitening()], ids=repr
)
@pytest.mark.parametrize(
    "bad",
    [
        np.full((2, 12), np.nan), np.full((2, 12), np.inf), np.zeros((2, 13)), np.zeros((0, 12)),
        np.zeros((2, 3, 5)), "text", [["a"] * 12], None, np.zeros((2, 12), dtype=complex),
    ],
    ids=lambda bad: type(bad).__name__,
)  # fmt: skip
def test_a_batch_that_fails_changes_nothing(model, bad):
    X = RNG(0).normal(size=(30, 12))
    model = clone(model)
    with pytest.raises((ValueError, TypeError)):
        model.partial_fit("text" if getattr(bad, "shape", ())[1:] else bad)
    assert not hasattr(model, "n_features_in_")
    model.partial_fit(X[:20])
    before = state_of(model)
    with pytest.raises((ValueError, TypeError)):
        model.partial_fit(bad)
    assert state_of(model) == before
    assert_alike(model.partial_fit(X[20:]), clone(model).fit(X), X)


def test_a_batch_whose_variance_overflows_changes_nothing():
    X = RNG(0).normal(size=(30, 12))
    model = Whitening().partial_fit(X)
    before = state_of(model)
    with pytest.raises(ValueError, match="X holds values whose variance is too large"):
        model.partial_fit(X * 1e200)
    assert state_of(model) == before


def test_nothing_that_was_given_out_changes():
    """State is replaced, not modified in place."""
    X = RNG(0).normal(size=(30, 12))
    for model in MeanSubtraction(), Whitening():
        model.partial_fit(X[:20])
        mean, copy = model.mean_, model.mean_.copy()
        twin = pickle.loads(pickle.dumps(model))
        model.partial_fit(X[20:])
        np.testing.assert_array_equal(mean, copy)
        twin.partial_fit(X[20:])
        np.testing.assert_array_equal(model.transform(X), twin.transform(X))


@pytest.mark.parametrize("model", [MeanSubtraction(), Whitening()], ids=repr)
def test_fit_starts_afresh_and_partial_fit_goes_on(model):
    X = RNG(0).normal(size=(60, 9)) + 2
    model = clone(model).partial_fit(X[:30] + 100)
    model.fit(X[:40])
    assert model.n_samples_seen_ == 40
    np.testing.assert_array_equal(model.transform(X), clone(model).fit(X[:40]).transform(X))
    assert_alike(model.partial_fit(X[40:]), clone(model).fit(X), X)
    model.fit(X[:, :5])  # another number of features
    assert model.n_features_in_ == 5


def test_the_first_batch_decides_on_the_shape_of_the_images():
    images = RNG(0).randint(256, size=(20, 4, 6, 3)).astype(np.uint8)
    model = MeanSubtraction(mode="channel").partial_fit(images[:5])
    assert model.image_shape_ == (4, 6, 3)
    model.partial_fit(images[5:12].reshape(7, -1)).partial_fit(images[12:])
    np.testing.assert_array_equal(model.mean_, MeanSubtraction(mode="channel").fit(images).mean_)
    with pytest.raises(ValueError, match=r"X holds images of shape \(6, 4, 3\), but"):
        model.partial_fit(images.transpose(0, 2, 1, 3))
    with pytest.raises(ValueError, match="image_shape"):
        model.set_params(image_shape=(6, 4, 3)).partial_fit(images)
    given_shape = MeanSubtraction((4, 6, 3), mode="channel")
    for batch in images:
        given_shape.partial_fit(batch.reshape(1, -1))
    np.testing.assert_array_equal(given_shape.mean_, model.mean_)


def test_fewer_components_until_there_are_enough():
    X = RNG(0).normal(size=(30, 12))
    model = Whitening(n_components=6)
    for n in range(1, 31):
        model.partial_fit(X[n - 1 : n])
        assert model.n_components_ == min(n - 1, 6)
        assert model.components_.shape == (min(n - 1, 6), 12)
        assert len(model.get_feature_names_out()) == min(n - 1, 6)
    assert_alike(model, Whitening(n_components=6).fit(X), X)


def test_one_sample_has_no_directions_yet():
    model = Whitening().partial_fit([[1.0, 2.0]])
    with pytest.raises(ValueError, match="X does not vary: the variance of its 1 samples"):
        model.transform([[1.0, 2.0]])


@pytest.mark.parametrize(("n", "d"), [(5, 40), (39, 40), (41, 40), (500, 40), (600, 300)])
def test_the_state_is_no_larger_than_the_covariance(n, d):
    X = RNG(0).normal(size=(n, d))
    model = fit_in_batches(Whitening(n_components=1), X, [1, 1, 3] + [7] * (n // 7))
    assert len(pickle.dumps(model)) < 8 * (d * d + 10 * d) + 4000
    assert len(pickle.dumps(model)) < 8 * (n * d + 10 * d) + 4000
