"""Without queries, each training sample is classified by the others."""

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix
from sklearn import config_context
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from sk231n import KNNClassifier, KNNClassifierCV, reference


def problem(n_samples=45, n_features=3, seed=0):
    """Small whole numbers: duplicates and distances that tie."""
    random = np.random.RandomState(seed)
    X = random.randint(0, 3, (n_samples, n_features)).astype(np.float64)
    return X, random.choice(["ant", "bee", "cow"], n_samples)


@pytest.mark.parametrize(
    "metric", ["euclidean", "manhattan", "cosine", reference.distances_no_loop]
)
@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("k", [1, 4, 44])
def test_is_cross_validation_with_one_left_out(k, weights, metric):
    X, y = problem()
    X += 1  # no row of zeros
    model = KNNClassifier(k, metric=metric, weights=weights).fit(X, y)
    expected = cross_val_predict(model, X, y, cv=LeaveOneOut(), method="predict_proba")
    np.testing.assert_allclose(model.predict_proba(None), expected, rtol=1e-12)
    labels = cross_val_predict(model, X, y, cv=LeaveOneOut())
    np.testing.assert_array_equal(model.predict(None), labels)
    assert model.score(None, y) == np.mean(labels == y)


@pytest.mark.parametrize("class_weight", [None, {"ant": 3, "cow": 0.5}])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_weights_count(weights, class_weight):
    """Each prediction is that of a fit without the sample, with the same unit of the weights."""
    X, y = problem()
    sample_weight = np.random.RandomState(1).randint(0, 4, 45) / 8
    sample_weight[:2] = 1 / 8
    model = KNNClassifier(6, weights=weights, class_weight=class_weight)
    found = model.fit(X, y, sample_weight).predict_proba(None)
    for i in range(45):
        others = np.arange(45) != i
        model.fit(X[others], y[others], sample_weight[others])
        np.testing.assert_array_equal(model.predict_proba(X[[i]])[0], found[i])


def test_heavy_samples_do_not_vote_for_themselves_but_duplicates_do():
    X, y = [[0.0], [0.0], [5.0], [6.0]], ["a", "b", "c", "c"]
    model = KNNClassifier(1).fit(X, y, [100, 1, 1, 1])
    assert model.predict(None).tolist() == ["b", "a", "c", "c"]
    assert model.score(None, y) == 0.5
    assert model.score(None, y, sample_weight=[0, 0, 1, 3]) == 1


def test_many_duplicates():
    X, y = np.ones((300, 4)), np.arange(300) % 2
    X[-1] = 2
    model = KNNClassifier(3).fit(X, y)
    expected = np.zeros(300, int)  # each sample has the first three others
    expected[[0, 2]] = 1
    np.testing.assert_array_equal(model.predict(None), expected)


def test_the_cross_validated_too():
    X, y = problem(60)
    model = KNNClassifierCV((1, 3, 5), cv=3, weights="distance").fit(X, y)
    alone = KNNClassifier(model.n_neighbors_, weights="distance").fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(None), alone.predict_proba(None))
    assert model.score(None, y) == alone.score(None, y)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "kneighbors"])
def test_there_have_to_be_enough_others(method):
    X, y = problem(5)
    model = KNNClassifier(5).fit(X, y)
    with pytest.raises(ValueError, match=r"n_neighbors=5, .* n_samples=4 other training samples"):
        getattr(model, method)(None)
    with pytest.raises(NotFittedError):
        getattr(KNNClassifier(), method)(None)
    with pytest.raises(ValueError, match="n_samples=4 other"):
        model.score(None, y)


def test_others_have_to_have_enough_weight():
    model = KNNClassifier(3).fit([[0.0], [1.0], [2.0]], [0, 1, 1], [1, 2, 1])
    assert model.predict([[0.0]]) == [1]
    with pytest.raises(ValueError, match="only 2 other training samples"):
        model.predict(None)


@pytest.mark.parametrize("y", [["ant"] * 44, [["ant"]] * 3])
def test_labels_to_score_have_to_fit(y):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        KNNClassifier().fit(*problem()).score(None, y)


# ------------------------------------------------------------------------------------------ graph


@pytest.mark.parametrize("mode", ["connectivity", "distance"])
@pytest.mark.parametrize("queries", [None, "others"])
def test_graphs_are_scikit_learns(queries, mode):
    random = np.random.RandomState(0)
    X, y, Q = random.normal(size=(40, 3)), random.randint(2, size=40), random.normal(size=(7, 3))
    ours, theirs = KNNClassifier(4).fit(X, y), KNeighborsClassifier(4).fit(X, y)
    for n_neighbors in (None, 6):
        arguments = (Q if queries else None, n_neighbors, mode)
        found, expected = (model.kneighbors_graph(*arguments) for model in (ours, theirs))
        assert type(found) is type(expected)
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found.toarray(), expected.toarray(), rtol=1e-12)


def test_graphs_of_samples_without_weight_and_of_either_interface():
    X, y = problem()
    model = KNNClassifier(3).fit(X, y, np.arange(45) % 2)
    graph = model.kneighbors_graph(X)
    assert isinstance(graph, csr_matrix)
    assert graph.shape == (45, 45)
    np.testing.assert_array_equal(graph.sum(axis=1), 3)
    np.testing.assert_array_equal(graph.sum(axis=0)[0, ::2], 0)
    with config_context(sparse_interface="sparray"):
        assert type(model.kneighbors_graph(X)) is csr_array


def test_graphs_have_two_modes():
    with pytest.raises(ValueError, match=r"'mode' parameter .* Did you mean 'distance'"):
        KNNClassifier().fit(*problem()).kneighbors_graph(mode="distances")
