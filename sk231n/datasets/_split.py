"""The course's split: a training, a validation and a small development set."""

from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.model_selection import PredefinedSplit
from sklearn.utils import check_random_state, column_or_1d, indexable

from sk231n._sklearn import num_samples, safe_indexing
from sk231n.core.arguments import RANDOM_STATE, Number, validates_arguments
from sk231n.core.errors import naming
from sk231n.datasets._arguments import count


class _Sets(NamedTuple):
    X_train: Any
    y_train: Any
    X_val: Any
    y_val: Any
    X_dev: Any
    y_dev: Any


class TrainValDev(_Sets):
    """Result of :func:`train_val_dev_split`: three sets, each with its images and classes.

    Attributes
    ----------
    cv : PredefinedSplit
        The same split of the original data, for searches.
    """

    cv: Any  # scikit-learn, and with it PredefinedSplit, has no types


_SIZE = [count(1), Number(Real, 0, 1, closed="neither")]


@validates_arguments(
    {
        "X": "no_validation",
        "y": "no_validation",
        "val_size": _SIZE,
        "dev_size": _SIZE,
        "stratify": ["boolean"],
        "random_state": RANDOM_STATE,
    }
)
def train_val_dev_split(
    X: Any,
    y: ArrayLike,
    *,
    val_size: int | float = 0.1,
    dev_size: int | float = 0.01,
    stratify: bool = False,
    random_state: int | np.random.RandomState | None = None,
) -> TrainValDev:
    """Split data at random into a training, a validation and a development set.

    The validation set is disjoint from the training set; hyperparameters are chosen on it. The
    development set is a small part *of the training set*, for first quick experiments: a model
    that cannot memorise it contains a mistake.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...), list, sparse matrix or data frame
        Rows, stacks of images, or anything else that can be indexed by samples.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The classes.
    val_size : int or float, default=0.1
        Size of the validation set: a number of samples, or a fraction of all samples.
    dev_size : int or float, default=0.01
        Size of the development set: a number of samples, or a fraction of the training set, at
        least one.
    stratify : bool, default=False
        Whether each set contains the classes in the same proportions.
    random_state : int, RandomState instance or None, default=None
        Determines which samples go into which set. An int gives the same split every time.

    Returns
    -------
    TrainValDev
        The named tuple ``(X_train, y_train, X_val, y_val, X_dev, y_dev)``. Each entry has the type
        of `X` or `y` and is a copy. The samples are in random order. Its attribute `cv` is the
        same split as a :class:`~sklearn.model_selection.PredefinedSplit` of the original `X` and
        `y`: one fold, in which a search trains on the training set and scores on the validation
        set.

    Raises
    ------
    TypeError
        If `X` or `y` cannot be indexed by samples.
    ValueError
        If `X` and `y` have different lengths, or a size is out of range.

    See Also
    --------
    sklearn.model_selection.GridSearchCV : Accepts `cv`, and refits the best model on all data.

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

    The course's search trains on the training set and chooses on the validation set. Pass it the
    original data:

    >>> from sklearn.model_selection import GridSearchCV
    >>> from sk231n import KNNClassifier
    >>> search = GridSearchCV(KNNClassifier(), {"n_neighbors": [1, 5]}, cv=split.cv)
    >>> search = search.fit(shapes.images, shapes.target)
    >>> best = KNNClassifier(**search.best_params_).fit(X_train, y_train)
    >>> bool(best.score(X_val, y_val) == search.best_score_)
    True
    """
    X, y = _check_indexable(X, "X"), _check_indexable(y, "y")
    with naming("X and y"):
        X, y = indexable(X, y)
    n_samples = num_samples(X)
    n_val = _count("val_size", val_size, n_samples, "samples")
    if n_val == n_samples:
        raise ValueError(
            f"val_size={val_size} leaves none of the {n_samples} samples for training."
        )
    n_dev = _count("dev_size", dev_size, n_samples - n_val, "training samples")

    rng = check_random_state(random_state)
    order = rng.permutation(n_samples)
    if stratify:
        order = _interleave(order, _class_codes(y), rng)
    val, train = order[:n_val], order[n_val:]
    parts = (safe_indexing(values, i) for i in (train, val, train[:n_dev]) for values in (X, y))
    split = TrainValDev(*parts)
    fold = np.full(n_samples, -1)  # -1: never in a validation fold
    fold[val] = 0
    split.cv = PredefinedSplit(fold)
    return split


def _check_indexable(values, name):
    try:
        num_samples(values)
    except TypeError as error:
        raise TypeError(f"{name} must be an array or a list of samples: {error}") from error
    if isinstance(values, str | bytes | dict | set | frozenset):
        raise TypeError(
            f"{name} must be an array or a list of samples; got a {type(values).__name__}."
        )
    return values


def _class_codes(y):
    """Number the classes from 0."""
    try:
        return np.unique(column_or_1d(y), return_inverse=True)[1]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"stratify=True needs a y with one class per sample, all of one type: {error}"
        ) from error


def _count(name, size, n_samples, what):
    """Turn a fraction into a number of samples, at least one; check that there are enough."""
    n = size if isinstance(size, Integral) else max(1, round(float(size) * n_samples))
    if n > n_samples:
        raise ValueError(f"{name}={size}, but there are only {n_samples} {what}.")
    return int(n)


def _interleave(order, codes, rng):
    """Reorder samples so that every consecutive part has the classes in the same proportions.

    The samples of each class are spread evenly over the interval from 0 to 1, in their given order.
    """
    codes, counts = codes[order], np.bincount(codes)
    by_class = np.argsort(codes, kind="stable")
    rank = np.empty(len(order))
    rank[by_class] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    return order[np.argsort((rank + rng.uniform(size=len(order))) / counts[codes])]
