"""Monitoring of a run: its history, its best parameters, and when to stop."""

from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray


class History(dict[str, list[float]]):
    """A dict of equally long lists, one entry per epoch.

    Parameters
    ----------
    validated : bool
        Whether there are validation data to record.

    Attributes
    ----------
    step_losses : list of lists of float
        The losses of the steps, by epoch.
    """

    def __init__(self, validated: bool) -> None:
        names = ["loss", "score"]
        names += ["validation_loss", "validation_score"] if validated else []
        super().__init__({name: [] for name in [*names, "learning_rate", "update_ratio"]})
        self.step_losses: list[list[float]] = []

    @property
    def monitored(self) -> list[float]:
        """The losses that a schedule uses: those of the validation data, if there are any."""
        return self.get("validation_loss", self["loss"])

    def add(self, epoch: Any, **values: float) -> None:
        """Append an ``Epoch``, and further values by name."""
        self.step_losses.append(epoch.step_losses)
        values |= {
            "loss": epoch.loss,
            "score": epoch.score,
            "learning_rate": epoch.learning_rate,
            "update_ratio": epoch.update_ratio,
        }
        for name, value in values.items():
            self[name].append(float(value))

    def trim(self) -> None:
        """Remove the last epoch if an interruption left it incomplete."""
        n_epochs = min(len(values) for values in self.values())
        for values in (*self.values(), self.step_losses):
            del values[n_epochs:]

    def as_dict(self, steps: bool) -> dict[str, list[float]]:
        """Copy into a plain dict; with "step_loss", one entry per step, if `steps` are wanted."""
        copied = {name: list(values) for name, values in self.items()}
        return copied | {"step_loss": list(chain(*self.step_losses))} if steps else copied

    def last_line(self) -> str:
        """Format the values of the last epoch as one line."""
        values = "  ".join(f"{name} {self[name][-1]:.4g}" for name in self)
        return f"epoch {len(self['loss'])}  {values}"


class Patience:
    """Counts the epochs without progress.

    Parameters
    ----------
    tol : float or None
        By how much a value must beat its best to count as progress; None never stops.
    n_epochs : int
        Number of consecutive epochs without progress after which to stop.
    """

    def __init__(self, tol: float | None, n_epochs: int) -> None:
        self.tol = tol
        self.n_epochs = n_epochs
        self.best: Any = np.inf
        self._waited = 0

    def exhausted_by(self, *values: float) -> bool:
        """Record the values after an epoch, the lower the better; return whether to stop.

        Progress in one of the values is enough to go on.
        """
        values = np.array(values)
        progress = (values < self.best - (self.tol or 0.0)).any()
        self._waited = 0 if progress else self._waited + 1
        self.best = np.fmin(self.best, values)
        return self.tol is not None and self._waited >= self.n_epochs


def by_score(loss: float, score: float) -> tuple[float, float]:
    """The score, and the loss to break ties.

    With few validation samples the score may stay the same for epochs while the loss still falls.
    """
    return score, -loss


def by_loss(loss: float, score: float) -> tuple[float]:
    """The loss alone."""
    return (-loss,)


class Monitor:
    """Monitors a run: history, validation, the best parameters so far, and when to stop.

    Parameters
    ----------
    problem : Problem
        The problem that is solved.
    validate : callable or None
        ``validate(theta)`` returns loss and score on the validation data, if there are any.
    average : Average or None
        If there is one, the averaged parameters are used.
    patience : Patience
        When to stop.
    keep_best : bool
        Whether to stop by the validation data, and to keep the best parameters.
    goals : callable, default=by_score
        ``goals(loss, score)``: the values that the best epoch maximises, in order of importance.
    """

    def __init__(
        self,
        problem: Any,
        validate: Callable[[NDArray[Any]], tuple[float, float]] | None,
        average: Any,
        patience: Patience,
        keep_best: bool,
        goals: Callable[[float, float], tuple[float, ...]] = by_score,
    ) -> None:
        self.problem = problem
        self.validate = validate
        self.average = average
        self.patience = patience
        self.keep_best = keep_best
        self.goals = goals
        self.history: History = History(validated=validate is not None)
        self.best_score: float | None = None
        self._best = None
        self._best_theta = None

    @property
    def theta(self) -> NDArray[Any]:
        """The current parameters, averaged if there is an average."""
        return self.problem.theta if self.average is None else self.average.value

    @property
    def final_theta(self) -> NDArray[Any]:
        """The parameters to keep at the end."""
        return self.theta if self._best_theta is None else self._best_theta

    def record(self, epoch: Any) -> bool:
        """Record an ``Epoch``; return whether to stop."""
        in_training_units = self.problem.objective.in_training_units  # the unit of `tol`
        watched, values = (in_training_units(epoch.loss),), {}
        if self.validate is not None:
            theta = self.theta
            loss, score = self.validate(theta)
            values = {"validation_loss": loss, "validation_score": score}
            goals = self.goals(in_training_units(loss), score)
            goals = tuple(-np.inf if np.isnan(goal) else goal for goal in goals)
            if self._best is None or goals > self._best:
                self._best, self.best_score = goals, score
                if self.keep_best:
                    self._best_theta = theta.copy()
            if self.keep_best:
                watched = (-goal for goal in goals)
        self.history.add(epoch, **values)
        return self.patience.exhausted_by(*watched)
