"""Initializers: how weights start."""

from sk231n.core.initializers import Glorot, He, Initializer, LeCun, Normal, Sparse, Zeros

__all__ = ["Glorot", "He", "Initializer", "LeCun", "Normal", "Sparse", "Zeros"]
