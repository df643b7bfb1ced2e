"""Where the training rows lie: a sample of them, centred and scaled so that float32 holds them."""

import math
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

_SAMPLE = 2048


class Frame(NamedTuple):
    """Centre of the rows, power of two that brings norms to about one, largest norm after that."""

    centre: np.ndarray
    scale: float
    largest_norm: float


def sample_frame(metric, X):
    """Sample of the rows as centred, scaled vectors in float32, and the frame they make."""
    n_sample = min(len(X), _SAMPLE, max(256, len(X) // 4))
    rows = np.sort(check_random_state(0).choice(len(X), n_sample, replace=False))
    vectors = metric.vectors(X[rows], of_queries=0)
    with np.errstate(over="ignore", invalid="ignore"):
        centre = np.nan_to_num(vectors.mean(axis=0, dtype=np.float64))
        vectors = vectors - centre
        largest = float(np.abs(vectors).max()) * math.sqrt(len(centre))
        scale = 1.0
        if 0 < largest < math.inf:
            # Not below the normal numbers, whose inverses would overflow.
            scale = math.ldexp(1.0, -max(math.frexp(largest)[1], -1000))
        vectors = (vectors * scale).astype(np.float32)
        largest_norm = float(np.sqrt(np.vecdot(vectors, vectors).max()))
    return vectors, Frame(centre, scale, largest_norm)
