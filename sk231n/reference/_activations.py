"""Activations, one number after the other."""

import numpy as np


def logistic(x):
    """Logistic sigmoid, y = 1 / (1 + exp(-x))."""
    y = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        y[index] = 1 / (1 + np.exp(-x[index]))
    return y


def tanh(x):
    """Hyperbolic tangent, y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))."""
    y = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        above, below = np.exp(x[index]), np.exp(-x[index])
        y[index] = (above - below) / (above + below)
    return y


def relu(x):
    """Rectifier, y = max(0, x)."""
    y = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        y[index] = max(0.0, x[index])
    return y


def leaky_relu(x, slope=0.01):
    """Leaky rectifier, y = x where x > 0, else slope * x."""
    y = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        y[index] = x[index] if x[index] > 0 else slope * x[index]
    return y


def maxout(x, pieces=2):
    """Maxout with m outputs, y_ij = max(x_ij, x_i(j+m), x_i(j+2m), ...)."""
    n_samples, n_outputs = len(x), x.shape[1] // pieces
    y = np.zeros((n_samples, n_outputs))
    for i in range(n_samples):
        for j in range(n_outputs):
            y[i, j] = max(x[i, j + piece * n_outputs] for piece in range(pieces))
    return y
