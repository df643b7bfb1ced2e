"""Statistics of the activations in each layer of a network."""

import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from sk231n._estimators import only_numbers
from sk231n._prediction import refuse_overflow
from sk231n.core.activations import ACTIVATIONS, Activation
from sk231n.core.automatic_rate import ridge
from sk231n.core.data import Data
from sk231n.core.layer import Phase
from sk231n.core.network import Network
from sk231n.diagnostics._problem import check_estimator_type, is_fitted
from sk231n.diagnostics._table import Table, Tabular

_COLUMNS = {
    "layer": ">", "activation": "<", "width": ">", "mean": ">", "std": ">", "dead units": ">",
    "saturated": ">",
}  # fmt: skip
_LIMITS = {"tanh": (-1.0, 1.0), "logistic": (0.0, 1.0)}  # of the activations that have two
_MARGIN = 0.025  # share of the range within which an activation counts as saturated


class LayerActivations(NamedTuple):
    """Statistics of the activations of one hidden layer.

    Parameters
    ----------
    layer : int
        Number of the hidden layer, from 1 on.
    activation : str
        Name of the activation.
    width : int
        Number of units, or channels.
    mean : float
        Mean over samples and units.
    std : float
        Standard deviation over samples and units.
    dead : float
        Share of the units, or channels, that are zero for all samples.
    saturated : float
        Share of the activations within 2.5 % of the range of a limit of ``tanh`` or ``logistic``;
        NaN for other activations.

    Examples
    --------
    >>> from sk231n.diagnostics import LayerActivations
    >>> LayerActivations(1, "relu", 100, 0.4, 0.6, 0.02, float("nan")).dead
    0.02
    """

    layer: int
    activation: str
    width: int
    mean: float
    std: float
    dead: float
    saturated: float

    def _repr_html_(self):
        """Return the statistics as HTML, for notebooks."""
        return Table("", _COLUMNS, [_cells(self)])._repr_html_()


def _cells(row):
    saturated = "-" if np.isnan(row.saturated) else f"{row.saturated:.1%}"
    return [
        str(row.layer), row.activation, str(row.width), f"{row.mean:.4f}", f"{row.std:.4f}",
        f"{row.dead:.1%}", saturated,
    ]  # fmt: skip


@dataclass(frozen=True, repr=False)
class ActivationStatistics(Tabular):
    """Result of :func:`activation_statistics`; printed or at the end of a cell, a table.

    Parameters
    ----------
    layers : list of LayerActivations
        Statistics of each hidden layer.
    activations : list of ndarray of shape (n_samples, width) or (n_samples, h, w, width)
        The outputs of each hidden layer.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.diagnostics import ActivationStatistics, LayerActivations
    >>> layer = LayerActivations(1, "relu", 2, 0.5, 0.5, 0.5, float("nan"))
    >>> print(ActivationStatistics([layer], [np.array([[0.0, 1.0]])]))
    layer  activation  width      mean       std  dead units  saturated
        1  relu            2    0.5000    0.5000       50.0%          -
    """

    layers: list[LayerActivations]
    activations: list[NDArray[Any]]

    def _table(self):
        return Table("", _COLUMNS, [_cells(row) for row in self.layers])


def activation_statistics(estimator: Any, X: ArrayLike) -> ActivationStatistics:
    """Measure the activations of each hidden layer.

    Spreads that shrink or grow from layer to layer are a sign of initial weights that are too small
    or too large. Dead rectifiers no longer learn; they are a sign of a learning rate that was too
    high.
    Saturated units hardly learn.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor or ConvNetClassifier
        If it is not fitted, the weights are those with which ``fit`` would start, and `X` is used
        as the training data; batch normalization then uses the moments of `X`.
    X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
        Data; stacks of images are flattened.

    Returns
    -------
    ActivationStatistics
        The ``layers``, each with ``mean``, ``std``, ``dead`` and ``saturated``, and the
        ``activations`` themselves; print it.

    Raises
    ------
    TypeError
        If the estimator has no hidden layers.
    ValueError
        If `X` is invalid.

    References
    ----------
    CS231n course notes, "Neural networks part 3",
    https://cs231n.github.io/neural-networks-3/#distr.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk231n import MLPClassifier
    >>> from sk231n.diagnostics import activation_statistics
    >>> X, _ = load_digits(return_X_y=True)
    >>> model = MLPClassifier((50, 50), activation="tanh", weight_init=0.01, random_state=0)
    >>> print(activation_statistics(model, X))  # the signal vanishes
    layer  activation  width      mean       std  dead units  saturated
        1  tanh           50   -0.0000    0.0760        0.0%       0.0%
        2  tanh           50    0.0000    0.0053        0.0%       0.0%
    """
    check_estimator_type(estimator, "activation_statistics")
    if not hasattr(estimator, "_hidden_blocks"):
        raise TypeError(
            "activation_statistics needs a network, such as MLPClassifier; "
            f"{type(estimator).__name__} has no hidden layers."
        )
    find = _after_training if is_fitted(estimator) else _before_training
    layers, activations = find(copy.copy(estimator), X)
    rows = []
    for number, (layer, a) in enumerate(zip(layers, activations, strict=True), start=1):
        name, units = _activation_name(layer), tuple(range(a.ndim - 1))
        rows.append(
            LayerActivations(
                number, name, a.shape[-1], float(a.mean(dtype=np.float64)),
                float(a.std(dtype=np.float64)), float(np.mean(~a.any(axis=units))),
                _saturated(name, a),
            )
        )  # fmt: skip
    return ActivationStatistics(rows, activations)


def _activation_name(layer):
    """Name of an activation, or the repr of one of the user's own."""
    names = [name for name, known in ACTIVATIONS.items() if repr(known) == repr(layer)]
    return names[0] if names else repr(layer)


def _saturated(name, a):
    if name not in _LIMITS:
        return np.nan
    low, high = _LIMITS[name]
    margin = _MARGIN * (high - low)
    return float(np.mean((a < low + margin) | (a > high - margin)))


def _after_training(estimator, X):
    """Activation layers of a fitted network, and their outputs."""
    layers = estimator._fitted()[0].layers
    hidden = [k for k, layer in enumerate(layers) if isinstance(layer, Activation)]

    def compute(network, parameters, x, phase):
        outputs = network.outputs(parameters, x)
        return [outputs[k] for k in hidden]

    activations = estimator._outputs(estimator._validated(X), compute) if hidden else []
    for of_layer in activations:
        refuse_overflow(of_layer.reshape(len(of_layer), -1))
    return [layers[k] for k in hidden], activations


def _before_training(estimator, X):
    """Activation layers, and their outputs with the parameters with which training starts."""
    estimator._check_arguments()
    rows, image_shape = estimator._as_rows(X)
    X = only_numbers(validate_data(estimator, rows))
    estimator._check_images(image_shape, X.shape[1], learn=True)
    x = X.astype(np.float64)
    rng = check_random_state(estimator.random_state)
    if estimator.random_state is rng:
        rng = copy.deepcopy(rng)
    hidden_blocks = estimator.set_params(dropout=0.0)._hidden_blocks()
    layers = [layer for block in hidden_blocks for layer in block]
    network = Network(layers, estimator._sample_shape(x.shape[1]))
    views = network.layout.views(network.initialize(rng, x.dtype))
    data = Data(x, np.zeros((len(x), 1)), np.ones(len(x)), np.arange(len(x)), x.dtype).normalized()
    moments = estimator._no_moments(data).inputs.updated(data, count=len(x))
    if layers and layers[0].standardizes:
        layers[0].set_moments(views[0], moments.mean, moments.variance)
    elif estimator._automatic:  # the standardisation that training would use
        x = moments.standardization(x.dtype, ridge(estimator.alpha, estimator._penalty()))(x)
    hidden, activations, phase = [], [], Phase(rng)
    x = network.as_samples(x)
    for layer, p in zip(layers, views, strict=True):
        x, _ = layer.forward(p, x, phase)
        if isinstance(layer, Activation):
            hidden.append(layer)
            activations.append(x)
    return hidden, activations
