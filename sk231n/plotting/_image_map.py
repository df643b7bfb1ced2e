"""A map of images, on which similar images lie side by side."""

import math
from numbers import Real
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from sk231n._images import as_rows
from sk231n._sklearn import StrOptions
from sk231n.core.arguments import RANDOM_STATE, Number, validates_arguments
from sk231n.core.errors import naming
from sk231n.plotting._arrays import check_fitted, check_lengths, matrix, words
from sk231n.plotting._figures import axes_or_new, require_matplotlib
from sk231n.plotting._pictures import as_pictures
from sk231n.plotting._tiles import draw_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage


class ImageMapDisplay:
    """Map of images, each drawn at its place in a two-dimensional embedding.

    It is recommended to use :meth:`from_arrays` or :meth:`from_estimator`.

    Parameters
    ----------
    images : array-like of shape (n, h, w), (n, h, w, c) or (n, d)
        The images. Rows (n, d) must be square images.
    embedding : array-like of shape (n, 2)
        Positions of the images.
    axis_names : sequence of 2 str, default=None
        Names of the two dimensions; None for no names.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    images_ : list of matplotlib AxesImage
        One for each image.
    positions_ : ndarray of shape (n, 2)
        Centres of the images as drawn.

    References
    ----------
    .. [1] CS231n, "Image classification": the t-SNE map of CIFAR-10, in which images are close if
       their pixels are similar, mostly those of the background.
    .. [2] L. van der Maaten and G. Hinton. "Visualizing Data using t-SNE". JMLR 9, 2008.

    Examples
    --------
    >>> from sk231n.datasets import make_shapes
    >>> from sk231n.plotting import ImageMapDisplay
    >>> images = make_shapes(60, random_state=0).images
    >>> display = ImageMapDisplay.from_arrays(images)
    >>> len(display.images_)
    60
    """

    ax_: "Axes"
    figure_: "Figure"
    images_: "list[AxesImage]"
    positions_: NDArray[np.float64]

    def __init__(
        self, images: ArrayLike, embedding: ArrayLike, *, axis_names: ArrayLike | None = None
    ):
        self.images = images
        self.embedding = embedding
        self.axis_names = axis_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: ArrayLike,
        *,
        images: ArrayLike | None = None,
        image_shape: tuple[int, ...] | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Show the images at the positions that a fitted transformer gives them.

        Parameters
        ----------
        estimator : estimator
            Fitted, with ``transform``, of which the first two columns are used, or with the
            ``embedding_`` of these very samples, such as :class:`~sklearn.manifold.TSNE`.
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Input of the transformer.
        images : array-like of shape (n_samples, d), (n_samples, h, w) or (n_samples, h, w, c), \
default=None
            The images, if `X` holds their features; None for `X` itself.
        image_shape : tuple of int, default=None
            Shape of one image, (h, w) or (h, w, c). None takes it from a stack, rows of length
            3*k*k as (k, k, 3) and rows of length k*k as (k, k).
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        ImageMapDisplay
            The display, after drawing.

        Raises
        ------
        TypeError
            If the estimator has no embedding.
        ValueError
            If the embedding has fewer than two columns, or not one row for each image.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        check_fitted(estimator)
        if images is None:
            pictures = as_pictures(X, image_shape)
        else:
            pictures = as_pictures(images, image_shape, name="images")
        if hasattr(estimator, "transform"):
            with naming("X"):
                embedding = np.asarray(estimator.transform(as_rows(X)[0]))
        elif hasattr(estimator, "embedding_"):
            embedding = estimator.embedding_
        else:
            raise TypeError(
                f"estimator={type(estimator).__name__} has neither transform nor embedding_; "
                "expected a transformer such as PCA or TSNE."
            )
        return cls(pictures, embedding[:, :2]).plot(ax, **kwargs)

    @classmethod
    @validates_arguments({"method": [StrOptions({"pca", "tsne"})], "random_state": RANDOM_STATE})
    def from_arrays(
        cls,
        X: ArrayLike,
        *,
        embedding: ArrayLike | None = None,
        method: str = "pca",
        image_shape: tuple[int, ...] | None = None,
        random_state: int | np.random.RandomState | None = None,
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Show the images at the positions of `embedding`, or by the distances of their pixels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            The images, up to a few hundred.
        embedding : array-like of shape (n_samples, 2), default=None
            Positions of the images; None computes them.
        method : {"pca", "tsne"}, default="pca"
            How to compute the positions: the first two principal components, or t-SNE.
        image_shape : tuple of int, default=None
            Shape of one image, (h, w) or (h, w, c). None takes it from a stack, rows of length
            3*k*k as (k, k, 3) and rows of length k*k as (k, k).
        random_state : int, RandomState instance or None, default=None
            Seed of t-SNE, and of PCA if it uses a randomized solver.
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        ImageMapDisplay
            The display, after drawing.

        Raises
        ------
        ValueError
            If there are fewer than three images, or `embedding` does not have one row for each.
        """
        require_matplotlib(f"{cls.__name__}.from_arrays")
        pictures = as_pictures(X, image_shape)
        axis_names = None
        if embedding is None:
            rows = pictures.reshape(len(pictures), -1).astype(np.float64)
            if len(rows) < 3:
                raise ValueError(f"X holds {len(rows)} images; a map needs at least 3.")
            pca = PCA(min(50, *rows.shape), random_state=random_state)
            embedding = pca.fit_transform(rows)
            shares = pca.explained_variance_ratio_
            axis_names = [f"principal component {i + 1} ({shares[i]:.0%} of the variance)"
                          for i in range(2)]  # fmt: skip
            if method == "tsne":
                perplexity = min(30, (len(rows) - 1) / 3)
                embedding = TSNE(perplexity=perplexity, random_state=random_state).fit_transform(
                    embedding
                )
                axis_names = None
            embedding = embedding[:, :2]
        return cls(pictures, embedding, axis_names=axis_names).plot(ax, **kwargs)

    @validates_arguments(
        {
            "image_size": [Number(Real, 0, 1, closed="neither"), None],
            "snap": ["boolean"],
            "im_kw": [dict, None],
        }
    )
    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        image_size: float | None = None,
        snap: bool = False,
        im_kw: dict[str, Any] | None = None,
    ) -> Self:
        """Draw the map.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        image_size : float, default=None
            Width of an image as a fraction of the width of the map; None chooses it.
        snap : bool, default=False
            Whether to move the images to distinct places of a grid, so that none hides another. The
            sum of the squared moves is minimal. For up to about a thousand images.
        im_kw : dict, default=None
            Keyword arguments of ``imshow`` for the images.

        Returns
        -------
        ImageMapDisplay
            The display itself.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        pictures = as_pictures(self.images, name="images")
        embedding = matrix(self.embedding, "embedding", dtype=np.float64)
        check_lengths(images=pictures, embedding=embedding)
        if embedding.shape[1] != 2:
            raise ValueError(f"embedding must have 2 columns; got {embedding.shape[1]}.")
        names = None if self.axis_names is None else words(self.axis_names, "axis_names")
        if names is not None and len(names) != 2:
            raise ValueError(f"axis_names must be two names; got {len(names)}.")
        n = len(pictures)
        if snap:
            side = math.ceil(math.sqrt(n))
            positions, size = _snapped(embedding, side), 0.96 / side
        else:
            size = image_size or min(0.7 / math.sqrt(n), 0.2)
            spread = np.ptp(embedding, axis=0).max() or 1.0
            centred = embedding - (embedding.min(axis=0) + embedding.max(axis=0)) / 2
            positions = 0.5 + centred / spread * (1 - size)

        aspect = pictures.shape[1] / pictures.shape[2]
        width, height = np.ptp(positions, axis=0) + np.array([size, size * aspect])
        ax = axes_or_new(ax, (7, min(7 * height / width, 10)))
        corners = positions + np.array([-size / 2, size * aspect / 2])
        self.images_ = [
            draw_picture(ax, picture, *corner, size, im_kw, upwards=True)
            for picture, corner in zip(pictures, corners, strict=True)
        ]
        self.ax_, self.figure_, self.positions_ = ax, ax.figure, positions
        ax.set(
            xticks=[],
            yticks=[],
            aspect="equal",
        )
        margin = 0.01
        ax.set_xlim(corners[:, 0].min() - margin, corners[:, 0].max() + size + margin)
        ax.set_ylim(corners[:, 1].min() - size * aspect - margin, corners[:, 1].max() + margin)
        if names is not None:
            ax.set(xlabel=names[0], ylabel=names[1])
        return self


def _snapped(embedding, side):
    """Centres of the grid places of the points, with the least sum of squared moves."""
    lowest = embedding.min(axis=0)
    points = (embedding - lowest) / np.maximum(np.ptp(embedding, axis=0), 1e-300)
    places = (np.stack(np.meshgrid(*[np.arange(side)] * 2), axis=-1).reshape(-1, 2) + 0.5) / side
    points_at, places_at = linear_sum_assignment(cdist(points, places, "sqeuclidean"))
    return places[places_at[np.argsort(points_at)]]
