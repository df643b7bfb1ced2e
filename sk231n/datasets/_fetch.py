"""CIFAR-10 from the net."""

import os
from numbers import Real
from pathlib import Path
from urllib.parse import urlsplit

from sklearn.datasets import get_data_home
from sklearn.utils._param_validation import StrOptions, validate_params

from sk231n._warnings import warn
from sk231n.datasets._arguments import MAX_SECONDS, Number, amount, as_path, count
from sk231n.datasets._cifar10 import load_cifar10
from sk231n.datasets._download import download, is_whole

_FILE = "cifar-10-binary.tar.gz"
_MIRRORS = (
    f"https://www.cs.toronto.edu/~kriz/{_FILE}",
    f"https://web.archive.org/web/2024id_/https://www.cs.toronto.edu/~kriz/{_FILE}",
    # Works when certificates do not; the checksum tells whether it is the same file.
    f"http://www.cs.toronto.edu/~kriz/{_FILE}",
)
_SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"


@validate_params(
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
    },
    prefer_skip_nested_validation=True,
)
def fetch_cifar10(
    data_home=None,
    *,
    split="all",
    return_X_y=False,
    download_if_missing=True,
    mirrors=_MIRRORS,
    sha256=_SHA256,
    timeout=30.0,
    n_retries=3,
    delay=1.0,
):
    """Load CIFAR-10 from scikit-learn's data folder; download it the first time.

    The download is the official archive of the binary version, 170 MB. It may be interrupted at any
    time: what has arrived stays in ``cifar-10-binary.tar.gz.part``, and the next call goes on from
    there if the server can. Only a complete file with the right checksum gets its proper name. If
    several processes call at once, one downloads and the others wait for it.

    Parameters
    ----------
    data_home : str or path-like, default=None
        Folder for the archive. None is scikit-learn's, see
        :func:`sklearn.datasets.get_data_home`. A ``~`` at the beginning is your home folder.
    split : {"all", "train", "test"}, default="all"
        Which images, as in :func:`load_cifar10`.
    return_X_y : bool, default=False
        Whether to return only ``(data, target)``.
    download_if_missing : bool, default=True
        Whether to download the archive if it is missing. If False, that is an error.
    mirrors : list or tuple of str
        Addresses of the archive, http or https, tried one after the other. The default is the
        site of its author, encrypted, then a copy in the Internet Archive, then the author's
        site unencrypted. For a file of your own, ``mirrors=["http://..."]`` with its `sha256`.
    sha256 : str
        Checksum of the archive, 64 hexadecimal digits; the default is that of its author. A file
        that has another one is deleted, and the next mirror is tried.
    timeout : float, default=30.0
        Seconds to wait for a server that says nothing, or that does not come to the file. A slow
        one may then take as long as it needs.
    n_retries : int, default=3
        How often to go on with the same mirror after the connection broke.
    delay : float, default=1.0
        Seconds before going on.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        As from :func:`load_cifar10`.
    (data, target) : tuple of ndarray
        If `return_X_y` is True.

    Raises
    ------
    OSError
        If no mirror delivers the file (the message lists each with its reason), or if the archive
        is missing and `download_if_missing` is False.
    ValueError
        If an argument is wrong, or the archive is not CIFAR-10.

    See Also
    --------
    load_cifar10 : Load CIFAR-10 from a place of your choice; takes the same archive.

    Notes
    -----
    Every call compares the checksum of the archive on disk. If it differs, the archive is
    downloaded again, with a warning. Proxies are taken from the environment. A process that waits
    for another knows of it by a lock on the ``.part``, which Windows and some network drives do
    not have; there, let one call end before the next.

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
        except ValueError:  # half a bracket, a port that is no number
            good = False
        if not good:
            raise ValueError(f"mirrors must be http or https addresses; got {mirror!r}.")


def _folder(data_home):
    """Folder for the archive, made if there is none."""
    folder = None if data_home is None else as_path(data_home, "data_home")
    try:
        return Path(get_data_home(folder))
    except (FileExistsError, NotADirectoryError) as error:
        raise ValueError(
            f"data_home must be a folder; got {folder}, which is in a file."
        ) from error
