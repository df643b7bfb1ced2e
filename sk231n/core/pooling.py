"""Pooling: one number for each window of an image, channel by channel."""

import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.layer import PREDICTION, Layer, Phase
from sk231n.core.planes import as_matrix, from_planes, to_planes
from sk231n.core.windows import SIDES, Axis, as_pair, image_sides, pooling_axis


class Pooling(Layer):
    """Base of the layers that pool windows: their size and their stride."""

    _parameter_constraints: dict[str, list[Any]] = {"size": SIDES, "stride": [*SIDES, None]}

    def __init__(self, size: int | Sequence[int] = 2, stride: int | Sequence[int] | None = None):
        self.size = size
        self.stride = stride

    def check(self) -> None:
        """Raise an error that names the parameter if one is outside of its range."""
        super().check()
        as_pair(self.size, "size")
        as_pair(self._stride(), "stride")

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the number of windows and channels; see :meth:`Layer.output_shape`."""
        rows, columns = self._axes(input_shape)
        return rows.n_windows, columns.n_windows, image_sides(self, input_shape)[2]

    def _stride(self):
        return self.size if self.stride is None else self.stride

    def _axes(self, input_shape: tuple[int, ...]) -> tuple[Axis, Axis]:
        """Where the windows lie along the height and along the width."""
        sides = image_sides(self, input_shape)[:2]
        sizes, strides = as_pair(self.size, "size"), as_pair(self._stride(), "stride")
        height, width = map(pooling_axis, (self, self), sides, sizes, strides)
        return height, width

    def _no_gradient(self, shape, dtype, phase):
        """Planes for gradients, and whether windows overlap; zero where gradients are added."""
        dx = phase.empty(shape, dtype)
        axes = self._axes((*shape[:2], shape[3]))
        overlap = any(axis.stride < axis.size for axis in axes)
        if overlap or any(axis.rest or axis.stride > axis.size for axis in axes):
            dx[...] = 0
        return dx, overlap

    def _taps(self, x):
        """Views of planes that hold, for each window, its first pixel, its second, and so on."""
        rows, columns = self._axes((*x.shape[:2], x.shape[3]))
        return [x[rows.at(i), columns.at(j)] for i in range(rows.size) for j in range(columns.size)]


class MaxPool2D(Pooling):
    r"""The largest value of each window.

    Parameters
    ----------
    size : int or pair of int, default=2
        Height and width of the windows in pixels.
    stride : int, pair of int or None, default=None
        Pixels from one window to the next; None for `size`, so that windows do not overlap.

    Notes
    -----
    A side of :math:`W` pixels gives :math:`\lfloor (W - F) / S \rfloor + 1` windows: pixels at the
    right and at the bottom that fill no further window are left out. Of equal values the first one,
    row by row, takes the gradient; where windows overlap, gradients add up.

    References
    ----------
    CS231n course notes, "Convolutional neural networks",
    https://cs231n.github.io/convolutional-networks/#pool.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import MaxPool2D
    >>> image = np.array([[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])
    >>> MaxPool2D().forward(None, image.reshape(1, 4, 4, 1))[0].reshape(2, 2)
    array([[6., 8.],
           [3., 4.]])
    """

    releases_output = releases_gradient = True

    def forward(
        self, p: SimpleNamespace | None, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back; see :meth:`Layer.forward`."""
        planes = to_planes(x)
        shape, taps = planes.shape, self._taps(planes)
        y = phase.empty(taps[0].shape, x.dtype)
        np.copyto(y, taps[0])
        for values in taps[1:]:
            np.maximum(y, values, out=y)
        # Found now, so that neither the input nor the output has to be kept.
        winners = self._winners(taps, y, phase)

        def backward(dy, g, need_dx=True):
            dy, (dx, overlap) = to_planes(dy), self._no_gradient(shape, dy.dtype, phase)
            part = phase.empty(dy.shape, dy.dtype) if overlap else None
            for wins, out in zip(winners, self._taps(dx), strict=True):
                if overlap:
                    out += np.multiply(dy, wins, out=part)
                else:
                    np.multiply(dy, wins, out=out)
            return from_planes(dx)

        return from_planes(y), backward

    def _winners(self, taps, y, phase):
        """For each tap the windows whose largest value it is the first to hold."""
        free = phase.empty(y.shape, bool)
        free[...] = True
        winners = []
        for values in taps[:-1]:
            wins = np.equal(values, y, out=phase.empty(y.shape, bool))
            wins &= free
            free ^= wins
            winners.append(wins)
        return [*winners, free]

    def kink_sides(self, x: NDArray[Any]) -> NDArray[Any]:
        """Say which pixel of each window wins; see :meth:`Layer.kink_sides`."""
        return np.argmax(self._taps(to_planes(x)), axis=0)


class AveragePool2D(Pooling):
    r"""The mean of each window.

    Parameters
    ----------
    size : int or pair of int, default=2
        Height and width of the windows in pixels.
    stride : int, pair of int or None, default=None
        Pixels from one window to the next; None for `size`, so that windows do not overlap.

    Notes
    -----
    A side of :math:`W` pixels gives :math:`\lfloor (W - F) / S \rfloor + 1` windows: pixels at the
    right and at the bottom that fill no further window are left out.

    References
    ----------
    CS231n course notes, "Convolutional neural networks",
    https://cs231n.github.io/convolutional-networks/#pool.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import AveragePool2D
    >>> image = np.array([[1.0, 3, 2, 4], [5, 7, 6, 8]])
    >>> AveragePool2D().forward(None, image.reshape(1, 2, 4, 1))[0].ravel()
    array([4., 5.])
    """

    releases_output = releases_gradient = True

    def forward(
        self, p: SimpleNamespace | None, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back; see :meth:`Layer.forward`."""
        planes = to_planes(x)
        shape, (first, *others) = planes.shape, self._taps(planes)
        share = x.dtype.type(1 / (1 + len(others)))
        y = phase.empty(first.shape, x.dtype)
        np.copyto(y, first)
        for values in others:
            y += values
        y *= share

        def backward(dy, g, need_dx=True):
            (dx, overlap), part = self._no_gradient(shape, dy.dtype, phase), to_planes(dy) * share
            for out in self._taps(dx):
                if overlap:
                    out += part
                else:
                    np.copyto(out, part)
            return from_planes(dx)

        return from_planes(y), backward


class GlobalAveragePool2D(Layer):
    """The mean of each channel over the whole image: images to rows.

    References
    ----------
    M. Lin, Q. Chen and S. Yan, "Network in network", ICLR 2014, :arxiv:`1312.4400`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import GlobalAveragePool2D
    >>> GlobalAveragePool2D().output_shape((8, 8, 64))
    (64,)
    >>> GlobalAveragePool2D().forward(None, np.array([[1.0, 3.0]]).reshape(1, 1, 2, 1))[0]
    array([[2.]])
    """

    releases_output = releases_gradient = True

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the number of channels; see :meth:`Layer.output_shape`."""
        return (image_sides(self, input_shape)[2],)

    def forward(
        self, p: SimpleNamespace | None, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back; see :meth:`Layer.forward`."""
        n_samples, *sides, n_channels = x.shape
        share = x.dtype.type(1 / math.prod(sides))
        y = np.full(math.prod(sides), share) @ as_matrix(x)

        def backward(dy, g, need_dx=True):
            dx = phase.empty((*sides, n_samples, n_channels), dy.dtype)
            dx[...] = dy * share
            return from_planes(dx)

        return y.reshape(n_samples, n_channels), backward
