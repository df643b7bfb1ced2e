"""Arguments: scikit-learn's validation, stricter with numbers and more helpful with names."""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from functools import wraps
from inspect import signature
from numbers import Integral, Real
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from sk231n._sklearn import (
    Interval,
    InvalidParameterError,
    StrOptions,
    validate_parameter_constraints,
)

P = ParamSpec("P")
R = TypeVar("R")

_NOT_NUMBERS = bool, np.bool_, np.timedelta64  # Python and NumPy treat these as integers


class Number(Interval):
    """Integers and floats of an interval: no booleans, no fractions, nothing beyond float64."""

    def is_satisfied_by(self, val: Any) -> bool:
        """Return whether the value is a number of the interval."""
        if isinstance(val, _NOT_NUMBERS) or not isinstance(val, self.type):
            return False
        if not isinstance(val, Integral | float | np.floating):
            return False
        try:
            as_float = float(val)
        except OverflowError:
            return False
        return (val if isinstance(val, Integral) else as_float) in self


def count(least: int) -> Any:
    """Whole numbers from `least` to the largest index that every platform supports."""
    return Number(Integral, least, 2**31 - 1, closed="both")


RANDOM_STATE: list[Any] = [
    Number(Integral, 0, 2**32 - 1, closed="both"),
    np.random.RandomState,
    None,
]


def validate_arguments(
    constraints: Mapping[str, Any], arguments: Mapping[str, Any], owner: str
) -> None:
    """Validate arguments as scikit-learn does, and suggest the nearest name for a misspelt one.

    Parameters
    ----------
    constraints : dict
        The constraints of each argument, as in ``_parameter_constraints``.
    arguments : dict
        The arguments, by name.
    owner : str
        Name of the class or function that they are for.

    Raises
    ------
    ValueError
        If an argument is not valid; scikit-learn's ``InvalidParameterError``.
    """
    # NumPy's strings, which a search may pass, would show their type in the message.
    arguments = {
        name: str(value) if isinstance(value, np.str_) else value
        for name, value in arguments.items()
    }
    try:
        validate_parameter_constraints(constraints, arguments, owner)
    except InvalidParameterError as error:
        for name, value in arguments.items():
            if isinstance(value, str) and str(error).startswith(f"The {name!r} parameter"):
                names = [c.options for c in constraints[name] if isinstance(c, StrOptions)]
                raise InvalidParameterError(str(error) + did_you_mean(value, *names)) from None
        raise


def validates_arguments(
    constraints: Mapping[str, Any],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator of a function whose arguments are validated first; see :func:`validate_arguments`.

    scikit-learn's ``validate_params`` does the same, but suggests no names and hides the types.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        parameters = signature(function)

        @wraps(function)
        def validated(*args: P.args, **kwargs: P.kwargs) -> R:
            bound = parameters.bind(*args, **kwargs)
            bound.apply_defaults()
            arguments = {name: bound.arguments[name] for name in constraints}
            validate_arguments(constraints, arguments, function.__qualname__)
            return function(*args, **kwargs)

        return validated

    return decorate


def as_floats(values: Any, name: str) -> NDArray[np.float64]:
    """Return a float64 copy of an array-like of real numbers, or say what it holds instead."""
    try:
        array = np.array(values)
        if array.dtype == object:
            is_real = all(isinstance(value, Real) for value in array.flat)
        else:
            is_real = array.dtype.kind in "buif"
        if is_real:
            with np.errstate(over="ignore"):
                floats = array.astype(np.float64)
            if np.isinf(floats).any() and array.dtype.itemsize > 8 and np.isfinite(array).all():
                raise OverflowError("long float too large")
            return floats
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must hold numbers of float64 ({error}).") from error
    raise ValueError(f"{name} must hold real numbers; got dtype {array.dtype}.")


def did_you_mean(value: str, names: Iterable[str] = ()) -> str:
    """Suggest the name that is nearest to `value`, in any spelling; "" if none is near."""
    by_lower_case = {name.lower(): name for name in sorted(names)}
    close = get_close_matches(value.lower(), by_lower_case, n=1)
    return f" Did you mean {by_lower_case[close[0]]!r}?" if close else ""
