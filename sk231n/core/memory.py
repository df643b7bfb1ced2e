"""Memory that is used again: fresh megabytes from the system take as long as the arithmetic.

The system hands out memory in pages, clears each of them, and takes them back as soon as much is
free. A network that computes a few images, and then the next ones, would spend half of its
time on that.
"""

import math
from sys import getrefcount
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_SMALL = 2**15  # bytes that the allocator keeps at hand anyway
_LINE = 64  # bytes that the processor reads together


class Memory:
    """Arrays for one thread, side by side in one piece of memory.

    Each array takes the first gap that is wide enough. No array has to be given back: its place is
    free when nothing refers to it but this object. So arrays that somebody keeps are never
    overwritten.

    Arrays that find no place take memory from the system, and the next round has a place for them.

    Examples
    --------
    >>> from sk231n.core.memory import Memory
    >>> memory = Memory()
    >>> memory.empty((1000, 100), float).shape
    (1000, 100)
    >>> memory.start()
    >>> x = memory.empty((1000, 100), float)
    >>> address = x.ctypes.data
    >>> y = memory.empty((1000, 100), float)
    >>> del x
    >>> memory.empty((100, 900), float).ctypes.data == address
    True
    """

    def __init__(self) -> None:
        self._memory = _aligned(0)
        self._needed = 0  # bytes, if all arrays of a round lay in one piece
        self._taken: list[tuple[int, int, NDArray[np.uint8]]] = []  # from byte, to byte, the bytes

    def start(self) -> None:
        """Begin a new round of the same arrays, or of smaller ones."""
        if self._needed > len(self._memory):
            self._memory = _aligned(self._needed)
            self._taken, self._needed = [], 0  # what is still referred to lies elsewhere

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Make an array with any values, as ``numpy.empty`` does."""
        dtype = np.dtype(dtype)
        n_bytes = math.prod(shape) * dtype.itemsize
        if n_bytes < _SMALL:
            return np.empty(shape, dtype)
        place, begin = self._first_gap(n_bytes)
        end = begin + -(-n_bytes // _LINE) * _LINE
        if end <= len(self._memory):
            array = np.frombuffer(self._memory[begin : begin + n_bytes], np.uint8)
        else:
            array = np.empty(n_bytes, np.uint8)
        self._taken.insert(place, (begin, end, array))
        self._needed = max(self._needed, end)
        return array.view(dtype).reshape(shape)

    def _first_gap(self, n_bytes):
        """Where the first gap is that holds so many bytes: its index and its first byte."""
        self._taken = taken = [piece for piece in self._taken if _count(piece) > _UNUSED]
        after = 0
        for k, (begin, end, _) in enumerate(taken):
            if begin - after >= n_bytes:
                return k, after
            after = end
        return len(taken), after


def _count(piece):
    """References to the bytes of a piece: each view of them, and each view of a view, is one."""
    return getrefcount(piece[2])


def _aligned(n_bytes):
    """Memory that begins where the processor's lines of memory begin."""
    memory = np.empty(n_bytes + _LINE, np.uint8)
    first = -memory.__array_interface__["data"][0] % _LINE
    return memoryview(memory)[first : first + n_bytes]


_UNUSED = _count((0, 0, np.empty(1, np.uint8)))  # how many count depends on the interpreter
