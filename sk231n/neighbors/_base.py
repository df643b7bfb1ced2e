"""What the nearest-neighbour classifiers share: their data, and everything after ``fit``."""

import sys
from numbers import Integral

import numpy as np
from scipy.sparse import csr_array, csr_matrix
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils import assert_all_finite, check_consistent_length
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted, column_or_1d

from sk231n._estimators import check_no_missing, only_numbers, validated
from sk231n._floating_point import contained
from sk231n._images import as_rows, infer_image_shape
from sk231n._labels import as_labels, check_labels, encode_labels, scikit_learn_knows
from sk231n.core.arguments import Number, count, validate_arguments
from sk231n.core.blocks import blocks
from sk231n.core.errors import naming
from sk231n.neighbors._distances import METRIC_NAMES
from sk231n.neighbors._index import find_neighbors, make_search
from sk231n.neighbors._votes import count_votes, neighbor_weights, voters, weigh_classes
from sk231n.neighbors._weights import checked_weights, class_weights, with_finite_sum

_BYTES_PER_NEIGHBOR = 192  # indices, distances, weights, and what it takes to count votes


class NeighborsClassifier(ClassifierMixin, BaseEstimator):
    """Base of the classifiers that let the nearest training samples vote.

    A subclass has the arguments ``metric``, ``weights``, ``class_weight`` and ``n_jobs``, says how
    many neighbours vote (``_n_voters``), and calls :meth:`_data` and :meth:`_learn` in its ``fit``.
    """

    _parameter_constraints: dict = {
        "metric": [StrOptions(set(METRIC_NAMES)), callable],
        "weights": [StrOptions({"uniform", "distance"}), callable],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "n_jobs": [
            Number(Integral, 1, None, closed="left"),
            Number(Integral, None, -1, closed="right"),
            None,
        ],
    }

    @contained
    def kneighbors(self, X=None, n_neighbors=None, return_distance=True):
        """Find the nearest training samples.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), (n_queries, h, w) or \
(n_queries, h, w, c), default=None
            Queries; None asks for the neighbours of the training samples, each left out of its own.
        n_neighbors : int, default=None
            Number of neighbours; None means as many as vote.
        return_distance : bool, default=True
            Whether to return the distances, too.

        Returns
        -------
        distances : ndarray of shape (n_queries, n_neighbors)
            Distances in float64, growing along each row; only if `return_distance` is true.
        indices : ndarray of shape (n_queries, n_neighbors)
            Indices of the neighbours in the training data, ordered by (distance, index). Samples
            whose weight is 0 are nobody's neighbours.

        Raises
        ------
        ValueError
            If the queries are invalid, or there are fewer training samples than `n_neighbors`.
        """
        check_is_fitted(self)
        self._validate_params()
        given = {"n_neighbors": n_neighbors, "return_distance": return_distance}
        validate_arguments(
            {"n_neighbors": [count(1), None], "return_distance": ["boolean"]}, given, "kneighbors"
        )
        k = self._n_voters() if n_neighbors is None else int(n_neighbors)
        check_enough(k, len(self._y), others=X is None)
        queries, itself = self._queries(X)
        distances, indices = self._nearest(queries, k, itself)
        if self._voting is not None:
            indices = self._voting[indices]
        return (distances, indices) if return_distance else indices

    @contained
    def kneighbors_graph(self, X=None, n_neighbors=None, mode="connectivity"):
        """Compute the graph of the nearest training samples.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), (n_queries, h, w) or \
(n_queries, h, w, c), default=None
            Queries; None asks for the neighbours of the training samples, each left out of its own.
        n_neighbors : int, default=None
            Number of neighbours; None means as many as vote.
        mode : {"connectivity", "distance"}, default="connectivity"
            What is stored for each neighbour: 1, or its distance.

        Returns
        -------
        sparse matrix of shape (n_queries, n_samples_fit)
            Row i holds the neighbours of query i, in float64 and CSR format; an array or a matrix,
            as scikit-learn's option ``sparse_interface`` says.

        Raises
        ------
        ValueError
            As for :meth:`kneighbors`, or if there is no such `mode`.
        """
        modes = StrOptions({"connectivity", "distance"})
        validate_arguments({"mode": [modes]}, {"mode": mode}, "kneighbors_graph")
        distances, indices = self.kneighbors(X, n_neighbors)
        n_queries, k = indices.shape
        values = distances.ravel() if mode == "distance" else np.ones(indices.size)
        starts = np.arange(0, indices.size + 1, k)
        make = csr_array if get_config()["sparse_interface"] == "sparray" else csr_matrix
        return make((values, indices.ravel(), starts), shape=(n_queries, self.n_samples_fit_))

    @contained
    def predict(self, X):
        """Predict the class with the most votes, the first in ``classes_`` of those that tie.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), (n_queries, h, w) or \
(n_queries, h, w, c), or None
            Queries; stacks of images are flattened. None predicts the training samples, each by the
            votes of the others (leave one out).

        Returns
        -------
        ndarray of shape (n_queries,)
            Labels out of ``classes_``.

        Raises
        ------
        ValueError
            If the queries are invalid, or `metric` or `weights` is a function that returns what it
            must not.
        """
        winners = np.argmax(self._votes(X), axis=1)
        return self.classes_[winners]

    @contained
    def predict_proba(self, X):
        """Predict probabilities: the share of each class in the votes.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), (n_queries, h, w) or \
(n_queries, h, w, c), or None
            Queries; stacks of images are flattened. None predicts the training samples, each by the
            votes of the others (leave one out).

        Returns
        -------
        ndarray of shape (n_queries, n_classes)
            Probabilities, in the order of ``classes_``; each row sums to 1.

        Raises
        ------
        ValueError
            If the queries are invalid, or `metric` or `weights` is a function that returns what it
            must not.
        """
        votes = self._votes(X)
        votes /= votes.max(axis=1, keepdims=True)  # the sum of tiny votes would lose digits
        return votes / votes.sum(axis=1, keepdims=True)

    @contained
    def score(self, X, y, sample_weight=None):
        """Compute the accuracy.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), (n_queries, h, w) or \
(n_queries, h, w, c), or None
            Queries; None means the training samples, each classified by the others (leave one out).
        y : array-like of shape (n_queries,)
            Their labels.
        sample_weight : array-like of shape (n_queries,), default=None
            Weights of the queries.

        Returns
        -------
        float
            Share of the queries whose predicted class is `y`.

        Raises
        ------
        ValueError
            If the queries or labels are invalid.
        """
        predicted = self.predict(X)
        check_no_missing(y)
        with naming("y"):
            y = as_labels(column_or_1d(as_labels(y)))
            check_labels(y)
        with naming("X and y"):
            check_consistent_length(predicted, y)
        weights = with_finite_sum(checked_weights(sample_weight, len(y)))
        if not all(map(scikit_learn_knows, (y, predicted))):
            correct = [a == b for a, b in zip(y, predicted, strict=True)]
            y, predicted = np.ones(len(y), dtype=bool), np.array(correct, dtype=bool)
        with naming("y"):
            return accuracy_score(y, predicted, sample_weight=weights)

    def _validate_params(self):
        arguments = self.get_params(deep=False)
        validate_arguments(self._parameter_constraints, arguments, type(self).__name__)

    def _data(self, X, y):
        """Validated rows, the shape of the image that one is, and indices of labels in classes."""
        check_no_missing(y)
        rows, stack = as_rows(X)
        with naming("y"):
            y = as_labels(y)
        rows, y = validated(self, rows, y, dtype=None, order="C")
        with naming("y"):
            y = as_labels(y)  # a column is one-dimensional by now
            check_labels(y)
            classes, y = encode_labels(y)
        rows = _compact(only_numbers(rows))
        return rows, stack or infer_image_shape(rows.shape[1]), classes, y

    def _learn(self, rows, image_shape, classes, y, n_neighbors, counts=None):
        """Prepare the search, and only then change the estimator."""
        weights = class_weights(self.class_weight, classes, y, counts)
        voting, candidates = None, rows
        if counts is not None and not counts.all():
            voting = np.flatnonzero(counts)
            candidates, y, counts = rows[voting], y[voting], counts[voting]
        search = make_search(self.metric, candidates, image_shape, n_neighbors, self.n_jobs)
        self.classes_, self.n_samples_fit_ = classes, len(rows)
        self._rows, self._search = rows, search
        # Of the samples that vote: their indices (None means all), classes and counts.
        self._voting, self._y, self._counts = voting, y, counts
        self._class_weights = weights

    def _queries(self, X):
        """Rows of the queries, and their indices among the training samples if X is None."""
        if X is None:
            return self._rows, np.arange(self.n_samples_fit_)
        rows, _ = as_rows(X)
        rows = validated(self, rows, reset=False, dtype=None, order="C")
        return _compact(only_numbers(rows)), None

    def _nearest(self, queries, k, itself):
        """Distances and indices of the samples that vote; queries that are among them do not."""
        if itself is None:
            return find_neighbors(self._search, queries, k, self.n_jobs)
        n_found = min(k + 1, len(self._y))
        distances, indices = find_neighbors(self._search, queries, n_found, self.n_jobs)
        samples = indices if self._voting is None else self._voting[indices]
        others = samples != itself[:, np.newaxis]
        # Itself may come later, after k duplicates: then these are its neighbours.
        others[np.count_nonzero(others, axis=1) > k, -1] = False
        shape = (len(indices), k)
        return distances[others].reshape(shape), indices[others].reshape(shape)

    def _votes(self, X):
        check_is_fitted(self)
        self._validate_params()  # set_params may have come in between
        k = self._n_voters()
        check_votes(k, len(self._y), self._counts, others=X is None)
        queries, itself = self._queries(X)
        n_found = min(k, len(self._y) - (X is None))

        def find(block):
            return self._nearest(queries[block], n_found, None if X is not None else itself[block])

        return self._count_in_blocks(find, len(queries), k)

    def _count_in_blocks(self, find, n_queries, k):
        """Votes for each class, given a function from slices of queries to their neighbours."""
        votes = np.empty((n_queries, len(self.classes_)))
        size = int(get_config()["working_memory"] * 2**20 / (_BYTES_PER_NEIGHBOR * k))
        for block in blocks(n_queries, max(1, size)):
            votes[block] = self._count(*find(block), k)
        return votes

    def _count(self, distances, indices, k):
        """Votes for each class by the nearest neighbours, those that together count as k."""
        labels, shares = self._y[indices], 1
        if self._counts is not None:
            distances, labels, shares = voters(distances, labels, self._counts[indices], k)
        weights = neighbor_weights(self.weights, distances) * shares
        votes = count_votes(labels, weights, len(self.classes_))
        return weigh_classes(votes, self._class_weights)


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
    """Refuse to count the votes of more neighbours than the samples count as."""
    if counts is None:
        check_enough(n_neighbors, n_samples, others)
        return
    # No sample can do more than be all neighbours; and not every integer fits into a float.
    counts = np.minimum(counts, float(min(n_neighbors, sys.float_info.max)))
    total = float(counts.sum() - (counts.max() if others else 0))
    if n_neighbors > total:
        raise ValueError(
            f"n_neighbors={n_neighbors}, but by sample_weight, whose smallest value above 0 counts "
            f"as one sample, there are only {total:.6g} {'other ' if others else ''}training "
            "samples; expected n_neighbors <= that."
        )


def _compact(rows):
    """Rows in a type that holds them exactly: small integers and float32 stay what they are."""
    if rows.dtype == bool:
        return rows.view(np.uint8)
    if rows.dtype.kind in "ui" and rows.itemsize <= 2:
        return rows
    dtype = np.float32 if np.can_cast(rows.dtype, np.float32) else np.float64
    with np.errstate(over="ignore"):
        compact = rows.astype(dtype, copy=False)
    if rows.dtype.itemsize > 8:  # long floats, of which the largest do not fit
        assert_all_finite(compact, input_name="X")
    return compact
