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


class Memory:
    """Arrays for one thread, in memory that earlier arrays of about the same size no longer need.

    No array has to be given back: memory is free when nothing refers to it but this object. So
    arrays that somebody keeps are never overwritten.

    Examples
    --------
    >>> from sk231n.core.memory import Memory
    >>> memory = Memory()
    >>> x = memory.empty((1000, 100), float)
    >>> address = x.ctypes.data
    >>> y = memory.empty((1000, 100), float)
    >>> del x
    >>> memory.empty((100, 1000), float).ctypes.data == address
    True
    """

    def __init__(self) -> None:
        self._buffers: dict[int, list[NDArray[np.uint8]]] = {}
        self._most_used: dict[int, int] = {}  # buffers of each size since the last start

    def start(self) -> None:
        """Begin a new round of the same arrays; what the last one did not need is given back."""
        for size, buffers in self._buffers.items():
            del buffers[self._most_used.get(size, 0) :]
        self._most_used.clear()

    def empty(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Make an array with any values, as ``numpy.empty`` does."""
        dtype = np.dtype(dtype)
        n_bytes = math.prod(shape) * dtype.itemsize
        if n_bytes < _SMALL:
            return np.empty(shape, dtype)
        # Rounded up by less than an eighth, so that nearly equal arrays share their memory.
        step = 1 << (n_bytes.bit_length() - 4)
        size = -(-n_bytes // step) * step
        buffers = self._buffers.setdefault(size, [])
        k = next((k for k in range(len(buffers)) if _count_references(buffers, k) == _UNUSED), None)
        if k is None:
            k = len(buffers)
            buffers.append(np.empty(size, np.uint8))
        self._most_used[size] = max(self._most_used.get(size, 0), k + 1)
        return buffers[k][:n_bytes].view(dtype).reshape(shape)


def _count_references(buffers, k):
    """References to a buffer; the views of an array refer to it, and not to each other."""
    return getrefcount(buffers[k])


_UNUSED = _count_references([np.empty(1, np.uint8)], 0)  # how many count depends on the interpreter
