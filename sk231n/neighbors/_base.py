"""Base of the nearest-neighbour classifiers: their data, and everything after ``fit``."""

from numbers import Integral
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, csr_matrix
from sklearn import get_config
from sklearn.metrics import accuracy_score
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_is_fitted, column_or_1d

from sk231n._estimators import check_no_missing, only_numbers, validated
from sk231n._floating_point import contained
from sk231n._images import as_rows, infer_image_shape
from sk231n._labels import as_labels, check_labels, encode_labels, scikit_learn_knows
from sk231n._sklearn import StrOptions
from sk231n.core.arguments import Number, count, validate_arguments
from sk231n.core.bases import BaseEstimator, ClassifierMixin
from sk231n.core.blocks import blocks
from sk231n.core.chunks import mapped_file
from sk231n.core.errors import naming
from sk231n.core.stored import StoredArray, in_pieces, pieces
from sk231n.neighbors._costs import BYTES_PER_NEIGHBOR
from sk231n.neighbors._distances import METRIC_NAMES
from sk231n.neighbors._index import find_neighbors, prepare_search
from sk231n.neighbors._rows import compact, training_rows
from sk231n.neighbors._votes import (
    check_enough,
    check_votes,
    count_votes,
    neighbor_weights,
    voters,
    weigh_classes,
)
from sk231n.neighbors._weights import checked_weights, class_weights, with_finite_sum


class NeighborsClassifier(ClassifierMixin, BaseEstimator):
    """Base of the classifiers that let the nearest training samples vote.

    A subclass has the arguments ``metric``, ``weights``, ``class_weight`` and ``n_jobs``. Its
    method ``_n_voters`` returns how many neighbours vote, and its ``fit`` calls
    :meth:`_validated_data` and :meth:`_set_training_data`.
    """

    classes_: NDArray[Any]
    n_samples_fit_: int
    n_features_in_: int
    feature_names_in_: NDArray[Any]

    _parameter_constraints: dict[str, list[Any]] = {
        "metric": [StrOptions(set(METRIC_NAMES)), callable],
        "weights": [StrOptions({"uniform", "distance"}), callable],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "n_jobs": [
            Number(Integral, 1, None, closed="left"),
            Number(Integral, None, -1, closed="right"),
            None,
        ],
    }

    @overload
    def kneighbors(
        self,
        X: ArrayLike | None = None,
        n_neighbors: int | None = None,
        return_distance: Literal[True] = True,
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]: ...

    @overload
    def kneighbors(
        self, X: ArrayLike | None, n_neighbors: int | None, return_distance: Literal[False]
    ) -> NDArray[np.intp]: ...

    @overload
    def kneighbors(
        self,
        X: ArrayLike | None = None,
        n_neighbors: int | None = None,
        *,
        return_distance: Literal[False],
    ) -> NDArray[np.intp]: ...

    @overload
    def kneighbors(
        self,
        X: ArrayLike | None = None,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]] | NDArray[np.intp]: ...

    @contained
    def kneighbors(
        self,
        X: ArrayLike | None = None,
        n_neighbors: int | None = None,
        return_distance: bool = True,
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]] | NDArray[np.intp]:
        """Find the nearest training samples.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), (n_queries, h, w) or \
(n_queries, h, w, c), default=None
            Queries. None means the training samples, none of which is its own neighbour.
        n_neighbors : int, default=None
            Number of neighbours; None means the number that votes.
        return_distance : bool, default=True
            Whether to return the distances as well.

        Returns
        -------
        distances : ndarray of shape (n_queries, n_neighbors)
            Distances in float64, growing along each row; only if `return_distance` is true.
        indices : ndarray of shape (n_queries, n_neighbors)
            Indices of the neighbours in the training data, ordered by (distance, index). Samples
            whose weight is 0 are never neighbours.

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
    def kneighbors_graph(
        self,
        X: ArrayLike | None = None,
        n_neighbors: int | None = None,
        mode: str = "connectivity",
    ) -> Any:
        """Compute the graph of the nearest training samples.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), (n_queries, h, w) or \
(n_queries, h, w, c), default=None
            Queries. None means the training samples, none of which is its own neighbour.
        n_neighbors : int, default=None
            Number of neighbours; None means the number that votes.
        mode : {"connectivity", "distance"}, default="connectivity"
            What is stored for each neighbour: 1, or its distance.

        Returns
        -------
        sparse matrix of shape (n_queries, n_samples_fit)
            Row i holds the neighbours of query i, in float64 and CSR format. Whether it is a sparse
            array or a sparse matrix depends on scikit-learn's option ``sparse_interface``.

        Raises
        ------
        ValueError
            As for :meth:`kneighbors`, or if `mode` is none of the above.
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
    @in_pieces
    def predict(self, X: ArrayLike | None) -> NDArray[Any]:
        """Predict the class with the most votes, and the first in ``classes_`` if several tie.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), (n_queries, h, w) or \
(n_queries, h, w, c), or None
            Queries; stacks of images are flattened. None means the training samples, each of which
            is predicted by the votes of the others (leave one out).

        Returns
        -------
        ndarray of shape (n_queries,)
            Labels out of ``classes_``.

        Raises
        ------
        ValueError
            If the queries are invalid, or `metric` or `weights` is a function whose result is
            invalid.
        """
        winners = np.argmax(self._votes(X), axis=1)
        return self.classes_[winners]

    @contained
    @in_pieces
    def predict_proba(self, X: ArrayLike | None) -> NDArray[np.float64]:
        """Predict probabilities: the share of each class in the votes.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), (n_queries, h, w) or \
(n_queries, h, w, c), or None
            Queries; stacks of images are flattened. None means the training samples, each of which
            is predicted by the votes of the others (leave one out).

        Returns
        -------
        ndarray of shape (n_queries, n_classes)
            Probabilities, in the order of ``classes_``; each row sums to 1.

        Raises
        ------
        ValueError
            If the queries are invalid, or `metric` or `weights` is a function whose result is
            invalid.
        """
        votes = self._votes(X)
        votes /= votes.max(axis=1, keepdims=True)  # because sums of tiny votes would lose digits
        return votes / votes.sum(axis=1, keepdims=True)

    @contained
    def score(
        self, X: ArrayLike | None, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """Compute the accuracy.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), (n_queries, h, w) or \
(n_queries, h, w, c), or None
            Queries. None means the training samples, each of which is predicted by the votes of the
            others (leave one out).
        y : array-like of shape (n_queries,)
            Their labels.
        sample_weight : array-like of shape (n_queries,), default=None
            Weights of the queries.

        Returns
        -------
        float
            Share of the queries whose predicted class equals `y`.

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

    def __getstate__(self) -> dict[str, Any]:
        """Return what is saved: the data without the search, which can be made of them again."""
        state = super().__getstate__()
        state.pop("_search", None)
        return state

    @contained
    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore what was saved, and make the search."""
        super().__setstate__(state)
        if "_rows" in state:
            candidates = self._rows if self._voting is None else self._rows[self._voting]
            self._search = prepare_search(X=candidates, n_jobs=self.n_jobs, **self._made_for)

    def _validate_params(self):
        constraints = self._parameter_constraints
        arguments = {name: getattr(self, name) for name in constraints}  # get_params is slow
        validate_arguments(constraints, arguments, type(self).__name__)

    def _validated_data(self, X, y):
        """Validate the data.

        Returns the rows, the shape of the image that a row is, the classes, and the index of each
        sample's class.
        """
        check_no_missing(y)
        rows, stack = as_rows(X)
        in_a_file = isinstance(rows, StoredArray) or mapped_file(rows) is not None
        with naming("y"):
            y = as_labels(y)
        rows, y = validated(self, rows, y, dtype=None, order="C")
        with naming("y"):
            y = as_labels(y)  # again, because validation has made a column one-dimensional
            check_labels(y)
            classes, y = encode_labels(y)
        rows = training_rows(only_numbers(rows), in_a_file, type(self).__name__)
        return rows, stack or infer_image_shape(rows.shape[1]), classes, y

    def _set_training_data(self, rows, image_shape, classes, y, n_neighbors, counts=None):
        """Prepare the search, and change the estimator only after that has succeeded."""
        weights = class_weights(self.class_weight, classes, y, counts)
        voting, candidates = None, rows
        if counts is not None and not counts.all():
            voting = np.flatnonzero(counts)
            candidates, y, counts = rows[voting], y[voting], counts[voting]
        made_for = {"image_shape": image_shape, "n_neighbors": n_neighbors}
        search = prepare_search(self.metric, candidates, n_jobs=self.n_jobs, **made_for)
        self.classes_, self.n_samples_fit_ = classes, len(rows)
        self._rows, self._search = rows, search
        self._made_for = {"metric": self.metric, **made_for}
        # The samples that vote: their indices (None means all of them), classes and counts.
        self._voting, self._y, self._counts = voting, y, counts
        self._class_weights = weights

    def _queries(self, X):
        """Rows of the queries, and their indices among the training samples if X is None."""
        if X is None:
            return self._rows, np.arange(self.n_samples_fit_)
        rows, _ = as_rows(X)
        rows = only_numbers(validated(self, rows, reset=False, dtype=None, order="C"))
        return rows if isinstance(rows, StoredArray) else compact(rows), None

    def _nearest(self, queries, k, itself):
        """Distances and indices of the nearest among the samples that vote.

        `itself` holds the index of each query in the training data, if they are training samples;
        a query is then no neighbour of itself.
        """
        if isinstance(queries, StoredArray):
            parts = [self._nearest(compact(queries[block]), k, itself) for block in pieces(queries)]
            return tuple(np.concatenate(of_parts) for of_parts in zip(*parts, strict=True))
        if itself is None:
            return find_neighbors(self._search, queries, k, self.n_jobs)
        n_found = min(k + 1, len(self._y))
        distances, indices = find_neighbors(self._search, queries, n_found, self.n_jobs)
        samples = indices if self._voting is None else self._voting[indices]
        others = samples != itself[:, np.newaxis]
        # A query with more than k duplicates of smaller index is not among the k + 1 samples found.
        # Then the first k of these are its neighbours.
        others[np.count_nonzero(others, axis=1) > k, -1] = False
        shape = (len(indices), k)
        return distances[others].reshape(shape), indices[others].reshape(shape)

    def _votes(self, X):
        check_is_fitted(self)
        self._validate_params()  # again, because set_params may have been called after fit
        k = self._n_voters()
        check_votes(k, len(self._y), self._counts, others=X is None)
        queries, itself = self._queries(X)
        n_found = min(k, len(self._y) - (X is None))

        def find(block):
            return self._nearest(queries[block], n_found, None if X is not None else itself[block])

        return self._count_in_blocks(find, len(queries), k)

    def _count_in_blocks(self, find, n_queries, k):
        """Votes for each class; ``find`` turns a slice of the queries into their neighbours."""
        votes = np.empty((n_queries, len(self.classes_)))
        size = int(get_config()["working_memory"] * 2**20 / (BYTES_PER_NEIGHBOR * k))
        for block in blocks(n_queries, max(1, size)):
            votes[block] = self._count(*find(block), k)
        return votes

    def _count(self, distances, indices, k):
        """Votes for each class by the nearest neighbours that together count as k."""
        labels, shares = self._y[indices], 1
        if self._counts is not None:
            distances, labels, shares = voters(distances, labels, self._counts[indices], k)
        weights = neighbor_weights(self.weights, distances) * shares
        votes = count_votes(labels, weights, len(self.classes_))
        return weigh_classes(votes, self._class_weights)
