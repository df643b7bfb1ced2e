"""Which parts of an image a decision rests on: the score with each window covered."""

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter

from sk231n._sklearn import StrOptions
from sk231n.core.arguments import Number, as_floats, validates_arguments
from sk231n.core.blocks import blocks
from sk231n.core.windows import SIDES, as_pair
from sk231n.plotting._arrays import check_fitted
from sk231n.plotting._classes import names_of
from sk231n.plotting._figures import axes_or_new, require_matplotlib
from sk231n.plotting._pictures import as_pictures
from sk231n.plotting._steps import one_image, split_reader
from sk231n.plotting._tiles import draw_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

_AT_ONCE = 2**24  # values of covered images that are in memory at a time
_STRONGEST = 0.6  # opacity of the overlay where it is strongest


class OcclusionDisplay:
    """Which parts of an image a decision rests on, as an overlay on the image.

    A window slides over the image and covers a part of it. Where the score falls, what lies under
    the window speaks for the class, and is shown in red; where it rises, against it, and in blue.
    It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    image : array-like of shape (h, w) or (h, w, c)
        The image.
    scores : array-like of shape (n_rows, n_columns)
        The score with each window covered.
    score : float
        The score of the image itself.
    top, left : array-like of int of shape (n_rows,) and (n_columns,)
        The first line and the first column of the windows, in pixels.
    window : int or pair of int
        Height and width of the windows in pixels.
    title : str or None, default=None
        Text above the image.

    Attributes
    ----------
    importance_ : ndarray of shape (h, w)
        How much the score falls when the pixel is covered: the mean over the windows that cover it.
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    image_, overlay_ : matplotlib AxesImage
        The image in grey, and the overlay.
    colorbar_ : matplotlib Colorbar
        The scale of the overlay.

    References
    ----------
    M. Zeiler and R. Fergus, "Visualizing and understanding convolutional networks", ECCV 2014,
    :arxiv:`1311.2901`.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sk231n import HOG, SoftmaxClassifier
    >>> from sk231n.datasets import make_shapes
    >>> from sk231n.plotting import OcclusionDisplay
    >>> shapes = make_shapes(300, random_state=0)
    >>> model = make_pipeline(HOG(), SoftmaxClassifier()).fit(shapes.images, shapes.target)
    >>> display = OcclusionDisplay.from_estimator(model, shapes.images[0])
    >>> display.scores.shape  # windows of 8 x 8 pixels, two pixels apart
    (13, 13)
    """

    importance_: NDArray[np.float64]
    ax_: "Axes"
    figure_: "Figure"
    image_: "AxesImage"
    overlay_: "AxesImage"
    colorbar_: "Colorbar"

    def __init__(
        self,
        image: ArrayLike,
        scores: ArrayLike,
        *,
        score: float,
        top: ArrayLike,
        left: ArrayLike,
        window: int | tuple[int, int],
        title: str | None = None,
    ) -> None:
        self.image = image
        self.scores = scores
        self.score = score
        self.top = top
        self.left = left
        self.window = window
        self.title = title

    @classmethod
    @validates_arguments(
        {
            "window": [*SIDES, None],
            "stride": [*SIDES, None],
            "cover": [StrOptions({"gray", "mean", "blur"})],
            "image_shape": [tuple, list, None],
        }
    )
    def from_estimator(
        cls,
        estimator: Any,
        image: Any,
        *,
        label: Any = None,
        window: int | tuple[int, int] | None = None,
        stride: int | tuple[int, int] | None = None,
        cover: str = "gray",
        image_shape: tuple[int, ...] | None = None,
        class_names: ArrayLike | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Cover one window after the other, and show how the score changes.

        Parameters
        ----------
        estimator : classifier
            Fitted, or a pipeline or search that ends in one. The scores are its probabilities or,
            if it gives none, those of ``decision_function``.
        image : array-like of shape (h, w), (h, w, c) or (n_features,), or path
            The image. A path, or a picture of any size, if the estimator is a pipeline that begins
            with :class:`~sk231n.ImageReader`, calibrated or not; what it reads is then covered.
        label : label, default=None
            The class whose score is shown; None for the class with the largest score.
        window : int or pair of int, default=None
            Height and width of the windows in pixels; None for a quarter of the shorter side.
        stride : int or pair of int, default=None
            Pixels from one window to the next; None for a quarter of the window.
        cover : {"gray", "mean", "blur"}, default="gray"
            What covers the window: grey, halfway between black and white; the mean colour of the
            image; or the image blurred, which takes away form and leaves colour.
        image_shape : tuple of int, default=None
            Shape of the image, (h, w) or (h, w, c), if it is a row of pixels. The estimator then
            gets rows.
        class_names : sequence of str, default=None
            Names of the classes; by default their labels.
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        OcclusionDisplay
            The display, after drawing.

        Raises
        ------
        TypeError
            If the estimator gives no scores.
        ValueError
            If there is no such class, or the windows do not fit into the image.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        check_fitted(estimator)
        reader, model = split_reader(estimator)
        images = one_image(image) if reader is None else reader.transform(one_image(image))
        as_row = np.ndim(images) == 2
        picture = images[0].reshape(_shape_of_row(image_shape, images)) if as_row else images[0]
        if image_shape is not None and tuple(image_shape) != picture.shape:
            raise ValueError(f"image_shape={image_shape}, but image has the shape {picture.shape}.")
        window, stride = _windows(picture.shape, window, stride)
        top, left = (
            _starts(side, size, step)
            for side, size, step in zip(picture.shape, window, stride, strict=False)
        )

        def scores_of(stack):
            return _scores(model, stack.reshape(len(stack), -1) if as_row else stack)

        score = scores_of(picture[np.newaxis])[0]
        k = _column(model, label, score)
        corners = [(i, j) for i in top for j in left]
        covering = _cover(picture, cover)
        scores = np.empty(len(corners))
        for block in blocks(len(corners), max(1, _AT_ONCE // picture.size)):
            stack = np.repeat(picture[np.newaxis], block.stop - block.start, axis=0)
            for covered, (i, j) in zip(stack, corners[block], strict=True):
                here = slice(i, i + window[0]), slice(j, j + window[1])
                covered[here] = covering[here]
            scores[block] = scores_of(stack)[:, k]
        name = names_of(model.classes_, class_names)[k]
        display = cls(
            picture,
            scores.reshape(len(top), len(left)),
            score=float(score[k]),
            top=top,
            left=left,
            window=window,
            title=f"{name}: {score[k]:.3g}",
        )
        return display.plot(ax, **kwargs)

    @validates_arguments({"im_kw": [dict, None], "overlay_kw": [dict, None]})
    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        im_kw: dict[str, Any] | None = None,
        overlay_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the image in grey and the overlay on it.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        im_kw : dict, default=None
            Keyword arguments of ``imshow`` for the image.
        overlay_kw : dict, default=None
            Keyword arguments of ``imshow`` for the overlay, such as ``cmap``.

        Returns
        -------
        OcclusionDisplay
            The display itself.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        picture = as_pictures(np.asarray(self.image)[np.newaxis], name="image")[0]
        self.importance_ = self._importance(picture.shape[:2])
        height, width = picture.shape[:2]
        if picture.ndim == 3:  # in grey, so that all colours are those of the overlay
            largest = 255 if picture.dtype == np.uint8 else 1
            picture = picture @ np.array([0.299, 0.587, 0.114]) / largest
        limit = np.abs(self.importance_).max() or 1.0
        ax = axes_or_new(ax, (4.6, max(3.8 * height / width, 1.5)))
        self.ax_, self.figure_ = ax, ax.figure
        self.image_ = draw_picture(ax, picture, 0, 0, width, im_kw)
        strength = _STRONGEST * np.abs(self.importance_) / limit
        style = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit, "alpha": strength}
        style |= {"extent": (0, width, height, 0)}
        self.overlay_ = ax.imshow(self.importance_, **{**style, **(overlay_kw or {})})
        self.colorbar_ = _colorbar(self.overlay_, ax)
        ax.set(xticks=[], yticks=[], title=self.title or "", aspect="equal")
        ax.set(xlim=(0, width), ylim=(height, 0))
        return self

    def _importance(self, shape):
        """How much the score falls when a pixel is covered."""
        scores = as_floats(self.scores, "scores")
        height, width = _pair(self.window, "window")
        top = _places(self.top, "top", shape[0] - height)
        left = _places(self.left, "left", shape[1] - width)
        if scores.shape != (len(top), len(left)) or not np.isfinite(scores).all():
            raise ValueError(
                f"scores must be finite numbers of shape ({len(top)}, {len(left)}), one for each "
                f"entry of top and left; got shape {scores.shape}."
            )
        if not Number(Real, None, None, closed="neither").is_satisfied_by(self.score):
            raise ValueError(f"score must be a finite number; got {self.score!r}.")
        sums, counts = np.zeros(shape), np.zeros(shape)
        for i, of_row in zip(top, scores, strict=True):
            for j, covered in zip(left, of_row, strict=True):
                sums[i : i + height, j : j + width] += self.score - covered
                counts[i : i + height, j : j + width] += 1
        return sums / np.maximum(counts, 1)


def _pair(value, name):
    """Height and width, from an argument of any kind."""
    if not isinstance(value, Integral | tuple | list):
        raise ValueError(f"{name} must be an integer >= 1 or a pair of them; got {value!r:.200}.")
    return as_pair(value, name)


def _places(values, name, largest):
    """Where windows begin along an axis, checked."""
    places = as_floats(values, name)
    if places.ndim != 1 or not np.isin(places, np.arange(largest + 1)).all():
        raise ValueError(
            f"{name} must hold whole numbers from 0 to {largest}, where windows begin; got "
            f"{values!r:.200}."
        )
    return places.astype(int)


def _shape_of_row(image_shape, rows):
    if image_shape is None or int(np.prod(image_shape)) != rows.shape[1]:
        raise ValueError(
            f"image is a row of {rows.shape[1]} values; pass image_shape=(height, width) or "
            f"(height, width, channels) of as many; got {image_shape!r}."
        )
    return tuple(image_shape)


def _windows(shape, window, stride):
    """Sizes and strides of the windows."""
    window = as_pair(max(1, min(shape[:2]) // 4) if window is None else window, "window")
    if stride is None:
        stride = tuple(max(1, side // 4) for side in window)
    if window[0] > shape[0] or window[1] > shape[1]:
        raise ValueError(
            f"window={window} does not fit into the image of {shape[0]} x {shape[1]} pixels."
        )
    return window, as_pair(stride, "stride")


def _starts(side, size, step):
    """Where windows begin along an axis; the last one ends with the image."""
    starts = np.arange(0, side - size + 1, step)
    return starts if starts[-1] == side - size else np.append(starts, side - size)


def _cover(picture, cover):
    """What covers the windows, as an image."""
    if cover == "blur":
        sigma = min(picture.shape[:2]) / 8
        blurred = gaussian_filter(picture.astype(np.float64), (sigma, sigma, 0)[: picture.ndim])
        return _as_type(blurred, picture.dtype)
    if cover == "mean":
        mean = picture.mean(axis=(0, 1), dtype=np.float64)
        return np.broadcast_to(_as_type(mean, picture.dtype), picture.shape)
    if picture.dtype.kind in "bui":
        largest = 1 if picture.dtype == bool else np.iinfo(picture.dtype).max
    else:
        largest = 1 if picture.max() <= 1 else 255
    return np.full_like(picture, largest / 2)


def _as_type(values, dtype):
    return np.rint(values).astype(dtype) if dtype.kind in "bui" else values.astype(dtype)


def _scores(model, X):
    """Scores of shape (n, n_classes)."""
    for method in ("predict_proba", "decision_function"):
        if hasattr(model, method):
            scores = np.asarray(getattr(model, method)(X), np.float64)
            return scores if scores.ndim == 2 else np.stack([-scores, scores], axis=1)
    raise TypeError(
        f"estimator={type(model).__name__} has neither predict_proba nor decision_function; "
        "expected a classifier that gives scores."
    )


def _column(model, label, scores):
    """The column of the scores that belongs to the class."""
    classes = np.asarray(model.classes_)
    if label is None:
        return int(scores.argmax())
    found = np.flatnonzero(classes == label)
    if not len(found):
        raise ValueError(f"label={label!r} is none of the classes {list(classes)!r:.200}.")
    return int(found[0])


def _colorbar(overlay, ax):
    from matplotlib.cm import ScalarMappable

    # A mappable of its own: that of the overlay is transparent where nothing changes.
    scale = ScalarMappable(overlay.norm, overlay.cmap)
    bar = ax.figure.colorbar(scale, ax=ax, shrink=0.85)
    bar.set_label("fall of the score when covered")
    return bar
