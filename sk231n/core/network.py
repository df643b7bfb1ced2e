"""The network: layers one after the other over one flat parameter vector."""

import numpy as np

from sk231n.core.layers import PREDICTION
from sk231n.core.parameters import Layout


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

    def forward(self, views, x, phase=PREDICTION):
        """Compute the scores and their pull-back.

        The pull-back stops at the first layer: nobody needs the gradient of the data, and leaving
        it out saves about a third of a wide affine step.

        Parameters
        ----------
        views : list of SimpleNamespace
            The parameters of each layer, ``layout.views(theta)``.
        x : ndarray of shape (n_samples, n_inputs)
            The input.
        phase : Phase, default=PREDICTION
            What the run tells its layers.

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

    def penalty_factors(self, first=1.0):
        """What each penalised parameter is multiplied by to be in the units of the data.

        Parameters
        ----------
        first : float or ndarray of shape (n_inputs,), default=1.0
            Factor of the first layer's weights, one per input: weights of inputs that were divided
            by ``s`` are ``1 / s`` times as large in the units of the data.

        Returns
        -------
        list of dict
            One dict per layer: a number, or an array that broadcasts against the parameter, by
            the parameter's name. What is not penalised is missing.
        """
        factors = [dict.fromkeys(layer.penalized, 1.0) for layer in self.layers]
        if np.ndim(first):
            factors[0]["W"] = np.reshape(first, (-1, 1))
        return factors

    def outputs(self, views, x):
        """Outputs of all layers, in prediction.

        Parameters
        ----------
        views : list of SimpleNamespace
            The parameters of each layer.
        x : ndarray of shape (n_samples, n_inputs)
            The input.

        Returns
        -------
        list of ndarray of shape (n_samples, width)
            The output of each layer.
        """
        outputs = []
        for layer, p in zip(self.layers, views, strict=True):
            x, _ = layer.forward(p, x)
            outputs.append(x)
        return outputs

    def affine_inputs(self, theta, x):
        """Inputs of the layers that have weights, in prediction; see :meth:`outputs`."""
        inputs = [x, *self.outputs(self.layout.views(theta), x)]
        return [x for layer, x in zip(self.layers, inputs, strict=False) if layer.penalized]
