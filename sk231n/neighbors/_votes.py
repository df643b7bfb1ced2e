"""Votes: which neighbours have one, their weights, and the sums for each class."""

import sys

import numpy as np

from sk231n.neighbors._callables import call


def neighbor_weights(weights, distances):
    """Weights of neighbours by their distances.

    Parameters
    ----------
    weights : {"uniform", "distance"} or callable
        "uniform" gives all neighbours the same weight. "distance" weighs them by the inverse of
        the distance; neighbours at distance 0, if there are any, are then the only ones with a
        weight. A function turns distances into weights of the same shape.
    distances : ndarray of shape (n_queries, n_neighbors)
        Distances to the neighbours, growing along each row.

    Returns
    -------
    ndarray of shape (n_queries, n_neighbors)
        The weights, the largest of a row being 1; where all would be 0 they are 1.

    Raises
    ------
    ValueError
        If the function returns another shape, or anything but finite numbers >= 0.
    """
    if weights == "uniform":
        return np.ones(distances.shape)
    if weights == "distance":
        with np.errstate(divide="ignore", over="ignore"):
            weighed = 1 / distances
        infinite = np.isinf(weighed)
        with_infinite = infinite.any(axis=1)
        weighed[with_infinite] = infinite[with_infinite]
    else:
        weighed = call("weights", weights, distances.copy(), shape=distances.shape).copy()
        if not (np.isfinite(weighed) & (weighed >= 0)).all():
            name = getattr(weights, "__name__", repr(weights))
            raise ValueError(f"weights={name} returned values that are negative or infinite.")
    weighed[~weighed.any(axis=1)] = 1
    # Only ratios count. Sums of huge weights would overflow, and those of tiny ones lose digits.
    return weighed / weighed.max(axis=1, keepdims=True)


def voters(distances, labels, counts, k):
    """Select the nearest samples that together count as k; there are at most k of them.

    Parameters
    ----------
    distances : ndarray of shape (n_queries, n_neighbors)
        Distances to the neighbours, growing along each row.
    labels : ndarray of shape (n_queries, n_neighbors)
        Classes of the neighbours.
    counts : ndarray of shape (n_queries, n_neighbors)
        How many samples each neighbour counts as, at least 1; those of a row add up to k.
    k : int
        Number of samples that vote.

    Returns
    -------
    distances, labels, shares : ndarray of shape (n_queries, min(k, n_neighbors))
        The voters, and how many samples each one counts as; the last one as many as complete k.
        Samples after the last voter have no share. Their distance is replaced by the first one, so
        that a function of the distances does not depend on them.
    """
    distances, labels = distances[:, :k], labels[:, :k]
    counts = np.minimum(counts[:, :k], k)
    before = np.cumsum(counts, axis=1) - counts
    shares = np.clip(k - before, 0, counts)
    return np.where(shares > 0, distances, distances[:, :1]), labels, shares


def count_votes(labels, weights, n_classes):
    """Add up the weights of the neighbours of each class.

    Parameters
    ----------
    labels : ndarray of shape (n_queries, n_neighbors)
        Classes of the neighbours, as integers from 0.
    weights : ndarray of shape (n_queries, n_neighbors)
        Weights of the neighbours.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of shape (n_queries, n_classes)
        The votes.
    """
    bins = np.arange(len(labels))[:, np.newaxis] * n_classes + labels
    votes = np.bincount(bins.ravel(), weights.ravel(), len(labels) * n_classes)
    return votes.reshape(len(labels), n_classes)


def weigh_classes(votes, weights):
    """Multiply the votes by the weights of the classes, except where all products would be 0.

    Parameters
    ----------
    votes : ndarray of shape (n_queries, n_classes)
        The votes.
    weights : ndarray of shape (n_classes,) or None
        Factors of the classes, at most 1; None means that there are none.

    Returns
    -------
    ndarray of shape (n_queries, n_classes)
        The weighted votes.
    """
    if weights is None:
        return votes
    weighted = votes * weights
    nothing = ~weighted.any(axis=1)
    weighted[nothing] = votes[nothing]
    return weighted


def check_enough(n_neighbors, n_samples, others=False):
    """Refuse to look for more neighbours than there are samples."""
    n_samples -= others
    if n_neighbors > n_samples:
        kind = "other training samples" if others else "training samples"
        raise ValueError(
            f"n_neighbors={n_neighbors}, but there are only n_samples={n_samples} {kind}; expected "
            "n_neighbors <= n_samples."
        )


def check_votes(n_neighbors, n_samples, counts, others=False):
    """Refuse to count the votes of more neighbours than all samples together count as."""
    if counts is None:
        check_enough(n_neighbors, n_samples, others)
        return
    # A sample counts as k at most, and a k that is larger than any float is compared as such.
    counts = np.minimum(counts, float(min(n_neighbors, sys.float_info.max)))
    total = float(counts.sum() - (counts.max() if others else 0))
    if n_neighbors > total:
        raise ValueError(
            f"n_neighbors={n_neighbors}, but there are only {total:.6g} "
            f"{'other ' if others else ''}training samples, counted by sample_weight (the smallest "
            "above 0 counts as one sample); expected n_neighbors <= that number."
        )
