"""Properties: in the suite each has a few examples, always the same; soak.py draws without end."""

import pickle
import re
import warnings
from contextlib import contextmanager
from pathlib import Path

from hypothesis import HealthCheck, given, settings

FOLDER = Path(__file__).parent
QUIET = {
    "database": None,
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
}


def fuzz(n_examples, **strategies):
    """Make a test of a property, given what its arguments are drawn from.

    The test remembers both as ``property`` and ``strategies``, for soak.py.
    """

    def decorate(function):
        fixed = settings(max_examples=n_examples, derandomize=True, **QUIET)
        test = fixed(given(**strategies)(function))
        test.property, test.strategies = function, strategies
        return test

    return decorate


def learnt(estimator):
    """What an estimator has learnt, as bytes: all that is no argument of its constructor."""
    arguments = estimator.get_params(deep=False)
    arguments["_fit_argument"] = "of ImageReader, whose attribute `fit` is the method"
    return pickle.dumps(
        {name: vars(estimator)[name] for name in sorted(vars(estimator)) if name not in arguments}
    )


def check_named(error, *names):
    """The message has one of the names as a word."""
    text = str(error)
    assert any(re.search(rf"\b{re.escape(name)}\b", text) for name in names), text


@contextmanager
def warned_at_the_caller():
    """Context whose warnings are for users: no numerical ones, and each points to a test."""
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        yield
    for warning in record:
        assert issubclass(warning.category, UserWarning), warning
        # Scikit-learn's own point to its own lines.
        place = Path(warning.filename)
        assert place.parent == FOLDER or "sklearn" in place.parts, warning
