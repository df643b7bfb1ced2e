"""Validation that names the argument."""

import numpy as np
from sklearn.utils import check_array


def matrix(values, name, **options):
    """Validate an array of two dimensions with :func:`~sklearn.utils.check_array`."""
    if np.ndim(values) != 2:
        raise ValueError(
            f"{name} must have two dimensions; got an array of shape {np.shape(values)}."
        )
    return check_array(values, input_name=name, **options)
