"""The course's split: a training, a validation and a small development set."""

from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import _safe_indexing, check_random_state, column_or_1d, indexable
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.validation import _num_samples


class TrainValDev(NamedTuple):
    """What :func:`train_val_dev_split` returns: three sets, each with its images and classes."""

    X_train: Any
    y_train: Any
    X_val: Any
    y_val: Any
    X_dev: Any
    y_dev: Any


_SIZE = [
    Interval(Integral, 1, None, closed="left"),
    Interval(Real, 0, 1, closed="neither"),
]


@validate_params(
    {
        "X": "no_validation",
        "y": "no_validation",
        "val_size": _SIZE,
        "dev_size": _SIZE,
        "stratify": ["boolean"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def train_val_dev_split(X, y, *, val_size=0.1, dev_size=0.01, stratify=False, random_state=None):
    """Split data at random into a training, a validation and a development set.

    The validation set is held out of the training set: hyperparameters are chosen on it. The
    development set is a small part *of the training set*, for the first quick experiments: a
    model that cannot learn it by heart has a mistake in it.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...), list, sparse matrix or data frame
        Rows, stacks of images, or anything else that can be indexed by samples.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The classes.
    val_size : int or float, default=0.1
        Size of the validation set: a number of samples, or a fraction of them all.
    dev_size : int or float, default=0.01
        Size of the development set: a number of samples, or a fraction of the training set, at
        least one.
    stratify : bool, default=False
        Whether every set has the classes in the same proportions.
    random_state : int, RandomState instance or None, default=None
        Decides which samples go where. An int gives the same split every time.

    Returns
    -------
    TrainValDev
        The named tuple ``(X_train, y_train, X_val, y_val, X_dev, y_dev)``. Each is of the type of
        `X` or `y` and is a copy. The samples are in random order.

    Raises
    ------
    ValueError
        If `X` and `y` have different lengths, or a size is out of range.

    References
    ----------
    .. [1] CS231n, `Image Classification: Validation sets for hyperparameter tuning
       <https://cs231n.github.io/classification/>`_.

    Examples
    --------
    >>> from sk231n.datasets import make_shapes, train_val_dev_split
    >>> shapes = make_shapes(1000, random_state=0)
    >>> split = train_val_dev_split(
    ...     shapes.images, shapes.target, val_size=100, dev_size=50, random_state=0
    ... )
    >>> split.X_train.shape, split.X_val.shape, split.X_dev.shape
    ((900, 32, 32, 3), (100, 32, 32, 3), (50, 32, 32, 3))
    >>> X_train, y_train, X_val, y_val, X_dev, y_dev = split
    """
    X, y = indexable(X, y)
    n_samples = _num_samples(X)
    n_val = _count("val_size", val_size, n_samples, "samples")
    if n_val == n_samples:
        raise ValueError(f"val_size={val_size} leaves none of the {n_samples} samples to train on.")
    n_dev = _count("dev_size", dev_size, n_samples - n_val, "training samples")

    rng = check_random_state(random_state)
    order = rng.permutation(n_samples)
    if stratify:
        order = _interleave(order, column_or_1d(y), rng)
    val, train = order[:n_val], order[n_val:]
    parts = (_safe_indexing(values, i) for i in (train, val, train[:n_dev]) for values in (X, y))
    return TrainValDev(*parts)


def _count(name, size, n_samples, what):
    """Turn a fraction into a number of samples, at least one; check that there are as many."""
    n = size if isinstance(size, Integral) else max(1, round(size * n_samples))
    if n > n_samples:
        raise ValueError(f"{name}={size}, but there are only {n_samples} {what}.")
    return int(n)


def _interleave(order, y, rng):
    """Reorder samples so that every stretch of them has the classes in the same proportions.

    The samples of a class spread evenly over the interval from 0 to 1, in their order so far.
    """
    _, codes, counts = np.unique(y[order], return_inverse=True, return_counts=True)
    by_class = np.argsort(codes, kind="stable")
    rank = np.empty(len(order))
    rank[by_class] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    return order[np.argsort((rank + rng.uniform(size=len(order))) / counts[codes])]
