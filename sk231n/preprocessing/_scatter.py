"""Mean and scatter of rows that may come in batches, and the axes along which they vary.

The scatter is the sum of ``(x - mean) (x - mean)^T``. It is kept as its square root while that is
smaller: at most as many rows as features, whose products it is the sum of. Two batches are merged
by the formula of Chan, Golub and LeVeque, in which the distance of their means is one more row.
"""

import math

import numpy as np
from scipy.linalg import eigh, svd
from scipy.linalg.lapack import dpstrf

from sk231n._estimators import float_dtype
from sk231n._floating_point import quiet
from sk231n._threads import count_threads, run_on_threads
from sk231n.core.blocks import blocks

_PANEL = 256  # columns of a product that one thread computes
_LARGE_PRODUCT = 2**23  # multiplications that are worth a second thread
_FEW_FEATURES = 256  # for which exact axes cost little
_EPSILON = np.finfo(np.float64).eps
_LONG = 1e-6  # of the largest variance; axes are then orthogonal to ten digits
_ROUNDINGS = 4  # that data of their precision have been through, in units of the last place


class Scatter:
    """Mean and scatter of no rows yet.

    Parameters
    ----------
    n_columns : int
        Number of columns.

    Attributes
    ----------
    n_rows : int
        Number of rows seen.
    dtype : dtype
        Float type in which all of them can be computed.
    """

    def __init__(self, n_columns):
        self.n_rows = 0
        self.dtype = np.dtype(np.float32)
        # Everything is measured from the first row: a constant column is exactly zero then, and
        # far from zero no digits are lost.
        self._origin = None
        self._shift = np.zeros(n_columns)  # from the origin to the mean
        self._rounding = np.zeros(n_columns)  # mean square of what the type of the data rounds off
        self._roots = np.empty((0, n_columns))  # the scatter is their roots.T @ roots,
        self._matrix = None  # or the lower triangle of this

    @property
    def mean(self):
        """Mean of the rows, an ndarray of shape (n_columns,)."""
        return self._origin + self._shift

    @quiet
    def plus(self, X):
        """Return the scatter of these and of further rows; nothing here changes."""
        n, m = self.n_rows, len(X)
        merged = Scatter(X.shape[1])
        merged.n_rows = n + m
        merged.dtype = np.promote_types(self.dtype, float_dtype(X.dtype))
        merged._origin = X[0].astype(np.float64) if self._origin is None else self._origin
        shift, rounding = _first_moments(X, merged._origin)
        step = shift - self._shift
        merged._shift = self._shift + step * (m / (n + m)) if n else shift
        merged._rounding = (n * self._rounding + m * rounding) / (n + m)
        between = step * math.sqrt(n * m / (n + m))
        centre = merged._origin, shift
        if n + m - 1 <= X.shape[1]:
            merged._roots = np.concatenate([
                self._roots, between[np.newaxis][:n], _roots(_centred(X, *centre))
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
        """Directions along which the rows vary, orthogonal unit vectors by falling variance.

        Directions whose variance is no more than rounding are left out: the rounding of these
        computations, or that of the data. For the latter suppose each number to be off by some
        units in its last place; that is noise, of which a direction has at most the variance
        below (Marchenko and Pastur).

        Parameters
        ----------
        most : int or None, default=None
            How many are wanted; there may be more or fewer. None wants all.

        Returns
        -------
        variances : ndarray of shape (n_axes,)
            Divided by the number of rows.
        axes : ndarray of shape (n_axes, n_columns)
            The directions.
        """
        n, n_columns = self.n_rows, len(self._shift)
        # What adding up n products and taking a matrix apart do at most, in all likelihood.
        relative = _EPSILON * (n_columns + 10 * math.sqrt(n))
        roots = self._roots
        if roots is None and n_columns <= _FEW_FEATURES:
            roots = _square_root(self._matrix, relative)
        if roots is not None and not len(roots):  # not every SciPy takes no rows apart
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
    """Mean of ``X - origin``, and the mean square of the rounding of each number."""
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
    """Rows minus their mean, always in C order: the order of the additions depends on it."""
    centred = np.subtract(X, origin, order="C", dtype=np.float64)
    centred -= shift
    return centred


def _roots(centred):
    """One row less, with the same scatter: rows that add up to zero have no more than that.

    A reflection that turns the vector of ones to the first axis; the first row becomes zero.
    """
    if len(centred) == 1:
        return centred[:0]
    return centred[1:] + centred[0] / (math.sqrt(len(centred)) - 1)


def _add_products(matrix, rows):
    """Add ``rows.T @ rows`` to the lower triangle.

    The product is cut into panels by its shape alone, so that threads do not change a bit.
    """

    def add(start):
        panel = slice(start, start + _PANEL)
        matrix[start:, panel] += rows[:, start:].T @ rows[:, panel]

    starts = range(0, len(matrix), _PANEL)
    is_large = rows.size * len(matrix) > _LARGE_PRODUCT
    # The first panels are the longest, and the last task is taken first.
    run_on_threads(lambda: add, reversed(starts), count_threads(None) if is_large else 1)


def _square_root(matrix, relative):
    """Rows of which the scatter is that of the matrix, as many as its rank.

    Cholesky's factor, with the largest pivots first, of the correlations: features of very
    different units keep their digits, which the eigenvalues of the matrix itself would lose.
    """
    scale = np.sqrt(np.diag(matrix))
    divisor = np.where(scale > 0, scale, 1)
    correlation = matrix / divisor / divisor[:, np.newaxis]
    factor, pivots, rank, _ = dpstrf(correlation, lower=1, tol=relative)
    roots = np.empty((rank, len(matrix)))
    roots[:, pivots - 1] = np.tril(factor)[:, :rank].T
    return roots * scale


def _leading_axes(roots, most):
    """The first few squared lengths and axes, from the products of all pairs of rows.

    Squares cost half of the digits, which a few long axes do not miss. None where the axes wanted
    are not few or not long, or where there is little to gain.
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
