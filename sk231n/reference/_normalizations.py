"""Normalizations: zero mean and unit variance, then a scale and a shift."""

import numpy as np


def batch_norm(x, scale, shift, w, epsilon=1e-5):
    """Normalise each column over the weighted samples.

        mean_j = sum_i w_i * x_ij / sum_i w_i
        variance_j = sum_i w_i * (x_ij - mean_j)**2 / sum_i w_i
        y_ij = scale_j * (x_ij - mean_j) / sqrt(variance_j + epsilon) + shift_j

    Returns y, the mean and the variance.
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


def batch_norm_backward(dy, x, scale, w, epsilon=1e-5):
    """Gradients of x, scale and shift, given dy, the gradient of :func:`batch_norm`'s output.

    With z_ij = (x_ij - mean_j) / sqrt(variance_j + epsilon) and weights that sum to one,

        dscale_j = sum_i dy_ij * z_ij,      dshift_j = sum_i dy_ij,
        dx_ij = scale_j / sqrt(variance_j + epsilon)
                * (dy_ij - w_i * dshift_j - w_i * z_ij * dscale_j)

    The last two terms arise because x_ij also changes the mean and the variance.
    """
    n_samples, n_inputs = x.shape
    _, mean, variance = batch_norm(x, scale, scale, w, epsilon)
    dx, dscale, dshift = np.zeros(x.shape), np.zeros(n_inputs), np.zeros(n_inputs)
    total = sum(w)
    for j in range(n_inputs):
        deviation = np.sqrt(variance[j] + epsilon)
        for i in range(n_samples):
            dscale[j] += dy[i, j] * (x[i, j] - mean[j]) / deviation
            dshift[j] += dy[i, j]
        for i in range(n_samples):
            z, share = (x[i, j] - mean[j]) / deviation, w[i] / total
            through_moments = share * dshift[j] + share * z * dscale[j]
            dx[i, j] = scale[j] / deviation * (dy[i, j] - through_moments)
    return dx, dscale, dshift


def layer_norm(x, scale, shift, epsilon=1e-5):
    """Normalise each row by its own mean and variance.

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


def layer_norm_backward(dy, x, scale, epsilon=1e-5):
    """Gradients of x, scale and shift, given dy, the gradient of :func:`layer_norm`'s output.

    With z_ij = (x_ij - mean_i) / sqrt(variance_i + epsilon) and dz_ij = dy_ij * scale_j,

        dscale_j = sum_i dy_ij * z_ij,      dshift_j = sum_i dy_ij,
        dx_ij = (dz_ij - mean_j(dz_ij) - z_ij * mean_j(dz_ij * z_ij))
                / sqrt(variance_i + epsilon)
    """
    n_samples, n_inputs = x.shape
    dx, dscale, dshift = np.zeros(x.shape), np.zeros(n_inputs), np.zeros(n_inputs)
    for i in range(n_samples):
        mean = sum(x[i]) / n_inputs
        deviation = np.sqrt(sum((x[i] - mean) ** 2) / n_inputs + epsilon)
        mean_dz = mean_dz_z = 0.0
        for j in range(n_inputs):
            z, dz = (x[i, j] - mean) / deviation, dy[i, j] * scale[j]
            dscale[j] += dy[i, j] * z
            dshift[j] += dy[i, j]
            mean_dz += dz / n_inputs
            mean_dz_z += dz * z / n_inputs
        for j in range(n_inputs):
            z, dz = (x[i, j] - mean) / deviation, dy[i, j] * scale[j]
            dx[i, j] = (dz - mean_dz - z * mean_dz_z) / deviation
    return dx, dscale, dshift
