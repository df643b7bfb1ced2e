"""The loop: batches and epochs.

``epochs`` is a generator in which one ``next()`` is one pass over the data; it knows no printing,
no stopping and no callbacks.  ``lbfgs`` hands the same objective to SciPy.
"""

import math
from itertools import chain
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from sk231n.core.blocks import blocks, split
from sk231n.core.layers import Phase
from sk231n.core.objective import BLOCK_SIZE
from sk231n.core.team import small_buffers

_BLOCK_ROWS = 1024  # rows of a full pass computed at a time, so that memory stays bounded
_EXPLODED = 1e6  # times the loss at the start, from which nothing comes back
_LARGE_BATCH = 2**17  # numbers whose gathering takes longer than waking a thread


class Data(NamedTuple):
    """Samples to train on or to validate with.

    Parameters
    ----------
    X : C-contiguous ndarray of shape (n_samples, n_features)
        Rows, in the type in which they came.
    y : ndarray of shape (n_samples, ...)
        Targets.
    w : ndarray of shape (n_samples,)
        Weights, float64, of which only the ratios count.
    rows : ndarray of int of shape (n_used,)
        Which samples count.
    dtype : dtype
        Floating-point type of the computation.
    total : float, default=1.0
        Sum of the weights of `rows`.
    """

    X: np.ndarray
    y: np.ndarray
    w: np.ndarray
    rows: np.ndarray
    dtype: np.dtype
    total: float = 1.0

    def normalized(self):
        """The same samples with the `total` of their weights, which are at most one.

        They are scaled by a power of two, which is exact: sums of equal or of integer weights, and
        so the share of correct predictions, do not round.
        """
        _, exponent = np.frexp(self.w[self.rows].max())
        w = np.ldexp(self.w, -exponent)
        return self._replace(w=w, total=float(w[self.rows].sum()))

    def targets(self, rows):
        """Targets of some samples, and their weights, which sum to one over all samples."""
        return self.y[rows], (self.w[rows] / self.total).astype(self.dtype)


class Problem(NamedTuple):
    """What is minimised, from where, on which data, and how training sees these.

    Parameters
    ----------
    objective : Objective
        What is minimised.
    theta : ndarray of shape (size,)
        The parameters, which training changes in place.
    data : Data
        Training data, the targets as training sees them.
    standardization : Standardization
        How training sees the inputs.
    units : TargetUnits, default=None
        How training sees the targets; None for as they are.
    """

    objective: object
    theta: np.ndarray
    data: Data
    standardization: object
    units: object = None

    @property
    def unit(self):
        """What turns the value of the objective into the unit of the data."""
        if self.units is None:
            return 1.0
        return float(np.mean(self.units.scale**self.objective.loss.degree))

    def leave_out(self, features):
        """Start without weights for the features of the mask, which tell nothing.

        If these are all, the weights stay: units that are alike would learn alike from other data.
        """
        if not features.all():
            self.objective.network.layout.views(self.theta)[0].W[features] = 0

    def fold(self, views):
        """Turn the parameters of each layer into those of the data as they are given."""
        self.standardization.fold(views[0])
        if self.units is not None:
            self.units.fold(views[-1])

    def unfold(self, views):
        """Undo :meth:`fold`."""
        if self.units is not None:
            self.units.unfold(views[-1])
        self.standardization.unfold(views[0])


class Epoch(NamedTuple):
    """What one pass over the data has to tell.

    Parameters
    ----------
    loss : float
        Mean of the objective over the batches, as they were met.
    score : float
        Mean score of the samples, as they were met.
    learning_rate : float
        Mean rate.
    update_ratio : float
        Length of the last update relative to that of the parameters.
    step_losses : list of float
        The objective of each batch, before the step that it led to.
    """

    loss: float
    score: float
    learning_rate: float
    update_ratio: float
    step_losses: list


def batches(data, standardization, batch_size, order, team):
    """Yield ``(rows, x)``, some samples at a time: which they are, and their inputs.

    ``x`` is standardised and lives in one buffer that the next batch overwrites: an array per batch
    would be given back to the system and asked for again each time, which can take longer than the
    arithmetic. The threads of the `team` share the work.
    """
    shape = (min(batch_size, len(order)), data.X.shape[1])
    floats = np.empty(shape, data.dtype)
    gathered = floats if data.X.dtype == data.dtype else np.empty(shape, data.X.dtype)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        x = floats[: len(rows)]

        def gather(part, rows=rows, x=x):
            raw = gathered[part]
            np.take(data.X, rows[part], axis=0, out=raw, mode="clip")  # others fill a buffer first
            if gathered is not floats:
                np.copyto(x[part], raw, casting="same_kind")
            standardization(x[part])

        # Nothing is added up here, so that the number of threads may decide where to cut.
        team.run(gather, split(len(rows), team.n_threads if x.size > _LARGE_BATCH else 1))
        yield rows, x


def epochs(problem, optimizer, schedule, total, *, batch_size, shuffle, rng,
           state=None, average=None, losses=(), first=0):  # fmt: skip
    """Train without end, one epoch per ``next()``; ``problem.theta`` changes in place.

    Parameters
    ----------
    problem : Problem
        What is minimised, from where, on which data.
    optimizer : Optimizer
        Turns gradients into directions.
    schedule : Schedule
        Gives the learning rate.
    total : int
        Number of epochs planned, for the schedule.
    batch_size : int
        Number of samples per step.
    shuffle : bool
        Whether each epoch draws a new order.
    rng : RandomState
        Source of randomness.
    state : list or None, default=None
        The optimizer's states (see :func:`start`) to go on with; None to start.
    average : Average or None, default=None
        Told about the parameters after each step.
    losses : sequence of float, default=()
        The monitored losses so far, for the schedule; the caller may append to it.
    first : int, default=0
        Number of epochs done before.

    Yields
    ------
    Epoch
        Mean loss and score over the epoch's batches, as they were met, the mean learning rate, and
        the length of the last update relative to that of the parameters.

    Raises
    ------
    FloatingPointError
        If the loss or the parameters cease to be finite.
    """
    objective, theta, data = problem.objective, problem.theta, problem.data
    gradient = np.zeros_like(theta)
    walk = Walk(objective, theta, gradient, optimizer, state, average)
    n_samples, epoch = len(data.rows), first
    n_steps = -(-n_samples // batch_size)
    start_value = None
    while True:
        rates = schedule.rates(epoch, total, n_steps, losses)
        order = rng.permutation(data.rows) if shuffle else data.rows
        loss, score, step_losses = 0.0, 0.0, []
        # Overflow is no news here: the next loss is not finite, and the error says what to do.
        with np.errstate(over="ignore", invalid="ignore"), small_buffers():
            samples = batches(data, problem.standardization, batch_size, order, objective.team)
            for rate, (rows, x) in zip(rates, samples, strict=True):
                share = len(rows) / n_samples
                y, w = data.targets(rows)
                value, scores = objective.data_loss(theta, x, y, w / share, gradient, rng)
                _check_finite(value, epoch, rate)
                value += walk.step(float(rate))
                _check_finite(value, epoch, rate)
                start_value = value if start_value is None else start_value
                step_losses.append(value)
                loss += share * value
                score += float(data.w[rows] @ scores)
            length, ratio = walk.lengths()
            _check_finite(length, epoch, rates[-1])
            _check_size(loss, start_value, epoch, rates[-1])
        epoch += 1
        yield Epoch(loss, score / data.total, float(np.mean(rates)), ratio, step_losses)


class Walk:
    """The optimizer's walk over the parameters, block by block on every thread.

    Penalty, direction, step and average follow each other while a block lies in the cache: over
    millions of parameters the way to the memory takes longer than the arithmetic.

    Parameters
    ----------
    objective : Objective
        Has the blocks, and the penalty.
    theta : ndarray of shape (size,)
        The parameters, which change in place.
    gradient : ndarray of shape (size,)
        The gradient without that of the penalty; after a step, the update.
    optimizer : Optimizer
        Turns gradients into directions.
    state : list or None
        The optimizer's states, one per block, to go on with; None to start.
    average : Average or None
        Told about the parameters after each step.
    """

    def __init__(self, objective, theta, gradient, optimizer, state=None, average=None):
        self.objective = objective
        self.theta = theta
        self.optimizer = optimizer
        self.average = average
        self.blocks = objective.blocks(theta, gradient)
        self.state = start(objective, theta, optimizer) if state is None else state
        n_parts = objective.team.n_threads if theta.size > BLOCK_SIZE else 1
        steps = list(zip(self.blocks, self.state, strict=True))
        self._parts = _shares(steps, n_parts)
        largest = max(block.theta.size for block in self.blocks)
        self._scratch = [np.empty(largest, theta.dtype) for _ in self._parts]

    def step(self, rate):
        """Take a step, the gradient being that of the data's loss; return the penalty before it."""

        def walk(part):
            penalties, scratch = [], self._scratch.pop()
            for block, state in part:
                here = scratch[: block.theta.size].reshape(block.theta.shape)
                penalties.append(self.objective.add_penalty(block, here))
                theta, update = block.theta, block.gradient
                direction = self.optimizer.direction(update, state, theta)
                np.multiply(direction, rate, out=update)
                theta -= update
            self._scratch.append(scratch)
            return penalties

        # Block by block, in their order, however many threads share them.
        penalty = sum(chain.from_iterable(self.objective.team.run(walk, self._parts)))
        self.objective.project(self.theta)
        if self.average is not None:
            self.average.update(self.theta)
        return penalty

    def lengths(self):
        """Length of the parameters, and that of the last update relative to it."""
        length, update = (
            math.sqrt(sum(float(np.vdot(array, array)) for array in arrays))
            for arrays in zip(
                *((block.theta, block.gradient) for block in self.blocks), strict=True
            )
        )
        return length, update / length if length else 0.0


def start(objective, theta, optimizer):
    """Make the states with which an optimizer starts, one for each block."""
    return [
        optimizer.start(block.theta, block.factor is not None)
        for block in objective.blocks(theta, theta)
    ]


def _shares(steps, n_parts):
    """Divide the blocks, in their order, into parts of about the same size."""
    ends = np.cumsum([block.theta.size for block, _ in steps])
    owner = (ends - 1) * n_parts // ends[-1]
    return [[steps[k] for k in np.flatnonzero(owner == part)] for part in range(n_parts)]


def lbfgs(problem, optimizer, max_iter, tol, after_epoch):
    """Minimise by SciPy's L-BFGS, one iteration per epoch; ``problem.theta`` changes in place.

    SciPy calls back instead of yielding, hence a function where :func:`epochs` is a generator.

    Parameters
    ----------
    problem : Problem
        What is minimised, from where, on which data.
    optimizer : LBFGS
        Holds the length of the memory.
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
        Why the run ended without having met `tol`; None if all is well.
    """
    objective, theta, data = problem.objective, problem.theta, problem.data
    gradient = np.empty_like(theta)
    score = 0.0  # at the point looked at last, which is where an iteration ends
    stopped = False

    @np.errstate(over="ignore", invalid="ignore")  # a loss that is not finite says enough
    def value_and_gradient(vector):
        nonlocal score
        point = vector.astype(theta.dtype)
        gradient[:] = 0
        value, score = objective.add_penalties(point, gradient), 0.0
        total = gradient.astype(np.float64)
        for rows, x in sweep(problem, data):
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


@np.errstate(over="ignore", invalid="ignore")  # a loss that is not finite says enough
def evaluate(problem, theta, data):
    """Compute the objective of the parameters on all of the data, in the unit of the data."""
    objective, value = problem.objective, 0.0
    views, phase = objective.network.layout.views(theta), Phase(matmul=objective.team.matmul)
    for rows, x in sweep(problem, data):
        scores, _ = objective.network.forward(views, x, phase)
        value += objective.loss(scores, *data.targets(rows))[0]
    return (value + objective.penalty_value(theta)) * problem.unit


def sweep(problem, data):
    """Yield all samples in their order, as :func:`batches` does."""
    return batches(data, problem.standardization, _BLOCK_ROWS, data.rows, problem.objective.team)


class Average:
    """Exponential moving average of the parameters, corrected for its start at zero.

    Parameters
    ----------
    theta : ndarray of shape (size,)
        The parameters before training.
    span : float
        About how many of the last steps the average covers.
    """

    def __init__(self, theta, span):
        self._sum = np.zeros_like(theta)
        self._keep = 1 - 1 / max(span, 1)
        self._steps = 0

    def update(self, theta):
        """Take in the parameters after a step."""
        self._steps += 1
        for rows in blocks(len(theta), BLOCK_SIZE):
            part = self._sum[rows]
            part *= self._keep
            part += (1 - self._keep) * theta[rows]

    @property
    def value(self):
        """The average, an array of shape (size,)."""
        return self._sum / (1 - self._keep**self._steps)


def _check_finite(value, epoch, rate):
    if not np.isfinite(value):
        _diverged("no longer finite", epoch, rate)


def _check_size(loss, at_start, epoch, rate):
    """Refuse to go on with a loss that is on its way to infinity, which float64 is far from."""
    at_start = max(at_start, 1.0)  # of a loss of zero nothing is a multiple
    if loss > _EXPLODED * at_start:
        _diverged(f"{loss / at_start:.0e} times that at the start", epoch, rate)


def _diverged(how, epoch, rate):
    raise FloatingPointError(
        f"Training diverged in epoch {epoch + 1}: the loss is {how}. Lower learning_rate, which is "
        f"{rate:.3g} now, or scale the features."
    )
