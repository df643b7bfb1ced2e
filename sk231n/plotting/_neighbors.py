"""Queries and their nearest training images."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sk231n.core.arguments import count, validates_arguments
from sk231n.core.errors import naming
from sk231n.neighbors import KNNClassifier, KNNClassifierCV
from sk231n.plotting._arrays import check_fitted, check_lengths
from sk231n.plotting._classes import classes_of, images_at, names_of
from sk231n.plotting._figures import BLUE, ORANGE, axes_or_new, require_matplotlib
from sk231n.plotting._pictures import as_images, as_pictures
from sk231n.plotting._steps import find_step, split_reader
from sk231n.plotting._tiles import Tiles, figure_size
from sk231n.preprocessing import Flatten, ImageReader

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.patches import Rectangle
    from matplotlib.text import Text

_RIGHT, _WRONG = "✓", "✗"


class NeighborsDisplay:
    """Each query, and the training images that are nearest to it, in a row.

    A blue frame and a tick mark the neighbours of the query's class, an orange frame and a cross
    all others. Below a query is its class, with a tick if it is predicted, else with an arrow to
    the predicted class. It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    queries : array-like of shape (n, h, w) or (n, h, w, c)
        The queries.
    neighbors : array-like of shape (n, k, h, w) or (n, k, h, w, c)
        Their neighbours, the nearest first.
    y : array-like of shape (n,)
        The classes of the queries.
    y_neighbors : array-like of shape (n, k)
        The classes of the neighbours.
    y_pred : array-like of shape (n,), default=None
        The predicted classes of the queries; None does not show them.
    class_names : sequence of str, default=None
        Names of the classes; by default their labels.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    images_ : list of matplotlib AxesImage
        Row by row the query, then its neighbours.
    frames_ : list of matplotlib Rectangle
        The frames of the neighbours.
    texts_ : list of matplotlib Text
        The classes below the images.

    Examples
    --------
    >>> from sk231n import KNNClassifier
    >>> from sk231n.datasets import make_shapes
    >>> from sk231n.plotting import NeighborsDisplay
    >>> shapes = make_shapes(300, n_classes=3, random_state=0)
    >>> X, y = shapes.images, shapes.target
    >>> knn = KNNClassifier(n_neighbors=4).fit(X[:200], y[:200])
    >>> display = NeighborsDisplay.from_estimator(
    ...     knn, X[200:203], y[200:203], class_names=shapes.target_names
    ... )
    >>> len(display.images_)  # three queries with four neighbours each
    15
    """

    ax_: "Axes"
    figure_: "Figure"
    images_: "list[AxesImage]"
    frames_: "list[Rectangle]"
    texts_: "list[Text]"

    def __init__(
        self,
        queries: ArrayLike,
        neighbors: ArrayLike,
        y: ArrayLike,
        y_neighbors: ArrayLike,
        *,
        y_pred: ArrayLike | None = None,
        class_names: ArrayLike | None = None,
    ) -> None:
        self.queries = queries
        self.neighbors = neighbors
        self.y = y
        self.y_neighbors = y_neighbors
        self.y_pred = y_pred
        self.class_names = class_names

    @classmethod
    @validates_arguments({"n_neighbors": [count(1), None]})
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: ArrayLike | None = None,
        *,
        n_neighbors: int | None = None,
        training_images: ArrayLike | None = None,
        image_shape: tuple[int, ...] | None = None,
        class_names: ArrayLike | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Search the neighbours of a few images.

        Parameters
        ----------
        estimator : KNNClassifier, KNNClassifierCV, or a pipeline or search that ends in one
            Fitted.
        X : array-like of shape (n, h, w), (n, h, w, c) or (n, d), or list of paths
            The queries; paths if the estimator is a pipeline that begins with
            :class:`~sk231n.ImageReader`.
        y : array-like of shape (n,), default=None
            Their classes; None for the predicted ones.
        n_neighbors : int, default=None
            Number of neighbours to show; None for as many as vote, at most ten.
        training_images : array-like of shape (n_training, h, w), (n_training, h, w, c) or \
(n_training, d), default=None
            The images that the estimator was fitted on, in their order; None for those that it
            keeps. They have to be passed if it searches among features.
        image_shape : tuple of int, default=None
            Shape of one image, (h, w) or (h, w, c). None takes it from a stack, rows of length
            3*k*k as (k, k, 3) and rows of length k*k as (k, k).
        class_names : sequence of str, default=None
            Names of the classes; by default their labels.
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        NeighborsDisplay
            The display, after drawing.

        Raises
        ------
        TypeError
            If the estimator does not search neighbours.
        ValueError
            If the training images are needed, or their number is not that of ``fit``.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        check_fitted(estimator)
        reader, model = split_reader(estimator)
        images = X if reader is None else reader.transform(X)
        before, knn = find_step(model, _is_knn, "KNNClassifier, or a pipeline that ends in it")
        if y is not None:
            check_lengths(X=images, y=y)
        n_shown = min(10, knn._n_voters()) if n_neighbors is None else n_neighbors
        features = images if before is None else before.transform(images)
        _, indices = knn.kneighbors(features, n_shown)
        predicted = knn.predict(features)
        if training_images is None:
            if not all(isinstance(step, Flatten | ImageReader) for _, step in _steps(before)):
                raise ValueError(
                    "training_images=None, but estimator searches among features and keeps no "
                    "images; pass the images that it was fitted on, in their order."
                )
            training_images = knn._rows
        else:
            check_lengths(training_images=training_images, fit=range(knn.n_samples_fit_))
        shape = image_shape
        if shape is None and np.ndim(images) > 2:
            shape = np.shape(images)[1:]
        neighbors = images_at(training_images, indices.ravel(), shape, name="training_images")
        display = cls(
            as_images(images, shape),
            neighbors.reshape(*indices.shape, *neighbors.shape[1:]),
            predicted if y is None else y,
            _labels(knn, indices),
            y_pred=None if y is None else predicted,
            class_names=class_names,
        )
        return display.plot(ax, **kwargs)

    @validates_arguments({"im_kw": [dict, None], "text_kw": [dict, None]})
    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        im_kw: dict[str, Any] | None = None,
        text_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the images.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        im_kw : dict, default=None
            Keyword arguments of ``imshow`` for the images, such as ``cmap`` for grey ones.
        text_kw : dict, default=None
            Keyword arguments of the ``Text`` of the classes.

        Returns
        -------
        NeighborsDisplay
            The display itself.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        with naming("neighbors"):
            neighbors = np.asarray(self.neighbors)
        if neighbors.ndim not in (4, 5) or not neighbors.size:
            raise ValueError(
                "neighbors must be of shape (n, k, h, w) or (n, k, h, w, c); got shape "
                f"{neighbors.shape}."
            )
        check_lengths(queries=self.queries, neighbors=neighbors, y=self.y)
        n, k = neighbors.shape[:2]
        with naming("y_neighbors"):
            labels = {"y": self.y, "y_neighbors": np.ravel(self.y_neighbors)}
        if self.y_pred is not None:
            check_lengths(y=self.y, y_pred=self.y_pred)
            labels["y_pred"] = self.y_pred
        classes, y, found, *rest = classes_of(**labels)
        if len(found) != n * k:
            raise ValueError(f"y_neighbors holds {len(found)} labels for {n} x {k} neighbours.")
        names = dict(zip(classes, names_of(classes, self.class_names), strict=True))
        queries = as_images(self.queries, name="queries")
        found_images = as_images(neighbors.reshape(n * k, *neighbors.shape[2:]), name="neighbors")
        if queries.shape[1:] != found_images.shape[1:]:
            raise ValueError(
                f"queries are images of shape {queries.shape[1:]}, and neighbors of shape "
                f"{found_images.shape[1:]}; expected the same."
            )
        # Together, so that both have one scale of brightness.
        pictures = as_pictures(np.concatenate([queries, found_images]))
        queries, pictures = pictures[:n], pictures[n:]
        from matplotlib.patches import Rectangle

        aspect = queries.shape[1] / queries.shape[2]
        ax = axes_or_new(ax, figure_size(n, k + 1, aspect, lines=1, margin=0.5))
        below = [names[label] for label in y]
        for row, (label, predicted) in enumerate(zip(y, *rest, strict=True) if rest else ()):
            below[row] += f" {_RIGHT}" if label == predicted else f" → {names[predicted]}"
        tiles = Tiles(
            ax,
            n,
            k + 1,
            aspect,
            captions="below",
            words=[*below, *(f"{name} {_RIGHT}" for name in names.values())],
        )
        self.ax_, self.figure_, self.images_ = ax, ax.figure, []
        self.frames_, self.texts_ = [], []
        for row in range(n):
            self.images_.append(tiles.draw(queries[row], row, 0, im_kw))
            self.texts_.append(tiles.caption(below[row], row, 0, text_kw))
            for column in range(k):
                here = row * k + column
                is_right = found[here] == y[row]
                color = BLUE if is_right else ORANGE
                self.images_.append(tiles.draw(pictures[here], row, column + 1, im_kw))
                frame = Rectangle(
                    tiles.corner(row, column + 1), 1, aspect, fill=False, edgecolor=color,
                    linewidth=2, zorder=3,
                )  # fmt: skip
                self.frames_.append(ax.add_patch(frame))
                text = f"{names[found[here]]} {_RIGHT if is_right else _WRONG}"
                style = {"color": color, **(text_kw or {})}
                self.texts_.append(tiles.caption(text, row, column + 1, style))
        heads = ["query", "nearest", *map(str, range(2, k + 1))]
        tiles.finish(heads, {"fontweight": "bold"})
        return self


def _is_knn(step):
    return isinstance(step, KNNClassifier | KNNClassifierCV)


def _labels(knn, indices):
    """The labels of training samples that vote."""
    voting = indices if knn._voting is None else np.searchsorted(knn._voting, indices)
    return knn.classes_[knn._y[voting]]


def _steps(pipeline):
    return [] if pipeline is None else pipeline.steps
