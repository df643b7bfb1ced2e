"""Histograms of oriented gradients, one pixel at a time."""

import numpy as np


def hog(
    image,
    orientations=9,
    pixels_per_cell=(8, 8),
    cells_per_block=(2, 2),
    block_norm="L2-Hys",
    signed=False,
    color="max",
    transform_sqrt=False,
):
    """Histogram of oriented gradients of one image (h, w) or (h, w, c), as a vector.

    At each pixel, in the channel where the gradient is longest (or in the luminance, if `color` is
    "gray"; or in each channel separately, one after the other, if it is "each"; and of the square
    roots of all values, if `transform_sqrt`),

        g_row = I[i + 1, j] - I[i - 1, j]        g_col = I[i, j + 1] - I[i, j - 1]

    (zero where a neighbour is missing) votes with its length for the bin of its direction,

        floor(orientations * angle / 180),       angle = atan2(g_row, g_col) in degrees, mod 180

    (mod 360 if `signed`). A cell's histogram is the mean over its pixels. A block of cells is one
    vector v; "L2" makes it v / sqrt(sum(v**2) + eps**2), "L2-Hys" clips that at 0.2 and normalises
    it again, "L1" makes it v / (sum(v) + eps), "L1-sqrt" takes the square root of that.
    """
    image = np.asarray(image, dtype=np.float64)
    if transform_sqrt:
        image = np.sqrt(image)
    if image.ndim == 2:
        image = image[:, :, np.newaxis]
    if color == "each":
        channels = np.moveaxis(image, 2, 0)
        rest = (orientations, pixels_per_cell, cells_per_block, block_norm, signed)
        return np.concatenate([hog(channel, *rest) for channel in channels])
    if color == "gray" and image.shape[2] == 3:
        r, g, b = image[:, :, 0], image[:, :, 1], image[:, :, 2]
        image = (0.2125 * r + 0.7154 * g + 0.0721 * b)[:, :, np.newaxis]
    height, width, n_channels = image.shape
    cell_h, cell_w = min(pixels_per_cell[0], height), min(pixels_per_cell[1], width)
    rows, columns = height // cell_h, width // cell_w
    period = 360 if signed else 180

    histograms = np.zeros((rows, columns, orientations))
    for i in range(rows * cell_h):
        for j in range(columns * cell_w):
            longest, angle = 0.0, 0.0
            for c in range(n_channels):
                g_row = image[i + 1, j, c] - image[i - 1, j, c] if 0 < i < height - 1 else 0.0
                g_col = image[i, j + 1, c] - image[i, j - 1, c] if 0 < j < width - 1 else 0.0
                length = np.sqrt(g_row**2 + g_col**2)
                if length > longest:
                    longest, angle = length, np.degrees(np.arctan2(g_row, g_col)) % period
            k = int(orientations * angle / period) % orientations
            histograms[i // cell_h, j // cell_w, k] += longest / (cell_h * cell_w)
    if block_norm is None:
        return histograms.ravel()

    block_h, block_w = min(cells_per_block[0], rows), min(cells_per_block[1], columns)
    features = []
    for r in range(rows - block_h + 1):
        for c in range(columns - block_w + 1):
            block = histograms[r : r + block_h, c : c + block_w].ravel()
            features.append(normalize_block(block, block_norm))
    return np.concatenate(features)


def normalize_block(block, block_norm, eps=1e-5):
    """Normalise one block of histograms, see :func:`hog`."""
    if block_norm == "L1":
        return block / (np.sum(block) + eps)
    if block_norm == "L1-sqrt":
        return np.sqrt(block / (np.sum(block) + eps))
    block = block / np.sqrt(np.sum(block**2) + eps**2)
    if block_norm == "L2-Hys":
        block = np.minimum(block, 0.2)
        block = block / np.sqrt(np.sum(block**2) + eps**2)
    return block
