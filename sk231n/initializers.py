"""Initializers: how weights start."""

from sk231n.core.initializers import Zeros

__all__ = ["Zeros"]
