"""Fashion-MNIST from its four IDX files."""

import gzip
import math
import os
import zlib
from struct import unpack
from typing import Literal, overload

import numpy as np

from sk231n._sklearn import StrOptions
from sk231n.core.arguments import validates_arguments
from sk231n.datasets._arguments import as_path
from sk231n.datasets._bunch import DataAndTarget, ImageBunch, image_bunch

_NAMES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_SPLITS = {"train": ("train",), "test": ("t10k",), "all": ("train", "t10k")}
_MAX_IMAGES = 200_000  # the official files hold 60000 at most
_MAX_RATIO = 1040  # gzip expands a byte to at most 1032

_DESCR = """\
Fashion-MNIST: 70000 grey pictures of clothes, 28 x 28 pixels, in 10 classes, 60000 for training and
10000 for testing, by Zalando.

Han Xiao, Kashif Rasul, Roland Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking
Machine Learning Algorithms. 2017. https://arxiv.org/abs/1708.07747
"""


@overload
def load_fashion_mnist(
    path: str | os.PathLike[str], *, split: str = "all", return_X_y: Literal[False] = False
) -> ImageBunch: ...
@overload
def load_fashion_mnist(
    path: str | os.PathLike[str], *, split: str = "all", return_X_y: Literal[True]
) -> DataAndTarget: ...
@overload
def load_fashion_mnist(
    path: str | os.PathLike[str], *, split: str = "all", return_X_y: bool
) -> ImageBunch | DataAndTarget: ...
@validates_arguments(
    {
        "path": [str, os.PathLike],
        "split": [StrOptions(set(_SPLITS))],
        "return_X_y": ["boolean"],
    }
)
def load_fashion_mnist(
    path: str | os.PathLike[str], *, split: str = "all", return_X_y: bool = False
) -> ImageBunch | DataAndTarget:
    """Load Fashion-MNIST from a folder on disk.

    ==============   =====================================
    Classes                                             10
    Images             60000 training, 10000 test images
    Pixels                            28 x 28, grey, 0-255
    ==============   =====================================

    Parameters
    ----------
    path : str or path-like
        Folder with ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
        ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, unpacked or as ``.gz``; the
        names may have a dot before ``idx``. If a file exists in several forms, the unpacked one is
        read. A leading ``~`` is your home folder.
    split : {"all", "train", "test"}, default="all"
        Which images: the training set, the test set, or the training set followed by the test
        set. The files of the other split may be missing.
    return_X_y : bool, default=False
        Whether to return only ``(data, target)``.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the fields

        data : ndarray of shape (n_samples, 784), dtype uint8
            The images as rows; 0 is the background.
        images : ndarray of shape (n_samples, 28, 28), dtype uint8
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

    Notes
    -----
    The Debian package ``dataset-fashion-mnist`` puts the files into
    ``/usr/share/datasets/fashion-mnist``. MNIST has files of the same names and format: it loads
    too, but `target_names` is then wrong.

    References
    ----------
    .. [1] Han Xiao, Kashif Rasul, Roland Vollgraf, `Fashion-MNIST: a Novel Image Dataset for
       Benchmarking Machine Learning Algorithms <https://arxiv.org/abs/1708.07747>`_, 2017.

    Examples
    --------
    An invented test set of two images, a black bag and a white sandal:

    >>> import struct, tempfile
    >>> from pathlib import Path
    >>> from sk231n.datasets import load_fashion_mnist
    >>> images = struct.pack(">4I", 2051, 2, 28, 28) + bytes(784 * [0] + 784 * [255])
    >>> labels = struct.pack(">2I", 2049, 2) + bytes([8, 5])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "t10k-images-idx3-ubyte").write_bytes(images)
    ...     _ = Path(folder, "t10k-labels-idx1-ubyte").write_bytes(labels)
    ...     fashion = load_fashion_mnist(folder, split="test")
    >>> fashion.data.shape, fashion.images.shape
    ((2, 784), (2, 28, 28))
    >>> fashion.target_names[fashion.target].tolist()
    ['Bag', 'Sandal']
    """
    folder = as_path(path)
    if not folder.exists():
        raise FileNotFoundError(f"{folder} does not exist.")
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder.")
    images, labels = zip(*[_read_part(folder, part) for part in _SPLITS[split]], strict=True)
    return image_bunch(
        np.concatenate(images),
        np.concatenate(labels),
        _NAMES,
        descr=_DESCR,
        return_X_y=return_X_y,
    )


def _read_part(folder, part):
    """Images (n, 28, 28) and labels (n,) of the training or the test set."""
    images_path = _find(folder, f"{part}-images-idx3-ubyte")
    labels_path = _find(folder, f"{part}-labels-idx1-ubyte")
    images, labels = _read_idx(images_path, (28, 28)), _read_idx(labels_path, ())
    if len(images) != len(labels):
        raise ValueError(
            f"{images_path} has {len(images)} images, but {labels_path} has {len(labels)} labels."
        )
    wrong = np.flatnonzero(labels >= len(_NAMES))
    if len(wrong):
        raise ValueError(
            f"{labels_path} has the label {labels[wrong[0]]} at index {wrong[0]}; expected labels "
            f"in 0..{len(_NAMES) - 1}."
        )
    return images, labels


def _find(folder, name):
    """Return the path of the file, in whichever of its forms it exists."""
    dotted = name.replace("-idx", ".idx")
    for path in (folder / f"{form}{end}" for end in ("", ".gz") for form in (name, dotted)):
        if path.is_file():
            return path
        if path.exists():
            raise ValueError(f"{path} is not a file.")
    raise FileNotFoundError(
        f"{folder} has neither {name} nor {name}.gz, nor either of them as {dotted}."
    )


def _read_idx(path, shape):
    """Array (n, *shape) of bytes from an IDX file, unpacked or not."""
    packed = path.suffix == ".gz"
    try:
        with gzip.open(path) if packed else open(path, "rb") as file:
            return _read_array(file, shape, path.stat().st_size * (_MAX_RATIO if packed else 1))
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{path} is a damaged gzip file: {error}.") from error
    except ValueError as error:
        raise ValueError(f"{path} {error}.") from error


def _read_array(file, shape, most):
    """Read the array of an open file that unpacks to at most `most` bytes."""
    header = file.read(4 * (2 + len(shape)))
    if len(header) < 4 * (2 + len(shape)):
        raise ValueError("is truncated: it ends within its header")
    magic, n, *found = unpack(f">{2 + len(shape)}I", header)
    # Two bytes of zero, the code of uint8, the number of dimensions.
    expected = 0x0801 + len(shape)
    if magic != expected:
        raise ValueError(f"begins with the number {magic}; expected {expected}")
    if tuple(found) != shape:
        raise ValueError(f"has images of {found[0]} x {found[1]} pixels; expected 28 x 28")
    if not 1 <= n <= _MAX_IMAGES:
        raise ValueError(f"claims {n} records; expected 1 to {_MAX_IMAGES}")
    if n * math.prod(shape) > most:
        raise ValueError(f"is truncated: it cannot hold the {n} records that it claims")
    array = np.empty((n, *shape), dtype=np.uint8)
    rest = memoryview(array).cast("B")
    while rest and (length := file.readinto(rest)):
        rest = rest[length:]
    if rest:
        raise ValueError(f"is truncated: {len(rest)} of {array.size} bytes are missing")
    if file.read(1):
        raise ValueError(f"has more than the {n} records that it claims")
    return array
