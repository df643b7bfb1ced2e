"""The files in a folder, a ``.tar`` or a ``.tar.gz``, one after the other, nothing on disk."""

import gzip
import os
import zlib
from contextlib import contextmanager
from functools import partial
from pathlib import PurePosixPath
from tarfile import TarError

from sk231n.datasets._tar import members

# The official archive unpacks to 184 MB, in batches of 31 MB and less than ten members.
_MAX_FILE_BYTES = 2**27
_MAX_ARCHIVE_BYTES = 2**29
_BLOCK = 2**20

_GZIP = b"\x1f\x8b"
_OTHER_FORMATS = {
    b"BZh": "is compressed by bzip2",
    b"\xfd7zXZ": "is compressed by xz",
    b"\x28\xb5\x2f\xfd": "is compressed by Zstandard",
    b"PK\x03\x04": "is a zip archive",
    b"\x80": "is a pickle",
}


def files_in_folder(folder, names):
    """Yield ``(name, where, read)`` for the files of these names that there are in a folder."""
    for name in names:
        path = folder / name
        if path.is_file():
            yield name, str(path), partial(_read_file, path)
        elif path.exists():
            raise ValueError(f"{path} is not a file.")


def files_in_archive(path, names):
    """Yield ``(name, where, read)`` for the members of these names, in the archive's order.

    ``read`` works until the next item is asked for. All members are checked, also those of other
    names: an archive with links, devices or paths that lead out of it is refused.
    """
    found = {}
    with _damage_is_value_error(path), _unpacked(path) as file:
        stream = _Bounded(file, path)
        for member in members(stream, path):
            where = f"{path}: {member.name[:200]!r}"
            if member.size > _MAX_FILE_BYTES:
                raise ValueError(f"{where} has {member.size} bytes, far more than a batch.")
            member_path = _check_path(member.name, where)
            folder, name = member_path.parent, member_path.name
            if member.is_folder or name not in names:
                continue
            if len(member_path.parts) > 2:
                raise ValueError(f"{where} is nested too deep; expected FOLDER/{name}.")
            if name in found:
                raise ValueError(f"{where} is in the archive for a second time.")
            if found and folder not in found.values():
                raise ValueError(f"{where} is in another folder than the files before it.")
            found[name] = folder
            yield name, where, partial(_read_member, stream, member.size, where)
        while stream.read(_BLOCK):  # to the end, where the checksum is
            pass


def _unpacked(path):
    """Open the archive for reading; by its first bytes, whatever it is called."""
    size = path.stat().st_size
    if size > _MAX_ARCHIVE_BYTES:
        raise ValueError(f"{path} has {size} bytes, far more than the archive of CIFAR-10.")
    with open(path, "rb") as file:
        head = file.read(8)
    for start, what in _OTHER_FORMATS.items():
        if head.startswith(start):
            raise ValueError(f"{path} {what}; expected a folder, a .tar.gz or a .tar.")
    return gzip.open(path) if head.startswith(_GZIP) else open(path, "rb")


def _check_path(name, where):
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{where} points outside the archive.")
    return path


def _read_file(path):
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > _MAX_FILE_BYTES:
            raise ValueError(f"{path} has {size} bytes, far more than a batch.")
        return file.read(size)


def _read_member(stream, size, where):
    # Block by block: what is claimed takes no memory before it is there.
    content = bytearray()
    with _damage_is_value_error(where):
        while len(content) < size:
            content += stream.read_exactly(min(_BLOCK, size - len(content)))
    return content


@contextmanager
def _damage_is_value_error(where):
    try:
        yield
    except (TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ValueError(
            f"{where} is not, or not in, a whole .tar.gz or .tar archive: {error}"
        ) from error


class _Bounded:
    """A stream that refuses to unpack a small file to an enormous one."""

    def __init__(self, file, path):
        self.file, self.path, self.position = file, path, 0

    def read(self, size):
        """Read at most so many bytes; none at the end."""
        block = self.file.read(size)
        self.position += len(block)
        if self.position > _MAX_ARCHIVE_BYTES:
            raise ValueError(f"{self.path} unpacks to more than {_MAX_ARCHIVE_BYTES} bytes.")
        return block

    def read_exactly(self, size):
        """Read so many bytes."""
        block = self.read(size)
        if len(block) < size:
            raise EOFError("it ends in the middle of a file")
        return block

    def skip_to(self, position):
        """Read on up to there."""
        while self.position < position:
            self.read_exactly(min(_BLOCK, position - self.position))
