"""Colour features, one pixel at a time."""

import numpy as np


def rgb_to_hsv(r, g, b):
    """Hue, saturation and value of one colour; all six numbers lie between 0 and 1.

    With V = max(r, g, b) and d = V - min(r, g, b), the saturation is d / V, and the hue goes
    around the circle from red (0) to green (1/3), blue (2/3) and back:

        6 H = 4 + (r - g) / d   if blue is the largest,
              2 + (b - r) / d   else if green is,
                  (g - b) / d   else                     (mod 6)
    """
    value = max(r, g, b)
    d = value - min(r, g, b)
    saturation = d / value if value > 0 else 0.0
    if d == 0:
        hue = 0.0
    elif b == value:
        hue = 4 + (r - g) / d
    elif g == value:
        hue = 2 + (b - r) / d
    else:
        hue = (g - b) / d
    return hue / 6 % 1, saturation, value


def hue_histogram(image, bins=10):
    """Fraction of the pixels of one image (h, w, 3), values from 0 to 1, in each hue bin."""
    return hsv_histogram(image, bins=(bins,), channels="h")


def hsv_histogram(image, bins=(10,), channels="h", grid=(1, 1)):
    """Joint histogram of some of hue, saturation and value, for each cell of a grid.

    `image` is (h, w, 3) with values from 0 to 1. As in the course, a channel x is counted in
    255ths: bin k of n holds edges[k] <= 255 x < edges[k + 1] with edges = linspace(0, 255, n + 1),
    and the last bin also holds 255. A cell's histogram sums to 1.
    """
    image = np.asarray(image, dtype=np.float64)
    histograms = []
    for cell in grid_cells(image, grid):
        histogram = np.zeros(bins)
        for r, g, b in cell:
            h, s, v = rgb_to_hsv(r, g, b)
            index = []
            for channel, n in zip(channels, bins, strict=True):
                edges = np.linspace(0, 255, n + 1)
                x = 255 * {"h": h, "s": s, "v": v}[channel]
                k = 0
                while k < n - 1 and x >= edges[k + 1]:
                    k += 1
                index.append(k)
            histogram[tuple(index)] += 1 / len(cell)
        histograms.append(histogram.ravel())
    return np.concatenate(histograms)


def color_moments(image, grid=(4, 4), color_space="rgb", moments=("mean", "std")):
    """Moments of each channel of one image (h, w, 3), for each cell of a grid.

    mean(x), std = sqrt(mean((x - mean)**2)), skew = cbrt(mean((x - mean)**3)). The "opponent"
    channels are (r - g) / sqrt(2), (r + g - 2 b) / sqrt(6) and (r + g + b) / sqrt(3).
    """
    image = np.asarray(image, dtype=np.float64)
    features = []
    for cell in grid_cells(image, grid):
        colors = []
        for r, g, b in cell:
            if color_space == "hsv":
                colors.append(rgb_to_hsv(r, g, b))
            elif color_space == "opponent":
                colors.append(((r - g) / 2**0.5, (r + g - 2 * b) / 6**0.5, (r + g + b) / 3**0.5))
            else:
                colors.append((r, g, b))
        for x in np.transpose(colors):
            mean = np.sum(x) / len(x)
            for moment in moments:
                if moment == "mean":
                    features.append(mean)
                elif moment == "std":
                    features.append(np.sqrt(np.sum((x - mean) ** 2) / len(x)))
                elif moment == "skew":
                    features.append(np.cbrt(np.sum((x - mean) ** 3) / len(x)))
    return np.array(features)


def grid_cells(image, grid):
    """Divide an image (h, w, c) into a grid; yield the pixels (n, c) of each cell, row by row."""
    height, width, n_channels = image.shape
    rows, columns = grid
    for r in range(rows):
        for c in range(columns):
            top, bottom = r * height // rows, (r + 1) * height // rows
            left, right = c * width // columns, (c + 1) * width // columns
            yield image[top:bottom, left:right].reshape(-1, n_channels)
