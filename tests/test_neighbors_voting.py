"""KNNClassifier: votes, weights, data of every kind, and errors."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from joblib import Parallel, delayed
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk231n import KNNClassifier, KNNClassifierCV, reference

METRICS = {
    "euclidean": reference.distances_two_loops,
    "manhattan": reference.manhattan_distances,
    "cosine": reference.cosine_distances,
}


def data(n_samples=60, n_queries=12, n_features=5, seed=0, *, integers=False):
    random = np.random.RandomState(seed)
    X = random.standard_normal((n_samples + n_queries, n_features))
    if integers:
        X = np.round(2 * X)
    y = np.array(["pear", "apple", "fig"])[random.randint(0, 3, n_samples)]
    return X[:n_samples], y, X[n_samples:]


def gaussian(distances):
    return np.exp(-(distances**2))


# ---------------------------------------------------------------------------------------- votes


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("k", [1, 2, 7, 60])
@pytest.mark.parametrize("weighted", [False, True])
def test_votes_are_those_of_the_loops(metric, weights, k, weighted):
    X, y, Q = data()
    Q[0] = X[3]  # at distance 0
    sample_weight = np.random.RandomState(1).randint(0, 4, 60) / 2.0 + 0.5 if weighted else None
    model = KNNClassifier(k, metric=metric, weights=weights).fit(X, y, sample_weight)
    expected = reference.knn_predict_proba(
        X, y, Q, k, weights=weights, distances=METRICS[metric], sample_weight=sample_weight
    )
    assert np.allclose(model.predict_proba(Q), expected, rtol=1e-9, atol=1e-12)
    assert np.array_equal(model.predict(Q), model.classes_[expected.argmax(axis=1)])


@pytest.mark.parametrize("weights", ["uniform", "distance", gaussian])
@pytest.mark.parametrize("metric", METRICS)
def test_agrees_with_scikit_learn(weights, metric):
    X, y, Q = data()
    ours = KNNClassifier(6, metric=metric, weights=weights).fit(X, y)
    theirs = KNeighborsClassifier(6, metric=metric, weights=weights, algorithm="brute").fit(X, y)
    assert np.allclose(ours.predict_proba(Q), theirs.predict_proba(Q))
    assert np.array_equal(ours.predict(Q), theirs.predict(Q))
    for a, b in zip(ours.kneighbors(Q), theirs.kneighbors(Q), strict=True):
        assert np.allclose(a, b)
    for a, b in zip(ours.kneighbors(), theirs.kneighbors(), strict=True):
        assert np.allclose(a, b)


@pytest.mark.parametrize("labels", [["b", "a"], [3, -7], [True, False], [2.0, 1.0]])
def test_ties_go_to_the_smallest_class(labels):
    model = KNNClassifier(2).fit([[0.0], [1.0]], labels)
    assert model.predict([[0.2]])[0] == min(labels)
    assert model.predict_proba([[0.2]]).tolist() == [[0.5, 0.5]]


def test_neighbors_at_distance_zero_alone_vote_by_distance():
    model = KNNClassifier(3, weights="distance").fit([[0.0], [0.0], [1e-100]], ["a", "b", "c"])
    assert model.predict_proba([[0.0]]).tolist() == [[0.5, 0.5, 0.0]]


def test_a_distance_whose_inverse_overflows_counts_as_zero():
    model = KNNClassifier(2, metric="manhattan", weights="distance")
    model.fit([[0.0], [1.0]], ["a", "b"])
    assert model.predict_proba([[5e-324]]).tolist() == [[1.0, 0.0]]


def test_neighbors_at_infinite_distances_count_alike():
    model = KNNClassifier(2, weights="distance").fit([[1e200], [-1e200], [0.0]], ["a", "a", "b"])
    distances, indices = model.kneighbors([[0.5e200]], 3)
    assert np.isinf(distances).all()
    assert indices.tolist() == [[0, 1, 2]]
    assert model.predict_proba([[0.5e200]]).tolist() == [[1.0, 0.0]]


def test_weights_that_are_all_zero_count_alike():
    X, y, Q = data()
    nothing = KNNClassifier(5, weights=np.zeros_like).fit(X, y).predict_proba(Q)
    assert np.array_equal(nothing, KNNClassifier(5).fit(X, y).predict_proba(Q))


# ------------------------------------------------------------------------------- sample weights


@pytest.mark.parametrize("weights", ["uniform", "distance", gaussian])
@pytest.mark.parametrize("metric", METRICS)
def test_a_sample_of_weight_w_counts_as_w_samples(weights, metric):
    X, y, Q = data()
    Q[:3] = X[:3]
    times = np.random.RandomState(2).randint(0, 4, 60)
    model = KNNClassifier(7, metric=metric, weights=weights)
    weighted = clone(model).fit(X, y, times)
    repeated = clone(model).fit(X.repeat(times, axis=0), y.repeat(times))
    assert np.allclose(weighted.predict_proba(Q), repeated.predict_proba(Q))
    assert np.array_equal(weighted.predict(Q), repeated.predict(Q))


def test_the_last_sample_counts_with_what_is_missing():
    """In units of the smallest weight the samples count 1, 2 and 36, of which 1, 2 and 1 vote."""
    model = KNNClassifier(4).fit([[0.0], [1.0], [2.0]], ["a", "b", "c"], [0.25, 0.5, 9])
    assert model.predict_proba([[0.0]]).tolist() == [[0.25, 0.5, 0.25]]


@pytest.mark.parametrize(
    ("sample_weight", "message"),
    [
        ([0.1, 0, 0], "n_neighbors=2, but there are only 1 .*, counted by sample_weight"),
        ([0, 0, 0], "sample_weight is zero for all samples"),
        ([1, -1, 5], "sample_weight contains -1 at index 1"),
        ([1, 2], r"sample_weight has shape \(2,\); expected \(3,\)"),
        ([1, np.nan, 1], "sample_weight contains NaN at index 1"),
        ([[1, 1, 1]], r"sample_weight has shape \(1, 3\)"),
    ],
)
def test_refuses_sample_weights(sample_weight, message):
    with pytest.raises(ValueError, match=message):
        KNNClassifier(2).fit([[0.0], [1.0], [2.0]], ["a", "b", "c"], sample_weight)


# ------------------------------------------------------------------------------------ neighbours


def test_training_samples_are_left_out_of_their_own_neighbors():
    X, y, _ = data(integers=True)
    X[10:30] = X[10]  # duplicates
    model = KNNClassifier(4).fit(X, y)
    distances, indices = model.kneighbors()
    for i in range(len(X)):
        others = np.delete(np.arange(len(X)), i)
        expected = reference.nearest_neighbors(X[[i]], X[others], 4)
        assert np.array_equal(indices[i], others[expected[1][0]])
        assert np.array_equal(distances[i], expected[0][0])


def test_number_of_neighbors_and_distances_are_optional():
    X, y, Q = data()
    model = KNNClassifier(3).fit(X, y)
    distances, indices = model.kneighbors(Q, 9)
    assert distances.shape == indices.shape == (12, 9)
    assert np.array_equal(model.kneighbors(Q, return_distance=False), indices[:, :3])


def test_a_callable_gets_float64_even_of_bytes_and_is_called_on_one_thread():
    seen = []

    def metric(A, B):
        seen.append((A.dtype, B.dtype))
        return np.abs(A[:, np.newaxis] - B).sum(axis=2)

    random = np.random.RandomState(0)
    X = random.randint(0, 256, (40, 6)).astype(np.uint8)
    ours = KNNClassifier(3, metric=metric).fit(X, np.arange(40) % 3).kneighbors(X[:9])
    expected = KNNClassifier(3, metric="manhattan").fit(X, np.arange(40) % 3).kneighbors(X[:9])
    assert all(np.array_equal(a, b) for a, b in zip(ours, expected, strict=True))
    assert set(sum(seen, ())) == {np.dtype(np.float64)}


@pytest.mark.parametrize("name", ["two_loops", "one_loop", "no_loop"])
def test_the_three_ways_of_the_course_plug_in(name):
    X, y, Q = data(integers=True)
    way = getattr(reference, f"distances_{name}")
    ours, plugged = (KNNClassifier(5, metric=metric).fit(X, y) for metric in ("euclidean", way))
    assert np.array_equal(ours.predict(Q), plugged.predict(Q))
    assert np.allclose(ours.kneighbors(Q)[0], plugged.kneighbors(Q)[0])


# ------------------------------------------------------------------------------------------ data


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("shape", [(7, 6), (8, 8, 3)])
def test_stacks_of_images_are_rows(metric, shape):
    images = np.random.RandomState(0).randint(0, 256, (50, *shape)).astype(np.uint8)
    y = np.arange(50) % 4
    of_stack = KNNClassifier(3, metric=metric).fit(images, y)
    of_rows = KNNClassifier(3, metric=metric).fit(images.reshape(50, -1), y)
    from_rows = of_rows.kneighbors(images.reshape(50, -1))
    for a, b in zip(of_stack.kneighbors(images), from_rows, strict=True):
        assert np.array_equal(a, b)


def as_object(X):
    return X.astype(object)


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def strided(X):
    return np.repeat(np.repeat(X, 2, axis=0), 2, axis=1)[::2, ::2]


@pytest.mark.parametrize(
    "convert",
    [as_object, read_only, strided, np.asfortranarray, np.float16, np.int8, np.longdouble, list,
     pd.DataFrame],
    ids=lambda c: c.__name__,
)  # fmt: skip
@pytest.mark.parametrize("metric", METRICS)
def test_every_kind_of_array_gives_the_same(convert, metric):
    X, y, Q = data(integers=True)
    expected = KNNClassifier(4, metric=metric).fit(X, y).kneighbors(Q)
    found = KNNClassifier(4, metric=metric).fit(convert(X), y).kneighbors(convert(Q))
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_training_data_are_neither_changed_nor_copied():
    X = np.random.RandomState(0).randint(0, 256, (200, 48)).astype(np.uint8)
    before = X.copy()
    model = KNNClassifier(3).fit(X, np.arange(200) % 3)
    model.predict(X)
    assert np.array_equal(X, before)
    assert np.shares_memory(model._rows, X)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("n_features", [2, 40])
@pytest.mark.parametrize("metric", METRICS)
def test_copies_and_pickles_predict_alike(duplicate, n_features, metric):
    X, y, Q = data(1500, 12, n_features)
    model = KNNClassifier(5, metric=metric).fit(X, y)
    for a, b in zip(model.kneighbors(Q), duplicate(model).kneighbors(Q), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_features", [3, 40])
def test_the_search_is_not_saved_but_made_again(n_features, weighted):
    """So that a model outlives changes of the search, and any file format can hold it."""
    X, y, Q = data(3000, 12, n_features)
    model = KNNClassifier().fit(X, y, np.arange(3000) % 3 if weighted else None)
    state = model.__getstate__()
    assert not [name for name, value in state.items() if "search" in type(value).__module__]
    model.set_params(metric="manhattan")  # takes effect with the next fit, not with loading
    loaded = pickle.loads(pickle.dumps(model))
    assert type(loaded._search) is type(model._search)
    np.testing.assert_array_equal(loaded._search.X, model._search.X)
    np.testing.assert_array_equal(loaded.predict_proba(Q), model.predict_proba(Q))


def test_several_threads_and_processes_may_ask_at_once():
    X, y, Q = data(3000, 300, 40)
    model = KNNClassifier(5).fit(X, y)
    expected = model.predict_proba(Q)
    with ThreadPoolExecutor(4) as executor:
        for found in executor.map(model.predict_proba, [Q] * 8):
            assert np.array_equal(found, expected)
    nested = Parallel(n_jobs=2, backend="threading")(delayed(model.predict_proba)(Q) for _ in "ab")
    assert np.array_equal(nested[1], expected)


def test_works_in_pipelines_and_searches():
    X, y, _ = data(90)
    pipeline = make_pipeline(StandardScaler(), KNNClassifier())
    assert cross_val_score(pipeline, X, y, cv=3).shape == (3,)
    grid = {"knnclassifier__n_neighbors": [1, 4], "knnclassifier__metric": ["cosine", "manhattan"]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_score_ == max(search.cv_results_["mean_test_score"])
    random = RandomizedSearchCV(pipeline, grid, n_iter=2, cv=3, random_state=0).fit(X, y)
    assert set(random.best_params_) == set(grid)


def test_the_number_of_neighbors_may_change_after_fit():
    X, y, Q = data()
    model = KNNClassifier(1).fit(X, y)
    changed = model.set_params(n_neighbors=9).predict_proba(Q)
    assert np.array_equal(changed, KNNClassifier(9).fit(X, y).predict_proba(Q))
    with pytest.raises(ValueError, match="n_neighbors=61, but there are only n_samples=60"):
        model.set_params(n_neighbors=61).predict(Q)


# ------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_neighbors": 0}, "'n_neighbors' parameter"),
        ({"n_neighbors": -1}, "'n_neighbors' parameter"),
        ({"n_neighbors": 1.5}, "'n_neighbors' parameter"),
        ({"n_neighbors": "3"}, "'n_neighbors' parameter"),
        ({"n_neighbors": 61}, "n_neighbors=61, but there are only n_samples=60 training samples"),
        ({"metric": "hamming"}, "'metric' parameter"),
        ({"weights": "linear"}, "'weights' parameter"),
        ({"n_jobs": 1.5}, "'n_jobs' parameter"),
    ],
)
def test_refuses_arguments(arguments, message):
    X, y, _ = data()
    with pytest.raises(ValueError, match=message):
        KNNClassifier(**arguments).fit(X, y)


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (
            lambda A, B: np.zeros((len(B), len(A))),
            r"shape \(60, 12\) for \(12, 5\) and \(60, 5\); expected",
        ),
        (lambda A, B: np.zeros(len(A)), r"shape \(12,\) for .*; expected \(12, 60\)"),
        (lambda A, B: np.full((len(A), len(B)), np.nan), "returned NaN"),
        (lambda A, B: np.full((len(A), len(B)), "far"), "dtype <U3; expected numbers"),
        (lambda A, B: np.full((len(A), len(B)), 1j), "dtype complex128; expected numbers"),
    ],
)
def test_refuses_what_a_metric_returns(metric, message):
    X, y, Q = data()
    with pytest.raises(ValueError, match="metric=<lambda> .*" + message):
        KNNClassifier(metric=metric).fit(X, y).predict(Q)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (lambda d: d[:, :1], r"shape \(12, 1\) for \(12, 5\); expected \(12, 5\)"),
        (lambda d: d * np.nan, "returned NaN"),
        (lambda d: -d, "returned values that are negative or infinite"),
        (lambda d: np.full(d.shape, "x"), "dtype <U1; expected numbers"),
    ],
)
def test_refuses_what_weights_return(weights, message):
    X, y, Q = data()
    with pytest.raises(ValueError, match="weights.* " + message):
        KNNClassifier(weights=weights).fit(X, y).predict(Q)


@pytest.mark.parametrize("estimator", [KNNClassifier, KNNClassifierCV])
@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda X: X[:, :4], "X has 4 features, but KNNClassifier.* is expecting 5"),
        (lambda X: X[:0], "0 sample"),
        (lambda X: np.where(X > 1, np.nan, X), "NaN"),
        (lambda X: np.where(X > 1, np.inf, X), "infinity"),
        (csr_array, "Sparse data was passed"),
        (lambda X: X.astype("M8[s]"), "dtype datetime64"),
        (lambda X: X + 1j, "Complex data not supported"),
        (lambda X: X.reshape(12, 1, 1, 1, 5), "X has 5 dimensions"),
        (lambda X: X[0], "Expected 2D array"),
    ],
)
def test_refuses_queries_and_training_data(estimator, spoil, message):
    X, y, Q = data()
    model = estimator().fit(X, y)
    with pytest.raises((ValueError, TypeError), match=message):
        model.predict(spoil(Q))
    if "features" not in message:
        with pytest.raises((ValueError, TypeError), match=message):
            estimator().fit(spoil(Q), y[:12])


def test_refuses_neighbors_there_are_not():
    X, y, Q = data()
    model = KNNClassifier().fit(X, y)
    with pytest.raises(ValueError, match=r"n_neighbors=61, but .* n_samples=60 training samples"):
        model.kneighbors(Q, 61)
    with pytest.raises(ValueError, match=r"n_neighbors=60, but .* n_samples=59 other training"):
        model.kneighbors(n_neighbors=60)
    for k in (0, 2.5, "many"):
        with pytest.raises(ValueError, match="'n_neighbors' parameter of kneighbors"):
            model.kneighbors(Q, k)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.arange(59), "inconsistent numbers of samples"),
        (np.arange(60) / 7, "[Uu]nknown label type"),
        (np.zeros((60, 2)), "y should be a 1d array"),
        (np.where(np.arange(60) > 3, 1.0, np.nan), "NaN"),
    ],
)
def test_refuses_labels(y, message):
    with pytest.raises(ValueError, match=message):
        KNNClassifier().fit(data()[0], y)


def test_one_sample_is_too_few_for_five_neighbors_but_enough_for_one():
    with pytest.raises(ValueError, match="n_samples=1 training samples"):
        KNNClassifier().fit([[1.0]], ["a"])
    assert KNNClassifier(1).fit([[1.0]], ["a"]).predict([[7.0]]).tolist() == ["a"]


def test_is_not_fitted_before_fit():
    for call in ("predict", "predict_proba", "kneighbors"):
        with pytest.raises(NotFittedError):
            getattr(KNNClassifier(), call)([[1.0]])


def test_a_failed_fit_leaves_the_model_as_it_was():
    X, y, Q = data()
    model = KNNClassifier().fit(X, y)
    before, expected = dict(vars(model)), model.predict(Q)
    for spoilt in (X[:3, :2], np.full((60, 2), np.nan)):
        with pytest.raises(ValueError, match=r"NaN|n_neighbors"):
            model.fit(spoilt, y[: len(spoilt)])
    assert vars(model) == before
    assert np.array_equal(model.predict(Q), expected)
