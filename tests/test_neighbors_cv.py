"""KNNClassifierCV: one search per fold for all k, and the scores of a grid search."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneOut,
    ShuffleSplit,
    StratifiedKFold,
)

from sk231n import KNNClassifier, KNNClassifierCV, reference
from sk231n.neighbors import _base

KS = (1, 2, 3, 5, 8, 13, 21)
GROUPS = np.repeat(np.arange(12), 10)


def data(n_samples=120, n_features=6, seed=0):
    """Rows of small integers, so that many distances tie, and three classes."""
    random = np.random.RandomState(seed)
    y = random.randint(0, 3, n_samples)
    X = random.randint(0, 6, (n_samples, n_features)) + y[:, np.newaxis]
    return X.astype(np.float64), np.array(["cat", "dog", "frog"])[y]


def grid_search(X, y, ks=KS, *, cv=5, groups=None, **arguments):
    search = GridSearchCV(KNNClassifier(**arguments), {"n_neighbors": list(ks)}, cv=cv)
    return search.fit(X, y, groups=groups) if groups is not None else search.fit(X, y)


def squared(A, B):
    return ((A[:, np.newaxis] - B) ** 2).sum(axis=2)


def decaying(distances):
    return np.exp(-distances)


def relative(distances):
    """Weights that depend on how many neighbours there are."""
    return 1 - distances / (1e-9 + 2 * distances.max(axis=1, keepdims=True))


SPLITS = [
    3,
    KFold(4),
    StratifiedKFold(5, shuffle=True, random_state=1),
    ShuffleSplit(6, test_size=0.3, random_state=2),
    [(np.arange(60), np.arange(60, 120)), (np.arange(40, 120), np.arange(40))],
]
METRICS = ["euclidean", "manhattan", "cosine", squared]
WEIGHTS = ["uniform", "distance", decaying, relative]


@pytest.mark.parametrize(
    ("cv", "metric", "weights"),  # each pair of them
    [
        (cv, metric, WEIGHTS[(i + j) % 4])
        for i, cv in enumerate(SPLITS)
        for j, metric in enumerate(METRICS)
    ],
)
def test_scores_are_those_of_a_grid_search_to_the_last_digit(cv, metric, weights):
    X, y = data()
    arguments = {"metric": metric, "weights": weights}
    ours = KNNClassifierCV(KS, cv=cv, **arguments).fit(X, y)
    theirs = grid_search(X, y, cv=cv, **arguments)
    for key in ("mean_test_score", "std_test_score", "rank_test_score", "param_n_neighbors"):
        assert np.array_equal(ours.cv_results_[key], theirs.cv_results_[key]), key
    for fold in range(theirs.n_splits_):
        key = f"split{fold}_test_score"
        assert np.array_equal(ours.cv_results_[key], theirs.cv_results_[key])
        assert np.array_equal(ours.scores_[:, fold], theirs.cv_results_[key])
    assert ours.cv_results_["params"] == theirs.cv_results_["params"]
    assert ours.best_score_ == theirs.best_score_
    assert ours.n_neighbors_ == theirs.best_params_["n_neighbors"]  # the first of KS, which ascend
    assert np.array_equal(ours.predict(X), theirs.predict(X))
    assert np.array_equal(ours.predict_proba(X), theirs.predict_proba(X))


def test_groups_stay_together():
    X, y = data()
    ours = KNNClassifierCV(KS, cv=GroupKFold(4)).fit(X, y, groups=GROUPS)
    theirs = grid_search(X, y, cv=GroupKFold(4), groups=GROUPS).cv_results_
    assert np.array_equal(ours.cv_results_["mean_test_score"], theirs["mean_test_score"])


def test_leave_one_out():
    X, y = data(40)
    ours = KNNClassifierCV((1, 4), cv=LeaveOneOut()).fit(X, y)
    assert ours.scores_.shape == (2, 40)
    theirs = grid_search(X, y, (1, 4), cv=LeaveOneOut()).cv_results_
    assert np.array_equal(ours.cv_results_["mean_test_score"], theirs["mean_test_score"])


def test_scores_are_those_of_the_loops():
    X, y = data(60)
    splits = list(KFold(3).split(X))
    ours = KNNClassifierCV(KS, cv=splits).fit(X, y)
    assert np.array_equal(ours.scores_, reference.knn_cross_validation(X, y, KS, splits))


def test_images_and_bytes():
    random = np.random.RandomState(0)
    images = random.randint(0, 256, (60, 8, 8, 3)).astype(np.uint8)
    y = random.randint(0, 2, 60)
    for metric in ("euclidean", "manhattan"):
        of_stack = KNNClassifierCV((1, 5), metric=metric).fit(images, y)
        of_rows = KNNClassifierCV((1, 5), metric=metric).fit(images.reshape(60, -1), y)
        assert np.array_equal(of_stack.scores_, of_rows.scores_)
        assert np.array_equal(of_stack.predict(images), of_rows.predict(images.reshape(60, -1)))


def test_one_search_a_fold(monkeypatch):
    calls = []

    def counted(*arguments):
        calls.append(arguments[2])
        return find_neighbors(*arguments)

    find_neighbors = _base.find_neighbors
    monkeypatch.setattr(_base, "find_neighbors", counted)
    X, y = data()
    for arguments in (
        {},
        {"scoring": "neg_log_loss"},
        {"class_weight": "balanced", "weights": "distance"},
    ):
        for sample_weight in (None, np.arange(len(y)) % 4):
            calls.clear()
            KNNClassifierCV(KS, cv=4, **arguments).fit(X, y, sample_weight)
            assert calls == [max(KS)] * 4


def test_the_smallest_of_the_best_k_predicts_in_whatever_order_they_come():
    X = np.arange(40.0)[:, np.newaxis]
    y = np.arange(40) // 20
    for ks in ((7, 1, 3), (3, 7, 1), (1, 3, 7)):
        model = KNNClassifierCV(ks, cv=KFold(2, shuffle=True, random_state=0)).fit(X, y)
        means = dict(zip(ks, model.scores_.mean(axis=1), strict=True))
        assert model.n_neighbors_ == min(k for k in ks if means[k] == max(means.values()))
        alone = KNNClassifier(model.n_neighbors_).fit(X, y)
        assert np.array_equal(model.predict(X), alone.predict(X))


def test_k_beyond_the_training_part_has_no_score_and_is_not_chosen():
    X, y = data(30)
    ours = KNNClassifierCV((1, 5, 24, 25, 500)).fit(X, y)
    assert np.isnan(ours.scores_).all(axis=1).tolist() == [False, False, False, True, True]
    assert not np.isnan(ours.scores_[:3]).any()
    assert ours.n_neighbors_ <= 24
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitFailedWarning)
        warnings.simplefilter("ignore", UserWarning)
        theirs = grid_search(X, y, (1, 5, 24, 25, 500))
    for key in ("mean_test_score", "rank_test_score"):
        assert np.array_equal(ours.cv_results_[key], theirs.cv_results_[key], equal_nan=True)


def test_every_k_beyond_the_training_part_is_an_error():
    with pytest.raises(ValueError, match=r"n_neighbors=\(25, 30\) all exceed n_samples=24"):
        KNNClassifierCV((25, 30)).fit(*data(30))


@pytest.mark.parametrize("cv", [[], [(np.arange(9), [])], [(np.arange(9), np.arange(0))]])
def test_a_fold_without_samples_to_test_is_an_error(cv):
    cv = [(train, np.array(test, int)) for train, test in cv]
    with pytest.raises(ValueError, match=r"cv=.* yields (no fold|a fold whose test part is empty)"):
        KNNClassifierCV((1,), cv=cv).fit(*data())


def test_folds_may_miss_a_class():
    X, y = data()
    order = np.argsort(y)
    X, y = X[order], y[order]
    ours, theirs = KNNClassifierCV(KS, cv=KFold(3)).fit(X, y), grid_search(X, y, cv=KFold(3))
    assert np.array_equal(ours.scores_.mean(axis=1), theirs.cv_results_["mean_test_score"])


@pytest.mark.parametrize("ks", [(), (0,), (1, -1), (1.5,), ("3",), (True,), (None,)])
def test_refuses_what_is_no_number_of_neighbors(ks):
    with pytest.raises(ValueError, match="n_neighbors must hold at least one integer"):
        KNNClassifierCV(ks).fit(*data())


def test_refuses_a_single_number():
    with pytest.raises(ValueError, match="n_neighbors"):
        KNNClassifierCV(5).fit(*data())


def test_takes_numpy_integers():
    model = KNNClassifierCV(np.array([1, 3])).fit(*data())
    assert isinstance(model.n_neighbors_, int)


def test_a_failed_fit_leaves_the_model_as_it_was():
    X, y = data()
    model = KNNClassifierCV(KS).fit(X, y)
    before, expected = dict(vars(model)), model.predict(X)
    bad = X.copy()
    bad[3, 2] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        model.fit(bad, y)
    with pytest.raises(ValueError, match="continuous"):
        model.fit(X[:, :2], X[:, 0] / 7)
    assert vars(model) == before
    assert np.array_equal(model.predict(X), expected)


def test_a_failed_first_fit_leaves_it_unfitted():
    X, y = data()
    model = KNNClassifierCV(KS, metric=lambda A, B: np.zeros(3))
    with pytest.raises(ValueError, match="returned an array of shape"):
        model.fit(X, y)
    with pytest.raises(NotFittedError):
        model.predict(X)
