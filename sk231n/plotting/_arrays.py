"""Validation of arguments, whose errors name the argument."""

from collections.abc import Mapping, Sized

import numpy as np
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from sk231n.core.errors import naming


def matrix(values, name, **options):
    """Validate an array of two dimensions with :func:`~sklearn.utils.check_array`."""
    with naming(name), np.errstate(over="ignore", invalid="ignore"):
        if np.ndim(values) != 2:
            raise ValueError(
                f"{name} must have two dimensions; got an array of shape {np.shape(values)}."
            )
        if not np.size(values):
            raise ValueError(f"{name} must not be empty; got an array of shape {np.shape(values)}.")
        return check_array(values, input_name=name, **options)


def check_fitted(estimator, name="estimator"):
    """Refuse anything but a fitted estimator."""
    with naming(name):
        check_is_fitted(estimator)


def words(values, name):
    """Return a sequence of names as a list of str; refuse a single string."""
    is_sequence = isinstance(values, Sized) and not isinstance(values, str | bytes | Mapping | set)
    if not is_sequence or isinstance(values, np.dtype) or getattr(values, "ndim", 1) != 1:
        raise ValueError(f"{name} must be a sequence of names; got {values!r:.200}.")
    if any(isinstance(value, list | tuple | np.ndarray) for value in values):
        raise ValueError(f"{name} must be a sequence of names; got {values!r:.200}.")
    return [str(value) for value in values]


def check_lengths(**arrays):
    """Raise an error unless all arrays, passed by name, have the same length."""
    lengths = {}
    for name, values in arrays.items():
        shape = getattr(values, "shape", None)
        is_sequence = isinstance(values, Sized) and not isinstance(values, str | bytes | np.dtype)
        if shape == () or not (shape or is_sequence):
            raise ValueError(f"{name} must be an array or a sequence; got {values!r:.200}.")
        lengths[name] = shape[0] if shape else len(values)
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise ValueError(f"Expected as many entries of each, but {found}.")
