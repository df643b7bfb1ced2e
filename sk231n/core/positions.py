"""A network at every position of an image that is larger than those it was made for."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sk231n.core.affine import Affine
from sk231n.core.network import Network
from sk231n.core.planes import from_planes, to_planes
from sk231n.core.taps import convolve
from sk231n.core.windows import Axis


def scores_at_positions(
    network: Network, views: Sequence[SimpleNamespace], x: NDArray[Any]
) -> NDArray[Any]:
    """Compute the outputs of a network at every position of larger images, in prediction.

    Layers of images slide by themselves. The layer that turns images into rows sees the windows of
    its input that have the size of its usual input, and for the layers after it each of these is a
    sample.

    Parameters
    ----------
    network : Network
        The layers, made for images of a certain size.
    views : list of SimpleNamespace
        The parameters of each layer.
    x : ndarray of shape (n_samples, height, width, n_channels)
        Images of at least that size.

    Returns
    -------
    ndarray of shape (n_samples, rows, columns, n_outputs)
        The outputs at each position.
    """
    positions = (len(x), 1, 1)
    shapes = [*network.input_shapes, network.output_shape]
    for layer, p, before, after in zip(network.layers, views, shapes, shapes[1:], strict=False):
        if len(before) == 3 and len(after) == 1:
            x = _slide(layer, p, x, before)
            positions, x = x.shape[:3], x.reshape(-1, x.shape[3])
        else:
            x, _ = layer.forward(p, x)
    return x.reshape(*positions, -1)


def _slide(layer, p, x, window):
    """Outputs, of shape (n_samples, rows, columns, n_outputs), of a layer from images to rows."""
    height, width, n_channels = window
    if isinstance(layer, Affine):  # as a convolution, without a copy of the windows
        axes = [Axis(length, size) for length, size in zip(x.shape[1:3], window, strict=False)]
        filters = p.W.reshape(height, width, n_channels, -1)
        y = from_planes(convolve(to_planes(x), filters, *axes)[0])
        return y + p.b if layer.intercept else y
    windows = sliding_window_view(x, (height, width), axis=(1, 2))
    n_samples, rows, columns = windows.shape[:3]
    samples = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, height, width, n_channels)
    return layer.forward(p, samples)[0].reshape(n_samples, rows, columns, -1)
