"""Numbers and arrays as the pages write them."""

import numpy as np


def number(value, digits=2):
    """Return a number with a real minus sign; what rounds to zero has none."""
    text = f"{value:.{digits}f}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def bracketed(value):
    """Return a number in parentheses if it is negative."""
    text = number(value)
    return f"({text})" if text.startswith("−") else text


def listed(array):
    """Return an array as it is written in Python."""
    return np.asarray(array).tolist()
