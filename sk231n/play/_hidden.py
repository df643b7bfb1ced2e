"""The plane as a hidden layer sees it: two of its units, or the principal components of all."""

import numpy as np
from sklearn.decomposition import PCA

N_LINES = 13
_PLACES_PER_LINE = 41


def grid_lines():
    """Return the lines of a grid over the plane, as an array (lines, places, 2)."""
    line, along = np.linspace(-1, 1, N_LINES), np.linspace(-1, 1, _PLACES_PER_LINE)
    x, y = np.meshgrid(line, along, indexing="ij")
    upright = np.stack([x, y], axis=-1)
    return np.concatenate([upright, upright[:, :, ::-1]])


class HiddenPlane:
    """The grid and the points of a network's page as one of its hidden layers sees them.

    `lines` has shape (lines, places, 2), `X` a row for each point, `titles` names the two axes.
    """

    def __init__(self, state, before=None):
        lines = grid_lines()
        places = np.vstack([lines.reshape(-1, 2), state.points.X])
        layer = min(state["layer"], len(state["widths"]))
        values = state.model.hidden_activations(places)[layer - 1]
        width = values.shape[1]
        if state["view"] == "units" or width == 1:
            units = [min(state[name], width) for name in ("across", "up")]
            axes = np.eye(width)[[unit - 1 for unit in units]]
            self.titles = [f"unit {unit} of layer {layer}" for unit in units]
        else:
            axes = PCA(2, svd_solver="full").fit(values).components_
            self.titles = [f"{name} principal component of layer {layer}"
                           for name in ("first", "second")]  # fmt: skip
            # A component has no sign of its own; it keeps that of the last picture.
            if before is not None and before.axes.shape == axes.shape:
                axes = axes * np.where((axes * before.axes).sum(axis=1) < 0, -1, 1)[:, None]
        self.axes = axes
        seen = values @ axes.T
        n_places = lines.shape[0] * lines.shape[1]
        self.lines = seen[:n_places].reshape(lines.shape)
        self.X = seen[n_places:]
