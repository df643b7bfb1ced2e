"""Searches that look at every pair: where bounds would not help, and with the user's own metric."""

import numpy as np

from sk231n.neighbors._callables import call
from sk231n.neighbors._distances import PairDistances
from sk231n.neighbors._selection import smallest

_QUERIES = 256
_MOST_BYTES = 2**28


class ExhaustiveSearch:
    """Nearest training rows from the exact distances of all of them.

    Parameters
    ----------
    metric : Euclidean
        One of ``METRICS``.
    X : ndarray of shape (n_samples, n_features)
        Training rows.
    """

    on_threads = True

    def __init__(self, metric, X):
        self.metric, self.X = metric, X

    def block_size(self, memory, k):
        """Number of queries at a time whose distances need no more than `memory` bytes."""
        return max(1, min(_QUERIES, int(memory // (64 * (len(self.X) + k)))))

    def make_worker(self, Q, k, block_size, distances, indices):
        """Function that writes the k neighbours of a slice of the queries."""
        n_samples = len(self.X)
        pair_distances = PairDistances(self.metric, self.X, Q)

        def search(block):
            queries = np.repeat(np.arange(block.start, block.stop), n_samples)
            samples = np.tile(np.arange(n_samples), block.stop - block.start)
            measured = pair_distances(queries, samples).reshape(-1, n_samples)
            indices[block], distances[block] = smallest(k, measured)

        return search


class CallableSearch:
    """Nearest training rows from the distance matrices that a function makes.

    Parameters
    ----------
    metric : callable
        Turns float64 arrays of shapes (n_queries, n_features) and (n_samples, n_features) into
        the distances, of shape (n_queries, n_samples).
    X : ndarray of shape (n_samples, n_features)
        Training rows.
    """

    on_threads = False  # the function is the user's, and so are the threads it uses

    def __init__(self, metric, X):
        self.metric, self.X = metric, X

    def block_size(self, memory, k):
        """Number of queries at a time whose distances need no more than `memory` bytes.

        Who makes products of matrices gets other bits for other blocks. So the memory decides only
        where it is small, and the shape of the training data otherwise.
        """
        return max(1, int(min(memory, _MOST_BYTES) // (64 * (len(self.X) + k))))

    def make_worker(self, Q, k, block_size, distances, indices):
        """Function that writes the k neighbours of a slice of the queries."""
        X = self.X.astype(np.float64)

        def search(block):
            queries = Q[block].astype(np.float64)
            shape = (len(queries), len(X))
            measured = call("metric", self.metric, queries, X, shape=shape)
            indices[block], distances[block] = smallest(k, measured)

        return search
