r"""Layers: small values that hold no arrays.

``forward(p, x, phase)`` returns the output and its pull-back.  The pull-back closes over exactly
what it needs, so there is no cache to keep in step, and prediction, which drops it, is thread-safe.
A pull-back writes the gradients of the layer's parameters straight into views of the flat gradient
and returns the gradient of the layer's input.
"""

from dataclasses import dataclass, field

import numpy as np

from sk231n.core.initializers import Zeros
from sk231n.core.parameters import Layout


class Layer:
    """Base of the layers: as wide as its input and without parameters, unless a layer says so.

    ``penalized`` names the parameters that the penalty sees.
    """

    penalized = ()

    def width(self, n_inputs):
        """Return the number of outputs for a number of inputs."""
        return n_inputs

    def shapes(self, n_inputs):
        """Return the shape of each parameter, by name."""
        return {}

    def initialize(self, p, rng):
        """Draw the first parameters into the views `p`."""


@dataclass(frozen=True)
class Affine(Layer):
    r"""The affine layer :math:`y = x W + b`.

    Parameters
    ----------
    n_outputs : int
        Number of columns of the output.
    initializer : callable, default=Zeros()
        Draws ``W``: ``initializer(rng, (n_inputs, n_outputs))``.

    Notes
    -----
    With the gradient :math:`G` of the output, :math:`\partial W = x^T G`,
    :math:`\partial b = \sum_i G_i` and :math:`\partial x = G W^T`.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from sk231n.layers import Affine
    >>> p = SimpleNamespace(W=np.array([[1.0, 2.0], [3.0, 4.0]]), b=np.array([10.0, 20.0]))
    >>> y, backward = Affine(2).forward(p, np.array([[1.0, 1.0]]))
    >>> y
    array([[14., 26.]])
    """

    n_outputs: int
    initializer: object = field(default_factory=Zeros)
    penalized = ("W",)

    def width(self, n_inputs):
        """Return the number of outputs.

        Parameters
        ----------
        n_inputs : int
            Number of columns of the input, which plays no part here.

        Returns
        -------
        int
            Number of columns of the output.
        """
        return self.n_outputs

    def shapes(self, n_inputs):
        """Return the shapes of the parameters.

        Parameters
        ----------
        n_inputs : int
            Number of columns of the input.

        Returns
        -------
        dict
            The shape of each parameter, by name.
        """
        return {"W": (n_inputs, self.n_outputs), "b": (self.n_outputs,)}

    def initialize(self, p, rng):
        """Draw the first weights; the intercept starts at zero.

        Parameters
        ----------
        p : SimpleNamespace
            The views, which are written to.
        rng : RandomState
            Source of randomness.
        """
        p.W[...] = self.initializer(rng, p.W.shape)
        p.b[...] = 0

    def forward(self, p, x, phase=None):
        """Compute the output and its pull-back.

        Parameters
        ----------
        p : SimpleNamespace
            The views ``W`` of shape (n_inputs, n_outputs) and ``b`` of shape (n_outputs,).
        x : ndarray of shape (n_samples, n_inputs)
            The input.
        phase : object, default=None
            What training passes to the layers that differ then; None when predicting.

        Returns
        -------
        y : ndarray of shape (n_samples, n_outputs)
            The output.
        backward : callable
            ``backward(dy, g, need_dx=True)`` writes the gradients into the views ``g.W``, ``g.b``
            and returns that of `x`, or None if it is not needed.
        """
        y = x @ p.W
        y += p.b

        def backward(dy, g, need_dx=True):
            np.matmul(x.T, dy, out=g.W)
            np.sum(dy, axis=0, out=g.b)
            return dy @ p.W.T if need_dx else None

        return y, backward


class Network:
    """Layers one after the other, with one :class:`~sk231n.core.parameters.Layout` for all.

    Parameters
    ----------
    layers : sequence of layers
        From the input to the scores.
    n_inputs : int
        Number of features of a sample.

    Attributes
    ----------
    layout : Layout
        Where the parameters of each layer lie in the flat vector.
    n_outputs : int
        Number of scores of a sample.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import Affine, Network
    >>> network = Network([Affine(4), Affine(2)], n_inputs=3)
    >>> theta = network.initialize(np.random.RandomState(0), np.float64)
    >>> theta.shape  # 3 * 4 weights, 4 intercepts, 4 * 2 weights, 2 intercepts
    (26,)
    >>> scores, backward = network.forward(network.layout.views(theta), np.ones((5, 3)))
    >>> scores.shape
    (5, 2)
    """

    def __init__(self, layers, n_inputs):
        self.layers = list(layers)
        shapes = []
        for layer in self.layers:
            shapes.append(layer.shapes(n_inputs))
            n_inputs = layer.width(n_inputs)
        self.n_outputs = n_inputs
        self.layout = Layout(shapes)

    def initialize(self, rng, dtype):
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
            layer.initialize(p, rng)
        return theta

    def forward(self, views, x, phase=None):
        """Compute the scores and their pull-back.

        The pull-back stops at the first layer: nobody needs the gradient of the data, and leaving
        it out saves about a third of a wide affine step.

        Parameters
        ----------
        views : list of SimpleNamespace
            The parameters of each layer, ``layout.views(theta)``.
        x : ndarray of shape (n_samples, n_inputs)
            The input.
        phase : object, default=None
            Passed to the layers; None when predicting.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_outputs)
            The scores.
        backward : callable
            ``backward(dscores, gradient_views)`` writes the gradients of the parameters.
        """
        pull_backs = []
        for layer, p in zip(self.layers, views, strict=True):
            x, pull_back = layer.forward(p, x, phase)
            pull_backs.append(pull_back)

        def backward(dy, gradient_views):
            for k in reversed(range(len(pull_backs))):
                dy = pull_backs[k](dy, gradient_views[k], need_dx=k > 0)

        return x, backward

    def penalty_factor(self, first_factor=1.0):
        """Factor by which each parameter enters the penalty, as a flat vector.

        Parameters
        ----------
        first_factor : float or ndarray of shape (n_inputs,), default=1.0
            Factor of the first layer's weights, one per input: weights of inputs that were divided
            by ``s`` are ``1 / s`` times as large in the units of the data.

        Returns
        -------
        ndarray of shape (size,)
            Zero for what is not penalised: the intercepts.
        """
        factor = self.layout.zeros(np.result_type(first_factor, np.float32))
        for layer, p in zip(self.layers, self.layout.views(factor), strict=True):
            for name in layer.penalized:
                getattr(p, name)[...] = 1
        first = self.layout.views(factor)[0]
        first.W *= np.reshape(first_factor, (-1, 1))
        return factor
