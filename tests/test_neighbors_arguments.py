"""Arguments of the nearest-neighbour classifiers: misspelt names, bools, endless numbers."""

import numpy as np
import pytest

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
    objects[3, 2] = 10**30  # which fits
    as_float = objects.astype(np.float64)
    model = estimator().fit(objects, y)
    np.testing.assert_array_equal(model.predict_proba(objects), model.predict_proba(as_float))
