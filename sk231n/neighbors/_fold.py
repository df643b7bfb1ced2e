"""A fold of cross-validation: the neighbours of one search give the votes of every k."""

import numpy as np

from sk231n.neighbors.knn import KNNClassifier


class FoldClassifier(KNNClassifier):
    """Classifier fitted to the training part of a fold, which stores neighbours of the test part.

    To scorers it is a fitted :class:`KNNClassifier` like any other. ``n_neighbors`` may be changed
    between two predictions.
    """

    def fit_validated(self, rows, image_shape, classes, y, n_neighbors, counts):
        """Fit to training data that have been validated.

        Parameters
        ----------
        rows : ndarray of shape (n_samples, n_features)
            Training rows.
        image_shape : tuple of int
            Shape of the image that a row is, or may be.
        classes : ndarray of shape (n_classes,)
            The labels of all folds; some may be missing in this one.
        y : ndarray of shape (n_samples,)
            Indices of the samples' labels.
        n_neighbors : int
            The largest number of neighbours that will vote.
        counts : ndarray of shape (n_samples,) or None
            How many samples each one counts as.
        """
        present, y = np.unique(y, return_inverse=True)
        self._set_training_data(rows, image_shape, classes[present], y, n_neighbors, counts)

    def store_neighbors(self, X, rows, n_neighbors):
        """Find the neighbours of the test part `X`, whose validated rows are `rows`, and keep them.

        Predictions for this object `X` will need no search.
        """
        self._test_part = X
        self._test_neighbors = self._nearest(rows, min(n_neighbors, len(self._y)), itself=None)

    def _votes(self, X):
        if X is not self._test_part:
            return super()._votes(X)
        k = self.n_neighbors
        distances, indices = (found[:, :k] for found in self._test_neighbors)
        return self._count_in_blocks(
            lambda block: (distances[block], indices[block]), len(distances), k
        )
