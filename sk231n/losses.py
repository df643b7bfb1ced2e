"""Losses, each usable alone: ``loss(scores, y, w)`` returns the value and its gradient."""

from sk231n.core.losses import (
    AbsoluteError,
    CrammerSinger,
    CrossEntropy,
    OneVsRest,
    SigmoidCrossEntropy,
    SquaredError,
    WestonWatkins,
    log_softmax,
)

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
