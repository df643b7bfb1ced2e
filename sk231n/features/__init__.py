"""Hand-crafted features of images: histograms of gradients, colour histograms and moments."""

from sk231n.features.color_moments import ColorMoments
from sk231n.features.hog import HOG
from sk231n.features.hsv_histogram import HSVHistogram

__all__ = ["HOG", "ColorMoments", "HSVHistogram"]
