"""Training, validation and development set."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal

from sk231n.datasets import train_val_dev_split


def indices(n=1000, y=None, **arguments):
    y = np.zeros(n) if y is None else y
    arguments = {"random_state": 0, **arguments}
    split = train_val_dev_split(np.arange(n), y, **arguments)
    return split.X_train, split.X_val, split.X_dev


@pytest.mark.parametrize("stratify", [False, True])
def test_sets(stratify):
    y = np.arange(1000) % 7
    train, val, dev = indices(y=y, stratify=stratify, dev_size=50)
    assert len(val) == 100
    assert len(dev) == len(set(dev)) == 50
    assert_array_equal(np.sort(np.concatenate([train, val])), np.arange(1000))
    assert set(dev) < set(train)
    split = train_val_dev_split(np.arange(1000), y, stratify=stratify)
    for X, labels in zip(split[::2], split[1::2], strict=True):
        assert_array_equal(labels, y[X])


def test_the_default_sizes():
    assert list(map(len, indices())) == [900, 100, 9]
    assert list(map(len, indices(2))) == [1, 1, 1]


def test_the_sizes_of_the_course():
    assert list(map(len, indices(50_000, val_size=1000, dev_size=500))) == [49_000, 1000, 500]


def test_whole_training_set_as_development_set():
    train, _, dev = indices(10, dev_size=9)
    assert set(train) == set(dev)


def test_random_state():
    first, again, other = indices(), indices(), indices(random_state=1)
    for a, b, c in zip(first, again, other, strict=True):
        assert_array_equal(a, b)
        assert not np.array_equal(a, c)
    assert not np.array_equal(first[0], np.sort(first[0]))


def test_stratified():
    y = np.repeat(["cat", "dog", "frog"], [500, 300, 200])
    train, val, dev = indices(y=y, stratify=True, dev_size=90)
    assert np.unique(y[val], return_counts=True)[1].tolist() == [50, 30, 20]
    assert np.unique(y[train], return_counts=True)[1].tolist() == [450, 270, 180]
    assert np.unique(y[dev], return_counts=True)[1].tolist() == [45, 27, 18]


@pytest.mark.parametrize("seed", range(20))
def test_stratified_with_odd_counts(seed):
    rng = np.random.RandomState(seed)
    y = rng.choice(5, 203, p=[0.5, 0.3, 0.1, 0.09, 0.01])
    val = indices(203, y=y, stratify=True, val_size=40, random_state=seed)[1]
    expected = np.bincount(y, minlength=5) * 40 / 203
    assert np.abs(np.bincount(y[val], minlength=5) - expected).max() < 2


def test_stratified_is_still_random():
    y = np.arange(1000) % 10
    a, b = (indices(y=y, stratify=True, random_state=seed)[1] for seed in (0, 1))
    assert len(set(a) & set(b)) < 30


@pytest.mark.parametrize(
    "convert",
    [
        lambda X: X,
        lambda X: X.reshape(-1, 2, 2, 3),
        lambda X: X.tolist(),
        lambda X: pd.DataFrame(X, index=np.arange(len(X))[::-1]),
        sp.csr_matrix,
        sp.coo_array,
    ],
)
def test_containers(convert):
    X = np.arange(40 * 12).reshape(40, 12)
    y = [f"class {i}" for i in range(40)]
    split = train_val_dev_split(convert(X), y, random_state=0, dev_size=3)
    assert isinstance(split.y_train, list)
    for rows, labels in zip(split[::2], split[1::2], strict=True):
        rows = rows.toarray() if sp.issparse(rows) else np.asarray(rows)
        chosen = [int(label.split()[1]) for label in labels]
        assert_array_equal(rows.reshape(-1, 12), X[chosen])


def test_uint8_stays_and_is_a_copy():
    X = np.zeros((10, 3), np.uint8)
    split = train_val_dev_split(X, np.zeros(10))
    assert split.X_train.dtype == np.uint8
    split.X_train[:] = 1
    assert not X.any()
    assert not split.X_dev.any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"val_size": 0}, "val_size"),
        ({"val_size": 1.0}, "val_size"),
        ({"val_size": -0.1}, "val_size"),
        ({"val_size": 10}, "leaves none of the 10 samples"),
        ({"val_size": 11}, "only 10 samples"),
        ({"dev_size": 0}, "dev_size"),
        ({"dev_size": 10}, "only 9 training samples"),
        ({"stratify": [0, 1]}, "stratify"),
        ({"random_state": "x"}, "random_state"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        indices(10, **arguments)


def test_bad_data():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        train_val_dev_split(np.zeros((3, 2)), np.zeros(4))
    with pytest.raises(ValueError, match="leaves none of the 1 samples"):
        train_val_dev_split([[1]], [1])
    with pytest.raises(ValueError, match="0 samples"):
        train_val_dev_split(np.zeros((0, 2)), [])
