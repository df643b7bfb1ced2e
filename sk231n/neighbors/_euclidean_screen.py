"""Lower bounds of all Euclidean distances by one float32 matrix product.

Let ``P`` be a matrix of norm at most 1, its rows nearly orthonormal, ``c`` any point, and
``a = x - c``. Then ``|a|^2 = |P a|^2 + g(a)^2`` defines a seminorm ``g``, and by the triangle
inequality

    |x - y|^2 >= |P a - P b|^2 + (g(a) - g(b))^2 = |code(x) - code(y)|^2,   code(x) = (P a, g(a)).

A few dozen principal directions make the codes short and the bound sharp. Without ``P`` the code is
``a`` itself, and the bound is the distance.

The codes are computed in float64 and rounded to float32, the product is taken in float32, and every
rounding is bounded: with ``u = 2^-24``, the error of a sum of ``n`` products in float32 is at most
``n u`` times the sum of their magnitudes, in whatever order it is taken (Higham 2002, section 3.1).
The distance of a rounded code from the exact one is bounded, too, and the search adds this bound to
the distance within which it searches; so no neighbour is ever lost.
"""

import numpy as np

from sk231n._estimators import float_dtype, one_blas_thread
from sk231n._threads import run_on_threads
from sk231n.core.blocks import blocks
from sk231n.neighbors._memory import temporary_size
from sk231n.neighbors._protocols import Screen

# The largest relative error of a rounding in float32. One percent more covers the terms of higher
# order, which the bounds leave out.
_UNIT_ROUNDOFF = 2.0**-24 * 1.01

# Training rows that are encoded at a time: so few that their vectors in float64 fit into the cache.
_ROWS_PER_BLOCK = 256

# Vectors, or scores, that are computed at a time where there is no basis.
_NUMBERS_PER_BLOCK = 2**19

# A row is an outlier if its norm exceeds the largest in the sample by this factor. The bounds are
# as loose as the largest norm that they have to cover is large, so outliers are left without.
_OUTLIER_FACTOR = 2

# The squares of smaller norms are finite in float32, and so are their products and sums.
_LARGEST_NORM = 1e15


class EuclideanScreen(Screen):
    """Screen for metrics that are functions of the Euclidean norm (``p = 2``).

    Parameters
    ----------
    metric : Metric
        The metric, for its vectors.
    X : ndarray of shape (n_samples, n_features)
        Training rows.
    rescaling : Rescaling
        Centre, scale and largest expected norm.
    basis : ndarray of shape (n_coordinates, n_components) or None
        The transposed ``P`` in float64, of norm at most 1. Without a basis the vectors themselves
        are the codes, and those of the training rows are computed again for each block of queries
        instead of being stored.
    n_threads : int
        Number of threads to encode with.
    """

    dtype = np.float32

    def __init__(self, metric, X, rescaling, basis, n_threads):
        self.metric, self.X, self.basis = metric, X, basis
        # Without a basis, codes are only rounded to float32, so float32 is precise enough.
        dtype = float_dtype(X.dtype) if basis is None else np.float64
        self.centre, self.scale = rescaling.centre.astype(dtype), rescaling.scale
        self.needs_no_rescaling = self.scale == 1 and not self.centre.any()
        self.largest_norm = _OUTLIER_FACTOR * rescaling.largest_norm
        self.relative_error = 3 * _UNIT_ROUNDOFF  # of a code, relative to the norm of its row
        self.width = len(self.centre)
        self.codes = None
        if basis is not None:
            self.relative_error += _projection_error(basis)
            self.width = basis.shape[1] + 1
            self.codes = np.empty((len(X), self.width + 1), np.float32)

            def make_encoder():
                buffer = np.empty((_ROWS_PER_BLOCK, len(basis)))

                def encode(rows):
                    with np.errstate(over="ignore", invalid="ignore"):
                        codes, halves = self._encode_samples(rows, buffer)
                    self.codes[rows, :-1], self.codes[rows, -1] = codes, halves

                return encode

            with one_blas_thread():
                run_on_threads(make_encoder, blocks(len(X), _ROWS_PER_BLOCK), n_threads)

    def encode(self, Q):
        """Codes of queries and their norms.

        The codes are ``(-code(q), 1)``, so that their products with ``(code(x), |code(x)|^2 / 2)``
        are the scores.
        """
        codes = np.empty((len(Q), self.width + 1), np.float32)
        encoded, norms = self._encode(self._rescaled(Q, of_queries=1))
        np.negative(encoded, out=codes[:, :-1])
        codes[:, -1] = 1
        codes[~(norms < _LARGEST_NORM)] = np.nan  # without a bound, all rows are candidates
        return codes, norms

    def scores(self, codes, samples, out):
        """Write ``|code(x)|^2 / 2 - code(q) code(x)`` for a slice of the training rows."""
        codes, _ = codes
        if self.codes is not None:
            np.matmul(codes, self.codes[samples].T, out=out)
            return
        n_samples = samples.stop - samples.start
        n_numbers = temporary_size(_NUMBERS_PER_BLOCK)
        n_rows = max(1, min(n_samples, n_numbers // max(self.width, len(codes))))
        buffer = np.empty((n_rows, self.width), self.centre.dtype)
        for part in blocks(n_samples, n_rows):
            rows = slice(samples.start + part.start, samples.start + part.stop)
            vectors, halves = self._encode_samples(rows, buffer)
            np.matmul(codes[:, :-1], vectors.T, out=out[:, part])
            out[:, part] += halves

    def limits(self, codes, radii):
        """Largest score that a training row within the given distance of each query can have."""
        codes, norms = codes
        n_terms = len(self.centre) + 8
        radii = self.metric.radii(radii) * (1 + n_terms * 2.0**-52)
        radii = radii + np.sqrt(n_terms) * 1e-161  # for squares that are too small for float64
        radii = radii * self.scale + self.relative_error * (norms + self.largest_norm) + 1e-35
        squares = np.vecdot(codes[:, :-1], codes[:, :-1], dtype=np.float64)
        terms = self.largest_norm * (np.sqrt(squares) + self.largest_norm)
        rounding = (self.width + 3) * _UNIT_ROUNDOFF * terms
        limits = (radii**2 - squares) / 2
        return limits + rounding + np.abs(limits) * 2 * _UNIT_ROUNDOFF + 1e-35

    def _encode_samples(self, rows, buffer):
        """Codes of training rows, and half their squared norms; NaN for outliers."""
        codes, norms = self._encode(self._rescaled(self.X[rows], of_queries=0, buffer=buffer))
        halves = np.vecdot(codes, codes) / 2
        return codes, np.where(norms <= self.largest_norm, halves, np.float32(np.nan))

    def _rescaled(self, rows, of_queries, buffer=None):
        """Rescaled vectors; those that have to be computed are written into the buffer, if any."""
        vectors = self.metric.vectors(rows, of_queries)
        if self.needs_no_rescaling and vectors.dtype == self.centre.dtype:
            return vectors
        out = None if buffer is None else buffer[: len(rows)]
        vectors = np.subtract(vectors, self.centre, out=out)
        if self.scale != 1:
            vectors *= self.scale
        return vectors

    def _encode(self, vectors):
        """Codes of rescaled vectors, and the norms of the vectors."""
        if self.basis is None:
            codes = vectors.astype(np.float32, copy=False)
            return codes, np.sqrt(np.vecdot(codes, codes).astype(np.float64))
        squares = np.vecdot(vectors, vectors)
        projected = vectors @ self.basis
        codes = np.empty((len(vectors), self.width), np.float32)
        codes[:, :-1] = projected
        codes[:, -1] = np.sqrt(np.maximum(squares - np.vecdot(projected, projected), 0))
        return codes, np.sqrt(squares)


def _projection_error(basis):
    """Bound of the error of ``g(a)`` relative to ``|a|``: the root of that of its square."""
    n_coordinates, n_components = basis.shape
    return np.sqrt((n_coordinates + 8) * np.sqrt(n_components) * 2.0**-50)
