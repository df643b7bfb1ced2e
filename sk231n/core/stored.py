"""Arrays outside of memory, such as those of zarr and HDF5: rows are read when they are needed."""

import copy
import functools
import math
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from sk231n.core.blocks import blocks
from sk231n.core.chunk_cache import ChunkCache, read_slice, rows_of_chunks
from sk231n.core.chunks import mapped_file

F = TypeVar("F", bound=Callable[..., Any])

_PIECE_BYTES = 2**24  # enough to occupy several threads, while what is computed stays small


def is_stored(X: Any) -> bool:
    """Whether `X` is read by slicing it: an array of zarr or HDF5, or a map of a file with gaps.

    A map of a file whose rows follow each other is an array like any other: NumPy and the system
    read what is needed of it.
    """
    if isinstance(X, np.ndarray):
        return X.ndim > 1 and not X.flags.c_contiguous and mapped_file(X) is not None
    shape, dtype = getattr(X, "shape", None), getattr(X, "dtype", None)
    is_array = isinstance(shape, tuple) and len(shape) > 1 and isinstance(dtype, np.dtype)
    is_lazy = hasattr(X, "__dask_graph__") and X.__dask_graph__() is not None
    of_another_kind = any(hasattr(X, name) for name in ("iloc", "columns", "__dlpack__"))
    of_another_kind = of_another_kind or is_lazy or issparse(X)
    return is_array and hasattr(X, "__getitem__") and not of_another_kind


def pieces(X: Any) -> Iterator[slice]:
    """Slices of a stored array, to work on one after the other."""
    row_bytes = max(1, math.prod(map(int, X.shape[1:])) * X.dtype.itemsize)
    return blocks(int(X.shape[0]), rows_of_chunks(X, max(1, _PIECE_BYTES // row_bytes)))


def in_pieces(method: F) -> F:
    """Decorate a method of images or rows to work on a stored array some samples at a time.

    The result of a sample must not depend on others. Anything but a stored array is passed on.
    """

    @functools.wraps(method)
    def call(self: Any, X: Any) -> Any:
        if not is_stored(X) or not X.shape[0]:
            return method(self, X)
        result, shape = None, tuple(map(int, X.shape))
        for piece in pieces(X):
            of_piece = method(self, read_slice(X, piece, shape, "X"))
            if result is None:
                result = np.empty((shape[0], *of_piece.shape[1:]), of_piece.dtype)
            result[piece] = of_piece
        return result

    return call  # type: ignore[return-value]  # of the type of the method, as wraps says


class ReadAhead:
    """Reads the chunks that an order of samples needs next, while others are worked on.

    Parameters
    ----------
    X : ndarray or StoredArray
        The samples; nothing is done for those in memory.
    order : ndarray of int
        Their indices, in the order in which they are needed.
    """

    def __init__(self, X: Any, order: NDArray[Any]) -> None:
        self._X = X if isinstance(X, StoredArray) else None
        self._order = order
        self._start, self._stop = 0, self._end_of_window(0)  # of what is being read

    def __call__(self, position: int) -> None:
        """Read on if samples before this position of the order, which were read last, are taken."""
        if self._X is not None and position > self._start:
            self._start = max(self._stop, position)
            self._stop = self._end_of_window(self._start)
            self._X.expect(self._order[self._start : self._stop])

    def _end_of_window(self, start):
        """Position before which as many chunks are needed as are best used together."""
        if self._X is None:
            return 0
        (chunk_rows,), n_together = self._X.chunks, self._X.n_together
        rows = self._order[start : start + n_together * chunk_rows]
        first = np.sort(np.unique(rows // chunk_rows, return_index=True)[1])
        return start + (int(first[n_together]) if len(first) > n_together else len(rows))

    def close(self) -> None:
        """Wait for what is being read."""
        if self._X is not None:
            self._X.expect(self._order[:0])


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
        Number of chunks of which samples are best taken at a time.
    fits : bool
        Whether these are all chunks, so that samples may be read in any order.
    """

    def __init__(self, source: Any, name: str = "X") -> None:
        if source.dtype.kind not in "buif":
            raise ValueError(
                f"{name} has dtype {source.dtype}; expected booleans, integers or floats."
            )
        self._chunks = ChunkCache(source, name)
        self.shape: tuple[int, ...] = tuple(map(int, source.shape))
        self.dtype = self._chunks.dtype
        self.chunks = (self._chunks.n_rows,)
        self.n_together = self._chunks.n_together
        self.fits = self._chunks.n_places >= self._chunks.n_chunks

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
        if isinstance(rows, tuple) and rows[1:] == (Ellipsis,):  # as scikit-learn asks
            rows = np.asarray(rows[0])
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
        self._chunks.take(rows, out.reshape(len(rows), math.prod(self.shape[1:])))
        return out

    def expect(self, rows: NDArray[Any]) -> None:
        """Read the chunks of samples that are needed soon, while the caller goes on."""
        self._chunks.expect(np.unique(rows // self._chunks.n_rows))

    def check(self) -> None:
        """Read everything once, if there may be values that are not finite; refuse these."""
        if self.dtype.kind == "f":
            for chunk in blocks(len(self), *self.chunks):
                self[chunk.start]
