"""The form in which every image data set is returned."""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk231n.core.bases import Bunch


class ImageBunch(Bunch):
    """A :class:`~sklearn.utils.Bunch` whose fields are known to type checkers."""

    data: NDArray[np.uint8]
    images: NDArray[np.uint8]
    target: NDArray[np.int64]
    target_names: NDArray[np.str_]
    DESCR: str


# What a loader returns for return_X_y=True: the images as rows, and their classes.
DataAndTarget: TypeAlias = tuple[NDArray[np.uint8], NDArray[np.int64]]


def image_bunch(images, target, target_names, *, descr, return_X_y):
    """Pack contiguous images and their classes; ``data`` and ``images`` share memory."""
    data = images.reshape(len(images), math.prod(images.shape[1:]))
    target = np.asarray(target, dtype=np.int64)
    if return_X_y:
        return data, target
    return ImageBunch(
        data=data,
        target=target,
        images=images,
        target_names=np.asarray(target_names),
        DESCR=descr,
    )
