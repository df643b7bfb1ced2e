"""Losses, each usable alone: ``loss(scores, y, w)`` returns the value and its gradient."""

from sk231n.core.cross_entropy import CrossEntropy, log_softmax
from sk231n.core.loss import Loss
from sk231n.core.margin_losses import CrammerSinger, OneVsRest, WestonWatkins
from sk231n.core.target_losses import AbsoluteError, SigmoidCrossEntropy, SquaredError

__all__ = [
    "AbsoluteError",
    "CrammerSinger",
    "CrossEntropy",
    "Loss",
    "OneVsRest",
    "SigmoidCrossEntropy",
    "SquaredError",
    "WestonWatkins",
    "log_softmax",
]
