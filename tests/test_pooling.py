"""Pooling: windows that tie, overlap and leave a rest; and what layers of images refuse."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sk231n import reference
from sk231n.initializers import Normal
from sk231n.layers import AveragePool2D, Conv2D, GlobalAveragePool2D, MaxPool2D, Network


def parameters(layer, shape, dtype=np.float64):
    rng = np.random.RandomState(8)
    arrays = {
        name: rng.standard_normal(array_shape).astype(dtype)
        for name, array_shape in layer.shapes(shape).items()
    }
    return SimpleNamespace(**arrays)


def inputs(layer, shape, n_samples=2, dtype=np.float64):
    """An input and the gradient of the output."""
    rng = np.random.RandomState(9)
    x = rng.standard_normal((n_samples, *shape))
    dy = rng.standard_normal((n_samples, *layer.output_shape(shape)))
    return x.astype(dtype), dy.astype(dtype)


def compute(layer, p, x, dy):
    """The output and all gradients."""
    g = SimpleNamespace(**{name: np.full_like(array, np.nan) for name, array in vars(p).items()})
    y, backward = layer.forward(p, x)
    dx = backward(dy, g)
    return {"y": y, "x": dx, **vars(g)}


def assert_same(results, expected, error=0.0):
    """Equal but for errors in terms of the largest value."""
    assert results.keys() == expected.keys()
    for name, result in results.items():
        assert result.shape == expected[name].shape
        assert np.abs(result - expected[name]).max() <= error * np.abs(expected[name]).max(), name


def loops(layer, x, dy):
    """The results of the reference."""
    name = "max_pool" if isinstance(layer, MaxPool2D) else "average_pool"
    of = layer.size, layer.stride
    return {
        "y": getattr(reference, f"{name}_forward")(x, *of),
        "x": getattr(reference, f"{name}_backward")(dy, x, *of),
    }


sides = st.tuples(st.integers(1, 7), st.integers(1, 7))
windows = st.tuples(st.integers(1, 4), st.integers(1, 4))


@settings(derandomize=True, deadline=None, max_examples=150)
@given(
    kind=st.sampled_from([MaxPool2D, AveragePool2D]),
    shape=sides,
    n_samples=st.integers(1, 2),
    n_channels=st.integers(1, 2),
    size=windows,
    stride=st.none() | windows,
)
def test_any_windows(kind, shape, n_samples, n_channels, size, stride):
    layer, shape = kind(size, stride), (*shape, n_channels)
    if size[0] > shape[0] or size[1] > shape[1]:
        with pytest.raises(ValueError, match="does not fit"):
            layer.output_shape(shape)
        with pytest.raises(ValueError, match="do not fit"):
            reference.max_pool_forward(np.zeros((1, *shape)), size, stride)
        return
    x, dy = inputs(layer, shape, n_samples)
    x = x.round()  # with ties
    assert_same(compute(layer, SimpleNamespace(), x, dy), loops(layer, x, dy), 1e-13)


class TestPooling:
    @pytest.mark.parametrize(("size", "stride"), [(2, None), (3, 1), (3, 2), ((1, 3), None)])
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_the_first_of_those_that_tie_takes_the_gradient(self, size, stride, dtype):
        rng, layer = np.random.RandomState(0), MaxPool2D(size, stride)
        x = rng.randint(3, size=(3, 7, 6, 2)).astype(dtype)
        dy = rng.randint(1, 9, size=(3, *layer.output_shape((7, 6, 2)))).astype(dtype)
        results = compute(layer, SimpleNamespace(), x, dy)
        assert_same(results, loops(layer, x, dy))
        assert results["x"].sum() == dy.sum()

    def test_all_equal(self):
        x = np.full((1, 4, 4, 1), -3.0)
        dx = MaxPool2D().forward(None, x)[1](np.ones((1, 2, 2, 1)), None)
        np.testing.assert_array_equal(dx[0, ..., 0], np.kron(np.ones((2, 2)), [[1, 0], [0, 0]]))
        zeros = np.array([0.0, -0.0]).reshape(1, 1, 2, 1)
        dx = MaxPool2D((1, 2)).forward(None, zeros)[1](np.ones((1, 1, 1, 1)), None)
        np.testing.assert_array_equal(dx.ravel(), [1, 0])

    def test_overlapping_windows_add_up(self):
        x = np.zeros((1, 3, 3, 1))
        x[0, 1, 1] = 5
        dx = MaxPool2D(2, 1).forward(None, x)[1](np.array([[[1.0], [2]], [[4], [8]]])[None], None)
        np.testing.assert_array_equal(dx[0, 1, 1], 15)
        assert np.count_nonzero(dx) == 1
        dx = AveragePool2D(2, 1).forward(None, x)[1](np.full((1, 2, 2, 1), 4.0), None)
        np.testing.assert_array_equal(dx[0, ..., 0], [[1, 2, 1], [2, 4, 2], [1, 2, 1]])

    @pytest.mark.parametrize("layer", [MaxPool2D(), AveragePool2D(), MaxPool2D(3, 2)], ids=str)
    def test_what_fills_no_window_is_left_out(self, layer):
        x, _ = inputs(layer, (6, 6, 2))
        more = np.pad(x, [(0, 0), (0, 1), (0, 1), (0, 0)], constant_values=99)
        if layer.size == 3:
            x, more = x[:, :5, :5], x
        expected, _ = layer.forward(None, x)
        y, backward = layer.forward(None, more)
        np.testing.assert_array_equal(y, expected)
        dx = backward(np.ones(y.shape), None)
        assert dx.shape == more.shape
        assert not dx[:, -1].any()
        assert not dx[:, :, -1].any()

    @pytest.mark.parametrize("layer", [MaxPool2D(3), AveragePool2D((3, 1)), MaxPool2D((1, 3))])
    def test_windows_larger_than_the_image(self, layer):
        with pytest.raises(ValueError, match=r"does not fit an image with a side of W=2: .* F=3"):
            layer.output_shape((2, 2, 1))
        with pytest.raises(ValueError, match="does not fit"):
            layer.forward(None, np.zeros((1, 2, 2, 1)))

    def test_sides_of_kinks_change_with_the_winner(self):
        layer = MaxPool2D(3, 2)
        x = np.arange(25.0).reshape(1, 5, 5, 1) * [1, -1]  # both windows' ends win, then starts
        before = layer.kink_sides(x)
        assert before.size == 8
        np.testing.assert_array_equal(layer.kink_sides(2 * x + 1), before)
        np.testing.assert_array_equal(layer.kink_sides(np.asfortranarray(x)), before)
        x[0, 2, 2, 0] = 10  # the largest of one window, and in all four
        changed = layer.kink_sides(x) != before
        assert np.count_nonzero(changed) == 1
        x[0, 2, 2, 0] = 30
        assert np.count_nonzero(layer.kink_sides(x) != before) == 3
        assert (layer.kink_sides(x) == before)[..., 1].all()

    def test_constants_stay(self):
        x = np.full((2, 9, 9, 3), 0.1)
        for layer in (AveragePool2D(3), AveragePool2D((2, 5), 1), GlobalAveragePool2D()):
            np.testing.assert_allclose(layer.forward(None, x)[0], 0.1, rtol=1e-14)

    def test_the_whole_image_is_one_window(self):
        x, dy = inputs(GlobalAveragePool2D(), (4, 6, 3))
        results = compute(GlobalAveragePool2D(), SimpleNamespace(), x, dy)
        window = compute(AveragePool2D((4, 6)), SimpleNamespace(), x, dy[:, None, None])
        assert_same(results, {"y": window["y"][:, 0, 0], "x": window["x"]}, 1e-13)


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        *[(Conv2D(value), "n_filters") for value in (0, -1, 2.5, 3.0, "3", None, True, (3, 3))],
        *[
            (layer(**{name: value}), name)
            for layer in (lambda **values: Conv2D(4, **values), MaxPool2D, AveragePool2D)
            for name in ("size", "stride")
            for value in (0, -2, 2.5, "2", True, (), (2,), (2, 2, 2), (2, 0), (2.5, 2), (2, True),
                          (None, 2), ("2", 2), np.array([2, 2]), {2, 3})
        ],
        *[(Conv2D(4, dilation=value), "dilation") for value in (0, (1,), (0, 1), 1.5, None)],
        *[
            (Conv2D(4, padding=value), "padding")
            for value in (-1, 1.5, 1.0, True, None, "SAME", "full", (1, 1), [1, 1])
        ],
        (Conv2D(4, size=None), "size"),
        (Conv2D(4, stride=None), "stride"),
        (MaxPool2D(None), "size"),
        (Conv2D(4, initializer="he"), "initializer"),
        (Conv2D(4, initializer=None), "initializer"),
        (Conv2D(4, initializer=Normal(-1)), "std"),
        (Conv2D(4, max_norm=0), "max_norm"),
        (Conv2D(4, max_norm=-1.0), "max_norm"),
        (Conv2D(4, max_norm=float("nan")), "max_norm"),
    ],
    ids=str,
)  # fmt: skip
def test_bad_arguments(layer, name):
    with pytest.raises(ValueError, match=rf"\b{name}\b"):
        layer.check()


def test_a_misspelt_padding():
    with pytest.raises(ValueError, match="Did you mean 'valid'"):
        Conv2D(4, padding="valld").check()


def test_numbers_of_numpy():
    two, three = np.int64(2), np.int32(3)
    layer = Conv2D(two, (three, two), stride=(two, two), padding=np.uint8(1), dilation=[two, 1])
    plain = Conv2D(2, (3, 2), stride=(2, 2), padding=1, dilation=[2, 1])
    layer.check()
    assert layer.output_shape((7, 6, 3)) == plain.output_shape((7, 6, 3)) == (3, 4, 2)
    p, (x, dy) = parameters(plain, (7, 6, 3), np.float32), inputs(plain, (7, 6, 3), 2, np.float32)
    results = compute(layer, p, x, dy)
    assert {array.dtype for array in results.values()} == {np.dtype(np.float32)}
    assert_same(results, compute(plain, p, x, dy))
    assert MaxPool2D(two, (two, three)).output_shape((7, 6, 3)) == (3, 2, 3)


@pytest.mark.parametrize("shape", [(12,), (4, 3), (1, 2, 3, 4), ()])
@pytest.mark.parametrize(
    "layer", [Conv2D(4), MaxPool2D(), AveragePool2D(), GlobalAveragePool2D()], ids=str
)
def test_what_is_no_image_is_refused(layer, shape):
    message = re.escape(f"{layer} needs images of shape (height, width, channels), but its input "
                        f"has the shape {shape}.")  # fmt: skip
    with pytest.raises(ValueError, match=message):
        layer.output_shape(shape)
    if len(shape):
        with pytest.raises(ValueError, match=message):
            Network([layer], shape)


def test_shapes_of_the_notes():
    assert MaxPool2D().output_shape((224, 224, 64)) == (112, 112, 64)
    assert MaxPool2D(3, 2).output_shape((55, 55, 96)) == (27, 27, 96)  # AlexNet's, which overlap
    shape = (32, 32, 3)
    assert 4 * np.prod(MaxPool2D().output_shape(shape)) == np.prod(shape)  # three quarters go
    for side in (32, 64, 96, 224, 384, 512):
        shape = (side, side, 3)
        for _ in range(5):  # each can be halved five times without a rest
            assert 2 * MaxPool2D().output_shape(shape)[0] == shape[0]
            shape = MaxPool2D().output_shape(shape)
    assert GlobalAveragePool2D().output_shape((7, 7, 512)) == (512,)
