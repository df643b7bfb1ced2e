"""Rows and stacks: how images become rows, and how rows become images again.

An estimator sees images as rows ``(n, d)`` or as stacks ``(n, h, w)`` and ``(n, h, w, c)``.
Everything that knows about both lives here.
"""

import math
import warnings
from numbers import Integral
from os import PathLike

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from sk231n._estimators import (
    FloatTransformer,
    float_dtype,
    only_numbers,
    unchanged_on_error,
)


def as_rows(X, name="X"):
    """Flatten a stack of images to rows, in C order; leave anything else as it came.

    Parameters
    ----------
    X : array-like
        A stack of shape (n, h, w) or (n, h, w, c), a list, an array of objects or a series of
        equally large images, or anything that :func:`sklearn.utils.validation.validate_data`
        accepts or refuses by itself.
    name : str, default="X"
        What errors call it.

    Returns
    -------
    rows : array-like
        A stack of images as an array of shape (n, h * w * c); `X` itself otherwise.
    image_shape : tuple of int or None
        The shape of one image of a stack, (h, w) or (h, w, c); None otherwise.

    Raises
    ------
    ValueError
        If `X` has more than four dimensions, or is a list of images of different sizes or of text.

    Warns
    -----
    UserWarning
        If `X` looks like one colour image, not like many grey ones.
    """
    if getattr(X, "ndim", 0) == 1 and getattr(X.dtype, "kind", "f") in "OSTU":
        X = list(X)  # an array or a series of images, or of text
    if isinstance(X, list | tuple) and len(X) and isinstance(X[0], str | PathLike):
        raise ValueError(
            f"{name} holds text, {str(X[0])!r} first; expected numbers. If these are files, read "
            "the images first."
        )
    if isinstance(X, list | tuple) and len(X) and np.ndim(X[0]) >= 2:
        shapes = {np.shape(image) for image in X}
        if len(shapes) > 1:
            raise ValueError(
                f"{name} is a list of images of different shapes, {sorted(shapes)[:3]}; expected "
                "images of one shape. Resize or crop them first."
            )
        X = np.asarray(X)
    n_dims = getattr(X, "ndim", 0)
    if n_dims <= 2:
        return X, None
    if n_dims > 4:
        raise ValueError(
            f"{name} has {n_dims} dimensions, shape {tuple(X.shape)}; expected rows (n, d), grey "
            "images (n, h, w) or colour images (n, h, w, c)."
        )
    X = np.asarray(X)
    if n_dims == 3 and X.shape[2] in (3, 4) and min(X.shape[:2]) >= 8:
        warnings.warn(
            f"{name} of shape {X.shape} is taken for {X.shape[0]} grey images of {X.shape[1]} x "
            f"{X.shape[2]} pixels. A single colour image is {name}[None].",
            stacklevel=3,
        )
    return X.reshape(len(X), math.prod(X.shape[1:])), X.shape[1:]


def infer_image_shape(n_features):
    """Guess the image behind a row: colour square, else grey square, else one grey line.

    Parameters
    ----------
    n_features : int
        Length of the row.

    Returns
    -------
    tuple of int
        ``(k, k, 3)`` if ``n_features == 3 * k * k``, else ``(k, k)`` if ``n_features == k * k``,
        else ``(1, n_features)``.
    """
    side = math.isqrt(n_features // 3)
    if 3 * side * side == n_features:
        return (side, side, 3)
    side = math.isqrt(n_features)
    if side * side == n_features:
        return (side, side)
    return (1, n_features)


class ImageTransformer(FloatTransformer):
    """Base of the transformers that look at images; ``fit`` learns the shape of the images.

    A subclass has the constructor argument ``image_shape`` and calls :meth:`_images`.
    """

    _parameter_constraints: dict = {"image_shape": [tuple, list, None]}

    def fit(self, X, y=None):
        """Check the images and remember their shape.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
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
            If `X` is empty, not finite or does not match `image_shape`.
        """
        with unchanged_on_error(self):
            self._fit_images(X)
        return self

    def _fit_images(self, X):
        """Validate parameters and images, set ``image_shape_`` and return the images."""
        self._validate_params()
        rows, stack = as_rows(X)
        rows = only_numbers(validate_data(self, rows))
        self.image_shape_ = resolve_image_shape(self.image_shape, stack, rows.shape[1])
        return self._shape(rows)

    def _images(self, X):
        """Validate `X` and return it as an array of shape (n_samples, h, w, c), its values as is.

        Booleans and integers keep their type, floats become float32 or float64.
        """
        check_is_fitted(self)
        rows, stack = as_rows(X)
        if stack and _without_grey_axis(stack) != _without_grey_axis(self.image_shape_):
            raise ValueError(
                f"X holds images of shape {stack}, but {type(self).__name__} was fitted on images "
                f"of shape {self.image_shape_}."
            )
        return self._shape(only_numbers(validate_data(self, rows, reset=False)))

    def _shape(self, rows):
        if rows.dtype.kind == "f":
            rows = rows.astype(float_dtype(rows.dtype), copy=False)
        height, width, channels = (*self.image_shape_, 1)[:3]
        return rows.reshape(len(rows), height, width, channels)


def _without_grey_axis(shape):
    """Shape of one image, ``(h, w, 1)`` written as ``(h, w)``."""
    return shape[:2] if shape[2:] == (1,) else shape


def resolve_image_shape(image_shape, stack, n_features, name="X"):
    """Shape of one image from the constructor's argument, the stack, or the length of a row."""
    if image_shape is None:
        return stack or infer_image_shape(n_features)
    if len(image_shape) not in (2, 3) or not all(
        isinstance(side, Integral) and side > 0 for side in image_shape
    ):
        raise ValueError(
            f"image_shape must be (height, width) or (height, width, channels) of positive "
            f"integers, or None; got {image_shape!r}."
        )
    expected = tuple(int(side) for side in image_shape)
    if stack and _without_grey_axis(stack) != _without_grey_axis(expected):
        raise ValueError(f"image_shape={expected}, but {name} holds images of shape {stack}.")
    if math.prod(expected) != n_features:
        raise ValueError(
            f"image_shape={expected} means {math.prod(expected)} features, but {name} has "
            f"{n_features}."
        )
    return expected
