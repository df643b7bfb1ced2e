"""Dropout: noise that keeps units from relying on each other."""

from collections.abc import Callable
from numbers import Real
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.arguments import Number
from sk231n.core.layer import PREDICTION, Layer, Phase
from sk231n.core.planes import from_planes


class Dropout(Layer):
    r"""Inverted dropout: while training, each input is dropped with probability :math:`p`.

    Parameters
    ----------
    p : float in [0, 1), default=0.5
        The probability to drop.

    Notes
    -----
    The inputs that are kept are divided by :math:`1 - p`, which preserves their mean, so that
    prediction needs no correction.

    References
    ----------
    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
    Journal of Machine Learning Research 15, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import Dropout, Phase
    >>> Dropout(0.5).forward(None, np.ones((1, 6)), Phase(np.random.RandomState(0)))[0]
    array([[0., 2., 0., 0., 2., 2.]])
    """

    random = True
    _parameter_constraints: dict[str, list[Any]] = {"p": [Number(Real, 0, 1, closed="left")]}

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def keep(self, rng: np.random.RandomState, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Draw which inputs are kept.

        Parameters
        ----------
        rng : RandomState
            Source of randomness.
        shape : tuple of int
            Shape of the input.

        Returns
        -------
        ndarray of bool
            The mask.
        """
        # A new generator, seeded by the given one, draws three times as fast.
        generator = np.random.Generator(np.random.SFC64(rng.randint(2**31)))
        # Drawn in the order in which images lie in memory.
        n_samples, *sides, n_channels = shape
        return from_planes(generator.random((*sides, n_samples, n_channels)) >= self.p)

    def forward(
        self, p: SimpleNamespace | None, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back; see :meth:`Layer.forward`."""
        if not phase.training or not self.p:
            return x, lambda dy, g, need_dx=True: dy
        mask = self.keep(phase.rng, x.shape) * x.dtype.type(1 / (1 - self.p))
        return x * mask, lambda dy, g, need_dx=True: dy * mask
