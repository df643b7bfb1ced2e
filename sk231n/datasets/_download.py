"""One file from the first of several servers that has it, in as many sittings as it takes."""

import hashlib
import http.client
import logging
import os
import time
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
    UnknownHandler,
)

logger = logging.getLogger(__name__)

_BLOCK = 2**16
_MAX_BYTES = 2**28  # no server shall fill the disk


def sha256_of(path):
    """SHA-256 of a file, in hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def download(urls, target, *, sha256, timeout, n_retries, delay):
    """Download a file whose SHA-256 is known; go to the next server when one fails.

    What has arrived is kept in ``{target}.part``, where the next attempt goes on. Under its own
    name there is only ever the whole file.
    """
    for url in urls:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"mirrors must be http or https addresses; got {url!r}.")
    part = target.with_name(target.name + ".part")
    reasons = []
    if _is_whole(part, sha256):  # interrupted just before it got its name
        os.replace(part, target)
        return
    for url in urls:
        logger.info("Downloading %s to %s", url, target)
        try:
            _download_from(url, part, sha256, timeout, n_retries, delay)
        except (OSError, http.client.HTTPException) as error:
            reasons.append(f"{url}: {str(error) or type(error).__name__}")
        else:
            os.replace(part, target)
            return
    raise OSError(
        "\n  ".join([f"{target.name} could not be downloaded from any mirror:", *reasons])
    )


def _is_whole(path, sha256):
    return path.is_file() and sha256_of(path) == sha256.lower()


def _download_from(url, part, sha256, timeout, n_retries, delay):
    """Fill the part from one server, or say in an exception why that does not work."""
    for attempt in range(n_retries + 1):
        resumed = part.exists()
        try:
            _continue(url, part, timeout)
        except HTTPError:
            raise  # the server has decided; the next one may decide otherwise
        except (OSError, http.client.HTTPException):
            if attempt == n_retries:
                raise
            time.sleep(delay)
            continue
        if _is_whole(part, sha256):
            return
        part.unlink()
        if not resumed:
            break
        # The beginning may have been that of another file. Once more, from the start.
    raise OSError(f"what it sends has another SHA-256 than {sha256}")


def _continue(url, part, timeout):
    """Ask for what is still missing in the part and append it."""
    start = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "sk231n", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        response = _OPENER.open(Request(url, headers=headers), timeout=timeout)
    except HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start:
            part.unlink()  # not the beginning of this file
            return _continue(url, part, timeout)
        raise
    with response:
        if response.status == http.HTTPStatus.OK:
            start = 0  # the server sends everything, whatever it was asked for
        elif response.status != http.HTTPStatus.PARTIAL_CONTENT:
            raise OSError(f"it answers with status {response.status}")
        elif not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            part.unlink(missing_ok=True)
            raise OSError("it sends another range of bytes than it was asked for")
        _save(response, part, start)


def _save(response, part, start):
    expected = response.headers.get("Content-Length", "")
    position = start
    with open(part, "ab" if start else "wb") as file:
        while block := response.read(_BLOCK):
            position += len(block)
            if position > _MAX_BYTES:
                file.truncate(0)
                raise OSError(f"it sends more than {_MAX_BYTES} bytes")
            file.write(block)
    if expected.isdigit() and position - start < int(expected):
        raise OSError(f"the connection ended after {position} bytes, in the middle of the file")


def _make_opener():
    """Opener for http and https, redirects included, and for nothing else."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler,
        HTTPHandler,
        HTTPSHandler,
        HTTPRedirectHandler,
        HTTPDefaultErrorHandler,
        HTTPErrorProcessor,
        UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


_OPENER = _make_opener()
