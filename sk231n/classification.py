"""Classification: the arguments, labels, class weights and predictions of gradient training."""

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.callback import with_callbacks
from sklearn.exceptions import DataConversionWarning
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import column_or_1d

from sk231n._containers import as_numpy
from sk231n._estimators import (
    check_weights,
    named_alone,
    only_numbers,
    unchanged_on_error,
)
from sk231n._floating_point import contained
from sk231n._labels import as_labels
from sk231n._sklearn import StrOptions, check_partial_fit_first_call
from sk231n._warnings import warn
from sk231n.base import TRAINING_CONSTRAINTS, GradientEstimator
from sk231n.core.arguments import Number
from sk231n.core.bases import ClassifierMixin
from sk231n.core.errors import naming
from sk231n.core.loss import SUM_TOLERANCE
from sk231n.core.objective import is_correct
from sk231n.core.optimizer import Optimizer
from sk231n.core.penalties import Penalty
from sk231n.core.schedules import Schedule


class GradientClassifier(ClassifierMixin, GradientEstimator):
    """Base of the classifiers that minimise an objective by following its gradient."""

    classes_: NDArray[Any]

    _parameter_constraints: dict[str, list[Any]] = {
        **TRAINING_CONSTRAINTS,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }
    _target_checks: dict[str, bool] = {"multi_output": True}

    def __init__(
        self,
        *,
        alpha: float = 1e-3,
        penalty: str | Penalty | None = "l2",
        l1_ratio: float = 0.5,
        optimizer: str | Optimizer = "adam",
        learning_rate: str | float | Schedule = "auto",
        batch_size: str | int = "auto",
        max_iter: str | int = "auto",
        tol: float | None = 1e-4,
        n_iter_no_change: int = 10,
        shuffle: bool | str = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        history_steps: bool = False,
        averaging: str | None = None,
        class_weight: Mapping[Any, float] | str | None = None,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.alpha = alpha
        self.penalty = penalty
        self.l1_ratio = l1_ratio
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.history_steps = history_steps
        self.averaging = averaging
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @with_callbacks
    @named_alone
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Train the classifier.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Training data; stacks of images are flattened.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels of any type; for a cross-entropy also the probabilities of the classes, each row
            summing to one.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None for equal weights.
        X_val : array-like like `X`, default=None
            Validation data of your own: ``history_`` records them, and `early_stopping` uses them
            instead of a part of `X`.
        y_val : array-like of shape (n_val_samples,) or (n_val_samples, n_classes), default=None
            Labels, or probabilities, of the validation data.
        sample_weight_val : array-like of shape (n_val_samples,), default=None
            Weights of the validation data.
        classes : array-like of shape (n_classes,), default=None
            All labels, a superset of those in `y`; for probabilities the labels of the columns,
            which must be sorted. None takes the labels in `y`, and 0, 1, ... for columns.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If the data or the arguments are invalid; the classifier is then left unchanged.
        FloatingPointError
            If training diverges; the message names the learning rate to lower.

        Warns
        -----
        ConvergenceWarning
            If L-BFGS ends before it has met `tol`.
        UserWarning
            If training is interrupted from the keyboard; the epochs done so far are kept.
        """
        classes = check_classes(classes)
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val, classes)

    @available_if(GradientEstimator._can_partial_fit)
    @with_callbacks
    @contained
    @named_alone
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on some of the data.

        There is no validation, so `early_stopping` has no effect. With ``learning_rate="auto"`` the
        rate is constant, and the standardisation follows the data seen so far. For a schedule,
        each call is one epoch.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Training data; stacks of images are flattened.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels of any type; for a cross-entropy also the probabilities of the classes, each row
            summing to one.
        classes : array-like of shape (n_classes,), default=None
            All labels of all calls; required at the first call, optional afterwards.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None for equal weights.

        Returns
        -------
        self : object
            The classifier after the epoch.

        Raises
        ------
        ValueError
            If the data or the arguments are invalid; the classifier is then left unchanged.
        FloatingPointError
            If training diverges; the message names the learning rate to lower.
        """
        with unchanged_on_error(self):
            self._check_arguments()
            if self.class_weight == "balanced":
                raise ValueError(
                    "class_weight='balanced' needs all the data at once, but partial_fit sees a "
                    "part; pass the weights as a dict, or as sample_weight."
                )
            classes = check_classes(classes)
            first_call = check_partial_fit_first_call(self, classes)
            data = self._data(X, y, sample_weight, reset=first_call, learn=False, classes=classes)
            metadata = None if sample_weight is None else {"sample_weight": sample_weight}
            callback_data = {"X": X, "y": y, "metadata": metadata}
            self._continue_on(data, callback_data, warm=not first_call)
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[Any]:
        """Compute the scores.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            A score for each class; for two classes the second minus the first.
        """
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Predict the class with the largest score; of equal scores the first wins.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels from ``classes_``.
        """
        winners = np.argmax(self._scores(X), axis=1)
        return self.classes_[winners]

    @contained
    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Compute the accuracy of the predictions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            True labels, or probabilities, the largest of which counts.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None for equal weights.

        Returns
        -------
        float
            Share of the samples whose label is predicted correctly.
        """
        predicted = self.predict(X)
        sample_weight = check_weights(as_numpy(sample_weight, "sample_weight"), predicted)
        with naming("y"):
            y = as_labels(y)
            if issparse(y) and y.ndim != 2:
                raise TypeError("y is sparse and one-dimensional; pass y.toarray().")
            if np.ndim(y) == 2 and predicted.ndim == 1 and np.shape(y)[1] == len(self.classes_):
                y = self._decode(check_probabilities(y))
            return accuracy_score(y, predicted, sample_weight=sample_weight)

    def _score(self, units):
        return is_correct

    def _score_all(self, scores, y, sample_weight):
        true = y if y.ndim == 1 else np.argmax(y, axis=1)
        return accuracy_score(true, np.argmax(scores, axis=1), sample_weight=sample_weight)

    def _strata(self, data):
        y = data.y[data.rows]
        return y if y.ndim == 1 else np.argmax(y, axis=1)

    def _encode(self, y, rows, learn, classes):
        """Indices of the labels in ``classes_``, or probabilities; `learn` the classes first."""
        if np.ndim(y) == 2 and y.shape[1] > 1:
            return self._encode_probabilities(y, learn, classes)
        if np.ndim(y) == 2:
            warn(
                "A column-vector y was passed when a 1d array was expected. Please change the "
                "shape of y to (n_samples, ), for example using ravel().",
                DataConversionWarning,
            )
        y = column_or_1d(y)
        check_classification_targets(y)
        self._learn_classes(np.unique(y), learn, classes)
        try:
            unknown = np.setdiff1d(y[rows], self.classes_)
        except TypeError as error:
            raise ValueError(
                "y holds labels of another kind than the known classes "
                f"{self.classes_.tolist()}: {error}."
            ) from error
        if len(unknown):
            raise ValueError(
                "y holds labels that are not among the known classes: "
                f"{unknown[:10].tolist()} are not in {self.classes_.tolist()}."
            )
        # Samples of weight zero may have any label: the index that they get is never used.
        return np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)

    def _encode_probabilities(self, y, learn, classes):
        if issparse(y):
            raise TypeError("y is sparse; probabilities of the classes must be dense.")
        y = check_probabilities(y)
        if "probabilities" not in self._loss().targets:
            raise ValueError(
                f"y of shape {y.shape} holds probabilities of the classes, which only the "
                f"cross-entropy can learn, not loss={getattr(self, 'loss', None)!r}. Pass labels, "
                "such as y.argmax(axis=1)."
            )
        if classes is not None and not np.array_equal(classes, unique_labels(classes)):
            raise ValueError(
                "The columns of y, which holds probabilities, are in the order of classes_, which "
                f"is sorted; got classes={classes.tolist()}. Sort both."
            )
        self._learn_classes(np.arange(y.shape[1]), learn, classes)
        if y.shape[1] != len(self.classes_):
            raise ValueError(
                f"y has {y.shape[1]} columns of probabilities, but there are {len(self.classes_)} "
                f"classes: {self.classes_.tolist()}."
            )
        return y

    def _learn_classes(self, found, learn, classes):
        """Set ``classes_`` to the given or found classes, or check the given ones against it."""
        given = None if classes is None else unique_labels(classes)
        if learn:
            self.classes_ = found if given is None else given
        elif given is not None and not np.array_equal(given, self.classes_):
            raise ValueError(
                f"classes={given.tolist()} are not those of the first fit, "
                f"{self.classes_.tolist()}."
            )
        if len(self.classes_) < 2:
            one = len(self.classes_)
            found = f"one class, {self.classes_.tolist()[0]!r}" if one else "no class at all"
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in y; got {found}."
            )

    def _decode(self, y):
        return self.classes_[y if y.ndim == 1 else np.argmax(y, axis=1)]

    def _weigh(self, data):
        """Fold ``class_weight`` into the weights of the samples to train on."""
        if self.class_weight is None:
            return data
        y, w = data.y[data.rows], data.w[data.rows]
        if self.class_weight == "balanced":
            total = w @ y if y.ndim == 2 else np.bincount(y, w, len(self.classes_))
            weights = np.divide(1, total, out=np.zeros_like(total), where=total > 0)
        else:
            weights = class_weights(self.class_weight, self.classes_)
        w = data.w * (data.y @ weights if data.y.ndim == 2 else weights[data.y])
        rows = data.rows[w[data.rows] > 0]
        if not len(rows):
            raise ValueError(f"class_weight={self.class_weight!r} gives all samples the weight 0.")
        return data._replace(w=w, rows=rows).normalized()


def check_classes(classes: ArrayLike | None) -> NDArray[Any] | None:
    """The argument ``classes`` as an array; None for None."""
    if classes is None:
        return None
    with naming("classes"):
        classes = list(classes) if isinstance(classes, set | frozenset) else classes
        classes = column_or_1d(as_labels(classes, "classes"))
        unique_labels(classes)
    return classes


def class_weights(class_weight: Mapping[Any, float], classes: NDArray[Any]) -> NDArray[np.float64]:
    """Weights of the classes from a dict, which may lack some of them and name others."""
    weights = [class_weight.get(label, 1.0) for label in classes.tolist()]
    if not all(Number(Real, 0, None, closed="left").is_satisfied_by(w) for w in weights):
        raise ValueError(f"class_weight must hold numbers >= 0, all finite; got {class_weight!r}.")
    return np.array(weights, dtype=np.float64)


def check_probabilities(y: ArrayLike) -> NDArray[np.float64]:
    """Probabilities of classes in float64, or an error that says what `y` may be."""
    # In C order, because sums of another memory layout would round differently.
    y = np.ascontiguousarray(only_numbers(np.asarray(y), "y"), dtype=np.float64)
    sums = y.sum(axis=1)
    if not (y.min() >= 0 and np.abs(sums - 1).max() <= SUM_TOLERANCE):
        raise ValueError(
            f"y of shape {y.shape} must hold probabilities of the classes, numbers >= 0 whose rows "
            f"sum to 1; got numbers from {y.min():.6g} to {y.max():.6g}, and sums from "
            f"{sums.min():.6g} to {sums.max():.6g}. Pass labels as an array of shape (n_samples,)."
        )
    return y / sums[:, None]
