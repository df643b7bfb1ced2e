"""Normalizations: zero mean and unit variance, then a scale and a shift."""

import numpy as np


def batch_norm(x, scale, shift, w, epsilon=1e-5):
    """Normalise each column over the samples, which count as much as their weights say.

        mean_j = sum_i w_i * x_ij / sum_i w_i
        variance_j = sum_i w_i * (x_ij - mean_j)**2 / sum_i w_i
        y_ij = scale_j * (x_ij - mean_j) / sqrt(variance_j + epsilon) + shift_j

    Returns y, mean and variance.
    """
    n_samples, n_inputs = x.shape
    y, mean, variance = np.zeros(x.shape), np.zeros(n_inputs), np.zeros(n_inputs)
    total = sum(w)
    for j in range(n_inputs):
        for i in range(n_samples):
            mean[j] += w[i] * x[i, j] / total
        for i in range(n_samples):
            variance[j] += w[i] * (x[i, j] - mean[j]) ** 2 / total
        for i in range(n_samples):
            y[i, j] = scale[j] * (x[i, j] - mean[j]) / np.sqrt(variance[j] + epsilon) + shift[j]
    return y, mean, variance


def layer_norm(x, scale, shift, epsilon=1e-5):
    """Normalise each row by its own moments.

    y_ij = scale_j * (x_ij - mean_i) / sqrt(variance_i + epsilon) + shift_j
    """
    n_samples, n_inputs = x.shape
    y = np.zeros(x.shape)
    for i in range(n_samples):
        mean = variance = 0.0
        for j in range(n_inputs):
            mean += x[i, j] / n_inputs
        for j in range(n_inputs):
            variance += (x[i, j] - mean) ** 2 / n_inputs
        for j in range(n_inputs):
            y[i, j] = scale[j] * (x[i, j] - mean) / np.sqrt(variance + epsilon) + shift[j]
    return y
