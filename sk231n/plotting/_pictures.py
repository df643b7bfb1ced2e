"""Conversion of rows and stacks of images to arrays that matplotlib shows unchanged."""

import numpy as np

from sk231n._estimators import only_numbers
from sk231n._images import as_rows, resolve_image_shape
from sk231n.plotting._arrays import matrix


def as_pictures(X, image_shape=None, *, name="X"):
    """Convert images to pictures.

    Parameters
    ----------
    X : array-like of shape (n, d), (n, h, w) or (n, h, w, c)
        Images. Bytes and values within 0..1 do not change; all others are rescaled so that the
        smallest value of `X` becomes 0 and the largest becomes 1.
    image_shape : tuple of int or None
        Shape of one image; None infers it.
    name : str
        Name of `X` in errors.

    Returns
    -------
    ndarray of shape (n, h, w) or (n, h, w, 3)
        uint8, or float64 within 0..1.
    """
    images = as_images(X, image_shape, name=name)
    if images.dtype == np.uint8:
        return images
    images = images.astype(np.float64)
    low, high = images.min(), images.max()
    if low >= 0 and high <= 1:
        return images
    if not np.isfinite(float(high) - float(low)):
        images, low, high = images / 2, low / 2, high / 2
    return (images - low) / ((high - low) or 1.0)


def as_images(X, image_shape=None, *, name="X"):
    """Convert to images of shape (n, h, w) or (n, h, w, 3), with unchanged values."""
    if image_shape is not None and not isinstance(image_shape, tuple | list):
        raise ValueError(
            "image_shape must be (height, width) or (height, width, channels), or None; got "
            f"{image_shape!r}."
        )
    rows, stack = as_rows(X, name)
    rows = only_numbers(matrix(rows, name), name)
    shape = resolve_image_shape(image_shape, stack, rows.shape[1], name)
    if image_shape is None and stack is None and shape[0] == 1 < shape[1]:
        raise ValueError(
            f"{name} has rows of {rows.shape[1]} values, which are not a square image, grey or of "
            "three channels; pass image_shape=(height, width) or (height, width, channels)."
        )
    images = rows.reshape(len(rows), *shape)
    if shape[2:] == (1,):
        return images[..., 0]
    if shape[2:] not in ((), (3,)):
        raise ValueError(f"{name} holds images of {shape[2]} channels; only 1 or 3 can be shown.")
    return images
