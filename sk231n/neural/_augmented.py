"""Mini-batches of images that are changed at random while training."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sk231n.core.augmentation import Augmentation, as_augmentations, augment

AUGMENTATION_CONSTRAINTS: dict[str, list[Any]] = {"augmentation": [Augmentation, list, tuple, None]}


def changes_of_rows(
    augmentation: Any, image_shape: tuple[int, ...], dtype: DTypeLike
) -> Callable[[NDArray[Any], np.random.RandomState], NDArray[Any]] | None:
    """Return ``change(rows, rng)``, which augments images that are rows; None for no augmentation.

    Parameters
    ----------
    augmentation : None, Augmentation or sequence of Augmentation
        The argument of the estimator.
    image_shape : tuple of int
        The shape (h, w, c) of one image.
    dtype : dtype
        The type of the images.

    Returns
    -------
    callable or None
        The changes.
    """
    augmentations = as_augmentations(augmentation)
    if not augmentations:
        return None
    # Once before training, so that one that does not suit the images is refused now.
    augment(augmentations, np.zeros((1, *image_shape), dtype), np.random.RandomState(0))
    return partial(_changed, augmentations, image_shape)


def _changed(augmentations, image_shape, rows, rng):
    images = augment(augmentations, rows.reshape(len(rows), *image_shape), rng)
    return images.reshape(len(rows), -1)
