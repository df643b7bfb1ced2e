"""Searches that compute all distances: of small data, and by a metric of the user's own."""

import numpy as np
from scipy.spatial.distance import cdist

from sk231n.core.blocks import blocks
from sk231n.neighbors._callables import call
from sk231n.neighbors._costs import BYTES_PER_PAIR
from sk231n.neighbors._distances import PairDistances
from sk231n.neighbors._protocols import Search
from sk231n.neighbors._selection import bounds_of_kth, nearest_of_all, nearest_of_pairs, within

# More queries at a time would only take more memory.
_MOST_QUERIES = 256

# Training rows that are converted at a time: they fit into the cache.
_TILE_NUMBERS = 2**15

# The sum whose terms the norms add up.
_SCIPY_NAMES = {1: "cityblock", 2: "sqeuclidean"}

# What sums may be off by where squares underflow.
_UNDERFLOW = 1e-290

# Memory for one call of the user's metric: enough for the calls to be few.
_MOST_BYTES_PER_CALL = 2**28


class ExhaustiveSearch(Search):
    """Nearest training rows from the distances of all of them, which SciPy computes.

    SciPy adds up in an order of its own. So the exact distances of all rows that can be among the
    nearest, its rounding included, decide.

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
        norms = np.empty((block_size, n_samples))
        width = self.metric.n_coordinates(self.X.shape[1])
        # Both sums of so many terms are off by less than width + 3 roundings.
        slack = 1 + 4 * (width + 3) * np.finfo(np.float64).eps

        def search(block):
            queries = self._vectors(Q[block], of_queries=1)
            of_block = norms[: len(queries)]
            for samples in blocks(n_samples, max(1, _TILE_NUMBERS // width)):
                tile = self._vectors(self.X[samples], of_queries=0)
                of_block[:, samples] = cdist(queries, tile, _SCIPY_NAMES[self.metric.p])
            limits = bounds_of_kth(k, of_block) * slack + _UNDERFLOW
            queries, samples = within(limits, of_block)
            measured = pair_distances(block.start + queries, samples)
            indices[block], distances[block] = nearest_of_pairs(k, queries, samples, measured)

        return search

    def _vectors(self, rows, of_queries):
        return self.metric.vectors(rows, of_queries).astype(np.float64, copy=False)


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
