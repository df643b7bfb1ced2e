"""Subtraction of the mean of the training images."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk231n._estimators import float_dtype, unchanged_on_error
from sk231n._floating_point import contained, with_errors
from sk231n._images import ImageTransformer
from sk231n._sklearn import StrOptions
from sk231n.core.bases import OneToOneFeatureMixin
from sk231n.core.stored import in_pieces
from sk231n.preprocessing._column_means import ColumnMeans, column_means


class MeanSubtraction(OneToOneFeatureMixin, ImageTransformer):
    r"""Subtract the mean of the training images: per pixel, per channel, or of all values.

    Parameters
    ----------
    image_shape : tuple of int or None, default=None
        Shape of one image, (height, width) or (height, width, channels), in pixels. None takes it
        from a stack of images; rows of length ``3 * k * k`` count as (k, k, 3), other rows of
        length ``k * k`` as (k, k), and all others as one grey line. Only ``mode="channel"``
        depends on it.
    mode : {"pixel", "channel", "global"}, default="pixel"
        Whether to subtract the mean of each feature (the mean image), the mean of each channel, or
        the mean of all values.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,), (n_channels,) or ()
        The mean of each feature, of each channel, or of all values, in float64.
    image_shape_ : tuple of int
        Shape of one image.
    n_samples_seen_ : int
        Number of samples seen by :meth:`fit` and by :meth:`partial_fit` since then.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `X` had any.

    See Also
    --------
    sklearn.preprocessing.StandardScaler : Also divides by the standard deviation.

    Notes
    -----
    Images of float32 and of integers of 8 or 16 bits become float32, all others float64.

    The mean is computed in float64 for data of any type, and does not depend on their memory
    layout. Batches passed to :meth:`partial_fit` give the same mean as :meth:`fit` on all of them:
    to the last bit for integers, up to rounding for floats.

    References
    ----------
    CS231n course notes, "Setting up the data and the model",
    https://cs231n.github.io/neural-networks-2/.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n import MeanSubtraction
    >>> X = np.array([[0, 10, 20], [2, 30, 40]], dtype=np.uint8)
    >>> MeanSubtraction().fit_transform(X)
    array([[ -1., -10., -10.],
           [  1.,  10.,  10.]], dtype=float32)
    >>> MeanSubtraction(mode="channel").fit(X).mean_
    array([ 1., 20., 30.])
    """

    _remembers = {"_means_": ColumnMeans}

    _parameter_constraints: dict = {
        **ImageTransformer._parameter_constraints,
        "mode": [StrOptions({"pixel", "channel", "global"})],
    }

    mean_: NDArray[np.float64]
    image_shape_: tuple[int, ...]
    n_samples_seen_: int
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    def __init__(self, image_shape: tuple[int, ...] | None = None, *, mode: str = "pixel"):
        self.image_shape = image_shape
        self.mode = mode

    @contained
    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Compute the mean.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            The images.
        y : None
            Ignored; present for compatibility with :class:`~sklearn.pipeline.Pipeline`.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If the images are invalid or do not match `image_shape`.
        """
        with unchanged_on_error(self):
            images = self._fit_images(X)
            self._learn(images, ColumnMeans(self.n_features_in_))
        return self

    @contained
    def partial_fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Update the mean with further images: it is the mean of all images seen so far.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            A batch of one or more images. The first batch determines the shape of the images.
        y : None
            Ignored; present for compatibility with :class:`~sklearn.pipeline.Pipeline`.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If the images are invalid, or of another shape than the images seen before.
        """
        if not hasattr(self, "n_samples_seen_"):
            return self.fit(X)
        with unchanged_on_error(self):
            self._validate_params()
            if self.image_shape is not None and tuple(self.image_shape) != self.image_shape_:
                raise ValueError(
                    f"image_shape={self.image_shape!r}, but the images seen before have the shape "
                    f"{self.image_shape_}."
                )
            self._learn(self._images(X), self._means_)
        return self

    def _learn(self, images, means):
        self._means_ = means.plus(images.reshape(len(images), -1))
        self.n_samples_seen_ = self._means_.n_rows
        mean = self._means_.values
        if self.mode == "channel":
            mean = column_means(mean.reshape(-1, images.shape[-1]))
        elif self.mode == "global":
            mean = column_means(mean[:, np.newaxis]).reshape(())
        self.mean_ = mean

    @contained
    @in_pieces
    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Subtract the mean.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            The images.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The rows minus the mean.

        Raises
        ------
        ValueError
            If the images are invalid, or a difference is too large for the float type.
        """
        return self._shifted(np.subtract, X)

    @contained
    @in_pieces
    def inverse_transform(self, X: ArrayLike) -> NDArray[Any]:
        """Add the mean back.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Rows as returned by :meth:`transform`.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The rows plus the mean.

        Raises
        ------
        ValueError
            If the images are invalid, or a sum is too large for the float type.
        """
        return self._shifted(np.add, X)

    def _shifted(self, ufunc, X):
        images = self._images(X)
        mean = self.mean_
        if self.mode == "channel":
            mean = np.tile(mean, images.shape[1] * images.shape[2])
        dtype = float_dtype(images.dtype)
        try:
            return _shift(ufunc, images.reshape(len(images), -1), mean, dtype)
        except FloatingPointError as error:
            raise ValueError(
                f"X holds values that are too large for {dtype} once mean_ is subtracted or added; "
                "scale the images down."
            ) from error


@with_errors(over="raise")  # faster than checking the result: the processor detects overflow
def _shift(ufunc, rows, mean, dtype):
    return ufunc(rows, np.asarray(mean, dtype), dtype=dtype)
