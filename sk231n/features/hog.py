"""Histograms of oriented gradients of many images at once."""

from functools import partial
from math import prod
from numbers import Integral
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from sk231n._estimators import float_dtype
from sk231n._floating_point import contained
from sk231n._images import ImageTransformer, check_color
from sk231n._sklearn import StrOptions
from sk231n.core.arguments import Number
from sk231n.core.blocks import blocks
from sk231n.core.stored import in_pieces
from sk231n.features._arguments import N_JOBS, check_overflow, check_pair
from sk231n.features._batch import run_in_blocks
from sk231n.features._block_norms import normalize_blocks
from sk231n.features._float_gradients import FloatVoter
from sk231n.features._gradients import byte_voter, luminance
from sk231n.features._hog_pictures import draw_histograms
from sk231n.features._vote_sums import VoteSums, VoteSumsLikeSkimage


class HOG(ImageTransformer):
    """Histograms of oriented gradients.

    The image is divided into cells. Each pixel of a cell votes for the direction of its gradient,
    weighted by the magnitude of the gradient; the votes of a cell form a histogram. Overlapping
    blocks of neighbouring cells are then normalized to a common contrast, and these blocks are the
    features.

    Parameters
    ----------
    image_shape : tuple of int, default=None
        Shape of one image in pixels, (h, w) or (h, w, c). None takes it from a stack of images;
        rows of length 3*k*k then count as (k, k, 3), other rows of length k*k as (k, k), and all
        others as one grey line. Any number of channels except four is accepted: the fourth channel
        would be transparency.
    orientations : int, default=9
        Number of directions, the bins of one histogram; at most 65,536.
    pixels_per_cell : tuple of 2 int, default=(8, 8)
        Height and width of a cell in pixels. Pixels at the right and at the bottom that do not fill
        a whole cell do not vote. An image smaller than a cell is one cell.
    cells_per_block : tuple of 2 int, default=(2, 2)
        Height and width of a block in cells. If the image has fewer cells, the block shrinks to
        fit.
    block_norm : {"L1", "L1-sqrt", "L2", "L2-Hys"} or None, default="L2-Hys"
        How a block is normalized. None returns the histogram of each cell once, unnormalized.
    signed : bool, default=False
        False treats opposite gradients as the same direction, and the bins divide 180 degrees.
        True distinguishes dark-to-light from light-to-dark, and the bins divide 360 degrees.
    color : {"max", "gray", "each"}, default="max"
        The gradient of a colour image. "max" takes, at each pixel, the gradient of the channel
        where it is largest (the first one of equals). "gray" takes the gradient of the luminance
        ``0.2125 R + 0.7154 G + 0.0721 B``. "each" computes the histograms of every channel
        separately: the features of the first channel, then those of the second, and so on. It
        distinguishes a red edge from a green one, and multiplies the number of features and the
        time by the number of channels. A grey image has one channel.
    transform_sqrt : bool, default=False
        Whether to take the square root of the pixels first, which reduces the effect of shadows.
        All values must be non-negative.
    n_jobs : int, default=None
        Number of threads. None uses every available core, unless ``joblib.parallel_config``
        says otherwise; within a joblib worker, such as those of
        :class:`~sklearn.model_selection.GridSearchCV`, it means one thread. The result is the same
        for any number of threads.

    Attributes
    ----------
    image_shape_ : tuple of int
        Shape of one image, (h, w) or (h, w, c).
    pixels_per_cell_, cells_per_block_ : tuple of 2 int
        The sizes used: those of the arguments, or smaller ones for a smaller image.
    n_cells_, n_blocks_ : tuple of 2 int
        Number of cells and of blocks, by rows and columns.
    n_features_in_ : int
        Number of values of one image.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`, if all are strings.

    See Also
    --------
    HSVHistogram : Histograms of colours.
    ColorMoments : Mean, deviation and skewness of colours.
    sk231n.reference.hog : The same in plain loops.

    Notes
    -----
    The gradient is the central difference without division by two, zero across the border:
    ``g_row[i, j] = I[i + 1, j] - I[i - 1, j]``. Its vote ``sqrt(g_row**2 + g_col**2)`` goes to bin
    ``floor(orientations * angle / 180)`` of ``angle = degrees(atan2(g_row, g_col)) mod 180``. A
    cell's histogram is divided by the number of its pixels. With ``eps = 1e-5`` a block ``v``
    becomes

    * L1: ``v / (sum(v) + eps)``, and L1-sqrt the square root of that;
    * L2: ``v / sqrt(sum(v**2) + eps**2)``;
    * L2-Hys: L2, clipped at 0.2, and L2 again.

    For float64 images, the features equal those of ``skimage.feature.hog`` to about 1e-15, and with
    ``color="each"`` those that it gives for each channel. To this end the votes of a cell are added
    up in float32, as scikit-image does, and a gradient whose angle is negative by a rounding error
    only (``mod 180`` then gives 180 itself) does not vote. For all other images the votes are added
    up in float64 and the features are float32 (for integers of more than 16 bits: float64); among
    channels of exactly equal magnitude, the first one is used.

    References
    ----------
    .. [1] N. Dalal and B. Triggs, "Histograms of Oriented Gradients for Human Detection",
       CVPR 2005, :doi:`10.1109/CVPR.2005.177`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.features import HOG
    >>> images = np.zeros((1, 16, 16), dtype=np.uint8)
    >>> images[:, 8:, :] = 255  # dark above, light below: all gradients point down
    >>> hog = HOG(block_norm=None, orientations=4).fit(images)
    >>> hog.transform(images).reshape(2, 2, 4)[0, 0]
    array([ 0.   ,  0.   , 31.875,  0.   ], dtype=float32)
    >>> hog.get_feature_names_out()[:2]
    array(['hog_r0_c0_bin0', 'hog_r0_c0_bin1'], dtype=object)
    """

    _parameter_constraints = {
        **ImageTransformer._parameter_constraints,
        "orientations": [Number(Integral, 1, 2**16, closed="both")],
        "pixels_per_cell": [tuple, list],
        "cells_per_block": [tuple, list],
        "block_norm": [StrOptions({"L1", "L1-sqrt", "L2", "L2-Hys"}), None],
        "signed": ["boolean"],
        "color": [StrOptions({"max", "gray", "each"})],
        "transform_sqrt": ["boolean"],
        "n_jobs": N_JOBS,
    }

    image_shape_: tuple[int, ...]
    pixels_per_cell_: tuple[int, int]
    cells_per_block_: tuple[int, int]
    n_cells_: tuple[int, int]
    n_blocks_: tuple[int, int]
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    def __init__(
        self,
        image_shape: tuple[int, ...] | None = None,
        *,
        orientations: int = 9,
        pixels_per_cell: tuple[int, int] = (8, 8),
        cells_per_block: tuple[int, int] = (2, 2),
        block_norm: str | None = "L2-Hys",
        signed: bool = False,
        color: str = "max",
        transform_sqrt: bool = False,
        n_jobs: int | None = None,
    ):
        self.image_shape = image_shape
        self.orientations = orientations
        self.pixels_per_cell = pixels_per_cell
        self.cells_per_block = cells_per_block
        self.block_norm = block_norm
        self.signed = signed
        self.color = color
        self.transform_sqrt = transform_sqrt
        self.n_jobs = n_jobs

    def _check_arguments(self):
        super()._check_arguments()
        check_pair("pixels_per_cell", self.pixels_per_cell)
        check_pair("cells_per_block", self.cells_per_block)

    def _fit_images(self, X):
        images = super()._fit_images(X)
        height, width = images.shape[1:3]
        is_gray = self.color == "gray"
        check_color("HOG(color='gray')" if is_gray else "HOG", self.image_shape_, only_rgb=is_gray)
        self._check_sign(images)
        cell = tuple(map(int, map(min, self.pixels_per_cell, (height, width))))
        n_cells = (height // cell[0], width // cell[1])
        block = tuple(map(int, map(min, self.cells_per_block, n_cells)))
        self.pixels_per_cell_, self.n_cells_ = cell, n_cells
        self.cells_per_block_ = block
        self.n_blocks_ = (n_cells[0] - block[0] + 1, n_cells[1] - block[1] + 1)
        return images

    def _check_sign(self, images):
        if self.transform_sqrt and any(images[block].min() < 0 for block in blocks(len(images))):
            raise ValueError(
                "transform_sqrt=True takes the square root of the pixels, but X holds negative "
                "values."
            )

    @contained
    @in_pieces
    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Compute the features of each image.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            The images.

        Returns
        -------
        features : ndarray of shape (n_samples, n_features_out)
            Block by block in row-major order, within a block cell by cell, within a cell
            orientation by orientation; with ``color="each"``, channel by channel. The type is
            float32, or float64 for float64 images and for integers of more than 16 bits.
        """
        check_is_fitted(self)
        return self._run(X, self._n_features_out, self._describe)

    @contained
    @in_pieces
    def visualize(self, X: ArrayLike) -> NDArray[Any]:
        """Draw the histograms: one line per cell and orientation, as bright as it has votes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            The images.

        Returns
        -------
        pictures : ndarray of shape (n_samples, h, w)
            The lines lie along the edges, at right angles to the gradients. The histograms are not
            normalized. With ``color="each"``, the pictures of the channels are added up.
        """
        check_is_fitted(self)
        height, width = self.image_shape_[:2]
        pictures = self._run(X, self._n_planes * height * width, self._draw)
        return pictures.reshape(len(pictures), self._n_planes, height, width).sum(axis=1)

    @property
    def _n_bins(self):
        """Number of orientations as a Python integer, whose products do not overflow."""
        return int(self.orientations)

    @property
    def _n_planes(self):
        """Number of planes per image whose histograms are computed separately."""
        return (*self.image_shape_, 1)[2] if self.color == "each" else 1

    def _run(self, X, n_values, finish):
        """Compute the cell histograms, from which ``finish(histograms, out)`` makes the results."""
        images = self._images(X)
        self._check_sign(images)
        n_pictures, n_pixels = len(images) * self._n_planes, images[0, ..., 0].size
        out = np.empty((len(images), n_values), float_dtype(images.dtype))
        histograms = np.empty((len(images), prod(self._shape_of_histograms)), out.dtype)
        in_bytes = images.dtype in (np.uint8, np.bool_) and not self.transform_sqrt
        if in_bytes and (self.color != "gray" or images.shape[3] == 1):
            make_worker = partial(self._byte_worker, images.view(np.uint8), histograms)
        else:
            make_worker = partial(self._float_worker, images, histograms)
        size = max(self._n_planes * n_pixels, histograms.shape[1])
        run_in_blocks(make_worker, len(images), size, self.n_jobs)
        check_overflow(histograms, images)

        histograms = histograms.reshape(n_pictures, *self.n_cells_, self._n_bins)
        pictures = out.reshape(n_pictures, -1)

        def make_finisher(block_size):
            return lambda block: finish(histograms[block], pictures[block])

        # A histogram has fewer values than an image, so a block may hold more of them. With fewer,
        # larger blocks the threads wait less for each other.
        run_in_blocks(make_finisher, n_pictures, max(1, pictures.shape[1] // 4), self.n_jobs)
        return out

    def _planes(self, images):
        """Return images (n, h, w, c) as they are or, for "each", as channels (n c, h, w, 1)."""
        if self.color != "each":
            return images
        return np.moveaxis(images, 3, 1).reshape(-1, *images.shape[1:3], 1)

    def _byte_worker(self, images, histograms, block_size):
        n_pictures, n_channels = block_size * self._n_planes, images.shape[3] // self._n_planes
        shape = (*images.shape[1:3], n_channels)
        vote = byte_voter(shape, n_pictures, self._n_bins, self.signed)
        sums = self._vote_sums(VoteSums, n_pictures)

        def worker(block):
            bins, votes = vote(self._planes(images[block]))
            histograms[block] = sums.add(bins, votes).reshape(-1, histograms.shape[1])

        return worker

    def _float_worker(self, images, histograms, block_size):
        n_pictures, n_channels = block_size * self._n_planes, images.shape[3] // self._n_planes
        is_colored_gray = self.color == "gray" and n_channels == 3
        shape = (*images.shape[1:3], 1 if is_colored_gray else n_channels)
        vote = FloatVoter(shape, n_pictures, histograms.dtype, self._n_bins, self.signed)
        # The features of float64 images equal those of scikit-image, which adds up the votes in
        # float32. For other images, sums in float64 are faster and more accurate.
        like_skimage = images.dtype == np.float64
        sums = self._vote_sums(VoteSumsLikeSkimage if like_skimage else VoteSums, n_pictures)

        def worker(block):
            pixels = self._planes(images[block])
            with np.errstate(over="ignore", invalid="ignore"):  # check_overflow reports it
                if self.transform_sqrt:
                    pixels = np.sqrt(pixels, dtype=histograms.dtype)
                if is_colored_gray:
                    pixels = luminance(pixels.astype(histograms.dtype, copy=False))
                if like_skimage:
                    result = sums.add(*vote(pixels), vote.votes_of_hypot)
                else:
                    result = sums.add(*vote(pixels))
            histograms[block] = result.reshape(-1, histograms.shape[1])

        return worker

    def _vote_sums(self, kind, n_pictures):
        shape = self.image_shape_[:2]
        return kind(n_pictures, shape, self.n_cells_, self.pixels_per_cell_, self._n_bins)

    def _describe(self, histograms, out):
        """Write the normalized blocks into `out`."""
        if self.block_norm is None:
            out[...] = histograms.reshape(out.shape)
            return
        block_h, block_w = self.cells_per_block_
        windows = sliding_window_view(histograms, (block_h, block_w), axis=(1, 2))
        of_blocks = out.reshape(len(out), *self.n_blocks_, block_h, block_w, self._n_bins)
        of_blocks[...] = windows.transpose(0, 1, 2, 4, 5, 3)
        normalize_blocks(of_blocks.reshape(len(out), prod(self.n_blocks_), -1), self.block_norm)

    def _draw(self, histograms, out):
        """Draw the histograms into `out`, a picture per row."""
        pictures = out.reshape(len(out), *self.image_shape_[:2])
        draw_histograms(histograms, pictures, self.pixels_per_cell_, self.signed)

    @property
    def _shape_of_histograms(self):
        return (self._n_planes, *self.n_cells_, self._n_bins)

    @property
    def _shape_of_features(self):
        if self.block_norm is None:
            return self._shape_of_histograms
        return (self._n_planes, *self.n_blocks_, *self.cells_per_block_, self._n_bins)

    @property
    def _n_features_out(self):
        return prod(self._shape_of_features)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the names of the features, such as the columns of a data frame have.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the pixels, which are only compared with those seen in `fit`.

        Returns
        -------
        names : ndarray of str objects of shape (n_features_out,)
            ``hog_r{row}_c{column}_y{row in the block}_x{column in the block}_bin{orientation}``;
            without normalization ``hog_r{row}_c{column}_bin{orientation}``. With ``color="each"``
            the names begin with the channel, ``hog_ch{channel}_r{row}``.
        """
        check_is_fitted(self)
        self._check_input_features(input_features)
        axes = "ch r c bin" if self.block_norm is None else "ch r c y x bin"
        names = [
            "_".join(f"{axis}{k}" for axis, k in zip(axes.split(), index, strict=True))
            for index in np.ndindex(*self._shape_of_features)
        ]
        if self.color != "each":
            names = [name.removeprefix("ch0_") for name in names]
        return np.array([f"hog_{name}" for name in names], dtype=object)
