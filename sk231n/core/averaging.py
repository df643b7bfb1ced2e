"""The running average of the parameters."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.blocks import blocks
from sk231n.core.objective import BLOCK_SIZE


class Average:
    """Exponential moving average of the parameters, corrected for its start at zero.

    Parameters
    ----------
    theta : ndarray of shape (size,)
        The parameters before training.
    span : float
        About how many of the last steps the average covers.
    """

    def __init__(self, theta: NDArray[Any], span: float) -> None:
        self._sum = np.zeros_like(theta)
        self._keep = 1 - 1 / max(span, 1)
        self._steps = 0

    def update(self, theta: NDArray[Any]) -> None:
        """Add the parameters after a step to the average."""
        self._steps += 1
        for rows in blocks(len(theta), BLOCK_SIZE):
            part = self._sum[rows]
            part *= self._keep
            part += (1 - self._keep) * theta[rows]

    @property
    def value(self) -> NDArray[Any]:
        """The average, an array of shape (size,)."""
        return self._sum / (1 - self._keep**self._steps)
