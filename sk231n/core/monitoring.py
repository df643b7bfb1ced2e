"""What a run remembers of its epochs, and when it has seen enough of them."""

import numpy as np

from sk231n.core.training import evaluate


class History(dict):
    """A dict of equally long lists, one entry per epoch.

    Parameters
    ----------
    validated : bool
        Whether there are validation data to record.
    """

    def __init__(self, validated):
        names = ["loss", "score"]
        names += ["validation_loss", "validation_score"] if validated else []
        super().__init__({name: [] for name in [*names, "learning_rate", "update_ratio"]})

    @property
    def monitored(self):
        """The losses that a schedule looks at: those of the validation data, if there are any."""
        return self.get("validation_loss", self["loss"])

    def add(self, **values):
        """Append what an epoch brought, by name."""
        for name, value in values.items():
            self[name].append(float(value))

    def trim(self):
        """Forget the last epoch where an interruption let in a part of it only."""
        n_epochs = min(len(values) for values in self.values())
        for values in self.values():
            del values[n_epochs:]

    def last_line(self):
        """Say in one line what the last epoch brought."""
        values = "  ".join(f"{name} {self[name][-1]:.4g}" for name in self)
        return f"epoch {len(self['loss'])}  {values}"


class Patience:
    """Counts the epochs without progress.

    Parameters
    ----------
    tol : float or None
        By how much a value must beat its best to count; None never runs out of patience.
    n_epochs : int
        Number of epochs in a row without progress that are too many.
    """

    def __init__(self, tol, n_epochs):
        self.tol = tol
        self.n_epochs = n_epochs
        self.best = np.inf
        self._waited = 0

    def exhausted_by(self, *values):
        """Take in the values after an epoch, the lower the better; say whether to stop.

        The progress of one of them is progress enough.
        """
        values = np.array(values)
        progress = (values < self.best - (self.tol or 0.0)).any()
        self._waited = 0 if progress else self._waited + 1
        self.best = np.fmin(self.best, values)
        return self.tol is not None and self._waited >= self.n_epochs


class Monitor:
    """Watches a run: history, validation, the best parameters so far, and when to stop.

    Parameters
    ----------
    problem : Problem
        What is minimised.
    validation : Data or None
        The validation data.
    average : Average or None
        If there is one, the averaged parameters are those that count.
    patience : Patience
        When to stop.
    keep_best : bool
        Whether patience watches the validation data, and the best parameters are those that count:
        those of the best score, of equals those of the lowest loss.
    """

    def __init__(self, problem, validation, average, patience, keep_best):
        self.problem = problem
        self.validation = validation
        self.average = average
        self.patience = patience
        self.keep_best = keep_best
        self.history = History(validated=validation is not None)
        self._best = None
        self._best_theta = None

    @property
    def theta(self):
        """The parameters that count at present."""
        return self.problem.theta if self.average is None else self.average.value

    @property
    def best_score(self):
        """The best validation score so far; None without validation data."""
        return None if self._best is None else self._best[0]

    @property
    def final_theta(self):
        """The parameters that count at the end."""
        return self.theta if self._best_theta is None else self._best_theta

    def record(self, epoch):
        """Take in an ``Epoch``; say whether to stop."""
        values = epoch._asdict()
        if self.validation is not None:
            theta = self.theta
            loss, score = evaluate(self.problem, theta, self.validation)
            values |= {"validation_loss": loss, "validation_score": score}
            if self._best is None or (score, -loss) > self._best:
                self._best = score, -loss
                if self.keep_best:
                    self._best_theta = theta.copy()
        self.history.add(**values)
        # Few validation samples are classified alike for epochs while the scores still move.
        return self.patience.exhausted_by(*((-score, loss) if self.keep_best else (epoch.loss,)))
