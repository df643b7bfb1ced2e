"""Data of every magnitude: no screen loses a neighbour to a subnormal, huge or mixed number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import config_context

from sk231n import KNNClassifier, reference
from sk231n.neighbors import _index
from sk231n.neighbors._block_sums import BlockSumsScreen, Level, _block_sums
from sk231n.neighbors._distances import METRICS, Cosine, Euclidean, Manhattan, PairDistances
from sk231n.neighbors._exhaustive import ExhaustiveSearch
from sk231n.neighbors._index import find_neighbors, make_search
from sk231n.neighbors._search import ScreenedSearch
from sk231n.neighbors._tree import TreeSearch

TINY = 5e-324  # the smallest positive number; all others are multiples of it
LOOPS = {
    "euclidean": reference.distances_one_loop,
    "manhattan": reference.manhattan_distances,
    "cosine": reference.cosine_distances,
}


@pytest.fixture(autouse=True)
def bounds_always(monkeypatch):
    monkeypatch.setattr(_index, "_FEW_VALUES", 0)
    monkeypatch.setattr(_index, "_FEW_VALUES_TO_DEFER", 0)
    for metric in (Euclidean, Manhattan, Cosine):
        monkeypatch.setattr(metric, "tree_features", 0)


def sorted_pairs(metric, X, Q, k):
    """The k nearest by the exact distances of all pairs."""
    of_pairs = PairDistances(METRICS[metric], X, Q)
    everything = np.arange(len(X))
    table = np.array([of_pairs(np.full(len(X), i), everything) for i in range(len(Q))])
    order = np.argsort(table, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(table, order, axis=1), order


def assert_exact(metric, X, Q, k):
    """The neighbours are those of all distances, and the distances those of the formula."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        expected = sorted_pairs(metric, X, Q, k)
        made = make_search(metric, X, (1, X.shape[1]), k, 1)
        for search in (made, ExhaustiveSearch(METRICS[metric], X)):
            for a, b in zip(find_neighbors(search, Q, k, 1), expected, strict=True):
                np.testing.assert_array_equal(a, b)
        measured = np.take_along_axis(LOOPS[metric](Q, X), expected[1], axis=1)
    if metric != "cosine":  # for which the reference is not accurate at these magnitudes
        np.testing.assert_allclose(expected[0], measured, rtol=1e-14)


def test_sums_of_subnormal_numbers():
    d = 9
    far = np.full((800, d), 4585)
    far[np.arange(800), np.arange(800) % d] = 0
    near = np.full((400, d), 3640)
    near[:, 0] += 32767 - 3640 * 9
    X = np.concatenate([far, near]) * TINY
    model = KNNClassifier(3, metric="manhattan").fit(X, np.arange(1200) % 2)
    distances, indices = model.kneighbors(np.zeros((1, d)))
    np.testing.assert_array_equal(indices, [[800, 801, 802]])
    np.testing.assert_array_equal(distances, 32767 * TINY)


@st.composite
def units(draw):
    """A magnitude, from the smallest numbers to those whose sums are infinite."""
    return draw(
        st.one_of(
            st.integers(0, 20).map(lambda e: TINY * 2.0**e),
            st.integers(-1074, 1000).map(lambda e: 2.0**e),
            st.sampled_from([TINY, 2.0**-1022, 1e-318, 1e-161, 1e-45, 1e-38, 1e38, 1e154, 1e300]),
        )
    )


@st.composite
def rows_of_any_magnitude(draw):
    """Training rows in whole multiples of a unit, some features and rows in units of their own."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_features = draw(st.integers(1, 70))
    spread = draw(st.sampled_from([2, 100, 4585, 2**15, 2**17]))
    rows = rng.integers(-spread if draw(st.booleans()) else 0, spread, (150, n_features))
    if draw(st.booleans()):  # one of two corners, so that sums lie at both ends of their range
        rows = np.where(rng.random((150, 1)) < 0.5, rows.min(axis=0), rows.max(axis=0))
        rows[rng.integers(150, size=40), rng.integers(n_features, size=40)] = 0
    with np.errstate(over="ignore", under="ignore"):
        rows = rows * draw(units())
        if draw(st.booleans()):
            rows[:, rng.random(n_features) < 0.3] *= 2.0 ** draw(st.integers(-200, 200))
        if draw(st.booleans()):
            rows[rng.random(150) < 0.2] *= 2.0 ** draw(st.integers(-200, 200))
    most = np.finfo(np.float64).max / 4
    rows = rows.clip(-most, most)
    if draw(st.booleans()):
        rows = rows.clip(-1e38, 1e38).astype(np.float32)
    return rows[:130], rows[130:]


@pytest.mark.parametrize("metric", LOOPS)
@settings(max_examples=50, deadline=None, derandomize=True)
@given(data=rows_of_any_magnitude(), k=st.integers(1, 12))
def test_the_screens_that_data_get(metric, data, k):
    assert_exact(metric, *data, k)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=rows_of_any_magnitude(), k=st.integers(1, 12), n_levels=st.integers(1, 3))
def test_block_sums_of_every_size(data, k, n_levels):
    X, Q = data
    width = X.shape[1]
    shapes = [(1, -(-width // 2**i), 1) for i in (4, 2, 0)][-n_levels:]
    shapes = [shape for i, shape in enumerate(shapes) if shape not in shapes[:i]]
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        sums = _block_sums(X[:60], (1, width, 1), shapes)
        if not all(np.isfinite(np.ptp(part, axis=0).sum()) for part in sums):
            return
        levels = [
            Level(shape, part, coarsest=part is sums[0])
            for shape, part in zip(shapes, sums, strict=True)
        ]
        for level, part in zip(levels, sums, strict=True):
            codes = level.encode(np.stack([level.low, level.high])).astype(int)
            assert codes.min() >= 0
            assert (codes.sum() if part is sums[0] else codes.max()) < 2**15 - 1
        screen = BlockSumsScreen(X, (1, width, 1), levels, 1)
        search = ScreenedSearch(METRICS["manhattan"], X, screen)
        expected = sorted_pairs("manhattan", X, Q, k)
        for a, b in zip(find_neighbors(search, Q, k, 1), expected, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("metric", LOOPS)
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=rows_of_any_magnitude(), k=st.integers(1, 12))
def test_trees(metric, data, k):
    X, Q = (rows[:, :5] for rows in data)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        expected = sorted_pairs(metric, X, Q, k)
        found = find_neighbors(TreeSearch(METRICS[metric], X), Q, k, 1)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.uint32, np.uint64])
def test_whole_numbers_are_exact_while_their_sums_are(metric, dtype):
    """The sums are below 2**52, and some differ by one."""
    rng = np.random.default_rng(0)
    n_features = 12
    most = 2**24 if metric == "euclidean" else 2**31 - 1
    X = rng.integers(0, 2, (300, n_features)) + rng.choice([0, 1, most - 2], (300, 1))
    Q = rng.integers(0, 2, (20, n_features)) + rng.choice([0, most - 2], (20, 1))
    X, Q = X.astype(dtype), Q.astype(dtype)
    differences = np.abs(Q.astype(object)[:, np.newaxis] - X.astype(object))
    sums = (differences ** (2 if metric == "euclidean" else 1)).sum(axis=2)
    assert sums.max() < 2**52
    indices = KNNClassifier(40, metric=metric).fit(X, np.zeros(300)).kneighbors(Q)[1]
    for row, found in zip(sums, indices, strict=True):
        np.testing.assert_array_equal(found, np.lexsort((np.arange(300), row))[:40])


@pytest.mark.parametrize("metric", LOOPS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_jobs", [1, 3])
def test_sums_that_overflow_do_so_in_silence_on_every_thread(metric, dtype, n_jobs):
    """Warnings are errors here, and threads do not inherit the error state of their caller."""
    rng = np.random.default_rng(0)
    largest = float(np.finfo(dtype).max) / 4
    X = (rng.normal(size=(300, 200)).clip(-1, 1) * largest).astype(dtype)
    with config_context(working_memory=0.01):
        model = KNNClassifier(3, metric=metric, n_jobs=n_jobs).fit(X, np.arange(300) % 2)
        indices = model.kneighbors(X[:40])[1]
    assert (indices < 300).all()
    if metric == "cosine" or dtype == np.float32:
        np.testing.assert_array_equal(indices[:, 0], np.arange(40))
