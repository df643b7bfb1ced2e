"""The weights of a linear classifier on histograms of oriented gradients, drawn as glyphs."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler

from sk231n.core.arguments import as_floats, validates_arguments
from sk231n.plotting._arrays import check_fitted, words
from sk231n.plotting._classes import names_of_scores
from sk231n.plotting._figures import BLUE, ORANGE, axes_or_new, require_matplotlib, styled
from sk231n.plotting._hog import check_cells, is_hog, segments_of_cells
from sk231n.plotting._steps import best_of
from sk231n.plotting._tiles import Tiles, figure_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure
    from matplotlib.text import Text


class HOGWeightsDisplay:
    """Which edges speak for a class, and which against it: a linear classifier on HOG.

    For each class a picture of the edges with positive weights, above one of those with negative
    weights. A line lies along the edge, at its cell, and is brighter for a larger weight. It is
    recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    weights : array-like of shape (n_classes, n_rows, n_columns, orientations)
        The weights of each cell.
    names : sequence of str or None, default=None
        Names of the classes; None for their indices.
    signed : bool, default=False
        Whether the orientations divide 360 degrees; a line then begins in the middle of the cell.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    lines_ : list of matplotlib LineCollection
        For each class the lines of the positive weights, and those of the negative ones.
    texts_ : list of matplotlib Text
        The names of the classes.

    See Also
    --------
    HOGDisplay : The histograms of one image.
    WeightTemplatesDisplay : Weights on pixels.

    Notes
    -----
    A cell belongs to several blocks, each with weights of its own; they are added up. Weights on
    standardised features are divided by the spread of the features.

    References
    ----------
    N. Dalal and B. Triggs, "Histograms of oriented gradients for human detection", CVPR 2005,
    figure 6.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sk231n import HOG, LinearSVM
    >>> from sk231n.datasets import make_shapes
    >>> from sk231n.plotting import HOGWeightsDisplay
    >>> shapes = make_shapes(300, n_classes=3, random_state=0)
    >>> model = make_pipeline(HOG(), LinearSVM()).fit(shapes.images, shapes.target)
    >>> display = HOGWeightsDisplay.from_estimator(model, class_names=shapes.target_names)
    >>> len(display.lines_)
    6
    """

    ax_: "Axes"
    figure_: "Figure"
    lines_: "list[LineCollection]"
    texts_: "list[Text]"

    def __init__(
        self, weights: ArrayLike, *, names: ArrayLike | None = None, signed: bool = False
    ) -> None:
        self.weights = weights
        self.names = names
        self.signed = signed

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        class_names: ArrayLike | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Show the weights that a linear classifier has on the features of a HOG.

        Parameters
        ----------
        estimator : pipeline, or a search over pipelines
            Fitted: a HOG, alone or in a union of features, perhaps ``StandardScaler``, and a linear
            classifier at the end.
        class_names : sequence of str, default=None
            Names of the classes; by default their labels.
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        HOGWeightsDisplay
            The display, after drawing.

        Raises
        ------
        TypeError
            If the estimator is no such pipeline.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        check_fitted(estimator)
        weights, hog, classes = _weights_on_hog(best_of(estimator))
        names = names_of_scores(classes, len(weights), class_names)
        return cls(_by_cell(weights, hog), names=names, signed=hog.signed).plot(ax, **kwargs)

    @validates_arguments({"line_kw": [dict, None], "text_kw": [dict, None]})
    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        line_kw: dict[str, Any] | None = None,
        text_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw two pictures for each class.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        line_kw : dict, default=None
            Keyword arguments of the ``LineCollection`` objects.
        text_kw : dict, default=None
            Keyword arguments of the names' ``Text``.

        Returns
        -------
        HOGWeightsDisplay
            The display itself.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        weights = as_floats(self.weights, "weights")
        if weights.ndim != 4 or not weights.size or not np.isfinite(weights).all():
            raise ValueError(
                "weights must be finite numbers of shape (n_classes, n_rows, n_columns, "
                f"orientations); got shape {weights.shape}."
            )
        n_classes, *shape = weights.shape
        names = words(range(n_classes) if self.names is None else self.names, "names")
        if len(names) != n_classes:
            raise ValueError(f"names has {len(names)} entries for {n_classes} classes.")
        check_cells((1, 1), self.signed)
        from matplotlib.collections import LineCollection
        from matplotlib.patches import Rectangle

        aspect = shape[0] / shape[1]
        ax = axes_or_new(ax, figure_size(2, n_classes, aspect, lines=1))
        tiles = Tiles(ax, 2, n_classes, aspect, captions="above", words=names)
        segments = segments_of_cells(tuple(shape), (1, 1), self.signed) / shape[1]
        self.ax_, self.figure_, self.lines_, self.texts_ = ax, ax.figure, [], []
        for k, of_class in enumerate(weights):
            largest = np.abs(of_class).max() or 1.0
            for row, (sign, color) in enumerate(((1, ORANGE), (-1, BLUE))):
                x, y = tiles.corner(row, k)
                ax.add_patch(Rectangle((x, y), 1, aspect, facecolor="black", zorder=0))
                style = styled(
                    LineCollection, line_kw, color=color, linewidth=1.2,
                    alpha=np.clip(sign * of_class / largest, 0, 1).ravel(),
                )  # fmt: skip
                lines = LineCollection(segments + np.array([x, y]), **style)
                self.lines_.append(ax.add_collection(lines))
            self.texts_.append(tiles.caption(names[k], 0, k, text_kw))
        for row, text in enumerate(("for the class", "against it")):
            x, y = tiles.corner(row, 0)
            ax.text(x - 0.06, y + aspect / 2, text, rotation=90, ha="right", va="center",
                    fontsize=tiles.font_size)  # fmt: skip
        tiles.finish()
        return self


def _weights_on_hog(estimator):
    """Weights on the features of the first HOG of a pipeline, the HOG, and the classes."""
    expected = "a pipeline of HOG, perhaps StandardScaler, and a linear classifier"
    if not isinstance(estimator, Pipeline) or not hasattr(estimator[-1], "coef_"):
        raise TypeError(f"estimator={type(estimator).__name__}; expected {expected}.")
    weights = np.atleast_2d(estimator[-1].coef_)
    for step in reversed([step for _, step in estimator.steps[:-1]]):
        if isinstance(step, StandardScaler):
            weights = weights if step.scale_ is None else weights / step.scale_
        elif is_hog(step):
            return weights, step, estimator[-1].classes_
        elif isinstance(step, FeatureUnion) and any(is_hog(t) for _, t in step.transformer_list):
            first = 0
            for _, transformer in step.transformer_list:
                n_features = len(transformer.get_feature_names_out())
                if is_hog(transformer):
                    part = weights[:, first : first + n_features]
                    return part, transformer, estimator[-1].classes_
                first += n_features
        elif step not in (None, "passthrough"):
            break
    raise TypeError(f"estimator={estimator!r:.200}; expected {expected}.")


def _by_cell(weights, hog):
    """Add up what blocks and channels give to each cell."""
    (rows, columns), (block_rows, block_columns) = hog.n_cells_, hog.cells_per_block_
    n_bins = int(hog.orientations)
    sums = np.zeros((len(weights), rows, columns, n_bins))
    if hog.block_norm is None:
        return sums + weights.reshape(len(weights), -1, rows, columns, n_bins).sum(axis=1)
    shape = (len(weights), -1, *hog.n_blocks_, block_rows, block_columns, n_bins)
    by_block = weights.reshape(shape).sum(axis=1)
    for i in range(block_rows):
        for j in range(block_columns):
            cells = sums[:, i : i + hog.n_blocks_[0], j : j + hog.n_blocks_[1]]
            cells += by_block[:, :, :, i, j]
    return sums
