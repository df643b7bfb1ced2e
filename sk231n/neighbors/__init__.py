"""Nearest neighbours: the classifier, the choice of k by cross-validation, and data in shards."""

from sk231n.neighbors._knn import KNNClassifier
from sk231n.neighbors._knn_cv import KNNClassifierCV
from sk231n.neighbors._merge import merge_neighbors

__all__ = ["KNNClassifier", "KNNClassifierCV", "merge_neighbors"]
