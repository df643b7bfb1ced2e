"""Pooling: one number for each window of each channel, forwards and backwards.

Images are x of shape (n_images, height, width, n_channels). Windows have `size` pixels and begin
`stride` pixels apart, by default as many as they are large; both may be pairs, for rows and
columns. Rows and columns at the end that fill no further window are left out.
"""

import numpy as np


def max_pool_forward(x, size=2, stride=None):
    """Max pooling of images (n, h, w, c): the largest value of each window, in each channel."""
    y = np.zeros(_output_shape(x, size, stride))
    for n, i, j, c in np.ndindex(y.shape):
        rows, columns = _window((i, j), size, stride)
        y[n, i, j, c] = np.max(x[n, rows, columns, c])
    return y


def max_pool_backward(dy, x, size=2, stride=None):
    """Gradient of max pooling's input: all of it goes to the largest, or the first of equal ones.

    "First" is in the order of reading, row by row. A pixel that is the largest of several windows
    gets the sum of their gradients; one that lies in no window gets zero.
    """
    dx = np.zeros(x.shape)
    for n, i, j, c in np.ndindex(dy.shape):
        rows, columns = _window((i, j), size, stride)
        window = x[n, rows, columns, c]
        u, v = np.unravel_index(np.argmax(window), window.shape)  # argmax finds the first one
        dx[n, rows.start + u, columns.start + v, c] += dy[n, i, j, c]
    return dx


def average_pool_forward(x, size=2, stride=None):
    """Average pooling of images (n, h, w, c): the mean of each window, in each channel."""
    y = np.zeros(_output_shape(x, size, stride))
    for n, i, j, c in np.ndindex(y.shape):
        rows, columns = _window((i, j), size, stride)
        y[n, i, j, c] = np.mean(x[n, rows, columns, c], dtype=np.float64)
    return y


def average_pool_backward(dy, x, size=2, stride=None):
    """Gradient of average pooling's input: the pixels of a window share its gradient evenly.

    A pixel that lies in several windows gets the sum of its shares; one in no window gets zero.
    """
    dy, dx = np.asarray(dy, dtype=np.float64), np.zeros(x.shape)
    for n, i, j, c in np.ndindex(dy.shape):
        rows, columns = _window((i, j), size, stride)
        dx[n, rows, columns, c] += dy[n, i, j, c] / x[n, rows, columns, c].size
    return dx


def global_average_pool_forward(x):
    """Global average pooling, y_nc = sum_ij x_nijc / (height * width)."""
    n_images, height, width, n_channels = x.shape
    x, y = np.asarray(x, dtype=np.float64), np.zeros((n_images, n_channels))
    for n, i, j, c in np.ndindex(x.shape):
        y[n, c] += x[n, i, j, c] / (height * width)
    return y


def global_average_pool_backward(dy, x):
    """Gradient of global average pooling's input, dx_nijc = dy_nc / (height * width)."""
    _, height, width, _ = x.shape
    dy, dx = np.asarray(dy, dtype=np.float64), np.zeros(x.shape)
    for n, i, j, c in np.ndindex(x.shape):
        dx[n, i, j, c] = dy[n, c] / (height * width)
    return dx


def _pairs(size, stride):
    """Size and stride as pairs, for rows and columns."""
    stride = size if stride is None else stride
    return [(value, value) if np.ndim(value) == 0 else tuple(value) for value in (size, stride)]


def _output_shape(x, size, stride):
    """Shape of the output; along a side there are floor((W - F) / S) + 1 windows."""
    size, stride = _pairs(size, stride)
    sides = x.shape[1:3]
    if sides[0] < size[0] or sides[1] < size[1]:
        raise ValueError(f"Windows of {size} pixels do not fit images of {sides} pixels.")
    height, width = ((sides[axis] - size[axis]) // stride[axis] + 1 for axis in range(2))
    return len(x), height, width, x.shape[3]


def _window(position, size, stride):
    """Rows and columns of the window at a position (i, j)."""
    size, stride = _pairs(size, stride)
    return [
        slice(at * step, at * step + length)
        for at, length, step in zip(position, size, stride, strict=True)
    ]
