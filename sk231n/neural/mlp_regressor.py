"""The regressor: one quantity or several per sample."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.callback import with_callbacks
from sklearn.metrics import r2_score
from sklearn.utils import check_array
from sklearn.utils.metaestimators import available_if

from sk231n._containers import as_numpy
from sk231n._estimators import check_weights, named_alone, unchanged_on_error
from sk231n._floating_point import contained
from sk231n._sklearn import StrOptions
from sk231n.base import GradientEstimator
from sk231n.core.activations import Activation
from sk231n.core.bases import RegressorMixin
from sk231n.core.errors import naming
from sk231n.core.initializers import Initializer
from sk231n.core.layer import Layer
from sk231n.core.loss import Loss
from sk231n.core.optimizer import Optimizer
from sk231n.core.penalties import Penalty
from sk231n.core.schedules import Schedule
from sk231n.core.target_losses import AbsoluteError, SquaredError
from sk231n.neural._network import NETWORK_CONSTRAINTS
from sk231n.neural._perceptron import Perceptron
from sk231n.neural._quantities import QuantityTargets

LOSSES = {"squared_error": SquaredError(), "absolute_error": AbsoluteError()}


class MLPRegressor(Perceptron, QuantityTargets, RegressorMixin, GradientEstimator):
    r"""Fully connected network for regression: the multi-layer perceptron.

    A hidden block is affine, normalization, activation, dropout. There may be several targets.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Number of units of each hidden layer; ``()`` for none: linear regression.
    activation : str, Activation or sequence of these, default="relu"
        "identity", "logistic" (or "sigmoid"), "tanh", "relu", "leaky_relu" (slope 0.01), "maxout"
        (of two) or an object of :mod:`sk231n.layers`, for all hidden layers or one for each.
    normalization : {"batch", "layer"}, Layer or None, default=None
        What is normalised between the affine layer and the activation: each unit over the batch,
        each sample over its units, or as an object of :mod:`sk231n.layers` does it.
    dropout : float in [0, 1), default=0.0
        Probability to drop a hidden unit while training; the others are scaled up instead.
    loss : {"squared_error", "absolute_error"} or Loss, default="squared_error"
        Half the squared error, or the absolute error, added up over the targets; or an object of
        :mod:`sk231n.losses`.
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
        sees standardised features and targets; the standardisation is folded back into
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
    shuffle : bool or "chunks", default=True
        Whether each epoch visits the samples in a new order. "chunks" shuffles 32 MB at a time, in
        random chunks of 2 MB, for files larger than memory; zarr and HDF5 above 64 MB always are.
    early_stopping : bool, default=False
        Whether to monitor validation data, stop when neither score nor loss improves, and keep
        the parameters that were best, running averages of the batch normalization included.
    validation_fraction : float in (0, 1), default=0.1
        Share of the training data that `early_stopping` sets aside if ``fit`` gets no ``X_val``.
    scoring : str, callable or None, default=None
        What `early_stopping` watches and ``history_["validation_score"]`` records: the name of a
        scikit-learn scorer, or a function ``scoring(estimator, X, y)``, the larger the better.
        None is R2, with the loss to break ties; "loss" is the validation loss alone.
    history_steps : bool, default=False
        Whether ``history_`` also holds "step_loss", the objective of each mini-batch.
    averaging : "ema" or None, default=None
        "ema": predict with an exponential moving average of the parameters over about the last
        epoch. It has no effect with L-BFGS, and rules out ``partial_fit``.
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
    n_outputs_ : int
        Number of targets.
    history_ : dict of lists
        One entry per epoch: "loss" and "score" (mean objective and R2 over the batches,
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
    MLPClassifier : The network for classes.
    sklearn.neural_network.MLPRegressor : A network without normalization and dropout.

    Notes
    -----
    With the predictions :math:`s(x)` of the network it minimises

    .. math:: \sum_i w_i \, \ell(s(x_i), y_i) + \alpha \sum_l R(W_l),

    the :math:`w_i` summing to one. With ``learning_rate="auto"`` the targets, and the last layer,
    are those in units of their spread, :math:`(y - \mu_k) / \sigma_k`, so that what is learnt does
    not depend on their original units; `alpha` and `max_norm` are in these units. The
    losses in ``history_`` are those of the minimised objective in the unit of the data. The
    validation scores are R2 of the validation data; those of training measure the errors against
    the variance of the training targets.

    References
    ----------
    CS231n course notes, "Neural networks", parts 1 to 3, https://cs231n.github.io/.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sk231n import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> MLPRegressor((20,), random_state=0).fit(X, y).score(X, y) > 0.5
    True
    """

    _parameter_constraints: dict[str, list[Any]] = {
        **NETWORK_CONSTRAINTS,
        "loss": [StrOptions(set(LOSSES)), Loss],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Activation | Sequence[str | Activation] = "relu",
        *,
        normalization: str | Layer | None = None,
        dropout: float = 0.0,
        loss: str | Loss = "squared_error",
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
        shuffle: bool | str = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        scoring: str | Callable[..., float] | None = None,
        history_steps: bool = False,
        averaging: str | None = None,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.normalization = normalization
        self.dropout = dropout
        self.loss = loss
        self.weight_init = weight_init
        self.max_norm = max_norm
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
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        """Describe the regressor to scikit-learn."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _n_scores(self):
        return self.n_outputs_

    def _loss(self):
        return LOSSES[self.loss] if isinstance(self.loss, str) else self.loss.plain()

    def _check_arguments(self):
        super()._check_arguments()
        if "quantities" not in self._loss().targets:
            raise ValueError(
                f"loss={self.loss!r} is for classes or labels, not for quantities; use one of "
                f"{sorted(LOSSES)} or an object such as AbsoluteError()."
            )

    @contained
    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Compute the coefficient of determination R2 of the predictions.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None for equal weights.

        Returns
        -------
        float
            At most 1; the mean over the targets.

        Raises
        ------
        ValueError
            If `y` or `sample_weight` is not as in ``fit``, or the errors are too large.
        """
        predicted = self.predict(X)
        sample_weight = check_weights(as_numpy(sample_weight, "sample_weight"), predicted)
        np.seterr(over="ignore", invalid="ignore")
        with naming("y"):
            y = check_array(as_numpy(y, "y"), ensure_2d=False, dtype=np.float64)
            score = r2_score(y, predicted, sample_weight=sample_weight)
        if not np.isfinite(score) and len(predicted) > 1:
            raise ValueError("y holds values whose errors are too large for float64.")
        return score

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
    ) -> Self:
        """Train the regressor.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Training data; stacks of images are flattened.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None for equal weights.
        X_val : array-like like `X`, default=None
            Validation data of your own: ``history_`` records them, and `early_stopping` uses them
            instead of a part of `X`.
        y_val : array-like of shape (n_val_samples,) or (n_val_samples, n_outputs), default=None
            Targets of the validation data.
        sample_weight_val : array-like of shape (n_val_samples,), default=None
            Weights of the validation data.

        Returns
        -------
        self : object
            The fitted regressor.

        Raises
        ------
        ValueError
            If the data or the arguments are invalid; the regressor is then left unchanged.
        FloatingPointError
            If training diverges; the message names the learning rate to lower.

        Warns
        -----
        ConvergenceWarning
            If L-BFGS ends before it has met `tol`.
        UserWarning
            If training is interrupted from the keyboard; the epochs done so far are kept.
        """
        return self._fit(X, y, sample_weight, X_val, y_val, sample_weight_val)

    @available_if(GradientEstimator._can_partial_fit)
    @with_callbacks
    @contained
    @named_alone
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on some of the data.

        There is no validation, so `early_stopping` has no effect. With ``learning_rate="auto"`` the
        rate is constant, and the standardisation follows the data seen so far. For a schedule,
        each call is one epoch.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Training data; stacks of images are flattened.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None for equal weights.

        Returns
        -------
        self : object
            The regressor after the epoch.

        Raises
        ------
        ValueError
            If the data or the arguments are invalid; the regressor is then left unchanged.
        FloatingPointError
            If training diverges; the message names the learning rate to lower.
        """
        with unchanged_on_error(self):
            self._check_arguments()
            first_call = not hasattr(self, "n_iter_")
            data = self._data(X, y, sample_weight, reset=first_call, learn=first_call)
            metadata = None if sample_weight is None else {"sample_weight": sample_weight}
            self._continue_on(data, {"X": X, "y": y, "metadata": metadata}, warm=not first_call)
        return self

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Predict the targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predictions.
        """
        scores = self._scores(X)
        return scores[:, 0] if self._one_target_ else scores
