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
        return type(self)(
            **{name: p.item() if isinstance(p, np.number) else p for name, p in parameters}
        )

    def check(self) -> None:
        """Raise an error that names the parameter if one is outside of its range."""
        validate_arguments(
            self._parameter_constraints, self.get_params(deep=False), type(self).__name__
        )
