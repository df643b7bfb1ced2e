"""What losses, optimizers and schedules share: being hyper-parameters."""

from sklearn.base import BaseEstimator

from sk231n._arguments import validate_arguments


class Spec(BaseEstimator):
    """A hyper-parameter with hyper-parameters of its own.

    As a ``BaseEstimator`` it can be cloned, printed, and searched over by nested names such as
    ``optimizer__momentum``.
    """

    _parameter_constraints: dict = {}

    def check(self):
        """Raise an error that names the parameter if one is outside of its range."""
        validate_arguments(
            self._parameter_constraints, self.get_params(deep=False), type(self).__name__
        )
