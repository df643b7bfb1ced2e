"""Layers, each usable alone: ``forward`` returns the output and its pull-back."""

from sk231n.core.layers import Affine, Network

__all__ = ["Affine", "Network"]
