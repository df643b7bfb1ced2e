"""The base of losses, optimizers and schedules: objects that are hyper-parameters."""

from typing import Any, Self

import numpy as np

from sk231n.core.arguments import validate_arguments
from sk231n.core.bases import BaseEstimator


class Spec(BaseEstimator):
    """A hyper-parameter with hyper-parameters of its own.

    As a ``BaseEstimator`` it can be cloned, printed, and searched over by nested names such as
    ``optimizer__momentum``.
    """

    _parameter_constraints: dict[str, list[Any]] = {}

    def plain(self) -> Self:
        """Make a copy with Python's numbers; NumPy's would turn arrays of float32 into float64.

        Returns
        -------
        Spec
            An object of the same class.
        """
        parameters = self.get_params(deep=False).items()
        return type(self)(**{name: _plain(value) for name, value in parameters})

    def check(self) -> None:
        """Raise an error that names the parameter if one is outside of its range."""
        parameters = self.get_params(deep=False)
        validate_arguments(self._parameter_constraints, parameters, type(self).__name__)
        for value in parameters.values():
            if isinstance(value, Spec):
                value.check()


def _plain(value):
    """The value as Python's number; a part made plain, also in a list; anything else as it is."""
    if isinstance(value, Spec):
        return value.plain()
    if type(value) in (list, tuple):
        return type(value)(map(_plain, value))
    if isinstance(value, np.floating):
        return float(value)  # `item` would leave a longdouble as it is
    return value.item() if isinstance(value, np.number) else value
