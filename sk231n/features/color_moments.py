"""Mean, standard deviation and skewness of colours."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from sk231n._estimators import float_dtype
from sk231n._floating_point import contained
from sk231n._images import ImageTransformer
from sk231n._sklearn import StrOptions
from sk231n.core.arguments import did_you_mean
from sk231n.core.stored import in_pieces
from sk231n.features._arguments import check_overflow
from sk231n.features._batch import run_in_blocks
from sk231n.features._color_spaces import CHANNEL_NAMES, COLOR_SPACES
from sk231n.features._color_transformer import ColorTransformer, rgb_planes


class ColorMoments(ColorTransformer):
    """Mean, standard deviation and skewness of each colour channel, cell by cell.

    Parameters
    ----------
    image_shape : tuple of int, default=None
        Shape of one image in pixels, (h, w) or (h, w, 3). None takes it from a stack of images;
        rows of length 3*k*k then count as (k, k, 3), other rows of length k*k as (k, k), and all
        others as one grey line. A grey image is treated as a colour image whose red, green and
        blue are equal.
    grid : tuple of 2 int, default=(4, 4)
        Number of rows and columns of cells that the image is divided into. Cell ``i`` of ``k``
        spans pixels ``i * h // k`` to ``(i + 1) * h // k``. For a smaller image the grid shrinks to
        one pixel per cell.
    color_space : {"rgb", "hsv", "opponent"}, default="rgb"
        The channels. All values are in the unit of `X`, except that hue and saturation lie between
        0 and 1 for any unit; "hsv" treats negative values as zero.
    moments : sequence of {"mean", "std", "skew"}, default=("mean", "std")
        The moments and their order. All three have the unit of the channel.

    Attributes
    ----------
    image_shape_ : tuple of int
        Shape of one image, (h, w) or (h, w, c).
    grid_ : tuple of 2 int
        Rows and columns of cells.
    n_features_in_ : int
        Number of values of one image.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    HSVHistogram : Histograms of hue, saturation and value.
    HOG : Histograms of oriented gradients.
    sk231n.reference.color_moments : The same in plain loops.

    Notes
    -----
    Over the pixels ``x`` of a channel in a cell, the moments are ``mean(x)``,
    ``std = sqrt(mean((x - mean(x))**2))`` and ``skew = cbrt(mean((x - mean(x))**3))``, the cube
    root with its sign [1]_. The opponent channels are ``(R - G) / sqrt(2)``,
    ``(R + G - 2 B) / sqrt(6)`` and ``(R + G + B) / sqrt(3)`` [2]_. Hue is an angle, but its
    moments are those of a number: reds on both sides of zero average to cyan.

    Blocks of images are processed on every available core, unless ``joblib.parallel_config`` says
    otherwise.

    References
    ----------
    .. [1] M. Stricker and M. Orengo, "Similarity of color images", Storage and Retrieval for
       Image and Video Databases III, SPIE 2420, 1995, :doi:`10.1117/12.205308`.
    .. [2] K. van de Sande, T. Gevers and C. Snoek, "Evaluating color descriptors for object and
       scene recognition", IEEE TPAMI 32, 2010, :doi:`10.1109/TPAMI.2009.154`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.features import ColorMoments
    >>> images = np.zeros((1, 2, 2, 3))
    >>> images[0, :, :, 0] = [[0, 4], [4, 4]]
    >>> moments = ColorMoments(grid=(1, 1), moments=("mean", "std")).fit(images)
    >>> moments.transform(images).round(3)
    array([[3.   , 1.732, 0.   , 0.   , 0.   , 0.   ]])
    >>> moments.get_feature_names_out()[:2]
    array(['rgb_r0_c0_red_mean', 'rgb_r0_c0_red_std'], dtype=object)
    """

    _parameter_constraints = {
        **ImageTransformer._parameter_constraints,
        "grid": [tuple, list],
        "color_space": [StrOptions({"rgb", "hsv", "opponent"})],
        "moments": [tuple, list],
    }

    image_shape_: tuple[int, ...]
    grid_: tuple[int, int]
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    def __init__(
        self,
        image_shape: tuple[int, ...] | None = None,
        *,
        grid: tuple[int, int] = (4, 4),
        color_space: str = "rgb",
        moments: Sequence[str] = ("mean", "std"),
    ):
        self.image_shape = image_shape
        self.grid = grid
        self.color_space = color_space
        self.moments = moments

    def _check_arguments(self):
        super()._check_arguments()
        unknown = [n for n in self.moments if not isinstance(n, str) or n not in _MOMENTS]
        if unknown or not self.moments or len(set(self.moments)) < len(self.moments):
            hint = did_you_mean(str(unknown[0]), _MOMENTS) if unknown else ""
            raise ValueError(
                f"moments must name one or more of {list(_MOMENTS)}, each once; "
                f"got {self.moments!r}.{hint}"
            )

    @contained
    @in_pieces
    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Compute the moments of each image.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            The images.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features_out)
            Cell by cell in row-major order, within a cell channel by channel, within a channel
            moment by moment. The type is float32, or float64 for float64 images and for integers
            of more than 16 bits.
        """
        images = self._images(X)
        out = np.empty((len(images), self._n_features_out), float_dtype(images.dtype))
        make_worker = partial(self._worker, images, out)
        run_in_blocks(make_worker, len(images), images[0, ..., 0].size, n_jobs=None)
        check_overflow(out, images)
        return out

    def _worker(self, images, out, block_size):
        (rows, columns), (height, width) = self.grid_, images.shape[1:3]
        features = out.reshape(len(images), rows, columns, 3, len(self.moments))

        def worker(block):
            # In C order for any X, because the order of NumPy's additions depends on it.
            planes = [plane.astype(out.dtype, order="C") for plane in rgb_planes(images[block])]
            with np.errstate(over="ignore", invalid="ignore"):  # check_overflow reports it
                channels = COLOR_SPACES[self.color_space](*planes)
                for r, c in np.ndindex(rows, columns):
                    top, bottom = r * height // rows, (r + 1) * height // rows
                    left, right = c * width // columns, (c + 1) * width // columns
                    for i, channel in enumerate(channels):
                        # Flat, so that NumPy adds pairwise for any number of images.
                        x = channel[:, top:bottom, left:right].reshape(len(channel), -1)
                        mean = x.mean(axis=1)
                        deviation = x - mean[:, np.newaxis]
                        for j, name in enumerate(self.moments):
                            features[block, r, c, i, j] = _MOMENTS[name](mean, deviation)

        return worker

    @property
    def _n_features_out(self):
        return self.grid_[0] * self.grid_[1] * 3 * len(self.moments)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the names of the features, such as the columns of a data frame have.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the pixels, which are only compared with those seen in `fit`.

        Returns
        -------
        names : ndarray of str objects of shape (n_features_out,)
            Such as ``rgb_r0_c0_red_mean``, ``hsv_r1_c0_hue_std`` or ``opponent_r0_c2_o1_skew``.
        """
        check_is_fitted(self)
        self._check_input_features(input_features)
        channels = CHANNEL_NAMES[self.color_space]
        kinds = [f"{channel}_{moment}" for channel in channels for moment in self.moments]
        return self._names(self.color_space, kinds)


def _mean(mean, deviation):
    return mean


def _std(mean, deviation):
    return np.sqrt((deviation * deviation).mean(axis=1))


def _skew(mean, deviation):
    return np.cbrt((deviation * deviation * deviation).mean(axis=1))


_MOMENTS = {"mean": _mean, "std": _std, "skew": _skew}
