"""Optimizers, each usable alone: ``direction`` turns a gradient into a direction.

None has a learning rate among its arguments: that is the ``learning_rate`` of the estimator, a
number or a schedule, and whoever takes the step multiplies by it.
"""

from sk231n.core.optimizers import LBFGS, SGD, Adagrad, Adam, Momentum, Optimizer, RMSProp

__all__ = ["LBFGS", "SGD", "Adagrad", "Adam", "Momentum", "Optimizer", "RMSProp"]
