"""Constraints on the numbers and paths that the functions of this package accept."""

import os
from numbers import Integral, Real
from pathlib import Path

from sk231n.core.arguments import Number

MAX_COUNT = 2**31 - 1
MAX_SECONDS = 10**6  # sockets and clocks overflow soon after 10**9


def count(least, most=MAX_COUNT):
    """Constraint: an integer from `least` to `most`."""
    return Number(Integral, least, most, closed="both")


def amount(most):
    """Constraint: a real number from 0 to `most`."""
    return Number(Real, 0, most, closed="both")


def as_path(path, name="path"):
    """Convert to a path; a leading ``~`` is the user's home folder, as in a shell."""
    text = os.fspath(path)
    if not isinstance(text, str):
        raise TypeError(f"{name} must be text; got {path!r}, whose path is bytes.")
    if not text or "\0" in text:
        fault = "holds a null character" if text else "is empty"
        raise ValueError(
            f"{name} must be the path of a file or folder; got {text!r}, which {fault}."
        )
    return Path(os.path.expanduser(text))
