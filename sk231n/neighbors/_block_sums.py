"""Lower bounds of all Manhattan distances from sums over blocks of pixels.

The sum of a block differs between two images by at most the sum of the absolute differences of its
pixels, so the Manhattan distance of the block sums bounds that of the images from below. For
photographs, sixteen large blocks leave one pair in ten as candidates, and smaller blocks leave a
few in a thousand.

The sums are rounded down to integers of 16 bits, ``code = floor((sum - low) / step)``: then
``|code(x) - code(y)| <= |sum(x) - sum(y)| / step + 1``. Codes outside the range of a sample of the
training rows are clipped, which never increases the difference of two of them.
"""

import math

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.utils import check_random_state

from sk231n._threads import run_on_threads
from sk231n.core.blocks import blocks
from sk231n.core.chunks import read_at_once
from sk231n.neighbors._costs import (
    SECONDS_PER_CODE_OF_ALL_PAIRS,
    SECONDS_PER_CODE_OF_SOME_PAIRS,
    SECONDS_PER_MANHATTAN_CANDIDATE,
    SECONDS_PER_MANHATTAN_COORDINATE,
)
from sk231n.neighbors._distances import METRICS, PairDistances
from sk231n.neighbors._memory import take_rows
from sk231n.neighbors._protocols import Screen

# Training rows that are encoded at a time: so few that their sums fit into the cache.
_ROWS_PER_BLOCK = 512

# Pairs of codes that are compared at a time: so few that their differences fit into the cache.
_PAIRS_PER_BLOCK = 1024

# Blocks of the coarsest level, at most. Images with many channels need more, since a block lies in
# one channel; with more than the second number, comparing all pairs takes too long.
_COARSE_BLOCKS = 64
_MOST_COARSE_BLOCKS = 256

# More levels would exclude few candidates for the memory that they take.
_MOST_LEVELS = 3

# Codes, and distances between codes of the coarsest level, are at most this. It is one less than
# the largest integer of 16 bits, which is never a score.
_LARGEST_CODE = 2**15 - 2

# Rows with the best scores that are compared by their finest codes for each row that is measured.
_N_ESTIMATES = 16

# Training rows by which the levels are judged, and how many of these play the queries.
_SAMPLE_SIZE, _N_SAMPLE_QUERIES = 256, 16

# For smaller training data, judging the levels would take longer than the search.
_FEWEST_NUMBERS = 2**21


def make_block_sums_screen(X, image_shape, n_neighbors, n_threads):
    """Screen with the levels that make finding the neighbours cheapest; None if none saves time."""
    image_shape = (*image_shape, 1)[:3]
    shapes = _level_shapes(image_shape)
    is_small = X.size < _FEWEST_NUMBERS
    if len(X) < 2 * _N_SAMPLE_QUERIES or (is_small and shapes != [image_shape]):
        return None
    if math.prod(shapes[0]) > _MOST_COARSE_BLOCKS:
        return None
    random = check_random_state(0)
    rows = np.sort(random.choice(len(X), min(len(X), _SAMPLE_SIZE), replace=False))
    read_at_once(X, rows)
    sample = X[rows]
    with np.errstate(over="ignore", invalid="ignore"):
        sums = _block_sums(sample, image_shape, shapes)
        if not all(np.isfinite(np.ptp(level, axis=0).sum()) for level in sums):
            return None
    n_levels = 1 if is_small else _choose_levels(sample, sums, len(X), n_neighbors)
    if not n_levels:
        return None
    levels = [
        Level(shape, part, coarsest=part is sums[0])
        for shape, part in zip(shapes[:n_levels], sums[:n_levels], strict=True)
    ]
    return BlockSumsScreen(X, image_shape, levels, n_threads)


def _choose_levels(sample, sums, n_samples, n_neighbors):
    """Number of levels with which a pair of a query and a training row costs least."""
    exact = sample.shape[1] * SECONDS_PER_MANHATTAN_COORDINATE
    n_levels, best_cost = 0, exact
    bounding, remaining = sums[0].shape[1] * SECONDS_PER_CODE_OF_ALL_PAIRS, 1
    for i, left in enumerate(_count_candidates(sample, sums, n_samples, n_neighbors)):
        if i:
            bounding += remaining * (
                sums[i].shape[1] * SECONDS_PER_CODE_OF_SOME_PAIRS + SECONDS_PER_MANHATTAN_CANDIDATE
            )
        remaining = left
        cost = bounding + remaining * (exact + SECONDS_PER_MANHATTAN_CANDIDATE)
        if cost < best_cost:
            n_levels, best_cost = i + 1, cost
    return n_levels


class Level:
    """Blocks of one size, and how their sums become codes.

    Parameters
    ----------
    shape : tuple of int
        Numbers of blocks, (rows, columns, channels).
    sums : ndarray of shape (n_sample, n_coordinates)
        The sums of a sample of the training rows.
    coarsest : bool
        Whether the Manhattan distance of two codes, too, has to fit into 16 bits.
    """

    def __init__(self, shape, sums, coarsest):
        self.shape = shape
        self.low, self.high = sums.min(axis=0), sums.max(axis=0)
        ranges = (self.high - self.low).astype(np.float64)
        if coarsest:
            self.step = ranges.sum() / (_LARGEST_CODE - len(ranges))
        else:
            self.step = ranges.max() / _LARGEST_CODE
        if sums.dtype.kind == "i" and self.step <= 1:
            self.step = 1
        # A subnormal step would be rounded so coarsely that codes might not fit into 16 bits.
        self.step = max(self.step, np.finfo(np.float64).tiny)

    def largest_excess(self, of_integers):
        """Most by which the distance of two codes may exceed that of the sums, in steps."""
        if self.step == 1 and of_integers:
            return 0  # because nothing was rounded
        # A step for each sum, and a little more because the quotients are rounded, too.
        return len(self.low) * (1 + 1e-6)

    def encode(self, sums):
        """Codes of the sums."""
        sums = np.clip(sums, self.low, self.high) - self.low
        return (sums if self.step == 1 else sums / self.step).astype(np.int16)


class BlockSumsScreen(Screen):
    """Screen whose scores are Manhattan distances between sums over blocks of pixels.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Training rows.
    image_shape : tuple of int
        Rows, columns and channels of the image that a training row is.
    levels : list of Level
        Blocks of one to three sizes, the largest blocks first.
    n_threads : int
        Number of threads to encode with.
    """

    dtype = np.int16

    def __init__(self, X, image_shape, levels, n_threads):
        self.image_shape, self.levels = image_shape, levels
        # Coarse sums rank the rows so roughly that the finest level has to rank the best again.
        self.n_estimates = _N_ESTIMATES if len(levels) > 1 else 1
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

        run_on_threads(make_encoder, blocks(len(X), _ROWS_PER_BLOCK), n_threads)
        self.largest_magnitude = magnitudes.max()
        self.of_integers = X.dtype.kind != "f"

    def encode(self, Q):
        """Codes of rows level by level, sums of absolute values, whether the rows are integers."""
        with np.errstate(over="ignore", invalid="ignore"):
            sums = _block_sums(Q, self.image_shape, self.shapes)
            codes = [level.encode(part) for level, part in zip(self.levels, sums, strict=True)]
            of_integers = sums[0].dtype.kind != "f"  # so that the sums are exact
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
        return np.minimum(limits, _LARGEST_CODE).astype(np.int16)

    def prune(self, codes, radii, queries, samples):
        """Remove candidates that the finer levels exclude."""
        for level in range(1, len(self.levels)):
            limits = self._limits(level, codes, radii)
            near = self._code_distances(level, codes, queries, samples) <= limits[queries]
            queries, samples = queries[near], samples[near]
        return queries, samples

    def estimate(self, codes, queries, samples):
        """Distances between the finest codes of pairs, in no particular unit."""
        return self._code_distances(len(self.levels) - 1, codes, queries, samples)

    def _code_distances(self, level, codes, queries, samples):
        """Manhattan distances between the codes of pairs at one of the finer levels."""
        Q, X = codes[0][level], self.fine[level - 1]
        distances = np.empty(len(queries), np.int32)
        x, q = np.empty((2, _PAIRS_PER_BLOCK, X.shape[1]), np.int16)
        for pairs in blocks(len(queries), _PAIRS_PER_BLOCK):
            a, b = x[: pairs.stop - pairs.start], q[: pairs.stop - pairs.start]
            take_rows(X, samples[pairs], out=a)
            take_rows(Q, queries[pairs], out=b)
            np.abs(np.subtract(a, b, out=a), out=a)
            np.add.reduce(a, axis=1, dtype=np.int32, out=distances[pairs])
        return distances

    def _limits(self, level, codes, radii):
        """Largest distance of codes that rows within the given distances can have."""
        _, magnitudes, of_integers = codes
        n_terms = math.prod(self.image_shape) + 8
        magnitudes = magnitudes + self.largest_magnitude
        # The distances were rounded, and so were the sums.
        largest = radii + (radii + magnitudes) * n_terms * 2.0**-52
        excess = self.levels[level].largest_excess(of_integers and self.of_integers)
        return largest / self.levels[level].step + excess


def _level_shapes(image_shape):
    """Shapes of grids of blocks, the coarsest first; each has about four times as many blocks."""
    shapes = [image_shape]
    while np.prod(shapes[-1]) > _COARSE_BLOCKS and max(shapes[-1][:2]) > 1:
        h, w, c = shapes[-1]
        shapes.append((-(-h // 2), w, c) if h >= w else (h, -(-w // 2), c))
    return shapes[:0:-2][:_MOST_LEVELS] or shapes


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
    """Add pairs of rows (axis 1) or columns (axis 2); of an odd number, the last one is copied."""
    pairs, odd = divmod(images.shape[axis], 2)
    shape = list(images.shape)
    shape[axis] = pairs + odd
    sums = np.empty(shape, images.dtype)
    # The channels are added one at a time because inner loops over a few channels would be slow.
    for channel in range(shape[3]):
        before, after = (np.moveaxis(a[..., channel], axis, 0) for a in (images, sums))
        np.add(before[: 2 * pairs : 2], before[1::2], out=after[:pairs])
        after[pairs:] = before[2 * pairs :]
    return sums


def _count_candidates(sample, sums, n_samples, n_neighbors):
    """Share of the training rows that are candidates at each level, estimated on the sample."""
    n_queries, n_rest = _N_SAMPLE_QUERIES, len(sample) - _N_SAMPLE_QUERIES
    queries = np.repeat(np.arange(n_queries), n_rest)
    samples = np.tile(np.arange(n_rest), n_queries) + n_queries
    distances = PairDistances(METRICS["manhattan"], sample, sample)(queries, samples)
    rank = min(max(1, round(n_neighbors * n_rest / n_samples)), n_rest)
    radii = np.partition(distances.reshape(n_queries, n_rest), rank - 1, axis=1)[:, [rank - 1]]
    return [
        (cdist(level[:n_queries], level[n_queries:], "cityblock") <= radii).mean()
        for level in (level.astype(np.float64) for level in sums)
    ]
