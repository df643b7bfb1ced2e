"""The state that is kept between two calls of ``partial_fit``."""

from types import SimpleNamespace
from typing import Any, Self

import numpy as np

from sk231n.core.moments import DataMoments
from sk231n.core.state import State


class StreamState(State):
    """State of training on a stream of data, one epoch per call.

    Parameters
    ----------
    moments : DataMoments
        Moments of all data so far.
    rng : RandomState
        Draws the order of the samples.

    Attributes
    ----------
    optimizer : type or None
        Class of the optimizer that the states belong to.
    shapes : list of dict or None
        Shapes of the parameters that the states belong to.
    optimizer_states : list or None
        One state per block of parameters; None to start. They are not converted when new data
        change the standardisation, because they change it little.
    rate : float
        The automatic learning rate; infinite before it is found.
    refresh_at : float
        Number of samples at which the rate is computed again.
    """

    def __init__(self, moments: DataMoments, rng: np.random.RandomState) -> None:
        self.moments = moments
        self.rng = rng
        self.optimizer: type | None = None
        self.shapes: list[dict[str, tuple[int, ...]]] | None = None
        self.optimizer_states: list[Any] | None = None
        self.rate: float = np.inf
        self.refresh_at: float = 0

    def begin(self, optimizer: Any, shapes: list[dict[str, tuple[int, ...]]]) -> None:
        """Discard the states of another optimizer, or of parameters of other shapes."""
        if (self.optimizer, self.shapes) != (type(optimizer), shapes):
            self.optimizer, self.shapes = type(optimizer), shapes
            self.optimizer_states, self.rate, self.refresh_at = None, np.inf, 0

    def as_dict(self) -> dict[str, Any]:
        """Return the content; of namespaces, which are Python's, the dicts that they hold."""
        content, states = super().as_dict(), self.optimizer_states
        content["moments"] = self.moments.as_dict()
        content["in_namespaces"] = bool(states) and type(states[0]) is SimpleNamespace
        if content["in_namespaces"]:
            content["optimizer_states"] = [vars(block) for block in states]
        return content

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Self:
        """Make the state that has this content."""
        content = {**content, "moments": DataMoments.from_dict(content["moments"])}
        if content.pop("in_namespaces"):
            blocks = content["optimizer_states"]
            content["optimizer_states"] = [SimpleNamespace(**block) for block in blocks]
        return super().from_dict(content)
