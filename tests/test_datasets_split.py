"""Training, validation and development set."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn.model_selection import (
    GridSearchCV,
    PredefinedSplit,
    RandomizedSearchCV,
    cross_val_score,
)

from sk231n import KNNClassifier
from sk231n.datasets import make_shapes, train_val_dev_split


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


# The split as a cv -------------------------------------------------------------------------------


@pytest.mark.parametrize("stratify", [False, True])
def test_cv_is_the_same_split_of_the_data_as_they_were(stratify):
    X, y = np.arange(200).reshape(100, 2), np.arange(100) % 4
    split = train_val_dev_split(X, y, stratify=stratify, random_state=0, val_size=30)
    assert isinstance(split.cv, PredefinedSplit)
    assert split.cv.get_n_splits() == 1
    [(train, val)] = split.cv.split(X, y)
    assert_array_equal(train, np.sort(split.X_train[:, 0]) // 2)
    assert_array_equal(val, np.sort(split.X_val[:, 0]) // 2)


def test_search_on_the_validation_set():
    """Scores are from models fitted on the training set only; the final model is fitted on all."""
    shapes = make_shapes(200, image_size=8, random_state=0)
    X, y = shapes.images, shapes.target
    split = train_val_dev_split(X, y, val_size=50, random_state=0)
    search = GridSearchCV(KNNClassifier(), {"n_neighbors": [1, 5, 9]}, cv=split.cv).fit(X, y)
    expected = [
        KNNClassifier(k).fit(split.X_train, split.y_train).score(split.X_val, split.y_val)
        for k in (1, 5, 9)
    ]
    assert_array_equal(search.cv_results_["mean_test_score"], expected)
    assert search.n_splits_ == 1
    assert search.best_estimator_.n_samples_fit_ == 200
    random = RandomizedSearchCV(KNNClassifier(), {"n_neighbors": [1, 5, 9]}, n_iter=2, cv=split.cv)
    assert random.fit(X, y).best_score_ in expected
    assert cross_val_score(KNNClassifier(1), X, y, cv=split.cv) == [expected[0]]


@pytest.mark.parametrize("convert", [lambda X: X.tolist(), pd.DataFrame, sp.csr_matrix])
def test_cv_of_other_containers(convert):
    X = np.arange(40 * 3).reshape(40, 3)
    split = train_val_dev_split(convert(X), [f"class {i % 2}" for i in range(40)], random_state=0)
    assert_array_equal(np.sort(split.cv.test_fold), [-1] * 36 + [0] * 4)


def test_the_three_sets_are_still_a_tuple_of_six():
    split = train_val_dev_split(np.arange(20), np.arange(20), random_state=0)
    X_train, y_train, *others = split
    assert len(others) == 4
    assert_array_equal(X_train, y_train)
    assert split._fields == ("X_train", "y_train", "X_val", "y_val", "X_dev", "y_dev")
    for again in (pickle.loads(pickle.dumps(split)), copy.deepcopy(split)):
        assert_array_equal(again.X_val, split.X_val)
        assert_array_equal(again.cv.test_fold, split.cv.test_fold)
