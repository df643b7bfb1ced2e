"""Activations, one number at a time, forwards and backwards.

Each backward takes dy, the gradient of the output, and the input x, and returns dx = dy * dy/dx.
"""

import numpy as np


def logistic(x):
    """Logistic sigmoid, y = 1 / (1 + exp(-x))."""
    y = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        y[index] = 1 / (1 + np.exp(-x[index]))
    return y


def logistic_backward(dy, x):
    """Gradient of the logistic sigmoid's input; its slope is y * (1 - y), at most 1/4."""
    y, dx = logistic(x), np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        dx[index] = dy[index] * y[index] * (1 - y[index])
    return dx


def tanh(x):
    """Hyperbolic tangent, y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))."""
    y = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        above, below = np.exp(x[index]), np.exp(-x[index])
        y[index] = (above - below) / (above + below)
    return y


def tanh_backward(dy, x):
    """Gradient of the hyperbolic tangent's input; its slope is 1 - y**2, at most 1."""
    y, dx = tanh(x), np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        dx[index] = dy[index] * (1 - y[index] ** 2)
    return dx


def relu(x):
    """Rectifier, y = max(0, x)."""
    y = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        y[index] = max(0.0, x[index])
    return y


def relu_backward(dy, x):
    """Gradient of the rectifier's input; its slope is 1 where x > 0, else 0, also at the kink."""
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        if x[index] > 0:
            dx[index] = dy[index]
    return dx


def leaky_relu(x, slope=0.01):
    """Leaky rectifier, y = x where x > 0, else slope * x."""
    y = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        y[index] = x[index] if x[index] > 0 else slope * x[index]
    return y


def leaky_relu_backward(dy, x, slope=0.01):
    """Gradient of the leaky rectifier's input; its slope is 1 where x > 0, else `slope`."""
    dx = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        dx[index] = dy[index] if x[index] > 0 else slope * dy[index]
    return dx


def maxout(x, pieces=2):
    """Maxout with m outputs, y_ij = max(x_ij, x_i(j+m), x_i(j+2m), ...)."""
    n_samples, n_outputs = len(x), x.shape[1] // pieces
    y = np.zeros((n_samples, n_outputs))
    for i in range(n_samples):
        for j in range(n_outputs):
            y[i, j] = max(x[i, j + piece * n_outputs] for piece in range(pieces))
    return y


def maxout_backward(dy, x, pieces=2):
    """Gradient of maxout's input: all of it goes to the largest, or the first of equal ones."""
    n_samples, n_outputs = dy.shape
    dx = np.zeros(x.shape)
    for i in range(n_samples):
        for j in range(n_outputs):
            winner = j
            for piece in range(1, pieces):
                if x[i, j + piece * n_outputs] > x[i, winner]:
                    winner = j + piece * n_outputs
            dx[i, winner] = dy[i, j]
    return dx
