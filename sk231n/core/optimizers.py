"""The optimizers, simplest first; their base is in ``optimizer.py``."""

import math
from numbers import Real
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.arguments import Number, count
from sk231n.core.optimizer import Optimizer

_FRACTION = Number(Real, 0, 1, closed="left")
_POSITIVE = Number(Real, 0, None, closed="neither")


class SGD(Optimizer):
    r"""Stochastic gradient descent: :math:`d = g`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.optimizers import SGD
    >>> theta, gradient = np.array([1.0]), np.array([0.5])
    >>> theta - 0.1 * SGD().direction(gradient, SGD().start(theta), theta)
    array([0.95])
    """

    def direction(
        self, gradient: NDArray[Any], state: SimpleNamespace, theta: NDArray[Any]
    ) -> NDArray[Any]:
        """Return the gradient; see :meth:`Optimizer.direction`."""
        return gradient


class Momentum(Optimizer):
    r"""Gradient descent with momentum, plain or Nesterov's.

    Parameters
    ----------
    momentum : float in [0, 1), default=0.9
        The share :math:`\mu` of the velocity that a step keeps.
    nesterov : bool, default=False
        Whether to look ahead along the velocity.

    Notes
    -----
    .. math:: v \leftarrow \mu v + g, \qquad
              d = v \quad\text{or, with Nesterov's look-ahead,}\quad d = g + \mu v.

    The rate is applied outside: with a constant rate this is the course's
    :math:`v \leftarrow \mu v - \eta g`.

    References
    ----------
    Y. Nesterov, "A method of solving a convex programming problem with convergence rate
    :math:`O(1/k^2)`", Soviet Mathematics Doklady 27, 1983.
    I. Sutskever et al., "On the importance of initialization and momentum in deep learning",
    ICML 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.optimizers import Momentum
    >>> optimizer, theta = Momentum(momentum=0.5), np.zeros(1)
    >>> state = optimizer.start(theta)
    >>> [float(optimizer.direction(np.array([1.0]), state, theta)[0]) for _ in range(3)]
    [1.0, 1.5, 1.75]
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "momentum": [_FRACTION],
        "nesterov": ["boolean"],
    }

    def __init__(self, momentum: float = 0.9, nesterov: bool = False) -> None:
        self.momentum = momentum
        self.nesterov = nesterov

    def start(self, theta: NDArray[Any], decayed: bool | NDArray[Any] = True) -> SimpleNamespace:
        """Start with no velocity; see :meth:`Optimizer.start`."""
        return SimpleNamespace(velocity=np.zeros_like(theta))

    def auto_rate(
        self, smoothness: float, score_change: float, batch_curvature: float = 0.0
    ) -> float:
        """Lower the rate, since the velocity adds up batches; see :meth:`Optimizer.auto_rate`."""
        return 1 / (smoothness + batch_curvature / (1 - self.momentum))

    def direction(
        self, gradient: NDArray[Any], state: SimpleNamespace, theta: NDArray[Any]
    ) -> NDArray[Any]:
        """Turn a gradient into a direction; see :meth:`Optimizer.direction`."""
        state.velocity *= self.momentum
        state.velocity += gradient
        if not self.nesterov:
            np.copyto(gradient, state.velocity)
        else:
            gradient += self.momentum * state.velocity
        return gradient


class Adagrad(Optimizer):
    r"""Adagrad: each coordinate's rate falls with the squares of all its gradients.

    Parameters
    ----------
    epsilon : float > 0, default=1e-8
        Keeps the quotient finite; it is added outside the root.

    Notes
    -----
    .. math:: c \leftarrow c + g^2, \qquad d = \frac{g}{\sqrt{c} + \epsilon}

    References
    ----------
    J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and
    stochastic optimization", Journal of Machine Learning Research 12, 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.optimizers import Adagrad
    >>> optimizer, theta = Adagrad(), np.zeros(1)
    >>> optimizer.direction(np.array([-3.0]), optimizer.start(theta), theta).round(6)
    array([-1.])
    """

    adaptive = True
    largest_rate: float = 0.1
    _parameter_constraints: dict[str, list[Any]] = {"epsilon": [_POSITIVE]}

    def __init__(self, epsilon: float = 1e-8) -> None:
        self.epsilon = epsilon

    def start(self, theta: NDArray[Any], decayed: bool | NDArray[Any] = True) -> SimpleNamespace:
        """Start with no squares; see :meth:`Optimizer.start`."""
        return SimpleNamespace(squares=np.zeros_like(theta))

    def auto_rate(
        self, smoothness: float, score_change: float, batch_curvature: float = 0.0
    ) -> float:
        """Double the rate, since it falls by itself; see :meth:`Optimizer.auto_rate`."""
        return min(self.largest_rate, 2 / score_change)

    def direction(
        self, gradient: NDArray[Any], state: SimpleNamespace, theta: NDArray[Any]
    ) -> NDArray[Any]:
        """Turn a gradient into a direction; see :meth:`Optimizer.direction`."""
        state.squares += gradient * gradient
        gradient /= np.sqrt(state.squares) + self.epsilon
        return gradient


class RMSProp(Optimizer):
    r"""RMSProp: Adagrad with a running mean of the squares.

    Parameters
    ----------
    decay : float in [0, 1), default=0.99
        The share :math:`\rho` of the mean square that a step keeps.
    epsilon : float > 0, default=1e-8
        Keeps the quotient finite; it is added outside the root.

    Notes
    -----
    .. math:: c \leftarrow \rho c + (1 - \rho) g^2, \qquad d = \frac{g}{\sqrt{c} + \epsilon}

    References
    ----------
    T. Tieleman and G. Hinton, "Lecture 6.5: rmsprop", Coursera, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.optimizers import RMSProp
    >>> optimizer, theta = RMSProp(decay=0.75), np.zeros(1)
    >>> optimizer.direction(np.array([3.0]), optimizer.start(theta), theta).round(6)
    array([2.])
    """

    adaptive = True
    _parameter_constraints: dict[str, list[Any]] = {"decay": [_FRACTION], "epsilon": [_POSITIVE]}

    def __init__(self, decay: float = 0.99, epsilon: float = 1e-8) -> None:
        self.decay = decay
        self.epsilon = epsilon

    def start(self, theta: NDArray[Any], decayed: bool | NDArray[Any] = True) -> SimpleNamespace:
        """Start with no squares; see :meth:`Optimizer.start`."""
        return SimpleNamespace(squares=np.zeros_like(theta))

    def direction(
        self, gradient: NDArray[Any], state: SimpleNamespace, theta: NDArray[Any]
    ) -> NDArray[Any]:
        """Turn a gradient into a direction; see :meth:`Optimizer.direction`."""
        state.squares *= self.decay
        state.squares += (1 - self.decay) * gradient * gradient
        gradient /= np.sqrt(state.squares) + self.epsilon
        return gradient


class Adam(Optimizer):
    r"""Adam: momentum and RMSProp, both corrected for their start at zero.

    Parameters
    ----------
    beta1 : float in [0, 1), default=0.9
        The share of the mean gradient that a step keeps.
    beta2 : float in [0, 1), default=0.999
        The share of the mean square that a step keeps.
    epsilon : float > 0, default=1e-8
        Keeps the quotient finite; it is added outside the root.
    weight_decay : float >= 0, default=0.0
        Decoupled weight decay :math:`\lambda` (AdamW). In training it is not applied to
        intercepts, as penalties are not.

    Notes
    -----
    .. math::

        m \leftarrow \beta_1 m + (1 - \beta_1) g, \qquad
        c \leftarrow \beta_2 c + (1 - \beta_2) g^2, \qquad
        d = \frac{m / (1 - \beta_1^t)}{\sqrt{c / (1 - \beta_2^t)} + \epsilon} + \lambda \theta

    References
    ----------
    D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015,
    :arxiv:`1412.6980`.
    I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019,
    :arxiv:`1711.05101`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.optimizers import Adam
    >>> optimizer, theta = Adam(), np.zeros(2)
    >>> optimizer.direction(np.array([5.0, -0.1]), optimizer.start(theta), theta).round(6)
    array([ 1., -1.])
    """

    adaptive = True
    largest_rate: float = 0.02
    _parameter_constraints: dict[str, list[Any]] = {
        "beta1": [_FRACTION],
        "beta2": [_FRACTION],
        "epsilon": [_POSITIVE],
        "weight_decay": [Number(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay

    def start(self, theta: NDArray[Any], decayed: bool | NDArray[Any] = True) -> SimpleNamespace:
        """Start at step zero with sums of zero; see :meth:`Optimizer.start`."""
        return SimpleNamespace(
            t=0, sums=np.zeros_like(theta), squares=np.zeros_like(theta), decayed=decayed
        )

    def direction(
        self, gradient: NDArray[Any], state: SimpleNamespace, theta: NDArray[Any]
    ) -> NDArray[Any]:
        """Turn a gradient into a direction; see :meth:`Optimizer.direction`."""
        # The sums, m / (1 - beta1) and c / (1 - beta2), save two passes over the memory.
        state.t += 1
        state.sums *= self.beta1
        state.sums += gradient
        direction = gradient
        direction *= gradient
        state.squares *= self.beta2
        state.squares += direction
        root = math.sqrt((1 - self.beta2) / (1 - self.beta2**state.t))
        np.sqrt(state.squares, out=direction)
        direction += self.epsilon / root
        np.divide(state.sums, direction, out=direction)
        direction *= (1 - self.beta1) / (1 - self.beta1**state.t) / root
        if self.weight_decay:
            direction += self.weight_decay * state.decayed * theta
        return direction


class LBFGS(Optimizer):
    r"""The quasi-Newton method L-BFGS of SciPy, on all samples at once.

    It needs no learning rate and finds the minimum of a smooth convex objective to high accuracy.
    ``max_iter`` counts its iterations, ``tol`` bounds the largest component of the gradient at the
    end, and ``batch_size``, ``shuffle`` and schedules have no effect.

    Parameters
    ----------
    memory : int > 0, default=10
        Number of past steps from which the curvature is estimated.

    References
    ----------
    R. H. Byrd, P. Lu, J. Nocedal and C. Zhu, "A limited memory algorithm for bound constrained
    optimization", SIAM Journal on Scientific Computing 16, 1995.

    Examples
    --------
    >>> from sk231n.optimizers import LBFGS
    >>> LBFGS(memory=20)
    LBFGS(memory=20)
    """

    _parameter_constraints: dict[str, list[Any]] = {"memory": [count(1)]}
    full_batch = True

    def __init__(self, memory: int = 10) -> None:
        self.memory = memory


OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": SGD(),
    "momentum": Momentum(),
    "nesterov": Momentum(nesterov=True),
    "adagrad": Adagrad(),
    "rmsprop": RMSProp(),
    "adam": Adam(),
    "adamw": Adam(weight_decay=0.01),
    "lbfgs": LBFGS(),
}
