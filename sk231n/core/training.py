"""The loop: batches and epochs.

``epochs`` is a generator in which one ``next()`` is one pass over the data; it knows no printing,
no stopping and no callbacks.  ``lbfgs`` hands the same objective to SciPy.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from sk231n._estimators import blocks
from sk231n._threads import small_buffers, split
from sk231n.core.objective import BLOCK_SIZE

_BLOCK_ROWS = 1024  # rows of a full pass computed at a time, so that memory stays bounded
_EXPLODED = 1e6  # times the loss at the start, from which nothing comes back
_LARGE_BATCH = 2**17  # numbers whose gathering takes longer than waking a thread


class Data(NamedTuple):
    """Samples to train on or to validate with.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Rows, in the type in which they came.
    y : ndarray of shape (n_samples, ...)
        Targets.
    w : ndarray of shape (n_samples,)
        Weights, float64; those of `rows` sum to one.
    rows : ndarray of int of shape (n_used,)
        Which samples count.
    dtype : dtype
        Floating-point type of the computation.
    """

    X: np.ndarray
    y: np.ndarray
    w: np.ndarray
    rows: np.ndarray
    dtype: np.dtype

    def normalized(self):
        """The same samples, the weights of `rows` summing to one."""
        w = self.w / self.w[self.rows].max()
        return self._replace(w=w / w[self.rows].sum())


class Problem(NamedTuple):
    """What is minimised (an Objective), from where (theta), and how the inputs are seen."""

    objective: object
    theta: np.ndarray
    data: Data
    standardization: object

    def leave_out(self, features):
        """Start without weights for the features of the mask, which tell nothing.

        If these are all, the weights stay: units that are alike would learn alike from other data.
        """
        if not features.all():
            self.objective.network.layout.views(self.theta)[0].W[features] = 0

    def fold(self, views):
        """Turn the parameters of each layer into those of the data as they are given."""
        self.standardization.fold(views[0])
        if self.objective.output is not None:
            self.objective.output.fold(views[-1])

    def unfold(self, views):
        """Undo :meth:`fold`."""
        if self.objective.output is not None:
            self.objective.output.unfold(views[-1])
        self.standardization.unfold(views[0])


class Epoch(NamedTuple):
    """What one pass over the data has to tell."""

    loss: float
    score: float
    learning_rate: float
    update_ratio: float


def batches(data, standardization, batch_size, order, team=None):
    """Yield ``(x, y, w)``, the samples in the given order, some at a time.

    ``x`` is standardised and lives in one buffer that the next batch overwrites: an array per batch
    would be given back to the system and asked for again each time, which can take longer than the
    arithmetic.  The weights are those of the data: over all batches they sum to one.  The threads
    of a `team` share the work.
    """
    run, n_parts = (team.run, team.n_threads) if team is not None else (_run_here, 1)
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

        run(gather, split(len(rows), n_parts if x.size > _LARGE_BATCH else 1))
        yield x, data.y[rows], data.w[rows].astype(data.dtype, copy=False)


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
    objective, theta, data, standardization = problem
    gradient = np.zeros_like(theta)
    walk = Walk(objective, theta, gradient, optimizer, state, average)
    n_samples, epoch = len(data.rows), first
    n_steps = -(-n_samples // batch_size)
    start_value = None
    while True:
        rates = schedule.rates(epoch, total, n_steps, losses)
        order = rng.permutation(data.rows) if shuffle else data.rows
        loss = score = 0.0
        # Overflow is no news here: the next loss is not finite, and the error says what to do.
        with np.errstate(over="ignore", invalid="ignore"), small_buffers():
            samples = batches(data, standardization, batch_size, order, objective.team)
            for rate, (x, y, w) in zip(rates, samples, strict=True):
                share = len(x) / n_samples
                value, batch_score = objective.data_loss(theta, x, y, w / share, gradient, rng)
                _check_finite(value, epoch, rate)
                value += walk.step(float(rate))
                _check_finite(value, epoch, rate)
                start_value = value if start_value is None else start_value
                loss += share * value
                score += share * batch_score
            length, ratio = walk.lengths()
            _check_finite(length, epoch, rates[-1])
            _check_size(loss, start_value, epoch, rates[-1])
        epoch += 1
        yield Epoch(loss * objective.unit, score, float(np.mean(rates)), ratio)


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
        team = objective.team
        n_parts = team.n_threads if team is not None and theta.size > BLOCK_SIZE else 1
        steps = list(zip(self.blocks, self.state, strict=True))
        self._parts = _shares(steps, n_parts)
        largest = max(block.theta.size for block in self.blocks)
        self._scratch = [np.empty(largest, theta.dtype) for _ in self._parts]
        self._run = team.run if n_parts > 1 else _run_here

    def step(self, rate):
        """Take a step, the gradient being that of the data's loss; return the penalty before it."""

        def walk(part):
            penalty, scratch = 0.0, self._scratch.pop()
            for block, state in part:
                here = scratch[: block.theta.size].reshape(block.theta.shape)
                penalty += self.objective.add_penalty(block, here)
                theta, update = block.theta, block.gradient
                direction = self.optimizer.direction(update, state, theta)
                np.multiply(direction, rate, out=update)
                theta -= update
            self._scratch.append(scratch)
            return penalty

        penalty = sum(self._run(walk, self._parts))
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


def _run_here(work, parts):
    return [work(part) for part in parts]


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
    objective, theta, data, standardization = problem
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
        for x, y, w in batches(data, standardization, _BLOCK_ROWS, data.rows, objective.team):
            batch_value, batch_score = objective.data_loss(point, x, y, w, gradient)
            value, score = value + batch_value, score + batch_score
            total += gradient
        return value, total

    def callback(intermediate_result):
        nonlocal stopped
        vector, value = intermediate_result.x, float(intermediate_result.fun)
        step = np.linalg.norm(vector - theta) / (np.linalg.norm(vector) or 1)
        theta[:] = vector
        stopped = after_epoch(Epoch(value * objective.unit, score, np.nan, float(step)))
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
            "gtol": (tol or 1e-150) / max(objective.unit, 1.0),
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
    """Compute the objective and the score of the parameters on all of the data."""
    value = score = 0.0
    objective, standardization = problem.objective, problem.standardization
    for x, y, w in batches(data, standardization, _BLOCK_ROWS, data.rows, objective.team):
        batch_value, batch_score = objective.evaluate(theta, x, y, w)
        value, score = value + batch_value, score + batch_score
    value += objective.penalty_value(theta)
    return value * objective.unit, score


def steepness(problem):
    r"""Compute how much steeper a batch of one sample can be than all samples together.

    Along a sample the curvature is its squared length, and of a sample that counts twice it is
    twice that. The mean heeds the steepest: a batch that holds one of them decides.

    Parameters
    ----------
    problem : Problem
        What is to be minimised, from where, on which data.

    Returns
    -------
    float
        :math:`\sqrt{\sum_i q_i^3 / \sum_i q_i}` with :math:`q_i = n w_i (|x_i|^2 + 1)`, summed over
        the layers that have weights, :math:`x_i` being their inputs.
    """
    objective, theta, data, standardization = problem
    cubes = total = 0.0
    for x, _, w in batches(data, standardization, _BLOCK_ROWS, data.rows, objective.team):
        inputs = objective.network.affine_inputs(theta, x)
        squares = [np.einsum("ij,ij->i", x, x, dtype=np.float64) + 1 for x in inputs]
        q = len(data.rows) * w * np.array(squares)
        cubes, total = cubes + np.sum(q**3, axis=1), total + np.sum(q, axis=1)
    return float(np.sqrt(cubes / total).sum())


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
