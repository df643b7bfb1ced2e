"""The base of the estimators that are trained by gradients: their arguments, and ``fit``."""

import copy
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import check_scoring, get_scorer_names
from sklearn.utils import check_random_state

from sk231n._data import SampleReader
from sk231n._estimators import one_blas_thread, unchanged_on_error
from sk231n._floating_point import contained
from sk231n._sklearn import StrOptions
from sk231n._training import NetworkTrainer
from sk231n.core.arguments import RANDOM_STATE, Number, count, validate_arguments
from sk231n.core.bases import BaseEstimator, CallbackSupportMixin
from sk231n.core.moments import DataMoments
from sk231n.core.optimizers import LBFGS, OPTIMIZERS, Optimizer
from sk231n.core.penalties import PENALTIES, Penalty
from sk231n.core.schedules import Schedule
from sk231n.core.spec import Spec
from sk231n.core.stream import StreamState

TRAINING_CONSTRAINTS: dict[str, list[Any]] = {
    "alpha": [Number(Real, 0, None, closed="left")],
    "penalty": [StrOptions(set(PENALTIES)), Penalty, None],
    "l1_ratio": [Number(Real, 0, 1, closed="both")],
    "optimizer": [StrOptions(set(OPTIMIZERS)), Optimizer],
    "learning_rate": [StrOptions({"auto"}), Number(Real, 0, None, closed="neither"), Schedule],
    "batch_size": [StrOptions({"auto"}), count(1)],
    "max_iter": [StrOptions({"auto"}), count(1)],
    "tol": [Number(Real, 0, None, closed="left"), None],
    "n_iter_no_change": [count(1)],
    "shuffle": ["boolean", StrOptions({"chunks"})],
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
    "activation": "activation=sk231n.layers.LeakyReLU()",
    "normalization": "normalization=sk231n.layers.BatchNorm()",
    "weight_init": "weight_init=sk231n.initializers.He()",
    "penalty": "penalty=sk231n.penalties.L2()",
    "optimizer": "optimizer=sk231n.optimizers.Adam()",
    "learning_rate": "learning_rate=sk231n.schedules.CosineDecay()",
    "loss": "loss=sk231n.losses.CrossEntropy()",
}


class GradientEstimator(CallbackSupportMixin, SampleReader, NetworkTrainer, BaseEstimator):
    """Base of the estimators that are trained by gradients: their arguments, and ``fit``.

    A subclass defines the abstract methods of :class:`~sk231n._data.SampleReader` and
    :class:`~sk231n._training.NetworkTrainer`.
    """

    n_features_in_: int
    feature_names_in_: NDArray[Any]

    _remembers = {"_moments_": DataMoments, "_stream_": StreamState}

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
            metadata = None if sample_weight is None else {"sample_weight": sample_weight}
            with one_blas_thread():  # another number of threads would round differently
                data = self._weigh(data)
                problem = self._problem(data, self._no_moments(data), rng, warm=warm)
                with problem.objective.team:
                    self._train(problem, validation, rng, {"X": X, "y": y, "metadata": metadata})
            self._moments_ = problem.moments
            vars(self).pop("_stream_", None)
        return self

    @contained
    def _continue_on(self, data, callback_data, *, warm):
        """Train for one epoch, starting from the learnt attributes if there are any."""
        # A copy, so that an epoch that fails leaves no trace.
        stream = copy.deepcopy(getattr(self, "_stream_", None)) or StreamState(
            getattr(self, "_moments_", None) or self._no_moments(data),
            check_random_state(self.random_state),
        )
        if not isinstance(self.random_state, Integral):
            stream.rng = check_random_state(self.random_state)  # other code may draw from it, too
        with one_blas_thread():
            self._train_epoch(stream, self._weigh(data), callback_data, warm=warm)
        self._stream_ = stream

    def set_params(self, **params: Any) -> Self:
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
            If there is no such parameter, or the argument that should have it is a string or None.
        """
        known = self.get_params(deep=False)
        for key in params:
            argument, nested, _ = key.partition("__")
            value = params.get(argument, getattr(self, argument, None))
            if nested and argument in known and not isinstance(value, Spec):
                hint = f"; set {_EXAMPLES[argument]} first" if argument in _EXAMPLES else ""
                if isinstance(value, list | tuple | np.ndarray):
                    hint = "; search over whole sequences instead"
                raise ValueError(f"{key}: {argument}={value!r} has no parameters of its own{hint}.")
        return super().set_params(**params)

    def _can_partial_fit(self):
        if self._optimizer().full_batch or self.averaging is not None:
            raise AttributeError(
                "partial_fit supports neither averaging nor an optimizer that works on all samples "
                f"at once; got averaging={self.averaging!r} and optimizer={self.optimizer!r}."
            )
        return True

    def _check_arguments(self):
        """Check every argument, and the parameters of those that are objects, before any work."""
        validate_arguments(
            self._parameter_constraints, self.get_params(deep=False), type(self).__name__
        )
        for argument in self.get_params(deep=False).values():
            parts = argument.ravel() if isinstance(argument, np.ndarray) else argument
            for part in parts if isinstance(parts, list | tuple | np.ndarray) else [parts]:
                if isinstance(part, Spec):
                    part.check()
        if self.scoring not in (None, "loss"):
            check_scoring(self, self.scoring)
        optimizer, loss, penalty = self._optimizer(), self._loss(), self._penalty()
        if optimizer.full_batch and not isinstance(optimizer, LBFGS):
            raise ValueError(
                f"optimizer={self.optimizer!r} has full_batch=True, which only LBFGS may have; "
                "your own optimizer works on mini-batches, with batch_size=len(X) on all samples."
            )
        if optimizer.full_batch and not (loss.smooth and (penalty is None or penalty.smooth)):
            raise ValueError(
                f"optimizer={self.optimizer!r} needs a smooth objective; {loss} with "
                f"penalty={self.penalty!r} has kinks. Use optimizer='adam', or a smooth loss and "
                "penalty='l2'."
            )
