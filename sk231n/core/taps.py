"""Convolution with filters of any kind: one product of matrices per tap.

The pixels that a tap of the filters meets, for all positions at once, are a view of the padded
planes ``(h, w, n, c)``, shifted by the tap. Its product with the weights of the tap is added to
those of the other taps, a few rows at a time, while the sum lies in the cache. No pixel is copied
``size * size`` times, as im2col does.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.blocks import blocks
from sk231n.core.windows import Axis, inside, padded

_BAND_SIZE = 2**16  # numbers of the outputs that are added up at a time


def convolve(
    x: NDArray[Any], filters: NDArray[Any], rows: Axis, columns: Axis, empty: Any = np.empty
) -> tuple[NDArray[Any], Callable[..., Any]]:
    """Convolve planes with filters, and return the pull-back too.

    Parameters
    ----------
    x : C-contiguous ndarray of shape (h, w, n_samples, n_channels)
        The images.
    filters : ndarray of shape (height, width, n_channels, n_filters)
        The filters.
    rows, columns : Axis
        Where the filters are put.
    empty : callable, default=numpy.empty
        Makes arrays; see :class:`~sk231n.core.layer.Phase`.

    Returns
    -------
    y : C-contiguous ndarray of shape (rows.n_windows, columns.n_windows, n_samples, n_filters)
        The outputs.
    backward : callable
        ``backward(dy, of_filters, need_dx)`` takes the planes of the gradient, writes that of the
        filters, and returns that of `x`, or None if it is not needed.
    """
    n_samples, n_filters = x.shape[2], filters.shape[3]
    x = padded(x, rows, columns)
    y = empty((rows.n_windows, columns.n_windows, n_samples, n_filters), x.dtype)
    bands = list(blocks(len(y), max(1, _BAND_SIZE // y[0].size)))
    taps = list(np.ndindex(filters.shape[:2]))

    def met(source, tap, band):
        """Pixels that a tap meets in a band of the outputs."""
        return source[rows.at(tap[0]), columns.at(tap[1])][band]

    for band in bands:
        out = _pixels(y[band])
        product = empty(out.shape, out.dtype)
        for tap in taps:
            first = tap == taps[0]
            np.matmul(_pixels(met(x, tap, band)), filters[tap], out=out if first else product)
            if not first:
                out += product

    def backward(dy, of_filters, need_dx):
        of_filters[...] = 0
        dx = empty(x.shape, x.dtype) if need_dx else None
        if need_dx:
            dx[...] = 0
        for band in bands:
            gradient = _pixels(dy[band])
            for tap in taps:
                of_filters[tap] += _pixels(met(x, tap, band)).T @ gradient
                if need_dx:
                    part = met(dx, tap, band)
                    part += (gradient @ filters[tap].T).reshape(part.shape)
        return inside(dx, rows, columns) if need_dx else None

    return y, backward


def _pixels(planes):
    """One row of channels per pixel and sample; a copy where the pixels do not lie side by side."""
    return planes.reshape(-1, planes.shape[3])
