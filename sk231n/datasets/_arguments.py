"""What the functions of this package take as numbers and paths."""

import os
from numbers import Integral, Real
from pathlib import Path

import numpy as np
from sklearn.utils._param_validation import Interval

MAX_COUNT = 2**31 - 1
MAX_SECONDS = 10**6  # what sockets and clocks can count goes hardly further than 10**9


class Number(Interval):
    """An interval of numbers without booleans: ``n_samples=True`` is a mistake, not a 1."""

    def is_satisfied_by(self, val):
        """Return whether the value is a number of the interval."""
        known = isinstance(val, Integral | float | np.floating)  # fractions have no NaN to ask for
        return known and not isinstance(val, bool) and super().is_satisfied_by(val)


def count(least, most=MAX_COUNT):
    """Whole numbers from the least to the most."""
    return Number(Integral, least, most, closed="both")


def amount(most):
    """Real numbers from zero to the most."""
    return Number(Real, 0, most, closed="both")


RANDOM_STATE = [count(0, 2**32 - 1), np.random.RandomState, None]


def as_path(path, name="path"):
    """Path that the user means: ``~`` is their home, as in a shell."""
    text = os.fspath(path)
    if not isinstance(text, str):
        raise TypeError(f"{name} must be text; got {path!r}, whose path is bytes.")
    if not text or "\0" in text:
        fault = "holds a null character" if text else "is empty"
        raise ValueError(
            f"{name} must be the path of a file or folder; got {text!r}, which {fault}."
        )
    return Path(os.path.expanduser(text))
