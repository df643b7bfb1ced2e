"""One flat vector for all parameters, and named views into it.

The optimizer, the gradient check, the snapshot of the best weights and their average are then one
vector operation each.  A vector is stored and pickled alone; its views are made on demand, because
copies of views would no longer share its memory.
"""

import math
from collections.abc import Iterable, Mapping
from operator import index
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Layout:
    """Where each named array of each layer lies in the flat vector.

    Parameters
    ----------
    shapes : sequence of dict
        One dict per layer: the name of each of its arrays and its shape.

    Attributes
    ----------
    size : int
        Length of the flat vector.
    """

    def __init__(self, shapes: Iterable[Mapping[str, tuple[int, ...]]]) -> None:
        self.shapes: list[dict[str, tuple[int, ...]]] = [
            {name: tuple(map(index, shape)) for name, shape in layer.items()} for layer in shapes
        ]
        self.size: int = sum(math.prod(shape) for layer in self.shapes for shape in layer.values())

    def views(self, vector: NDArray[Any]) -> list[SimpleNamespace]:
        """Name the parts of a vector.

        Parameters
        ----------
        vector : ndarray of shape (size,)
            Parameters, or their gradient.

        Returns
        -------
        list of SimpleNamespace
            One namespace per layer, each attribute a reshaped view that shares the vector's memory.
        """
        start, layers = 0, []
        for shapes in self.shapes:
            arrays = {}
            for name, shape in shapes.items():
                stop = start + math.prod(shape)
                arrays[name] = vector[start:stop].reshape(shape)
                start = stop
            layers.append(SimpleNamespace(**arrays))
        return layers

    def zeros(self, dtype: DTypeLike) -> NDArray[Any]:
        """A vector of zeros that fits this layout."""
        return np.zeros(self.size, dtype)
