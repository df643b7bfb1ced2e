"""Errors that say which argument they are about."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sklearn.exceptions import NotFittedError


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Context in which errors about a value name the argument that it is.

    NumPy's say "setting an array element with a sequence", Python's "int too large to convert to
    float", and some of scikit-learn's "Expected 2D array": with the argument's name they help.

    Parameters
    ----------
    name : str
        The argument.

    Raises
    ------
    TypeError, ValueError
        What was raised, or the same with the name before it; for an OverflowError, a ValueError.
    """
    try:
        yield
    except NotFittedError:
        raise
    except OverflowError as error:
        raise ValueError(f"{name} holds numbers too large for float64.") from error
    except (TypeError, ValueError) as error:
        if re.search(rf"\b{name}\b", str(error)):
            raise
        # Some kinds, such as those of Unicode, want other arguments than a text.
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name}: {error}") from error
