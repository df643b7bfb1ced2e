"""Linear classifiers: one affine layer, trained on a hinge or on the cross-entropy."""

from sk231n.linear.softmax import SoftmaxClassifier
from sk231n.linear.svm import LinearSVM

__all__ = ["LinearSVM", "SoftmaxClassifier"]
