"""Planes: the order in memory in which the layers of images compute.

The shape of a batch of images is ``(n, h, w, c)`` for every layer. In memory the samples of a pixel
lie side by side, as planes ``(h, w, n, c)``: a pixel's neighbour is then a shift by ``n * c``
numbers, and arithmetic runs over long rows instead of a few channels. NumPy keeps the order in
memory of what it computes element by element, so that layers of a user's own need not know of it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def to_planes(x: NDArray[Any]) -> NDArray[Any]:
    """Give images of shape (n, h, w, c) the order (h, w, n, c), without a copy if they have it."""
    return np.ascontiguousarray(x.transpose(*range(1, x.ndim - 1), 0, x.ndim - 1))


def from_planes(planes: NDArray[Any]) -> NDArray[Any]:
    """Show planes of shape (h, w, n, c) as images of shape (n, h, w, c)."""
    return planes.transpose(planes.ndim - 2, *range(planes.ndim - 2), planes.ndim - 1)


def as_matrix(x: NDArray[Any]) -> NDArray[Any]:
    """Show images of shape (n, h, w, c) as a matrix: a row per pixel, ``n * c`` columns.

    It is a copy where the images do not have the order of planes in memory.
    """
    return to_planes(x).reshape(-1, x.shape[0] * x.shape[-1])


def as_images(matrix: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Undo :func:`as_matrix` for images of a shape (n, h, w, c)."""
    n_samples, *sides, n_channels = shape
    return from_planes(matrix.reshape(*sides, n_samples, n_channels))
