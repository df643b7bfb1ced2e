"""Fully connected networks."""

from sk231n.neural._classifier import MLPClassifier
from sk231n.neural._regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
