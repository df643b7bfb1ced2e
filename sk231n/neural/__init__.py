"""Fully connected and convolutional networks."""

from sk231n.neural.convnet import ConvNetClassifier
from sk231n.neural.mlp_classifier import MLPClassifier
from sk231n.neural.mlp_regressor import MLPRegressor

__all__ = ["ConvNetClassifier", "MLPClassifier", "MLPRegressor"]
