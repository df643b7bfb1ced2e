"""Histograms of hue, saturation and value."""

from collections.abc import Sequence
from functools import partial
from math import prod
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from sk231n._estimators import float_dtype
from sk231n._floating_point import contained
from sk231n._images import ImageTransformer, is_count
from sk231n._sklearn import StrOptions
from sk231n._warnings import warn
from sk231n.core.arguments import Number
from sk231n.core.stored import in_pieces
from sk231n.features._arguments import MOST_BINS, N_JOBS
from sk231n.features._batch import run_in_blocks
from sk231n.features._color_spaces import byte_bins, float_bins
from sk231n.features._color_transformer import ColorTransformer, rgb_planes


class HSVHistogram(ColorTransformer):
    """Histograms of hue, saturation and value; by default the hue histogram.

    Parameters
    ----------
    image_shape : tuple of int, default=None
        Shape of one image in pixels, (h, w) or (h, w, 3). None takes it from a stack of images;
        rows of length 3*k*k then count as (k, k, 3), other rows of length k*k as (k, k), and all
        others as one grey line. A grey image is treated as a colour image whose red, green and
        blue are equal.
    bins : int or sequence of int, default=10
        Number of bins, the same for all channels or one number per channel of `channels`. Their
        product is at most 2**24, the number of colours of three bytes.
    channels : {"h", "s", "v", "hs", "hv", "sv", "hsv"}, default="h"
        The channels to count. Several channels make one joint histogram of all combinations of
        bins.
    grid : tuple of 2 int, default=(1, 1)
        Number of rows and columns of cells that the image is divided into, each with its own
        histogram. Cell ``i`` of ``k`` spans pixels ``i * h // k`` to ``(i + 1) * h // k``. For a
        smaller image the grid shrinks to one pixel per cell.
    density : bool, default=True
        True counts fractions of a cell's pixels, which add up to 1; False counts pixels.
    data_range : float, default=None
        The value of full intensity, between 1e-30 and 1e30. None is the largest value of an integer
        type, and 1 for floats. Values outside of 0 to `data_range` are clipped, with a warning.
    n_jobs : int, default=None
        Number of threads. None uses every available core, unless ``joblib.parallel_config``
        says otherwise; within a joblib worker, such as those of
        :class:`~sklearn.model_selection.GridSearchCV`, it means one thread. The result is the same
        for any number of threads.

    Attributes
    ----------
    image_shape_ : tuple of int
        Shape of one image, (h, w) or (h, w, c).
    grid_ : tuple of 2 int
        Rows and columns of cells.
    bins_ : tuple of int
        Number of bins of each channel.
    n_features_in_ : int
        Number of values of one image.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    HOG : Histograms of oriented gradients.
    ColorMoments : Mean, deviation and skewness of colours.
    sk231n.reference.hsv_histogram : The same in plain loops.

    Notes
    -----
    With ``V = max(R, G, B)`` and ``d = V - min(R, G, B)``, saturation is ``S = d / V`` and the hue
    is a sixth of ``4 + (R - G) / d`` where blue is the largest, else ``2 + (B - R) / d`` where
    green is, else ``(G - B) / d``, modulo 1; grey has hue 0, black has saturation 0. The values
    equal those of ``matplotlib.colors.rgb_to_hsv(X / data_range)`` to the last bit.

    Each channel is counted in 255ths, as in the function ``color_histogram_hsv`` of the course's
    first assignment: ``numpy.histogram(255 * channel, bins=numpy.linspace(0, 255, n + 1))``. Bin
    ``k`` of ``n`` thus holds the values from ``k / n`` up to, but excluding, ``(k + 1) / n``, and
    the last bin also holds 1. For a value on the edge of a bin, the rounding of this arithmetic
    decides, so that the counts equal the course's for every colour. Integers are computed in
    float64 and floats in their own type, so that bytes, the same bytes as float64 with
    ``data_range=255``, and the same bytes as float64 divided by 255 fall into the same bins.

    References
    ----------
    .. [1] A. R. Smith, "Color gamut transform pairs", SIGGRAPH 1978, :doi:`10.1145/965139.807361`.
    .. [2] M. J. Swain and D. H. Ballard, "Color indexing", International Journal of Computer
       Vision 7, 1991, :doi:`10.1007/BF00130487`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.features import HSVHistogram
    >>> three_reds_and_cyan = [[255, 0, 0], [255, 9, 9], [200, 0, 0], [0, 255, 255]]
    >>> image = np.array(three_reds_and_cyan, dtype=np.uint8).reshape(1, 2, 2, 3)
    >>> histogram = HSVHistogram(bins=4).fit(image)
    >>> histogram.transform(image)
    array([[0.75, 0.  , 0.25, 0.  ]], dtype=float32)
    >>> histogram.get_feature_names_out()
    array(['hsv_r0_c0_h0', 'hsv_r0_c0_h1', 'hsv_r0_c0_h2', 'hsv_r0_c0_h3'],
          dtype=object)
    """

    _parameter_constraints = {
        **ImageTransformer._parameter_constraints,
        "bins": [Number(Integral, 1, MOST_BINS, closed="both"), tuple, list],
        "channels": [StrOptions({"h", "s", "v", "hs", "hv", "sv", "hsv"})],
        "grid": [tuple, list],
        "density": ["boolean"],
        "data_range": [Number(Real, 1e-30, 1e30, closed="both"), None],
        "n_jobs": N_JOBS,
    }

    image_shape_: tuple[int, ...]
    grid_: tuple[int, int]
    bins_: tuple[int, ...]
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    def __init__(
        self,
        image_shape: tuple[int, ...] | None = None,
        *,
        bins: int | Sequence[int] = 10,
        channels: str = "h",
        grid: tuple[int, int] = (1, 1),
        density: bool = True,
        data_range: float | None = None,
        n_jobs: int | None = None,
    ):
        self.image_shape = image_shape
        self.bins = bins
        self.channels = channels
        self.grid = grid
        self.density = density
        self.data_range = data_range
        self.n_jobs = n_jobs

    def _check_arguments(self):
        super()._check_arguments()
        bins = self._bins_by_channel()
        if len(bins) != len(self.channels) or not all(map(is_count, bins)):
            raise ValueError(
                f"bins must be a positive integer or one for each of channels={self.channels!r}; "
                f"got {self.bins!r}."
            )
        if prod(map(int, bins)) > MOST_BINS:
            raise ValueError(
                f"bins={self.bins!r} for channels={self.channels!r} make a histogram of more than "
                f"{MOST_BINS} bins."
            )

    def _bins_by_channel(self):
        return (self.bins,) * len(self.channels) if isinstance(self.bins, Integral) else self.bins

    def _fit_images(self, X):
        images = super()._fit_images(X)
        self.bins_ = tuple(map(int, self._bins_by_channel()))
        return images

    @contained
    @in_pieces
    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Compute the histograms of each image.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            The images.

        Returns
        -------
        histograms : ndarray of shape (n_samples, n_features_out)
            Cell by cell in row-major order; in a joint histogram the last channel varies fastest.
            The type is float32, or float64 for float64 images and for integers of more than 16
            bits.

        Warns
        -----
        UserWarning
            If values lie outside of 0 to `data_range` and are clipped.
        """
        images = self._images(X)
        span = self._span(images)
        if images.dtype == np.bool_:
            images, span = images.view(np.uint8), 1
        out = np.empty((len(images), self._n_features_out), float_dtype(images.dtype))
        by_table = images.dtype == np.uint8 and span == 255
        binner = byte_bins if by_table else partial(float_bins, span=span)
        make_worker = partial(self._worker, binner, images, out)
        n_values = max(images[0, ..., 0].size, out.shape[1])
        run_in_blocks(make_worker, len(images), n_values, self.n_jobs)
        return out

    def _span(self, images):
        """Return the value of full intensity, and warn if `images` exceed it."""
        if self.data_range is not None:
            span = float(self.data_range)
        else:
            is_float = images.dtype.kind == "f"
            span = 1 if is_float or images.dtype == np.bool_ else np.iinfo(images.dtype).max
            if images.dtype.kind in "bu":
                return span
        low, high = images.min(), images.max()
        if low < 0 or high > span:
            warn(
                f"X holds values from {low:.4g} to {high:.4g}, clipped to the range from 0 to "
                f"{span:.4g}. If full intensity is another value, pass it: data_range=255, for "
                "example."
            )
        return span

    def _worker(self, binner, images, out, block_size):
        n_cells, n_bins = self.grid_[0] * self.grid_[1], prod(self.bins_)
        rows = cell_of_pixel(images.shape[1], self.grid_[0])
        columns = cell_of_pixel(images.shape[2], self.grid_[1])
        cells = np.add.outer(rows * self.grid_[1], columns)
        slots = np.add.outer(np.arange(block_size) * n_cells, cells) * n_bins
        n_pixels = np.bincount(cells.ravel(), minlength=n_cells)[:, np.newaxis]

        def worker(block):
            planes = rgb_planes(images[block])
            joint, *others = map(partial(binner, planes), self.channels, self.bins_)
            for bins, n in zip(others, self.bins_[1:], strict=True):
                joint *= n
                joint += bins
            joint += slots[: len(joint)]
            counts = np.bincount(joint.ravel(), minlength=len(joint) * n_cells * n_bins)
            counts = counts.reshape(len(joint), n_cells, n_bins)
            if self.density:
                counts = counts / n_pixels
            out[block] = counts.reshape(len(joint), -1)

        return worker

    @property
    def _n_features_out(self):
        return prod(self.grid_) * prod(self.bins_)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the names of the features, such as the columns of a data frame have.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the pixels, which are only compared with those seen in `fit`.

        Returns
        -------
        names : ndarray of str objects of shape (n_features_out,)
            Such as ``hsv_r0_c0_h3``, or ``hsv_r0_c0_h1_s0_v2`` for a joint histogram.
        """
        check_is_fitted(self)
        self._check_input_features(input_features)
        kinds = [
            "_".join(f"{channel}{k}" for channel, k in zip(self.channels, index, strict=True))
            for index in np.ndindex(*self.bins_)
        ]
        return self._names("hsv", kinds)


def cell_of_pixel(length, n_cells):
    """Index of the cell of each of `length` pixels; cell i begins at ``i * length // n_cells``."""
    starts = np.arange(1, n_cells) * length // n_cells
    return np.searchsorted(starts, np.arange(length), side="right")
