"""The course's three checks before any long training."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone, is_classifier
from sklearn.utils import check_random_state

from sk231n._floating_point import quiet
from sk231n._sklearn import safe_indexing, validate_parameter_constraints
from sk231n.core.arguments import RANDOM_STATE, count
from sk231n.diagnostics._problem import check_estimator_type, inputs, make_problem
from sk231n.diagnostics._table import Table, Tabular

_COLUMNS = {"check": "<", "result": "<", "found": "<", "try": "<"}
_CONSTRAINTS = {
    "n_samples": [count(2)],
    "random_state": RANDOM_STATE,
}
_N_ROWS = 1000  # samples on which the first loss is computed
_TOLERANCE = 0.2  # share of the expected first loss by which the one found may differ
_MEMORISED = 0.99  # the least score with which samples count as memorised


class SanityCheck(NamedTuple):
    """One check of a sanity report.

    Parameters
    ----------
    name : str
        What is checked.
    passed : bool
        Whether the check passed.
    found : str
        What was found, and what was expected.
    advice : str
        What to try if it failed; else empty.

    Examples
    --------
    >>> from sk231n.diagnostics import SanityCheck
    >>> SanityCheck("first loss", True, "2.303, expected ln 10 = 2.303", "").passed
    True
    """

    name: str
    passed: bool
    found: str
    advice: str

    def _repr_html_(self):
        """Return the check as HTML, for notebooks."""
        return Table("", _COLUMNS, [_cells(self)])._repr_html_()


def _cells(check):
    return [check.name, "ok" if check.passed else "WRONG", check.found, check.advice]


@dataclass(frozen=True, repr=False)
class SanityReport(Tabular):
    """Result of :func:`check_sanity`; printed or at the end of a cell, a report.

    Parameters
    ----------
    estimator : str
        Name of the estimator's class.
    checks : list of SanityCheck
        The checks, in their order.

    Examples
    --------
    >>> from sk231n.diagnostics import SanityCheck, SanityReport
    >>> check = SanityCheck("first loss", True, "2.303, expected ln 10 = 2.303", "")
    >>> print(SanityReport("LinearSVM", [check]))
    Sanity check of LinearSVM: passed
    [ok]    first loss: 2.303, expected ln 10 = 2.303
    """

    estimator: str
    checks: list[SanityCheck]

    @property
    def passed(self) -> bool:
        """Whether all checks passed."""
        return all(check.passed for check in self.checks)

    @property
    def _title(self):
        return f"Sanity check of {self.estimator}: {'passed' if self.passed else 'FAILED'}"

    def _table(self):
        return Table(self._title, _COLUMNS, [_cells(check) for check in self.checks])

    def __str__(self) -> str:
        """Return the report."""
        lines = [self._title]
        for check in self.checks:
            mark = "[ok]   " if check.passed else "[WRONG]"
            lines.append(f"{mark} {check.name}: {check.found}")
            if check.advice:
                lines.append(f"        Try: {check.advice}")
        return "\n".join(lines)


def check_sanity(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    *,
    n_samples: int = 20,
    random_state: int | np.random.RandomState | None = None,
) -> SanityReport:
    r"""Make the course's three checks, which distinguish working from broken training.

    1. Without a penalty, the first loss is that of scores that are all zero, such as
       :math:`\ln C` for the cross-entropy and :math:`(C - 1) \Delta` for the hinge.
    2. A larger ``alpha`` raises the loss.
    3. Without penalty and dropout, a few samples can be memorised.

    Parameters
    ----------
    estimator : estimator
        A ``SoftmaxClassifier``, ``LinearSVM``, ``MLPClassifier``, ``MLPRegressor`` or
        ``ConvNetClassifier``, which is left as it is. Learnt attributes are ignored.
    X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
        Training data.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    n_samples : int >= 2, default=20
        Number of samples to memorise, drawn evenly from all classes.
    random_state : int, RandomState or None, default=None
        Determines which samples these are, and the first parameters.

    Returns
    -------
    SanityReport
        ``passed``, and the ``checks``; print it.

    Raises
    ------
    TypeError
        If the estimator is not trained by gradients.
    ValueError
        If the data or the arguments are invalid.

    See Also
    --------
    check_gradient : Compares gradients with differences.

    References
    ----------
    CS231n course notes, "Neural networks part 3",
    https://cs231n.github.io/neural-networks-3/#sanitycheck.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk231n import SoftmaxClassifier
    >>> from sk231n.diagnostics import check_sanity
    >>> print(check_sanity(SoftmaxClassifier(), *load_digits(return_X_y=True), random_state=0))
    Sanity check of SoftmaxClassifier: passed
    [ok]    first loss: 2.303, expected 2.303 = CrossEntropy() of 10 scores that are zero
    [ok]    larger alpha: ...
    [ok]    20 samples memorised: accuracy 1.000, loss ...
    """
    arguments = {"n_samples": n_samples, "random_state": random_state}
    validate_parameter_constraints(_CONSTRAINTS, arguments, "check_sanity")
    check_estimator_type(estimator, "check_sanity")
    rng = check_random_state(random_state)
    y = y.toarray() if hasattr(y, "toarray") else y
    estimator = clone(estimator).set_callbacks()  # no progress bars or monitors
    seed = rng.randint(2**31)
    checks = [
        _first_loss(estimator, X, y, np.random.RandomState(seed)),
        _larger_alpha(estimator, X, y, np.random.RandomState(seed)),
        _memorise(estimator, X, y, n_samples, rng),
    ]
    return SanityReport(type(estimator).__name__, checks)


def _first_loss(estimator, X, y, rng):
    estimator, problem = make_problem(clone(estimator).set_params(alpha=0.0), X, y, rng=rng)
    objective, loss = problem.objective, estimator._loss()
    x, y, w = inputs(problem, _N_ROWS)
    w = w / w.sum()
    zeros = np.zeros((len(x), objective.network.n_outputs))
    with objective.team:
        found, _ = quiet(objective.data_loss)(
            problem.theta, x, y, w, np.zeros_like(problem.theta), rng
        )
    expected, scores = loss.at_zero(zeros.shape[1]), f"{zeros.shape[1]} scores that are zero"
    if expected is None:
        scores = f"predictions {objective.units.origin}"
        expected = loss(zeros, y, w)[0]
    found, expected = objective.in_data_units(found), objective.in_data_units(expected)
    passed = bool(abs(found - expected) <= _TOLERANCE * expected)
    return SanityCheck(
        "first loss", passed,
        f"{found:.4g}, expected {expected:.4g} = {loss} of {scores}",
        "" if passed else
        "smaller initial weights (weight_init='auto'), and features of unit variance or "
        "learning_rate='auto', which standardises them.",
    )  # fmt: skip


def _larger_alpha(estimator, X, y, rng):
    name = "larger alpha"
    if estimator.penalty is None:
        return SanityCheck(name, True, "penalty=None, nothing to check", "")
    values, alphas = [], (0.0, 1.0, 10.0)
    state = rng.get_state()
    for alpha in alphas:
        rng.set_state(state)
        _, problem = make_problem(clone(estimator).set_params(alpha=alpha), X, y, rng=rng)
        objective, theta = problem.objective, problem.theta
        views = objective.network.layout.views(theta)
        for layer, p in zip(objective.network.layers, views, strict=True):
            for weights in layer.weights:
                array = getattr(p, weights)
                array[...] = 0.1 * rng.standard_normal(array.shape)
        problem.unfold(views)  # the same weights in the units of the data for each alpha
        gradient = np.zeros_like(theta)
        values.append(objective.in_data_units(objective.add_penalties(theta, gradient)))
    passed = values[0] == 0 and 0 < values[1] < values[2]
    increments = ", ".join(
        f"alpha={alpha:g} adds {value:.4g}" for alpha, value in zip(alphas, values, strict=True)
    )
    return SanityCheck(
        name, bool(passed), increments,
        "" if passed else "check_gradient: the penalty does not reach the weights.",
    )  # fmt: skip


def _memorise(estimator, X, y, n_samples, rng):
    settings = {
        "alpha": 0.0, "dropout": 0.0, "max_norm": None, "class_weight": None, "averaging": None,
        "early_stopping": False, "warm_start": False, "tol": None, "verbose": 0,
        "max_iter": "auto" if estimator._automatic else 1000, "random_state": rng.randint(2**31),
    }  # fmt: skip
    known = estimator.get_params(deep=False)
    copy = clone(estimator).set_params(
        **{name: value for name, value in settings.items() if name in known}
    )
    rows = _pick(y, n_samples, rng, is_classifier(estimator))
    X, y = safe_indexing(X, rows), safe_indexing(y, rows)
    name = f"{len(rows)} samples memorised"
    try:
        copy.fit(X, y)
    except FloatingPointError as error:
        return SanityCheck(name, False, str(error), "a lower learning_rate, or 'auto'.")
    score, losses = copy.score(X, y), copy.loss_curve_
    what = "accuracy" if is_classifier(copy) else "R^2"
    passed = bool(score >= _MEMORISED)
    return SanityCheck(
        name, passed, f"{what} {score:.3f}, loss {losses[0]:.4g} -> {losses[-1]:.4g}",
        "" if passed else _advice(copy, losses, X, y),
    )  # fmt: skip


def _advice(estimator, losses, X, y):
    """What to try if the samples are not memorised."""
    samples = [tuple(np.ravel(sample)) for sample in np.asarray(X)]
    targets = [tuple(np.ravel(target)) for target in np.asarray(y)]
    if len({*zip(samples, targets, strict=True)}) > len({*samples}):
        return "other data: equal samples have different targets."
    if not estimator._automatic:
        if not is_classifier(estimator) and not 0.1 < np.std(np.asarray(y, np.float64)) < 10:
            return (
                "targets of about zero mean and unit variance, or learning_rate='auto', which "
                "standardises them."
            )
        if losses[-1] > losses[0] or np.mean(np.diff(losses) > 0) > 0.2:
            return "a lower learning_rate, or 'auto': the loss keeps rising."
        if losses[-1] > 0.9 * losses[0]:
            return "a higher learning_rate, or 'auto': the loss hardly falls."
    if not hasattr(estimator, "hidden_layer_sizes"):
        return (
            "an MLPClassifier, or more features: a linear classifier cannot separate these "
            f"samples by their {estimator.n_features_in_} features."
        )
    return (
        "more hidden units, fewer layers, another activation, normalization='batch', or another "
        "learning_rate."
    )


def _pick(y, n_samples, rng, by_class):
    """Rows of a few samples, drawn evenly from all classes if each sample has one."""
    y = np.asarray(y)
    order = rng.permutation(len(y))
    if by_class and y.ndim == 1:
        _, codes, sizes = np.unique(y[order], return_inverse=True, return_counts=True)
        # The first of each class, then the second of each, and so on.
        round_of = np.empty(len(y), dtype=int)
        round_of[np.argsort(codes, kind="stable")] = np.concatenate([np.arange(n) for n in sizes])
        order = order[np.argsort(round_of, kind="stable")]
    return np.sort(order[:n_samples])
