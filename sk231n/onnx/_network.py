"""Networks: the nodes of each layer, as it predicts.

Images lie in the graph as ``(n, c, h, w)``, the order of ONNX, while shapes are those of the
library, ``(h, w, c)``.
"""

from types import SimpleNamespace

import numpy as np

from sk231n._estimators import float_dtype
from sk231n.layers import (
    Affine,
    BatchNorm,
    Dropout,
    Flatten,
    Identity,
    LayerNorm,
    LeakyReLU,
    Logistic,
    Maxout,
    ReLU,
    Residual,
    Standardize,
    Tanh,
)
from sk231n.onnx._convolution import CONVOLUTIONAL, to_channels_first, to_channels_last


def network_scores(graph, estimator, x):
    """Scores of a network or a linear classifier, of shape (n_samples, n_scores), and their type.

    They are computed in the type in which the library computes them for such data.
    """
    network, parameters = estimator._fitted()
    learnt = next(array for of_layer in parameters for array in vars(of_layer).values())
    dtype = np.result_type(float_dtype(x.dtype), learnt)
    shape = network.input_shapes[0]
    values = graph("Flatten", graph.cast(x.name, dtype, x.dtype), axis=1)
    if len(shape) == 3:
        values = to_channels_first(graph, graph.reshape(values, -1, *shape), shape)
    layers = zip(network.layers, parameters, strict=True)
    return _through(graph, layers, values, shape, dtype), dtype


def _through(graph, layers, x, shape, dtype):
    """What some layers, one after the other, make of samples of a shape."""
    for layer, parameters in layers:
        nodes = _NODES.get(type(layer))
        if nodes is None:
            raise NotImplementedError(
                f"The network has a layer {layer!r:.200}, which is none of sk231n.layers. What "
                "its forward computes in Python cannot be converted; train a network of the "
                "library's own layers."
            )
        arrays = {name: array.astype(dtype) for name, array in vars(parameters).items()}
        x = nodes(graph, layer, arrays, x, shape, dtype)
        shape = tuple(layer.output_shape(shape))
    return x


def _residual(graph, layer, arrays, x, shape, dtype):
    inner = list(layer._inner(SimpleNamespace(**arrays)))
    n_layers = len(layer.layers)
    through = _through(graph, inner[:n_layers], x, shape, dtype)
    around = _through(graph, inner[n_layers:], x, shape, dtype)
    return graph("Add", through, around)


def _affine(graph, layer, arrays, x, shape, dtype):
    rows = _flatten(graph, layer, arrays, x, shape, dtype)
    return graph("Gemm", rows, arrays["W"], *([arrays["b"]] if layer.intercept else []))


def _flatten(graph, layer, arrays, x, shape, dtype):
    if len(shape) == 1:
        return x
    return graph("Flatten", to_channels_last(graph, x, shape), axis=1)


def _unchanged(graph, layer, arrays, x, shape, dtype):
    return x


def _elementwise(operator):
    return lambda graph, layer, arrays, x, shape, dtype: graph(operator, x)


def _leaky_relu(graph, layer, arrays, x, shape, dtype):
    return graph("Max", graph("Mul", x, np.array(layer.slope, dtype)), x)


def _maxout(graph, layer, arrays, x, shape, dtype):
    *sides, n_inputs = shape
    pieces = graph.reshape(x, -1, layer.n_pieces, n_inputs // layer.n_pieces, *sides)
    return graph("ReduceMax", pieces, np.array([1]), keepdims=0)


def _standardize(graph, layer, arrays, x, shape, dtype):
    centred = graph("Sub", x, _by_channel(arrays["mean"], shape))
    return graph("Mul", centred, _by_channel(1 / arrays["spread"], shape))


def _batch_norm(graph, layer, arrays, x, shape, dtype):
    factor = arrays["scale"] / np.sqrt(arrays["variance"] + dtype.type(layer.epsilon))
    centred = graph("Sub", x, _by_channel(arrays["mean"], shape))
    return _scaled(graph, centred, factor, arrays["shift"], shape)


def _layer_norm(graph, layer, arrays, x, shape, dtype):
    axes = np.arange(1, len(shape) + 1)
    centred = graph("Sub", x, graph("ReduceMean", x, axes))
    variance = graph("ReduceMean", graph("Mul", centred, centred), axes)
    deviation = graph("Sqrt", graph("Add", variance, np.array(layer.epsilon, dtype)))
    normalized = graph("Div", centred, deviation)
    return _scaled(graph, normalized, arrays["scale"], arrays["shift"], shape)


def _scaled(graph, x, scale, shift, shape):
    scaled = graph("Mul", x, _by_channel(scale, shape))
    return graph("Add", scaled, _by_channel(shift, shape))


def _by_channel(values, shape):
    """Values of columns, or of channels, which come before the sides of an image."""
    return values.reshape(-1, *(1,) * (len(shape) - 1))


_NODES = {
    Affine: _affine,
    BatchNorm: _batch_norm,
    Dropout: _unchanged,
    Flatten: _flatten,
    Identity: _unchanged,
    LayerNorm: _layer_norm,
    LeakyReLU: _leaky_relu,
    Logistic: _elementwise("Sigmoid"),
    Maxout: _maxout,
    ReLU: _elementwise("Relu"),
    Residual: _residual,
    Standardize: _standardize,
    Tanh: _elementwise("Tanh"),
    **CONVOLUTIONAL,
}
