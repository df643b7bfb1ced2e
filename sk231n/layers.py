"""Layers, each usable alone: ``forward`` returns the output and its pull-back."""

from sk231n.core.activations import Identity, LeakyReLU, Logistic, Maxout, ReLU, Tanh
from sk231n.core.layers import Affine, Dropout, Phase
from sk231n.core.network import Network
from sk231n.core.normalizations import BatchNorm, LayerNorm

__all__ = [
    "Affine",
    "BatchNorm",
    "Dropout",
    "Identity",
    "LayerNorm",
    "LeakyReLU",
    "Logistic",
    "Maxout",
    "Network",
    "Phase",
    "ReLU",
    "Tanh",
]
