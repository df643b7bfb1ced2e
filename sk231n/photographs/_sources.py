"""Where pictures come from: paths, bytes, open files, Pillow's images and arrays."""

import io
import os
import stat
from collections.abc import Collection
from threading import Lock
from typing import Any

import numpy as np

from sk231n._warnings import warn

# A file or an image of Pillow's that is in a list twice has one position, and many threads read.
ONE_AT_A_TIME = Lock()
_LONGEST = 1000  # letters of a path that a message repeats
_SINGLE = (str, bytes, bytearray, memoryview, os.PathLike)


def as_sources(X: Any, name: str = "X") -> list[Any]:
    """List what is to be read.

    Parameters
    ----------
    X : sequence
        Paths, bytes, open files, Pillow's images or arrays, mixed; a stack of images; a series, or
        a frame with one column.
    name : str, default="X"
        The name used in error messages.

    Returns
    -------
    list
        One entry for each picture.

    Raises
    ------
    TypeError
        If `X` is a single picture, or no sequence.
    ValueError
        If `X` is empty, or holds numbers instead of pictures.
    """
    if isinstance(X, _SINGLE) or hasattr(X, "read") or _is_pillow(X):
        raise TypeError(
            f"{name} is a single picture, {describe(X)}; expected a list of them. Pass [{name}]."
        )
    shape = getattr(X, "shape", None)
    if shape is not None:
        sources = _from_array(X, name)
    elif isinstance(X, Collection) and not isinstance(X, dict | set | frozenset):
        sources = list(X)
    else:
        raise TypeError(
            f"{name} must be a list of paths, bytes, files or images; got {type(X).__name__}."
        )
    if not sources:
        raise ValueError(f"{name} is empty; expected at least one picture.")
    if isinstance(sources[0], int | float | complex | np.number):
        raise ValueError(
            f"{name} holds numbers, {sources[0]} first; expected paths, bytes, files or images."
        )
    return sources


def _from_array(X, name):
    """The entries of an array, a series or a frame."""
    shape, X = tuple(X.shape), np.asarray(X)  # which reads no sparse matrix
    if X.ndim == 2 and X.shape[1] == 1 and X.dtype.kind in "OSTU":
        X = X[:, 0]
    if X.ndim == 1 or X.ndim in (3, 4):
        if X.ndim == 3 and X.shape[2] in (3, 4) and X.dtype != object and min(X.shape[:2]) >= 8:
            warn(
                f"{name} of shape {X.shape} is read as {X.shape[0]} grey images of {X.shape[1]} x "
                f"{X.shape[2]} pixels. A single colour image is {name}[None]."
            )
        return list(X)
    raise ValueError(
        f"{name} has the shape {shape}; expected one path or picture per entry, or a stack of "
        "images (n, h, w) or (n, h, w, c)."
    )


def describe(source: Any) -> str:
    """Say in a few words which picture is meant."""
    if isinstance(source, str | os.PathLike):
        text = str(os.fsdecode(source))  # without the types of NumPy
        if len(text) <= _LONGEST:
            return repr(text)
        return f"{text[:20]!r}... of {len(text)} letters, taken for a path"
    if isinstance(source, bytes | bytearray | memoryview):
        return f"{len(source)} bytes"
    if hasattr(source, "read"):
        name = getattr(source, "name", None)
        return f"the file {name!r}" if isinstance(name, str) else f"a {type(source).__name__}"
    if _is_pillow(source):
        name = getattr(source, "filename", "")
        return f"Pillow's image of {name!r}" if name else "one of Pillow's images"
    shape = getattr(source, "shape", None)
    return (
        f"an array of shape {tuple(shape)}" if shape is not None else f"a {type(source).__name__}"
    )


def as_file(source: Any) -> Any:
    """Open a path, and give bytes and files the methods of a file in memory.

    Parameters
    ----------
    source : str, path-like, bytes or file
        Where the picture is.

    Returns
    -------
    file
        A binary file, which the caller closes.

    Raises
    ------
    OSError
        If the file cannot be opened.
    TypeError
        If `source` is something else, or a file of text.
    """
    if isinstance(source, str | os.PathLike):
        path = os.path.expanduser(os.fspath(source))
        # Neither a pipe, which would wait for ever, nor a device, which may never end.
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise OSError("it is a folder, a pipe or a device, and no file")
        return open(path, "rb")
    if isinstance(source, bytes | bytearray | memoryview):
        return io.BytesIO(source)
    if hasattr(source, "read"):
        with ONE_AT_A_TIME:
            if getattr(source, "seekable", lambda: False)():
                source.seek(0)
            content = source.read()
        if not isinstance(content, bytes | bytearray | memoryview):
            raise TypeError("it is a file of text; open it in binary mode, 'rb'")
        if not len(content):
            raise ValueError("it is empty, or has been read to its end")
        return io.BytesIO(content)
    raise TypeError(
        f"it is a {type(source).__name__}; expected a path, bytes, a file, an array or one of "
        "Pillow's images"
    )


def _is_pillow(source):
    """Whether it is one of Pillow's images; Pillow is not imported for that."""
    return any(cls.__module__ == "PIL.Image" for cls in type(source).__mro__)
