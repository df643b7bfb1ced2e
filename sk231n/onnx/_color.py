"""Histograms of hue, saturation and value of bytes, equal to the library's to the last bit.

The bins are read from tables. Saturation and value take few values. The hue depends on differences
of the channels, coded as ``512 * (r - g) + (g - b)``, and for the few codes that lie on the edge of
two bins on the rounding of the library's arithmetic, hence on the brightness too::

    r, g, b -> code -> starts[code] + b = place -> bins[place]

Each colour of such a code has a place of its own. The colours of any other code share the 256
places of their bin, which are all alike.
"""

import math

import numpy as np

from sk231n.features._color_spaces import CODE_OF_GREY, byte_hue_table, float_bins
from sk231n.features.hsv_histogram import cell_of_pixel
from sk231n.onnx._images import color_planes, look_up, refuse_other_than_bytes

_MOST_HUES = 4096  # bins, each of which has 256 places


def hsv_histogram(graph, estimator, x):
    """Histograms of images of bytes."""
    refuse_other_than_bytes(estimator, x, "their bins depend on how each step rounds.")
    span = _span(estimator, x)
    pixels = graph.reshape(color_planes(graph, estimator, x, np.float32), 0, 0, -1)
    if span < 255:
        pixels = graph("Min", pixels, np.float32(span))
    rows, columns = map(cell_of_pixel, estimator.image_shape_[:2], estimator.grid_)
    cells = np.add.outer(rows * estimator.grid_[1], columns).ravel()
    n_pixels, n_bins = np.bincount(cells)[:, np.newaxis], math.prod(estimator.bins_)
    slots = (cells * n_bins).astype(np.int32)
    for k, channel in enumerate(estimator.channels):
        bins = _BINS[channel](graph, pixels, estimator.bins_[k], span, len(cells))
        stride = np.int32(math.prod(estimator.bins_[k + 1 :]))
        slots = graph("Add", graph("Mul", bins, stride) if stride > 1 else bins, slots)
    ones = graph.filled(np.float64(1), slots, len(cells))
    counts = graph.filled(np.float64(0), slots, len(n_pixels) * n_bins)
    counts = graph("ScatterElements", counts, slots, ones, axis=1, reduction="add")
    if estimator.density:
        counts = graph("Div", counts, np.repeat(n_pixels, n_bins, axis=1).ravel().astype(float))
    return graph.cast(counts, np.float32)


def _span(estimator, x):
    """Value of full intensity; bytes above it are cut down to it."""
    span = 255 if estimator.data_range is None else estimator.data_range
    if x.dtype == np.bool_:
        return 1
    if span < 255 and span != int(span):
        raise NotImplementedError(
            f"HSVHistogram with data_range={span!r} cuts bytes down to a number that is no byte. "
            "Fit the model with a whole number."
        )
    return span


def _hue_bins(graph, pixels, n_bins, span, n_pixels):
    if n_bins > _MOST_HUES:
        raise NotImplementedError(
            f"HSVHistogram with {n_bins} bins of the hue needs a table of {256 * n_bins} places. "
            f"Fit the model with at most {_MOST_HUES} of them."
        )
    starts, bins = hue_tables(n_bins, span)
    codes = graph("MatMul", np.array([[512, -511, -1]], np.float32), pixels)
    starts = look_up(graph, starts, graph.cast(codes, np.int32), n_pixels)
    blue = graph.cast(graph("Gather", pixels, np.array(2), axis=1), np.int32)
    return look_up(graph, bins, graph("Add", starts, blue), n_pixels)


def hue_tables(n_bins, span):
    """Where the places of each code start, and the bin of each place.

    Parameters
    ----------
    n_bins : int
        Number of bins.
    span : float
        Value of full intensity.

    Returns
    -------
    starts : ndarray of int32
        By code; negative codes count from the end.
    bins : ndarray of int32
        By place.
    """
    r_g, g_b = np.divmod(np.arange(2 * CODE_OF_GREY + 1), 512) - np.array([[255], [255]])
    # The red and the green of a code's colours above their blue.
    above = np.stack([r_g + g_b, g_b, np.zeros_like(g_b)])
    darkest, n_colors = -above.min(axis=0), 256 - np.ptp(above, axis=0)
    of_code = byte_hue_table(n_bins)[: len(r_g)]
    starts = 256 * of_code
    unsure = np.flatnonzero((of_code < 0) & (n_colors > 0))
    n_colors = n_colors[unsure]
    first = 256 * n_bins + np.cumsum(n_colors) - n_colors
    starts[unsure] = first - darkest[unsure]
    codes = np.repeat(unsure, n_colors)
    blue = 256 * n_bins + np.arange(len(codes)) - starts[codes]
    colors = blue + above[:, codes]
    bins = [np.repeat(np.arange(n_bins), 256), float_bins(colors, "h", n_bins, span=span)]
    return np.roll(starts, -CODE_OF_GREY).astype(np.int32), np.concatenate(bins).astype(np.int32)


def _saturation_bins(graph, pixels, n_bins, span, n_pixels):
    value, least = np.divmod(np.arange(2**16), 256)
    table = float_bins((value, value, np.minimum(least, value)), "s", n_bins, span=span)
    value = graph("ReduceMax", pixels, np.array([1]), keepdims=0)
    least = graph("ReduceMin", pixels, np.array([1]), keepdims=0)
    places = graph("Add", graph("Mul", value, np.float32(256)), least)
    return look_up(graph, table.astype(np.int32), graph.cast(places, np.int32), n_pixels)


def _value_bins(graph, pixels, n_bins, span, n_pixels):
    table = float_bins((np.arange(256),) * 3, "v", n_bins, span=span)
    value = graph("ReduceMax", pixels, np.array([1]), keepdims=0)
    return look_up(graph, table.astype(np.int32), graph.cast(value, np.int32), n_pixels)


_BINS = {"h": _hue_bins, "s": _saturation_bins, "v": _value_bins}
