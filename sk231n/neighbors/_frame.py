"""Where the training rows lie: a sample of them, centred and scaled so that float32 holds them."""

import math
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

_SAMPLE = 256


class Frame(NamedTuple):
    """Centre, power of two that brings the rows into reach of float32, largest norm after that."""

    centre: np.ndarray
    scale: float
    largest_norm: float


def make_frame(metric, X):
    """Frame of the training rows, from a sample."""
    vectors = metric.vectors(_sample(X, _SAMPLE), of_queries=0)
    with np.errstate(over="ignore", invalid="ignore"):
        centre = np.nan_to_num(vectors.mean(axis=0, dtype=np.float64))
        largest = float(np.abs(vectors - centre).max()) * math.sqrt(len(centre))
        if np.linalg.norm(centre) < np.median(np.linalg.norm(vectors - centre, axis=1)):
            centre = np.zeros_like(centre)  # near enough, and the rows can stay as they are
        scale = 1.0
        if 0 < largest < 1e-10 or 1e10 < largest < math.inf:
            scale = math.ldexp(1.0, -max(math.frexp(largest)[1], -1000))  # its inverse is finite
        vectors = _within(vectors, centre, scale)
        largest_norm = float(np.sqrt(np.vecdot(vectors, vectors).max()))
        # If rows are too large for float32 none is known to fit.
        return Frame(centre, scale, largest_norm if math.isfinite(largest_norm) else 0.0)


def sample_vectors(metric, X, frame, n_sample):
    """Sample of the training rows as vectors from the centre, scaled, in float32."""
    with np.errstate(over="ignore", invalid="ignore"):
        vectors = metric.vectors(_sample(X, n_sample), of_queries=0)
        return _within(vectors, frame.centre, frame.scale)


def _sample(X, n_sample):
    if len(X) <= n_sample:
        return X
    return X[np.sort(check_random_state(0).choice(len(X), n_sample, replace=False))]


def _within(vectors, centre, scale):
    return ((vectors - centre) * scale).astype(np.float32)
