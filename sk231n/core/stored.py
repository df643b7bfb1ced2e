"""Arrays outside of memory, such as those of zarr and HDF5: rows are read when they are needed."""

import copy
import functools
import math
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from sk231n.core.blocks import blocks
from sk231n.core.chunks import chunks_together, mapped_file, read_at_once, rows_per_chunk
from sk231n.core.errors import naming

F = TypeVar("F", bound=Callable[..., Any])

_PIECE_BYTES = 2**24  # enough to occupy several threads, while what is computed stays small


def is_stored(X: Any) -> bool:
    """Whether `X` is read by slicing it: an array of zarr or HDF5, or a map of a file with gaps.

    A map of a file whose rows follow each other is an array like any other: NumPy and the system
    read what is needed of it.
    """
    if isinstance(X, np.ndarray):
        return isinstance(X, np.memmap) and X.ndim > 1 and not X.flags.c_contiguous
    shape, dtype = getattr(X, "shape", None), getattr(X, "dtype", None)
    is_array = isinstance(shape, tuple) and len(shape) > 1 and isinstance(dtype, np.dtype)
    is_frame = hasattr(X, "iloc") or hasattr(X, "columns")
    return is_array and hasattr(X, "__getitem__") and not is_frame and not issparse(X)


def pieces(X: Any) -> Iterator[slice]:
    """Slices of a stored array, to work on one after the other."""
    row_bytes = max(1, math.prod(X.shape[1:]) * X.dtype.itemsize)
    return blocks(X.shape[0], _rows_of_chunks(X, max(1, _PIECE_BYTES // row_bytes)))


def in_pieces(method: F) -> F:
    """Decorate a method of images or rows to work on a stored array some samples at a time.

    The result of a sample must not depend on others. Anything but a stored array is passed on.
    """

    @functools.wraps(method)
    def call(self: Any, X: Any) -> Any:
        if not is_stored(X) or not X.shape[0]:
            return method(self, X)
        result = None
        for piece in pieces(X):
            of_piece = method(self, np.asarray(X[piece]))
            if result is None:
                result = np.empty((X.shape[0], *of_piece.shape[1:]), of_piece.dtype)
            result[piece] = of_piece
        return result

    return call  # type: ignore[return-value]


class StoredArray:
    """An array that is read a few chunks at a time, with what the library asks of an array.

    Integers, booleans and floats are given as they are, long floats as float64. Floats are checked
    to be finite when they are read. Several threads may read.

    Parameters
    ----------
    source : array-like of shape (n_samples, ...)
        The array. Where it consists of chunks, as its attribute ``chunks`` says, these are read
        whole.
    name : str, default="X"
        The name used in error messages.

    Attributes
    ----------
    shape : tuple of int
        The shape of the array, in which its samples are given.
    dtype : dtype
        Type of the values.
    chunks : tuple of int
        Number of samples of a chunk.
    n_together : int
        Number of chunks that are in memory at a time.
    fits : bool
        Whether these are all chunks, so that samples may be read in any order.
    """

    def __init__(self, source: Any, name: str = "X") -> None:
        if source.dtype.kind not in "buif":
            raise ValueError(
                f"{name} has dtype {source.dtype}; expected booleans, integers or floats."
            )
        self._chunks = _Chunks(source, name)
        self.shape: tuple[int, ...] = source.shape
        self.dtype = self._chunks.memory.dtype
        self.chunks = (self._chunks.n_rows,)
        self.n_together = len(self._chunks.chunk_at)
        self.fits = self.n_together == len(self._chunks.place_of)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return math.prod(self.shape)

    def reshape(self, n_samples: int, *sample_shape: int) -> "StoredArray":
        """The same samples in another shape, of which one length may be -1."""
        shape = np.broadcast_to(np.int8(0), self.shape[1:]).reshape(sample_shape).shape
        reshaped = copy.copy(self)
        reshaped.shape = (len(self), *shape)
        return reshaped

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        """Read one sample, a slice of them, or those of an array of indices."""
        if isinstance(rows, slice):
            return self.take(np.arange(*rows.indices(len(self))))
        return self.take(np.asarray([rows]))[0] if np.ndim(rows) == 0 else self.take(rows)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read everything."""
        return np.asarray(self[:], dtype)

    def take(
        self, rows: NDArray[Any], axis: int = 0, out: Any = None, mode: str = "clip"
    ) -> NDArray[Any]:
        """Read samples in any order, faster the fewer chunks they are in; see `numpy.take`."""
        if out is None:
            out = np.empty((len(rows), *self.shape[1:]), self.dtype)
        self._chunks.take(rows, out.reshape(len(rows), self._chunks.memory.shape[1]))
        return out

    def check(self) -> None:
        """Read everything once, if there may be values that are not finite; refuse these."""
        if self.dtype.kind == "f":
            for chunk in blocks(len(self), *self.chunks):
                self[chunk.start]


class _Chunks:
    """The chunks of an array, of which those that were used last are in memory."""

    def __init__(self, source, name):
        self.source, self.name = source, name
        self.is_mapped = mapped_file(source) is not None
        self.n_samples, n_values = source.shape[0], math.prod(source.shape[1:])
        is_long = source.dtype.kind == "f" and source.dtype.itemsize > 8
        dtype = np.dtype(np.float64) if is_long else source.dtype.newbyteorder("=")
        self.n_rows = _rows_of_chunks(source, rows_per_chunk(n_values * dtype.itemsize))
        n_chunks = -(-self.n_samples // self.n_rows)
        n_places = min(chunks_together(self.n_rows * n_values * dtype.itemsize), n_chunks)
        self.memory = np.empty((n_places * self.n_rows, n_values), dtype)
        # The place of each chunk or -1, the chunk at each place or -1, and when that was used.
        self.place_of, self.chunk_at = np.full(n_chunks, -1), np.full(n_places, -1)
        self.last_use, self.n_uses = np.zeros(n_places, int), 0
        self.last_read = -1
        self.lock = threading.Lock()

    def take(self, rows, out):
        """Write rows in any order into `out`."""
        chunks = rows // self.n_rows
        needed = np.unique(chunks)
        with self.lock:
            for some in blocks(len(needed), max(1, len(self.chunk_at))):
                self.hold(needed[some])
                if len(needed[some]) == len(needed):
                    np.take(self.memory, self.rows_of_memory(rows), axis=0, out=out, mode="clip")
                else:
                    here = np.flatnonzero(np.isin(chunks, needed[some]))
                    out[here] = self.memory[self.rows_of_memory(rows[here])]

    def rows_of_memory(self, rows):
        """Where in memory the rows of chunks that are there lie."""
        return self.place_of[rows // self.n_rows] * self.n_rows + rows % self.n_rows

    def hold(self, chunks):
        """Read those of the chunks that are not in memory, in place of the longest unused ones."""
        self.n_uses += 1
        places = self.place_of[chunks]
        self.last_use[places[places >= 0]] = self.n_uses
        missing = chunks[places < 0]
        if self.is_mapped:
            for chunk in missing[np.diff(missing, prepend=self.last_read) != 1]:
                read_at_once(self.source[self.rows_of(chunk)])
        for chunk in missing:
            place = np.argmin(self.last_use)
            if self.chunk_at[place] >= 0:
                self.place_of[self.chunk_at[place]] = -1
            self.chunk_at[place] = -1  # even if reading fails
            self.read(chunk, place)
            self.last_read = chunk
            self.place_of[chunk], self.chunk_at[place] = place, chunk
            self.last_use[place] = self.n_uses

    def rows_of(self, chunk):
        """Rows of a chunk."""
        start = int(chunk) * self.n_rows
        return slice(start, min(start + self.n_rows, self.n_samples))

    def read(self, chunk, place):
        """Read a chunk to a place in memory."""
        rows = self.rows_of(chunk)
        memory = self.memory[place * self.n_rows :][: rows.stop - rows.start]
        with naming(self.name), np.errstate(over="ignore", invalid="ignore"):
            part = np.asarray(self.source[rows])
            memory[...] = part.reshape(memory.shape)
            if memory.dtype.kind == "f" and not np.isfinite(memory).all():
                raise ValueError(
                    f"{self.name} contains NaN or infinity among its samples {rows.start} to "
                    f"{rows.stop - 1}; expected finite numbers."
                )


def _rows_of_chunks(source, wished):
    """Number of rows to read together: whole chunks of the array, about as many as wished."""
    own = getattr(source, "chunks", None)
    rows = own[0] if isinstance(own, tuple) and own and isinstance(own[0], int) else 1
    return rows * max(1, wished // max(1, rows))
