"""The problem that an estimator would solve, built without training."""

import copy
import inspect
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk231n.base import GradientEstimator
from sk231n.core.network import Network
from sk231n.core.problem import Problem


def check_estimator_type(estimator: Any, function: str) -> None:
    """Raise an error if the estimator is not trained by gradients."""
    if not isinstance(estimator, GradientEstimator):
        what = "the class" if inspect.isclass(estimator) else "an object of class"
        name = getattr(estimator, "__name__", type(estimator).__name__)
        raise TypeError(
            f"{function} needs an estimator that is trained by gradients, such as "
            "SoftmaxClassifier(), LinearSVM(), MLPClassifier(), MLPRegressor() or "
            f"ConvNetClassifier(); got {what} {name}. For a pipeline, pass the last step, and the "
            "data transformed by the others; a function of your own is checked by "
            "numerical_gradient and relative_error."
        )


def is_fitted(estimator: Any) -> bool:
    """Whether there are learnt parameters to start from."""
    return hasattr(estimator, "n_iter_")


def make_problem(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    rng: np.random.RandomState | None = None,
) -> tuple[Any, Problem]:
    """Build the problem of ``fit`` in float64; the estimator is left unchanged.

    Parameters
    ----------
    estimator : GradientEstimator
        If it is fitted, the parameters are the learnt ones, else those with which ``fit`` starts.
    X, y, sample_weight : array-like
        The arguments of ``fit``.
    rng : RandomState, default=None
        Draws the first parameters.

    Returns
    -------
    estimator : GradientEstimator
        A copy, which has learnt the classes or targets.
    problem : Problem
        Objective, parameters and data.
    """
    estimator, warm = copy.copy(estimator), is_fitted(estimator)
    estimator._check_arguments()
    data = estimator._data(X, y, sample_weight, reset=not warm, learn=not warm)
    data = estimator._weigh(data)._replace(dtype=np.dtype(np.float64))
    problem = estimator._problem(data, estimator._no_moments(data), rng, warm=warm)
    return estimator, problem


def inputs(
    problem: Problem, n_rows: int | None = None
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Inputs as training sees them, targets and weights.

    `n_rows` is about how many samples, evenly spread over the data, are picked; None picks all.
    """
    data = problem.data
    rows = data.rows[:: max(1, len(data.rows) // n_rows)] if n_rows else data.rows
    x = problem.standardization(data.X[rows].astype(data.dtype))
    return x, *data.targets(rows)


def parameter_names(network: Network) -> list[dict[str, str]]:
    """Name of each parameter array, by layer: W1, b1, scale1, shift1, W2, ..."""
    names, number = [], 0
    for layer, shapes in zip(network.layers, network.layout.shapes, strict=True):
        number += bool(layer.weights)
        names.append({name: f"{name}{number}" for name in shapes if name not in layer.statistics})
    return names
