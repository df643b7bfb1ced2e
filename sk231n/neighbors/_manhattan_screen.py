"""Manhattan distances in float32, with bounds of their rounding.

They serve data for which no bound is cheaper than the distance: float32 is still twice as fast as
float64.
"""

import numpy as np

from sk231n._estimators import float_dtype
from sk231n._threads import run_on_threads
from sk231n.core.blocks import blocks
from sk231n.neighbors._memory import temporary_size
from sk231n.neighbors._protocols import Screen

# The largest relative error of a rounding in float32. One percent more covers the terms of higher
# order, which the bounds leave out.
_UNIT_ROUNDOFF = 2.0**-24 * 1.01

# Differences that are computed at a time: so few that they fit into the cache.
_NUMBERS_PER_BLOCK = 2**19

# Sums of absolute values below this are finite in float32, and so are those of two rows.
_LARGEST_MAGNITUDE = 1e30


class ManhattanScreen(Screen):
    """Screen whose scores are Manhattan distances in float32.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Training rows.
    rescaling : Rescaling
        Centre and scale.
    n_threads : int
        Number of threads to work with.
    """

    dtype = np.float32

    def __init__(self, X, rescaling, n_threads):
        self.X, self.scale = X, rescaling.scale
        self.centre = rescaling.centre.astype(float_dtype(X.dtype))
        self.magnitudes = np.empty(len(X))

        def make_worker():
            def measure(rows):
                self.magnitudes[rows] = self.encode(X[rows])[1]

            return measure

        n_rows = max(1, temporary_size(_NUMBERS_PER_BLOCK) // X.shape[1])
        run_on_threads(make_worker, blocks(len(X), n_rows), n_threads)
        with_bound = self.magnitudes < _LARGEST_MAGNITUDE
        self.largest_magnitude = self.magnitudes[with_bound].max(initial=0)

    def encode(self, Q):
        """Rescaled queries in float32, and the sums of their absolute values."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self._rescaled(Q)

    def scores(self, codes, samples, out):
        """Write the distances for a slice of the training rows."""
        Q = codes[0]
        n_rows = max(1, temporary_size(_NUMBERS_PER_BLOCK) // self.X.shape[1])
        for rows in blocks(samples.stop - samples.start, n_rows):
            part = self.X[samples.start + rows.start : samples.start + rows.stop]
            vectors, _ = self._rescaled(part)
            n_queries = max(1, temporary_size(_NUMBERS_PER_BLOCK) // vectors.size)
            buffer = np.empty((n_queries, *vectors.shape), np.float32)
            for queries in blocks(len(Q), n_queries):
                differences = buffer[: queries.stop - queries.start]
                np.subtract(vectors, Q[queries, np.newaxis], out=differences)
                np.abs(differences, out=differences)
                np.add.reduce(differences, axis=2, out=out[queries, rows])

    def limits(self, codes, radii):
        """Largest score that a training row within the given distance of each query can have."""
        n_terms = self.X.shape[1] + 8
        # What rounding the two vectors to float32 may add to their distance.
        rounding = 3 * _UNIT_ROUNDOFF * (codes[1] + self.largest_magnitude) + 1e-35
        distances = radii * self.scale * (1 + n_terms * 2.0**-52) + rounding
        return distances * (1 + 2 * n_terms * _UNIT_ROUNDOFF)

    def _rescaled(self, rows):
        """Rescaled vectors in float32, and the sums of their absolute values."""
        vectors = np.subtract(rows, self.centre)
        vectors *= self.scale
        magnitudes = np.abs(vectors).sum(axis=1, dtype=np.float64)
        vectors = vectors.astype(np.float32, copy=False)
        # Without a bound, a row is always a candidate.
        vectors[~(magnitudes < _LARGEST_MAGNITUDE)] = np.nan
        return vectors, magnitudes
