"""The chunks of an array outside of memory, of which those that were used last are in memory."""

import math
import threading
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.blocks import blocks
from sk231n.core.chunks import chunks_together, mapped_file, read_at_once, rows_per_chunk
from sk231n.core.errors import naming


class ChunkCache:
    """Rows of an array, in chunks that are read when they are needed, or expected to be.

    Only one thread reads at a time. While it does, others take rows of chunks that are there.

    Parameters
    ----------
    source : array-like of shape (n_samples, ...)
        The array, of which slices are taken.
    name : str
        The name used in error messages.

    Attributes
    ----------
    dtype : dtype
        Type of the rows, in the order of bytes of this machine.
    n_rows : int
        Number of rows of a chunk.
    n_chunks, n_places, n_together : int
        Number of chunks, of those that memory holds, and of those to use at a time.
    """

    def __init__(self, source: Any, name: str) -> None:
        self._source, self._name = source, name
        self._shape = tuple(map(int, source.shape))
        self._is_mapped = mapped_file(source) is not None and source.flags.c_contiguous
        self._n_samples, n_values = self._shape[0], math.prod(self._shape[1:])
        is_long = source.dtype.kind == "f" and source.dtype.itemsize > 8
        self.dtype = np.dtype(np.float64) if is_long else source.dtype.newbyteorder("=")
        row_bytes = n_values * self.dtype.itemsize
        self.n_rows = rows_of_chunks(source, rows_per_chunk(row_bytes))
        self.n_chunks = -(-self._n_samples // self.n_rows)
        self.n_together = chunks_together(self.n_rows * row_bytes)
        self.n_places = min(2 * self.n_together, self.n_chunks)
        self._memory = np.empty((self.n_places * self.n_rows, n_values), self.dtype)
        # The place of each chunk or -1, the chunk at each place or -1, when that was used, and how
        # often the place was given to another.
        self._place_of = np.full(self.n_chunks, -1)
        self._chunk_at = np.full(self.n_places, -1)
        self._last_use, self._n_given_away = np.zeros((2, self.n_places), int)
        self._n_uses, self._last_read = 0, -1
        # Places are given away by who reads, and looked up and changed by who has the lock.
        self._reading, self._lock = threading.Lock(), threading.Lock()
        self._reader: threading.Thread | None = None
        self._expected = np.empty(0, int)

    def take(self, rows: NDArray[Any], out: NDArray[Any]) -> None:
        """Write rows in any order into `out`, of shape (n_rows, n_values)."""
        chunks = rows // self.n_rows
        needed = np.unique(chunks)
        if not len(rows):
            return
        if self._is_mapped and self._is_quicker_without(rows, needed):
            out[...] = self._source[rows].reshape(out.shape)
            return
        if self._copy(needed, rows, out):
            return
        with self._reading:
            for some in blocks(len(needed), self.n_places):
                self._announce(needed[some])
                self._read_missing(needed[some], keep=needed[some])
                here = np.flatnonzero(np.isin(chunks, needed[some]))
                part = out if len(here) == len(rows) else np.empty_like(out[: len(here)])
                self._copy(needed[some], rows[here], part)
                if part is not out:
                    out[here] = part

    def _is_quicker_without(self, rows, chunks):
        """Whether the system itself reads rows of a mapped file best: many in order, or a few."""
        if len(chunks) > self.n_places:
            read_at_once(self._source, rows)
            return True
        return len(rows) == rows[-1] - rows[0] + 1 and (np.diff(rows) == 1).all()

    def expect(self, chunks: NDArray[Any]) -> None:
        """Read chunks in the background, after those of the last call."""
        if self._reader is not None:
            self._reader.join()
        if len(chunks):
            keep = np.concatenate([self._expected, chunks])  # the former are about to be used
            # A daemon, since a program that ends need not wait for what it no longer needs.
            self._reader = threading.Thread(
                target=self._read_expected, args=(chunks, keep), name="reads ahead", daemon=True
            )
            self._reader.start()
        self._expected = chunks

    def _read_expected(self, chunks, keep):
        self._announce(chunks)
        for k in range(len(chunks)):
            with self._reading:  # released after each, for who cannot wait
                try:
                    self._read_missing(chunks[k : k + 1], keep)
                except Exception:
                    return  # who takes rows of this chunk will meet the same error

    def _copy(self, chunks, rows, out):
        """Write rows of the chunks into `out`; return whether all were and stayed in memory."""
        with self._lock:
            places = self._place_of[chunks]
            self._n_uses += 1
            self._last_use[places[places >= 0]] = self._n_uses
            if (places < 0).any():
                return False
            given_away = self._n_given_away[places]
            rows = self._place_of[rows // self.n_rows] * self.n_rows + rows % self.n_rows
        # Without the lock, so that several threads copy at a time.
        np.take(self._memory, rows, axis=0, out=out, mode="clip")
        with self._lock:
            return bool((self._n_given_away[places] == given_away).all())

    def _announce(self, chunks):
        """Let the system begin to read chunks of a mapped file; it follows a sequence by itself."""
        if self._is_mapped:
            missing = chunks[self._place_of[chunks] < 0]
            for chunk in missing[np.diff(missing, prepend=self._last_read) != 1]:
                read_at_once(self._source[self._rows_of(chunk)])

    def _read_missing(self, chunks, keep):
        """Read those that are not in memory, in place of the longest unused that need not stay."""
        for chunk in chunks[self._place_of[chunks] < 0]:
            with self._lock:
                stays = np.isin(self._chunk_at, keep)
                place = np.argmin(np.where(stays, self._n_uses + 1, self._last_use))
                if self._chunk_at[place] >= 0:
                    self._place_of[self._chunk_at[place]] = -1
                self._chunk_at[place] = -1
                self._n_given_away[place] += 1
            self._read(chunk, place)
            with self._lock:
                self._place_of[chunk], self._chunk_at[place] = place, chunk
                self._last_use[place], self._last_read = self._n_uses, chunk

    def _rows_of(self, chunk):
        """Rows of a chunk."""
        start = int(chunk) * self.n_rows
        return slice(start, min(start + self.n_rows, self._n_samples))

    def _read(self, chunk, place):
        """Read a chunk to a place in memory."""
        rows = self._rows_of(chunk)
        memory = self._memory[place * self.n_rows :][: rows.stop - rows.start]
        with naming(self._name), np.errstate(over="ignore", invalid="ignore"):
            part = read_slice(self._source, rows, self._shape, self._name)
            memory[...] = part.reshape(memory.shape)
            if self.dtype.kind == "f" and not np.isfinite(memory).all():
                raise ValueError(
                    f"{self._name} contains NaN or infinity among its samples {rows.start} to "
                    f"{rows.stop - 1}; expected finite numbers."
                )


def rows_of_chunks(source: Any, wished: int) -> int:
    """Number of rows to read together: whole chunks of the array, about as many as wished."""
    own = getattr(source, "chunks", None)
    is_known = isinstance(own, tuple) and own and isinstance(own[0], Integral) and own[0] > 0
    rows = max(1, min(int(own[0]), int(source.shape[0]))) if is_known else 1
    return rows * max(1, wished // rows)


def read_slice(source: Any, rows: slice, shape: tuple[int, ...], name: str) -> NDArray[Any]:
    """Read rows of an array of a known shape; refuse what is not as its shape and dtype say."""
    part = np.asarray(source[rows])
    expected = (rows.stop - rows.start, *shape[1:])
    if part.shape != expected or not np.can_cast(part.dtype, source.dtype):
        raise ValueError(
            f"{name} has the shape {shape} and the dtype {source.dtype}, but its rows {rows.start} "
            f"to {rows.stop - 1} come as an array of shape {part.shape} and dtype {part.dtype}."
        )
    return np.ascontiguousarray(part)  # also out of a map of a file
