"""Means of columns, whose rows may come in batches."""

import numpy as np

from sk231n._floating_point import quiet
from sk231n.core.blocks import blocks
from sk231n.core.state import State

_LARGEST = np.finfo(np.float64).max
_EXPONENT = 64  # no sum of fewer than 2**64 float64 numbers exceeds 2**64 times the largest one


class ColumnMeans(State):
    """Sums of columns, from which their means are computed.

    Sums of integers are exact below 2**53, so that their means are the same to the last bit for any
    division into batches. If the sum of a column overflows float64, the column is scaled by 2**-64;
    its mean does not overflow.

    Parameters
    ----------
    n_columns : int
        Number of columns.

    Attributes
    ----------
    n_rows : int
        Number of rows seen.
    """

    def __init__(self, n_columns):
        self.n_rows = 0
        self._totals = np.zeros(n_columns)
        self._exponents = np.zeros(n_columns, dtype=int)

    @quiet
    def plus(self, X):
        """Return the means of these and further rows; the object itself does not change."""
        means = ColumnMeans(len(self._totals))
        means.n_rows = self.n_rows + len(X)
        means._totals, means._exponents = self._totals, self._exponents
        for rows in blocks(len(X)):
            # Always in C order, so that the rows are always added in the same order.
            means._add(np.array(X[rows], dtype=np.float64, order="C"))
        return means

    def _add(self, block):
        scaled = np.ldexp(block, -self._exponents) if self._exponents.any() else block
        totals = self._totals + scaled.sum(axis=0)
        beyond = ~np.isfinite(totals)
        if beyond.any():
            self._exponents = self._exponents + _EXPONENT * beyond
            self._totals = np.ldexp(self._totals, -_EXPONENT * beyond)
            totals = self._totals + np.ldexp(block, -self._exponents).sum(axis=0)
        self._totals = totals

    @property
    @quiet
    def values(self):
        """The means, an ndarray of shape (n_columns,)."""
        means = np.ldexp(self._totals / self.n_rows, self._exponents)
        return np.clip(means, -_LARGEST, _LARGEST)  # rounding may exceed the largest number


def column_means(X):
    """Mean of each column of an array of shape (n_rows, n_columns)."""
    return ColumnMeans(X.shape[1]).plus(X).values
