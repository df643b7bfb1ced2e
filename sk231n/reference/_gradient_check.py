"""The gradient by its definition, to check the other gradients."""

import numpy as np


def numerical_gradient(f, x, h=1e-5):
    """Gradient of f at x by central differences, one coordinate at a time.

    df / dx_i = (f(x + h * e_i) - f(x - h * e_i)) / (2 * h)
    """
    x = np.array(x, dtype=np.float64)
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        middle = x[index]
        x[index] = middle + h
        above = f(x)
        x[index] = middle - h
        below = f(x)
        x[index] = middle
        gradient[index] = (above - below) / (2 * h)
    return gradient
