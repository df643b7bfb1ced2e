"""The k-nearest-neighbours classifier that chooses k by cross-validation."""

import reprlib
from collections.abc import Callable, Iterable, Sequence
from inspect import signature
from numbers import Real
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.model_selection import check_cv
from sklearn.utils import check_consistent_length, indexable

from sk231n._estimators import unchanged_on_error
from sk231n._floating_point import contained
from sk231n._labels import scikit_learn_knows
from sk231n._sklearn import HasMethods, StrOptions, safe_indexing
from sk231n._warnings import warn
from sk231n.core.arguments import count
from sk231n.core.errors import naming
from sk231n.core.stored import is_stored
from sk231n.neighbors._base import NeighborsClassifier
from sk231n.neighbors._fold import FoldClassifier
from sk231n.neighbors._weights import (
    checked_weights,
    class_weights,
    sample_counts,
    with_finite_sum,
)


class Splitter(Protocol):
    """The methods of scikit-learn's splitters, such as ``KFold``."""

    def split(self, *args: Any, **kwargs: Any) -> Any:
        """Yield pairs of arrays of indices, (train, test)."""

    def get_n_splits(self, *args: Any, **kwargs: Any) -> Any:
        """Return the number of pairs."""


class KNNClassifierCV(NeighborsClassifier):
    """Nearest-neighbour classifier that chooses k by cross-validation, with one search per fold.

    The neighbours in a fold are found once, for the largest k, and give the votes of every k. The
    scores are those of ``GridSearchCV(KNNClassifier(), {"n_neighbors": ...})``.

    Parameters
    ----------
    n_neighbors : array-like of int, default=(1, 3, 5, 8, 10, 12, 15, 20, 50, 100)
        The numbers of neighbours to choose from. A number that exceeds the size of the training
        part of a fold has no score there, and is not chosen.
    cv : int, cross-validation generator or iterable, default=5
        How to split: the number of stratified folds, a splitter of
        :mod:`sklearn.model_selection`, or pairs of arrays of indices, (train, test).
    metric : {"euclidean", "manhattan", "cosine", "l1", "l2"} or callable, default="euclidean"
        The distance, see :class:`KNNClassifier`.
    weights : {"uniform", "distance"} or callable, default="uniform"
        Weights of the votes, see :class:`KNNClassifier`.
    class_weight : dict, "balanced" or None, default=None
        Factors of the votes by class, see :class:`KNNClassifier`.
    scoring : str, callable or None, default=None
        The score by which k is chosen, the larger the better: the name of a scorer
        (:func:`sklearn.metrics.get_scorer_names`), a function ``scorer(estimator, X, y)`` that
        returns a number, or None for the accuracy, weighted by `class_weight`. The estimator is a
        :class:`KNNClassifier` fitted to the training part of a fold.
    n_jobs : int, default=None
        Number of threads. None means every core, or the number that a joblib context sets.

    Attributes
    ----------
    n_neighbors_ : int
        The k with the best mean score, and the smallest if several tie. Predictions use it.
    best_score_ : float
        Its mean score over the folds.
    scores_ : ndarray of shape (n_k, n_folds)
        Score of each k on each fold; NaN where k exceeds the training part.
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
        Names of the features, if `X` had names.

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

    n_neighbors_: int
    best_score_: float
    scores_: NDArray[np.float64]
    cv_results_: dict[str, Any]
    n_splits_: int

    _parameter_constraints: dict[str, list[Any]] = {
        "n_neighbors": ["array-like"],
        "cv": [count(2), HasMethods(["split", "get_n_splits"]), Iterable, None],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        **NeighborsClassifier._parameter_constraints,
    }

    def __init__(
        self,
        n_neighbors: ArrayLike = (1, 3, 5, 8, 10, 12, 15, 20, 50, 100),
        *,
        cv: int | Splitter | Iterable[Sequence[ArrayLike]] | None = 5,
        metric: str | Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]] = "euclidean",
        weights: str | Callable[[NDArray[Any]], NDArray[Any]] = "uniform",
        class_weight: dict[Any, Any] | str | None = None,
        scoring: str | Callable[..., float] | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.cv = cv
        self.metric = metric
        self.weights = weights
        self.class_weight = class_weight
        self.scoring = scoring
        self.n_jobs = n_jobs

    @contained
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Choose k, and prepare the search among all training data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Training data; stacks of images are flattened.
        y : array-like of shape (n_samples,)
            Labels, all of the same type.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, relative to each other, see :class:`KNNClassifier`. The scores
            are weighted as well if the scorer takes weights.
        groups : array-like of shape (n_samples,), default=None
            Groups for splitters that keep them together.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If the data or the arguments are invalid, every k exceeds the training part of a fold,
            or no k has a score. The classifier is then left unchanged.

        Warns
        -----
        UserWarning
            If there are sample weights, but the scorer takes none.
        """
        with unchanged_on_error(self):
            self._validate_params()
            candidates = self._candidates()
            rows, image_shape, classes, encoded = self._validated_data(X, y)
            weights = checked_weights(sample_weight, len(rows))
            counts = sample_counts(weights)
            factors = class_weights(self.class_weight, classes, encoded, counts)
            given = rows.reshape(X.shape) if is_stored(X) else indexable(X)[0]
            samples = _Samples(given, rows, image_shape, classes, encoded, weights, factors)
            scorer = check_scoring(self, self.scoring)
            if weights is not None and not _takes_weights(scorer):
                name = getattr(self.scoring, "__name__", repr(self.scoring))
                warn(f"scoring={name} takes no sample_weight, so the scores are not weighted.")
            folds = self._folds(samples, groups)
            fewest = min(fold.n_train for fold in folds)
            if min(candidates) > fewest:
                raise ValueError(
                    f"n_neighbors={self.n_neighbors!r} all exceed n_samples={fewest:.10g}, the "
                    "size of the smallest training part that cv yields."
                )
            scores = np.transpose(
                [self._score_fold(samples, fold, candidates, scorer) for fold in folds]
            )
            means = np.average(scores, axis=1)
            if np.isnan(means).all():
                raise ValueError(f"scoring={self.scoring!r} returned NaN for every n_neighbors.")
            best_score = np.nanmax(means)
            best = min(k for k, mean in zip(candidates, means, strict=True) if mean == best_score)
            self._set_training_data(rows, image_shape, classes, encoded, best, counts)
            self.n_neighbors_, self.best_score_ = best, float(best_score)
            self.scores_, self.n_splits_ = scores, len(folds)
            self.cv_results_ = _results(candidates, scores, means)
        return self

    def _n_voters(self):
        return self.n_neighbors_

    def _candidates(self):
        is_sequence = isinstance(self.n_neighbors, Iterable)
        is_sequence = is_sequence and getattr(self.n_neighbors, "ndim", 1) > 0
        candidates = list(self.n_neighbors) if is_sequence else []
        if not candidates or not all(map(count(1).is_satisfied_by, candidates)):
            raise ValueError(
                f"n_neighbors must hold at least one integer, each >= 1; got {self.n_neighbors!r}."
            )
        return [int(k) for k in candidates]

    def _folds(self, samples, groups):
        """Validated folds of the splitter."""
        if groups is not None:
            with naming("groups"):
                check_consistent_length(samples.rows, groups)
        if isinstance(self.cv, str):
            raise ValueError(
                f"cv={str(self.cv)!r} is text; expected a number, a splitter, or pairs of indices."
            )
        is_known = scikit_learn_knows(samples.classes)
        labels = samples.classes[samples.y] if is_known else samples.y
        try:
            splitter = check_cv(self.cv, labels, classifier=True)
            splits = list(splitter.split(samples.rows, labels, groups))
        except (TypeError, ValueError) as error:
            raise ValueError(f"cv={reprlib.repr(self.cv)} does not split: {error}.") from error
        folds = [self._fold(samples, split) for split in splits]
        if not folds:
            raise ValueError(f"cv={reprlib.repr(self.cv)} yields no fold; expected at least one.")
        return folds

    def _fold(self, samples, split):
        """Validated fold from a pair of arrays of indices."""
        all_indices = np.arange(len(samples.rows))
        try:
            train, test = (all_indices[_as_indices(part)] for part in split)
        except (IndexError, TypeError, ValueError) as error:
            raise ValueError(
                f"cv={reprlib.repr(self.cv)} yields {reprlib.repr(split)}; expected pairs (train, "
                f"test) of arrays of indices below n_samples={len(all_indices)}: {error}."
            ) from error
        counts = None
        if samples.weights is not None:
            counts = sample_counts(samples.weights[train])
        if not len(test) or not (counts is None or samples.weights[test].any()):
            raise ValueError(
                f"cv={reprlib.repr(self.cv)} yields a fold whose test part is empty or has only "
                "weights of 0; expected pairs (train, test) with samples to test."
            )
        return _Fold(train, test, counts)

    def _score_fold(self, samples, fold, candidates, scorer):
        """Score of each k on a fold; NaN if the fold has fewer samples to train on."""
        usable = [k for k in candidates if k <= fold.n_train]
        model = FoldClassifier(
            metric=self.metric,
            weights=self.weights,
            class_weight=self.class_weight,
            n_jobs=self.n_jobs,
        )
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self, name):
                setattr(model, name, getattr(self, name))
        train, test, counts = fold
        rows, y, classes = samples.rows[train], samples.y[train], samples.classes
        model.fit_validated(rows, samples.image_shape, classes, y, max(usable), counts)
        X_test, y_test = safe_indexing(samples.X, test), samples.classes[samples.y[test]]
        model.store_neighbors(X_test, samples.rows[test], max(usable))
        weights = self._weights_of_test(samples, test)
        takes_weights = weights is not None and _takes_weights(scorer)
        arguments = {"sample_weight": weights} if takes_weights else {}
        scores = np.full(len(candidates), np.nan)
        for i, k in enumerate(candidates):
            if k in usable:
                model.n_neighbors = k
                scores[i] = _as_number(scorer, scorer(model, X_test, y_test, **arguments))
        return scores

    def _weights_of_test(self, samples, test):
        """Sample weights of a test part, multiplied by the class weights if `scoring` is None."""
        weights = None if samples.weights is None else with_finite_sum(samples.weights[test])
        if self.scoring is not None or samples.class_weights is None:
            return weights
        by_class = samples.class_weights[samples.y[test]]
        weighted = by_class if weights is None else weights * by_class
        return weighted if weighted.any() else weights


class _Samples(NamedTuple):
    """The training data: as given, as rows, the shape of an image, labels and weights."""

    X: object
    rows: np.ndarray
    image_shape: tuple
    classes: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    class_weights: np.ndarray | None


class _Fold(NamedTuple):
    """Indices of samples to train on and to test; how many samples each of the former counts as."""

    train: np.ndarray
    test: np.ndarray
    counts: np.ndarray | None

    @property
    def n_train(self):
        """Number of samples to train on, weights included."""
        return len(self.train) if self.counts is None else float(self.counts.sum())


def _as_indices(part):
    part = np.asarray(part)
    if part.ndim != 1:
        raise ValueError(f"indices must be in one dimension, and not of shape {part.shape}")
    return part if len(part) else part.astype(np.intp)


def _takes_weights(scorer):
    """Whether a scorer has an argument ``sample_weight``, also one made from a metric."""
    if hasattr(scorer, "_accept_sample_weight"):
        return scorer._accept_sample_weight()
    return "sample_weight" in signature(scorer).parameters


def _as_number(scorer, score):
    """The score as a float."""
    score = score.item() if hasattr(score, "item") else score
    if not isinstance(score, Real):
        raise ValueError(
            f"scoring must return a number; got {score!r} of type {type(score).__name__} from "
            f"{scorer!r}."
        )
    return float(score)


def _results(candidates, scores, means):
    """Scores in the form of GridSearchCV."""
    deviations = np.sqrt(np.average((scores - means[:, np.newaxis]) ** 2, axis=1))
    known = np.nan_to_num(means, nan=np.nanmin(means) - 1)
    return {
        "params": [{"n_neighbors": k} for k in candidates],
        "param_n_neighbors": np.array(candidates),
        **{f"split{i}_test_score": fold for i, fold in enumerate(scores.T)},
        "mean_test_score": means,
        "std_test_score": deviations,
        "rank_test_score": rankdata(-known, method="min").astype(np.int32),
    }
