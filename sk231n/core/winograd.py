r"""Winograd's convolution with filters of 3 x 3: a quarter of the multiplications.

In one dimension, four outputs of a filter :math:`g` of three taps come from six inputs :math:`d`,

.. math:: y = A^T \, [(G g) \odot (B^T d)],

with six products instead of twelve; in two dimensions, applied to columns and rows, with 36
instead of 144. Sums over the channels are taken between the transforms, which turns the 36
products into products of matrices. The transforms multiply by up to eight and subtract, so float32
loses a digit: errors are a few 1e-6 of the largest value.

Images are planes ``(h, w, n, c)``, so each transform multiplies a small matrix by rows of at least
``n * c`` numbers. Edges are never copied: at the border the transform leaves out the columns of the
matrix that would meet zeros. A few rows of tiles are worked on at a time, while they lie in the
cache.

References
----------
A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", CVPR 2016,
:arxiv:`1509.09308`: F(4 x 4, 3 x 3) and its three matrices.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from sk231n.core.windows import Axis

TAPS = 3  # of a filter, along each axis
MOST_PADDING = TAPS - 1  # more would put whole tiles outside of the image
_OUTPUTS = 4  # of a tile, along each axis
_INPUTS = 6  # of a tile, along each axis
_GROUP_SIZE = 2**17  # numbers in the transformed tiles that are worked on at a time

_B_T = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    np.float32,
)
_G = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
_A_T = np.array(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]],
    np.float32,
)
_A = np.ascontiguousarray(_A_T.T)
_G_G = np.kron(_G, _G).astype(np.float32)  # both axes of a filter at once
_G_G_T = np.ascontiguousarray(_G_G.T)


def suits(rows: Axis, columns: Axis) -> bool:
    """Whether filters that lie like this along the axes can be computed here."""
    padding = rows.before
    axes = [
        axis._replace(length=0) == Axis(0, TAPS, before=padding, after=padding)
        for axis in (rows, columns)
    ]
    return all(axes) and padding <= MOST_PADDING


def convolve(
    x: NDArray[Any], filters: NDArray[Any], padding: int
) -> tuple[NDArray[Any], Callable[..., Any]]:
    """Convolve planes with filters, and return the pull-back too.

    Parameters
    ----------
    x : C-contiguous ndarray of float32 of shape (h, w, n_samples, n_channels)
        The images.
    filters : ndarray of float32 of shape (3, 3, n_channels, n_filters)
        The filters.
    padding : int
        Number of zeros around each image, at most ``MOST_PADDING``.

    Returns
    -------
    y : C-contiguous ndarray of shape (height, width, n_samples, n_filters)
        The outputs.
    backward : callable
        ``backward(dy, of_filters, need_dx)`` takes the planes of the gradient, writes that of the
        filters, and returns that of `x`, or None if it is not needed.
    """

    def backward(dy, of_filters, need_dx):
        _correlate_gradient(x, dy, padding, of_filters)
        if not need_dx:
            return None
        # Each input met the filters back to front.
        turned = np.ascontiguousarray(filters[::-1, ::-1].transpose(0, 1, 3, 2))
        return _correlate(dy, turned, MOST_PADDING - padding)

    return _correlate(x, filters, padding), backward


def _correlate(x, filters, padding):
    """Slide the filters over the images."""
    n_samples, (n_channels, n_filters) = x.shape[2], filters.shape[2:]
    tiles = _Tiles(x.shape, padding, n_filters)
    y = np.empty((tiles.height, tiles.width, n_samples, n_filters), x.dtype)
    transformed = (_G_G @ filters.reshape(TAPS**2, -1)).reshape(-1, n_channels, n_filters)
    inputs, outputs = _InputTransform(tiles, x), _OutputTransform(tiles, y)
    for rows in tiles.groups:
        V = inputs(rows)
        M = outputs.products(rows)
        np.matmul(V, transformed, out=M)
        outputs.write(rows, M)
    return y


def _correlate_gradient(x, dy, padding, of_filters):
    """Write the gradient of the filters."""
    tiles = _Tiles(x.shape, padding, dy.shape[3])
    inputs, gradients = _InputTransform(tiles, x), _GradientTransform(tiles, dy)
    first, *others = tiles.groups
    total = inputs(first).transpose(0, 2, 1) @ gradients(first)
    part = np.empty_like(total) if others else None
    for rows in others:
        total += np.matmul(inputs(rows).transpose(0, 2, 1), gradients(rows), out=part)
    of_filters[...] = (_G_G_T @ total.reshape(len(total), -1)).reshape(of_filters.shape)


class _Tiles:
    """How the outputs are cut into tiles, and the tiles into groups of rows."""

    def __init__(self, shape, padding, n_filters):
        in_height, in_width, n_samples, n_channels = shape
        self.padding = padding
        self.height = in_height + 2 * padding - TAPS + 1
        self.width = in_width + 2 * padding - TAPS + 1
        n_rows = -(-self.height // _OUTPUTS)
        self.n_columns = -(-self.width // _OUTPUTS)
        size = _INPUTS**2 * self.n_columns * n_samples * max(n_channels, n_filters)
        self.rows_at_once = min(n_rows, max(1, _GROUP_SIZE // size))
        self.groups = [
            range(start, min(start + self.rows_at_once, n_rows))
            for start in range(0, n_rows, self.rows_at_once)
        ]


class _InputTransform:
    """Turns rows of tiles of the inputs into the matrices that are multiplied."""

    def __init__(self, tiles, x):
        self.tiles = tiles
        self.x = x.reshape(len(x), -1)
        self.n_channels = x.shape[3]
        self.pixel_size = x.shape[2] * x.shape[3]
        n_rows, n_columns = tiles.rows_at_once, tiles.n_columns
        # The columns outside of the image stay zero.
        width = _OUTPUTS * n_columns + _INPUTS - _OUTPUTS
        self.between = np.zeros((n_rows, _INPUTS, width, self.pixel_size), x.dtype)
        self.out = np.empty(_INPUTS**2 * n_rows * n_columns * self.pixel_size, x.dtype)

    def __call__(self, rows):
        """Matrices of shape (36, n_tiles * n_samples, n_channels)."""
        padding, size = self.tiles.padding, self.pixel_size
        between = self.between[: len(rows)]
        for row, out in zip(rows, between, strict=True):
            start = _OUTPUTS * row - padding
            inside = slice(max(0, -start), len(self.x) - start)
            inputs = self.x[max(0, start) : start + _INPUTS]
            out = out.reshape(_INPUTS, -1)[:, padding * size :][:, : self.x.shape[1]]
            np.matmul(_B_T[:, inside], inputs, out=out)
        by_row, by_line, by_column, by_number = between.strides
        windows = as_strided(
            between,
            (len(rows), _INPUTS, self.tiles.n_columns, _INPUTS, size),
            (by_row, by_line, _OUTPUTS * by_column, by_column, by_number),
        )
        shape = (_INPUTS, _INPUTS, len(rows), self.tiles.n_columns, size)
        V = _first(self.out, shape)
        np.matmul(_B_T, windows, out=V.transpose(2, 0, 3, 1, 4))
        return V.reshape(_INPUTS**2, -1, self.n_channels)


class _OutputTransform:
    """Turns the products into rows of tiles of the outputs."""

    def __init__(self, tiles, y):
        self.tiles = tiles
        self.y = y.reshape(len(y), -1)
        self.n_filters = y.shape[3]
        self.pixel_size = y.shape[2] * y.shape[3]
        n_rows, n_columns = tiles.rows_at_once, tiles.n_columns
        self.between = np.empty((n_rows, _INPUTS, n_columns, _OUTPUTS, self.pixel_size), y.dtype)
        self.scratch = np.empty(_INPUTS**2 * n_rows * n_columns * self.pixel_size, y.dtype)

    def products(self, rows):
        """Where the products for these rows of tiles belong, as :class:`_InputTransform`."""
        shape = (_INPUTS**2, len(rows), self.tiles.n_columns, self.pixel_size)
        return _first(self.scratch, shape).reshape(_INPUTS**2, -1, self.n_filters)

    def write(self, rows, products):
        """Write the outputs of these rows of tiles."""
        between = self.between[: len(rows)]
        shape = (_INPUTS, _INPUTS, len(rows), self.tiles.n_columns, self.pixel_size)
        np.matmul(_A_T, products.reshape(shape).transpose(2, 0, 3, 1, 4), out=between)
        for row, lines in zip(rows, between, strict=True):
            out = self.y[_OUTPUTS * row : _OUTPUTS * (row + 1)]
            lines = lines.reshape(_INPUTS, -1)[:, : self.y.shape[1]]
            np.matmul(_A_T[: len(out)], lines, out=out)


class _GradientTransform:
    """Turns rows of tiles of the gradient of the outputs into that of the products."""

    def __init__(self, tiles, dy):
        self.tiles = tiles
        self.dy = dy.reshape(len(dy), -1)
        self.n_filters = dy.shape[3]
        self.pixel_size = dy.shape[2] * dy.shape[3]
        n_rows, n_columns = tiles.rows_at_once, tiles.n_columns
        # The columns beyond the outputs stay zero.
        self.between = np.zeros((n_rows, _INPUTS, n_columns, _OUTPUTS, self.pixel_size), dy.dtype)
        self.out = np.empty(_INPUTS**2 * n_rows * n_columns * self.pixel_size, dy.dtype)

    def __call__(self, rows):
        """Matrices of shape (36, n_tiles * n_samples, n_filters)."""
        between = self.between[: len(rows)]
        for row, out in zip(rows, between, strict=True):
            dy = self.dy[_OUTPUTS * row : _OUTPUTS * (row + 1)]
            out = out.reshape(_INPUTS, -1)[:, : dy.shape[1]]
            np.matmul(_A[:, : len(dy)], dy, out=out)
        shape = (_INPUTS, _INPUTS, len(rows), self.tiles.n_columns, self.pixel_size)
        M = _first(self.out, shape)
        np.matmul(_A, between, out=M.transpose(2, 0, 3, 1, 4))
        return M.reshape(_INPUTS**2, -1, self.n_filters)


def _first(scratch, shape):
    """The first numbers of a flat array, in a shape."""
    return scratch[: np.prod(shape, dtype=int)].reshape(shape)
