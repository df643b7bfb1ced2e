r"""Normalizations: zero mean and unit variance, then a scale and a shift that are learnt."""

from dataclasses import dataclass

import numpy as np

from sk231n.core.layers import PREDICTION, Layer


@dataclass(frozen=True)
class BatchNorm(Layer):
    r"""Batch normalization: each column with the moments of the batch.

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

    so that a sample of weight two counts as two samples. The running averages
    ``mean`` and ``variance`` take the place of :math:`\mu, \sigma^2` in prediction. A batch of one
    sample has no variance: it is normalised as in prediction, and leaves the averages alone.

    References
    ----------
    S. Ioffe and C. Szegedy, "Batch normalization: accelerating deep network training by reducing
    internal covariate shift", ICML 2015, :arxiv:`1502.03167`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import BatchNorm, Network, Phase
    >>> network = Network([BatchNorm()], n_inputs=1)
    >>> views = network.layout.views(network.initialize(None, np.float64))
    >>> x = np.array([[1.0], [3.0]])
    >>> network.forward(views, x, Phase(np.random.RandomState(0)))[0].round(3)
    array([[-1.],
           [ 1.]])
    >>> views[0].mean
    array([0.2])
    """

    momentum: float = 0.9
    epsilon: float = 1e-5
    statistics = ("mean", "variance")

    def shapes(self, n_inputs):
        """Return the shapes of the parameters; see :meth:`Affine.shapes`."""
        return dict.fromkeys(("scale", "shift", "mean", "variance"), (n_inputs,))

    def initialize(self, p, rng):
        """Start with scale and variance one, shift and mean zero; see :meth:`Layer.initialize`."""
        p.scale[...] = p.variance[...] = 1
        p.shift[...] = p.mean[...] = 0

    def forward(self, p, x, phase=PREDICTION):
        """Compute the output and its pull-back; see :meth:`Affine.forward`."""
        w = np.ones(len(x), x.dtype) if phase.w is None else phase.w
        if not phase.training or len(x) == 1 or not w.any():
            return _apply(p, x - p.mean, 1 / np.sqrt(p.variance + self.epsilon))
        w = w / w.sum()
        mean = w @ x
        normalized = x - mean
        variance = w @ (normalized * normalized)
        keep = x.dtype.type(self.momentum)
        for average, value in ((p.mean, mean), (p.variance, variance)):
            average *= keep
            average += (1 - keep) * value
        inverse = 1 / np.sqrt(variance + x.dtype.type(self.epsilon))
        normalized *= inverse

        def backward(dy, g, need_dx=True):
            np.einsum("ij,ij->j", dy, normalized, out=g.scale)
            np.sum(dy, axis=0, out=g.shift)
            dx = normalized * g.scale
            dx += g.shift
            dx *= -w[:, None]
            dx += dy
            dx *= p.scale * inverse
            return dx

        y = normalized * p.scale
        y += p.shift
        return y, backward


@dataclass(frozen=True)
class LayerNorm(Layer):
    r"""Layer normalization: each row with its own moments, in training and prediction alike.

    Parameters
    ----------
    epsilon : float > 0, default=1e-5
        Added to the variance.

    Notes
    -----
    .. math:: y_i = \gamma \, \frac{x_i - \mu_i}{\sqrt{\sigma_i^2 + \epsilon}} + \beta

    with mean and variance of the row :math:`x_i`.

    References
    ----------
    J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", 2016, :arxiv:`1607.06450`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import LayerNorm, Network
    >>> network = Network([LayerNorm()], n_inputs=2)
    >>> views = network.layout.views(network.initialize(None, np.float64))
    >>> network.forward(views, np.array([[1.0, 3.0]]))[0].round(3)
    array([[-1.,  1.]])
    """

    epsilon: float = 1e-5

    def shapes(self, n_inputs):
        """Return the shapes of the parameters; see :meth:`Affine.shapes`."""
        return {"scale": (n_inputs,), "shift": (n_inputs,)}

    def initialize(self, p, rng):
        """Start with scale one and shift zero; see :meth:`Layer.initialize`."""
        p.scale[...] = 1
        p.shift[...] = 0

    def forward(self, p, x, phase=PREDICTION):
        """Compute the output and its pull-back; see :meth:`Affine.forward`."""
        normalized = x - x.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", normalized, normalized)[:, None] / x.shape[1]
        inverse = 1 / np.sqrt(variance + x.dtype.type(self.epsilon))
        normalized *= inverse

        def backward(dy, g, need_dx=True):
            np.einsum("ij,ij->j", dy, normalized, out=g.scale)
            np.sum(dy, axis=0, out=g.shift)
            dx = dy * p.scale
            slope = np.einsum("ij,ij->i", dx, normalized)[:, None] / x.shape[1]
            dx -= dx.mean(axis=1, keepdims=True)
            dx -= normalized * slope
            dx *= inverse
            return dx

        y = normalized * p.scale
        y += p.shift
        return y, backward


def _apply(p, centred, inverse):
    """Normalise with given moments; they are constants to the pull-back."""
    normalized = centred * inverse

    def backward(dy, g, need_dx=True):
        np.einsum("ij,ij->j", dy, normalized, out=g.scale)
        np.sum(dy, axis=0, out=g.shift)
        return dy * (p.scale * inverse)

    return normalized * p.scale + p.shift, backward


NORMALIZATIONS = {"batch": BatchNorm(), "layer": LayerNorm()}
