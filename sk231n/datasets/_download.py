"""One file from the first of several servers that has it, in as many sittings as it takes."""

import hashlib
import http.client
import logging
import os
import stat
import time
from contextlib import contextmanager, suppress
from urllib.error import HTTPError
from urllib.request import Request

from sk231n.datasets._http import OPENER

try:
    import fcntl
except ImportError:  # on Windows, where two processes should not download at once
    fcntl = None

logger = logging.getLogger(__name__)

_BLOCK = 2**16
_MAX_BYTES = 2**28  # no server shall fill the disk


def is_whole(path, sha256):
    """Whether a file is there and has this SHA-256, in hexadecimal digits."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return _has(file, sha256)


def download(urls, target, *, sha256, timeout, n_retries, delay):
    """Download a file whose SHA-256 is known; go to the next server when one fails.

    What has arrived is kept in ``{target}.part``, where the next attempt goes on. Under its own
    name there is only ever the whole file. Who holds the lock of the part is alone in reading,
    changing and renaming it; others wait, and then find the file whole or go on in its place.
    """
    part = target.with_name(target.name + ".part")
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(part.stat().st_mode):  # one look: it may get its name at any time
            raise OSError(f"{part} is not a file.")
    while not is_whole(target, sha256):
        with _locked(part) as file:
            if not _is_at(part, file):
                continue  # whoever had it before has finished
            try:
                if not is_whole(target, sha256):  # finished before this part was made
                    _fill(file, urls, target, sha256, timeout, n_retries, delay)
                    if fcntl is None:
                        file.close()  # Windows renames no open file
                    os.replace(part, target)
                    return
            finally:
                if not file.closed and not _size(file):
                    with suppress(OSError):
                        part.unlink()


@contextmanager
def _locked(part):
    """Open the part, and wait until no other process has it."""
    with open(part, "a+b") as file:
        if fcntl is not None:
            with suppress(OSError):  # not every file system has locks
                fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _is_at(path, file):
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def _size(file):
    return os.fstat(file.fileno()).st_size


def _has(file, sha256):
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest() == sha256.lower()


def _fill(file, urls, target, sha256, timeout, n_retries, delay):
    """Bring the part to its end, from one server or the other."""
    if _size(file) > _MAX_BYTES:
        file.truncate(0)
    if _has(file, sha256):
        return  # interrupted just before it got its name
    reasons = []
    for url in urls:
        logger.info("Downloading %s to %s", url, target)
        try:
            _fill_from(url, file, sha256, timeout, n_retries, delay)
        # An address that is broken, or leads to a broken one, is a ValueError.
        except (OSError, http.client.HTTPException, ValueError, OverflowError) as error:
            reasons.append(f"{url}: {str(error) or type(error).__name__}")
        else:
            return
    raise OSError(
        "\n  ".join([f"{target.name} could not be downloaded from any mirror:", *reasons])
    )


def _fill_from(url, file, sha256, timeout, n_retries, delay):
    """Fill the part from one server, or say in an exception why that does not work."""
    for attempt in range(n_retries + 1):
        resumed = _size(file) > 0
        try:
            _continue(url, file, timeout)
        except HTTPError:
            raise  # the server has decided; the next one may decide otherwise
        except (OSError, http.client.HTTPException):
            if attempt == n_retries:
                raise
            time.sleep(delay)
            continue
        if _has(file, sha256):
            return
        file.truncate(0)
        if not resumed:
            break
        # The beginning may have been that of another file. Once more, from the start.
    raise OSError(f"what it sends has another SHA-256 than {sha256}")


def _continue(url, file, timeout):
    """Ask for what is still missing in the part and append it."""
    start = _size(file)
    headers = {"User-Agent": "sk231n", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response = OPENER.open(Request(url, headers=headers), timeout=timeout)
    except HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            file.truncate(0)  # not the beginning of this file
            return _continue(url, file, timeout)
        raise
    with response:
        if response.status == http.HTTPStatus.OK:
            file.truncate(0)  # the server sends everything, whatever it was asked for
        elif response.status != http.HTTPStatus.PARTIAL_CONTENT:
            raise OSError(f"it answers with status {response.status}")
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            file.truncate(0)
            raise OSError("it sends another range of bytes than it was asked for")
        _save(response, file)


def _save(response, file):
    expected = response.length  # None if it does not say
    start = position = _size(file)
    try:
        while block := response.read(_BLOCK):
            position += len(block)
            if position > _MAX_BYTES:
                file.truncate(0)
                raise OSError(f"it sends more than {_MAX_BYTES} bytes")
            file.write(block)
    finally:
        file.flush()
    if expected is not None and position - start < expected:
        raise OSError(f"the connection ended after {position} bytes, in the middle of the file")
