"""Classic image classification as scikit-learn estimators."""

from sk231n._version import __version__
from sk231n._versions import show_versions
from sk231n.features import HOG, ColorMoments, HSVHistogram
from sk231n.linear import LinearSVM, SoftmaxClassifier
from sk231n.neighbors import KNNClassifier, KNNClassifierCV
from sk231n.neural import ConvNetClassifier, MLPClassifier, MLPRegressor
from sk231n.preprocessing import BiasTrick, Flatten, ImageReader, MeanSubtraction, Whitening

__all__ = [
    "HOG",
    "BiasTrick",
    "ColorMoments",
    "ConvNetClassifier",
    "Flatten",
    "HSVHistogram",
    "ImageReader",
    "KNNClassifier",
    "KNNClassifierCV",
    "LinearSVM",
    "MLPClassifier",
    "MLPRegressor",
    "MeanSubtraction",
    "SoftmaxClassifier",
    "Whitening",
    "__version__",
    "show_versions",
]
