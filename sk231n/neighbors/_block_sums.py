"""Lower bounds of all Manhattan distances from sums over blocks of pixels.

The sum of a block differs between two images by at most the sum of the absolute differences of its
pixels, so the Manhattan distance of the block sums bounds that of the images from below. Sixteen
large blocks leave one pair in ten, smaller ones a few in a thousand.

The sums are rounded down to integers of 16 bits, ``code = floor((sum - low) / step)``: then
``|code(x) - code(y)| <= |sum(x) - sum(y)| / step + 1``, a known loss. Codes outside the range of a
sample of the training rows are clipped, which brings two of them nearer, if anything.
"""

import math

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.utils import check_random_state

from sk231n._threads import run_on_threads
from sk231n.core.blocks import blocks
from sk231n.neighbors._distances import METRICS, PairDistances

_ROWS = 512
_DENSE = 64  # coordinates of the coarsest level, if the channels allow
_MOST_DENSE = 256
_LEVELS = 3  # at most
_PAIRS = 1024
_LARGEST = 2**15 - 2  # one less than the score of no row at all
_SAMPLE, _SAMPLE_QUERIES = 256, 16
_FEW_VALUES = 2**21
# Rough costs on one core, in seconds; only their ratios count.
_PER_DENSE = 0.12e-9  # of a coordinate, where all pairs are computed
_PER_SIFTED = 0.35e-9  # where the pairs lie scattered
_PER_COORDINATE = 0.45e-9  # of a distance
_PER_CANDIDATE = 100e-9


def make_block_sums_screen(X, image_shape, n_neighbors, n_threads):
    """Screen with the levels that make finding the neighbours cheapest; None if none does."""
    image_shape = (*image_shape, 1)[:3]
    shapes = _level_shapes(image_shape)
    is_small = X.size < _FEW_VALUES  # judging would take longer than the search
    if len(X) < 2 * _SAMPLE_QUERIES or (is_small and shapes != [image_shape]):
        return None
    if math.prod(shapes[0]) > _MOST_DENSE:  # blocks cannot be fewer than channels
        return None
    random = check_random_state(0)
    sample = X[np.sort(random.choice(len(X), min(len(X), _SAMPLE), replace=False))]
    with np.errstate(over="ignore", invalid="ignore"):
        sums = _block_sums(sample, image_shape, shapes)
        if not all(np.isfinite(np.ptp(level, axis=0).sum()) for level in sums):
            return None
    n_levels = 1 if is_small else _choose_levels(sample, sums, len(X), n_neighbors)
    if not n_levels:
        return None
    levels = [
        Level(shape, part, dense=part is sums[0])
        for shape, part in zip(shapes[:n_levels], sums[:n_levels], strict=True)
    ]
    return BlockSumsScreen(X, image_shape, levels, n_threads)


def _choose_levels(sample, sums, n_samples, n_neighbors):
    """Number of levels with which looking at a training row costs least."""
    exact = sample.shape[1] * _PER_COORDINATE
    n_levels, best_cost = 0, exact
    bounding, remaining = sums[0].shape[1] * _PER_DENSE, 1
    for i, left in enumerate(_count_candidates(sample, sums, n_samples, n_neighbors)):
        if i:
            bounding += remaining * (sums[i].shape[1] * _PER_SIFTED + _PER_CANDIDATE)
        remaining = left
        cost = bounding + remaining * (exact + _PER_CANDIDATE)
        if cost < best_cost:
            n_levels, best_cost = i + 1, cost
    return n_levels


class Level:
    """How sums over blocks of one size become codes.

    Parameters
    ----------
    shape : tuple of int
        Numbers of blocks, (rows, columns, channels).
    sums : ndarray of shape (n_sample, n_coordinates)
        The sums of a sample of the training rows.
    dense : bool
        Whether the distance of two codes, too, has to fit into 16 bits.
    """

    def __init__(self, shape, sums, dense):
        self.shape = shape
        self.low, self.high = sums.min(axis=0), sums.max(axis=0)
        ranges = (self.high - self.low).astype(np.float64)
        self.step = ranges.sum() / (_LARGEST - len(ranges)) if dense else ranges.max() / _LARGEST
        if sums.dtype.kind == "i" and self.step <= 1:
            self.step = 1
        # A subnormal step would be rounded so much that codes might not fit.
        self.step = max(self.step, np.finfo(np.float64).tiny)

    def loss(self, of_integers):
        """Most that the distance of two codes may exceed that of the sums by, in steps."""
        if self.step == 1 and of_integers:
            return 0  # nothing was rounded
        return len(self.low) * (1 + 1e-6)  # the excess is for the rounding of the quotients

    def encode(self, sums):
        """Codes of the sums."""
        sums = np.clip(sums, self.low, self.high) - self.low
        return (sums if self.step == 1 else sums / self.step).astype(np.int16)


class BlockSumsScreen:
    """Codes of the training rows, and bounds of their Manhattan distances to queries.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Training rows.
    image_shape : tuple of int
        Rows, columns and channels of the image that a training row is.
    levels : list of Level
        The coarsest first.
    n_threads : int
        Number of threads to encode with.
    """

    dtype = np.int16

    def __init__(self, X, image_shape, levels, n_threads):
        self.image_shape, self.levels = image_shape, levels
        self.n_estimates = 16 if len(levels) > 1 else 1
        self.shapes = [level.shape for level in levels]
        sizes = [len(level.low) for level in levels]
        self.coarse = np.empty((sizes[0], len(X)), np.int16)
        self.fine = [np.empty((len(X), size), np.int16) for size in sizes[1:]]
        magnitudes = np.empty(len(X))

        def make_encoder():
            def encode(rows):
                codes, magnitudes[rows], _ = self.encode(X[rows])
                self.coarse[:, rows] = codes[0].T
                for level, level_codes in zip(self.fine, codes[1:], strict=True):
                    level[rows] = level_codes

            return encode

        run_on_threads(make_encoder, blocks(len(X), _ROWS), n_threads)
        self.largest_magnitude = magnitudes.max()
        self.of_integers = X.dtype.kind != "f"

    def encode(self, Q):
        """Codes of rows level by level, sums of absolute values, whether the rows are integers."""
        with np.errstate(over="ignore", invalid="ignore"):
            sums = _block_sums(Q, self.image_shape, self.shapes)
            codes = [level.encode(part) for level, part in zip(self.levels, sums, strict=True)]
            of_integers = sums[0].dtype.kind != "f"  # whose sums are exact
            magnitudes = np.zeros(len(Q)) if of_integers else np.abs(Q).sum(axis=1)
        return codes, magnitudes, of_integers

    def scores(self, codes, samples, out):
        """Write the Manhattan distances between coarse codes for a slice of the training rows."""
        queries = np.ascontiguousarray(codes[0][0].T[:, :, np.newaxis])
        differences = np.empty(out.shape, np.int16)
        out[:] = 0
        for coordinate, query in zip(self.coarse, queries, strict=True):
            np.subtract(coordinate[samples], query, out=differences)
            np.abs(differences, out=differences)
            out += differences

    def limits(self, codes, radii):
        """Largest score that a training row within the given distance of each query can have."""
        limits = self._limits(0, codes, radii)
        return np.minimum(limits, _LARGEST).astype(np.int16)

    def sift(self, codes, radii, queries, samples):
        """Candidates that the finer levels leave."""
        for level in range(1, len(self.levels)):
            limits = self._limits(level, codes, radii)
            near = self._between(level, codes, queries, samples) <= limits[queries]
            queries, samples = queries[near], samples[near]
        return queries, samples

    def estimate(self, codes, queries, samples):
        """Distances between the finest codes of pairs, in no particular unit."""
        return self._between(len(self.levels) - 1, codes, queries, samples)

    def _between(self, level, codes, queries, samples):
        Q, X = codes[0][level], self.fine[level - 1]
        distances = np.empty(len(queries), np.int32)
        x, q = np.empty((2, _PAIRS, X.shape[1]), np.int16)
        for pairs in blocks(len(queries), _PAIRS):
            a, b = x[: pairs.stop - pairs.start], q[: pairs.stop - pairs.start]
            np.take(X, samples[pairs], axis=0, out=a, mode="clip")  # "raise" would copy
            np.take(Q, queries[pairs], axis=0, out=b, mode="clip")
            np.abs(np.subtract(a, b, out=a), out=a)
            np.add.reduce(a, axis=1, dtype=np.int32, out=distances[pairs])
        return distances

    def _limits(self, level, codes, radii):
        """Largest distance of codes that rows within the given distances can have."""
        _, magnitudes, of_integers = codes
        n_terms = math.prod(self.image_shape) + 8
        magnitudes = magnitudes + self.largest_magnitude
        reach = radii + (radii + magnitudes) * n_terms * 2.0**-52  # distances and sums are rounded
        return reach / self.levels[level].step + self.levels[level].loss(
            of_integers and self.of_integers
        )


def _level_shapes(image_shape):
    """Shapes of grids of blocks, the coarsest first; the next has twice the rows and columns."""
    shapes = [image_shape]
    while np.prod(shapes[-1]) > _DENSE and max(shapes[-1][:2]) > 1:
        h, w, c = shapes[-1]
        shapes.append((-(-h // 2), w, c) if h >= w else (h, -(-w // 2), c))
    return shapes[:0:-2][:_LEVELS] or shapes


def _block_sums(rows, image_shape, shapes):
    """Sums over the blocks of each grid, as arrays of shape (n_rows, n_blocks)."""
    images = rows.reshape(len(rows), *image_shape)
    if rows.dtype.kind == "f":
        dtype = np.float64
    else:
        dtype = np.int32 if rows.shape[1] * 2 ** (8 * rows.itemsize) < 2**31 else np.int64
    images = images.astype(dtype, copy=False)
    sums = []
    for shape in reversed(shapes):
        while images.shape[1:] != shape:
            images = _halve(images, axis=1 if images.shape[1] >= images.shape[2] else 2)
        sums.append(images.reshape(len(rows), -1))
    return sums[::-1]


def _halve(images, axis):
    """Add neighbouring rows (axis 1) or columns (axis 2); the last one of an odd number stays."""
    pairs, odd = divmod(images.shape[axis], 2)
    shape = list(images.shape)
    shape[axis] = pairs + odd
    sums = np.empty(shape, images.dtype)
    # One channel at a time: inner loops over a few channels would be slow.
    for channel in range(shape[3]):
        before, after = (np.moveaxis(a[..., channel], axis, 0) for a in (images, sums))
        np.add(before[: 2 * pairs : 2], before[1::2], out=after[:pairs])
        after[pairs:] = before[2 * pairs :]
    return sums


def _count_candidates(sample, sums, n_samples, n_neighbors):
    """Share of the training rows that each level leaves, estimated on the sample."""
    n_queries, n_rest = _SAMPLE_QUERIES, len(sample) - _SAMPLE_QUERIES
    queries = np.repeat(np.arange(n_queries), n_rest)
    samples = np.tile(np.arange(n_rest), n_queries) + n_queries
    distances = PairDistances(METRICS["manhattan"], sample, sample)(queries, samples)
    rank = min(max(1, round(n_neighbors * n_rest / n_samples)), n_rest)
    radii = np.partition(distances.reshape(n_queries, n_rest), rank - 1, axis=1)[:, [rank - 1]]
    return [
        (cdist(level[:n_queries], level[n_queries:], "cityblock") <= radii).mean()
        for level in (level.astype(np.float64) for level in sums)
    ]
