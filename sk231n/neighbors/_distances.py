"""Exact distances between pairs of rows: the formula itself, without shortcuts.

The differences come first, so that nothing cancels, and are summed pairwise in float64; sums of
whole numbers are exact below ``2**52``. The distance of a pair depends on its two rows alone, not
on the pairs beside it.
"""

from abc import ABC, abstractmethod

import numpy as np

from sk231n.core.blocks import blocks
from sk231n.neighbors._memory import take_rows, temporary_size

# Small enough for the cache; with fewer pairs, a call would take so little time that threads would
# mostly wait for the interpreter lock.
_BUFFER_BYTES = 2**21

# Sums of as many squared differences of bytes, at most 256 * 255^2 < 2^24, are exact in float32.
_EXACT_BYTE_TERMS = 256

# NumPy adds up fewer numbers than these one after the other, for which it is faster to add columns.
_SHORTEST_PAIRWISE_SUM = 8


class Metric(ABC):
    """A distance that is a function of a norm: that of the difference between two vectors.

    Attributes
    ----------
    p : int
        Which norm it is: 1 for the sum of absolute values, 2 for the Euclidean length.
    integers_are_exact : bool
        Whether distances between rows of integers are computed without rounding, so that rows of
        bytes may be treated by :meth:`distances_of_bytes`.
    tree_features : int
        Largest number of features for which a k-d tree is the fastest search.
    few_differences : int
        Number of differences between coordinates up to which it is faster to compute all distances
        than to prepare a search.
    """

    p: int
    integers_are_exact = True
    tree_features: int
    few_differences: int

    def vectors(self, rows, of_queries):
        """Vectors between which the norm is taken: here the rows themselves.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_features)
            Training rows or queries.
        of_queries : int
            1 if these are queries, 0 if they are training rows.

        Returns
        -------
        ndarray of shape (n_rows, n_coordinates)
            The vectors.
        """
        return rows

    def n_coordinates(self, n_features):
        """Length of a vector."""
        return n_features

    @abstractmethod
    def distances(self, differences):
        """Distances from differences of vectors in float64, which are overwritten."""

    def radii(self, distances):
        """Norms of the differences of vectors at the given distances."""
        return distances

    def distances_of_bytes(self, differences):
        """Distances from absolute differences of bytes, in float32 and padded with zeros."""
        raise NotImplementedError


class Euclidean(Metric):
    """``sqrt(sum((a - b)**2))``."""

    p = 2
    tree_features = 8
    few_differences = 2**23

    def distances(self, differences):
        """Distances from differences of vectors in float64, which are overwritten."""
        return np.sqrt(_sums_of_squares(differences))

    def distances_of_bytes(self, differences):
        """Distances from absolute differences of bytes, in float32 and padded with zeros."""
        parts = differences.reshape(len(differences), -1, _EXACT_BYTE_TERMS)
        return np.sqrt(np.vecdot(parts, parts).sum(axis=1, dtype=np.float64))


class Manhattan(Metric):
    """``sum(|a - b|)``."""

    p = 1
    tree_features = 5
    few_differences = 2**26

    def distances(self, differences):
        """Distances from differences of vectors in float64, which are overwritten."""
        return _sums(np.abs(differences, out=differences))

    def distances_of_bytes(self, differences):
        """Distances from absolute differences of bytes, in float32 and padded with zeros."""
        parts = differences.reshape(len(differences), -1, _EXACT_BYTE_TERMS)
        ones = np.ones(_EXACT_BYTE_TERMS, np.float32)
        return (parts @ ones).sum(axis=1, dtype=np.float64)


class Cosine(Metric):
    """``1 - a b / (|a| |b|)``, evaluated as ``|a / |a| - b / |b||**2 / 2``.

    The second form has no cancellation: vectors of the same direction are at distance 0 up to
    rounding. A row of zeros has no direction and is, up to rounding, at distance 1 from every other
    row.
    """

    p = 2
    integers_are_exact = False
    tree_features = 8
    few_differences = 2**23

    def vectors(self, rows, of_queries):
        """Unit vectors with two more coordinates, in which rows of zeros are unit vectors, too.

        A training row of zeros has a 1 in the first of these, a query of zeros in the second, so
        that they are at distance 1 from all other vectors and from each other.
        """
        n_rows, n_features = rows.shape
        vectors = np.zeros((n_rows, n_features + 2))
        units = vectors[:, :n_features]
        units[:] = rows
        largest = np.maximum(units.max(axis=1), -units.min(axis=1))
        # Dividing by a power of two is exact, and keeps the squares finite.
        np.ldexp(units, -np.frexp(largest)[1][:, np.newaxis], out=units)
        lengths = np.sqrt(_sums_of_squares(units.copy()))
        zero = lengths == 0
        lengths[zero] = 1
        units /= lengths[:, np.newaxis]
        vectors[zero, n_features + of_queries] = 1
        return vectors

    def n_coordinates(self, n_features):
        """Length of a vector."""
        return n_features + 2

    def distances(self, differences):
        """Distances from differences of vectors in float64, which are overwritten."""
        return _sums_of_squares(differences) / 2

    def radii(self, distances):
        """Norms of the differences of vectors at the given distances."""
        return np.sqrt(2 * distances)


METRICS = {"euclidean": Euclidean(), "manhattan": Manhattan(), "cosine": Cosine()}
_SYNONYMS = {"l1": "manhattan", "l2": "euclidean"}
METRIC_NAMES = (*METRICS, *_SYNONYMS)


def metric_of(name):
    """The metric of a name out of ``METRIC_NAMES``."""
    return METRICS[_SYNONYMS.get(name, name)]


def _sums_of_squares(differences):
    """Sum of the squares of each row; overwrites its argument."""
    return _sums(np.multiply(differences, differences, out=differences))


def _sums(terms):
    """Sum of each row, as NumPy adds it up."""
    if terms.shape[1] >= _SHORTEST_PAIRWISE_SUM:
        return np.add.reduce(terms, axis=1)
    sums = terms[:, 0].copy()
    for column in terms.T[1:]:
        sums += column
    return sums


class PairDistances:
    """Exact distances of any pairs of a training row and a query, a buffer of pairs at a time.

    Each thread needs an object of its own, because the object owns the buffers in which it works.

    Parameters
    ----------
    metric : Metric
        The distance.
    X : ndarray of shape (n_samples, n_features)
        Training rows.
    Q : ndarray of shape (n_queries, n_features)
        Queries.
    """

    def __init__(self, metric, X, Q):
        self.metric, self.X, self.Q = metric, X, Q
        self.are_bytes = X.dtype == Q.dtype and X.itemsize == 1 and metric.integers_are_exact
        dtype = np.float32 if self.are_bytes else np.float64
        width = metric.n_coordinates(X.shape[1])
        if self.are_bytes:
            width = -(-width // _EXACT_BYTE_TERMS) * _EXACT_BYTE_TERMS
        n_bytes = temporary_size(_BUFFER_BYTES)
        most_pairs = max(1, n_bytes // (width * np.dtype(dtype).itemsize))
        self.n_pairs = max(1, min(most_pairs, len(X) * len(Q)))
        self.rows = [np.empty((self.n_pairs, X.shape[1]), Z.dtype) for Z in (X, Q)]
        # Memory that is never touched costs no time. Bytes are padded with zeros.
        self.differences = np.empty((self.n_pairs, width), dtype)
        if self.are_bytes:
            self.differences[:, X.shape[1] :] = 0

    def __call__(self, queries, samples):
        """Distances of pairs, given as indices of queries and indices of training rows.

        An index beyond the last training row means the last one.
        """
        distances = np.empty(len(queries))
        for pairs in blocks(len(queries), self.n_pairs):
            n_pairs = pairs.stop - pairs.start
            x, q = (rows[:n_pairs] for rows in self.rows)
            take_rows(self.X, samples[pairs], out=x)
            take_rows(self.Q, queries[pairs], out=q)
            differences = self.differences[:n_pairs]
            if self.are_bytes:
                largest = np.maximum(x, q)
                largest -= np.minimum(x, q, out=x)
                differences[:, : x.shape[1]] = largest.view(np.uint8)
                distances[pairs] = self.metric.distances_of_bytes(differences)
            else:
                x, q = self.metric.vectors(x, 0), self.metric.vectors(q, 1)
                np.subtract(q, x, out=differences, dtype=np.float64)
                distances[pairs] = self.metric.distances(differences)
        return distances
