"""Weights as images: what a linear classifier or a first layer looks for."""

import math

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import validate_params

from sk231n.core.arguments import count
from sk231n.plotting._affine import weights_on_pixels
from sk231n.plotting._arrays import check_fitted, words
from sk231n.plotting._classes import names_of
from sk231n.plotting._figures import axes_or_new, require_matplotlib
from sk231n.plotting._pictures import as_images
from sk231n.plotting._tiles import Tiles, figure_size


class WeightTemplatesDisplay:
    """Weights as images: the templates of a linear classifier, or a network's first layer.

    It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    templates : array-like of shape (n_templates, h, w), (n_templates, h, w, 3) or \
(n_templates, n_features)
        The weights of each score or unit; rows must be square images.
    names : sequence of str or None, default=None
        What to write above each template; None for nothing.

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

    Notes
    -----
    Each template ``w`` is shown as ``0.5 + w / (2 max|w|)``, in colour channel by channel: a weight
    of zero is mid-grey in all of them, and the largest weight of each is black or white.

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

    def __init__(self, templates, *, names=None):
        self.templates = templates
        self.names = names

    @classmethod
    @validate_params(
        {"max_units": [count(1)]},
        prefer_skip_nested_validation=False,
    )
    def from_estimator(
        cls, estimator, *, image_shape=None, class_names=None, max_units=100, ax=None, **kwargs
    ):
        """Show the weights of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``coef_`` or ``coefs_``, or a pipeline that ends in such a one and begins
            with affine steps: scalers, mean subtraction, whitening, PCA. These are folded into the
            weights, so that the templates are those of the pixels as given.
        image_shape : tuple of int, default=None
            Shape of one image, (h, w) or (h, w, c). None takes rows of length 3*k*k as (k, k, 3)
            and of length k*k as (k, k).
        class_names : sequence of str, default=None
            Names of the classes; by default their labels.
        max_units : int, default=100
            Of a network, the first layer's units with the largest weights, at most so many.
        ax : matplotlib Axes, default=None
            Axes to draw in; None makes a new figure.
        **kwargs : dict
            Passed on to :meth:`plot`.

        Returns
        -------
        WeightTemplatesDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the weights are not those of images, or a step before them is not affine.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        check_fitted(estimator)
        last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
        weights = _first_weights(last)
        if isinstance(estimator, Pipeline) and len(estimator) > 1:
            weights = weights_on_pixels(estimator[:-1].transform, weights, estimator.n_features_in_)
        if hasattr(last, "coefs_"):
            strongest = np.argsort(-np.linalg.norm(weights, axis=1), kind="stable")
            weights, names = weights[np.sort(strongest[:max_units])], None
        else:
            names = _score_names(last, len(weights), class_names)
        templates = as_images(weights, image_shape, name="the weights of estimator")
        return cls(templates, names=names).plot(ax, **kwargs)

    @validate_params(
        {
            "n_cols": [count(1), None],
            "im_kw": [dict, None],
            "text_kw": [dict, None],
        },
        prefer_skip_nested_validation=True,
    )
    def plot(self, ax=None, *, n_cols=None, im_kw=None, text_kw=None):
        """Draw the templates.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None makes a new figure.
        n_cols : int, default=None
            Templates in a row; None chooses.
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
        return np.asarray(estimator.coefs_[0]).T
    if hasattr(estimator, "coef_"):
        return np.atleast_2d(estimator.coef_)
    raise TypeError(
        f"estimator={type(estimator).__name__} has neither coef_ nor coefs_; expected a linear "
        "classifier or a network, such as LinearSVM or MLPClassifier."
    )


def _score_names(estimator, n_templates, class_names):
    classes = getattr(estimator, "classes_", None)
    if classes is None:
        return class_names
    names = names_of(classes, class_names)
    if n_templates == 1 and len(names) == 2:  # one row of weights for both classes
        return [f"{names[1]} (not {names[0]})"]
    return names
