"""Networks on images: their layers from an architecture, and what can be asked of them."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from sk231n._estimators import float_dtype, one_blas_thread, only_numbers
from sk231n._floating_point import contained
from sk231n._images import (
    check_image_shape,
    image_rows,
    refuse_channels_first,
    resolve_image_shape,
    without_grey_axis,
)
from sk231n._prediction import refuse_overflow
from sk231n._sklearn import StrOptions
from sk231n._threads import count_threads, run_on_threads
from sk231n.core.augmentation import as_augmentations
from sk231n.core.convolution import Conv2D
from sk231n.core.errors import naming
from sk231n.core.layer import Layer
from sk231n.core.pooling import GlobalAveragePool2D
from sk231n.core.positions import scores_at_positions
from sk231n.core.standardize import Standardize
from sk231n.core.stored import in_pieces
from sk231n.core.windows import SIDES, as_pair
from sk231n.neural._architecture import (
    POOLINGS,
    check_architecture,
    filter_size,
    pooling_layer,
    shapes_along,
)
from sk231n.neural._augmented import AUGMENTATION_CONSTRAINTS, changes_of_rows
from sk231n.neural._network import NETWORK_CONSTRAINTS, NetworkEstimator

CONVOLUTIONAL_CONSTRAINTS: dict[str, list[Any]] = {
    **NETWORK_CONSTRAINTS,
    **AUGMENTATION_CONSTRAINTS,
    "architecture": [list, tuple],
    "image_shape": [list, tuple, None],
    "kernel_size": SIDES,
    "pooling": [StrOptions(set(POOLINGS)), None],
    "pool_size": SIDES,
    "head": [StrOptions({"average", "flatten"})],
}

_FEWEST_IMAGES, _MOST_IMAGES = 8, 64  # of a micro-batch
_FEW_VALUES = 2**14  # of a layer's output: calls take longer than the arithmetic of fewer
_BATCH_SIZE = 128  # of "auto": a step takes long, and filters need many of them
_MOST_VALUES = 2**20  # of a layer's output: a few of them lie in the cache


class ConvolutionalNetwork(NetworkEstimator):
    """Mixin of the networks on images."""

    image_shape_: tuple[int, ...]
    layers_: list[Layer]

    _described_by = (
        "architecture", "hidden_layer_sizes", "kernel_size", "pooling", "pool_size", "head",
        "activation", "normalization",
    )  # fmt: skip

    _large_data = 2**10
    _share_of_planned_steps = 0.3

    def _micro_batch(self, network):
        """Number of images that pass through the network together."""
        most = max(_MOST_IMAGES, _FEW_VALUES // network.largest_output)
        return min(most, max(_FEWEST_IMAGES, _MOST_VALUES // network.largest_output))

    _predicted_rows = _micro_batch

    def _planned_batch_size(self):
        return _BATCH_SIZE

    def _as_rows(self, X):
        return image_rows(X)

    def _check_images(self, image_shape, n_features, learn=False):
        if learn:
            self.image_shape_ = resolve_image_shape(self.image_shape, image_shape, n_features)
            refuse_channels_first(self.image_shape_, image_shape)
            self._shape_is_guessed_ = self.image_shape is None and image_shape is None
        elif image_shape and without_grey_axis(image_shape) != without_grey_axis(self.image_shape_):
            raise ValueError(
                f"X holds images of shape {image_shape}, but {type(self).__name__} was fitted on "
                f"images of shape {self.image_shape_}."
            )

    def _sample_shape(self, n_features):
        return (*self.image_shape_, 1)[:3]

    def _augment(self, sample_shape, dtype):
        return changes_of_rows(self.augmentation, sample_shape, dtype)

    def _hidden_blocks(self):
        """Layers of each hidden block: standardisation, convolutional, fully connected."""
        sizes, image_shape = self._hidden_sizes(), self._sample_shape(None)
        blocks = [[Standardize()]]
        if check_architecture(self.architecture):
            blocks.append([layer.plain() for layer in self.architecture])
            activations = self._activations(len(sizes))
        else:
            n_convolutions = sum(map(len, self.architecture))
            activations = self._activations(n_convolutions + len(sizes))
            blocks += self._convolutional_blocks(iter(activations), image_shape)
            activations = activations[n_convolutions:]
        blocks += map(self._affine_block, sizes, activations)
        shapes_along([layer for block in blocks for layer in block], image_shape)
        return blocks

    def _convolutional_blocks(self, activations: Iterable[Any], image_shape: tuple[int, ...]):
        guessed = self._shape_is_guessed_
        size = filter_size(self.kernel_size, image_shape, guessed=guessed)
        layers: list[Layer] = []
        for block in self.architecture:
            for n_filters, activation in zip(block, activations, strict=False):
                initializer = self._initializer(auto=activation.initializer)
                convolution = Conv2D(
                    activation.n_inputs(int(n_filters)), size, initializer=initializer,
                    max_norm=self._max_norm(),
                )  # fmt: skip
                layers += self._finished(convolution, activation)
            if self.pooling is not None:
                shapes = shapes_along(layers, image_shape)
                layers.append(pooling_layer(self.pooling, self.pool_size, shapes, guessed=guessed))
        if self.head == "average":
            layers.append(GlobalAveragePool2D())
        return [layers]

    def _given_layers(self):
        layers = super()._given_layers()
        return [*layers, *self.architecture] if check_architecture(self.architecture) else layers

    def _check_arguments(self):
        super()._check_arguments()
        for name in ("kernel_size", "pool_size"):
            as_pair(getattr(self, name), name)
        if self.image_shape is not None:
            check_image_shape(self.image_shape)
        n_convolutions = 0
        if not check_architecture(self.architecture):
            n_convolutions = sum(map(len, self.architecture))
        self._activations(n_convolutions + len(self._hidden_sizes()))
        as_augmentations(self.augmentation)

    def _attributes_from(self, network, views):
        return super()._attributes_from(network, views) | {"layers_": network.layers}

    @contained
    def feature_maps(self, X: ArrayLike) -> list[NDArray[Any]]:
        """Compute the outputs of all layers, as in prediction.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            The images.

        Returns
        -------
        list of ndarray of shape (n_samples, height, width, n_channels) or (n_samples, width)
            The output of each of ``layers_``: the standardised images first, the scores last.

        Raises
        ------
        ValueError
            If `X` is not like the training data.
        """
        check_is_fitted(self)

        def compute(network, parameters, x, phase):
            return network.outputs(parameters, x)

        maps = self._outputs(self._validated(X), compute)
        for of_layer in maps:
            refuse_overflow(of_layer.reshape(len(of_layer), -1))
        return maps

    @contained
    @in_pieces
    def decision_map(self, X: ArrayLike) -> NDArray[Any]:
        """Compute the scores at every position of larger images.

        Convolution and pooling slide over images of any size. The first layer that turns images
        into rows slides as well, over windows of the size that it has seen in training, and the
        layers after it treat each position as a sample. This is the notes' conversion of fully
        connected layers into convolutions.

        Parameters
        ----------
        X : array-like of shape (n_samples, height, width) or (n_samples, height, width, n_channels)
            Images at least as large as those of ``fit``.

        Returns
        -------
        ndarray of shape (n_samples, rows, columns, n_classes), or (n_samples, rows, columns)
            The ``decision_function`` at each position. From one position to the next it is as many
            pixels as the product of all strides.

        Raises
        ------
        ValueError
            If the images are smaller than those of ``fit``, or have other channels.

        Notes
        -----
        The scores equal those of crops of the images wherever no padding is involved: zeros around
        a crop are pixels of the neighbourhood here. A layer normalization takes its moments from
        the whole image.

        References
        ----------
        CS231n course notes, "Convolutional neural networks",
        https://cs231n.github.io/convolutional-networks/#convert.
        """
        check_is_fitted(self)
        images = self._images_for_map(X)
        network, parameters = self._fitted()
        dtype = np.result_type(float_dtype(images.dtype), np.asarray(self.coefs_[0]))
        maps: dict[int, NDArray[Any]] = {}

        def compute(k):
            maps[k] = scores_at_positions(network, parameters, images[k : k + 1].astype(dtype))

        def make_worker():
            np.seterr(over="ignore", invalid="ignore")  # in the context of the worker alone
            return compute

        with one_blas_thread():
            run_on_threads(make_worker, range(len(images)), count_threads(None))
        scores = np.concatenate([maps[k] for k in range(len(images))])
        refuse_overflow(scores.reshape(len(scores), -1))
        is_binary = scores.shape[-1] == 2 and not getattr(self, "_multilabel_", False)
        return scores[..., 1] - scores[..., 0] if is_binary else scores

    def _images_for_map(self, X):
        """Images of shape (n, h, w, c) of any size."""
        rows, image_shape = self._as_rows(X)
        height, width, n_channels = self._sample_shape(None)
        given = (*(image_shape or ()), 1)[:3]
        if not image_shape or given[2] != n_channels or given[0] < height or given[1] < width:
            found = f"images of shape {image_shape}" if image_shape else "rows"
            raise ValueError(
                f"decision_map needs a stack of images of at least {height} x {width} pixels with "
                f"{n_channels} channels, like those of fit; X holds {found}."
            )
        with naming("X"), np.errstate(over="ignore", invalid="ignore"):  # sums that find infinities
            rows = only_numbers(check_array(rows, input_name="X"))
        return rows.reshape(len(rows), *given)
