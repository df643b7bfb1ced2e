"""Files truncated, flipped or poisoned: the right data, or an error that names the path."""

import gzip
import io
import pickle
import struct
import tarfile
import tempfile
import tracemalloc
from functools import cache
from pathlib import Path

import numpy as np
from fuzzing import fuzz
from hypothesis import strategies as st

from sk231n.datasets import load_cifar10, load_fashion_mnist

N_IMAGES = 2
BATCHES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
NAMES = [f"class {i}" for i in range(10)]
MB = 2**20
MOST_MEMORY = 12 * MB  # mostly the blocks of gzip and the message of an error
# Instructions that would do harm if they were followed.
POISON = [
    b"cos\nsystem\n(S'true'\ntR.",
    b"\x80\x02cbuiltins\neval\n(U\x011tR.",
    b"\x8c\x02os\x8c\x06system\x93",
    b"T\xff\xff\xff\x7f",
    b"\x8e" + b"\xff" * 8,
    b"B\xff\xff\xff\xff",
    b"I99999999999999999999\n",
    b"(" * 500,
    b"]" * 500,
    b"h\xff",
    b"cnumpy.core.multiarray\nscalar\n",
    b"\x82\x01",
    b"P1\n",
    b"R",
    b"b",
    b"u",
    b".",
]


@cache
def images():
    rng = np.random.RandomState(0)
    planes = rng.randint(0, 256, (6, N_IMAGES, 3072), dtype=np.uint8)
    return planes, rng.randint(0, 10, (6, N_IMAGES))


@cache
def cifar(layout):
    """Content of each file of a version of CIFAR-10."""
    files = {}
    for name, planes, labels in zip(BATCHES, *images(), strict=True):
        if layout == "bin":
            files[f"{name}.bin"] = b"".join(
                bytes([label]) + row.tobytes() for label, row in zip(labels, planes, strict=True)
            )
        else:
            batch = {
                b"batch_label": b"a batch", b"labels": labels.tolist(), b"data": planes,
                b"filenames": [b"a.png"] * N_IMAGES,
            }  # fmt: skip
            files[name] = pickle.dumps(batch, protocol=2)
    if layout == "bin":
        files["batches.meta.txt"] = "\n".join(NAMES).encode()
    else:
        meta = {b"num_cases_per_batch": 10000, b"num_vis": 3072, b"label_names": NAMES}
        files["batches.meta"] = pickle.dumps(meta, protocol=2)
    return files


def as_tar(files, folder):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"{folder}/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


@cache
def fashion():
    planes, labels = images()
    pixels, labels = planes[:, :, :784].reshape(-1, 784), labels.ravel()
    n = len(labels)
    content = {
        "images-idx3-ubyte": struct.pack(">4I", 2051, n, 28, 28) + pixels.tobytes(),
        "labels-idx1-ubyte": struct.pack(">2I", 2049, n) + labels.astype(np.uint8).tobytes(),
    }
    return {f"{part}-{what}": data for part in ("train", "t10k") for what, data in content.items()}


@st.composite
def damage(draw):
    """A few mutations of bytes, as functions of a random generator to be."""
    kinds = ["truncate", "flip", "overwrite", "insert", "delete", "repeat", "number", "poison"]
    return [
        (draw(st.sampled_from(kinds)), draw(st.integers(0, 2**32 - 1)))
        for _ in range(draw(st.integers(1, 4)))
    ]


def damaged(content, mutations):
    """The content after the mutations."""
    content = bytearray(content)
    for kind, seed in mutations:
        rng = np.random.default_rng(seed)
        # Headers are short: half of the damage is done there.
        end = len(content) if rng.random() < 0.5 else min(600, len(content))
        at = int(rng.integers(end + 1))
        length = int(rng.integers(1, 40))
        if kind == "truncate":
            del content[at:]
        elif kind == "flip" and at < len(content):
            content[at] ^= 1 << rng.integers(8)
        elif kind == "overwrite":
            content[at : at + length] = bytes([rng.choice([0, 1, 127, 128, 255])]) * length
        elif kind == "insert":
            content[at:at] = rng.bytes(length)
        elif kind == "delete":
            del content[at : at + length]
        elif kind == "repeat":
            content[at:at] = content[at : at + 20 * length] * int(rng.integers(1, 20))
        elif kind == "number":
            content[at : at + 4] = struct.pack(">I", int(rng.choice([0, 1, 2**31 - 1, 2**32 - 1])))
        elif kind == "poison":
            content[at:at] = POISON[rng.integers(len(POISON))]
    return bytes(content)


def check(load, path, like):
    """Load: sound data of `like` if they are the same file, or an error that names the path."""
    tracemalloc.start()
    try:
        bunch = load(path)
    except (ValueError, OSError) as error:
        bunch = None
        check_path(error, path)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MOST_MEMORY, peak
    if bunch is not None:
        assert bunch.data.dtype == np.uint8
        assert bunch.data.ndim == 2
        assert len(bunch.data) == len(bunch.target) == len(bunch.images)
        assert set(bunch.target.tolist()) <= set(range(10))
        assert like is None or (bunch.data.tobytes(), bunch.target.tolist()) == like


def check_path(error, path):
    """The message is of a length to be read, and says which file it is about."""
    assert str(path) in str(error), error
    assert len(str(error)) < 2000


@cache
def cifar_as_it_is():
    planes, labels = images()
    data = planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).reshape(-1, 3072)
    return data.tobytes(), labels.ravel().tolist()


@fuzz(
    400,
    layout=st.sampled_from(["bin", "py"]),
    which=st.integers(0, 6),
    mutations=damage(),
)
def test_folders_of_cifar10(layout, which, mutations):
    files = dict(cifar(layout))
    name = list(files)[which]
    files[name] = damaged(files[name], mutations)
    with tempfile.TemporaryDirectory() as folder:
        for other, content in files.items():
            (Path(folder) / other).write_bytes(content)
        same = files[name] == cifar(layout)[name]
        check(load_cifar10, Path(folder), cifar_as_it_is() if same else None)


@fuzz(
    400,
    layout=st.sampled_from(["bin", "py"]),
    where=st.sampled_from(["file", "tar", "member"]),
    packed=st.booleans(),
    mutations=damage(),
)
def test_archives_of_cifar10(layout, where, packed, mutations):
    files = dict(cifar(layout))
    if where == "member":
        name = list(files)[mutations[0][1] % len(files)]
        files[name] = damaged(files[name], mutations)
    content = as_tar(files, f"cifar-10-batches-{layout}")
    if where == "tar":
        content = damaged(content, mutations)
    if packed:
        content = gzip.compress(content, 1)
    if where == "file":
        content = damaged(content, mutations)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cifar.tar.gz"
        path.write_bytes(content)
        # What is damaged in a compressed file and still comes out has passed its checksum.
        sure = where == "file" and packed and content[:10] == gzip.compress(b"", 1)[:10]
        check(load_cifar10, path, cifar_as_it_is() if sure else None)


@fuzz(100, which=st.integers(0, 3), packed=st.booleans(), mutations=damage())
def test_files_of_fashion_mnist(which, packed, mutations):
    files = dict(fashion())
    chosen = list(files)[which]
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            if packed:
                content, name = gzip.compress(content, 1), f"{name}.gz"
            if name.startswith(chosen):
                content = damaged(content, mutations)
            (Path(folder) / name).write_bytes(content)
        check(load_fashion_mnist, Path(folder), None)


def test_what_is_whole_is_loaded():
    for layout in ("bin", "py"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "cifar.tar.gz"
            path.write_bytes(gzip.compress(as_tar(cifar(layout), "cifar")))
            check(load_cifar10, path, cifar_as_it_is())
            assert len(load_cifar10(path).data) == 6 * N_IMAGES
