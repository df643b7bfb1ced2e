"""Generated images of coloured shapes on patterned backgrounds, for examples and tests."""

import math
import sys
from typing import Literal, overload

import numpy as np
from sklearn.utils import check_random_state, gen_batches

from sk231n.core.arguments import RANDOM_STATE, validates_arguments
from sk231n.datasets._arguments import amount, count
from sk231n.datasets._bunch import DataAndTarget, ImageBunch, image_bunch

_DESCR = """\
Shapes: generated images of coloured shapes, from sk231n.datasets.make_shapes.

Position, size, rotation, colour and background are random. The hue of a shape says a little about
its class, its outline says nearly everything, single pixels say almost nothing.
"""

_MOST_NOISE = 1e6  # as a fraction of the full range, far above any useful value
_BLOCK = 128  # images painted at once, so that their planes fit into the processor's cache


# A shape is a function that returns the signed distance of the points (u, v) from its outline,
# negative inside. All shapes fit into the unit circle and are about equally large.
def _circle(u, v):
    return np.hypot(u, v) - 0.75


def _square(u, v):
    return np.maximum(np.abs(u), np.abs(v)) - 0.66


def _triangle(u, v):
    return np.maximum(np.abs(u) * 0.866 - v * 0.5, v) - 0.45


def _cross(u, v):
    u, v = np.abs(u), np.abs(v)
    return np.minimum(np.maximum(u - 0.9, v - 0.28), np.maximum(u - 0.28, v - 0.9))


def _ring(u, v):
    return np.abs(np.hypot(u, v) - 0.66) - 0.2


def _star(u, v):
    # Five equal tips: fold the plane into the wedge around one of them.
    wedge = 2 * np.pi / 5
    angle = np.abs((np.arctan2(v, u) + wedge / 2) % wedge - wedge / 2)
    return np.hypot(u, v) * np.cos(angle - wedge) - 0.31


def _crescent(u, v):
    return np.maximum(np.hypot(u, v) - 0.85, 0.62 - np.hypot(u - 0.42, v))


def _stripes(u, v):
    bars = np.abs((v + 0.25) % 0.5 - 0.25) - 0.13
    return np.maximum(np.maximum(np.abs(u), np.abs(v)) - 0.75, bars)


_SHAPES = (_circle, _square, _triangle, _cross, _ring, _star, _crescent, _stripes)
_NAMES = tuple(shape.__name__[1:] for shape in _SHAPES)


@overload
def make_shapes(
    n_samples: int = 1000,
    *,
    image_size: int = 32,
    n_classes: int = 8,
    noise: float = 0.05,
    random_state: int | np.random.RandomState | None = None,
    return_X_y: Literal[False] = False,
) -> ImageBunch: ...
@overload
def make_shapes(
    n_samples: int = 1000,
    *,
    image_size: int = 32,
    n_classes: int = 8,
    noise: float = 0.05,
    random_state: int | np.random.RandomState | None = None,
    return_X_y: Literal[True],
) -> DataAndTarget: ...
@overload
def make_shapes(
    n_samples: int = 1000,
    *,
    image_size: int = 32,
    n_classes: int = 8,
    noise: float = 0.05,
    random_state: int | np.random.RandomState | None = None,
    return_X_y: bool,
) -> ImageBunch | DataAndTarget: ...
@validates_arguments(
    {
        "n_samples": [count(1)],
        "image_size": [count(8)],
        "n_classes": [count(1, len(_SHAPES))],
        "noise": [amount(_MOST_NOISE)],
        "random_state": RANDOM_STATE,
        "return_X_y": ["boolean"],
    }
)
def make_shapes(
    n_samples: int = 1000,
    *,
    image_size: int = 32,
    n_classes: int = 8,
    noise: float = 0.05,
    random_state: int | np.random.RandomState | None = None,
    return_X_y: bool = False,
) -> ImageBunch | DataAndTarget:
    """Generate images of coloured shapes on patterned backgrounds: a data set without a download.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of images, divided evenly among the classes.
    image_size : int, default=32
        Height and width of an image in pixels, at least 8.
    n_classes : int, default=8
        Number of classes, the first of: circle, square, triangle, cross, ring, star, crescent,
        stripes.
    noise : float, default=0.05
        Standard deviation of the noise on every pixel, as a fraction of the full range 0 to 255;
        at most a million.
    random_state : int, RandomState instance or None, default=None
        Determines all random choices. An int gives the same images every time.
    return_X_y : bool, default=False
        Whether to return only ``(data, target)``.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the fields

        data : ndarray of shape (n_samples, image_size * image_size * 3), dtype uint8
            The images as rows, in C order: pixel by pixel, red, green and blue side by side.
        images : ndarray of shape (n_samples, image_size, image_size, 3), dtype uint8
            The same images as a stack; shares its memory with `data`.
        target : ndarray of shape (n_samples,), dtype int64
            The class of each image, 0 to ``n_classes - 1``.
        target_names : ndarray of shape (n_classes,), dtype str
            The names of the classes.
        DESCR : str
            A description of the data.
    (data, target) : tuple of ndarray
        If `return_X_y` is True.

    Notes
    -----
    The data are designed so that the methods of the course rank in their usual order: a linear
    classifier on pixels is poor, because a shape may be anywhere, and lighter or darker than its
    background; nearest neighbours are better; a linear classifier on HOG features is far better;
    the hue alone is a weak feature and improves HOG a little.

    Examples
    --------
    >>> from sk231n.datasets import make_shapes
    >>> shapes = make_shapes(200, random_state=0)
    >>> shapes.data.shape, shapes.images.shape
    ((200, 3072), (200, 32, 32, 3))
    >>> shapes.target_names[:4].tolist()
    ['circle', 'square', 'triangle', 'cross']
    """
    # Python's integers: products of NumPy's could overflow.
    n_samples, image_size, n_classes = int(n_samples), int(image_size), int(n_classes)
    shape = (n_samples, image_size, image_size, 3)
    if math.prod(shape) > sys.maxsize:
        raise ValueError(
            f"n_samples={n_samples} and image_size={image_size} are too large: the images would "
            f"take {math.prod(shape):.1e} bytes."
        )
    images = np.empty(shape, dtype=np.uint8)
    rng = check_random_state(random_state)
    target = rng.permutation(np.arange(n_samples) % n_classes)
    for block in gen_batches(n_samples, _BLOCK):
        images[block] = _paint(target[block], n_classes, image_size, noise, rng)
    return image_bunch(images, target, _NAMES[:n_classes], descr=_DESCR, return_X_y=return_X_y)


def _paint(target, n_classes, size, noise, rng):
    """Paint images of the classes in `target`: uint8, of shape (n, size, size, 3)."""
    n = len(target)

    def uniform(low, high):
        return rng.uniform(low, high, (n, 1, 1)).astype(np.float32)

    y, x = (np.mgrid[:size, :size].astype(np.float32) + 0.5) * (2 / size) - 1

    # The shape: its own coordinates (u, v), then the fraction of each pixel that it covers.
    radius, angle = uniform(0.6, 0.9), uniform(-0.4, 0.4)
    left, top = x - uniform(-0.8, 0.8) * (1 - radius), y - uniform(-0.8, 0.8) * (1 - radius)
    u = (np.cos(angle) * left + np.sin(angle) * top) / radius
    v = (np.cos(angle) * top - np.sin(angle) * left) / radius
    distance = np.empty_like(u)
    for k in range(n_classes):
        chosen = target == k
        distance[chosen] = _SHAPES[k](u[chosen], v[chosen])
    cover = np.clip(0.5 - distance * radius * (size / 2), 0, 1)

    # The background: a sum of waves, from smooth gradients to dense grids.
    ground = np.zeros_like(u)
    for _ in range(3):
        frequency, direction, phase = uniform(0, 9), uniform(0, 2 * np.pi), uniform(0, 2 * np.pi)
        ground += np.sin(frequency * (np.cos(direction) * x + np.sin(direction) * y) + phase)

    # The shape is lighter or darker than the background. Its hue is near the hue of its class.
    light = uniform(0, 1)
    hue = (target / n_classes)[:, None, None] + 0.2 * rng.standard_normal((n, 1, 1))
    colour = _rgb(hue, uniform(0.5, 1), 0.2 + 0.8 * light)
    shade = _rgb(uniform(0, 1), uniform(0, 0.4), 0.2 + 0.8 * ((light + uniform(0.35, 0.65)) % 1))
    images = shade * (1 + 0.13 * ground)[..., None]
    # Light from the upper left makes the shape look solid.
    images += cover[..., None] * (colour * (1 - 0.2 * (u + v))[..., None] - images)
    images *= 255
    images += 255 * float(noise) * rng.standard_normal(images.shape)
    return np.clip(images, 0, 255).astype(np.uint8)


def _rgb(hue, saturation, value):
    """Colours (n, 1, 1, 3) from their hue, saturation and value (n, 1, 1), all from 0 to 1."""
    sector = (np.array([5, 3, 1]) + 6 * hue[..., None]) % 6
    chroma = np.clip(np.minimum(sector, 4 - sector), 0, 1)
    return (value[..., None] * (1 - saturation[..., None] * chroma)).astype(np.float32)
