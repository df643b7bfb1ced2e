"""Exact search with a screen: bounds of all distances, and the few distances that may matter.

A *screen* gives each pair of a query and a training row a score, the smaller the nearer, and knows
the largest score that a row within a given distance can have. A block of queries is searched in
three steps:

1. All scores are computed, and their minima over groups of training rows.
2. The distances of the best rows of the best groups are computed, at least k for each query. The
   k-th smallest of them is an upper bound of the distance of the k-th neighbour.
3. Every row whose score is within the limit for this bound is a candidate, and its distance is
   computed, too.

Only exact distances decide, so the result depends neither on the screen nor on the blocks.
"""

from itertools import pairwise

import numpy as np

from sk231n.core.blocks import blocks
from sk231n.neighbors._costs import BYTES_PER_FIRST_CANDIDATE
from sk231n.neighbors._distances import PairDistances
from sk231n.neighbors._memory import temporary_size
from sk231n.neighbors._protocols import Search
from sk231n.neighbors._selection import nearest_of_pairs

# A tile is this number of groups of training rows. The minima over the groups are taken element by
# element along rows of this length, which is long enough for the processor's vector instructions.
_GROUPS_PER_TILE = 256

# With more members in a group, too many of the best rows would share a group, of which only one
# counts.
_MOST_MEMBERS = 16

# Training rows whose scores are computed by one call, at least.
_FEWEST_ROWS_PER_CALL = 4096

# The k best rows by score need not be the nearest. As many more are measured, but no more than this
# number: the upper bound becomes smaller, and leaves fewer candidates.
_MOST_EXTRA_CANDIDATES = 16

# More queries at a time would make the matrix products no faster.
_MOST_QUERIES = 256

# More bytes of scores at a time would save no time.
_MOST_SCORE_BYTES = 2**26

# Candidates that are measured and sorted at a time.
_PAIRS_PER_BLOCK = 2**19


class ScreenedSearch(Search):
    """Nearest training rows with the help of a screen.

    Parameters
    ----------
    metric : Metric
        The distance.
    X : ndarray of shape (n_samples, n_features)
        Training rows.
    screen : Screen
        Scores and bounds for the metric and the training rows.
    """

    on_threads = True

    def __init__(self, metric, X, screen):
        self.metric, self.X, self.screen = metric, X, screen

    def block_size(self, memory, k):
        """Number of queries at a time whose scores and candidates fit into `memory` bytes."""
        n_candidates = min(len(self.X), self.screen.n_estimates * (k + _MOST_EXTRA_CANDIDATES))
        bytes_per_query = 2 * len(self.X) * np.dtype(self.screen.dtype).itemsize
        bytes_per_query += BYTES_PER_FIRST_CANDIDATE * n_candidates
        return max(1, min(_MOST_QUERIES, int(min(memory, _MOST_SCORE_BYTES) // bytes_per_query)))

    def make_worker(self, Q, k, block_size, distances, indices):
        """Function that writes the k neighbours of a slice of the queries."""
        n_samples = len(self.X)
        pair_distances = PairDistances(self.metric, self.X, Q)
        scores = _Scores(self.screen, block_size, n_samples, k)

        def measure(start, queries, samples):
            measured = pair_distances(start + queries, samples)
            measured[samples >= n_samples] = np.inf  # which are beyond the last row, in its tile
            return measured

        def search(block):
            n_queries = block.stop - block.start
            codes = self.screen.encode(Q[block])
            scores.fill(codes, n_queries)
            initial = self._initial_candidates(scores, codes, k)
            initial_distances = measure(block.start, *_pairs(initial)).reshape(initial.shape)
            radii = np.partition(initial_distances, k - 1, axis=1)[:, k - 1]
            scores.exclude(initial)
            limits = self.screen.limits(codes, radii)
            for part, queries, samples in scores.within(limits, initial.shape[1]):
                queries, samples = self.screen.prune(codes, radii, queries, samples)
                measured = measure(block.start, queries, samples)
                initial_queries, initial_samples = _pairs(initial[part])
                rows = slice(block.start + part.start, block.start + part.stop)
                indices[rows], distances[rows] = nearest_of_pairs(
                    k,
                    np.append(initial_queries, queries - part.start),
                    np.append(initial_samples, samples),
                    np.append(initial_distances[part], measured),
                )

        return search

    def _initial_candidates(self, scores, codes, k):
        """At least k training rows for each query that are probably among the nearest."""
        n_measured = k + min(k, _MOST_EXTRA_CANDIDATES)
        candidates = scores.best(self.screen.n_estimates * n_measured)
        if candidates.shape[1] <= n_measured:
            return candidates
        estimates = self.screen.estimate(codes, *_pairs(candidates)).reshape(candidates.shape)
        nearest = np.argpartition(estimates, n_measured - 1, axis=1)[:, :n_measured]
        return np.take_along_axis(candidates, nearest, axis=1)


class _Scores:
    """Scores of a block of queries against all training rows, and their minima over groups.

    The training rows lie in tiles of ``n_members * n_groups``; a group is every ``n_groups``-th row
    of a tile, so that the minima over all groups of a tile are taken along contiguous memory.
    """

    def __init__(self, screen, n_queries, n_samples, k):
        self.screen, self.n_samples = screen, n_samples
        self.n_members = min(_MOST_MEMBERS, max(1, n_samples // max(8 * k, 2 * _GROUPS_PER_TILE)))
        self.tile = self.n_members * _GROUPS_PER_TILE
        n_tiles = -(-n_samples // self.tile)
        if np.dtype(screen.dtype).kind == "f":
            self.largest, self.finite = np.inf, np.finfo(screen.dtype).max
        else:
            self.largest = np.iinfo(screen.dtype).max  # which is never a score
            self.finite = self.largest - 1
        self.buffer = np.empty((n_queries, n_tiles * self.tile), screen.dtype)
        self.buffer[:, n_samples:] = self.largest
        self.minima = np.empty((n_queries, n_tiles, _GROUPS_PER_TILE), screen.dtype)

    def fill(self, codes, n_queries):
        """Compute the scores, and the minima over the groups while they are in the cache."""
        self.scores = self.buffer[:n_queries]
        n_tiles = max(1, _FEWEST_ROWS_PER_CALL // self.tile)
        for i, samples in enumerate(blocks(self.n_samples, n_tiles * self.tile)):
            self.screen.scores(codes, samples, out=self.scores[:, samples])
            tiles = slice(i * n_tiles, (i + 1) * n_tiles)
            np.min(self._grouped[:, tiles], axis=2, out=self.minima[:n_queries, tiles])

    def best(self, n_best):
        """Indices of the best rows of the best groups, for each query."""
        minima = self.minima[: len(self.scores)].reshape(len(self.scores), -1)
        n_best = min(n_best, minima.shape[1])
        best = np.argpartition(minima, n_best - 1, axis=1)[:, :n_best]
        tiles, groups = np.divmod(best, _GROUPS_PER_TILE)
        rows = np.arange(len(self.scores))[:, np.newaxis]
        members = np.argmin(self._grouped[rows, tiles, :, groups], axis=2)
        return tiles * self.tile + members * _GROUPS_PER_TILE + groups

    def exclude(self, samples):
        """Exclude some rows of each query, so that they are not found within any limit."""
        np.put_along_axis(self.scores, samples, self.largest, axis=1)

    def within(self, limits, n_initial):
        """Pairs of a query and a row whose score is within the limit or unknown (NaN).

        Yields slices of the queries, and the queries and rows of their pairs. A slice has a bounded
        number of pairs, `n_initial` for each query included, or a single query.
        """
        limits = np.fmin(limits, self.finite).astype(self.scores.dtype)
        near = ~(self.scores > limits[:, np.newaxis])
        near[:, self.n_samples :] = False
        counts = np.cumsum(np.count_nonzero(near, axis=1) + n_initial)
        parts = counts // max(1, temporary_size(2 * _PAIRS_PER_BLOCK) // 2)
        edges = [0, *np.flatnonzero(np.diff(parts)) + 1, len(near)]
        for start, stop in pairwise(edges):
            queries, samples = np.divmod(np.flatnonzero(near[start:stop]), near.shape[1])
            yield slice(start, stop), start + queries, samples

    @property
    def _grouped(self):
        return self.scores.reshape(len(self.scores), -1, self.n_members, _GROUPS_PER_TILE)


def _pairs(samples):
    """Pairs of a query and a sample, from an array with a row of samples for each query."""
    queries = np.repeat(np.arange(len(samples)), samples.shape[1])
    return queries, samples.ravel()
