"""The convolutional classifier."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sk231n.core.activations import Activation
from sk231n.core.augmentation import Augmentation
from sk231n.core.initializers import Initializer
from sk231n.core.layer import Layer
from sk231n.core.loss import Loss
from sk231n.core.optimizer import Optimizer
from sk231n.core.penalties import Penalty
from sk231n.core.schedules import Schedule
from sk231n.neural._convolutional import CONVOLUTIONAL_CONSTRAINTS, ConvolutionalNetwork
from sk231n.neural._network_classifier import CLASSIFIER_CONSTRAINTS, NetworkClassifier


class ConvNetClassifier(ConvolutionalNetwork, NetworkClassifier):
    r"""Convolutional network for classification.

    The layers follow the pattern of the course notes,
    ``INPUT -> [[CONV -> RELU]*N -> POOL]*M -> [FC -> RELU]*K -> FC``, or are given one by one. What
    follows a convolution or a fully connected layer is normalization, activation, dropout. Images
    are standardised inside of the model, with one mean and one spread per channel.

    Parameters
    ----------
    architecture : sequence of sequence of int, or sequence of Layer, default=((32, 32), (64, 64))
        Blocks of convolutions, each a sequence of numbers of filters; a pooling layer follows each
        block. Or all layers up to the fully connected ones, as objects of :mod:`sk231n.layers`;
        `kernel_size`, `pooling`, `pool_size` and `head` then have no effect.
    hidden_layer_sizes : int or sequence of int, default=()
        Number of units of each fully connected hidden layer between the blocks and the scores.
    image_shape : tuple of int or None, default=None
        Shape of one image, (h, w) or (h, w, c). None takes it from a stack; rows of 3*k*k values
        are (k, k, 3), rows of k*k are (k, k), others are one line (1, d), over which filters and
        pooling windows slide with a height of one.
    kernel_size : int or pair of int, default=3
        Height and width of the filters in pixels. Zeros around the images keep their size.
    pooling : {"max", "average"} or None, default="max"
        The layer after each block: the largest value or the mean of each window; None for none.
    pool_size : int or pair of int, default=2
        Height and width of the windows, and their distance. Pixels at the right and at the bottom
        that fill no window are left out.
    head : {"average", "flatten"}, default="average"
        What stands between the last block and the fully connected layers: the mean of each channel
        over the image, or all values in a row.
    activation : str, Activation or sequence of these, default="relu"
        "identity", "logistic" (or "sigmoid"), "tanh", "relu", "leaky_relu" (slope 0.01), "maxout"
        (of two) or an object of :mod:`sk231n.layers`, for all hidden layers or one for each.
    normalization : {"batch", "layer"}, Layer or None, default="batch"
        What is normalised between a layer with weights and the activation: each channel over the
        images and pixels of a micro-batch, each image over its values, or as an object of
        :mod:`sk231n.layers` does it.
    dropout : float in [0, 1), default=0.0
        Probability to drop a hidden unit while training; the others are scaled up instead.
    augmentation : Augmentation, sequence of Augmentation or None, default=None
        Random changes of the images of each mini-batch while training, objects of
        :mod:`sk231n.augmentation`, such as ``[Mirror(), Shift(2)]``; one or several in turn.
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
        starts from standardised images either way. A float, or a schedule of
        :mod:`sk231n.schedules`, is used as given.
    batch_size : int or "auto", default="auto"
        Number of samples per step; "auto" is 128, or all if there are fewer.
    max_iter : int or "auto", default="auto"
        Largest number of epochs; "auto" makes about 300 steps in at least 8 and at most 1,000
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
    coefs_ : list of ndarray
        The weights, layer by layer: (height, width, n_inputs, n_filters) of a convolution,
        (n_inputs, n_outputs) of a fully connected layer.
    intercepts_ : list of ndarray of shape (n_outputs,)
        The intercepts of the same layers.
    normalizations_ : list of dict
        First the ``mean`` and ``spread`` of each channel of the data; then, of each layer that is
        normalised, ``scale`` and ``shift``, and for batch normalization the running averages
        ``mean`` and ``variance``.
    layers_ : list of Layer
        All layers, from the standardisation to the scores; ``feature_maps`` gives their outputs.
    image_shape_ : tuple of int
        Shape of one image.
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
    MLPClassifier : The fully connected network.
    sk231n.diagnostics.network_summary : Shapes, parameters and operations, layer by layer.

    Notes
    -----
    With the scores :math:`s(x)` of the network it minimises

    .. math:: \sum_i w_i \, \ell(s(x_i), y_i) + \alpha \sum_l R(W_l),

    the :math:`w_i` summing to one.

    A batch passes through the network in micro-batches of 8 to 64 images, more if they are tiny, as
    many as make the largest output of a layer about a million numbers; each thread takes its own.
    Batch normalization takes its moments from the micro-batch. How a batch is cut depends on shapes
    alone, so results do not depend on the number of threads.

    References
    ----------
    CS231n course notes, "Convolutional neural networks",
    https://cs231n.github.io/convolutional-networks/.

    Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
    recognition", Proceedings of the IEEE 86, 1998.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk231n import ConvNetClassifier
    >>> digits = load_digits()
    >>> model = ConvNetClassifier(((8,), (16,)), batch_size=32, max_iter=8, random_state=0)
    >>> model = model.fit(digits.images[:1000], digits.target[:1000])
    >>> model.score(digits.images[1000:], digits.target[1000:]) > 0.9
    True
    >>> [W.shape for W in model.coefs_]
    [(3, 3, 1, 8), (3, 3, 8, 16), (16, 10)]
    """

    _parameter_constraints: dict[str, list[Any]] = {
        **CONVOLUTIONAL_CONSTRAINTS,
        **CLASSIFIER_CONSTRAINTS,
    }

    def __init__(
        self,
        architecture: Sequence[Any] = ((32, 32), (64, 64)),
        hidden_layer_sizes: int | Sequence[int] = (),
        *,
        image_shape: Sequence[int] | None = None,
        kernel_size: int | Sequence[int] = 3,
        pooling: str | None = "max",
        pool_size: int | Sequence[int] = 2,
        head: str = "average",
        activation: str | Activation | Sequence[str | Activation] = "relu",
        normalization: str | Layer | None = "batch",
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
        self.architecture = architecture
        self.hidden_layer_sizes = hidden_layer_sizes
        self.image_shape = image_shape
        self.kernel_size = kernel_size
        self.pooling = pooling
        self.pool_size = pool_size
        self.head = head
        self.activation = activation
        self.normalization = normalization
        self.dropout = dropout
        self.augmentation = augmentation
        self.loss = loss
        self.weight_init = weight_init
        self.max_norm = max_norm
