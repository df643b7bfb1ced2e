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

from sk231n._estimators import blocks, float_dtype, one_blas_thread
from sk231n._threads import run_on_threads

_U = 2.0**-24 * 1.01  # the percent covers the terms of higher order
_ROWS = 256
_OUTLIER = 8  # times the largest norm in the sample
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
        The transposed ``P`` in float32, of norm at most 1; None takes the vectors as codes.
    n_threads : int
        Number of threads to encode with.
    """

    dtype = np.float32
    guesses = 2

    def __init__(self, metric, X, frame, basis, n_threads):
        self.metric, self.X, self.basis = metric, X, basis
        # What is only rounded to float32 can as well be computed in float32.
        dtype = float_dtype(X.dtype) if basis is None else np.float64
        self.centre, self.scale = frame.centre.astype(dtype), frame.scale
        n_coordinates = len(frame.centre)
        self.width = (n_coordinates if basis is None else basis.shape[1] + 1) + 1
        self.codes = None if basis is None else np.empty((len(X), self.width), np.float32)
        self.halves = np.empty(len(X), np.float32)
        errors, norms = np.empty((2, len(X)))

        def make_encoder():
            buffer = np.empty((_ROWS, n_coordinates), self.centre.dtype)

            def encode(rows):
                codes, norms[rows], errors[rows] = self._encode(X[rows], 0, buffer)
                usual = norms[rows] <= _OUTLIER * frame.largest_norm
                self.halves[rows] = np.where(usual, _squared_norms(codes) / 2, np.nan)
                if self.codes is not None:
                    self.codes[rows, :-1] = codes
                    self.codes[rows, -1] = self.halves[rows]

            return encode

        with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
            run_on_threads(make_encoder, blocks(len(X), _ROWS), n_threads)
        screened = ~np.isnan(self.halves)  # the others are always candidates
        self.largest_error = errors[screened].max(initial=0)
        self.largest_half = float(self.halves[screened].max(initial=0))

    def encode(self, Q):
        """Codes of queries, such that ``codes @ (code(x), |code(x)|^2 / 2)`` orders the x."""
        codes = np.empty((len(Q), self.width), np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            encoded, norms, errors = self._encode(Q, of_queries=1)
            np.negative(encoded, out=codes[:, :-1])
        codes[:, -1] = 1
        codes[~(norms < _HUGE)] = np.nan  # no bound: everything is a candidate
        return codes, errors

    def scores(self, codes, samples, out):
        """Write ``|code(x)|^2 / 2 - code(q) code(x)`` for a slice of the training rows."""
        codes, _ = codes
        if self.codes is not None:
            np.matmul(codes, self.codes[samples].T, out=out)
            return
        for part in blocks(samples.stop - samples.start, _ROWS):
            rows = slice(samples.start + part.start, samples.start + part.stop)
            vectors = self._centred(self.X[rows], of_queries=0).astype(np.float32, copy=False)
            np.matmul(codes[:, :-1], vectors.T, out=out[:, part])
            out[:, part] += self.halves[rows]

    def limits(self, codes, radii):
        """Largest score that a training row within the given distance of each query can have."""
        codes, errors = codes
        n_terms = len(self.centre) + 8
        radii = self.metric.radii(radii) * (1 + n_terms * 2.0**-52)
        radii = radii + np.sqrt(n_terms) * 1e-161  # where squares underflowed
        radii = radii * self.scale + errors + self.largest_error
        squares = _squared_norms(codes[:, :-1])
        rounding = (
            (self.width + 2) * _U * (np.sqrt(2 * squares * self.largest_half) + self.largest_half)
        )
        limits = (radii**2 - squares) / 2
        return limits + 2 * rounding + np.abs(limits) * 2 * _U + 1e-35

    def sift(self, codes, radii, queries, samples):
        """Candidates that finer bounds leave: all."""
        return queries, samples

    def _centred(self, rows, of_queries, buffer=None):
        """Vectors from the centre, scaled; in the buffer, if there is one."""
        out = None if buffer is None else buffer[: len(rows)]
        vectors = np.subtract(self.metric.vectors(rows, of_queries), self.centre, out=out)
        vectors *= self.scale
        return vectors

    def _encode(self, rows, of_queries, buffer=None):
        """Codes without their last column, norms, and how far the codes may be off."""
        vectors = self._centred(rows, of_queries, buffer)
        squares = np.vecdot(vectors, vectors)
        norms = np.sqrt(squares.astype(np.float64))
        errors = 3 * _U * norms + 1e-35  # the second term where float32 underflows
        if self.basis is None:
            return vectors.astype(np.float32, copy=False), norms, errors
        n_coordinates, n_components = self.basis.shape
        projected = vectors @ self.basis
        rest = np.maximum(squares - np.vecdot(projected, projected), 0)  # g(a)^2
        codes = np.empty((len(rows), n_components + 1), np.float32)
        codes[:, :-1] = projected
        codes[:, -1] = np.sqrt(rest)
        # |sqrt(r) - sqrt(s)| is at most |r - s| / sqrt(r), and at most sqrt(|r - s|).
        rest_error = (n_coordinates + 8) * np.sqrt(n_components) * 2.0**-50 * squares
        errors += np.sqrt(rest_error * np.minimum(1, rest_error / np.maximum(rest, 1e-300)))
        return codes, norms, errors


def _squared_norms(rows):
    """Squared norms of float32 rows, computed in float64."""
    return np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
