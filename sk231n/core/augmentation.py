"""Augmentations: random changes of images that do not change what the images show.

Called as ``augmentation(images, rng)`` on a mini-batch, an augmentation returns new images.  Each
image is changed by itself, as random numbers of its own say, and all of them at once: lines of
pixels are copied whole, by indices, instead of image by image.

How many random numbers are drawn depends on the number of images alone, so another argument or
another size of the images changes nothing of what is drawn later.
"""

from collections.abc import Iterable
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sk231n._sklearn import StrOptions
from sk231n.core.arguments import Number, count
from sk231n.core.spec import Spec

_Random: TypeAlias = np.random.RandomState | np.random.Generator
_PERIODIC = {"symmetric", "wrap"}  # in these modes the image repeats after two of its sides


class Augmentation(Spec):
    """Base of the augmentations: an augmentation of your own needs ``__call__``.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.augmentation import Augmentation
    >>> class Negative(Augmentation):
    ...     def __call__(self, images, rng):
    ...         chosen = rng.random_sample(len(images)) < 0.5
    ...         return np.where(chosen[:, None, None, None], 255 - images, images)
    >>> images = np.full((4, 1, 1, 1), 55, np.uint8)
    >>> Negative()(images, np.random.RandomState(1)).ravel()
    array([200,  55, 200, 200], dtype=uint8)
    """

    _documented_in = "sk231n.augmentation"

    def __call__(self, images: NDArray[Any], rng: np.random.RandomState) -> NDArray[Any]:
        """Return changed images.

        Parameters
        ----------
        images : ndarray of shape (n_images, height, width, n_channels)
            The images, which are left as they are.
        rng : RandomState
            Source of randomness. The library's own augmentations take a ``Generator`` as well.

        Returns
        -------
        ndarray of the shape and the dtype of `images`
            The changed images.
        """
        raise NotImplementedError(f"{type(self).__name__} has no __call__.")


class Mirror(Augmentation):
    """Mirror images, so that left and right change places.

    Parameters
    ----------
    p : float in [0, 1], default=0.5
        The probability that an image is mirrored.

    Notes
    -----
    Suits images whose mirror images belong to the same class: photographs of things, but neither
    digits nor letters.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.augmentation import Mirror
    >>> images = np.arange(6).reshape(1, 2, 3, 1)
    >>> Mirror(p=1.0)(images, np.random.RandomState(0))[0, ..., 0]
    array([[2, 1, 0],
           [5, 4, 3]])
    """

    _parameter_constraints: dict[str, list[Any]] = {"p": [Number(Real, 0, 1, closed="both")]}

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def __call__(self, images: NDArray[Any], rng: _Random) -> NDArray[Any]:
        """Return changed images; see :meth:`Augmentation.__call__`."""
        n_images, height, width, n_channels = _shape(images)
        chosen = np.flatnonzero(rng.random(n_images) < self.p)
        mirrored = np.arange(width * n_channels).reshape(width, n_channels)[::-1].ravel()
        lines = np.array(images, order="C").reshape(n_images, height, width * n_channels)
        lines[chosen] = lines[chosen].take(mirrored, axis=2)
        return lines.reshape(n_images, height, width, n_channels)


class Shift(Augmentation):
    """Shift images by whole pixels: pad them on all sides, and crop them at a random place.

    Parameters
    ----------
    max_pixels : int >= 0, default=4
        The largest shift. Shifts down and right are drawn independently, each from all whole
        numbers of pixels from ``-max_pixels`` to ``max_pixels`` with equal probability.
    mode : {"constant", "edge", "reflect", "symmetric", "wrap"}, default="constant"
        What comes in at the borders, as in ``numpy.pad``: zeros, the pixels at the edge, the
        mirrored image without or with these, or the image from its other end. "reflect" needs
        images with more than `max_pixels` pixels on each side.

    Notes
    -----
    Four pixels suit photographs of 32 x 32 pixels. Zeros are black; where a black border tells the
    classifier what it should not know, as on a bright background, "edge" and "reflect" show none.

    References
    ----------
    K. He et al., "Deep residual learning for image recognition", CVPR 2016, :arxiv:`1512.03385`
    (section 4.2: with mirror images).

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.augmentation import Shift
    >>> images = np.arange(1, 10).reshape(1, 3, 3, 1)
    >>> Shift(1)(images, np.random.RandomState(0))[0, ..., 0]
    array([[0, 1, 2],
           [0, 4, 5],
           [0, 7, 8]])
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "max_pixels": [count(0)],
        "mode": [StrOptions({"constant", "edge", "reflect", "symmetric", "wrap"})],
    }

    def __init__(self, max_pixels: int = 4, mode: str = "constant") -> None:
        self.max_pixels = max_pixels
        self.mode = mode

    def __call__(self, images: NDArray[Any], rng: _Random) -> NDArray[Any]:
        """Return changed images; see :meth:`Augmentation.__call__`."""
        n_images, height, width, n_channels = _shape(images)
        max_pixels = int(self.max_pixels)
        if self.mode == "reflect" and max_pixels >= min(height, width):
            raise ValueError(
                f"{self} needs images with more than max_pixels={max_pixels} pixels on each side; "
                f"got images of {height} x {width} pixels."
            )
        sides = np.array([[height], [width]])
        shifts = _whole_numbers(rng, n_images, 2 * max_pixels + 1) - max_pixels
        # No shift needs more than one more image on each side.
        if self.mode in _PERIODIC:
            shifts = (shifts + sides) % (2 * sides) - sides
        else:
            shifts = np.clip(shifts, -sides, sides)
        pad_height, pad_width = min(max_pixels, height), min(max_pixels, width)
        padding = (0, 0), (pad_height, pad_height), (pad_width, pad_width), (0, 0)
        padded = np.pad(np.ascontiguousarray(images), padding, mode=self.mode)
        lines = padded.reshape(*padded.shape[:2], padded.shape[2] * n_channels)
        crops = sliding_window_view(lines, (height, width * n_channels), axis=(1, 2))
        top, left = pad_height - shifts[0], pad_width - shifts[1]
        lines = crops[np.arange(n_images), top, left * n_channels]
        return lines.reshape(n_images, height, width, n_channels)


class Cutout(Augmentation):
    r"""Cut a square out of each image, and fill it with the image's mean colour.

    Parameters
    ----------
    size : int >= 0, default=8
        The side :math:`s` of the square in pixels.

    Notes
    -----
    The centre of the square is any pixel, with equal probability; with the centre :math:`(y, x)`
    the square has :math:`s` rows from :math:`y - \lfloor s / 2 \rfloor` on and :math:`s` columns
    from :math:`x - \lfloor s / 2 \rfloor` on. What lies outside of the image is clipped, so that
    some squares hide less than others, which the paper found to be important.

    The paper fills the square with zeros, but from images that are centred, where zero is the mean.
    Here images come as they are, where zero is black. So the square takes the mean of each
    channel over the image, before anything is cut out of it; for integers the nearest one.

    References
    ----------
    T. DeVries and G. W. Taylor, "Improved regularization of convolutional neural networks with
    cutout", 2017, :arxiv:`1708.04552`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.augmentation import Cutout
    >>> images = np.arange(9).reshape(1, 3, 3, 1)
    >>> Cutout(2)(images, np.random.RandomState(0))[0, ..., 0]
    array([[0, 4, 4],
           [3, 4, 4],
           [6, 7, 8]])
    """

    _parameter_constraints: dict[str, list[Any]] = {"size": [count(0)]}

    def __init__(self, size: int = 8) -> None:
        self.size = size

    def __call__(self, images: NDArray[Any], rng: _Random) -> NDArray[Any]:
        """Return changed images; see :meth:`Augmentation.__call__`."""
        n_images, height, width, n_channels = _shape(images)
        y, x = _whole_numbers(rng, n_images, np.array([[height], [width]]))
        rows, columns = self._covered(y, height), self._covered(x, width)
        lines = np.array(images, order="C").reshape(n_images, height, width * n_channels)
        covered = rows[:, :, None] & columns.repeat(n_channels, axis=1)[:, None]
        fill = np.tile(_mean_colors(lines, n_channels), width)
        np.copyto(lines, fill[:, None], where=covered)
        return lines.reshape(n_images, height, width, n_channels)

    def _covered(self, centers, length):
        """Which of the positions 0, ..., length - 1 the square of each image covers."""
        size = int(self.size)
        positions = np.arange(length) - (centers - size // 2)[:, None]  # within the square
        return (positions >= 0) & (positions < size)


def as_augmentations(value: Any) -> list[Augmentation]:
    """Return the argument `augmentation` as a list, checked.

    Parameters
    ----------
    value : None, Augmentation or sequence of Augmentation
        The argument: none, one or several.

    Returns
    -------
    list of Augmentation
        The augmentations, in their order.

    Raises
    ------
    TypeError
        If something else is among them.
    ValueError
        If one of them has an argument that is not valid.
    """
    if value is None:
        return []
    given = value.tolist() if isinstance(value, np.ndarray) else value
    augmentations = list(given) if isinstance(given, list | tuple) else [given]
    for augmentation in augmentations:
        if not isinstance(augmentation, Augmentation):
            raise TypeError(
                "augmentation: expected objects such as Mirror(), Shift(); got "
                f"{augmentation!r:.100}."
            )
        augmentation.check()
    return augmentations


def augment(
    augmentations: Iterable[Augmentation], images: NDArray[Any], rng: np.random.RandomState
) -> NDArray[Any]:
    """Apply augmentations one after the other.

    Parameters
    ----------
    augmentations : iterable of Augmentation
        The augmentations, in their order.
    images : ndarray of shape (n_images, height, width, n_channels)
        The images, which are left as they are: an augmentation sees them read-only.
    rng : RandomState
        Source of randomness.

    Returns
    -------
    ndarray of the shape and the dtype of `images`
        The changed images, in C order; `images` itself if there are no augmentations.

    Raises
    ------
    ValueError
        If an augmentation returns another shape or dtype, or writes to the images.
    """
    for augmentation in augmentations:
        given = images.view()
        given.flags.writeable = False
        changed = augmentation(given, rng)
        if (
            not isinstance(changed, np.ndarray)
            or changed.shape != images.shape
            or changed.dtype != images.dtype
        ):
            raise ValueError(
                f"{augmentation} must return images of the shape and the dtype that it is given, "
                f"{images.shape} and {images.dtype}; got {type(changed).__name__} of shape "
                f"{np.shape(changed)} and dtype {np.asarray(changed).dtype}."
            )
        images = np.ascontiguousarray(changed)
    return images


def _shape(images):
    """The shape of images, of which there must be four numbers."""
    if np.ndim(images) != 4:
        raise ValueError(
            "images must be of shape (n_images, height, width, n_channels); got "
            f"{np.shape(images)}."
        )
    return np.shape(images)


def _whole_numbers(rng, n_images, below):
    """Two numbers out of 0, ..., below - 1 for each image, as an array of shape (2, n_images).

    ``rng.randint`` would reject some of what it draws, and so draw more at times.
    """
    return (rng.random((2, n_images)) * below).astype(np.int64)


def _mean_colors(lines, n_channels):
    """The mean of each channel over each image, in the dtype of the images."""
    n_images, height, length = lines.shape
    width = length // n_channels
    sums = lines.sum(axis=1, dtype=np.float64).reshape(n_images, width, n_channels).sum(axis=1)
    means = sums / (height * width)
    return (means if lines.dtype.kind == "f" else np.rint(means)).astype(lines.dtype)
