"""Selection of the k nearest samples, ordered by (distance, index)."""

import numpy as np

# With more members in a group, or fewer groups for each neighbour, more of the nearest samples
# would be in the same group, of which only one counts: the bound would be larger.
_MOST_MEMBERS = 16
_GROUPS_PER_NEIGHBOR = 4


def nearest_of_pairs(k, queries, samples, distances):
    """Pick the k nearest samples of each query from a list of pairs.

    Parameters
    ----------
    k : int
        Number of neighbours.
    queries, samples : ndarray of shape (n_pairs,)
        Indices of queries 0, 1, ..., each of them at least k times, and of samples.
    distances : ndarray of shape (n_pairs,)
        Distances of the pairs.

    Returns
    -------
    samples : ndarray of shape (n_queries, k)
        The nearest samples, the smaller index first where distances are equal.
    distances : ndarray of shape (n_queries, k)
        Their distances.
    """
    order = np.lexsort((samples, distances, queries))
    starts = np.flatnonzero(np.diff(queries[order], prepend=-1))
    nearest = order[starts[:, np.newaxis] + np.arange(k)]
    return samples[nearest], distances[nearest]


def nearest_of_all(k, distances):
    """Pick the k nearest samples of each query from all the distances.

    Parameters
    ----------
    k : int
        Number of neighbours.
    distances : ndarray of shape (n_queries, n_samples)
        All distances, none of them NaN.

    Returns
    -------
    samples, distances : ndarray of shape (n_queries, k)
        As for :func:`nearest_of_pairs`.
    """
    queries, samples = within(bounds_of_kth(k, distances), distances)
    return nearest_of_pairs(k, queries, samples, distances[queries, samples])


def bounds_of_kth(k, distances):
    """Numbers that are at least the k-th smallest of each row, and not much larger.

    The k smallest of the minima over groups are k of the numbers of a row. To find them among the
    minima takes much less time than to find the k-th smallest number.
    """
    n_samples = distances.shape[1]
    n_members = min(_MOST_MEMBERS, n_samples // (_GROUPS_PER_NEIGHBOR * k))
    if n_members > 1:
        n_groups = n_samples // n_members
        groups = distances[:, : n_groups * n_members].reshape(-1, n_members, n_groups)
        distances = groups.min(axis=1)
    return np.partition(distances, k - 1, axis=1)[:, k - 1]


def within(limits, distances):
    """Pairs (queries, samples) whose distance is at most the limit of the query."""
    near = distances <= limits[:, np.newaxis]
    return np.divmod(np.flatnonzero(near), near.shape[1])  # faster than nonzero
