"""Nearest neighbours as ONNX graphs: the votes of the library, with its ties."""

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sk231n import KNNClassifier, KNNClassifierCV
from sk231n.onnx import to_onnx

seeds = st.integers(0, 2**32 - 1)
few = settings(deadline=None, derandomize=True, max_examples=40)


def check(model, queries, X=None):
    """Compare labels and probabilities, given in float32, with those of the model."""
    graph = to_onnx(model, queries[:1] if X is None else X)
    onnx.checker.check_model(graph, full_check=True)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    label, probabilities = session.run(None, {"X": queries})
    np.testing.assert_array_equal(label, model.predict(queries))
    expected = model.predict_proba(queries)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-7)
    np.testing.assert_array_equal(probabilities > 0, expected > 0)  # the same classes vote


@few
@given(
    st.integers(1, 12), st.integers(1, 9), st.sampled_from(["euclidean", "manhattan", "l1", "l2"]),
    st.sampled_from(["uniform", "distance"]), st.sampled_from([None, "balanced", {0: 0.0, 2: 3.5}]),
    st.sampled_from([None, "whole", "any", "zeros"]), st.integers(2, 256), st.booleans(), seeds,
)  # fmt: skip
@example(5, 3, "manhattan", "distance", "balanced", "any", 2, False, 0)
def test_votes_are_equal(
    k, n_features, metric, weights, class_weight, sample_weight, n_values, as_bool, seed
):
    """Few values make ties, of distances and of votes, and neighbours at distance zero."""
    rng = np.random.default_rng(seed)
    X, queries = (rng.integers(0, n_values, (n, n_features)) for n in (30, 40))
    X, queries = (rows.astype(bool if as_bool else np.uint8) for rows in (X, queries))
    w = {
        None: None,
        "whole": rng.integers(1, 4, 30),
        "any": rng.uniform(0.2, 3, 30),
        "zeros": np.where(np.arange(30) % 3, rng.uniform(0.5, 2, 30), 0),
    }[sample_weight]
    model = KNNClassifier(k, metric=metric, weights=weights, class_weight=class_weight)
    check(model.fit(X, rng.integers(0, 3, 30), w), queries)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_stacks_of_images(metric):
    rng = np.random.default_rng(0)
    X, queries = (rng.integers(0, 256, (n, 5, 6, 3)).astype(np.uint8) for n in (50, 20))
    model = KNNClassifier(metric=metric).fit(X, np.array(list("abcde"))[np.arange(50) % 5])
    check(model, queries)


def test_the_number_that_cross_validation_chose():
    rng = np.random.default_rng(0)
    X, queries = (rng.integers(0, 8, (n, 4)).astype(np.uint8) for n in (60, 30))
    model = KNNClassifierCV((1, 4, 7), cv=3).fit(X, np.arange(60) % 3)
    check(model, queries)


@pytest.mark.parametrize(("metric", "n_features"), [("euclidean", 40_000), ("manhattan", 70_000)])
def test_sums_of_many_large_bytes(metric, n_features):
    """More than 31 bits, or more than float32 holds; the nearest two differ in one feature."""
    X = np.full((4, n_features), 255, np.uint8)
    X[0], X[1, :1000], X[2, 0] = 0, 254, 254
    model = KNNClassifier(1, metric=metric).fit(X, [0, 1, 2, 3])
    queries = X.copy()
    queries[:, -1] = np.maximum(queries[:, -1], 1) - 1
    check(model, queries)


def test_more_neighbors_than_samples_that_count_as_several():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 9, (5, 3)).astype(np.uint8)
    model = KNNClassifier(8, weights="distance").fit(X, [0, 1, 0, 1, 2], [1, 2, 3, 1, 4])
    check(model, rng.integers(0, 9, (20, 3)).astype(np.uint8))


def test_the_metric_of_the_fit_counts():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 9, (30, 3)).astype(np.uint8)
    model = KNNClassifier(3, metric="manhattan").fit(X, np.arange(30) % 3)
    check(model.set_params(metric="euclidean"), X)


@pytest.mark.parametrize(
    ("arguments", "fitted_to", "queries", "message"),
    [
        ({}, np.float32, np.uint8, "was fitted to float32 .* Give bytes"),
        ({}, np.uint8, np.float64, "gets float64 here"),
        ({}, np.int16, np.uint8, "was fitted to int16"),
        ({"metric": "cosine"}, np.uint8, np.uint8, "metric='cosine'.* metric='euclidean'"),
        ({"metric": lambda a, b: a @ b.T}, np.uint8, np.uint8, "metric=<function .* of Python"),
        ({"weights": np.exp}, np.uint8, np.uint8, "weights=<ufunc 'exp'> .* of Python"),
    ],
)
def test_what_cannot_be_equal_is_refused(arguments, fitted_to, queries, message):
    X = np.random.default_rng(0).integers(0, 99, (20, 4))
    model = KNNClassifier(3, **arguments).fit(X.astype(fitted_to), np.arange(20) % 2)
    with pytest.raises(NotImplementedError, match=message):
        to_onnx(model, X.astype(queries))
