"""KNNClassifierCV with any score and weights: as GridSearchCV, from one search per fold."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.metrics import accuracy_score, log_loss, make_scorer, matthews_corrcoef
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.utils import compute_class_weight

from sk231n import KNNClassifier, KNNClassifierCV

KS = (2, 3, 6, 10, 17)


def problem(n_samples=120, n_classes=3, seed=0):
    random = np.random.RandomState(seed)
    y = random.randint(0, n_classes, n_samples)
    X = random.randint(0, 5, (n_samples, 4)) + y[:, np.newaxis]
    return X.astype(np.float64), np.array(["cat", "dog", "frog"])[y]


def grid_search(X, y, *, cv=3, scoring=None, sample_weight=None, **arguments):
    search = GridSearchCV(
        KNNClassifier(**arguments), {"n_neighbors": list(KS)}, cv=cv, scoring=scoring
    )
    return search.fit(X, y, sample_weight=sample_weight)


def assert_same(ours, theirs):
    for key, expected in theirs.cv_results_.items():
        if "time" not in key:
            np.testing.assert_array_equal(ours.cv_results_[key], expected, err_msg=key)
    assert ours.best_score_ == theirs.best_score_
    assert ours.n_neighbors_ == theirs.best_params_["n_neighbors"]


def mean_share_of_the_truth(estimator, X, y):
    """A scorer that uses all methods of a classifier."""
    columns = np.searchsorted(estimator.classes_, y)
    shares = estimator.predict_proba(X)[np.arange(len(y)), columns]
    assert estimator.get_params()["n_neighbors"] == estimator.n_neighbors
    assert isinstance(estimator, KNNClassifier)
    return shares.mean() + estimator.score(X, y) - estimator.n_neighbors / 1e3


def of_other_queries(estimator, X, y):
    """A scorer may predict other queries than the test part."""
    distances = estimator.kneighbors(X[::-1] + 0.5)[0]
    assert distances.shape[1] == estimator.n_neighbors
    return (estimator.predict(X[::-1] + 0.5) == y).mean() - distances.mean()


SCORINGS = [
    None,
    "accuracy",
    "balanced_accuracy",
    "f1_macro",
    "neg_log_loss",
    "roc_auc_ovr",
    make_scorer(matthews_corrcoef),
    make_scorer(log_loss, response_method="predict_proba", greater_is_better=False),
    mean_share_of_the_truth,
    of_other_queries,
]


@pytest.mark.parametrize(
    "scoring", SCORINGS, ids=lambda value: getattr(value, "__name__", str(value))
)
@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("class_weight", [None, {"dog": 1.5}])
def test_scores_are_those_of_a_grid_search(class_weight, weights, scoring):
    X, y = problem()
    if class_weight and not scoring:
        scoring = "accuracy"  # because None would mean a weighted accuracy
    arguments = {"cv": 3, "scoring": scoring, "weights": weights, "class_weight": class_weight}
    ours, theirs = KNNClassifierCV(KS, **arguments).fit(X, y), grid_search(X, y, **arguments)
    assert_same(ours, theirs)
    np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))


def test_two_classes():
    X, y = problem(n_classes=2)
    for scoring in ("roc_auc", "average_precision", "neg_brier_score"):
        labels = y if scoring == "roc_auc" else y == "dog"
        arguments = {"scoring": scoring, "class_weight": "balanced"}
        ours = KNNClassifierCV(KS, cv=3, **arguments).fit(X, labels)
        assert_same(ours, grid_search(X, labels, **arguments))


def of_weights(estimator, X, y, sample_weight=None):
    return np.average(estimator.predict(X) == y, weights=sample_weight)


@pytest.mark.parametrize("kind", ["whole", "any"])
@pytest.mark.parametrize("scoring", [None, "neg_log_loss", of_weights])
def test_sample_weights_train_and_score(scoring, kind):
    X, y = problem()
    random = np.random.RandomState(1)
    sample_weight = random.randint(0, 4, 120) if kind == "whole" else random.uniform(0.2, 2, 120)
    arguments = {"cv": KFold(3), "scoring": scoring, "weights": "distance"}
    ours = KNNClassifierCV(KS, **arguments).fit(X, y, sample_weight)
    assert_same(ours, grid_search(X, y, sample_weight=sample_weight, **arguments))
    assert not np.array_equal(ours.scores_, KNNClassifierCV(KS, **arguments).fit(X, y).scores_)
    alone = KNNClassifier(ours.n_neighbors_, weights="distance").fit(X, y, sample_weight)
    np.testing.assert_array_equal(ours.predict_proba(X), alone.predict_proba(X))


def test_scorers_without_weights_are_warned_of():
    X, y = problem()
    sample_weight = np.random.RandomState(2).randint(1, 5, 120)
    folds = list(KFold(3).split(X))
    model = KNNClassifierCV(KS, cv=folds, scoring=of_other_queries)
    with pytest.warns(UserWarning, match="of_other_queries takes no sample_weight") as record:
        model.fit(X, y, sample_weight)
    assert [warning.filename for warning in record] == [__file__]
    for j, (train, test) in enumerate(folds):
        for i, k in enumerate(KS):
            alone = KNNClassifier(k).fit(X[train], y[train], sample_weight[train])
            assert model.scores_[i, j] == of_other_queries(alone, X[test], y[test])


def test_weights_as_repetitions():
    X, y = problem(90)
    times = np.random.RandomState(3).randint(1, 4, 90)
    times[::7] = 1
    folds = [(np.arange(60), np.arange(60, 90)), (np.arange(30, 90), np.arange(30))]
    copies = np.repeat(np.arange(90), times)
    repeated = [tuple(np.flatnonzero(np.isin(copies, part)) for part in fold) for fold in folds]
    weighted = KNNClassifierCV(KS, cv=folds).fit(X, y, times)
    expected = KNNClassifierCV(KS, cv=repeated).fit(X[copies], y[copies])
    np.testing.assert_allclose(weighted.scores_, expected.scores_, rtol=1e-14)
    assert weighted.n_neighbors_ == expected.n_neighbors_


def test_scorers_see_the_data_as_they_came():
    X, y = problem(60)
    frame = pd.DataFrame(X, columns=list("abcd"))
    images = X.reshape(60, 2, 2)
    seen = []

    def look(estimator, X, y):
        seen.append(X)
        return estimator.score(X, y)

    expected = KNNClassifierCV((1, 4), cv=2).fit(X, y).scores_
    for data in (X, frame, images, list(images)):
        seen.clear()
        found = KNNClassifierCV((1, 4), cv=2, scoring=look).fit(data, pd.Series(y)).scores_
        np.testing.assert_array_equal(found, expected)
        assert all(type(part) is type(data) for part in seen)
        assert {np.shape(part) for part in seen} == {(30, *np.shape(data)[1:])}


@pytest.mark.parametrize("class_weight", ["balanced", {"cat": 5, "frog": 0.5}])
def test_class_weights_count_in_the_accuracy(class_weight):
    """Otherwise k would be chosen by a score that class weights are meant to lower."""
    X, y = problem()
    X, y = X[(y != "cat") | (X[:, 0] > 2)], y[(y != "cat") | (X[:, 0] > 2)]
    weights = compute_class_weight(class_weight, classes=np.unique(y), y=y)
    by_class = dict(zip(np.unique(y), weights, strict=True))

    def accuracy(estimator, X, y):
        return estimator.score(X, y, sample_weight=[by_class[label] for label in y])

    arguments = {"class_weight": class_weight, "weights": "distance"}
    ours = KNNClassifierCV(KS, cv=3, **arguments).fit(X, y)
    theirs = grid_search(X, y, scoring=accuracy, **arguments)
    np.testing.assert_allclose(ours.scores_.mean(axis=1), theirs.cv_results_["mean_test_score"])


def test_a_fold_whose_classes_have_no_weight():
    X, y = problem()
    folds = [(np.flatnonzero(y != "cat"), np.flatnonzero(y == "cat"))]
    assert KNNClassifierCV((1, 3), cv=folds, class_weight={"cat": 0}).fit(X, y).best_score_ == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scoring": "accurac"}, r"'scoring' parameter .* Did you mean 'accuracy'\?"),
        ({"scoring": ["accuracy"]}, "'scoring' parameter"),
        ({"scoring": {"a": "accuracy"}}, "'scoring' parameter"),
        ({"scoring": accuracy_score}, "make_scorer"),
        ({"scoring": lambda estimator, X, y: "good"}, "scoring must return a number; got 'good'"),
        (
            {"scoring": lambda estimator, X, y: [1, 2]},
            r"scoring must return a number; got \[1, 2\]",
        ),
        ({"scoring": lambda estimator, X, y: float("nan")}, "returned NaN for every n_neighbors"),
        ({"cv": [1]}, r"cv=\[1\] does not split: cannot unpack"),
        ({"cv": [(1, 2)]}, r"cv=\[\(1, 2\)\] yields .*expected pairs"),
        ({"cv": [([0, 1, 2], [3], [4])]}, "cv=.* does not split"),
        ({"cv": [([0, 1, 200], [3])]}, "cv=.* yields .* below n_samples=120: index 200"),
        ({"cv": [([0.0, 1.0, 2.0], [3])]}, "cv=.* yields .*expected pairs .* of indices"),
        ({"cv": [("ab", "cd")]}, "cv=.* yields .*expected pairs"),
        ({"cv": [([0, 1, 2], [[3]])]}, "cv=.* yields .*expected pairs"),
        ({"cv": [([], [3])]}, "exceed n_samples=0"),
        ({"cv": [(np.ones(119, bool), [3])]}, "cv=.* yields"),
    ],
)
def test_misuse(arguments, message):
    X, y = problem()
    model = KNNClassifierCV((1, 2), **arguments)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not hasattr(model, "classes_")


def test_folds_need_weight():
    X, y = problem()
    folds = [(np.arange(60), np.arange(60, 120)), (np.arange(60, 120), np.arange(60))]
    with pytest.raises(ValueError, match="whose test part is empty or has only weights of 0"):
        KNNClassifierCV((1, 2), cv=folds).fit(X, y, np.arange(120) < 60)


def test_k_beyond_the_weight_of_a_fold_has_no_score():
    X, y = problem(40)
    folds = [(np.arange(20), np.arange(20, 40)), (np.arange(20, 40), np.arange(20))]
    weight = np.repeat([1, 2], 20)
    model = KNNClassifierCV((20, 21, 40, 41), cv=folds).fit(X, y, weight)
    # Weights are relative: those of either half are equal, and no sample counts as more than one.
    assert np.isnan(model.scores_).any(axis=1).tolist() == [False, True, True, True]
    weight[[0, 20]] = 1, 1
    model.fit(X, y, weight)
    assert np.isnan(model.scores_).tolist() == [
        [False, False],
        [True, False],
        [True, True],
        [True, True],
    ]


def test_masks_are_indices_too():
    X, y = problem(40)
    mask = np.arange(40) % 3 == 0
    of_masks = KNNClassifierCV((1, 3), cv=[(~mask, mask)]).fit(X, y)
    of_indices = KNNClassifierCV((1, 3), cv=[(np.flatnonzero(~mask), np.flatnonzero(mask))])
    np.testing.assert_array_equal(of_masks.scores_, of_indices.fit(X, y).scores_)


def test_metadata_is_routed():
    X, y = problem()
    weight, groups = np.random.RandomState(0).randint(1, 3, 120), np.arange(120) // 10
    with config_context(enable_metadata_routing=True):
        model = (
            KNNClassifierCV((1, 3), cv=GroupKFold(3))
            .set_fit_request(sample_weight=True, groups=True)
            .set_score_request(sample_weight=True)
        )
        found = cross_val_score(
            model, X, y, cv=KFold(2), params={"sample_weight": weight, "groups": groups}
        )
    expected = [
        KNNClassifierCV((1, 3), cv=GroupKFold(3))
        .fit(X[a], y[a], weight[a], groups=groups[a])
        .score(X[b], y[b], weight[b])
        for a, b in KFold(2).split(X)
    ]
    np.testing.assert_array_equal(found, expected)


def test_stratified_without_shuffling_is_the_default():
    X, y = problem()
    of_number, of_splitter = (
        KNNClassifierCV(KS, cv=cv, scoring="f1_micro").fit(X, y) for cv in (4, StratifiedKFold(4))
    )
    np.testing.assert_array_equal(of_number.scores_, of_splitter.scores_)
