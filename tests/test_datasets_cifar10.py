"""CIFAR-10 in every official form, and files that must be refused."""

import gzip
import io
import os
import pickle
import struct
import tarfile
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sk231n.datasets import load_cifar10

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
BATCHES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
LAYOUTS = ["bin", "py"]
META = {"bin": "batches.meta.txt", "py": "batches.meta"}


# Writers of the official bytes -------------------------------------------------------------------


def text(value):
    return b"U" + bytes([len(value)]) + value.encode()


def put(index):
    return b"q" + bytes([index]) if index < 256 else b"r" + struct.pack("<I", index)


def python2_batch(planes, labels, *, memo=True):
    """A batch as Python 2's cPickle wrote it, protocol 2, with or without the memo."""
    counter = iter(range(10**6))

    def keep():
        return put(next(counter)) if memo else b""

    n = struct.pack("<H", len(planes))
    return b"".join(
        [
            b"\x80\x02}" + keep() + b"(",
            text("batch_label") + keep() + text("training batch 1 of 5") + keep(),
            text("labels") + keep() + b"]" + keep() + b"(",
            *(b"K" + bytes([label]) for label in labels),
            b"e" + text("data") + keep() + b"cnumpy.core.multiarray\n_reconstruct\n" + keep(),
            b"cnumpy\nndarray\n" + keep() + b"K\x00\x85" + keep() + text("b") + keep() + b"\x87",
            keep() + b"R" + keep() + b"(K\x01M" + n + b"M\x00\x0c\x86" + keep(),
            b"cnumpy\ndtype\n" + keep() + text("u1") + keep() + b"K\x00K\x01\x87" + keep(),
            b"R" + keep() + b"(K\x03" + text("|") + keep() + b"NNN",
            b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t" + keep() + b"b\x89",
            b"T"
            + struct.pack("<i", planes.size)
            + planes.tobytes()
            + keep()
            + b"t"
            + keep()
            + b"b",
            text("filenames") + keep() + b"]" + keep() + b"(",
            *(text(f"img_s_{i:06d}.png") + keep() for i in range(len(labels))),
            b"eu.",
        ]
    )


def python2_meta():
    return b"".join(
        [
            b"\x80\x02}(",
            text("num_cases_per_batch"),
            b"M\x10'",
            text("label_names"),
            b"](",
            *map(text, NAMES),
            b"e",
            text("num_vis"),
            b"M\x00\x0cu.",
        ]
    )


def binary_batch(planes, labels):
    return b"".join(
        bytes([label]) + row.tobytes() for label, row in zip(labels, planes, strict=True)
    )


def made_up(sizes=(3, 1, 4, 2, 5, 6), seed=0):
    """Per batch: images (n, 32, 32, 3) and labels."""
    rng = np.random.RandomState(seed)
    return {
        batch: (rng.randint(0, 256, (n, 32, 32, 3), dtype=np.uint8), rng.randint(0, 10, n))
        for batch, n in zip(BATCHES, sizes, strict=True)
    }


def contents(batches, layout):
    """Content of each file of a layout."""
    files = {}
    for batch, (images, labels) in batches.items():
        planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
        if layout == "bin":
            files[batch + ".bin"] = binary_batch(planes, labels)
        else:
            files[batch] = python2_batch(planes, labels)
    files[META[layout]] = (
        ("\n".join(NAMES) + "\n\n").encode() if layout == "bin" else python2_meta()
    )
    return files


def write_folder(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def member(name, content=b"", **attributes):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info, content


def write_tar(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return path


def write_archive(path, files, folder="cifar-10-batches", order=None):
    names = order or sorted(files)
    return write_tar(path, [member(f"{folder}/{name}", files[name]) for name in names])


@pytest.fixture(params=LAYOUTS)
def layout(request):
    return request.param


@pytest.fixture
def files(layout):
    return contents(made_up(), layout)


def batch_name(layout, number=2):
    return f"data_batch_{number}" + (".bin" if layout == "bin" else "")


# Valid files -------------------------------------------------------------------------------------


def check_is_made_up(bunch, split="all"):
    batches = made_up()
    wanted = {"train": BATCHES[:5], "test": BATCHES[5:], "all": BATCHES}[split]
    images = np.concatenate([batches[batch][0] for batch in wanted])
    assert bunch.images.dtype == bunch.data.dtype == np.uint8
    assert bunch.data.flags.c_contiguous
    assert np.shares_memory(bunch.data, bunch.images)
    assert_array_equal(bunch.images, images)
    assert_array_equal(bunch.data, images.reshape(len(images), 3072))
    assert bunch.target.dtype == np.int64
    assert_array_equal(bunch.target, np.concatenate([batches[batch][1] for batch in wanted]))
    assert list(bunch.target_names) == NAMES
    assert "Krizhevsky" in bunch.DESCR


@pytest.mark.parametrize("split", ["all", "train", "test"])
def test_folder_and_archive_hold_the_same(tmp_path, files, split):
    folder = write_folder(tmp_path / "any name", files)
    archive = write_archive(tmp_path / "cifar.tar.gz", files)
    check_is_made_up(load_cifar10(folder, split=split), split)
    check_is_made_up(load_cifar10(str(folder), split=split), split)
    check_is_made_up(load_cifar10(archive, split=split), split)


@pytest.mark.parametrize("seed", range(8))
def test_batches_of_an_archive_come_in_any_order(tmp_path, files, seed):
    order = [str(name) for name in np.random.RandomState(seed).permutation(sorted(files))]
    check_is_made_up(load_cifar10(write_archive(tmp_path / "c.tgz", files, order=order)))


@pytest.mark.parametrize(
    "tar_format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
)
@pytest.mark.parametrize("prefix", ["cifar-10-batches/", "./cifar-10-batches/", "./", ""])
def test_archives_from_other_hands(tmp_path, files, tar_format, prefix):
    path = tmp_path / "cifar.tar.gz"
    with tarfile.open(path, "w:gz", format=tar_format) as archive:
        if prefix:
            archive.addfile(member(prefix, type=tarfile.DIRTYPE)[0])
        for name, content in {**files, "readme.html": b"<a href>", "._" + min(files): b"x"}.items():
            archive.addfile(member(prefix + name, content, mtime=1.5)[0], io.BytesIO(content))
    check_is_made_up(load_cifar10(path))


def test_parent_folder(tmp_path, layout, files):
    write_folder(tmp_path / f"cifar-10-batches-{layout}", files)
    check_is_made_up(load_cifar10(tmp_path))


def test_parent_of_both_takes_the_binary_version(tmp_path):
    write_folder(tmp_path / "cifar-10-batches-bin", contents(made_up(), "bin"))
    write_folder(tmp_path / "cifar-10-batches-py", contents(made_up(seed=1), "py"))
    check_is_made_up(load_cifar10(tmp_path))


def test_return_X_y(tmp_path, files):
    folder = write_folder(tmp_path, files)
    data, target = load_cifar10(folder, return_X_y=True)
    check_is_made_up(load_cifar10(folder))
    assert_array_equal(data, load_cifar10(folder).data)
    assert_array_equal(target, load_cifar10(folder).target)


def test_only_the_files_of_the_split_are_needed(tmp_path, layout, files):
    folder = write_folder(tmp_path, files)
    (folder / batch_name(layout)).unlink()
    check_is_made_up(load_cifar10(folder, split="test"), "test")


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("key", [str, str.encode])
def test_pickles_of_python_3(tmp_path, protocol, key):
    files = contents(made_up(), "py")
    for name, (images, labels) in made_up().items():
        batch = {
            key("labels"): labels.tolist(),
            key("data"): np.ascontiguousarray(images.transpose(0, 3, 1, 2)).reshape(-1, 3072),
        }
        files[name] = pickle.dumps(batch, protocol=protocol)
    files["batches.meta"] = pickle.dumps({key("label_names"): NAMES}, protocol=protocol)
    check_is_made_up(load_cifar10(write_folder(tmp_path, files)))


def test_pickle_without_memo(tmp_path):
    files = contents(made_up(), "py")
    images, labels = made_up()["data_batch_1"]
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    files["data_batch_1"] = python2_batch(planes, labels, memo=False)
    check_is_made_up(load_cifar10(write_folder(tmp_path, files)))


def test_own_pickles_are_pickles(files, layout):
    """Python itself can read the output of the writer above."""
    if layout == "py":
        batch = pickle.loads(files["data_batch_3"], encoding="latin1")
        images, labels = made_up()["data_batch_3"]
        assert batch["labels"] == labels.tolist()
        assert_array_equal(batch["data"].reshape(-1, 3, 32, 32), images.transpose(0, 3, 1, 2))


def test_memory_is_the_output_and_one_batch(tmp_path, layout):
    n = 400
    zeros = np.zeros((n, 32, 32, 3), np.uint8)
    batches = dict.fromkeys(BATCHES, (zeros, np.zeros(n, int)))
    files = contents(batches, layout)
    order = sorted(files, reverse=True)
    folder = write_folder(tmp_path / "folder", files)
    archive = write_archive(tmp_path / "cifar.tar.gz", files, order=order)
    for path in (folder, archive):
        load_cifar10(path, split="test")  # imports and caches of the first use are not counted
        tracemalloc.start()
        try:
            load_cifar10(path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        # For an archive, the buffers of tarfile take another 1 MB.
        assert peak < 7 * n * 3072 * 1.1 + (path == archive) * 5 * 2**20


# Invalid files -----------------------------------------------------------------------------------


def refused(path, *words, error=ValueError, split="all"):
    with pytest.raises(error) as caught:
        load_cifar10(path, split=split)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("arguments", [{"split": "validation"}, {"path": 3}, {"return_X_y": "yes"}])
def test_arguments(tmp_path, arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        load_cifar10(**{"path": tmp_path, **arguments})


def test_nothing_there(tmp_path):
    refused(tmp_path / "no", "no", "does not exist", error=FileNotFoundError)
    refused(tmp_path, str(tmp_path), "does not contain CIFAR-10")
    (tmp_path / "empty.tar.gz").touch()
    refused(tmp_path / "empty.tar.gz", "empty.tar.gz")
    refused(write_tar(tmp_path / "none.tar.gz", []), "none.tar.gz", "has no batch")
    refused(
        write_tar(tmp_path / "other.tar.gz", [member("a/b", b"c")]), "other.tar.gz", "has no batch"
    )


def test_missing_batches_are_named(tmp_path, layout, files):
    for name in (batch_name(layout, 2), batch_name(layout, 4)):
        del files[name]
        missing = name
    words = (batch_name(layout, 2), missing)
    refused(write_folder(tmp_path / "x", files), *words, error=FileNotFoundError)
    refused(write_archive(tmp_path / "x.tar.gz", files), *words, error=FileNotFoundError)


def test_missing_names(tmp_path, layout, files):
    del files[META[layout]]
    refused(write_folder(tmp_path, files), META[layout], error=FileNotFoundError)


def test_nested_too_deep(tmp_path, layout, files):
    write_folder(tmp_path / "a" / "b" / f"cifar-10-batches-{layout}", files)
    refused(tmp_path / "a", "does not contain CIFAR-10")
    refused(write_archive(tmp_path / "a.tar.gz", files, "a/b"), "nested too deep")


def test_folder_in_place_of_a_file(tmp_path, layout, files):
    folder = write_folder(tmp_path, files)
    (folder / batch_name(layout)).unlink()
    (folder / batch_name(layout)).mkdir()
    refused(folder, batch_name(layout), "is not a file")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_named_pipe_in_place_of_a_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "pipe", "neither")


@pytest.mark.parametrize("name", ["batch", "meta"])
@pytest.mark.parametrize("length", [0, 1, 10, 3072, -1, -3])
def test_truncated(tmp_path, layout, files, name, length):
    name = META[layout] if name == "meta" else batch_name(layout)
    files[name] = files[name][:length]
    if name == "batches.meta.txt" and length < 0:
        files[name] = files[name][:-10]
    if name == META[layout] and length == 3072:
        return
    refused(write_folder(tmp_path / "x", files), str(tmp_path / "x" / name))
    refused(write_archive(tmp_path / "x.tar.gz", files), "x.tar.gz", name)


def test_wrong_record_size(tmp_path):
    files = contents(made_up(), "bin")
    files["data_batch_2.bin"] += b"\x00"
    refused(write_folder(tmp_path, files), "data_batch_2.bin", "3073 bytes")


@pytest.mark.parametrize("label", [10, 255])
def test_label_out_of_range(tmp_path, layout, label):
    batches = made_up()
    batches["data_batch_2"] = (np.zeros((3, 32, 32, 3), np.uint8), np.array([1, label, 1]))
    folder = write_folder(tmp_path, contents(batches, layout))
    refused(folder, batch_name(layout), f"label {label} in record 1", "0..9")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"a\nb\nc", "3 class names"),
        (b"\n".join([b"cat"] * 10), "1 of them different"),
        (b"\n".join([b"\xff%d" % i for i in range(10)]), "utf-8"),
        (b"\n".join([b"\x00%d" % i for i in range(10)]), "printable"),
        (b"cat\n" * 10**6, "4000000 bytes"),
    ],
)
def test_names_of_the_binary_version(tmp_path, text, word):
    files = contents(made_up(), "bin") | {"batches.meta.txt": text}
    refused(write_folder(tmp_path, files), "batches.meta.txt", word)


def test_archive_is_cut_or_damaged(tmp_path, files):
    path = write_archive(tmp_path / "cifar.tar.gz", files)
    content = path.read_bytes()
    for stop in (1, 5, 100, len(content) // 2, len(content) - 9, len(content) - 1):
        path.write_bytes(content[:stop])
        refused(path, "cifar.tar.gz")
    path.write_bytes(content[:-8] + bytes(8))  # the checksum and the length
    refused(path, "cifar.tar.gz")
    path.write_bytes(gzip.compress(bytes(range(256)) * 10))
    refused(path, "cifar.tar.gz")


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        (member("/etc/passwd", b"x"), "outside"),
        (member("cifar-10-batches/../../x", b"x"), "outside"),
        (member("..", type=tarfile.DIRTYPE), "outside"),
        (member("x/l", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "link"),
        (member("x/l", type=tarfile.LNKTYPE, linkname="batches.meta"), "link"),
        (member("x/tty", type=tarfile.CHRTYPE), "device"),
        (member("x/disk", type=tarfile.BLKTYPE), "device"),
        (member("x/pipe", type=tarfile.FIFOTYPE), "special"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_hostile_members(tmp_path, files, extra, word, first):
    good = [member(f"cifar-10-batches/{name}", content) for name, content in files.items()]
    members = [extra, *good] if first else [*good, extra]
    refused(write_tar(tmp_path / "x.tar.gz", members), "x.tar.gz", word)


def test_ambiguous_archives(tmp_path, layout, files):
    good = [member(f"c/{name}", content) for name, content in files.items()]
    twice = member(f"c/{batch_name(layout)}", files[batch_name(layout)])
    refused(write_tar(tmp_path / "x.tar.gz", [*good, twice]), "twice")
    elsewhere = [member("d/" + min(files), files[min(files)])]
    rest = [m for m in good if not m[0].name.endswith("/" + min(files))]
    refused(write_tar(tmp_path / "x.tar.gz", elsewhere + rest), "another folder")
    both = {**contents(made_up(), "bin"), **contents(made_up(), "py")}
    refused(write_archive(tmp_path / "x.tar.gz", both), "another version")


def test_bombs(tmp_path):
    """A small file must not unpack, or claim to unpack, to an enormous one."""
    path = tmp_path / "bomb.tar.gz"
    claim = member("c/data_batch_1.bin")[0]
    claim.size = 10**12
    path.write_bytes(gzip.compress(claim.tobuf()))
    refused(path, "data_batch_1.bin", "1000000000000 bytes")
    path.write_bytes(gzip.compress(member("x", type=b"L", size=2**40)[0].tobuf() + bytes(10**6)))
    refused(path, "bomb.tar.gz")
    write_tar(path, [member(f"x{i}") for i in range(1001)])
    refused(path, "1000 members")


def test_endless_archive(tmp_path, monkeypatch):
    monkeypatch.setattr("sk231n.datasets._archive._MAX_ARCHIVE_BYTES", 2**20)
    path = tmp_path / "endless.tar.gz"
    path.write_bytes(gzip.compress(b"".join(m.tobuf() for m in [member("x")[0]]) + bytes(2**21)))
    refused(path, "endless.tar.gz", "unpacks to more than")


def test_huge_file(tmp_path):
    files = contents(made_up(), "bin")
    folder = write_folder(tmp_path, files)
    with open(folder / "test_batch.bin", "r+b") as file:
        file.truncate(3073 * 10**6)  # sparse: takes no space on disk
    refused(folder, "test_batch.bin", "far more than a batch")


# Hostile pickles ---------------------------------------------------------------------------------


class Run:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def good_batch(**changes):
    return {"labels": [1, 2], "data": np.zeros((2, 3072), np.uint8)} | changes


def refused_batch(tmp_path, batch, *words):
    files = contents(made_up(), "py")
    files["data_batch_2"] = batch if isinstance(batch, bytes) else pickle.dumps(batch, protocol=3)
    refused(write_folder(tmp_path / "x", files), "data_batch_2", *words)
    refused(write_archive(tmp_path / "x.tar.gz", files), "data_batch_2", *words)


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("place", ["whole", "value", "label", "extra"])
@pytest.mark.parametrize("how", ["os.system", "eval", "exec", "open", "numpy.load"])
def test_nothing_runs(tmp_path, protocol, place, how):
    target = tmp_path / "it ran"
    evil = {
        "os.system": Run(os.system, f"touch '{target}'"),
        "eval": Run(eval, f"open({str(target)!r}, 'w').close()"),
        "exec": Run(exec, f"open({str(target)!r}, 'w').close()"),
        "open": Run(open, str(target), "w"),
        "numpy.load": Run(np.save, str(target), 1),
    }[how]
    batch = {
        "whole": evil,
        "value": good_batch(data=evil),
        "label": good_batch(labels=[1, evil]),
        "extra": good_batch(filenames=evil),
    }[place]
    refused_batch(tmp_path, pickle.dumps(batch, protocol=protocol), "nothing was run")
    assert not list(tmp_path.glob("it ran*"))


@pytest.mark.parametrize(
    ("batch", "word"),
    [
        ([], "no dictionary"),
        ({}, "'data'"),
        ({"data": np.zeros((2, 3072), np.uint8)}, "'labels'"),
        (good_batch(labels=[1]), "1 labels"),
        (good_batch(labels=[1, 2, 3]), "3 labels"),
        (good_batch(labels=(1, 2)), "'labels'"),
        (good_batch(labels=[1, True]), "not integers"),
        (good_batch(labels=[1, None]), "not integers"),
        (good_batch(labels=[1, "cat"]), "not integers"),
        (good_batch(labels=[1, -1]), "label -1 in record 1"),
        (good_batch(labels=[1, 2**70]), "labels"),
        (good_batch(labels=[0, 1.0]), "pickle instruction"),
        (good_batch(data=[0, 1]), "'data'"),
        (good_batch(data=np.zeros((2, 3072), np.int8)), "uint8"),
        (good_batch(data=np.zeros((2, 3072))), "uint8"),
        (good_batch(data=np.zeros((2, 3072), object)), "uint8"),
        (good_batch(data=np.zeros((2, 3071), np.uint8)), "2 x 3071"),
        (good_batch(data=np.zeros((3072, 2), np.uint8).T), "Fortran"),
        (good_batch(data=np.zeros((2, 3, 1024), np.uint8)), "matrix"),
        (good_batch(data=np.zeros((0, 3072), np.uint8), labels=[]), "0 x 3072"),
        ({1: 2}, "int in place of"),
    ],
)
def test_batches_of_other_content(tmp_path, batch, word):
    refused_batch(tmp_path, batch, word)


SHAPED = b"}(U\x06labels](K\x01eU\x04datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "truncated"),
        (b".", "damaged"),
        (b"\x80\x02", "truncated"),
        (b"\x80\x02}", "truncated"),
        (b"\x80\x02}u.", "damaged"),
        (b"}(U\x01au.", ""),
        (b"h\x05.", "damaged"),
        (b"]]\x85R.", "calls"),
        (b"}(]Nu.", "list in place of"),
        (b"NNa.", "NoneType in place of"),
        (b"}}b.", "dict in place of"),
        (b"cnumpy\ndtype\n)R.", "instruction"),
        (b"cnumpy\ndtype\nU\x02O8K\x00K\x01\x87R.", "uint8"),
        (b"cnumpy\ndtype\nN\x85R.", "calls"),
        (b"cnumpy\nndarray\nNN\x86R.", "calls"),
        (b"c" + b"x" * 200 + b"\n.", "name without an end"),
        (b"c_codecs\nencode\nX\x01\x00\x00\x00aU\x05utf-8\x86R.", "latin1"),
        (b"cposix\nsystem\nU\x04true\x85R.", "posix.system"),
        (b"]" * 10_000, "too many values"),
        (b"r\xff\xff\xff\xff.", "damaged"),  # Python's own machine would take 64 GB for this one
        (b"Nr\xff\xff\xff\xff.", "no dictionary"),
        (b"T\xff\xff\xff\x7f.", "truncated"),
        (b"T\xff\xff\xff\xff.", "truncated"),
        (SHAPED + b"K\x00\x85U\x01b\x87Ru.", "matrix of uint8"),
        (SHAPED + b"K\x00\x85U\x01b\x87RNbu.", "matrix of uint8"),
        (SHAPED + b"J\xff\xff\xff\x7f\x85U\x01b\x87R(K\x01K\x01tbu.", "matrix of uint8"),
    ],
)
def test_hand_made_pickles(tmp_path, content, word):
    refused_batch(tmp_path, content, word)


def test_claimed_shape_is_not_allocated(tmp_path):
    images, labels = made_up()["data_batch_2"]
    good = python2_batch(images.reshape(len(images), -1), labels)
    claimed = good.replace(b"(K\x01M\x01\x00M\x00\x0c", b"(K\x01J\x00\x00\x00\x7fM\x00\x0c")
    assert claimed != good
    refused_batch(tmp_path, claimed, "2130706432 x 3072")


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(b"h\x00h\x01h\x02R", id="bytes to decode"),
        pytest.param(b"h\x03h\x01Ns", id="keys"),
        pytest.param(b"h\x01\x85", id="tuples"),
    ],
)
def test_small_pickle_is_no_bomb(tmp_path, again):
    """A long string that is used repeatedly must not be copied each time."""
    long = b"X" + struct.pack("<I", 2**20) + b"a" * 2**20
    again = again.replace(b"h\x01h\x02R", b"h\x01h\x02\x86R")
    content = (
        b"c_codecs\nencode\nq\x00" + long + b"q\x01U\x06latin1q\x02}q\x03" + again * 600 + b"."
    )
    tracemalloc.start()
    try:
        refused_batch(tmp_path, content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * 2**20


@pytest.mark.parametrize(
    ("meta", "word"),
    [
        ({}, "label_names"),
        ({"label_names": NAMES[:9]}, "9 class names"),
        ({"label_names": [*NAMES[:9], 3]}, "not strings"),
        ({"label_names": "cat"}, "wrong type"),
        ({"label_names": [*NAMES[:9], "x" * 100]}, "short"),
    ],
)
def test_names_of_the_python_version(tmp_path, meta, word):
    files = contents(made_up(), "py") | {"batches.meta": pickle.dumps(meta, protocol=2)}
    refused(write_folder(tmp_path, files), "batches.meta", word)


# Any damage --------------------------------------------------------------------------------------


def loads_or_is_refused(path):
    try:
        bunch = load_cifar10(path, split="test")
    except (ValueError, FileNotFoundError):
        return
    assert bunch.data.dtype == np.uint8
    assert bunch.data.shape == (len(bunch.target), 3072)
    assert bunch.target.min() >= 0
    assert bunch.target.max() <= 9
    assert len(set(bunch.target_names)) == 10


def damage(content, flips, stop):
    content = bytearray(content)
    for position, value in flips:
        content[position % len(content)] = value
    return bytes(content[: len(content) - stop])


def flips(where):
    return st.lists(st.tuples(where, st.integers(0, 255)), max_size=4)


many = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@many
# A batch of one image: the pixels are in the middle, the structure is at both ends.
@given(flips(st.integers(-120, 400)), st.integers(0, 60), st.sampled_from(["batch", "meta"]))
def test_damaged_files(tmp_path, layout, flips, stop, which):
    files = contents(made_up(sizes=(1,) * 6), layout)
    name = (
        META[layout]
        if which == "meta"
        else batch_name(layout).replace("data_batch_2", "test_batch")
    )
    files[name] = damage(files[name], flips, stop)
    loads_or_is_refused(write_folder(tmp_path, files))


@many
@given(flips(st.integers(0, 511)), st.integers(0, 60))
def test_damaged_archives(tmp_path, flips, stop):
    """Damage in the first header of an archive whose checksum is intact."""
    path = write_archive(tmp_path / "x.tar.gz", contents(made_up(sizes=(1,) * 6), "bin"))
    path.write_bytes(gzip.compress(damage(gzip.decompress(path.read_bytes()), flips, stop), 1))
    loads_or_is_refused(path)


@many
@given(flips(st.integers(0, 10**6)), st.integers(0, 60))
def test_damaged_compression(tmp_path, flips, stop):
    path = write_archive(tmp_path / "x.tar.gz", contents(made_up(sizes=(1,) * 6), "py"))
    path.write_bytes(damage(path.read_bytes(), flips, stop))
    loads_or_is_refused(path)


@many
@given(st.binary(max_size=300))
def test_random_pickles(tmp_path, content):
    files = contents(made_up(sizes=(1,) * 6), "py") | {"test_batch": content}
    loads_or_is_refused(write_folder(tmp_path, files))
