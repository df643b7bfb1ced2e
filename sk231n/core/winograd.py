r"""Winograd's convolution with filters of 3 x 3: a quarter of the multiplications.

In one dimension, four outputs of a filter :math:`g` of three taps come from six inputs :math:`d`,

.. math:: y = A^T \, [(G g) \odot (B^T d)],

with six products instead of twelve; in two dimensions, applied to columns and rows, with 36
instead of 144. Sums over the channels are taken between the transforms, which turns the 36
products into products of matrices. The transforms multiply and subtract, so float32 loses a digit:
errors are a few 1e-6 of the largest value.

Images are planes ``(h, w, n, c)``, so each transform multiplies a small matrix by rows of at least
``n * c`` numbers. Edges are never copied: at the border the transform leaves out the columns of the
matrix that would meet zeros. A few rows of tiles are worked on at a time, while they lie in the
cache.

References
----------
A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", CVPR 2016,
:arxiv:`1509.09308`: the algorithm F(4 x 4, 3 x 3).

B. Barabasz et al., "Error analysis and improving the accuracy of Winograd convolution for deep
neural networks", ACM Transactions on Mathematical Software 46, 2020, :arxiv:`1803.10986`: how the
choice of the points affects the error.
"""

import math
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
_GROUP_SIZE = 2**18  # numbers in the transformed tiles that are worked on at a time

# With the points 0, 3/4, -3/4, 3/2, -3/2 and infinity, errors are a quarter of those with the
# usual 0, 1, -1, 2, -2; the entries of the outer matrices are exact in float32 all the same.
_B_T = np.array(
    [
        [81 / 64, 0, -45 / 16, 0, 1, 0],
        [0, -27 / 16, -9 / 4, 3 / 4, 1, 0],
        [0, 27 / 16, -9 / 4, -3 / 4, 1, 0],
        [0, -27 / 32, -9 / 16, 3 / 2, 1, 0],
        [0, 27 / 32, -9 / 16, -3 / 2, 1, 0],
        [0, 81 / 64, 0, -45 / 16, 0, 1],
    ],
    np.float32,
)
_G = np.array(
    [
        [64 / 81, 0, 0],
        [-128 / 243, -32 / 81, -8 / 27],
        [-128 / 243, 32 / 81, -8 / 27],
        [32 / 243, 16 / 81, 8 / 27],
        [32 / 243, -16 / 81, 8 / 27],
        [0, 0, 1],
    ]
)
_A_T = np.array(
    [
        [1, 1, 1, 1, 1, 0],
        [0, 3 / 4, -3 / 4, 3 / 2, -3 / 2, 0],
        [0, 9 / 16, 9 / 16, 9 / 4, 9 / 4, 0],
        [0, 27 / 64, -27 / 64, 27 / 8, -27 / 8, 1],
    ],
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
    x: NDArray[Any], filters: NDArray[Any], padding: int, empty: Any = np.empty
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
    empty : callable, default=numpy.empty
        Makes arrays; see :class:`~sk231n.core.layer.Phase`.

    Returns
    -------
    y : C-contiguous ndarray of shape (height, width, n_samples, n_filters)
        The outputs.
    backward : callable
        ``backward(dy, of_filters, need_dx)`` takes the planes of the gradient, writes that of the
        filters, and returns that of `x`, or None if it is not needed.
    """

    def backward(dy, of_filters, need_dx):
        _correlate_gradient(x, dy, padding, of_filters, empty)
        if not need_dx:
            return None
        # Each input met the filters back to front.
        turned = np.ascontiguousarray(filters[::-1, ::-1].transpose(0, 1, 3, 2))
        return _correlate(dy, turned, MOST_PADDING - padding, empty)

    return _correlate(x, filters, padding, empty), backward


def _correlate(x, filters, padding, empty):
    """Slide the filters over the images."""
    n_samples, (n_channels, n_filters) = x.shape[2], filters.shape[2:]
    tiles = _Tiles(x.shape, padding, n_filters)
    y = empty((tiles.height, tiles.width, n_samples, n_filters), x.dtype)
    transformed = empty((_INPUTS**2, n_channels, n_filters), x.dtype)
    np.matmul(_G_G, filters.reshape(TAPS**2, -1), out=transformed.reshape(_INPUTS**2, -1))
    inputs, outputs = _InputTransform(tiles, x, empty), _OutputTransform(tiles, y, empty)
    for rows in tiles.groups:
        np.matmul(inputs(rows), transformed, out=outputs.products(rows))
        outputs.write(rows)
    return y


def _correlate_gradient(x, dy, padding, of_filters, empty):
    """Write the gradient of the filters."""
    tiles = _Tiles(x.shape, padding, dy.shape[3])
    inputs, gradients = _InputTransform(tiles, x, empty), _GradientTransform(tiles, dy, empty)
    first, *others = tiles.groups
    total = empty((_INPUTS**2, *of_filters.shape[2:]), x.dtype)
    np.matmul(inputs(first).transpose(0, 2, 1), gradients(first), out=total)
    part = empty(total.shape, x.dtype) if others else None
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
        rows_at_once = min(n_rows, max(1, _GROUP_SIZE // size))
        self.groups = [
            range(start, min(start + rows_at_once, n_rows))
            for start in range(0, n_rows, rows_at_once)
        ]

    def views(self, make):
        """What ``make(n_rows)`` returns for each length of a group, of which there are two."""
        return {n_rows: make(n_rows) for n_rows in {len(rows) for rows in self.groups}}

    def between(self, dtype, n_lines, pixel_size, empty):
        """Scratch for a group between the two transforms: its rows of tiles, by lines of pixels."""
        shape = (len(self.groups[0]), _INPUTS, n_lines, pixel_size)
        return empty(shape, dtype)

    def matrices(self, n_rows, flat, n_channels):
        """A flat array as 36 matrices, and as what the transforms write to or read from."""
        pixel_size = flat.size // (_INPUTS**2 * len(self.groups[0]) * self.n_columns)
        shape = (_INPUTS, _INPUTS, n_rows, self.n_columns, pixel_size)
        used = flat[: math.prod(shape)].reshape(shape)
        return used.reshape(_INPUTS**2, -1, n_channels), used.transpose(2, 0, 3, 1, 4)

    def flat(self, dtype, pixel_size, empty):
        """Memory for the matrices of a group."""
        return empty((_INPUTS**2 * len(self.groups[0]) * self.n_columns * pixel_size,), dtype)


class _InputTransform:
    """Turns rows of tiles of the inputs into the matrices that are multiplied."""

    def __init__(self, tiles, x, empty):
        self.padding = tiles.padding
        self.x = x.reshape(len(x), -1)
        size = x.shape[2] * x.shape[3]
        n_lines = _OUTPUTS * tiles.n_columns + _INPUTS - _OUTPUTS
        between = tiles.between(x.dtype, n_lines, size, empty)
        # The columns outside of the image stay zero.
        between[:, :, : tiles.padding] = 0
        between[:, :, tiles.padding + x.shape[1] :] = 0
        inside = slice(tiles.padding * size, tiles.padding * size + self.x.shape[1])
        self.lines = between.reshape(len(between), _INPUTS, -1)[:, :, inside]
        by_row, by_line, by_column, by_number = between.strides
        windows = as_strided(
            between,
            (len(between), _INPUTS, tiles.n_columns, _INPUTS, size),
            (by_row, by_line, _OUTPUTS * by_column, by_column, by_number),
        )
        flat = tiles.flat(x.dtype, size, empty)
        self.views = tiles.views(lambda n: (windows[:n], *tiles.matrices(n, flat, x.shape[3])))

    def __call__(self, rows):
        """Matrices of shape (36, n_tiles * n_samples, n_channels)."""
        whole = [row for row in rows if 0 <= self._start(row) <= len(self.x) - _INPUTS]
        if whole:
            by_line, by_number = self.x.strides
            inputs = as_strided(
                self.x[self._start(whole[0]) :],
                (len(whole), _INPUTS, self.x.shape[1]),
                (_OUTPUTS * by_line, by_line, by_number),
            )
            first = whole[0] - rows[0]
            np.matmul(_B_T, inputs, out=self.lines[first : first + len(whole)])
        for row in rows:
            if row not in whole:
                start = self._start(row)
                inside = slice(max(0, -start), len(self.x) - start)
                inputs = self.x[max(0, start) : start + _INPUTS]
                np.matmul(_B_T[:, inside], inputs, out=self.lines[row - rows[0]])
        windows, matrices, out = self.views[len(rows)]
        np.matmul(_B_T, windows, out=out)
        return matrices

    def _start(self, row):
        """First line of pixels that a row of tiles meets, negative in the zeros around."""
        return _OUTPUTS * row - self.padding


class _OutputTransform:
    """Turns the products into rows of tiles of the outputs."""

    def __init__(self, tiles, y, empty):
        self.y = y.reshape(len(y), -1)
        size = y.shape[2] * y.shape[3]
        between = tiles.between(y.dtype, _OUTPUTS * tiles.n_columns, size, empty)
        tiled = between.reshape(len(between), _INPUTS, tiles.n_columns, _OUTPUTS, size)
        self.lines = between.reshape(len(between), _INPUTS, -1)[:, :, : self.y.shape[1]]
        flat = tiles.flat(y.dtype, size, empty)
        self.views = tiles.views(lambda n: (tiled[:n], *tiles.matrices(n, flat, y.shape[3])))

    def products(self, rows):
        """Where the products for these rows of tiles belong, as :class:`_InputTransform`."""
        return self.views[len(rows)][1]

    def write(self, rows):
        """Write the outputs of these rows of tiles."""
        between, _, products = self.views[len(rows)]
        np.matmul(_A_T, products, out=between)
        for lines, out in _by_rows(self.lines, self.y, rows):
            np.matmul(_A_T[: out.shape[-2]], lines, out=out)


class _GradientTransform:
    """Turns rows of tiles of the gradient of the outputs into that of the products."""

    def __init__(self, tiles, dy, empty):
        self.dy = dy.reshape(len(dy), -1)
        size = dy.shape[2] * dy.shape[3]
        between = tiles.between(dy.dtype, _OUTPUTS * tiles.n_columns, size, empty)
        between[:, :, dy.shape[1] :] = 0  # the columns beyond the outputs stay zero
        tiled = between.reshape(len(between), _INPUTS, tiles.n_columns, _OUTPUTS, size)
        self.lines = between.reshape(len(between), _INPUTS, -1)[:, :, : self.dy.shape[1]]
        flat = tiles.flat(dy.dtype, size, empty)
        self.views = tiles.views(lambda n: (tiled[:n], *tiles.matrices(n, flat, dy.shape[3])))

    def __call__(self, rows):
        """Matrices of shape (36, n_tiles * n_samples, n_filters)."""
        for lines, dy in _by_rows(self.lines, self.dy, rows):
            np.matmul(_A[:, : dy.shape[-2]], dy, out=lines)
        between, matrices, out = self.views[len(rows)]
        np.matmul(_A, between, out=out)
        return matrices


def _by_rows(lines, outputs, rows):
    """Pairs of lines and outputs: the rows of whole tiles at once, then one with fewer lines."""
    outputs = outputs[_OUTPUTS * rows[0] : _OUTPUTS * (rows[-1] + 1)]
    n_whole = len(outputs) // _OUTPUTS
    if n_whole:
        whole = outputs[: _OUTPUTS * n_whole].reshape(n_whole, _OUTPUTS, -1)
        yield lines[:n_whole], whole
    if len(outputs) > _OUTPUTS * n_whole:
        yield lines[n_whole], outputs[_OUTPUTS * n_whole :]
