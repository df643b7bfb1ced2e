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
from sk231n.core.batch_norm import BatchNorm
from sk231n.core.convolution import Conv2D
from sk231n.core.dropout import Dropout
from sk231n.core.layer import Layer, Phase
from sk231n.core.layer_norm import LayerNorm
from sk231n.core.network import Network
from sk231n.core.pooling import AveragePool2D, GlobalAveragePool2D, MaxPool2D
from sk231n.core.residual import Residual
from sk231n.core.standardize import Standardize

__all__ = [
    "Activation",
    "Affine",
    "AveragePool2D",
    "BatchNorm",
    "Conv2D",
    "Dropout",
    "Flatten",
    "GlobalAveragePool2D",
    "Identity",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Logistic",
    "MaxPool2D",
    "Maxout",
    "Network",
    "Phase",
    "ReLU",
    "Residual",
    "Standardize",
    "Tanh",
]
