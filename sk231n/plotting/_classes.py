"""Classes of images: their names, and the first few images of each."""

import numpy as np
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import unique_labels

from sk231n._images import as_rows
from sk231n._sklearn import safe_indexing
from sk231n.core.errors import naming
from sk231n.plotting._arrays import words
from sk231n.plotting._pictures import as_images, as_pictures


def classes_of(**labels):
    """Return the sorted distinct labels of all columns, and each column as an array.

    Errors name the column that does not hold labels.
    """
    columns = {}
    for name, values in labels.items():
        with naming(name):
            columns[name] = column_or_1d(values)
            if columns[name].dtype.kind == "f":
                assert_all_finite(columns[name], input_name=name)
            if len(columns[name]):
                unique_labels(columns[name])
    with naming(", ".join(labels)):
        classes = unique_labels(*(column for column in columns.values() if len(column)))
    return classes, *columns.values()


def names_of(classes, class_names):
    """Return the name of each class: its label as text, or its entry in `class_names`.

    `class_names` holds the names of `classes` in order or, if some classes do not occur, the names
    whose indices are the labels 0, 1, ...
    """
    if class_names is None:
        return [str(label) for label in classes]
    class_names = words(class_names, "class_names")
    if len(class_names) == len(classes):
        return class_names
    is_index = classes.dtype.kind in "ui" and min(classes) >= 0 and max(classes) < len(class_names)
    if not is_index:
        raise ValueError(
            f"class_names has {len(class_names)} entries for the {len(classes)} classes "
            f"{', '.join(map(str, classes[:10]))}."
        )
    return [class_names[label] for label in classes]


def names_of_scores(classes, n_scores, class_names):
    """Return the name of each score: that of its class, or of both where they share one score."""
    names = names_of(classes, class_names)
    if n_scores == 1 and len(names) == 2:
        return [f"{names[1]} (not {names[0]})"]
    return names


def first_of_each(labels, n_per_class):
    """Indices of the first samples of each label, at most `n_per_class`, in ascending order."""
    classes = unique_labels(labels)
    return np.sort(
        np.concatenate([np.flatnonzero(labels == label)[:n_per_class] for label in classes])
    )


def pictures_at(X, indices, image_shape, *, name):
    """Pictures of the images at `indices` only, since a data set may be large."""
    return as_pictures(images_at(X, indices, image_shape, name=name))


def images_at(X, indices, image_shape, *, name):
    """The images at `indices`, with unchanged values."""
    rows, stack = as_rows(X, name)
    if stack is not None:
        rows = rows.reshape(len(rows), *stack)
    return as_images(safe_indexing(rows, indices), image_shape, name=name)


def places_in_column(columns):
    """Return, for each sample, the number of earlier samples in the same column."""
    rows = np.zeros(len(columns), dtype=int)
    for column in np.unique(columns):
        here = columns == column
        rows[here] = np.arange(here.sum())
    return rows
