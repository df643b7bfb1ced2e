"""Linear models and networks as ONNX graphs: layers of every kind, in float32 and float64."""

import copy
import re

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sk231n import (
    ConvNetClassifier,
    LinearSVM,
    MLPClassifier,
    MLPRegressor,
    SoftmaxClassifier,
)
from sk231n.layers import (
    Activation,
    Affine,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    Identity,
    LayerNorm,
    LeakyReLU,
    Logistic,
    Maxout,
    MaxPool2D,
    ReLU,
    Residual,
    Tanh,
)
from sk231n.onnx import to_onnx

BOUNDS = {"float32": 1e-5, "float64": 1e-12}  # relative to the largest score
seeds = st.integers(0, 2**32 - 1)
few = settings(deadline=None, derandomize=True, max_examples=30)
activations = st.sampled_from([
    "identity", "logistic", "tanh", "relu", "leaky_relu", "maxout", LeakyReLU(0.3), Maxout(3),
])  # fmt: skip


def run(model, X, **options):
    """Outputs of the graph of a model, by name, for more samples than it was made with."""
    graph = to_onnx(model, X[:2], **options)
    onnx.checker.check_model(graph, full_check=True)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"X": X}), strict=True))


def data(rng, dtype, n_samples=12, shape=(7,)):
    """Data of any type; numbers of columns differ in size."""
    if dtype == "bool":
        return rng.random((n_samples, *shape)) < 0.5
    if np.dtype(dtype).kind in "iu":
        return rng.integers(0, 120, (n_samples, *shape)).astype(dtype)
    return (rng.normal(size=(n_samples, *shape)) * rng.uniform(0.1, 9, shape)).astype(dtype)


dtypes = st.sampled_from(["uint8", "bool", "int8", "int32", "int64", "float32", "float64"])


def check_classifier(model, X):
    """Compare labels, and scores or probabilities; return the share of the labels that are sure."""
    raw = run(model, X, options={"raw_scores": True})
    scores = model.decision_function(X)
    if scores.ndim == 1:
        scores = np.stack([-scores, scores], axis=1)
    given_in = "float64" if X.dtype == np.float64 else "float32"
    assert list(raw) == ["label", "scores"]
    assert raw["scores"].dtype == given_in
    bound = BOUNDS[given_in] * np.abs(model._scores(X)).max()  # before they are subtracted
    np.testing.assert_allclose(raw["scores"], scores, rtol=0, atol=bound)
    outputs = run(model, X)
    np.testing.assert_array_equal(outputs["label"], raw["label"])
    if hasattr(model, "predict_proba"):
        assert list(outputs) == ["label", "probabilities"]
        expected = model.predict_proba(X)
        bound = max(bound, BOUNDS[given_in])
        np.testing.assert_allclose(outputs["probabilities"], expected, rtol=0, atol=bound)
    predicted = model.predict(X)
    assert raw["label"].shape == predicted.shape
    if predicted.ndim == 2:
        sure = np.abs(scores) > 2 * bound
    else:
        best = np.sort(scores, axis=1)[:, -2:]
        sure = best[:, 1] - best[:, 0] > 2 * bound
    np.testing.assert_array_equal(raw["label"][sure], predicted[sure])
    return sure.mean()


# Linear models -----------------------------------------------------------------------------------


@few
@given(
    st.sampled_from([SoftmaxClassifier, LinearSVM]), st.integers(2, 5), dtypes, dtypes,
    st.booleans(), seeds,
)  # fmt: skip
def test_linear_classifiers(kind, n_classes, fitted_to, predicted, fit_intercept, seed):
    rng = np.random.default_rng(seed)
    y = np.arange(12) % n_classes
    model = kind(fit_intercept=fit_intercept, max_iter=3, random_state=0)
    model.fit(data(rng, fitted_to), y)
    check_classifier(model, data(rng, predicted))


def test_the_softmax_of_large_scores():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 5)), np.arange(60) % 3
    model = SoftmaxClassifier(max_iter=5, random_state=0).fit(X, y)
    assert check_classifier(model, 1e4 * X) > 0.9


# Multi-layer perceptrons -------------------------------------------------------------------------


@few
@given(
    st.lists(st.tuples(st.integers(2, 6), activations), max_size=3),
    st.sampled_from([None, "batch", "layer", BatchNorm(epsilon=0.1), LayerNorm(epsilon=0.1)]),
    st.sampled_from([0.0, 0.4]), st.sampled_from(["cross_entropy", "hinge"]), st.integers(2, 4),
    dtypes, seeds,
)  # fmt: skip
def test_perceptrons(hidden, normalization, dropout, loss, n_classes, dtype, seed):
    X = data(np.random.default_rng(seed), dtype)
    model = MLPClassifier(
        tuple(width for width, _ in hidden), [activation for _, activation in hidden],
        normalization=normalization, dropout=dropout, loss=loss, max_iter=2, weight_init="glorot",
        random_state=0,
    )  # fmt: skip
    check_classifier(model.fit(X, np.arange(12) % n_classes), X)


@few
@given(st.sampled_from(["relu", "tanh"]), st.integers(2, 4), dtypes, seeds)
def test_several_labels(activation, n_labels, dtype, seed):
    rng = np.random.default_rng(seed)
    X, Y = data(rng, dtype), rng.integers(0, 2, (12, n_labels))
    Y[:2] = [[0] * n_labels, [1] * n_labels]
    model = MLPClassifier((5,), activation, max_iter=3, weight_init="he", random_state=0)
    check_classifier(model.fit(X, Y), X)


def test_a_score_of_zero_is_no_label():
    X, Y = data(np.random.default_rng(0), "float32"), np.eye(3)[np.arange(12) % 3]
    Y[0, :2] = 1
    model = MLPClassifier((4,), max_iter=1, random_state=0).fit(X, Y)
    model.coefs_ = [0 * coef for coef in model.coefs_]
    model.intercepts_ = [0 * intercept for intercept in model.intercepts_]
    outputs = run(model, X)
    assert not outputs["label"].any()
    assert (outputs["probabilities"] == 0.5).all()


@few
@given(st.integers(1, 3), st.sampled_from([None, "batch", "layer"]), activations, dtypes, seeds)
def test_regression(n_targets, normalization, activation, dtype, seed):
    """One target, too, is a column, as with all regressors of skl2onnx."""
    rng = np.random.default_rng(seed)
    X, y = data(rng, dtype), 100 * rng.normal(size=(12, n_targets))
    model = MLPRegressor((6,), activation, normalization=normalization, max_iter=3, random_state=0)
    model.fit(X, y[:, 0] if n_targets == 1 else y)
    [predictions] = run(model, X).values()
    expected = model.predict(X).reshape(12, n_targets)
    assert predictions.dtype == ("float64" if dtype == "float64" else "float32")
    bound = BOUNDS[predictions.dtype.name] * np.abs(expected).max()
    np.testing.assert_allclose(predictions, expected, rtol=0, atol=bound)


def test_assigned_parameters_are_converted():
    X, y = data(np.random.default_rng(0), "float64"), np.arange(12) % 3
    model = MLPClassifier((4,), max_iter=1, random_state=0).fit(X, y)
    model.coefs_ = [np.asfortranarray(coef + 0.5) for coef in model.coefs_]
    model.set_params(hidden_layer_sizes=(9,), activation="tanh")  # waits for the next fit
    assert check_classifier(model, X) > 0.6


# Networks on images ------------------------------------------------------------------------------

convolutions = st.builds(
    Conv2D, st.integers(1, 4), st.sampled_from([1, 2, 3, (3, 1)]), stride=st.sampled_from([1, 2]),
    padding=st.just("same"), dilation=st.sampled_from([1, 2]),
)  # fmt: skip
image_layers = st.one_of(
    convolutions,
    st.sampled_from([
        MaxPool2D(), MaxPool2D((3, 2), 1), AveragePool2D(), AveragePool2D((1, 2), (2, 1)),
        BatchNorm(), LayerNorm(), ReLU(), LeakyReLU(), Tanh(), Logistic(), Identity(), Dropout(0.3),
        Residual([Conv2D(5), BatchNorm(), ReLU(), Conv2D(3)], Conv2D(3, 1)),
        Residual([LayerNorm(), Residual([Tanh()])]),
    ]),
)  # fmt: skip
heads = st.sampled_from([
    [], [Flatten()], [GlobalAveragePool2D()], [Affine(4), Tanh()],
    [Flatten(), Affine(6), Maxout(), BatchNorm()], [Conv2D(4), Maxout(), Flatten(), LayerNorm()],
])  # fmt: skip


@few
@given(
    st.lists(image_layers, max_size=3), heads,
    st.sampled_from([(12, 14), (12, 14, 1), (13, 12, 3)]), st.booleans(),
    st.sampled_from(["uint8", "float32", "float64"]), seeds,
)  # fmt: skip
def test_architectures(layers, head, shape, as_rows, dtype, seed):
    X = data(np.random.default_rng(seed), dtype, shape=shape)
    X = X.reshape(len(X), -1) if as_rows else X
    layers = [copy.deepcopy(layer) for layer in [*layers, *head]]  # no two of them are one object
    model = ConvNetClassifier(layers, image_shape=shape, max_iter=1, random_state=0)
    model.set_params(weight_init="glorot")
    check_classifier(model.fit(X, np.arange(12) % 3), X)


@pytest.mark.parametrize("padding", ["valid", 2])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_padding_of_convolutions(padding, dtype):
    X = data(np.random.default_rng(0), dtype, shape=(9, 11, 3))
    layers = [Conv2D(4, 3, stride=2, padding=padding), ReLU(), Conv2D(3, (1, 2), padding=padding)]
    model = ConvNetClassifier(layers, max_iter=1, weight_init="he", random_state=0)
    assert check_classifier(model.fit(X, np.arange(12) % 3), X) > 0.9


@pytest.mark.parametrize("head", ["average", "flatten"])
@pytest.mark.parametrize("pooling", ["max", "average"])
def test_default_architecture_on_bytes(head, pooling):
    X = data(np.random.default_rng(0), "uint8", n_samples=40, shape=(16, 16, 3))
    model = ConvNetClassifier(
        ((8, 8), (16,)), (10,), pooling=pooling, head=head, activation="leaky_relu", max_iter=2,
        random_state=0,
    )  # fmt: skip
    assert check_classifier(model.fit(X, np.arange(40) % 4), X) > 0.9


# What is refused ---------------------------------------------------------------------------------


class Softplus(Activation):
    """An activation of a user's own."""

    def forward(self, p, x, phase=None):
        return np.logaddexp(0, x), lambda dy, g, need_dx=True: dy / (1 + np.exp(-x))


class Rectifier(ReLU):
    """It may compute something else than its base does."""


@pytest.mark.parametrize("layer", [Softplus(), Rectifier()])
def test_layers_of_ones_own_are_refused(layer):
    X = data(np.random.default_rng(0), "float32", shape=(4, 4))
    message = re.escape(f"layer {layer!r}, which is none of sk231n.layers")
    for model in (MLPClassifier((3,), layer), ConvNetClassifier([Residual([layer])])):
        model.set_params(max_iter=1).fit(X, np.arange(12) % 3)
        with pytest.raises(NotImplementedError, match=message):
            to_onnx(model, X)
