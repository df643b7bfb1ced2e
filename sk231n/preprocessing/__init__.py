"""Preprocessing steps: reading pictures, rows, mean subtraction, the bias trick and whitening."""

from sk231n.photographs import ImageReader
from sk231n.preprocessing.bias_trick import BiasTrick
from sk231n.preprocessing.flatten import Flatten
from sk231n.preprocessing.mean_subtraction import MeanSubtraction
from sk231n.preprocessing.whitening import Whitening

__all__ = ["BiasTrick", "Flatten", "ImageReader", "MeanSubtraction", "Whitening"]
