"""Mean and scatter matrix of rows that may come in batches, and the principal axes of the rows.

The scatter is the sum of ``(x - mean) (x - mean)^T``. As long as it takes less memory, a square
root of the scatter is kept instead: a matrix ``R`` of at most as many rows as features, with the
scatter ``R^T R``. Two batches are merged by the formula of Chan, Golub and LeVeque, in which the
difference of their means adds one row to ``R``.
"""

import math

import numpy as np
from scipy.linalg import eigh, svd
from scipy.linalg.lapack import dpstrf

from sk231n._estimators import float_dtype
from sk231n._floating_point import quiet
from sk231n._threads import count_threads, run_on_threads
from sk231n.core.blocks import blocks
from sk231n.core.state import State

_PANEL = 256  # number of columns of a product that one thread computes at a time
_LARGE_PRODUCT = 2**23  # number of multiplications above which a second thread pays off
_FEW_FEATURES = 256  # up to this number of features, exact axes cost little
_EPSILON = np.finfo(np.float64).eps
_LONG = 1e-6  # an axis with this share of the largest variance is accurate to ten digits
_ROUNDINGS = 4  # assumed rounding error of the data, in units in the last place


class Scatter(State):
    """Mean and scatter; at first of no rows.

    Parameters
    ----------
    n_columns : int
        Number of columns.

    Attributes
    ----------
    n_rows : int
        Number of rows seen.
    dtype : type
        NumPy's float type in which results for all these rows are returned.
    """

    def __init__(self, n_columns):
        self.n_rows = 0
        self.dtype: type = np.float32
        # All values are relative to the first row: a constant column is then exactly zero, and
        # columns far from zero lose no digits.
        self._origin = None
        self._shift = np.zeros(n_columns)  # from the origin to the mean
        self._rounding = np.zeros(n_columns)  # mean square of the rounding error of the data
        self._roots = np.empty((0, n_columns))  # the scatter is roots.T @ roots, or
        self._matrix = None  # the lower triangle of this matrix

    @property
    def mean(self):
        """Mean of the rows, an ndarray of shape (n_columns,)."""
        return self._origin + self._shift

    @quiet
    def plus(self, X):
        """Return the scatter of these and further rows; the object itself does not change."""
        n, m = self.n_rows, len(X)
        merged = Scatter(X.shape[1])
        merged.n_rows = n + m
        merged.dtype = np.promote_types(self.dtype, float_dtype(X.dtype)).type
        merged._origin = X[0].astype(np.float64) if self._origin is None else self._origin
        shift, rounding = _first_moments(X, merged._origin)
        step = shift - self._shift
        merged._shift = self._shift + step * (m / (n + m)) if n else shift
        merged._rounding = (n * self._rounding + m * rounding) / (n + m)
        between = step * math.sqrt(n * m / (n + m))
        centre = merged._origin, shift
        if n + m - 1 <= X.shape[1]:
            merged._roots = np.concatenate([
                self._roots, between[np.newaxis][:n], _roots(_centred(X[:], *centre))
            ])  # fmt: skip
            return merged
        merged._roots = None
        if self._matrix is None:
            merged._matrix = np.zeros((X.shape[1], X.shape[1]))
            _add_products(merged._matrix, self._roots)
        else:
            merged._matrix = self._matrix.copy()
        _add_products(merged._matrix, between[np.newaxis])
        for rows in blocks(m):
            _add_products(merged._matrix, _centred(X[rows], *centre))
        return merged

    @property
    @quiet
    def variances(self):
        """Variances of the columns, an ndarray of shape (n_columns,)."""
        if self._matrix is None:
            return np.einsum("ij,ij->j", self._roots, self._roots) / self.n_rows
        return np.diag(self._matrix) / self.n_rows

    @quiet
    def principal_axes(self, most=None):
        """Return the directions along which the rows vary: orthonormal, by decreasing variance.

        Directions whose variance does not exceed the rounding error are omitted: that of these
        computations, or that of the data. For the latter, each number is assumed to be off by a few
        units in its last place. This is noise, whose variance along any direction is at most the
        bound below (Marchenko and Pastur).

        Parameters
        ----------
        most : int or None, default=None
            Number of directions needed; the result may have more or fewer. None means all.

        Returns
        -------
        variances : ndarray of shape (n_axes,)
            Divided by the number of rows.
        axes : ndarray of shape (n_axes, n_columns)
            The directions.
        """
        n, n_columns = self.n_rows, len(self._shift)
        # A probable bound on the rounding error of n additions and of a decomposition.
        relative = _EPSILON * (n_columns + 10 * math.sqrt(n))
        roots = self._roots
        if roots is None and n_columns <= _FEW_FEATURES:
            roots = _square_root(self._matrix, relative)
        if roots is not None and not len(roots):
            # Some versions of SciPy cannot decompose an empty matrix.
            return np.empty(0), np.empty((0, n_columns))
        leading = _leading_axes(roots, most)
        if leading is not None:
            variances, axes = leading[0] / n, leading[1]
        elif roots is not None:
            _, lengths, axes = svd(roots, full_matrices=False, check_finite=False)
            variances = lengths**2 / n
            relative = (_EPSILON * max(roots.shape, default=0)) ** 2
        else:
            variances, axes = eigh(self._matrix, driver="evd", check_finite=False)
            variances, axes = variances[::-1] / n, axes[:, ::-1].T
        rounding = np.where(self.variances > 0, self._rounding, 0)
        noise = axes**2 @ rounding * (1 + math.sqrt(n_columns / n)) ** 2
        least = np.maximum(noise, relative * variances.max(initial=0))
        varies = variances > np.maximum(least, np.finfo(self.dtype).tiny)
        return variances[varies], axes[varies]


def _first_moments(X, origin):
    """Mean of ``X - origin``, and the mean square of the rounding error, for each column."""
    total, squares = np.zeros((2, X.shape[1]))
    is_exact = X.dtype.kind != "f" and X.dtype.itemsize <= 4
    for rows in blocks(len(X)):
        block = np.array(X[rows], dtype=np.float64, order="C")
        if not is_exact:
            squares += np.einsum("ij,ij->j", block, block)
        block -= origin
        total += block.sum(axis=0)
    unit = np.finfo(X.dtype).eps if X.dtype.kind == "f" and X.dtype.itemsize < 8 else _EPSILON
    return total / len(X), (_ROUNDINGS * unit) ** 2 * squares / len(X)


def _centred(X, origin, shift):
    """Rows minus their mean, always in C order, on which the order of later additions depends."""
    centred = np.subtract(X, origin, order="C", dtype=np.float64)
    centred -= shift
    return centred


def _roots(centred):
    """Return one row fewer with the same scatter, which is possible as the rows add up to zero.

    A reflection maps the vector of ones to the first axis, which makes the first row zero.
    """
    if len(centred) == 1:
        return centred[:0]
    return centred[1:] + centred[0] / (math.sqrt(len(centred)) - 1)


def _add_products(matrix, rows):
    """Add ``rows.T @ rows`` to the lower triangle.

    The product is divided into panels by its shape alone, so that the result is the same to the
    last bit for any number of threads.
    """

    def add(start):
        panel = slice(start, start + _PANEL)
        matrix[start:, panel] += rows[:, start:].T @ rows[:, panel]

    starts = range(0, len(matrix), _PANEL)
    is_large = rows.size * len(matrix) > _LARGE_PRODUCT
    # The first panels are the longest and have to be started first; tasks are taken from the end.
    run_on_threads(lambda: add, reversed(starts), count_threads(None) if is_large else 1)


def _square_root(matrix, relative):
    """Return as many rows as the rank of the matrix, whose scatter is the matrix.

    This is the Cholesky factor, with pivoting, of the correlation matrix. Features in very
    different units keep their accuracy, which the eigenvalues of the matrix itself would lose.
    """
    scale = np.sqrt(np.diag(matrix))
    divisor = np.where(scale > 0, scale, 1)
    correlation = matrix / divisor / divisor[:, np.newaxis]
    factor, pivots, rank, _ = dpstrf(correlation, lower=1, tol=relative)
    roots = np.empty((rank, len(matrix)))
    roots[:, pivots - 1] = np.tril(factor)[:, :rank].T
    return roots * scale


def _leading_axes(roots, most):
    """Return the first few squared lengths and axes, from the products of all pairs of rows.

    Squaring halves the number of accurate digits, which is harmless for a few long axes. The result
    is None if too many axes are needed, if they are not long, or if this would not be faster.
    """
    if roots is None or most is None or min(roots.shape) < max(_FEW_FEATURES, 4 * most):
        return None
    last = len(roots) - 1
    squares, vectors = eigh(
        roots @ roots.T, subset_by_index=[last - most + 1, last], check_finite=False
    )
    squares, vectors = squares[::-1], vectors[:, ::-1]
    if not squares[-1] > _LONG * squares[0]:
        return None
    return squares, vectors.T @ roots / np.sqrt(squares)[:, np.newaxis]
