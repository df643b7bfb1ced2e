r"""The base of the optimizers: a formula that turns a gradient into a direction.

``direction(gradient, state, theta)`` gives :math:`d`, and the loop alone applies
:math:`\theta \leftarrow \theta - \eta_t d`, so that every schedule of the rate :math:`\eta_t` fits
every optimizer.  An optimizer is a hyper-parameter: it holds numbers, never arrays; what it must
remember is the ``state`` that ``start`` makes and the loop keeps.  To save memory traffic a
direction may be written over the gradient it came from.  All work element by element, so that the
loop may hand them the parameters in pieces that fit into the cache, each with a state of its own.
"""

from types import SimpleNamespace
from typing import Any

from numpy.typing import NDArray

from sk231n.core.spec import Spec


class Optimizer(Spec):
    r"""Base of the optimizers: your own needs ``direction``, and ``start`` if it has a state.

    Attributes
    ----------
    full_batch : bool
        Whether it works on all samples at once; only L-BFGS does, and may say so.
    adaptive : bool
        Whether the length of a step does not depend on the size of the gradient; it decides which
        of two bounds gives the automatic learning rate.
    largest_rate : float
        Upper bound of the automatic rate of an adaptive optimizer.

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

    _documented_in = "sk231n.optimizers"

    full_batch: bool = False
    adaptive: bool = False
    largest_rate: float = 0.01

    def start(self, theta: NDArray[Any], decayed: bool | NDArray[Any] = True) -> SimpleNamespace:
        """Make the state of a run: what must be remembered between two steps.

        Parameters
        ----------
        theta : ndarray
            Some of the parameters from which the run starts, in an array of any shape.
        decayed : bool or ndarray of bool of the shape of `theta`, default=True
            Which parameters a weight decay applies to, if the optimizer has one.

        Returns
        -------
        SimpleNamespace
            The state, to be passed to each call of ``direction`` for these parameters.
        """
        return SimpleNamespace()

    def direction(
        self, gradient: NDArray[Any], state: SimpleNamespace, theta: NDArray[Any]
    ) -> NDArray[Any]:
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

    def auto_rate(
        self, smoothness: float, score_change: float, batch_curvature: float = 0.0
    ) -> float:
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
