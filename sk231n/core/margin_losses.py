"""The hinge losses of support vector machines."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n._sklearn import Options
from sk231n.core.arguments import Number
from sk231n.core.loss import Loss, prepare_classes, prepare_targets, safe_for_large_scores


class MarginLoss(Loss):
    """Base of the hinge losses: a margin, and hinges plain (power 1) or squared (power 2)."""

    _parameter_constraints: dict[str, list[Any]] = {
        "margin": [Number(Real, 0, None, closed="left")],
        "power": [Options(Integral, {1, 2})],
    }
    curvature: float = 1.0

    def __init__(self, margin: float = 1.0, power: int = 1) -> None:
        self.margin = margin
        self.power = power

    @property
    def smooth(self) -> bool:
        """Whether the loss has a continuous gradient."""
        return self.power == 2

    @property
    def unbounded_curvature(self) -> float:
        """Second derivative of a squared hinge."""
        return 2.0 if self.power == 2 else 0.0

    def kink_sides(self, scores: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        """Say which margins are violated; see :meth:`Loss.kink_sides`."""
        return self._violation(scores, y) > 0

    def _hinge(self, violation):
        """Value and derivative of ``max(0, violation) ** power``, elementwise."""
        positive = np.maximum(violation, 0)
        if self.power == 1:
            return positive, (violation > 0).astype(violation.dtype)
        return positive * positive, 2 * positive


class WestonWatkins(MarginLoss):
    r"""The multi-class SVM loss of the course: every wrong class adds its own violation.

    Parameters
    ----------
    margin : float, default=1.0
        The margin :math:`\Delta` by which the true score should exceed the others.
    power : {1, 2}, default=1
        1 for the hinge, 2 for the squared hinge.

    Notes
    -----
    .. math:: \ell = \sum_{j \ne y} \max(0, s_j - s_y + \Delta)^{\text{power}}

    For the hinge, each violating class gets the gradient 1 and the true class minus their number.
    All scores equal give :math:`(C - 1) \Delta`.

    References
    ----------
    J. Weston and C. Watkins, "Support vector machines for multi-class pattern recognition",
    ESANN 1999.

    Examples
    --------
    The course's example, with a margin of 10:

    >>> import numpy as np
    >>> from sk231n.losses import WestonWatkins
    >>> WestonWatkins(margin=10)(np.array([[13, -7, 11]]), np.array([0]))[0]
    8.0
    """

    @safe_for_large_scores
    def __call__(
        self, scores: NDArray[Any], y: NDArray[Any], w: NDArray[Any] | None = None
    ) -> tuple[float, NDArray[Any]]:
        """Return the weighted loss and its gradient; see :meth:`Loss.__call__`."""
        scores, y, w = prepare_classes(scores, y, w)
        terms, gradient = self._hinge(self._violation(scores, y))
        gradient[np.arange(len(y)), y] = -gradient.sum(axis=1)
        gradient *= w[:, None]
        return float(w @ terms.sum(axis=1)), gradient

    def at_zero(self, n_scores: int) -> float:
        """Return the loss of scores that are all zero; see :meth:`Loss.at_zero`."""
        return float((n_scores - 1) * self.margin**self.power)

    def _violation(self, scores, y):
        rows = np.arange(len(y))
        violation = scores - scores[rows, y][:, None]
        violation += self.margin  # last, because rounding would lose it beside a huge score
        violation[rows, y] = 0
        return violation


class CrammerSinger(MarginLoss):
    r"""The multi-class SVM loss in which only the largest violation counts.

    Parameters
    ----------
    margin : float, default=1.0
        The margin :math:`\Delta` by which the true score should exceed the others.
    power : {1, 2}, default=1
        1 for the hinge, 2 for the squared hinge.

    Notes
    -----
    .. math:: \ell = \max\bigl(0, \max_{j \ne y} s_j - s_y + \Delta\bigr)^{\text{power}}

    Where the worst class changes, the gradient jumps, even with the squared hinge.

    References
    ----------
    K. Crammer and Y. Singer, "On the algorithmic implementation of multiclass kernel-based vector
    machines", Journal of Machine Learning Research 2, 2001.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.losses import CrammerSinger
    >>> CrammerSinger()(np.array([[1.0, 3.0, 2.0]]), np.array([0]), np.array([1.0]))
    (3.0, array([[-1.,  1.,  0.]]))
    """

    smooth = False

    @safe_for_large_scores
    def __call__(
        self, scores: NDArray[Any], y: NDArray[Any], w: NDArray[Any] | None = None
    ) -> tuple[float, NDArray[Any]]:
        """Return the weighted loss and its gradient; see :meth:`Loss.__call__`."""
        scores, y, w = prepare_classes(scores, y, w)
        rows, worst = np.arange(len(y)), self._worst(scores, y)
        terms, slope = self._hinge(scores[rows, worst] - scores[rows, y] + self.margin)
        slope *= w
        gradient = np.zeros_like(scores)
        gradient[rows, worst] = slope
        gradient[rows, y] = -slope
        return float(w @ terms), gradient

    def kink_sides(self, scores: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        """Say which class is worst where the margin is violated; see :meth:`Loss.kink_sides`."""
        rows, worst = np.arange(len(y)), self._worst(scores, y)
        violated = scores[rows, worst] - scores[rows, y] + self.margin > 0
        return np.where(violated, worst, -1)

    def at_zero(self, n_scores: int) -> float:
        """Return the loss of scores that are all zero; see :meth:`Loss.at_zero`."""
        return float(self.margin**self.power)

    def _worst(self, scores, y):
        others = scores.copy()
        others[np.arange(len(y)), y] = -np.inf
        return others.argmax(axis=1)


class OneVsRest(MarginLoss):
    r"""The sum of one binary hinge per class: this class against all the others.

    For samples with several labels `y` may be an indicator matrix of the shape of the scores.

    Parameters
    ----------
    margin : float, default=1.0
        The margin :math:`\Delta` that each score should keep from zero.
    power : {1, 2}, default=1
        1 for the hinge, 2 for the squared hinge.

    Notes
    -----
    With :math:`t_j = 1` for the true class and :math:`-1` for the others,

    .. math:: \ell = \sum_j \max(0, \Delta - t_j s_j)^{\text{power}}.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.losses import OneVsRest
    >>> OneVsRest()(np.array([[0.5, -2.0, 0.0]]), np.array([0]), np.array([1.0]))
    (1.5, array([[-1.,  0.,  1.]]))
    """

    @safe_for_large_scores
    def __call__(
        self, scores: NDArray[Any], y: NDArray[Any], w: NDArray[Any] | None = None
    ) -> tuple[float, NDArray[Any]]:
        """Return the weighted loss and its gradient; see :meth:`Loss.__call__`."""
        prepare = prepare_targets if np.ndim(y) == 2 else prepare_classes
        scores, y, w = prepare(scores, y, w)
        terms, gradient = self._hinge(self._violation(scores, y))
        gradient *= self._sign(scores, y)
        gradient *= w[:, None]
        return float(w @ terms.sum(axis=1)), gradient

    def at_zero(self, n_scores: int) -> float:
        """Return the loss of scores that are all zero; see :meth:`Loss.at_zero`."""
        return float(n_scores * self.margin**self.power)

    def _violation(self, scores, y):
        return self.margin + self._sign(scores, y) * scores

    def _sign(self, scores, y):
        """Return the opposite of the targets, which are 1 and -1."""
        if np.ndim(y) == 2:
            return 1 - 2 * y
        sign = np.ones_like(scores)
        sign[np.arange(len(y)), y] = -1
        return sign
