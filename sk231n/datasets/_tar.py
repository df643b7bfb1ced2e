"""The members of a tar archive that consists of files and folders.

:mod:`tarfile` reads headers of any length before its caller can check them, and follows chains of
extended headers and maps of sparse files of any length. Here a header is a block of 512 bytes,
which :mod:`tarfile` decodes, or an extension of a few kilobytes; anything else is refused at once.
"""

import re
import tarfile
from itertools import count
from typing import NamedTuple

_BLOCK = 512
_MAX_MEMBERS = 1000
_MAX_HEADER_BYTES = 2**13
_MAX_RECORDS = 200  # in an extended header, which usually has a handful

_LONG_NAME, _LONG_LINK = tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK
_EXTENDED = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE)


class Member(NamedTuple):
    """A file or a folder in an archive."""

    name: str
    size: int
    is_folder: bool


def members(stream, path):
    """Yield the members; at each, the stream is at the first byte of its content.

    Parameters
    ----------
    stream : object
        With ``position``, ``read(size)``, ``read_exactly(size)`` and ``skip_to(position)``.
    path : path-like
        Name of the archive in messages.

    Yields
    ------
    Member
        The caller may read the stream up to the end of the member's content.
    """
    for_all, for_next = {}, {}
    for n_headers in count():
        block = stream.read(_BLOCK)
        if not block.strip(b"\0"):  # the end: no more bytes, or the block of zeros that marks it
            return
        if n_headers == _MAX_MEMBERS:
            raise ValueError(f"{path} has more than {_MAX_MEMBERS} members.")
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        where = f"{path}: {header.name[:200]!r}"
        if header.type == _LONG_NAME:
            for_next["path"] = _read_extension(stream, header, where).partition(b"\0")[0]
        elif header.type == _LONG_LINK:
            _read_extension(stream, header, where)
        elif header.type in _EXTENDED:
            for_next |= _records(_read_extension(stream, header, where), where)
        elif header.type == tarfile.XGLTYPE:
            for_all |= _records(_read_extension(stream, header, where), where)
        else:
            yield from _member(stream, header, for_all | for_next, where)
            for_next = {}


def _read_extension(stream, header, where):
    if not 0 <= header.size <= _MAX_HEADER_BYTES:
        raise ValueError(
            f"{where} is a header of {header.size} bytes; expected at most {_MAX_HEADER_BYTES}."
        )
    content = stream.read_exactly(_padded(header.size))
    return content[: header.size]


def _member(stream, header, records, where):
    """Yield the member that the header describes, then skip the rest of its content."""
    is_folder = header.type == tarfile.DIRTYPE
    if not is_folder and header.type not in _FILES:
        raise ValueError(f"{where} is a link, a device or another special file.")
    # The header of a folder may hold its size on disk, but a folder has no content.
    size = 0 if is_folder else int(records.get("size", header.size))
    if size < 0:
        raise ValueError(f"{where} has {size} bytes.")
    stop = stream.position + _padded(size)
    name = records["path"].decode("utf-8", "surrogateescape") if "path" in records else header.name
    yield Member(name, size, is_folder)
    stream.skip_to(stop)


def _padded(size):
    return -(-size // _BLOCK) * _BLOCK


_LENGTH = re.compile(rb"([0-9]{1,4}) ")


def _records(content, where):
    """Return the relevant records of an extended header, ``{"path": ..., "size": ...}``.

    A record is its own length, a blank, ``key=value`` and a newline.
    """
    if content.count(b"\n") > _MAX_RECORDS:
        raise ValueError(f"{where} is a header with far too many records.")
    found, position = {}, 0
    while position < len(content):
        length = _LENGTH.match(content, position)
        start, stop = (length.end(), position + int(length[1])) if length else (0, 0)
        line = content[start:stop] if start < stop <= len(content) else b""
        key, is_there, value = line.removesuffix(b"\n").partition(b"=")
        if not (is_there and line.endswith(b"\n")):
            raise ValueError(f"{where} is a damaged header.")
        if key.startswith(b"GNU.sparse."):
            raise ValueError(f"{where} is a sparse file.")
        if key == b"path":
            found["path"] = value
        elif key == b"size":
            if not re.fullmatch(rb"[0-9]{1,15}", value):
                raise ValueError(f"{where} is a damaged header.")
            found["size"] = value
        position = stop
    return found
