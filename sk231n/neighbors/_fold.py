"""A fold of cross-validation: one search, whose neighbours serve every k."""

import numpy as np

from sk231n.neighbors._knn import KNNClassifier


class FoldClassifier(KNNClassifier):
    """Classifier of a fold's training part that knows the neighbours of its test part.

    To scorers it is a fitted :class:`KNNClassifier` like any other, with ``n_neighbors`` at will.
    """

    def learn(self, rows, image_shape, classes, y, n_neighbors, counts):
        """Fit to training data that are validated already.

        Parameters
        ----------
        rows : ndarray of shape (n_samples, n_features)
            Training rows.
        image_shape : tuple of int
            Shape of the image that a row is, or may be.
        classes : ndarray of shape (n_classes,)
            The labels, of which some may be missing here.
        y : ndarray of shape (n_samples,)
            Indices of the samples' labels.
        n_neighbors : int
            The largest number of neighbours that will be asked for.
        counts : ndarray of shape (n_samples,) or None
            How many samples each one counts as.
        """
        present, y = np.unique(y, return_inverse=True)
        self._learn(rows, image_shape, classes[present], y, n_neighbors, counts)

    def remember(self, X, rows, n_neighbors):
        """Find the neighbours of the test part, given as it is and as validated rows."""
        self._known = X
        self._found = self._nearest(rows, min(n_neighbors, len(self._y)), itself=None)

    def _votes(self, X):
        if X is not self._known:
            return super()._votes(X)
        k = self.n_neighbors
        distances, indices = (found[:, :k] for found in self._found)
        return self._count_in_blocks(
            lambda block: (distances[block], indices[block]), len(distances), k
        )
