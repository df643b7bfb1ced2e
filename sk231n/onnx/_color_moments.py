"""Mean, standard deviation and skewness of colours, cell by cell."""

import numpy as np

from sk231n._estimators import float_dtype
from sk231n.features.hsv_histogram import cell_of_pixel
from sk231n.onnx._images import color_planes


def color_moments(graph, estimator, x):
    """Moments of the colours of images of any type."""
    dtype = float_dtype(x.dtype)
    colors = _CHANNELS[estimator.color_space](
        graph, color_planes(graph, estimator, x, dtype), dtype
    )
    rows, columns = map(cell_of_pixel, estimator.image_shape_[:2], estimator.grid_)
    in_row = (rows == np.arange(estimator.grid_[0])[:, np.newaxis]).astype(dtype)
    in_column = (columns[:, np.newaxis] == np.arange(estimator.grid_[1])).astype(dtype)
    n_pixels = np.outer(in_row.sum(axis=1), in_column.sum(axis=0)).astype(dtype)

    def mean(values):
        """Means of the cells, of shape (n, 3, rows, columns)."""
        sums = graph("MatMul", graph("MatMul", in_row, values), in_column)
        return graph("Div", sums, n_pixels)

    means = mean(colors)
    of_pixels = graph("MatMul", graph("MatMul", in_row.T, means), in_column.T)
    deviations = graph("Sub", colors, of_pixels)
    moments = []
    for name in estimator.moments:
        moment = means
        if name == "std":
            moment = graph("Sqrt", mean(graph("Mul", deviations, deviations)))
        elif name == "skew":
            cubes = graph("Mul", graph("Mul", deviations, deviations), deviations)
            moment = _cube_root(graph, mean(cubes), dtype)
        moments.append(graph("Unsqueeze", moment, np.array([4])))
    # Cell by cell, within a cell channel by channel, within a channel moment by moment.
    features = graph("Transpose", graph("Concat", *moments, axis=4), perm=[0, 2, 3, 1, 4])
    return graph("Flatten", features, axis=1)


def _cube_root(graph, x, dtype):
    """The cube root with its sign, which ONNX lacks."""
    return graph("Mul", graph("Sign", x), graph("Pow", graph("Abs", x), np.array(1 / 3, dtype)))


def _rgb(graph, pixels, dtype):
    return pixels


def _opponent(graph, pixels, dtype):
    """The opponent channels, each of which is a sum of red, green and blue with weights."""
    red, green, blue = graph("Split", pixels, n_outputs=3, axis=1, num_outputs=3)
    both = graph("Add", red, green)
    channels = [
        graph("Div", graph("Sub", red, green), np.array(2**0.5, dtype)),
        graph("Div", graph("Sub", both, graph("Add", blue, blue)), np.array(6**0.5, dtype)),
        graph("Div", graph("Add", both, blue), np.array(3**0.5, dtype)),
    ]
    return graph("Concat", *channels, axis=1)


def _hsv(graph, pixels, dtype):
    zero, one = np.array(0, dtype), np.array(1, dtype)
    pixels = graph("Max", pixels, zero)
    red, green, blue = graph("Split", pixels, n_outputs=3, axis=1, num_outputs=3)
    value = graph("ReduceMax", pixels, np.array([1]))
    chroma = graph("Sub", value, graph("ReduceMin", pixels, np.array([1])))
    is_grey, is_black = graph("Equal", chroma, zero), graph("Equal", value, zero)
    divisor = graph("Where", is_grey, one, chroma)

    def sixths(first, second, start):
        sixth = graph("Div", graph("Sub", first, second), divisor)
        return graph("Add", sixth, np.array(start, dtype)) if start else sixth

    hue = graph("Where", graph("Equal", green, value), sixths(blue, red, 2), sixths(green, blue, 0))
    hue = graph("Where", graph("Equal", blue, value), sixths(red, green, 4), hue)
    hue = graph("Div", graph("Where", is_grey, zero, hue), np.array(6, dtype))
    hue = graph("Where", graph("Less", hue, zero), graph("Add", hue, one), hue)
    saturation = graph("Div", chroma, graph("Where", is_black, one, value))
    return graph("Concat", hue, saturation, value, axis=1)


_CHANNELS = {"rgb": _rgb, "hsv": _hsv, "opponent": _opponent}
