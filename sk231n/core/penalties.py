r"""Penalties on the weights: value and gradient in one call, on the flat vector.

A penalty sees :math:`u = f \odot \theta`, where the factor :math:`f` is zero for what is not
penalised (intercepts) and undoes the scaling of the inputs for what is, so that the penalty is
always that of the weights in the units of the data.
"""

import numpy as np

from sk231n.core.spec import Spec


class L2(Spec):
    r"""The l2 penalty :math:`R = \frac12 \lVert u \rVert_2^2`, also called weight decay.

    Notes
    -----
    Its gradient is :math:`u` itself: each weight shrinks in proportion to its size.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.core.penalties import L2
    >>> L2()(np.array([3.0, 4.0]))[0]
    12.5
    """

    smooth = True
    curvature = 1.0

    def __call__(self, u):
        """Return the penalty and its gradient.

        Parameters
        ----------
        u : ndarray of shape (size,)
            The penalised weights.

        Returns
        -------
        value : float
            The penalty.
        gradient : ndarray of shape (size,)
            Its gradient.
        """
        return 0.5 * float(np.vdot(u, u)), u


class L1(Spec):
    r"""The l1 penalty :math:`R = \lVert u \rVert_1`, which draws useless weights towards zero.

    Notes
    -----
    Its subgradient is :math:`\operatorname{sign}(u)`, zero at zero. Steps along it end close to
    zero, not at it: round the weights off where exact zeros are wanted.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.core.penalties import L1
    >>> L1()(np.array([3.0, -4.0]))
    (7.0, array([ 1., -1.]))
    """

    smooth = False
    curvature = 0.0

    def __call__(self, u):
        """Return the penalty and its subgradient; see :class:`L2`."""
        return float(np.abs(u).sum()), np.sign(u)


class ElasticNet(Spec):
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
    >>> from sk231n.core.penalties import ElasticNet
    >>> ElasticNet(l1_ratio=0.5)(np.array([2.0]))
    (2.0, array([1.5]))
    """

    smooth = False

    def __init__(self, l1_ratio=0.5):
        self.l1_ratio = l1_ratio

    @property
    def curvature(self):
        """Largest second derivative."""
        return 1.0 - self.l1_ratio

    def __call__(self, u):
        """Return the penalty and its subgradient; see :class:`L2`."""
        l1, sign = L1()(u)
        l2, _ = L2()(u)
        return (
            self.l1_ratio * l1 + (1 - self.l1_ratio) * l2,
            self.l1_ratio * sign + (1 - self.l1_ratio) * u,
        )
