"""KNNClassifier and KNNClassifierCV in difficult cases: tied votes, extremes, misuse."""

import io
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, LeaveOneOut, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from sk231n import KNNClassifier, KNNClassifierCV, reference

DISTANCES = {
    "euclidean": reference.distances_two_loops,
    "manhattan": reference.manhattan_distances,
    "cosine": reference.cosine_distances,
}
LABELS = [["b", "a", "c"], [-3, 7, -11], [True, False], [1.0, -2.0, 1e9], ["only one"]]


@pytest.fixture
def data():
    random = np.random.RandomState(0)
    return random.normal(size=(40, 5)), random.randint(3, size=40), random.normal(size=(6, 5))


def relative(distances):
    """Weights that depend on the farthest neighbour."""
    return 1 - distances / (2 * distances.max(axis=1, keepdims=True) + 1e-9)


# ---------------------------------------------------------------------------------------- votes


@st.composite
def problems(draw, metrics=("euclidean", "manhattan")):
    """Few values, so that many distances tie; weights in eighths, so that their sums are exact."""
    random = np.random.RandomState(draw(st.integers(0, 2**32 - 1)))
    n_samples, n_features = draw(st.integers(1, 25)), draw(st.integers(1, 3))
    X, Q = random.randint(0, 4, (n_samples, n_features)), random.randint(0, 4, (5, n_features))
    y = random.choice(np.array(draw(st.sampled_from(LABELS)), dtype=object), n_samples)
    sample_weight = draw(st.sampled_from([None, (0, 9), (1, 30), (8, 9)]))
    if sample_weight is not None:
        sample_weight = random.randint(*sample_weight, n_samples) / 8
        sample_weight[random.randint(n_samples)] += 1
    largest = n_samples
    if sample_weight is not None:
        largest = int(min(np.count_nonzero(sample_weight), sample_weight.sum()))
    arguments = {
        "n_neighbors": draw(st.integers(1, largest)),
        "weights": draw(st.sampled_from(["uniform", "distance"])),
    }
    return X, np.array(y.tolist()), Q, sample_weight, draw(st.sampled_from(metrics)), arguments


@settings(max_examples=150, deadline=None)
@given(problems())
def test_votes_are_those_of_the_loops(problem):
    X, y, Q, sample_weight, metric, arguments = problem
    model = KNNClassifier(metric=metric, **arguments).fit(X, y, sample_weight)
    arguments = {**arguments, "distances": DISTANCES[metric], "sample_weight": sample_weight}
    expected = reference.knn_predict_proba(X, y, Q, **arguments)
    np.testing.assert_array_equal(model.classes_, np.unique(y))
    np.testing.assert_allclose(model.predict_proba(Q), expected, rtol=1e-13)
    predicted = np.searchsorted(model.classes_, model.predict(Q))
    if arguments["weights"] == "uniform":  # because ties are then not broken by rounding
        np.testing.assert_array_equal(model.predict(Q), reference.knn_predict(X, y, Q, **arguments))
    else:
        votes = expected[np.arange(len(Q)), predicted]
        np.testing.assert_allclose(votes, expected.max(axis=1), rtol=1e-13)


@settings(max_examples=40, deadline=None)
@given(problems(["cosine"]))
def test_votes_by_cosine_are_those_of_a_metric_that_computes_it(problem):
    X, y, Q, sample_weight, _, arguments = problem

    def cosine(A, B):
        table = KNNClassifier(1, metric="cosine").fit(B, np.zeros(len(B)))
        distances, indices = table.kneighbors(A, len(B))
        return np.take_along_axis(distances, np.argsort(indices), axis=1)

    model, plugged = (
        KNNClassifier(metric=metric, **arguments).fit(X, y, sample_weight)
        for metric in ("cosine", cosine)
    )
    np.testing.assert_array_equal(model.predict_proba(Q), plugged.predict_proba(Q))


@settings(max_examples=60, deadline=None)
@given(problems())
def test_a_sample_without_weight_is_not_there(problem):
    X, y, Q, sample_weight, metric, arguments = problem
    if sample_weight is None:
        sample_weight = np.ones(len(X))
    some = sample_weight > 0
    weighted = KNNClassifier(metric=metric, **arguments).fit(X, y, sample_weight)
    fewer = KNNClassifier(metric=metric, **arguments).fit(X[some], y[some], sample_weight[some])
    columns = np.isin(weighted.classes_, fewer.classes_)
    probabilities = weighted.predict_proba(Q)
    np.testing.assert_allclose(probabilities[:, columns], fewer.predict_proba(Q), rtol=1e-13)
    np.testing.assert_array_equal(probabilities[:, ~columns], 0)


@pytest.mark.parametrize("weights", ["uniform", "distance", relative])
def test_weights_of_one_change_nothing(weights, data):
    X, y, Q = data
    model = KNNClassifier(4, weights=weights)
    expected = model.fit(X, y).predict_proba(Q)
    np.testing.assert_array_equal(model.fit(X, y, np.ones(40)).predict_proba(Q), expected)
    assert np.array_equal(model.fit(X, y).predict_proba(Q), expected)  # no weights are left


@pytest.mark.parametrize(
    "weights", [relative, lambda d: 1 / (1 + d), lambda d: d], ids=["relative", "inverse", "itself"]
)
def test_a_function_sees_the_distances_of_the_samples_that_vote(weights, data):
    """A weight of 2 votes like two samples, whatever the function returns for farther ones."""
    X, y, Q = data
    times = np.random.RandomState(1).randint(1, 4, 40)
    weighted = KNNClassifier(7, weights=weights).fit(X, y, times)
    repeated = KNNClassifier(7, weights=weights).fit(X.repeat(times, axis=0), y.repeat(times))
    np.testing.assert_allclose(weighted.predict_proba(Q), repeated.predict_proba(Q), rtol=1e-13)


def test_small_weights_are_as_good_as_large_ones():
    X = np.arange(100.0)[:, np.newaxis]
    y = np.arange(100) % 2
    expected = KNNClassifier(7).fit(X, y).predict_proba(X)
    for weight in (0.1, 1 / 3, 1e-300, 5e-324):
        model = KNNClassifier(7).fit(X, y, np.full(100, weight))
        np.testing.assert_array_equal(model.predict_proba(X), expected)


@pytest.mark.parametrize(
    "arguments",
    [
        {"weights": "distance", "metric": "manhattan"},  # votes of 1e308 each
        {"weights": lambda distances: np.full(distances.shape, 1e308)},
        {"weights": lambda distances: np.full(distances.shape, 5e-324)},
    ],
)
def test_votes_may_be_huge_or_tiny(arguments):
    X = [[1e-308], [-1e-308], [1e-308], [-1e-308]]
    model = KNNClassifier(4, **arguments).fit(X, [0, 0, 0, 1])
    np.testing.assert_allclose(model.predict_proba([[0.0]]), [[0.75, 0.25]])
    assert model.predict([[0.0]]) == 0


def test_sample_weights_may_be_huge_or_tiny():
    X = [[1.0], [2.0], [3.0]]
    for weight in (1e308, 1.0):
        model = KNNClassifier(1).fit(X, [0, 1, 1], [weight] * 3)
        assert model.predict_proba([[0.0]]).tolist() == [[1, 0]]
    model = KNNClassifier(2).fit(X, [0, 1, 1], [5e-324, 1.7e308, 1.0])  # the quotient is infinite
    assert model.predict_proba([[0.0]]).tolist() == [[0.5, 0.5]]
    assert model.predict_proba([[3.0]]).tolist() == [[0, 1]]


def test_functions_may_overwrite_what_they_get(data):
    X, y, Q = data

    def in_place(distances):
        distances[:] = 1
        return distances

    expected = KNNClassifier(5).fit(X, y)
    model = KNNClassifier(5, weights=in_place).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(Q), expected.predict_proba(Q))
    before = X.copy()

    def metric(A, B):
        distances = reference.distances_one_loop(A, B)
        A[:], B[:] = 0, 0
        return distances

    found = KNNClassifier(5, metric=metric).fit(X, y).kneighbors(Q)
    np.testing.assert_array_equal(found[1], expected.kneighbors(Q)[1])
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, bool])
def test_a_metric_may_return_any_numbers(dtype, data):
    X, y, Q = data

    def metric(A, B):
        return (reference.manhattan_distances(A, B) > 3).astype(dtype)

    distances, indices = KNNClassifier(5, metric=metric).fit(X, y).kneighbors(Q)
    assert distances.dtype == np.float64
    expected = reference.nearest_neighbors(Q, X, 5, metric)
    np.testing.assert_array_equal(distances, expected[0])
    np.testing.assert_array_equal(indices, expected[1])


def test_a_metric_is_called_for_blocks_of_queries(data):
    X, y, Q = data
    sizes = []

    def metric(A, B):
        sizes.append(len(A))
        return reference.distances_one_loop(A, B)

    model = KNNClassifier(3, metric=metric).fit(X, y)
    whole = model.kneighbors(Q)
    with config_context(working_memory=0.005):
        blocks = model.kneighbors(Q)
    assert sizes[0] == 6 == sum(sizes[1:])
    assert len(sizes) > 2
    assert all(np.array_equal(a, b) for a, b in zip(whole, blocks, strict=True))


# ------------------------------------------------------------------------------------ neighbours


@pytest.mark.parametrize("n_samples", [2, 7, 300])
@pytest.mark.parametrize("metric", [*DISTANCES, reference.distances_no_loop])
def test_no_sample_is_its_own_neighbor(metric, n_samples):
    """This holds even if all samples are equal, and others have smaller indices."""
    X = np.ones((n_samples, 4))
    model = KNNClassifier(1, metric=metric).fit(X, np.zeros(n_samples))
    for k in {1, min(5, n_samples - 1), n_samples - 1}:
        _, indices = model.kneighbors(n_neighbors=k)
        others = [[j for j in range(n_samples) if j != i][:k] for i in range(n_samples)]
        np.testing.assert_array_equal(indices, others)


@pytest.mark.parametrize("k", [1, 3, 10])
def test_cross_validation_with_one_left_out_is_a_vote_of_the_others(k, data):
    X, y, _ = data
    model = KNNClassifier(k).fit(X, y)
    votes = y[model.kneighbors(return_distance=False)]
    predicted = [np.bincount(row, minlength=3).argmax() for row in votes]
    assert cross_val_score(model, X, y, cv=LeaveOneOut()).tolist() == (predicted == y).tolist()


def test_the_cross_validated_has_neighbors_too(data):
    X, y, Q = data
    model = KNNClassifierCV((3, 6), weights="distance").fit(X, y)
    alone = KNNClassifier(model.n_neighbors_, weights="distance").fit(X, y)
    for arguments in ((Q,), (Q, 9), (None,), (None, 4)):
        for a, b in zip(model.kneighbors(*arguments), alone.kneighbors(*arguments), strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(model.predict_proba(Q), alone.predict_proba(Q))
    assert model.score(X, y) == alone.score(X, y)
    with pytest.raises(ValueError, match="n_neighbors=41, but there are only n_samples=40"):
        model.kneighbors(Q, 41)


@pytest.mark.parametrize("n_features", [3, 40])
@pytest.mark.parametrize("metric", DISTANCES)
def test_the_referee_agrees(metric, n_features):
    random = np.random.RandomState(0)
    X, Q = random.normal(size=(2000, n_features)), random.normal(size=(50, n_features))
    y = random.choice(["ape", "bee", "cat"], 2000)
    ours = KNNClassifier(9, metric=metric, weights="distance").fit(X, y)
    theirs = KNeighborsClassifier(9, metric=metric, weights="distance", algorithm="brute")
    theirs.fit(X, y)
    np.testing.assert_array_equal(ours.predict(Q), theirs.predict(Q))
    np.testing.assert_array_equal(ours.kneighbors(Q)[1], theirs.kneighbors(Q)[1])
    np.testing.assert_allclose(
        ours.kneighbors(Q)[0], theirs.kneighbors(Q)[0], rtol=1e-12, atol=1e-15
    )


# ------------------------------------------------------------------------------- data and copies


def test_frames_have_names(data):
    X, y, _ = data
    frame, labels = pd.DataFrame(X, columns=list("abcde")), pd.Series(y.astype(str))
    for model in (KNNClassifier(3), KNNClassifierCV((3, 4))):
        model.fit(frame, labels)
        assert model.feature_names_in_.tolist() == list("abcde")
        assert set(model.predict(frame)) <= {"0", "1", "2"}
        with pytest.raises(ValueError, match="feature names should match"):
            model.predict(frame.rename(columns={"a": "z"}))
        with pytest.warns(UserWarning, match="does not have valid feature names"):
            model.predict(X)
        assert not hasattr(model.fit(X, y), "feature_names_in_")
    small = pd.DataFrame(np.arange(80).reshape(40, 2)).astype("uint8")
    assert KNNClassifier().fit(small, y)._rows.dtype == np.uint8


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.float32])
def test_small_types_are_kept(dtype):
    X = np.arange(600).reshape(100, 6).astype(dtype)
    model = KNNClassifier().fit(X, np.arange(100) % 2)
    assert model._rows is X or np.shares_memory(model._rows, X)
    assert model.n_samples_fit_ == 100
    assert model.n_features_in_ == 6


@pytest.mark.parametrize("metric", DISTANCES)
def test_pickles_hold_the_data_once(metric):
    X = np.random.RandomState(0).randint(0, 256, (500, 300)).astype(np.uint8)
    model = KNNClassifier(metric=metric).fit(X, np.arange(500) % 3)
    pickled = pickle.dumps(model)
    assert len(pickled) < 1.3 * X.nbytes
    again = pickle.loads(pickled)
    np.testing.assert_array_equal(again.predict_proba(X[:9]), model.predict_proba(X[:9]))
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    np.testing.assert_array_equal(joblib.load(buffer).predict(X[:9]), model.predict(X[:9]))


def test_fitted_again_it_is_new(data):
    X, y, Q = data
    model = KNNClassifier(3).fit(X[:, :2].astype(np.float32), y.astype(str), np.full(40, 2.0))
    model.fit(X, y)
    fresh = KNNClassifier(3).fit(X, y)
    assert vars(model).keys() == vars(fresh).keys()
    np.testing.assert_array_equal(model.predict_proba(Q), fresh.predict_proba(Q))


# --------------------------------------------------------------------------------------- misuse


@pytest.mark.parametrize("n_neighbors", [0, -2, 2.5, "3"])
@pytest.mark.parametrize("method", ["predict", "kneighbors"])
@pytest.mark.parametrize("sample_weight", [None, np.ones(40)], ids=["alike", "weighted"])
def test_a_wrong_number_after_fit_is_refused(sample_weight, method, n_neighbors, data):
    X, y, Q = data
    model = KNNClassifier().fit(X, y, sample_weight).set_params(n_neighbors=n_neighbors)
    with pytest.raises(ValueError, match="'n_neighbors' parameter"):
        getattr(model, method)(Q)


@pytest.mark.parametrize("estimator", [KNNClassifier(), KNNClassifierCV((1, 3))])
@pytest.mark.parametrize("weights", ["linear", 3, None])
def test_wrong_weights_after_fit_are_refused(weights, estimator, data):
    X, y, Q = data
    estimator.set_params(weights="uniform").fit(X, y).set_params(weights=weights)
    with pytest.raises(ValueError, match="'weights' parameter"):
        estimator.predict(Q)


@pytest.mark.parametrize("method", ["predict", "kneighbors"])
def test_no_jobs_are_refused(method, data):
    X, y, Q = data
    with pytest.raises(ValueError, match="n_jobs"):
        getattr(KNNClassifier(n_jobs=0).fit(X, y), method)(Q)


@pytest.mark.parametrize("estimator", [KNNClassifier(), KNNClassifierCV((1, 3))])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.inf, "infinity|infinite"),
        (-np.inf, "infinity|infinite"),
        (np.nan, "NaN"),
        (10**400, "too large"),
        ("far", "convert|numeric"),
        (None, "NaN|numeric|convert"),
    ],
    ids=["inf", "-inf", "nan", "large", "text", "none"],
)
def test_objects_have_to_be_finite_numbers(value, message, estimator, data):
    X, y = data[0].astype(object), data[1]
    X[2, 3] = value
    with pytest.raises((ValueError, TypeError), match=message):
        estimator.fit(X, y)
    estimator.fit(data[0], y)
    with pytest.raises((ValueError, TypeError), match=message):
        estimator.predict(X)


def test_long_floats_beyond_float64_are_refused(data):
    X, y, _ = data
    X = X.astype(np.longdouble)
    X[1, 1] = np.finfo(np.longdouble).max
    if np.longdouble(np.finfo(np.float64).max) == X[1, 1]:  # on some platforms
        X[1, 1] = np.inf
    with pytest.raises(ValueError, match=r"infinity|too large"):
        KNNClassifier().fit(X, y)


@pytest.mark.parametrize("estimator", [KNNClassifier(), KNNClassifierCV((1, 3))])
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(40) + 1j, "Complex data not supported"),
        (np.arange(40) + 0.5, "Unknown label type: continuous"),
        (np.eye(3)[np.arange(40) % 3], "1d array"),
        (np.array([b"a", b"b"] * 20), "bytes"),
        (None, "requires y to be passed"),
        (np.arange(39), "inconsistent numbers of samples"),
    ],
)
def test_labels_have_to_be_classes(labels, message, estimator, data):
    with pytest.raises((ValueError, TypeError), match=message):
        estimator.fit(data[0], labels)


@pytest.mark.parametrize(
    ("sample_weight", "message"),
    [
        (np.zeros(40), "sample_weight is zero"),
        (
            np.arange(40) < 4,
            r"n_neighbors=5, but there are only 4 training samples, counted by sample_weight",
        ),
        (-np.ones(40), "sample_weight contains -1 at index 0"),
        (np.full(40, np.inf), "sample_weight contains infinity"),
        (np.ones((40, 1)), r"sample_weight has shape \(40, 1\)"),
        (np.ones(39), r"sample_weight has shape \(39,\); expected \(40,\)"),
    ],
)
def test_failed_fits_keep_data_and_sample_weights(sample_weight, message, data):
    X, y, Q = data
    model = KNNClassifier().fit(X, y, np.arange(40))
    before, expected = dict(vars(model)), model.predict_proba(Q)
    with pytest.raises(ValueError, match=message):
        model.fit(X[:, ::-1], y, sample_weight)
    assert vars(model) == before
    np.testing.assert_array_equal(model.predict_proba(Q), expected)


def test_a_metric_that_fails_says_so_itself(data):
    def metric(A, B):
        raise RuntimeError("no distances today")

    model = KNNClassifier(metric=metric).fit(*data[:2])
    with pytest.raises(RuntimeError, match="no distances today"):
        model.predict(data[2])


# ------------------------------------------------------------------------------ cross-validation


@st.composite
def folds(draw, n_samples):
    """Any pairs of indices, as lists or arrays, in any order, some samples in neither."""
    pairs = []
    for _ in range(draw(st.integers(1, 3))):
        order = draw(st.permutations(range(n_samples)))
        start, stop = sorted(draw(st.sets(st.integers(1, n_samples), min_size=2, max_size=2)))
        as_type = draw(st.sampled_from([list, np.array]))
        pairs.append((as_type(order[:start]), as_type(order[start:stop])))
    return pairs


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_scores_are_those_of_a_grid_search(data):
    X, y, _, _, metric, arguments = data.draw(problems(tuple(DISTANCES)))
    X, y = np.tile(X, (2, 1)), np.tile(y, 2)
    splits = data.draw(folds(len(X)))
    ks = data.draw(st.lists(st.integers(1, len(splits[0][0])), min_size=1, max_size=4))
    fewest = min(len(train) for train, _ in splits)
    ks = [min(k, fewest) for k in ks]
    arguments = {"metric": metric, "weights": arguments["weights"]}
    ours = KNNClassifierCV(ks, cv=splits, **arguments).fit(X, y)
    search = GridSearchCV(KNNClassifier(**arguments), {"n_neighbors": ks}, cv=splits).fit(X, y)
    for i in range(len(splits)):
        key = f"split{i}_test_score"
        np.testing.assert_array_equal(ours.scores_[:, i], search.cv_results_[key])
        np.testing.assert_array_equal(ours.cv_results_[key], search.cv_results_[key])
    assert ours.best_score_ == search.best_score_
    means = search.cv_results_["mean_test_score"]
    assert ours.n_neighbors_ == min(
        k for k, mean in zip(ks, means, strict=True) if mean == means.max()
    )
    assert ours.n_splits_ == len(splits)
    timings = {f"{which}_{step}_time" for which in ("mean", "std") for step in ("fit", "score")}
    assert set(ours.cv_results_) == set(search.cv_results_) - timings


def test_k_may_fit_into_some_folds_only(data):
    X, y, _ = data
    splits = [(np.arange(10), np.arange(10, 40)), (np.arange(30), np.arange(30, 40))]
    model = KNNClassifierCV((1, 10, 11, 30, 31), cv=splits).fit(X, y)
    expected = [[False, False], [False, False], [True, False], [True, False], [True, True]]
    assert np.isnan(model.scores_).tolist() == expected
    assert model.n_neighbors_ in (1, 10)
    assert np.isfinite(model.best_score_)
    assert model.cv_results_["rank_test_score"].tolist()[2:] == [3, 3, 3]


@pytest.mark.parametrize("n_neighbors", [range(1, 9, 2), [3, 3, 1], np.array([5], np.int8), (2,)])
def test_numbers_come_in_many_forms(n_neighbors, data):
    X, y, _ = data
    model = KNNClassifierCV(n_neighbors).fit(X, y)
    assert model.scores_.shape == (len(n_neighbors), 5)
    assert model.n_neighbors_ in list(n_neighbors)
    assert model.get_params()["n_neighbors"] is n_neighbors


@pytest.mark.parametrize(
    ("n_neighbors", "message"),
    [
        ("135", "'n_neighbors' parameter"),
        (5, "'n_neighbors' parameter"),
        (None, "'n_neighbors' parameter"),
        ([[1, 3]], "n_neighbors must hold"),
        (np.array([1.0, 3.0]), "n_neighbors must hold"),
        ([1, np.nan], "n_neighbors must hold"),
        (np.array([True]), "n_neighbors must hold"),
        ({"1": 3}, "n_neighbors"),
    ],
)
def test_refuses_what_holds_no_numbers(n_neighbors, message, data):
    with pytest.raises(ValueError, match=message):
        KNNClassifierCV(n_neighbors).fit(*data[:2])


@pytest.mark.parametrize("cv", [1, 0, -3, 2.5, "five", []])
def test_refuses_what_does_not_split(cv, data):
    with pytest.raises(ValueError, match=r"\bcv\b"):
        KNNClassifierCV((1, 3), cv=cv).fit(*data[:2])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metric": "hamming"}, "'metric' parameter"),
        ({"weights": "linear"}, "'weights' parameter"),
        ({"n_jobs": "two"}, "'n_jobs' parameter"),
        ({"metric": lambda A, B: np.zeros((1, 1))}, r"metric\S* returned"),
        ({"weights": lambda distances: -distances}, r"weights\S* returned"),
        ({"cv": 41}, "n_splits=41"),
        ({"cv": GroupKFold(2)}, "groups"),
    ],
)
def test_a_failed_cross_validation_leaves_the_model_as_it_was(arguments, message, data):
    X, y, Q = data
    y = y % 2
    model = KNNClassifierCV((1, 3)).fit(X, y)
    before, expected = dict(vars(model)), model.predict(Q)
    unchanged = model.get_params()
    with pytest.raises(ValueError, match=message):
        model.set_params(**arguments).fit(X[:, :4], y)
    model.set_params(**unchanged)
    assert vars(model) == before
    np.testing.assert_array_equal(model.predict(Q), expected)


def test_splitters_are_asked_once(data):
    X, y, _ = data
    model = KNNClassifierCV((1, 3), cv=KFold(3).split(X)).fit(X, y)  # usable only once
    np.testing.assert_array_equal(
        model.scores_, KNNClassifierCV((1, 3), cv=KFold(3)).fit(X, y).scores_
    )


def test_groups_are_routed(data):
    X, y, _ = data
    groups = np.arange(40) // 5
    with config_context(enable_metadata_routing=True):
        model = KNNClassifierCV((1, 3), cv=GroupKFold(2)).set_fit_request(groups=True)
        scores = cross_val_score(model, X, y, cv=GroupKFold(4), params={"groups": groups})
    assert len(scores) == 4
    assert np.isfinite(scores).all()


def test_sample_weights_are_routed(data):
    X, y, _ = data
    grid = {"n_neighbors": [1, 3]}
    times = np.random.RandomState(0).randint(1, 4, 40)
    with config_context(enable_metadata_routing=True):
        model = (
            KNNClassifier()
            .set_fit_request(sample_weight=True)
            .set_score_request(sample_weight=False)
        )
        search = GridSearchCV(model, grid, cv=KFold(2)).fit(X, y, sample_weight=times)
    best = search.best_estimator_
    expected = KNNClassifier(best.n_neighbors).fit(X, y, times).predict_proba(X)
    np.testing.assert_array_equal(best.predict_proba(X), expected)
    assert not np.array_equal(KNNClassifier(best.n_neighbors).fit(X, y).predict_proba(X), expected)


def test_folds_of_frames_of_labels(data):
    X, y, _ = data
    labels = pd.Series(y.astype(str), index=np.arange(40) + 7)
    frame = pd.DataFrame(X, columns=list("abcde"), index=labels.index)
    for cv in (3, KFold(3, shuffle=True, random_state=0)):
        of_frame = KNNClassifierCV((1, 3), cv=cv).fit(frame, labels)
        np.testing.assert_array_equal(
            of_frame.scores_, KNNClassifierCV((1, 3), cv=cv).fit(X, y).scores_
        )
