"""Labels of any type, as arrays that NumPy can sort and scikit-learn accepts."""

from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets

from sk231n._containers import as_numpy

_SEQUENCES = (list, tuple, np.ndarray)


def as_labels(y: Any, name: str = "y") -> Any:
    """Turn labels in a list, a series or an array of objects into an array of their type.

    Parameters
    ----------
    y : array-like
        The labels.
    name : str, default="y"
        The name used in error messages.

    Returns
    -------
    array-like
        Booleans, integers and floats as arrays of these types, text as text or objects, other
        labels as objects. Anything that is not a list and has a NumPy dtype other than object is
        returned unchanged, and so is anything that is not a column of labels, which scikit-learn
        refuses.

    Raises
    ------
    ValueError
        If labels of different kinds are mixed.
    """
    y = as_numpy(y, name)
    is_list = isinstance(y, list | tuple)
    if not is_list:
        dtype = getattr(y, "dtype", None)
        is_plain = isinstance(dtype, np.dtype) and dtype.kind != "O"
        if dtype is None or is_plain or len(y.shape) != 1:
            return y
    labels = list(y)
    of_type = dict(zip(map(type, labels), labels, strict=True))
    if is_list and any(issubclass(label_type, _SEQUENCES) for label_type in of_type):
        return y
    of_kind = {_kind(label_type): label for label_type, label in of_type.items()}
    if len(of_kind) > 1:
        a, b = (_plain(label) for label in list(of_kind.values())[:2])
        raise ValueError(
            f"{name} mixes labels of different kinds, such as {a!r} and {b!r}; expected labels of "
            "one kind. Convert them all to text, for example."
        )
    objects = np.empty(len(labels), dtype=object)
    objects[:] = labels
    kinds = "biufUS" if is_list else "biuf"
    if set(of_kind) <= {bool, Number, str, bytes}:
        array = np.array(labels)
        if array.dtype.kind in kinds and (array == objects).all():
            return array
    return objects  # including integers beyond 64 bits, and fractions


def check_labels(y: NDArray[Any]) -> None:
    """Refuse targets that are not labels: quantities, several columns, missing values."""
    if _few_integers(y):
        return  # scikit-learn's check has nothing to say, and takes longer than all others together
    if y.dtype.kind == "f":
        assert_all_finite(y, input_name="y")
    if scikit_learn_knows(y) or any(isinstance(label, float | complex) for label in y):
        check_classification_targets(y)


def _few_integers(y):
    """Whether these are at least twice as many integers as there can be different ones."""
    if y.dtype.kind not in "iu" or y.ndim != 1 or not len(y):
        return False
    return 2 * (int(y.max()) - int(y.min()) + 1) <= len(y)


def encode_labels(y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The distinct labels, sorted, and the index of each label among them."""
    try:
        classes, encoded = np.unique(y, return_inverse=True)
        if y.dtype.kind == "O" and len(set(classes)) < len(classes):
            raise TypeError("they have no order")
    except TypeError as error:
        raise ValueError(f"y holds labels that cannot be sorted: {error}.") from error
    return classes, encoded


def scikit_learn_knows(labels: NDArray[Any]) -> bool:
    """Whether scikit-learn accepts an array as labels: it refuses objects other than text."""
    return labels.dtype.kind != "O" or all(isinstance(label, str | bytes) for label in labels[:1])


def _kind(label_type):
    for kind, types in ((bool, (bool, np.bool_)), (Number, Number), (str, str), (bytes, bytes)):
        if issubclass(label_type, types):
            return kind
    return label_type


def _plain(label):
    return label.item() if isinstance(label, np.generic) else label
