"""Accuracy by number of neighbours."""

import re
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sk231n.core.arguments import validates_arguments
from sk231n.core.errors import naming
from sk231n.plotting._arrays import matrix
from sk231n.plotting._figures import (
    BLUE,
    ORANGE,
    axes_or_new,
    require_matplotlib,
    size_in_points,
    styled,
    write_legend,
)
from sk231n.plotting._search_results import (
    cv_results_of,
    find_parameter,
    numeric_parameters,
    score_key,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.container import ErrorbarContainer
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D


class KSelectionDisplay:
    """Accuracy by k: a point for each fold, mean and standard deviation, and the best k.

    It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    n_neighbors : array-like of shape (n_k,)
        The numbers of neighbours.
    scores : array-like of shape (n_k, n_folds)
        Accuracy of each number on each fold; NaN for a missing one.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    points_ : matplotlib PathCollection
        The scores of the folds.
    errorbar_ : matplotlib ErrorbarContainer
        Mean and standard deviation over the folds.
    best_ : matplotlib Line2D
        Marks the best mean; of several equal ones, that of the smallest k.
    legend_ : matplotlib Legend
        The legend.

    References
    ----------
    .. [1] CS231n, "Image classification", section "Validation sets for hyperparameter tuning".

    Examples
    --------
    >>> from sk231n import KNNClassifierCV
    >>> from sk231n.datasets import make_shapes
    >>> from sk231n.plotting import KSelectionDisplay
    >>> X, y = make_shapes(200, random_state=0, return_X_y=True)
    >>> knn = KNNClassifierCV(n_neighbors=(1, 3, 5, 10)).fit(X, y)
    >>> display = KSelectionDisplay.from_estimator(knn)
    >>> int(display.best_.get_xdata()[0]) == knn.n_neighbors_
    True
    """

    ax_: "Axes"
    figure_: "Figure"
    points_: "PathCollection"
    errorbar_: "ErrorbarContainer"
    best_: "Line2D"
    legend_: "Legend"

    def __init__(self, n_neighbors: ArrayLike, scores: ArrayLike):
        self.n_neighbors = n_neighbors
        self.scores = scores

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        metric: str | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Show how k was chosen.

        Parameters
        ----------
        estimator : KNNClassifierCV or search
            Fitted. If a search, such as :class:`~sklearn.model_selection.GridSearchCV`, also varies
            other parameters, the best candidate of each k is shown.
        metric : str, default=None
            The metric to show, if the search has several.
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        KSelectionDisplay
            The display, after drawing.

        Raises
        ------
        ValueError
            If the search did not vary `n_neighbors`.
        TypeError
            If the estimator is not a search.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        results = cv_results_of(estimator, "estimator")
        key = score_key(results, metric)
        parameters = numeric_parameters(results)
        tried = parameters[find_parameter(parameters, "n_neighbors")]
        is_fold = re.compile(rf"split\d+_test_{re.escape(key)}").fullmatch
        scores = np.transpose([results[name] for name in results if is_fold(name)])
        means = np.nan_to_num(results[f"mean_test_{key}"], nan=-np.inf)
        n_neighbors = np.unique(tried[~np.isnan(tried)]).astype(int)
        best = [np.argmax(np.where(tried == k, means, -np.inf)) for k in n_neighbors]
        return cls(n_neighbors, scores[best]).plot(ax, **kwargs)

    @validates_arguments(
        {"errorbar_kw": [dict, None], "scatter_kw": [dict, None], "best_kw": [dict, None]}
    )
    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        errorbar_kw: dict[str, Any] | None = None,
        scatter_kw: dict[str, Any] | None = None,
        best_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the scores.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        errorbar_kw : dict, default=None
            Keyword arguments of ``errorbar`` for means and deviations.
        scatter_kw : dict, default=None
            Keyword arguments of ``scatter`` for the folds.
        best_kw : dict, default=None
            Keyword arguments of the ``Line2D`` that marks the best k.

        Returns
        -------
        KSelectionDisplay
            The display itself.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        k, scores = _checked(self.n_neighbors, self.scores)
        from matplotlib.collections import PathCollection
        from matplotlib.lines import Line2D

        means, deviations = scores.mean(axis=1), scores.std(axis=1)
        best = np.nanargmax(means)
        is_new = ax is None
        ax = axes_or_new(ax, (6.4, 4))
        self.ax_, self.figure_ = ax, ax.figure
        style = styled(PathCollection, scatter_kw, s=14, color="0.55", label="one fold")
        self.points_ = ax.scatter(np.repeat(k, scores.shape[1]), scores.ravel(), **style)
        style = styled(
            Line2D, errorbar_kw, color=BLUE, capsize=3, label="mean ± standard deviation"
        )
        self.errorbar_ = ax.errorbar(k, means, deviations, **style)
        style = styled(
            Line2D, best_kw, color=ORANGE, marker="*", markersize=15, linestyle="", zorder=3,
            markeredgecolor="white", label=f"best: k = {k[best]}, {means[best]:.3f}",
        )  # fmt: skip
        (self.best_,) = ax.plot(k[best], means[best], **style)
        if k[-1] >= 20 * k[0]:
            ax.set_xscale("log")
        ax.set_xticks(*_ticks(k, ax), minor=False)
        ax.set_xticks([], minor=True)
        ax.set(xlabel="number of neighbours k", ylabel="accuracy")
        ax.grid(alpha=0.3)
        self.legend_ = write_legend(ax, outside=is_new)
        return self


def _checked(n_neighbors, scores):
    """Check the arguments; return the arrays sorted by k."""
    scores = matrix(scores, "scores", ensure_all_finite="allow-nan", dtype=float)
    with naming("n_neighbors"):
        k = np.asarray(n_neighbors)
    if k.shape != (len(scores),) or k.dtype.kind not in "ui" or k.min() < 1:
        raise ValueError(
            f"n_neighbors must hold one positive integer for each of the {len(scores)} rows of "
            f"scores; got {n_neighbors!r}."
        )
    if np.isnan(scores.mean(axis=1)).all():
        raise ValueError("every row of scores contains NaN.")
    order = np.argsort(k, kind="stable")
    return k[order], scores[order]


def _ticks(k, ax):
    """Positions and labels of those k whose labels do not overlap."""
    positions = np.log(k) if ax.get_xscale() == "log" else k.astype(float)
    positions *= 0.9 * size_in_points(ax)[0] / max(np.ptp(positions), 1e-9)
    kept = [0]
    for i in range(1, len(k)):
        if positions[i] - positions[kept[-1]] >= 7 * len(str(k[i])) + 3:
            kept.append(i)
    return k[kept], [str(value) for value in k[kept]]
