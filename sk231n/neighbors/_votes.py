"""From neighbours to classes: weights of the neighbours, and their votes."""

import numpy as np

from sk231n.neighbors._callables import call


def neighbor_weights(weights, distances):
    """Weights of neighbours by their distances, which grow along each row.

    Parameters
    ----------
    weights : {"uniform", "distance"} or callable
        All weigh alike; by the inverse of the distance, and those at distance 0, if there are any,
        alone; or a function from distances to weights of the same shape.
    distances : ndarray of shape (n_queries, n_neighbors)
        Distances to the neighbours.

    Returns
    -------
    ndarray of shape (n_queries, n_neighbors)
        The weights, the largest of a row being 1; where all would be 0 they are 1.

    Raises
    ------
    ValueError
        If the function returns another shape, or anything but finite numbers from 0.
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
    # Only ratios count: sums of huge weights would overflow, those of tiny ones lose digits.
    return weighed / weighed.max(axis=1, keepdims=True)


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
