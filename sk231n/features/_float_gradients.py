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
# The unit in the last place of these is 1 / STEPS: a quotient that is added to one is rounded, and
# the low bits of the sum are its steps.
ROUNDER = {np.float32: 1.5 * 2**23 / STEPS, np.float64: 1.5 * 2**52 / STEPS}


@lru_cache(maxsize=8)
def direction_table(orientations, signed):
    """Bins by (g_row < 0) + 2 (points left) and the rounded quotient, flat; then bin 0."""
    steps = np.arange(STEPS + 1)
    ends = np.clip([steps - 0.5 - MARGIN, steps + 0.5 + MARGIN], 0, STEPS) / STEPS
    table = np.empty((4, STEPS + 1), np.int64)
    for quarter, (right, down) in enumerate([(1, 1), (1, -1), (-1, 1), (-1, -1)]):
        first, last = bins_of_gradients(down * ends, right * (1 - ends), orientations, signed)
        table[quarter] = np.where((first == last) & (first < orientations), first, UNCLEAR)
    table[1, 0] = UNCLEAR  # an angle just below 0 is rounded to the whole period, which has no bin
    return np.append(table, 0)


class FloatVoter:
    """Maps blocks of float images to the bins and the votes of their gradients.

    The results are those of ``arctan2`` and ``hypot`` for each channel, which would take several
    times as long:

    * channels are compared by the squares of the lengths of their gradients. Where these are too
      large or too small, and in float64 where they are equal up to rounding, the lengths decide;
    * bins are looked up in the :func:`direction_table`;
    * lengths are computed for the best channel alone, as roots of the squares, which differ from
      those of ``hypot`` by a few roundings; :meth:`votes_of_hypot` has these.

    Much is done on the bits of the numbers, read as integers: a sign that is shifted to the right
    sets all bits or none, and positive numbers are in the order of their bits.
    """

    def __init__(self, image_shape, block_size, dtype, orientations, signed):
        height, width, self._n_channels = image_shape
        shape = (block_size, height, width)
        self._dtype, self._integer = np.dtype(dtype).type, INTEGER[np.dtype(dtype).type]
        self._orientations, self._signed = orientations, signed
        self._table = direction_table(orientations, signed)
        self._best, self._other = np.zeros((2, 3, *shape), dtype)  # rows, columns, squared lengths
        self._scratch, self._scratch_2 = np.zeros((2, *shape), dtype)
        self._mask, self._mask_2 = np.zeros((2, *shape), bool)
        self._bins = np.zeros(shape, np.int64)
        self._write_best = difference_writer(self._scratch, *self._best[:2])
        self._write_other = difference_writer(self._scratch, *self._other[:2])

    def __call__(self, images):
        """Return bins and votes, (n, h, w), of images (n, h, w, c), valid until the next call."""
        with np.errstate(all="ignore"):
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
        best, other = self._best.view(self._integer), self._other.view(self._integer)
        longer = np.subtract(best[2], other[2], out=self._scratch.view(self._integer))
        if self._dtype == np.float64:
            distance = np.abs(longer, out=self._scratch_2.view(self._integer))
            # In units of the last place, of which the squares are off by a few.
            clear = np.greater(distance, 16, out=self._mask)
        else:
            clear = self._is_normal(self._best[2])
        np.right_shift(longer, 8 * longer.itemsize - 1, out=longer)
        if not clear.all():
            self._compare_lengths(longer, np.flatnonzero(np.logical_not(clear, out=clear)))
        # best = where(longer, other, best), but several times as fast
        np.bitwise_xor(other, best, out=other)
        np.bitwise_and(other, longer, out=other)
        np.bitwise_xor(best, other, out=best)

    def _compare_lengths(self, longer, places):
        """Correct `longer` at some places."""
        best, other = (
            [np.abs(g.ravel()[places]) for g in gradient[:2]]
            for gradient in (self._best, self._other)
        )
        differ = (best[0] != other[0]) | (best[1] != other[1])  # channels of grey pixels do not
        is_longer = np.zeros(len(places), self._integer)
        is_longer[differ] = -(
            np.hypot(*(g[differ] for g in other)) > np.hypot(*(g[differ] for g in best))
        ).astype(self._integer)
        longer.ravel()[places] = is_longer

    def _is_normal(self, squares):
        """Where squares are accurate: neither zero nor nearly the smallest or largest numbers."""
        limits = np.finfo(self._dtype)
        np.greater(squares, limits.tiny / limits.eps**2, out=self._mask)
        np.less(squares, limits.max / 16, out=self._mask_2)
        return np.logical_and(self._mask, self._mask_2, out=self._mask)

    def _lengths(self):
        rows, columns, squares = self._best
        exact = self._is_normal(squares)
        np.sqrt(squares, out=squares)
        if not exact.all():
            places = np.flatnonzero(np.logical_not(exact, out=exact))
            squares.ravel()[places] = np.hypot(rows.ravel()[places], columns.ravel()[places])
        return squares

    def _find_bins(self):
        rows, columns, _ = self._best
        quotients, sums = self._scratch, self._scratch_2
        shift = 8 * rows.itemsize - 1
        np.abs(rows, out=quotients)
        np.abs(columns, out=sums)
        np.add(quotients, sums, out=sums)
        left = self._other[0].view(self._integer)
        if self._signed:
            np.right_shift(columns.view(self._integer), shift, out=left)
        else:  # the angle is 0 wherever g_row is, whichever way it points
            np.negative(quotients.view(self._integer), out=left)
            np.bitwise_and(left, columns.view(self._integer), out=left)
            np.right_shift(left, shift, out=left)
        np.bitwise_and(left, 2 * (STEPS + 1), out=left)
        up = self._other[1].view(self._integer)
        np.right_shift(rows.view(self._integer), shift, out=up)
        np.bitwise_and(up, STEPS + 1, out=up)

        np.divide(quotients, sums, out=quotients)  # NaN where there is no gradient: the last entry
        rounder = self._dtype(ROUNDER[self._dtype])
        np.add(quotients, rounder, out=quotients)
        entries = quotients.view(self._integer)
        np.subtract(entries, rounder.view(self._integer), out=entries)
        np.add(entries, left, out=entries)
        np.add(entries, up, out=entries)
        bins = self._bins
        np.copyto(bins, entries)
        np.take(self._table, bins, out=bins, mode="clip")  # other modes copy through a buffer

        unclear = np.flatnonzero(np.equal(bins, UNCLEAR, out=self._mask))
        if len(unclear):
            # In float64 even for float32 images: a rounded angle could fall into the wrong bin.
            row, column = (array.ravel()[unclear].astype(np.float64) for array in (rows, columns))
            bins.ravel()[unclear] = bins_of_gradients(row, column, self._orientations, self._signed)
        return bins
