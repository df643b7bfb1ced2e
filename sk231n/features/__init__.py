"""Hand-made features of images: gradients and colours."""

from sk231n.features.color import ColorMoments, HSVHistogram
from sk231n.features.hog import HOG

__all__ = ["HOG", "ColorMoments", "HSVHistogram"]
