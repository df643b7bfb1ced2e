"""The network: layers one after the other over one flat parameter vector."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sk231n.core.blocks import blocks
from sk231n.core.layer import PREDICTION, Layer, Phase
from sk231n.core.parameters import Layout

_IMAGES_AT_ONCE = 16


class Network:
    """Layers one after the other, with one :class:`~sk231n.core.parameters.Layout` for all.

    Parameters
    ----------
    layers : sequence of Layer
        From the input to the scores.
    input_shape : int or tuple of int
        Shape of one sample: the number of features, or ``(h, w, c)`` for images.

    Attributes
    ----------
    layout : Layout
        Where the parameters of each layer lie in the flat vector.
    input_shapes : list of tuple of int
        Shape of one sample of each layer's input.
    output_shape : tuple of int
        Shape of one sample of the last layer's output.
    n_outputs : int
        Number of scores of a sample.
    largest_output : int
        Number of values of a sample that the layer with the most of them returns.
    first_trained : int
        Index of the first layer with parameters that are trained, at which the gradient ends.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import Affine, Network
    >>> network = Network([Affine(4), Affine(2)], 3)
    >>> theta = network.initialize(np.random.RandomState(0), np.float64)
    >>> theta.shape  # 3 * 4 weights, 4 intercepts, 4 * 2 weights, 2 intercepts
    (26,)
    >>> scores, backward = network.forward(network.layout.views(theta), np.ones((5, 3)))
    >>> scores.shape
    (5, 2)
    """

    def __init__(self, layers: Iterable[Layer], input_shape: int | Sequence[int]) -> None:
        self.layers: list[Layer] = list(layers)
        self.input_shapes: list[tuple[int, ...]] = []
        shapes = []
        shape = (input_shape,) if isinstance(input_shape, Integral) else tuple(input_shape)
        for layer in self.layers:
            self.input_shapes.append(shape)
            shapes.append(_checked_shapes(layer, shape))
            shape = layer.output_shape(shape)
        self.output_shape: tuple[int, ...] = shape
        self.n_outputs: int = math.prod(shape)
        self.largest_output: int = max(map(math.prod, [*self.input_shapes[1:], shape]), default=1)
        self.layout: Layout = Layout(shapes)
        trained = [
            shapes.keys() > set(layer.statistics)
            for layer, shapes in zip(self.layers, self.layout.shapes, strict=True)
        ]
        self.first_trained: int = trained.index(True) if True in trained else len(trained)

    def initialize(self, rng: np.random.RandomState, dtype: DTypeLike) -> NDArray[Any]:
        """Draw the first parameters.

        Parameters
        ----------
        rng : RandomState
            Source of randomness.
        dtype : dtype
            Floating-point type of the parameters.

        Returns
        -------
        ndarray of shape (size,)
            The flat vector.
        """
        theta = self.layout.zeros(dtype)
        for layer, p in zip(self.layers, self.layout.views(theta), strict=True):
            views = dict(vars(p))
            layer.initialize(p, rng)
            if any(getattr(p, name, None) is not view for name, view in views.items()):
                raise ValueError(
                    f"{layer}: initialize must write into the arrays of p, as in "
                    f"p.{next(iter(views))}[...] = 1; it replaced one."
                )
        return theta

    def as_samples(self, x: NDArray[Any]) -> NDArray[Any]:
        """Give rows the shape of samples.

        Parameters
        ----------
        x : ndarray of shape (n_samples, ...), or of rows
            The input; rows are samples in C order.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            The same numbers in floating point, a view where possible.
        """
        if x.dtype.kind != "f":
            x = x.astype(np.float32 if np.can_cast(x.dtype, np.float32) else np.float64)
        if not self.input_shapes or x.shape[1:] == self.input_shapes[0]:
            return x
        shape = self.input_shapes[0]
        if x.ndim != 2 or x.shape[1] != math.prod(shape):
            raise ValueError(
                f"x of shape {x.shape} does not hold samples of shape {shape}, nor rows of "
                f"{math.prod(shape)} values."
            )
        return x.reshape(len(x), *shape)

    def forward(
        self, views: Sequence[SimpleNamespace], x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the scores and their pull-back.

        The pull-back does not compute the gradient of the data, which training does not need; this
        saves about a third of the time of a wide affine layer. It can be used once, and frees what
        each layer has kept for it.

        Parameters
        ----------
        views : list of SimpleNamespace
            The parameters of each layer, ``layout.views(theta)``.
        x : ndarray of shape (n_samples, ...), or of rows
            The input; rows are samples in C order.
        phase : Phase, default=PREDICTION
            The current run, which is training or prediction.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_outputs)
            The scores.
        backward : callable
            ``backward(dscores, gradient_views)`` writes the gradients of the parameters.
        """
        pull_backs = []
        x = self.as_samples(x)
        for k, p in enumerate(views):
            x, pull_back = self._apply(k, p, x, self._told_what_is_free(k, phase))
            pull_backs.append(pull_back)

        def backward(dy, gradient_views):
            if len(pull_backs) < len(self.layers):
                raise RuntimeError(
                    "The pull-back of a network can be used once, because what it needs is freed "
                    "on the way; call forward again."
                )
            for k in reversed(range(self.first_trained, len(pull_backs))):
                # Popped, so that what the layer has kept for it is freed at once.
                dy = pull_backs.pop()(dy, gradient_views[k], need_dx=k > self.first_trained)

        return x, backward

    def _told_what_is_free(self, k, phase):
        """The phase of a layer that may overwrite what its neighbours release."""
        before, layer, after = [None, *self.layers, None][k : k + 3]
        if not _says(layer, "overwrites"):
            return phase
        return replace(
            phase,
            input_is_free=_says(before, "releases_output"),
            gradient_is_free=_says(after, "releases_gradient"),
        )

    def _apply(self, k, p, x, phase):
        """Output and pull-back of one layer; the user's own may return something else."""
        y, pull_back = self.layers[k].forward(p, x, phase)
        shape = self.input_shapes[k + 1] if k + 1 < len(self.layers) else self.output_shape
        if y.shape[1:] != shape:
            raise ValueError(
                f"{self.layers[k]}: forward returns samples of shape {y.shape[1:]}, but "
                f"output_shape says {shape}."
            )
        return y if y.dtype == x.dtype else y.astype(x.dtype), pull_back

    def weight_factors(self, scale: NDArray[Any] | None = None) -> list[dict[str, Any]]:
        """Return the factors that the penalty multiplies the weights of each layer by.

        Parameters
        ----------
        scale : ndarray of shape (n_inputs,) or None, default=None
            What training divides the inputs by: weights of such inputs are ``1 / scale`` times as
            large in the unit of the data. None for nothing.

        Returns
        -------
        list of dict
            One dict per layer; see :meth:`Layer.weight_factors`.
        """
        first, *others = self.layers
        return [first.weight_factors(scale), *(layer.weight_factors() for layer in others)]

    def normalized_weights(self) -> list[bool]:
        """Whether what each layer with weights returns is normalised before other weights see it.

        Returns
        -------
        list of bool
            One per layer with weights.
        """
        normalized = []
        for layer in self.layers:
            if layer.weights:
                normalized.append(layer.normalizes)
            elif normalized:
                normalized[-1] |= layer.normalizes
        return normalized

    def by_role(
        self, views: Sequence[SimpleNamespace]
    ) -> tuple[list[NDArray[Any]], list[NDArray[Any]], list[dict[str, NDArray[Any]]]]:
        """Sort the arrays of all layers by their roles.

        Parameters
        ----------
        views : list of SimpleNamespace
            The parameters of each layer.

        Returns
        -------
        weights, intercepts : list of ndarray
            The arrays of these roles, in the order of the layers.
        others : list of dict
            The other arrays of a layer, by name; layers without any are left out.
        """
        weights, intercepts, others = [], [], []
        for layer, p in zip(self.layers, views, strict=True):
            arrays = dict(vars(p))
            weights += [arrays.pop(name) for name in layer.weights]
            intercepts += [arrays.pop(name) for name in layer.intercepts]
            others += [arrays] if arrays else []
        return weights, intercepts, others

    def from_roles(
        self,
        weights: Iterable[NDArray[Any]],
        intercepts: Iterable[NDArray[Any]],
        others: Iterable[Mapping[str, NDArray[Any]]],
    ) -> list[SimpleNamespace] | None:
        """Undo :meth:`by_role`.

        Parameters
        ----------
        weights, intercepts : sequence of ndarray
            The arrays of these roles, in the order of the layers.
        others : sequence of dict
            The other arrays of the layers that have any.

        Returns
        -------
        list of SimpleNamespace
            The parameters of each layer; None if they do not fit this network.
        """
        weights, intercepts, others = iter(weights), iter(intercepts), iter(others)
        views = []
        for layer, shapes in zip(self.layers, self.layout.shapes, strict=True):
            arrays = {name: next(weights, None) for name in layer.weights}
            arrays |= {name: next(intercepts, None) for name in layer.intercepts}
            arrays |= next(others, {}) if len(arrays) < len(shapes) else {}
            if {name: getattr(array, "shape", None) for name, array in arrays.items()} != shapes:
                return None
            views.append(SimpleNamespace(**arrays))
        return None if [*weights, *intercepts, *others] else views

    def outputs(self, views: Sequence[SimpleNamespace], x: NDArray[Any]) -> list[NDArray[Any]]:
        """Outputs of all layers, in prediction.

        Parameters
        ----------
        views : list of SimpleNamespace
            The parameters of each layer.
        x : ndarray of shape (n_samples, ...)
            The input.

        Returns
        -------
        list of ndarray of shape (n_samples, ...)
            The output of each layer.
        """
        outputs = []
        x = self.as_samples(x)
        for k, p in enumerate(views):
            x, _ = self._apply(k, p, x, PREDICTION)
            outputs.append(x)
        return outputs

    def inputs_of_weights(self, theta: NDArray[Any], x: NDArray[Any]) -> list[NDArray[Any]]:
        """List the inputs of the layers that have weights, as these see them, in prediction.

        Parameters
        ----------
        theta : ndarray of shape (size,)
            The parameters.
        x : ndarray of shape (n_samples, ...), or of rows
            The input; rows are samples in C order.

        Returns
        -------
        list of ndarray of shape (n_samples, n_inputs) or (n_samples, n_positions, n_inputs)
            One array per layer with weights; see :meth:`Layer.inputs_of_weights`.
        """
        views, x = self.layout.views(theta), self.as_samples(x)
        # The outputs of all layers for a thousand images would take a gigabyte.
        size = _IMAGES_AT_ONCE if len(self.input_shapes[0]) > 1 else max(1, len(x))
        parts = [self._inputs_of_weights(views, x[block]) for block in blocks(len(x), size)]
        return [np.concatenate(of_layer) for of_layer in zip(*parts, strict=True)]

    def _inputs_of_weights(self, views, x):
        inputs = [x, *self.outputs(views, x)]
        return [
            layer.inputs_of_weights(x)
            for layer, x in zip(self.layers, inputs, strict=False)
            if layer.weights
        ]


def _says(layer, attribute):
    """Whether the class itself says so: a subclass may do something else with its arrays."""
    return bool(vars(type(layer)).get(attribute, False))


def _checked_shapes(layer, input_shape):
    """Shapes of the parameters of a layer, or an error that says what is wrong with the layer."""
    if not isinstance(layer, Layer):
        raise TypeError(f"layers must hold layers such as Affine(10); got {layer!r}.")
    shapes = layer.shapes(input_shape)
    if not shapes.keys() >= {*layer.weights, *layer.intercepts, *layer.statistics}:
        raise ValueError(
            f"{layer}: weights={layer.weights!r}, intercepts={layer.intercepts!r} and statistics="
            f"{layer.statistics!r} must be tuples of names out of {sorted(shapes)}, the parameters "
            "that shapes returns."
        )
    for name, shape in shapes.items():
        if not isinstance(shape, tuple | list) or not all(
            isinstance(n, int | Integral) and n > 0 for n in shape
        ):
            raise ValueError(
                f"{layer}: the shape of {name} must be a tuple of integers > 0; got {shape!r}."
            )
    return shapes
