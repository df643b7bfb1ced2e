"""Arguments of the nearest-neighbour classifiers: misspelt names, bools, infinite numbers."""

import warnings

import numpy as np
import pytest
from sklearn.model_selection import GroupKFold

from sk231n import KNNClassifier, KNNClassifierCV

ESTIMATORS = [KNNClassifier, KNNClassifierCV]


@pytest.fixture
def data():
    random = np.random.RandomState(0)
    return random.normal(size=(60, 4)), np.arange(60) % 3


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(("name", "synonym"), [("manhattan", "l1"), ("euclidean", "l2")])
@pytest.mark.parametrize("n_samples", [60, 1500])
def test_synonyms_of_metrics(name, synonym, n_samples, estimator):
    X, y = np.random.RandomState(0).normal(size=(n_samples, 4)), np.arange(n_samples) % 3
    models = [estimator(metric=metric).fit(X, y) for metric in (name, synonym)]
    assert models[1].metric == synonym
    for found, expected in zip(*(model.kneighbors(X[:9]) for model in models), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(
    ("argument", "value", "nearest"),
    [
        ("metric", "euclidea", "euclidean"),
        ("metric", "Manhattan", "manhattan"),
        ("metric", "L1", "l1"),
        ("metric", "cosin", "cosine"),
        ("weights", "distances", "distance"),
        ("weights", np.str_("uniforme"), "uniform"),
        ("class_weight", "Balanced", "balanced"),
    ],
)
def test_misspelt_names_get_the_nearest(argument, value, nearest, estimator, data):
    message = rf"The '{argument}' parameter of .* Got '{value}' instead. Did you mean '{nearest}'\?"
    model = estimator(**{argument: value})
    with pytest.raises(ValueError, match=message):
        model.fit(*data)
    fitted = estimator().fit(*data).set_params(**{argument: value})
    for call in (fitted.predict, fitted.predict_proba, fitted.kneighbors):
        with pytest.raises(ValueError, match=message):
            call(data[0])


def test_names_like_no_other_get_those_there_are(data):
    with pytest.raises(ValueError, match=r"metric.* among {.*'cosine'.*'xyz' instead.$"):
        KNNClassifier(metric="xyz").fit(*data)


@pytest.mark.parametrize("value", [True, False, np.True_])
def test_bools_are_no_numbers(value, data):
    X, y = data
    for model in (KNNClassifier(value), KNNClassifier(n_jobs=value), KNNClassifierCV(n_jobs=value)):
        with pytest.raises(ValueError, match=r"n_neighbors|n_jobs"):
            model.fit(X, y)
    for model in (KNNClassifierCV(value), KNNClassifierCV((1, value))):
        with pytest.raises(ValueError, match="n_neighbors"):
            model.fit(X, y)
    with pytest.raises(ValueError, match="cv"):
        KNNClassifierCV(cv=value).fit(X, y)
    fitted = KNNClassifier().fit(X, y)
    for call in (fitted.kneighbors, fitted.kneighbors_graph):
        with pytest.raises(ValueError, match="n_neighbors"):
            call(X, value)
    with pytest.raises(ValueError, match="n_neighbors"):
        fitted.set_params(n_neighbors=value).predict(X)


@pytest.mark.parametrize("k", [2**31, 10**30, 10**400], ids=["31 bits", "30 digits", "400 digits"])
@pytest.mark.parametrize("sample_weight", [None, np.linspace(1, 1e300, 60)], ids=["alike", "not"])
def test_more_neighbors_than_there_are_atoms(sample_weight, k, data):
    X, y = data
    for call in (KNNClassifier(k).fit, KNNClassifierCV((k, k + 1)).fit):
        with pytest.raises(ValueError, match="n_neighbors"):
            call(X, y, sample_weight)
    with pytest.raises(ValueError, match="n_neighbors"):
        KNNClassifier().fit(X, y, sample_weight).kneighbors(X, k)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("n_jobs", [0, 1.5, "two", float("nan")])
def test_numbers_of_threads_that_are_none(n_jobs, estimator, data):
    X, y = data
    with pytest.raises(ValueError, match="n_jobs"):
        estimator(n_jobs=n_jobs).fit(X, y)
    fitted = estimator().fit(X, y).set_params(n_jobs=n_jobs)
    for call in (fitted.predict, fitted.kneighbors, fitted.kneighbors_graph):
        with pytest.raises(ValueError, match="n_jobs"):
            call(X)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("n_jobs", [10**30, -(10**30), np.int8(-1), 60])
def test_any_number_of_threads(n_jobs, estimator, data):
    X, y = data
    found = estimator(n_jobs=n_jobs).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(found, estimator(n_jobs=1).fit(X, y).predict_proba(X))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_integers_beyond_float64(estimator, data):
    X, y = data
    objects = X.astype(object)
    objects[3, 2] = 10**400
    for rows in (objects, objects.tolist()):
        with pytest.raises(ValueError, match="X holds numbers too large for float64"):
            estimator().fit(rows, y)
        with pytest.raises(ValueError, match="X holds numbers too large for float64"):
            estimator().fit(X, y).predict(rows)
    objects[3, 2] = 10**30  # which fits into float64
    as_float = objects.astype(np.float64)
    model = estimator().fit(objects, y)
    np.testing.assert_array_equal(model.predict_proba(objects), model.predict_proba(as_float))


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint64, np.int64])
def test_integers_of_numpy_count_like_python_s(kind, data):
    """However few of them their type holds."""
    X, y = data
    weights = np.arange(60.0) % 5
    for k in (1, 9):
        ours, theirs = (KNNClassifier(n, weights="distance").fit(X, y) for n in (kind(k), k))
        np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))
        np.testing.assert_array_equal(ours.predict_proba(None), theirs.predict_proba(None))
        for n_neighbors in (None, 2):
            given = n_neighbors and kind(n_neighbors)
            for found, expected in zip(
                ours.kneighbors(X, given), theirs.kneighbors(X, n_neighbors), strict=True
            ):
                np.testing.assert_array_equal(found, expected)
        ours, theirs = (KNNClassifier(n).fit(X, y, weights) for n in (kind(k), k))
        np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))
    ours, theirs = (
        KNNClassifierCV(ks, cv=cv).fit(X, y)
        for ks, cv in (([kind(1), kind(4)], kind(2)), ([1, 4], 2))
    )
    np.testing.assert_array_equal(ours.scores_, theirs.scores_)
    assert ours.n_neighbors_ == theirs.n_neighbors_


with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # NumPy 2.5 wants a unit
    SPANS = [np.timedelta64(3, "s"), np.timedelta64(3)]


@pytest.mark.parametrize("value", [np.array(1), np.dtype(float), *SPANS, 10**400, {}, "ab"])
def test_arguments_of_the_choice_of_k_are_named(value, data):
    for name in ("n_neighbors", "cv"):
        model = KNNClassifierCV((1, 2), cv=2).set_params(**{name: value})
        with pytest.raises(ValueError, match=name):
            model.fit(*data)
    with pytest.raises((TypeError, ValueError), match="groups"):
        KNNClassifierCV((1, 2), cv=GroupKFold(2)).fit(*data, groups=value)


@pytest.mark.parametrize("value", [np.array([True, False]), "yes", 2, None, NotImplemented])
def test_return_distance_is_a_bool(value, data):
    with pytest.raises(ValueError, match="return_distance"):
        KNNClassifier().fit(*data).kneighbors(data[0], return_distance=value)


@pytest.mark.parametrize(
    "weights",
    [[1, -1] * 30, [np.nan] * 60, [10**400] * 60, ["a"] * 60, [0] * 60, [1] * 59, [[1]] * 60,
     np.full(60, 1j), [None] * 60, {}, np.full(60, "a"), object()],
)  # fmt: skip
def test_weights_of_scores_are_those_of_fit(weights, data):
    model = KNNClassifier().fit(*data)
    for call in (model.fit, model.score):
        with pytest.raises(ValueError, match="sample_weight"):
            call(*data, sample_weight=weights)


def test_scores_with_the_largest_weights(data):
    """Their sum is infinite, their mean is not."""
    X, y = data
    weights = np.where(np.arange(60) < 30, 1e308, 5e307)
    model = KNNClassifier(1).fit(X, y)
    answers = np.where(np.arange(60) < 45, y, (y + 1) % 3)
    assert model.score(X, answers, weights) == pytest.approx(37.5 / 45, rel=1e-14)
    model = KNNClassifierCV((1, 3), cv=2)
    expected = model.fit(X, y, weights / 1e308).scores_
    np.testing.assert_allclose(model.fit(X, y, weights).scores_, expected, rtol=1e-14)


@pytest.mark.parametrize(
    "labels",
    [None, 3, 10**400, object(), [0] * 59, [0.5] * 60, [0, "a"] * 30, [None] * 60, [[0], [0, 1]],
     np.full(60, np.nan), np.ones((60, 2)), [[[0]]] * 60, ["a"] * 60, 1j * np.arange(60)],
)  # fmt: skip
def test_labels_to_score_are_named(labels, data):
    with pytest.raises((TypeError, ValueError), match=r"\by\b"):
        KNNClassifier().fit(*data).score(data[0], labels)
