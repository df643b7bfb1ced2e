"""Scores of a search over two parameters, with a warning if the best lies on an edge."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sk231n._sklearn import StrOptions
from sk231n.core.arguments import as_floats, validates_arguments
from sk231n.plotting._figures import axes_or_new, require_matplotlib, styled
from sk231n.plotting._search_axes import Axis
from sk231n.plotting._search_results import (
    cv_results_of,
    find_parameter,
    numeric_parameters,
    score_key,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection, QuadMesh
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure
    from matplotlib.text import Text

_MOST_TEXTS = 120  # up to this number of cells, each shows its score
_PREFERRED = ("learning_rate", "eta0"), ("alpha", "C", "reg")  # parameters of the x and y axes


class SearchHeatmapDisplay:
    """Scores of a search over two numeric parameters, such as learning rate and regularisation.

    The candidates of a grid are shown as a heat map, those of a random search as points. The best
    candidate is marked. If it lies on the edge of the values tried, better values may lie beyond
    it, and :meth:`plot` warns. It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    x, y : array-like of shape (n_candidates,)
        Values of the two parameters for each candidate.
    scores : array-like of shape (n_candidates,)
        Mean score of each candidate; NaN if its training failed.
    x_name : str, default="x"
        Name of the first parameter.
    y_name : str, default="y"
        Name of the second parameter.
    score_name : str, default="score"
        Name of the score.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    mesh_ : matplotlib QuadMesh or PathCollection
        The cells of a grid, or the points.
    best_ : matplotlib Artist
        Marks the best candidate.
    colorbar_ : matplotlib Colorbar or None
        The scale of the scores.
    texts_ : list of matplotlib Text
        The scores in the cells of a grid.

    References
    ----------
    .. [1] CS231n, "Neural networks part 3", section "Hyperparameter optimization": search on a log
       scale, and be careful with best values on the border.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.plotting import SearchHeatmapDisplay
    >>> rates, alphas = np.meshgrid([1e-4, 1e-3, 1e-2], [1e-5, 1e-3, 1e-1])
    >>> scores = np.array([[0.30, 0.42, 0.25], [0.31, 0.45, 0.24], [0.28, 0.35, 0.20]])
    >>> display = SearchHeatmapDisplay(
    ...     rates.ravel(), alphas.ravel(), scores.ravel(), x_name="learning_rate", y_name="alpha"
    ... ).plot()
    >>> display.ax_.get_title()
    'best (framed): 0.450 at learning_rate = 0.001, alpha = 0.001'
    """

    ax_: "Axes"
    figure_: "Figure"
    mesh_: "QuadMesh | PathCollection"
    best_: "Artist"
    colorbar_: "Colorbar | None"
    texts_: "list[Text]"

    def __init__(
        self,
        x: ArrayLike,
        y: ArrayLike,
        scores: ArrayLike,
        *,
        x_name: str = "x",
        y_name: str = "y",
        score_name: str = "score",
    ):
        self.x = x
        self.y = y
        self.scores = scores
        self.x_name = x_name
        self.y_name = y_name
        self.score_name = score_name

    @classmethod
    def from_estimator(
        cls,
        search: Any,
        *,
        x: str | None = None,
        y: str | None = None,
        metric: str | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Show the scores of a search.

        Parameters
        ----------
        search : GridSearchCV, RandomizedSearchCV or another search
            Fitted. If it varies more than two parameters, a cell shows the best of its candidates.
        x : str, default=None
            Parameter of the x axis, with or without the prefixes of a pipeline. None chooses the
            learning rate, or else the first parameter with several numeric values.
        y : str, default=None
            Parameter of the y axis. None chooses the strength of regularisation, or else the first
            remaining parameter.
        metric : str, default=None
            The metric to show, if the search has several.
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        SearchHeatmapDisplay
            The display, after drawing.

        Raises
        ------
        ValueError
            If the search varies fewer than two numeric parameters, or `x` or `y` is not among them.

        Warns
        -----
        UserWarning
            If the best candidate lies on the edge of the values tried.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        results = cv_results_of(search, "search")
        key = score_key(results, metric)
        parameters = numeric_parameters(results, at_least=2)
        x, y = _choose(parameters, x, y)
        known = ~np.isnan(parameters[x]) & ~np.isnan(parameters[y])
        display = cls(
            parameters[x][known],
            parameters[y][known],
            np.asarray(results[f"mean_test_{key}"])[known],
            x_name=x.split("__")[-1],
            y_name=y.split("__")[-1],
            score_name=key if key != "score" else "mean validation score",
        )
        return display.plot(ax, **kwargs)

    @validates_arguments(
        {
            "xscale": [StrOptions({"log", "linear"}), None],
            "yscale": [StrOptions({"log", "linear"}), None],
            "mesh_kw": [dict, None],
            "best_kw": [dict, None],
            "text_kw": [dict, None],
            "colorbar": ["boolean"],
        }
    )
    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        xscale: str | None = None,
        yscale: str | None = None,
        mesh_kw: dict[str, Any] | None = None,
        best_kw: dict[str, Any] | None = None,
        text_kw: dict[str, Any] | None = None,
        colorbar: bool = True,
    ) -> Self:
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        xscale : {"log", "linear"} or None, default=None
            Scale of the x axis. None means "log" if all values are positive and span a factor of
            ten or more.
        yscale : {"log", "linear"} or None, default=None
            Scale of the y axis, as for the x axis.
        mesh_kw : dict, default=None
            Keyword arguments of ``pcolormesh`` or ``scatter``, such as ``cmap``.
        best_kw : dict, default=None
            Keyword arguments of the ``Rectangle`` or ``Line2D`` that marks the best candidate.
        text_kw : dict, default=None
            Keyword arguments of the scores' ``Text``.
        colorbar : bool, default=True
            Whether to draw a scale of the scores.

        Returns
        -------
        SearchHeatmapDisplay
            The display itself.

        Warns
        -----
        UserWarning
            If the best candidate lies on the edge of the values tried.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        x, y, scores = _checked(self.x, self.y, self.scores)
        x_axis, y_axis = Axis(x, self.x_name, xscale), Axis(y, self.y_name, yscale)
        best = np.nanargmax(scores)
        ax = axes_or_new(ax, (6.4, 4.6))
        self.ax_, self.figure_, self.texts_ = ax, ax.figure, []
        ax.set(xscale=x_axis.scale, yscale=y_axis.scale, xlabel=self.x_name, ylabel=self.y_name)
        table = _table(x_axis, y_axis, x, y, scores)
        how = "circled" if table is None else "framed"
        if table is None:
            self._draw_points(x, y, scores, best, mesh_kw, best_kw)
        else:
            self._draw_cells(x_axis, y_axis, table, (y[best], x[best]), mesh_kw, best_kw, text_kw)
        ax.set_title(
            f"best ({how}): {scores[best]:.3f} at {self.x_name} = {_text(x[best])}, "
            f"{self.y_name} = {_text(y[best])}",
            fontsize="medium",
        )
        self.colorbar_ = None
        if colorbar:
            self.colorbar_ = ax.figure.colorbar(self.mesh_, ax=ax, label=self.score_name)
        for axis, value in (x_axis, x[best]), (y_axis, y[best]):
            axis.warn_of_edge(value)
        return self

    def _draw_cells(self, x_axis, y_axis, table, best, mesh_kw, best_kw, text_kw):
        """Draw a heat map with the scores in its cells and a frame around the best one."""
        from matplotlib.collections import QuadMesh
        from matplotlib.patches import Rectangle
        from matplotlib.text import Text

        ax = self.ax_
        ax.set_facecolor("0.85")  # the colour of failed candidates
        style = styled(QuadMesh, mesh_kw, cmap="viridis")
        self.mesh_ = ax.pcolormesh(x_axis.edges, y_axis.edges, np.ma.masked_invalid(table), **style)
        for set_ticks, axis in (ax.set_xticks, x_axis), (ax.set_yticks, y_axis):
            set_ticks(axis.places, [_text(value) for value in axis.values])
            set_ticks([], minor=True)
        if table.size <= _MOST_TEXTS:
            size = float(np.clip(60 / len(x_axis.values), 6, 10))
            for (row, column), score in np.ndenumerate(table):
                failed = np.isnan(score)
                color = self.mesh_.cmap(self.mesh_.norm(score))
                dark = not failed and np.dot(color[:3], (0.299, 0.587, 0.114)) < 0.5
                kw = styled(
                    Text, text_kw, ha="center", va="center", fontsize=size,
                    color="white" if dark else "black",
                )  # fmt: skip
                place = x_axis.places[column], y_axis.places[row]
                self.texts_.append(ax.text(*place, "failed" if failed else f"{score:.3f}", **kw))
        i, j = np.searchsorted(y_axis.values, best[0]), np.searchsorted(x_axis.values, best[1])
        left, right = x_axis.edges[j : j + 2]
        low, high = y_axis.edges[i : i + 2]
        style = styled(Rectangle, best_kw, fill=False, edgecolor="black", linewidth=3, zorder=3)
        self.best_ = ax.add_patch(Rectangle((left, low), right - left, high - low, **style))

    def _draw_points(self, x, y, scores, best, mesh_kw, best_kw):
        """Draw a point for each candidate, in order of increasing score."""
        from matplotlib.collections import PathCollection
        from matplotlib.lines import Line2D
        from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

        ax, failed = self.ax_, np.isnan(scores)
        order = np.argsort(scores[~failed])
        style = styled(PathCollection, mesh_kw, cmap="viridis", s=60, edgecolors="0.3")
        style["c"] = scores[~failed][order]
        self.mesh_ = ax.scatter(x[~failed][order], y[~failed][order], **style)
        if failed.any():
            ax.scatter(x[failed], y[failed], marker="x", color="0.4", label="failed")
            ax.legend()
        style = styled(
            Line2D, best_kw, marker="o", markersize=15, markerfacecolor="none", linestyle="",
            markeredgecolor="black", markeredgewidth=3,
        )  # fmt: skip
        (self.best_,) = ax.plot(x[best], y[best], **style)
        for axis, values in (ax.xaxis, x), (ax.yaxis, y):
            if axis.get_scale() == "log":
                few_decades = values.max() < 200 * values.min()
                axis.set_major_locator(LogLocator(subs=(1, 2, 5) if few_decades else (1,)))
                axis.set_major_formatter(FuncFormatter(lambda value, _: _text(value)))
                axis.set_minor_formatter(NullFormatter())


def _choose(parameters, x, y):
    """Return the full names of the parameters of the two axes."""
    x = None if x is None else find_parameter(parameters, x, "x")
    y = None if y is None else find_parameter(parameters, y, "y")
    if len(parameters) < 2:
        raise ValueError(
            "search must vary at least two parameters with several numeric values each; found "
            f"{sorted(parameters) or 'none'}."
        )
    if x is not None and x == y:
        raise ValueError(f"x and y are both {x!r}.")
    x = x or _first(parameters, _PREFERRED[0], besides=y, avoid=_PREFERRED[1])
    y = y or _first(parameters, _PREFERRED[1], besides=x, avoid=())
    return x, y


def _first(parameters, preferred, *, besides, avoid):
    """First parameter with a preferred name, or else one that the other axis does not prefer."""

    def rank(name):
        short = name.split("__")[-1]
        return (short not in preferred) + (short in avoid)

    return min((name for name in parameters if name != besides), key=rank)


def _checked(x, y, scores):
    x, y, scores = as_floats(x, "x"), as_floats(y, "y"), as_floats(scores, "scores")
    if not x.shape == y.shape == scores.shape == (x.size,) or not x.size:
        raise ValueError(
            "x, y and scores must have one entry for each candidate; got arrays of shapes "
            f"{x.shape}, {y.shape} and {scores.shape}."
        )
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("x and y must be finite.")
    if np.isnan(scores).all():
        raise ValueError("scores are all NaN: the training of every candidate failed.")
    return x, y, scores


def _table(x_axis, y_axis, x, y, scores):
    """Best score in each cell of a full grid, of shape (n_y, n_x); None if it is not full."""
    cells = np.searchsorted(y_axis.values, y), np.searchsorted(x_axis.values, x)
    table = np.full((len(y_axis.values), len(x_axis.values)), -np.inf)
    np.maximum.at(table, cells, np.nan_to_num(scores, nan=-1e300))
    if np.isneginf(table).any():
        return None
    table[table == -1e300] = np.nan
    return table


def _text(value):
    """Write a number in few characters."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.5g}" if abs(value) >= 100 else f"{value:.3g}"
    text = np.format_float_scientific(value, 2, trim="-", exp_digits=1)
    return text.replace("e+", "e")
