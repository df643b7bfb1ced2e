"""Preprocessing steps of the course: mean subtraction, the bias trick and whitening."""

from sk231n.preprocessing._bias_trick import BiasTrick
from sk231n.preprocessing._mean_subtraction import MeanSubtraction
from sk231n.preprocessing._whitening import Whitening

__all__ = ["BiasTrick", "MeanSubtraction", "Whitening"]
