"""The loops of the nearest neighbours against SciPy, scikit-learn, and numbers by hand."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from sk231n import reference

EUCLIDEAN = [
    reference.distances_two_loops,
    reference.distances_one_loop,
    reference.distances_no_loop,
]
METRICS = [
    *((distances, "euclidean") for distances in EUCLIDEAN),
    (reference.manhattan_distances, "cityblock"),
    (reference.cosine_distances, "cosine"),
]
# One feature, so that every distance can be read off: the query 0 sees them at 1, 2, 2, 4 and 0.
QUERY = np.array([[0.0]])
LINE = np.array([[1.0], [2.0], [-2.0], [4.0], [0.0]])


@pytest.fixture
def rng():
    return np.random.RandomState(0)


def by_name(function):
    return getattr(function, "__name__", None)


@pytest.mark.parametrize(("distances", "metric"), METRICS, ids=by_name)
class TestDistances:
    def test_equal_scipys(self, distances, metric, rng):
        A, B = rng.normal(size=(7, 12)), rng.normal(size=(9, 12))
        found = distances(A, B)
        assert found.shape == (7, 9)
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, cdist(A, B, metric), rtol=1e-12)

    @pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
    def test_work_in_float64(self, distances, metric, dtype, rng):
        A, B = (rng.randint(0, 256, size=(n, 40)).astype(dtype) for n in (5, 6))
        expected = distances(A.astype(np.float64), B.astype(np.float64))
        np.testing.assert_array_equal(distances(A, B), expected)
        np.testing.assert_allclose(expected, cdist(A, B, metric), rtol=1e-12)

    def test_equal_rows_are_at_distance_zero(self, distances, metric, rng):
        A = rng.randint(1, 256, size=(6, 20))
        np.testing.assert_array_equal(np.diag(distances(A, A)), np.zeros(6))

    def test_accept_lists(self, distances, metric):
        assert distances([[3, 4]], [[3, 4], [6, 8]]).shape == (1, 2)


@pytest.mark.parametrize("distances", EUCLIDEAN)
def test_euclidean_distances_by_hand(distances):
    found = distances([[0, 0], [1, 1]], [[3, 4], [1, 1], [0, 1]])
    np.testing.assert_array_equal(found, [[5, np.sqrt(2), 1], [np.sqrt(13), 0, 1]])


def test_other_distances_by_hand():
    found = reference.manhattan_distances([[0, 0], [1, 1]], [[3, -4], [1, 1]])
    np.testing.assert_array_equal(found, [[7, 2], [7, 0]])
    found = reference.cosine_distances([[2, 0], [0, 0]], [[5, 0], [0, 3], [-1, 0], [0, 0]])
    np.testing.assert_array_equal(found, [[0, 1, 2, 1], [1, 1, 1, 1]])


def test_no_loop_loses_digits_far_from_the_origin(rng):
    A, B = rng.normal(size=(4, 9)), rng.normal(size=(5, 9))
    bounds = {0: (0, 1e-14), 1e3: (1e-12, 1e-8), 1e8: (1e-2, np.inf)}
    for offset, (least, most) in bounds.items():
        far_A, far_B = A + offset, B + offset
        exact = [[exact_distance(a, b) for b in far_B] for a in far_A]
        for distances in EUCLIDEAN[:2]:
            np.testing.assert_allclose(distances(far_A, far_B), exact, rtol=1e-14)
        error = np.max(np.abs(reference.distances_no_loop(far_A, far_B) / exact - 1))
        assert least <= error <= most


def exact_distance(a, b):
    """Euclidean distance in rational arithmetic up to the root."""
    return float(sum((Fraction(x) - Fraction(y)) ** 2 for x, y in zip(a, b, strict=True))) ** 0.5


def test_no_loop_takes_no_root_of_a_negative_number(rng):
    A = rng.uniform(size=(50, 30)) + 1e6
    assert np.all(np.isfinite(reference.distances_no_loop(A, A)))


@pytest.mark.parametrize(("distances", "metric"), METRICS, ids=by_name)
def test_neighbors_are_scikit_learns(distances, metric, rng):
    A, B = rng.normal(size=(8, 5)), rng.normal(size=(30, 5))
    search = NearestNeighbors(n_neighbors=4, algorithm="brute", metric=metric).fit(B)
    found = reference.nearest_neighbors(A, B, 4, distances)
    expected = search.kneighbors(A)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
    np.testing.assert_array_equal(found[1], expected[1])


def test_neighbors_at_the_same_distance_come_in_order_of_index():
    distances, indices = reference.nearest_neighbors(QUERY, LINE, 4)
    np.testing.assert_array_equal(distances, [[0, 1, 2, 2]])
    np.testing.assert_array_equal(indices, [[4, 0, 1, 2]])
    distances, indices = reference.nearest_neighbors(QUERY, LINE[::-1], 4)
    np.testing.assert_array_equal(distances, [[0, 1, 2, 2]])
    np.testing.assert_array_equal(indices, [[0, 4, 2, 3]])


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("n_neighbors", [1, 4, 7])
def test_votes_are_scikit_learns(n_neighbors, weights, rng):
    # Whole numbers, so that scikit-learn's squares and products are exact: a distance of zero is
    # zero whatever BLAS kernel computes it.
    X_train, y_train = rng.randint(-999, 999, (40, 3)), rng.choice(["cat", "dog", "eel"], 40)
    X = np.concatenate([rng.randint(-999, 999, (9, 3)), X_train[:3]])  # the last at distance zero
    assert all(len(set(row)) == 40 for row in reference.distances_two_loops(X, X_train))  # no ties
    model = KNeighborsClassifier(n_neighbors, weights=weights, algorithm="brute")
    model.fit(X_train, y_train)
    arguments = (X_train, y_train, X, n_neighbors, weights)
    probabilities = reference.knn_predict_proba(*arguments)
    np.testing.assert_allclose(probabilities, model.predict_proba(X), rtol=1e-12)
    np.testing.assert_array_equal(reference.knn_predict(*arguments), model.predict(X))


def test_votes_by_distance_by_hand():
    # At 1, 2, 2 and 4; votes 1 + 1/2 for class 7 and 1/2 + 1/4 for class 3.
    probabilities = reference.knn_predict_proba(LINE[:4], [7, 7, 3, 3], QUERY, 4, "distance")
    np.testing.assert_allclose(probabilities, [[1 / 3, 2 / 3]])


def test_neighbors_at_distance_zero_vote_alone():
    X, y = np.concatenate([LINE, [[0.0]], [[0.0]]]), np.array([0, 0, 0, 0, 1, 2, 2])
    probabilities = reference.knn_predict_proba(X, y, QUERY, 7, "distance")
    np.testing.assert_array_equal(probabilities, [[0, 1 / 3, 2 / 3]])


def test_ties_go_to_the_smallest_class():
    for y in (["a", "b", "a", "b"], ["b", "a", "b", "a"]):
        assert reference.knn_predict(LINE[:4], np.array(y), QUERY, 4) == ["a"]
    assert reference.knn_predict(LINE[1:3], np.array([5, -5]), QUERY, 2, "distance") == [-5]


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_a_sample_of_weight_w_stands_for_w_samples(weights, rng):
    X_train, X = rng.normal(size=(20, 3)), rng.normal(size=(8, 3))
    y_train, sample_weight = rng.randint(3, size=20), rng.randint(4, size=20)
    X_repeated, y_repeated = (np.repeat(a, sample_weight, axis=0) for a in (X_train, y_train))
    for n_neighbors in (1, 2, 5):
        np.testing.assert_allclose(
            reference.knn_predict_proba(
                X_train, y_train, X, n_neighbors, weights, sample_weight=sample_weight
            ),
            reference.knn_predict_proba(X_repeated, y_repeated, X, n_neighbors, weights),
            rtol=1e-12,
        )


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        # In units of the smallest weight, neighbours at 1, 2 and 2 count 1, 4 and, of 6, the 1 that
        # is missing to 6.
        ("uniform", [1, 5]),
        ("distance", [1 / 1, 5 / 2]),
    ],
)
def test_the_last_neighbor_counts_with_what_is_missing(weights, expected):
    probabilities = reference.knn_predict_proba(
        LINE[:4], [0, 1, 1, 0], QUERY, 6, weights, sample_weight=[0.5, 2, 3, 10]
    )
    np.testing.assert_allclose(probabilities[0], np.divide(expected, sum(expected)))


@pytest.mark.parametrize("factor", [0.1, 1 / 3, 7, 1e-200])
def test_weights_are_relative(factor, rng):
    X_train, X = rng.normal(size=(20, 3)), rng.normal(size=(8, 3))
    y_train, sample_weight = rng.randint(3, size=20), rng.randint(1, 9, size=20)
    arguments = (X_train, y_train, X, 5)
    np.testing.assert_array_equal(
        reference.knn_predict_proba(*arguments, sample_weight=sample_weight * factor),
        reference.knn_predict_proba(*arguments, sample_weight=sample_weight),
    )


def test_class_weights_multiply_votes():
    # At 1, 2 and 2: one vote for class 7, two for class 3.
    arguments = (LINE[:3], np.array([7, 3, 3]), QUERY, 3)
    weighted = {"class_weight": {7: 6, 99: 5}}
    np.testing.assert_allclose(
        reference.knn_predict_proba(*arguments, **weighted), [[2 / 8, 6 / 8]]
    )
    assert reference.knn_predict(*arguments, **weighted) == [7]
    balanced = reference.knn_predict_proba(*arguments, class_weight="balanced")
    np.testing.assert_allclose(balanced, [[1 / 2, 1 / 2]])
    # Class 7 counts as 4 samples, class 3 as 2: votes 4 / 4 and 2 / 2.
    balanced = reference.knn_predict_proba(
        *arguments[:3], 6, class_weight="balanced", sample_weight=[4, 1, 1]
    )
    np.testing.assert_allclose(balanced, [[1 / 2, 1 / 2]])


def test_class_weights_that_leave_nothing_are_ignored():
    found = reference.knn_predict_proba(
        LINE[:4], np.array([7, 7, 3, 3]), QUERY, 2, class_weight={7: 0}
    )
    np.testing.assert_array_equal(found, [[0, 1]])


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_no_queries_means_leave_one_out(weights, rng):
    X, y = rng.randint(0, 3, (15, 2)), rng.randint(3, size=15)
    sample_weight = rng.randint(1, 4, size=15)
    found = reference.knn_predict_proba(X, y, None, 4, weights, sample_weight=sample_weight)
    for i in range(15):
        times = np.delete(sample_weight, i)
        others, labels = (np.repeat(np.delete(a, i, axis=0), times, axis=0) for a in (X, y))
        expected = reference.knn_predict_proba(others, labels, X[[i]], 4, weights)
        assert len(set(labels)) == 3
        np.testing.assert_allclose(found[i], expected[0], rtol=1e-12)
    predicted = reference.knn_predict(X, y, None, 4, weights, sample_weight=sample_weight)
    np.testing.assert_array_equal(predicted, found.argmax(axis=1))


def test_a_sample_without_weight_does_not_vote():
    # It does not silence the others either, though it is the one at distance zero.
    sample_weight = [1, 1, 1, 1, 0]
    for weights in ("uniform", "distance"):
        np.testing.assert_array_equal(
            reference.knn_predict_proba(
                LINE, [0, 0, 1, 1, 2], QUERY, 3, weights, sample_weight=sample_weight
            )[:, :2],
            reference.knn_predict_proba(LINE[:4], [0, 0, 1, 1], QUERY, 3, weights),
        )


@pytest.mark.parametrize("distances", EUCLIDEAN)
def test_cross_validation_is_scikit_learns(distances, rng):
    X = np.concatenate([rng.normal(0, 1, (15, 4)), rng.normal(1, 1, (15, 4))])
    y = np.repeat(["ape", "bee"], 15)
    folds = list(KFold(3, shuffle=True, random_state=0).split(X))
    all_n_neighbors = [1, 3, 4]
    found = reference.knn_cross_validation(
        X, y, all_n_neighbors, folds, "distance", distances=distances
    )
    expected = [
        cross_val_score(KNeighborsClassifier(k, weights="distance"), X, y, cv=folds)
        for k in all_n_neighbors
    ]
    assert found.shape == (3, 3)
    np.testing.assert_array_equal(found, expected)
