"""Exact search in two steps: bounds for all pairs, distances for the few that the bounds leave.

A *screen* gives each pair of a query and a training row a score, the smaller the nearer, and knows
the largest score that a row within a given distance can have. For a block of queries:

1. all scores, and their minima over groups of training rows;
2. the best row of each of the k best groups: the k-th smallest of their distances bounds that of
   the k-th neighbour from above;
3. every row whose score is within the limit is a candidate, and its distance is computed.

Only exact distances decide, so the result depends neither on the screen nor on the blocks.
"""

from itertools import pairwise

import numpy as np

from sk231n.core.blocks import blocks
from sk231n.neighbors._distances import PairDistances
from sk231n.neighbors._memory import temporary_size
from sk231n.neighbors._selection import first

_GROUPS = 256  # of a tile
_MEMBERS = 16  # of a group, at most
_ROWS = 4096  # at a time, at least
_MORE_GUESSES = 16  # than neighbours, at most
_QUERIES = 256  # of a block, at most
_SCORE_BYTES = 2**26
_BYTES_PER_GUESS = 64
_PAIRS = 2**19


class ScreenedSearch:
    """Nearest training rows with the help of a screen.

    Parameters
    ----------
    metric : Euclidean
        One of ``METRICS``.
    X : ndarray of shape (n_samples, n_features)
        Training rows.
    screen : object
        Has ``dtype``, ``encode(Q)``, ``scores(codes, samples, out)``, ``limits(codes, radii)`` and
        ``sift(codes, radii, queries, samples)``; see :class:`EuclideanScreen`. Where
        ``n_estimates`` is above 1, so many of the best rows for each that is measured are first
        compared by ``estimate(codes, queries, samples)``.
    """

    on_threads = True

    def __init__(self, metric, X, screen):
        self.metric, self.X, self.screen = metric, X, screen

    def block_size(self, memory, k):
        """Number of queries at a time whose scores and guesses fit into `memory` bytes."""
        n_guesses = min(len(self.X), self.screen.n_estimates * (k + _MORE_GUESSES))
        bytes_per_query = 2 * len(self.X) * np.dtype(self.screen.dtype).itemsize
        bytes_per_query += _BYTES_PER_GUESS * n_guesses
        return max(1, min(_QUERIES, int(min(memory, _SCORE_BYTES) // bytes_per_query)))

    def make_worker(self, Q, k, block_size, distances, indices):
        """Function that writes the k neighbours of a slice of the queries."""
        n_samples = len(self.X)
        pair_distances = PairDistances(self.metric, self.X, Q)
        scores = _Scores(self.screen, block_size, n_samples, k)

        def measure(start, queries, samples):
            measured = pair_distances(start + queries, samples)
            measured[samples >= n_samples] = np.inf  # beyond the last one
            return measured

        def search(block):
            n_queries = block.stop - block.start
            codes = self.screen.encode(Q[block])
            scores.fill(codes, n_queries)
            guesses = self._guess(scores, codes, k)
            guessed = measure(block.start, *_pairs(guesses)).reshape(guesses.shape)
            radii = np.partition(guessed, k - 1, axis=1)[:, k - 1]
            scores.drop(guesses)
            limits = self.screen.limits(codes, radii)
            for part, queries, samples in scores.within(limits, guesses.shape[1]):
                queries, samples = self.screen.sift(codes, radii, queries, samples)
                measured = measure(block.start, queries, samples)
                guess_queries, guess_samples = _pairs(guesses[part])
                rows = slice(block.start + part.start, block.start + part.stop)
                indices[rows], distances[rows] = first(
                    k,
                    np.append(guess_queries, queries - part.start),
                    np.append(guess_samples, samples),
                    np.append(guessed[part], measured),
                )

        return search

    def _guess(self, scores, codes, k):
        """A few training rows for each query that are probably near."""
        n_measured = k + min(k, _MORE_GUESSES)
        guesses = scores.best(self.screen.n_estimates * n_measured)
        if guesses.shape[1] <= n_measured:
            return guesses
        estimates = self.screen.estimate(codes, *_pairs(guesses)).reshape(guesses.shape)
        nearest = np.argpartition(estimates, n_measured - 1, axis=1)[:, :n_measured]
        return np.take_along_axis(guesses, nearest, axis=1)


class _Scores:
    """Scores of a block of queries against all training rows, and their minima over groups.

    The training rows lie in tiles of ``n_members * n_groups``; a group is every ``n_groups``-th row
    of a tile, so that the minima over the groups are taken along contiguous rows.
    """

    def __init__(self, screen, n_queries, n_samples, k):
        self.screen, self.n_samples = screen, n_samples
        self.n_members = min(_MEMBERS, max(1, n_samples // max(8 * k, 2 * _GROUPS)))
        self.tile = self.n_members * _GROUPS
        n_tiles = -(-n_samples // self.tile)
        if np.dtype(screen.dtype).kind == "f":
            self.largest, self.finite = np.inf, np.finfo(screen.dtype).max
        else:
            self.largest = np.iinfo(screen.dtype).max  # no score is as large as that
            self.finite = self.largest - 1
        self.buffer = np.empty((n_queries, n_tiles * self.tile), screen.dtype)
        self.buffer[:, n_samples:] = self.largest
        self.minima = np.empty((n_queries, n_tiles, _GROUPS), screen.dtype)

    def fill(self, codes, n_queries):
        """Compute the scores, and the minima over the groups while they are in the cache."""
        self.scores = self.buffer[:n_queries]
        n_tiles = max(1, _ROWS // self.tile)
        for i, samples in enumerate(blocks(self.n_samples, n_tiles * self.tile)):
            self.screen.scores(codes, samples, out=self.scores[:, samples])
            tiles = slice(i * n_tiles, (i + 1) * n_tiles)
            np.min(self._grouped[:, tiles], axis=2, out=self.minima[:n_queries, tiles])

    def best(self, n_best):
        """Indices of the best rows of the best groups, for each query."""
        minima = self.minima[: len(self.scores)].reshape(len(self.scores), -1)
        n_best = min(n_best, minima.shape[1])
        best = np.argpartition(minima, n_best - 1, axis=1)[:, :n_best]
        tiles, groups = np.divmod(best, _GROUPS)
        rows = np.arange(len(self.scores))[:, np.newaxis]
        members = np.argmin(self._grouped[rows, tiles, :, groups], axis=2)
        return tiles * self.tile + members * _GROUPS + groups

    def drop(self, samples):
        """Take some rows of each query out of the game."""
        np.put_along_axis(self.scores, samples, self.largest, axis=1)

    def within(self, limits, n_guesses):
        """Pairs of a query and a row whose score is within the limit or unknown (NaN).

        Yields slices of the queries, and the queries and rows of their pairs; a slice has a bounded
        number of pairs, the guesses included, or one query.
        """
        limits = np.fmin(limits, self.finite).astype(self.scores.dtype)
        near = ~(self.scores > limits[:, np.newaxis])
        near[:, self.n_samples :] = False
        counts = np.cumsum(np.count_nonzero(near, axis=1) + n_guesses)
        parts = counts // max(1, temporary_size(2 * _PAIRS) // 2)
        edges = [0, *np.flatnonzero(np.diff(parts)) + 1, len(near)]
        for start, stop in pairwise(edges):
            queries, samples = np.divmod(np.flatnonzero(near[start:stop]), near.shape[1])
            yield slice(start, stop), start + queries, samples

    @property
    def _grouped(self):
        return self.scores.reshape(len(self.scores), -1, self.n_members, _GROUPS)


def _pairs(samples):
    """Queries and samples of an array with a row of samples for each query, in pairs."""
    queries = np.repeat(np.arange(len(samples)), samples.shape[1])
    return queries, samples.ravel()
