"""Hand-made features of images: gradients and colours."""

from sk231n.features.color_moments import ColorMoments
from sk231n.features.hog import HOG
from sk231n.features.hsv_histogram import HSVHistogram

__all__ = ["HOG", "ColorMoments", "HSVHistogram"]
