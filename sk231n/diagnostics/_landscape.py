"""The objective around the learnt parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sk231n._estimators import one_blas_thread
from sk231n._sklearn import validate_parameter_constraints
from sk231n.core.arguments import RANDOM_STATE, Number, as_floats
from sk231n.core.training import evaluate
from sk231n.diagnostics._problem import check_estimator_type, make_problem
from sk231n.diagnostics._table import Table, Tabular

_CONSTRAINTS = {
    "n_directions": [Number(Integral, 1, 2, closed="both")],
    "n_points": [Number(Integral, 2, 10**4, closed="both")],
    "random_state": RANDOM_STATE,
}


@dataclass(frozen=True, repr=False)
class LossLandscape(Tabular):
    """Result of :func:`loss_landscape`; printed or at the end of a cell, a summary.

    Parameters
    ----------
    coordinates : list of ndarray of shape (n_points,)
        How far along each direction the objective was computed; 0 is at the learnt parameters.
    losses : ndarray of shape (n_points,) or (n_points, n_points)
        The objective, ``losses[i, j]`` at ``coordinates[0][i]`` and ``coordinates[1][j]``.
    directions : ndarray of shape (n_directions, n_parameters)
        The directions.
    center : float
        The objective at the learnt parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.diagnostics import LossLandscape
    >>> t = np.linspace(-1, 1, 3)
    >>> LossLandscape([t], t**2, np.ones((1, 1)), 0.0).losses
    array([1., 0., 1.])
    """

    coordinates: list[NDArray[np.float64]]
    losses: NDArray[np.float64]
    directions: NDArray[Any]
    center: float

    def _table(self):
        columns = {"direction": ">", "from": ">", "to": ">", "points": ">", "least at": ">"}
        least = np.unravel_index(np.nan_to_num(self.losses, nan=np.inf).argmin(), self.losses.shape)
        rows = [
            [str(k), f"{axis[0]:g}", f"{axis[-1]:g}", str(len(axis)), f"{axis[i]:.3g}"]
            for k, (axis, i) in enumerate(zip(self.coordinates, least, strict=True), start=1)
        ]
        note = (
            f"Loss {self.center:.6g} at the learnt parameters, {self.losses[least]:.6g} at the "
            f"lowest point, {np.nan_to_num(self.losses, nan=-np.inf).max():.6g} at the highest."
        )
        return Table("Loss landscape", columns, rows, [note])


def loss_landscape(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    n_directions: int = 2,
    directions: Sequence[Any] | NDArray[Any] | None = None,
    n_points: int = 21,
    span: float | tuple[float, float] = 1.0,
    sample_weight: ArrayLike | None = None,
    random_state: int | np.random.RandomState | None = None,
) -> LossLandscape:
    r"""Compute the objective along one or two directions through the learnt parameters.

    Parameters
    ----------
    estimator : estimator
        A fitted ``SoftmaxClassifier``, ``LinearSVM``, ``MLPClassifier``, ``MLPRegressor`` or
        ``ConvNetClassifier``, which is left as it is.
    X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
        Data.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    n_directions : {1, 2}, default=2
        Number of random directions.
    directions : sequence of one or two directions, default=None
        Directions of your own: other fitted estimators of the same kind, for the way from this one
        (at 0) to that one (at 1), or arrays of shape (n_parameters,), one number for each parameter
        in the order of the layers, as training sees them. None draws random ones.
    n_points : int >= 2, default=21
        Number of points along each direction, at most 10,000.
    span : float > 0 or tuple (low, high), default=1.0
        How far to go along each direction, both ways, or from where to where.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples; None for equal weights.
    random_state : int, RandomState or None, default=None
        Determines the random directions.

    Returns
    -------
    LossLandscape
        The ``coordinates`` along each direction, and the ``losses``.

    Raises
    ------
    TypeError
        If the estimator is not trained by gradients.
    NotFittedError
        If the estimator is not fitted.
    ValueError
        If the data or the arguments are invalid.

    Notes
    -----
    At :math:`(a, b)` it is the objective :math:`J(\theta + a d_1 + b d_2)`, penalty included, as in
    prediction: no dropout, running averages. A random direction changes weights only, and those of
    a unit by a vector of their own length: at 1 the change is as large as the learnt weights.

    References
    ----------
    H. Li et al., "Visualizing the loss landscape of neural nets", NeurIPS 2018,
    :arxiv:`1712.09913`.
    CS231n course notes, "Optimization part 1", https://cs231n.github.io/optimization-1/#vis.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk231n import SoftmaxClassifier
    >>> from sk231n.diagnostics import loss_landscape
    >>> X, y = load_digits(return_X_y=True)
    >>> model = SoftmaxClassifier(random_state=0).fit(X, y)
    >>> landscape = loss_landscape(model, X, y, n_points=5, random_state=0)
    >>> landscape.losses.shape
    (5, 5)
    >>> bool(landscape.losses.min() == landscape.losses[2, 2])
    True
    """
    arguments = {
        "n_directions": n_directions, "n_points": n_points, "random_state": random_state,
    }  # fmt: skip
    validate_parameter_constraints(_CONSTRAINTS, arguments, "loss_landscape")
    check_estimator_type(estimator, "loss_landscape")
    check_is_fitted(estimator)
    low, high = _range(span)
    estimator, problem = make_problem(estimator, X, y, sample_weight)
    if directions is None:
        rng = check_random_state(random_state)
        directions = np.array([_random_direction(problem, rng) for _ in range(n_directions)])
    else:
        directions = _given_directions(directions, problem)
    coordinates = [np.linspace(low, high, n_points) for _ in directions]
    losses = np.empty([n_points] * len(directions))
    with one_blas_thread(), problem.objective.team:
        center = evaluate(problem, problem.theta)
        for index in np.ndindex(losses.shape):
            steps = [axis[i] for axis, i in zip(coordinates, index, strict=True)]
            losses[index] = evaluate(problem, problem.theta + steps @ directions)
    return LossLandscape(coordinates, losses, directions, center)


def _range(span):
    """The ends of the coordinates."""
    is_number = isinstance(span, Real) and not isinstance(span, bool | np.bool_)
    try:
        ends = as_floats([-span, span] if is_number else span, "span")
    except ValueError:
        ends = np.array(np.nan)
    if ends.shape != (2,) or not 0 < float(ends[1]) - float(ends[0]) < np.inf:
        raise ValueError(
            f"span must be a number > 0, or two numbers (low, high), low < high; got {span!r:.200}."
        )
    return ends


def _random_direction(problem, rng):
    """Draw a direction that changes each unit's weights by a vector of their length."""
    network = problem.objective.network
    direction = np.zeros_like(problem.theta)
    for layer, p, d in zip(
        network.layers, network.layout.views(problem.theta), network.layout.views(direction),
        strict=True,
    ):  # fmt: skip
        for name in layer.weights:
            # One column per unit, also of filters.
            weights, drawn = (
                array.reshape(-1, array.shape[-1]) for array in (getattr(p, name), getattr(d, name))
            )
            drawn[...] = rng.standard_normal(drawn.shape)
            drawn *= np.linalg.norm(weights, axis=0) / np.linalg.norm(drawn, axis=0)
    return direction


def _given_directions(directions, problem):
    """Turn fitted estimators or arrays into vectors."""
    if not isinstance(directions, (list, tuple, np.ndarray)) or not 1 <= len(directions) <= 2:
        raise ValueError(
            f"directions must be a list of one or two directions; got {directions!r:.200}."
        )
    vectors = []
    for direction in directions:
        if hasattr(direction, "get_params"):
            check_estimator_type(direction, "directions")
            direction = _parameters(direction, problem) - problem.theta
        try:
            vector = as_floats(direction, "directions")
        except ValueError:
            vector = np.array(np.nan)
        if vector.shape != problem.theta.shape or not np.isfinite(vector).all():
            raise ValueError(
                f"directions must hold finite arrays of shape {problem.theta.shape}, or fitted "
                f"estimators; got {direction!r:.200}."
            )
        vectors.append(vector)
    return np.array(vectors)


def _parameters(estimator, problem):
    """The learnt parameters of another estimator, as the training of this one would see them."""
    check_is_fitted(estimator)
    layout = problem.objective.network.layout
    parameters = estimator._parameters()
    shapes = [{name: a.shape for name, a in vars(p).items()} for p in parameters]
    if shapes != layout.shapes:
        raise ValueError(
            "directions holds an estimator whose parameters have other shapes than those of the "
            f"estimator: {shapes} instead of {layout.shapes}."
        )
    theta = layout.zeros(np.float64)
    views = layout.views(theta)
    for view, p in zip(views, parameters, strict=True):
        for name, array in vars(p).items():
            getattr(view, name)[...] = array
    problem.unfold(views)
    return theta
