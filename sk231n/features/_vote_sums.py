"""The sums of the votes in each cell: histograms before their normalization."""

import numpy as np

FEW_UNITS = 16  # of float64 in its last place; a root of squares is off by half as many


class VoteSums:
    """Adds up the votes of the pixels by cell and bin, for at most `n_images` images at a time."""

    def __init__(self, n_images, image_shape, n_cells, pixels_per_cell, n_bins):
        self._n_cells, self._cell, self._n_bins = n_cells, pixels_per_cell, n_bins
        (rows, columns), (cell_h, cell_w) = n_cells, pixels_per_cell
        # Where the histogram of each cell begins in the flat array of all, by pixel.
        starts = np.arange(n_images * rows * columns).reshape(n_images, rows, columns) * n_bins
        self._starts = starts.repeat(cell_h, axis=1).repeat(cell_w, axis=2)

    def add(self, bins, votes):
        """Return histograms (n, rows, columns, n_bins) of bins and votes (n, h, w).

        `bins` are overwritten.
        """
        starts = self._starts[: len(bins)]
        bins, votes = (array[:, : starts.shape[1], : starts.shape[2]] for array in (bins, votes))
        bins += starts
        sums = np.bincount(bins.ravel(), votes.ravel(), self._n_sums(len(bins)))
        sums /= self._cell[0] * self._cell[1]
        return self._histograms(sums)

    def _n_sums(self, n_images):
        return n_images * self._n_cells[0] * self._n_cells[1] * self._n_bins

    def _histograms(self, sums):
        return sums.reshape(-1, *self._n_cells, self._n_bins)


class VoteSumsLikeSkimage(VoteSums):
    """Adds up votes with the rounding of scikit-image: pixel by pixel, to float32 after each."""

    def __init__(self, n_images, image_shape, n_cells, pixels_per_cell, n_bins):
        super().__init__(n_images, image_shape, n_cells, pixels_per_cell, n_bins)
        (rows, columns), (cell_h, cell_w) = n_cells, pixels_per_cell
        pixels = np.arange(n_images * image_shape[0] * image_shape[1]).reshape(-1, *image_shape)
        # Pixels and starts by the place of a pixel in its cell, and then by cell.
        self._order, self._starts = (
            array[:, : rows * cell_h, : columns * cell_w]
            .reshape(n_images, rows, cell_h, columns, cell_w)
            .transpose(2, 4, 0, 1, 3)
            .reshape(cell_h * cell_w, -1)
            for array in (pixels, self._starts)
        )
        self._places, self._sums = np.empty_like(self._order), np.empty(self._order.shape)

    def add(self, bins, votes, votes_of_hypot):
        """Return histograms (n, rows, columns, n_bins) of bins and votes (n, h, w).

        `votes` may be off by a few roundings of float64. For the images of which that could change
        the sums, ``votes_of_hypot(images)`` has the exact ones.
        """
        sums, doubtful = self._add_in_float32(bins, votes)
        if len(doubtful):
            sums[doubtful], _ = self._add_in_float32(bins[doubtful], votes_of_hypot(doubtful))
        sums /= np.float32(self._cell[0] * self._cell[1])
        return self._histograms(sums)

    def _add_in_float32(self, bins, votes):
        """Return the sums, and the images where they depend on the last digits of the votes."""
        n_cells = len(bins) * self._n_cells[0] * self._n_cells[1]
        order, places = self._order[:, :n_cells], self._places[:, :n_cells]
        np.take(bins.ravel(), order, out=places, mode="clip")
        places += self._starts[:, :n_cells]
        before_rounding = np.take(votes.ravel(), order, out=self._sums[:, :n_cells], mode="clip")
        sums = np.zeros(n_cells * self._n_bins, np.float32)
        so_far = np.empty(n_cells, np.float32)
        for place, vote in zip(places, before_rounding, strict=True):
            np.take(sums, place, out=so_far, mode="clip")
            np.add(so_far, vote, out=vote)
            np.copyto(so_far, vote, casting="same_kind")
            sums[place] = so_far
        doubtful = round_doubtfully_to_float32(before_rounding).any(axis=0)
        doubtful_images = np.flatnonzero(doubtful.reshape(len(bins), -1).any(axis=1))
        return sums.reshape(len(bins), -1), doubtful_images


def round_doubtfully_to_float32(sums):
    """Where numbers that differ from `sums` by a few units of float64 may round to another float32.

    `sums` are not negative, and are overwritten. What float32 drops are the low 29 bits of the
    mantissa. Doubtful is where these are near the middle, 2**28, and below the normal numbers of
    float32, of which it drops other bits.
    """
    bits = sums.view(np.int64)
    np.subtract(bits, 1, out=bits)  # zero, which is clear, becomes the largest without a sign
    smallest_normal = np.array(2.0**-126).view(np.uint64)
    doubtful = bits.view(np.uint64) < smallest_normal
    np.bitwise_and(bits, 2**29 - 1, out=bits)
    np.subtract(bits, 2**28, out=bits)
    np.abs(bits, out=bits)
    return np.logical_or(doubtful, bits <= FEW_UNITS, out=doubtful)
