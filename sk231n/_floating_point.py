"""NumPy's floating-point errors, switched off or on for one call and for nobody else."""

import functools
from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])


def with_errors(**actions: str) -> Callable[[F], F]:
    """Decorate a function to run with NumPy's error state changed, as by ``np.errstate``.

    Ctrl-C may come while ``with np.errstate(...)`` is being entered, after the state was set and
    before anybody is bound to put it back: it then stays for the rest of the program. NumPy keeps
    the state in a context variable, so here it is set in a copy of the context, which is thrown
    away whatever happens.

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


# For methods in which others change the state, as scikit-learn does to validate data.
contained = with_errors()
# For computations whose results are looked at afterwards.
quiet = with_errors(over="ignore", under="ignore", invalid="ignore", divide="ignore")
