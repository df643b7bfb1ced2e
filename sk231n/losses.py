"""Losses, each usable alone: ``loss(scores, y, w)`` returns the value and its gradient."""

from sk231n.core.losses import (
    CrammerSinger,
    CrossEntropy,
    OneVsRest,
    WestonWatkins,
    log_softmax,
)
from sk231n.core.target_losses import AbsoluteError, SigmoidCrossEntropy, SquaredError

__all__ = [
    "AbsoluteError",
    "CrammerSinger",
    "CrossEntropy",
    "OneVsRest",
    "SigmoidCrossEntropy",
    "SquaredError",
    "WestonWatkins",
    "log_softmax",
]
