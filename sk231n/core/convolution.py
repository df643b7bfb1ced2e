"""The convolution: filters that slide over images."""

from collections.abc import Callable, Sequence
from numbers import Real
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n._sklearn import StrOptions
from sk231n.core import taps, winograd
from sk231n.core.arguments import Number, count
from sk231n.core.initializers import He, Initializer
from sk231n.core.layer import PREDICTION, Phase
from sk231n.core.planes import as_matrix, from_planes, to_planes
from sk231n.core.weighted import WeightedLayer
from sk231n.core.windows import (
    PADDINGS,
    PIXELS,
    SIDES,
    Axis,
    as_pair,
    convolution_axis,
    image_sides,
    padded,
)


class Conv2D(WeightedLayer):
    r"""Convolution: each filter slides over the image and is multiplied with what it covers.

    Parameters
    ----------
    n_filters : int
        Number of filters: channels of the output.
    size : int or pair of int, default=3
        Height and width of the filters in pixels.
    stride : int or pair of int, default=1
        Pixels from one position of a filter to the next.
    padding : {"same", "valid"} or int, default="same"
        Zeros around the image: a number of pixels on each side, or none for "valid". "same" takes
        as many as give one output per stride, :math:`\lceil W / S \rceil` along a side; with a
        stride of one the image keeps its size.
    dilation : int or pair of int, default=1
        Pixels from one tap of a filter to the next.
    initializer : Initializer, default=He()
        Draws ``W``: ``initializer(rng, (height, width, n_channels, n_filters))``.
    max_norm : float or None, default=None
        Largest length of a filter; longer ones are shortened after each step.

    Notes
    -----
    At position :math:`(i, j)`, with the stride :math:`S` and the dilation :math:`D`,

    .. math::

        y_{ijk} = b_k + \sum_{u, v, c} W_{uvck} \, x_{Si + Du, \, Sj + Dv, \, c},

    the image being extended by zeros. A side of :math:`W` pixels gives
    :math:`(W - F + 2P) / S + 1` outputs, with :math:`P` zeros at each end and
    :math:`F = D (\text{size} - 1) + 1`; if this is no whole number, the filters do not fit.

    In float32, filters of 3 x 3 with a stride and a dilation of one are computed by Winograd's
    algorithm, whose rounding is a few 1e-6 of the largest output.

    References
    ----------
    CS231n course notes, "Convolutional neural networks",
    https://cs231n.github.io/convolutional-networks/.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from sk231n.layers import Conv2D
    >>> Conv2D(96, 11, stride=4, padding="valid").output_shape((227, 227, 3))
    (55, 55, 96)
    >>> edges = SimpleNamespace(W=np.array([-1.0, 1.0]).reshape(1, 2, 1, 1), b=np.zeros(1))
    >>> image = np.array([[0.0, 0.0, 5.0, 5.0]]).reshape(1, 1, 4, 1)
    >>> Conv2D(1, (1, 2), padding="valid").forward(edges, image)[0].ravel()
    array([0., 5., 0.])
    """

    releases_output = releases_gradient = True
    _parameter_constraints: dict[str, list[Any]] = {
        "n_filters": [count(1)],
        "size": SIDES,
        "stride": SIDES,
        "padding": [StrOptions(PADDINGS), PIXELS],
        "dilation": SIDES,
        "initializer": [Initializer],
        "max_norm": [Number(Real, 0, None, closed="neither"), None],
    }

    def __init__(
        self,
        n_filters: int,
        size: int | Sequence[int] = 3,
        *,
        stride: int | Sequence[int] = 1,
        padding: str | int = "same",
        dilation: int | Sequence[int] = 1,
        initializer: Initializer = He(),  # noqa: B008 (it holds no state)
        max_norm: float | None = None,
    ) -> None:
        self.n_filters = n_filters
        self.size = size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.initializer = initializer
        self.max_norm = max_norm

    def check(self) -> None:
        """Raise an error that names the parameter if one is outside of its range."""
        super().check()
        for name in ("size", "stride", "dilation"):
            as_pair(getattr(self, name), name)

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return ``(height, width, n_filters)``; see :meth:`Layer.output_shape`."""
        rows, columns = self._axes(input_shape)
        return rows.n_windows, columns.n_windows, self.n_filters

    def shapes(self, input_shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Return the shapes of ``W`` and ``b``; see :meth:`Layer.shapes`."""
        n_channels = image_sides(self, input_shape)[2]
        filters = (*as_pair(self.size, "size"), n_channels, self.n_filters)
        return {"W": filters, "b": (self.n_filters,)}

    def forward(
        self, p: SimpleNamespace, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back; see :meth:`Layer.forward`."""
        planes = to_planes(x)
        y, pull_back = self._convolve(planes, p.W, *self._axes(x.shape[1:]), phase.empty)
        outputs = as_matrix(from_planes(y))
        outputs += np.tile(p.b, len(x))

        def backward(dy, g, need_dx=True):
            dy = to_planes(dy)
            sums = np.ones(dy.shape[0] * dy.shape[1], dy.dtype) @ as_matrix(from_planes(dy))
            np.sum(sums.reshape(len(x), -1), axis=0, out=g.b)
            dx = pull_back(dy, g.W, need_dx)
            return from_planes(dx) if need_dx else None

        return from_planes(y), backward

    def inputs_of_weights(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return four patches of each image, a third of a side from its border.

        Parameters
        ----------
        x : ndarray of shape (n_samples, h, w, n_channels)
            The input.

        Returns
        -------
        ndarray of shape (n_samples, 4, height * width * n_channels)
            What the filters are multiplied with at these positions.
        """
        rows, columns = self._axes(x.shape[1:])
        image = np.moveaxis(padded(np.moveaxis(x, 0, -2), rows, columns), -2, 0)
        patches = [
            image[
                :,
                top * rows.stride : top * rows.stride + rows.reach : rows.dilation,
                left * columns.stride : left * columns.stride + columns.reach : columns.dilation,
            ].reshape(len(x), -1)
            for top in _thirds(rows.n_windows)
            for left in _thirds(columns.n_windows)
        ]
        return np.stack(patches, axis=1)

    def _axes(self, input_shape: tuple[int, ...]) -> tuple[Axis, Axis]:
        """Where the filters are put along the height and along the width."""
        sides = image_sides(self, input_shape)[:2]
        height, width = (
            convolution_axis(self, side, size, stride, dilation, self.padding)
            for side, size, stride, dilation in zip(
                sides,
                as_pair(self.size, "size"),
                as_pair(self.stride, "stride"),
                as_pair(self.dilation, "dilation"),
                strict=True,
            )
        )
        return height, width

    def _convolve(self, planes, filters, rows, columns, empty):
        """Convolve with the algorithm that suits the filters."""
        if planes.dtype == np.float32 and winograd.suits(rows, columns):
            return winograd.convolve(planes, filters, rows.before, empty)
        return taps.convolve(planes, filters, rows, columns, empty)


def _thirds(n_windows):
    """A position a third of the way along an axis, and one two thirds of it."""
    return (n_windows - 1) // 3, (n_windows - 1) * 2 // 3
