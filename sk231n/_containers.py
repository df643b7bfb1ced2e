"""Containers of data: lists, series and frames of images, and arrays of other libraries."""

from os import PathLike
from typing import Any

import numpy as np

from sk231n.core.errors import naming


def as_numpy(X: Any, name: str = "X") -> Any:
    """Convert an array of another library (PyTorch, CuPy, ...) to NumPy; return all else as it is.

    What is still to be computed, as by dask, is refused: it may be larger than memory, and each
    pass over it would compute it again.

    scikit-learn does the same, except under ``config_context(array_api_dispatch=True)``, where it
    keeps such arrays.

    Raises
    ------
    TypeError
        If NumPy cannot read it, for example because it is on a graphics card, or if it is lazy.
    """
    if callable(getattr(X, "__dask_graph__", None)) and X.__dask_graph__() is not None:
        kind = f"{type(X).__module__}.{type(X).__qualname__}"
        raise TypeError(
            f"{name} is a {kind}, which is still to be computed. If it fits into memory, pass "
            f"{name}.compute(). If not, store it, for example by {name}.to_zarr(path), and pass "
            "what zarr.open(path) returns, or call the method on each block, with map_blocks."
        )
    if isinstance(X, np.ndarray) or not hasattr(X, "__dlpack__"):
        return X
    try:
        return np.asarray(X)
    except (TypeError, ValueError, RuntimeError, BufferError) as error:
        kind = f"{type(X).__module__}.{type(X).__qualname__}"
        raise TypeError(
            f"{name} is a {kind} that NumPy cannot read ({error}); pass a NumPy array."
        ) from error


def unpack(X: Any, name: str = "X") -> Any:
    """Stack the images of a list, a series or a single column; return all else as it is.

    Parameters
    ----------
    X : array-like
        A list or a tuple, a series or an array of objects, a frame or an array of objects with
        one column, each holding equally large images. Anything else is returned unchanged, except
        that arrays of other libraries become NumPy's.
    name : str, default="X"
        The name used in error messages.

    Raises
    ------
    ValueError
        If there is text instead of images, if images differ in shape or are missing, or if there
        are other columns beside them.
    """
    X = as_numpy(X, name)
    if _n_dims(X) == 2 and (not isinstance(X, np.ndarray) or X.dtype == object):
        X = _only_column(X, name)
    if _n_dims(X) == 1:
        if not hasattr(X, "ndim"):
            X = np.asarray(X)  # a polars series, whose values may be whole images
        if getattr(X.dtype, "kind", "f") in "OSTU":
            X = list(X)
    if not isinstance(X, list | tuple):
        return X
    first = next((entry for entry in X if entry is not None), None)
    if isinstance(first, str | PathLike):
        raise ValueError(
            f"{name} holds text, {str(first)!r} first; expected numbers. If these are files, "
            "let ImageReader read them, as the first step of a pipeline."
        )
    with naming(name):
        return _stacked(X, name) if np.ndim(first) >= 2 else X


def _n_dims(X):
    return len(getattr(X, "shape", ()))


def _only_column(X, name):
    """Return the only column of `X` if it holds images or text; refuse images among others."""
    if not hasattr(X, "columns") and not isinstance(X, np.ndarray):
        return X  # a sparse matrix, for instance
    cells = np.asarray(X[:1])
    if cells.dtype.kind not in "OSTU" or cells.size == 0:
        return X
    if cells.shape[1] == 1:
        column = np.asarray(X)[:, 0]
        is_special = any(np.ndim(cell) or isinstance(cell, str | PathLike) for cell in column)
        return column if is_special else X
    for k, cell in enumerate(cells[0]):
        if np.ndim(cell):
            column = X.columns[k] if hasattr(X, "columns") else k
            raise ValueError(
                f"{name} has {cells.shape[1]} columns, and column {column!r} holds arrays. Pass "
                "that column alone, or use a ColumnTransformer."
            )
    return X


def _stacked(images, name):
    missing = [k for k, image in enumerate(images) if np.ndim(image) == 0]
    if missing:
        raise ValueError(
            f"{name} has no image for {len(missing)} of {len(images)} samples, the first of them "
            f"at index {missing[0]} ({images[missing[0]]!r}); leave these samples out."
        )
    shapes = {np.shape(image) for image in images}
    if len(shapes) > 1:
        raise ValueError(
            f"{name} is a list of images of different shapes, {sorted(shapes)[:3]}; expected "
            "images of one shape. Let ImageReader fit them to one size."
        )
    return np.stack([as_numpy(image, name) for image in images])
