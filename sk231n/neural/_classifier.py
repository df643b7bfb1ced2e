"""The classifier: one label or several per sample."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.metrics import accuracy_score
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from sk231n._floating_point import contained
from sk231n.classification import GradientClassifier
from sk231n.core.activations import Activation
from sk231n.core.cross_entropy import CrossEntropy, log_softmax
from sk231n.core.initializers import Initializer
from sk231n.core.layer import Layer
from sk231n.core.loss import Loss
from sk231n.core.margin_losses import WestonWatkins
from sk231n.core.objective import is_subset_correct
from sk231n.core.optimizer import Optimizer
from sk231n.core.penalties import Penalty
from sk231n.core.schedules import Schedule
from sk231n.core.target_losses import SigmoidCrossEntropy
from sk231n.neural._indicators import as_indicators, check_same_kind
from sk231n.neural._perceptron import NETWORK_CONSTRAINTS, Perceptron

LOSSES = {
    "cross_entropy": CrossEntropy(),
    "hinge": WestonWatkins(),
    "squared_hinge": WestonWatkins(power=2),
}


class MLPClassifier(Perceptron, GradientClassifier):
    r"""Fully connected network for classification: the multi-layer perceptron.

    A hidden block is affine, normalization, activation, dropout. Where `y` is an indicator matrix,
    of zeros and ones, each sample has any number of labels (multi-label). A matrix of other numbers
    holds the probabilities of the classes, and so does any matrix where ``fit`` gets `classes`.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Number of units of each hidden layer; ``()`` for none: the linear classifier.
    activation : str, Activation or sequence of these, default="relu"
        "identity", "logistic" (or "sigmoid"), "tanh", "relu", "leaky_relu" (slope 0.01), "maxout"
        (of two) or an object of :mod:`sk231n.layers`, for all hidden layers or one for each.
    normalization : {"batch", "layer"}, Layer or None, default=None
        What is normalised between the affine layer and the activation: each unit over the batch,
        each sample over its units, or as an object of :mod:`sk231n.layers` does it.
    dropout : float in [0, 1), default=0.0
        Probability to drop a hidden unit while training; the others are scaled up instead.
    loss : {"cross_entropy", "hinge", "squared_hinge"} or loss, default="cross_entropy"
        The softmax cross-entropy, a hinge loss of Weston and Watkins, or an object of
        :mod:`sk231n.losses`, such as ``CrossEntropy(label_smoothing=0.1)``. Multi-label: only
        the cross-entropy, that of one sigmoid per label.
    weight_init : {"auto", "he", "glorot", "lecun", "sparse"}, Initializer or float, default="auto"
        How the weights start. "auto": zero for the scores, and for the hidden layers He's start for
        the ReLU family, maxout with it, and Glorot's otherwise. A number is the standard
        deviation. "sparse" gives each unit ten inputs. Objects are those of
        :mod:`sk231n.initializers`.
    max_norm : float or None, default=None
        Largest length of the incoming weights of a unit; after each step longer ones are shortened.
    alpha : float >= 0, default=1e-4
        Strength of the penalty.
    penalty : {"l1", "l2", "elasticnet"}, Penalty or None, default="l2"
        The penalty :math:`R` on the weights: :math:`\lVert W \rVert_1`,
        :math:`\frac12 \lVert W \rVert_2^2`, a blend, or an object of :mod:`sk231n.penalties`.
        Intercepts, and the scale and shift of the normalization, are not penalised.
    l1_ratio : float in [0, 1], default=0.5
        The share of l1 in the elastic net that "elasticnet" names.
    optimizer : str or optimizer, default="adam"
        "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw" (with a weight decay of
        0.01), "lbfgs" (neither with dropout nor with batch normalization), or an object of
        :mod:`sk231n.optimizers`.
    learning_rate : "auto", float or schedule, default="auto"
        "auto" finds a rate from the data and lets it fall to zero along half a cosine. Training
        sees standardised features; the standardisation is folded back into
        ``coefs_``. A float, or a schedule of :mod:`sk231n.schedules`, is used as given: the
        optimizer then works on the data as they are.
    batch_size : int or "auto", default="auto"
        Number of samples per step; "auto" is 200, or all if there are fewer.
    max_iter : int or "auto", default="auto"
        Largest number of epochs; "auto" makes about 1,000 steps in at least 8 and at most 1,000
        epochs, and allows 1,000 iterations of L-BFGS.
    tol : float or None, default=1e-4
        By how much the training loss (with `early_stopping`, the validation score or loss) must
        improve in `n_iter_no_change` epochs for training to continue; None: train for `max_iter`
        epochs. L-BFGS stops when no component of the gradient is larger than `tol`. With
        ``learning_rate="auto"`` the training loss is not watched, as the rate falls to zero anyway.
    n_iter_no_change : int, default=10
        Number of epochs without progress after which training stops.
    shuffle : bool, default=True
        Whether each epoch visits the samples in a new order.
    early_stopping : bool, default=False
        Whether to monitor validation data, stop when neither score nor loss improves, and keep
        the parameters that were best, running averages of the batch normalization included.
    validation_fraction : float in (0, 1), default=0.1
        Share of the training data, stratified by class, that `early_stopping` sets aside if
        ``fit`` gets no ``X_val``.
    scoring : str, callable or None, default=None
        What `early_stopping` watches and ``history_["validation_score"]`` records: the name of a
        scikit-learn scorer, or a function ``scoring(estimator, X, y)``, the larger the better.
        None is the accuracy, with the loss to break ties; "loss" is the validation loss alone.
    history_steps : bool, default=False
        Whether ``history_`` also holds "step_loss", the objective of each mini-batch.
    averaging : "ema" or None, default=None
        "ema": predict with an exponential moving average of the parameters over about the last
        epoch. It has no effect with L-BFGS, and rules out ``partial_fit``.
    class_weight : dict, "balanced" or None, default=None
        Weight of each class; "balanced" gives all classes equal total weight. Not for multi-label.
    warm_start : bool, default=False
        Whether ``fit`` starts from the parameters of the last ``fit``.
    random_state : int, RandomState or None, default=None
        Determines the first weights, the order of the samples, dropout, and what `early_stopping`
        sets aside; an int makes the result reproducible to the last bit.
    verbose : int, default=0
        If positive, print one line per epoch.

    Attributes
    ----------
    coefs_ : list of ndarray of shape (n_inputs, n_outputs)
        The weights of each affine layer; each column of the first is one unit's picture. With
        maxout a hidden layer has twice as many columns as units.
    intercepts_ : list of ndarray of shape (n_outputs,)
        The intercepts of each affine layer.
    normalizations_ : list of dict
        ``scale`` and ``shift`` of each hidden layer that is normalised, and for batch
        normalization the running averages ``mean`` and ``variance``.
    n_layers_ : int
        Number of layers, the input's and the scores' included.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted; for multi-label the numbers of the columns of `y`.
    history_ : dict of lists
        One entry per epoch: "loss" and "score" (mean objective and accuracy over the batches,
        each before its step), "validation_loss" and "validation_score" with validation data,
        "learning_rate" (its mean; NaN for L-BFGS), "update_ratio" (length of the last update
        relative to that of the parameters; about 1e-3 is healthy). With `history_steps` also
        "step_loss", with one entry per step.
    loss_curve_ : list of float
        ``history_["loss"]``. Each ``fit`` starts a new list, a warm one too; ``partial_fit``
        continues it.
    n_iter_ : int
        Number of epochs done.
    best_validation_score_ : float or None
        The best validation score, with `early_stopping` that of the parameters that are kept; None
        without validation data.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where `X` had any.

    See Also
    --------
    SoftmaxClassifier : The network without hidden layer.
    MLPRegressor : The network for quantities.
    sklearn.neural_network.MLPClassifier : A network without normalization and dropout.

    Notes
    -----
    With the scores :math:`s(x)` of the network it minimises

    .. math:: \sum_i w_i \, \ell(s(x_i), y_i) + \alpha \sum_l R(W_l),

    the :math:`w_i` summing to one. Sample weights weigh the moments of the batch normalization
    too: a sample of weight two counts as two samples.

    References
    ----------
    CS231n course notes, "Neural networks", parts 1 to 3, https://cs231n.github.io/.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from sk231n import MLPClassifier
    >>> X_train, X_test, y_train, y_test = train_test_split(*load_digits(return_X_y=True),
    ...                                                     random_state=0)
    >>> model = MLPClassifier((64,), normalization="batch", dropout=0.2, random_state=0)
    >>> model.fit(X_train, y_train).score(X_test, y_test) > 0.95
    True
    >>> pictures_of_the_hidden_units = model.coefs_[0].T.reshape(-1, 8, 8)
    """

    classes_: NDArray[Any]

    _parameter_constraints: dict[str, list[Any]] = {
        **NETWORK_CONSTRAINTS,
        "loss": [StrOptions(set(LOSSES)), Loss],
        "class_weight": GradientClassifier._parameter_constraints["class_weight"],
    }
    _target_checks: dict[str, bool] = {"multi_output": True}

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Activation | Sequence[str | Activation] = "relu",
        *,
        normalization: str | Layer | None = None,
        dropout: float = 0.0,
        loss: str | Loss = "cross_entropy",
        weight_init: str | float | Initializer = "auto",
        max_norm: float | None = None,
        alpha: float = 1e-4,
        penalty: str | Penalty | None = "l2",
        l1_ratio: float = 0.5,
        optimizer: str | Optimizer = "adam",
        learning_rate: str | float | Schedule = "auto",
        batch_size: str | int = "auto",
        max_iter: str | int = "auto",
        tol: float | None = 1e-4,
        n_iter_no_change: int = 10,
        shuffle: bool = True,
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
        super().__init__(
            alpha=alpha, penalty=penalty, l1_ratio=l1_ratio, optimizer=optimizer,
            learning_rate=learning_rate, batch_size=batch_size, max_iter=max_iter, tol=tol,
            n_iter_no_change=n_iter_no_change, shuffle=shuffle, early_stopping=early_stopping,
            validation_fraction=validation_fraction, scoring=scoring, history_steps=history_steps,
            averaging=averaging, class_weight=class_weight, warm_start=warm_start,
            random_state=random_state, verbose=verbose,
        )  # fmt: skip
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.normalization = normalization
        self.dropout = dropout
        self.loss = loss
        self.weight_init = weight_init
        self.max_norm = max_norm

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
