"""Labels of any kind, in any container."""

import datetime
from contextlib import suppress
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.exceptions import DataConversionWarning

from sk231n import KNNClassifier, KNNClassifierCV

with suppress(ModuleNotFoundError):  # the extra referees
    import torch

PAIRS = {
    "ints": [3, -7],
    "bools": [True, False],
    "floats": [2.0, 1.0],
    "text": ["b", "a"],
    "large": [10**400, 2],
    "beyond int64": [2**63 + 1, -1],
    "dates": [datetime.date(2021, 1, 1), datetime.date(2020, 1, 1)],
    "fractions": [Fraction(1, 2), Fraction(1, 3)],
}


def problem(labels, n_samples=60):
    random = np.random.RandomState(0)
    truth = random.randint(0, 2, n_samples)
    return random.normal(size=(n_samples, 3)) + 4 * truth[:, np.newaxis], [labels[i] for i in truth]


def as_objects(labels):
    objects = np.empty(len(labels), dtype=object)
    objects[:] = labels
    return objects


@pytest.mark.parametrize(
    "container", [list, tuple, as_objects, pd.Series], ids=lambda c: c.__name__
)
@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("estimator", [KNNClassifier(3), KNNClassifierCV((1, 3), cv=3)])
def test_every_kind_in_every_container(estimator, kind, container):
    X, y = problem(PAIRS[kind])
    labels = container(y) if container is not pd.Series else pd.Series(y, dtype=object)
    model = estimator.fit(X, labels)
    assert model.classes_.tolist() == sorted(PAIRS[kind])
    expected = KNNClassifier(3).fit(X, [label == max(PAIRS[kind]) for label in y])
    np.testing.assert_array_equal(model.predict_proba(X)[0], expected.predict_proba(X)[0])
    assert model.predict(X).tolist() == y
    assert model.score(X, labels) == model.score(None, labels) == 1
    wrong = container([min(PAIRS[kind])] * 60)
    assert model.score(X, wrong) == np.mean([label == min(PAIRS[kind]) for label in y])


@pytest.mark.parametrize("kind", ["ints", "bools", "floats"])
def test_objects_become_what_they_hold(kind):
    X, y = problem(PAIRS[kind])
    model = KNNClassifier(3).fit(X, as_objects(y))
    assert model.classes_.dtype == np.array(PAIRS[kind]).dtype
    named = KNNClassifier(3, class_weight={PAIRS[kind][0]: 2}).fit(X, as_objects(y))
    assert named.predict_proba(X).shape == (60, 2)


@pytest.mark.parametrize(
    ("dtype", "labels"),
    [("Int64", [5, 2]), ("boolean", [True, False]), ("string", ["b", "a"]), ("category", [4, 3])],
)
def test_series_of_pandas_own_types(dtype, labels):
    X, y = problem(labels)
    model = KNNClassifier(3).fit(X, pd.Series(y, dtype=dtype))
    assert model.classes_.tolist() == sorted(labels)
    assert type(model.classes_.tolist()[0]) is type(labels[0])
    assert model.score(X, pd.Series(y, dtype=dtype)) == 1


@pytest.mark.parametrize("container", [list, as_objects], ids=lambda c: c.__name__)
@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ([1, "a"], "'a'"),
        ([True, 2], "True"),
        (["a", True], "'a'"),
        ([datetime.date(2020, 1, 1), 3], "3"),
        ([1.5, "a"], "1.5"),
        ([b"a", "a"], "b'a'"),
    ],
)
@pytest.mark.parametrize("estimator", [KNNClassifier(3), KNNClassifierCV((1, 3), cv=3)])
def test_kinds_are_not_mixed(estimator, pair, message, container):
    X, y = problem(pair)
    with pytest.raises(ValueError, match=f"y mixes labels of different kinds, such as .*{message}"):
        estimator.fit(X, container(y))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (as_objects([0.5, 1.5] * 30), "continuous"),
        (as_objects([{1}, {2}] * 30), "cannot be sorted"),
        (as_objects([frozenset([1]), frozenset([2])] * 30), "cannot be sorted"),
        (as_objects([1j, 2j] * 30), "label type|omplex"),
        (as_objects([b"a", b"b"] * 30), "bytes"),
        ([None, 1] * 30, "y is missing"),
        ([[1, 0], [0, 1]] * 30, "1d array|multilabel"),
        (np.ones((60, 2), dtype=object), "1d array|multilabel"),
    ],
)
def test_what_are_no_labels(labels, message):
    with pytest.raises((ValueError, TypeError), match=message):
        KNNClassifier(3).fit(problem([0, 1])[0], labels)


def test_a_column_of_objects_is_a_row():
    X, y = problem([4, 2])
    with pytest.warns(DataConversionWarning):
        model = KNNClassifier(3).fit(X, as_objects(y)[:, np.newaxis])
    assert model.classes_.dtype == np.int64
    assert model.score(X, y) == 1


def test_scores_of_labels_that_scikit_learn_does_not_know_are_weighted():
    X, y = problem(PAIRS["dates"])
    model = KNNClassifier(3).fit(X, y)
    wrong = [*y[:59], datetime.date(1999, 1, 1)]
    assert model.score(X, wrong, sample_weight=[1] * 59 + [41]) == 0.59
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.score(X, y[:9])


@pytest.mark.referee("torch")
@pytest.mark.parametrize("dispatch", [False, True])
def test_arrays_of_other_libraries(dispatch, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    X, y = problem([1, 0])
    with config_context(array_api_dispatch=dispatch):
        model = KNNClassifier(3).fit(torch.tensor(X), torch.tensor(y), torch.ones(60))
        predicted = model.predict(torch.tensor(X))
        assert isinstance(predicted, np.ndarray)
        assert model.score(torch.tensor(X), torch.tensor(y)) == 1
