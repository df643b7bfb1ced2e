"""What every data set of images is handed out as."""

import math

import numpy as np
from sklearn.utils import Bunch


def image_bunch(images, target, target_names, *, descr, return_X_y):
    """Pack contiguous images and their classes; ``data`` and ``images`` share their memory."""
    data = images.reshape(len(images), math.prod(images.shape[1:]))
    target = np.asarray(target, dtype=np.int64)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        images=images,
        target_names=np.asarray(target_names),
        DESCR=descr,
    )
