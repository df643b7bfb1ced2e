"""Layer normalization."""

from collections.abc import Callable
from numbers import Real
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.arguments import Number
from sk231n.core.layer import PREDICTION, Layer, Phase


class LayerNorm(Layer):
    r"""Layer normalization: each sample with its own moments, in training and prediction alike.

    Parameters
    ----------
    epsilon : float > 0, default=1e-5
        Added to the variance.

    Notes
    -----
    .. math:: y_i = \gamma \, \frac{x_i - \mu_i}{\sqrt{\sigma_i^2 + \epsilon}} + \beta

    with mean and variance of the sample :math:`x_i`: of a row, or of all values of an image, whose
    channels have one :math:`\gamma` and :math:`\beta` each.

    References
    ----------
    J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", 2016, :arxiv:`1607.06450`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import LayerNorm, Network
    >>> network = Network([LayerNorm()], 2)
    >>> views = network.layout.views(network.initialize(None, np.float64))
    >>> network.forward(views, np.array([[1.0, 3.0]]))[0].round(3)
    array([[-1.,  1.]])
    """

    normalizes = True
    _parameter_constraints: dict[str, list[Any]] = {
        "epsilon": [Number(Real, 0, None, closed="neither")]
    }

    def __init__(self, epsilon: float = 1e-5) -> None:
        self.epsilon = epsilon

    def shapes(self, input_shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the parameters; see :meth:`Layer.shapes`."""
        return {"scale": input_shape[-1:], "shift": input_shape[-1:]}

    def initialize(self, p: SimpleNamespace, rng: np.random.RandomState | None) -> None:
        """Start with scale one and shift zero; see :meth:`Layer.initialize`."""
        p.scale[...] = 1
        p.shift[...] = 0

    def forward(
        self, p: SimpleNamespace, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back; see :meth:`Layer.forward`."""
        samples = x.reshape(len(x), -1)
        normalized = samples - samples.mean(axis=1, keepdims=True)
        n_values = samples.shape[1]
        variance = np.einsum("ij,ij->i", normalized, normalized)[:, None] / n_values
        inverse = 1 / np.sqrt(variance + x.dtype.type(self.epsilon))
        normalized *= inverse

        def backward(dy, g, need_dx=True):
            by_channel = dy.reshape(-1, x.shape[-1])
            np.einsum("ij,ij->j", by_channel, normalized.reshape(by_channel.shape), out=g.scale)
            np.sum(by_channel, axis=0, out=g.shift)
            dx = (dy * p.scale).reshape(samples.shape)
            slope = np.einsum("ij,ij->i", dx, normalized)[:, None] / n_values
            dx -= dx.mean(axis=1, keepdims=True)
            dx -= normalized * slope
            dx *= inverse
            return dx.reshape(x.shape)

        y = normalized.reshape(x.shape) * p.scale
        y += p.shift
        return y, backward
