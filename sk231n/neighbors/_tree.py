"""Search among rows of few features, by SciPy's k-d tree."""

import numpy as np
from scipy.spatial import KDTree

from sk231n.core.blocks import blocks
from sk231n.neighbors._costs import BYTES_PER_TREE_QUERY
from sk231n.neighbors._distances import PairDistances
from sk231n.neighbors._exhaustive import ExhaustiveSearch
from sk231n.neighbors._memory import temporary_size
from sk231n.neighbors._protocols import Search
from sk231n.neighbors._selection import nearest_of_pairs

# More queries at a time would only take more memory.
_MOST_QUERIES = 4096

# Candidates that are measured and sorted at a time.
_PAIRS_PER_BLOCK = 2**18

# The tree's own rounding of a distance: relative, and absolute where squares underflow.
_TREE_RTOL, _TREE_ATOL = 1e-12, 1e-150


class TreeSearch(Search):
    """Nearest training rows by a k-d tree, with ties resolved by the index.

    Parameters
    ----------
    metric : Metric
        The distance.
    X : ndarray of shape (n_samples, n_features)
        Training rows, of few features.
    """

    on_threads = True

    def __init__(self, metric, X):
        self.metric, self.X = metric, X
        self.tree = KDTree(metric.vectors(X, of_queries=0).astype(np.float64))

    def block_size(self, memory, k):
        """Number of queries at a time whose neighbours need no more than `memory` bytes."""
        return max(1, min(_MOST_QUERIES, int(memory // BYTES_PER_TREE_QUERY)))

    def make_worker(self, Q, k, block_size, distances, indices):
        """Function that writes the k neighbours of a slice of the queries."""
        pair_distances = PairDistances(self.metric, self.X, Q)
        most_pairs = temporary_size(_PAIRS_PER_BLOCK)

        def search(block):
            n_queries = max(1, most_pairs // (2 * k + 2))
            for part in blocks(block.stop - block.start, n_queries):
                search_some(np.arange(block.start + part.start, block.start + part.stop))

        def search_some(remaining):
            n_found = 2 * k + 2
            while n_found < len(self.X) and 0 < len(remaining) * n_found <= most_pairs:
                vectors = self.metric.vectors(Q[remaining], of_queries=1)
                far, found = self.tree.query(vectors, n_found, p=self.metric.p)
                rows = np.repeat(np.arange(len(remaining)), n_found)
                # If the tree finds too few, the other indices are len(X), beyond the last row.
                samples = np.minimum(found.ravel(), len(self.X) - 1)
                nearest, measured = nearest_of_pairs(
                    k, rows, samples, pair_distances(remaining[rows], samples)
                )
                # Rows that the tree did not find are at least as far away as the last one that it
                # found. So nothing is missing if the k-th neighbour is nearer than that, by more
                # than rounding. The tree finds too few where distances overflow, and then says
                # that the last one is infinitely far away.
                radii = self.metric.radii(measured[:, -1]) * (1 + _TREE_RTOL) + _TREE_ATOL
                done = (radii < far[:, -1]) & (far[:, -1] < np.inf)
                indices[remaining[done]] = nearest[done]
                distances[remaining[done]] = measured[done]
                remaining = remaining[~done]
                n_found *= 4
            if len(remaining):
                search_all(remaining)

        def search_all(remaining):
            """Search for queries with so many ties that the tree does not help."""
            all_pairs = ExhaustiveSearch(self.metric, self.X)
            found = np.empty((len(remaining), k)), np.empty((len(remaining), k), np.intp)
            n_queries = max(1, most_pairs // len(self.X))
            search_block = all_pairs.make_worker(Q[remaining], k, n_queries, *found)
            for part in blocks(len(remaining), n_queries):
                search_block(part)
            distances[remaining], indices[remaining] = found

        return search
