"""Histograms of the activations of each hidden layer."""

import math
from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk231n.core.arguments import Number, as_floats, count, validates_arguments
from sk231n.diagnostics import activation_statistics
from sk231n.plotting._arrays import check_lengths, words
from sk231n.plotting._figures import BLUE, axes_or_new, panels, require_matplotlib, styled
from sk231n.plotting._steps import as_last_step_sees, last_step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.container import BarContainer
    from matplotlib.figure import Figure


class ActivationHistogramDisplay:
    """Histogram of the activations of each hidden layer, on one scale, with mean and deviation.

    A layer whose histogram collapses to a spike at zero, or accumulates at the ends of a saturating
    activation, hardly learns. It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    activations : sequence of array-like
        The activations of each layer, of any shape.
    names : sequence of str, default=None
        Names of the layers; by default "layer 1" and so on.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes; switched off if they contain several panels.
    axes_ : ndarray of matplotlib Axes of shape (n_layers,)
        The panels.
    figure_ : matplotlib Figure
        The figure.
    bars_ : list of matplotlib BarContainer
        The histograms.

    References
    ----------
    .. [1] CS231n, "Neural networks part 2", section "Weight initialization".

    Examples
    --------
    >>> from sk231n import MLPClassifier
    >>> from sk231n.datasets import make_shapes
    >>> from sk231n.plotting import ActivationHistogramDisplay
    >>> X, y = make_shapes(200, random_state=0, return_X_y=True)
    >>> mlp = MLPClassifier((50, 50, 50), activation="tanh", random_state=0).fit(X, y)
    >>> display = ActivationHistogramDisplay.from_estimator(mlp, X)
    >>> len(display.axes_)
    3
    """

    ax_: "Axes"
    figure_: "Figure"
    axes_: NDArray[Any]
    bars_: "list[BarContainer]"

    def __init__(
        self,
        activations: Sequence[ArrayLike] | NDArray[Any],
        *,
        names: ArrayLike | None = None,
    ):
        self.activations = activations
        self.names = names

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: ArrayLike, *, ax: "Axes | None" = None, **kwargs: Any
    ) -> Self:
        """Show the activations of a network.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, ConvNetClassifier or a pipeline that ends in one
            An unfitted network is shown with its initial weights.
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; a hundred samples are enough.
        ax : matplotlib Axes, default=None
            Axes to draw in, divided into panels; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        ActivationHistogramDisplay
            The display, after drawing.

        Raises
        ------
        TypeError
            If the estimator has no hidden layers.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        X = as_last_step_sees(estimator, X)
        return cls(activation_statistics(last_step(estimator), X).activations).plot(ax, **kwargs)

    @validates_arguments(
        {
            "n_cols": [count(1), None],
            "bins": [Number(Integral, 1, 10**6, closed="both")],
            "bar_kw": [dict, None],
        }
    )
    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        n_cols: int | None = None,
        bins: int = 41,
        bar_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the histograms.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in, divided into panels; None creates a new figure.
        n_cols : int, default=None
            Number of panels per row; None chooses it.
        bins : int, default=41
            Number of bins over the range of all layers, at most a million.
        bar_kw : dict, default=None
            Keyword arguments of ``bar``.

        Returns
        -------
        ActivationHistogramDisplay
            The display itself.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        layers, names = _checked(self.activations, self.names)
        from matplotlib.patches import Rectangle

        n_cols = min(n_cols or 5, len(layers))
        n_rows = math.ceil(len(layers) / n_cols)
        ax = axes_or_new(ax, (max(1.9 * n_cols, 4), 2.3 * n_rows))
        self.ax_, self.figure_, self.bars_ = ax, ax.figure, []
        self.axes_ = panels(ax, n_rows, n_cols, len(layers))
        edges = np.histogram_bin_edges(np.concatenate(layers), bins)
        style = styled(Rectangle, bar_kw, color=BLUE)
        for panel, values, name in zip(self.axes_, layers, names, strict=True):
            shares = np.histogram(values, edges)[0] / len(values)
            self.bars_.append(panel.bar(edges[:-1], shares, np.diff(edges), align="edge", **style))
            panel.set_title(
                f"{name}\nmean {values.mean():.2g}\nstd {values.std():.2g}", fontsize="small"
            )
            panel.set_yticks([])
            panel.tick_params(labelsize="small")
        for i, panel in enumerate(self.axes_):
            if i % n_cols == 0:
                panel.set_ylabel("share")
            if i + n_cols >= len(layers):
                panel.set_xlabel("activation")
        return self


def _checked(activations, names):
    """Check the arguments; return the layers as flat float64 arrays, and their names."""
    check_lengths(activations=activations)
    layers = [
        as_floats(values, f"activations[{i}]").ravel() for i, values in enumerate(activations)
    ]
    if not layers:
        raise ValueError("activations is empty; expected at least one hidden layer.")
    for i, values in enumerate(layers):
        if not values.size or not np.isfinite(values).all():
            raise ValueError(f"activations[{i}] must hold finite numbers.")
    if names is None:
        names = [f"layer {i + 1}" for i in range(len(layers))]
    names = words(names, "names")
    if len(names) != len(layers):
        raise ValueError(f"names has {len(names)} entries for {len(layers)} layers.")
    return layers, names
