"""Errors that say which argument they are about."""

import re
from contextlib import contextmanager

from sklearn.exceptions import NotFittedError


@contextmanager
def naming(name):
    """Context in which errors about a value name the argument that it is.

    NumPy's say "setting an array element with a sequence", Python's "int too large to convert to
    float", and some of scikit-learn's "Expected 2D array"; behind the argument's name they help.

    Parameters
    ----------
    name : str
        The argument.

    Raises
    ------
    TypeError, ValueError
        What was raised, or the same with the name before it; an OverflowError as a ValueError.
    """
    try:
        yield
    except NotFittedError:
        raise
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        named = re.search(rf"\b{name}\b", str(error))
        if named and isinstance(error, kind):
            raise
        raise kind(f"{name}: {error}") from error
