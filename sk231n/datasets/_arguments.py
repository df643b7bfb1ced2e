"""What the functions of this package take as numbers and paths."""

import os
from numbers import Integral, Real
from pathlib import Path

from sk231n.core.arguments import Number

MAX_COUNT = 2**31 - 1
MAX_SECONDS = 10**6  # what sockets and clocks can count goes hardly further than 10**9


def count(least, most=MAX_COUNT):
    """Whole numbers from the least to the most."""
    return Number(Integral, least, most, closed="both")


def amount(most):
    """Real numbers from zero to the most."""
    return Number(Real, 0, most, closed="both")


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
