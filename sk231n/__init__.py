"""Classic image classification as scikit-learn estimators."""

from sk231n.linear import LinearSVM, SoftmaxClassifier

__version__ = "0.1.0"

__all__ = ["LinearSVM", "SoftmaxClassifier", "__version__"]
