"""Optimizers, each usable alone: ``direction`` turns a gradient into a direction."""

from sk231n.core.optimizers import LBFGS, SGD, Adagrad, Adam, Momentum, RMSProp

__all__ = ["LBFGS", "SGD", "Adagrad", "Adam", "Momentum", "RMSProp"]
