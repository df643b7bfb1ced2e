"""Download one file from the first of several servers that delivers it; resume if interrupted."""

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
_BUFFER = 2**13  # bytes that are lost if the process is killed
_MAX_BYTES = 2**28  # limits the disk space that a server can fill


def is_whole(path, sha256):
    """Whether a file exists and has this SHA-256, given in hexadecimal digits."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return _has(file, sha256)


def download(urls, target, *, sha256, timeout, n_retries, delay):
    """Download a file whose SHA-256 is known; go to the next server when one fails.

    The bytes received so far are kept in ``{target}.part``, and the next attempt continues there.
    The target itself is only ever the complete file. Only the process that holds the lock of the
    part reads, changes or renames it; the others wait, then find the file complete or continue
    the download themselves.
    """
    part = target.with_name(target.name + ".part")
    with suppress(FileNotFoundError):
        # A single call of stat, because another process may rename the part at any time.
        if not stat.S_ISREG(part.stat().st_mode):
            raise OSError(f"{part} is not a file.")
    while not is_whole(target, sha256):
        with _locked(part) as file:
            if not _is_at(part, file):
                continue  # the process that held the lock before has finished
            try:
                if not is_whole(target, sha256):  # finished before this part was created
                    _fill(file, urls, target, sha256, timeout, n_retries, delay)
                    if fcntl is None:
                        file.close()  # Windows cannot rename an open file
                    os.replace(part, target)
                    return
            finally:
                if not file.closed and not _size(file):
                    with suppress(OSError):
                        part.unlink()


@contextmanager
def _locked(part):
    """Open the part, and wait until no other process holds its lock."""
    with open(part, "a+b", buffering=_BUFFER) as file:
        if fcntl is not None:
            with suppress(OSError):  # some file systems have no locks
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
    """Complete the part from the first server that can."""
    if _size(file) > _MAX_BYTES:
        file.truncate(0)
    if _has(file, sha256):
        return  # the last call was interrupted just before renaming it
    reasons = []
    for url in urls:
        logger.info("Downloading %s to %s", url, target)
        try:
            _fill_from(url, file, sha256, timeout, n_retries, delay)
        # A malformed address, or a redirect to one, raises a ValueError.
        except (OSError, http.client.HTTPException, ValueError, OverflowError) as error:
            reasons.append(f"{url}: {str(error) or type(error).__name__}")
        else:
            return
    raise OSError(
        "\n  ".join([f"{target.name} could not be downloaded from any mirror:", *reasons])
    )


def _fill_from(url, file, sha256, timeout, n_retries, delay):
    """Complete the part from one server, or raise an exception that says why it failed."""
    for attempt in range(n_retries + 1):
        resumed = _size(file) > 0
        try:
            _continue(url, file, timeout)
        except HTTPError:
            raise  # a retry would give the same answer; another server may not
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
        # The part may have begun with bytes of another file. Try once more from the start.
    raise OSError(f"its file has another SHA-256 than {sha256}")


def _continue(url, file, timeout):
    """Request the bytes that the part lacks and append them."""
    start = _size(file)
    headers = {"User-Agent": "sk231n", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response = OPENER.open(Request(url, headers=headers), timeout=timeout)
    except HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            file.truncate(0)  # the part is not the beginning of this file
            return _continue(url, file, timeout)
        raise
    with response:
        if response.status == http.HTTPStatus.OK:
            file.truncate(0)  # the server ignores the range and sends the whole file
        elif response.status != http.HTTPStatus.PARTIAL_CONTENT:
            raise OSError(f"it answers with status {response.status}")
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            file.truncate(0)
            raise OSError("it sends another range of bytes than requested")
        _save(response, file)


def _save(response, file):
    expected = response.length  # None if the server does not say
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
