"""The objective around the learnt parameters, along one or two directions."""

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk231n._sklearn import StrOptions
from sk231n.core.arguments import Number, as_floats, validates_arguments
from sk231n.diagnostics import LossLandscape, loss_landscape
from sk231n.plotting._arrays import check_lengths, words
from sk231n.plotting._figures import (
    BLUE,
    ORANGE,
    axes_or_new,
    plain_log_scale,
    require_matplotlib,
    styled,
    write_legend,
)
from sk231n.plotting._steps import as_last_step_sees, last_step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.contour import QuadContourSet
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D


class LossLandscapeDisplay:
    """The objective around the learnt parameters: a curve, or contours with the minimum marked.

    It is recommended to use :meth:`from_estimator`, or :meth:`from_landscape` for a result of
    :func:`~sk231n.diagnostics.loss_landscape`.

    Parameters
    ----------
    coordinates : sequence of one or two array-like of shape (n_points,)
        Positions along each direction; 0 is at the learnt parameters.
    losses : array-like of shape (n_points,) or (n_points_0, n_points_1)
        The objective, ``losses[i, j]`` at ``coordinates[0][i]`` and ``coordinates[1][j]``.
    center : float, default=None
        The objective at 0; None if unknown.
    names : sequence of str, default=None
        Names of the directions; by default "direction 1" and "direction 2".

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    line_ : matplotlib Line2D or None
        The curve, along one direction.
    contours_ : matplotlib QuadContourSet or None
        The contours, along two directions.
    minimum_ : matplotlib Line2D
        Marks the smallest of `losses`.
    center_ : matplotlib Line2D or None
        Marks the learnt parameters.
    colorbar_ : matplotlib Colorbar or None
        The scale of the contours.
    legend_ : matplotlib Legend
        The legend.

    References
    ----------
    .. [1] CS231n, "Optimization part 1", section "Visualizing the loss function".

    Examples
    --------
    >>> from sk231n import SoftmaxClassifier
    >>> from sk231n.datasets import make_shapes
    >>> from sk231n.plotting import LossLandscapeDisplay
    >>> X, y = make_shapes(100, image_size=8, random_state=0, return_X_y=True)
    >>> softmax = SoftmaxClassifier(random_state=0).fit(X, y)
    >>> display = LossLandscapeDisplay.from_estimator(softmax, X, y, n_points=7, random_state=0)
    >>> display.losses.shape
    (7, 7)
    """

    ax_: "Axes"
    figure_: "Figure"
    line_: "Line2D | None"
    contours_: "QuadContourSet | None"
    minimum_: "Line2D"
    center_: "Line2D | None"
    colorbar_: "Colorbar | None"
    legend_: "Legend"

    def __init__(
        self,
        coordinates: Sequence[ArrayLike] | NDArray[Any],
        losses: ArrayLike,
        *,
        center: float | None = None,
        names: ArrayLike | None = None,
    ):
        self.coordinates = coordinates
        self.losses = losses
        self.center = center
        self.names = names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        *,
        n_directions: int = 2,
        directions: Sequence[Any] | None = None,
        n_points: int = 21,
        span: float | tuple[float, float] = 1.0,
        random_state: int | np.random.RandomState | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Compute and show the objective around the learnt parameters of an estimator.

        Parameters
        ----------
        estimator : SoftmaxClassifier, LinearSVM, MLPClassifier or MLPRegressor
            Fitted; or a pipeline or search that ends in one, whose other steps are left alone.
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        n_directions : {1, 2}, default=2
            Number of random directions.
        directions : sequence of one or two directions, default=None
            Directions of your own; see :func:`~sk231n.diagnostics.loss_landscape`.
        n_points : int, default=21
            Number of points along each direction.
        span : float or tuple (low, high), default=1.0
            Range along each direction: from ``-span`` to ``span``, or from low to high.
        random_state : int, RandomState instance or None, default=None
            Determines the random directions.
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        LossLandscapeDisplay
            The display, after drawing.

        Raises
        ------
        TypeError
            If the estimator is not trained by gradients.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        landscape = loss_landscape(
            last_step(estimator),
            as_last_step_sees(estimator, X),
            y,
            n_directions=n_directions,
            directions=directions,
            n_points=n_points,
            span=span,
            random_state=random_state,
        )
        return cls.from_landscape(landscape, ax=ax, **kwargs)

    @classmethod
    def from_landscape(
        cls, landscape: LossLandscape, *, ax: "Axes | None" = None, **kwargs: Any
    ) -> Self:
        """Show a landscape that has been computed.

        Parameters
        ----------
        landscape : LossLandscape
            Result of :func:`~sk231n.diagnostics.loss_landscape`.
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        LossLandscapeDisplay
            The display, after drawing.
        """
        require_matplotlib(f"{cls.__name__}.from_landscape")
        if not isinstance(landscape, LossLandscape):
            raise TypeError(
                "landscape must be the result of sk231n.diagnostics.loss_landscape; got "
                f"{type(landscape).__name__}."
            )
        display = cls(landscape.coordinates, landscape.losses, center=landscape.center)
        return display.plot(ax, **kwargs)

    @validates_arguments(
        {
            "levels": [Number(Integral, 2, 10**4, closed="both"), "array-like"],
            "loss_scale": [StrOptions({"linear", "log"})],
            "line_kw": [dict, None],
            "contour_kw": [dict, None],
            "colorbar": ["boolean"],
        }
    )
    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        levels: int | ArrayLike = 12,
        loss_scale: str = "linear",
        line_kw: dict[str, Any] | None = None,
        contour_kw: dict[str, Any] | None = None,
        colorbar: bool = True,
    ) -> Self:
        """Draw the landscape.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        levels : int or array-like, default=12
            Number of contour levels, or the levels themselves.
        loss_scale : {"linear", "log"}, default="linear"
            Scale of the loss: of the y axis of a curve, or of the levels of contours.
        line_kw : dict, default=None
            Keyword arguments of the curve's ``Line2D``.
        contour_kw : dict, default=None
            Keyword arguments of ``contourf``, such as ``cmap``.
        colorbar : bool, default=True
            Whether to draw a scale next to contours.

        Returns
        -------
        LossLandscapeDisplay
            The display itself.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        coordinates, losses = _checked(self.coordinates, self.losses)
        if loss_scale == "log" and losses.min() <= 0:
            raise ValueError(f"loss_scale='log' needs positive losses; got {losses.min():.3g}.")
        names = ["direction 1", "direction 2"] if self.names is None else words(self.names, "names")
        if len(names) < losses.ndim:
            raise ValueError(f"names has {len(names)} entries for {losses.ndim} directions.")
        if self.center is not None and as_floats(self.center, "center").ndim:
            raise ValueError(f"center must be a number or None; got {self.center!r:.200}.")
        is_new = ax is None
        ax = axes_or_new(ax, (6.4, 4.2) if losses.ndim == 1 else (6.0, 4.8))
        self.ax_, self.figure_ = ax, ax.figure
        self.line_ = self.contours_ = self.colorbar_ = None
        if losses.ndim == 1:
            self._draw_curve(coordinates[0], losses, loss_scale, line_kw)
            ax.set_ylabel("loss")
        else:
            self._draw_contours(coordinates, losses, levels, loss_scale, contour_kw, colorbar)
            ax.set_ylabel(names[1])
        ax.set_xlabel(names[0])
        self._mark(coordinates, losses)
        self.legend_ = write_legend(ax, outside=is_new)
        return self

    def _draw_curve(self, coordinate, losses, loss_scale, line_kw):
        from matplotlib.lines import Line2D

        (self.line_,) = self.ax_.plot(
            coordinate, losses, **styled(Line2D, line_kw, color=BLUE, linewidth=2)
        )
        if loss_scale == "log":
            plain_log_scale(self.ax_)
        self.ax_.grid(alpha=0.3)

    def _draw_contours(self, coordinates, losses, levels, loss_scale, contour_kw, colorbar):
        from matplotlib.colors import LogNorm

        style = {"cmap": "viridis"}
        if loss_scale == "log":
            style["norm"] = LogNorm()
            if np.ndim(levels) == 0:
                levels = np.geomspace(losses.min(), losses.max() * (1 + 1e-9), levels + 1)
        style |= contour_kw or {}
        self.contours_ = self.ax_.contourf(*coordinates, losses.T, levels=levels, **style)
        self.ax_.contour(*coordinates, losses.T, levels=levels, colors="black", linewidths=0.5)
        if colorbar:
            self.colorbar_ = self.ax_.figure.colorbar(
                self.contours_, ax=self.ax_, label="loss", format="%.2g"
            )

    def _mark(self, coordinates, losses):
        """Mark the learnt parameters and the smallest loss."""
        at = np.unravel_index(np.argmin(losses), losses.shape)
        place = [axis[i] for axis, i in zip(coordinates, at, strict=True)]
        place = [*place, losses[at]] if losses.ndim == 1 else place
        self.center_ = None
        if losses.ndim == 2 or self.center is not None:
            y = self.center if losses.ndim == 1 else 0.0
            (self.center_,) = self.ax_.plot(
                [0.0], [y], "o", color="white", markeredgecolor="black", markersize=16,
                label="learnt",
            )  # fmt: skip
        (self.minimum_,) = self.ax_.plot(
            *[[value] for value in place], "*", color=ORANGE, markeredgecolor="white",
            markersize=15, label=f"least: {losses.min():.3g}",
        )  # fmt: skip


def _checked(coordinates, losses):
    """Check the arguments; return them as arrays in float64."""
    losses = as_floats(losses, "losses")
    check_lengths(coordinates=coordinates)
    coordinates = [as_floats(axis, "coordinates") for axis in coordinates]
    shape = tuple(axis.size for axis in coordinates)
    if losses.shape != shape or not 1 <= losses.ndim <= 2 or min(shape) < 2:
        raise ValueError(
            "losses must have one entry for each point, at least two along each of one or two "
            f"coordinates; got losses of shape {losses.shape} for coordinates of sizes {shape}."
        )
    if not np.isfinite(losses).all():
        raise ValueError("losses must be finite.")
    return coordinates, losses
