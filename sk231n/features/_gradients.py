"""The direction and the strength of the gradient at each pixel: the votes that HOG counts."""

from functools import lru_cache

import numpy as np


def _bins_of_gradients(g_row, g_column, orientations, signed):
    """Bin of each gradient; `orientations` itself, a bin too many, for an angle of 180 (360)."""
    period = 360.0 if signed else 180.0
    angles = np.rad2deg(np.arctan2(g_row, g_column)) % period
    edges = period / orientations * np.arange(1, orientations + 1)
    return np.searchsorted(edges, angles, side="right")


def float_votes(pixels, orientations, signed):
    """Bins and votes, both of shape (n, h, w), of float images (n, h, w, c)."""
    g_row, g_column = np.zeros_like(pixels), np.zeros_like(pixels)
    np.subtract(pixels[:, 2:], pixels[:, :-2], out=g_row[:, 1:-1])
    np.subtract(pixels[:, :, 2:], pixels[:, :, :-2], out=g_column[:, :, 1:-1])
    if pixels.shape[3] > 1:
        strongest = np.hypot(g_row, g_column).argmax(axis=3, keepdims=True)
        g_row = np.take_along_axis(g_row, strongest, axis=3)
        g_column = np.take_along_axis(g_column, strongest, axis=3)
    # In float64 also for float32 images: a rounded angle would end in the wrong bin.
    g_row, g_column = g_row[..., 0].astype(np.float64), g_column[..., 0].astype(np.float64)
    bins, votes = (
        _bins_of_gradients(g_row, g_column, orientations, signed),
        np.hypot(g_row, g_column),
    )
    nowhere = bins == orientations
    bins[nowhere], votes[nowhere] = 0, 0
    return bins, votes


# Bytes have only 511 x 511 gradients: bin and vote of each are looked up in one table, at the
# gradient's code 512 * g_row + g_column + CODE_OF_ZERO. Both fit into one float64: it is the vote,
# and its lowest BIN_BITS bits, worth less than one part in 10^8, hold the bin.
CODE_OF_ZERO = 512 * 255 + 255
BIN_BITS = 20
BIN_MASK = 2**BIN_BITS - 1


@lru_cache(maxsize=4)
def _byte_table(orientations, signed):
    g_row, g_column = np.arange(-255.0, 256)[:, np.newaxis], np.arange(-255.0, 257)
    bins = _bins_of_gradients(g_row, g_column, orientations, signed)
    votes = np.sqrt(g_row**2 + g_column**2)
    return ((votes.view(np.int64) & ~BIN_MASK) | bins).view(np.float64).ravel()


def byte_voter(image_shape, block_size, orientations, signed):
    """Build the function from uint8 images (n, h, w, c) to bins and votes, both (n, h, w).

    Everything before the table is integer arithmetic, in place and on flat arrays, which is where
    the speed comes from: a difference of neighbours is a difference of two shifted flat arrays,
    right everywhere but on the borders, which are zero by definition.
    """
    table = _byte_table(orientations, signed)
    height, width, n_channels = image_shape
    scratch = np.zeros((6, block_size, height, width), np.int32)
    bins_scratch = np.empty((block_size, height, width), np.int64)
    votes_scratch = np.empty((block_size, height, width), np.float64)

    def difference(pixels, step, out):
        flat = pixels.reshape(-1)
        np.subtract(flat[2 * step :], flat[: -2 * step], out=out.reshape(-1)[step:-step])

    def gradient(channel, pixels, g_row, square, code):
        """Write the squared magnitude and the code of a channel's gradient."""
        np.copyto(pixels, channel)
        difference(pixels, width, out=g_row)
        difference(pixels, 1, out=code)
        g_row[:, 0] = g_row[:, -1] = 0
        code[:, :, 0] = code[:, :, -1] = 0
        np.multiply(code, code, out=pixels)
        np.multiply(g_row, g_row, out=square)
        square += pixels
        g_row *= 512
        code += g_row

    def vote(images):
        n = len(images)
        pixels, g_row, best_square, best_code, square, code = scratch[:, :n]
        gradient(images[..., 0], pixels, g_row, best_square, best_code)
        for channel in range(1, n_channels):
            gradient(images[..., channel], pixels, g_row, square, code)
            # -1, all bits set, where this channel is stronger; the masked exclusive or then
            # replaces best_code there. Several times as fast as numpy.where.
            stronger = np.subtract(best_square, square, out=pixels)
            stronger >>= 31
            code ^= best_code
            code &= stronger
            best_code ^= code
            np.maximum(best_square, square, out=best_square)
        best_code += CODE_OF_ZERO
        bins, votes = bins_scratch[:n], votes_scratch[:n]
        np.copyto(bins, best_code)
        np.take(table, bins, out=votes, mode="clip")  # other modes fill a buffer first
        np.bitwise_and(votes.view(np.int64), BIN_MASK, out=bins)
        return bins, votes

    return vote
