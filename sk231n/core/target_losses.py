"""Losses on targets of the shape of the scores: several labels a sample, or quantities."""

import math
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sk231n.core.arguments import Number
from sk231n.core.loss import Loss, prepare_targets, safe_for_large_scores


class SigmoidCrossEntropy(Loss):
    r"""The multi-label loss: one logistic regression per label, added up.

    Parameters
    ----------
    label_smoothing : float in [0, 1), default=0.0
        The share :math:`\epsilon` of each target that is moved to one half.

    Notes
    -----
    With :math:`q_j = (1 - \epsilon) y_j + \epsilon / 2` and :math:`p_j = 1 / (1 + e^{-s_j})`,

    .. math:: \ell = \sum_j \ln(1 + e^{s_j}) - q_j s_j, \qquad
              \frac{\partial \ell}{\partial s_j} = p_j - q_j.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.losses import SigmoidCrossEntropy
    >>> value, gradient = SigmoidCrossEntropy()(np.zeros((1, 2)), np.array([[0, 1]]))
    >>> round(value, 4), gradient
    (1.3863, array([[ 0.5, -0.5]]))
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "label_smoothing": [Number(Real, 0, 1, closed="left")]
    }
    targets: tuple[str, ...] = ("labels",)
    probabilities = True
    curvature: float = 0.25

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = label_smoothing

    @safe_for_large_scores
    def __call__(
        self, scores: NDArray[Any], y: NDArray[Any], w: NDArray[Any] | None = None
    ) -> tuple[float, NDArray[Any]]:
        """Return the weighted loss and its gradient.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_outputs)
            The scores; they are left as they are.
        y : ndarray of shape (n_samples, n_outputs)
            The targets, one for each score.
        w : ndarray of shape (n_samples,), default=None
            The sample weights; None for the mean.

        Returns
        -------
        value : float
            The weighted sum of the losses.
        gradient : ndarray of shape (n_samples, n_outputs)
            Its gradient with respect to the scores.

        Raises
        ------
        ValueError
            If the shapes do not match.
        """
        scores, y, w = prepare_targets(scores, y, w)
        targets = (1 - self.label_smoothing) * y + self.label_smoothing / 2
        value = float(w @ (np.logaddexp(0, scores) - targets * scores).sum(axis=1))
        gradient = expit(scores)
        gradient -= targets
        gradient *= w[:, None]
        return value, gradient

    def at_zero(self, n_scores: int) -> float:
        """Return the loss of scores that are all zero; see :meth:`Loss.at_zero`."""
        return n_scores * math.log(2)


class SquaredError(Loss):
    r"""Half the squared error, :math:`\ell = \frac12 \sum_k (s_k - y_k)^2`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.losses import SquaredError
    >>> SquaredError()(np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]]))
    (2.5, array([[ 1., -2.]]))
    """

    targets: tuple[str, ...] = ("quantities",)
    curvature: float = 1.0
    unbounded_curvature: float = 1.0
    degree = 2

    @safe_for_large_scores
    def __call__(
        self, scores: NDArray[Any], y: NDArray[Any], w: NDArray[Any] | None = None
    ) -> tuple[float, NDArray[Any]]:
        """Return the weighted loss and its gradient; see :class:`SigmoidCrossEntropy`."""
        scores, y, w = prepare_targets(scores, y, w)
        error = scores - y
        value = 0.5 * float(w @ np.einsum("ij,ij->i", error, error))
        error *= w[:, None]
        return value, error


class AbsoluteError(Loss):
    r"""The absolute error, :math:`\ell = \sum_k |s_k - y_k|`, whose minimum is the median.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.losses import AbsoluteError
    >>> AbsoluteError()(np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]]))
    (3.0, array([[ 1., -1.]]))
    """

    targets: tuple[str, ...] = ("quantities",)
    smooth = False
    degree = 1

    @safe_for_large_scores
    def __call__(
        self, scores: NDArray[Any], y: NDArray[Any], w: NDArray[Any] | None = None
    ) -> tuple[float, NDArray[Any]]:
        """Return the weighted loss and its gradient; see :class:`SigmoidCrossEntropy`."""
        scores, y, w = prepare_targets(scores, y, w)
        error = scores - y
        return float(w @ np.abs(error).sum(axis=1)), np.sign(error) * w[:, None]

    def kink_sides(self, scores: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
        """Say which errors are positive; see :meth:`Loss.kink_sides`."""
        return scores > y
