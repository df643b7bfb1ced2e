"""KNNClassifier keeps within scikit-learn's working_memory with any data and any search."""

import tracemalloc

import numpy as np
import pytest
from sklearn import config_context

from sk231n import KNNClassifier, KNNClassifierCV, reference

MEBIBYTE = 2**20
OTHERS = MEBIBYTE  # labels, objects, results
METRICS = ["euclidean", "manhattan", "cosine"]


@pytest.fixture(scope="module")
def smooth():
    """Images of bytes for which bounds leave few candidates: training data and queries."""
    rng = np.random.default_rng(0)
    images = 40 * rng.normal(size=(4500, 12)) @ rng.normal(size=(12, 768)) + 128
    images = images.clip(0, 255).astype(np.uint8)
    return images[:4000], images[4000:]


@pytest.fixture(scope="module")
def noise():
    """Images of bytes at nearly equal distances from each other."""
    images = np.random.default_rng(0).integers(0, 256, (4100, 768), np.uint8)
    return images[:4000], images[4000:]


def measure(function, *args):
    """Result of a call, the bytes that stay allocated, and how many more it needed."""
    tracemalloc.start()
    try:
        result = function(*args)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return result, kept, peak - kept


def labels(X):
    return np.arange(len(X)) % 10


@pytest.mark.parametrize(("working_memory", "n_jobs"), [(64, 1), (64, 2), (8, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("kind", ["smooth", "noise"])
@pytest.mark.parametrize("metric", METRICS)
def test_fit_and_predict(working_memory, metric, kind, dtype, n_jobs, request):
    X, Q = (part.astype(dtype) for part in request.getfixturevalue(kind))
    model = KNNClassifier(metric=metric, n_jobs=n_jobs)
    with config_context(working_memory=working_memory):
        _, kept, more = measure(model.fit, X, labels(X))
        assert kept <= X.size + OTHERS  # reduced copies, not the training data again
        assert more <= working_memory * MEBIBYTE + OTHERS
        _, _, more = measure(model.predict, Q[:200])
        assert more <= working_memory * MEBIBYTE + OTHERS


def test_duplicates(smooth):
    """All training rows are candidates."""
    X, Q = np.repeat(smooth[0][:1], 4000, axis=0), smooth[1][:40]
    for metric in METRICS:
        model = KNNClassifier(metric=metric, n_jobs=1).fit(X, labels(X))
        with config_context(working_memory=64):
            assert measure(model.predict, Q)[2] <= 64 * MEBIBYTE + OTHERS


@pytest.mark.parametrize("metric", METRICS)
def test_ties_in_few_dimensions(metric):
    """Thousands of training rows are at the distance of the last neighbour."""
    rng = np.random.default_rng(0)
    X, Q = (rng.integers(1, 4, (n, 2)).astype(np.float64) for n in (9000, 400))
    model = KNNClassifier(metric=metric, n_jobs=1).fit(X, labels(X))
    with config_context(working_memory=16):
        (distances, indices), _, more = measure(model.kneighbors, Q)
    assert more <= 16 * MEBIBYTE + OTHERS
    copies = [np.flatnonzero((q == X).all(axis=1))[:5] for q in Q]
    if metric != "cosine":  # where other rows lie in the same direction
        np.testing.assert_array_equal(indices, copies)
    np.testing.assert_allclose(distances, 0, atol=1e-15)


@pytest.mark.parametrize("n_features", [2, 300])
def test_votes_of_many_neighbors(n_features):
    """A million votes are counted in blocks of queries."""
    rng = np.random.default_rng(0)
    X, Q = rng.normal(size=(1000, n_features)), rng.normal(size=(2000, n_features))
    model = KNNClassifier(500, n_jobs=1).fit(X, labels(X))
    for method in (model.predict, model.predict_proba):
        with config_context(working_memory=8):
            assert measure(method, Q)[2] <= 8 * MEBIBYTE + OTHERS


def test_metrics_of_the_user(smooth):
    """They get one copy of the training data in float64."""
    X, Q = smooth
    model = KNNClassifier(metric=reference.distances_no_loop).fit(X[:500], labels(X[:500]))
    with config_context(working_memory=8):
        more = measure(model.predict, Q)[2]
    # The function itself turns the queries into float64, and needs some matrices of distances.
    assert more <= 8 * X[:500].size + 2 * 8 * Q.size + 8 * MEBIBYTE + OTHERS


@pytest.mark.parametrize("metric", METRICS)
def test_cross_validation(metric, smooth):
    """One fold at a time is copied, and the copy is not kept."""
    X = smooth[0][:2000]
    model = KNNClassifierCV((1, 5), cv=3, metric=metric, n_jobs=1)
    with config_context(working_memory=8):
        _, kept, more = measure(model.fit, X, labels(X))
    assert kept <= X.nbytes + OTHERS
    assert more <= 2 * X.nbytes + 8 * MEBIBYTE + OTHERS


@pytest.mark.parametrize("kind", ["smooth", "noise"])
@pytest.mark.parametrize("metric", METRICS)
def test_neighbors_of_which_there_are_many(metric, kind, request):
    """The result does not count, but what is needed to find and to sort it does."""
    X, Q = (part[:, :64] for part in request.getfixturevalue(kind))
    model = KNNClassifier(3000, metric=metric, n_jobs=2).fit(X, labels(X))
    for method in (model.kneighbors, model.predict, model.predict_proba):
        with config_context(working_memory=8):
            result, _, more = measure(method, np.repeat(Q[:50], 3, axis=0))
        results = sum(part.nbytes for part in result) if isinstance(result, tuple) else 0
        assert more <= 8 * MEBIBYTE + results + OTHERS


@pytest.mark.parametrize("weighted", [False, True])
def test_leave_one_out(weighted):
    X = np.random.default_rng(0).normal(size=(4000, 40))
    weight = np.arange(4000) % 3 if weighted else None
    model = KNNClassifier(500, weights="distance", class_weight="balanced", n_jobs=2)
    model.fit(X, labels(X), weight)
    with config_context(working_memory=16):
        assert measure(model.predict, None)[2] <= 16 * MEBIBYTE + OTHERS
