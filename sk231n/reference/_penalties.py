"""Penalties on a vector of weights: value and gradient."""

import numpy as np


def l2(u):
    """Half the sum of squares, sum_i u_i**2 / 2, and its gradient, u."""
    value, gradient = 0.0, np.zeros(len(u))
    for i in range(len(u)):
        value += 0.5 * u[i] ** 2
        gradient[i] = u[i]
    return value, gradient


def l1(u):
    """Sum of the magnitudes, sum_i |u_i|, and its gradient, the sign, which is 0 at zero."""
    value, gradient = 0.0, np.zeros(len(u))
    for i in range(len(u)):
        value += abs(u[i])
        if u[i] > 0:
            gradient[i] = 1
        elif u[i] < 0:
            gradient[i] = -1
    return value, gradient


def elastic_net(u, l1_ratio=0.5):
    """Blend of both, l1_ratio * sum_i |u_i| + (1 - l1_ratio) * sum_i u_i**2 / 2."""
    l1_value, l1_gradient = l1(u)
    l2_value, l2_gradient = l2(u)
    value = l1_ratio * l1_value + (1 - l1_ratio) * l2_value
    gradient = np.zeros(len(u))
    for i in range(len(u)):
        gradient[i] = l1_ratio * l1_gradient[i] + (1 - l1_ratio) * l2_gradient[i]
    return value, gradient
