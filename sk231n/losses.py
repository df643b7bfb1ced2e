"""Losses, each usable alone: ``loss(scores, y, w)`` returns the value and its gradient."""

from sk231n.core.losses import CrammerSinger, CrossEntropy, OneVsRest, WestonWatkins, log_softmax

__all__ = ["CrammerSinger", "CrossEntropy", "OneVsRest", "WestonWatkins", "log_softmax"]
