"""The loop: ``epochs`` is a generator in which one ``next()`` is one pass over the data.

Printing, stopping and callbacks are left to the caller.
"""

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.averaging import Average
from sk231n.core.data import batches
from sk231n.core.epoch import Epoch
from sk231n.core.optimizer import Optimizer
from sk231n.core.problem import Problem
from sk231n.core.steps import BlockwiseOptimizer
from sk231n.core.team import small_buffers

_DIVERGED_FACTOR = 1e6  # training does not recover from a loss this many times the first one


def epochs(
    problem: Problem,
    optimizer: Optimizer,
    rates: Callable[[int, int], NDArray[Any]],
    *,
    batch_size: int,
    shuffle: bool | str,
    rng: np.random.RandomState,
    state: list[Any] | None = None,
    average: Average | None = None,
    first: int = 0,
) -> Generator[Epoch, None, None]:
    """Train without end, one epoch per ``next()``; ``problem.theta`` changes in place.

    Parameters
    ----------
    problem : Problem
        The objective, the starting point and the data.
    optimizer : Optimizer
        Turns gradients into directions.
    rates : callable
        ``rates(epoch, n_steps)``: the learning rates of the steps of an epoch.
    batch_size : int
        Number of samples per step.
    shuffle : bool or "chunks"
        Whether each epoch draws a new order, see :meth:`~sk231n.core.data.Data.order`.
    rng : RandomState
        Source of randomness.
    state : list or None, default=None
        The optimizer's states to continue from, as ``start_states`` makes them; None to start.
    average : Average or None, default=None
        Updated with the parameters after each step.
    first : int, default=0
        Number of epochs done before.

    Yields
    ------
    Epoch
        Mean loss and score over the epoch's batches, each before its step, the mean learning rate,
        and the length of the last update relative to that of the parameters.

    Raises
    ------
    FloatingPointError
        If the loss or the parameters are no longer finite, or the loss has exploded.
    """
    objective, theta, data = problem.objective, problem.theta, problem.data
    gradient = np.zeros_like(theta)
    steps = BlockwiseOptimizer(objective, theta, gradient, optimizer, state, average)
    n_samples, epoch = len(data.rows), first
    n_steps = -(-n_samples // batch_size)
    start_value = None
    while True:
        rates_of_steps = rates(epoch, n_steps)
        _check_rates(rates_of_steps, n_steps)
        order = data.order(shuffle, rng)
        loss, score, step_losses = 0.0, 0.0, []
        # No warning of overflow: the next loss is not finite, and its error says what to do.
        with np.errstate(over="ignore", invalid="ignore"), small_buffers():
            samples = batches(
                data, problem.standardization, batch_size, order, objective.team, problem.augment,
                rng,
            )  # fmt: skip
            for rate, (rows, x) in zip(rates_of_steps, samples, strict=True):
                share = len(rows) / n_samples
                y, w = data.targets(rows)
                value, scores = objective.data_loss(theta, x, y, w / share, gradient, rng)
                _check_finite(value, epoch, rate)
                value += steps.step(float(rate))
                _check_finite(value, epoch, rate)
                start_value = value if start_value is None else start_value
                step_losses.append(value)
                loss += share * value
                score += float(data.w[rows] @ scores)
            length, ratio = steps.lengths()
            _check_finite(length, epoch, rates_of_steps[-1])
            _check_size(loss, start_value, epoch, rates_of_steps[-1])
        epoch += 1
        yield Epoch(
            objective.in_data_units(loss), score / data.total, float(np.mean(rates_of_steps)),
            ratio, [objective.in_data_units(value) for value in step_losses],
        )  # fmt: skip


@np.errstate(over="ignore", invalid="ignore")  # the value may be infinite
def evaluate(problem: Problem, theta: NDArray[Any]) -> float:
    """Compute the objective of the parameters on all training data, in the unit of the data."""
    objective, value = problem.objective, 0.0
    views = objective.network.layout.views(theta)
    for rows, x in problem.sweep():
        scores = objective.scores(views, x)
        value += objective.loss(scores, *problem.data.targets(rows))[0]
    return objective.in_data_units(value + objective.penalty_value(theta))


def _check_rates(rates, n_steps):
    """Refuse what a schedule of the user's own may return."""
    rates = np.asarray(rates)
    right = rates.shape == (n_steps,) and rates.dtype.kind in "iuf"
    if not right or not (np.isfinite(rates) & (rates >= 0)).all():
        raise ValueError(
            f"learning_rate: the schedule must give {n_steps} finite rates >= 0, one per step of "
            f"the epoch; got {rates!r:.100}."
        )


def _check_finite(value, epoch, rate):
    if not np.isfinite(value):
        _diverged("no longer finite", epoch, rate)


def _check_size(loss, at_start, epoch, rate):
    """Refuse a loss that has exploded, although float64 still holds it."""
    at_start = max(at_start, 1.0)  # a first loss near zero gives no scale
    if loss > _DIVERGED_FACTOR * at_start:
        _diverged(f"{loss / at_start:.0e} times that at the start", epoch, rate)


def _diverged(how, epoch, rate):
    raise FloatingPointError(
        f"Training diverged in epoch {epoch + 1}: the loss is {how}. Lower learning_rate, which is "
        f"{rate:.3g} now, or scale the features."
    )
