"""Nearest neighbours: the classifier, and the choice of k by cross-validation."""

from sk231n.neighbors._knn import KNNClassifier
from sk231n.neighbors._knn_cv import KNNClassifierCV

__all__ = ["KNNClassifier", "KNNClassifierCV"]
