"""Search in few dimensions, by SciPy's k-d tree."""

import numpy as np
from scipy.spatial import KDTree

from sk231n.neighbors._distances import Manhattan, PairDistances
from sk231n.neighbors._selection import first, smallest

_QUERIES = 4096


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
        self.p = 1 if isinstance(metric, Manhattan) else 2
        self.tree = KDTree(metric.vectors(X, of_queries=0).astype(np.float64))

    def block_size(self, memory):
        """Number of queries at a time."""
        return max(1, min(_QUERIES, int(memory // 2**12)))

    def make_worker(self, Q, k, block_size, distances, indices):
        """Function that writes the k neighbours of a slice of the queries."""
        pair_distances = PairDistances(self.metric, self.X, Q)

        def search(block):
            remaining = np.arange(block.start, block.stop)
            n_found = 2 * k + 2
            while len(remaining) and n_found < len(self.X):
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
            everything = np.arange(len(self.X))
            for query in remaining:
                measured = pair_distances(np.full(len(self.X), query), everything)
                indices[query], distances[query] = (a[0] for a in smallest(k, measured[np.newaxis]))

        return search
