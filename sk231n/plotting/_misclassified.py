"""Misclassified images of a classifier."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sk231n.core.arguments import count, validates_arguments
from sk231n.plotting._arrays import check_fitted, check_lengths
from sk231n.plotting._classes import (
    classes_of,
    first_of_each,
    names_of,
    pictures_at,
    places_in_column,
)
from sk231n.plotting._figures import axes_or_new, require_matplotlib
from sk231n.plotting._pictures import as_pictures
from sk231n.plotting._steps import split_reader
from sk231n.plotting._tiles import Tiles, figure_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.text import Text


class MisclassifiedDisplay:
    """Misclassified images: a column for each predicted class, below each image its true class.

    It is recommended to use :meth:`from_estimator` or :meth:`from_predictions`, which select the
    misclassified images.

    Parameters
    ----------
    images : array-like of shape (n, h, w), (n, h, w, c) or (n, d)
        The images to show, possibly none. Rows (n, d) must be square images.
    y_true, y_pred : array-like of shape (n,)
        Their true labels and the predicted ones.
    classes : array-like of shape (n_classes,), default=None
        Classes that get a column even if they do not occur in the labels.
    class_names : sequence of str, default=None
        Names of the classes; by default their labels.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    images_ : list of matplotlib AxesImage
        One for each image.
    texts_ : list of matplotlib Text
        The true classes.

    Examples
    --------
    >>> from sk231n import SoftmaxClassifier
    >>> from sk231n.datasets import make_shapes
    >>> from sk231n.plotting import MisclassifiedDisplay
    >>> shapes = make_shapes(400, random_state=0)
    >>> X, y = shapes.images, shapes.target
    >>> softmax = SoftmaxClassifier(random_state=0).fit(X[:200], y[:200])
    >>> display = MisclassifiedDisplay.from_estimator(
    ...     softmax, X[200:], y[200:], class_names=shapes.target_names
    ... )
    >>> display.ax_.get_xlabel()
    'predicted class (below each image: the true one)'
    """

    ax_: "Axes"
    figure_: "Figure"
    images_: "list[AxesImage]"
    texts_: "list[Text]"

    def __init__(
        self,
        images: ArrayLike,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        classes: ArrayLike | None = None,
        class_names: ArrayLike | None = None,
    ):
        self.images = images
        self.y_true = y_true
        self.y_pred = y_pred
        self.classes = classes
        self.class_names = class_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        y: ArrayLike,
        *,
        images: ArrayLike | None = None,
        n_per_class: int = 8,
        image_shape: tuple[int, ...] | None = None,
        class_names: ArrayLike | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Show, for each class, the first images that a classifier wrongly assigns to it.

        Parameters
        ----------
        estimator : estimator
            Fitted classifier. Where it is a pipeline that begins with
            :class:`~sk231n.ImageReader`, calibrated or not, `X` may be paths.
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Input of the classifier.
        y : array-like of shape (n_samples,)
            The true labels.
        images : array-like of shape (n_samples, d), (n_samples, h, w) or (n_samples, h, w, c), \
default=None
            The images, if `X` holds their features; None for `X` itself.
        n_per_class : int, default=8
            Number of images for each predicted class.
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
        MisclassifiedDisplay
            The display, after drawing.

        Raises
        ------
        ValueError
            If the arrays differ in length, or those to show do not hold images.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        check_fitted(estimator)
        reader, estimator = split_reader(estimator)
        if reader is not None:
            X = reader.transform(X)
        return cls.from_predictions(
            y,
            estimator.predict(X),
            images=X if images is None else images,
            n_per_class=n_per_class,
            image_shape=image_shape,
            class_names=class_names,
            ax=ax,
            **kwargs,
        )

    @classmethod
    @validates_arguments({"n_per_class": [count(1)]})
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        images: ArrayLike,
        n_per_class: int = 8,
        image_shape: tuple[int, ...] | None = None,
        class_names: ArrayLike | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Show the first images for which the predicted class is not the true one, by class.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            The true labels.
        y_pred : array-like of shape (n_samples,)
            The predicted labels.
        images : array-like of shape (n_samples, d), (n_samples, h, w) or (n_samples, h, w, c)
            The images.
        n_per_class : int, default=8
            Number of images for each predicted class.
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
        MisclassifiedDisplay
            The display, after drawing.

        Raises
        ------
        ValueError
            If the arrays differ in length, or `images` does not hold images.
        """
        require_matplotlib(f"{cls.__name__}.from_predictions")
        check_lengths(y_true=y_true, y_pred=y_pred, images=images)
        classes, y_true, y_pred = classes_of(y_true=y_true, y_pred=y_pred)
        wrong = np.flatnonzero(y_true != y_pred)
        pictures = np.empty((0, 1, 1))
        if len(wrong):
            wrong = wrong[first_of_each(y_pred[wrong], n_per_class)]
            pictures = pictures_at(images, wrong, image_shape, name="images")
        display = cls(
            pictures, y_true[wrong], y_pred[wrong], classes=classes, class_names=class_names
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
            Keyword arguments of the ``Text`` of the true classes.

        Returns
        -------
        MisclassifiedDisplay
            The display itself.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        check_lengths(images=self.images, y_true=self.y_true, y_pred=self.y_pred)
        others = [] if self.classes is None else self.classes
        check_lengths(classes=others)
        classes, y_true, y_pred, _ = classes_of(
            y_true=self.y_true, y_pred=self.y_pred, classes=others
        )
        names = names_of(classes, self.class_names)
        columns, true = np.searchsorted(classes, y_pred), np.searchsorted(classes, y_true)
        rows = places_in_column(columns)
        pictures = as_pictures(self.images, name="images") if len(rows) else np.empty((0, 1, 1))
        n_rows, n_cols = max(rows, default=0) + 1, len(classes)
        aspect = pictures.shape[1] / pictures.shape[2]

        ax = axes_or_new(ax, figure_size(n_rows, n_cols, aspect, lines=1, margin=0.5))
        tiles = Tiles(ax, n_rows, n_cols, aspect, captions="below", words=names)
        self.ax_, self.figure_, self.images_, self.texts_ = ax, ax.figure, [], []
        for picture, label, row, column in zip(pictures, true, rows, columns, strict=True):
            self.images_.append(tiles.draw(picture, row, column, im_kw))
            self.texts_.append(tiles.caption(names[label], row, column, text_kw))
        tiles.finish(names, {"fontweight": "bold"})
        between = " " if n_cols > 3 else "\n"  # few columns are narrower than the line
        ax.set_xlabel(f"predicted class{between}(below each image: the true one)", labelpad=8)
        if not len(rows):
            ax.text(0.5, 0.5, "no image is misclassified", ha="center", transform=ax.transAxes)
        return self
