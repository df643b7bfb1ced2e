"""Exact distances between pairs of rows: the formula itself, without shortcuts.

The differences come first, so that nothing cancels, and are summed pairwise in float64; sums of
whole numbers are exact below ``2**52``. The distance of a pair depends on its two rows alone, not
on the pairs beside it.
"""

import numpy as np

from sk231n.core.blocks import blocks
from sk231n.neighbors._memory import temporary_size

_BUFFER_BYTES = 2**21  # shorter calls would spend their time on the interpreter lock
_BYTE_TERMS = 256  # float32 is exact up to 2^24 > 256 * 255^2


class Euclidean:
    """``sqrt(sum((a - b)**2))``."""

    integers_are_exact = True
    tree_features = 8  # up to which a k-d tree is fastest

    def vectors(self, rows, of_queries):
        """Vectors in whose space the distance is a norm: here the rows themselves."""
        return rows

    def n_coordinates(self, n_features):
        """Length of a vector."""
        return n_features

    def norms(self, differences):
        """Distances from differences in float64, which are overwritten."""
        return np.sqrt(_sums_of_squares(differences))

    def radii(self, distances):
        """Norms of the differences that make the given distances."""
        return distances

    def norms_of_bytes(self, differences):
        """Distances from absolute differences of bytes, in float32 and padded with zeros."""
        parts = differences.reshape(len(differences), -1, _BYTE_TERMS)
        return np.sqrt(np.vecdot(parts, parts).sum(axis=1, dtype=np.float64))


class Manhattan(Euclidean):
    """``sum(|a - b|)``."""

    tree_features = 5

    def norms(self, differences):
        """Distances from differences in float64, which are overwritten."""
        return np.add.reduce(np.abs(differences, out=differences), axis=1)

    def norms_of_bytes(self, differences):
        """Distances from absolute differences of bytes, in float32 and padded with zeros."""
        parts = differences.reshape(len(differences), -1, _BYTE_TERMS)
        ones = np.ones(_BYTE_TERMS, np.float32)
        return (parts @ ones).sum(axis=1, dtype=np.float64)


class Cosine(Euclidean):
    """``1 - a b / (|a| |b|)``, evaluated as ``|a / |a| - b / |b||**2 / 2``.

    The second form has no cancellation: vectors of one direction are at distance 0, or nearly so. A
    row of zeros has no direction and is at distance 1, but for rounding, from every other.
    """

    integers_are_exact = False

    def vectors(self, rows, of_queries):
        """Unit vectors; zero rows of training set and queries get coordinates of their own."""
        n_rows, n_features = rows.shape
        vectors = np.zeros((n_rows, n_features + 2))
        units = vectors[:, :n_features]
        units[:] = rows
        largest = np.maximum(units.max(axis=1), -units.min(axis=1))
        np.ldexp(units, -np.frexp(largest)[1][:, np.newaxis], out=units)  # squares stay finite
        lengths = np.sqrt(_sums_of_squares(units.copy()))
        zero = lengths == 0
        lengths[zero] = 1
        units /= lengths[:, np.newaxis]
        vectors[zero, n_features + of_queries] = 1
        return vectors

    def n_coordinates(self, n_features):
        """Length of a vector."""
        return n_features + 2

    def norms(self, differences):
        """Distances from differences in float64, which are overwritten."""
        return _sums_of_squares(differences) / 2

    def radii(self, distances):
        """Norms of the differences that make the given distances."""
        return np.sqrt(2 * distances)


METRICS = {"euclidean": Euclidean(), "manhattan": Manhattan(), "cosine": Cosine()}
_SYNONYMS = {"l1": "manhattan", "l2": "euclidean"}
METRIC_NAMES = (*METRICS, *_SYNONYMS)


def metric_of(name):
    """The metric of a name out of ``METRIC_NAMES``."""
    return METRICS[_SYNONYMS.get(name, name)]


def _sums_of_squares(differences):
    """Sum of the squares of each row; overwrites its argument."""
    return np.add.reduce(np.multiply(differences, differences, out=differences), axis=1)


class PairDistances:
    """Distances between any pairs of a training row and a query, some at a time.

    Owns the buffers it works in, hence one for each thread.

    Parameters
    ----------
    metric : Euclidean
        One of ``METRICS``.
    X : ndarray of shape (n_samples, n_features)
        Training rows.
    Q : ndarray of shape (n_queries, n_features)
        Queries.
    """

    def __init__(self, metric, X, Q):
        self.metric, self.X, self.Q = metric, X, Q
        self.of_bytes = X.dtype == Q.dtype and X.itemsize == 1 and metric.integers_are_exact
        dtype = np.float32 if self.of_bytes else np.float64
        width = metric.n_coordinates(X.shape[1])
        if self.of_bytes:
            width = -(-width // _BYTE_TERMS) * _BYTE_TERMS  # the padding stays zero
        n_bytes = temporary_size(_BUFFER_BYTES)
        self.n_pairs = max(1, n_bytes // (width * np.dtype(dtype).itemsize))
        self.rows = [np.empty((self.n_pairs, X.shape[1]), Z.dtype) for Z in (X, Q)]
        self.differences = np.zeros((self.n_pairs, width), dtype)

    def __call__(self, queries, samples):
        """Distances between the queries and the training rows of the given indices, in pairs."""
        distances = np.empty(len(queries))
        for pairs in blocks(len(queries), self.n_pairs):
            n_pairs = pairs.stop - pairs.start
            x, q = (rows[:n_pairs] for rows in self.rows)
            np.take(self.X, samples[pairs], axis=0, out=x, mode="clip")  # "raise" would copy
            np.take(self.Q, queries[pairs], axis=0, out=q, mode="clip")
            differences = self.differences[:n_pairs]
            if self.of_bytes:
                largest = np.maximum(x, q)
                largest -= np.minimum(x, q, out=x)
                differences[:, : x.shape[1]] = largest.view(np.uint8)
                distances[pairs] = self.metric.norms_of_bytes(differences)
            else:
                x, q = self.metric.vectors(x, 0), self.metric.vectors(q, 1)
                np.subtract(q, x, out=differences, dtype=np.float64)
                distances[pairs] = self.metric.norms(differences)
        return distances
