"""Weights of samples and of classes: checked, and in the unit in which votes are counted."""

import numpy as np

from sk231n._containers import as_numpy

# Counts of samples are rounded to so many binary digits after the point.
_FRACTION_BITS = 32


def checked_weights(sample_weight, n_samples):
    """Weights of the samples in float64.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), a number or None
        Weights of the samples, none of them negative.
    n_samples : int
        Number of samples.

    Returns
    -------
    ndarray of shape (n_samples,) or None
        The weights; None if there are none.

    Raises
    ------
    ValueError
        If the weights are anything but finite numbers >= 0, one for each sample, or all are 0.
    """
    if sample_weight is None:
        return None
    weights = _numbers("sample_weight", as_numpy(sample_weight, "sample_weight"))
    if weights.ndim == 0:
        weights = np.full(n_samples, weights)
    if weights.shape != (n_samples,):
        raise ValueError(
            f"sample_weight has shape {weights.shape}; expected ({n_samples},), a weight for each "
            "sample."
        )
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        value = weights[wrong[0]]
        kind = "NaN" if np.isnan(value) else f"{value:.6g}" if np.isfinite(value) else "infinity"
        raise ValueError(
            f"sample_weight contains {kind} at index {wrong[0]}; expected finite numbers that are "
            "not negative."
        )
    if not weights.any():
        raise ValueError("sample_weight is zero for all samples; expected a positive weight.")
    return weights


def with_finite_sum(weights):
    """Weights of samples that are scored, divided by the largest if their sum would overflow."""
    if weights is None:
        return None
    with np.errstate(over="ignore"):
        return weights if np.isfinite(weights.sum()) else weights / weights.max()


def sample_counts(weights):
    """How many samples each sample counts as: its weight divided by the smallest above zero.

    Weights are relative: a multiple of all of them gives the same counts. Counts are rounded to
    multiples of ``2**-32``. This hides the rounding of the weights, and makes sums of counts exact.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,) or None
        The weights, as :func:`checked_weights` returns them.

    Returns
    -------
    ndarray of shape (n_samples,) or None
        The counts, 0 or at least 1; None if all samples count once.
    """
    if weights is None:
        return None
    with np.errstate(over="ignore"):
        counts = weights / weights.min(initial=np.inf, where=weights > 0)
        return np.ldexp(np.rint(np.ldexp(counts, _FRACTION_BITS)), -_FRACTION_BITS)


def class_weights(class_weight, classes, y, counts):
    """Factors of the votes for each class, the largest being 1.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        Weights by label, 1 for labels that are not in the dict; "balanced" means the inverse of
        the number of samples of a class.
    classes : ndarray of shape (n_classes,)
        The labels.
    y : ndarray of shape (n_samples,)
        Index of each sample's label.
    counts : ndarray of shape (n_samples,) or None
        The counts, as :func:`sample_counts` returns them.

    Returns
    -------
    ndarray of shape (n_classes,) or None
        The factors; None if there are no weights.

    Raises
    ------
    ValueError
        If the weights are anything but finite numbers >= 0, or all are 0.
    """
    if class_weight is None:
        return None
    if class_weight == "balanced":
        sizes = np.bincount(y, counts, len(classes))
        smallest = sizes[sizes > 0].min()
        return np.divide(smallest, sizes, out=np.zeros(len(classes)), where=sizes > 0)
    weights = _numbers("class_weight", [*class_weight.values()])
    if weights.ndim > 1 or not (np.isfinite(weights) & (weights >= 0)).all():
        raise ValueError(
            f"class_weight={class_weight!r} holds a negative or infinite weight, or NaN; expected "
            "finite numbers that are not negative."
        )
    of_label = dict(zip(class_weight, weights, strict=True))
    weights = np.array([of_label.get(label, 1) for label in classes.tolist()])
    if not weights.any():
        raise ValueError(
            f"class_weight={class_weight!r} gives every class the weight 0; expected a positive "
            "weight."
        )
    return weights / weights.max()


def _numbers(argument, values):
    """Values as an array of float64."""
    try:
        array = np.asarray(values)
        if array.dtype.kind == "O":
            array = array.astype(np.float64)
    except (OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"{argument} must hold numbers that fit into float64: {error}.") from error
    if array.dtype.kind not in "buif":
        raise ValueError(f"{argument} holds values of dtype {array.dtype}; expected numbers.")
    with np.errstate(over="ignore"):
        return array.astype(np.float64)
