"""Labels of any kind, as arrays that NumPy can sort and scikit-learn understands."""

from numbers import Number

import numpy as np
from sklearn.utils.multiclass import check_classification_targets

_SEQUENCES = (list, tuple, np.ndarray)


def as_labels(y):
    """Labels as an array of their kind, where they are a list or an array of objects.

    Parameters
    ----------
    y : array-like
        The labels.

    Returns
    -------
    array-like
        Booleans, integers, floats and text as arrays of these; other kinds as an array of objects;
        whatever is no list and no array of objects, as it came.

    Raises
    ------
    ValueError
        If labels of different kinds are mixed.
    """
    kind = getattr(getattr(y, "dtype", None), "kind", None)
    is_list = isinstance(y, list | tuple)
    if not is_list and (kind != "O" or np.ndim(y) != 1):
        return y
    labels = list(y)
    of_type = dict(zip(map(type, labels), labels, strict=True))
    if is_list and any(issubclass(label_type, _SEQUENCES) for label_type in of_type):
        return y  # a row for each sample, which scikit-learn refuses
    of_kind = {_kind(label_type): label for label_type, label in of_type.items()}
    if len(of_kind) > 1:
        a, b = (_plain(label) for label in list(of_kind.values())[:2])
        raise ValueError(
            f"y mixes labels of different kinds, such as {a!r} and {b!r}; expected labels of one "
            "kind. Convert them all to text, for example."
        )
    objects = np.empty(len(labels), dtype=object)
    objects[:] = labels
    if not set(of_kind) <= {bool, Number, str, bytes}:
        return objects
    array = np.array(labels)
    # Integers that do not fit stay objects, and so do fractions.
    return array if array.dtype.kind in "biufUS" and (array == objects).all() else objects


def check_labels(y):
    """Refuse targets that are no labels: quantities, several columns."""
    if y.dtype.kind != "O" or any(isinstance(label, float | complex) for label in y):
        check_classification_targets(y)


def encode_labels(y):
    """The distinct labels, sorted, and the index of each label among them."""
    try:
        return np.unique(y, return_inverse=True)
    except TypeError as error:
        raise ValueError(f"y holds labels that cannot be sorted: {error}.") from error


def _kind(label_type):
    for kind, types in ((bool, (bool, np.bool_)), (Number, Number), (str, str), (bytes, bytes)):
        if issubclass(label_type, types):
            return kind
    return label_type


def _plain(label):
    return label.item() if isinstance(label, np.generic) else label
