"""The k-nearest-neighbours classifier that chooses k by cross-validation."""

from numbers import Integral

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import accuracy_score
from sklearn.model_selection import check_cv

from sk231n._estimators import unchanged_on_error
from sk231n.neighbors._base import NeighborsClassifier
from sk231n.neighbors._index import find_neighbors, make_search
from sk231n.neighbors._votes import count_votes, neighbor_weights


class KNNClassifierCV(NeighborsClassifier):
    """Nearest-neighbour classifier that chooses k by cross-validation, all k in one pass a fold.

    The neighbours of a fold are found once, for the largest k; the votes of every k follow from
    them. The accuracies are those of ``GridSearchCV(KNNClassifier(), {"n_neighbors": ...})``.

    Parameters
    ----------
    n_neighbors : array-like of int, default=(1, 3, 5, 8, 10, 12, 15, 20, 50, 100)
        The numbers of neighbours to choose from. One that exceeds the training part of a fold has
        no score there, and is not chosen.
    cv : int, cross-validation generator or iterable, default=5
        How to split: the number of stratified folds, a splitter of
        :mod:`sklearn.model_selection`, or pairs of arrays of indices, (train, test).
    metric : {"euclidean", "manhattan", "cosine"} or callable, default="euclidean"
        The distance, see :class:`KNNClassifier`.
    weights : {"uniform", "distance"} or callable, default="uniform"
        Weights of the votes, see :class:`KNNClassifier`.
    n_jobs : int, default=None
        Number of threads. None takes every core, or what a joblib context says.

    Attributes
    ----------
    n_neighbors_ : int
        The k with the best mean accuracy, the smallest of those that tie. It predicts.
    best_score_ : float
        Its mean accuracy over the folds.
    scores_ : ndarray of shape (n_k, n_folds)
        Accuracy of each k on each fold; NaN where k exceeds the training part.
    cv_results_ : dict
        The same in the form of :class:`~sklearn.model_selection.GridSearchCV`: "params",
        "param_n_neighbors", "split0_test_score" and so on, "mean_test_score", "std_test_score" and
        "rank_test_score".
    n_splits_ : int
        Number of folds.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    n_samples_fit_ : int
        Number of training samples.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `X` had any.

    See Also
    --------
    KNNClassifier : The classifier with a given k.

    References
    ----------
    .. [1] M. Stone. "Cross-validatory choice and assessment of statistical predictions". Journal of
       the Royal Statistical Society B 36(2), 1974.

    Examples
    --------
    >>> from sk231n import KNNClassifierCV
    >>> from sk231n.datasets import make_shapes
    >>> shapes = make_shapes(600, random_state=0)
    >>> knn = KNNClassifierCV(n_neighbors=(1, 5, 20)).fit(shapes.images, shapes.target)
    >>> knn.scores_.shape
    (3, 5)
    >>> knn.n_neighbors_ in (1, 5, 20)
    True
    """

    _parameter_constraints: dict = {
        "n_neighbors": ["array-like"],
        "cv": ["cv_object"],
        **NeighborsClassifier._parameter_constraints,
    }

    def __init__(
        self,
        n_neighbors=(1, 3, 5, 8, 10, 12, 15, 20, 50, 100),
        *,
        cv=5,
        metric="euclidean",
        weights="uniform",
        n_jobs=None,
    ):
        self.n_neighbors = n_neighbors
        self.cv = cv
        self.metric = metric
        self.weights = weights
        self.n_jobs = n_jobs

    def fit(self, X, y, *, groups=None):
        """Choose k, and prepare the search among all training data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Training data; stacks of images are flattened.
        y : array-like of shape (n_samples,)
            Labels of any type.
        groups : array-like of shape (n_samples,), default=None
            Groups for splitters that keep them together.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If the data or the arguments are invalid, or every k exceeds the training part of a
            fold; the classifier is then as it was.
        """
        with unchanged_on_error(self):
            self._validate_params()
            candidates = self._candidates()
            rows, image_shape, classes, encoded = self._data(X, y)
            labels = classes[encoded]
            splitter = check_cv(self.cv, labels, classifier=True)
            splits = list(splitter.split(rows, labels, groups))
            everyone = np.arange(len(rows))
            if not splits or any(not len(everyone[test]) for _, test in splits):
                found = "a fold without samples to test" if splits else "no fold"
                raise ValueError(
                    f"cv={self.cv!r} yields {found}; expected pairs (train, test) of samples."
                )
            fewest = min(len(everyone[train]) for train, _ in splits)
            if min(candidates) > fewest:
                raise ValueError(
                    f"n_neighbors={self.n_neighbors!r} all exceed n_samples={fewest}, which is "
                    "what a fold of cv leaves to train on."
                )
            scores = np.transpose(
                [self._score_fold(rows, image_shape, encoded, fold, candidates) for fold in splits]
            )
            means = np.average(scores, axis=1)
            best = min(
                k for k, mean in zip(candidates, means, strict=True) if mean == np.nanmax(means)
            )
            self._learn(rows, image_shape, classes, encoded, best)
            self.n_neighbors_, self.best_score_ = best, float(np.nanmax(means))
            self.scores_, self.n_splits_ = scores, len(splits)
            self.cv_results_ = _results(candidates, scores, means)
        return self

    def _n_voters(self):
        return self.n_neighbors_

    def _candidates(self):
        candidates = list(self.n_neighbors)
        if not candidates or not all(
            isinstance(k, Integral) and not isinstance(k, bool) and k >= 1 for k in candidates
        ):
            raise ValueError(
                f"n_neighbors must hold at least one integer, all from 1; got {self.n_neighbors!r}."
            )
        return [int(k) for k in candidates]

    def _score_fold(self, rows, image_shape, y, fold, candidates):
        """Accuracy of each k on a fold."""
        train, test = fold
        X_train, y_train, y_test = rows[train], y[train], y[test]
        largest = max(k for k in candidates if k <= len(X_train))
        search = make_search(self.metric, X_train, image_shape, largest, self.n_jobs)
        distances, indices = find_neighbors(search, rows[test], largest, self.n_jobs)
        labels, n_classes = y_train[indices], y.max() + 1
        scores = []
        for k in candidates:
            if k > len(X_train):
                scores.append(np.nan)
                continue
            weights = neighbor_weights(self.weights, distances[:, :k])
            winners = np.argmax(count_votes(labels[:, :k], weights, n_classes), axis=1)
            scores.append(accuracy_score(y_test, winners))
        return scores


def _results(candidates, scores, means):
    """Scores in the form of GridSearchCV."""
    deviations = np.sqrt(np.average((scores - means[:, np.newaxis]) ** 2, axis=1))
    known = np.nan_to_num(means, nan=-1.0)
    return {
        "params": [{"n_neighbors": k} for k in candidates],
        "param_n_neighbors": np.array(candidates),
        **{f"split{i}_test_score": fold for i, fold in enumerate(scores.T)},
        "mean_test_score": means,
        "std_test_score": deviations,
        "rank_test_score": rankdata(-known, method="min").astype(np.int32),
    }
