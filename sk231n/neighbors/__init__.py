"""Nearest neighbours: the classifier, the choice of k by cross-validation, and data in shards."""

from sk231n.neighbors._merge import merge_neighbors
from sk231n.neighbors.knn import KNNClassifier
from sk231n.neighbors.knn_cv import KNNClassifierCV

__all__ = ["KNNClassifier", "KNNClassifierCV", "merge_neighbors"]
