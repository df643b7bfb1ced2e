"""Means and variances of the data, from which standardisations are made."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sk231n.core.blocks import blocks
from sk231n.core.standardization import Standardization
from sk231n.core.state import State
from sk231n.core.units import TargetUnits


class Moments(State):
    """Weighted mean and variance of each feature, over any number of data sets.

    Attributes
    ----------
    count : float
        Number of samples so far.
    mean, variance : ndarray of shape (n_features,)
        Moments of all data so far, float64.
    """

    def __init__(self, n_features: int) -> None:
        self.count: float = 0.0
        self.mean: NDArray[Any] = np.zeros(n_features)
        self.variance: NDArray[Any] = np.zeros(n_features)

    def updated(self, data: Any, count: float, name: str = "X") -> "Moments":
        """Return the moments with the samples of `data` added, as `count` samples of `name`."""
        mean, variance = np.zeros_like(self.mean), np.zeros_like(self.mean)
        # Subtracting a sample reduces rounding, and avoids it where all samples agree.
        sample = data.X[data.rows[0]].astype(data.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            for x, w in _blocks(data):
                x -= sample
                mean += w @ x
            mean += sample
            centre = mean.astype(data.dtype)
            for x, w in _blocks(data):
                x -= centre
                x *= x
                variance += w @ x
        if not np.isfinite(variance).all():
            raise ValueError(
                f"{name} holds values too large for {data.dtype} arithmetic (column "
                f"{np.flatnonzero(~np.isfinite(variance))[0]}); scale them down."
            )
        share = count / (self.count + count)
        step = mean - self.mean
        updated = Moments(len(mean))
        updated.count = self.count + count
        updated.mean = self.mean + share * step
        updated.variance = self.variance + share * (
            variance - self.variance + (1 - share) * step * step
        )
        return updated

    def constant(self, dtype: DTypeLike) -> NDArray[np.bool_]:
        """Which features are constant, up to the rounding of their mean."""
        return np.sqrt(self.variance) <= 8 * np.finfo(dtype).eps * np.abs(self.mean)

    def standardization(
        self, dtype: DTypeLike, ridge: float, centred: bool = True
    ) -> Standardization:
        r"""Make the standardisation.

        Parameters
        ----------
        dtype : dtype
            Floating-point type of training.
        ridge : float
            Added to the variances.  With :math:`4 \alpha` it balances the curvature of a loss that
            is bounded by :math:`s^2 / 4` against that of the penalty, :math:`\alpha`.
        centred : bool, default=True
            Whether there is an intercept into which the mean can be folded. Without one, the scale
            is that of the second moment about zero.

        Returns
        -------
        Standardization
            Constant features get the scale 1 if there is no ridge.
        """
        variance = np.where(self.constant(dtype), 0.0, self.variance)
        if not centred:
            variance += self.mean**2
        scale = np.sqrt(variance + ridge)
        if self.constant(dtype).all():  # such as a single sample, whose size gives the scale
            scale = np.full_like(scale, np.sqrt(np.mean(self.mean**2) + ridge))
        scale[scale == 0] = 1
        return Standardization(self.mean.astype(dtype) if centred else None, scale.astype(dtype))

    def target_units(self) -> TargetUnits:
        """Make the units of targets; a constant target gets the smallest scale of the others."""
        scale, flat = np.sqrt(self.variance), self.constant(np.float64)
        scale[flat] = scale[~flat].min() if not flat.all() else 1
        # If the mean were subtracted exactly, the intercept's first gradient would consist of
        # rounding errors, and Adam would scale them up to full steps.
        mean = np.where(flat, self.mean, np.round(self.mean / scale * 4) / 4 * scale)
        return TargetUnits(mean, scale, scale)


@dataclass(frozen=True)
class DataMoments(State):
    """Moments of all inputs so far and, if the targets are quantities, of the targets."""

    inputs: Moments
    targets: Moments | None

    def as_dict(self) -> dict[str, Any]:
        """Return the content."""
        return {name: part and part.as_dict() for name, part in vars(self).items()}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Make the moments that have this content."""
        return cls(**{name: part and Moments.from_dict(part) for name, part in content.items()})


def _blocks(data):
    """Yield the rows of the data in floating point, some at a time, with their weights."""
    for block in blocks(len(data.rows)):
        rows = data.rows[block]
        # Indexing makes a copy, so the caller may overwrite the rows.
        x = data.X[rows].astype(data.dtype, copy=False)
        yield x, (data.w[rows] / data.total).astype(data.dtype)
