"""Calls of functions that the user passed as arguments."""

import numpy as np


def call(argument, function, *arrays, shape):
    """Call the user's function and check what it returns.

    Parameters
    ----------
    argument : str
        Name of the constructor's argument that holds the function.
    function : callable
        The function.
    *arrays : ndarray
        What it is called with.
    shape : tuple of int
        Shape that the result must have.

    Returns
    -------
    ndarray
        The result in float64, without NaN.

    Raises
    ------
    ValueError
        If the result has another shape, or holds NaN or anything but numbers.
    """
    name = f"{argument}={getattr(function, '__name__', repr(function))}"
    result = np.asarray(function(*arrays))
    if result.shape != shape:
        given = " and ".join(str(array.shape) for array in arrays)
        raise ValueError(
            f"{name} returned an array of shape {result.shape} for {given}; expected {shape}."
        )
    if result.dtype.kind not in "buif":
        raise ValueError(f"{name} returned an array of dtype {result.dtype}; expected numbers.")
    if np.isnan(result).any():
        raise ValueError(f"{name} returned NaN; expected numbers.")
    return result.astype(np.float64, copy=False)
