"""Neighbours that are merged from shards are those of one classifier, to the last bit."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sk231n.neighbors import KNNClassifier, merge_neighbors

DISTANCES, INDICES = np.array([[0.5, 1.0], [0.0, 2.0]]), np.array([[1, 0], [0, 1]])
PART = DISTANCES, INDICES, 0


def neighbors_of(X, Q, k, metric):
    """What a machine that has these rows alone answers; one without rows cannot fit."""
    k = min(k, len(X))
    if k == 0:
        return np.empty((len(Q), 0)), np.empty((len(Q), 0), np.intp)
    return KNNClassifier(k, metric=metric).fit(X, np.zeros(len(X))).kneighbors(Q)


@st.composite
def sharded_data(draw):
    """Rows, queries, and where the rows are cut; many are equal, or equally far away."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_samples = draw(st.integers(1, 40))
    shape = n_samples + 5, draw(st.integers(1, 6))
    dtype = draw(st.sampled_from([np.uint8, np.float32, np.float64]))
    rows = rng.integers(0, draw(st.sampled_from([2, 4, 200])), shape).astype(dtype)
    if dtype != np.uint8 and draw(st.booleans()):
        rows += rng.normal(size=shape)
        rows[::3] = rows[0]
    cuts = sorted(draw(st.lists(st.integers(0, n_samples), max_size=6)))
    return rows[:n_samples], rows[n_samples:], [0, *cuts, n_samples]


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "cosine"])
@settings(max_examples=60, deadline=None)
@given(data=sharded_data(), draw=st.data())
def test_equals_one_classifier(metric, data, draw):
    X, Q, bounds = data
    k = draw.draw(st.integers(1, len(X)))
    parts = [
        (*neighbors_of(X[start:stop], Q, k, metric), start) for start, stop in pairwise(bounds)
    ]
    merged = merge_neighbors(draw.draw(st.permutations(parts)), k)
    for found, expected in zip(merged, neighbors_of(X, Q, k, metric), strict=True):
        assert found.dtype == expected.dtype
        assert found.tobytes() == expected.tobytes()


def test_what_was_merged_is_merged_again():
    """Workers merge the shards that they hold, and the client what they answer."""
    rng = np.random.default_rng(0)
    X, Q = rng.integers(0, 4, (2, 120, 3)).astype(np.uint8)
    parts = [
        (*neighbors_of(X[start : start + 20], Q, 7, "euclidean"), start)
        for start in range(0, 120, 20)
    ]
    of_workers = [(*merge_neighbors(parts[k::2], 7), 0) for k in range(2)]
    for found, expected in zip(
        merge_neighbors(of_workers, 7), merge_neighbors(parts, 7), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_offsets_of_any_type_of_integer():
    """They are added up without overflow; workers with few rows merge fewer neighbours."""
    distances, indices = np.array([[0.0, 1.0]]), np.array([[300, 301]])
    for offset in np.uint8(200), np.int32(2**31 - 1), np.int64(2**40):
        merged = merge_neighbors([(distances, indices, offset)], 2)[1]
        np.testing.assert_array_equal(merged, indices + int(offset))
    with pytest.raises(ValueError, match="indices contain 301"):
        merge_neighbors([(distances, indices, np.int64(2**63 - 1))], 2)
    rows = np.arange(100.0)[:, np.newaxis]
    parts = [
        (*neighbors_of(rows[start:stop], rows, 10, "euclidean"), start)
        for start, stop in ((0, 50), (50, 94), (94, 97), (97, 100))
    ]
    of_workers = [(*merge_neighbors(parts[:2], 10), 0), (*merge_neighbors(parts[2:], 6), 0)]
    expected = neighbors_of(rows, rows, 10, "euclidean")
    for one, other in zip(merge_neighbors(of_workers, 10), expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_images_in_shards_that_are_screened():
    """Shards so large that each has bounds of its own."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (1500, 8, 8, 3), np.uint8)
    X[900:1000], Q = X[:100], X[:20].copy()
    for metric in ("euclidean", "manhattan", "cosine"):
        parts = [
            (*neighbors_of(X[start : start + 600], Q, 7, metric), start) for start in (0, 600, 1200)
        ]
        for found, expected in zip(
            merge_neighbors(parts, 7), neighbors_of(X, Q, 7, metric), strict=True
        ):
            assert found.tobytes() == expected.tobytes()


def test_votes_of_merged_neighbors():
    """As the notes say: a bincount for each row, and the first of the most votes."""
    rng = np.random.default_rng(1)
    X, y, Q = rng.integers(0, 3, (60, 3)), rng.integers(0, 4, 60), rng.integers(0, 3, (50, 3))
    parts = [(*neighbors_of(X[start : start + 20], Q, 4, "l1"), start) for start in (0, 20, 40)]
    _, indices = merge_neighbors(parts, 4)
    votes = np.stack([np.bincount(labels, minlength=4) for labels in y[indices]])
    whole = KNNClassifier(4, metric="l1").fit(X, y)
    np.testing.assert_array_equal(votes.argmax(axis=1), whole.predict(Q))
    assert (votes.max(axis=1) == np.sort(votes)[:, -2]).any()  # there are ties


def test_takes_lists_and_any_integers():
    distances, indices = merge_neighbors(
        [(DISTANCES.tolist(), INDICES.tolist(), np.int8(0)), [DISTANCES, INDICES.astype("u1"), 2]],
        np.int64(3),
    )
    np.testing.assert_array_equal(distances, [[0.5, 0.5, 1.0], [0.0, 0.0, 2.0]])
    np.testing.assert_array_equal(indices, [[1, 3, 0], [0, 2, 1]])
    assert (distances.dtype, indices.dtype) == (np.float64, np.intp)


def test_infinite_distances_come_last():
    far = np.array([[np.inf, np.inf]]), np.array([[0, 1]])
    distances, indices = merge_neighbors([(*far, 2), (*far, 0), ([[3.0]], [[0]], 4)], 4)
    np.testing.assert_array_equal(distances, [[3, np.inf, np.inf, np.inf]])
    np.testing.assert_array_equal(indices, [[4, 0, 1, 2]])


def test_arguments_are_unchanged():
    before = DISTANCES.copy(), INDICES.copy()
    merge_neighbors([PART, (DISTANCES, INDICES, 2)], 2)
    np.testing.assert_array_equal(DISTANCES, before[0])
    np.testing.assert_array_equal(INDICES, before[1])


EMPTY = np.empty((2, 0))


@pytest.mark.parametrize(
    ("parts", "n_neighbors", "message"),
    [
        (None, 1, "'parts' parameter of merge_neighbors"),
        ("parts", 1, "'parts' parameter of merge_neighbors"),
        ({0: PART}, 1, "'parts' parameter of merge_neighbors"),
        (DISTANCES, 1, "'parts' parameter of merge_neighbors"),
        ([], 1, "parts is empty"),
        ([DISTANCES], 1, "parts[0] is a ndarray; expected (distances, indices, offset)"),
        ([PART, PART[:2]], 1, "parts[1] is a tuple of length 2; expected (distances, indices"),
        ([(DISTANCES, INDICES[:1], 0)], 1, "distances of shape (2, 2) and indices of shape (1, 2)"),
        ([(DISTANCES[0], INDICES[0], 0)], 1, "distances of shape (2,) and indices of shape (2,)"),
        ([(["a"], INDICES, 0)], 1, "parts[0]: distances must hold real numbers"),
        ([([[1], [1, 2]], INDICES, 0)], 1, "parts[0]: distances must hold numbers"),
        ([(DISTANCES * np.nan, INDICES, 0)], 1, "parts[0]: distances contain NaN"),
        ([(DISTANCES, INDICES * 1.0, 0)], 1, "parts[0]: indices must hold integers; got dtype flo"),
        ([(DISTANCES, INDICES > 0, 0)], 1, "parts[0]: indices must hold integers; got dtype bool"),
        ([(DISTANCES, [[1], [1, 2]], 0)], 1, "parts[0]: indices must hold integers (setting"),
        ([(DISTANCES, INDICES - 1, 0)], 1, "parts[0]: indices contain -1; expected the numbers"),
        ([(*PART[:2], -1)], 1, "parts[0] has the offset -1; expected an integer"),
        ([(*PART[:2], 1.0)], 1, "parts[0] has the offset 1.0; expected an integer"),
        ([(*PART[:2], True)], 1, "parts[0] has the offset True; expected an integer"),
        ([(*PART[:2], 2**63)], 1, "parts[0] has the offset 9223372036854775808; expected"),
        ([(*PART[:2], 2**63 - 1)], 1, "parts[0]: indices contain 1; expected the numbers"),
        ([PART, (DISTANCES[:1], INDICES[:1], 2)], 1, "parts[1] has 1 queries, but parts[0] has 2"),
        ([PART, (EMPTY[:1], EMPTY[:1], 2)], 1, "parts[1] has 1 queries, but parts[0] has 2"),
        ([PART], 0, "'n_neighbors' parameter of merge_neighbors"),
        ([PART], True, "'n_neighbors' parameter of merge_neighbors"),
        ([PART], 1.0, "'n_neighbors' parameter of merge_neighbors"),
        ([PART], 3, "n_neighbors=3, but parts has 2 for each query"),
        ([(EMPTY, EMPTY, 0)], 1, "n_neighbors=1, but parts has 0 for each query"),
        ([PART, PART], 2, "parts has the row 1 of the whole twice; shards must not overlap"),
        (
            [PART, (DISTANCES, INDICES + np.array([[5], [6]]), 2)],
            3,
            "parts[1] has 2 neighbours of each query, though its shard has 3 rows or more; "
            "n_neighbors=3 needs",
        ),
    ],
)  # fmt: skip
def test_errors(parts, n_neighbors, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        merge_neighbors(parts, n_neighbors)


def test_empty_shards_may_lie_anywhere():
    empty = EMPTY, EMPTY, 1
    for found, given_ in zip(merge_neighbors([empty, PART, empty], 2), PART[:2], strict=True):
        np.testing.assert_array_equal(found, given_)
