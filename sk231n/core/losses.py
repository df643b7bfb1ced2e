r"""Losses: value and gradient in one call.

Each loss is called as ``loss(scores, y, w)`` with scores :math:`s` of shape (n_samples, n_classes),
class indices :math:`y` and sample weights :math:`w`, and returns
:math:`\sum_i w_i \, \ell(s_i, y_i)` and its gradient with respect to the scores.  With weights that
sum to one the value is a mean, and class weights, sample weights and the mean are one thing.  Every
loss knows whether it is ``smooth``, and its ``curvature``: the order of magnitude of the second
derivative, which sets the scale of the learning rate.  A hinge has none in its kink and zero
elsewhere; its slope turns from zero to one over about a margin, which counts as one.  The
``growth`` is the second derivative of a loss whose gradient grows without bound: a step that is too
long for one batch throws its scores further off than they were; elsewhere it is zero.
"""

import math
from functools import wraps
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Options

from sk231n.core.arguments import Number
from sk231n.core.errors import naming
from sk231n.core.spec import Spec

SUM_TOLERANCE = 1e-3  # by how much the sum of probabilities may differ from one
_LARGE = 1e15  # scores whose squares float32 holds, added up over a few million classes


def safe_for_large_scores(call):
    """Let a loss compute in float64 where its value might overflow in float32."""

    @wraps(call)
    def widened(self, scores, y, w=None):
        scores = np.asarray(scores)
        if scores.dtype != np.float32 or not scores.size or np.abs(scores).max() < _LARGE:
            return call(self, scores, y, w)
        value, gradient = call(self, scores.astype(np.float64), y, w)
        return value, gradient.astype(np.float32)

    return widened


class Loss(Spec):
    """Base of the losses: smooth and with a bounded gradient, unless a loss says otherwise."""

    smooth = True
    growth = 0.0
    takes_probabilities = False  # whether targets may be probabilities of the classes

    def sides(self, scores, y):
        """Say on which side of its kinks the loss is.

        Where two scores differ in it, the gradient may jump between them.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_scores)
            The scores.
        y : ndarray
            The targets.

        Returns
        -------
        ndarray or None
            Whatever jumps at a kink; None for a loss without any.
        """
        return None

    def at_zero(self, n_scores):
        """Return the loss of a sample whose scores are all zero.

        Parameters
        ----------
        n_scores : int
            Number of scores.

        Returns
        -------
        float or None
            The loss; None if it depends on the target.
        """
        return None


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

    _parameter_constraints: dict = {"label_smoothing": [Number(Real, 0, 1, closed="left")]}
    curvature = 0.5
    takes_probabilities = True

    def __init__(self, label_smoothing=0.0):
        self.label_smoothing = label_smoothing

    @safe_for_large_scores
    def __call__(self, scores, y, w=None):
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
            return self._of_probabilities(*_prepare_probabilities(scores, y, w))
        scores, y, w = _prepare(scores, y, w)
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
        # What has no share does not count, however unlikely the model calls it.
        terms = np.multiply(targets, log_p, out=np.zeros_like(log_p), where=targets > 0)
        gradient = np.exp(log_p)
        gradient -= targets
        gradient *= w[:, None]
        return -float(w @ terms.sum(axis=1)), gradient

    def at_zero(self, n_scores):
        """Return the loss of scores that are all zero; see :meth:`Loss.at_zero`."""
        return math.log(n_scores)


def log_softmax(scores):
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
    scores = _floats("scores", scores)
    if scores.ndim != 2 or not scores.size:
        raise ValueError(f"scores must be of shape (n_samples, n_classes); got {scores.shape}.")
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite.")
    with np.errstate(over="ignore"):  # of probabilities that float64 cannot tell from zero
        return _log_softmax(scores)


def _log_softmax(scores):
    shifted = scores - scores.max(axis=1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return shifted


def _prepare(scores, y, w):
    """Check what a loss is called with; weights that make a mean where there are none."""
    scores, y = _floats("scores", scores), np.asarray(y)
    if scores.ndim != 2 or y.shape != scores.shape[:1] or not scores.size:
        raise ValueError(
            "scores must be of shape (n_samples, n_classes) and y of shape (n_samples,); got "
            f"{scores.shape} and {y.shape}."
        )
    n_classes = scores.shape[1]
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= n_classes:
        raise ValueError(f"y must hold class indices, integers in 0..{n_classes - 1}; got {y!r}.")
    return scores, y, _weights(w, scores)


def _prepare_probabilities(scores, y, w):
    """Check what a loss on probabilities is called with; see :func:`_prepare`."""
    scores, y, w = prepare_targets(scores, y, w)
    sums = y.sum(axis=1)
    if not (y.min() >= 0 and np.abs(sums - 1).max() <= SUM_TOLERANCE):
        raise ValueError(
            "y of shape (n_samples, n_classes) must hold probabilities >= 0 whose rows sum to 1; "
            f"got values from {y.min():.6g} on and sums from {sums.min():.6g} to {sums.max():.6g}."
        )
    return scores, y, w


def prepare_targets(scores, y, w):
    """Check what a loss on targets of the shape of the scores is called with."""
    scores, y = _floats("scores", scores), _floats("y", y)
    if scores.ndim != 2 or y.shape != scores.shape or not scores.size:
        raise ValueError(
            "scores and y must both be of shape (n_samples, n_outputs); got "
            f"{scores.shape} and {y.shape}."
        )
    return scores, y.astype(scores.dtype, copy=False), _weights(w, scores)


def _floats(name, values):
    """Values of an argument as an array of floats."""
    with naming(name):
        values = np.asarray(values)
        if values.dtype.kind not in "buif":
            raise ValueError(f"expected numbers, got dtype {values.dtype}.")
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def _weights(w, scores):
    """Weights of the samples; those of a mean where there are none."""
    if w is None:
        return np.full(len(scores), 1 / len(scores), scores.dtype)
    w = _floats("w", w)
    if w.shape != scores.shape[:1]:
        raise ValueError(f"w must be of shape (n_samples,), {scores.shape[:1]}; got {w.shape}.")
    return w


class MarginLoss(Loss):
    """Base of the hinge losses: a margin, and hinges plain (power 1) or squared (power 2)."""

    _parameter_constraints: dict = {
        "margin": [Number(Real, 0, None, closed="left")],
        "power": [Options(Integral, {1, 2})],
    }
    curvature = 1.0

    def __init__(self, margin=1.0, power=1):
        self.margin = margin
        self.power = power

    @property
    def smooth(self):
        """Whether the loss has a continuous gradient."""
        return self.power == 2

    @property
    def growth(self):
        """Second derivative of a squared hinge."""
        return 2.0 if self.power == 2 else 0.0

    def sides(self, scores, y):
        """Say which margins are violated; see :meth:`Loss.sides`."""
        return self._violation(scores, y) > 0

    def _hinge(self, violation):
        """Value and derivative of ``max(0, violation) ** power``, elementwise."""
        positive = np.maximum(violation, 0)
        if self.power == 1:
            return positive, (violation > 0).astype(violation.dtype)
        return positive * positive, 2 * positive


class WestonWatkins(MarginLoss):
    r"""The multi-class SVM loss of the course: every wrong class pays for its own violation.

    Parameters
    ----------
    margin : float, default=1.0
        The margin :math:`\Delta` by which the true score is to win.
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
    def __call__(self, scores, y, w=None):
        """Return the weighted loss and its gradient; see :class:`CrossEntropy`."""
        scores, y, w = _prepare(scores, y, w)
        terms, gradient = self._hinge(self._violation(scores, y))
        gradient[np.arange(len(y)), y] = -gradient.sum(axis=1)
        gradient *= w[:, None]
        return float(w @ terms.sum(axis=1)), gradient

    def at_zero(self, n_scores):
        """Return the loss of scores that are all zero; see :meth:`Loss.at_zero`."""
        return float((n_scores - 1) * self.margin**self.power)

    def _violation(self, scores, y):
        rows = np.arange(len(y))
        violation = scores - scores[rows, y][:, None]
        violation += self.margin  # last, lest a huge score swallow it
        violation[rows, y] = 0
        return violation


class CrammerSinger(MarginLoss):
    r"""The multi-class SVM loss in which only the worst violation pays.

    Parameters
    ----------
    margin : float, default=1.0
        The margin :math:`\Delta` by which the true score is to win.
    power : {1, 2}, default=1
        1 for the hinge, 2 for the squared hinge.

    Notes
    -----
    .. math:: \ell = \max\bigl(0, \max_{j \ne y} s_j - s_y + \Delta\bigr)^{\text{power}}

    Where the worst class changes the gradient jumps, even that of the squared hinge.

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
    def __call__(self, scores, y, w=None):
        """Return the weighted loss and its gradient; see :class:`CrossEntropy`."""
        scores, y, w = _prepare(scores, y, w)
        rows, worst = np.arange(len(y)), self._worst(scores, y)
        terms, slope = self._hinge(scores[rows, worst] - scores[rows, y] + self.margin)
        slope *= w
        gradient = np.zeros_like(scores)
        gradient[rows, worst] = slope
        gradient[rows, y] = -slope
        return float(w @ terms), gradient

    def sides(self, scores, y):
        """Say which class is worst where the margin is violated; see :meth:`Loss.sides`."""
        rows, worst = np.arange(len(y)), self._worst(scores, y)
        violated = scores[rows, worst] - scores[rows, y] + self.margin > 0
        return np.where(violated, worst, -1)

    def at_zero(self, n_scores):
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
        The margin :math:`\Delta` that each score is to keep from zero.
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
    def __call__(self, scores, y, w=None):
        """Return the weighted loss and its gradient; see :class:`CrossEntropy`."""
        prepare = prepare_targets if np.ndim(y) == 2 else _prepare
        scores, y, w = prepare(scores, y, w)
        terms, gradient = self._hinge(self._violation(scores, y))
        gradient *= self._sign(scores, y)
        gradient *= w[:, None]
        return float(w @ terms.sum(axis=1)), gradient

    def at_zero(self, n_scores):
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
