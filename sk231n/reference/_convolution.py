"""Convolution: filters that slide over images, one position at a time, forwards and backwards.

Images are x of shape (n_images, height, width, n_channels), filters W of shape (height, width,
n_channels, n_filters). Stride and dilation are numbers of pixels, or pairs of them for rows and
columns; `padding` is the number of zeros on every side, or ((top, bottom), (left, right)).
"""

import numpy as np


def conv_output_side(side, size, stride=1, padding=0, dilation=1):
    """Number of positions of a filter along a side, (W - F + 2 * P) / S + 1.

    W is the side of the image, S the stride, and F = dilation * (size - 1) + 1 what the filter
    reaches over, as its taps are `dilation` pixels apart. P zeros stand at each end of the side; a
    pair as `padding` counts those before and after it. A filter for which the sum is not a whole
    number >= 1 does not fit.
    """
    reach = dilation * (size - 1) + 1
    before, after = np.broadcast_to(padding, 2)
    positions = (side - reach + before + after) / stride + 1
    if positions < 1 or positions % 1:
        zeros = f"2*{before}" if before == after else f"{before} + {after}"
        raise ValueError(
            f"The filter does not fit: (W - F + 2P) / S + 1 = ({side} - {reach} + {zeros}) / "
            f"{stride} + 1 = {positions:.6g}, which is not a whole number >= 1."
        )
    return int(positions)


def conv_forward(x, W, b, stride=1, padding=0, dilation=1):
    """Convolution: at each position, each filter is multiplied with the pixels that it covers.

        y_nijk = sum_uvc x_nrsc * W_uvck + b_k,     r = i * stride + u * dilation,
                                                    s = j * stride + v * dilation

    The image x_n is extended by zeros, from whose corner r and s count.
    """
    size, stride, dilation = W.shape[:2], _pair(stride), _pair(dilation)
    padding = np.broadcast_to(padding, (2, 2))
    height, width = map(conv_output_side, x.shape[1:3], size, stride, padding, dilation)
    x = _extend(x, padding)
    y = np.zeros((len(x), height, width, W.shape[3]))
    for n, i, j, k in np.ndindex(y.shape):
        rows, columns = _covered((i, j), size, stride, dilation)
        y[n, i, j, k] = np.sum(x[n, rows, columns] * W[:, :, :, k]) + b[k]
    return y


def conv_backward(dy, x, W, stride=1, padding=0, dilation=1):
    """Gradients of the convolution's x, W and b, given dy, the gradient of its output.

    Each output y_nijk is made of a patch of the image and a filter. On the way back the patch gets
    dy_nijk times the filter, and the filter gets dy_nijk times the patch:

        dx_nrsc = sum of dy_nijk * W_uvck over all i, j, k, u, v that meet at r, s
        dW_uvck = sum_nij dy_nijk * x_nrsc,     db_k = sum_nij dy_nijk

    with r and s as in :func:`conv_forward`. What falls on the zeros around the image is dropped.
    """
    size, stride, dilation = W.shape[:2], _pair(stride), _pair(dilation)
    (top, _), (left, _) = padding = np.broadcast_to(padding, (2, 2))
    height, width = x.shape[1:3]
    x, W = _extend(x, padding), np.asarray(W, dtype=np.float64)
    dx, dW, db = np.zeros(x.shape), np.zeros(W.shape), np.zeros(W.shape[3])
    for n, i, j, k in np.ndindex(dy.shape):
        rows, columns = _covered((i, j), size, stride, dilation)
        dx[n, rows, columns] += dy[n, i, j, k] * W[:, :, :, k]
        dW[:, :, :, k] += dy[n, i, j, k] * x[n, rows, columns]
        db[k] += dy[n, i, j, k]
    return dx[:, top : top + height, left : left + width], dW, db


def im2col(image, size, stride=1, padding=0):
    """Stretch the patches of one image (h, w, c) that a filter covers into columns of a matrix.

    Filters of 11 x 11 pixels with a stride of 4 on an image of 227 x 227 x 3 give a column of
    11 * 11 * 3 = 363 numbers for each of 55 * 55 = 3,025 positions. Patches overlap, so most pixels
    are in the matrix several times.
    """
    size, stride = _pair(size), _pair(stride)
    padding = np.broadcast_to(padding, (2, 2))
    height, width = map(conv_output_side, image.shape[:2], size, stride, padding)
    [image] = _extend(image[np.newaxis], padding)
    matrix = np.zeros((size[0] * size[1] * image.shape[2], height * width))
    for i in range(height):
        for j in range(width):
            rows, columns = _covered((i, j), size, stride, dilation=(1, 1))
            matrix[:, i * width + j] = image[rows, columns].ravel()
    return matrix


def conv_as_matrix_product(x, W, b, stride=1, padding=0):
    """Convolution as one product of matrices per image; equal to :func:`conv_forward`.

        filters (n_filters, F) @ patches (F, n_positions) = outputs (n_filters, n_positions)

    Each filter becomes a row of F = height * width * n_channels numbers, each patch a column, see
    :func:`im2col`. This takes memory, but few things are as fast as a product of matrices.
    """
    size, stride, n_filters = W.shape[:2], _pair(stride), W.shape[3]
    padding = np.broadcast_to(padding, (2, 2))
    height, width = map(conv_output_side, x.shape[1:3], size, stride, padding)
    y = np.zeros((len(x), height, width, n_filters))
    filters = W.reshape(-1, n_filters).T
    for n in range(len(x)):
        outputs = filters @ im2col(x[n], size, stride, padding) + b[:, np.newaxis]
        y[n] = outputs.T.reshape(height, width, n_filters)
    return y


def _pair(value):
    """Return a number as a pair, for rows and columns; a pair as it is."""
    return (value, value) if np.ndim(value) == 0 else tuple(value)


def _extend(x, padding):
    """Images in float64 with zeros around them."""
    return np.pad(np.asarray(x, dtype=np.float64), [(0, 0), *padding, (0, 0)])


def _covered(position, size, stride, dilation):
    """Rows and columns that a filter covers at a position (i, j)."""
    return [
        slice(at * step, at * step + gap * (taps - 1) + 1, gap)
        for at, taps, step, gap in zip(position, size, stride, dilation, strict=True)
    ]
