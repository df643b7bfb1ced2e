"""Rows and stacks: how images become rows, and how rows become images again.

An estimator sees images as rows ``(n, d)`` or as stacks ``(n, h, w)`` and ``(n, h, w, c)``.
All code that converts between them is here.
"""

import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from sk231n._containers import unpack
from sk231n._estimators import (
    FloatTransformer,
    float_dtype,
    only_numbers,
    unchanged_on_error,
    validated,
)
from sk231n._floating_point import contained
from sk231n._sklearn import check_feature_names_in
from sk231n._warnings import warn
from sk231n.core.errors import naming
from sk231n.core.stored import StoredArray, is_stored

_MOST_CHANNELS = 4  # a photograph has at most red, green, blue and transparency


def as_rows(X: Any, name: str = "X") -> tuple[Any, tuple[int, ...] | None]:
    """Flatten a stack of images to rows, in C order; return anything else as it is.

    Parameters
    ----------
    X : array-like
        A stack of shape (n, h, w) or (n, h, w, c); equally large images in a list, an array of
        objects, a series or a frame with one column; or anything that
        :func:`sklearn.utils.validation.validate_data` accepts or refuses by itself. Arrays of
        other libraries become NumPy's.
    name : str, default="X"
        The name used in error messages.

    Returns
    -------
    rows : array-like
        A stack of images as an array of shape (n, h * w * c); `X` itself otherwise. The columns
        have no names then, even if the images had one as the column of a frame. What is read by
        slicing it, such as an array of zarr, becomes a `StoredArray`.
    image_shape : tuple of int or None
        The shape of one image of a stack, (h, w) or (h, w, c); None otherwise.

    Raises
    ------
    TypeError
        If `X` is an array of another library that NumPy cannot read.
    ValueError
        If `X` has more than four dimensions, or holds images of different sizes, or text.

    Warns
    -----
    UserWarning
        If `X` looks like one colour image instead of many grey ones, or like images whose
        channels come first.
    """
    rows, image_shape = _flattened(X, name)
    if image_shape and _channels_first(image_shape):
        # Only a warning: an estimator that sees rows learns from the pixels in any order, as long
        # as it stays the same.
        warn(
            f"{_order_of_channels(image_shape, image_shape, name)} If the order does not matter, "
            f"pass rows, {name}.reshape(len({name}), -1)."
        )
    return rows, image_shape


def image_rows(X: Any, name: str = "X") -> tuple[Any, tuple[int, ...] | None]:
    """Flatten images as :func:`as_rows` does; those whose channels come first are an error."""
    rows, image_shape = _flattened(X, name)
    if image_shape:
        refuse_channels_first(image_shape, stack=image_shape, name=name)
    return rows, image_shape


def refuse_channels_first(
    image_shape: tuple[int, ...], stack: tuple[int, ...] | None, name: str = "X"
) -> None:
    """Refuse images whose channels seem to come first, in a stack or, for None, in rows."""
    if _channels_first(image_shape):
        raise ValueError(_order_of_channels(image_shape, stack, name))


def _flattened(X, name="X"):
    X = unpack(X, name)
    if is_stored(X):
        X = StoredArray(X, name)
    n_dims = getattr(X, "ndim", 0)
    if n_dims <= 2:
        return X, None
    if n_dims > 4:
        raise ValueError(
            f"{name} has {n_dims} dimensions, shape {tuple(X.shape)}; expected rows (n, d), grey "
            "images (n, h, w) or colour images (n, h, w, c)."
        )
    if not isinstance(X, StoredArray):
        X = np.asarray(X)
    if n_dims == 3 and X.shape[2] in (3, 4) and min(X.shape[:2]) >= 8:
        warn(
            f"{name} of shape {X.shape} is read as {X.shape[0]} grey images of {X.shape[1]} x "
            f"{X.shape[2]} pixels. A single colour image is {name}[None]."
        )
    return X.reshape(len(X), math.prod(X.shape[1:])), X.shape[1:]


def _channels_first(image_shape):
    """Whether the shape makes sense as (c, h, w) but not as (h, w, c)."""
    return len(image_shape) == 3 and image_shape[0] <= _MOST_CHANNELS < min(image_shape[1:])


def _order_of_channels(image_shape, stack, name="X"):
    """Message about images that seem to have the shape (c, h, w)."""
    height, width, channels = image_shape
    as_given = name if stack else f"{name}.reshape(-1, {height}, {width}, {channels})"
    return (
        f"Images are (height, width, channels), so that the shape {image_shape} of each image in "
        f"{name} means {height} x {width} pixels with {channels} channels. If the channels come "
        f"first, pass {as_given}.transpose(0, 2, 3, 1)."
    )


def _hint_at_order(stack, name="X"):
    return f" {_order_of_channels(stack, stack, name)}" if _channels_first(stack) else ""


def infer_image_shape(n_features: int) -> tuple[int, ...]:
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

    image_shape_: tuple[int, ...]
    n_features_in_: int
    feature_names_in_: NDArray[Any]

    _parameter_constraints: dict[str, list[Any]] = {"image_shape": [tuple, list, None]}

    @contained
    def fit(self, X: ArrayLike, y: object | None = None) -> Self:
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

    def _check_arguments(self):
        """Check the constructor's arguments, before there are any data."""
        self._validate_params()
        if self.image_shape is not None:
            check_image_shape(self.image_shape)

    def _fit_images(self, X):
        """Validate parameters and images, set ``image_shape_`` and return the images."""
        self._check_arguments()
        rows, stack = _flattened(X)
        rows = only_numbers(validated(self, rows))
        self.image_shape_ = resolve_image_shape(self.image_shape, stack, rows.shape[1])
        refuse_channels_first(self.image_shape_, stack)
        self._from_stack_ = stack is not None
        return self._shape(rows)

    def _images(self, X):
        """Validate `X` and return it as an array of shape (n_samples, h, w, c), its values as is.

        Booleans and integers keep their type, floats become float32 or float64.
        """
        check_is_fitted(self)
        rows, stack = _flattened(X)
        if stack and without_grey_axis(stack) != without_grey_axis(self.image_shape_):
            raise ValueError(
                f"X holds images of shape {stack}, but {type(self).__name__} was fitted on images "
                f"of shape {self.image_shape_}.{_hint_at_order(stack)}"
            )
        return self._shape(only_numbers(validated(self, rows, reset=False)))

    def _shape(self, rows):
        if isinstance(rows, np.ndarray) and rows.dtype.kind == "f":
            rows = rows.astype(float_dtype(rows.dtype), copy=False)
        height, width, channels = (*self.image_shape_, 1)[:3]
        return rows.reshape(len(rows), height, width, channels)

    def _check_input_features(self, input_features):
        """Check the names of the pixels, which do not occur in the names of the outputs."""
        with naming("input_features"):
            if input_features is not None and len(input_features) == 1 and self._from_stack_:
                return  # the name of the column that held the images
            check_feature_names_in(self, input_features, generate_names=False)


def check_color(who: str, image_shape: tuple[int, ...], *, only_rgb: bool) -> None:
    """Refuse images with channels that the estimator `who` would misread.

    Two, five or more channels are separate measurements, each with gradients of its own; `only_rgb`
    is for features that are defined for colours alone. Four channels are almost always RGB and
    transparency, and the gradients of the latter are edges that cannot be seen in the image. An
    estimator that treats each channel by itself, for example takes its mean, needs no check.
    """
    n_channels = (*image_shape, 1)[2]
    if n_channels != 4 and (n_channels in (1, 3) or not only_rgb):
        return
    expected = "1 or 3 channels (grey or RGB)" if only_rgb else "any number of channels but 4"
    hint = (
        " The fourth channel is probably transparency: composite the images over a background "
        "first, for example bytes over white: a = X[..., 3:] / 255; "
        "X = (X[..., :3] * a + 255 * (1 - a)).astype(np.uint8)."
    )
    raise ValueError(
        f"{who} needs images of {expected}; got images of shape {tuple(image_shape)}."
        f"{hint if n_channels == 4 else ''}"
    )


def is_count(value: object) -> bool:
    """Whether `value` is an integer of at least one, and neither a bool nor a timedelta."""
    is_integer = isinstance(value, Integral) and not isinstance(value, bool | np.timedelta64)
    return is_integer and value >= 1


def without_grey_axis(shape):
    """Shape of one image, ``(h, w, 1)`` written as ``(h, w)``."""
    return shape[:2] if shape[2:] == (1,) else shape


def check_image_shape(image_shape: Sequence[int]) -> tuple[int, ...]:
    """Return the argument as a tuple of int; refuse anything but two or three positive integers."""
    if len(image_shape) not in (2, 3) or not all(map(is_count, image_shape)):
        raise ValueError(
            f"image_shape must be (height, width) or (height, width, channels) of positive "
            f"integers, or None; got {image_shape!r}."
        )
    return tuple(map(int, image_shape))


def resolve_image_shape(
    image_shape: Sequence[int] | None,
    stack: tuple[int, ...] | None,
    n_features: int,
    name: str = "X",
) -> tuple[int, ...]:
    """Shape of one image from the constructor's argument, the stack, or the length of a row."""
    if image_shape is None:
        return stack or infer_image_shape(n_features)
    expected = check_image_shape(image_shape)
    if stack and without_grey_axis(stack) != without_grey_axis(expected):
        raise ValueError(
            f"image_shape={expected}, but {name} holds images of shape {stack}."
            f"{_hint_at_order(stack, name)}"
        )
    if math.prod(expected) != n_features:
        raise ValueError(
            f"image_shape={expected} means {math.prod(expected)} features, but {name} has "
            f"{n_features}."
        )
    return expected
