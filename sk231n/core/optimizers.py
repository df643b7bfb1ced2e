r"""Optimizers: formulas that turn a gradient into a direction, simplest first.

``direction(gradient, state, theta)`` gives :math:`d`, and the loop alone applies
:math:`\theta \leftarrow \theta - \eta_t d`, so that every schedule of the rate :math:`\eta_t` fits
every optimizer.  An optimizer is a hyper-parameter: it holds numbers, never arrays; what it has to
remember is the ``state`` that ``start`` makes and the loop carries.  To save memory traffic a
direction may be written over the gradient it came from.  All work element by element, so that the
loop may hand them the parameters in pieces that fit into the cache, each with a state of its own.
"""

import math
from numbers import Real
from types import SimpleNamespace

import numpy as np

from sk231n.core.arguments import Number, count
from sk231n.core.spec import Spec

_FRACTION = Number(Real, 0, 1, closed="left")
_POSITIVE = Number(Real, 0, None, closed="neither")


class Optimizer(Spec):
    r"""Base of the optimizers: one of your own needs ``direction``, and ``start`` to remember.

    Attributes
    ----------
    full_batch : bool
        Whether it works on all samples at once, as L-BFGS does.
    adaptive : bool
        Whether the steps are as long whatever the size of the gradients; it decides which of two
        bounds gives the automatic learning rate.
    largest_rate : float
        The automatic rate of an adaptive optimizer, at most.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.optimizers import Optimizer
    >>> class SignDescent(Optimizer):
    ...     adaptive = True
    ...     def direction(self, gradient, state, theta):
    ...         return np.sign(gradient)
    >>> optimizer, theta = SignDescent(), np.zeros(2)
    >>> optimizer.direction(np.array([5.0, -0.1]), optimizer.start(theta), theta)
    array([ 1., -1.])
    """

    full_batch = False
    adaptive = False
    largest_rate = 0.01

    def start(self, theta, decayed=True):
        """Make the state of a run: what must be remembered between two steps.

        Parameters
        ----------
        theta : ndarray
            Some of the parameters from which the run starts, in an array of any shape.
        decayed : bool or ndarray of bool of the shape of `theta`, default=True
            Which parameters feel a weight decay, if the optimizer has one.

        Returns
        -------
        SimpleNamespace
            The state, to be passed to each call of ``direction`` for these parameters.
        """
        return SimpleNamespace()

    def direction(self, gradient, state, theta):
        r"""Turn a gradient into a direction; the loop steps against it.

        Parameters
        ----------
        gradient : ndarray
            The gradient; it may be overwritten.
        state : SimpleNamespace
            What ``start`` returned; it is updated in place.
        theta : ndarray
            The parameters, which are left as they are.

        Returns
        -------
        ndarray of the shape of `gradient`
            The direction :math:`d`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no direction.")

    def auto_rate(self, smoothness, score_change, batch_curvature=0.0):
        """Choose a learning rate for inputs of about unit spread.

        Parameters
        ----------
        smoothness : float
            Bound on the second derivative of the objective: the gradient's Lipschitz constant.
        score_change : float
            Root mean square by which the scores can change when every weight moves by one.
        batch_curvature : float, default=0.0
            How much larger the second derivative can be on a batch, if gradients have no bound.

        Returns
        -------
        float
            The rate at which a run starts: for adaptive optimizers one with which a step changes
            the scores by about one, else one over the smoothness.
        """
        if self.adaptive:
            return min(self.largest_rate, 1 / score_change)
        return 1 / (smoothness + batch_curvature)


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

    def direction(self, gradient, state, theta):
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

    _parameter_constraints: dict = {"momentum": [_FRACTION], "nesterov": ["boolean"]}

    def __init__(self, momentum=0.9, nesterov=False):
        self.momentum = momentum
        self.nesterov = nesterov

    def start(self, theta, decayed=True):
        """Start with no velocity; see :meth:`Optimizer.start`."""
        return SimpleNamespace(velocity=np.zeros_like(theta))

    def auto_rate(self, smoothness, score_change, batch_curvature=0.0):
        """Allow for the batches that a velocity adds up; see :meth:`Optimizer.auto_rate`."""
        return 1 / (smoothness + batch_curvature / (1 - self.momentum))

    def direction(self, gradient, state, theta):
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
        Keeps the quotient finite; it stands outside the root.

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
    largest_rate = 0.1
    _parameter_constraints: dict = {"epsilon": [_POSITIVE]}

    def __init__(self, epsilon=1e-8):
        self.epsilon = epsilon

    def start(self, theta, decayed=True):
        """Start with no squares; see :meth:`Optimizer.start`."""
        return SimpleNamespace(squares=np.zeros_like(theta))

    def auto_rate(self, smoothness, score_change, batch_curvature=0.0):
        """Double the rate, since it falls by itself; see :meth:`Optimizer.auto_rate`."""
        return min(self.largest_rate, 2 / score_change)

    def direction(self, gradient, state, theta):
        """Turn a gradient into a direction; see :meth:`Optimizer.direction`."""
        state.squares += gradient * gradient
        gradient /= np.sqrt(state.squares) + self.epsilon
        return gradient


class RMSProp(Optimizer):
    r"""RMSProp: Adagrad that forgets.

    Parameters
    ----------
    decay : float in [0, 1), default=0.99
        The share :math:`\rho` of the mean square that a step keeps.
    epsilon : float > 0, default=1e-8
        Keeps the quotient finite; it stands outside the root.

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
    _parameter_constraints: dict = {"decay": [_FRACTION], "epsilon": [_POSITIVE]}

    def __init__(self, decay=0.99, epsilon=1e-8):
        self.decay = decay
        self.epsilon = epsilon

    def start(self, theta, decayed=True):
        """Start with no squares; see :meth:`Optimizer.start`."""
        return SimpleNamespace(squares=np.zeros_like(theta))

    def direction(self, gradient, state, theta):
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
        Keeps the quotient finite; it stands outside the root.
    weight_decay : float >= 0, default=0.0
        Decoupled weight decay :math:`\lambda` (AdamW). In training it leaves intercepts alone, as
        penalties do.

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
    largest_rate = 0.02
    _parameter_constraints: dict = {
        "beta1": [_FRACTION],
        "beta2": [_FRACTION],
        "epsilon": [_POSITIVE],
        "weight_decay": [Number(Real, 0, None, closed="left")],
    }

    def __init__(self, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weight_decay = weight_decay

    def start(self, theta, decayed=True):
        """Start at step zero with sums of zero; see :meth:`Optimizer.start`."""
        return SimpleNamespace(
            t=0, sums=np.zeros_like(theta), squares=np.zeros_like(theta), decayed=decayed
        )

    def direction(self, gradient, state, theta):
        """Turn a gradient into a direction; see :meth:`Optimizer.direction`."""
        # The sums, m / (1 - beta1) and c / (1 - beta2), spare two passes over the memory.
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
    end, and ``batch_size``, ``shuffle`` and schedules play no part.

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

    _parameter_constraints: dict = {"memory": [count(1)]}
    full_batch = True

    def __init__(self, memory=10):
        self.memory = memory


OPTIMIZERS = {
    "sgd": SGD(),
    "momentum": Momentum(),
    "nesterov": Momentum(nesterov=True),
    "adagrad": Adagrad(),
    "rmsprop": RMSProp(),
    "adam": Adam(),
    "adamw": Adam(weight_decay=0.01),
    "lbfgs": LBFGS(),
}
