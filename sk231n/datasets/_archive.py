"""The files in a folder or in a ``.tar.gz``, one after the other, nothing written to disk."""

import gzip
import tarfile
import zlib
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import PurePosixPath

# The official archive unpacks to 184 MB, in batches of 31 MB and less than ten members.
_MAX_FILE_BYTES = 2**27
_MAX_ARCHIVE_BYTES = 2**29
_MAX_MEMBERS = 1000
_BLOCK = 2**20


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
    with (
        _damage_is_value_error(path),
        gzip.open(path) as unpacked,
        nullcontext(_Bounded(unpacked, path)) as stream,
        tarfile.open(fileobj=stream, mode="r|", bufsize=_BLOCK) as archive,
    ):
        for n_members, member in enumerate(archive):
            where = f"{path}: {member.name[:200]!r}"
            if n_members >= _MAX_MEMBERS:
                raise ValueError(f"{path} has more than {_MAX_MEMBERS} members.")
            member_path = _check_member(member, where)
            folder, name = member_path.parent, member_path.name
            if not member.isreg() or name not in names:
                continue
            if len(member_path.parts) > 2:
                raise ValueError(f"{where} is nested too deep; expected FOLDER/{name}.")
            if name in found:
                raise ValueError(f"{where} is in the archive for a second time.")
            if found and folder not in found.values():
                raise ValueError(f"{where} is in another folder than the files before it.")
            found[name] = folder
            yield name, where, partial(_read_member, archive, member, where)
        while stream.read(_BLOCK):  # to the end, where the checksum is
            pass


def _check_member(member, where):
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{where} points outside the archive.")
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE) or member.sparse:
        raise ValueError(f"{where} is a link, a device or another special file.")
    if not 0 <= member.size <= _MAX_FILE_BYTES:
        raise ValueError(f"{where} has {member.size} bytes, far more than a batch.")
    return path


def _read_file(path):
    size = path.stat().st_size
    if size > _MAX_FILE_BYTES:
        raise ValueError(f"{path} has {size} bytes, far more than a batch.")
    return path.read_bytes()


def _read_member(archive, member, where):
    content = bytearray(member.size)
    position = 0
    with (
        _damage_is_value_error(where),
        archive.extractfile(member) as file,
        memoryview(content) as view,
    ):
        # Block by block: tarfile would hold three copies of the whole.
        while length := file.readinto(view[position : position + _BLOCK]):
            position += length
    return content


@contextmanager
def _damage_is_value_error(where):
    try:
        yield
    except (
        tarfile.TarError,
        gzip.BadGzipFile,
        zlib.error,
        EOFError,
        OverflowError,
        RecursionError,
    ) as error:
        raise ValueError(f"{where} is not, or not in, a whole .tar.gz archive: {error}") from error


class _Bounded:
    """A stream that refuses to unpack a small file to an enormous one."""

    def __init__(self, stream, path):
        self.stream, self.path, self.n_bytes = stream, path, 0

    def read(self, size):
        block = self.stream.read(size)
        self.n_bytes += len(block)
        if self.n_bytes > _MAX_ARCHIVE_BYTES:
            raise ValueError(f"{self.path} unpacks to more than {_MAX_ARCHIVE_BYTES} bytes.")
        return block
