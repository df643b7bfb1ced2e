"""Preprocessing steps: reading pictures, rows, mean subtraction, the bias trick and whitening."""

from sk231n.photographs import ImageReader
from sk231n.preprocessing._bias_trick import BiasTrick
from sk231n.preprocessing._flatten import Flatten
from sk231n.preprocessing._mean_subtraction import MeanSubtraction
from sk231n.preprocessing._whitening import Whitening

__all__ = ["BiasTrick", "Flatten", "ImageReader", "MeanSubtraction", "Whitening"]
