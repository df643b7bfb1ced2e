"""What the networks that classify share: one label or several per sample, and probabilities."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.metrics import accuracy_score
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from sk231n._floating_point import contained
from sk231n._sklearn import StrOptions
from sk231n.classification import GradientClassifier
from sk231n.core.cross_entropy import CrossEntropy, log_softmax
from sk231n.core.loss import Loss
from sk231n.core.margin_losses import WestonWatkins
from sk231n.core.objective import is_subset_correct
from sk231n.core.target_losses import SigmoidCrossEntropy
from sk231n.neural._indicators import as_indicators, check_same_kind

LOSSES = {
    "cross_entropy": CrossEntropy(),
    "hinge": WestonWatkins(),
    "squared_hinge": WestonWatkins(power=2),
}
CLASSIFIER_CONSTRAINTS: dict[str, list[Any]] = {
    "loss": [StrOptions(set(LOSSES)), Loss],
    "class_weight": GradientClassifier._parameter_constraints["class_weight"],
}


class NetworkClassifier(GradientClassifier):
    """Base of the networks that classify."""

    classes_: NDArray[Any]

    _target_checks: dict[str, bool] = {"multi_output": True}

    def __sklearn_tags__(self) -> Any:
        """Describe the classifier to scikit-learn."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = self._takes_labels() and self.class_weight is None
        return tags

    def _n_scores(self):
        return len(self.classes_)

    def _given_loss(self):
        return LOSSES.get(self.loss) if isinstance(self.loss, str) else self.loss

    def _takes_labels(self):
        """Whether the loss is one for several labels per sample, or has a counterpart that is."""
        loss = self._given_loss()
        return type(loss) is CrossEntropy or "labels" in getattr(loss, "targets", ())

    def _loss(self):
        loss = self._given_loss()
        if getattr(self, "_multilabel_", False) and type(loss) is CrossEntropy:
            loss = SigmoidCrossEntropy(loss.label_smoothing)
        return loss.plain()

    def _attributes_from(self, network, views):
        attributes = super()._attributes_from(network, views)
        return attributes | {"_gives_probabilities_": self._given_loss().probabilities}

    def _check_arguments(self):
        super()._check_arguments()
        if not {"classes", "labels"} & set(self._given_loss().targets):
            self._refuse_loss()

    def _refuse_loss(self):
        raise ValueError(
            f"loss={self.loss!r} does not fit targets with one label per sample; use one of "
            f"{sorted(LOSSES)} or an object such as CrossEntropy() or WestonWatkins()."
        )

    def _check_loss(self):
        """Check that the loss fits the kind of targets."""
        if self._multilabel_ and not self._takes_labels():
            raise ValueError(
                f"loss={self.loss!r} is for one label per sample, but y is an indicator matrix; "
                "use loss='cross_entropy'."
            )
        if not self._multilabel_ and "classes" not in self._given_loss().targets:
            self._refuse_loss()

    def _score(self, units):
        return is_subset_correct if self._multilabel_ else super()._score(units)

    def _score_all(self, scores, y, sample_weight):
        if not self._multilabel_:
            return super()._score_all(scores, y, sample_weight)
        return accuracy_score(y, scores > 0, sample_weight=sample_weight)

    def _decode(self, y):
        return y if self._multilabel_ else super()._decode(y)

    def _strata(self, data):
        return None if self._multilabel_ else super()._strata(data)

    def _encode(self, y, rows, learn, classes):
        """Indices of the labels, their probabilities, or the indicator matrix."""
        multilabel = type_of_target(y, input_name="y") == "multilabel-indicator"
        if learn and classes is not None:  # `classes` name columns of probabilities
            multilabel = False
        known = None if learn else getattr(self, "_multilabel_", None)
        check_same_kind(y, multilabel, known)
        self._multilabel_ = multilabel if known is None else known
        self._check_loss()
        if not self._multilabel_:
            return super()._encode(y, rows, learn, classes)
        y = as_indicators(y, n_labels=None if learn else len(self.classes_))
        if learn:
            self.classes_ = np.arange(y.shape[1])
        return y

    def _weigh(self, data):
        if self._multilabel_ and self.class_weight is not None:
            raise ValueError(
                f"class_weight={self.class_weight!r} is for one label per sample, but y is an "
                "indicator matrix; pass sample_weight."
            )
        return super()._weigh(data)

    def decision_function(self, X: ArrayLike) -> NDArray[Any]:
        """Compute the scores.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            A score for each class (for two classes the second minus the first) or label.
        """
        check_is_fitted(self)
        return self._scores(X) if self._multilabel_ else super().decision_function(X)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Predict the class with the largest score, or all labels whose score is positive.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Labels from ``classes_``, or the indicator matrix.
        """
        check_is_fitted(self)
        return (self._scores(X) > 0).astype(int) if self._multilabel_ else super().predict(X)

    def _has_probabilities(self):
        fitted = getattr(self, "_gives_probabilities_", None)  # arguments may be set after `fit`
        if not (getattr(self._given_loss(), "probabilities", False) if fitted is None else fitted):
            raise AttributeError(
                f"Probabilities need the cross-entropy; loss={self.loss!r} gives none."
            )
        return True

    @available_if(_has_probabilities)
    @contained
    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Compute the probabilities of the classes, the softmax of the scores, or of each label.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities; those of classes sum to one, those of labels are independent.
        """
        check_is_fitted(self)
        scores = self._scores(X)
        return expit(scores) if self._multilabel_ else np.exp(log_softmax(scores))

    @available_if(_has_probabilities)
    @contained
    def predict_log_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Compute the logarithms of the probabilities, all finite; see :meth:`predict_proba`."""
        check_is_fitted(self)
        scores = self._scores(X)
        return -np.logaddexp(0, -scores) if self._multilabel_ else log_softmax(scores)
