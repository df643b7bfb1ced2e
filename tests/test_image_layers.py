"""Layers of images against loops, differences and PyTorch, wherever the images lie in memory."""

import pickle
import re
from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from sk231n import reference
from sk231n.layers import (
    AveragePool2D,
    Conv2D,
    GlobalAveragePool2D,
    MaxPool2D,
)

with suppress(ModuleNotFoundError):  # the extra referees
    import torch
    from torch.nn import functional

# OpenBLAS may raise the flag for numbers that are in no result.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in matmul")

LAYERS = {
    "convolution": (Conv2D(3), (5, 4, 2)),
    "convolution of several tiles": (Conv2D(2), (9, 6, 2)),
    "convolution, the notes' example": (Conv2D(2, 3, stride=2, padding=1), (5, 5, 3)),
    "convolution, valid": (Conv2D(3, padding="valid"), (5, 6, 2)),
    "convolution, valid, one output": (Conv2D(2, padding="valid"), (3, 3, 2)),
    "convolution, two zeros": (Conv2D(2, padding=2), (2, 3, 2)),
    "convolution, more zeros than pixels": (Conv2D(2, padding=4), (2, 3, 2)),
    "convolution of a pixel": (Conv2D(3), (1, 1, 2)),
    "convolution of a line": (Conv2D(2), (1, 6, 1)),
    "convolution of a column": (Conv2D(2), (5, 1, 2)),
    "convolution, one channel, one filter": (Conv2D(1), (4, 4, 1)),
    "1 x 1": (Conv2D(4, 1), (3, 4, 3)),
    "1 x 1, stride": (Conv2D(4, 1, stride=2), (5, 4, 3)),
    "1 x 1, zeros": (Conv2D(2, 1, padding=2), (2, 1, 2)),
    "2 x 2": (Conv2D(2, 2), (4, 3, 2)),
    "4 x 4, stride": (Conv2D(2, 4, stride=3), (5, 7, 2)),
    "5 x 5": (Conv2D(2, 5), (4, 6, 2)),
    "7 x 7, larger than the image": (Conv2D(2, 7), (3, 2, 2)),
    "as large as the image": (Conv2D(3, (4, 5), padding="valid"), (4, 5, 2)),
    "gaps between filters": (Conv2D(2, 2, stride=3, padding="valid"), (8, 5, 2)),
    "dilation": (Conv2D(2, dilation=2), (5, 4, 2)),
    "dilation, valid": (Conv2D(2, dilation=(2, 3), padding="valid"), (6, 7, 2)),
    "pairs": (Conv2D(2, (3, 2), stride=(2, 1), dilation=(1, 2)), (5, 6, 2)),
    "pairs, zeros": (Conv2D(2, [2, 3], stride=[1, 2], dilation=[3, 1], padding=1), (3, 5, 2)),
    **{
        f"{name}{of}": (layer(*arguments), shape)
        for name, layer in (("max", MaxPool2D), ("average", AveragePool2D))
        for of, arguments, shape in (
            ("", (), (4, 6, 3)),
            (", rest", (), (5, 7, 2)),
            (", overlap", (3, 2), (7, 5, 2)),
            (", overlap, rest", (3, 2), (6, 8, 2)),
            (", pairs", ((2, 3), (1, 2)), (4, 6, 2)),
            (", stride one", ([3, 2], 1), (4, 4, 2)),
            (", gaps", (2, 3), (7, 8, 2)),
            (", size one", (1,), (3, 2, 2)),
            (", whole image", ((3, 4),), (3, 4, 2)),
            (", one pixel", (1,), (1, 1, 1)),
            (", one channel", (2,), (4, 4, 1)),
        )
    },
    "global average": (GlobalAveragePool2D(), (3, 4, 5)),
    "global average of a pixel": (GlobalAveragePool2D(), (1, 1, 3)),
    "global average of one channel": (GlobalAveragePool2D(), (5, 2, 1)),
}


# What each kind of layer is compared with --------------------------------------------------------


def pair(value):
    return (value, value) if np.ndim(value) == 0 else tuple(value)


def zeros_around(layer, shape):
    """Zeros before and after the image along both sides."""
    if layer.padding != "same":
        zeros = 0 if layer.padding == "valid" else layer.padding
        return ((zeros, zeros), (zeros, zeros))
    sides = []
    for side, size, stride, dilation in zip(
        shape[:2], pair(layer.size), pair(layer.stride), pair(layer.dilation), strict=True
    ):
        last = stride * (int(np.ceil(side / stride)) - 1) + dilation * (size - 1)
        zeros = max(0, last + 1 - side)
        sides.append((zeros // 2, zeros // 2 + zeros % 2))
    return tuple(sides)


def rests_of(layer, shape):
    """Numbers of pixels at the end of both sides that no filter meets."""
    rests = []
    for side, around, size, stride, dilation in zip(
        shape[:2], zeros_around(layer, shape), pair(layer.size), pair(layer.stride),
        pair(layer.dilation), strict=True,
    ):  # fmt: skip
        rests.append((side + sum(around) - dilation * (size - 1) - 1) % stride)
    return rests


def convolution_loops(layer, p, x, dy):
    geometry = layer.stride, zeros_around(layer, x.shape[1:]), layer.dilation
    # With a stride larger than the filters, "same" may leave out pixels at the end.
    rests = [0, 0] if layer.padding != "same" else rests_of(layer, x.shape[1:])
    met = x[:, : x.shape[1] - rests[0], : x.shape[2] - rests[1]]
    dx, dW, db = reference.conv_backward(dy, met, p.W, *geometry)
    dx = np.pad(dx, [(0, 0), (0, rests[0]), (0, rests[1]), (0, 0)])
    return reference.conv_forward(met, p.W, p.b, *geometry), {"x": dx, "W": dW, "b": db}


def max_loops(layer, p, x, dy):
    of = layer.size, layer.stride
    return reference.max_pool_forward(x, *of), {"x": reference.max_pool_backward(dy, x, *of)}


def average_loops(layer, p, x, dy):
    of = layer.size, layer.stride
    dx = reference.average_pool_backward(dy, x, *of)
    return reference.average_pool_forward(x, *of), {"x": dx}


def global_average_loops(layer, p, x, dy):
    dx = reference.global_average_pool_backward(dy, x)
    return reference.global_average_pool_forward(x), {"x": dx}


def their_convolution(layer, p, x):
    (top, bottom), (left, right) = zeros_around(layer, (*x.shape[2:], x.shape[1]))
    x = functional.pad(x, (left, right, top, bottom))
    W = p.W.permute(3, 2, 0, 1)
    return functional.conv2d(x, W, p.b, pair(layer.stride), 0, pair(layer.dilation))


def windows(layer):
    return pair(layer.size), pair(layer.size if layer.stride is None else layer.stride)


REFEREES = {
    Conv2D: (convolution_loops, their_convolution),
    MaxPool2D: (max_loops, lambda layer, p, x: functional.max_pool2d(x, *windows(layer))),
    AveragePool2D: (average_loops, lambda layer, p, x: functional.avg_pool2d(x, *windows(layer))),
    GlobalAveragePool2D: (
        global_average_loops,
        lambda layer, p, x: functional.adaptive_avg_pool2d(x, 1),
    ),
}


# Arrays ------------------------------------------------------------------------------------------


def parameters(layer, shape, dtype=np.float64):
    rng = np.random.RandomState(8)
    arrays = {
        name: rng.standard_normal(array_shape).astype(dtype)
        for name, array_shape in layer.shapes(shape).items()
    }
    return SimpleNamespace(**arrays)


def nans_like(p):
    return SimpleNamespace(**{name: np.full_like(array, np.nan) for name, array in vars(p).items()})


def inputs(layer, shape, n_samples=2, dtype=np.float64):
    """Values far from each other, so that no maximum changes, and the gradient of the output."""
    rng, size = np.random.RandomState(9), n_samples * int(np.prod(shape))
    x = rng.permutation(np.linspace(-2, 2.03, size)).reshape(n_samples, *shape)
    dy = rng.standard_normal((n_samples, *layer.output_shape(shape)))
    return x.astype(dtype), dy.astype(dtype)


def compute(layer, p, x, dy):
    """The output and all gradients."""
    g = nans_like(p)
    y, backward = layer.forward(p, x)
    dx = backward(dy, g)
    return y, {"x": dx, **vars(g)}


def in_any_order(x):
    """The same numbers, read-only, in all kinds of places in memory."""
    spread = np.full([2 * side + 1 for side in x.shape], np.nan, x.dtype)
    spread[tuple(slice(1, None, 2) for _ in x.shape)] = x
    backwards = (slice(None, None, -1),) * x.ndim
    arrays = {
        "C": np.ascontiguousarray(x),
        "Fortran": np.asfortranarray(x),
        "planes": np.moveaxis(np.moveaxis(x, 0, -2).copy(), -2, 0),
        "channels first": np.moveaxis(np.moveaxis(x, -1, 1).copy(), 1, -1),
        "backwards": x[backwards].copy()[backwards],
        "spread": spread[tuple(slice(1, None, 2) for _ in x.shape)],
    }
    for array in arrays.values():
        array.flags.writeable = False
    return arrays


def assert_close(got, expected, error):
    """Errors in terms of the largest value, or of one where sums cancel."""
    y, gradients = got
    expected_y, expected_gradients = expected
    assert gradients.keys() == expected_gradients.keys()
    for name, of_layer in {"y": y, **gradients}.items():
        wanted = {"y": expected_y, **expected_gradients}[name]
        assert of_layer.shape == wanted.shape, name
        assert np.abs(of_layer - wanted).max() <= error * max(1, np.abs(wanted).max()), name


@pytest.mark.parametrize(("layer", "shape"), LAYERS.values(), ids=LAYERS)
class TestEveryLayer:
    def test_against_loops(self, layer, shape):
        loops, _ = REFEREES[type(layer)]
        for dtype, error in ((np.float64, 1e-13), (np.float32, 3e-5)):
            for n_samples in (2, 1):
                p, (x, dy) = parameters(layer, shape, dtype), inputs(layer, shape, n_samples, dtype)
                exact = [array.astype(float) for array in (x, dy)]
                assert_close(compute(layer, p, x, dy), loops(layer, p, *exact), error)

    def test_whole_numbers_are_exact(self, layer, shape):
        rng, (x, dy) = np.random.RandomState(0), inputs(layer, shape)
        # All windows have a divisor of 5,040 pixels: averages are whole numbers too.
        x, dy = (5040.0 * rng.randint(-4, 5, array.shape) for array in (x, dy))
        p = parameters(layer, shape)
        for array in vars(p).values():
            array[...] = rng.randint(-4, 5, array.shape)
        loops, _ = REFEREES[type(layer)]
        expected_y, expected = loops(layer, p, x, dy)
        # A mean is a sum times a rounded share.
        error = 0 if isinstance(layer, Conv2D | MaxPool2D) else 1e-10
        y, gradients = compute(layer, p, x, dy)
        assert np.abs(y - expected_y).max() <= error
        for name, gradient in gradients.items():
            assert np.abs(gradient - expected[name]).max() <= error

    def test_numerical_gradient(self, layer, shape):
        for n_samples in (2, 1):
            p, (x, dy) = parameters(layer, shape), inputs(layer, shape, n_samples)
            _, gradients = compute(layer, p, x, dy)
            for name, gradient in gradients.items():

                def output(v, name=name, p=p, x=x, dy=dy):
                    arrays = {"x": x, **vars(p), name: v}
                    x = arrays.pop("x")
                    return float(np.sum(dy * layer.forward(SimpleNamespace(**arrays), x)[0]))

                numerical = reference.numerical_gradient(output, {**vars(p), "x": x}[name])
                assert np.abs(gradient - numerical).max() < 1e-7 * np.abs(numerical).max(), name

    @pytest.mark.referee("torch")
    def test_pytorch(self, layer, shape):
        p, (x, dy) = parameters(layer, shape), inputs(layer, shape)
        theirs = {
            name: torch.tensor(array, requires_grad=True)
            for name, array in {**vars(p), "x": x}.items()
        }
        images = theirs["x"].permute(0, 3, 1, 2)
        _, call = REFEREES[type(layer)]
        their_y = call(layer, SimpleNamespace(**theirs), images).permute(0, 2, 3, 1)
        their_y = their_y.reshape(dy.shape)
        their_y.backward(torch.tensor(dy))
        gradients = {name: array.grad.numpy() for name, array in theirs.items()}
        assert_close(compute(layer, p, x, dy), (their_y.detach().numpy(), gradients), 1e-13)

    def test_any_order_in_memory(self, layer, shape):
        """Everything given is read-only, and stays as it is."""
        for dtype in (np.float32, np.float64):
            p, (x, dy) = parameters(layer, shape, dtype), inputs(layer, shape, dtype=dtype)
            for array in vars(p).values():
                array.flags.writeable = False
            expected_y, expected = compute(layer, p, x, dy)
            slopes = in_any_order(dy)
            for order, images in in_any_order(x).items():
                y, gradients = compute(layer, p, images, slopes[order])
                np.testing.assert_array_equal(y, expected_y, err_msg=order)
                assert y.dtype == dtype
                for name, gradient in gradients.items():
                    np.testing.assert_array_equal(gradient, expected[name], err_msg=order)
                    assert gradient.dtype == dtype
                np.testing.assert_array_equal(images, x)
                np.testing.assert_array_equal(slopes[order], dy)
                for array in (images, slopes[order], *vars(p).values()):
                    assert not np.shares_memory(y, array)
                    assert not np.shares_memory(gradients["x"], array)

    def test_a_pull_back_is_used_more_than_once(self, layer, shape):
        for dtype in (np.float32, np.float64):
            p, (x, dy) = parameters(layer, shape, dtype), inputs(layer, shape, dtype=dtype)
            y, backward = layer.forward(p, x)
            g, without_dx, again = nans_like(p), nans_like(p), nans_like(p)
            dx, before = backward(dy, g), y.copy()
            kept = dx.copy()
            backward(dy, without_dx, need_dx=False)
            backward(-2 * dy, nans_like(p))
            np.testing.assert_array_equal(backward(dy, again), dx)
            for name, array in vars(g).items():
                np.testing.assert_array_equal(getattr(without_dx, name), array)
                np.testing.assert_array_equal(getattr(again, name), array)
            np.testing.assert_array_equal(dx, kept)
            np.testing.assert_array_equal(y, before)

    def test_samples_do_not_see_each_other(self, layer, shape):
        for dtype, error in ((np.float32, 3e-5), (np.float64, 1e-13)):
            p, (x, dy) = parameters(layer, shape, dtype), inputs(layer, shape, 3, dtype)
            y, gradients = compute(layer, p, x, dy)
            alone = [compute(layer, p, x[[k]], dy[[k]]) for k in range(3)]
            together = {name: sum(of[name] for _, of in alone) for name in vars(p)}
            together["x"] = np.concatenate([of["x"] for _, of in alone])
            outputs = np.concatenate([y for y, _ in alone])
            assert_close((y, gradients), (outputs, together), error)
            x[1] = np.nan
            with np.errstate(invalid="ignore"):
                with_nan, of_nan = compute(layer, p, x, dy)
            np.testing.assert_array_equal(with_nan[::2], y[::2])
            np.testing.assert_array_equal(of_nan["x"][::2], gradients["x"][::2])

    def test_is_a_specification(self, layer, shape):
        layer.check()
        before, values = repr(layer), dict(vars(layer))
        for other in (
            clone(layer),
            layer.plain(),
            type(layer)(**layer.get_params(deep=False)),
            pickle.loads(pickle.dumps(layer)),
            eval(before),
        ):
            assert type(other) is type(layer)
            assert other is not layer
            assert repr(other) == before
            assert other.output_shape(shape) == layer.output_shape(shape)
        compute(layer, parameters(layer, shape), *inputs(layer, shape))
        assert repr(layer) == before
        assert vars(layer) == values
        assert vars(layer).keys() == layer.get_params(deep=False).keys()  # there is no state

    def test_shapes_are_plain_integers(self, layer, shape):
        shapes = [layer.output_shape(tuple(np.array(shape))), *layer.shapes(shape).values()]
        assert {type(side) for of in shapes for side in of} == {int}


sides = st.integers(1, 7)
pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))
strides = st.tuples(st.integers(1, 3), st.integers(1, 3))


@settings(derandomize=True, deadline=None, max_examples=200)
@given(
    shape=st.tuples(sides, sides, st.integers(1, 2)),
    n_samples=st.integers(1, 2),
    n_filters=st.integers(1, 2),
    size=pairs,
    stride=strides,
    padding=st.sampled_from(["same", "valid", 0, 1, 2, 5]),
    dilation=strides,
)
def test_any_convolution(shape, n_samples, n_filters, size, stride, padding, dilation):
    layer = Conv2D(n_filters, size, stride=stride, padding=padding, dilation=dilation)
    p, zeros = parameters(layer, shape), zeros_around(layer, shape)
    too_large = any(
        d * (f - 1) >= side + sum(around)
        for side, around, f, d in zip(shape, zeros, size, dilation, strict=False)
    )
    if padding != "same" and (too_large or any(rests_of(layer, shape))):
        with pytest.raises(ValueError, match=re.escape("(W - F + 2P) / S + 1 = ")):
            layer.output_shape(shape)
        x = np.zeros((n_samples, *shape))
        with pytest.raises(ValueError, match="The filter does not fit"):
            reference.conv_forward(x, p.W, p.b, stride, zeros, dilation)
        with pytest.raises(ValueError, match="does not fit"):
            layer.forward(p, x)
        return
    x, dy = inputs(layer, shape, n_samples)
    assert_close(compute(layer, p, x, dy), convolution_loops(layer, p, x, dy), 1e-13)
