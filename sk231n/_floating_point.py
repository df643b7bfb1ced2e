"""NumPy's handling of floating-point errors, changed for the duration of one call."""

import functools
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])


def with_errors(**actions: str) -> Callable[[F], F]:
    """Decorate a function to run with NumPy's error state changed, as by ``np.errstate``.

    If Ctrl-C arrives while ``with np.errstate(...)`` is being entered, the state may already be
    set, although no exit will restore it; it then stays for the rest of the program. NumPy keeps
    the state in a context variable, so here it is set in a copy of the context, which is discarded
    however the call ends.

    Parameters
    ----------
    **actions : str
        Arguments of :func:`numpy.seterr`, such as ``over="ignore"``.
    """

    def decorate(function):
        def set_and_call(*args, **kwargs):
            np.seterr(**actions)
            return function(*args, **kwargs)

        @functools.wraps(function)
        def call(*args, **kwargs):
            return copy_context().run(set_and_call, *args, **kwargs)

        return call

    return decorate


# For methods that call code which changes the state, as scikit-learn's validation does.
contained = with_errors()
# For computations whose results are checked afterwards.
quiet = with_errors(over="ignore", under="ignore", invalid="ignore", divide="ignore")
