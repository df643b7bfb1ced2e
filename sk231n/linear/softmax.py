"""The softmax classifier."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk231n._floating_point import contained
from sk231n._sklearn import StrOptions
from sk231n.core.cross_entropy import CrossEntropy, log_softmax
from sk231n.core.loss import Loss
from sk231n.core.optimizer import Optimizer
from sk231n.core.penalties import Penalty
from sk231n.core.schedules import Schedule
from sk231n.linear._base import LinearClassifier


class SoftmaxClassifier(LinearClassifier):
    r"""Multinomial logistic regression, trained by mini-batches.

    Parameters
    ----------
    alpha : float >= 0, default=1e-3
        Strength of the penalty.
    loss : "cross_entropy" or Loss, default="cross_entropy"
        What is minimised: the cross-entropy, or an object of :mod:`sk231n.losses` or of your own
        whose softmax gives probabilities, such as ``CrossEntropy(label_smoothing=0.1)``.
    fit_intercept : bool, default=True
        Whether the scores have intercepts; without them ``intercept_`` is zero, and data that are
        not centred can only be separated by planes through the origin.
    penalty : {"l1", "l2", "elasticnet"}, Penalty or None, default="l2"
        The penalty :math:`R` on the weights: :math:`\lVert W \rVert_1`,
        :math:`\frac12 \lVert W \rVert_2^2`, a blend, or an object of :mod:`sk231n.penalties`.
        Intercepts are not penalised.
    l1_ratio : float in [0, 1], default=0.5
        The share of l1 in the elastic net that "elasticnet" names.
    optimizer : str or optimizer, default="adam"
        "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw" (with a weight decay of
        0.01), "lbfgs", or an object of :mod:`sk231n.optimizers`.
    learning_rate : "auto", float or schedule, default="auto"
        "auto" finds a rate from the data and lets it fall to zero along half a cosine. Training
        sees standardised features; the standardisation is folded back into ``coef_``.
        A float, or a schedule of :mod:`sk231n.schedules`, is used as given: the optimizer then
        works on the data as they are.
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
    shuffle : bool or "chunks", default=True
        Whether each epoch visits the samples in a new order. "chunks" shuffles 32 MB at a time, in
        random chunks of 2 MB, for files larger than memory; zarr and HDF5 above 64 MB always are.
    early_stopping : bool, default=False
        Whether to monitor validation data, stop when neither accuracy nor loss improves, and keep
        the parameters that were best.
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
        Weight of each class; "balanced" gives all classes equal total weight.
    warm_start : bool, default=False
        Whether ``fit`` starts from the parameters of the last ``fit``.
    random_state : int, RandomState or None, default=None
        Determines the order of the samples and what `early_stopping` sets aside; an int makes the
        result reproducible to the last bit.
    verbose : int, default=0
        If positive, print one line per epoch.

    Attributes
    ----------
    coef_ : ndarray of shape (n_classes, n_features)
        The weights, one row per class, also for two classes.
    intercept_ : ndarray of shape (n_classes,)
        The intercepts.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
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
    LinearSVM : The same scores under hinge losses.
    sklearn.linear_model.LogisticRegression : The same model by full-batch solvers.

    Notes
    -----
    With the scores :math:`s = W x + b` it minimises

    .. math:: \sum_i w_i \Bigl( \ln \sum_j e^{s_{ij}} - s_{i y_i} \Bigr) + \alpha R(W),

    the :math:`w_i` summing to one. This is the objective of
    ``LogisticRegression(C=1 / (alpha * n_samples))``. With two classes scikit-learn has one row of
    weights, the difference of the two rows here, whose l1 penalties add up to that of the
    difference and whose l2 penalties to half of it: the l2 penalty is then that of
    ``C=2 / (alpha * n_samples)``, l1 that of ``C=1 / (alpha * n_samples)``, and the elastic net
    with the share :math:`\rho` that of ``l1_ratio=r`` and ``C=(2 - r) / (alpha * n_samples)``,
    where :math:`r = 2 \rho / (1 + \rho)`.

    The course's penalty ``reg * np.sum(W * W)`` is that of ``alpha = 2 * reg`` here, as l2 is half
    the sum of the squares.

    References
    ----------
    CS231n course notes, "Linear classification", https://cs231n.github.io/linear-classify/.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from sk231n import SoftmaxClassifier
    >>> X_train, X_test, y_train, y_test = train_test_split(*load_digits(return_X_y=True),
    ...                                                     random_state=0)
    >>> model = SoftmaxClassifier(random_state=0).fit(X_train, y_train)
    >>> model.score(X_test, y_test) > 0.94
    True
    >>> model.predict_proba(X_test).shape
    (450, 10)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        **LinearClassifier._parameter_constraints,
        "loss": [StrOptions({"cross_entropy"}), Loss],
    }

    def __init__(
        self,
        *,
        alpha: float = 1e-3,
        loss: str | Loss = "cross_entropy",
        fit_intercept: bool = True,
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
        super().__init__(
            alpha=alpha,
            penalty=penalty,
            l1_ratio=l1_ratio,
            optimizer=optimizer,
            learning_rate=learning_rate,
            batch_size=batch_size,
            max_iter=max_iter,
            tol=tol,
            n_iter_no_change=n_iter_no_change,
            shuffle=shuffle,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            scoring=scoring,
            history_steps=history_steps,
            averaging=averaging,
            class_weight=class_weight,
            warm_start=warm_start,
            random_state=random_state,
            verbose=verbose,
        )
        self.loss = loss
        self.fit_intercept = fit_intercept

    def _loss(self):
        return CrossEntropy() if isinstance(self.loss, str) else self.loss.plain()

    def _check_arguments(self):
        super()._check_arguments()
        loss = self._loss()
        if not loss.probabilities or "classes" not in loss.targets:
            raise ValueError(
                f"loss={self.loss!r} must be a loss on classes that gives probabilities, such as "
                "'cross_entropy' or CrossEntropy(label_smoothing=0.1). For hinges use LinearSVM."
            )

    @contained
    def predict_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Compute the probabilities of the classes, the softmax of the scores.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities; each row sums to one.
        """
        return np.exp(self.predict_log_proba(X))

    @contained
    def predict_log_proba(self, X: ArrayLike) -> NDArray[Any]:
        """Compute the logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Logarithms of the probabilities, finite however small these are.
        """
        return log_softmax(self._scores(X))
