"""The direction and the magnitude of the gradient at each pixel: the votes that HOG counts."""

from functools import lru_cache

import numpy as np

LUMINANCE = (0.2125, 0.7154, 0.0721)  # of red, green and blue (ITU-R BT.709)


def luminance(pixels):
    """Grey images (n, h, w, 1); a matrix product would round differently for each memory layout."""
    red, green, blue = (weight * pixels[..., k : k + 1] for k, weight in enumerate(LUMINANCE))
    return red + green + blue


def bins_of_gradients(g_row, g_column, orientations, signed):
    """Bin of each gradient; `orientations`, past the last bin, where rounding gives 180 (360)."""
    period = 360.0 if signed else 180.0
    angles = np.rad2deg(np.arctan2(g_row, g_column))
    angles -= period * (angles == period)
    angles += period * (angles < 0)  # an angle just below 0 is rounded to `period`, as in numpy.mod
    edges = period / orientations * np.arange(1, orientations + 1)
    return np.searchsorted(edges, angles, side="right")


def difference_writer(pixels, g_row, g_column):
    """Build the function that writes the gradients of a channel (n, h, w), zero on the border.

    It uses `pixels` for a copy of the channel. All views are made here, once, which leaves little
    Python code to each call: threads cannot run Python code at the same time.
    """
    # On flat arrays, the differences of neighbours are the difference of two shifted arrays. It is
    # wrong only on the borders, where the gradient is zero by definition.
    width = pixels.shape[2]
    below, above, rows = _shifted(pixels, width), _shifted(pixels, -width), _inner(g_row, width)
    right, left, columns = _shifted(pixels, 1), _shifted(pixels, -1), _inner(g_column, 1)
    borders = g_row[:, 0], g_row[:, -1], g_column[:, :, 0], g_column[:, :, -1]

    def write(channel):
        np.copyto(pixels[: len(channel)], channel)
        np.subtract(below, above, out=rows)
        np.subtract(right, left, out=columns)
        for border in borders:
            border.fill(0)

    return write


def _shifted(array, step):
    """Flat view of the pixels that lie `step` after (before) the pixels of :func:`_inner`."""
    flat, size = array.reshape(-1), array.size
    return flat[2 * step :] if step > 0 else flat[: max(size + 2 * step, 0)]


def _inner(array, step):
    """Flat view of the pixels that have a neighbour `step` before and one `step` after."""
    return array.reshape(-1)[step : max(array.size - step, step)]


# Bytes have only 511 x 511 different gradients, so bin and vote of each are looked up in one table
# by the gradient's code, 512 * g_row + g_column + CODE_OF_ZERO. One float64 holds both:
#
#     bit  63     62 ... 52    51 ................. 20    19 ......... 0
#         +------+----------+-------------------------+----------------+
#         | sign | exponent |    mantissa, 32 bits    |  bin, 20 bits  |
#         +------+----------+-------------------------+----------------+
#          read as float64: the vote                    & BIN_MASK: the bin
#
# The bin replaces the low bits of the mantissa, which changes the vote by less than 2**-32 of it.
CODE_OF_ZERO = 512 * 255 + 255
BIN_BITS = 20
BIN_MASK = 2**BIN_BITS - 1


@lru_cache(maxsize=4)
def byte_table(orientations, signed):
    g_row, g_column = np.arange(-255.0, 256)[:, np.newaxis], np.arange(-255.0, 257)
    bins = bins_of_gradients(g_row, g_column, orientations, signed)
    votes = np.sqrt(g_row**2 + g_column**2)
    return ((votes.view(np.int64) & ~BIN_MASK) | bins).view(np.float64).ravel()


def byte_voter(image_shape, block_size, orientations, signed):
    """Build the function that maps at most `block_size` uint8 images to bins and votes.

    The function maps images (n, h, w, c) to two arrays (n, h, w), which are valid until its next
    call. It computes the code of each gradient by integer arithmetic, in place and on flat arrays,
    and splits the float64 found in the table into vote and bin::

        pixels -> g_row, g_column -> code -> table[code] -> vote (all 64 bits)
                                                         -> bin  (the low BIN_BITS bits)

    :func:`sk231n.reference.hog` computes the same in plain loops.
    """
    table = byte_table(orientations, signed)
    height, width, n_channels = image_shape
    shape = (block_size, height, width)
    pixels, g_row, best_square, best_code, square, code = np.zeros((6, *shape), np.int32)
    bins, votes = np.empty(shape, np.int64), np.empty(shape, np.float64)
    votes_as_bits = votes.view(np.int64)

    def gradient_writer(square, code):
        """Build the function that writes the squared length and the code of the gradients."""
        write_differences = difference_writer(pixels, g_row, code)

        def write(channel):
            write_differences(channel)
            np.multiply(code, code, out=pixels)
            np.multiply(g_row, g_row, out=square)
            np.add(square, pixels, out=square)
            np.multiply(g_row, 512, out=g_row)
            np.add(code, g_row, out=code)

        return write

    write_best, write = gradient_writer(best_square, best_code), gradient_writer(square, code)

    def vote(images):
        write_best(images[..., 0])
        for channel in range(1, n_channels):
            write(images[..., channel])
            # best_code = where(square > best_square, code, best_code), but several times as fast:
            # `stronger` is -1 (all bits set) where this channel is stronger and 0 elsewhere, and
            # best_code ^ ((code ^ best_code) & stronger) is then code or best_code.
            stronger = np.subtract(best_square, square, out=pixels)
            np.right_shift(stronger, 31, out=stronger)
            np.bitwise_xor(code, best_code, out=code)
            np.bitwise_and(code, stronger, out=code)
            np.bitwise_xor(best_code, code, out=best_code)
            np.maximum(best_square, square, out=best_square)
        np.add(best_code, CODE_OF_ZERO, out=best_code)
        np.copyto(bins, best_code)
        np.take(table, bins, out=votes, mode="clip")  # other modes copy through a buffer
        np.bitwise_and(votes_as_bits, BIN_MASK, out=bins)
        return bins[: len(images)], votes[: len(images)]

    return vote
