"""How weights start: an initializer turns a random state and a shape into an array."""

import math
from numbers import Real

import numpy as np

from sk231n.core.arguments import Number, count
from sk231n.core.spec import Spec


class Zeros(Spec):
    """Start at zero: right where the objective is convex, as for the linear classifiers.

    Examples
    --------
    >>> from sk231n.initializers import Zeros
    >>> Zeros()(None, (2, 3))
    array([[0., 0., 0.],
           [0., 0., 0.]])
    """

    def __call__(self, rng, shape):
        """Draw the weights.

        Parameters
        ----------
        rng : RandomState
            Source of randomness (unused here).
        shape : tuple of int
            ``(n_inputs, n_outputs)``.

        Returns
        -------
        ndarray
            Weights of that shape.
        """
        return np.zeros(shape)


class Normal(Spec):
    r"""Draw from a normal distribution, :math:`W_{ij} \sim N(0, \sigma^2)`.

    Parameters
    ----------
    std : float >= 0, default=0.01
        The standard deviation :math:`\sigma`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.initializers import Normal
    >>> Normal(0.1)(np.random.RandomState(0), (1, 2)).round(3)
    array([[0.176, 0.04 ]])
    """

    _parameter_constraints: dict = {"std": [Number(Real, 0, None, closed="left")]}

    def __init__(self, std=0.01):
        self.std = std

    def __call__(self, rng, shape):
        """Draw the weights; see :meth:`Zeros.__call__`."""
        return _normal(rng, shape, self.std)


class He(Spec):
    r"""He's start for rectifiers: the standard deviation :math:`\sqrt{2 / n_\text{inputs}}`.

    References
    ----------
    K. He et al., "Delving deep into rectifiers", ICCV 2015, :arxiv:`1502.01852`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.initializers import He
    >>> float(He()(np.random.RandomState(0), (200, 500)).std().round(3))
    0.1
    """

    def __call__(self, rng, shape):
        """Draw the weights; see :meth:`Zeros.__call__`."""
        return _normal(rng, shape, math.sqrt(2 / shape[0]))


class Glorot(Spec):
    r"""Glorot's start: the standard deviation :math:`\sqrt{2 / (n_\text{in} + n_\text{out})}`.

    References
    ----------
    X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.initializers import Glorot
    >>> float(Glorot()(np.random.RandomState(0), (300, 500)).std().round(3))
    0.05
    """

    def __call__(self, rng, shape):
        """Draw the weights; see :meth:`Zeros.__call__`."""
        return _normal(rng, shape, math.sqrt(2 / (shape[0] + shape[1])))


class LeCun(Spec):
    r"""LeCun's start: the standard deviation :math:`\sqrt{1 / n_\text{inputs}}`.

    References
    ----------
    Y. LeCun et al., "Efficient backprop", Neural Networks: Tricks of the Trade, 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.initializers import LeCun
    >>> float(LeCun()(np.random.RandomState(0), (400, 500)).std().round(3))
    0.05
    """

    def __call__(self, rng, shape):
        """Draw the weights; see :meth:`Zeros.__call__`."""
        return _normal(rng, shape, math.sqrt(1 / shape[0]))


class Sparse(Spec):
    r"""A sparse start: each unit listens to a few inputs only, chosen at random.

    Parameters
    ----------
    n_connections : int > 0, default=10
        Number of inputs :math:`k` that each unit is connected to (all, if there are fewer). Their
        weights have the standard deviation :math:`\sqrt{2 / k}`.

    References
    ----------
    J. Martens, "Deep learning via Hessian-free optimization", ICML 2010.
    CS231n course notes, "Neural networks part 2", https://cs231n.github.io/neural-networks-2/.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.initializers import Sparse
    >>> np.count_nonzero(Sparse(3)(np.random.RandomState(0), (20, 4)), axis=0)
    array([3, 3, 3, 3])
    """

    _parameter_constraints: dict = {
        "n_connections": [count(1)],
    }

    def __init__(self, n_connections=10):
        self.n_connections = n_connections

    def __call__(self, rng, shape):
        """Draw the weights; see :meth:`Zeros.__call__`."""
        n_connections = min(self.n_connections, shape[0])
        inputs = rng.random_sample(shape).argsort(axis=0)[:n_connections]
        W = np.zeros(shape)
        values = _normal(rng, inputs.shape, math.sqrt(2 / n_connections))
        np.put_along_axis(W, inputs, values, axis=0)
        return W


def _normal(rng, shape, std):
    W = rng.standard_normal(shape)
    W *= std
    return W


INITIALIZERS = {"he": He(), "glorot": Glorot(), "lecun": LeCun(), "sparse": Sparse()}
