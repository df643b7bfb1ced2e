"""Scores of a search over two parameters: where the best lies, and whether to look further."""

import numpy as np
from sklearn.utils._param_validation import StrOptions, validate_params

from sk231n._warnings import warn
from sk231n.core.arguments import as_floats
from sk231n.plotting._figures import axes_or_new, require_matplotlib, styled
from sk231n.plotting._search_results import (
    cv_results_of,
    find_parameter,
    numeric_parameters,
    score_key,
)

_EDGE = 0.05  # so near to the end of the range tried, in parts of it
_MANY = 120  # cells that still have room for their score
_FIRST = ("learning_rate", "eta0"), ("alpha", "C", "reg")  # what an axis takes if it can


class SearchHeatmapDisplay:
    """Scores of a search over two numeric parameters, such as learning rate and regularisation.

    A grid becomes a heat map, candidates drawn at random become points. The best is marked. If it
    lies on the edge of what was tried, better values may lie beyond, and :meth:`plot` warns. It is
    recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    x, y : array-like of shape (n_candidates,)
        Values of the two parameters for each candidate.
    scores : array-like of shape (n_candidates,)
        Their mean scores; NaN where training failed.
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
        Marks the best.
    colorbar_ : matplotlib Colorbar or None
        The scale of the scores.
    texts_ : list of matplotlib Text
        The scores in the cells of a grid.

    References
    ----------
    .. [1] CS231n, "Neural networks part 3", section "Hyperparameter optimization": search on a log
       scale, and beware of best values on the border.

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

    def __init__(self, x, y, scores, *, x_name="x", y_name="y", score_name="score"):
        self.x = x
        self.y = y
        self.scores = scores
        self.x_name = x_name
        self.y_name = y_name
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, search, *, x=None, y=None, metric=None, ax=None, **kwargs):
        """Show the scores of a search.

        Parameters
        ----------
        search : GridSearchCV, RandomizedSearchCV or the like
            Fitted. Where it varies more than two parameters, a cell shows the best of its
            candidates.
        x : str, default=None
            Parameter along the x axis, with or without the prefixes of a pipeline. None takes the
            learning rate if there is one, else the first that takes several numbers.
        y : str, default=None
            Parameter along the y axis. None takes the strength of regularisation if there is one,
            else the first that is left.
        metric : str, default=None
            Of a search with several metrics, the one to show.
        ax : matplotlib Axes, default=None
            Axes to draw in; None makes a new figure.
        **kwargs : dict
            Passed on to :meth:`plot`.

        Returns
        -------
        SearchHeatmapDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the search varies fewer than two numeric parameters, or `x` or `y` is none of them.

        Warns
        -----
        UserWarning
            If the best lies on the edge of what was tried.
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

    @validate_params(
        {
            "xscale": [StrOptions({"log", "linear"}), None],
            "yscale": [StrOptions({"log", "linear"}), None],
            "mesh_kw": [dict, None],
            "best_kw": [dict, None],
            "text_kw": [dict, None],
            "colorbar": ["boolean"],
        },
        prefer_skip_nested_validation=True,
    )
    def plot(
        self,
        ax=None,
        *,
        xscale=None,
        yscale=None,
        mesh_kw=None,
        best_kw=None,
        text_kw=None,
        colorbar=True,
    ):
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None makes a new figure.
        xscale : {"log", "linear"} or None, default=None
            Scale of the x axis; None is "log" for positive values over a factor of ten or more.
        yscale : {"log", "linear"} or None, default=None
            Scale of the y axis, in the same way.
        mesh_kw : dict, default=None
            Keyword arguments of ``pcolormesh`` or ``scatter``, such as ``cmap``.
        best_kw : dict, default=None
            Keyword arguments of the ``Rectangle`` or ``Line2D`` that marks the best.
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
            If the best lies on the edge of what was tried.
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
        """Draw a heat map with the scores in it and a frame around the best."""
        from matplotlib.collections import QuadMesh
        from matplotlib.patches import Rectangle
        from matplotlib.text import Text

        ax = self.ax_
        ax.set_facecolor("0.85")  # what failed has no colour
        style = styled(QuadMesh, mesh_kw, cmap="viridis")
        self.mesh_ = ax.pcolormesh(x_axis.edges, y_axis.edges, np.ma.masked_invalid(table), **style)
        for set_ticks, axis in (ax.set_xticks, x_axis), (ax.set_yticks, y_axis):
            set_ticks(axis.places, [_text(value) for value in axis.values])
            set_ticks([], minor=True)
        if table.size <= _MANY:
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
        """Draw a point for each candidate, the best ones last."""
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


class Axis:
    """Values of a parameter along an axis.

    Parameters
    ----------
    values : ndarray of shape (n_candidates,)
        The values tried.
    name : str
        Name of the parameter.
    scale : {"log", "linear"} or None
        The scale; None chooses.
    """

    def __init__(self, values, name, scale):
        self.name, self.values = name, np.unique(values)
        low, high = self.values[[0, -1]]
        if scale == "log" and low <= 0:
            raise ValueError(f"A log scale needs positive values; {name} goes down to {low:g}.")
        self.scale = scale or ("log" if low > 0 and high >= 10 * low else "linear")
        forth, back = (np.log10, lambda v: 10.0**v) if self.scale == "log" else (np.copy, np.copy)
        middles = forth(self.values)
        steps = np.diff(middles)
        # Values such as 0, 0.001, 0.1, 10 suit neither scale: a heat map counts them.
        if self.scale == "linear" and len(steps) > 1 and steps.max() > 5 * steps.min():
            middles, back = np.arange(len(middles), dtype=float), np.copy
            steps = np.diff(middles)
        self._middles = middles
        between = middles[:-1] + steps / 2
        first, last = (steps[0], steps[-1]) if len(steps) else (1.0, 1.0)
        self.edges = back(np.concatenate(
            [[middles[0] - first / 2], between, [middles[-1] + last / 2]]
        ))  # fmt: skip
        self.places = back(middles)

    def warn_of_edge(self, best):
        """Warn if the best value is among the smallest or the largest."""
        middles = self._middles
        if len(middles) == 1:
            return
        place = (middles[np.searchsorted(self.values, best)] - middles[0]) / np.ptp(middles)
        if _EDGE < place < 1 - _EDGE or (best == 0 and place == 0):  # nothing lies below zero
            return
        end, further = ("lower", "smaller") if place <= _EDGE else ("upper", "larger")
        warn(
            f"The best {self.name}={best:g} lies on the {end} edge of what was tried, "
            f"{self.values[0]:g} to {self.values[-1]:g}; try {further} values, too."
        )


def _choose(parameters, x, y):
    """Full names of the parameters of the two axes."""
    x = None if x is None else find_parameter(parameters, x, "x")
    y = None if y is None else find_parameter(parameters, y, "y")
    if len(parameters) < 2:
        raise ValueError(
            "search must vary at least two parameters that take several numbers each; found "
            f"{sorted(parameters) or 'none'}."
        )
    if x is not None and x == y:
        raise ValueError(f"x and y are both {x!r}.")
    x = x or _first(parameters, _FIRST[0], besides=y, avoid=_FIRST[1])
    y = y or _first(parameters, _FIRST[1], besides=x, avoid=())
    return x, y


def _first(parameters, preferred, *, besides, avoid):
    """First parameter with a preferred name, else the first that another axis has no use for."""

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
        raise ValueError("scores are all NaN: no candidate was trained without failure.")
    return x, y, scores


def _table(x_axis, y_axis, x, y, scores):
    """Best score in each cell of a full grid, of shape (n_y, n_x); None if there is no grid."""
    cells = np.searchsorted(y_axis.values, y), np.searchsorted(x_axis.values, x)
    table = np.full((len(y_axis.values), len(x_axis.values)), -np.inf)
    np.maximum.at(table, cells, np.nan_to_num(scores, nan=-1e300))
    if np.isneginf(table).any():
        return None
    table[table == -1e300] = np.nan
    return table


def _text(value):
    """A number in few letters."""
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.5g}" if abs(value) >= 100 else f"{value:.3g}"
    text = np.format_float_scientific(value, 2, trim="-", exp_digits=1)
    return text.replace("e+", "e")
