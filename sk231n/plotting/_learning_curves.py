"""Loss and score by epoch."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import is_regressor

from sk231n._sklearn import StrOptions
from sk231n.core.arguments import validates_arguments
from sk231n.core.errors import naming
from sk231n.plotting._arrays import check_fitted
from sk231n.plotting._figures import (
    COLORS,
    MARKERS,
    axes_or_new,
    panels,
    plain_log_scale,
    require_matplotlib,
    styled,
    whole_numbers,
    write_legend,
)
from sk231n.plotting._steps import last_step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D

ROLES = {"": ("training", "-"), "validation_": ("validation", "--")}  # by prefix in a history


class LearningCurvesDisplay:
    """Loss and score by epoch, on the training and the validation data.

    It is recommended to use :meth:`from_estimator`, or :meth:`from_estimators` for comparisons.

    Parameters
    ----------
    histories : dict of str to dict
        The ``history_`` of each run: lists "loss" and "score" with one entry per epoch, and
        optionally "validation_loss" and "validation_score".
    score_name : str, default="accuracy"
        Name of the score.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes; switched off if they contain two panels.
    axes_ : ndarray of matplotlib Axes of shape (n_panels,)
        The panels: the loss, then the score.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of matplotlib Line2D
        The curves, ordered by panel and by run, training before validation.
    legend_ : matplotlib Legend or None
        The legend, if a panel has more than one curve.

    Notes
    -----
    The training curves average over the mini-batches of an epoch as they were used, before the
    later steps of the epoch; the validation curves are measured at the end of the epoch. With
    ``history_steps=True`` the estimator keeps the loss of every mini-batch, and points show it.

    References
    ----------
    .. [1] CS231n, "Neural networks part 3", section "Babysitting the learning process".

    Examples
    --------
    >>> from sk231n import SoftmaxClassifier
    >>> from sk231n.datasets import make_shapes
    >>> from sk231n.plotting import LearningCurvesDisplay
    >>> X, y = make_shapes(400, random_state=0, return_X_y=True)
    >>> softmax = SoftmaxClassifier(early_stopping=True, random_state=0).fit(X, y)
    >>> display = LearningCurvesDisplay.from_estimator(softmax)
    >>> [ax.get_ylabel() for ax in display.axes_]
    ['loss', 'accuracy']
    """

    ax_: "Axes"
    figure_: "Figure"
    axes_: NDArray[Any]
    lines_: "list[Line2D]"
    legend_: "Legend | None"

    def __init__(
        self,
        histories: Mapping[str, Mapping[str, ArrayLike]],
        *,
        score_name: str = "accuracy",
    ):
        self.histories = histories
        self.score_name = score_name

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: "Axes | None" = None, **kwargs: Any) -> Self:
        """Show how one estimator was trained.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``history_``, or a pipeline that ends in such an estimator.
        ax : matplotlib Axes, default=None
            Axes to draw in, divided into two panels; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        LearningCurvesDisplay
            The display, after drawing.

        Raises
        ------
        TypeError
            If the estimator keeps no history.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        return cls.from_estimators({"": estimator}, ax=ax, **kwargs)

    @classmethod
    @validates_arguments({"estimators": [dict]})
    def from_estimators(
        cls, estimators: dict[str, Any], *, ax: "Axes | None" = None, **kwargs: Any
    ) -> Self:
        """Compare how several estimators were trained.

        Parameters
        ----------
        estimators : dict of str to estimator
            The fitted estimators, by the name of their run.
        ax : matplotlib Axes, default=None
            Axes to draw in, divided into two panels; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        LearningCurvesDisplay
            The display, after drawing.

        Raises
        ------
        TypeError
            If one of the estimators keeps no history.
        """
        require_matplotlib(f"{cls.__name__}.from_estimators")
        with naming("estimators"):
            histories = {name: _history(estimator) for name, estimator in estimators.items()}
        regression = any(is_regressor(last_step(estimator)) for estimator in estimators.values())
        return cls(histories, score_name="R²" if regression else "accuracy").plot(ax, **kwargs)

    @validates_arguments(
        {
            "panel": [StrOptions({"both", "loss", "score"})],
            "loss_scale": [StrOptions({"linear", "log"})],
            "line_kw": [dict, None],
        }
    )
    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        panel: str = "both",
        loss_scale: str = "linear",
        line_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in, divided for two panels; None creates a new figure.
        panel : {"both", "loss", "score"}, default="both"
            The panels to show.
        loss_scale : {"linear", "log"}, default="linear"
            Scale of the loss.
        line_kw : dict, default=None
            Keyword arguments of the ``Line2D`` of each curve.

        Returns
        -------
        LearningCurvesDisplay
            The display itself.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        _check_histories(self.histories)
        shown = ["loss", "score"] if panel == "both" else [panel]
        is_new = ax is None
        ax = axes_or_new(ax, (4.5 * len(shown), 3.5))
        self.ax_, self.figure_ = ax, ax.figure
        self.axes_ = panels(ax, 1, len(shown))
        self.lines_ = []
        for quantity, panel_ax in zip(shown, self.axes_, strict=True):
            self._draw(panel_ax, quantity, line_kw)
            panel_ax.set_xlabel("epoch")
            panel_ax.set_ylabel("loss" if quantity == "loss" else self.score_name)
            whole_numbers(panel_ax.xaxis)
            panel_ax.grid(alpha=0.3)
            if quantity == "loss" and loss_scale == "log":
                plain_log_scale(panel_ax)
        self._explain(self.axes_[0], outside=is_new)
        return self

    def _draw(self, ax, quantity, line_kw):
        """Draw the curves of one quantity: one colour per run, or per curve of a single run."""
        from matplotlib.lines import Line2D

        alone = len(self.histories) == 1
        for i, (name, history) in enumerate(self.histories.items()):
            for j, (prefix, (role, dashes)) in enumerate(ROLES.items()):
                if prefix + quantity not in history:
                    continue
                values, look = history[prefix + quantity], j if alone else i
                color = COLORS[look % len(COLORS)]
                if prefix + quantity == "loss" and "step_loss" in history:
                    _draw_steps(ax, history, color)
                unlisted = "_" if prefix else ""  # the legend explains the dashes only once
                style = styled(
                    Line2D,
                    line_kw,
                    color=color,
                    marker=MARKERS[look % len(MARKERS)],
                    linestyle=dashes,
                    markersize=4,
                    markevery=max(1, len(values) // 10),
                    label=role if alone else f"{unlisted}{name}",
                )
                self.lines_ += ax.plot(np.arange(1, len(values) + 1), values, **style)

    def _explain(self, ax, outside):
        """Write the legend: the runs, and the meaning of the dashes."""
        from matplotlib.lines import Line2D

        handles, _ = ax.get_legend_handles_labels()
        validated = any("validation_loss" in history for history in self.histories.values())
        if validated and len(self.histories) > 1:
            handles += [Line2D([], [], color="0.4", linestyle=dashes, label=role)
                        for role, dashes in ROLES.values()]  # fmt: skip
        self.legend_ = None
        if len(handles) > 1:
            self.legend_ = write_legend(ax, handles, outside=outside)


def _draw_steps(ax, history, color):
    """Draw the losses of the steps as points around the mean of their epoch."""
    steps = history["step_loss"]
    epochs = 0.5 + (np.arange(len(steps)) + 0.5) * len(history["loss"]) / len(steps)
    ax.plot(epochs, steps, ".", color=color, alpha=0.3, markersize=3, zorder=1)


def _history(estimator):
    check_fitted(estimator)
    last = last_step(estimator)
    if not hasattr(last, "history_"):
        raise TypeError(
            f"estimator={type(last).__name__} keeps no history_; expected one that is trained by "
            "gradients, such as MLPClassifier."
        )
    return last.history_


def _check_histories(histories):
    if not isinstance(histories, Mapping) or not histories:
        raise ValueError("histories must be a dict of at least one run, {name: history_}.")
    for name, history in histories.items():
        if not isinstance(history, Mapping):
            raise ValueError(f"histories[{name!r}] must be a history_; got {history!r:.200}.")
        missing = [key for key in ("loss", "score") if key not in history]
        if missing:
            raise ValueError(
                f"histories[{name!r}] has no {missing[0]!r}; its keys are {sorted(history)}."
            )
