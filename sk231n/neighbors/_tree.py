"""Search in few dimensions, by SciPy's k-d tree."""

import numpy as np
from scipy.spatial import KDTree

from sk231n.core.blocks import blocks
from sk231n.neighbors._distances import Manhattan, PairDistances
from sk231n.neighbors._exhaustive import ExhaustiveSearch
from sk231n.neighbors._memory import temporary_size
from sk231n.neighbors._selection import first

_QUERIES = 4096
_PAIRS = 2**18


class TreeSearch:
    """Nearest training rows by a k-d tree, the ties at the end of the list resolved.

    Parameters
    ----------
    metric : Euclidean
        One of ``METRICS``.
    X : ndarray of shape (n_samples, n_features)
        Training rows, of few features.
    """

    on_threads = True

    def __init__(self, metric, X):
        self.metric, self.X = metric, X
        self._plant()

    def _plant(self):
        self.p = 1 if isinstance(self.metric, Manhattan) else 2
        self.tree = KDTree(self.metric.vectors(self.X, of_queries=0).astype(np.float64))

    def __getstate__(self):
        """Leave the tree out: it is quickly made, and not every file format knows trees."""
        return {"metric": self.metric, "X": self.X}

    def __setstate__(self, state):
        """Make the tree."""
        self.metric, self.X = state["metric"], state["X"]
        self._plant()

    def block_size(self, memory, k):
        """Number of queries at a time."""
        return max(1, min(_QUERIES, int(memory // 2**12)))

    def make_worker(self, Q, k, block_size, distances, indices):
        """Function that writes the k neighbours of a slice of the queries."""
        pair_distances = PairDistances(self.metric, self.X, Q)
        most_pairs = temporary_size(_PAIRS)

        def search(block):
            n_queries = max(1, most_pairs // (2 * k + 2))
            for part in blocks(block.stop - block.start, n_queries):
                search_some(np.arange(block.start + part.start, block.start + part.stop))

        def search_some(remaining):
            n_found = 2 * k + 2
            while n_found < len(self.X) and 0 < len(remaining) * n_found <= most_pairs:
                vectors = self.metric.vectors(Q[remaining], of_queries=1)
                far, found = self.tree.query(vectors, n_found, p=self.p)
                rows = np.repeat(np.arange(len(remaining)), n_found)
                samples = np.minimum(found.ravel(), len(self.X) - 1)  # none found: see below
                nearest, measured = first(
                    k, rows, samples, pair_distances(remaining[rows], samples)
                )
                # What was not found is at least as far away as the last that was, which may tie.
                # Distances that overflow the tree calls infinite, and finds nothing.
                reach = self.metric.radii(measured[:, -1]) * (1 + 1e-12) + 1e-150
                done = (reach < far[:, -1]) & (far[:, -1] < np.inf)
                indices[remaining[done]] = nearest[done]
                distances[remaining[done]] = measured[done]
                remaining = remaining[~done]
                n_found *= 4
            if len(remaining):
                search_all(remaining)

        def search_all(remaining):
            """Where so many samples tie that a tree is no help."""
            all_pairs = ExhaustiveSearch(self.metric, self.X)
            found = np.empty((len(remaining), k)), np.empty((len(remaining), k), np.intp)
            n_queries = max(1, most_pairs // len(self.X))
            search_block = all_pairs.make_worker(Q[remaining], k, n_queries, *found)
            for part in blocks(len(remaining), n_queries):
                search_block(part)
            distances[remaining], indices[remaining] = found

        return search
