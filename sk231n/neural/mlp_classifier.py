"""The fully connected classifier."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sk231n._images import infer_image_shape
from sk231n.core.activations import Activation
from sk231n.core.augmentation import Augmentation, as_augmentations
from sk231n.core.initializers import Initializer
from sk231n.core.layer import Layer
from sk231n.core.loss import Loss
from sk231n.core.optimizer import Optimizer
from sk231n.core.penalties import Penalty
from sk231n.core.schedules import Schedule
from sk231n.neural._augmented import AUGMENTATION_CONSTRAINTS, changes_of_rows
from sk231n.neural._network import NETWORK_CONSTRAINTS
from sk231n.neural._network_classifier import CLASSIFIER_CONSTRAINTS, NetworkClassifier
from sk231n.neural._perceptron import Perceptron


class MLPClassifier(Perceptron, NetworkClassifier):
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
    augmentation : Augmentation, sequence of Augmentation or None, default=None
        Random changes of the images of each mini-batch while training, objects of
        :mod:`sk231n.augmentation`, such as ``[Mirror(), Shift(2)]``; one or several in turn. Rows
        have to be square images, of grey or of red, green and blue.
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
    shuffle : bool or "chunks", default=True
        Whether each epoch visits the samples in a new order. "chunks" shuffles 32 MB at a time, in
        random chunks of 2 MB, for files larger than memory; zarr and HDF5 above 64 MB always are.
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

    _parameter_constraints: dict[str, list[Any]] = {
        **NETWORK_CONSTRAINTS,
        **AUGMENTATION_CONSTRAINTS,
        **CLASSIFIER_CONSTRAINTS,
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Activation | Sequence[str | Activation] = "relu",
        *,
        normalization: str | Layer | None = None,
        dropout: float = 0.0,
        augmentation: Augmentation | Sequence[Augmentation] | None = None,
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
        self.augmentation = augmentation
        self.loss = loss
        self.weight_init = weight_init
        self.max_norm = max_norm

    def _check_arguments(self):
        super()._check_arguments()
        as_augmentations(self.augmentation)

    def _check_images(self, image_shape, n_features, learn=False):
        if learn:
            self._image_shape_ = image_shape

    def _augment(self, sample_shape, dtype):
        if not as_augmentations(self.augmentation):
            return None
        image_shape = self._image_shape_ or infer_image_shape(*sample_shape)
        if not self._image_shape_ and image_shape[0] == 1:
            raise ValueError(
                f"augmentation={self.augmentation!r} needs images, and X holds rows of "
                f"{sample_shape[0]} features, which are no square images; pass a stack (n, h, w) "
                "or (n, h, w, c)."
            )
        return changes_of_rows(self.augmentation, (*image_shape, 1)[:3], dtype)
