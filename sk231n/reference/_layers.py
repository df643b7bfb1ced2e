"""Layers, forwards and backwards."""

import numpy as np


def affine(x, W, b):
    """Affine layer, y_ik = sum_j x_ij * W_jk + b_k."""
    n_samples, n_inputs, n_outputs = len(x), len(W), len(b)
    y = np.zeros((n_samples, n_outputs))
    for i in range(n_samples):
        for k in range(n_outputs):
            y[i, k] = b[k]
            for j in range(n_inputs):
                y[i, k] += x[i, j] * W[j, k]
    return y


def affine_backward(dy, x, W):
    """Gradients of the affine layer's x, W and b, given dy, the gradient of its output.

    dx_ij = sum_k dy_ik * W_jk,     dW_jk = sum_i x_ij * dy_ik,     db_k = sum_i dy_ik
    """
    (n_samples, n_inputs), n_outputs = x.shape, W.shape[1]
    dx, dW, db = np.zeros(x.shape), np.zeros(W.shape), np.zeros(n_outputs)
    for i in range(n_samples):
        for k in range(n_outputs):
            db[k] += dy[i, k]
            for j in range(n_inputs):
                dx[i, j] += dy[i, k] * W[j, k]
                dW[j, k] += x[i, j] * dy[i, k]
    return dx, dW, db


def dropout(x, mask, p):
    """Inverted dropout, y_ij = x_ij / (1 - p) where the mask keeps x_ij, else 0."""
    y = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        if mask[index]:
            y[index] = x[index] / (1 - p)
    return y


def dropout_backward(dy, mask, p):
    """Gradient of dropout's input, dx_ij = dy_ij / (1 - p) where the mask keeps x_ij, else 0."""
    dx = np.zeros(dy.shape)
    for index in np.ndindex(dy.shape):
        if mask[index]:
            dx[index] = dy[index] / (1 - p)
    return dx
