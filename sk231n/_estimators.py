"""Helpers of all estimators: float type, validation, BLAS threads, and a fit that may fail."""

import re
import threading
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from numbers import Real
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.utils import assert_all_finite, check_array
from sklearn.utils.validation import validate_data
from threadpoolctl import OpenBLASController

from sk231n._sklearn import blas_controller, check_sample_weight, is_pandas_na, is_scalar_nan
from sk231n.core.arguments import Number, validate_arguments
from sk231n.core.bases import BaseEstimator, TransformerMixin
from sk231n.core.errors import naming
from sk231n.core.stored import StoredArray

F = TypeVar("F", bound=Callable[..., Any])


def float_dtype(dtype: DTypeLike) -> np.dtype[Any]:
    """Float type for computing with `dtype`: float32 if it represents all values exactly."""
    return np.dtype(np.float32) if np.can_cast(dtype, np.float32) else np.dtype(np.float64)


def only_numbers(X: Any, name: str = "X") -> NDArray[Any]:
    """Return the validated array `X`; refuse dates and text, which scikit-learn lets through."""
    if X.dtype.kind == "O" or (X.dtype.kind == "f" and X.dtype.itemsize > 8):
        with naming(name), np.errstate(over="ignore", invalid="ignore"):
            X = X.astype(np.float64)
            assert_all_finite(X, input_name=name)
    if X.dtype.kind not in "buif":
        raise ValueError(f"{name} has dtype {X.dtype}; expected booleans, integers or floats.")
    return X


def validated(estimator: Any, X: Any, y: Any = "no_validation", **checks: Any) -> Any:
    """Validate `X`, or `X` and `y`, as scikit-learn does; errors name the one they are about.

    Of an array that is read in chunks, the values to learn from are read once, those to predict
    when they are needed.
    """
    if isinstance(X, StoredArray):
        return _validated_chunks(estimator, X, y, **checks)
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # sums that find infinities
            return validate_data(estimator, X, y, **checks)
    except (TypeError, ValueError, OverflowError) as error:
        if re.search(r"\bX\b|\by\b", str(error)) and not isinstance(error, OverflowError):
            raise
        with naming("X" if isinstance(y, str) and y == "no_validation" else _culprit(X, error)):
            raise


def _validated_chunks(estimator, X, y, reset=True, **checks):
    """Validate an array that is read in chunks, by one of its shape without values, and `y`."""
    no_values = np.broadcast_to(np.zeros((), X.dtype), X.shape)
    checks = {name: value for name, value in checks.items() if name not in ("dtype", "order")}
    validated_y = validated(estimator, no_values, y, reset=reset, ensure_all_finite=False, **checks)
    predicts = isinstance(y, str) and y == "no_validation"
    if reset or not predicts:
        X.check()
    return X if predicts else (X, validated_y[1])


def _culprit(X, error):
    """Name the one of `X` and `y` that an error of their validation is about."""
    if "inconsistent numbers of samples" in str(error):
        return "X and y"
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            check_array(X, ensure_all_finite=False)
    except (TypeError, ValueError, OverflowError):
        return "X"
    return "y"


def check_weights(
    sample_weight: Any, X: Any, name: str = "sample_weight"
) -> NDArray[np.float64] | None:
    """Weights of the samples of `X` as float64, or None for None; refuse invalid weights."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        if not Number(Real, 0, None, closed="neither").is_satisfied_by(sample_weight):
            raise ValueError(
                f"{name}={sample_weight!r} must be a finite number > 0, or one per sample."
            )
        return np.ones(len(X))  # only the ratios of weights matter
    samples = np.broadcast_to(np.int8(0), len(X))  # scikit-learn asks only how many there are
    with naming(name), np.errstate(over="ignore", invalid="ignore"):
        w = check_sample_weight(sample_weight, samples, dtype=np.float64, ensure_non_negative=True)
        if not np.isfinite(w.sum()):
            raise ValueError("the sum of the weights overflows float64; divide them by a constant.")
    return w


def check_no_missing(y: Any) -> None:
    """Refuse targets that are missing in a list, a series or an array of objects, and say where."""
    kind = getattr(getattr(y, "dtype", None), "kind", "O")
    if kind != "O" or getattr(y, "ndim", 1) != 1 or not isinstance(y, Sized):
        return  # scikit-learn reports the error
    try:
        distinct = set(y)  # a million labels have few distinct values
    except TypeError:
        return
    if not any(_is_missing(value) for value in distinct):
        return
    missing = [k for k, value in enumerate(y) if _is_missing(value)]
    raise ValueError(
        f"y is missing (None, NaN or NA) for {len(missing)} of {len(y)} samples, the first of "
        f"them at index {missing[0]}; leave these samples out."
    )


def _is_missing(value):
    return value is None or is_scalar_nan(value) or is_pandas_na(value)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Context in which matrix products run on one thread.

    A product with few columns gains little from a second thread. BLAS threads also spin while they
    wait for the next product, which doubles the time if they share a core with other threads.

    BLAS has one limit for the whole process. If several threads enter this context and each one
    restored the limits that it had found, the last one might restore the limit 1 set by another.
    The limits are therefore kept on a stack, and each exit restores those on top of it.
    """
    global _blas_limits
    libraries = [
        library for library in blas_controller().lib_controllers if library.user_api == "blas"
    ]
    entered = False

    def put_back():
        nonlocal entered
        with _blas_lock:
            if entered:
                _limit_threads(libraries, _blas_limits[-1])
                del _blas_limits[-1]  # from here on no calls, during which Ctrl-C could arrive
                entered = False

    try:
        with _blas_lock:
            limits = [library.num_threads for library in libraries]
            _blas_limits += [limits]  # not a call, which Ctrl-C could interrupt
            entered = True
            _limit_threads(libraries, [1] * len(libraries))
        yield
    finally:
        try:
            put_back()
        except KeyboardInterrupt:
            put_back()
            raise


_blas_lock, _blas_limits = threading.Lock(), []


def _limit_threads(libraries, limits):
    """Set limits from any thread; threadpoolctl lets only one thread change those of OpenBLAS."""
    release = getattr(OpenBLASController, "clear_controlling_thread", None)
    if release is not None:  # since threadpoolctl 3.7
        release(force=True)
    for library, limit in zip(libraries, limits, strict=True):
        library.set_num_threads(limit)
    if release is not None:
        release(force=True)


@contextmanager
def unchanged_on_error(estimator: Any) -> Iterator[None]:
    """Context that restores the estimator's learnt attributes if an exception leaves the block."""
    before = {name: value for name, value in vars(estimator).items() if name.endswith("_")}
    try:
        yield
    except BaseException:
        for name in [name for name in vars(estimator) if name.endswith("_")]:
            delattr(estimator, name)
        vars(estimator).update(before)
        raise


def named_alone(method: F) -> F:
    """Let errors about a call name the method alone, without the base class that defines it."""
    method.__qualname__ = method.__name__
    return method


class FloatTransformer(TransformerMixin, BaseEstimator):
    """Base of the transformers: float32 in, float32 out."""

    def __sklearn_tags__(self) -> Any:
        """Describe the transformer to scikit-learn."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _validate_params(self):
        arguments = self.get_params(deep=False)
        validate_arguments(self._parameter_constraints, arguments, type(self).__name__)
