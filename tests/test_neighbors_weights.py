"""Weights of samples, which are relative, and of classes, which multiply votes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.utils import compute_class_weight

from sk231n import KNNClassifier, KNNClassifierCV, reference

FACTORS = [0.1, 1 / 3, 7, 1e-9, 1e200, 1e-300]


def problem(n_samples=60, seed=0):
    """Few values, so that many distances tie, three classes, and queries."""
    random = np.random.RandomState(seed)
    X, Q = (random.randint(0, 4, (n, 3)).astype(np.float64) for n in (n_samples, 20))
    return X, np.array(["fig", "kiwi", "pear"])[random.randint(0, 3, n_samples)], Q


# ------------------------------------------------------------------------------- sample weights


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("kind", ["whole", "any"])
def test_any_multiple_gives_the_same_votes(kind, factor, weights):
    X, y, Q = problem()
    random = np.random.RandomState(1)
    sample_weight = random.randint(0, 5, 60) if kind == "whole" else random.uniform(0.2, 3, 60)
    model = KNNClassifier(7, weights=weights)
    expected = model.fit(X, y, sample_weight).predict_proba(Q)
    np.testing.assert_array_equal(
        model.fit(X, y, sample_weight * factor).predict_proba(Q), expected
    )


@pytest.mark.parametrize("weight", [1, 2.5, 1 / 60, np.float32(0.3), True, [0.7] * 60])
def test_equal_weights_change_nothing(weight):
    X, y, Q = problem()
    expected = KNNClassifier(7).fit(X, y).predict_proba(Q)
    np.testing.assert_array_equal(KNNClassifier(7).fit(X, y, weight).predict_proba(Q), expected)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 20), metric=st.sampled_from(["l1", "l2"]))
def test_whole_numbers_are_repetitions(seed, k, metric):
    X, y, Q = problem(seed=seed)
    times = np.random.RandomState(seed).randint(0, 5, 60)
    times[0] = 1
    for weights in ("uniform", "distance", lambda distances: np.exp(-distances)):
        model = KNNClassifier(k, metric=metric, weights=weights)
        weighted = model.fit(X, y, times).predict_proba(Q)
        classes = model.classes_
        model.fit(X.repeat(times, axis=0), y.repeat(times))
        columns = np.searchsorted(classes, model.classes_)
        np.testing.assert_allclose(weighted[:, columns], model.predict_proba(Q), rtol=1e-13)


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "cosine"])
def test_votes_are_those_of_the_loops(metric, weights):
    random = np.random.RandomState(0)
    X, y, Q = random.normal(size=(50, 4)), random.randint(3, size=50), random.normal(size=(9, 4))
    distances = {
        "euclidean": reference.distances_two_loops,
        "manhattan": reference.manhattan_distances,
        "cosine": reference.cosine_distances,
    }[metric]
    for class_weight in (None, "balanced", {0: 3.5, 2: 0.25, 9: 4}):
        for sample_weight in (None, random.uniform(0, 2, 50), random.randint(0, 3, 50)):
            model = KNNClassifier(6, metric=metric, weights=weights, class_weight=class_weight)
            model.fit(X, y, sample_weight)
            for queries in (Q, None):
                expected = reference.knn_predict_proba(
                    X, y, queries, 6, weights, distances, sample_weight, class_weight
                )
                np.testing.assert_allclose(
                    model.predict_proba(queries), expected, rtol=1e-11, atol=1e-14
                )
                predicted = model.classes_[expected.argmax(axis=1)]
                ties = np.isclose(expected, expected.max(axis=1, keepdims=True)).sum(axis=1) > 1
                np.testing.assert_array_equal(model.predict(queries)[~ties], predicted[~ties])


def test_a_sample_without_weight_is_nobodys_neighbor():
    X, y, Q = problem()
    some = np.random.RandomState(3).randint(0, 2, 60)
    model = KNNClassifier(5).fit(X, y, some)
    fewer = KNNClassifier(5).fit(X[some > 0], y[some > 0])
    np.testing.assert_array_equal(model.predict_proba(Q), fewer.predict_proba(Q))
    distances, indices = model.kneighbors(Q)
    expected = fewer.kneighbors(Q)
    np.testing.assert_array_equal(distances, expected[0])
    np.testing.assert_array_equal(indices, np.flatnonzero(some)[expected[1]])
    assert model.n_samples_fit_ == 60
    with pytest.raises(ValueError, match=rf"n_samples={some.sum()} training samples"):
        model.kneighbors(Q, 60)


def test_classes_without_weight_stay():
    X, y, Q = problem()
    model = KNNClassifier(5).fit(X, y, y != "kiwi")
    assert model.classes_.tolist() == ["fig", "kiwi", "pear"]
    np.testing.assert_array_equal(model.predict_proba(Q)[:, 1], 0)


@pytest.mark.parametrize("estimator", [KNNClassifier(), KNNClassifierCV((1, 3), cv=2)])
@pytest.mark.parametrize(
    "sample_weight",
    [
        float("nan"), float("inf"), -1.0, 0.0, 10**400, "abc", b"1", 1j, None,
        [1.0] * 59 + [float("nan")], [1.0] * 59 + [10**400], ["1"] * 60, [[1.0]] * 60, [1.0] * 59,
        [1.0] * 59 + [None], [1.0] * 59 + [[1.0]], np.full(60, 1j), {"a": 1}, np.zeros(60),
        np.full(60, np.datetime64("2020-01-01")),
    ],
    ids=str,
)  # fmt: skip
def test_wrong_weights_are_named(sample_weight, estimator):
    X, y, _ = problem()
    if sample_weight is None:
        estimator.fit(X, y, sample_weight)
        return
    with pytest.raises(ValueError, match="sample_weight"):
        estimator.fit(X, y, sample_weight=sample_weight)


# -------------------------------------------------------------------------------------- ensembles


def test_boosting():
    """AdaBoost's weights add up to 1, and those of its first round are equal."""
    X, y, Q = problem(300)
    boosted = AdaBoostClassifier(KNNClassifier(), n_estimators=4, random_state=0).fit(X, y)
    first = KNNClassifier().fit(X, y)
    np.testing.assert_array_equal(boosted.estimators_[0].predict_proba(Q), first.predict_proba(Q))
    assert len(boosted.estimators_) == 4
    assert boosted.score(X, y) > 0.4


@pytest.mark.parametrize(
    "ensemble",
    [
        BaggingClassifier(KNNClassifier(), random_state=0),
        VotingClassifier([("k", KNNClassifier()), ("b", GaussianNB())], voting="soft"),
        StackingClassifier(
            [("k", KNNClassifier()), ("c", KNNClassifierCV((1, 5), cv=2))], GaussianNB(), cv=2
        ),
        AdaBoostClassifier(KNNClassifierCV((3, 5), cv=2), n_estimators=2),
    ],
    ids=lambda ensemble: type(ensemble).__name__,
)
def test_ensembles_with_small_weights(ensemble):
    X, y, _ = problem(150)
    X[np.arange(150), np.unique(y, return_inverse=True)[1]] += 3
    weight = np.random.RandomState(0).randint(1, 4, 150)
    scores = [ensemble.fit(X, y, sample_weight=weight * f).score(X, y) for f in (1, 1 / 400)]
    assert scores[0] == scores[1] > 0.7


# ---------------------------------------------------------------------------------- class weights


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_class_weights_multiply_votes(weights):
    X, y, Q = problem()
    plain = KNNClassifier(7, weights=weights).fit(X, y).predict_proba(Q)
    weighted = KNNClassifier(7, weights=weights, class_weight={"kiwi": 4, "pear": 0.5}).fit(X, y)
    expected = plain * [1, 4, 0.5]
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(weighted.predict_proba(Q), expected, rtol=1e-14)
    np.testing.assert_array_equal(weighted.predict(Q), weighted.classes_[expected.argmax(axis=1)])


@pytest.mark.parametrize("sample_weight", [None, np.arange(60) % 4])
def test_balanced_weights_are_scikit_learns(sample_weight):
    X, y, Q = problem()
    weights = compute_class_weight(
        "balanced", classes=np.unique(y), y=y, sample_weight=sample_weight
    )
    named = dict(zip(np.unique(y).tolist(), weights, strict=True))
    found, expected = (
        KNNClassifier(7, class_weight=class_weight).fit(X, y, sample_weight).predict_proba(Q)
        for class_weight in ("balanced", named)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize("class_weight", [{}, {"plum": 9.0}, {"plum": 0, 3: 2}, {"fig": 1}, None])
def test_names_that_are_no_labels_are_ignored(class_weight):
    X, y, Q = problem()
    found = KNNClassifier(7, class_weight=class_weight).fit(X, y).predict_proba(Q)
    np.testing.assert_array_equal(found, KNNClassifier(7).fit(X, y).predict_proba(Q))


@pytest.mark.parametrize(("low", "high"), [(1e-320, 1.0), (1e-300, 1e300), (5e-324, 1.7e308)])
def test_huge_and_tiny_class_weights(low, high):
    X, y = [[0.0], [1.0], [2.0]], ["a", "b", "b"]
    model = KNNClassifier(3, class_weight={"a": high, "b": low}).fit(X, y)
    np.testing.assert_allclose(model.predict_proba([[1.0]]), [[1, 0]], atol=1e-300)
    alone = KNNClassifier(1, class_weight={"a": high, "b": low}).fit(X, y)
    np.testing.assert_array_equal(alone.predict_proba([[1.0], [0.0]]), [[0, 1], [1, 0]])


def test_votes_of_which_nothing_is_left_count_without_class_weights():
    model = KNNClassifier(2, class_weight={"a": 0}).fit([[0.0], [1.0], [9.0]], ["a", "a", "b"])
    np.testing.assert_array_equal(model.predict_proba([[0.0], [9.0]]), [[1, 0], [0, 1]])


@pytest.mark.parametrize("labels", [[3, 1], [True, False], [2.0, 1.0], ["x", "y"]])
def test_class_weights_of_labels_of_any_type(labels):
    X, y = np.arange(8.0)[:, np.newaxis], np.array(labels * 4)
    model = KNNClassifier(2, class_weight={labels[0]: 5}).fit(X, y)
    assert model.predict([[0.4], [1.4]]).tolist() == [labels[0]] * 2


@pytest.mark.parametrize("estimator", [KNNClassifier, KNNClassifierCV])
@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ("balance", "'class_weight' parameter .* Did you mean 'balanced'"),
        ({"fig": -1}, "class_weight=.*'fig': -1"),
        ({"fig": float("nan")}, "class_weight=.*NaN"),
        ({"plum": float("inf")}, "class_weight=.*infinite"),
        ({"fig": "heavy"}, "class_weight holds values of dtype"),
        ({"fig": None}, "class_weight=.*NaN"),
        ({"fig": 10**400}, "class_weight must hold numbers"),
        ({"fig": [1, 2]}, "class_weight"),
        ({"fig": 0, "kiwi": 0, "pear": 0.0}, "class_weight=.* every class the weight 0"),
        (3, "'class_weight' parameter"),
        ([1, 2, 3], "'class_weight' parameter"),
    ],
)
def test_wrong_class_weights_are_refused(class_weight, message, estimator):
    X, y, _ = problem()
    model = estimator(class_weight=class_weight)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not hasattr(model, "classes_")
