"""What the gradient-trained estimators share: the arguments, ``fit``, ``partial_fit``, history."""

import copy
import warnings
from abc import abstractmethod
from itertools import islice
from numbers import Integral, Real
from types import SimpleNamespace

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, compute_class_weight
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
from sklearn.utils.validation import _check_sample_weight, validate_data

from sk231n._callbacks import EpochTasks
from sk231n._images import as_rows, float_dtype, unchanged_on_error
from sk231n.core.layers import Network
from sk231n.core.monitoring import History, Monitor, Patience
from sk231n.core.objective import Objective, accuracy
from sk231n.core.optimizers import OPTIMIZERS, Optimizer
from sk231n.core.penalties import L1, L2, ElasticNet
from sk231n.core.schedules import Constant, CosineDecay, Schedule
from sk231n.core.standardization import Moments, Standardization, largest_eigenvalue
from sk231n.core.training import Average, Data, Problem, epochs, lbfgs


class GradientClassifier(CallbackSupportMixin, ClassifierMixin, BaseEstimator):
    """Base of the classifiers that minimise the one objective by following its gradient.

    A subclass says what the network looks like (``_layers``), which loss it minimises (``_loss``),
    and how parameters become learnt attributes (``_learnt``) and parameters again (``_remember``).
    """

    _parameter_constraints: dict = {
        "alpha": [Interval(Real, 0, None, closed="left")],
        "penalty": [StrOptions({"l1", "l2", "elasticnet"}), None],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "optimizer": [StrOptions(set(OPTIMIZERS)), Optimizer],
        "learning_rate": [
            StrOptions({"auto"}),
            Interval(Real, 0, None, closed="neither"),
            Schedule,
        ],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "averaging": [StrOptions({"ema"}), None],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        alpha=1e-3,
        penalty="l2",
        l1_ratio=0.5,
        optimizer="adam",
        learning_rate="auto",
        batch_size="auto",
        max_iter="auto",
        tol=1e-4,
        n_iter_no_change=10,
        shuffle=True,
        early_stopping=False,
        validation_fraction=0.1,
        averaging=None,
        class_weight=None,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.alpha = alpha
        self.penalty = penalty
        self.l1_ratio = l1_ratio
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.shuffle = shuffle
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.averaging = averaging
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    # What a subclass says ------------------------------------------------------------------------

    @abstractmethod
    def _layers(self):
        """Layers of the network; the last one gives a score for each class."""

    @abstractmethod
    def _loss(self):
        """Loss that is minimised."""

    @abstractmethod
    def _learnt(self, views):
        """Learnt attributes, by name, as copies of the parameters in the views."""

    @abstractmethod
    def _remember(self, views):
        """Write the learnt attributes back into the views: the inverse of ``_learnt``."""

    # What users call -----------------------------------------------------------------------------

    @with_callbacks
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Train the classifier.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Training data; stacks of images are flattened.
        y : array-like of shape (n_samples,)
            Labels of any type.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None weighs all alike.
        X_val : array-like like `X`, default=None
            Validation data of your own: ``history_`` follows them, and ``early_stopping`` watches
            them instead of a part of `X`.
        y_val : array-like of shape (n_val_samples,), default=None
            Labels of the validation data.
        sample_weight_val : array-like of shape (n_val_samples,), default=None
            Weights of the validation data.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If the data or the arguments are unfit; the classifier is then as it was.
        FloatingPointError
            If training diverges; the message names the learning rate to lower.
        """
        with unchanged_on_error(self):
            self._check_arguments()
            warm = self.warm_start and hasattr(self, "n_iter_")
            rng = check_random_state(self.random_state)
            data = self._data(X, y, sample_weight, reset=not warm)
            data, validation = self._split(data, X_val, y_val, sample_weight_val, rng)
            data = self._weigh_classes(data)
            moments = Moments(data.X.shape[1])
            problem = self._problem(data, moments, rng, warm=warm)
            metadata = None if sample_weight is None else {"sample_weight": sample_weight}
            self._train(problem, validation, rng, {"X": X, "y": y, "metadata": metadata})
            vars(self).pop("_progress_", None)
        return self

    def _can_partial_fit(self):
        return not self._optimizer().full_batch

    @available_if(_can_partial_fit)
    @with_callbacks
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on some of the data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Training data; stacks of images are flattened.
        y : array-like of shape (n_samples,)
            Labels of any type.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; needed at the first call, optional after.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; None weighs all alike.

        Returns
        -------
        self : object
            The classifier after the epoch.

        Raises
        ------
        ValueError
            If the data or the arguments are unfit; the classifier is then as it was.
        FloatingPointError
            If training diverges; the message names the learning rate to lower.
        """
        with unchanged_on_error(self):
            self._check_arguments()
            if self.class_weight == "balanced":
                raise ValueError(
                    "class_weight='balanced' needs all the data at once, but partial_fit sees a "
                    "part; pass the weights as a dict, or as sample_weight."
                )
            first_call = _check_partial_fit_first_call(self, classes)
            data = self._data(X, y, sample_weight, reset=first_call, learn=False)
            data = self._weigh_classes(data)
            progress = copy.deepcopy(getattr(self, "_progress_", None)) or SimpleNamespace(
                moments=Moments(data.X.shape[1]),
                rng=check_random_state(self.random_state),
                state=None,
                rate=None,
                refresh_at=0,
            )
            self._continue(progress, data, {"X": X, "y": y}, warm=not first_call)
            self._progress_ = progress
        return self

    def decision_function(self, X):
        """Compute the scores.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            A score for each class; for two classes the second minus the first.
        """
        scores = self._scores(X)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict(self, X):
        """Predict the class with the largest score, the first of those that tie.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels out of ``classes_``.
        """
        winners = np.argmax(self._scores(X), axis=1)
        return self.classes_[winners]

    # Data ----------------------------------------------------------------------------------------

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

    def _data(self, X, y, sample_weight, *, reset, learn=None):
        """Validate samples; learn the labels unless they are known.

        Samples of weight zero count as if they were not there.
        """
        X, y = validate_data(self, as_rows(X)[0], y, reset=reset)
        check_classification_targets(y)
        w = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        rows = np.flatnonzero(w)
        if reset if learn is None else learn:
            self.classes_ = np.unique(y[rows])
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs samples of at least 2 classes in y; got one class, "
                f"{self.classes_[0]!r}."
            )
        codes = np.searchsorted(self.classes_, y)
        codes[codes == len(self.classes_)] = 0
        unknown = np.setdiff1d(y[rows], self.classes_)
        if len(unknown):
            raise ValueError(
                f"y holds labels that are not among the known classes: {unknown[:10]!r} are not in "
                f"{self.classes_!r}."
            )
        return Data(X, codes, w, rows, float_dtype(X.dtype)).normalized()

    def _weigh_classes(self, data):
        """Fold ``class_weight`` into the weights of the samples to train on."""
        if self.class_weight is None:
            return data
        if self.class_weight == "balanced":
            total = np.bincount(data.y[data.rows], data.w[data.rows], len(self.classes_))
            weights = np.divide(1, total, out=np.zeros_like(total), where=total > 0)
        else:
            weights = compute_class_weight(
                self.class_weight, classes=self.classes_, y=self.classes_
            )
        if not (weights >= 0).all():
            raise ValueError(f"class_weight must hold numbers >= 0; got {self.class_weight!r}.")
        w = data.w * weights[data.y]
        if not w[data.rows].any():
            raise ValueError(f"class_weight={self.class_weight!r} gives all samples the weight 0.")
        return data._replace(w=w).normalized()

    def _split(self, data, X_val, y_val, sample_weight_val, rng):
        """Find the validation data: those given, else a part of the training data, else None."""
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val go together; one of them is None.")
        if X_val is not None:
            return data, self._data(X_val, y_val, sample_weight_val, reset=False)
        if not self.early_stopping:
            return data, None
        try:
            rows, held_out = train_test_split(
                data.rows,
                test_size=self.validation_fraction,
                stratify=data.y[data.rows],
                random_state=rng,
            )
        except ValueError as error:
            raise ValueError(
                f"early_stopping could not set validation_fraction={self.validation_fraction} of "
                f"{len(data.rows)} samples aside ({error}); pass X_val and y_val instead."
            ) from error
        return data._replace(rows=rows).normalized(), data._replace(rows=held_out).normalized()

    # Training ------------------------------------------------------------------------------------

    def _optimizer(self):
        return OPTIMIZERS[self.optimizer] if isinstance(self.optimizer, str) else self.optimizer

    def _penalty(self):
        penalties = {"l1": L1(), "l2": L2(), "elasticnet": ElasticNet(self.l1_ratio), None: None}
        return penalties[self.penalty]

    def _problem(self, data, moments, rng, *, warm):
        """Put together objective, first parameters, data, and the way that the inputs are seen."""
        network = Network(self._layers(), data.X.shape[1])
        theta = network.initialize(rng, data.dtype)
        standardization = Standardization()
        if self._automatic:
            moments.update(data, count=len(data.rows))
            standardization = moments.standardization(data.dtype, ridge=4 * self._curvature)
        factor = network.penalized(standardization.factor)
        if warm:
            views = network.layout.views(theta)
            self._remember(views)
            standardization.unfold(views[0])
        objective = Objective(
            network, self._loss(), accuracy, self._penalty(), self.alpha, factor.astype(data.dtype)
        )
        return Problem(objective, theta, data, standardization)

    @property
    def _automatic(self):
        """Whether the learning rate is to be found."""
        return isinstance(self.learning_rate, str)

    @property
    def _curvature(self):
        """Largest second derivative of the penalty."""
        return self.alpha * self._penalty().curvature if self.penalty else 0.0

    def _auto_rate(self, problem):
        """Learning rate that the data allow; see :meth:`Optimizer.auto_rate`."""
        largest = largest_eigenvalue(problem.data, problem.standardization)
        # The intercept sees a constant 1, hence the second moment of at least 1.
        smoothness = self._loss().curvature * max(largest, 1.0)
        smoothness += self._curvature * np.max(problem.standardization.factor) ** 2
        # Twice the curvature is 1 for the cross-entropy; a steeper loss asks for smaller steps.
        reach = 2 * self._loss().curvature * np.sqrt(largest * problem.data.X.shape[1])
        return self._optimizer().auto_rate(smoothness, reach)

    def _batch_size(self, n_samples):
        return min(200 if self.batch_size == "auto" else self.batch_size, n_samples)

    def _n_epochs(self, n_samples):
        """``max_iter``; "auto" means 1,000 steps, in at least 10 and at most 1,000 epochs."""
        if self.max_iter != "auto":
            return self.max_iter
        if self._optimizer().full_batch:
            return 1000
        return int(np.clip(1000 * self._batch_size(n_samples) // n_samples, 10, 1000))

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
            return tasks.end(lambda: self._attributes(problem, monitor.theta)) or stop

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
                any(map(after_epoch, islice(run, total)))
        except KeyboardInterrupt:
            if not monitor.history["loss"]:
                raise
            warnings.warn(
                f"Training was interrupted after {len(monitor.history['loss'])} epochs; the "
                "classifier is fitted as far as it got.",
                stacklevel=4,
            )
        self._learn(problem, monitor.final_theta, monitor.history)
        self.best_validation_score_ = monitor.best_score
        tasks.close()

    def _continue(self, progress, data, callback_data, *, warm):
        """Run one epoch from the learnt attributes on, and learn the result."""
        problem = self._problem(data, progress.moments, progress.rng, warm=warm)
        batch_size = self._batch_size(len(data.rows))
        # The rate rests on what is known of the data: it is found anew as often as that doubles.
        if self._automatic and progress.moments.count >= progress.refresh_at:
            progress.rate = self._auto_rate(problem)
            progress.refresh_at = 2 * progress.moments.count
        schedule = Constant(progress.rate) if self._automatic else self._schedule(problem)
        progress.state = progress.state or self._optimizer().start(problem.theta)
        history = History(validated=False)  # of all epochs so far, none of which is forgotten
        history.update({name: list(getattr(self, "history_", history)[name]) for name in history})
        tasks = EpochTasks(self, 1, callback_data)
        run = epochs(
            problem, self._optimizer(), schedule, self._n_epochs(len(data.rows)),
            batch_size=batch_size, shuffle=self.shuffle, rng=progress.rng, state=progress.state,
            losses=history["loss"], first=len(history["loss"]),
        )  # fmt: skip
        epoch = next(run)
        history.add(**epoch._asdict())
        tasks.end(lambda: self._attributes(problem, problem.theta))
        self._learn(problem, problem.theta, history)
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
        problem.standardization.fold(views[0])
        return self._learnt(views)

    def _learn(self, problem, theta, history):
        """Set the learnt attributes."""
        for name, value in self._attributes(problem, theta).items():
            setattr(self, name, value)
        self.history_ = history
        self.loss_curve_ = list(history["loss"])
        self.n_iter_ = len(history["loss"])
