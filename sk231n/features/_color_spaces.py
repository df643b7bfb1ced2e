"""Colour spaces, and the histogram bin of each colour.

Colours are given as three arrays of the same shape: red, green and blue.
"""

from functools import lru_cache

import numpy as np


def _value_and_chroma(r, g, b):
    value = np.maximum(np.maximum(r, g), b)
    return value, value - np.minimum(np.minimum(r, g), b)


def _hue(r, g, b):
    """Hue between 0 and 1, by the same operations in the same order as matplotlib."""
    value, chroma = _value_and_chroma(r, g, b)
    grey = chroma == 0
    chroma[grey] = 1
    is_blue, is_green = b == value, g == value
    hue = np.select(
        [is_blue, is_green], [4 + (r - g) / chroma, 2 + (b - r) / chroma], (g - b) / chroma
    )
    hue[grey] = 0
    hue /= 6
    hue[hue < 0] += 1
    return hue


def _saturation(r, g, b):
    value, chroma = _value_and_chroma(r, g, b)
    value[value == 0] = 1  # black: 0 / 1
    return chroma / value


def _value(r, g, b):
    return _value_and_chroma(r, g, b)[0]


def _rgb(r, g, b):
    return r, g, b


def _hsv(r, g, b):
    r, g, b = (np.maximum(plane, 0) for plane in (r, g, b))
    return _hue(r, g, b), _saturation(r, g, b), _value(r, g, b)


def _opponent(r, g, b):
    return (r - g) / 2**0.5, (r + g - 2 * b) / 6**0.5, (r + g + b) / 3**0.5


COLOR_SPACES = {"rgb": _rgb, "hsv": _hsv, "opponent": _opponent}
CHANNEL_NAMES = {
    "rgb": ("red", "green", "blue"),
    "hsv": ("hue", "saturation", "value"),
    "opponent": ("o1", "o2", "o3"),
}
_HSV_CHANNELS = {"h": _hue, "s": _saturation, "v": _value}


def _bins_of_values(values, n_bins):
    """Bins of values between 0 and 1, counted in 255ths; the last bin is closed.

    The course multiplies the hue by 255, and :func:`numpy.histogram` compares the products in
    float64 with the edges ``linspace(0, 255, n_bins + 1)``. For a value on an edge, the bin depends
    on the rounding of these steps.
    """
    edges = np.linspace(0, 255, n_bins + 1)[1:-1]
    rounded = edges.astype(values.dtype)
    # For float32 values, comparing with the next float32 above an edge gives the same result.
    above = np.where(rounded < edges, np.nextafter(rounded, values.dtype.type(np.inf)), rounded)
    return np.searchsorted(above, values * values.dtype.type(255), side="right")


def float_bins(planes, channel, n_bins, *, span):
    """Bins of colours of any type, where `span` is full intensity; integers use float64."""
    dtype = planes[0].dtype if planes[0].dtype.kind == "f" else np.dtype(np.float64)
    planes = [np.clip(plane.astype(dtype), 0, span) / dtype.type(span) for plane in planes]
    return _bins_of_values(_HSV_CHANNELS[channel](*planes), n_bins)


def byte_bins(planes, channel, n_bins):
    """Bins of uint8 colours from lookup tables: the same bins as those of `float_bins`."""
    return _BYTE_BINS[channel](planes, n_bins)


# The hue of bytes depends only on two differences, coded as 512 * (r - g) + (g - b) + CODE_OF_GREY.
CODE_OF_GREY = 512 * 255 + 255


def _byte_hue_bins(planes, n_bins):
    r, g, b = (plane.astype(np.int32, order="C") for plane in planes)
    r -= g
    r *= 512
    g -= b
    r += g
    r += CODE_OF_GREY
    bins = np.take(byte_hue_table(n_bins), r.astype(np.intp), mode="clip")
    unsure = np.unravel_index(np.flatnonzero(bins < 0), bins.shape)  # faster than nonzero
    if len(unsure[0]):
        colors = (plane[unsure] / 255 for plane in planes)
        bins[unsure] = _bins_of_values(_hue(*colors), n_bins)
    return bins


@lru_cache(maxsize=8)
def byte_hue_table(n_bins):
    """Bin of each code, or -1 where the hue is on an edge and its bin depends on rounding.

    The rounding also depends on the brightness, which the code omits, unless two channels are
    equal: the hue is then k / 6, which is always rounded in the same way.
    """
    r_g, g_b = np.arange(-255.0, 256)[:, np.newaxis], np.arange(-255.0, 257)
    hue = _hue(r_g + g_b, g_b, np.zeros_like(g_b))  # a colour with these differences
    bins = _bins_of_values(hue, n_bins)
    on_edge = np.abs(hue * n_bins - np.round(hue * n_bins)) < 1e-9 * n_bins
    two_equal = (r_g == 0) | (g_b == 0) | (r_g + g_b == 0)
    bins[on_edge & ~two_equal] = -1
    return bins.ravel()


def _byte_saturation_bins(planes, n_bins):
    value, chroma = _value_and_chroma(*planes)
    return np.take(_byte_saturation_table(n_bins), value * np.intp(256) + chroma, mode="clip")


@lru_cache(maxsize=8)
def _byte_saturation_table(n_bins):
    value = np.arange(256)[:, np.newaxis]
    least = np.maximum(value - np.arange(256), 0)
    value = np.broadcast_to(value, least.shape) / 255
    return _bins_of_values(_saturation(value, value, least / 255), n_bins).ravel()


def _byte_value_bins(planes, n_bins):
    return _bins_of_values(np.arange(256) / 255, n_bins)[_value(*planes)]


_BYTE_BINS = {"h": _byte_hue_bins, "s": _byte_saturation_bins, "v": _byte_value_bins}
