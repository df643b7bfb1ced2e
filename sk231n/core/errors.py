"""Errors that say which argument they are about."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sklearn.exceptions import NotFittedError


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Context in which errors about a value name its argument.

    NumPy reports "setting an array element with a sequence", Python "int too large to convert to
    float", and scikit-learn at times "Expected 2D array"; none of these names the argument.

    Parameters
    ----------
    name : str
        The argument.

    Raises
    ------
    TypeError, ValueError
        The same error, preceded by the name if it lacks it; a ValueError for an OverflowError.
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
        # Some subclasses, such as UnicodeDecodeError, cannot be built from a text alone.
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name}: {error}") from error
