"""Read the files of a folder, a ``.tar`` or a ``.tar.gz`` one by one, without unpacking to disk."""

import gzip
import os
import zlib
from contextlib import contextmanager
from functools import partial
from pathlib import PurePosixPath
from tarfile import TarError

from sk231n.datasets._tar import members

# The official archive unpacks to 184 MB in batches of 31 MB, and has fewer than ten members.
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
    """Yield ``(name, where, read)`` for each of the named files that exists in a folder."""
    for name in names:
        path = folder / name
        if path.is_file():
            yield name, str(path), partial(_read_file, path)
        elif path.exists():
            raise ValueError(f"{path} is not a file.")


def files_in_archive(path, names):
    """Yield ``(name, where, read)`` for each of the named members, in the order of the archive.

    ``read`` is valid until the next item is requested. All members are checked, including those
    with other names: an archive with links, devices or paths that lead out of it is refused.
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
                raise ValueError(f"{where} is nested too deeply; expected FOLDER/{name}.")
            if name in found:
                raise ValueError(f"{where} occurs twice in the archive.")
            if found and folder not in found.values():
                raise ValueError(f"{where} is in another folder than the files before it.")
            found[name] = folder
            yield name, where, partial(_read_member, stream, member.size, where)
        while stream.read(_BLOCK):  # gzip checks its checksum at the end
            pass


def _unpacked(path):
    """Open the archive for reading. Its first bytes decide on the format, not its name."""
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
    # Read block by block, so that a false size in the header allocates no memory.
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
            f"{where} is not, or is not in, a complete .tar.gz or .tar archive: {error}"
        ) from error


class _Bounded:
    """A stream that limits the number of bytes that an archive unpacks to."""

    def __init__(self, file, path):
        self.file, self.path, self.position = file, path, 0

    def read(self, size):
        """Read at most `size` bytes, and none at the end of the stream."""
        block = self.file.read(size)
        self.position += len(block)
        if self.position > _MAX_ARCHIVE_BYTES:
            raise ValueError(f"{self.path} unpacks to more than {_MAX_ARCHIVE_BYTES} bytes.")
        return block

    def read_exactly(self, size):
        """Read exactly `size` bytes."""
        block = self.read(size)
        if len(block) < size:
            raise EOFError("it ends in the middle of a file")
        return block

    def skip_to(self, position):
        """Read and discard all bytes before `position`."""
        while self.position < position:
            self.read_exactly(min(_BLOCK, position - self.position))
