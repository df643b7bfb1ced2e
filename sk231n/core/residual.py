"""The residual block: layers that learn what to add to their input."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.layer import PREDICTION, Layer, Phase


class Residual(Layer):
    r"""A residual block, :math:`y = f(x) + s(x)`: layers, and a shortcut around them.

    Parameters
    ----------
    layers : sequence of Layer
        The layers of :math:`f`, one after the other.
    shortcut : Layer, sequence of Layer or None, default=None
        The layers of :math:`s`, such as a convolution of size one where the layers change the
        shape; None for the input itself.

    Notes
    -----
    The gradient flows through the shortcut unchanged, which is what makes deep networks trainable.
    The parameters of inner layers are named by their position, such as ``W_0`` and ``b_0``; those
    of the shortcut come last.

    References
    ----------
    K. He et al., "Deep residual learning for image recognition", CVPR 2016, :arxiv:`1512.03385`.

    Examples
    --------
    >>> from sk231n.layers import BatchNorm, Conv2D, ReLU, Residual
    >>> block = Residual([Conv2D(16), BatchNorm(), ReLU(), Conv2D(16), BatchNorm()])
    >>> block.output_shape((32, 32, 16))
    (32, 32, 16)
    >>> half = Residual([Conv2D(32, stride=2), ReLU(), Conv2D(32)], Conv2D(32, 1, stride=2))
    >>> half.output_shape((32, 32, 16))
    (16, 16, 32)
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "layers": [list, tuple],
        "shortcut": [Layer, list, tuple, None],
    }

    def __init__(
        self, layers: Sequence[Layer], shortcut: Layer | Sequence[Layer] | None = None
    ) -> None:
        self.layers = layers
        self.shortcut = shortcut

    def check(self) -> None:
        """Raise an error that names the parameter if one is outside of its range."""
        super().check()
        if not self.layers:
            raise ValueError("layers of Residual must hold at least one layer; got none.")
        for name, layers in (("layers", self.layers), ("shortcut", self._around())):
            for layer in layers:
                if not isinstance(layer, Layer):
                    raise ValueError(f"{name} of Residual must hold layers; got {layer!r}.")
                if layer.standardizes:
                    raise ValueError(
                        f"{name} of Residual hold {layer!r}, whose moments training sets for the "
                        "first layer of a network alone; leave it out."
                    )
                layer.check()

    def _around(self):
        """Layers of the shortcut."""
        if self.shortcut is None:
            return []
        return [self.shortcut] if isinstance(self.shortcut, Layer) else list(self.shortcut)

    def _all(self) -> list[Layer]:
        return [*self.layers, *self._around()]

    @property
    def parts(self) -> tuple[Layer, ...]:
        """The inner layers, those of the shortcut last."""
        return tuple(self._all())

    def _names(self, role):
        return tuple(
            f"{name}_{k}" for k, layer in enumerate(self._all()) for name in getattr(layer, role)
        )

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the inner parameters that multiply inputs."""
        return self._names("weights")

    @property
    def intercepts(self) -> tuple[str, ...]:
        """Names of the inner parameters that are added to outputs."""
        return self._names("intercepts")

    @property
    def statistics(self) -> tuple[str, ...]:
        """Names of the inner arrays that ``forward`` updates."""
        return self._names("statistics")

    @property
    def random(self) -> bool:
        """Whether an inner layer draws random numbers while training."""
        return any(layer.random for layer in self._all())

    @property
    def normalizes(self) -> bool:
        """Whether an inner layer normalises."""
        return any(layer.normalizes for layer in self._all())

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape that both ways lead to; see :meth:`Layer.output_shape`."""
        ends = [_shapes_along(layers, input_shape)[-1] for layers in (self.layers, self._around())]
        if ends[0] != ends[1]:
            raise ValueError(
                f"Residual adds what its layers return, of shape {ends[0]}, to what its shortcut "
                f"returns, of shape {ends[1]}, for inputs of shape {tuple(input_shape)}; the two "
                "must be equal. A shortcut such as Conv2D(n_filters, 1, stride=2) changes both "
                "channels and size."
            )
        return ends[0]

    def shapes(self, input_shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the inner parameters; see :meth:`Layer.shapes`."""
        inputs = [
            shape
            for layers in (self.layers, self._around())
            for shape in _shapes_along(layers, input_shape)[:-1]
        ]
        return {
            f"{name}_{k}": shape
            for k, (layer, inner) in enumerate(zip(self._all(), inputs, strict=True))
            for name, shape in layer.shapes(inner).items()
        }

    def initialize(self, p: SimpleNamespace, rng: np.random.RandomState) -> None:
        """Draw the first parameters of the inner layers; see :meth:`Layer.initialize`."""
        for layer, inner in self._inner(p):
            layer.initialize(inner, rng)

    def forward(
        self, p: SimpleNamespace, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back; see :meth:`Layer.forward`."""
        inner = [views for _, views in self._inner(p)]
        n_layers = len(self.layers)
        y, through = _forward(self.layers, inner[:n_layers], x, phase)
        z, around = _forward(self._around(), inner[n_layers:], x, phase)

        def backward(dy, g, need_dx=True):
            of_inner = [views for _, views in self._inner(g)]
            # The shortcut first: without layers it returns the gradient itself, left as it is.
            dz = around(dy, of_inner[n_layers:], need_dx)
            dx = through(dy, of_inner[:n_layers], need_dx)
            return dx + dz if need_dx else None

        return y + z, backward

    def inputs_of_weights(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return what the first inner weights see if nothing before them changes the input.

        Parameters
        ----------
        x : ndarray of shape (n_samples, ...)
            The input.

        Returns
        -------
        ndarray of shape (n_samples, n_inputs) or (n_samples, n_positions, n_inputs)
            See :meth:`Layer.inputs_of_weights`.
        """
        weighted = [layer for layer in self._all() if layer.weights]
        return weighted[0].inputs_of_weights(x) if weighted else x.reshape(len(x), -1)

    def project(self, p: SimpleNamespace, factors: Mapping[str, Any]) -> None:
        """Move the inner parameters to the nearest allowed ones; see :meth:`Layer.project`."""
        all_factors = self._inner(SimpleNamespace(**factors))
        for (layer, inner), (_, of_inner) in zip(self._inner(p), all_factors, strict=True):
            layer.project(inner, vars(of_inner))

    def weight_factors(self, scale: NDArray[Any] | None = None) -> dict[str, Any]:
        """Return the factors of the inner layers; see :meth:`Layer.weight_factors`."""
        return {
            f"{name}_{k}": factor
            for k, layer in enumerate(self._all())
            for name, factor in layer.weight_factors().items()
        }

    def _inner(self, p: SimpleNamespace) -> Iterator[tuple[Layer, SimpleNamespace]]:
        """Inner layers with their arrays, under the names that they know."""
        for k, layer in enumerate(self._all()):
            end = f"_{k}"
            arrays = vars(p).items()
            names = {name[: -len(end)]: array for name, array in arrays if name.endswith(end)}
            yield layer, SimpleNamespace(**names)


def _shapes_along(layers, shape):
    """Shapes of one sample before, between and after some layers."""
    shapes = [tuple(shape)]
    for layer in layers:
        shapes.append(tuple(layer.output_shape(shapes[-1])))
    return shapes


def _forward(layers, views, x, phase):
    """Compute the outputs of some layers, one after the other, and the pull-back."""
    pull_backs = []
    for layer, p in zip(layers, views, strict=True):
        if phase.watch is not None:
            phase.watch(layer, x)
        x, backward = layer.forward(p, x, phase)
        pull_backs.append(backward)

    def backward(dy, g, need_dx):
        for k in reversed(range(len(layers))):
            dy = pull_backs[k](dy, g[k], need_dx or k > 0)
        return dy

    return x, backward
