"""What the nearest-neighbour classifiers share: their data, and everything after ``fit``."""

from numbers import Integral

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import assert_all_finite
from sklearn.utils._param_validation import Interval, StrOptions, validate_parameter_constraints
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from sk231n._estimators import blocks, check_no_missing, only_numbers
from sk231n._images import as_rows, infer_image_shape
from sk231n.neighbors._distances import METRICS
from sk231n.neighbors._index import find_neighbors, make_search
from sk231n.neighbors._votes import count_votes, neighbor_weights

_BYTES_PER_NEIGHBOR = 192  # indices, distances, weights, and what it takes to count votes


class NeighborsClassifier(ClassifierMixin, BaseEstimator):
    """Base of the classifiers that let the nearest training samples vote.

    A subclass has the arguments ``metric``, ``weights`` and ``n_jobs``, says how many neighbours
    vote (``_n_voters``), and calls :meth:`_data` and :meth:`_learn` in its ``fit``.
    """

    _parameter_constraints: dict = {
        "metric": [StrOptions(set(METRICS)), callable],
        "weights": [StrOptions({"uniform", "distance"}), callable],
        "n_jobs": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Integral, None, -1, closed="right"),
            None,
        ],
    }

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
            Indices of the neighbours in the training data, ordered by (distance, index).

        Raises
        ------
        ValueError
            If the queries are invalid, or there are fewer training samples than `n_neighbors`.
        """
        check_is_fitted(self)
        self._validate_params()
        k = self._n_voters() if n_neighbors is None else n_neighbors
        validate_parameter_constraints(
            {"n_neighbors": [Interval(Integral, 1, None, closed="left")]},
            {"n_neighbors": k},
            "kneighbors",
        )
        if X is None:
            check_enough(k, self.n_samples_fit_ - 1, "other training samples")
            distances, indices = self._others(k)
        else:
            check_enough(k, self.n_samples_fit_, "training samples")
            distances, indices = find_neighbors(self._search, self._queries(X), k, self.n_jobs)
        return (distances, indices) if return_distance else indices

    def predict(self, X):
        """Predict the class with the most votes, the first in ``classes_`` of those that tie.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), (n_queries, h, w) or (n_queries, h, w, c)
            Queries; stacks of images are flattened.

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

    def predict_proba(self, X):
        """Predict probabilities: the share of each class in the votes.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), (n_queries, h, w) or (n_queries, h, w, c)
            Queries; stacks of images are flattened.

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

    def _data(self, X, y):
        """Validated rows, the shape of the image that one is, and indices of labels in classes."""
        check_no_missing(y)
        rows, stack = as_rows(X)
        rows, y = validate_data(self, rows, y, dtype=None, order="C")
        check_classification_targets(y)
        classes, y = np.unique(y, return_inverse=True)
        rows = _compact(only_numbers(rows))
        return rows, stack or infer_image_shape(rows.shape[1]), classes, y

    def _learn(self, rows, image_shape, classes, y, n_neighbors, sample_weight=None):
        """Prepare the search, and only then change the estimator."""
        search = make_search(self.metric, rows, image_shape, n_neighbors, self.n_jobs)
        self.classes_, self.n_samples_fit_ = classes, len(rows)
        self._rows, self._y, self._search = rows, y, search
        self._sample_weight = sample_weight

    def _queries(self, X):
        rows, _ = as_rows(X)
        return _compact(only_numbers(validate_data(self, rows, reset=False, dtype=None, order="C")))

    def _others(self, k):
        """Neighbours of the training samples but for themselves."""
        distances, indices = find_neighbors(self._search, self._rows, k + 1, self.n_jobs)
        itself = indices == np.arange(len(indices))[:, np.newaxis]
        itself[~itself.any(axis=1), -1] = True  # k duplicates before it: drop the last of these
        shape = (len(indices), k)
        return distances[~itself].reshape(shape), indices[~itself].reshape(shape)

    def _votes(self, X):
        check_is_fitted(self)
        self._validate_params()  # set_params may have come in between
        k, queries = self._n_voters(), self._queries(X)
        if self._sample_weight is None:
            check_enough(k, self.n_samples_fit_, "training samples")
            count = self._plain_votes
        else:
            check_weight(k, self._sample_weight)
            count = self._weighted_votes
        votes = np.empty((len(queries), len(self.classes_)))
        size = int(get_config()["working_memory"] * 2**20 / (_BYTES_PER_NEIGHBOR * k))
        for block in blocks(len(queries), max(1, size)):
            votes[block] = count(queries[block], k)
        return votes

    def _plain_votes(self, queries, k):
        distances, indices = find_neighbors(self._search, queries, k, self.n_jobs)
        weights = neighbor_weights(self.weights, distances)
        return count_votes(self._y[indices], weights, len(self.classes_))

    def _weighted_votes(self, queries, k):
        """Votes of the nearest samples whose weights add up to k, the last one counted in part."""
        n_found = k
        while True:
            n_found = min(n_found, self.n_samples_fit_)
            distances, indices = find_neighbors(self._search, queries, n_found, self.n_jobs)
            sample_weight = np.minimum(self._sample_weight[indices], k)
            before = np.cumsum(sample_weight, axis=1) - sample_weight
            if n_found == self.n_samples_fit_ or (before + sample_weight)[:, -1].min() >= k:
                break
            n_found *= 2
        shares = np.clip(k - before, 0, sample_weight)
        # Those without a share are out of the game: the weights see the first voter in their place.
        voters = np.argmax(shares > 0, axis=1)[:, np.newaxis]
        distances = np.where(shares > 0, distances, np.take_along_axis(distances, voters, axis=1))
        weights = neighbor_weights(self.weights, distances) * shares
        return count_votes(self._y[indices], weights, len(self.classes_))


def check_enough(n_neighbors, n_samples, kind):
    """Refuse to look for more neighbours than there are samples."""
    if n_neighbors > n_samples:
        raise ValueError(
            f"n_neighbors={n_neighbors}, but there are only n_samples={n_samples} {kind}; expected "
            "n_neighbors <= n_samples."
        )


def check_weight(n_neighbors, sample_weight):
    """Refuse weights that do not add up to a neighbourhood."""
    total = np.minimum(sample_weight, n_neighbors).sum()  # no sample can do more than fill it
    if n_neighbors > total * (1 + 1e-12):
        raise ValueError(
            f"sample_weight adds up to {total:.6g}, less than n_neighbors={n_neighbors}. A sample "
            "of weight w counts as w samples; scale the weights, for example to a mean of 1."
        )


def checked_weights(sample_weight, rows):
    """Weights as float64, or None if all samples count once."""
    if sample_weight is None:
        return None
    return _check_sample_weight(sample_weight, rows, dtype=np.float64, ensure_non_negative=True)


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
