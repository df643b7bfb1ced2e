"""Errors name the argument that they are about."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from sk231n.core.errors import naming


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (ValueError("no"), ValueError, "X: no"),
        (TypeError("no"), TypeError, "X: no"),
        (OverflowError("no"), ValueError, r"X holds numbers too large for float64\."),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no"), ValueError, "X: 'utf-8' codec"),
        (ValueError("X_val is none"), ValueError, "X: X_val is none"),
        (ValueError("maX"), ValueError, "X: maX"),
    ],
)
def test_the_name_goes_before_what_was_said(error, kind, text):
    with pytest.raises(kind, match=text) as caught, naming("X"):
        raise error
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("text", ["X is none", "no X", "X=3", "'X'"])
@pytest.mark.parametrize("kind", [ValueError, TypeError, np.exceptions.AxisError])
def test_what_names_it_already_stays(kind, text):
    error = kind(text)
    with pytest.raises(kind) as caught, naming("X"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("kind", [NotFittedError, KeyError, MemoryError, KeyboardInterrupt])
def test_other_errors_stay(kind):
    error = kind("no")
    with pytest.raises(kind) as caught, naming("X"):
        raise error
    assert caught.value is error
