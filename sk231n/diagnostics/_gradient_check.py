"""The gradient that training follows, compared with differences of the objective."""

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_random_state

from sk231n._estimators import one_blas_thread
from sk231n._floating_point import quiet
from sk231n._sklearn import validate_parameter_constraints
from sk231n.core.arguments import RANDOM_STATE, Number, count
from sk231n.core.layer import Phase
from sk231n.core.team import Team
from sk231n.diagnostics._gradient_report import GradientCheck, ParameterCheck
from sk231n.diagnostics._numerical import relative_errors
from sk231n.diagnostics._problem import (
    check_estimator_type,
    inputs,
    is_fitted,
    make_problem,
    parameter_names,
)

_CONSTRAINTS = {
    "n_checks": [count(1)],
    "h": [Number(Real, 0, 1, closed="right")],
    "tolerance": [Number(Real, 0, None, closed="neither")],
    "random_state": RANDOM_STATE,
}
_EPSILON = np.finfo(np.float64).eps
_PRECISION = 1e-8  # largest relative error that the rounding of a difference may cause


def check_gradient(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    n_checks: int = 20,
    h: float = 1e-5,
    tolerance: float = 1e-6,
    random_state: int | np.random.RandomState | None = None,
) -> GradientCheck:
    r"""Compare the gradient that training follows with differences of the objective.

    The data's loss and the penalty are compared apart, on some parameters of every array, in
    float64. Dropout keeps the same mask, batch normalization uses the moments of `X`. Where a
    difference crosses a kink (a rectifier switches, a margin begins to be violated, a weight
    changes its sign under an l1 penalty) there is nothing to compare; such parameters are counted.

    Parameters
    ----------
    estimator : estimator
        A ``SoftmaxClassifier``, ``LinearSVM``, ``MLPClassifier``, ``MLPRegressor`` or
        ``ConvNetClassifier``, which is left as it is. A fitted one is checked at the learnt
        parameters, another one at those with which ``fit`` starts, moved a little at random where
        they are zeros and ones.
    X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
        A batch of data; some tens of samples are enough, and cross few kinks.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples; None for equal weights.
    n_checks : int, default=20
        Number of parameters of each array, drawn at random; smaller arrays are checked as a whole.
    h : float in (0, 1], default=1e-5
        Half the width of the narrower of two differences; the other is twice as wide. For the
        weights of an input whose values exceed one, it is divided by their size, so that all
        scores change by similar amounts.
    tolerance : float > 0, default=1e-6
        Largest relative error that passes.
    random_state : int, RandomState or None, default=None
        Determines which parameters are checked, masks of dropout, and the parameters of an
        estimator that is not fitted.

    Returns
    -------
    GradientCheck
        ``max_relative_error``, ``kinks_crossed``, ``passed``, and ``table``; print it.

    Raises
    ------
    TypeError
        If the estimator is not trained by gradients.
    ValueError
        If the data or the arguments are invalid.
    FloatingPointError
        If the loss at these parameters is not finite.

    See Also
    --------
    numerical_gradient : Gradient of any function by central differences.
    check_sanity : Checks of the training.

    Notes
    -----
    The relative error is :math:`|a - n| / \max(|a| + |n|, r)` with the gradient :math:`a`, the
    numerical slope :math:`n`, and a floor :math:`r` that makes the rounding of a difference, about
    :math:`10^{-16} |J| / h`, count for less than :math:`10^{-7}`. The slope is extrapolated from
    the central differences :math:`D` of two widths, :math:`n = (4 D_h - D_{2h}) / 3`, which leaves
    an error of the order of :math:`h^4`: normalizations of a few units may be strongly curved.

    References
    ----------
    CS231n course notes, "Neural networks part 3",
    https://cs231n.github.io/neural-networks-3/#gradcheck.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk231n import MLPClassifier
    >>> from sk231n.diagnostics import check_gradient
    >>> X, y = load_digits(return_X_y=True)
    >>> model = MLPClassifier((16,), activation="tanh", normalization="batch", dropout=0.3)
    >>> result = check_gradient(model, X[:50], y[:50], random_state=0)
    >>> result.passed, result.max_relative_error < 1e-7
    (True, True)
    >>> print(result)
    Gradient check of MLPClassifier: passed
    parameter  part        size  checked  kinks  relative error
    value      data           1        1      0         ...
    W1         data        1024       20      0         ...
    W1         penalty     1024       20      0         ...
    ...
    """
    arguments = {
        "n_checks": n_checks, "h": h, "tolerance": tolerance, "random_state": random_state,
    }  # fmt: skip
    validate_parameter_constraints(_CONSTRAINTS, arguments, "check_gradient")
    check_estimator_type(estimator, "check_gradient")
    rng = check_random_state(random_state)
    fitted = is_fitted(estimator)
    estimator, problem = make_problem(estimator, X, y, sample_weight, rng)
    with one_blas_thread():
        table = _checked(estimator, problem, fitted, n_checks, h, rng)
    return GradientCheck(type(estimator).__name__, table, tolerance)


@quiet
def _checked(estimator, problem, fitted, n_checks, h, rng):
    definition = _Definition(estimator, problem, seed=rng.randint(2**31))
    if not fitted:
        _perturb(definition, rng)
    return _compare(problem, definition, n_checks, float(h), rng)


class _Definition:
    """The two parts of the objective, computed a second time from their definition.

    Parameters
    ----------
    estimator : GradientEstimator
        Says what is minimised.
    problem : Problem
        Provides the network, the data and the parameters, which may change later.
    seed : int
        Determines the masks of dropout.
    """

    def __init__(self, estimator, problem, seed):
        self.problem, self.network = problem, problem.objective.network
        self.views = self.network.layout.views(problem.theta)
        self.x, self.y, w = inputs(problem)
        self.w = w / w.sum()
        self.seed = seed
        self.loss, self.penalty = estimator._loss(), estimator._penalty()
        self.alpha = estimator.alpha
        self._starts = {}  # by layer: its input and the random state before it

    def data_loss(self, first=0):
        """Loss of the data, and on which side of each kink it was computed.

        `first` is the layer to start from; earlier layers must be as in the first run.
        """
        rng, kink_sides = np.random.RandomState(self.seed), []
        x = self.network.as_samples(self.x)
        if first:
            x, state = self._starts[first]
            rng.set_state(state)

        def watch(layer, x):
            kink_sides.append(layer.kink_sides(x))

        phase = Phase(rng, self.w, watch=watch)
        for k in range(first, len(self.views)):
            if k not in self._starts:
                self._starts[k] = x, rng.get_state()
            layer = self.network.layers[k]
            watch(layer, x)
            x, _ = layer.forward(self.views[k], x, phase)
        kink_sides.append(self.loss.kink_sides(x, self.y))
        return self.loss(x, self.y, self.w)[0], kink_sides

    def penalty_value(self):
        """Penalty of the weights alone, in the units of the data."""
        if self.penalty is None:
            return 0.0
        views = self.network.layout.views(self.problem.theta.copy())
        self.problem.standardization.fold(self.network.layers[0], views[0])
        weights = [
            getattr(p, name)
            for layer, p in zip(self.network.layers, views, strict=True)
            for name in layer.weights
        ]
        return self.alpha * sum(self.penalty(array)[0] for array in weights)

    def slopes(self, layer, penalized, i, step):
        """Slope of each part along parameter `i` of a layer; NaN where a kink is crossed."""
        narrow, wide = (self.difference(layer, penalized, i, width) for width in (step, 2 * step))
        return (4 * narrow - wide) / 3

    def difference(self, layer, penalized, i, step):
        """Central difference of each part, from one step below to one step above."""
        theta, middle = self.problem.theta, self.problem.theta[i]
        ends, values, kink_sides = [], [], []
        for theta[i] in (middle + step, middle - step):
            loss, sides = self.data_loss(layer)
            ends.append(theta[i])
            values.append((loss, self.penalty_value() if penalized else 0.0))
            kink_sides.append(sides)
        theta[i] = middle
        if ends[0] == ends[1]:
            raise ValueError(f"h={step:g} is too small for a difference around {middle:g}.")
        loss, penalty = np.subtract(*values) / (ends[0] - ends[1])
        if not all(map(np.array_equal, *kink_sides)):
            loss = np.nan
        if penalized and not self.penalty.smooth and ends[0] * ends[1] <= 0:
            penalty = np.nan
        return np.array([loss, penalty])


def _perturb(definition, rng):
    """Move initial zeros and ones, where gradients may vanish and wrong factors stay hidden."""
    sizes = 1
    if definition.network.layers[0].folds_inputs:
        sizes = np.maximum(np.sqrt(definition.w @ definition.x**2), 1)[:, None]
    for layer, p in zip(definition.network.layers, definition.views, strict=True):
        for name, array in vars(p).items():
            values = rng.standard_normal(array.shape)
            if name in layer.weights:  # scaled to keep the scores small
                n_inputs = array.size // array.shape[-1]
                array += np.where(array == 0, values / np.sqrt(n_inputs) / sizes, 0)
                sizes = 1
            elif name not in layer.statistics:
                array += 0.1 * values


def _trained(problem, definition):
    """Values and gradients of both parts, as training computes them."""
    objective, theta = problem.objective, problem.theta
    batch = inputs(problem)
    of_data, of_both = np.full((2, theta.size), np.nan)  # training must overwrite all NaN
    rng = np.random.RandomState(definition.seed)
    value, _ = objective.data_loss(theta.copy(), *batch, of_data, rng)
    rng = np.random.RandomState(definition.seed)
    total, _ = objective(theta.copy(), *batch, of_both, rng)
    return (value, total - value), (of_data, of_both - of_data)


def _steps(problem, definition, h):
    """Half the width of the difference along each parameter."""
    steps = np.full_like(problem.theta, h)
    first = definition.network.layout.views(steps)[0]
    layer = definition.network.layers[0]
    for name in layer.weights if layer.folds_inputs else ():
        weights = getattr(first, name)
        weights /= np.maximum(np.abs(definition.x).max(axis=0), 1)[:, None]
    return steps


def _compare(problem, definition, n_checks, h, rng):
    """Lines of the table: both values, and both parts of each array's gradient."""
    problem.objective.team = Team(1)  # a small batch is not worth several threads
    problem.objective.micro_batches = None  # the definition sees the batch as a whole
    (loss, _), penalty = definition.data_loss(), definition.penalty_value()
    if not np.isfinite(loss + penalty):
        raise FloatingPointError(
            f"The loss at these parameters is {loss + penalty}. Scale the features, or start with "
            "smaller weights."
        )
    has_penalty = definition.penalty is not None and definition.alpha > 0
    parts = ["data", "penalty"] if has_penalty else ["data"]
    found, gradients = _trained(problem, definition)
    table = [
        _line("value", part, (), [0], [a], [b], _EPSILON * abs(loss))
        for part, a, b in zip(parts, found, (loss, penalty), strict=False)
    ]
    layout, steps = definition.network.layout, _steps(problem, definition, h)
    positions = layout.views(np.arange(problem.theta.size))
    for k, names in enumerate(parameter_names(definition.network)):
        for name, label in names.items():
            array = getattr(positions[k], name)
            chosen = rng.permutation(array.size)[:n_checks]
            at = array.ravel()[chosen]
            penalized = has_penalty and name in definition.network.layers[k].weights
            slopes = [definition.slopes(k, penalized, i, steps[i]) for i in at]
            rounding = {
                "data": _EPSILON * abs(loss) / steps[at],
                # Its gradient is a difference of two gradients, which adds their rounding.
                "penalty": _EPSILON * (abs(penalty) / steps[at] + np.abs(gradients[0][at])),
            }
            for part, gradient, numerical in zip(
                parts, gradients, np.transpose(slopes), strict=False
            ):
                table.append(
                    _line(label, part, array.shape, chosen, gradient[at], numerical, rounding[part])
                )
    return table


def _line(parameter, part, shape, chosen, analytic, numerical, rounding):
    """Compare an array's gradient with the differences, NaN where these cross kinks."""
    analytic, numerical = np.asarray(analytic), np.asarray(numerical)
    errors = relative_errors(analytic, numerical, rounding / _PRECISION)
    smooth = ~np.isnan(numerical)
    errors = np.where(np.isfinite(errors), errors, np.inf)[smooth]
    size, kinks = int(np.prod(shape, dtype=int)), int(np.sum(~smooth))
    if not len(errors):
        return ParameterCheck(parameter, part, size, 0, kinks, 0.0, None, np.nan, np.nan)
    worst = np.flatnonzero(smooth)[errors.argmax()]
    index = tuple(map(int, np.unravel_index(chosen[worst], shape))) if shape else None
    return ParameterCheck(
        parameter, part, size, len(errors), kinks, float(errors.max()), index,
        float(analytic[worst]), float(numerical[worst]),
    )  # fmt: skip
