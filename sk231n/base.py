"""Training: what all estimators share that follow the gradient of the one objective."""

import copy
from abc import abstractmethod
from contextlib import closing
from itertools import islice
from numbers import Integral, Real
from types import SimpleNamespace

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer_names
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from sk231n._arguments import RANDOM_STATE, Number, count, validate_arguments
from sk231n._callbacks import EpochTasks
from sk231n._containers import as_numpy
from sk231n._errors import naming
from sk231n._estimators import (
    as_labels,
    blocks,
    check_no_missing,
    check_weights,
    float_dtype,
    one_blas_thread,
    only_numbers,
    unchanged_on_error,
    validated,
)
from sk231n._floating_point import contained
from sk231n._images import as_rows
from sk231n._threads import Team, count_threads, run_on_threads
from sk231n._warnings import warn
from sk231n.core.automatic_rate import automatic_rate
from sk231n.core.monitoring import History, Monitor, Patience, by_loss, by_score
from sk231n.core.network import Network
from sk231n.core.objective import Objective
from sk231n.core.optimizers import OPTIMIZERS, Optimizer
from sk231n.core.penalties import L1, L2, ElasticNet
from sk231n.core.schedules import Constant, CosineDecay, Schedule
from sk231n.core.standardization import Moments, Standardization
from sk231n.core.training import Average, Data, Problem, epochs, lbfgs, start
from sk231n.validation import Validation

TRAINING_CONSTRAINTS = {
    "alpha": [Number(Real, 0, None, closed="left")],
    "penalty": [StrOptions({"l1", "l2", "elasticnet"}), None],
    "l1_ratio": [Number(Real, 0, 1, closed="both")],
    "optimizer": [StrOptions(set(OPTIMIZERS)), Optimizer],
    "learning_rate": [StrOptions({"auto"}), Number(Real, 0, None, closed="neither"), Schedule],
    "batch_size": [StrOptions({"auto"}), count(1)],
    "max_iter": [StrOptions({"auto"}), count(1)],
    "tol": [Number(Real, 0, None, closed="left"), None],
    "n_iter_no_change": [count(1)],
    "shuffle": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Number(Real, 0, 1, closed="neither")],
    "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
    "history_steps": ["boolean"],
    "averaging": [StrOptions({"ema"}), None],
    "warm_start": ["boolean"],
    "random_state": RANDOM_STATE,
    "verbose": [count(0), "boolean"],
}


_EXAMPLES = {
    "optimizer": "optimizer=sk231n.optimizers.Adam()",
    "learning_rate": "learning_rate=sk231n.schedules.CosineDecay()",
    "loss": "loss=sk231n.losses.CrossEntropy()",
}
# One over the distance that a weight of a network may cover in a run: shortest where the errors of
# quantities have no bound. A stream has no end, at which the rate would have come to zero; it is to
# follow data that change.
_LONGEST_PATH, _LONGEST_PATH_TO_QUANTITIES, _LONGEST_PATH_OF_STREAMS = 100.0, 500.0, 50.0
_PREDICTED_ROWS = 256  # rows of a block: enough for BLAS, few enough for several threads
_LARGE_DATA = 2**17  # numbers whose conversion takes longer than starting threads


class GradientEstimator(CallbackSupportMixin, BaseEstimator):
    """Base of the estimators that minimise the one objective by following its gradient.

    A subclass says what is learnt (``_layers``, ``_loss``, ``_score``), how targets become numbers
    (``_encode``) and targets again (``_decode``), and how the parameters become learnt attributes
    (``_learnt``) and are found in them again (``_parameters``).
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
    def _score(self, units):
        """Score that the history records; see :class:`~sk231n.core.objective.Objective`."""

    @abstractmethod
    def _score_all(self, scores, y, sample_weight):
        """Score of the network's scores on all validation data, as ``score`` computes it."""

    @abstractmethod
    def _encode(self, y, rows, learn, classes):
        """Turn targets into numbers, `rows` being those with weight; `learn` of them first."""

    @abstractmethod
    def _decode(self, y):
        """Undo :meth:`_encode`."""

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

    @contained
    def _fit(self, X, y, sample_weight, X_val, y_val, sample_weight_val, classes=None):
        """Train the estimator; ``fit`` of the subclasses."""
        with unchanged_on_error(self):
            self._check_arguments()
            warm = self.warm_start and hasattr(self, "n_iter_")
            rng = check_random_state(self.random_state)
            data = self._data(X, y, sample_weight, reset=not warm, learn=not warm, classes=classes)
            data, validation = self._split(
                data, X_val, y_val, sample_weight_val, rng, weighted=sample_weight is not None
            )
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

    @contained
    def _continue_on(self, data, callback_data, *, warm):
        """Train for one epoch, from the learnt attributes on if there are any."""
        # A copy, so that an epoch that fails leaves no trace.
        progress = copy.deepcopy(getattr(self, "_progress_", None)) or SimpleNamespace(
            moments=copy.deepcopy(getattr(self, "_moments_", None)) or self._no_moments(data),
            rng=check_random_state(self.random_state),
            state=None,
            optimizer=None,
            rate=np.inf,
            refresh_at=0,
        )
        if not isinstance(self.random_state, Integral):
            progress.rng = check_random_state(self.random_state)  # others may draw from it as well
        with one_blas_thread():
            self._train_epoch(progress, self._weigh(data), callback_data, warm=warm)
        self._progress_ = progress

    @contained
    def _scores(self, X):
        """Scores of the network, of shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        X = only_numbers(validated(self, as_rows(X)[0], reset=False))
        scores = self._scores_of_rows(X)
        refuse_overflow(scores)
        return scores

    def _scores_of_rows(self, X, rows=None):
        """Scores of validated data, or of some of their rows."""

        def compute(network, parameters, x):
            return [network.forward(parameters, x)[0]]

        (scores,) = self._outputs(X, compute, rows)
        return scores

    def _outputs(self, X, compute, rows=None):
        """What ``compute(network, parameters, x)`` lists of each block of rows, put together.

        Threads take whole blocks, so that they convert the rows of their blocks, too.
        """
        layers, parameters = self._fitted()
        network = Network(layers, X.shape[1])
        dtype = np.result_type(float_dtype(X.dtype), parameters[0].W)
        outputs = {}

        def compute_block(block):
            x = X[block if rows is None else rows[block]]
            outputs[block.start] = compute(network, parameters, np.ascontiguousarray(x, dtype))

        def make_worker():
            np.seterr(over="ignore", invalid="ignore")  # in the context of the worker alone
            return compute_block

        n_threads = count_threads(None) if X.size > _LARGE_DATA else 1
        with one_blas_thread():
            n_rows = len(X) if rows is None else len(rows)
            run_on_threads(make_worker, blocks(n_rows, _PREDICTED_ROWS), n_threads)
        return [
            np.concatenate(parts)
            for parts in zip(*(outputs[k] for k in sorted(outputs)), strict=True)
        ]

    def set_params(self, **params):
        """Set parameters, also of objects such as the optimizer by ``optimizer__beta1``.

        Parameters
        ----------
        **params : dict
            The parameters, by name.

        Returns
        -------
        self : object
            The estimator itself.

        Raises
        ------
        ValueError
            If there is no such parameter, or the argument that should have it is a name.
        """
        for key in params:
            argument, nested, _ = key.partition("__")
            value = params.get(argument, getattr(self, argument, None))
            if nested and isinstance(value, str):
                raise ValueError(
                    f"{key}: {argument}={value!r} is a name, which has no parameters; set "
                    f"{argument} to an object first, such as {_EXAMPLES.get(argument, 'one')}."
                )
        return super().set_params(**params)

    def _can_partial_fit(self):
        if self._optimizer().full_batch or self.averaging is not None:
            raise AttributeError(
                f"partial_fit goes with neither averaging={self.averaging!r} nor an optimizer that "
                f"works on all samples at once; optimizer={self.optimizer!r}."
            )
        return True

    def _check_arguments(self):
        """Check every argument, those of optimizer, schedule and loss too, before any work."""
        validate_arguments(
            self._parameter_constraints, self.get_params(deep=False), type(self).__name__
        )
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

    def _data(self, X, y, sample_weight, *, reset, learn, classes=None):
        """Validate samples; those of weight zero count as if they were not there."""
        y, sample_weight = as_numpy(y, "y"), as_numpy(sample_weight, "sample_weight")
        if issparse(y) and y.ndim != 2:
            raise TypeError("y is sparse and one-dimensional; pass y.toarray().")
        check_no_missing(y)
        X, y = as_rows(X)[0], as_labels(y)
        # In C order, so that products round alike whatever the order in which the rows came.
        X, y = validated(self, X, y, reset=reset, order="C", **self._target_checks)
        X = only_numbers(X)
        w = check_weights(sample_weight, X)
        w = np.ones(len(X)) if w is None else w
        rows = np.flatnonzero(w)
        with naming("y"):
            y = self._encode(y, rows, learn, classes)
        return Data(X, y, w, rows, float_dtype(X.dtype)).normalized()

    def _split(self, data, X_val, y_val, sample_weight_val, rng, weighted):
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
            # All samples, those of weight zero too, as `score` would get them.
            given = given._replace(rows=np.arange(len(given.X)))
            return data, self._validation(given, sample_weight_val is not None)
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
                f"{len(data.rows)} samples aside ({error}); pass X_val and y_val, or "
                "early_stopping=False."
            ) from error
        held_out = self._validation(data._replace(rows=held_out), weighted)
        return data._replace(rows=rows).normalized(), held_out

    def _validation(self, data, weighted):
        """What to judge a run by."""
        targets = self._decode(data.y[data.rows])
        return Validation(data.normalized(), targets, weighted, self.scoring)

    def _no_moments(self, data):
        """Moments of inputs and targets before any data."""
        targets = Moments(data.y.shape[1]) if self._has_units else None
        return SimpleNamespace(inputs=Moments(data.X.shape[1]), targets=targets)

    # Training ------------------------------------------------------------------------------------

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
            problem.objective.team.dismiss()  # no thread may write where the result is read
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
        if self._automatic:
            views = self._folded(problem, theta)
        vars(fitted).update(self._learnt(views))
        vars(fitted).pop("feature_names_in_", None)  # rows of validation data have no names
        return fitted

    def _train_epoch(self, progress, data, callback_data, *, warm):
        """Run one epoch from the learnt attributes on, and learn the result."""
        problem = self._problem(data, progress.moments, progress.rng, warm=warm, stream=True)
        batch_size = self._batch_size(len(data.rows))
        if progress.optimizer is not type(self._optimizer()):  # what another one left is no use
            progress.optimizer, progress.state = type(self._optimizer()), None
            progress.rate, progress.refresh_at = np.inf, 0
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


def refuse_overflow(outputs):
    """Refuse data on which the outputs, of shape (n_samples, n), are not finite."""
    finite = np.isfinite(outputs).all(axis=1)
    if not finite.all():
        raise ValueError(
            f"X holds values too large for the model in {outputs.dtype}: those of sample "
            f"{finite.argmin()} lead beyond the range. Scale the features as those of the training "
            "data were."
        )
