"""The base of the estimators that follow the gradient of the one objective: arguments and data."""

import copy
from abc import abstractmethod
from numbers import Integral, Real
from types import SimpleNamespace

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import StrOptions

from sk231n._containers import as_numpy
from sk231n._estimators import (
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
from sk231n._labels import as_labels
from sk231n._training import NetworkTrainer
from sk231n._validation import Validation
from sk231n.core.arguments import RANDOM_STATE, Number, count, validate_arguments
from sk231n.core.errors import naming
from sk231n.core.optimizers import OPTIMIZERS, Optimizer
from sk231n.core.schedules import Schedule
from sk231n.core.training import Data

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


class GradientEstimator(CallbackSupportMixin, NetworkTrainer, BaseEstimator):
    """Base of the estimators that minimise the one objective: their arguments and their data.

    A subclass says how targets become numbers (``_encode``) and targets again (``_decode``), and
    what :class:`~sk231n._training.NetworkTrainer` asks for.
    """

    _target_checks: dict = {}  # what ``validate_data`` is told about the targets

    @abstractmethod
    def _encode(self, y, rows, learn, classes):
        """Turn targets into numbers, `rows` being those with weight; `learn` of them first."""

    @abstractmethod
    def _decode(self, y):
        """Undo :meth:`_encode`."""

    def _weigh(self, data):
        """Weights to train with; validation data keep theirs."""
        return data

    def _strata(self, data):
        """Strata from which validation data are drawn evenly; None for none."""
        return None

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
            moments = self._no_moments(data)
            metadata = None if sample_weight is None else {"sample_weight": sample_weight}
            with one_blas_thread():  # another number of threads would round differently
                data = self._weigh(data)
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
            shapes=None,
            rate=np.inf,
            refresh_at=0,
        )
        if not isinstance(self.random_state, Integral):
            progress.rng = check_random_state(self.random_state)  # others may draw from it as well
        with one_blas_thread():
            self._train_epoch(progress, self._weigh(data), callback_data, warm=warm)
        self._progress_ = progress

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
            if nested and (value is None or isinstance(value, str)):
                cure = f"; set {_EXAMPLES[argument]} first" if argument in _EXAMPLES else ""
                raise ValueError(
                    f"{key}: {argument}={value!r} is a name, which has no parameters{cure}."
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
        if self.scoring not in (None, "loss"):
            check_scoring(self, self.scoring)
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
                test_size=float(self.validation_fraction),
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
