"""Histograms of oriented gradients, drawn over their image."""

from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import clone

from sk231n.core.arguments import as_floats, count, validates_arguments
from sk231n.features import HOG
from sk231n.plotting._arrays import check_fitted
from sk231n.plotting._figures import axes_or_new, require_matplotlib, size_in_points, styled
from sk231n.plotting._pictures import as_pictures
from sk231n.plotting._steps import find_step, one_image
from sk231n.plotting._tiles import draw_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage


class HOGDisplay:
    """Glyphs of a histogram of oriented gradients over the image: a star of lines in each cell.

    The lines lie along the edges, at right angles to the gradients, and are brighter for more
    votes. It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    image : array-like of shape (h, w) or (h, w, c)
        The image.
    histograms : array-like of shape (n_rows, n_columns, orientations)
        Histogram of each cell, before any normalization.
    pixels_per_cell : tuple of 2 int, default=(8, 8)
        Height and width of a cell.
    signed : bool, default=False
        Whether the orientations divide 360 degrees; a line then begins in the middle of the cell.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    image_ : matplotlib AxesImage
        The image.
    lines_ : matplotlib LineCollection
        A line for each cell and orientation.

    Examples
    --------
    >>> from sk231n import HOG
    >>> from sk231n.datasets import make_shapes
    >>> from sk231n.plotting import HOGDisplay
    >>> images = make_shapes(10, random_state=0).images
    >>> display = HOGDisplay.from_estimator(HOG().fit(images), images[0])
    >>> len(display.lines_.get_segments())  # 4 x 4 cells of 9 orientations
    144
    """

    ax_: "Axes"
    figure_: "Figure"
    image_: "AxesImage"
    lines_: "LineCollection"

    def __init__(
        self,
        image: ArrayLike,
        histograms: ArrayLike,
        *,
        pixels_per_cell: tuple[int, int] = (8, 8),
        signed: bool = False,
    ):
        self.image = image
        self.histograms = histograms
        self.pixels_per_cell = pixels_per_cell
        self.signed = signed

    @classmethod
    def from_estimator(
        cls, estimator: Any, image: ArrayLike, *, ax: "Axes | None" = None, **kwargs: Any
    ) -> Self:
        """Show the histograms that a transformer computes from an image.

        Parameters
        ----------
        estimator : HOG, pipeline, union of features, or search over these
            Fitted. The block normalization of the HOG is ignored. The steps of a pipeline before
            it transform the image first.
        image : array-like of shape (h, w), (h, w, c) or (n_features,)
            The image, or a path if the pipeline begins with :class:`~sk231n.ImageReader`.
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        HOGDisplay
            The display, after drawing.

        Raises
        ------
        ValueError
            If the image does not match the images that the transformer was fitted on.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        check_fitted(estimator)
        before, hog = find_step(estimator, is_hog, "HOG, or a pipeline with it")
        images = one_image(image)
        if before is not None:
            images = before.transform(images)
        pictures = as_pictures(images, hog.image_shape_, name="image")
        raw = clone(hog).set_params(block_norm=None, image_shape=hog.image_shape_)
        histograms = raw.fit_transform(images).reshape(*hog.n_cells_, -1)
        display = cls(
            pictures[0], histograms, pixels_per_cell=hog.pixels_per_cell_, signed=hog.signed
        )
        return display.plot(ax, **kwargs)

    @validates_arguments({"im_kw": [dict, None], "line_kw": [dict, None]})
    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        im_kw: dict[str, Any] | None = None,
        line_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the dimmed image and the lines over it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        im_kw : dict, default=None
            Keyword arguments of ``imshow`` for the image, such as ``alpha``.
        line_kw : dict, default=None
            Keyword arguments of the ``LineCollection``.

        Returns
        -------
        HOGDisplay
            The display itself.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        picture = as_pictures(np.asarray(self.image)[np.newaxis], name="image")[0]
        histograms = _checked(self.histograms)
        check_cells(self.pixels_per_cell, self.signed)
        segments = segments_of_cells(histograms.shape, self.pixels_per_cell, self.signed)
        strength = (histograms / (histograms.max() or 1.0)).ravel()
        from matplotlib.collections import LineCollection
        from matplotlib.patches import Rectangle

        height, width = picture.shape[:2]
        ax = axes_or_new(ax, (4, max(4 * height / width, 1)))
        self.ax_, self.figure_ = ax, ax.figure
        # Not the colour of the axes, which may be saved transparent.
        ax.add_patch(Rectangle((0, 0), width, height, facecolor="black", zorder=-1))
        self.image_ = draw_picture(ax, picture, 0, 0, width, {"alpha": 0.5, **(im_kw or {})})
        cell = min(size_in_points(ax)) / max(picture.shape[:2]) * min(self.pixels_per_cell)
        style = styled(
            LineCollection, line_kw, color="yellow", alpha=strength,
            linewidth=float(np.clip(cell / 12, 0.6, 2.5)),
        )  # fmt: skip
        self.lines_ = ax.add_collection(LineCollection(segments, **style))
        ax.set(xticks=[], yticks=[], aspect="equal")
        ax.set(xlim=(0, width), ylim=(height, 0))
        return self


def is_hog(step: Any) -> bool:
    """Whether a step is a HOG."""
    return isinstance(step, HOG)


def _checked(histograms):
    histograms = as_floats(histograms, "histograms")
    if histograms.ndim != 3 or not histograms.size:
        raise ValueError(
            "histograms must be of shape (n_rows, n_columns, orientations); got shape "
            f"{histograms.shape}."
        )
    if not np.isfinite(histograms).all() or histograms.min() < 0:
        raise ValueError(
            "histograms must hold finite numbers that are not negative; got values from "
            f"{histograms.min():.6g} to {histograms.max():.6g}."
        )
    return histograms


def check_cells(pixels_per_cell, signed):
    """Refuse anything but two positive sides of a cell, and a boolean."""
    is_pair = isinstance(pixels_per_cell, tuple | list) and len(pixels_per_cell) == 2
    if not is_pair or not all(map(count(1).is_satisfied_by, pixels_per_cell)):
        raise ValueError(f"pixels_per_cell must be two positive integers; got {pixels_per_cell!r}.")
    if not isinstance(signed, bool | np.bool_):
        raise ValueError(f"signed must be True or False; got {signed!r:.200}.")


def segments_of_cells(shape, pixels_per_cell, signed):
    """Ends of the lines, of shape (n_lines, 2, 2), as (x, y) in pixels."""
    (cell_h, cell_w), (n_rows, n_columns, n) = pixels_per_cell, shape
    angle = (2 * np.pi if signed else np.pi) * (np.arange(n) + 0.5) / n
    # At right angles to the gradient (cos, sin); 0.42 cells on each side keep the stars apart.
    half = 0.42 * min(cell_h, cell_w) * np.stack([-np.sin(angle), np.cos(angle)], axis=1)
    rows, columns = np.mgrid[:n_rows, :n_columns]
    middles = np.stack([(columns + 0.5) * cell_w, (rows + 0.5) * cell_h], axis=-1)
    middles = np.broadcast_to(middles[:, :, np.newaxis], (*shape, 2))
    starts = middles if signed else middles - half
    return np.stack([starts, middles + half], axis=3).reshape(-1, 2, 2)
