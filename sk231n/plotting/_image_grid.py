"""Images of each class, one column per class."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sk231n.core.arguments import count, validates_arguments
from sk231n.plotting._arrays import check_lengths
from sk231n.plotting._classes import (
    classes_of,
    first_of_each,
    names_of,
    pictures_at,
    places_in_column,
)
from sk231n.plotting._figures import axes_or_new, require_matplotlib
from sk231n.plotting._pictures import as_pictures
from sk231n.plotting._tiles import Tiles, figure_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage


class ImageGridDisplay:
    """Images of each class, one column per class: a first look at a data set.

    It is recommended to use :meth:`from_arrays`, which picks a few of each class.

    Parameters
    ----------
    images : array-like of shape (n, h, w), (n, h, w, c) or (n, d)
        The images to show. Rows (n, d) must be square images.
    y : array-like of shape (n,)
        Their labels.
    class_names : sequence of str, default=None
        Names of the classes; by default their labels.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    images_ : list of matplotlib AxesImage
        One for each image, in the order of `images`.

    Notes
    -----
    Bytes and values within 0..1 are shown as they are; all others are rescaled so that the smallest
    value shown is black and the largest is white.

    Examples
    --------
    >>> from sk231n.datasets import make_shapes
    >>> from sk231n.plotting import ImageGridDisplay
    >>> shapes = make_shapes(100, random_state=0)
    >>> display = ImageGridDisplay.from_arrays(
    ...     shapes.data, shapes.target, n_per_class=3, class_names=shapes.target_names
    ... )
    >>> len(display.images_)
    24
    """

    ax_: "Axes"
    figure_: "Figure"
    images_: "list[AxesImage]"

    def __init__(self, images: ArrayLike, y: ArrayLike, *, class_names: ArrayLike | None = None):
        self.images = images
        self.y = y
        self.class_names = class_names

    @classmethod
    @validates_arguments({"n_per_class": [count(1)]})
    def from_arrays(
        cls,
        X: ArrayLike,
        y: ArrayLike,
        *,
        n_per_class: int = 7,
        image_shape: tuple[int, ...] | None = None,
        class_names: ArrayLike | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Show the first images of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            The images.
        y : array-like of shape (n_samples,)
            Their labels.
        n_per_class : int, default=7
            Number of images of each class, or all images of a class that has fewer.
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
        ImageGridDisplay
            The display, after drawing.

        Raises
        ------
        ValueError
            If `X` does not hold images, or `y` does not hold one label for each.
        """
        require_matplotlib(f"{cls.__name__}.from_arrays")
        check_lengths(X=X, y=y)
        _, y = classes_of(y=y)
        indices = first_of_each(y, n_per_class)
        images = pictures_at(X, indices, image_shape, name="X")
        return cls(images, y[indices], class_names=class_names).plot(ax, **kwargs)

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
            Keyword arguments of the class names' ``Text``.

        Returns
        -------
        ImageGridDisplay
            The display itself.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        check_lengths(images=self.images, y=self.y)
        images, (classes, y) = as_pictures(self.images, name="images"), classes_of(y=self.y)
        names = names_of(classes, self.class_names)
        columns = np.searchsorted(classes, y)
        rows = places_in_column(columns)
        n_rows, n_cols = rows.max() + 1, len(classes)
        aspect = images.shape[1] / images.shape[2]

        ax = axes_or_new(ax, figure_size(n_rows, n_cols, aspect, margin=0.25))
        tiles = Tiles(ax, n_rows, n_cols, aspect, words=names)
        self.images_ = [
            tiles.draw(image, row, column, im_kw)
            for image, row, column in zip(images, rows, columns, strict=True)
        ]
        tiles.finish(names, text_kw)
        self.ax_, self.figure_ = ax, ax.figure
        return self
