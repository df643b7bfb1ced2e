"""Learnt parameters may be assigned: predictions follow them, and training goes on from them."""

import copy

import numpy as np
import pytest
from sklearn.datasets import load_digits

from sk231n import (
    ConvNetClassifier,
    LinearSVM,
    MLPClassifier,
    MLPRegressor,
    SoftmaxClassifier,
)
from sk231n.losses import CrossEntropy

X, Y = (array[:90] for array in load_digits(n_class=3, return_X_y=True))
ATTRIBUTES = ("coef_", "intercept_", "coefs_", "intercepts_", "normalizations_")
MODELS = {
    "softmax": SoftmaxClassifier(),
    "svm": LinearSVM(optimizer="momentum", learning_rate=1e-4),
    "mlp": MLPClassifier((6, 5), normalization="batch", dropout=0.2),
    "mlp_layer_norm": MLPClassifier((6,), "tanh", normalization="layer", learning_rate=0.01),
    "regressor": MLPRegressor((6,), normalization="batch"),
    "convnet": ConvNetClassifier(((2,),), normalization="batch"),
}
models = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def fitted(model, random_state=0):
    model = copy.deepcopy(model).set_params(max_iter=3, random_state=random_state)
    return model.fit(X, Y)


def learnt(model):
    return {name: getattr(model, name) for name in ATTRIBUTES if hasattr(model, name)}


def scores(model):
    return model.decision_function(X) if hasattr(model, "classes_") else model.predict(X)


def as_lists(values):
    if isinstance(values, np.ndarray):
        return values.tolist()
    if isinstance(values, dict):
        return {name: as_lists(value) for name, value in values.items()}
    return [as_lists(value) for value in values]


def assert_same(first, second):
    np.testing.assert_array_equal(scores(first), scores(second))
    np.testing.assert_equal(learnt(first), learnt(second))


def assign(model, parameters):
    for name, value in parameters.items():
        setattr(model, name, value)
    return model


# Going on -----------------------------------------------------------------------------------------


@models
def test_everything_goes_on_from_what_is_assigned(model):
    """A model with the parameters of another predicts and trains as that one does."""
    first, second = fitted(model), fitted(model, random_state=1)
    assert (scores(first) != scores(second)).any()
    assign(second.set_params(random_state=0), copy.deepcopy(learnt(first)))
    assert_same(first, second)
    warm = [copy.deepcopy(each).set_params(warm_start=True).fit(X, Y) for each in (first, second)]
    assert_same(*warm)
    for _ in range(2):
        first.partial_fit(X, Y)
        second.partial_fit(X, Y)
        assert_same(first, second)


def test_lbfgs_stays_in_a_minimum_that_is_assigned():
    found = SoftmaxClassifier(alpha=0.1, optimizer="lbfgs", tol=1e-7, max_iter=1000).fit(X, Y)
    model = SoftmaxClassifier(alpha=0.1, optimizer="lbfgs", max_iter=1000).fit(X[:5], Y[:5])
    assign(model, learnt(found)).set_params(warm_start=True).fit(X, Y)
    assert model.n_iter_ <= 1
    np.testing.assert_allclose(model.coef_, found.coef_, atol=1e-6)


# One step by the formula --------------------------------------------------------------------------

RNG = np.random.default_rng(0)
# Of these every sum and product is exact, so that the order of additions does not matter.
WHOLE, CLASSES = RNG.integers(-3, 4, (16, 4)).astype(np.float64), np.arange(16) % 3
STEP = {"optimizer": "sgd", "learning_rate": 0.25, "alpha": 0.5, "batch_size": 16}


def eighths(*shape):
    return RNG.integers(-8, 9, shape) / 8


def test_one_step_of_the_svm_is_the_formula():
    W, b = eighths(3, 4), eighths(3)
    model = LinearSVM(**STEP).partial_fit(WHOLE, CLASSES, classes=[0, 1, 2])
    assign(model, {"coef_": W, "intercept_": b}).partial_fit(WHOLE, CLASSES)
    rows = np.arange(16)
    score = WHOLE @ W.T + b
    gradient = (score - score[rows, CLASSES][:, np.newaxis] + 1 > 0).astype(float)
    gradient[rows, CLASSES] -= gradient.sum(axis=1)
    gradient /= 16
    np.testing.assert_array_equal(model.coef_, W - 0.25 * (gradient.T @ WHOLE + 0.5 * W))
    np.testing.assert_array_equal(model.intercept_, b - 0.25 * gradient.sum(axis=0))


def test_one_step_of_the_softmax_is_the_formula():
    W, b = eighths(3, 4), eighths(3)
    model = SoftmaxClassifier(**STEP).partial_fit(WHOLE, CLASSES, classes=[0, 1, 2])
    assign(model, {"coef_": W, "intercept_": b}).partial_fit(WHOLE, CLASSES)
    _, gradient = CrossEntropy()(WHOLE @ W.T + b, CLASSES)
    np.testing.assert_allclose(
        model.coef_, W - 0.25 * (gradient.T @ WHOLE + 0.5 * W), rtol=0, atol=1e-15
    )
    np.testing.assert_allclose(
        model.intercept_, b - 0.25 * gradient.sum(axis=0), rtol=0, atol=1e-15
    )


def test_one_step_of_a_network_is_the_formula():
    V, c, W, b = eighths(4, 5), eighths(5), eighths(5, 2), eighths(2)
    targets = eighths(16, 2)
    model = MLPRegressor((5,), **STEP).partial_fit(WHOLE, targets)
    assign(model, {"coefs_": [V, W], "intercepts_": [c, b]}).partial_fit(WHOLE, targets)
    hidden = np.maximum(WHOLE @ V + c, 0)
    d_scores = (hidden @ W + b - targets) / 16  # of half the squared error, a mean over samples
    d_hidden = d_scores @ W.T * (hidden > 0)
    expected = [
        V - 0.25 * (WHOLE.T @ d_hidden + 0.5 * V), W - 0.25 * (hidden.T @ d_scores + 0.5 * W),
        c - 0.25 * d_hidden.sum(axis=0), b - 0.25 * d_scores.sum(axis=0),
    ]  # fmt: skip
    for found, array in zip((*model.coefs_, *model.intercepts_), expected, strict=True):
        np.testing.assert_array_equal(found, array)


# Lists, and what does not fit ---------------------------------------------------------------------


@models
def test_lists_are_taken_for_arrays(model):
    given = fitted(model)
    lists = assign(copy.deepcopy(given), {n: as_lists(a) for n, a in learnt(given).items()})
    in_float64 = assign(copy.deepcopy(given), {n: as_floats64(a) for n, a in learnt(given).items()})
    np.testing.assert_array_equal(scores(lists), scores(in_float64))
    lists.partial_fit(X, Y)
    in_float64.partial_fit(X, Y)
    assert_same(lists, in_float64)


def as_floats64(values):
    if isinstance(values, dict):
        return {name: np.array(value, np.float64) for name, value in values.items()}
    if isinstance(values, list):
        return [as_floats64(value) for value in values]
    return np.array(values, np.float64)


def test_integers_are_numbers():
    model = SoftmaxClassifier(max_iter=1).fit(X, Y)
    model.coef_, model.intercept_ = np.ones((3, 64), int), [0, 1, 0]
    assert (model.predict(X) == 1).all()


@pytest.mark.parametrize(
    ("model", "attribute", "value", "message"),
    [
        ("softmax", "coef_", np.ones((2, 64)), r"coef_ of shape \(2, 64\) and .* 3 classes"),
        ("softmax", "coef_", np.ones((3, 5)), r"coef_ of shape \(3, 5\) and .* 64 features"),
        ("softmax", "coef_", 1.0, r"coef_ of shape \(\) and"),
        ("softmax", "coef_", [[1.0], [1.0, 2.0]], "coef_ must hold numbers"),
        ("softmax", "coef_", "text", "coef_ must hold real numbers"),
        ("svm", "intercept_", np.ones(2), r"intercept_ of shape \(2,\) do not fit 3 classes"),
        ("svm", "intercept_", [None] * 3, "intercept_ must hold real numbers"),
        ("mlp", "coefs_", 3, "coefs_ must be a list of arrays; got a int"),
        ("mlp", "coefs_", [np.ones((64, 6))], r"coefs_ have the shapes \[\(64, 6\)\] and int"),
        ("mlp", "coefs_", ["a", "b", "c"], r"coefs_\[0\] must hold real numbers"),
        ("mlp", "intercepts_", None, "intercepts_ must be a list of arrays; got a NoneType"),
        ("mlp", "intercepts_", [[1.0]], r"and intercepts_ \[\(1,\)\]"),
        ("mlp", "normalizations_", [1, 2], "normalizations_ must be a list of dicts"),
        ("mlp", "normalizations_", [{"a": ["b"]}], r"normalizations_\[0\]\['a'\] must hold"),
        ("regressor", "coefs_", [], "coefs_ have the shapes"),
        ("convnet", "coefs_", None, "coefs_ must be a list of arrays"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(model, attribute, value, message):
    model = assign(fitted(MODELS[model]), {attribute: value})
    for call in (
        lambda: model.predict(X),
        lambda: model.partial_fit(X, Y),
        lambda: model.set_params(warm_start=True).fit(X, Y),
    ):
        with pytest.raises(ValueError, match=message):
            call()
