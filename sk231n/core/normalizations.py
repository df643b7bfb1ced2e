"""The normalizations that have a name."""

from sk231n.core.batch_norm import BatchNorm
from sk231n.core.layer import Layer
from sk231n.core.layer_norm import LayerNorm

NORMALIZATIONS: dict[str, Layer] = {"batch": BatchNorm(), "layer": LayerNorm()}
