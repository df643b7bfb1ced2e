"""Chunks: consecutive samples that are read together from a file, and orders that respect them.

It takes a disk not much longer to read two megabytes than a single row. An epoch over a file larger
than memory therefore takes its samples from a few dozen chunks at a time, chosen at random.
"""

import ctypes
import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.blocks import blocks

_CHUNK_BYTES = 2**21  # reading them takes much longer than finding them
_BUFFER_BYTES = 2**26  # of chunks in memory: half of them are in use, half are read


# That of the system, because Python's keeps the interpreter's lock while the system finds memory.
_madvise = None
if hasattr(mmap, "MADV_WILLNEED"):
    _madvise = ctypes.CDLL(None).madvise
    _madvise.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int


def rows_per_chunk(bytes_per_row: int) -> int:
    """Number of rows of a chunk, a power of two: about two megabytes, or one row that is larger."""
    return 1 << max(0, (_CHUNK_BYTES // max(1, bytes_per_row)).bit_length() - 1)


def chunks_together(bytes_per_chunk: int) -> int:
    """Number of chunks that are shuffled together; while they are used, the next are read."""
    return max(1, _BUFFER_BYTES // 2 // max(1, bytes_per_chunk))


def shuffled_in_chunks(
    rows: NDArray[Any], chunk_rows: int, n_together: int, rng: np.random.RandomState
) -> NDArray[Any]:
    """Shuffle rows so that few chunks are needed at a time.

    The chunks come in random order. Of `n_together` of them, which follow each other, the rows are
    shuffled.

    Parameters
    ----------
    rows : ndarray of int
        The rows.
    chunk_rows : int
        Number of rows of a chunk.
    n_together : int
        Number of chunks whose rows are shuffled together.
    rng : RandomState
        Draws the order.

    Returns
    -------
    ndarray of int
        The rows in another order.
    """
    rows = np.sort(rows)
    chunks = np.split(rows, np.flatnonzero(np.diff(rows // chunk_rows)) + 1)
    order = rng.permutation(len(chunks))
    parts = [
        rng.permutation(np.concatenate([chunks[k] for k in order[together]]))
        for together in blocks(len(chunks), n_together)
    ]
    return np.concatenate(parts)


def mapped_file(X: Any) -> mmap.mmap | None:
    """The map of a file in which an array lies, or None."""
    while X is not None and not isinstance(X, mmap.mmap):
        X = getattr(X, "base", None)
    return X


def read_at_once(X: Any, rows: NDArray[Any] | None = None) -> None:
    """Ask the system to read an array of a mapped file, or some of its rows, and no more.

    By itself it reads what surrounds each page that is missing, on some disks megabytes, which
    drives out of memory what is needed. Arrays that are not part of a file are left alone.

    Parameters
    ----------
    X : ndarray
        The array.
    rows : ndarray of int or None, default=None
        Indices of the rows; None for all of the array.
    """
    if _madvise is None or mapped_file(X) is None or not X.flags.c_contiguous:
        return
    starts, length = [X.ctypes.data], X.nbytes
    if rows is not None:
        length = X.strides[0]
        starts = (X.ctypes.data + np.unique(rows[rows < len(X)]) * length).tolist()
    for start in starts:
        first_page = start - start % mmap.PAGESIZE
        _madvise(first_page, start + length - first_page, mmap.MADV_WILLNEED)
