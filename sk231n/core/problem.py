"""The problem that a run solves: the objective, the starting point and the data."""

from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

from numpy.typing import NDArray

from sk231n.core.data import Data, sweep
from sk231n.core.moments import DataMoments
from sk231n.core.objective import Objective
from sk231n.core.standardization import Standardization


class Problem(NamedTuple):
    """The objective, the starting point, the data, and how training sees the data.

    Parameters
    ----------
    objective : Objective
        The objective, including how training sees the targets.
    theta : ndarray of shape (size,)
        The parameters, which training changes in place.
    data : Data
        Training data, the targets as training sees them.
    standardization : Standardization
        How training sees the inputs.
    moments : DataMoments or None, default=None
        Moments of all data so far, including these.
    augment : callable or None, default=None
        ``augment(rows, rng)`` changes the samples of a mini-batch while training.
    """

    objective: Objective
    theta: NDArray[Any]
    data: Data
    standardization: Standardization
    moments: DataMoments | None = None
    augment: Callable[..., NDArray[Any]] | None = None

    def fold(self, views: Sequence[SimpleNamespace]) -> None:
        """Turn the parameters of each layer into those of the data as they are given."""
        layers = self.objective.network.layers
        self.standardization.fold(layers[0], views[0])
        self.objective.units.fold(layers[-1], views[-1])

    def unfold(self, views: Sequence[SimpleNamespace]) -> None:
        """Undo :meth:`fold`."""
        layers = self.objective.network.layers
        self.objective.units.unfold(layers[-1], views[-1])
        self.standardization.unfold(layers[0], views[0])

    def sweep(self) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        """Yield all training samples in order: their indices, and their inputs."""
        return sweep(self.data, self.standardization, self.objective.team)
