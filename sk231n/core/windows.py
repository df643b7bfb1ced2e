"""Windows that slide over images: how many there are, and what stands around the image."""

from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sk231n.core.arguments import Number, count

_SIDE = count(1)
SIDES: list[Any] = [_SIDE, tuple, list]  # an integer, or a pair for height and width


class Axis(NamedTuple):
    """How windows lie along one axis of an image.

    Parameters
    ----------
    length : int
        Number of pixels.
    size : int
        Number of taps of the window.
    stride : int
        Pixels from one window to the next.
    dilation : int
        Pixels from one tap of a window to the next.
    before, after : int
        Zeros around the image.
    """

    length: int
    size: int
    stride: int = 1
    dilation: int = 1
    before: int = 0
    after: int = 0

    @property
    def reach(self) -> int:
        """Pixels from the first to the last tap of a window, F in the notes."""
        return self.dilation * (self.size - 1) + 1

    @property
    def n_windows(self) -> int:
        """Number of windows that fit; pixels that fill no further window are left out."""
        return (self.length + self.before + self.after - self.reach) // self.stride + 1

    @property
    def rest(self) -> int:
        """Number of pixels after the last window."""
        return (self.length + self.before + self.after - self.reach) % self.stride

    def sum(self) -> str:
        """The sum of the notes for the number of windows, with its numbers."""
        padding = self.before + self.after
        windows = (self.length - self.reach + padding) / self.stride + 1
        return (
            f"(W - F + 2P) / S + 1 = ({self.length} - {self.reach} + {padding}) / {self.stride} "
            f"+ 1 = {windows:.6g}"
        )

    def at(self, tap: int) -> slice:
        """Pixels, of the padded image, that a tap of the windows meets."""
        start = tap * self.dilation
        return slice(start, start + self.stride * (self.n_windows - 1) + 1, self.stride)


def as_pair(value: Any, name: str) -> tuple[int, int]:
    """Return height and width from an integer or a pair, or say what is expected."""
    pair = (value, value) if isinstance(value, Integral) else tuple(value)
    if len(pair) != 2 or not all(map(_SIDE.is_satisfied_by, pair)):
        raise ValueError(f"{name} must be an integer >= 1 or a pair of them; got {value!r}.")
    return int(pair[0]), int(pair[1])


def image_sides(layer: Any, input_shape: tuple[int, ...]) -> tuple[int, int, int]:
    """Return height, width and channels, or say that the layer needs images."""
    if len(input_shape) != 3:
        raise ValueError(
            f"{layer} needs images of shape (height, width, channels), but its input has the shape "
            f"{tuple(input_shape)}."
        )
    height, width, n_channels = input_shape
    return int(height), int(width), int(n_channels)


def convolution_axis(
    layer: Any, length: int, size: int, stride: int, dilation: int, padding: str | int
) -> Axis:
    """Place the filters of a convolution along an axis; those that do not fit are an error.

    "same" gives one output per stride, ``ceil(length / stride)``; if the zeros that this takes are
    odd in number, the last one comes after the image.
    """
    axis = Axis(length, size, stride, dilation)
    if padding == "same":
        zeros = max(0, (-(-length // stride) - 1) * stride + axis.reach - length)
        return axis._replace(before=zeros // 2, after=zeros - zeros // 2)
    zeros = 0 if padding == "valid" else int(padding)
    axis = axis._replace(before=zeros, after=zeros)
    if axis.n_windows < 1 or axis.rest:
        raise ValueError(
            f"{layer} does not fit an image with a side of W={length}: {axis.sum()}, for filters "
            f"that reach over F={axis.reach} pixels, P={zeros} zeros at each end and a stride of "
            f"S={stride}; this must be a whole number >= 1."
        )
    return axis


def pooling_axis(layer: Any, length: int, size: int, stride: int) -> Axis:
    """Place the windows of a pooling layer along an axis; pixels that fill no window are left."""
    axis = Axis(length, size, stride)
    if axis.n_windows < 1:
        raise ValueError(
            f"{layer} does not fit an image with a side of W={length}: its windows have F={size} "
            "pixels."
        )
    return axis


def padded(x: NDArray[Any], rows: Axis, columns: Axis) -> NDArray[Any]:
    """Planes with their zeros around them; the planes themselves where there are none."""
    if not (rows.before or rows.after or columns.before or columns.after):
        return x
    height = rows.before + rows.length + rows.after
    width = columns.before + columns.length + columns.after
    out = np.zeros((height, width, *x.shape[2:]), x.dtype)
    inside(out, rows, columns)[...] = x
    return out


def inside(x: NDArray[Any], rows: Axis, columns: Axis) -> NDArray[Any]:
    """Part of padded planes that is the image."""
    return x[
        rows.before : rows.before + rows.length, columns.before : columns.before + columns.length
    ]


PADDINGS = {"same", "valid"}
PIXELS = Number(Integral, 0, 2**31 - 1, closed="both")
