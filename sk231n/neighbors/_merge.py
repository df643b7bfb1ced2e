"""The neighbours of the whole from those of its shards."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk231n.core.arguments import Number, as_floats, count, validates_arguments

_LARGEST = np.iinfo(np.intp).max


class _Part(NamedTuple):
    """The neighbours in one shard, their indices being those of the whole."""

    name: str
    distances: NDArray[np.float64]
    indices: NDArray[np.intp]
    offset: int


@validates_arguments({"parts": [list, tuple], "n_neighbors": [count(1)]})
def merge_neighbors(
    parts: Sequence[tuple[ArrayLike, ArrayLike, int]], n_neighbors: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    r"""Merge the nearest neighbours that were found in the shards of a data set.

    So training data that one machine cannot hold, or search alone, are searched in parts: a
    classifier is fitted to each, on any machine, and all of them are asked for the same queries.

    Parameters
    ----------
    parts : list or tuple of (distances, indices, offset)
        One for each shard, in any order: `distances` and `indices` of shape (n_queries,
        n_found), as ``kneighbors`` of a classifier that was fitted to the shard returns them, and
        the index that the first row of the shard has in the whole. A shard that has fewer than
        `n_neighbors` rows gives all of them; the arrays of an empty one have no columns.
    n_neighbors : int
        Number of neighbours, k.

    Returns
    -------
    distances : ndarray of shape (n_queries, n_neighbors)
        Distances in float64, growing along each row.
    indices : ndarray of shape (n_queries, n_neighbors)
        Indices of the neighbours in the whole, ordered by (distance, index).

    Raises
    ------
    ValueError
        If a part is not of that form, shards overlap, or the parts hold too few neighbours: fewer
        than `n_neighbors` in all, or fewer than the nearest `n_neighbors` of a shard with more
        rows.

    See Also
    --------
    sk231n.KNNClassifier.kneighbors : Finds the neighbours in one shard.

    Notes
    -----
    A neighbour in the whole is one in its own shard, because there it has fewer rivals. So the
    :math:`\min(k, n_i)` nearest of each shard i, of :math:`n_i` rows, hold the k nearest of all.
    These, and their order, are to the last bit those of one classifier that is fitted to all rows:
    the distance of two rows does not depend on other rows, and ties go to the smaller index.

    With uniform weights, the predicted class is the first with the most votes, the smallest one, as
    in the example. Weights by distance are a function of the merged distances. Sample weights,
    however, cannot be merged: they are relative to the smallest weight of all samples, which no
    shard knows, and how many neighbours are needed depends on it. Leave out samples of weight zero
    before the data are cut.

    What was merged is a part again, of the offset 0, so that workers can merge before the client.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.datasets import make_shapes
    >>> from sk231n.neighbors import KNNClassifier, merge_neighbors
    >>> shapes = make_shapes(610, random_state=0)
    >>> X, y, queries = shapes.images[:600], shapes.target[:600], shapes.images[600:]
    >>> parts = []
    >>> for start in (0, 200, 400):
    ...     shard = slice(start, start + 200)
    ...     knn = KNNClassifier(5).fit(X[shard], y[shard])
    ...     parts.append((*knn.kneighbors(queries), start))
    >>> distances, indices = merge_neighbors(parts, 5)

    The votes, counted with a class per row:

    >>> votes = np.stack([np.bincount(labels, minlength=10) for labels in y[indices]])
    >>> whole = KNNClassifier(5).fit(X, y)
    >>> bool((votes.argmax(axis=1) == whole.predict(queries)).all())
    True
    """
    if not parts:
        raise ValueError("parts is empty; expected (distances, indices, offset) of each shard.")
    checked = [_part(f"parts[{k}]", given, n_neighbors) for k, given in enumerate(parts)]
    _check_together(checked, n_neighbors)
    distances = np.concatenate([part.distances for part in checked], axis=1)
    indices = np.concatenate([part.indices for part in checked], axis=1)
    nearest = np.lexsort((indices, distances), axis=1)[:, :n_neighbors]
    distances = np.take_along_axis(distances, nearest, axis=1)
    indices = np.take_along_axis(indices, nearest, axis=1)
    # A row in two shards has the same distance in both, so that it follows itself.
    twice = indices[:, 1:] == indices[:, :-1]
    if twice.any():
        raise ValueError(
            f"parts has the row {indices[:, 1:][twice][0]} of the whole twice; shards must not "
            "overlap."
        )
    return distances, indices


def _part(name: str, given: Any, n_neighbors: int) -> _Part:
    """Check what was found in one shard by itself."""
    if not isinstance(given, list | tuple) or len(given) != 3:
        size = f" of length {len(given)}" if isinstance(given, list | tuple) else ""
        raise ValueError(
            f"{name} is a {type(given).__name__}{size}; expected (distances, indices, offset)."
        )
    distances, indices = as_floats(given[0], f"{name}: distances"), _integers(given[1], name)
    if distances.ndim != 2 or distances.shape != indices.shape:
        raise ValueError(
            f"{name} has distances of shape {distances.shape} and indices of shape "
            f"{indices.shape}; expected (n_queries, n_found) for both."
        )
    if np.isnan(distances).any():
        raise ValueError(f"{name}: distances contain NaN, which has no place in an order.")
    if not Number(Integral, 0, _LARGEST, closed="both").is_satisfied_by(given[2]):
        raise ValueError(
            f"{name} has the offset {given[2]!r:.100}; expected an integer that is at least 0."
        )
    offset = int(given[2])
    if indices.size == 0:
        return _Part(name, distances, indices.astype(np.intp), offset)
    first, last, n_found = int(indices.min()), int(indices.max()), indices.shape[1]
    if first < 0 or last + offset > _LARGEST:
        wrong = first if first < 0 else last
        raise ValueError(
            f"{name}: indices contain {wrong}; expected the numbers of rows of the shard, from 0."
        )
    if n_found < n_neighbors and n_found < (n_rows := len(np.unique(indices))):
        raise ValueError(
            f"{name} has {n_found} neighbours of each query, though its shard has {n_rows} rows "
            f"or more; n_neighbors={n_neighbors} needs the nearest min(n_neighbors, rows) of each "
            "shard."
        )
    return _Part(name, distances, indices.astype(np.intp) + offset, offset)


def _integers(values: Any, name: str) -> NDArray[Any]:
    """Indices as an array of integers; of any type if there are none."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name}: indices must hold integers ({error}).") from error
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(f"{name}: indices must hold integers; got dtype {array.dtype}.")
    return array


def _check_together(parts: list[_Part], n_neighbors: int) -> None:
    """Check that the shards have the same queries, and enough neighbours together."""
    first = parts[0]
    for part in parts:
        if len(part.indices) != len(first.indices):
            raise ValueError(
                f"{part.name} has {len(part.indices)} queries, but {first.name} has "
                f"{len(first.indices)}; expected the same queries for all parts."
            )
    n_found = sum(part.indices.shape[1] for part in parts)
    if n_found < n_neighbors:
        raise ValueError(f"n_neighbors={n_neighbors}, but parts has {n_found} for each query.")
