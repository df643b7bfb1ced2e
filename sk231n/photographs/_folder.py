"""A folder of pictures with one sub-folder for each class."""

import os
from collections.abc import Iterable, Iterator
from numbers import Integral
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import NDArray

from sk231n._sklearn import StrOptions
from sk231n._threads import count_threads
from sk231n.core.arguments import count, validates_arguments
from sk231n.core.bases import Bunch
from sk231n.core.windows import as_pair
from sk231n.photographs._decode import FITS, decode, require_pillow
from sk231n.photographs._reading import for_each_picture
from sk231n.photographs.image_reader import COLORS, MAX_PIXELS

# What systems put into folders beside the user's files; hidden files begin with a dot.
_OF_THE_SYSTEM = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir"}


class PhotographBunch(Bunch):
    """A :class:`~sklearn.utils.Bunch` whose fields are known to type checkers."""

    images: Any  # a stack of bytes, or a list of images of different sizes
    target: NDArray[np.int64]
    target_names: NDArray[np.str_]
    filenames: NDArray[np.str_]
    skipped: list[str]
    DESCR: str


@overload
def load_images(
    folder: str | os.PathLike[str],
    *,
    size: int | tuple[int, int] | None = None,
    color: str = "rgb",
    extensions: str | Iterable[str] | None = None,
    on_error: str = "raise",
    return_X_y: Literal[False] = False,
    fit: str = "crop",
    max_pixels: int = MAX_PIXELS,
    n_jobs: int | None = None,
) -> PhotographBunch: ...
@overload
def load_images(
    folder: str | os.PathLike[str],
    *,
    size: int | tuple[int, int] | None = None,
    color: str = "rgb",
    extensions: str | Iterable[str] | None = None,
    on_error: str = "raise",
    return_X_y: Literal[True],
    fit: str = "crop",
    max_pixels: int = MAX_PIXELS,
    n_jobs: int | None = None,
) -> tuple[Any, NDArray[np.int64]]: ...
@overload
def load_images(
    folder: str | os.PathLike[str],
    *,
    size: int | tuple[int, int] | None = None,
    color: str = "rgb",
    extensions: str | Iterable[str] | None = None,
    on_error: str = "raise",
    return_X_y: bool,
    fit: str = "crop",
    max_pixels: int = MAX_PIXELS,
    n_jobs: int | None = None,
) -> PhotographBunch | tuple[Any, NDArray[np.int64]]: ...
@validates_arguments(
    {
        "folder": [str, os.PathLike],
        "size": [count(1), tuple, list, None],
        "color": [StrOptions(set(COLORS))],
        "extensions": [str, list, tuple, set, frozenset, None],
        "on_error": [StrOptions({"raise", "skip"})],
        "return_X_y": ["boolean"],
        "fit": [StrOptions(set(FITS))],
        "max_pixels": [count(1)],
        "n_jobs": [Integral, None],
    }
)
def load_images(
    folder: str | os.PathLike[str],
    *,
    size: int | tuple[int, int] | None = None,
    color: str = "rgb",
    extensions: str | Iterable[str] | None = None,
    on_error: str = "raise",
    return_X_y: bool = False,
    fit: str = "crop",
    max_pixels: int = MAX_PIXELS,
    n_jobs: int | None = None,
) -> PhotographBunch | tuple[Any, NDArray[np.int64]]:
    """Load the pictures of a folder that has one sub-folder for each class.

    Parameters
    ----------
    folder : str or path-like
        The folder. Each of its sub-folders is a class; the pictures of a class may lie in folders
        within it. Hidden files, those that systems leave behind, such as ``Thumbs.db``, and
        sub-folders without pictures do not count; neither do files beside the sub-folders. A
        leading ``~`` is your home folder.
    size : tuple of 2 int, int or None, default=None
        Height and width of the images in pixels, an int for both. None leaves each picture as large
        as it is.
    color : {"rgb", "gray"}, default="rgb"
        Whether the images have red, green and blue, or the luminance alone.
    extensions : str, sequence of str or None, default=None
        How names of pictures end, such as ``(".jpg", ".png")``, in capitals or not; files with
        other names do not count. None takes all files for pictures.
    on_error : {"raise", "skip"}, default="raise"
        What happens if a picture cannot be read: "raise" an error that names it, or leave it out
        and list it in ``skipped``.
    return_X_y : bool, default=False
        Whether to return only ``(images, target)``.
    fit : {"crop", "pad", "stretch"}, default="crop"
        How a picture of other proportions is fitted to `size`; see :class:`~sk231n.ImageReader`.
    max_pixels : int > 0, default=50_000_000
        Largest number of pixels of a picture, which is checked before memory is taken for it; see
        :class:`~sk231n.ImageReader`.
    n_jobs : int, default=None
        Number of threads. None takes the number of a joblib context, else all cores; -1 takes all
        cores.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the fields

        images : ndarray of uint8 of shape (n_pictures, height, width, 3), or list of ndarray
            The images, without the last axis if they are grey; a list without `size`.
        target : ndarray of int64 of shape (n_pictures,)
            The class of each image.
        target_names : ndarray of str of shape (n_classes,)
            The names of the sub-folders, sorted.
        filenames : ndarray of str of shape (n_pictures,)
            The paths of the pictures, sorted within each class.
        skipped : list of str
            The paths of the files that were left out because they cannot be read.
        DESCR : str
            A description.
    (images, target) : tuple
        The first two of them, for ``return_X_y=True``.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        If there is no such folder.
    ImportError
        If Pillow is not installed; it comes with ``pip install "sk231n[images]"``.
    ValueError
        If no sub-folder holds a picture, or a picture cannot be read.

    See Also
    --------
    sk231n.ImageReader : The same for lists of files, as a step of a pipeline.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> from sk231n.datasets import load_images
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name, color in (("day", "white"), ("night", "black")):
    ...         Path(folder, name).mkdir()
    ...         Image.new("RGB", (64, 48), color).save(Path(folder, name, "sky.png"))
    ...     data = load_images(folder, size=(8, 8))
    >>> data.images.shape, data.target, data.target_names
    ((2, 8, 8, 3), array([0, 1]), array(['day', 'night'], dtype='<U5'))
    """
    require_pillow("load_images")
    shape = None if size is None else as_pair(size, "size")
    count_threads(n_jobs)
    classes = pictures_by_class(folder, extensions)
    files = [str(file) for of_class in classes.values() for file in of_class]
    target = np.repeat(np.arange(len(classes)), [*map(len, classes.values())])
    if shape is None:
        images: Any = [None] * len(files)
    else:
        images = np.empty((len(files), *shape, *([3] if color == "rgb" else [])), np.uint8)

    def use(k, file):
        images[k] = decode(file, shape, color=color, fit=fit, max_pixels=max_pixels)

    faults = for_each_picture(
        use, enumerate(files), n_jobs, name=lambda _, file: repr(file), skip=on_error == "skip",
        hint="With on_error='skip' such files are left out.",
    )  # fmt: skip
    if len(faults) == len(files):
        raise ValueError(
            f"None of the {len(files)} files in folder={str(folder)!r} can be read as a picture; "
            f"{files[0]!r}, for example: {faults[0]}."
        )
    if faults:
        read = [k for k in range(len(files)) if k not in faults]
        images = [images[k] for k in read] if shape is None else images[read]
        target = target[read]
    if return_X_y:
        return images, target
    return PhotographBunch(
        images=images,
        target=target,
        target_names=np.array(list(classes)),
        filenames=np.array([file for k, file in enumerate(files) if k not in faults]),
        skipped=[files[k] for k in faults],
        DESCR=f"The pictures in {os.fspath(folder)}, one sub-folder for each class.",
    )


def pictures_by_class(
    folder: str | os.PathLike[str], extensions: str | Iterable[str] | None = None
) -> dict[str, list[Path]]:
    """List the pictures of each class, sorted; see :func:`load_images`."""
    if not os.fspath(folder):
        raise ValueError(f"folder must be the path of a folder; got {folder!r}.")
    root = Path(os.path.expanduser(os.fsdecode(folder)))
    endings = _endings(extensions)
    classes = {}
    for entry in sorted(root.iterdir()):
        if entry.is_dir() and not _is_ignored(entry.name):
            files = [file for file in _files(entry) if file.name.lower().endswith(endings)]
            if files:
                classes[entry.name] = files
    if not classes:
        raise ValueError(
            f"folder={str(folder)!r} has no sub-folder with pictures; expected one for each class, "
            "such as 'cats/1.jpg' and 'dogs/1.jpg'."
        )
    return classes


def n_files_beside_the_classes(folder: str | os.PathLike[str]) -> int:
    """Number of the files that lie in the folder itself, and so belong to no class."""
    entries = Path(os.path.expanduser(os.fsdecode(folder))).iterdir()
    return sum(entry.is_file() and not _is_ignored(entry.name) for entry in entries)


def _files(folder: Path) -> Iterator[Path]:
    """All files in a folder and in folders within it, sorted, but hidden and foreign ones."""

    def fail(error):  # else the pictures of a folder without permission would be missing
        raise error

    for path, folders, names in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if not _is_ignored(name))
        yield from (Path(path, name) for name in sorted(names) if not _is_ignored(name))


def _is_ignored(name):
    return name.startswith(".") or name.lower() in _OF_THE_SYSTEM


def _endings(extensions: Any) -> tuple[str, ...]:
    """Endings of names in small letters; an empty one, which all names have, for None."""
    if extensions is None:
        return ("",)
    given = [extensions] if isinstance(extensions, str) else list(extensions)
    if not given or not all(isinstance(ending, str) and ending.strip(".") for ending in given):
        raise ValueError(
            f"extensions must be endings of names, such as ('.jpg', '.png'), or None; got "
            f"{extensions!r}."
        )
    return tuple(f".{ending.lstrip('.').lower()}" for ending in given)
