"""The matrix of distances between two sets of images, as a picture."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from sk231n._images import as_rows
from sk231n.core.arguments import validates_arguments
from sk231n.neighbors import KNNClassifier
from sk231n.plotting._arrays import check_fitted, check_lengths, matrix
from sk231n.plotting._figures import axes_or_new, require_matplotlib, styled, whole_numbers
from sk231n.plotting._steps import as_last_step_sees, last_step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage


class DistanceMatrixDisplay:
    """Distances of test images (rows) to training images (columns).

    A bright row is a test image that is unlike all training images, a bright column a training
    image that is unlike all test images. The colours span all distances except the smallest and
    the largest hundredth. It is recommended to use :meth:`from_estimator` or :meth:`from_arrays`.

    Parameters
    ----------
    distances : array-like of shape (n_test, n_train)
        The distances.
    metric : str, default=None
        Name of the metric, for the label of the scale.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.
    figure_ : matplotlib Figure
        The figure.
    image_ : matplotlib AxesImage
        The matrix.
    colorbar_ : matplotlib Colorbar or None
        The scale.

    References
    ----------
    .. [1] CS231n, assignment 1, "k-Nearest Neighbor".

    Examples
    --------
    >>> from sk231n.datasets import make_shapes
    >>> from sk231n.plotting import DistanceMatrixDisplay
    >>> X, y = make_shapes(250, random_state=0, return_X_y=True)
    >>> display = DistanceMatrixDisplay.from_arrays(X[200:], X[:200])
    >>> display.image_.get_array().shape
    (50, 200)
    """

    ax_: "Axes"
    figure_: "Figure"
    image_: "AxesImage"
    colorbar_: "Colorbar | None"

    def __init__(self, distances: ArrayLike, *, metric: str | None = None):
        self.distances = distances
        self.metric = metric

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: ArrayLike, *, ax: "Axes | None" = None, **kwargs: Any
    ) -> Self:
        """Show the distances to the training images of a classifier.

        Parameters
        ----------
        estimator : KNNClassifier, KNNClassifierCV, or a pipeline or search that ends in one
            Fitted.
        X : array-like of shape (n_test, n_features), (n_test, h, w) or (n_test, h, w, c)
            Test images.
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        DistanceMatrixDisplay
            The display, after drawing.

        Raises
        ------
        TypeError
            If the estimator finds no neighbours.
        """
        require_matplotlib(f"{cls.__name__}.from_estimator")
        check_fitted(estimator)
        knn = last_step(estimator)
        if not hasattr(knn, "kneighbors"):
            raise TypeError(
                f"estimator={type(knn).__name__} has no kneighbors; expected KNNClassifier."
            )
        if X is None:
            raise ValueError("X must hold the test images; got None.")
        X = as_last_step_sees(estimator, X)
        found, indices = knn.kneighbors(X, n_neighbors=knn.n_samples_fit_)
        distances = np.empty_like(found)
        np.put_along_axis(distances, indices, found, axis=1)
        metric = knn.metric if isinstance(knn.metric, str) else None
        return cls(distances, metric=metric).plot(ax, **kwargs)

    @classmethod
    def from_arrays(
        cls,
        X_test: ArrayLike,
        X_train: ArrayLike,
        *,
        metric: str | Callable[..., Any] = "euclidean",
        ax: "Axes | None" = None,
        **kwargs: Any,
    ) -> Self:
        """Show the distances between two sets of images.

        Parameters
        ----------
        X_test : array-like of shape (n_test, n_features), (n_test, h, w) or (n_test, h, w, c)
            Images for the rows.
        X_train : array-like of shape (n_train, n_features), (n_train, h, w) or (n_train, h, w, c)
            Images for the columns.
        metric : {"euclidean", "manhattan", "cosine"} or callable, default="euclidean"
            The distance; see :class:`~sk231n.KNNClassifier`.
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        **kwargs : dict
            Keyword arguments of :meth:`plot`.

        Returns
        -------
        DistanceMatrixDisplay
            The display, after drawing.
        """
        require_matplotlib(f"{cls.__name__}.from_arrays")
        for name, X in {"X_test": X_test, "X_train": X_train}.items():
            check_lengths(**{name: X})
            matrix(as_rows(X, name)[0], name)
        labels = np.zeros(len(X_train), dtype=int)
        knn = KNNClassifier(1, metric=metric).fit(X_train, labels)
        return cls.from_estimator(knn, X_test, ax=ax, **kwargs)

    @validates_arguments({"im_kw": [dict, None], "colorbar": ["boolean"]})
    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        im_kw: dict[str, Any] | None = None,
        colorbar: bool = True,
    ) -> Self:
        """Draw the matrix.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw in; None creates a new figure.
        im_kw : dict, default=None
            Keyword arguments of ``imshow``, such as ``cmap``.
        colorbar : bool, default=True
            Whether to draw a scale.

        Returns
        -------
        DistanceMatrixDisplay
            The display itself.
        """
        require_matplotlib(f"{type(self).__name__}.plot")
        distances = matrix(self.distances, "distances", dtype=float)
        from matplotlib.image import AxesImage

        ax = axes_or_new(ax, (7.5, 3.8))
        self.ax_, self.figure_ = ax, ax.figure
        # A few duplicates and outliers must not reduce the contrast of all others.
        low, high = np.percentile(distances, [1, 99])
        style = styled(AxesImage, im_kw, cmap="viridis", aspect="auto", vmin=low, vmax=high)
        self.image_ = ax.imshow(distances, **style)
        ax.set(xlabel="training image", ylabel="test image")
        whole_numbers(ax.xaxis)
        whole_numbers(ax.yaxis)
        self.colorbar_ = None
        if colorbar:
            metric = self.metric if isinstance(self.metric, str) else ""
            label = f"{metric} distance".strip().capitalize()
            self.colorbar_ = ax.figure.colorbar(self.image_, ax=ax, label=label, extend="both")
        return self
