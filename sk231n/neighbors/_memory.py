"""Temporary arrays: how large they may be, and how they are filled without another copy."""

import numpy as np
from sklearn import get_config

from sk231n.core.chunks import read_at_once
from sk231n.neighbors._costs import BYTES_PER_TEMPORARY_NUMBER


def temporary_size(most):
    """Numbers in a temporary array: `most`, or fewer where the working memory is small."""
    memory = get_config()["working_memory"] * 2**20
    return int(min(most, memory / BYTES_PER_TEMPORARY_NUMBER))


def take_rows(rows, indices, out):
    """Write ``rows[indices]`` into an array that exists already.

    With its default mode "raise", :func:`numpy.take` fills a temporary array of the same size
    first, so that an invalid index leaves `out` unchanged. The mode "clip" needs none; an index
    beyond the last row then means the last row.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)
        The array to take from.
    indices : ndarray of shape (n_taken,)
        Indices of rows, none of them negative.
    out : ndarray of shape (n_taken, n_columns)
        The array to write into, of the same dtype as `rows`.
    """
    read_at_once(rows, indices)
    np.take(rows, indices, axis=0, out=out, mode="clip")
