"""Initializers: how weights start."""

from sk231n.core.initializers import Glorot, He, LeCun, Normal, Sparse, Zeros

__all__ = ["Glorot", "He", "LeCun", "Normal", "Sparse", "Zeros"]
