"""Targets that are quantities of any scale, and the precision that they need."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy.sparse import issparse
from sklearn.metrics import r2_score
from sklearn.utils import assert_all_finite

from sk231n._estimators import only_numbers


class QuantityTargets:
    """Mixin of the regressor: its targets as training sees them, and their scores."""

    n_outputs_: int

    _target_checks: dict[str, bool] = {"multi_output": True, "y_numeric": True}
    _targets_are_quantities = True

    def _decode(self, y):
        return y[:, 0] if self._one_target_ else y

    def _encode(self, y, rows, learn, classes):
        """Targets as a matrix of floats."""
        if issparse(y):
            raise TypeError("y is sparse; MLPRegressor needs dense targets, such as y.toarray().")
        one = y.ndim == 1
        y = np.ascontiguousarray(only_numbers(y, "y"), dtype=np.float64).reshape(len(y), -1)
        assert_all_finite(y, input_name="y")  # None has become NaN
        if learn:
            self._one_target_, self.n_outputs_ = one, y.shape[1]
            self._precisions_ = precisions(y[rows])
        if y.shape[1] != self.n_outputs_:
            raise ValueError(
                f"y has {y.shape[1]} targets, but the first call of fit had {self.n_outputs_}."
            )
        return y

    def _data(self, X, y, sample_weight, *, reset, learn, classes=None):
        data = super()._data(X, y, sample_weight, reset=reset, learn=learn, classes=classes)
        learnt = [] if learn else getattr(self, "coefs_", [])
        in_float64 = len(learnt) > 0 and np.asarray(learnt[0]).dtype == np.float64
        if in_float64 or exceed_float32(data.y[data.rows], self._precisions_):
            data = data._replace(dtype=np.dtype(np.float64))
        if learn:
            check_not_tiny(self._precisions_, data.dtype)
        return data

    def _score(self, units):
        weights = self._precisions_ if units is None else units.precisions()

        def score(scores, y):
            error = scores - y
            error *= error
            return 1 - (error * weights).mean(axis=1)

        return score

    def _score_all(self, scores, y, sample_weight):
        if len(y) < 2:  # no variance; use that of the training data
            return float(self._score(None)(scores, y)[0])
        with np.errstate(over="ignore", invalid="ignore"):  # the score may be minus infinity
            return r2_score(y, scores, sample_weight=sample_weight)


def precisions(y: NDArray[Any]) -> NDArray[Any]:
    """One over the variance of each target, of shape (n_outputs,); 1 where there is no spread."""
    spread = np.ones(y.shape[1])
    if len(y):
        with np.errstate(over="ignore", invalid="ignore"):
            spread, mean = y.std(axis=0), y.mean(axis=0)
        if not np.isfinite(spread).all():
            raise ValueError(
                "y holds values too large for float64 arithmetic; scale the targets down."
            )
        # A spread no larger than the rounding of the mean counts as zero.
        spread[spread <= 8 * np.finfo(np.float64).eps * np.abs(mean)] = 1
    with np.errstate(over="ignore"):
        return 1 / spread / spread


def exceed_float32(y: NDArray[Any], precisions: NDArray[Any]) -> bool:
    """Whether predictions in float32 would lose what distinguishes the targets."""
    size, floats = np.abs(y).max(axis=0, initial=0), np.finfo(np.float32)
    offset = size * np.sqrt(precisions)  # relative to the spread
    return size.max() > floats.max**0.75 or offset.max() > 1e-3 / floats.eps


def check_not_tiny(precisions: NDArray[Any], dtype: DTypeLike) -> None:
    """Refuse targets so small that squares of errors as small as rounding would vanish."""
    floats = np.finfo(dtype)
    if precisions.max() > floats.eps / floats.tiny:
        raise ValueError(
            f"y holds values too small for {dtype} arithmetic (column {precisions.argmax()}); "
            "scale the targets up."
        )
