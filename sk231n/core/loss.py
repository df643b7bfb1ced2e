r"""The base of the losses: value and gradient in one call.

Each loss is called as ``loss(scores, y, w)`` with scores :math:`s` of shape (n_samples, n_classes),
class indices :math:`y` and sample weights :math:`w`, and returns
:math:`\sum_i w_i \, \ell(s_i, y_i)` and its gradient with respect to the scores.  With weights that
sum to one the value is a mean, so one formula covers means, sample weights and class weights.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from sk231n.core.errors import naming
from sk231n.core.spec import Spec

SUM_TOLERANCE = 1e-3  # by how much the sum of probabilities may differ from one
_LARGE = 1e15  # float32 holds the sum of the squares of a few million such scores

LossCall = TypeVar("LossCall", bound=Callable[..., tuple[float, NDArray[Any]]])
Prepared: TypeAlias = tuple[NDArray[Any], NDArray[Any], NDArray[Any]]  # scores, y, w


class Loss(Spec):
    r"""Base of the losses, which by default are smooth and have a bounded gradient.

    A loss of your own needs ``__call__``; with a kink also ``kink_sides``, for gradient checks.

    Attributes
    ----------
    targets : tuple of str
        Which targets it accepts: "classes" (indices), "probabilities" of the classes, "labels"
        (an indicator matrix), "quantities".
    probabilities : bool
        Whether the softmax of the scores (for labels, the sigmoid) estimates probabilities.
    smooth : bool
        Whether the gradient is continuous, as L-BFGS needs it.
    curvature : float
        Order of magnitude of the second derivative with respect to a score, which sets the scale
        of the automatic learning rate. A hinge has none at its kink and zero elsewhere; its slope
        turns from zero to one over about a margin, which counts as one.
    unbounded_curvature : float
        The second derivative of a loss whose gradient grows without bound, so that a step that is
        too long for one batch moves its scores further from the targets. Zero for other losses.
    degree : int
        The power with which the loss scales with the unit of the targets: 2 for the squared error,
        1 for the absolute one. With 0 the loss is reported as training sees it, on targets of unit
        variance where ``learning_rate="auto"``.

    Examples
    --------
    A custom loss, :math:`\ell = \sum_k \ln \cosh(s_k - y_k)`:

    >>> import numpy as np
    >>> from sk231n.losses import Loss
    >>> class LogCosh(Loss):
    ...     targets = ("quantities",)
    ...     def __call__(self, scores, y, w=None):
    ...         w = np.full(len(y), 1 / len(y)) if w is None else w
    ...         error = scores - y
    ...         value = w @ np.sum(np.logaddexp(error, -error) - np.log(2), axis=1)
    ...         return float(value), np.tanh(error) * w[:, None]
    >>> LogCosh()(np.array([[0.0]]), np.array([[0.0]]))
    (0.0, array([[0.]]))
    """

    _documented_in = "sk231n.losses"

    targets: tuple[str, ...] = ("classes",)
    probabilities: bool = False
    degree: int = 0
    # Any, so that a subclass may make them properties.
    smooth: Any = True
    curvature: Any = 1.0
    unbounded_curvature: Any = 0.0

    def __call__(
        self, scores: NDArray[Any], y: NDArray[Any], w: NDArray[Any] | None = None
    ) -> tuple[float, NDArray[Any]]:
        """Return the weighted loss and its gradient.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_scores)
            The scores; they are left as they are.
        y : ndarray
            The targets: class indices of shape (n_samples,), or one value per score.
        w : ndarray of shape (n_samples,), default=None
            The sample weights; None for the mean.

        Returns
        -------
        value : float
            The weighted sum of the losses.
        gradient : ndarray of shape (n_samples, n_scores)
            Its gradient with respect to the scores, in their dtype.
        """
        raise NotImplementedError(f"{type(self).__name__} has no __call__.")

    def kink_sides(self, scores: NDArray[Any], y: NDArray[Any]) -> NDArray[Any] | None:
        """Say on which side of its kinks the loss is.

        If the result differs between two arrays of scores, the gradient may jump between them.

        Parameters
        ----------
        scores : ndarray of shape (n_samples, n_scores)
            The scores.
        y : ndarray
            The targets.

        Returns
        -------
        ndarray or None
            An array that changes where a kink is crossed; None for a loss without kinks.
        """
        return None

    def at_zero(self, n_scores: int) -> float | None:
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


def safe_for_large_scores(call: LossCall) -> LossCall:
    """Let a loss compute in float64 where its value might overflow in float32."""

    @wraps(call)
    def widened(self, scores, y, w=None):
        scores = np.asarray(scores)
        if scores.dtype != np.float32 or not scores.size or np.abs(scores).max() < _LARGE:
            return call(self, scores, y, w)
        value, gradient = call(self, scores.astype(np.float64), y, w)
        return value, gradient.astype(np.float32)

    return widened


def prepare_classes(scores: Any, y: Any, w: Any) -> Prepared:
    """Check the arguments of a loss; without weights, use those of a mean."""
    scores, y = as_float_array("scores", scores), np.asarray(y)
    if scores.ndim != 2 or y.shape != scores.shape[:1] or not scores.size:
        raise ValueError(
            "scores must be of shape (n_samples, n_classes) and y of shape (n_samples,); got "
            f"{scores.shape} and {y.shape}."
        )
    n_classes = scores.shape[1]
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= n_classes:
        raise ValueError(f"y must hold class indices, integers in 0..{n_classes - 1}; got {y!r}.")
    return scores, y, _weights(w, scores)


def prepare_probabilities(scores: Any, y: Any, w: Any) -> Prepared:
    """Check the arguments of a loss on probabilities; see :func:`prepare_classes`."""
    scores, y, w = prepare_targets(scores, y, w)
    sums = y.sum(axis=1)
    if not (y.min() >= 0 and np.abs(sums - 1).max() <= SUM_TOLERANCE):
        raise ValueError(
            "y of shape (n_samples, n_classes) must hold probabilities >= 0 whose rows sum to 1; "
            f"got values from {y.min():.6g} on and sums from {sums.min():.6g} to {sums.max():.6g}."
        )
    return scores, y, w


def prepare_targets(scores: Any, y: Any, w: Any) -> Prepared:
    """Check the arguments of a loss on targets of the shape of the scores."""
    scores, y = as_float_array("scores", scores), as_float_array("y", y)
    if scores.ndim != 2 or y.shape != scores.shape or not scores.size:
        raise ValueError(
            "scores and y must both be of shape (n_samples, n_outputs); got "
            f"{scores.shape} and {y.shape}."
        )
    return scores, y.astype(scores.dtype, copy=False), _weights(w, scores)


def as_float_array(name: str, values: Any) -> NDArray[Any]:
    """Values of an argument as an array of floats."""
    with naming(name):
        values = np.asarray(values)
        if values.dtype.kind not in "buif":
            raise ValueError(f"expected numbers, got dtype {values.dtype}.")
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def _weights(w, scores):
    """Weights of the samples; without any, those of a mean."""
    if w is None:
        return np.full(len(scores), 1 / len(scores), scores.dtype)
    w = as_float_array("w", w)
    if w.shape != scores.shape[:1]:
        raise ValueError(f"w must be of shape (n_samples,), {scores.shape[:1]}; got {w.shape}.")
    return w
