"""Nearest neighbours: three ways to compute the same distances, two other metrics, and the votes.

Distances are between the rows of A (m, d) and those of B (n, d). All functions first convert both
to float64, because bytes wrap around: 3 - 5 would be 254.
"""

import numpy as np


def distances_two_loops(A, B):
    """Euclidean distances (m, n), one pair at a time.

    distance_ij = sqrt(sum_k (a_ik - b_jk)**2)
    """
    A, B = np.asarray(A, dtype=np.float64), np.asarray(B, dtype=np.float64)
    distances = np.zeros((len(A), len(B)))
    for i in range(len(A)):
        for j in range(len(B)):
            distances[i, j] = np.sqrt(np.sum((A[i] - B[j]) ** 2))
    return distances


def distances_one_loop(A, B):
    """Euclidean distances (m, n), from one row of A to all rows of B at once.

    The differences between a row of A and all rows of B are an array as large as B.
    """
    A, B = np.asarray(A, dtype=np.float64), np.asarray(B, dtype=np.float64)
    distances = np.zeros((len(A), len(B)))
    for i in range(len(A)):
        distances[i] = np.sqrt(np.sum((A[i] - B) ** 2, axis=1))
    return distances


def distances_no_loop(A, B):
    """Euclidean distances (m, n), all at once by a matrix product.

        distance_ij**2 = |a_i|**2 + |b_j|**2 - 2 a_i . b_j

    This loses digits if the rows are far from the origin compared with their distance: each term is
    rounded to 16 digits of its own large size, and then the leading digits cancel. Rows that are a
    thousand times farther from the origin than from each other lose 6 of the 16 digits of the
    squared distance, and rows that are a hundred million times farther lose all of them. The result
    may even be negative, hence the maximum with zero before the square root.
    """
    A, B = np.asarray(A, dtype=np.float64), np.asarray(B, dtype=np.float64)
    squares_of_A = np.sum(A**2, axis=1)
    squares_of_B = np.sum(B**2, axis=1)
    squares = squares_of_A[:, np.newaxis] + squares_of_B - 2 * A @ B.T
    return np.sqrt(np.maximum(squares, 0))


def manhattan_distances(A, B):
    """Manhattan distances (m, n), like those of a taxi that drives around the blocks.

    distance_ij = sum_k |a_ik - b_jk|
    """
    A, B = np.asarray(A, dtype=np.float64), np.asarray(B, dtype=np.float64)
    distances = np.zeros((len(A), len(B)))
    for i in range(len(A)):
        for j in range(len(B)):
            distances[i, j] = np.sum(np.abs(A[i] - B[j]))
    return distances


def cosine_distances(A, B):
    """Cosine distances (m, n): 0 in the same direction, 1 at a right angle, 2 in the opposite one.

        distance_ij = 1 - a_i . b_j / (|a_i| |b_j|)

    A row of zeros has no direction and is at distance 1 from every row.
    """
    A, B = np.asarray(A, dtype=np.float64), np.asarray(B, dtype=np.float64)
    distances = np.ones((len(A), len(B)))
    for i in range(len(A)):
        for j in range(len(B)):
            # One root of both squares, so that the distance of equal rows is exactly zero.
            lengths = np.sqrt(np.sum(A[i] ** 2) * np.sum(B[j] ** 2))
            if lengths > 0:
                distances[i, j] = max(0.0, 1 - np.sum(A[i] * B[j]) / lengths)
    return distances


def nearest_neighbors(A, B, k, distances=distances_two_loops):
    """Distances (m, k) and indices (m, k) of the k rows of B nearest to each row of A.

    The nearest comes first; at equal distances, the one with the smallest index.
    """
    all_distances = distances(A, B)
    nearest_distances = np.zeros((len(A), k))
    nearest_indices = np.zeros((len(A), k), dtype=np.intp)
    for i in range(len(A)):
        pairs = sorted((all_distances[i, j], j) for j in range(len(B)))
        for rank in range(k):
            nearest_distances[i, rank], nearest_indices[i, rank] = pairs[rank]
    return nearest_distances, nearest_indices


def _sample_counts(sample_weight):
    """How many samples each sample counts as: its weight over the smallest weight above zero.

    Weights are relative: multiplying all of them by ten changes nothing, and a sample of weight 2,
    where the smallest weight is 1, is the same as having it twice. Rounding to multiples of 2**-32
    hides that 10 * 0.3 / (10 * 0.1) is not exactly 3.
    """
    smallest = min(weight for weight in sample_weight if weight > 0)
    return [np.round(weight / smallest * 2**32) / 2**32 for weight in sample_weight]


def _class_factors(class_weight, classes, y, counts):
    """Factor of each class's votes: from the dict, else 1; "balanced" is 1 / size of the class.

    A class with no weight has no votes for the factor to change.
    """
    if class_weight == "balanced":
        sizes = [sum(counts[i] for i in range(len(y)) if y[i] == c) for c in classes]
        return [1 / size if size > 0 else 0 for size in sizes]
    if class_weight is None:
        class_weight = {}
    return [class_weight.get(c, 1) for c in classes]


def knn_predict_proba(
    X_train,
    y_train,
    X,
    n_neighbors=5,
    weights="uniform",
    distances=distances_two_loops,
    sample_weight=None,
    class_weight=None,
):
    """Shares of the classes, in sorted order, in the votes of the nearest neighbours.

    A vote counts 1 if `weights` is "uniform" and 1 / distance if it is "distance"; if some of the
    neighbours are at distance 0, only these vote, and each counts 1.

    A training sample counts as many times as its weight is a multiple of the smallest weight above
    zero. The neighbours are taken from the nearest outwards until these counts add up to
    `n_neighbors`; the last one only counts with the share that is still missing. Each vote is
    multiplied by the count of its sample. At the end the votes of each class are multiplied by the
    weight of the class, unless that would make all of them zero.

    If `X` is None, each training sample is classified by the others (leave one out).
    """
    classes = np.unique(y_train)
    counts = [1] * len(X_train) if sample_weight is None else _sample_counts(sample_weight)
    factors = _class_factors(class_weight, classes, y_train, counts)
    queries = X_train if X is None else X
    outwards = nearest_neighbors(queries, X_train, len(X_train), distances)
    probabilities = np.zeros((len(queries), len(classes)))
    for i in range(len(queries)):
        neighbors, missing = [], n_neighbors
        for distance, j in zip(outwards[0][i], outwards[1][i], strict=True):
            if X is None and j == i:
                continue
            share = min(counts[j], missing)
            missing -= share
            if share > 0:
                neighbors.append((distance, share, y_train[j]))

        some_at_zero = any(distance == 0 for distance, _, _ in neighbors)
        for distance, share, label in neighbors:
            if weights == "uniform":
                vote = 1
            elif some_at_zero:
                vote = 1 if distance == 0 else 0
            else:
                vote = 1 / distance
            probabilities[i, classes == label] += share * vote
        if any(probabilities[i] * factors):
            probabilities[i] *= factors
        probabilities[i] /= np.sum(probabilities[i])
    return probabilities


def knn_predict(X_train, y_train, X, *args, **kwargs):
    """Class with the most votes, or the first of equal ones; see :func:`knn_predict_proba`."""
    probabilities = knn_predict_proba(X_train, y_train, X, *args, **kwargs)
    classes = np.unique(y_train)
    predictions = []
    for i in range(len(probabilities)):
        best = 0
        for c in range(len(classes)):
            if probabilities[i, c] > probabilities[i, best]:
                best = c
        predictions.append(classes[best])
    return np.array(predictions)


def knn_cross_validation(X, y, all_n_neighbors, folds, *args, **kwargs):
    """Accuracies (number of k, number of folds) for several numbers of neighbours.

    Each fold is a pair: the indices of the samples to train on, and of those to predict. The other
    arguments are those of :func:`knn_predict_proba` after `n_neighbors`.
    """
    accuracies = np.zeros((len(all_n_neighbors), len(folds)))
    for f, (train, test) in enumerate(folds):
        for r, k in enumerate(all_n_neighbors):
            predictions = knn_predict(X[train], y[train], X[test], k, *args, **kwargs)
            accuracies[r, f] = np.sum(predictions == y[test]) / len(test)
    return accuracies
