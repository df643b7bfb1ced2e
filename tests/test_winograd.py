"""Winograd's algorithm in float32 against the taps in float64."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sk231n.core import taps, winograd
from sk231n.core.windows import Axis
from sk231n.layers import Conv2D

# OpenBLAS may raise the flag for numbers that are in no result.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in matmul")

# Of the largest sum of absolute values of what is added. In 20,000 draws of shapes as below the
# worst error is 7.8e-6, with two kernels of OpenBLAS, and 2e-6 where there are many channels.
WORST = 2.5e-5


def draw(seed, height, width, n_samples, n_channels, n_filters, padding, dtype=np.float32):
    """Images, filters and the gradient of the outputs."""
    rng = np.random.RandomState(seed)
    shapes = [
        (height, width, n_samples, n_channels),
        (3, 3, n_channels, n_filters),
        (height + 2 * padding - 2, width + 2 * padding - 2, n_samples, n_filters),
    ]
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def results(convolve, x, filters, dy, *where):
    """Outputs, and gradients of the images and of the filters."""
    y, backward = convolve(x, filters, *where)
    of_filters = np.full_like(filters, np.nan)
    dx = backward(dy, of_filters, True)
    return {"y": y, "x": dx, "filters": of_filters}


def by_winograd(x, filters, dy, padding):
    return results(winograd.convolve, x, filters, dy, padding)


def by_taps(x, filters, dy, padding):
    axes = [Axis(side, 3, before=padding, after=padding) for side in x.shape[:2]]
    return results(taps.convolve, *(array.astype(np.float64) for array in (x, filters, dy)), *axes)


def errors(x, filters, dy, padding, *, cancelling=False):
    """Errors in terms of the largest sum of absolute values; or of what is left of the sums."""
    exact = by_taps(x, filters, dy, padding)
    sums = exact if cancelling else by_taps(abs(x), abs(filters), abs(dy), padding)
    of_winograd = by_winograd(x, filters, dy, padding)
    for name, array in of_winograd.items():
        assert array.dtype == np.float32
        assert array.shape == exact[name].shape
    return {
        name: np.abs(array - exact[name]).max() / np.abs(sums[name]).max()
        for name, array in of_winograd.items()
    }


shapes = st.tuples(
    *[st.integers(1, 19)] * 2, st.integers(1, 3), *[st.integers(1, 5)] * 2, st.integers(0, 2)
)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(shape=shapes, seed=st.integers(0, 2**32 - 1))
def test_any_shape(shape, seed):
    *_, padding = shape
    assume(min(shape[:2]) + 2 * padding >= 3)
    assert max(errors(*draw(seed, *shape), padding).values()) < WORST


@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("offset", [0, 1])
def test_many_channels(padding, offset):
    """In terms of the largest value the error is a few 1e-6; it was 8.5e-6 at most."""
    x, filters, dy = draw(0, 14, 15, 4, 64, 48, padding)
    x = np.maximum(x, 0) + np.float32(offset)  # as a rectifier leaves them
    assert max(errors(x, filters, dy, padding).values()) < 6e-6
    assert max(errors(x, filters, dy, padding, cancelling=True).values()) < WORST


def test_values_of_any_size():
    """Errors are relative: powers of two change no bit."""
    x, filters, dy = draw(1, 7, 6, 2, 3, 4, 1)
    expected = by_winograd(x, filters, dy, 1)
    got = by_winograd(np.float32(2**60) * x, np.float32(2**-40) * filters, np.float32(0.5) * dy, 1)
    factors = {"y": 2**20, "x": 2**-41, "filters": 2**59}
    for name, factor in factors.items():
        np.testing.assert_array_equal(got[name], expected[name] * np.float32(factor))


def test_zeros_stay_zeros():
    x, filters, dy = draw(1, 7, 6, 2, 3, 4, 1)
    got = by_winograd(x, 0 * filters, dy, 1)
    assert not got["y"].any()
    assert not got["x"].any()
    got = by_winograd(0 * x, filters, 0 * dy, 1)
    assert not any(array.any() for array in got.values())


@pytest.mark.parametrize("group_size", [1, 3000, 10**9])
@pytest.mark.parametrize("shape", [(19, 18, 3, 4, 2, 1), (18, 5, 2, 2, 5, 2), (13, 9, 1, 3, 3, 0)])
def test_groups_of_rows(shape, group_size, monkeypatch):
    """A few rows of tiles at a time, or all of them; the last group may be smaller."""
    *_, padding = shape
    arrays = draw(2, *shape)
    expected = by_winograd(*arrays, padding)
    monkeypatch.setattr(winograd, "_GROUP_SIZE", group_size)
    got = by_winograd(*arrays, padding)
    for name, array in got.items():
        error = np.abs(array - expected[name]).max() / np.abs(expected[name]).max()
        assert error < 1e-5
    assert max(errors(*arrays, padding).values()) < WORST


def test_groups_are_what_is_meant():
    tiles = winograd._Tiles((19, 18, 3, 4), 1, 2)
    assert tiles.groups == [range(5)]
    sizes = {}
    for size in (1, 36 * 5 * 3 * 4 * 2, 36 * 5 * 3 * 4 * 3):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(winograd, "_GROUP_SIZE", size)
            sizes[size] = [len(rows) for rows in winograd._Tiles((19, 18, 3, 4), 1, 2).groups]
    assert list(sizes.values()) == [[1] * 5, [2, 2, 1], [3, 2]]


@pytest.mark.parametrize("what", ["x", "dy"])
@pytest.mark.parametrize("padding", [0, 1, 2])
def test_samples_do_not_see_each_other(what, padding):
    """Not even their bits, and not through scratch memory that is used again."""
    x, filters, dy = draw(3, 14, 11, 3, 3, 4, padding)
    before = by_winograd(x, filters, dy, padding)
    {"x": x, "dy": dy}[what][:, :, 1] = np.nan
    with np.errstate(invalid="ignore"):
        after = by_winograd(x, filters, dy, padding)
    for name in ("y", "x"):
        np.testing.assert_array_equal(after[name][:, :, ::2], before[name][:, :, ::2])
    name = {"x": "y", "dy": "x"}[what]
    assert np.isnan(after[name][:, :, 1]).all()


def test_a_pixel_reaches_no_further_than_its_tiles():
    x, filters, dy = draw(4, 16, 16, 1, 2, 2, 1)
    before = by_winograd(x, filters, dy, 1)["y"]
    x[6, 9] = 1000
    changed = np.argwhere(by_winograd(x, filters, dy, 1)["y"] != before)
    assert changed[:, 0].min() >= 4
    assert changed[:, 0].max() < 8
    assert changed[:, 1].min() >= 8
    assert changed[:, 1].max() < 12


def test_only_what_is_asked_for():
    x, filters, dy = draw(5, 9, 8, 2, 3, 4, 1)
    y, backward = winograd.convolve(x, filters, 1)
    first, second = np.full_like(filters, np.nan), np.full_like(filters, np.nan)
    assert backward(dy, first, False) is None
    assert backward(dy, second, True).shape == x.shape
    np.testing.assert_array_equal(first, second)
    assert y.flags.c_contiguous


def test_the_matrices_are_exact():
    """In fractions: four outputs of a filter of three taps, from six inputs, whatever they are."""
    A_T, G, B_T = (
        [[Fraction(float(entry)).limit_denominator(1000) for entry in row] for row in matrix]
        for matrix in (winograd._A_T, winograd._G, winograd._B_T)
    )
    for matrix, exact in ((winograd._A_T, A_T), (winograd._B_T, B_T)):
        np.testing.assert_array_equal(matrix, np.array(exact, np.float32))
    for output, tap, number in np.ndindex(4, 3, 6):
        coefficient = sum(A_T[output][k] * G[k][tap] * B_T[k][number] for k in range(6))
        assert coefficient == (number == output + tap)


class TestChoice:
    SUITS = Axis(9, 3, before=1, after=1)

    @pytest.mark.parametrize(
        "axis",
        [
            Axis(9, 3), Axis(1, 3, before=1, after=1), Axis(9, 3, before=2, after=2),
        ],
    )  # fmt: skip
    def test_suits(self, axis):
        assert winograd.suits(axis, axis)
        assert winograd.suits(axis, axis._replace(length=17))

    @pytest.mark.parametrize(
        "axis",
        [
            Axis(9, 3, stride=2, before=1, after=1), Axis(9, 3, dilation=2, before=1, after=1),
            Axis(9, 5, before=1, after=1), Axis(9, 2, before=1, after=1), Axis(9, 1),
            Axis(9, 3, before=0, after=1), Axis(9, 3, before=1), Axis(9, 3, before=3, after=3),
            Axis(9, 3),
        ],
    )  # fmt: skip
    def test_does_not_suit(self, axis):
        assert winograd.suits(self.SUITS, self.SUITS)
        assert not winograd.suits(axis, self.SUITS)
        assert not winograd.suits(self.SUITS, axis)

    @pytest.mark.parametrize(
        ("layer", "dtype", "chosen"),
        [
            (Conv2D(2), np.float32, winograd),
            (Conv2D(2, (3, 3), padding="valid"), np.float32, winograd),
            (Conv2D(2, padding=2), np.float32, winograd),
            (Conv2D(2), np.float64, taps),
            (Conv2D(2, padding=3), np.float32, taps),
            (Conv2D(2, 5), np.float32, taps),
            (Conv2D(2, (3, 1)), np.float32, taps),
            (Conv2D(2, (1, 3)), np.float32, taps),
            (Conv2D(2, stride=2), np.float32, taps),
            (Conv2D(2, stride=(1, 2)), np.float32, taps),
            (Conv2D(2, dilation=(2, 1)), np.float32, taps),
        ],
        ids=str,
    )
    def test_of_the_layer(self, layer, dtype, chosen, monkeypatch):
        called = []
        for module in (taps, winograd):

            def spy(*arguments, module=module, convolve=module.convolve):
                called.append(module)
                return convolve(*arguments)

            monkeypatch.setattr(module, "convolve", spy)
        p = SimpleNamespace(W=np.ones(layer.shapes((7, 5, 3))["W"], dtype), b=np.ones(2, dtype))
        layer.forward(p, np.ones((2, 7, 5, 3), dtype))
        assert called == [chosen]
