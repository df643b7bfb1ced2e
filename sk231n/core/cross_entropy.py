"""The cross-entropy of the softmax."""

import math
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.arguments import Number
from sk231n.core.loss import (
    Loss,
    as_float_array,
    prepare_classes,
    prepare_probabilities,
    safe_for_large_scores,
)


class CrossEntropy(Loss):
    r"""Softmax cross-entropy, the loss of the softmax classifier.

    Parameters
    ----------
    label_smoothing : float in [0, 1), default=0.0
        The share :math:`\epsilon` of the target that is spread evenly over all classes.

    Notes
    -----
    With :math:`p = \operatorname{softmax}(s)`, computed after the row's maximum is subtracted,

    .. math:: \ell = -\sum_j q_j \ln p_j, \qquad
              \frac{\partial \ell}{\partial s_j} = p_j - q_j,

    where :math:`q_j = (1 - \epsilon) t_j + \epsilon / C`.  The target :math:`t_j` is 1 for the
    true class and 0 for the others, or a given probability.  All scores equal give
    :math:`\ell = \ln C`.

    References
    ----------
    CS231n course notes, "Linear classification", https://cs231n.github.io/linear-classify/.
    C. Szegedy et al., "Rethinking the Inception architecture", CVPR 2016 (label smoothing).

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.losses import CrossEntropy
    >>> value, gradient = CrossEntropy()(np.zeros((1, 2)), np.array([0]), np.array([1.0]))
    >>> round(value, 4), gradient
    (0.6931, array([[-0.5,  0.5]]))
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "label_smoothing": [Number(Real, 0, 1, closed="left")]
    }
    targets: tuple[str, ...] = ("classes", "probabilities")
    probabilities = True
    curvature: float = 0.5

    def __init__(self, label_smoothing: float = 0.0) -> None:
        self.label_smoothing = label_smoothing

    @safe_for_large_scores
    def __call__(
        self, scores: NDArray[Any], y: NDArray[Any], w: NDArray[Any] | None = None
    ) -> tuple[float, NDArray[Any]]:
        """Return the weighted loss and its gradient.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_classes)
            The scores; they are left as they are.
        y : ndarray of int of shape (n_samples,), or of float of shape (n_samples, n_classes)
            The class indices; or the probabilities of the classes, each row summing to one.
        w : ndarray of shape (n_samples,), default=None
            The sample weights; None for the mean.

        Returns
        -------
        value : float
            The weighted sum of the losses.
        gradient : ndarray of shape (n_samples, n_classes)
            Its gradient with respect to the scores.

        Raises
        ------
        ValueError
            If the shapes do not match, or `y` holds neither class indices nor probabilities.
        """
        if np.ndim(y) == 2:
            return self._of_probabilities(*prepare_probabilities(scores, y, w))
        scores, y, w = prepare_classes(scores, y, w)
        log_p = _log_softmax(scores)
        rows = np.arange(len(y))
        true_log_p = log_p[rows, y]
        value = -float(w @ true_log_p)
        gradient = np.exp(log_p)
        gradient[rows, y] -= 1 - self.label_smoothing
        if self.label_smoothing:
            share = self.label_smoothing / scores.shape[1]
            value = (1 - self.label_smoothing) * value - float(w @ (share * log_p).sum(axis=1))
            gradient -= share
        gradient *= w[:, None]
        return value, gradient

    def _of_probabilities(self, scores, y, w):
        targets = (1 - self.label_smoothing) * y + self.label_smoothing / scores.shape[1]
        log_p = _log_softmax(scores)
        # Classes with the target 0 add nothing, even if their predicted probability is 0.
        terms = np.multiply(targets, log_p, out=np.zeros_like(log_p), where=targets > 0)
        gradient = np.exp(log_p)
        gradient -= targets
        gradient *= w[:, None]
        return -float(w @ terms.sum(axis=1)), gradient

    def at_zero(self, n_scores: int) -> float:
        """Return the loss of scores that are all zero; see :meth:`Loss.at_zero`."""
        return math.log(n_scores)


def log_softmax(scores: NDArray[Any]) -> NDArray[Any]:
    """Logarithm of the softmax along the last axis, safe for scores of any size.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
        The scores.

    Returns
    -------
    ndarray of shape (n_samples, n_classes)
        ``scores - log(sum(exp(scores)))``, each row shifted by its maximum first.

    Raises
    ------
    ValueError
        If `scores` is not a matrix of finite numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.losses import log_softmax
    >>> np.exp(log_softmax(np.array([[1.0, -2.0, 0.0]]))).round(4)
    array([[0.7054, 0.0351, 0.2595]])
    """
    scores = as_float_array("scores", scores)
    if scores.ndim != 2 or not scores.size:
        raise ValueError(f"scores must be of shape (n_samples, n_classes); got {scores.shape}.")
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite.")
    with np.errstate(over="ignore"):  # probabilities too small for float64
        return _log_softmax(scores)


def _log_softmax(scores):
    shifted = scores - scores.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted
