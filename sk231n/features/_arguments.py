"""Argument checks that the feature transformers share."""

from numbers import Integral

import numpy as np

from sk231n._images import is_count
from sk231n.core.arguments import Number

N_JOBS = [
    Number(Integral, 1, None, closed="left"),
    Number(Integral, None, -1, closed="right"),
    None,
]
MOST_BINS = 2**24  # of one histogram; there are as many colours of three bytes


def check_pair(name, pair):
    """Check that the constructor's argument `name` is a pair of positive integers."""
    if len(pair) != 2 or not all(map(is_count, pair)):
        raise ValueError(f"{name} must be two positive integers (rows, columns); got {pair!r}.")


def check_overflow(features, images):
    """Refuse images whose values are so large that the features are infinite or NaN."""
    if not np.isfinite(features).all():
        raise ValueError(
            f"X holds values too large to compute with in {images.dtype}: the largest magnitude "
            f"is {np.abs(images).max():.3g}. Divide X by a constant first."
        )
