r"""Penalties on the weights: value and gradient in one call, on the flat vector.

A penalty sees :math:`u = f \odot \theta`, where the factor :math:`f` undoes the scaling of the
inputs, so that the penalty is always that of the weights in the units of the data.  Parameters that
are not penalised, such as intercepts, are left out.
"""

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.arguments import Number
from sk231n.core.spec import Spec


class Penalty(Spec):
    r"""Base of the penalties: a penalty of your own needs ``__call__``.

    Attributes
    ----------
    smooth : bool
        Whether the gradient is continuous, as L-BFGS needs it.
    curvature : float
        Largest second derivative, which bounds the learning rate; zero if there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.penalties import Penalty
    >>> class Quartic(Penalty):
    ...     def __call__(self, u):
    ...         return float(np.sum(u**4)) / 4, u**3
    >>> Quartic()(np.array([1.0, 2.0]))
    (4.25, array([1., 8.]))
    """

    _documented_in = "sk231n.penalties"

    # Any, so that a subclass may make them properties.
    smooth: Any = True
    curvature: Any = 0.0

    def __call__(self, u: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        """Return the penalty and its gradient.

        Parameters
        ----------
        u : ndarray
            Some of the penalised weights, in an array of any shape, which is left as it is. The
            penalty of all weights is the sum over such blocks.

        Returns
        -------
        value : float
            The penalty.
        gradient : ndarray of the shape of `u`
            Its gradient, which may be `u` itself.
        """
        raise NotImplementedError(f"{type(self).__name__} has no __call__.")


class L2(Penalty):
    r"""The l2 penalty :math:`R = \frac12 \lVert u \rVert_2^2`, also called weight decay.

    Notes
    -----
    Its gradient is :math:`u` itself: each weight shrinks in proportion to its size.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.penalties import L2
    >>> L2()(np.array([3.0, 4.0]))[0]
    12.5
    """

    curvature: float = 1.0

    def __call__(self, u: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        """Return the penalty and its gradient; see :meth:`Penalty.__call__`."""
        return 0.5 * float(np.vdot(u, u)), u


class L1(Penalty):
    r"""The l1 penalty :math:`R = \lVert u \rVert_1`, which draws useless weights towards zero.

    Notes
    -----
    Its subgradient is :math:`\operatorname{sign}(u)`, zero at zero. Steps along it end close to
    zero, not at it; set small weights to zero if exact zeros are needed.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.penalties import L1
    >>> L1()(np.array([3.0, -4.0]))
    (7.0, array([ 1., -1.]))
    """

    smooth = False

    def __call__(self, u: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        """Return the penalty and its subgradient; see :meth:`Penalty.__call__`."""
        return float(np.abs(u).sum()), np.sign(u)


class ElasticNet(Penalty):
    r"""The blend :math:`\rho \lVert u \rVert_1 + \frac{1 - \rho}{2} \lVert u \rVert_2^2`.

    Parameters
    ----------
    l1_ratio : float in [0, 1], default=0.5
        The share :math:`\rho` of the l1 penalty.

    References
    ----------
    H. Zou and T. Hastie, "Regularization and variable selection via the elastic net", Journal of
    the Royal Statistical Society B 67, 2005.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.penalties import ElasticNet
    >>> ElasticNet(l1_ratio=0.5)(np.array([2.0]))
    (2.0, array([1.5]))
    """

    smooth = False
    _parameter_constraints: dict[str, list[Any]] = {"l1_ratio": [Number(Real, 0, 1, closed="both")]}

    def __init__(self, l1_ratio: float = 0.5) -> None:
        self.l1_ratio = l1_ratio

    @property
    def curvature(self) -> float:
        """Largest second derivative."""
        return 1.0 - self.l1_ratio

    def __call__(self, u: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        """Return the penalty and its subgradient; see :meth:`Penalty.__call__`."""
        l1, sign = L1()(u)
        l2, _ = L2()(u)
        return (
            self.l1_ratio * l1 + (1 - self.l1_ratio) * l2,
            self.l1_ratio * sign + (1 - self.l1_ratio) * u,
        )


PENALTIES: dict[str, Penalty] = {"l1": L1(), "l2": L2(), "elasticnet": ElasticNet()}
