"""Fashion-MNIST from valid and from invalid IDX files."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from sk231n.datasets import load_fashion_mnist

IMAGES, LABELS = "{}-images-idx3-ubyte", "{}-labels-idx1-ubyte"


def idx(array):
    header = struct.pack(f">{1 + array.ndim}I", 0x0800 + array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def made_up():
    rng = np.random.RandomState(0)
    return {
        part: (rng.randint(0, 256, (n, 28, 28)), rng.randint(0, 10, n))
        for part, n in [("train", 5), ("t10k", 3)]
    }


def write(folder, *, packed=False, **changes):
    """Write the invented files, some of them with other content."""
    for part, (images, labels) in made_up().items():
        for name, array in [(IMAGES.format(part), images), (LABELS.format(part), labels)]:
            content = changes.get(name.replace("-", "_"), idx(array))
            if packed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(content, 1))
            else:
                (folder / name).write_bytes(content)
    return folder


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("split", "parts"), [("all", ["train", "t10k"]), ("train", ["train"]), ("test", ["t10k"])]
)
def test_load(tmp_path, packed, split, parts):
    bunch = load_fashion_mnist(write(tmp_path, packed=packed), split=split)
    images = np.concatenate([made_up()[part][0] for part in parts])
    assert bunch.data.dtype == np.uint8
    assert bunch.data.flags.c_contiguous
    assert np.shares_memory(bunch.data, bunch.images)
    assert_array_equal(bunch.images, images)
    assert_array_equal(bunch.data, images.reshape(-1, 784))
    assert bunch.target.dtype == np.int64
    assert_array_equal(bunch.target, np.concatenate([made_up()[part][1] for part in parts]))
    assert bunch.target_names[[0, 9]].tolist() == ["T-shirt/top", "Ankle boot"]
    assert len(set(bunch.target_names)) == 10
    assert "Xiao" in bunch.DESCR
    data, target = load_fashion_mnist(str(tmp_path), split=split, return_X_y=True)
    assert_array_equal(data, bunch.data)
    assert_array_equal(target, bunch.target)


def test_unpacked_file_goes_first(tmp_path):
    write(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(b"not looked at")
    assert load_fashion_mnist(tmp_path).target.shape == (8,)


def test_only_the_files_of_the_split_are_needed(tmp_path):
    write(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").unlink()
    assert load_fashion_mnist(tmp_path, split="test").target.shape == (3,)
    with pytest.raises(FileNotFoundError, match=r"train-images-idx3-ubyte\.gz"):
        load_fashion_mnist(tmp_path)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("t10k-images-idx3-ubyte", b"", "truncated"),
        ("t10k-images-idx3-ubyte", idx(np.zeros((3, 28, 28)))[:15], "truncated"),
        ("t10k-images-idx3-ubyte", idx(np.zeros((3, 28, 28)))[:-1], "1 of 2352 bytes"),
        ("t10k-images-idx3-ubyte", idx(np.zeros((3, 28, 28))) + b"x", "more than the 3 records"),
        ("t10k-images-idx3-ubyte", idx(np.zeros((0, 28, 28))), "claims 0 records"),
        ("t10k-images-idx3-ubyte", struct.pack(">4I", 2051, 2**32 - 1, 28, 28), "4294967295"),
        ("t10k-images-idx3-ubyte", struct.pack(">4I", 2051, 10**5, 28, 28), "truncated"),
        ("t10k-images-idx3-ubyte", struct.pack(">4I", 2052, 1, 28, 28), "2052; expected 2051"),
        ("t10k-images-idx3-ubyte", idx(np.zeros((3, 27, 28))), "27 x 28"),
        ("t10k-images-idx3-ubyte", idx(np.zeros((3, 784))), "expected 2051"),
        ("t10k-images-idx3-ubyte", idx(np.zeros((4, 28, 28))), "4 images"),
        ("t10k-labels-idx1-ubyte", idx(np.array([0, 9, 10])), "label 10 at index 2"),
        ("t10k-labels-idx1-ubyte", idx(np.array([0, 9])), "2 labels"),
        ("t10k-labels-idx1-ubyte", idx(np.zeros((3, 28, 28))), "2051; expected 2049"),
    ],
)
def test_bad_files(tmp_path, packed, name, content, word):
    write(tmp_path, packed=packed, **{name.replace("-", "_"): content})
    with pytest.raises(ValueError, match=name) as caught:
        load_fashion_mnist(tmp_path)
    assert word in str(caught.value)


def test_damaged_gzip(tmp_path):
    write(tmp_path, packed=True)
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    content = path.read_bytes()
    for damaged in (
        b"",
        b"plain",
        content[:5],
        content[:100],
        content[:-1],
        content[:-8] + bytes(8),
    ):
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=path.name):
            load_fashion_mnist(tmp_path)


def test_wrong_paths(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        load_fashion_mnist(tmp_path / "no such folder")
    with pytest.raises(FileNotFoundError, match="train-images"):
        load_fashion_mnist(tmp_path)
    write(tmp_path)
    with pytest.raises(ValueError, match="is not a folder"):
        load_fashion_mnist(tmp_path / "t10k-labels-idx1-ubyte")
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    (tmp_path / "t10k-labels-idx1-ubyte").mkdir()
    with pytest.raises(ValueError, match="is not a file"):
        load_fashion_mnist(tmp_path)
    with pytest.raises(ValueError, match="split"):
        load_fashion_mnist(tmp_path, split="validation")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255)), max_size=3),
    st.integers(0, 20),
    st.booleans(),
)
def test_any_damage(tmp_path, flips, stop, packed):
    write(tmp_path, packed=True)
    path = tmp_path / "t10k-images-idx3-ubyte.gz"
    content = path.read_bytes()
    content = bytearray(content if packed else gzip.decompress(content))
    for position, value in flips:
        content[position] = value
    del content[len(content) - stop :]
    path.write_bytes(content if packed else gzip.compress(content, 1))
    try:
        bunch = load_fashion_mnist(tmp_path)
    except ValueError:
        return
    assert bunch.data.shape == (8, 784)
