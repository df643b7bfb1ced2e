"""The gradient that training follows, held against differences of the objective."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from sk231n.core.layers import Phase
from sk231n.diagnostics._numerical import relative_errors
from sk231n.diagnostics._problem import (
    check_estimator_type,
    inputs,
    is_fitted,
    make_problem,
    parameter_names,
)

_EPSILON = np.finfo(np.float64).eps
_PRECISION = 1e-7  # rounding counts for less than this


class ParameterCheck(NamedTuple):
    """A line of a gradient check: one parameter array, and one part of the objective.

    Parameters
    ----------
    parameter : str
        Name of the array: ``W1``, ``b1`` for weights and intercepts of the first affine layer,
        ``scale1``, ``shift1`` for the normalization that follows, and so on; ``value`` for the
        objective itself.
    part : {"data", "penalty"}
        Part of the objective.
    size : int
        Number of parameters in the array.
    checked : int
        Number of those that were compared.
    kinks_crossed : int
        Number of those that could not be compared, because there is a kink within the difference.
    max_relative_error : float
        Largest relative error.
    index : tuple of int or None
        Where that is.
    analytic : float
        Gradient of the training there.
    numerical : float
        Central difference there.

    Examples
    --------
    >>> from sk231n.diagnostics import ParameterCheck
    >>> ParameterCheck("b1", "data", 10, 9, 1, 1e-9, (3,), 0.25, 0.25).kinks_crossed
    1
    """

    parameter: str
    part: str
    size: int
    checked: int
    kinks_crossed: int
    max_relative_error: float
    index: tuple | None
    analytic: float
    numerical: float


@dataclass(frozen=True)
class GradientCheck:
    """Result of :func:`check_gradient`; printed, a table.

    Parameters
    ----------
    estimator : str
        Name of the estimator's class.
    table : list of ParameterCheck
        One entry per parameter array and part of the objective.
    tolerance : float
        Largest relative error that passes.

    Examples
    --------
    >>> from sk231n.diagnostics import GradientCheck, ParameterCheck
    >>> line = ParameterCheck("b1", "data", 10, 9, 1, 1e-9, (3,), 0.25, 0.25)
    >>> GradientCheck("LinearSVM", [line], tolerance=1e-6).passed
    True
    """

    estimator: str
    table: list
    tolerance: float

    @property
    def max_relative_error(self):
        """Largest relative error of all."""
        return max(line.max_relative_error for line in self.table)

    @property
    def kinks_crossed(self):
        """Number of parameters that were left out because of a kink."""
        return sum(line.kinks_crossed for line in self.table)

    @property
    def passed(self):
        """Whether all relative errors are at most the tolerance."""
        return self.max_relative_error <= self.tolerance

    def __str__(self):
        """Return the table, and the worst entry."""
        verdict = "passed" if self.passed else "FAILED"
        lines = [
            f"Gradient check of {self.estimator}: {verdict}",
            "parameter  part        size  checked  kinks  relative error",
        ]
        for line in self.table:
            error = f"{line.max_relative_error:.1e}" if line.checked else "-"
            mark = "" if line.max_relative_error <= self.tolerance else "  <--"
            lines.append(
                f"{line.parameter:<9}  {line.part:<7} {line.size:>8}  {line.checked:>7}  "
                f"{line.kinks_crossed:>5}  {error:>14}{mark}"
            )
        worst = max(self.table, key=lambda line: line.max_relative_error)
        index = "" if worst.index is None else list(map(int, worst.index))
        lines.append(
            f"Largest error: {worst.parameter}{index} ({worst.part}), training "
            f"{worst.analytic:.6g}, difference {worst.numerical:.6g}."
        )
        if self.kinks_crossed:
            lines.append(
                f"{self.kinks_crossed} of the differences crossed a kink and were left out; fewer "
                "samples or a smaller h cross fewer."
            )
        return "\n".join(lines)


@validate_params(
    {
        "n_checks": [Interval(Integral, 1, None, closed="left")],
        "h": [Interval(Real, 0, None, closed="neither")],
        "tolerance": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def check_gradient(
    estimator, X, y, *, sample_weight=None, n_checks=20, h=1e-5, tolerance=1e-6, random_state=None
):
    r"""Compare the gradient that training follows with differences of the objective.

    The data's loss and the penalty are compared apart, on some parameters of every array, in
    float64. Dropout keeps the same mask, batch normalization uses the moments of `X`. Where a
    difference crosses a kink (a rectifier switches, a margin begins to be violated, a weight
    changes its sign under an l1 penalty) there is nothing to compare; such parameters are counted.

    Parameters
    ----------
    estimator : estimator
        A ``SoftmaxClassifier``, ``LinearSVM``, ``MLPClassifier`` or ``MLPRegressor``, which is left
        as it is. A fitted one is checked at the learnt parameters, another one at those with which
        ``fit`` starts, zeros replaced by small random numbers.
    X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
        A batch of data; some tens of samples are enough, and cross few kinks.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples; None weighs all alike.
    n_checks : int, default=20
        Number of parameters of each array, drawn at random; smaller arrays are checked as a whole.
    h : float > 0, default=1e-5
        Half the width of the differences. For the weights of an input that gets larger than one it
        is divided by the size of that, so that scores change about alike.
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
    difference :math:`n`, and a floor :math:`r` that makes the rounding of a difference, about
    :math:`10^{-16} |J| / h`, count for less than :math:`10^{-7}`.

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
    check_estimator_type(estimator, "check_gradient")
    rng = check_random_state(random_state)
    fitted = is_fitted(estimator)
    estimator, problem = make_problem(estimator, X, y, sample_weight, rng)
    check = _Check(estimator, problem, rng.randint(2**31))
    if not fitted:
        check.fill_zeros(rng)
    return GradientCheck(type(estimator).__name__, check.run(n_checks, h, rng), tolerance)


class _Check:
    """The objective twice: as training computes it, and once more straight from its definition."""

    def __init__(self, estimator, problem, seed):
        self.objective, self.theta = problem.objective, problem.theta
        self.objective.team = None  # a small batch is no work for several threads
        self.network, self.problem, self.seed = self.objective.network, problem, seed
        self.x, self.y, self.w = inputs(problem)
        self.loss, self.penalty = estimator._loss(), estimator._penalty()
        self.alpha = estimator.alpha / self.objective.unit

    def fill_zeros(self, rng):
        """Replace zeros, where gradients may vanish, by random numbers that keep scores small."""
        spread = np.sqrt(self.w @ self.x**2)
        for k, (layer, p) in enumerate(
            zip(self.network.layers, self.network.layout.views(self.theta), strict=True)
        ):
            for name, array in vars(p).items():
                values = 0.1 * rng.standard_normal(array.shape)
                if name in layer.penalized:
                    values *= 10 / np.sqrt(len(array))
                    values /= np.maximum(spread, 1)[:, None] if k == 0 else 1
                array[array == 0] = values[array == 0]

    def training(self):
        """Values and gradients of both parts, as training computes them."""
        data_gradient, gradient = np.full((2, self.theta.size), np.nan)
        batch = self.x, self.y, self.w
        value, _ = self.objective.data_loss(
            self.theta.copy(), *batch, data_gradient, np.random.RandomState(self.seed)
        )
        total, _ = self.objective(
            self.theta.copy(), *batch, gradient, np.random.RandomState(self.seed)
        )
        return (value, total - value), (data_gradient, gradient - data_gradient)

    def data_loss(self, theta):
        """Loss of the data, and on which side of each kink it was computed."""
        x, sides = self.x, []
        phase = Phase(np.random.RandomState(self.seed), self.w)
        for layer, p in zip(self.network.layers, self.network.layout.views(theta), strict=True):
            sides.append(layer.sides(x))
            x, _ = layer.forward(p, x, phase)
        if self.objective.output is not None:
            x = self.objective.output(x)
        sides.append(self.loss.sides(x, self.y))
        return self.loss(x, self.y, self.w)[0] / self.objective.unit, sides

    def penalty_value(self, theta):
        """Penalty of the weights, and of them only, in the units of the data."""
        if self.penalty is None:
            return 0.0
        views = self.network.layout.views(theta.copy())
        self.problem.fold(views)
        weights = [
            getattr(p, name)
            for layer, p in zip(self.network.layers, views, strict=True)
            for name in layer.penalized
        ]
        return self.alpha * sum(self.penalty(array)[0] for array in weights)

    def run(self, n_checks, h, rng):
        """Compare values and gradients; return the lines of the table."""
        with np.errstate(over="ignore", invalid="ignore"):
            values = self.data_loss(self.theta.copy())[0], self.penalty_value(self.theta)
            training_values, gradients = self.training()
        if not np.isfinite(values).all():
            raise FloatingPointError(
                f"The loss at these parameters is {sum(values)}. Scale the features, or start with "
                "smaller weights."
            )
        parts = ["data", "penalty"] if self.penalty is not None and self.alpha else ["data"]
        table = [
            _line("value", part, (), [()], [training], [value], 0, _EPSILON * abs(values[0]))
            for part, training, value in zip(parts, training_values, values, strict=False)
        ]
        steps = self.steps(h)
        positions = self.network.layout.views(np.arange(self.theta.size))
        for names, where in zip(parameter_names(self.network), positions, strict=True):
            for name, label in names.items():
                array = getattr(where, name)
                chosen = rng.permutation(array.size)[:n_checks]
                differences = [self.differences(i, steps[i]) for i in array.ravel()[chosen]]
                for k, part in enumerate(parts):
                    numerical = np.array([pair[k] for pair in differences])
                    smooth = ~np.isnan(numerical)
                    found = chosen[smooth]
                    at = array.ravel()[found]
                    rounding = _EPSILON * abs(values[k]) / steps[at]
                    if part == "penalty":  # its gradient is what the total has more than the data's
                        rounding += _EPSILON * np.abs(gradients[0][at])
                    table.append(
                        _line(
                            label, part, array.shape,
                            list(zip(*np.unravel_index(found, array.shape), strict=True)),
                            gradients[k][at], numerical[smooth], np.sum(~smooth), rounding,
                        )
                    )  # fmt: skip
        return table

    def steps(self, h):
        """Half the width of each parameter's difference."""
        steps = np.full(self.theta.size, h)
        first = self.network.layout.views(steps)[0]
        for name in self.network.layers[0].penalized:
            array = getattr(first, name)
            array /= np.maximum(np.abs(self.x).max(axis=0), 1)[:, None]
        return steps

    def differences(self, i, step):
        """Difference of each part along one parameter; NaN where it crosses a kink."""
        (above, below), middle = np.repeat(self.theta[None], 2, axis=0), self.theta[i]
        above[i], below[i] = middle + step, middle - step
        width = above[i] - below[i]
        penalties = self.penalty_value(above) - self.penalty_value(below)
        if self.penalty is not None and not self.penalty.smooth and above[i] * below[i] <= 0:
            penalties = np.nan
        value_above, sides_above = self.data_loss(above)
        value_below, sides_below = self.data_loss(below)
        losses = value_above - value_below
        if not all(map(np.array_equal, sides_above, sides_below)):
            losses = np.nan
        return losses / width, penalties / width


def _line(name, part, shape, indices, analytic, numerical, kinks, rounding):
    """Summarise what was compared of one array."""
    analytic, numerical = np.asarray(analytic), np.asarray(numerical)
    floor = np.maximum(2 * rounding / _PRECISION, np.finfo(np.float64).tiny)
    errors = relative_errors(analytic, numerical, floor)
    errors = np.where(np.isfinite(errors), errors, np.inf)
    size = int(np.prod(shape, dtype=int))
    if not len(errors):
        return ParameterCheck(name, part, size, 0, int(kinks), 0.0, None, np.nan, np.nan)
    worst = int(errors.argmax())
    return ParameterCheck(
        name, part, size, len(errors), int(kinks), float(errors[worst]),
        tuple(map(int, indices[worst])) or None, float(analytic[worst]), float(numerical[worst]),
    )  # fmt: skip
