"""Training: what all estimators share that follow the gradient of the one objective."""

import copy
import warnings
from abc import abstractmethod
from contextlib import closing
from itertools import islice
from numbers import Integral, Real
from types import SimpleNamespace

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from sk231n._callbacks import EpochTasks
from sk231n._estimators import (
    blocks,
    check_no_missing,
    float_dtype,
    one_blas_thread,
    only_numbers,
    unchanged_on_error,
)
from sk231n._images import as_rows
from sk231n._threads import Team, count_threads
from sk231n.core.monitoring import History, Monitor, Patience
from sk231n.core.network import Network
from sk231n.core.objective import Objective
from sk231n.core.optimizers import OPTIMIZERS, Optimizer
from sk231n.core.penalties import L1, L2, ElasticNet
from sk231n.core.schedules import Constant, CosineDecay, Schedule
from sk231n.core.standardization import Moments, Standardization, largest_eigenvalue, sample
from sk231n.core.training import Average, Data, Problem, epochs, lbfgs, start, steepness

TRAINING_CONSTRAINTS = {
    "alpha": [Interval(Real, 0, None, closed="left")],
    "penalty": [StrOptions({"l1", "l2", "elasticnet"}), None],
    "l1_ratio": [Interval(Real, 0, 1, closed="both")],
    "optimizer": [StrOptions(set(OPTIMIZERS)), Optimizer],
    "learning_rate": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither"), Schedule],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "max_iter": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, None, closed="left"), None],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "averaging": [StrOptions({"ema"}), None],
    "warm_start": ["boolean"],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


class GradientEstimator(CallbackSupportMixin, BaseEstimator):
    """Base of the estimators that minimise the one objective by following its gradient.

    A subclass says what is learnt (``_layers``, ``_loss``, ``_score``), how targets become numbers
    (``_encode``), and how the parameters become learnt attributes (``_learnt``) and are found in
    them again (``_parameters``).
    """

    _target_checks: dict = {}  # what ``validate_data`` is told about the targets
    _has_units = False  # whether the targets are quantities, which may be of any size

    @abstractmethod
    def _layers(self):
        """Layers of the network; the last one gives the scores."""

    @abstractmethod
    def _loss(self):
        """Loss that is minimised."""

    @abstractmethod
    def _score(self, scores, y, w):
        """Score that the history records; see :class:`~sk231n.core.objective.Objective`."""

    @abstractmethod
    def _encode(self, y, rows, learn):
        """Turn targets into numbers; `learn` what there is to know of them from those of `rows`."""

    @abstractmethod
    def _learnt(self, views):
        """Learnt attributes, by name, as copies of the parameters in the views."""

    @abstractmethod
    def _parameters(self):
        """Parameters of each layer, as namespaces, made of the learnt attributes."""

    def _fitted(self):
        """Layers of the network that was fitted, and the parameters of each."""
        return self._layers(), self._parameters()

    def _weigh(self, data):
        """Weights to train with; validation data keep theirs."""
        return data

    def _strata(self, data):
        """Strata from which validation data are drawn evenly; None for none."""
        return None

    # Data ----------------------------------------------------------------------------------------

    @with_callbacks
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Train the estimator.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Training data; stacks of images are flattened.
        y : array-like of shape (n_samples,)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None weighs all alike.
        X_val : array-like like `X`, default=None
            Validation data of your own: ``history_`` follows them, and ``early_stopping`` watches
            them instead of a part of `X`.
        y_val : array-like of shape (n_val_samples,), default=None
            Targets of the validation data.
        sample_weight_val : array-like of shape (n_val_samples,), default=None
            Weights of the validation data.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data or the arguments are invalid; the estimator is then as it was.
        FloatingPointError
            If training diverges; the message names the learning rate to lower.

        Warns
        -----
        ConvergenceWarning
            If L-BFGS ends before it has met `tol`.
        UserWarning
            If training is interrupted from the keyboard; the epochs done so far are kept.
        """
        with unchanged_on_error(self):
            self._check_arguments()
            warm = self.warm_start and hasattr(self, "n_iter_")
            rng = check_random_state(self.random_state)
            data = self._data(X, y, sample_weight, reset=not warm, learn=not warm)
            data, validation = self._split(data, X_val, y_val, sample_weight_val, rng)
            data = self._weigh(data)
            moments = self._no_moments(data)
            metadata = None if sample_weight is None else {"sample_weight": sample_weight}
            with one_blas_thread():  # another number of threads would round the moments differently
                problem = self._problem(data, moments, rng, warm=warm)
                with problem.objective.team:
                    self._train(problem, validation, rng, {"X": X, "y": y, "metadata": metadata})
            self._moments_ = moments
            vars(self).pop("_progress_", None)
        return self

    def _continue_on(self, data, callback_data, *, warm):
        """Train for one epoch, from the learnt attributes on if there are any."""
        # A copy, so that an epoch that fails leaves no trace.
        progress = copy.deepcopy(getattr(self, "_progress_", None)) or SimpleNamespace(
            moments=copy.deepcopy(getattr(self, "_moments_", None)) or self._no_moments(data),
            rng=check_random_state(self.random_state),
            state=None,
            n_parts=None,
            optimizer=None,
            rate=None,
            refresh_at=0,
        )
        if not isinstance(self.random_state, Integral):
            progress.rng = check_random_state(self.random_state)  # others may draw from it as well
        with one_blas_thread():
            self._train_epoch(progress, self._weigh(data), callback_data, warm=warm)
        self._progress_ = progress

    def _scores(self, X):
        """Scores of the network, of shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        X = only_numbers(validate_data(self, as_rows(X)[0], reset=False))
        layers, parameters = self._fitted()
        network = Network(layers, X.shape[1])
        dtype = np.result_type(float_dtype(X.dtype), parameters[0].W)
        scores = np.empty((len(X), network.n_outputs), dtype)
        for rows in blocks(len(X)):
            x = X[rows].astype(dtype, copy=False)
            scores[rows] = network.forward(parameters, x)[0]
        return scores

    def _can_partial_fit(self):
        if self._optimizer().full_batch or self.averaging is not None:
            raise AttributeError(
                f"partial_fit goes with neither averaging={self.averaging!r} nor an optimizer that "
                f"works on all samples at once; optimizer={self.optimizer!r}."
            )
        return True

    def _check_arguments(self):
        """Check every argument, those of optimizer, schedule and loss too, before any work."""
        self._validate_params()
        optimizer, loss, penalty = self._optimizer(), self._loss(), self._penalty()
        optimizer.check()
        loss.check()
        if isinstance(self.learning_rate, Schedule):
            self.learning_rate.check()
        if optimizer.full_batch and not (loss.smooth and (penalty is None or penalty.smooth)):
            raise ValueError(
                f"optimizer={self.optimizer!r} needs a smooth objective; {loss} with "
                f"penalty={self.penalty!r} has kinks. Use optimizer='adam', or a smooth loss and "
                "penalty='l2'."
            )

    def _data(self, X, y, sample_weight, *, reset, learn):
        """Validate samples; those of weight zero count as if they were not there."""
        check_no_missing(y)
        X, y = validate_data(self, as_rows(X)[0], y, reset=reset, **self._target_checks)
        X = only_numbers(X)
        w = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        rows = np.flatnonzero(w)
        return Data(X, self._encode(y, rows, learn), w, rows, float_dtype(X.dtype)).normalized()

    def _split(self, data, X_val, y_val, sample_weight_val, rng):
        """Find the validation data: those given, else a part of the training data, else None."""
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val go together; one of them is None.")
        if X_val is None and sample_weight_val is not None:
            raise ValueError("sample_weight_val weighs X_val, which is None.")
        if X_val is not None:
            try:
                given = self._data(X_val, y_val, sample_weight_val, reset=False, learn=False)
            except (TypeError, ValueError) as error:
                kind = TypeError if isinstance(error, TypeError) else ValueError
                raise kind(f"X_val, y_val or sample_weight_val: {error}") from error
            return data, given
        if not self.early_stopping:
            return data, None
        try:
            rows, held_out = train_test_split(
                data.rows,
                test_size=self.validation_fraction,
                stratify=self._strata(data),
                random_state=rng,
            )
        except ValueError as error:
            raise ValueError(
                f"early_stopping could not set validation_fraction={self.validation_fraction} of "
                f"{len(data.rows)} samples aside ({error}); pass X_val and y_val, "
                "a larger validation_fraction or early_stopping=False."
            ) from error
        return data._replace(rows=rows).normalized(), data._replace(rows=held_out).normalized()

    def _no_moments(self, data):
        """Moments of inputs and targets before any data."""
        targets = Moments(data.y.shape[1]) if self._has_units else None
        return SimpleNamespace(inputs=Moments(data.X.shape[1]), targets=targets)

    # Training ------------------------------------------------------------------------------------

    def _optimizer(self):
        return OPTIMIZERS[self.optimizer] if isinstance(self.optimizer, str) else self.optimizer

    def _penalty(self):
        penalties = {"l1": L1(), "l2": L2(), "elasticnet": ElasticNet(self.l1_ratio), None: None}
        return penalties[self.penalty]

    def _problem(self, data, moments, rng, *, warm):
        """Put together objective, first parameters, data, and the way that the inputs are seen."""
        network = Network(self._layers(), data.X.shape[1])
        theta = network.layout.zeros(data.dtype) if warm else network.initialize(rng, data.dtype)
        standardization, output, unit, largest = Standardization(), None, 1.0, 1.0
        if self._automatic:
            if self._has_units:
                moments.targets.update(data._replace(X=data.y), len(data.rows), name="y")
                output = moments.targets.target_units(data.dtype)
                unit = float(output.scale.min()) ** self._loss().degree
                largest = float(output.scale.max()) ** self._loss().degree
            moments.inputs.update(data, count=len(data.rows))
            standardization = moments.inputs.standardization(
                data.dtype, ridge=4 * self._curvature / largest
            )
        factors = network.penalty_factors(
            standardization.factor, 1.0 if output is None else output.scale
        )
        objective = Objective(
            network, self._loss(), self._score, self._penalty(), self.alpha, factors, output, unit,
            Team(count_threads(None)),
        )  # fmt: skip
        problem = Problem(objective, theta, data, standardization)
        if warm:
            views = network.layout.views(theta)
            for view, parameters in zip(views, self._parameters(), strict=True):
                for name, values in vars(parameters).items():
                    getattr(view, name)[...] = values
            problem.unfold(views)
        elif self._automatic:
            problem.leave_out(moments.inputs.constant(data.dtype))
        return problem

    @property
    def _automatic(self):
        """Whether the learning rate is to be found."""
        return isinstance(self.learning_rate, str)

    @property
    def _curvature(self):
        """Largest second derivative of the penalty."""
        return self.alpha * self._penalty().curvature if self.penalty else 0.0

    @np.errstate(over="ignore", invalid="ignore")  # the loss will not be finite, and tell
    def _auto_rate(self, problem):
        """Learning rate that the data allow; see :meth:`Optimizer.auto_rate`."""
        network, loss = problem.objective.network, self._loss()
        z, w = sample(problem.data, problem.standardization)
        inputs = network.affine_inputs(problem.theta, z)
        largest = [largest_eigenvalue(x, w) for x in inputs]
        # The intercept sees a constant 1, hence the second moment of at least 1.
        smoothness = max(loss.curvature, loss.growth) * sum(max(value, 1.0) for value in largest)
        n_samples, noise = len(problem.data.rows), 0.0
        # What is bounded for one layer is not for several, whose changes multiply. A tenth has been
        # found enough for momentum, which adds up ten steps, and for batches of one.
        growth = max(loss.growth, 0.1 * loss.curvature if len(inputs) > 1 else 0.0)
        if growth and not self._optimizer().adaptive:
            noise = growth * steepness(problem) / self._batch_size(n_samples)
        if problem.objective.output is not None:
            scale = problem.objective.output.scale
            ratio = float(scale.max() / scale.min()) ** loss.degree
            smoothness, noise = ratio * smoothness, ratio * noise
        curvature = self._curvature / problem.objective.unit
        factors = [np.max(f) for of_layer in problem.objective.factors for f in of_layer.values()]
        smoothness += (np.sqrt(curvature) * max(factors)) ** 2
        # Twice the curvature is 1 for the cross-entropy; a steeper loss asks for smaller steps.
        reach = 2 * loss.curvature * sum(
            np.sqrt(value * x.shape[1]) for value, x in zip(largest, inputs, strict=True)
        )  # fmt: skip
        if len(inputs) > 1:
            # The changes of the layers multiply, and large steps end in chaos, soonest where an
            # error has no bound; a run of few steps cannot do without.
            n_steps = self._n_epochs(n_samples) * n_samples / self._batch_size(n_samples)
            reach = max(reach, min(n_steps / 2, 500.0 if self._has_units else 100.0))
        return self._optimizer().auto_rate(smoothness, reach, noise)

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
        monitor = Monitor(
            problem, validation, average, Patience(tol, self.n_iter_no_change), self.early_stopping
        )
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
                    warnings.warn(
                        f"L-BFGS ended before it met tol={self.tol} ({failure}). Scale the "
                        f"features, raise tol or allow more iterations than max_iter={total}.",
                        ConvergenceWarning,
                        stacklevel=4,
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
            problem.objective.team.dismiss()  # lest anybody writes where the result is read
            monitor.history.trim()
            if not monitor.history["loss"]:
                raise
            warnings.warn(
                f"Training was interrupted after {len(monitor.history['loss'])} epochs; the "
                "estimator is fitted as far as it got.",
                stacklevel=4,
            )
        self._learn(problem, monitor.final_theta, monitor.history, monitor.best_score)
        tasks.close()

    def _train_epoch(self, progress, data, callback_data, *, warm):
        """Run one epoch from the learnt attributes on, and learn the result."""
        problem = self._problem(data, progress.moments, progress.rng, warm=warm)
        batch_size = self._batch_size(len(data.rows))
        if progress.optimizer is not type(self._optimizer()):  # what another one left is no use
            progress.optimizer, progress.state = type(self._optimizer()), None
            progress.refresh_at = 0
        # The rate rests on what is known of the data: it is found anew as often as that doubles.
        if self._automatic and progress.moments.inputs.count >= progress.refresh_at:
            progress.rate = self._auto_rate(problem)
            progress.refresh_at = 2 * progress.moments.inputs.count
        schedule = Constant(progress.rate) if self._automatic else self._schedule(problem)
        # The optimizer's memory stays in the change of variables in which it arose: close enough.
        if progress.state is None:
            progress.n_parts = problem.objective.n_parts
            progress.state = start(problem.objective, problem.theta, self._optimizer())
        problem.objective.n_parts = progress.n_parts
        history = History(validated=False)  # of all epochs so far, none of which is forgotten
        history.update({name: list(getattr(self, "history_", history)[name]) for name in history})
        tasks = EpochTasks(self, 1, callback_data)
        run = epochs(
            problem, self._optimizer(), schedule, self._n_epochs(len(data.rows)),
            batch_size=batch_size, shuffle=self.shuffle, rng=progress.rng, state=progress.state,
            losses=history["loss"], first=len(history["loss"]),
        )  # fmt: skip
        with problem.objective.team:
            epoch = next(run)
        history.add(**epoch._asdict())
        tasks.end(lambda: self._attributes(problem, problem.theta))
        self._learn(problem, problem.theta, history, best_score=None)
        tasks.close()

    def _schedule(self, problem):
        """Schedule that ``learning_rate`` stands for."""
        if isinstance(self.learning_rate, Schedule):
            return self.learning_rate
        if self._automatic:
            return CosineDecay(self._auto_rate(problem))
        return Constant(self.learning_rate)

    def _attributes(self, problem, theta):
        """Learnt attributes that belong to the parameters."""
        views = problem.objective.network.layout.views(theta.copy())
        problem.fold(views)
        return self._learnt(views)

    def _learn(self, problem, theta, history, best_score):
        """Set the learnt attributes."""
        for name, value in self._attributes(problem, theta).items():
            setattr(self, name, value)
        self.history_ = dict(history)
        self.loss_curve_ = list(history["loss"])
        self.n_iter_ = len(history["loss"])
        self.best_validation_score_ = best_score
