"""Warnings that point at the user's line, however deep in the library they are issued."""

import sys
import warnings
from os.path import dirname, join

import joblib
import sklearn

# Calls from user code also pass through pipelines, searches and decorators.
_INSIDE = tuple(join(dirname(path), "") for path in (__file__, sklearn.__file__, joblib.__file__))


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning in the name of the first caller outside of the library.

    A fixed ``stacklevel`` cannot do this, because the number of calls between the user's line and
    this one depends on the pipelines, decorators and base classes in between. A warning that points
    at the user's line is shown once for each line that causes it, and filters by module work.

    Parameters
    ----------
    message : str
        The text of the warning.
    category : type, default=UserWarning
        A subclass of :class:`Warning`.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_INSIDE):
        frame = frame.f_back
    warnings.warn_explicit(
        message,
        category,
        filename=frame.f_code.co_filename,
        lineno=frame.f_lineno,
        module=frame.f_globals.get("__name__", "<unknown>"),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )
