"""Selection of the k nearest samples, ordered by (distance, index)."""

import numpy as np


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
    kth = np.partition(distances, k - 1, axis=1)[:, k - 1, np.newaxis]
    queries, samples = np.nonzero(distances <= kth)
    nearest = distances[queries, samples]
    if len(nearest) > k * len(distances):  # others are as far as the k-th
        return nearest_of_pairs(k, queries, samples, nearest)
    nearest = nearest.reshape(-1, k)
    order = np.argsort(nearest, axis=1, kind="stable")
    return tuple(np.take_along_axis(rows, order, 1) for rows in (samples.reshape(-1, k), nearest))
