"""Schedules of the learning rate, each a formula of the time in epochs."""

from sk231n.core.schedules import (
    Constant,
    CosineDecay,
    ExponentialDecay,
    InverseTimeDecay,
    OneCycle,
    Plateau,
    Schedule,
    StepDecay,
)

__all__ = [
    "Constant",
    "CosineDecay",
    "ExponentialDecay",
    "InverseTimeDecay",
    "OneCycle",
    "Plateau",
    "Schedule",
    "StepDecay",
]
