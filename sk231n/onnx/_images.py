"""Images as planes of numbers, on which features are computed."""

import numpy as np


def refuse_other_than_bytes(estimator, x, reason):
    """Refuse data whose features could not be those of the library, and say what to give."""
    if x.dtype not in (np.uint8, np.bool_):
        raise NotImplementedError(
            f"{type(estimator).__name__} is converted for bytes, and gets {x.dtype} here: {reason} "
            "Give bytes: fit the model to images of dtype uint8, and pass such an X. (In a graph, "
            "estimators of other libraries hand on float32, except pipelines, unions and votes.)"
        )


def planes(graph, estimator, x, dtype):
    """Channels of the images as planes (n, c, h, w)."""
    height, width, n_channels = (*estimator.image_shape_, 1)[:3]
    if n_channels == 1:
        return graph.cast(graph.reshape(x.name, -1, 1, height, width), dtype, x.dtype)
    images = graph.reshape(x.name, -1, height, width, n_channels)
    return graph.cast(graph("Transpose", images, perm=[0, 3, 1, 2]), dtype, x.dtype)


def color_planes(graph, estimator, x, dtype):
    """Red, green and blue planes (n, 3, h, w); those of grey images are alike."""
    pixels = planes(graph, estimator, x, dtype)
    if (*estimator.image_shape_, 1)[2] == 3:
        return pixels
    return graph("Concat", pixels, pixels, pixels, axis=1)


def look_up(graph, table, places, n_pixels):
    """Values of a table at the places of an image's pixels, of shape (n_images, n_pixels)."""
    # Elements of a flat array: Gather, which is made for whole rows, takes ten times as long.
    values = graph("GatherElements", table, graph.reshape(places, -1), axis=0)
    return graph.reshape(values, -1, n_pixels)
