"""Training: from data to learnt attributes, in whole runs or single epochs."""

import copy
from abc import abstractmethod
from contextlib import closing
from itertools import islice

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sk231n._callbacks import CallbackEpochs
from sk231n._problem import NetworkProblem
from sk231n._warnings import warn
from sk231n.core.automatic_rate import automatic_rate, planned_batch_size, planned_epochs
from sk231n.core.averaging import Average
from sk231n.core.lbfgs import lbfgs
from sk231n.core.monitoring import History, Monitor, Patience, by_loss, by_score
from sk231n.core.schedules import Constant, CosineDecay, Schedule
from sk231n.core.steps import start_states
from sk231n.core.training import epochs


class NetworkTrainer(NetworkProblem):
    """Mixin of the estimators that minimise an objective by following its gradient.

    A subclass says how the parameters become learnt attributes (``_attributes_from``).
    """

    history_: dict[str, list[float]]
    loss_curve_: list[float]
    n_iter_: int
    best_validation_score_: float | None

    _share_of_planned_steps = 1.0  # for `max_iter="auto"`

    @abstractmethod
    def _score_all(self, scores, y, sample_weight):
        """Score of the network's scores on all validation data, as ``score`` computes it."""

    def _attributes_from(self, network, views):
        """Learnt attributes, by name, as copies of the parameters in the views."""
        return {}

    def _planned_batch_size(self):
        """Number of samples per step that ``batch_size="auto"`` means."""
        return planned_batch_size()

    def _batch_size(self, n_samples):
        automatic = self.batch_size == "auto"
        return min(self._planned_batch_size() if automatic else int(self.batch_size), n_samples)

    def _n_epochs(self, n_samples):
        """``max_iter``, or what "auto" means."""
        if self.max_iter != "auto":
            return int(self.max_iter)
        whole = self._optimizer().full_batch
        batch_size = np.inf if whole else self._batch_size(n_samples)
        return planned_epochs(batch_size, n_samples, self._share_of_planned_steps)

    def _train(self, problem, validation, rng, callback_data):
        """Run and monitor the epochs, then set the learnt attributes."""
        optimizer, n_samples = self._optimizer(), len(problem.data.rows)
        batch_size, total = self._batch_size(n_samples), self._n_epochs(n_samples)
        average = None
        if self.averaging is not None and not optimizer.full_batch:
            average = Average(problem.theta, span=max(n_samples // batch_size, 10))
        # The training loss is not watched with L-BFGS, which tests convergence itself, nor with a
        # rate that falls to zero. A validation score is watched in any case.
        ends = optimizer.full_batch or self._automatic
        tol = None if ends and not self.early_stopping else self.tol
        validate = None
        if validation is not None:

            def validate(theta):
                return validation.evaluate(self._as_fitted(problem, theta), problem, theta)

        monitor = Monitor(
            problem, validate, average, Patience(tol, self.n_iter_no_change), self.early_stopping,
            by_loss if self.scoring == "loss" else by_score,
        )  # fmt: skip
        tasks = CallbackEpochs(self, total, callback_data)

        def after_epoch(epoch):
            stop = monitor.record(epoch)
            if self.verbose:
                print(monitor.history.last_line())
            return tasks.end(lambda: self._learnt_attributes(problem, monitor.theta), stop)

        try:
            if optimizer.full_batch:
                failure = lbfgs(problem, optimizer, total, self.tol, after_epoch)
                if failure:
                    warn(
                        f"L-BFGS ended before it met tol={self.tol} ({failure}). Scale the "
                        f"features, raise tol or allow more iterations than max_iter={total}.",
                        ConvergenceWarning,
                    )
            else:
                schedule = self._schedule(problem)

                def rates(epoch, n_steps):
                    return schedule.rates(epoch, total, n_steps, monitor.history.monitored)

                run = epochs(
                    problem, optimizer, rates, batch_size=batch_size, shuffle=self.shuffle,
                    rng=rng, average=average,
                )  # fmt: skip
                with closing(run):  # frees the optimizer's states
                    for epoch in islice(run, total):
                        if after_epoch(epoch):
                            break
        except KeyboardInterrupt:
            problem.objective.team.stop_threads()  # no thread may still write to the result
            monitor.history.trim()
            if not monitor.history["loss"]:
                raise
            warn(
                f"Training was interrupted after {len(monitor.history['loss'])} epochs; the "
                "estimator keeps what it learnt in them."
            )
        self._set_learnt(problem, monitor.final_theta, monitor.history, monitor.best_score)
        tasks.close()

    def _as_fitted(self, problem, theta):
        """A copy of the estimator as if training ended with these parameters."""
        fitted, network = copy.copy(self), problem.objective.network
        views = network.layout.views(theta)
        if self._automatic or self.scoring not in (None, "loss"):
            views = self._folded(problem, theta)  # a copy, which a scorer may modify
        vars(fitted).update(self._attributes_from(network, views))
        vars(fitted).pop("feature_names_in_", None)  # the validation rows have no feature names
        return fitted

    def _train_epoch(self, stream, data, callback_data, *, warm):
        """Run one epoch from the learnt attributes, then set them."""
        problem = self._problem(data, stream.moments, stream.rng, warm=warm, stream=True)
        stream.moments = problem.moments
        optimizer, batch_size = self._optimizer(), self._batch_size(len(data.rows))
        stream.begin(optimizer, problem.objective.network.layout.shapes)
        if self._automatic:
            self._refresh_rate(stream, problem, batch_size)
        schedule = Constant(stream.rate) if self._automatic else self._schedule(problem)
        if stream.optimizer_states is None:
            stream.optimizer_states = start_states(problem.objective, problem.theta, optimizer)
        history = History(validated=False)  # continues that of all epochs so far
        before = getattr(self, "history_", {})
        history.update({name: list(before.get(name, [])) for name in history})
        history.step_losses.append(before.get("step_loss", []))
        tasks = CallbackEpochs(self, 1, callback_data)
        total = self._n_epochs(len(data.rows))

        def rates(epoch, n_steps):
            return schedule.rates(epoch, total, n_steps, history["loss"])

        run = epochs(
            problem, optimizer, rates, batch_size=batch_size, shuffle=self.shuffle, rng=stream.rng,
            state=stream.optimizer_states, first=len(history["loss"]),
        )  # fmt: skip
        with problem.objective.team:
            epoch = next(run)
        history.add(epoch)
        if self.verbose:
            print(history.last_line())
        tasks.end(lambda: self._learnt_attributes(problem, problem.theta))
        self._set_learnt(problem, problem.theta, history, best_score=None)
        tasks.close()

    def _refresh_rate(self, stream, problem, batch_size):
        """Compute the rate again after many more samples, or for a batch that may be steeper."""
        optimizer = self._optimizer()
        if optimizer.adaptive and stream.moments.inputs.count < stream.refresh_at:
            return
        # The number of samples and steps still to come is unknown, hence infinite.
        rate = automatic_rate(problem, optimizer, batch_size, np.inf, np.inf, "stream")
        # For the other optimizers, the rate must suit the steepest batch of the stream.
        stream.rate = rate if optimizer.adaptive else min(rate, stream.rate)
        stream.refresh_at = 2 * stream.moments.inputs.count

    def _schedule(self, problem):
        """Schedule that ``learning_rate`` names, or the constant or automatic one."""
        if isinstance(self.learning_rate, Schedule):
            return self.learning_rate.plain()
        if self._automatic:
            return CosineDecay(self._automatic_rate(problem))
        return Constant(float(self.learning_rate))

    def _automatic_rate(self, problem):
        n_samples = len(problem.data.rows)
        batch_size = self._batch_size(n_samples)
        n_steps = self._n_epochs(n_samples) * n_samples / batch_size
        kind = "quantities" if self._targets_are_quantities else "classes"
        return automatic_rate(problem, self._optimizer(), batch_size, n_samples, n_steps, kind)

    def _learnt_attributes(self, problem, theta):
        """Learnt attributes that belong to the parameters."""
        return self._attributes_from(problem.objective.network, self._folded(problem, theta))

    def _folded(self, problem, theta):
        """A copy of the parameters, converted to the data as given."""
        views = problem.objective.network.layout.views(theta.copy())
        problem.fold(views)
        return views

    def _set_learnt(self, problem, theta, history, best_score):
        """Set the learnt attributes."""
        for name, value in self._learnt_attributes(problem, theta).items():
            setattr(self, name, value)
        self.history_ = history.as_dict(steps=self.history_steps)
        self.loss_curve_ = list(history["loss"])
        self.n_iter_ = len(history["loss"])
        self.best_validation_score_ = best_score
