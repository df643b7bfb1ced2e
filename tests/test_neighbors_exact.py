"""Neighbours are exact: compared with exact arithmetic, plain loops, and among all searches."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from joblib import parallel_config
from sklearn import config_context

from sk231n import KNNClassifier, reference
from sk231n.datasets import make_shapes
from sk231n.neighbors import (
    _block_sums,
    _distances,
    _euclidean_screen,
    _exhaustive,
    _index,
    _manhattan_screen,
    _projection,
    _search,
    _tree,
)
from sk231n.neighbors._block_sums import BlockSumsScreen, Level
from sk231n.neighbors._distances import METRICS, PairDistances
from sk231n.neighbors._euclidean_screen import EuclideanScreen
from sk231n.neighbors._exhaustive import ExhaustiveSearch
from sk231n.neighbors._index import find_neighbors, make_search, prepare_search
from sk231n.neighbors._manhattan_screen import ManhattanScreen
from sk231n.neighbors._rescaling import fit_rescaling
from sk231n.neighbors._rows import compact
from sk231n.neighbors._search import ScreenedSearch
from sk231n.neighbors._selection import nearest_of_all, nearest_of_pairs
from sk231n.neighbors._tree import TreeSearch

LOOPS = {
    "euclidean": reference.distances_two_loops,
    "manhattan": reference.manhattan_distances,
    "cosine": reference.cosine_distances,
}
INTEGERS = [np.bool_, np.uint8, np.int8, np.uint16, np.int16, np.int64]
FLOATS = [np.float16, np.float32, np.float64]
IMAGE_SHAPES = [
    (1, 1),
    (1, 5),
    (2, 2),
    (7, 9),
    (1, 200),
    (8, 8, 3),
    (5, 3, 2),
    (13, 1),
    (16, 16, 3),
]
SMALL_SHAPES = [shape for shape in IMAGE_SHAPES if math.prod(shape) < 50]
# NumPy adds 768 terms in 8 running sums for each 128 of them, then pairs of sums: 21 additions one
# after the other. With differences, squares and the root, there are at most 25 roundings of 2^-53.
RTOL = 25 * 2.0**-53
COSINE_ATOL = 2e-15
ATOL = 1e-160  # where squares are below the smallest float64


# ------------------------------------------------------------------------------------ drawn data


def integers(rng, shape, dtype):
    """Values over the whole range of the type; of int64, a range whose squares add up exactly."""
    if dtype == np.bool_:
        return rng.random(shape) < 0.5
    ends = (-(10**6), 10**6) if dtype == np.int64 else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return rng.integers(*ends, shape, dtype, endpoint=True)


def few_integers(rng, shape, dtype):
    return rng.choice([0, 0, 1, 3], shape)


def normal(rng, shape, dtype):
    return rng.normal(size=shape)


def far_from_the_origin(rng, shape, dtype):
    """Values for which a**2 + b**2 - 2 a b has no correct digit."""
    return {2: 2.0**6, 4: 1e6, 8: 1e12}[np.dtype(dtype).itemsize] + rng.normal(size=shape)


def signed_powers(rng, shape, low, high):
    return rng.choice([-1, 1], shape) * 10.0 ** rng.uniform(low, high, shape)


def any_magnitude(rng, shape, dtype):
    ends = np.finfo(dtype)
    low, high = (np.log10(float(end)) for end in (ends.smallest_subnormal, ends.max))
    return signed_powers(rng, shape, low, high - 0.1)


def finite_squares(rng, shape, dtype):
    if dtype == np.float64:
        return signed_powers(rng, shape, -150, 150)
    return any_magnitude(rng, shape, dtype)


def subnormal(rng, shape, dtype):
    return rng.integers(-50_000, 50_000, shape) * float(np.finfo(dtype).smallest_subnormal)


def overflowing(rng, shape, dtype):
    """Differences of which some are infinite."""
    return rng.uniform(-1, 1, shape) * float(np.finfo(dtype).max)


def nearly_flat(rng, shape, dtype):
    """Close to a few axes, as images are close to their principal directions."""
    return rng.normal(size=shape) * 10.0 ** rng.choice([-4, -3, -2, 2, 3], shape[1])


def constant(rng, shape, dtype):
    return np.full(shape, rng.normal())


KINDS_OF_INTEGERS = [integers, few_integers]
KINDS_OF_FLOATS = [
    normal,
    few_integers,
    far_from_the_origin,
    nearly_flat,
    any_magnitude,
    finite_squares,
    subnormal,
    overflowing,
    constant,
]


def make_rows(rng, kind, shape, dtype):
    with np.errstate(over="ignore"):
        return kind(rng, shape, dtype).astype(dtype)


@st.composite
def samples(draw, dtypes, image_shapes=IMAGE_SHAPES, max_samples=40, max_queries=8):
    """Training rows, queries of the same type, some of them near, and the shape of the images."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    dtype, image_shape = draw(st.sampled_from(dtypes)), draw(st.sampled_from(image_shapes))
    kind = draw(st.sampled_from(KINDS_OF_FLOATS if dtype in FLOATS else KINDS_OF_INTEGERS))
    n_samples = draw(st.integers(1, max_samples))
    n_queries = draw(st.integers(1, max_queries))
    rows = make_rows(rng, kind, (n_samples + n_queries, math.prod(image_shape)), dtype)
    X, Q = rows[:n_samples], rows[n_samples:]
    if draw(st.booleans()):  # many duplicates
        X = X[rng.integers(max(1, n_samples // 4), size=n_samples)]
    if draw(st.booleans()):
        X[rng.integers(n_samples)] = 0
    near, size = rng.random(n_queries) < 0.5, draw(st.sampled_from([0, 1e-6, 1e-3, 0.1]))
    Q[near] = moved(rng, X[rng.integers(n_samples, size=n_queries)], size)[near]
    return X, Q, image_shape


def moved(rng, rows, size):
    """Rows near the given ones: some values changed by about a share of the row's largest."""
    here = rng.random(rows.shape) < 0.5
    if rows.dtype not in FLOATS:
        return np.where(here & (size > 0), rows ^ 1, rows)
    ends = np.finfo(rows.dtype)
    with np.errstate(over="ignore"):
        steps = np.abs(rows).max(axis=1, keepdims=True) * size * rng.normal(size=rows.shape)
        changed = (rows + steps).clip(ends.min, ends.max)
    return np.where(here, changed, rows).astype(rows.dtype)


# -------------------------------------------------------------------------------------- the truth


def as_multiples(rows):
    """Rows of Python's integers: the values as multiples of 2**-1074, exactly."""
    ratios = [[float(value).as_integer_ratio() for value in row] for row in rows]
    return [[p * (2**1074 // q) for p, q in row] for row in ratios]


def divided(p, q):
    """The nearest float64 to p / q."""
    try:
        return p / q
    except OverflowError:
        return math.inf


def true_euclidean(a, b):
    root = math.isqrt(sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) << 128)
    return divided(root, 2 ** (1074 + 64)) if root < 2 ** (512 + 1074 + 64) else math.inf


def true_manhattan(a, b):
    return divided(sum(abs(x - y) for x, y in zip(a, b, strict=True)), 2**1074)


def true_cosine(a, b):
    squares = sum(x * x for x in a) * sum(x * x for x in b)
    if not squares:
        return 1.0
    product = sum(x * y for x, y in zip(a, b, strict=True))
    length = math.isqrt(squares << 256)
    return (length - (product << 128)) / length


TRUTH = {"euclidean": true_euclidean, "manhattan": true_manhattan, "cosine": true_cosine}


def true_distances(metric, Q, X):
    Q, X = as_multiples(Q), as_multiples(X)
    return np.array([[TRUTH[metric](q, x) for x in X] for q in Q])


def assert_ordered(distances, indices):
    """Neighbours are ordered by (distance, index), and none occurs twice."""
    before, after = distances[:, :-1], distances[:, 1:]
    assert ((before < after) | ((before == after) & (indices[:, :-1] < indices[:, 1:]))).all()
    assert all(len(set(row)) == len(row) for row in indices)


def neighbors(X, Q, k, metric, image_shape=None, **kwargs):
    shape = image_shape or (X.shape[1],)
    model = KNNClassifier(k, metric=metric, **kwargs)
    with np.errstate(invalid="ignore"):  # scikit-learn adds all values to see if they are finite
        model.fit(X.reshape(-1, *shape), np.zeros(len(X)))
        return model.kneighbors(Q.reshape(-1, *shape))


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_integers_are_exact(metric, data):
    X, Q, image_shape = data.draw(samples(INTEGERS))
    k = data.draw(st.integers(1, len(X)))
    distances, indices = neighbors(X, Q, k, metric, image_shape)
    expected = reference.nearest_neighbors(Q, X, k, LOOPS[metric])
    np.testing.assert_array_equal(distances, expected[0])
    np.testing.assert_array_equal(indices, expected[1])


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_floats_are_the_truth_but_for_rounding(metric, data):
    X, Q, image_shape = data.draw(samples(FLOATS, SMALL_SHAPES, 20, 4))
    truth = true_distances(metric, Q, X)
    distances, indices = neighbors(X, Q, len(X), metric, image_shape)
    assert_ordered(distances, indices)
    found = np.take_along_axis(truth, indices, axis=1)
    np.testing.assert_allclose(distances, found, rtol=RTOL, atol=ATOL)
    k = data.draw(st.integers(1, len(X)))
    distances, indices = neighbors(X, Q, k, metric, image_shape)
    assert_ordered(distances, indices)
    np.testing.assert_allclose(distances, np.sort(truth, axis=1)[:, :k], rtol=RTOL, atol=ATOL)
    found = np.take_along_axis(truth, indices, axis=1)
    np.testing.assert_allclose(distances, found, rtol=RTOL, atol=ATOL)


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_cosine_is_the_truth_but_for_rounding(data):
    X, Q, image_shape = data.draw(samples([*INTEGERS, *FLOATS], SMALL_SHAPES, 20, 4))
    truth = true_distances("cosine", Q, X)
    k = data.draw(st.integers(1, len(X)))
    distances, indices = neighbors(X, Q, k, "cosine", image_shape)
    assert_ordered(distances, indices)
    found = np.take_along_axis(truth, indices, axis=1)
    np.testing.assert_allclose(distances, found, rtol=0, atol=COSINE_ATOL)
    np.testing.assert_allclose(distances, np.sort(truth)[:, :k], rtol=0, atol=COSINE_ATOL)
    zero = ~X[indices].any(axis=2) | ~Q.any(axis=1)[:, np.newaxis]
    np.testing.assert_allclose(distances[zero], 1, rtol=0, atol=COSINE_ATOL)


def test_cosine_knows_no_length():
    rng = np.random.default_rng(0)
    X, Q = rng.normal(size=(30, 7)), rng.normal(size=(5, 7))
    expected = neighbors(X, Q, 30, "cosine")
    for factor in (2.0**-900, 2.0**900):
        distances, indices = neighbors(X * factor, Q / factor, 30, "cosine")
        np.testing.assert_array_equal(distances, expected[0])
        np.testing.assert_array_equal(indices, expected[1])
    # Directions that differ by a hundred-millionth: 1 - cos has no digit left, the distance has 7.
    near = neighbors(np.array([[1.0, 1e-8]]), np.array([[1.0, 0.0]]), 1, "cosine")[0]
    np.testing.assert_allclose(near, 0.5e-16, rtol=1e-7)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
@pytest.mark.parametrize(("dtype", "offset"), [(np.float32, 1e6), (np.float64, 1e12)])
def test_an_offset_changes_nothing(metric, dtype, offset):
    """With values on a grid, so that neither distances nor the offset are rounded."""
    rng = np.random.default_rng(0)
    X, Q = (rng.integers(0, 16, (n, 12)).astype(dtype) / 8 for n in (300, 40))
    expected = neighbors(X, Q, 9, metric)
    distances, indices = neighbors(X + dtype(offset), Q + dtype(offset), 9, metric)
    np.testing.assert_array_equal(distances, expected[0])
    np.testing.assert_array_equal(indices, expected[1])
    assert np.array_equal(expected[1], reference.nearest_neighbors(Q, X, 9, LOOPS[metric])[1])


@pytest.mark.parametrize("metric", METRICS)
def test_equal_rows_are_at_distance_zero_in_order_of_index(metric):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(5, 20)) * 1e5
    copies = rng.integers(5, size=400)
    distances, indices = neighbors(rows[copies], rows, 30, metric)
    np.testing.assert_array_equal(distances, 0)
    for row, found in enumerate(indices):
        np.testing.assert_array_equal(found, np.flatnonzero(copies == row)[:30])


# --------------------------------------------------------------------------- every search alike


@st.composite
def screens(draw, metric, X, image_shape):
    """All screens for a metric, by name, fitted to some of the rows.

    They must also be right for the other rows, however far away these are.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    some = X[: draw(st.integers(1, len(X)))]
    rescaling = fit_rescaling(METRICS[metric], some)
    if metric != "manhattan":
        vectors = METRICS[metric].vectors(some, of_queries=0)
        bases = [None, *draw_bases(draw, vectors, rng)]
        return [
            (f"basis {i}", EuclideanScreen(METRICS[metric], X, rescaling, basis, 1))
            for i, basis in enumerate(bases)
        ]
    found = [("float32", ManhattanScreen(X, rescaling, 1))]
    for n_levels in (1, 2, 3):
        levels = draw_levels(draw, some, image_shape, n_levels)
        if levels:
            screen = BlockSumsScreen(X, (*image_shape, 1)[:3], levels, 1)
            found.append((f"sums {[level.shape for level in levels]}", screen))
    return found


def draw_bases(draw, vectors, rng):
    """Principal directions, if the vectors have any, and directions that are not orthogonal."""
    vectors, numbers = vectors.astype(np.float64), st.integers(1, min(vectors.shape[1], 40))
    found = [rng.normal(size=(vectors.shape[1], draw(numbers)))]
    with np.errstate(over="ignore"):
        squares = np.sum(vectors**2)
    if np.isfinite(squares):
        directions = np.linalg.svd(vectors, full_matrices=False)[2].T
        found.extend(directions[:, :n] for n in draw(st.sets(numbers, min_size=1, max_size=3)))
    return [basis / np.linalg.norm(basis, 2) / (1 + 1e-12) for basis in found]


def draw_levels(draw, some, image_shape, n_levels):
    """Levels of block sums; None if there are too few, or if ranges of sums are not finite."""
    grids = [(*image_shape, 1)[:3]]
    while max(grids[-1][:2]) > 1:
        h, w, c = grids[-1]
        grids.append((-(-h // 2), w, c) if h >= w else (h, -(-w // 2), c))
    if n_levels > len(grids):
        return None
    picked = draw(st.sets(st.sampled_from(grids), min_size=n_levels, max_size=n_levels))
    shapes = sorted(picked, key=math.prod)
    with np.errstate(over="ignore", invalid="ignore"):
        sums = _block_sums._block_sums(some, grids[0], shapes)
        if not all(np.isfinite(np.ptp(part, axis=0).sum()) for part in sums):
            return None
        return [
            Level(shape, part, coarsest=part is sums[0])
            for shape, part in zip(shapes, sums, strict=True)
        ]


@st.composite
def sizes(draw):
    """Sizes of blocks, groups and buffers, which may change the time but not the result."""
    return [
        (_search, "_GROUPS_PER_TILE", draw(st.sampled_from([2, 8, 256]))),
        (_search, "_MOST_MEMBERS", draw(st.sampled_from([1, 3, 16]))),
        (_search, "_MOST_QUERIES", draw(st.sampled_from([1, 3, 256]))),
        (_search, "_PAIRS_PER_BLOCK", draw(st.sampled_from([1, 20, 2**19]))),
        (_block_sums, "_PAIRS_PER_BLOCK", draw(st.sampled_from([1, 7, 1024]))),
        (_block_sums, "_ROWS_PER_BLOCK", draw(st.sampled_from([1, 10, 512]))),
        (_euclidean_screen, "_ROWS_PER_BLOCK", draw(st.sampled_from([1, 10, 256]))),
        (_manhattan_screen, "_NUMBERS_PER_BLOCK", draw(st.sampled_from([1, 100, 2**20]))),
        (_exhaustive, "_MOST_QUERIES", draw(st.sampled_from([1, 3, 256]))),
        (_tree, "_MOST_QUERIES", draw(st.sampled_from([1, 3, 4096]))),
        (_index, "_FEW_QUERIES", draw(st.sampled_from([1, 32]))),
        (_index, "_FEW_DIFFERENCES", 1),
        (_distances, "_BUFFER_BYTES", draw(st.sampled_from([1, 3000, 2**22]))),
    ]


@st.composite
def stored(draw, **kwargs):
    """Samples as the searches get them; queries may have another type."""
    X, Q, image_shape = draw(samples([*INTEGERS, *FLOATS, np.float32], **kwargs))
    if Q.dtype != np.float64 and draw(st.booleans()):
        rng = np.random.default_rng(draw(st.integers(0, 2**32)))
        Q = Q + rng.choice([0.0, 0.5, 0.9, -0.3, 300.25], Q.shape)
        with np.errstate(over="ignore", under="ignore"):
            Q = Q.astype(draw(st.sampled_from([np.float32, np.float64])))
    return compact(X), compact(Q), image_shape


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_every_search_finds_the_same(metric, data):
    X, Q, image_shape = data.draw(stored(max_samples=100))
    k = data.draw(st.integers(1, len(X)))
    expected = exhaustive(metric, X, Q, k)
    assert_ordered(*expected)
    with pytest.MonkeyPatch.context() as patch:
        for module, name, size in data.draw(sizes()):
            patch.setattr(module, name, size)
        searches = [
            ("exhaustive", ExhaustiveSearch(METRICS[metric], X)),
            ("tree", TreeSearch(METRICS[metric], X)),
        ]
        for name, screen in data.draw(screens(metric, X, image_shape)):
            searches.append((name, ScreenedSearch(METRICS[metric], X, screen)))
        for name, search in searches:
            n_jobs = data.draw(st.sampled_from([1, 2, 3, None]))
            with config_context(working_memory=data.draw(st.sampled_from([1e-3, 0.1, 1024]))):
                distances, indices = find_neighbors(search, Q, k, n_jobs)
            np.testing.assert_array_equal(distances, expected[0], err_msg=name)
            np.testing.assert_array_equal(indices, expected[1], err_msg=name)


def assert_nothing_lost(metric, screen, X, Q, name=None):
    """No score exceeds the limit for the distance of its pair; a NaN is within every limit."""
    everything = np.arange(len(Q))
    with np.errstate(over="ignore", invalid="ignore"):
        pairs = np.indices((len(Q), len(X))).reshape(2, -1)
        distances = PairDistances(METRICS[metric], X, Q)(*pairs).reshape(len(Q), len(X))
        codes = screen.encode(Q)
        scores = np.empty((len(Q), len(X)), screen.dtype)
        screen.scores(codes, slice(0, len(X)), out=scores)
        largest = np.inf if scores.dtype.kind == "f" else np.iinfo(scores.dtype).max
        assert not (scores == largest).any(), name  # because it marks excluded rows
        for j, radii in enumerate(distances.T):
            assert not (scores[:, j] > screen.limits(codes, radii)).any(), name
            queries, samples = screen.prune(codes, radii, everything, np.full(len(Q), j))
            np.testing.assert_array_equal(queries, everything, err_msg=name)
            np.testing.assert_array_equal(samples, j, err_msg=name)


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_screen_loses_a_neighbor(metric, data):
    X, Q, image_shape = data.draw(stored(max_samples=30))
    for name, screen in data.draw(screens(metric, X, image_shape)):
        assert_nothing_lost(metric, screen, X, Q, name)


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
@pytest.mark.parametrize("offset", [0, 3000])
def test_no_neighbor_is_lost_near_the_plane_of_a_projection(metric, dtype, offset):
    """The distance from the plane is the root of a difference of nearly equal numbers."""
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    for height in (0.0, 1e-4, 1e-2, 1.0):
        X, Q = (rng.normal(size=(n, 6)) * [1000, 1000, 1000, 1000, 1000, height] for n in (60, 20))
        Q[:, 5] = rng.normal(size=20) * 10.0 ** rng.uniform(-4, 3, 20)
        Q[::2, :5] = X[:10, :5]
        X, Q = ((rows @ axes.T + offset).astype(dtype) for rows in (X, Q))
        rescaling = fit_rescaling(METRICS[metric], X)
        basis = np.zeros((len(rescaling.centre), 5))
        basis[:6] = axes[:, :5] / (1 + 1e-12)
        screen = EuclideanScreen(METRICS[metric], compact(X), rescaling, basis, 1)
        assert_nothing_lost(metric, screen, compact(X), compact(Q))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_of_fractions_are_not_those_of_integers(dtype):
    """Block sums of bytes are integers, but those of the queries need not be."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 9, (40, 64), np.uint8)
    Q = (X[:20] + rng.choice([-0.1, 0.9], (20, 1)) * (rng.random((20, 64)) < 0.1)).astype(dtype)
    for shapes in ([(1, 1, 1)], [(8, 8, 1)], [(1, 1, 1), (4, 4, 1)]):
        sums = _block_sums._block_sums(X, (8, 8, 1), shapes)
        levels = [Level(shapes[i], sums[i], coarsest=i == 0) for i in range(len(shapes))]
        screen = BlockSumsScreen(X, (8, 8, 1), levels, 1)
        assert_nothing_lost("manhattan", screen, X, Q)


def test_sums_of_many_large_integers():
    """The sum over 256 x 256 pixels of 16 bits needs 32 bits without a sign."""
    X = np.full((2, 2048 * 2048), 2**15, np.uint16)
    X[1, 0] -= 1
    shapes = [(8, 8, 1)]
    sums = _block_sums._block_sums(X, (2048, 2048, 1), shapes)
    np.testing.assert_array_equal(sums[0][0], 2**31)
    np.testing.assert_array_equal(sums[0][0] - sums[0][1], [1] + [0] * 63)


def test_more_channels_than_16_bits_can_count():
    shape = (1, 1, 33_000)
    X = np.zeros((100, 33_000), np.uint8)
    X[0, 1 - 2**15 :] = 1
    X[1:, :200] = np.arange(170, 236).repeat(2)[:99, np.newaxis]
    Q = np.zeros((1, 33_000), np.uint8)
    distances, indices = neighbors(X, Q, 1, "manhattan", shape)
    assert (distances, indices) == (2**15 - 1, 0)
    screen = _block_sums.make_block_sums_screen(X, shape, 1, 1)
    if screen is not None:
        assert_nothing_lost("manhattan", screen, X, Q)


# ------------------------------------------------------------ threads, blocks, memory, order, type


@pytest.fixture(scope="module")
def images():
    """Rows and queries, images of bytes smooth enough for bounds to help, some of them equal."""
    rows = make_shapes(700, random_state=0).images[:, ::2, ::2].reshape(700, -1)
    rows[300:350] = rows[100:150]
    return rows[:600], rows[550:650]


def same(found, expected):
    return all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.fixture
def bounds_always(monkeypatch):
    """Use bounds in every search, even if they save no time."""
    monkeypatch.setattr(_index, "_FEW_VALUES", 0)
    monkeypatch.setattr(_index, "_FEW_VALUES_TO_DEFER", 0)
    for metric_class in (_distances.Euclidean, _distances.Manhattan, _distances.Cosine):
        monkeypatch.setattr(metric_class, "tree_features", 0)


@pytest.fixture
def threads_always(monkeypatch):
    """Start as many threads as n_jobs says, even if they save no time."""
    monkeypatch.setattr(_index, "_FEW_QUERIES", 1)
    monkeypatch.setattr(_index, "_FEW_DIFFERENCES", 1)


@pytest.mark.usefixtures("bounds_always", "threads_always")
@pytest.mark.parametrize("metric", METRICS)
def test_threads_blocks_and_memory_change_nothing(metric, images, monkeypatch):
    X, Q = images[0], images[1][::3]
    expected = neighbors(X, Q, 7, metric, n_jobs=1)
    for n_jobs in (2, 3, None, -1):
        assert same(neighbors(X, Q, 7, metric, n_jobs=n_jobs), expected)
    with config_context(working_memory=0.05):
        assert same(neighbors(X, Q, 7, metric), expected)
    with parallel_config(backend="threading", n_jobs=2):
        assert same(neighbors(X, Q, 7, metric), expected)
    for size in (1, 3, 20):
        monkeypatch.setattr(_search, "_MOST_QUERIES", size)
        monkeypatch.setattr(_search, "_PAIRS_PER_BLOCK", 50 * size)
        monkeypatch.setattr(_distances, "_BUFFER_BYTES", 2000 * size)
        assert same(neighbors(X, Q, 7, metric), expected)


@pytest.mark.usefixtures("bounds_always")
@pytest.mark.parametrize("metric", METRICS)
def test_each_query_is_answered_alone(metric, images):
    X, Q = images
    model = KNNClassifier(7, metric=metric).fit(X, np.zeros(len(X)))
    expected = model.kneighbors(Q)
    order = np.random.default_rng(0).permutation(len(Q))
    for part in (order, order[:1], np.repeat(order[:5], 3), slice(None, None, -7)):
        assert same(model.kneighbors(Q[part]), [found[part] for found in expected])


@pytest.mark.usefixtures("bounds_always")
@pytest.mark.parametrize("metric", METRICS)
def test_the_type_changes_nothing(metric, images):
    X, Q = (part // 2 for part in images)
    expected = neighbors(X, Q, 7, metric)
    types = [np.int8, np.int16, np.uint16, np.int64, np.float16, np.float32, np.float64, object]
    for X_type, Q_type in [*((t, t) for t in types), (np.uint8, np.float64), (np.float32, np.int8)]:
        assert same(neighbors(X.astype(X_type), Q.astype(Q_type), 7, metric), expected)


@pytest.mark.parametrize("metric", METRICS)
def test_more_neighbors_begin_with_the_fewer(metric, images):
    X, Q = images
    model = KNNClassifier(metric=metric).fit(X, np.zeros(len(X)))
    everything = model.kneighbors(Q, len(X))
    assert_ordered(*everything)
    for k in (1, 2, 50, 599):
        assert same(model.kneighbors(Q, k), [found[:, :k] for found in everything])


# --------------------------------------------------------------------------------- which search


def exhaustive(metric, X, Q, k):
    """The distances of all pairs, sorted."""
    pairs = np.indices((len(Q), len(X))).reshape(2, -1)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        distances = PairDistances(METRICS[metric], X, Q)(*pairs).reshape(len(Q), len(X))
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, nearest, axis=1), nearest


@pytest.mark.parametrize("metric", METRICS)
def test_a_search_is_prepared_when_it_saves_time(metric, monkeypatch):
    X = np.random.default_rng(0).normal(size=(3000, 3 if metric == "euclidean" else 40))
    n_few = 2**18 // 3000 if metric == "euclidean" else METRICS[metric].few_differences // X.size
    Q = np.resize(X, (n_few + 1, X.shape[1])) + 0.01
    search = prepare_search(metric, X, (1, X.shape[1]), 5, None)
    made = []
    monkeypatch.setattr(_index, "make_search", lambda *args: made.append(1) or make_search(*args))
    for _ in range(2):
        few = find_neighbors(search, Q[:n_few], 5, None)
        assert not made
    many = find_neighbors(search, Q, 5, None)
    again = find_neighbors(search, Q, 5, None)
    assert made == [1]
    assert same(few, [found[:n_few] for found in many])
    assert same(again, many)
    assert type(prepare_search(metric, X[:100], (1, X.shape[1]), 5, None)) is ExhaustiveSearch


@pytest.mark.parametrize("metric", METRICS)
def test_few_features_are_searched_by_a_tree(metric, monkeypatch):
    monkeypatch.setattr(_index, "_FEW_VALUES", 0)
    monkeypatch.setattr(_index, "_FEW_VALUES_TO_DEFER", 0)
    monkeypatch.setattr(_index, "_TREE_SAMPLES", 100)
    for metric_class in (_distances.Euclidean, _distances.Manhattan, _distances.Cosine):
        monkeypatch.setattr(metric_class, "tree_features", 3)
    rng = np.random.default_rng(0)
    X, Q = rng.integers(0, 30, (400, 3)).astype(np.float64), rng.normal(15, 9, (50, 3))
    search = make_search(metric, X, (1, 3), 5, 1)
    assert isinstance(search, TreeSearch)
    assert same(find_neighbors(search, Q, 5, 1), exhaustive(metric, X, Q, 5))


@pytest.mark.usefixtures("bounds_always")
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_projections_where_they_pay(metric, dtype, images, monkeypatch):
    def choose_basis(sample, *args):
        return _projection._bounded(_projection._principal_directions(sample, 8))

    monkeypatch.setattr(_projection, "_FEWEST_SAMPLES", 0)
    monkeypatch.setattr(_projection, "_has_structure", lambda sample: True)
    monkeypatch.setattr(_projection, "_choose_basis", choose_basis)
    X, Q = (part.astype(dtype) for part in images)
    search = make_search(metric, X, (16, 16, 3), 5, 1)
    assert search.screen.basis.shape[1] == 8
    assert same(find_neighbors(search, Q, 5, 1), exhaustive(metric, X, Q, 5))


@pytest.mark.parametrize("offset", [0, 1e4])
def test_a_basis_lengthens_nothing(offset, monkeypatch):
    # If exact distances cost nothing, some number of components saves time.
    monkeypatch.setattr(_projection, "SECONDS_PER_EUCLIDEAN_COORDINATE", 0)
    monkeypatch.setattr(_projection, "SECONDS_PER_EUCLIDEAN_CANDIDATE", 0)
    rng = np.random.default_rng(0)
    for rank in (1, 5, 64):
        sample = rng.normal(size=(300, rank)) @ rng.normal(size=(rank, 64)) + offset
        basis = _projection._choose_basis(sample.astype(np.float32), 10_000, 5)
        assert 0.99 < np.linalg.norm(basis, 2) <= 1


@pytest.mark.usefixtures("bounds_always")
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("n_levels", [0, 1, 2])
def test_block_sums_where_they_pay(n_levels, dtype, images, monkeypatch):
    monkeypatch.setattr(_block_sums, "_FEWEST_NUMBERS", 0)
    monkeypatch.setattr(_block_sums, "_choose_levels", lambda *args: n_levels)
    X, Q = (part.astype(dtype) for part in images)
    search = make_search("manhattan", X, (16, 16, 3), 5, 1)
    assert len(getattr(search.screen, "levels", [])) == n_levels
    assert same(find_neighbors(search, Q, 5, 1), exhaustive("manhattan", X, Q, 5))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("metric", METRICS)
def test_many_rows_however_they_are_searched(metric, dtype):
    rng = np.random.default_rng(0)
    rows = 40 * rng.normal(size=(20_000, 5)) @ rng.normal(size=(5, 64)) + rng.normal(size=64) + 128
    rows = rows.clip(0, 255).astype(dtype)
    rows[5000:5100] = rows[:100]
    rows[7000:7005] = 255
    X, Q = rows[:-30], rows[-30:]
    Q[:3], Q[3] = X[:3], 255
    search = make_search(metric, X, (8, 8), 10, 2)
    assert same(find_neighbors(search, Q, 10, 2), exhaustive(metric, X, Q, 10))


@pytest.mark.usefixtures("bounds_always")
@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("kind", KINDS_OF_FLOATS, ids=lambda kind: kind.__name__)
def test_no_values_cause_a_warning(kind, metric, n_jobs):
    rng = np.random.default_rng(0)
    X = make_rows(rng, kind, (600, 40), np.float64)
    outliers = np.where(rng.random((600, 1)) < 0.01, X, rng.normal(size=X.shape))
    for variant in (X, X * 10.0 ** rng.uniform(-8, 0, (600, 1)), outliers):
        search = make_search(metric, variant, (1, 40), 5, n_jobs)
        found = find_neighbors(search, X[::20], 5, n_jobs)
        assert same(found, exhaustive(metric, variant, X[::20], 5))


@pytest.mark.usefixtures("bounds_always")
@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_infinite_distances_come_in_order_of_index(metric):
    rng = np.random.default_rng(0)
    large = rng.uniform(1.5e308, 1.7e308, (100, 64))
    X = np.stack([-large, large], axis=1).reshape(200, 64)
    distances, indices = neighbors(X, np.arange(1.0, 65)[np.newaxis], 10, metric)
    np.testing.assert_array_equal(distances, np.inf)
    np.testing.assert_array_equal(indices, [range(10)])


# ------------------------------------------------------------------------------------- selection


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_selection_sorts_by_distance_and_index(data):
    n_queries, n_samples = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 40))
    values = st.sampled_from([0.0, 1.0, 2.0, np.inf])
    table = data.draw(arrays(np.float64, (n_queries, n_samples), elements=values))
    k = data.draw(st.integers(1, n_samples))
    expected = np.argsort(table, axis=1, kind="stable")[:, :k]
    samples, distances = nearest_of_all(k, table)
    np.testing.assert_array_equal(samples, expected)
    np.testing.assert_array_equal(distances, np.take_along_axis(table, expected, axis=1))
    pairs = np.array(data.draw(st.permutations(list(np.ndindex(*table.shape)))))
    samples, distances = nearest_of_pairs(k, *pairs.T, table[tuple(pairs.T)])
    np.testing.assert_array_equal(samples, expected)
    np.testing.assert_array_equal(distances, np.take_along_axis(table, expected, axis=1))


@pytest.mark.parametrize("width", range(1, 20))
def test_sums_of_short_rows_are_those_of_numpy(width):
    """Added up column by column, to the last bit."""
    terms = np.exp(3 * np.random.RandomState(width).standard_normal((200, width)))
    np.testing.assert_array_equal(_distances._sums(terms), np.add.reduce(terms, axis=1))
    np.testing.assert_array_equal(_distances._sums(terms), [np.add.reduce(row) for row in terms])
