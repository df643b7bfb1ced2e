"""Small archives that could keep a loader busy or fill the memory, and unusual formats."""

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import tracemalloc
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sk231n.datasets import _archive, _tar, load_cifar10, load_fashion_mnist

BATCHES = [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]
FOLDER = "cifar-10-batches-bin"
END = bytes(1024)
MB = 2**20


def good_files(n=2):
    """The binary version with n images per batch: batch i holds pixels of value i, of class i."""
    files = {name: n * bytes([i, *3072 * [i]]) for i, name in enumerate(BATCHES)}
    return files | {"batches.meta.txt": "\n".join(f"class {i}" for i in range(10)).encode()}


def block(name, content=b"", *, size=None, kind=tarfile.REGTYPE):
    """Header and padded content of a member."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content) if size is None else size
    return info.tobuf(tarfile.GNU_FORMAT) + content + bytes(-len(content) % 512)


def good_members():
    return b"".join(block(f"{FOLDER}/{name}", content) for name, content in good_files().items())


def record(key, value=b""):
    """Record of an extended header: its own length, a blank, key=value, a newline."""
    rest = len(key) + len(value) + 3
    length = next(n for n in range(rest, rest + 9) if n == rest + len(str(n)))
    return b"%d %s=%s\n" % (length, key, value)


def check_is_good(bunch):
    assert_array_equal(bunch.target, np.repeat(np.arange(6), 2))
    assert_array_equal(bunch.data, np.repeat(np.arange(6), 2)[:, None] * np.ones(3072, np.uint8))


class Counter:
    """Counts the bytes unpacked and the memory used."""

    def __init__(self, monkeypatch):
        self.n_bytes = 0
        real = _archive._Bounded.read

        def read(stream, size):
            content = real(stream, size)
            self.n_bytes += len(content)
            return content

        monkeypatch.setattr(_archive._Bounded, "read", read)

    def refused(self, path, word):
        """Peak memory while the archive is refused."""
        tracemalloc.start()
        try:
            with pytest.raises(ValueError, match=path.name) as caught:
                load_cifar10(path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert word in str(caught.value)
        assert len(str(caught.value)) < 1000
        return peak


@pytest.fixture
def counter(monkeypatch):
    return Counter(monkeypatch)


# Headers -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.XHDTYPE,
        tarfile.XGLTYPE,
        tarfile.SOLARIS_XHDTYPE,
        tarfile.GNUTYPE_LONGNAME,
        tarfile.GNUTYPE_LONGLINK,
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_long_headers_are_refused_before_they_are_read(tmp_path, counter, kind, first):
    header = block("x", b"8 k=abc\n" * MB, kind=kind)
    path = tmp_path / "small.tar.gz"
    path.write_bytes(gzip.compress(header if first else good_members() + header, 1))
    assert path.stat().st_size < MB
    assert counter.refused(path, f"a header of {8 * MB} bytes") < 2 * MB
    assert counter.n_bytes < 50_000  # the valid members and one block


def test_headers_of_some_kilobytes_are_read_within_bounds(tmp_path, counter):
    """Many headers of maximal length; at most a thousand are read."""
    for kind, unit in [
        (tarfile.XHDTYPE, record(b"k", b"v" * 1000)),
        (tarfile.GNUTYPE_LONGNAME, b"a"),
    ]:
        header = block("x", unit * (8192 // len(unit)), kind=kind)
        path = tmp_path / "many.tar.gz"
        path.write_bytes(gzip.compress(header * 3000, 1))
        counter.n_bytes = 0
        assert counter.refused(path, "more than 1000 members") < 2 * MB
        assert counter.n_bytes < 1001 * len(header)


def test_many_small_records_are_not_read(tmp_path, counter):
    path = tmp_path / "many.tar.gz"
    path.write_bytes(gzip.compress(block("x", b"5 k=\n" * 1600, kind=tarfile.XHDTYPE) * 1000, 1))
    assert counter.refused(path, "far too many records") < 2 * MB
    assert counter.n_bytes < 10_000


@pytest.mark.parametrize("size", [-1, -512, 8193, 2**40, 2**62])
def test_sizes_of_headers(tmp_path, counter, size):
    path = tmp_path / "x.tar.gz"
    path.write_bytes(gzip.compress(block("x", size=size, kind=tarfile.XHDTYPE) + bytes(10 * MB)))
    counter.refused(path, f"header of {size} bytes")
    assert counter.n_bytes == 512


@pytest.mark.parametrize(
    "content",
    [
        b"x",
        b"10 k=v\n",
        b"6 k=v\n\n",
        b"0 k=v\n",
        b"3 k=v\n",
        b"-6 k=v\n",
        b"6  k=v\n",
        b"4 k\n",
        b"99999999999999999999 k=v\n",
        b"\xb2 k=v\n",
        record(b"size", b"-1"),
        record(b"size", b"1e3"),
        record(b"size", b"9" * 100),
        record(b"size", b""),
    ],
)
def test_damaged_extended_headers(tmp_path, content):
    path = tmp_path / "x.tar"
    path.write_bytes(block("pax", content, kind=tarfile.XHDTYPE) + good_members() + END)
    with pytest.raises(ValueError, match=r"x\.tar.*damaged header"):
        load_cifar10(path)


def test_sparse_files_are_refused(tmp_path, counter):
    """Their maps may be as long as the file, and their content is not stored."""
    old = block(f"{FOLDER}/data_batch_1.bin", kind=tarfile.GNUTYPE_SPARSE, size=0) + bytes(30 * MB)
    records = record(b"GNU.sparse.major", b"1") + record(b"GNU.sparse.minor", b"0")
    new = block("pax", records, kind=tarfile.XHDTYPE)
    new += block(f"{FOLDER}/data_batch_1.bin", b"9" * 30 * MB)
    oldest = block("pax", record(b"GNU.sparse.map", b"0,1"), kind=tarfile.XHDTYPE) + new
    everywhere = block("pax", records, kind=tarfile.XGLTYPE) + good_members() + END
    path = tmp_path / "sparse.tar.gz"
    for content, word in [(old, "special"), (new, "sparse"), (oldest, "sparse"),
                          (everywhere, "sparse")]:  # fmt: skip
        path.write_bytes(gzip.compress(content, 1))
        counter.n_bytes = 0
        assert counter.refused(path, word) < 2 * MB
        assert counter.n_bytes <= 2048


def test_names_in_extended_headers_count(tmp_path):
    """Paths and sizes of extended headers override those of the block, as in tar."""
    content = good_files()
    first = BATCHES[0]
    rest = b"".join(block(f"{FOLDER}/{name}", content[name]) for name in content if name != first)
    name = f"{FOLDER}/{first}".encode()
    path = tmp_path / "x.tar.gz"
    for before in (
        block("././@LongLink", name + b"\0", kind=tarfile.GNUTYPE_LONGNAME),
        block("pax", record(b"mtime", b"1.5") + record(b"path", name), kind=tarfile.XHDTYPE),
    ):
        path.write_bytes(gzip.compress(before + block("other", content[first]) + rest + END))
        check_is_good(load_cifar10(path))
    size = record(b"size", b"%d" % len(content[first]))
    header = block("pax", size, kind=tarfile.XHDTYPE)
    wrong = block(f"{FOLDER}/{first}", content[first])
    wrong = tarfile.TarInfo.frombuf(wrong[:512], "utf-8", "strict")
    wrong.size = 0
    body = content[first] + bytes(-len(content[first]) % 512)
    path.write_bytes(gzip.compress(header + wrong.tobuf() + body + rest + END))
    check_is_good(load_cifar10(path))
    for bad in (b"/etc/passwd", b"a/../../x"):
        header = block("pax", record(b"path", bad), kind=tarfile.XHDTYPE)
        path.write_bytes(gzip.compress(header + block("x") + good_members() + END))
        with pytest.raises(ValueError, match="outside the archive"):
            load_cifar10(path)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.text("aÄ€/. \n", min_size=1, max_size=300), st.integers(0, 1500)), max_size=5
    ),
    st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
)
def test_members_are_those_that_tarfile_finds(members, tar_format):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tar_format) as archive:
        for name, size in members:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = size, 1.5
            with suppress(ValueError):  # the name is not allowed in this format
                archive.addfile(info, io.BytesIO(b"x" * size))
    stream.seek(0)
    with tarfile.open(fileobj=stream) as archive:
        expected = [
            (member.name, 0 if member.isdir() else member.size, member.isdir())
            for member in archive
        ]
    stream.seek(0)
    found = [
        (member.name.rstrip("/"), member.size, member.is_folder)
        for member in _tar.members(_archive._Bounded(stream, "x"), "x")
    ]
    assert found == [(name.rstrip("/"), *rest) for name, *rest in expected]


# Content -----------------------------------------------------------------------------------------


def test_a_claimed_size_takes_no_memory(tmp_path, counter):
    path = tmp_path / "claim.tar"
    path.write_bytes(block(f"{FOLDER}/{BATCHES[0]}", size=100 * MB) + bytes(512))
    assert counter.refused(path, "in the middle of a file") < 3 * MB


def test_nothing_is_unpacked_beyond_the_bound(tmp_path, counter, monkeypatch):
    monkeypatch.setattr(_archive, "_MAX_ARCHIVE_BYTES", 4 * MB)
    path = tmp_path / "bomb.tar.gz"
    for content in (
        block("readme", size=50 * MB) + bytes(50 * MB),
        good_members() + END + bytes(50 * MB),  # zeros after the end
        b"".join(block(f"x{i}", bytes(MB)) for i in range(50)),
        block("x", b"x") * 20_000,
    ):
        path.write_bytes(gzip.compress(content, 1))
        counter.n_bytes = 0
        assert counter.refused(path, "") < 8 * MB
        assert counter.n_bytes <= 5 * MB


def test_many_empty_parts_of_a_gzip_file(tmp_path):
    """A gzip file may consist of any number of members; here, of thousands of empty ones."""
    path = tmp_path / "x.tar.gz"
    nothing = gzip.compress(b"")
    path.write_bytes(nothing * 2000 + gzip.compress(good_members() + END) + nothing * 2000)
    check_is_good(load_cifar10(path))


def test_file_that_is_too_large_is_not_opened(tmp_path, counter):
    path = tmp_path / "large.tar.gz"
    path.touch()
    os.truncate(path, 2**40)  # sparse: takes no space on disk
    assert counter.refused(path, f"{2**40} bytes") < MB
    assert counter.n_bytes == 0


# Other forms -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cifar.tar", "cifar.tar.gz", "cifar.tgz", "cifar"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("end", [END, b"", bytes(10 * 1024)])
def test_tar_with_and_without_gzip_under_any_name(tmp_path, name, pack, end):
    path = tmp_path / name
    path.write_bytes(pack(good_members() + end))
    check_is_good(load_cifar10(path))


def test_plain_tar_that_is_cut(tmp_path):
    path = tmp_path / "cifar.tar"
    content = good_members()
    for stop in (1, 511, 513, 7000, len(content) - 1):
        path.write_bytes(content[:stop])
        with pytest.raises(ValueError, match=r"cifar\.tar"):
            load_cifar10(path)


@pytest.mark.parametrize(
    ("pack", "word"), [(bz2.compress, "bzip2"), (lzma.compress, "xz"), (None, "zip archive")]
)
def test_other_compressions_are_named(tmp_path, pack, word):
    path = tmp_path / "cifar"
    if pack:
        path.write_bytes(pack(good_members()))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{FOLDER}/{BATCHES[0]}", b"")
    with pytest.raises(ValueError, match=word) as caught:
        load_cifar10(path)
    assert str(path) in str(caught.value)
    assert ".tar.gz" in str(caught.value)


@pytest.mark.parametrize("name", ["data_batch_1", "data_batch_1.bin", "test_batch", "batches.meta"])
def test_single_batch_gets_told_what_it_is(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(good_files()[BATCHES[1]])
    with pytest.raises(ValueError, match="single file of CIFAR-10") as caught:
        load_cifar10(path)
    assert str(tmp_path) in str(caught.value)


def test_pickle_under_another_name(tmp_path):
    (tmp_path / "renamed").write_bytes(b"\x80\x02}.")
    with pytest.raises(ValueError, match="is a pickle"):
        load_cifar10(tmp_path / "renamed")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_and_devices_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "data_batch_1.bin")
    with pytest.raises(ValueError, match="is not a file"):
        load_cifar10(tmp_path)
    with pytest.raises(ValueError, match="neither a folder nor a file"):
        load_cifar10("/dev/zero")
    for name in ("train-images-idx3-ubyte", "train-images.idx3-ubyte.gz"):
        folder = tmp_path / name.replace(".", "")
        folder.mkdir()
        os.mkfifo(folder / name)
        with pytest.raises(ValueError, match="is not a file"):
            load_fashion_mnist(folder)
    with pytest.raises(ValueError, match="is not a folder"):
        load_fashion_mnist("/dev/zero")


# Fashion-MNIST -----------------------------------------------------------------------------------


def fashion_files(n=3):
    images = struct.pack(">4I", 2051, n, 28, 28) + b"".join(784 * bytes([i]) for i in range(n))
    labels = struct.pack(">2I", 2049, n) + bytes(range(n))
    return {
        f"{part}-{what}": content
        for part in ("train", "t10k")
        for what, content in [("images-idx3-ubyte", images), ("labels-idx1-ubyte", labels)]
    }


@pytest.mark.parametrize("packed", [False, True])
def test_fashion_mnist_with_a_dot_in_its_names(tmp_path, packed):
    for name, content in fashion_files().items():
        name = name.replace("-idx", ".idx") + (".gz" if packed else "")
        (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    bunch = load_fashion_mnist(tmp_path)
    assert bunch.target.tolist() == [0, 1, 2, 0, 1, 2]
    assert bunch.images[:, 5, 7].tolist() == [0, 1, 2, 0, 1, 2]


def test_fashion_mnist_with_and_without_a_dot(tmp_path):
    """Unpacked files take precedence over packed ones for all names; forms may be mixed."""
    files = fashion_files()
    for name, content in files.items():
        (tmp_path / f"{name}.gz").write_bytes(b"not looked at")
        (tmp_path / name.replace("-idx", ".idx")).write_bytes(content)
    assert load_fashion_mnist(tmp_path, split="test").target.tolist() == [0, 1, 2]
    (tmp_path / "t10k-labels.idx1-ubyte").unlink()
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(
        gzip.compress(files["t10k-labels-idx1-ubyte"])
    )
    assert load_fashion_mnist(tmp_path, split="test").target.tolist() == [0, 1, 2]
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"t10k-labels-idx1-ubyte\.gz.*labels\.idx1-ubyte"):
        load_fashion_mnist(tmp_path, split="test")


@pytest.mark.parametrize("packed", [False, True])
def test_claims_of_an_idx_file_take_no_memory(tmp_path, packed):
    header = struct.pack(">4I", 2051, 200_000, 28, 28)
    end = ".gz" if packed else ""
    path = tmp_path / f"train-images-idx3-ubyte{end}"
    path.write_bytes(gzip.compress(header + bytes(784)) if packed else header + bytes(784))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(fashion_files()["train-labels-idx1-ubyte"])
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="cannot hold the 200000 records"):
            load_fashion_mnist(tmp_path, split="train")
        assert tracemalloc.get_traced_memory()[1] < MB
    finally:
        tracemalloc.stop()


def test_nothing_is_unpacked_beyond_the_records(tmp_path, monkeypatch):
    files = fashion_files()
    for name, content in files.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content + bytes(50 * MB), 1))
    n_bytes = []
    real = gzip._GzipReader.read

    def read(reader, size=-1):
        content = real(reader, size)
        n_bytes.append(len(content))
        return content

    monkeypatch.setattr(gzip._GzipReader, "read", read)
    with pytest.raises(ValueError, match="more than the 3 records"):
        load_fashion_mnist(tmp_path)
    assert 0 < sum(n_bytes) < MB


def test_bytes_that_compress_best_still_load(tmp_path):
    """The bound on the size of an unpacked file exceeds the maximal ratio of gzip."""
    n = 20_000
    images = struct.pack(">4I", 2051, n, 28, 28) + bytes(784 * n)
    labels = struct.pack(">2I", 2049, n) + bytes(n)
    for name, content in [("images-idx3", images), ("labels-idx1", labels)]:
        stream = io.BytesIO()
        with gzip.GzipFile(fileobj=stream, mode="wb", compresslevel=9) as file:
            file.write(content)
        (tmp_path / f"train-{name}-ubyte.gz").write_bytes(stream.getvalue())
    assert load_fashion_mnist(tmp_path, split="train").images.shape == (n, 28, 28)
