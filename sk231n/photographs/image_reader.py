"""ImageReader: the first step of a pipeline that begins with files."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.callback import with_callbacks

from sk231n._sklearn import StrOptions
from sk231n._threads import count_threads
from sk231n._warnings import warn
from sk231n.core.arguments import count, validate_arguments
from sk231n.core.bases import BaseEstimator, CallbackSupportMixin, TransformerMixin
from sk231n.core.windows import as_pair
from sk231n.photographs._decode import FITS, decode, require_pillow
from sk231n.photographs._reading import for_each_picture, named_by_index
from sk231n.photographs._sources import as_sources, describe

COLORS = ("rgb", "gray")
MAX_PIXELS = 50_000_000
_PART = 128  # pictures that a progress bar counts as one step
_NAMED = 5  # unreadable pictures that a warning names


class ImageReader(CallbackSupportMixin, TransformerMixin, BaseEstimator):
    r"""Read pictures of any size and kind as one stack of images.

    As the first step of a pipeline, it makes ``pipeline.predict(["new.jpg"])`` work: what happens
    to a file is part of the model, the same in training and in prediction, and saved with it.

    Parameters
    ----------
    size : tuple of 2 int, or int, default=(32, 32)
        Height and width of the images in pixels; an int for both.
    color : {"rgb", "gray"}, default="rgb"
        Whether the images have red, green and blue, or the luminance alone,
        :math:`0.299 R + 0.587 G + 0.114 B`.
    fit : {"crop", "pad", "stretch"}, default="crop"
        How a picture of other proportions becomes an image: "crop" fills the image and cuts off
        what sticks out on both sides; "pad" shows the whole picture, between black bars; "stretch"
        shows the whole picture distorted.
    on_error : {"raise", "skip"}, default="raise"
        What happens if a picture cannot be read: "raise" an error that names it, or "skip" it,
        whose image stays black, so that all others keep their places; a warning names it.
    max_pixels : int > 0, default=50_000_000
        Largest number of pixels of a picture, which is checked before memory is taken for it. A
        decoder may take four bytes for each of them, and four megabytes more. Most formats need no
        more than that; WEBP and AVIF need 16 bytes for a pixel, so that with the default their
        pictures have at most 13 million.
    n_jobs : int, default=None
        Number of threads. None takes the number of a joblib context, else all cores; -1 takes all
        cores.

    Raises
    ------
    ImportError
        If Pillow is not installed; it comes with ``pip install "sk231n[images]"``.

    See Also
    --------
    sk231n.datasets.load_images : Read a folder with one sub-folder for each class.

    Notes
    -----
    Pictures stand upright as their EXIF data say. Transparent ones lie over white. Palettes, CMYK
    and other colours become red, green and blue, without a colour profile. Grey of 16 bits becomes
    grey of 8 bits. Of several frames the first counts.

    Images are resampled with Pillow's Lanczos filter. Pictures at least sixteen times as large are
    first reduced, to at least eight times the size: a JPEG while it is decoded, others by means
    over blocks of pixels. 99 of 100 values are then within one of those of the filter alone.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n import ImageReader
    >>> tall, wide = np.zeros((80, 60), np.uint8), np.full((60, 90, 3), 255, np.uint8)
    >>> images = ImageReader(size=(32, 32)).fit_transform([tall, wide])
    >>> images.shape, images.dtype
    ((2, 32, 32, 3), dtype('uint8'))
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "size": [count(1), tuple, list],
        "color": [StrOptions(set(COLORS))],
        "fit": [StrOptions(set(FITS))],
        "on_error": [StrOptions({"raise", "skip"})],
        "max_pixels": [count(1)],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        size: int | Sequence[int] = (32, 32),
        *,
        color: str = "rgb",
        fit: str = "crop",
        on_error: str = "raise",
        max_pixels: int = MAX_PIXELS,
        n_jobs: int | None = None,
    ) -> None:
        self.size = size
        self.color = color
        self._fit_argument = fit  # the attribute `fit` is the method
        self.on_error = on_error
        self.max_pixels = max_pixels
        self.n_jobs = n_jobs

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the arguments of the constructor.

        Parameters
        ----------
        deep : bool, default=True
            Ignored; no argument is an estimator.

        Returns
        -------
        dict
            The arguments by name.
        """
        names = [name for name in self._get_param_names() if name != "fit"]
        return {"fit": self._fit_argument} | {name: getattr(self, name) for name in names}

    def set_params(self, **params: Any) -> Self:
        """Set arguments of the constructor.

        Parameters
        ----------
        **params : dict
            The arguments by name.

        Returns
        -------
        self : object
            The transformer itself.
        """
        fit = params.pop("fit", self._fit_argument)
        super().set_params(**params)
        self._fit_argument = fit
        return self

    def fit(self, X: Any, y: object = None) -> Self:
        """Check the arguments; nothing is read or learnt.

        Parameters
        ----------
        X : sequence of str, path-like, bytes, file, array or Pillow's image
            The pictures.
        y : None
            Ignored; here for the sake of :class:`~sklearn.pipeline.Pipeline`.

        Returns
        -------
        self : object
            The transformer itself.

        Raises
        ------
        TypeError, ValueError
            If an argument is invalid, or `X` is no list of pictures.
        """
        self._sources(X)
        return self

    def transform(self, X: Any) -> NDArray[np.uint8]:
        """Read the pictures.

        Parameters
        ----------
        X : sequence of str, path-like, bytes, file, array or Pillow's image
            The pictures, of any size; kinds may be mixed. Arrays are of shape (h, w), (h, w, 3) or,
            with transparency, (h, w, 4); floats lie between 0 and 1.

        Returns
        -------
        ndarray of uint8 of shape (n_pictures, height, width, 3) or (n_pictures, height, width)
            The images.

        Raises
        ------
        FileNotFoundError, PermissionError
            If a file cannot be opened.
        TypeError, ValueError
            If a picture is damaged, larger than `max_pixels`, or no picture.
        """
        sources = self._sources(X)
        images = self._empty(sources)
        self._warn_of(sources, self._read(sources, images, range(len(sources))))
        return images

    @with_callbacks
    def fit_transform(self, X: Any, y: object = None) -> NDArray[np.uint8]:
        """Read the pictures, and report the progress to scikit-learn's callbacks.

        Parameters
        ----------
        X : sequence of str, path-like, bytes, file, array or Pillow's image
            The pictures; see :meth:`transform`.
        y : None
            Ignored; here for the sake of :class:`~sklearn.pipeline.Pipeline`.

        Returns
        -------
        ndarray of uint8 of shape (n_pictures, height, width, 3) or (n_pictures, height, width)
            The images.

        Raises
        ------
        FileNotFoundError, PermissionError
            If a file cannot be opened.
        TypeError, ValueError
            If a picture is damaged, larger than `max_pixels`, or no picture.
        """
        sources = self._sources(X)
        images, faults = self._empty(sources), {}
        parts = [range(len(sources))[k : k + _PART] for k in range(0, len(sources), _PART)]
        root = self._init_callback_context(max_subtasks=len(parts))
        root.call_on_fit_task_begin(estimator=self, X=X, y=y)
        for part in parts:
            task = root.subcontext(task_name="pictures")
            task.call_on_fit_task_begin(estimator=self, X=X, y=y)
            faults |= self._read(sources, images, part)
            task.call_on_fit_task_end(estimator=self, X=X, y=y)
        root.call_on_fit_task_end(estimator=self, X=X, y=y)
        self._warn_of(sources, faults)
        return images

    def set_output(self, *, transform: str | None = None) -> Self:
        """Let the steps behind it in a pipeline return frames; a stack of images stays an array.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored.

        Returns
        -------
        self : object
            The transformer itself.
        """
        return self

    def _check_arguments(self):
        validate_arguments(self._parameter_constraints, self.get_params(), type(self).__name__)
        as_pair(self.size, "size")
        count_threads(self.n_jobs)

    def _sources(self, X):
        require_pillow(type(self).__name__)
        self._check_arguments()
        return as_sources(X)

    @property
    def _image_shape(self):
        """The shape of one image."""
        return (*as_pair(self.size, "size"), *(() if self.color == "gray" else (3,)))

    def _empty(self, sources):
        """Black images."""
        return np.zeros((len(sources), *self._image_shape), np.uint8)

    def _read(self, sources, images, part):
        """Write some of the images; return what is wrong with those that were skipped, by index."""

        def use(k, source):
            images[k] = decode(
                source,
                as_pair(self.size, "size"),
                color=self.color,
                fit=self._fit_argument,
                max_pixels=self.max_pixels,
            )

        return for_each_picture(
            use,
            [(k, sources[k]) for k in part],
            self.n_jobs,
            name=named_by_index,
            skip=self.on_error == "skip",
        )

    def _warn_of(self, sources, faults):
        """Name the pictures that could not be read."""
        if faults:
            some = [
                f"X[{k}] ({describe(sources[k])}): {fault}"
                for k, fault in list(faults.items())[:_NAMED]
            ]
            rest = len(faults) - len(some)
            warn(
                f"{len(faults)} of {len(sources)} pictures cannot be read, and their images are "
                f"black: {'; '.join(some)}{f'; and {rest} more' if rest else ''}."
            )

    def __sklearn_is_fitted__(self) -> bool:
        """Nothing is learnt, so it is always fitted."""
        return True

    def __sklearn_tags__(self) -> Any:
        """Describe the transformer to scikit-learn."""
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.no_validation = True
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        return tags
