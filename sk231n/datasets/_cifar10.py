"""CIFAR-10 from any of the forms in which it is distributed."""

import os
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Literal, NamedTuple, overload

import numpy as np

from sk231n._sklearn import StrOptions
from sk231n.core.arguments import validates_arguments
from sk231n.datasets._archive import files_in_archive, files_in_folder
from sk231n.datasets._arguments import as_path
from sk231n.datasets._bunch import DataAndTarget, ImageBunch, image_bunch
from sk231n.datasets._cifar10_formats import (
    N_PIXELS,
    read_binary_batch,
    read_binary_names,
    read_python_batch,
    read_python_names,
)

_TRAIN = tuple(f"data_batch_{i}" for i in range(1, 6))
_SPLITS = {"train": _TRAIN, "test": ("test_batch",), "all": (*_TRAIN, "test_batch")}

_DESCR = """\
CIFAR-10: 60000 colour photographs of 32 x 32 pixels in 10 classes, 50000 for training and 10000 for
testing, collected by Alex Krizhevsky, Vinod Nair and Geoffrey Hinton.

Alex Krizhevsky: Learning Multiple Layers of Features from Tiny Images. Technical report,
University of Toronto, 2009. https://www.cs.toronto.edu/~kriz/cifar.html
"""


class _Layout(NamedTuple):
    """One of the two official forms: its folder, the names of its files, and their readers."""

    folder: str
    suffix: str
    meta: str
    read_batch: Callable
    read_names: Callable

    def files(self, split):
        return [self.meta, *(batch + self.suffix for batch in _SPLITS[split])]


_LAYOUTS = (
    _Layout(
        "cifar-10-batches-bin", ".bin", "batches.meta.txt", read_binary_batch, read_binary_names
    ),
    _Layout("cifar-10-batches-py", "", "batches.meta", read_python_batch, read_python_names),
)

_LAYOUT_OF = {name: layout for layout in _LAYOUTS for name in layout.files("all")}


@overload
def load_cifar10(
    path: str | os.PathLike[str], *, split: str = "all", return_X_y: Literal[False] = False
) -> ImageBunch: ...
@overload
def load_cifar10(
    path: str | os.PathLike[str], *, split: str = "all", return_X_y: Literal[True]
) -> DataAndTarget: ...
@overload
def load_cifar10(
    path: str | os.PathLike[str], *, split: str = "all", return_X_y: bool
) -> ImageBunch | DataAndTarget: ...
@validates_arguments(
    {
        "path": [str, os.PathLike],
        "split": [StrOptions(set(_SPLITS))],
        "return_X_y": ["boolean"],
    }
)
def load_cifar10(
    path: str | os.PathLike[str], *, split: str = "all", return_X_y: bool = False
) -> ImageBunch | DataAndTarget:
    r"""Load CIFAR-10 from a folder or an archive on disk.

    ==============   =====================================
    Classes                                             10
    Images             50000 training, 10000 test images
    Pixels                             32 x 32, RGB, 0-255
    ==============   =====================================

    Parameters
    ----------
    path : str or path-like
        One of

        - the folder ``cifar-10-batches-bin`` (the "binary version") or ``cifar-10-batches-py``
          (the "Python version"), under any name;
        - a folder that contains one of the two under its own name. If it contains both, the
          binary version is read;
        - the ``.tar.gz`` or ``.tar`` of either, which is read in one pass without unpacking it to
          disk.

        A leading ``~`` is your home folder.
    split : {"all", "train", "test"}, default="all"
        Which images: the five training batches, the test batch, or the training batches followed
        by the test batch. A batch may hold any number of images. The files of the other split may
        be missing.
    return_X_y : bool, default=False
        Whether to return only ``(data, target)``.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the fields

        data : ndarray of shape (n_samples, 3072), dtype uint8
            The images as rows, in C order: pixel by pixel, red, green and blue side by side.
        images : ndarray of shape (n_samples, 32, 32, 3), dtype uint8
            The same images as a stack; shares its memory with `data`.
        target : ndarray of shape (n_samples,), dtype int64
            The class of each image, 0 to 9.
        target_names : ndarray of shape (10,), dtype str
            The names of the classes.
        DESCR : str
            Where the data come from.
    (data, target) : tuple of ndarray
        If `return_X_y` is True.

    Raises
    ------
    FileNotFoundError
        If `path`, or a file that belongs to the split, does not exist.
    ValueError
        If a file is damaged or of another format. The message names the file and the fault.

    See Also
    --------
    fetch_cifar10 : Download the data set once, then load it from disk.

    Notes
    -----
    The files are treated as untrusted. The pickles of the Python version are read by a parser that
    knows only numbers, strings, lists, dictionaries and arrays of bytes: anything else is refused,
    and no code in them runs. Archives with links, with paths that lead out of them, or with
    members or headers of implausible size are refused too.

    Beyond the result, loading needs the memory of one batch.

    References
    ----------
    .. [1] Alex Krizhevsky, `Learning Multiple Layers of Features from Tiny Images
       <https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf>`_, 2009.

    Examples
    --------
    An invented test batch of two images in the binary version, a grey cat and a white ship:

    >>> import tempfile
    >>> from pathlib import Path
    >>> from sk231n.datasets import load_cifar10
    >>> names = "airplane automobile bird cat deer dog frog horse ship truck"
    >>> records = [bytes([3] + 3072 * [128]), bytes([8] + 3072 * [255])]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "batches.meta.txt").write_text(names.replace(" ", "\n"))
    ...     _ = Path(folder, "test_batch.bin").write_bytes(b"".join(records))
    ...     cifar10 = load_cifar10(folder, split="test")
    >>> cifar10.data.shape, cifar10.images.shape
    ((2, 3072), (2, 32, 32, 3))
    >>> cifar10.target_names[cifar10.target].tolist()
    ['cat', 'ship']
    """
    path = as_path(path)
    if path.is_dir():
        folder, layout = _find_folder(path)
        files = files_in_folder(folder, layout.files(split))
    elif path.is_file() and path.name in _LAYOUT_OF:
        raise ValueError(
            f"{path} is a single file of CIFAR-10; expected the folder that holds all of them, "
            f"{path.parent}, or the archive."
        )
    elif path.is_file():
        files = files_in_archive(path, _LAYOUT_OF)
    elif path.exists():
        raise ValueError(f"{path} is neither a folder nor a file.")
    else:
        raise FileNotFoundError(f"{path} does not exist.")
    with closing(files):
        rows, target, names = _assemble(files, split, path)
    images = rows.reshape(len(rows), 32, 32, 3)
    return image_bunch(images, target, names, descr=_DESCR, return_X_y=return_X_y)


def _find_folder(path):
    """Return the folder that holds the batches, and their layout."""
    for layout in _LAYOUTS:
        if any((path / name).exists() for name in layout.files("all")):
            return path, layout
    for layout in _LAYOUTS:
        if (path / layout.folder).is_dir():
            return path / layout.folder, layout
    raise ValueError(
        f"{path} does not contain CIFAR-10: neither batches like 'data_batch_1.bin' or "
        f"'data_batch_1', nor a folder {_LAYOUTS[0].folder!r} or {_LAYOUTS[1].folder!r}."
    )


def _assemble(files, split, path):
    """Return rows and labels in the order of the split, and the names of the classes.

    The batches of an archive come in any order. They are appended as they come and reordered in
    place at the end, so that the rows are in memory only once.
    """
    # Bytes grow without being copied, and arrays do not since NumPy 2.5.
    pixels, labels, names, layout = bytearray(), {}, None, None
    for name, where, read in files:
        layout = layout or _LAYOUT_OF[name]
        if layout is not _LAYOUT_OF[name]:
            raise ValueError(
                f"{where} belongs to another version of CIFAR-10 than the file before it."
            )
        if name == layout.meta:
            names = _decode(layout.read_names, read, where)
        elif name in layout.files(split):
            labels[name] = _decode(partial(_append, pixels, layout.read_batch), read, where)
    if layout is None:
        raise ValueError(f"{path} does not contain CIFAR-10: it has no batch.")
    meta, *order = layout.files(split)
    missing = [meta] * (names is None) + [name for name in order if name not in labels]
    if missing:
        raise FileNotFoundError(f"{path} lacks {', '.join(missing)}.")
    rows = np.frombuffer(pixels, np.uint8).reshape(-1, N_PIXELS)
    _reorder(rows, {name: len(labels[name]) for name in labels}, order)
    return rows, np.concatenate([labels[name] for name in order]), names


def _decode(decode, read, where):
    content = read()
    try:
        return decode(content)
    except ValueError as error:
        raise ValueError(f"{where} {error}.") from error


def _append(pixels, read_batch, content):
    """Add the images of one batch, from planes to pixels, and return the labels."""
    planes, labels = read_batch(content)
    start = len(pixels)
    pixels += memoryview(content)[: planes.nbytes]  # makes room, whatever is in it
    images = np.frombuffer(pixels, np.uint8, offset=start).reshape(-1, 1024, 3)
    planes = planes.reshape(-1, 3, 1024)
    for channel in range(3):  # twice as fast as one transposed copy
        images[..., channel] = planes[:, channel]
    return labels


def _reorder(rows, lengths, order):
    """Reorder consecutive blocks of rows in place; `lengths` maps their names to their lengths."""
    blocks = list(lengths)
    for i, name in enumerate(order):
        j = blocks.index(name)
        start, stop = (sum(lengths[block] for block in blocks[:k]) for k in (i, j))
        _move_block_up(rows[start : stop + lengths[name]], lengths[name])
        blocks.insert(i, blocks.pop(j))


def _move_block_up(rows, n_rows):
    """Move the last `n_rows` rows to the front; copies that block only, not all rows."""
    if len(rows) == n_rows:
        return
    block = rows[-n_rows:].copy()
    for stop in range(len(rows) - n_rows, 0, -n_rows):
        start = max(stop - n_rows, 0)
        rows[start + n_rows : stop + n_rows] = rows[start:stop]
    rows[:n_rows] = block
