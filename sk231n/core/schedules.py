r"""Schedules: how the learning rate changes, simplest first.

A schedule is a formula ``schedule(t, total)`` of the time :math:`t` in epochs (a fraction inside an
epoch) and of the number of epochs planned; it works on arrays of times.  Only ``Plateau`` looks at
the losses instead, in ``rates``, which is what training calls.  Like an optimizer a schedule is a
hyper-parameter and holds no state.
"""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.arguments import Number, count
from sk231n.core.spec import Spec

_POSITIVE = Number(Real, 0, None, closed="neither")
_FACTOR = Number(Real, 0, 1, closed="right")


class Schedule(Spec):
    """Base of the schedules: a schedule of your own needs ``__call__``, the formula.

    Examples
    --------
    >>> from sk231n.schedules import Schedule
    >>> class LinearDecay(Schedule):
    ...     def __init__(self, initial=1e-3):
    ...         self.initial = initial
    ...     def __call__(self, t, total):
    ...         return self.initial * (1 - t / total)
    >>> LinearDecay(1.0)(5, 10)
    0.5
    """

    _documented_in = "sk231n.schedules"

    def __call__(self, t: float | NDArray[Any], total: int) -> Any:
        """Compute the rate.

        Parameters
        ----------
        t : float or ndarray
            Time in epochs.
        total : int
            Number of epochs planned.

        Returns
        -------
        float or ndarray
            The learning rate at each time.
        """
        raise NotImplementedError(f"{type(self).__name__} has no __call__.")

    def rates(self, epoch: int, total: int, n_steps: int, losses: Sequence[float]) -> NDArray[Any]:
        """Compute the rates of all steps of one epoch.

        Parameters
        ----------
        epoch : int
            Number of epochs done.
        total : int
            Number of epochs planned; later epochs keep the last rate of the plan.
        n_steps : int
            Steps in an epoch.
        losses : sequence of float
            The monitored loss after each epoch done.

        Returns
        -------
        ndarray of shape (n_steps,)
            The learning rates.
        """
        t = np.minimum(epoch + np.arange(n_steps) / n_steps, total)
        return np.broadcast_to(self(t, total), n_steps)


class Constant(Schedule):
    r"""A constant rate, :math:`\eta_t = \eta_0`.

    Parameters
    ----------
    initial : float > 0, default=0.001
        The rate :math:`\eta_0`.

    Examples
    --------
    >>> from sk231n.schedules import Constant
    >>> Constant(0.1)(5, 10)
    0.1
    """

    _parameter_constraints: dict[str, list[Any]] = {"initial": [_POSITIVE]}

    def __init__(self, initial: float = 1e-3) -> None:
        self.initial = initial

    def __call__(self, t: float | NDArray[Any], total: int) -> Any:
        """Return the rate; see :meth:`Schedule.__call__`."""
        return self.initial


class StepDecay(Schedule):
    r"""A rate that drops by a factor every few epochs.

    Parameters
    ----------
    initial : float > 0, default=0.001
        The rate :math:`\eta_0` at the start.
    factor : float in (0, 1], default=0.5
        What the rate is multiplied by.
    every : int > 0, default=5
        Number of epochs between two drops.

    Notes
    -----
    .. math:: \eta_t = \eta_0 \, \text{factor}^{\lfloor t / \text{every} \rfloor}

    Examples
    --------
    >>> from sk231n.schedules import StepDecay
    >>> [float(StepDecay(1.0)(t, 20)) for t in (0, 4.9, 5, 10)]
    [1.0, 1.0, 0.5, 0.25]
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "initial": [_POSITIVE],
        "factor": [_FACTOR],
        "every": [count(1)],
    }

    def __init__(self, initial: float = 1e-3, factor: float = 0.5, every: int = 5) -> None:
        self.initial = initial
        self.factor = factor
        self.every = every

    def __call__(self, t: float | NDArray[Any], total: int) -> Any:
        """Compute the rate; see :meth:`Schedule.__call__`."""
        return self.initial * self.factor ** np.floor_divide(t, self.every)


class ExponentialDecay(Schedule):
    r"""A rate that falls by the same factor every epoch, :math:`\eta_t = \eta_0 \gamma^{\,t}`.

    Parameters
    ----------
    initial : float > 0, default=0.001
        The rate :math:`\eta_0` at the start.
    decay : float in (0, 1], default=0.95
        The factor :math:`\gamma` of one epoch.

    Examples
    --------
    >>> from sk231n.schedules import ExponentialDecay
    >>> ExponentialDecay(1.0, decay=0.5)(2, 10)
    0.25
    """

    _parameter_constraints: dict[str, list[Any]] = {"initial": [_POSITIVE], "decay": [_FACTOR]}

    def __init__(self, initial: float = 1e-3, decay: float = 0.95) -> None:
        self.initial = initial
        self.decay = decay

    def __call__(self, t: float | NDArray[Any], total: int) -> Any:
        """Compute the rate; see :meth:`Schedule.__call__`."""
        return self.initial * self.decay**t


class InverseTimeDecay(Schedule):
    r"""A rate that falls like one over the time, :math:`\eta_t = \eta_0 / (1 + k t)`.

    Parameters
    ----------
    initial : float > 0, default=0.001
        The rate :math:`\eta_0` at the start.
    decay : float >= 0, default=1.0
        The speed :math:`k` of the fall, per epoch.

    Examples
    --------
    >>> from sk231n.schedules import InverseTimeDecay
    >>> InverseTimeDecay(1.0)(3, 10)
    0.25
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "initial": [_POSITIVE],
        "decay": [Number(Real, 0, None, closed="left")],
    }

    def __init__(self, initial: float = 1e-3, decay: float = 1.0) -> None:
        self.initial = initial
        self.decay = decay

    def __call__(self, t: float | NDArray[Any], total: int) -> Any:
        """Compute the rate; see :meth:`Schedule.__call__`."""
        return self.initial / (1 + self.decay * t)


class CosineDecay(Schedule):
    r"""A rate that falls along half a cosine.

    Parameters
    ----------
    initial : float > 0, default=0.001
        The rate :math:`\eta_0` at the start.
    final : float >= 0, default=0.0
        The rate :math:`\eta_T` at the end.

    Notes
    -----
    .. math:: \eta_t = \eta_T + \tfrac12 (\eta_0 - \eta_T) \bigl(1 + \cos(\pi t / T)\bigr)

    References
    ----------
    I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
    :arxiv:`1608.03983`.

    Examples
    --------
    >>> from sk231n.schedules import CosineDecay
    >>> [round(float(CosineDecay(1.0)(t, 10)), 3) for t in (0, 5, 10)]
    [1.0, 0.5, 0.0]
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "initial": [_POSITIVE],
        "final": [Number(Real, 0, None, closed="left")],
    }

    def __init__(self, initial: float = 1e-3, final: float = 0.0) -> None:
        self.initial = initial
        self.final = final

    def __call__(self, t: float | NDArray[Any], total: int) -> Any:
        """Compute the rate; see :meth:`Schedule.__call__`."""
        return _cosine(self.initial, self.final, t / total)


class OneCycle(Schedule):
    r"""One cycle: up to the peak along half a cosine, then down to nearly zero along another.

    Parameters
    ----------
    peak : float > 0, default=0.01
        The largest rate.
    warm_up : float in (0, 1), default=0.3
        The share of the time that the climb takes.
    start : float in (0, 1], default=0.04
        The rate at the start, as a share of the peak.
    final : float in [0, 1], default=4e-6
        The rate at the end, as a share of the peak.

    References
    ----------
    L. N. Smith and N. Topin, "Super-convergence: very fast training of neural networks using large
    learning rates", 2017, :arxiv:`1708.07120`.

    Examples
    --------
    >>> from sk231n.schedules import OneCycle
    >>> [round(float(OneCycle(1.0)(t, 10)), 3) for t in (0, 3, 10)]
    [0.04, 1.0, 0.0]
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "peak": [_POSITIVE],
        "warm_up": [Number(Real, 0, 1, closed="neither")],
        "start": [_FACTOR],
        "final": [Number(Real, 0, 1, closed="both")],
    }

    def __init__(
        self, peak: float = 1e-2, warm_up: float = 0.3, start: float = 0.04, final: float = 4e-6
    ) -> None:
        self.peak = peak
        self.warm_up = warm_up
        self.start = start
        self.final = final

    def __call__(self, t: float | NDArray[Any], total: int) -> Any:
        """Compute the rate; see :meth:`Schedule.__call__`."""
        done = np.asarray(t) / total
        up = _cosine(self.start, 1.0, np.minimum(done, self.warm_up) / self.warm_up)
        down = _cosine(1.0, self.final, np.maximum(done - self.warm_up, 0) / (1 - self.warm_up))
        return self.peak * np.where(done < self.warm_up, up, down)


class Plateau(Schedule):
    r"""A rate that drops when the monitored loss no longer falls.

    The loss is that of the validation data if there are any, else that of the training data.

    Parameters
    ----------
    initial : float > 0, default=0.001
        The rate at the start.
    factor : float in (0, 1], default=0.5
        What the rate is multiplied by at each drop.
    patience : int > 0, default=3
        Number of epochs without a better loss that make a plateau.
    tol : float >= 0, default=1e-3
        Share of the best loss by which a loss must be lower to count as better.
    final : float in [0, 1], default=1e-6
        The lowest rate, as a share of that at the start.

    Examples
    --------
    >>> from sk231n.schedules import Plateau
    >>> Plateau(1.0, patience=2).rates(4, 10, n_steps=1, losses=[3.0, 2.0, 2.0, 2.0])
    array([0.5])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "initial": [_POSITIVE],
        "factor": [_FACTOR],
        "patience": [count(1)],
        "tol": [Number(Real, 0, None, closed="left")],
        "final": [Number(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        initial: float = 1e-3,
        factor: float = 0.5,
        patience: int = 3,
        tol: float = 1e-3,
        final: float = 1e-6,
    ) -> None:
        self.initial = initial
        self.factor = factor
        self.patience = patience
        self.tol = tol
        self.final = final

    def rates(self, epoch: int, total: int, n_steps: int, losses: Sequence[float]) -> NDArray[Any]:
        """Compute the rates of one epoch from the losses so far; see :meth:`Schedule.rates`."""
        rate, best, waited = self.initial, np.inf, 0
        for loss in losses:
            waited += 1
            if best == np.inf or loss < best - self.tol * abs(best):
                best, waited = loss, 0
            elif waited == self.patience:
                rate, waited = rate * self.factor, 0
        return np.full(n_steps, max(float(rate), self.initial * self.final))


def _cosine(start, end, done):
    """Go from `start` to `end` along half a cosine as `done` goes from 0 to 1."""
    return end + (start - end) * 0.5 * (1 + np.cos(np.pi * done))
