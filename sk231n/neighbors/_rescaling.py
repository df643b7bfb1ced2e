"""Training rows in the range of float32: their centre, a scale, and the norms after rescaling."""

import math
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from sk231n.core.chunks import read_at_once

_SAMPLE_SIZE = 256  # enough rows for a mean, a median and a typical largest norm

# Squares and sums of numbers between these are normal and finite in float32.
_SMALLEST_UNSCALED, _LARGEST_UNSCALED = 1e-10, 1e10


class Rescaling(NamedTuple):
    """A change of origin and unit, ``(x - centre) * scale``, that brings rows near zero and one.

    Attributes
    ----------
    centre : ndarray of shape (n_coordinates,)
        The new origin, in float64.
    scale : float
        A power of two, so that it rounds nothing; 1 unless the rows are tiny or huge.
    largest_norm : float
        Largest norm of a rescaled row in the sample; 0 if the sample does not fit into float32.
    """

    centre: np.ndarray
    scale: float
    largest_norm: float


def fit_rescaling(metric, X):
    """Rescaling that suits the training rows, judged by a sample of them."""
    vectors = metric.vectors(_sample(X, _SAMPLE_SIZE), of_queries=0)
    with np.errstate(over="ignore", invalid="ignore"):
        centre = np.nan_to_num(vectors.mean(axis=0, dtype=np.float64))
        largest = float(np.abs(vectors - centre).max()) * math.sqrt(len(centre))
        if np.linalg.norm(centre) < np.median(np.linalg.norm(vectors - centre, axis=1)):
            # The origin is near enough, and rows need not be copied to be moved.
            centre = np.zeros_like(centre)
        scale = 1.0
        if 0 < largest < _SMALLEST_UNSCALED or _LARGEST_UNSCALED < largest < math.inf:
            # The exponent is limited so that the inverse of the scale is finite.
            scale = math.ldexp(1.0, -max(math.frexp(largest)[1], -1000))
        vectors = _rescaled(vectors, centre, scale)
        largest_norm = float(np.sqrt(np.vecdot(vectors, vectors).max()))
        return Rescaling(centre, scale, largest_norm if math.isfinite(largest_norm) else 0.0)


def rescaled_sample(metric, X, rescaling, n_sample):
    """Sample of the training rows as rescaled vectors in float32."""
    with np.errstate(over="ignore", invalid="ignore"):
        vectors = metric.vectors(_sample(X, n_sample), of_queries=0)
        return _rescaled(vectors, rescaling.centre, rescaling.scale)


def _sample(X, n_sample):
    if len(X) <= n_sample:
        return X
    rows = np.sort(check_random_state(0).choice(len(X), n_sample, replace=False))
    read_at_once(X, rows)
    return X[rows]


def _rescaled(vectors, centre, scale):
    return ((vectors - centre) * scale).astype(np.float32)
