"""What is remembered between two calls of ``partial_fit``."""

from typing import Any

import numpy as np


class StreamState:
    """State of training on a stream of data, one epoch per call.

    Parameters
    ----------
    moments : DataMoments
        Of all data so far.
    rng : RandomState
        Draws the order of the samples.

    Attributes
    ----------
    optimizer : type or None
        Class of the optimizer whose states these are.
    shapes : list of dict or None
        Shapes of the parameters that they are for.
    optimizer_states : list or None
        One state per block of parameters; None to start. They stay in the change of variables in
        which they arose, which the data move little.
    rate : float
        The automatic learning rate; infinite before it is found.
    refresh_at : float
        Number of samples at which it is found again.
    """

    def __init__(self, moments: Any, rng: np.random.RandomState) -> None:
        self.moments = moments
        self.rng = rng
        self.optimizer: type | None = None
        self.shapes: list[dict[str, tuple[int, ...]]] | None = None
        self.optimizer_states: list[Any] | None = None
        self.rate: float = np.inf
        self.refresh_at: float = 0

    def begin(self, optimizer: Any, shapes: list[dict[str, tuple[int, ...]]]) -> None:
        """Forget what another optimizer, or one of other parameters, has left."""
        if (self.optimizer, self.shapes) != (type(optimizer), shapes):
            self.optimizer, self.shapes = type(optimizer), shapes
            self.optimizer_states, self.rate, self.refresh_at = None, np.inf, 0
