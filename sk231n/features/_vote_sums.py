"""The sums of the votes in each cell: histograms before their normalization."""

import numpy as np

FEW_UNITS = 16  # of float64 in its last place; a root of squares is off by half as many


class VoteSums:
    """Adds up the votes of the pixels by cell and bin, for at most `n_images` images at a time."""

    def __init__(self, n_images, n_cells, pixels_per_cell, n_bins):
        (rows, columns), (cell_h, cell_w) = n_cells, pixels_per_cell
        self._n_cells, self._cell, self._n_bins = n_cells, pixels_per_cell, n_bins
        # Where the histogram of each cell begins in the flat array of all.
        self._starts = (
            np.arange(n_images * rows * columns).reshape(n_images, rows, columns) * n_bins
        )
        self._of_pixels = self._starts.repeat(cell_h, axis=1).repeat(cell_w, axis=2)

    def add(self, bins, votes):
        """Return histograms (n, rows, columns, n_bins) of bins and votes (n, h, w).

        `bins` are overwritten.
        """
        n_images, height, width = len(bins), *self._of_pixels.shape[1:]
        bins, votes = bins[:, :height, :width], votes[:, :height, :width]
        bins += self._of_pixels[:n_images]
        n_sums = self._starts[:n_images].size * self._n_bins
        sums = np.bincount(bins.ravel(), votes.ravel(), minlength=n_sums)
        sums /= self._cell[0] * self._cell[1]
        return sums.reshape(n_images, *self._n_cells, self._n_bins)

    def add_like_skimage(self, bins, votes, votes_of_hypot):
        """Do the same with scikit-image's rounding: pixel by pixel, to float32 after each vote.

        `votes` may be off by a few roundings of float64. Where that could change the sums,
        ``votes_of_hypot()`` is called for the exact ones.
        """
        sums, before_rounding = self._add_in_float32(bins, votes)
        if not round_clearly_to_float32(before_rounding):
            sums, _ = self._add_in_float32(bins, votes_of_hypot()[: len(bins)])
        sums /= np.float32(self._cell[0] * self._cell[1])
        return sums.reshape(len(bins), *self._n_cells, self._n_bins)

    def _add_in_float32(self, bins, votes):
        sums = np.zeros(self._starts[: len(bins)].size * self._n_bins, np.float32)
        places, votes = self._by_pixel_of_a_cell(bins), self._by_pixel_of_a_cell(votes)
        places += self._starts[: len(bins)].ravel()
        so_far = np.empty(places.shape[1], np.float32)
        for place, vote in zip(places, votes, strict=True):  # one pixel of every cell at a time
            np.take(sums, place, out=so_far, mode="clip")
            np.add(so_far, vote, out=vote)
            np.copyto(so_far, vote, casting="same_kind")
            sums[place] = so_far
        return sums, votes

    def _by_pixel_of_a_cell(self, array):
        """Copy (n, h, w) to (pixels of a cell, cells)."""
        (rows, columns), (cell_h, cell_w) = self._n_cells, self._cell
        cells = array[:, : rows * cell_h, : columns * cell_w]
        cells = cells.reshape(len(array), rows, cell_h, columns, cell_w).transpose(2, 4, 0, 1, 3)
        return np.array(cells, order="C").reshape(cell_h * cell_w, -1)


def round_clearly_to_float32(sums):
    """Whether numbers that differ from `sums` by a few units of float64 round to the same float32.

    `sums` are not negative, and are overwritten. What float32 drops are the low 29 bits of the
    mantissa. Doubtful is where these are near the middle, 2**28, and below the normal numbers of
    float32, of which it drops other bits.
    """
    bits = sums.view(np.int64)
    np.subtract(bits, 1, out=bits)  # zero, which is clear, becomes the largest without a sign
    smallest_normal = np.array(2.0**-126).view(np.uint64) - np.uint64(FEW_UNITS)
    if bits.view(np.uint64).min(initial=smallest_normal) < smallest_normal:
        return False
    np.bitwise_and(bits, 2**29 - 1, out=bits)
    np.subtract(bits, 2**28, out=bits)
    np.abs(bits, out=bits)
    return bool(bits.min(initial=2**28) > FEW_UNITS)
