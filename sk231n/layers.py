"""Layers, each usable alone: ``forward`` returns the output and its pull-back."""

from sk231n.core.activations import (
    Activation,
    Identity,
    LeakyReLU,
    Logistic,
    Maxout,
    ReLU,
    Tanh,
)
from sk231n.core.affine import Affine, Flatten
from sk231n.core.dropout import Dropout
from sk231n.core.layer import Layer, Phase
from sk231n.core.network import Network
from sk231n.core.normalizations import BatchNorm, LayerNorm
from sk231n.core.standardize import Standardize

__all__ = [
    "Activation",
    "Affine",
    "BatchNorm",
    "Dropout",
    "Flatten",
    "Identity",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Logistic",
    "Maxout",
    "Network",
    "Phase",
    "ReLU",
    "Standardize",
    "Tanh",
]
