"""Losses for targets with the shape of the scores, one sample at a time.

Each takes scores and targets of shape (n_samples, n_outputs) and sample weights, and returns the
weighted sum of the losses and its gradient with respect to the scores.
"""

import numpy as np


def sigmoid_cross_entropy(scores, y, w, label_smoothing=0.0):
    """One logistic regression per output, with p_j = 1 / (1 + exp(-s_j)).

        loss = -sum_j q_j * log p_j + (1 - q_j) * log(1 - p_j),     d loss / d s_j = p_j - q_j

    The target q is y; smoothing moves it towards one half.
    """
    n_samples, n_outputs = scores.shape
    value, gradient = 0.0, np.zeros((n_samples, n_outputs))
    for i in range(n_samples):
        for j in range(n_outputs):
            q = (1 - label_smoothing) * y[i, j] + label_smoothing * 0.5
            p = 1 / (1 + np.exp(-scores[i, j]))
            not_p = 1 / (1 + np.exp(scores[i, j]))  # 1 - p, with fewer digits lost to rounding
            value -= w[i] * (q * np.log(p) + (1 - q) * np.log(not_p))
            gradient[i, j] = w[i] * (p - q)
    return value, gradient


def squared_error(scores, y, w):
    """Half the squared error, loss = sum_j (s_j - y_j)**2 / 2."""
    n_samples, n_outputs = scores.shape
    value, gradient = 0.0, np.zeros((n_samples, n_outputs))
    for i in range(n_samples):
        for j in range(n_outputs):
            error = scores[i, j] - y[i, j]
            value += w[i] * error**2 / 2
            gradient[i, j] = w[i] * error
    return value, gradient


def absolute_error(scores, y, w):
    """Absolute error, loss = sum_j |s_j - y_j|, and its gradient, the sign, which is 0 at zero."""
    n_samples, n_outputs = scores.shape
    value, gradient = 0.0, np.zeros((n_samples, n_outputs))
    for i in range(n_samples):
        for j in range(n_outputs):
            error = scores[i, j] - y[i, j]
            value += w[i] * abs(error)
            if error > 0:
                gradient[i, j] = w[i]
            elif error < 0:
                gradient[i, j] = -w[i]
    return value, gradient
