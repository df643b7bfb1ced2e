"""Lower bounds of all Euclidean distances by one float32 matrix product.

Let ``P`` be a matrix of norm at most 1, its rows nearly orthonormal, ``c`` any point, and
``a = x - c``. Then ``|a|^2 = |P a|^2 + g(a)^2`` defines a seminorm ``g``, and by the triangle
inequality

    |x - y|^2 >= |P a - P b|^2 + (g(a) - g(b))^2 = |code(x) - code(y)|^2,   code(x) = (P a, g(a)).

A few dozen principal directions make the codes short and the bound sharp. Without ``P`` the code is
``a`` itself, and the bound is the distance.

The codes are computed in float64 and rounded to float32, the product is taken in float32, and every
rounding is bounded: with ``u = 2^-24``, a sum of ``n`` products in float32 is off by at most
``n u`` times the sum of their magnitudes, in whatever order it is taken (Higham 2002, section 3.1).
A code may lie off its place by a known radius, which the search adds to the distance that it looks
for; so no neighbour is ever lost.
"""

import numpy as np

from sk231n._estimators import float_dtype, one_blas_thread
from sk231n._threads import run_on_threads
from sk231n.core.blocks import blocks
from sk231n.neighbors._memory import temporary_size

_U = 2.0**-24 * 1.01  # the percent covers the terms of higher order
_ROWS = 256
_VALUES = 2**19  # of vectors, or of scores
_OUTLIER = 2  # times the largest norm in the sample
_HUGE = 1e15  # norms whose squares still fit into float32


class EuclideanScreen:
    """Codes of the training rows, and bounds of their distances to queries.

    Parameters
    ----------
    metric : Euclidean
        The metric, for its vectors.
    X : ndarray of shape (n_samples, n_features)
        Training rows.
    frame : Frame
        Centre, scale and largest expected norm.
    basis : ndarray of shape (n_coordinates, n_components) or None
        The transposed ``P`` in float64, of norm at most 1; None takes the vectors as codes, and
        computes those of the training rows anew for each block of queries.
    n_threads : int
        Number of threads to encode with.
    """

    dtype = np.float32
    n_estimates = 1

    def __init__(self, metric, X, frame, basis, n_threads):
        self.metric, self.X, self.basis = metric, X, basis
        # What is only rounded to float32 can as well be computed in float32.
        dtype = float_dtype(X.dtype) if basis is None else np.float64
        self.centre, self.scale = frame.centre.astype(dtype), frame.scale
        self.is_centred = self.scale == 1 and not self.centre.any()
        self.largest_norm = _OUTLIER * frame.largest_norm
        self.relative_error = 3 * _U  # of a code, in norms of its row
        self.width = len(self.centre)
        self.codes = None
        if basis is not None:
            self.relative_error += _projection_error(basis)
            self.width = basis.shape[1] + 1
            self.codes = np.empty((len(X), self.width + 1), np.float32)

            def make_encoder():
                buffer = np.empty((_ROWS, len(basis)))

                def encode(rows):
                    with np.errstate(over="ignore", invalid="ignore"):
                        codes, halves = self._encode_samples(rows, buffer)
                    self.codes[rows, :-1], self.codes[rows, -1] = codes, halves

                return encode

            with one_blas_thread():
                run_on_threads(make_encoder, blocks(len(X), _ROWS), n_threads)

    def encode(self, Q):
        """Codes of queries, such that ``codes @ (code(x), |code(x)|^2 / 2)`` orders the x."""
        codes = np.empty((len(Q), self.width + 1), np.float32)
        encoded, norms = self._encode(self._centred(Q, of_queries=1))
        np.negative(encoded, out=codes[:, :-1])
        codes[:, -1] = 1
        codes[~(norms < _HUGE)] = np.nan  # no bound: everything is a candidate
        return codes, norms

    def scores(self, codes, samples, out):
        """Write ``|code(x)|^2 / 2 - code(q) code(x)`` for a slice of the training rows."""
        codes, _ = codes
        if self.codes is not None:
            np.matmul(codes, self.codes[samples].T, out=out)
            return
        n_samples = samples.stop - samples.start
        n_rows = max(1, min(n_samples, temporary_size(_VALUES) // max(self.width, len(codes))))
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
        radii = radii + np.sqrt(n_terms) * 1e-161  # where squares underflowed
        radii = radii * self.scale + self.relative_error * (norms + self.largest_norm) + 1e-35
        squares = np.vecdot(codes[:, :-1], codes[:, :-1], dtype=np.float64)
        terms = self.largest_norm * (np.sqrt(squares) + self.largest_norm)
        rounding = (self.width + 3) * _U * terms
        limits = (radii**2 - squares) / 2
        return limits + rounding + np.abs(limits) * 2 * _U + 1e-35

    def sift(self, codes, radii, queries, samples):
        """Candidates that finer bounds leave: all."""
        return queries, samples

    def _encode_samples(self, rows, buffer):
        """Codes of training rows, and half their squared norms: NaN, no bound, for outliers."""
        codes, norms = self._encode(self._centred(self.X[rows], of_queries=0, buffer=buffer))
        halves = np.vecdot(codes, codes) / 2
        return codes, np.where(norms <= self.largest_norm, halves, np.float32(np.nan))

    def _centred(self, rows, of_queries, buffer=None):
        """Vectors from the centre, scaled; in the buffer, if there is one and it is needed."""
        vectors = self.metric.vectors(rows, of_queries)
        if self.is_centred and vectors.dtype == self.centre.dtype:
            return vectors
        out = None if buffer is None else buffer[: len(rows)]
        vectors = np.subtract(vectors, self.centre, out=out)
        if self.scale != 1:
            vectors *= self.scale
        return vectors

    def _encode(self, vectors):
        """Codes of centred vectors, and the norms of the vectors."""
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
    """Bound of the error of ``g(a)`` in norms of ``a``: the root of the error of its square."""
    n_coordinates, n_components = basis.shape
    return np.sqrt((n_coordinates + 8) * np.sqrt(n_components) * 2.0**-50)
