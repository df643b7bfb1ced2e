"""Classification: the arguments, labels, class weights and predictions of gradient training."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.callback import with_callbacks
from sklearn.utils import compute_class_weight
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets

from sk231n._estimators import unchanged_on_error
from sk231n.base import TRAINING_CONSTRAINTS, GradientEstimator
from sk231n.core.objective import accuracy


class GradientClassifier(ClassifierMixin, GradientEstimator):
    """Base of the classifiers that minimise the one objective by following its gradient."""

    _parameter_constraints: dict = {
        **TRAINING_CONSTRAINTS,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        *,
        alpha=1e-3,
        penalty="l2",
        l1_ratio=0.5,
        optimizer="adam",
        learning_rate="auto",
        batch_size="auto",
        max_iter="auto",
        tol=1e-4,
        n_iter_no_change=10,
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.1,
        averaging=None,
        class_weight=None,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
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
        self.averaging = averaging
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @available_if(GradientEstimator._can_partial_fit)
    @with_callbacks
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on some of the data.

        There is no validation: `early_stopping` plays no part. With ``learning_rate="auto"`` the
        rate is constant, and the change of variables follows the data seen so far; a schedule
        counts the calls as epochs.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Training data; stacks of images are flattened.
        y : array-like of shape (n_samples,)
            Labels of any type.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; needed at the first call, optional after.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None weighs all alike.

        Returns
        -------
        self : object
            The classifier after the epoch.

        Raises
        ------
        ValueError
            If the data or the arguments are invalid; the classifier is then as it was.
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
            first_call = _check_partial_fit_first_call(self, classes)
            data = self._data(X, y, sample_weight, reset=first_call, learn=False)
            metadata = None if sample_weight is None else {"sample_weight": sample_weight}
            callback_data = {"X": X, "y": y, "metadata": metadata}
            self._continue_on(data, callback_data, warm=not first_call)
        return self

    def decision_function(self, X):
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

    def predict(self, X):
        """Predict the class with the largest score, the first of those that tie.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels out of ``classes_``.
        """
        winners = np.argmax(self._scores(X), axis=1)
        return self.classes_[winners]

    def _score(self, scores, y, w):
        return accuracy(scores, y, w)

    def _strata(self, data):
        return data.y[data.rows]

    def _encode(self, y, rows, learn):
        """Indices of the labels in ``classes_``, which is learnt first if it has to be."""
        check_classification_targets(y)
        if learn:
            self.classes_ = np.unique(y[rows])
        if len(self.classes_) < 2:
            found = f"one class, {self.classes_[0]!r}" if len(self.classes_) else "no class at all"
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in y; got {found}."
            )
        try:
            unknown = np.setdiff1d(y[rows], self.classes_)
        except TypeError as error:
            raise ValueError(
                f"y holds labels of another kind than the known classes {self.classes_!r}: {error}."
            ) from error
        if len(unknown):
            raise ValueError(
                f"y holds labels that are not among the known classes: {unknown[:10]!r} are not in "
                f"{self.classes_!r}."
            )
        # Samples of weight zero may have any label; nobody will look at the index they get.
        return np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)

    def _weigh(self, data):
        """Fold ``class_weight`` into the weights of the samples to train on."""
        if self.class_weight is None:
            return data
        if self.class_weight == "balanced":
            total = np.bincount(data.y[data.rows], data.w[data.rows], len(self.classes_))
            weights = np.divide(1, total, out=np.zeros_like(total), where=total > 0)
        else:
            try:
                weights = compute_class_weight(
                    self.class_weight, classes=self.classes_, y=self.classes_
                )
            except (TypeError, ValueError) as error:
                raise ValueError(f"class_weight={self.class_weight!r}: {error}") from error
        if not (np.isfinite(weights) & (weights >= 0)).all():
            raise ValueError(
                f"class_weight must hold numbers >= 0, all finite; got {self.class_weight!r}."
            )
        w = data.w * weights[data.y]
        rows = data.rows[w[data.rows] > 0]
        if not len(rows):
            raise ValueError(f"class_weight={self.class_weight!r} gives all samples the weight 0.")
        return data._replace(w=w, rows=rows).normalized()
