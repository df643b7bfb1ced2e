"""Chunks: consecutive samples that are read together from a file, and orders that respect them.

A disk reads a megabyte about as fast as a single row. An epoch over a file larger than memory
therefore takes its samples from a few dozen chunks at a time, chosen at random.
"""

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.blocks import blocks

_CHUNK_BYTES = 2**20  # reading a megabyte takes much longer than finding it
_BUFFER_BYTES = 2**26  # of chunks that are shuffled together; two such parts are in memory at times


def rows_per_chunk(bytes_per_row: int) -> int:
    """Number of rows of a chunk, a power of two: about a megabyte, or one row that is larger."""
    return 1 << max(0, (_CHUNK_BYTES // max(1, bytes_per_row)).bit_length() - 1)


def chunks_together(bytes_per_chunk: int) -> int:
    """Number of chunks that are in memory at the same time, two at least."""
    return max(2, _BUFFER_BYTES // max(1, bytes_per_chunk))


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


class ReadAhead:
    """Asks the system to read the parts of a mapped file that an order of its rows needs next.

    By itself, the system reads what surrounds the first byte that is missing, which may be much
    more than a chunk, and only when somebody waits for it. Other arrays are left alone.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        The data, perhaps a part of a mapped file.
    order : ndarray of int
        The rows, in the order in which they will be needed.
    """

    def __init__(self, X: Any, order: NDArray[Any]) -> None:
        self._file = mapped_file(X) if hasattr(mmap, "MADV_WILLNEED") else None
        self._order, self._n_requested = order, 0
        if self._file is None:
            return
        # The map begins at an address and a multiple of the page size, the array somewhere later.
        self._start = X.ctypes.data - np.frombuffer(self._file, np.uint8, 1).ctypes.data
        self._row_bytes, self._n_rows = X.strides[0], len(X)
        self._chunk_rows = rows_per_chunk(self._row_bytes)
        self._n_together = chunks_together(self._chunk_rows * self._row_bytes)

    def __call__(self, position: int) -> None:
        """Ask for the rows at and after a position of the order, until a buffer is full of them."""
        if self._file is None:
            return
        window = self._n_together * self._chunk_rows
        while self._n_requested < min(position + window, len(self._order)):
            rows = self._order[self._n_requested : self._n_requested + window]
            self._n_requested += window
            self._request(np.unique(rows // self._chunk_rows))

    def _request(self, chunks):
        if len(chunks) > 2 * self._n_together:
            return  # in an order that does not respect chunks, this would be all of the file
        for chunk in chunks.tolist():
            first = chunk * self._chunk_rows
            last = min(first + self._chunk_rows, self._n_rows)
            start, stop = (self._start + row * self._row_bytes for row in (first, last))
            start -= start % mmap.PAGESIZE
            self._file.madvise(mmap.MADV_WILLNEED, start, stop - start)


def mapped_file(X: Any) -> mmap.mmap | None:
    """The map of a file in which an array lies, or None."""
    while X is not None and not isinstance(X, mmap.mmap):
        X = getattr(X, "base", None)
    return X
