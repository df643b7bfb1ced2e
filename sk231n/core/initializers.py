"""Initial weights: an initializer turns a random state and a shape into an array."""

import math
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.arguments import Number, count
from sk231n.core.spec import Spec


class Initializer(Spec):
    """Base of the initializers: an initializer of your own needs ``__call__``.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.initializers import Initializer
    >>> class Identity(Initializer):
    ...     def __call__(self, rng, shape):
    ...         return np.eye(*shape)
    >>> Identity()(None, (2, 3))
    array([[1., 0., 0.],
           [0., 1., 0.]])
    """

    _documented_in = "sk231n.initializers"

    def __call__(self, rng: np.random.RandomState, shape: tuple[int, ...]) -> NDArray[Any]:
        """Draw the weights.

        Parameters
        ----------
        rng : RandomState
            Source of randomness.
        shape : tuple of int
            ``(n_inputs, n_outputs)``; of filters, ``(height, width, n_inputs, n_filters)``.

        Returns
        -------
        ndarray
            Weights of that shape.
        """
        raise NotImplementedError(f"{type(self).__name__} has no __call__.")


class Zeros(Initializer):
    """Start at zero, which suits convex objectives, such as those of the linear classifiers.

    Examples
    --------
    >>> from sk231n.initializers import Zeros
    >>> Zeros()(None, (2, 3))
    array([[0., 0., 0.],
           [0., 0., 0.]])
    """

    def __call__(self, rng: np.random.RandomState | None, shape: tuple[int, ...]) -> NDArray[Any]:
        """Draw the weights; see :meth:`Initializer.__call__`."""
        return np.zeros(shape)


class Normal(Initializer):
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

    _parameter_constraints: dict[str, list[Any]] = {"std": [Number(Real, 0, None, closed="left")]}

    def __init__(self, std: float = 0.01) -> None:
        self.std = std

    def __call__(self, rng: np.random.RandomState, shape: tuple[int, ...]) -> NDArray[Any]:
        """Draw the weights; see :meth:`Initializer.__call__`."""
        return _normal(rng, shape, self.std)


class He(Initializer):
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

    def __call__(self, rng: np.random.RandomState, shape: tuple[int, ...]) -> NDArray[Any]:
        """Draw the weights; see :meth:`Initializer.__call__`."""
        return _normal(rng, shape, math.sqrt(2 / _n_inputs(shape)))


class Glorot(Initializer):
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

    def __call__(self, rng: np.random.RandomState, shape: tuple[int, ...]) -> NDArray[Any]:
        """Draw the weights; see :meth:`Initializer.__call__`."""
        return _normal(rng, shape, math.sqrt(2 / (_n_inputs(shape) + _n_outputs(shape))))


class LeCun(Initializer):
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

    def __call__(self, rng: np.random.RandomState, shape: tuple[int, ...]) -> NDArray[Any]:
        """Draw the weights; see :meth:`Initializer.__call__`."""
        return _normal(rng, shape, math.sqrt(1 / _n_inputs(shape)))


class Sparse(Initializer):
    r"""A sparse start: each unit is connected to a few random inputs only.

    Parameters
    ----------
    n_inputs : int > 0, default=10
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

    _parameter_constraints: dict[str, list[Any]] = {
        "n_inputs": [count(1)],
    }

    def __init__(self, n_inputs: int = 10) -> None:
        self.n_inputs = n_inputs

    def __call__(self, rng: np.random.RandomState, shape: tuple[int, ...]) -> NDArray[Any]:
        """Draw the weights; see :meth:`Initializer.__call__`."""
        n_inputs = min(self.n_inputs, _n_inputs(shape))
        W = np.zeros((_n_inputs(shape), shape[-1]))
        inputs = rng.random_sample(W.shape).argsort(axis=0)[:n_inputs]
        values = _normal(rng, inputs.shape, math.sqrt(2 / n_inputs))
        np.put_along_axis(W, inputs, values, axis=0)
        return W.reshape(shape)


def _n_inputs(shape):
    """How many inputs each unit has."""
    return math.prod(shape[:-1])


def _n_outputs(shape):
    """How many units each input has: as many for each position of a filter as there are filters."""
    return math.prod(shape[:-2]) * shape[-1]


def _normal(rng, shape, std):
    W = rng.standard_normal(shape)
    W *= std
    return W


INITIALIZERS: dict[str, Initializer] = {
    "he": He(),
    "glorot": Glorot(),
    "lecun": LeCun(),
    "sparse": Sparse(),
}
