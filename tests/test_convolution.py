"""The convolution: zeros around the image, filters that do not fit, the numbers of the notes."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from sk231n.core import taps
from sk231n.initializers import Initializer, Normal
from sk231n.layers import Affine, Conv2D, Network, ReLU

# OpenBLAS may raise the flag for numbers that are in no result.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in matmul")


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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("band_size", [1, 60, 10**9])
def test_bands_of_rows(band_size, dtype, monkeypatch):
    """A few rows of the outputs at a time, or all of them."""
    layer, shape = Conv2D(3, (3, 2), stride=(1, 2), dilation=2), (9, 7, 2)
    p, (x, dy) = parameters(layer, shape, dtype), inputs(layer, shape, dtype=dtype)
    expected = compute(layer, p, x, dy)
    monkeypatch.setattr(taps, "_BAND_SIZE", band_size)
    assert_same(compute(layer, p, x, dy), expected, 40 * np.finfo(dtype).eps)


class TestPadding:
    @pytest.mark.parametrize(
        ("side", "size", "stride", "outputs", "before", "after"),
        [
            (5, 3, 1, 5, 1, 1), (5, 5, 1, 5, 2, 2), (5, 1, 1, 5, 0, 0), (5, 2, 1, 5, 0, 1),
            (5, 4, 1, 5, 1, 2), (5, 3, 2, 3, 1, 1), (6, 3, 2, 3, 0, 1), (6, 2, 2, 3, 0, 0),
            (5, 2, 2, 3, 0, 1), (7, 4, 3, 3, 1, 2), (8, 5, 4, 2, 0, 1), (7, 1, 3, 3, 0, 0),
            (8, 2, 3, 3, 0, 0), (1, 3, 2, 1, 1, 1), (2, 7, 1, 2, 3, 3), (1, 4, 1, 1, 1, 2),
        ],
    )  # fmt: skip
    def test_same(self, side, size, stride, outputs, before, after):
        """One output per stride; of an odd number of zeros, one more after the image."""
        layer = Conv2D(1, (size, 1), stride=(stride, 1))
        assert layer.output_shape((side, 4, 3)) == (outputs, 4, 1)
        x = np.random.RandomState(0).standard_normal((1, side, 1, 1))
        p = parameters(layer, (side, 1, 1))
        extended = np.concatenate([np.zeros(before), x.ravel(), np.zeros(after)])
        expected = [
            extended[stride * i : stride * i + size] @ p.W.ravel() + p.b[0] for i in range(outputs)
        ]
        np.testing.assert_allclose(layer.forward(p, x)[0].ravel(), expected, rtol=1e-13)
        along_the_width = Conv2D(1, (1, size), stride=(1, stride))
        p.W = p.W.reshape(1, size, 1, 1)
        y, _ = along_the_width.forward(p, x.reshape(1, 1, side, 1))
        np.testing.assert_allclose(y.ravel(), expected, rtol=1e-13)

    def test_same_with_dilation(self):
        layer = Conv2D(1, 3, dilation=(2, 3))
        assert layer.output_shape((5, 4, 1)) == (5, 4, 1)
        assert Conv2D(1, 2, dilation=3, stride=2).output_shape((7, 8, 1)) == (4, 4, 1)

    def test_valid_is_none(self):
        p, (x, dy) = parameters(Conv2D(3), (5, 5, 2)), inputs(Conv2D(3, padding=0), (5, 5, 2))
        valid, none = (compute(Conv2D(3, padding=zeros), p, x, dy) for zeros in ("valid", 0))
        assert_same(valid, none)

    def test_same_is_one_zero_for_filters_of_three(self):
        p, (x, dy) = parameters(Conv2D(3), (5, 5, 2)), inputs(Conv2D(3), (5, 5, 2))
        assert_same(compute(Conv2D(3), p, x, dy), compute(Conv2D(3, padding=1), p, x, dy))

    def test_zeros_beyond_the_reach_give_the_intercepts(self):
        layer = Conv2D(2, 2, padding=6)
        p, (x, _) = parameters(layer, (3, 3, 2)), inputs(layer, (3, 3, 2))
        y, _ = layer.forward(p, x)
        outside = np.ones(y.shape[1:3], bool)
        outside[5:9, 5:9] = False
        np.testing.assert_array_equal(y[:, outside], np.broadcast_to(p.b, y[:, outside].shape))

    @pytest.mark.parametrize(
        ("layer", "shape", "message"),
        [
            (
                Conv2D(1, 3, stride=2, padding="valid"),
                (10, 11, 3),
                "side of W=10: (W - F + 2P) / S + 1 = (10 - 3 + 0) / 2 + 1 = 4.5, for filters that "
                "reach over F=3 pixels, P=0 zeros at each end and a stride of S=2",
            ),
            (
                Conv2D(1, (1, 3), stride=(1, 3), padding=1),
                (10, 6, 3),
                "side of W=6: (W - F + 2P) / S + 1 = (6 - 3 + 2) / 3 + 1 = 2.66667",
            ),
            (
                Conv2D(96, 11, stride=4, padding="valid"),
                (224, 224, 3),
                "(224 - 11 + 0) / 4 + 1 = 54.25",
            ),
            (Conv2D(1, 5, padding="valid"), (4, 9, 1), "(4 - 5 + 0) / 1 + 1 = 0,"),
            (Conv2D(1, 5, padding=1), (2, 9, 1), "(2 - 5 + 2) / 1 + 1 = 0,"),
            (Conv2D(1, 7, padding=1), (9, 2, 1), "W=2: (W - F + 2P) / S + 1 = (2 - 7 + 2) / 1 + 1 "
             "= -2,"),
            (Conv2D(1, 3, dilation=2, padding=0), (4, 9, 1), "(4 - 5 + 0) / 1 + 1 = 0,"),
            (Conv2D(1, 4, stride=2, padding="valid"), (3, 9, 1), "(3 - 4 + 0) / 2 + 1 = 0.5,"),
        ],
    )  # fmt: skip
    def test_filters_that_do_not_fit(self, layer, shape, message):
        with pytest.raises(ValueError, match=re.escape(message)) as caught:
            layer.output_shape(shape)
        assert str(caught.value).startswith(f"{layer} does not fit an image with a side of W=")
        with pytest.raises(ValueError, match=re.escape(message)):
            Network([layer, ReLU()], shape)


class TestConvolution:
    def test_the_filters_are_not_turned(self):
        """What the notes call a convolution is a correlation."""
        x, W = np.zeros((1, 3, 3, 1)), np.arange(9.0).reshape(3, 3, 1, 1)
        x[0, 1, 1] = 1
        y, _ = Conv2D(1).forward(SimpleNamespace(W=W, b=np.zeros(1)), x)
        np.testing.assert_array_equal(y[0, ..., 0], W[::-1, ::-1, 0, 0])

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_1_x_1_is_an_affine_layer_on_each_pixel(self, dtype):
        p, (x, _) = parameters(Conv2D(4, 1), (3, 5, 6), dtype), inputs(ReLU(), (3, 5, 6))
        x = x.astype(dtype)
        y, _ = Conv2D(4, 1).forward(p, x)
        expected = x.reshape(-1, 6) @ p.W[0, 0] + p.b
        rtol = 1e-4 if dtype == np.float32 else 1e-12
        np.testing.assert_allclose(y.reshape(-1, 4), expected, rtol=rtol, atol=rtol / 100)

    def test_a_filter_as_large_as_the_image_is_an_affine_layer(self):
        convolution, affine = Conv2D(4, (3, 5), padding="valid"), Affine(4)
        p, (x, dy) = parameters(convolution, (3, 5, 2)), inputs(convolution, (3, 5, 2))
        rows = SimpleNamespace(W=p.W.reshape(-1, 4), b=p.b)
        results, expected = compute(convolution, p, x, dy), compute(affine, rows, x, dy[:, 0, 0])
        same = {name: expected[name].reshape(array.shape) for name, array in results.items()}
        assert_same(results, same, 1e-13)

    def test_intercepts_are_those_of_the_filters(self):
        p, (x, dy) = parameters(Conv2D(3), (4, 5, 2)), inputs(Conv2D(3), (4, 5, 2))
        p.b[...] = 0
        without = Conv2D(3).forward(p, x)[0]
        p.b[...] = 1, 20, 300
        np.testing.assert_allclose(Conv2D(3).forward(p, x)[0] - without, np.tile(p.b, (2, 4, 5, 1)))
        of_intercepts = compute(Conv2D(3), p, x, dy)["b"]
        np.testing.assert_allclose(of_intercepts, dy.sum(axis=(0, 1, 2)), rtol=1e-12)

    @pytest.mark.parametrize(
        "layer",
        [
            Conv2D(2, padding="valid"), Conv2D(2), Conv2D(2, 2, stride=3), Conv2D(2, padding=3),
            Conv2D(2, (2, 3), stride=(2, 1), dilation=(1, 2)),
        ],
        ids=str,
    )  # fmt: skip
    def test_inputs_of_weights_are_what_outputs_are_made_of(self, layer):
        """At four positions, a third of the way from each border."""
        shape = (10, 7, 2)
        p, (x, _) = parameters(layer, shape), inputs(layer, shape, 3)
        y, _ = layer.forward(p, x)
        patches = layer.inputs_of_weights(x)
        assert patches.shape == (3, 4, p.W[..., 0].size)
        rows, columns = ([int((side - 1) * third / 3) for third in (1, 2)] for side in y.shape[1:3])
        expected = y[:, rows][:, :, columns].reshape(3, 4, 2)
        outputs = patches @ p.W.reshape(-1, 2) + p.b
        np.testing.assert_allclose(outputs, expected, rtol=1e-12, atol=1e-13)
        np.testing.assert_array_equal(layer.inputs_of_weights(np.asfortranarray(x)), patches)

    def test_initialize(self):
        layer, p = (
            Conv2D(4, (3, 2), initializer=Normal(0.5)),
            parameters(Conv2D(4, (3, 2)), (5, 5, 3)),
        )
        layer.initialize(p, np.random.RandomState(3))
        assert p.W.shape == (3, 2, 3, 4)
        np.testing.assert_array_equal(p.W, Normal(0.5)(np.random.RandomState(3), (3, 2, 3, 4)))
        np.testing.assert_array_equal(p.b, 0)

    def test_an_initializer_that_returns_something_else(self):
        class Matrix(Initializer):
            def __call__(self, rng, shape):
                return np.ones((9, 4))

        with pytest.raises(ValueError, match=r"Matrix\(\) must return .* of shape \(3, 3, 1, 4\)"):
            Network([Conv2D(4, initializer=Matrix())], (5, 5, 1)).initialize(None, float)

    def test_roles(self):
        layer = Conv2D(4)
        assert (layer.weights, layer.intercepts, layer.statistics) == (("W",), ("b",), ())
        assert layer.weight_factors() == {"W": 1.0}
        assert not layer.folds_inputs
        assert not layer.random
        assert Conv2D(8, (3, 2)).shapes((9, 9, 5)) == {"W": (3, 2, 5, 8), "b": (8,)}

    def test_max_norm_shortens_long_filters(self):
        layer, rng = Conv2D(3, 2, max_norm=2.0), np.random.RandomState(0)
        W = rng.standard_normal((2, 2, 5, 3))
        W *= np.array([0.5, 2, 8]) / np.sqrt((W**2).sum(axis=(0, 1, 2)))
        p = SimpleNamespace(W=W.copy(), b=np.full(3, 9.0))
        layer.project(p, {"W": 1.0})
        np.testing.assert_allclose(np.sqrt((p.W**2).sum(axis=(0, 1, 2))), [0.5, 2, 2], rtol=1e-14)
        np.testing.assert_allclose(p.W[..., 2], W[..., 2] / 4, rtol=1e-14)
        np.testing.assert_array_equal(p.W[..., 0], W[..., 0])
        np.testing.assert_array_equal(p.b, 9)
        layer.project(p, {"W": 0.5})  # in the units of the data they are half as long
        np.testing.assert_allclose(np.sqrt((p.W**2).sum(axis=(0, 1, 2))), [0.5, 2, 2], rtol=1e-14)
        Conv2D(3, 2).project(p, {"W": 1.0})
        np.testing.assert_allclose(np.sqrt((p.W**2).sum(axis=(0, 1, 2))), [0.5, 2, 2], rtol=1e-14)


class TestNumbersOfTheNotes:
    @pytest.mark.parametrize(
        ("side", "size", "stride", "padding", "outputs"),
        [
            (7, 3, 1, 0, 5), (7, 3, 2, 0, 3), (5, 3, 1, 1, 5), (5, 3, 2, 1, 3), (227, 11, 4, 0, 55),
            (7, 7, 1, 0, 1), (12, 7, 1, 0, 6), (1, 1, 1, 0, 1),
        ],
    )  # fmt: skip
    def test_sides_of_outputs(self, side, size, stride, padding, outputs):
        layer = Conv2D(10, size, stride=stride, padding=padding)
        assert layer.output_shape((side, side, 3)) == (outputs, outputs, 10)

    @pytest.mark.parametrize("size", [1, 3, 5, 7, 11])
    def test_zeros_that_keep_the_size(self, size):
        shapes = [Conv2D(5, size, padding=zeros).output_shape((32, 30, 3))
                  for zeros in ("same", (size - 1) // 2)]  # fmt: skip
        assert shapes == [(32, 30, 5)] * 2

    def test_a_stride_of_two_does_not_fit_ten_pixels(self):
        shapes = [
            Conv2D(5, 3, stride=stride, padding="valid").output_shape((10, 10, 3))[0]
            for stride in (1, 7)
        ]
        assert shapes == [8, 2]
        with pytest.raises(ValueError, match=re.escape("(10 - 3 + 0) / 2 + 1 = 4.5")):
            Conv2D(5, 3, stride=2, padding="valid").output_shape((10, 10, 3))

    def test_the_first_layer_of_alexnet(self):
        layer, image = Conv2D(96, 11, stride=4, padding="valid"), (227, 227, 3)
        output, shapes = layer.output_shape(image), layer.shapes(image)
        assert output == (55, 55, 96)
        assert np.prod(output) == 290_400
        assert np.prod(shapes["W"][:3]) == 363
        assert 290_400 * (363 + 1) == 105_705_600  # without sharing
        assert np.prod(shapes["W"]) == 34_848
        assert Network([layer], image).layout.size == 34_848 + 96 == 34_944
        with pytest.raises(ValueError, match=re.escape("(224 - 11 + 0) / 4 + 1 = 54.25")):
            layer.output_shape((224, 224, 3))  # what the paper says

    def test_the_worked_example(self):
        layer = Conv2D(2, 3, stride=2, padding=1)
        assert layer.output_shape((5, 5, 3)) == (3, 3, 2)
        assert layer.shapes((5, 5, 3)) == {"W": (3, 3, 3, 2), "b": (2,)}
        p, (x, _) = parameters(layer, (5, 5, 3)), inputs(layer, (5, 5, 3))
        y, _ = layer.forward(p, x)
        X = np.pad(x[1], [(1, 1), (1, 1), (0, 0)])
        W0, b0, W1, b1 = p.W[..., 0], p.b[0], p.W[..., 1], p.b[1]
        for got, value in (
            (y[1, 0, 0, 0], np.sum(X[:3, :3] * W0) + b0),
            (y[1, 1, 0, 0], np.sum(X[2:5, :3] * W0) + b0),
            (y[1, 2, 0, 0], np.sum(X[4:7, :3] * W0) + b0),
            (y[1, 0, 1, 1], np.sum(X[:3, 2:5] * W1) + b1),
            (y[1, 2, 2, 1], np.sum(X[4:7, 4:7] * W1) + b1),
        ):
            np.testing.assert_allclose(got, value, rtol=1e-12)

    def test_three_layers_of_3_x_3_see_7_x_7(self):
        n_channels = 4
        one = Conv2D(n_channels, 7, padding="valid").shapes((7, 7, n_channels))["W"]
        small = Conv2D(n_channels, 3, padding="valid")
        network = Network([small, small, small], (9, 9, n_channels))
        assert np.prod(one) == 49 * n_channels**2
        assert sum(np.prod(of["W"]) for of in network.layout.shapes) == 27 * n_channels**2
        assert network.output_shape == (3, 3, n_channels)
        assert reach([small] * 3, 9) == 7
        assert reach([small, Conv2D(n_channels, 3, dilation=2, padding="valid")], 9) == 7
        assert reach([small] * 2, 9) == 5
        assert Conv2D(1, 3, dilation=2, padding="valid").output_shape((9, 9, 1)) == (5, 5, 1)


def reach(layers, side):
    """Side of the square of pixels that an output depends on."""
    x = np.zeros((1, side, side, 4))
    pull_backs = []
    for layer in layers:
        p = parameters(layer, x.shape[1:])
        g = SimpleNamespace(W=np.empty_like(p.W), b=np.empty_like(p.b))
        x, backward = layer.forward(p, x)
        pull_backs.append((backward, g))
    dy = np.zeros_like(x)
    dy[0, 0, 0, 0] = 1
    for backward, g in reversed(pull_backs):
        dy = backward(dy, g)
    seen = dy[0].any(axis=-1)
    rows, columns = (np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0))
    assert seen[np.ix_(rows, columns)].all()
    assert len(rows) == len(columns) == rows[-1] + 1
    return len(rows)
