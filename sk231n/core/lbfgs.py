"""SciPy's L-BFGS on the objective."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize

from sk231n.core.epoch import Epoch


def lbfgs(
    problem: Any,
    optimizer: Any,
    max_iter: int,
    tol: float | None,
    after_epoch: Callable[[Epoch], bool],
) -> str | None:
    """Minimise by SciPy's L-BFGS, one iteration per epoch; ``problem.theta`` changes in place.

    SciPy takes a callback, so this is a function, whereas :func:`epochs` is a generator.

    Parameters
    ----------
    problem : Problem
        The objective, the starting point and the data.
    optimizer : LBFGS
        Says how many past steps are kept.
    max_iter : int
        Largest number of iterations.
    tol : float or None
        Largest component of the gradient at which to stop.
    after_epoch : callable
        ``after_epoch(Epoch)`` is called after each iteration, ``problem.theta`` being up to date;
        if it returns True, the run ends.

    Returns
    -------
    str or None
        Why the run failed to meet `tol`; None if it met it or was stopped.
    """
    objective, theta, data = problem.objective, problem.theta, problem.data
    gradient = np.empty_like(theta)
    score = 0.0  # at the last point evaluated, which is where an iteration ends
    stopped = False

    @np.errstate(over="ignore", invalid="ignore")  # the result is checked below
    def value_and_gradient(vector):
        nonlocal score
        point = vector.astype(theta.dtype)
        gradient[:] = 0
        value, score = objective.add_penalties(point, gradient), 0.0
        total = gradient.astype(np.float64)
        for rows, x in problem.sweep():
            block_value, scores = objective.data_loss(point, x, *data.targets(rows), gradient)
            value, score = value + block_value, score + float(data.w[rows] @ scores)
            total += gradient
        score /= data.total
        return value, total

    def callback(intermediate_result):
        nonlocal stopped
        vector, value = intermediate_result.x, float(intermediate_result.fun)
        step = np.linalg.norm(vector - theta) / (np.linalg.norm(vector) or 1)
        theta[:] = vector
        value = objective.in_data_units(value)
        stopped = after_epoch(Epoch(value, score, np.nan, float(step), [value]))
        if stopped:
            raise StopIteration

    result = minimize(
        value_and_gradient,
        theta.astype(np.float64),
        jac=True,
        method="L-BFGS-B",
        callback=callback,
        options={
            "maxiter": max_iter,
            "maxfun": 20 * max_iter,
            "maxcor": optimizer.memory,
            "maxls": 50,
            "gtol": tol or 1e-150,
            "ftol": np.finfo(theta.dtype).eps if tol else 0.0,
        },
    )
    if not np.isfinite(result.fun):
        raise FloatingPointError(
            f"Training diverged: L-BFGS ended with the loss {result.fun}. Scale the features, or "
            "lower the margin and alpha if they are large."
        )
    return None if result.success or stopped or tol is None else result.message
