"""Filters of a convolutional network, and the feature maps of an image."""

import math
import warnings
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.pipeline import Pipeline

from sk231n._images import without_grey_axis
from sk231n._sklearn import StrOptions
from sk231n.core.activations import Activation
from sk231n.core.arguments import Number, count, validates_arguments
from sk231n.core.errors import naming
from sk231n.plotting._arrays import check_fitted, words
from sk231n.plotting._figures import axes_or_new, require_matplotlib
from sk231n.plotting._pictures import as_images
from sk231n.plotting._steps import best_of, last_step
from sk231n.plotting._tiles import Tiles, figure_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.text import Text


class FilterDisplay:
    """Filters of the first layer of a convolutional network, or the feature maps of one image.

    It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    maps : array-like of shape (n_maps, h, w), (n_maps, h, w, 1) or (n_maps, h, w, 3)
        The weights of each filter, or the feature maps.
    names : sequence of str or None, default=None
        Text above each of them; None for no text.
    title : str or None, default=None
        Text above all of them.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    images_ : list of matplotlib AxesImage
        One for each filter or map, row by row.
    texts_ : list of matplotlib Text
        The names above them.

    See Also
    --------
    WeightTemplatesDisplay : Weights of linear classifiers and of fully connected layers.

    Notes
    -----
    If any value is negative, zero is mid-grey: a map ``w`` is shown as ``0.5 + w / (2 max|w|)`` in
    each colour channel. Otherwise, as after a ReLU, zero is black: ``w / max|w|``. The largest is
    that of each map or, with ``scale="all"``, that of all of them.

    The weights are those on standardised images, whose channels have about unit spread.

    References
    ----------
    .. [1] CS231n, "Understanding and visualizing convolutional neural networks", sections "Layer
       activations" and "Conv/FC filters".

    Examples
    --------
    >>> from sk231n import ConvNetClassifier
    >>> from sk231n.datasets import make_shapes
    >>> from sk231n.plotting import FilterDisplay
    >>> shapes = make_shapes(200, n_classes=4, random_state=0)
    >>> model = ConvNetClassifier(((8,),), kernel_size=5, max_iter=2, random_state=0)
    >>> model = model.fit(shapes.images, shapes.target)
    >>> len(FilterDisplay.from_estimator(model).images_)
    8
    >>> display = FilterDisplay.from_estimator(model, image=shapes.images[0])
    >>> display.ax_.get_title()
    'layers_[3]: ReLU'
    """

    ax_: "Axes"
    figure_: "Figure"
    images_: "list[AxesImage]"
    texts_: "list[Text]"

    def __init__(
        self, maps: ArrayLike, *, names: ArrayLike | None = None, title: str | None = None
    ):
        self.maps = maps
        self.names = names
        self.title = title

    @classmethod
    @validates_arguments(
        {"layer": [Number(Integral, None, None, closed="neither"), None], "max_maps": [count(1)]}
    )
    def from_estimator(
        cls,
        estimator: Any,
        *,
        image: ArrayLike | None = None,
        layer: int | None = None,
        max_maps: int = 64,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Show the filters of a fitted network or, with `image`, the feature maps of that image.

        Parameters
        ----------
        estimator : ConvNetClassifier or a pipeline that ends in one
            Fitted. Filters are shown as images, in colour for images of three channels, if the
            steps before the network leave each pixel in its place, as scalers do. For feature maps
            the steps transform the image first.
        image : array-like of shape (h, w), (h, w, c) or (n_features,), default=None
            One image in a form that `estimator` takes, possibly a stack of length one; None for the
            filters.
        layer : int, default=None
            Which of ``layers_`` returns the feature maps. None is the first activation, or the
            first layer with weights if no activation returns images.
        max_maps : int, default=64
            Maximal number of feature maps; those with the largest mean absolute value are shown.
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        FilterDisplay
            The display, after drawing. Feature maps have the numbers of their channels above them.

        Raises
        ------
        TypeError
            If the estimator is no convolutional network.
        ValueError
            If it has no convolutions, its filters are no images, or `image` or `layer` does not
            suit it.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        check_fitted(estimator)
        estimator = best_of(estimator)
        network = last_step(estimator)
        _check_convolutional(network)
        if image is None:
            if layer is not None:
                raise ValueError(
                    f"layer={layer} says which feature maps of an image to show, but image=None; "
                    "without an image, the filters of the first convolution are shown."
                )
            return cls(_filters(estimator, network)).plot(ax, **kwargs)
        maps, index = _feature_maps(estimator, network, image, layer)
        strength = np.abs(maps).mean(axis=(1, 2, 3), dtype=np.float64)
        channels = np.sort(np.argsort(-strength, kind="stable")[:max_maps])
        title = f"layers_[{index}]: {type(network.layers_[index]).__name__}"
        return cls(maps[channels], names=[*map(str, channels)], title=title).plot(ax, **kwargs)

    @validates_arguments(
        {
            "scale": [StrOptions({"each", "all"})],
            "n_cols": [count(1), None],
            "im_kw": [dict, None],
            "text_kw": [dict, None],
        }
    )
    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        scale: str = "each",
        n_cols: int | None = None,
        im_kw: dict[str, Any] | None = None,
        text_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the filters or the feature maps.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        scale : {"each", "all"}, default="each"
            Whether each picture uses the whole range from black to white, so that weak filters show
            their form too, or all share one scale, so that their strengths can be compared.
        n_cols : int, default=None
            Number of pictures per row; None chooses it.
        im_kw : dict, default=None
            Keyword arguments of ``imshow`` for the pictures, such as ``cmap`` for grey ones.
        text_kw : dict, default=None
            Keyword arguments of the names' ``Text``.

        Returns
        -------
        FilterDisplay
            The display itself.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        pictures = _scaled(as_images(self.maps, name="maps").astype(np.float64), scale)
        n, named = len(pictures), self.names is not None
        names = words(self.names, "names") if named else [""] * n
        if len(names) != n:
            raise ValueError(f"names has {len(names)} entries for {n} maps.")
        if not (self.title is None or isinstance(self.title, str)):
            raise ValueError(f"title must be a text or None; got {self.title!r:.200}.")
        n_cols = n_cols or _n_columns(n)
        n_rows = math.ceil(n / n_cols)
        aspect = pictures.shape[1] / pictures.shape[2]
        margin = 0.0 if self.title is None else 0.3

        ax = axes_or_new(ax, figure_size(n_rows, n_cols, aspect, lines=int(named), margin=margin))
        if self.title is not None:
            ax.set_title(self.title, fontsize="medium")
        captions = "above" if named else None
        tiles = Tiles(ax, n_rows, n_cols, aspect, captions=captions, words=names)
        self.ax_, self.figure_, self.images_, self.texts_ = ax, ax.figure, [], []
        for i, picture in enumerate(pictures):
            self.images_.append(tiles.draw(picture, *divmod(i, n_cols), im_kw))
            if named:
                self.texts_.append(tiles.caption(names[i], *divmod(i, n_cols), text_kw))
        tiles.finish()
        return self


def _scaled(maps, scale):
    """Values within 0..1, zero being mid-grey or, if no value is negative, black."""
    axes = tuple(range(1, maps.ndim)) if scale == "each" else None
    largest = np.abs(maps).max(axis=axes, keepdims=True)
    shares = maps / np.where(largest == 0, 1, largest)
    return 0.5 + shares / 2 if maps.min() < 0 else shares


def _n_columns(n):
    """Columns of an almost square grid, without a gap if one nearly as square has none."""
    square = math.ceil(math.sqrt(n))
    return next((k for k in range(square, 2 * square + 1) if n % k == 0 and k * k <= 3 * n), square)


def _check_convolutional(network):
    name = type(network).__name__
    if not hasattr(network, "feature_maps"):
        raise TypeError(
            f"estimator={name} has no convolutions; expected ConvNetClassifier. The weights of "
            "linear classifiers and of MLPs are drawn by WeightTemplatesDisplay."
        )
    shape = np.shape(network.coefs_[0])
    if len(shape) != 4:
        raise ValueError(
            f"estimator={name} has no convolutions: its first weights are of shape {shape}, not "
            "(height, width, n_channels, n_filters)."
        )


def _filters(estimator, network):
    """Filters of the first convolution, of shape (n_filters, h, w, c)."""
    filters = np.moveaxis(np.asarray(network.coefs_[0]), -1, 0)
    if filters.shape[3] not in (1, 3):
        raise ValueError(
            f"The filters of the first layer with weights of estimator={type(network).__name__} "
            f"see {filters.shape[3]} channels; only filters on 1 or 3 channels can be shown as "
            "images. Pass image=... to see feature maps instead."
        )
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        _check_pixelwise(estimator[:-1], network.n_features_in_)
    return filters


def _check_pixelwise(steps, n_pixels):
    """Check that brighter pixels make the features at their places larger, and no other ones."""
    rng = np.random.RandomState(0)
    pixels, brighter = rng.uniform(0, 127, (3, n_pixels)), rng.rand(3, n_pixels) < 0.5
    message = (
        "The steps before the last one of estimator do more than scale each pixel, so that its "
        "filters do not apply to the images as given. Pass estimator[-1] to see them all the same."
    )
    try:
        with warnings.catch_warnings():  # about missing names of columns, or pixels out of range
            warnings.simplefilter("ignore")
            before, after = (
                np.asarray(steps.transform(x)).reshape(3, n_pixels)
                for x in (pixels, pixels + 127 * brighter)
            )
    except (AttributeError, TypeError, ValueError) as error:  # they take something else
        raise ValueError(message) from error
    moved = not np.allclose(before[~brighter], after[~brighter])
    if moved or (before > after)[brighter].any():
        raise ValueError(message)


def _feature_maps(estimator, network, image, layer):
    """Feature maps of one image, of shape (n_channels, h, w, 1), and the index of their layer."""
    images = _one_image(image, network.image_shape_)
    with naming("image"):
        if isinstance(estimator, Pipeline) and len(estimator) > 1:
            images = estimator[:-1].transform(images)
        outputs = network.feature_maps(images)
    layers = network.layers_
    of_images = [k for k, output in enumerate(outputs) if output.ndim == 4]
    if layer is None:
        activations = [k for k in of_images if isinstance(layers[k], Activation)]
        layer = [*activations, *(k for k in of_images if layers[k].weights)][0]
    index = layer + len(layers) if layer < 0 else layer
    if index not in of_images:
        choices = ", ".join(f"{k} ({type(layers[k]).__name__})" for k in of_images)
        raise ValueError(
            f"layer={layer} is none of the {len(layers)} layers_ that returns feature maps. These "
            f"do: {choices}."
        )
    return np.moveaxis(outputs[index][0], -1, 0)[..., np.newaxis], index


def _one_image(image, image_shape):
    """A stack of one image, or one row."""
    with naming("image"):
        shape = tuple(np.shape(image))
    is_row = shape == (1, math.prod(image_shape))
    is_image = without_grey_axis(shape) == without_grey_axis(tuple(image_shape))
    if len(shape) == 1 or (is_image and not is_row):
        return np.asarray(image)[np.newaxis]
    if len(shape) not in (2, 3, 4) or shape[0] != 1:
        raise ValueError(
            f"image must be one image of shape {tuple(image_shape)}, or a stack with exactly one; "
            f"got an array of shape {shape}."
        )
    return image
