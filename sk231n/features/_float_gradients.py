"""The direction and the magnitude of the gradients of float images: votes without arc tangents."""

from functools import lru_cache

import numpy as np

from sk231n.features._gradients import bins_of_gradients, difference_writer

# A direction is looked up by its quarter of the circle and by |g_row| / (|g_row| + |g_column|), a
# number from 0 to 1, rounded to a multiple of 1 / STEPS. The few entries whose directions do not
# share one bin are UNCLEAR; there the bin is found from the angle.
STEPS = 1024
MARGIN = 0.01  # in steps; in float32 a quotient is off by less than 0.001
UNCLEAR = -1

INTEGER = {np.float32: np.int32, np.float64: np.int64}
# Added to a much smaller number, these round it to an integer: that is in the low bits of the sum.
ROUNDER = {np.float32: 1.5 * 2**23, np.float64: 1.5 * 2**52}


@lru_cache(maxsize=8)
def direction_table(orientations, signed):
    """Bins by (g_row < 0) + 2 (points left) and the rounded quotient, as a flat array."""
    steps = np.arange(STEPS + 1)
    ends = np.clip([steps - 0.5 - MARGIN, steps + 0.5 + MARGIN], 0, STEPS) / STEPS
    table = np.empty((4, STEPS + 1), np.int64)
    for quarter, (right, down) in enumerate([(1, 1), (1, -1), (-1, 1), (-1, -1)]):
        first, last = bins_of_gradients(down * ends, right * (1 - ends), orientations, signed)
        table[quarter] = np.where((first == last) & (first < orientations), first, UNCLEAR)
    table[1, 0] = UNCLEAR  # an angle just below 0 is rounded to the whole period, which has no bin
    return table.ravel()


class FloatVoter:
    """Maps blocks of float images to the bins and the votes of their gradients.

    The results are those of ``arctan2`` and ``hypot`` for each channel, which would take several
    times as long:

    * channels are compared by the squares of the lengths of their gradients; by the lengths where
      squares are equal up to rounding, or too large or too small for the type;
    * bins are looked up in the :func:`direction_table`;
    * lengths are computed for the best channel alone, as roots of the squares, which differ from
      those of ``hypot`` by a few roundings; :meth:`votes_of_hypot` has these.
    """

    def __init__(self, image_shape, block_size, dtype, orientations, signed):
        height, width, self._n_channels = image_shape
        shape = (block_size, height, width)
        self._dtype, self._integer = np.dtype(dtype).type, INTEGER[np.dtype(dtype).type]
        self._orientations, self._signed = orientations, signed
        self._table = direction_table(orientations, signed)
        self._best, self._other = np.zeros((2, 3, *shape), dtype)  # rows, columns, squared lengths
        self._scratch, self._scratch_2, self._scratch_3 = np.zeros((3, *shape), dtype)
        self._mask, self._mask_2 = np.zeros((2, *shape), bool)
        self._bins = np.zeros(shape, np.int64)
        self._write_best = difference_writer(self._scratch, *self._best[:2])
        self._write_other = difference_writer(self._scratch, *self._other[:2])
        limits = np.finfo(dtype)
        self._rounding = 16 * limits.eps
        self._least, self._most = limits.tiny / limits.eps**2, limits.max / 16

    def __call__(self, images):
        """Return bins and votes, (n, h, w), of images (n, h, w, c), valid until the next call."""
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            self._write_best(images[..., 0])
            self._square(*self._best)
            for channel in range(1, self._n_channels):
                self._write_other(images[..., channel])
                self._square(*self._other)
                self._keep_the_longer()
            votes, bins = self._lengths(), self._find_bins()
        without_bin = np.flatnonzero(np.equal(bins, self._orientations, out=self._mask))
        bins.ravel()[without_bin], votes.ravel()[without_bin] = 0, 0
        return bins[: len(images)], votes[: len(images)]

    def votes_of_hypot(self, images):
        """Return the votes of some images of the last call as ``hypot`` rounds them."""
        rows, columns, votes = self._best[:, images]
        with np.errstate(over="ignore", invalid="ignore"):
            lengths = np.hypot(rows, columns)
        lengths[votes == 0] = 0  # also those without a bin
        return lengths

    def _square(self, row, column, square):
        np.multiply(row, row, out=square)
        np.multiply(column, column, out=self._scratch)
        np.add(square, self._scratch, out=square)

    def _keep_the_longer(self):
        """Let the gradients of this channel take the place of the best where they are longer."""
        difference, size, tolerance = self._scratch, self._scratch_2, self._scratch_3
        clear = self._mask
        np.maximum(self._best[2], self._other[2], out=tolerance)
        np.multiply(tolerance, self._rounding, out=tolerance)
        np.add(tolerance, self._least, out=tolerance)
        np.subtract(self._best[2], self._other[2], out=difference)
        np.abs(difference, out=size)
        np.greater(size, tolerance, out=clear)  # false for infinity minus infinity, too
        # The sign bit is shifted into all others: -1, all bits set, where this channel is longer.
        longer = difference.view(self._integer)
        np.right_shift(longer, 8 * longer.itemsize - 1, out=longer)
        if not clear.all():
            unclear = np.flatnonzero(np.logical_not(clear, out=clear))
            best, other = (self._hypot(rows, columns, unclear) for rows, columns, _ in
                           (self._best, self._other))  # fmt: skip
            longer.ravel()[unclear] = -(other > best).astype(self._integer)
        # best = where(longer, other, best), but several times as fast
        best, other = self._best.view(self._integer), self._other.view(self._integer)
        np.bitwise_xor(other, best, out=other)
        np.bitwise_and(other, longer, out=other)
        np.bitwise_xor(best, other, out=best)

    @staticmethod
    def _hypot(rows, columns, places):
        return np.hypot(rows.ravel()[places], columns.ravel()[places])

    def _lengths(self):
        rows, columns, squares = self._best
        exact, not_large = self._mask, self._mask_2
        np.greater(squares, self._least, out=exact)
        np.less(squares, self._most, out=not_large)
        np.logical_and(exact, not_large, out=exact)
        np.sqrt(squares, out=squares)
        if not exact.all():
            others = np.flatnonzero(np.logical_not(exact, out=exact))
            squares.ravel()[others] = self._hypot(rows, columns, others)
        return squares

    def _find_bins(self):
        rows, columns, _ = self._best
        quotients, sums, points_left = self._scratch, self._scratch_2, self._mask
        np.abs(rows, out=quotients)
        np.abs(columns, out=sums)
        np.add(quotients, sums, out=sums)
        np.maximum(sums, np.finfo(self._dtype).smallest_subnormal, out=sums)  # not 0 / 0
        np.divide(quotients, sums, out=quotients)
        np.multiply(quotients, STEPS, out=quotients)
        rounder = self._dtype(ROUNDER[self._dtype])
        np.add(quotients, rounder, out=quotients)
        steps = quotients.view(self._integer)
        np.subtract(steps, rounder.view(self._integer), out=steps)

        np.less(columns, 0, out=points_left)
        if not self._signed:  # the angle is 0 wherever g_row is, whichever way it points
            np.not_equal(rows, 0, out=self._mask_2)
            np.logical_and(points_left, self._mask_2, out=points_left)
        np.less(rows, 0, out=self._mask_2)
        bins = self._bins
        np.copyto(bins, points_left)
        np.multiply(bins, 2, out=bins)
        np.add(bins, self._mask_2, out=bins)
        np.multiply(bins, STEPS + 1, out=bins)
        np.add(bins, steps, out=bins)
        np.take(self._table, bins, out=bins, mode="clip")  # other modes copy through a buffer

        unclear = np.flatnonzero(np.equal(bins, UNCLEAR, out=self._mask))
        if len(unclear):
            # In float64 even for float32 images: a rounded angle could fall into the wrong bin.
            row, column = (array.ravel()[unclear].astype(np.float64) for array in (rows, columns))
            bins.ravel()[unclear] = bins_of_gradients(row, column, self._orientations, self._signed)
        return bins
