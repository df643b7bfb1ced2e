"""Exact neighbours of hostile data: those of all distances, whichever search finds them."""

from contextlib import ExitStack
from unittest.mock import patch

import numpy as np
from fuzzing import fuzz
from hypothesis import strategies as st
from sklearn import config_context

from sk231n import KNNClassifier
from sk231n.neighbors import _index
from sk231n.neighbors._distances import Euclidean, Manhattan

HUGE = np.finfo(np.float64).max / 4
MAGNITUDES = [5e-324, 1e-318, 2.0**-1022, 1e-161, 1e-45, 1e-38, 1e-8, 1.0, 255.0, 1e8, 1e15, 1e38,
              1e154, 1e300]  # fmt: skip
FEATURES = [1, 2, 3, 5, 6, 8, 9, 12, 16, 27, 48, 64, 75, 192, 300, 768]
FLOATS = [np.float16, np.float32, np.float64]
INTEGERS = [
    np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, np.bool_,
]  # fmt: skip
EPS = np.finfo(np.float64).eps


def patterns(rng, n, d):
    """Rows of many kinds, of about unit size."""
    k = 1 + rng.integers(6)
    yield rng.normal(size=(n, d))
    yield rng.random((n, d))
    yield rng.integers(0, 2 + rng.integers(3), (n, d)).astype(float)  # ties everywhere
    yield rng.normal(size=(k, d))[rng.integers(k, size=n)]  # duplicates
    yield rng.normal(size=(k, d))[rng.integers(k, size=n)] + 1e-9 * rng.normal(size=(n, d))
    yield 1e6 + rng.normal(size=(n, d))  # far from the origin
    yield 2.0**40 + rng.integers(0, 3, (n, d))
    yield rng.normal(size=(n, d)) * (rng.random((n, d)) < 0.05)  # sparse
    yield np.ones((n, d)) * rng.normal()
    yield np.cumsum(rng.normal(size=(n, d)), axis=1) / np.sqrt(d)  # smooth, like images
    yield rng.normal(size=(n, 2)) @ rng.normal(size=(2, d))  # of low rank
    yield rng.standard_cauchy((n, d))  # with outliers
    yield np.eye(d)[rng.integers(d, size=n)] * rng.choice([1.0, -1.0], (n, 1))
    yield np.where(rng.random((n, 1)) < 0.5, 0.0, 1.0) + np.eye(d)[rng.integers(d, size=n)]
    yield np.arange(n)[:, np.newaxis] + np.zeros((n, d))
    yield rng.choice([0.0, -0.0, 1.0], (n, d))


N_PATTERNS = len(list(patterns(np.random.default_rng(0), 2, 1)))


@st.composite
def float_rows(draw):
    """Training rows and queries of floats, of any magnitude and of several at once."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, d = draw(st.integers(2, 160)), draw(st.sampled_from(FEATURES))
    n_queries = draw(st.integers(1, 24))
    chosen = draw(st.integers(0, N_PATTERNS - 1))
    rows = list(patterns(rng, n + n_queries, d))[chosen]
    with np.errstate(all="ignore"):
        rows = rows * draw(st.sampled_from(MAGNITUDES))
        if draw(st.booleans()):  # features in units of their own
            rows[:, rng.random(d) < 0.3] *= 2.0 ** draw(st.integers(-200, 200))
        if draw(st.booleans()):  # rows of other sizes
            rows[rng.random(len(rows)) < 0.2] *= 2.0 ** draw(st.integers(-200, 200))
        if draw(st.booleans()):
            rows[:, rng.random(d) < 0.5] = draw(st.sampled_from(MAGNITUDES))
        dtype = draw(st.sampled_from(FLOATS))
        largest = min(float(np.finfo(dtype).max) / 4, HUGE)
        rows = np.nan_to_num(rows, nan=1.0).clip(-largest, largest).astype(dtype)
    if draw(st.booleans()):  # queries among the training rows
        rows[n:] = rows[rng.integers(n, size=n_queries)]
    return rows[:n], rows[n:]


@st.composite
def integer_rows(draw):
    """Training rows and queries of integers of any width, up to the ends of their range."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, d = draw(st.integers(2, 160)), draw(st.sampled_from(FEATURES))
    n_queries = draw(st.integers(1, 24))
    dtypes = [draw(st.sampled_from(INTEGERS)) for _ in range(2)]
    same = draw(st.booleans())
    parts = []
    for size, dtype in ((n, dtypes[0]), (n_queries, dtypes[0] if same else dtypes[1])):
        info = np.iinfo(np.uint8 if dtype is np.bool_ else dtype)
        low, high = (0, 1) if dtype is np.bool_ else (int(info.min), int(info.max))
        # Sums of squares below 2**52 are exact.
        most = int(np.sqrt(2.0**52 / d) / 2)
        low, high = max(low, -most), min(high, most)
        kind = draw(st.integers(0, 4))
        if kind == 0:
            rows = rng.integers(low, high, (size, d), endpoint=True)
        elif kind == 1:
            rows = rng.choice([low, high], (size, d))
        elif kind == 2:
            rows = rng.choice([low, low + 1, high - 1, high], (size, 1)) + np.zeros((size, d), int)
        elif kind == 3:
            rows = low + np.minimum(rng.geometric(0.3, (size, d)), high - low)
        else:
            centre = np.clip(rng.integers(low, high, (3, d), endpoint=True), low + 1, high - 1)
            rows = centre[rng.integers(3, size=size)] + rng.integers(-1, 2, (size, d))
        parts.append(np.clip(rows, low, high).astype(dtype))
    return tuple(parts)


def distances_of_floats(metric, X, Q):
    """Each distance by its formula in float64, and how much rounding may change it."""
    X, Q = X.astype(np.float64), Q.astype(np.float64)
    with np.errstate(all="ignore"):
        if metric == "cosine":
            X, Q = (directions(rows) for rows in (X, Q))
            exact = np.stack([(((q - X) ** 2).sum(axis=1) / 2).astype(float) for q in Q])
            exact[:, ~X.any(axis=1)] = 1
            exact[~Q.any(axis=1)] = 1
            return exact, 16 * EPS * (np.sqrt(exact) + EPS) + 1e-13 * exact
        if metric == "euclidean":
            exact = np.stack([np.sqrt(((q - X) ** 2).sum(axis=1)) for q in Q])
        else:
            exact = np.stack([np.abs(q - X).sum(axis=1) for q in Q])
        return exact, 1e-13 * exact


def directions(rows):
    """Rows divided by their lengths, in long floats."""
    rows = rows.astype(np.longdouble)
    largest = np.abs(rows).max(axis=1, keepdims=True)
    rows = rows / np.where(largest == 0, 1, largest)
    lengths = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return rows / np.where(lengths == 0, 1, lengths)


def search(metric, X, Q, k, *, screened, n_jobs):
    """Distances and indices, from the search that the data would get if they were many."""
    with ExitStack() as stack:
        if screened:
            stack.enter_context(patch.object(_index, "_FEW_VALUES", 0))
            stack.enter_context(patch.object(_index, "_FEW_VALUES_TO_DEFER", 0))
            for kind in (Euclidean, Manhattan):
                stack.enter_context(patch.object(kind, "tree_features", 0))
        model = KNNClassifier(1, metric=metric, n_jobs=n_jobs).fit(X, np.zeros(len(X), int))
        return model.kneighbors(Q, k)


@fuzz(
    400,
    data=float_rows(),
    metric=st.sampled_from(["euclidean", "manhattan", "cosine"]),
    k=st.integers(1, 12),
    screened=st.booleans(),
)
def test_neighbors_of_floats(data, metric, k, screened):
    X, Q = data
    k = min(k, len(X))
    exact, tolerance = distances_of_floats(metric, X, Q)
    distances, indices = search(metric, X, Q, k, screened=screened, n_jobs=1)
    measured = np.take_along_axis(exact, indices, axis=1)
    allowed = np.take_along_axis(tolerance, indices, axis=1)
    with np.errstate(invalid="ignore"):
        close = (distances == measured) | (np.abs(distances - measured) <= allowed)
        assert close.all(), (distances, measured)
        assert (np.diff(distances, axis=1) >= 0)[np.isfinite(distances[:, 1:])].all()
    same = distances[:, 1:] == distances[:, :-1]
    assert (np.diff(indices, axis=1) > 0)[same].all()
    assert all(len(set(row)) == k for row in indices.tolist())
    farthest = np.sort(exact, axis=1)[:, k - 1]
    slack = np.take_along_axis(tolerance, np.argsort(exact, axis=1), axis=1)[:, k - 1]
    with np.errstate(invalid="ignore"):
        assert ((distances[:, -1] <= farthest + 2 * slack) | (distances[:, -1] == farthest)).all()


@fuzz(
    400,
    data=integer_rows(),
    metric=st.sampled_from(["euclidean", "manhattan"]),
    k=st.integers(1, 12),
    screened=st.booleans(),
)
def test_neighbors_of_integers(data, metric, k, screened):
    X, Q = data
    k = min(k, len(X))
    distances, indices = search(metric, X, Q, k, screened=screened, n_jobs=1)
    rows = X.astype(object)
    if X.dtype == bool:
        rows = X.astype(int).astype(object)
    for q, found, d in zip(Q.astype(int), indices, distances, strict=True):
        differences = np.abs(rows - q.astype(object))
        power = 2 if metric == "euclidean" else 1
        sums = (differences**power).sum(axis=1).astype(np.int64)
        order = np.lexsort((np.arange(len(X)), sums))[:k]
        np.testing.assert_array_equal(found, order)
        exact = sums[order].astype(float)
        np.testing.assert_array_equal(d, np.sqrt(exact) if power == 2 else exact)


@fuzz(
    100,
    data=st.one_of(float_rows(), integer_rows()),
    metric=st.sampled_from(["euclidean", "manhattan", "cosine"]),
    k=st.integers(1, 12),
    n_jobs=st.integers(2, 3),
    working_memory=st.sampled_from([0.01, 0.1, 1024]),
    seed=st.integers(0, 99),
)
def test_neighbors_are_the_same_in_any_order_and_on_any_number_of_threads(
    data, metric, k, n_jobs, working_memory, seed
):
    X, Q = data
    k = min(k, len(X))
    expected = search(metric, X, Q, k, screened=True, n_jobs=1)
    order = np.random.default_rng(seed).permutation(len(Q))
    with (
        config_context(working_memory=working_memory),
        patch.object(_index, "_FEW_QUERIES", 1),
        patch.object(_index, "_FEW_DIFFERENCES", 1),
    ):
        found = search(metric, np.asfortranarray(X), Q[order], k, screened=True, n_jobs=n_jobs)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b[order])
