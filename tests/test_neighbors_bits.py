"""The same bits for every number of threads, joblib backend, memory layout and order of queries."""

from functools import cache

import numpy as np
import pytest
from joblib import Parallel, delayed, parallel_config
from sklearn import config_context
from threadpoolctl import threadpool_limits

from sk231n import KNNClassifier, KNNClassifierCV, reference
from sk231n.datasets import make_shapes
from sk231n.neighbors import _index

METRICS = ["euclidean", "manhattan", "cosine"]
KINDS = ["bytes", "float32", "float64", "few features"]
N_SAMPLES, N_QUERIES = 300, 40


@pytest.fixture(scope="module")
def data():
    """Training data, labels, weights and queries of every kind, with duplicates and ties."""
    shapes = make_shapes(N_SAMPLES + N_QUERIES, random_state=0)
    images = shapes.images[:, ::4, ::4].reshape(len(shapes.images), -1)
    images[250:280] = images[100:130]
    images[N_SAMPLES : N_SAMPLES + 20] = images[:20]
    floats = images / 255 + np.random.default_rng(0).normal(scale=0.05, size=images.shape)
    kinds = {
        "bytes": images,
        "float32": floats.astype(np.float32),
        "float64": floats,
        "few features": floats[:, 40:43] * [1.0, 1e-3, 1e3],  # searched by a k-d tree
    }
    sample_weight = np.random.default_rng(1).uniform(0.1, 3, N_SAMPLES)
    return {
        kind: (rows[:N_SAMPLES], shapes.target[:N_SAMPLES], sample_weight, rows[N_SAMPLES:])
        for kind, rows in kinds.items()
    }


@pytest.fixture(scope="module")
def usual(data):
    """Function that returns all outputs for one kind of data, and computes them once."""
    return cache(lambda metric, kind: everything(*data[kind], metric=metric))


@pytest.fixture(autouse=True)
def threads_and_bounds_always(monkeypatch):
    """Use threads and bounds for the small data of these tests, too."""
    monkeypatch.setattr(_index, "_FEW_QUERIES", 1)
    monkeypatch.setattr(_index, "_FEW_DIFFERENCES", 1)
    monkeypatch.setattr(_index, "_FEW_VALUES", 0)
    monkeypatch.setattr(_index, "_FEW_VALUES_TO_DEFER", 0)
    monkeypatch.setattr(_index, "_TREE_SAMPLES", 100)


def row_shares(distances):
    """Weights that depend on a sum over all neighbours, and so on its order."""
    return 1 - distances / (1e-9 + 2 * distances.sum(axis=1, keepdims=True))


def everything(X, y, sample_weight, Q, **arguments):
    """All outputs of a classifier."""
    found = []
    for weights, fit_weight in (
        ("distance", None),
        ("distance", sample_weight),
        (row_shares, None),
    ):
        model = KNNClassifier(7, weights=weights, class_weight="balanced", **arguments)
        model.fit(X, y, fit_weight)
        found += [model.predict_proba(Q), model.predict_proba(None)]
    return [*found, *model.kneighbors(Q, 30)]


def chosen(X, y, sample_weight, **arguments):
    grid = KNNClassifierCV((1, 3, 8), cv=3, weights="distance", scoring="neg_log_loss", **arguments)
    return [grid.fit(X, y, fit_weight).scores_ for fit_weight in (None, sample_weight)]


def assert_same(found, expected):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("metric", METRICS)
def test_number_of_threads(metric, kind, data):
    expected = everything(*data[kind], metric=metric, n_jobs=1)
    for n_jobs in (2, 3, 5):
        assert_same(everything(*data[kind], metric=metric, n_jobs=n_jobs), expected)
    with threadpool_limits(1, user_api="blas"):
        assert_same(everything(*data[kind], metric=metric), expected)


@pytest.mark.parametrize("kind", ["bytes", "few features"])
def test_scores_of_cross_validation(kind, data):
    expected = chosen(*data[kind][:3], n_jobs=1)
    for n_jobs in (2, 5):
        assert_same(chosen(*data[kind][:3], n_jobs=n_jobs), expected)
    with config_context(working_memory=0.3):
        assert_same(chosen(*data[kind][:3]), expected)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_backends(backend, data):
    """Within a worker, and around the search."""
    expected = everything(*data["float64"], n_jobs=1)
    with parallel_config(backend=backend, n_jobs=2):
        assert_same(everything(*data["float64"]), expected)
        assert_same(Parallel()([delayed(everything)(*data["float64"])])[0], expected)


@pytest.mark.parametrize("metric", [*METRICS, reference.distances_no_loop])
@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_threads_of_blas(n_threads, metric, data):
    """This includes metrics of the user's that multiply matrices."""
    X, y, sample_weight, Q = data["float64"]
    with threadpool_limits(1, user_api="blas"):
        expected = everything(X, y, sample_weight, Q, metric=metric)
    with threadpool_limits(n_threads, user_api="blas"):
        assert_same(everything(X, y, sample_weight, Q, metric=metric), expected)


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def strided(X):
    return np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3]


def backwards(X):
    return np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1]


def swapped_bytes(X):
    return X.astype(X.dtype.newbyteorder())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "convert",
    [np.asfortranarray, read_only, strided, backwards, swapped_bytes, "memmap", list],
    ids=lambda convert: getattr(convert, "__name__", convert),
)
def test_layouts(convert, kind, data, usual, tmp_path):
    X, y, sample_weight, Q = data[kind]
    if convert == "memmap":
        np.save(tmp_path / "X.npy", X)
        as_stored, as_asked = np.load(tmp_path / "X.npy", mmap_mode="r"), Q
    else:
        as_stored, as_asked = convert(X), convert(Q)
    for metric in METRICS:
        found = everything(as_stored, y, sample_weight, as_asked, metric=metric)
        assert_same(found, usual(metric, kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("metric", METRICS)
def test_order_and_company_of_queries(metric, kind, data):
    X, y, sample_weight, Q = data[kind]
    order = np.random.default_rng(0).permutation(len(Q))
    for weights in ("distance", row_shares):
        model = KNNClassifier(7, metric=metric, weights=weights).fit(X, y, sample_weight)
        expected = model.predict_proba(Q)
        for part in (order, order[:1], slice(None, None, -7), np.repeat(order[:3], 40)):
            np.testing.assert_array_equal(model.predict_proba(Q[part]), expected[part])


@pytest.mark.parametrize("kind", ["bytes", "few features"])
@pytest.mark.parametrize("metric", METRICS)
def test_working_memory(metric, kind, data, usual):
    expected = usual(metric, kind)
    for working_memory in (0.3, 4096):
        with config_context(working_memory=working_memory):
            assert_same(everything(*data[kind], metric=metric), expected)


def test_more_memory_changes_nothing_for_a_metric_of_the_users(data):
    X, y, sample_weight, Q = data["float64"]
    expected = everything(X, y, sample_weight, Q, metric=reference.distances_no_loop)
    with config_context(working_memory=16_384):
        found = everything(X, y, sample_weight, Q, metric=reference.distances_no_loop)
    assert_same(found, expected)
