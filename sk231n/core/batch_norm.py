"""Batch normalization: zero mean and unit variance, then a scale and a shift that are learnt."""

from collections.abc import Callable
from numbers import Real
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.arguments import Number
from sk231n.core.blocks import blocks
from sk231n.core.layer import PREDICTION, Layer, Phase
from sk231n.core.planes import as_images, as_matrix

_PIECE_SIZE = 2**17  # numbers of images that are normalised at a time


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
    normalizes = releases_output = releases_gradient = overwrites = True
    _parameter_constraints: dict[str, list[Any]] = {
        "momentum": [Number(Real, 0, 1, closed="left")],
        "epsilon": [Number(Real, 0, None, closed="neither")],
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
        w = np.ones(len(x), x.dtype) if phase.w is None else phase.w
        if not phase.training or x.size == x.shape[-1] or not w.any():
            return _apply(p, x, 1 / np.sqrt(p.variance + self.epsilon))
        w = w / w.sum()
        return self._normalize_rows(p, x, w) if x.ndim == 2 else self._images(p, x, w, phase)

    def _normalize_rows(self, p, x, w):
        mean = w @ x
        normalized = x - mean
        variance = w @ (normalized * normalized)
        inverse = self._update(p, mean, variance)
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

    def _images(self, p, x, w, phase):
        """Normalise a few pixels of all samples at a time, while they lie in the cache.

        A row of the matrix holds one pixel of all samples; its columns are summed by products with
        ones, and vectors with a number per channel are repeated for each sample.
        """
        matrix, n_samples, shape, empty = as_matrix(x), len(x), x.shape, phase.empty
        w = np.repeat(w / len(matrix), x.shape[-1])
        pieces = list(blocks(len(matrix), max(1, _PIECE_SIZE // matrix.shape[1])))
        ones = np.ones(len(matrix), x.dtype)

        def sum_up(of_columns):
            """Sum over the samples, from numbers per sample and channel."""
            return of_columns.reshape(n_samples, -1).sum(axis=0)

        def repeat(of_channels):
            return np.tile(of_channels, n_samples)

        mean = sum_up(w * (ones @ matrix))
        centred = matrix if phase.input_is_free else empty(matrix.shape, x.dtype)
        squares = np.zeros_like(w)
        scratch = empty(matrix[pieces[0]].shape, x.dtype)
        means = repeat(mean)
        for piece in pieces:
            part = np.subtract(matrix[piece], means, out=centred[piece])
            squares += ones[piece] @ np.multiply(part, part, out=scratch[: len(part)])
        inverse = self._update(p, mean, sum_up(w * squares))
        factors, shifts = repeat(p.scale * inverse), repeat(p.shift)
        y = empty(matrix.shape, x.dtype)
        for piece in pieces:
            out = np.multiply(centred[piece], factors, out=y[piece])
            out += shifts

        def backward(dy, g, need_dx=True):
            dy = as_matrix(dy)
            slopes, scratch = np.zeros_like(w), empty(dy[pieces[0]].shape, dy.dtype)
            for piece in pieces:
                part = centred[piece]
                slopes += ones[piece] @ np.multiply(dy[piece], part, out=scratch[: len(part)])
            g.scale[...] = inverse * sum_up(slopes)
            g.shift[...] = sum_up(ones @ dy)
            dx = dy if phase.gradient_is_free else empty(dy.shape, dy.dtype)
            constant = factors * w * repeat(g.shift)
            by_value = factors * w * repeat(inverse * g.scale)
            for piece in pieces:
                out = np.multiply(dy[piece], factors, out=dx[piece])
                through_moments = np.multiply(centred[piece], by_value, out=scratch[: len(out)])
                through_moments += constant
                out -= through_moments
            return as_images(dx, shape)

        return as_images(y, shape), backward

    def _update(self, p, mean, variance):
        """Update the running averages; return one over the standard deviation."""
        keep = mean.dtype.type(self.momentum)
        for average, value in ((p.mean, mean), (p.variance, variance)):
            average *= keep
            average += (1 - keep) * value
        return 1 / np.sqrt(variance + mean.dtype.type(self.epsilon))


def _apply(p, x, inverse):
    """Normalise with given moments; they are constants to the pull-back."""

    def backward(dy, g, need_dx=True):
        normalized = (x - p.mean) * inverse
        all_but_channels = tuple(range(x.ndim - 1))
        np.sum(dy * normalized, axis=all_but_channels, out=g.scale)
        np.sum(dy, axis=all_but_channels, out=g.shift)
        return dy * (p.scale * inverse)

    if x.ndim == 2:
        return (x - p.mean) * inverse * p.scale + p.shift, backward
    factor = p.scale * inverse
    y = as_matrix(x) * np.tile(factor, len(x))
    y += np.tile(p.shift - p.mean * factor, len(x))
    return as_images(y, x.shape), backward
