"""Training: from data to learnt attributes, by whole runs or epoch by epoch."""

import copy
from abc import abstractmethod
from contextlib import closing
from itertools import islice
from types import SimpleNamespace

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sk231n._callbacks import EpochTasks
from sk231n._prediction import NetworkPredictor
from sk231n._threads import count_threads
from sk231n._warnings import warn
from sk231n.core.automatic_rate import automatic_rate
from sk231n.core.monitoring import History, Monitor, Patience, by_loss, by_score
from sk231n.core.network import Network
from sk231n.core.objective import Objective
from sk231n.core.optimizers import OPTIMIZERS
from sk231n.core.penalties import L1, L2, ElasticNet
from sk231n.core.schedules import Constant, CosineDecay, Schedule
from sk231n.core.standardization import Moments, Standardization
from sk231n.core.team import Team
from sk231n.core.training import Average, Problem, epochs, lbfgs, start

# One over the distance that a weight of a network may cover in a run: shortest where the errors of
# quantities have no bound. A stream has no end, at which the rate would have come to zero; it is to
# follow data that change.
_LONGEST_PATH, _LONGEST_PATH_TO_QUANTITIES, _LONGEST_PATH_OF_STREAMS = 100.0, 500.0, 50.0


class NetworkTrainer(NetworkPredictor):
    """Mixin of the estimators that minimise the one objective by following its gradient.

    A subclass says what is minimised (``_loss``) and scored (``_score``), and how the parameters
    become learnt attributes (``_learnt``).
    """

    _has_units = False  # whether the targets are quantities, which may be of any size

    @abstractmethod
    def _loss(self):
        """Loss that is minimised."""

    @abstractmethod
    def _score(self, units):
        """Score that the history records; see :class:`~sk231n.core.objective.Objective`."""

    @abstractmethod
    def _score_all(self, scores, y, sample_weight):
        """Score of the network's scores on all validation data, as ``score`` computes it."""

    @abstractmethod
    def _learnt(self, views):
        """Learnt attributes, by name, as copies of the parameters in the views."""

    def _no_moments(self, data):
        """Moments of inputs and targets before any data."""
        targets = Moments(data.y.shape[1]) if self._has_units else None
        return SimpleNamespace(inputs=Moments(data.X.shape[1]), targets=targets)

    def _optimizer(self):
        by_name = isinstance(self.optimizer, str)
        return (OPTIMIZERS[self.optimizer] if by_name else self.optimizer).plain()

    def _penalty(self):
        elastic_net = ElasticNet(self.l1_ratio).plain()
        return {"l1": L1(), "l2": L2(), "elasticnet": elastic_net, None: None}[self.penalty]

    def _problem(self, data, moments, rng, *, warm, stream=False):
        """Put together objective, first parameters, data, and the way that the inputs are seen."""
        network = Network(self._layers(), data.X.shape[1])
        theta = network.layout.zeros(data.dtype) if warm else network.initialize(rng, data.dtype)
        standardization, units, penalty = Standardization(), None, self._penalty()
        centred = network.layers[0].intercept
        if self._automatic:
            if self._has_units:
                targets = data._replace(X=data.y, dtype=np.dtype(np.float64))
                moments.targets.update(targets, len(data.rows), name="y")
                units = moments.targets.target_units()
                if stream and warm:
                    units = units.widened(self._errors(data))
                data = data._replace(y=units(data.y))
            moments.inputs.update(data, count=len(data.rows))
            ridge = 4 * float(self.alpha) * penalty.curvature if penalty is not None else 0.0
            standardization = moments.inputs.standardization(data.dtype, ridge, centred)
        objective = Objective(
            network, self._loss(), self._score(units), penalty, float(self.alpha),
            network.penalty_factors(standardization.factor), Team(count_threads(None)),
        )  # fmt: skip
        problem = Problem(objective, theta, data, standardization, units)
        if warm:
            views = network.layout.views(theta)
            for view, parameters in zip(views, self._parameters(), strict=True):
                for name, array in vars(view).items():
                    array[...] = getattr(parameters, name)
            problem.unfold(views)
        elif self._automatic and centred:
            problem.leave_out(moments.inputs.constant(data.dtype))
        return problem

    def _errors(self, data):
        """Errors of the learnt model on some of the data."""
        rows = data.rows[:: max(1, len(data.rows) // 200)]
        return data.y[rows] - self._scores_of_rows(data.X, rows)

    @property
    def _automatic(self):
        """Whether the learning rate is to be found."""
        return isinstance(self.learning_rate, str)

    def _batch_size(self, n_samples):
        return min(200 if self.batch_size == "auto" else int(self.batch_size), n_samples)

    def _n_epochs(self, n_samples):
        """``max_iter``; "auto" means 1,000 steps, in at least 8 and at most 1,000 epochs."""
        if self.max_iter != "auto":
            return int(self.max_iter)
        if self._optimizer().full_batch:
            return 1000
        return int(np.clip(1000 * self._batch_size(n_samples) // n_samples, 8, 1000))

    def _train(self, problem, validation, rng, callback_data):
        """Run the epochs, watch them, and learn the result."""
        optimizer, n_samples = self._optimizer(), len(problem.data.rows)
        batch_size, total = self._batch_size(n_samples), self._n_epochs(n_samples)
        average = None
        if self.averaging is not None and not optimizer.full_batch:
            average = Average(problem.theta, span=max(n_samples // batch_size, 10))
        # L-BFGS judges convergence by itself, and a rate that falls to zero ends by itself; a
        # validation score is watched all the same.
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
        tasks = EpochTasks(self, total, callback_data)

        def after_epoch(epoch):
            stop = monitor.record(epoch)
            if self.verbose:
                print(monitor.history.last_line())
            return tasks.end(lambda: self._attributes(problem, monitor.theta), stop)

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
                run = epochs(
                    problem, optimizer, self._schedule(problem), total, batch_size=batch_size,
                    shuffle=self.shuffle, rng=rng, average=average,
                    losses=monitor.history.monitored,
                )  # fmt: skip
                with closing(run):  # what the optimizer remembers is not needed any more
                    for epoch in islice(run, total):
                        if after_epoch(epoch):
                            break
        except KeyboardInterrupt:
            problem.objective.team.stop_threads()  # no thread may write where the result is read
            monitor.history.trim()
            if not monitor.history["loss"]:
                raise
            warn(
                f"Training was interrupted after {len(monitor.history['loss'])} epochs; the "
                "estimator is fitted as far as it got."
            )
        self._learn(problem, monitor.final_theta, monitor.history, monitor.best_score)
        tasks.close()

    def _as_fitted(self, problem, theta):
        """A copy of the estimator as if training ended with these parameters."""
        fitted, views = copy.copy(self), problem.objective.network.layout.views(theta)
        if self._automatic or self.scoring not in (None, "loss"):
            views = self._folded(problem, theta)  # a copy, with which a scorer may do as it likes
        vars(fitted).update(self._learnt(views))
        vars(fitted).pop("feature_names_in_", None)  # rows of validation data have no names
        return fitted

    def _train_epoch(self, progress, data, callback_data, *, warm):
        """Run one epoch from the learnt attributes on, and learn the result."""
        problem = self._problem(data, progress.moments, progress.rng, warm=warm, stream=True)
        batch_size = self._batch_size(len(data.rows))
        shapes = problem.objective.network.layout.shapes
        if (progress.optimizer, progress.shapes) != (type(self._optimizer()), shapes):
            # What another optimizer has left, or one of other parameters, is of no use.
            progress.optimizer, progress.shapes = type(self._optimizer()), shapes
            progress.state, progress.rate, progress.refresh_at = None, np.inf, 0
        if self._automatic:
            self._refresh_rate(progress, problem, batch_size)
        schedule = Constant(progress.rate) if self._automatic else self._schedule(problem)
        # The optimizer's memory stays in the change of variables in which it arose: close enough.
        if progress.state is None:
            progress.state = start(problem.objective, problem.theta, self._optimizer())
        history = History(validated=False)  # it goes on with that of all epochs so far
        before = getattr(self, "history_", {})
        history.update({name: list(before.get(name, [])) for name in history})
        history.step_losses.append(before.get("step_loss", []))
        tasks = EpochTasks(self, 1, callback_data)
        run = epochs(
            problem, self._optimizer(), schedule, self._n_epochs(len(data.rows)),
            batch_size=batch_size, shuffle=self.shuffle, rng=progress.rng, state=progress.state,
            losses=history["loss"], first=len(history["loss"]),
        )  # fmt: skip
        with problem.objective.team:
            epoch = next(run)
        history.add(epoch, problem.unit)
        if self.verbose:
            print(history.last_line())
        tasks.end(lambda: self._attributes(problem, problem.theta))
        self._learn(problem, problem.theta, history, best_score=None)
        tasks.close()

    def _refresh_rate(self, progress, problem, batch_size):
        """Find the rate again where much more is known of the data, or a batch may be steeper."""
        optimizer = self._optimizer()
        if optimizer.adaptive and progress.moments.inputs.count < progress.refresh_at:
            return
        # What is yet to come is like the batches of a stream without an end.
        rate = automatic_rate(
            problem, optimizer, batch_size, np.inf, np.inf, _LONGEST_PATH_OF_STREAMS
        )
        # The steps of the other optimizers must suit the steepest batch of the stream.
        progress.rate = rate if optimizer.adaptive else min(rate, progress.rate)
        progress.refresh_at = 2 * progress.moments.inputs.count

    def _schedule(self, problem):
        """Schedule that ``learning_rate`` stands for."""
        if isinstance(self.learning_rate, Schedule):
            return self.learning_rate.plain()
        if self._automatic:
            return CosineDecay(self._automatic_rate(problem))
        return Constant(float(self.learning_rate))

    def _automatic_rate(self, problem):
        n_samples = len(problem.data.rows)
        batch_size = self._batch_size(n_samples)
        n_steps = self._n_epochs(n_samples) * n_samples / batch_size
        longest_path = _LONGEST_PATH_TO_QUANTITIES if self._has_units else _LONGEST_PATH
        return automatic_rate(
            problem, self._optimizer(), batch_size, n_samples, n_steps, longest_path
        )

    def _attributes(self, problem, theta):
        """Learnt attributes that belong to the parameters."""
        return self._learnt(self._folded(problem, theta))

    def _folded(self, problem, theta):
        """A copy of the parameters, as they are on the data as given."""
        views = problem.objective.network.layout.views(theta.copy())
        problem.fold(views)
        return views

    def _learn(self, problem, theta, history, best_score):
        """Set the learnt attributes."""
        for name, value in self._attributes(problem, theta).items():
            setattr(self, name, value)
        self.history_ = history.as_dict(steps=self.history_steps)
        self.loss_curve_ = list(history["loss"])
        self.n_iter_ = len(history["loss"])
        self.best_validation_score_ = best_score
