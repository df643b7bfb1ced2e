"""Convolution and pooling, on images that lie in the graph as ``(n, c, h, w)``."""

import numpy as np

from sk231n.layers import AveragePool2D, Conv2D, GlobalAveragePool2D, MaxPool2D


def to_channels_first(graph, x, shape):
    """Images (n, h, w, c) as (n, c, h, w)."""
    height, width, n_channels = shape
    if n_channels == 1:
        return graph.reshape(x, -1, 1, height, width)
    return graph("Transpose", x, perm=[0, 3, 1, 2])


def to_channels_last(graph, x, shape):
    """Images (n, c, h, w) as (n, h, w, c)."""
    height, width, n_channels = shape
    if n_channels == 1 or height == width == 1:
        return graph.reshape(x, -1, *shape)
    return graph("Transpose", x, perm=[0, 2, 3, 1])


def _convolution(graph, layer, arrays, x, shape, dtype):
    rows, columns = layer._axes(shape)
    filters = arrays["W"].transpose(3, 2, 0, 1)
    pads = [rows.before, columns.before, rows.after, columns.after]
    if dtype == np.float32:
        sides = {axis: [getattr(rows, axis), getattr(columns, axis)] for axis in _CONV_SIDES}
        attributes = {_CONV_SIDES[axis]: pair for axis, pair in sides.items()}
        return graph("Conv", x, filters, arrays["b"], pads=pads, **attributes)
    # onnxruntime convolves float32 alone: a product of matrices, of all windows at once.
    if any(pads):
        x = graph("Pad", x, np.array([0, 0, *pads[:2], 0, 0, *pads[2:]]))
    windows = graph("Concat", *_taps(graph, x, rows, columns), axis=1)
    windows = graph.reshape(windows, 0, 0, -1)
    matrix = filters.transpose(0, 2, 3, 1).reshape(len(filters), -1)
    sums = graph("Add", graph("MatMul", matrix, windows), arrays["b"][:, np.newaxis])
    return graph.reshape(sums, 0, 0, rows.n_windows, columns.n_windows)


_CONV_SIDES = {"size": "kernel_shape", "stride": "strides", "dilation": "dilations"}


def _max_pool(graph, layer, arrays, x, shape, dtype):
    rows, columns = layer._axes(shape)
    return graph(
        "MaxPool", x, kernel_shape=[rows.size, columns.size],
        strides=[rows.stride, columns.stride],
    )  # fmt: skip


def _average_pool(graph, layer, arrays, x, shape, dtype):
    rows, columns = layer._axes(shape)
    if dtype == np.float32:
        return graph(
            "AveragePool", x, kernel_shape=[rows.size, columns.size],
            strides=[rows.stride, columns.stride],
        )  # fmt: skip
    taps = _taps(graph, x, rows, columns)  # onnxruntime averages float32 alone
    return graph("Mul", graph("Sum", *taps), np.array(1 / len(taps), dtype))


def _global_average_pool(graph, layer, arrays, x, shape, dtype):
    return graph("ReduceMean", x, np.array([2, 3]), keepdims=0)


def _taps(graph, x, rows, columns):
    """What each tap of the windows meets: as many images as a window has pixels."""
    return [
        _cut(graph, _cut(graph, x, rows.at(i), axis=2), columns.at(j), axis=3)
        for i in range(rows.size)
        for j in range(columns.size)
    ]


def _cut(graph, x, part, *, axis):
    return graph.slice(x, part.start, part.stop, axis=axis, step=part.step)


CONVOLUTIONAL = {
    AveragePool2D: _average_pool,
    Conv2D: _convolution,
    GlobalAveragePool2D: _global_average_pool,
    MaxPool2D: _max_pool,
}
