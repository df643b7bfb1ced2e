"""The linear support vector machine."""

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from sk231n._sklearn import StrOptions
from sk231n.core.arguments import Number
from sk231n.core.loss import Loss
from sk231n.core.margin_losses import CrammerSinger, OneVsRest, WestonWatkins
from sk231n.core.optimizer import Optimizer
from sk231n.core.penalties import Penalty
from sk231n.core.schedules import Schedule
from sk231n.linear._base import LinearClassifier

STRATEGIES = {
    "weston_watkins": WestonWatkins,
    "crammer_singer": CrammerSinger,
    "one_vs_rest": OneVsRest,
}
POWERS = {"hinge": 1, "squared_hinge": 2}


class LinearSVM(LinearClassifier):
    r"""Linear support vector machine with multi-class hinge losses.

    Parameters
    ----------
    alpha : float >= 0, default=1e-3
        Strength of the penalty.
    loss : {"hinge", "squared_hinge"} or Loss, default="hinge"
        Whether violations of the margin count plainly or squared; or an object of
        :mod:`sk231n.losses` or of your own, to which `strategy` and `margin` do not apply.
    strategy : {"weston_watkins", "crammer_singer", "one_vs_rest"}, default="weston_watkins"
        Which violations count: those of every wrong class, the largest one, or those of one binary
        problem per class.
    margin : float > 0, default=1.0
        The margin :math:`\Delta` by which the score of the true class should exceed the others.
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
    SoftmaxClassifier : The same scores under the cross-entropy.
    sklearn.svm.LinearSVC : One-vs-rest and Crammer-Singer machines by liblinear.

    Notes
    -----
    With the scores :math:`s = W x + b` it minimises
    :math:`\sum_i w_i \, \ell(s_i, y_i) + \alpha R(W)`, the :math:`w_i` summing to one, where

    .. math::

        \ell_\text{Weston-Watkins} &= \sum_{j \ne y} \max(0, s_j - s_y + \Delta) \\
        \ell_\text{Crammer-Singer} &= \max\bigl(0, \max_{j \ne y} s_j - s_y + \Delta\bigr) \\
        \ell_\text{one-vs-rest} &= \max(0, \Delta - s_y) + \sum_{j \ne y} \max(0, \Delta + s_j),

    each maximum with zero squared for the squared hinge.

    The course's penalty ``reg * np.sum(W * W)`` is that of ``alpha = 2 * reg`` here, as l2 is half
    the sum of the squares.

    References
    ----------
    J. Weston and C. Watkins, "Support vector machines for multi-class pattern recognition",
    ESANN 1999.
    K. Crammer and Y. Singer, "On the algorithmic implementation of multiclass kernel-based vector
    machines", Journal of Machine Learning Research 2, 2001.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from sk231n import LinearSVM
    >>> X_train, X_test, y_train, y_test = train_test_split(*load_digits(return_X_y=True),
    ...                                                     random_state=0)
    >>> LinearSVM(random_state=0).fit(X_train, y_train).score(X_test, y_test) > 0.93
    True
    """

    _parameter_constraints: dict[str, list[Any]] = {
        **LinearClassifier._parameter_constraints,
        "loss": [StrOptions(set(POWERS)), Loss],
        "strategy": [StrOptions(set(STRATEGIES))],
        "margin": [Number(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        *,
        alpha: float = 1e-3,
        loss: str | Loss = "hinge",
        strategy: str = "weston_watkins",
        margin: float = 1.0,
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
        self.fit_intercept = fit_intercept
        self.loss = loss
        self.strategy = strategy
        self.margin = margin

    def _loss(self):
        if not isinstance(self.loss, str):
            return self.loss.plain()
        return STRATEGIES[self.strategy](margin=self.margin, power=POWERS[self.loss]).plain()

    def _check_arguments(self):
        super()._check_arguments()
        if "classes" not in self._loss().targets:
            raise ValueError(
                f"loss={self.loss!r} does not fit targets with one label per sample; use one of "
                f"{sorted(POWERS)} or an object such as WestonWatkins(margin=2.0)."
            )
