"""Searches that compute all distances: of small data, and by a metric of the user's own."""

import numpy as np

from sk231n.neighbors._callables import call
from sk231n.neighbors._costs import BYTES_PER_PAIR
from sk231n.neighbors._distances import PairDistances
from sk231n.neighbors._protocols import Search
from sk231n.neighbors._selection import nearest_of_all

# More queries at a time would only take more memory.
_MOST_QUERIES = 256

# Memory for one call of the user's metric: enough for the calls to be few.
_MOST_BYTES_PER_CALL = 2**28


class ExhaustiveSearch(Search):
    """Nearest training rows from the exact distances of all of them.

    Parameters
    ----------
    metric : Metric
        The distance.
    X : ndarray of shape (n_samples, n_features)
        Training rows.
    """

    on_threads = True

    def __init__(self, metric, X):
        self.metric, self.X = metric, X

    def block_size(self, memory, k):
        """Number of queries at a time whose distances need no more than `memory` bytes."""
        return max(1, min(_MOST_QUERIES, int(memory // (BYTES_PER_PAIR * (len(self.X) + k)))))

    def make_worker(self, Q, k, block_size, distances, indices):
        """Function that writes the k neighbours of a slice of the queries."""
        n_samples = len(self.X)
        pair_distances = PairDistances(self.metric, self.X, Q)

        def search(block):
            queries = np.repeat(np.arange(block.start, block.stop), n_samples)
            samples = np.tile(np.arange(n_samples), block.stop - block.start)
            measured = pair_distances(queries, samples).reshape(-1, n_samples)
            indices[block], distances[block] = nearest_of_all(k, measured)

        return search


class CallableSearch(Search):
    """Nearest training rows from the matrices of distances that a function returns.

    Parameters
    ----------
    metric : callable
        Takes float64 arrays of shapes (n_queries, n_features) and (n_samples, n_features) and
        returns the distances, of shape (n_queries, n_samples).
    X : ndarray of shape (n_samples, n_features)
        Training rows.
    """

    on_threads = False  # because a function of the user's need not be thread-safe

    def __init__(self, metric, X):
        self.metric, self.X = metric, X

    def block_size(self, memory, k):
        """Number of queries at a time whose distances need no more than `memory` bytes.

        A function that multiplies matrices rounds differently for blocks of another size. So the
        size depends on the shape of the training data alone, unless the memory is small.
        """
        memory = min(memory, _MOST_BYTES_PER_CALL)
        return max(1, int(memory // (BYTES_PER_PAIR * (len(self.X) + k))))

    def make_worker(self, Q, k, block_size, distances, indices):
        """Function that writes the k neighbours of a slice of the queries."""
        X = self.X.astype(np.float64)

        def search(block):
            queries = Q[block].astype(np.float64)
            shape = (len(queries), len(X))
            measured = call("metric", self.metric, queries, X, shape=shape)
            indices[block], distances[block] = nearest_of_all(k, measured)

        return search
