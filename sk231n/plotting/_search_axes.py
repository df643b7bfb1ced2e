"""The axes of a heat map of scores: scale, cells, and the warning about the edge."""

import numpy as np

from sk231n._warnings import warn

_EDGE = 0.05  # a value is on the edge if it is within this fraction of the range from its end


class Axis:
    """Values of a parameter along an axis.

    Parameters
    ----------
    values : ndarray of shape (n_candidates,)
        The values tried.
    name : str
        Name of the parameter.
    scale : {"log", "linear"} or None
        The scale; None chooses it.
    """

    def __init__(self, values, name, scale):
        self.name, self.values = name, np.unique(values)
        low, high = self.values[[0, -1]]
        if scale == "log" and low <= 0:
            raise ValueError(f"A log scale needs positive values; {name} goes down to {low:g}.")
        self.scale = scale or ("log" if low > 0 and high >= 10 * low else "linear")
        is_log = self.scale == "log"
        to_axis, from_axis = (np.log10, lambda v: 10.0**v) if is_log else (np.copy, np.copy)
        middles = to_axis(self.values)
        steps = np.diff(middles)
        # Neither scale suits values such as 0, 0.001, 0.1, 10: a heat map gives them cells of equal
        # width, whose positions are their indices.
        if self.scale == "linear" and len(steps) > 1 and steps.max() > 5 * steps.min():
            middles, from_axis = np.arange(len(middles), dtype=float), np.copy
            steps = np.diff(middles)
        self._middles = middles
        between = middles[:-1] + steps / 2
        first, last = (steps[0], steps[-1]) if len(steps) else (1.0, 1.0)
        self.edges = from_axis(np.concatenate(
            [[middles[0] - first / 2], between, [middles[-1] + last / 2]]
        ))  # fmt: skip
        self.places = from_axis(middles)

    def warn_of_edge(self, best):
        """Warn if the best value is close to the smallest or the largest one."""
        middles = self._middles
        if len(middles) == 1:
            return
        place = (middles[np.searchsorted(self.values, best)] - middles[0]) / np.ptp(middles)
        if _EDGE < place < 1 - _EDGE or (best == 0 and place == 0):  # nothing lies below zero
            return
        end, further = ("lower", "smaller") if place <= _EDGE else ("upper", "larger")
        warn(
            f"The best {self.name}={best:g} lies on the {end} edge of the values tried, "
            f"{self.values[0]:g} to {self.values[-1]:g}; try {further} values too."
        )
