"""The standardisation as a layer, for networks that cannot fold it into their weights."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.layer import PREDICTION, Layer, Phase


class Standardize(Layer):
    r"""Inputs with zero mean and unit spread, :math:`(x - \mu) / \sigma`, by column or channel.

    It is the first layer of a network that cannot fold a change of each input into its weights,
    because pixels share them, as in a convolution. Mean and spread are set from the data before
    training and do not change afterwards.

    Notes
    -----
    Images have one mean and one spread per channel, over samples and pixels. A channel without
    spread is only centred.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from sk231n.layers import Standardize
    >>> p = SimpleNamespace(mean=np.array([2.0]), spread=np.array([4.0]))
    >>> Standardize().forward(p, np.array([[2.0], [10.0]]))[0]
    array([[0.],
           [2.]])
    """

    statistics: tuple[str, ...] = ("mean", "spread")
    standardizes = True

    def shapes(self, input_shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the statistics; see :meth:`Layer.shapes`."""
        return dict.fromkeys(self.statistics, input_shape[-1:])

    def initialize(self, p: SimpleNamespace, rng: np.random.RandomState | None) -> None:
        """Start with no change; see :meth:`Layer.initialize`."""
        p.mean[...] = 0
        p.spread[...] = 1

    def set_moments(self, p: SimpleNamespace, mean: NDArray[Any], variance: NDArray[Any]) -> None:
        """Make one mean and one spread per column or channel; see :meth:`Layer.set_moments`."""
        means, variances = (values.reshape(-1, len(p.mean)) for values in (mean, variance))
        # Subtracting a pixel reduces rounding, and avoids it where all pixels agree.
        origin = means[0]
        means = means - origin
        centre = means.mean(axis=0)
        p.mean[...] = origin + centre
        spread = np.sqrt(np.mean(variances + (means - centre) ** 2, axis=0))
        # A spread no larger than the rounding of the mean counts as zero.
        flat = spread <= 8 * np.finfo(p.mean.dtype).eps * np.abs(origin + centre)
        p.spread[...] = np.where(flat, 1, spread)

    def forward(
        self, p: SimpleNamespace, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back; see :meth:`Layer.forward`."""
        inverse = 1 / p.spread
        # Long rows, because NumPy broadcasts a few channels slowly.
        rows = x.reshape(len(x), -1)
        n_pixels = rows.shape[1] // len(inverse)
        y = rows - np.tile(p.mean, n_pixels)
        y *= np.tile(inverse, n_pixels)
        return y.reshape(x.shape), lambda dy, g, need_dx=True: dy * inverse
