"""Preprocessing: results, and errors."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone

from sk231n import BiasTrick, MeanSubtraction, Whitening
from sk231n.datasets import make_shapes

RNG = np.random.RandomState
LARGEST = np.finfo(np.float64).max


# Mean subtraction


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, bool, np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 7, 1024, 2500])
def test_the_mean_of_each_mode(dtype, n):
    X = RNG(n).randint(0, 200, size=(n, 4, 5, 3)).astype(dtype)
    exact = X.astype(object if dtype == np.int64 else np.float64)
    expected = {
        "pixel": (exact.sum(axis=0) / n).astype(float).ravel(),
        "channel": (exact.sum(axis=(0, 1, 2)) / (n * 20)).astype(float),
        "global": float(exact.sum() / (n * 60)),
    }
    for mode, mean in expected.items():
        found = MeanSubtraction(mode=mode).fit(X).mean_
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, mean, rtol=1e-14)
    np.testing.assert_array_equal(MeanSubtraction().fit(X).mean_, expected["pixel"])


@pytest.mark.parametrize("mode", ["pixel", "channel", "global"])
def test_the_mean_of_huge_values_lies_among_them(mode):
    X = np.full((7, 12), LARGEST)
    np.testing.assert_array_equal(MeanSubtraction(mode=mode).fit(X).mean_, LARGEST)
    np.testing.assert_array_equal(MeanSubtraction(mode=mode).fit(-X).mean_, -LARGEST)
    np.testing.assert_array_equal(MeanSubtraction(mode=mode).fit_transform(X), 0)


def test_the_mean_of_huge_values_beside_small_ones():
    X = np.array([[1.7e308, 5e-324, 1.0], [-1.5e308, 1.5e-323, 2.0], [1.6e308, 1e-323, 6.0]])
    found = MeanSubtraction().fit(X).mean_
    np.testing.assert_allclose(found, [0.6e308, 1e-323, 3.0], rtol=1e-15)
    model = MeanSubtraction()
    for row in X:
        model.partial_fit(row[np.newaxis])
    np.testing.assert_allclose(model.mean_, found, rtol=1e-15)


def test_unsigned_integers_beyond_float32():
    X = np.array([[2**64 - 1], [2**64 - 1]], dtype=np.uint64)
    np.testing.assert_array_equal(MeanSubtraction().fit_transform(X), [[0.0], [0.0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_differences_that_overflow(dtype):
    most = np.finfo(dtype).max
    model = MeanSubtraction().fit(np.full((2, 3), most, dtype))
    for method in model.transform, model.inverse_transform:
        X = np.full((1, 3), -most if method == model.transform else most, dtype)
        with pytest.raises(ValueError, match=rf"X holds values .* too large for {np.dtype(dtype)}"):
            method(X)
    np.testing.assert_array_equal(model.transform(np.full((1, 3), most, dtype)), 0)


def test_half_precision_is_computed_in_single():
    X = np.full((2, 3), 65504, np.float16)
    found = MeanSubtraction().fit(X).transform(-X)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, -131008)


def test_a_mean_that_float32_cannot_hold():
    model = MeanSubtraction().fit([[1e300, 2.0]])
    with pytest.raises(ValueError, match="X holds values that are too large for float32"):
        model.transform(np.zeros((1, 2), np.float32))


@pytest.mark.parametrize("mode", ["pixel", "channel", "global"])
def test_adding_the_mean_again(mode):
    X = RNG(0).normal(size=(20, 4, 4, 3))
    model = MeanSubtraction(mode=mode).fit(X)
    np.testing.assert_allclose(
        model.inverse_transform(model.transform(X)), X.reshape(20, -1), atol=1e-15
    )


# The bias trick


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(1e39, np.float32), (1e300, np.uint8), (10**39, np.float16), (1e-60, np.float32)],
)
def test_constants_that_the_type_of_the_data_cannot_hold(value, dtype):
    X = np.ones((2, 3), dtype)
    model = BiasTrick(value)
    with pytest.raises(ValueError, match=r"^value=.* is too (large|small) for float32"):
        model.fit(X)
    assert not hasattr(model, "n_features_in_")
    model.fit(X.astype(np.float64))
    np.testing.assert_array_equal(model.transform(X.astype(np.float64))[:, -1], float(value))
    with pytest.raises(ValueError, match=r"^value="):
        model.transform(X)


@pytest.mark.parametrize("value", [True, np.True_, np.nan, np.inf, 10**400, -(10**400), "1", None])
def test_constants_that_are_no_numbers(value):
    with pytest.raises(ValueError, match="The 'value' parameter of BiasTrick"):
        BiasTrick(value).fit([[1.0]])


@pytest.mark.parametrize("value", [2, np.int8(2), np.float32(2), 2.0])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, bool, np.int64])
def test_the_constant_is_the_last_column(value, dtype):
    X = RNG(0).randint(2, size=(5, 3)).astype(dtype)
    found = BiasTrick(value).fit_transform(X)
    np.testing.assert_array_equal(found, np.c_[X, np.full(5, 2.0)])
    is_small = np.can_cast(dtype, np.float32)
    assert found.dtype == (np.float32 if is_small else np.float64)


# Ctrl-C


def test_ctrl_c_while_the_error_state_is_set(monkeypatch):
    """Ctrl-C at the worst moment: the error state has just been set."""
    state, seterr = np.geterr(), np.seterr

    def set_and_interrupt(**actions):
        seterr(**actions)
        raise KeyboardInterrupt

    for estimator in Whitening(), MeanSubtraction(), BiasTrick():
        model = clone(estimator).fit(np.eye(3))
        with monkeypatch.context() as patch:
            patch.setattr(np, "seterr", set_and_interrupt)
            for method in model.fit, model.transform:
                with pytest.raises(KeyboardInterrupt):
                    method(np.eye(3))
        assert np.geterr() == state


INTERRUPTED = """
import signal
import numpy as np
from sk231n import BiasTrick, MeanSubtraction, Whitening

def interrupt(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGALRM, interrupt)
rng, n_interrupted = np.random.RandomState(0), 0
X = rng.normal(size=(60, 40))
state, buffer_size = np.geterr(), np.getbufsize()
for estimator in Whitening(), Whitening(n_components=3), MeanSubtraction(), BiasTrick():
    before = estimator.fit(X[:30]).transform(X)
    for _ in range(150):
        try:
            signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-6, 3e-3))
            estimator.fit(X)
            estimator.transform(X)
            signal.setitimer(signal.ITIMER_REAL, 0)
        except KeyboardInterrupt:
            n_interrupted += 1
        assert np.geterr() == state
        assert np.getbufsize() == buffer_size
    signal.setitimer(signal.ITIMER_REAL, 0)
    np.testing.assert_array_equal(estimator.fit(X[:30]).transform(X), before)
assert n_interrupted
"""


def test_ctrl_c_leaves_nothing_behind():
    """Ctrl-C at any moment, in a separate process, because other libraries may break."""
    subprocess.run([sys.executable, "-c", INTERRUPTED], check=True)


# Pictures


def test_images_of_shapes_become_white():
    X = make_shapes(600, image_size=8, random_state=0).images
    Z = Whitening(epsilon=0, n_components=0.99).fit_transform(X)
    np.testing.assert_allclose(Z.T @ Z / len(Z), np.eye(Z.shape[1]), atol=1e-4)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint64, np.int64])
def test_integers_of_numpy_count_like_python_s(kind):
    """The numbers may be of any NumPy integer type, however small."""
    X = np.random.default_rng(0).normal(size=(60, 300))
    for ours, theirs in [
        (Whitening(n_components=kind(9)), Whitening(n_components=9)),
        (Whitening("zca", n_components=kind(9)), Whitening("zca", n_components=9)),
        (BiasTrick(kind(9)), BiasTrick(9)),
        (MeanSubtraction((kind(10), kind(10), kind(3))), MeanSubtraction((10, 10, 3))),
    ]:
        np.testing.assert_array_equal(ours.fit_transform(X), theirs.fit_transform(X))
        np.testing.assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())


@pytest.mark.parametrize(
    ("transformer", "nearest"),
    [
        (Whitening("ZCA"), "zca"),
        (Whitening(np.str_("pc")), "pca"),
        (MeanSubtraction(mode="Pixel"), "pixel"),
    ],
)
def test_the_name_that_was_meant(transformer, nearest):
    with pytest.raises(ValueError, match=rf"Did you mean '{nearest}'\?") as caught:
        transformer.fit(np.zeros((3, 12)))
    assert "np.str_" not in str(caught.value)


@pytest.mark.parametrize("transformer", [Whitening(), BiasTrick(), MeanSubtraction()])
@pytest.mark.parametrize("value", [10**400, None, "text", b"x", {}, 1j, [1]])
def test_what_is_no_number_is_named(transformer, value):
    X = np.random.default_rng(0).normal(size=(5, 12))
    bad = X.astype(object)
    bad[0, 0] = value
    for name in "fit", "transform", "inverse_transform", "partial_fit":
        fitted = clone(transformer).fit(X)
        if hasattr(fitted, name):
            with pytest.raises((TypeError, ValueError), match=r"\bX\b"):
                getattr(fitted, name)(bad)
