"""Pictures of histograms of oriented gradients: one line per cell and orientation."""

import numpy as np


def draw_histograms(histograms, pictures, cell_shape, signed):
    """Draw histograms of shape (n, rows, columns, n_bins) into `pictures` of shape (n, h, w).

    Each line lies along the edges, at right angles to the gradients of its bin, and is as bright as
    the bin has votes.
    """
    pictures[...] = 0
    (cell_h, cell_w), (rows, columns, n_bins) = cell_shape, histograms.shape[1:]
    length = max(min(cell_h, cell_w) // 2 - 1, 0)
    period = 2 * np.pi if signed else np.pi
    middle = period * (np.arange(n_bins) + 0.5) / n_bins
    along_rows, along_columns = length * np.cos(middle), length * np.sin(middle)
    for r, c, k in np.ndindex(rows, columns, n_bins):
        row, column = r * cell_h + cell_h // 2, c * cell_w + cell_w // 2
        line = _line(
            int(row - along_rows[k]),
            int(column + along_columns[k]),
            int(row + along_rows[k]),
            int(column - along_columns[k]),
        )
        pictures[:, *line] += histograms[:, r, c, k, np.newaxis]


def _line(row, column, last_row, last_column):
    """Rows and columns of the pixels on a straight line, both ends included (Bresenham)."""
    d_row, d_column = last_row - row, last_column - column
    steps = max(abs(d_row), abs(d_column))
    i = np.arange(steps + 1)
    if steps == 0:
        return i + row, i + column

    def nearest(d):  # i * |d| / steps, halves rounded up
        return np.sign(d) * ((2 * i * abs(d) + steps) // (2 * steps))

    return row + nearest(d_row), column + nearest(d_column)
