"""Weights as images: the templates of a linear classifier or of a first layer."""

import math
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.pipeline import Pipeline

from sk231n.core.arguments import count, validates_arguments
from sk231n.plotting._affine import weights_on_pixels
from sk231n.plotting._arrays import check_fitted, words
from sk231n.plotting._classes import names_of_scores
from sk231n.plotting._figures import axes_or_new, require_matplotlib
from sk231n.plotting._pictures import as_images
from sk231n.plotting._steps import last_step, split_reader
from sk231n.plotting._tiles import Tiles, figure_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.text import Text


class WeightTemplatesDisplay:
    """Weights as images: the templates of a linear classifier, or of a network's first layer.

    It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    templates : array-like of shape (n_templates, h, w), (n_templates, h, w, 3) or \
(n_templates, n_features)
        The weights of each score or unit. Rows (n_templates, n_features) must be square images.
    names : sequence of str or None, default=None
        Text above each template; None for no text.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    images_ : list of matplotlib AxesImage
        One for each template.
    texts_ : list of matplotlib Text
        The names above them.

    See Also
    --------
    FilterDisplay : Filters and feature maps of convolutional networks.

    Notes
    -----
    Each template ``w`` is shown as ``0.5 + w / (2 max|w|)`` in each colour channel: a weight of
    zero is mid-grey in every template, and its largest weight is black or white.

    References
    ----------
    .. [1] CS231n, "Linear classification", section "Interpretation of linear classifiers as
       template matching".

    Examples
    --------
    >>> from sk231n import SoftmaxClassifier
    >>> from sk231n.datasets import make_shapes
    >>> from sk231n.plotting import WeightTemplatesDisplay
    >>> shapes = make_shapes(400, n_classes=4, random_state=0)
    >>> softmax = SoftmaxClassifier(random_state=0).fit(shapes.images, shapes.target)
    >>> display = WeightTemplatesDisplay.from_estimator(softmax, class_names=shapes.target_names)
    >>> [text.get_text() for text in display.texts_]
    ['circle', 'square', 'triangle', 'cross']
    """

    ax_: "Axes"
    figure_: "Figure"
    images_: "list[AxesImage]"
    texts_: "list[Text]"

    def __init__(self, templates: ArrayLike, *, names: ArrayLike | None = None):
        self.templates = templates
        self.names = names

    @classmethod
    @validates_arguments({"max_units": [count(1)]})
    def from_estimator(
        cls,
        estimator: Any,
        *,
        image_shape: tuple[int, ...] | None = None,
        class_names: ArrayLike | None = None,
        max_units: int = 100,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Show the weights of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``coef_`` or ``coefs_``, or a pipeline that ends in such an estimator and
            begins with affine steps: scalers, mean subtraction, whitening, PCA. The affine steps
            are folded into the weights, so that the templates apply to the original pixels, or to
            those that an :class:`~sk231n.ImageReader` at the beginning makes. Or a search.
        image_shape : tuple of int, default=None
            Shape of one image, (h, w) or (h, w, c). None takes rows of length 3*k*k as (k, k, 3)
            and rows of length k*k as (k, k).
        class_names : sequence of str, default=None
            Names of the classes; by default their labels.
        max_units : int, default=100
            Maximal number of units of a network's first layer; those with the largest weights are
            shown.
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        WeightTemplatesDisplay
            The display, after drawing.

        Raises
        ------
        ValueError
            If the weights do not apply to images, or a step before them is not affine.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        check_fitted(estimator)
        reader, estimator = split_reader(estimator)
        last = last_step(estimator)
        weights = _first_weights(last)
        if image_shape is None and reader is not None:
            image_shape = reader._image_shape
        if isinstance(estimator, Pipeline) and len(estimator) > 1:
            weights = weights_on_pixels(estimator[:-1].transform, weights, estimator.n_features_in_)
        if hasattr(last, "coefs_"):
            strongest = np.argsort(-np.linalg.norm(weights, axis=1), kind="stable")
            weights, names = weights[np.sort(strongest[:max_units])], None
        else:
            classes = getattr(last, "classes_", None)
            names = class_names
            if classes is not None:
                names = names_of_scores(classes, len(weights), class_names)
        templates = as_images(weights, image_shape, name="the weights of estimator")
        return cls(templates, names=names).plot(ax, **kwargs)

    @validates_arguments(
        {
            "n_cols": [count(1), None],
            "im_kw": [dict, None],
            "text_kw": [dict, None],
        }
    )
    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        n_cols: int | None = None,
        im_kw: dict[str, Any] | None = None,
        text_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the templates.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        n_cols : int, default=None
            Number of templates per row; None chooses it.
        im_kw : dict, default=None
            Keyword arguments of ``imshow`` for the templates, such as ``cmap``.
        text_kw : dict, default=None
            Keyword arguments of the names' ``Text``.

        Returns
        -------
        WeightTemplatesDisplay
            The display itself.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        templates = as_images(self.templates, name="templates").astype(np.float64)
        n, named = len(templates), self.names is not None
        names = words(self.names, "names") if named else [""] * n
        if len(names) != n:
            raise ValueError(f"names has {len(names)} entries for {n} templates.")
        if n_cols is None:
            n_cols = min(n, 5) if named else math.ceil(math.sqrt(n))
        n_rows = math.ceil(n / n_cols)
        aspect = templates.shape[1] / templates.shape[2]
        captions = "above" if named else None

        ax = axes_or_new(ax, figure_size(n_rows, n_cols, aspect, lines=int(named)))
        tiles = Tiles(ax, n_rows, n_cols, aspect, captions=captions, words=names)
        self.ax_, self.figure_, self.images_, self.texts_ = ax, ax.figure, [], []
        for i, template in enumerate(templates):
            largest = np.abs(template).max() or 1.0
            picture = 0.5 + template / (2 * largest)
            self.images_.append(tiles.draw(picture, *divmod(i, n_cols), im_kw))
            if named:
                self.texts_.append(tiles.caption(names[i], *divmod(i, n_cols), text_kw))
        tiles.finish()
        return self


def _first_weights(estimator):
    """Weights of the scores, or of the first layer, of shape (n_templates, n_features)."""
    if hasattr(estimator, "coefs_"):
        weights = np.asarray(estimator.coefs_[0])
        if weights.shape[:-1] != (estimator.n_features_in_,):
            raise TypeError(
                f"estimator={type(estimator).__name__} has no weight for each pixel: those of its "
                f"first layer are of shape {weights.shape}. FilterDisplay draws the filters of "
                "convolutions, which slide over the image."
            )
        return weights.T
    if hasattr(estimator, "coef_"):
        return np.atleast_2d(estimator.coef_)
    raise TypeError(
        f"estimator={type(estimator).__name__} has neither coef_ nor coefs_; expected a linear "
        "classifier or a network, such as LinearSVM or MLPClassifier."
    )
