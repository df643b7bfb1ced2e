"""CIFAR-10 from the internet, downloaded once."""

import os
from numbers import Real
from pathlib import Path
from typing import Literal, overload
from urllib.parse import urlsplit

from sklearn.datasets import get_data_home

from sk231n._sklearn import StrOptions
from sk231n._warnings import warn
from sk231n.core.arguments import validates_arguments
from sk231n.datasets._arguments import MAX_SECONDS, Number, amount, as_path, count
from sk231n.datasets._bunch import DataAndTarget, ImageBunch
from sk231n.datasets._cifar10 import load_cifar10
from sk231n.datasets._download import download, is_whole

_FILE = "cifar-10-binary.tar.gz"
_MIRRORS = (
    f"https://www.cs.toronto.edu/~kriz/{_FILE}",
    f"https://web.archive.org/web/2024id_/https://www.cs.toronto.edu/~kriz/{_FILE}",
    # Works even where certificates fail; the checksum verifies that the file is the same.
    f"http://www.cs.toronto.edu/~kriz/{_FILE}",
)
_SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"


@overload
def fetch_cifar10(
    data_home: str | os.PathLike[str] | None = None,
    *,
    split: str = "all",
    return_X_y: Literal[False] = False,
    download_if_missing: bool = True,
    mirrors: list[str] | tuple[str, ...] = ...,
    sha256: str = ...,
    timeout: float = 30.0,
    n_retries: int = 3,
    delay: float = 1.0,
) -> ImageBunch: ...
@overload
def fetch_cifar10(
    data_home: str | os.PathLike[str] | None = None,
    *,
    split: str = "all",
    return_X_y: Literal[True],
    download_if_missing: bool = True,
    mirrors: list[str] | tuple[str, ...] = ...,
    sha256: str = ...,
    timeout: float = 30.0,
    n_retries: int = 3,
    delay: float = 1.0,
) -> DataAndTarget: ...
@overload
def fetch_cifar10(
    data_home: str | os.PathLike[str] | None = None,
    *,
    split: str = "all",
    return_X_y: bool,
    download_if_missing: bool = True,
    mirrors: list[str] | tuple[str, ...] = ...,
    sha256: str = ...,
    timeout: float = 30.0,
    n_retries: int = 3,
    delay: float = 1.0,
) -> ImageBunch | DataAndTarget: ...
@validates_arguments(
    {
        "data_home": [str, os.PathLike, None],
        "split": [StrOptions({"all", "train", "test"})],
        "return_X_y": ["boolean"],
        "download_if_missing": ["boolean"],
        "mirrors": [list, tuple],
        "sha256": [str],
        "timeout": [Number(Real, 0, MAX_SECONDS, closed="right")],
        "n_retries": [count(0)],
        "delay": [amount(MAX_SECONDS)],
    }
)
def fetch_cifar10(
    data_home: str | os.PathLike[str] | None = None,
    *,
    split: str = "all",
    return_X_y: bool = False,
    download_if_missing: bool = True,
    mirrors: list[str] | tuple[str, ...] = _MIRRORS,
    sha256: str = _SHA256,
    timeout: float = 30.0,
    n_retries: int = 3,
    delay: float = 1.0,
) -> ImageBunch | DataAndTarget:
    """Load CIFAR-10 from scikit-learn's data folder; download it the first time.

    The download is the official archive of the binary version, 170 MB. It may be interrupted at any
    time: the bytes received stay in ``cifar-10-binary.tar.gz.part``, and the next call resumes from
    there if the server supports it. Only a complete file with the right checksum gets its final
    name. If several processes call the function at once, one downloads and the others wait.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder for the archive. None is scikit-learn's, see
        :func:`sklearn.datasets.get_data_home`. A leading ``~`` is your home folder.
    split : {"all", "train", "test"}, default="all"
        Which images to load, as in :func:`load_cifar10`.
    return_X_y : bool, default=False
        Whether to return only ``(data, target)``.
    download_if_missing : bool, default=True
        Whether to download the archive if it is missing. If False, a missing archive is an error.
    mirrors : list or tuple of str
        Addresses of the archive, http or https, tried in order. The default is the author's site
        over https, then a copy in the Internet Archive, then the author's site over http. To use
        a file of your own, pass ``mirrors=["http://..."]`` together with its `sha256`.
    sha256 : str
        Checksum of the archive, 64 hexadecimal digits; the default is that of the author's file.
        A file with another checksum is deleted, and the next mirror is tried.
    timeout : float, default=30.0
        Seconds to wait for a silent server, or for the file to begin. A slow download may then
        take as long as it needs.
    n_retries : int, default=3
        How often to resume from the same mirror after the connection broke.
    delay : float, default=1.0
        Seconds to wait before resuming.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        As from :func:`load_cifar10`.
    (data, target) : tuple of ndarray
        If `return_X_y` is True.

    Raises
    ------
    OSError
        If no mirror delivers the file (the message lists the reason for each), or if the archive
        is missing and `download_if_missing` is False.
    ValueError
        If an argument is wrong, or the archive is not CIFAR-10.

    See Also
    --------
    load_cifar10 : Load CIFAR-10 from any folder or archive on disk, such as this one.

    Notes
    -----
    Every call verifies the checksum of the archive on disk. If it differs, the archive is
    downloaded again, with a warning. Proxies are taken from the environment. Processes wait for
    each other through a lock on the ``.part``, which Windows and some network drives do not
    support; there, let one call finish before starting the next.

    References
    ----------
    .. [1] Alex Krizhevsky, `The CIFAR-10 dataset
       <https://www.cs.toronto.edu/~kriz/cifar.html>`_.

    Examples
    --------
    >>> from sk231n.datasets import fetch_cifar10
    >>> cifar10 = fetch_cifar10()  # doctest: +SKIP
    >>> cifar10.images.shape  # doctest: +SKIP
    (60000, 32, 32, 3)
    """
    if len(sha256) != 64 or not set(sha256.lower()) <= set("0123456789abcdef"):
        raise ValueError(f"sha256 must be 64 hexadecimal digits; got {sha256!r}.")
    _check_mirrors(mirrors)
    archive = _folder(data_home) / _FILE
    there = archive.is_file()
    if not is_whole(archive, sha256):
        state = "has another SHA-256 than expected" if there else "is not there"
        if not download_if_missing:
            raise OSError(f"{archive} {state}, and download_if_missing is False.")
        if there:
            warn(f"{archive} {state}; it is downloaded again.")
        download(mirrors, archive, sha256=sha256, timeout=timeout, n_retries=n_retries, delay=delay)
    return load_cifar10(archive, split=split, return_X_y=return_X_y)


def _check_mirrors(mirrors):
    if not mirrors or not all(isinstance(mirror, str) for mirror in mirrors):
        raise ValueError(f"mirrors must be one or more addresses; got {mirrors!r}.")
    for mirror in mirrors:
        try:
            parts = urlsplit(mirror)
            good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:  # an unmatched bracket, or a port that is not a number
            good = False
        if not good:
            raise ValueError(f"mirrors must be http or https addresses; got {mirror!r}.")


def _folder(data_home):
    """Return the folder for the archive, and create it if it does not exist."""
    folder = None if data_home is None else as_path(data_home, "data_home")
    try:
        return Path(get_data_home(folder))
    except (FileExistsError, NotADirectoryError) as error:
        raise ValueError(
            f"data_home must be a folder; got {folder}, which is in a file."
        ) from error
