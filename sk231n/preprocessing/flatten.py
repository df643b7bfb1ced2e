"""Stacks of images as rows, for estimators that take nothing else."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from sk231n._estimators import FloatTransformer, only_numbers, unchanged_on_error, validated
from sk231n._floating_point import contained
from sk231n._images import as_rows, without_grey_axis
from sk231n.core.bases import OneToOneFeatureMixin
from sk231n.core.stored import in_pieces


class Flatten(OneToOneFeatureMixin, FloatTransformer):
    """Turn stacks of images into rows, for estimators of scikit-learn that take rows alone.

    All estimators of sk231n flatten stacks by themselves; ``StandardScaler``, ``PCA`` and others
    refuse them. The numbers stay as they are, bytes included, and are not copied where the stack
    lies in C order.

    Attributes
    ----------
    image_shape_ : tuple of int
        Shape of one image, (h, w) or (h, w, c); (`n_features_in_`,) if `X` held rows.
    n_features_in_ : int
        Number of values of an image.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if `X` held rows that had any.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.pipeline import make_pipeline
    >>> from sk231n import Flatten
    >>> from sk231n.datasets import make_shapes
    >>> images = make_shapes(20, random_state=0).images
    >>> images.shape, Flatten().fit_transform(images).shape
    ((20, 32, 32, 3), (20, 3072))
    >>> make_pipeline(Flatten(), PCA(5)).fit_transform(images).shape
    (20, 5)
    """

    _parameter_constraints: dict[str, list[Any]] = {}

    image_shape_: tuple[int, ...]
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    @contained
    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Check the images and remember their shape.

        Parameters
        ----------
        X : array-like of shape (n_samples, h, w), (n_samples, h, w, c) or (n_samples, n_features)
            The images.
        y : None
            Ignored; here for the sake of :class:`~sklearn.pipeline.Pipeline`.

        Returns
        -------
        self : object
            The transformer itself.

        Raises
        ------
        ValueError
            If `X` is empty, not finite, or holds no images of one size.
        """
        with unchanged_on_error(self):
            rows, image_shape = as_rows(X)
            rows = only_numbers(validated(self, rows))
            self.image_shape_ = image_shape or (rows.shape[1],)
        return self

    @contained
    @in_pieces
    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Turn images into rows.

        Parameters
        ----------
        X : array-like of shape (n_samples, h, w), (n_samples, h, w, c) or (n_samples, n_features)
            The images.

        Returns
        -------
        ndarray of shape (n_samples, `n_features_in_`)
            The rows, in C order: line by line, pixel by pixel, channel by channel.

        Raises
        ------
        ValueError
            If the images have another shape than those of ``fit``.
        """
        check_is_fitted(self)
        rows, image_shape = as_rows(X)
        given, fitted = map(without_grey_axis, (image_shape or (), self.image_shape_))
        if len(given) > 1 and len(fitted) > 1 and given != fitted:
            raise ValueError(
                f"X holds images of shape {image_shape}, but Flatten was fitted on images of shape "
                f"{self.image_shape_}."
            )
        return only_numbers(validated(self, rows, reset=False))

    @contained
    @in_pieces
    def inverse_transform(self, X: ArrayLike) -> NDArray[Any]:
        """Turn rows into images.

        Parameters
        ----------
        X : array-like of shape (n_samples, `n_features_in_`)
            The rows.

        Returns
        -------
        ndarray of shape (n_samples, h, w), (n_samples, h, w, c) or (n_samples, `n_features_in_`)
            The images, in the shape that they had in ``fit``.

        Raises
        ------
        ValueError
            If the rows have another length.
        """
        check_is_fitted(self)
        rows = only_numbers(validated(self, as_rows(X)[0], reset=False))
        return rows.reshape(len(rows), *self.image_shape_)
