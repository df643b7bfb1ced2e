"""The units in which training sees the targets."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray


class AsGiven:
    """Targets, and losses, as they are: class indices, labels, and quantities on request."""

    origin = "that are zero"  # describes predictions whose scores are zero

    def __call__(self, y: NDArray[Any]) -> NDArray[Any]:
        """Return the targets."""
        return y

    def unit(self, degree: int) -> float:
        """Unit of a loss."""
        return 1.0

    def fold(self, layer: Any, p: SimpleNamespace) -> None:
        """Leave the parameters of the last layer as they are."""

    def unfold(self, layer: Any, p: SimpleNamespace) -> None:
        """Undo :meth:`fold`."""


@dataclass(frozen=True)
class TargetUnits:
    """Targets as training sees them, ``(y - mean) / scale``.

    With a spread of one and no large offset, targets of any unit are learnt equally well. Mean and
    scale are folded into the last layer afterwards.

    Parameters
    ----------
    mean, scale : ndarray of shape (n_outputs,)
        What is subtracted, and what is divided by.
    spread : ndarray of shape (n_outputs,)
        Standard deviation of the targets; the scale differs from it only after :meth:`widened`.
    """

    mean: NDArray[Any]
    scale: NDArray[Any]
    spread: NDArray[Any]

    origin = "near the mean"

    def __call__(self, y: NDArray[Any]) -> NDArray[Any]:
        """Express quantities of shape (n_samples, n_outputs) in these units."""
        return (y - self.mean) / self.scale

    def widened(self, errors: NDArray[Any]) -> "TargetUnits":
        """Units in which errors of shape (n_samples, n_outputs) are not large, either.

        If a stream has drifted from the model, the steps are then long enough to follow it.
        """
        with np.errstate(over="ignore"):
            scale = np.sqrt(self.scale**2 + np.mean(errors**2, axis=0))
        scale = np.where(np.isfinite(scale), scale, self.scale)
        return TargetUnits(self.mean, scale, self.spread)

    def unit(self, degree: int) -> float:
        """Unit of a loss that scales with a power of the unit of the targets."""
        return float(np.mean(self.scale**degree))

    def precisions(self) -> NDArray[Any]:
        """One over the variance of each target, in these units."""
        return (self.scale / self.spread) ** 2

    def fold(self, layer: Any, p: SimpleNamespace) -> None:
        """Turn the parameters of the last layer into those for targets in the unit of the data."""
        layer.fold_outputs(p, self.mean, self.scale)

    def unfold(self, layer: Any, p: SimpleNamespace) -> None:
        """Undo :meth:`fold`."""
        layer.unfold_outputs(p, self.mean, self.scale)
