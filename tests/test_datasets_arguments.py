"""Invalid arguments: each raises an error that names it."""

import os
import pickle
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from sk231n import datasets
from sk231n.datasets import (
    fetch_cifar10,
    load_cifar10,
    load_fashion_mnist,
    make_shapes,
    make_spirals,
    train_val_dev_split,
)

NAN, INF, HUGE = float("nan"), float("inf"), 10**400
SPAN = np.timedelta64(3, "s")  # which NumPy counts as an integer
NO_COUNTS = [SPAN, True, False, np.True_, -1, 1.5, "3", None, [3], NAN, INF, 10**30, HUGE, 2**31]
NO_AMOUNTS = [SPAN, True, np.False_, -1.0, "3", [0.1], NAN, INF, -INF, 1e300, 10**30, HUGE, 1j]
NO_PATHS = [None, 3, True, ["x"], 1.5, "", "a\0b", "\0", b"bytes", object()]


class BytesPath:
    def __fspath__(self):
        return b"bytes"


def split(**arguments):
    return train_val_dev_split(np.zeros((10, 2)), np.zeros(10), **arguments)


def fetch(**arguments):
    arguments = {"mirrors": ["http://127.0.0.1:9/"], "download_if_missing": False, **arguments}
    return fetch_cifar10(arguments.pop("data_home", "/nonexistent"), **arguments)


WRONG = [
    *((make_shapes, name, value) for name in ("n_samples", "image_size", "n_classes")
      for value in [0, *NO_COUNTS]),
    *((make_spirals, name, value) for name in ("n_samples", "n_classes")
      for value in [0, *NO_COUNTS]),
    *((make, "noise", value) for make in (make_shapes, make_spirals)
      for value in [*NO_AMOUNTS, None]),
    *((make, "random_state", value) for make in (make_shapes, make_spirals, split)
      for value in [SPAN, True, -1, 2**32, 10**30, NAN, "x", np.random.default_rng(0)]),
    *((split, name, value) for name in ("val_size", "dev_size")
      for value in [SPAN, True, 0, -1, 0.0, 1.0, -0.5, 1.5, "3", None, NAN, INF, 10**30, HUGE, 11]),
    *((fetch, "n_retries", value) for value in NO_COUNTS),
    *((fetch, "delay", value) for value in [*NO_AMOUNTS, None]),
    *((fetch, "timeout", value) for value in [*NO_AMOUNTS, None, 0]),
    *((fetch, "sha256", value) for value in [None, 3, "abc", b"0" * 64, "\u0660" * 64]),
    *((fetch, "mirrors", value) for value in [
        None, (), "http://127.0.0.1/", [3], [b"http://127.0.0.1/"], {"http://127.0.0.1/"},
        ["ftp://127.0.0.1/"], ["http://[::1"], ["http://"], ["http://127.0.0.1:x/"],
        ["http://127.0.0.1:99999/"], [""], ["http://127.0.0.1/", "file:///etc/passwd"]]),
    *((function, "split", value) for function in (fetch, load_cifar10, load_fashion_mnist)
      for value in [None, True, 0, "validation", ["all"]]),
    *((function, "return_X_y", value) for value in [None, 1, "yes", 10**30]
      for function in (fetch, load_cifar10, load_fashion_mnist, make_shapes)),
    (split, "stratify", 1),
    (fetch, "download_if_missing", 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("function", "name", "value"),
    WRONG,
    ids=[f"{function.__name__}-{name}-{str(value)[:20]}" for function, name, value in WRONG],
)
def test_wrong_values_are_named(function, name, value):
    arguments = {"path": "x"} if function.__name__.startswith("load") else {}
    with pytest.raises((ValueError, TypeError), match=name):
        function(**arguments, **{name: value})


@pytest.mark.parametrize("function", [load_cifar10, load_fashion_mnist])
@pytest.mark.parametrize("path", NO_PATHS)
def test_wrong_paths_are_named(function, path):
    with pytest.raises((ValueError, TypeError), match="path"):
        function(path)


@pytest.mark.parametrize("path", [path for path in NO_PATHS if path is not None])
def test_wrong_homes_are_named(path):
    with pytest.raises((ValueError, TypeError), match="data_home"):
        fetch_cifar10(path, download_if_missing=False)


def test_home_that_is_a_file(tmp_path):
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ValueError, match="data_home must be a folder"):
            fetch_cifar10(path, download_if_missing=False)


def test_paths_of_bytes():
    for function in (load_cifar10, load_fashion_mnist, fetch_cifar10):
        with pytest.raises(TypeError, match="must be text"):
            function(BytesPath())


def test_huge_images_are_refused_before_any_work():
    with pytest.raises(ValueError, match=r"n_samples=2147483647 and image_size=2147483647"):
        make_shapes(2**31 - 1, image_size=2**31 - 1)
    narrow = np.int8(40)  # products of such numbers overflow
    assert make_shapes(narrow, image_size=narrow).images.shape == (40, 40, 40, 3)
    assert make_spirals(np.int8(100), n_classes=np.int8(3))[0].shape == (100, 2)


def test_more_classes_than_points():
    X, y = make_spirals(3, n_classes=2**31 - 1, random_state=0)
    assert X.shape == (3, 2)
    assert sorted(y) == [0, 1, 2]


@pytest.mark.parametrize("noise", [0, 1, np.float32(0.5), np.int64(1), 1e6])
def test_numbers_of_any_kind(noise):
    for make in (make_shapes, make_spirals):
        assert len(make(np.int64(9), noise=noise, random_state=np.uint32(3))) >= 2
    with pytest.raises(ValueError, match="noise"):
        make_spirals(9, noise=Fraction(1, 3))


@pytest.mark.parametrize("name", ["X", "y"])
@pytest.mark.parametrize(
    "value",
    [None, 3, True, NAN, "text", b"bytes", {"a": 1}, {1, 2}, iter([1]), np.float64(3), np.array(3)],
)
def test_data_that_are_none(name, value):
    data = {"X": [[1], [2]], "y": [1, 2]} | {name: value}
    with pytest.raises(TypeError, match=f"^{name} must be an array or a list"):
        train_val_dev_split(**data)


@pytest.mark.parametrize("y", [[0, "a", None, 1.5], np.zeros((4, 2)), [[0], [1, 2], [3], [4]]])
def test_classes_that_cannot_be_stratified(y):
    with pytest.raises(ValueError, match="stratify"):
        train_val_dev_split(np.zeros((4, 2)), y, stratify=True)


# The home folder ---------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("kind", [str, Path])
def test_tilde_is_the_home_folder(home, kind):
    folder = home / "cifar"
    folder.mkdir()
    names = "\n".join(f"class {i}" for i in range(10))
    (folder / "batches.meta.txt").write_text(names)
    (folder / "test_batch.bin").write_bytes(bytes(3073))
    assert load_cifar10(kind("~/cifar"), split="test").data.shape == (1, 3072)
    for what, magic in [("images-idx3", [2051, 1, 28, 28]), ("labels-idx1", [2049, 1])]:
        content = np.array(magic, ">u4").tobytes() + bytes(784 if "images" in what else 1)
        (folder / f"t10k-{what}-ubyte").write_bytes(content)
    assert load_fashion_mnist(kind("~/cifar"), split="test").data.shape == (1, 784)
    with pytest.raises(OSError, match="is not there") as caught:
        fetch_cifar10(kind("~/data"), download_if_missing=False)
    assert str(home / "data") in str(caught.value)
    assert [path.name for path in home.iterdir() if path.name[0] == "~"] == []


def test_unknown_home_is_named():
    with pytest.raises(FileNotFoundError, match="~nobody-of-this-name"):
        load_cifar10("~nobody-of-this-name/cifar")


@pytest.mark.skipif(os.name == "nt", reason="names may not be as long")
def test_name_that_is_too_long():
    for load in (load_cifar10, load_fashion_mnist):
        with pytest.raises(OSError, match="a" * 300):
            load("a" * 300)


# Pickles -----------------------------------------------------------------------------------------

ARRAY = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
UINT8 = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R"


def batch(version=b"K\x01", n=b"K\x01", width=b"M\x00\x0c", fortran=b"\x89", data=None):
    """A batch of one image, written by hand."""
    data = b"T\x00\x0c\x00\x00" + bytes(3072) if data is None else data
    state = b"(" + version + n + width + b"\x86" + UINT8 + fortran + data + b"t"
    return b"\x80\x02}(U\x06labels](K\x03eU\x04data" + ARRAY + state + b"bu."


def load_batch(tmp_path, content):
    meta = {"label_names": [f"class {i}" for i in range(10)]}
    (tmp_path / "batches.meta").write_bytes(pickle.dumps(meta, protocol=2))
    (tmp_path / "test_batch").write_bytes(content)
    return load_cifar10(tmp_path, split="test")


def test_batch_that_is_good(tmp_path):
    assert load_batch(tmp_path, batch()).target.tolist() == [3]


@pytest.mark.parametrize(
    "value",
    [
        *(b"\x88", b"\x89", b"N", b"U\x011", b"]", b"K\x01\x85", b"K\x00", b"J\xff\xff\xff\xff"),
        b"\x8a\xff" + b"\x7f" * 255,
    ],
)
@pytest.mark.parametrize("place", ["n", "width"])
def test_shapes_that_are_none(tmp_path, place, value):
    with pytest.raises(ValueError, match="test_batch has data") as caught:
        load_batch(tmp_path, batch(**{place: value}))
    assert len(str(caught.value)) < 1500


@pytest.mark.parametrize("place", ["version", "fortran", "data"])
@pytest.mark.parametrize("value", [b"N", b"]", b"}", b"U\x011", UINT8, ARRAY])
def test_states_that_are_none(tmp_path, place, value):
    with pytest.raises(ValueError, match="test_batch has data"):
        load_batch(tmp_path, batch(**{place: value}))


def test_every_public_function_is_looked_at():
    assert set(datasets.__all__) == {
        "fetch_cifar10", "load_cifar10", "load_fashion_mnist", "load_images", "make_shapes",
        "make_spirals", "train_val_dev_split",
    }  # fmt: skip


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint64, np.int64])
def test_integers_of_numpy_count_like_python_s(kind):
    """The numbers may be of any NumPy integer type, however small."""
    for make, arguments in [
        (make_shapes, {"n_samples": 90, "image_size": 16, "n_classes": 3, "noise": 1}),
        (make_spirals, {"n_samples": 90, "n_classes": 4, "noise": 2}),
    ]:
        found = make(**{name: kind(value) for name, value in arguments.items()}, random_state=0)
        expected = make(**arguments, random_state=0)
        if make is make_shapes:
            found, expected = ((data.images, data.target) for data in (found, expected))
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a, b)
    X = np.arange(300)
    found = train_val_dev_split(X, X, val_size=kind(100), dev_size=kind(100), random_state=kind(0))
    expected = train_val_dev_split(X, X, val_size=100, dev_size=100, random_state=0)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_floats_of_numpy_are_python_s(kind):
    half = kind(0.5)
    for make in make_shapes, make_spirals:
        found, expected = make(20, noise=half, random_state=0), make(20, noise=0.5, random_state=0)
        if make is make_shapes:
            found, expected = ((data.images, data.target) for data in (found, expected))
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a, b)
    X = np.arange(200_000)  # more than the largest number of float16
    found = train_val_dev_split(X, X, val_size=half, dev_size=half, random_state=0)
    assert [len(part) for part in found] == [100_000, 100_000] * 2 + [50_000] * 2


def test_data_to_split_of_different_lengths():
    with pytest.raises(ValueError, match=r"X and y: .* inconsistent numbers of samples"):
        train_val_dev_split(np.zeros((10, 2)), np.zeros(9))
