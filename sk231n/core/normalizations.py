r"""Normalizations: zero mean and unit variance, then a scale and a shift that are learnt."""

from collections.abc import Callable
from numbers import Real
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.arguments import Number
from sk231n.core.layer import PREDICTION, Layer, Phase

_POSITIVE = Number(Real, 0, None, closed="neither")


class BatchNorm(Layer):
    r"""Batch normalization: each column, or channel of images, with the moments of the batch.

    Parameters
    ----------
    momentum : float in [0, 1), default=0.9
        The share that the running averages keep at each step.
    epsilon : float > 0, default=1e-5
        Added to the variance.

    Notes
    -----
    With the weights :math:`w_i` of the samples, made to sum to one over the batch,

    .. math::

        \mu = \sum_i w_i x_i, \qquad \sigma^2 = \sum_i w_i (x_i - \mu)^2, \qquad
        y = \gamma \, \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta,

    so that a sample of weight two counts as two samples; each pixel of an image counts as a row.
    The running averages ``mean`` and ``variance`` take the place of :math:`\mu, \sigma^2` in
    prediction. A batch of one row has no variance: it is normalised as in prediction, and leaves
    the averages alone.

    References
    ----------
    S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by reducing
    internal covariate shift", ICML 2015, :arxiv:`1502.03167`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import BatchNorm, Network, Phase
    >>> network = Network([BatchNorm()], 1)
    >>> views = network.layout.views(network.initialize(None, np.float64))
    >>> x = np.array([[1.0], [3.0]])
    >>> network.forward(views, x, Phase(np.random.RandomState(0)))[0].round(3)
    array([[-1.],
           [ 1.]])
    >>> views[0].mean
    array([0.2])
    """

    statistics: tuple[str, ...] = ("mean", "variance")
    _parameter_constraints: dict[str, list[Any]] = {
        "momentum": [Number(Real, 0, 1, closed="left")],
        "epsilon": [_POSITIVE],
    }

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-5) -> None:
        self.momentum = momentum
        self.epsilon = epsilon

    def shapes(self, input_shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the parameters; see :meth:`Layer.shapes`."""
        return dict.fromkeys(("scale", "shift", "mean", "variance"), input_shape[-1:])

    def initialize(self, p: SimpleNamespace, rng: np.random.RandomState | None) -> None:
        """Start with scale and variance one, shift and mean zero; see :meth:`Layer.initialize`."""
        p.scale[...] = p.variance[...] = 1
        p.shift[...] = p.mean[...] = 0

    def forward(
        self, p: SimpleNamespace, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back; see :meth:`Layer.forward`."""
        rows = _by_channel(x)
        w = np.ones(len(x), x.dtype) if phase.w is None else phase.w
        if not phase.training or len(rows) == 1 or not w.any():
            return _apply(p, x - p.mean, 1 / np.sqrt(p.variance + self.epsilon))
        if x.ndim > 2:
            w = np.repeat(w, len(rows) // len(x))
        w = w / w.sum()
        mean = w @ rows
        normalized = rows - mean
        variance = w @ (normalized * normalized)
        keep = x.dtype.type(self.momentum)
        for average, value in ((p.mean, mean), (p.variance, variance)):
            average *= keep
            average += (1 - keep) * value
        inverse = 1 / np.sqrt(variance + x.dtype.type(self.epsilon))
        normalized *= inverse

        def backward(dy, g, need_dx=True):
            _add_up(_by_channel(dy), normalized, g)
            dx = normalized * g.scale
            dx += g.shift
            dx *= -w[:, None]
            dx += _by_channel(dy)
            dx *= p.scale * inverse
            return dx.reshape(x.shape)

        y = normalized * p.scale
        y += p.shift
        return y.reshape(x.shape), backward


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

    _parameter_constraints: dict[str, list[Any]] = {"epsilon": [_POSITIVE]}

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
            _add_up(_by_channel(dy), normalized.reshape(-1, x.shape[-1]), g)
            dx = (dy * p.scale).reshape(samples.shape)
            slope = np.einsum("ij,ij->i", dx, normalized)[:, None] / n_values
            dx -= dx.mean(axis=1, keepdims=True)
            dx -= normalized * slope
            dx *= inverse
            return dx.reshape(x.shape)

        y = normalized.reshape(x.shape) * p.scale
        y += p.shift
        return y, backward


def _by_channel(x):
    """Rows of one value per column; of images, one row per pixel."""
    return x.reshape(-1, x.shape[-1])


def _add_up(dy, normalized, g):
    """Write the gradients of scale and shift."""
    np.einsum("ij,ij->j", dy, normalized, out=g.scale)
    np.sum(dy, axis=0, out=g.shift)


def _apply(p, centred, inverse):
    """Normalise with given moments; they are constants to the pull-back."""
    normalized = centred * inverse

    def backward(dy, g, need_dx=True):
        _add_up(_by_channel(dy), _by_channel(normalized), g)
        return dy * (p.scale * inverse)

    return normalized * p.scale + p.shift, backward


NORMALIZATIONS: dict[str, Layer] = {"batch": BatchNorm(), "layer": LayerNorm()}
