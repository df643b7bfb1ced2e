"""Fully connected and convolutional networks."""

from sk231n.neural._classifier import MLPClassifier
from sk231n.neural._convnet import ConvNetClassifier
from sk231n.neural._regressor import MLPRegressor

__all__ = ["ConvNetClassifier", "MLPClassifier", "MLPRegressor"]
