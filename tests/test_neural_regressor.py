"""The network regressor: its meaning, targets of every size and number, and what it refuses."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_diabetes
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.neural_network import MLPRegressor as Referee

from sk231n import MLPRegressor
from sk231n.optimizers import Adam
from sk231n.schedules import OneCycle

RNG = np.random.RandomState(0)
X = RNG.standard_normal((150, 4))
Y = np.sin(X[:, 0]) + 0.5 * X[:, 1] * X[:, 2]
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0}


# The referee ------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("sgd", {"solver": "sgd", "momentum": 0}),
        (Adam(epsilon=1e-14), {"solver": "adam", "epsilon": 1e-14}),
    ],
    ids=["sgd", "adam"],
)
@pytest.mark.parametrize("targets", [1, 2])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning")
def test_walks_with_the_referee(activation, ours, theirs, targets):
    y = Y if targets == 1 else np.column_stack([Y, X[:, 3] ** 2])
    common = {"activation": activation, "warm_start": True, "random_state": 0, "shuffle": False}
    network = MLPRegressor(
        (6, 5), batch_size=150, learning_rate=1e-12, max_iter=1, optimizer=ours, alpha=3 / 150,
        tol=None, **common,
    ).fit(X, y)  # fmt: skip
    referee = Referee(
        hidden_layer_sizes=(6, 5), batch_size=150, learning_rate_init=1e-12, max_iter=1, alpha=3,
        **theirs, **common,
    ).fit(X, y)  # fmt: skip
    network.coefs_ = [coef.copy() for coef in referee.coefs_]
    network.intercepts_ = [intercept.copy() for intercept in referee.intercepts_]
    network.set_params(learning_rate=0.02, max_iter=7).fit(X, y)
    referee.set_params(learning_rate_init=0.02, max_iter=7).fit(X, y)
    for ours_, theirs_ in zip(
        network.coefs_ + network.intercepts_, referee.coefs_ + referee.intercepts_, strict=True
    ):
        np.testing.assert_allclose(ours_, theirs_, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(network.predict(X), referee.predict(X), rtol=1e-7)


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_no_hidden_layer_is_linear_regression(optimizer):
    features, target = load_diabetes(return_X_y=True)
    model = MLPRegressor((), alpha=0, optimizer=optimizer, tol=1e-6, random_state=0)
    expected = LinearRegression().fit(features, target)
    assert model.fit(features, target).score(features, target) == pytest.approx(
        expected.score(features, target), abs=0.01
    )
    if optimizer == "lbfgs":
        np.testing.assert_allclose(model.coefs_[0][:, 0], expected.coef_, rtol=0.01)
    np.testing.assert_allclose(model.intercepts_[0], expected.intercept_, rtol=0.01)


# Everything learns --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_iter": "auto"},  # which means 1,000
        {"loss": "absolute_error"},
        {"normalization": "batch"},
        {"normalization": "layer"},
        {"activation": "tanh"},
        {"activation": "logistic", "max_iter": 400},
        {"activation": "maxout"},
        {"activation": "leaky_relu"},
        {"activation": ("relu", "tanh"), "hidden_layer_sizes": (40, 20)},
        {"optimizer": "lbfgs", "max_iter": 100, "tol": None},
        {"optimizer": "sgd"},
        {"optimizer": "momentum"},
        {"optimizer": "nesterov"},
        {"optimizer": "adagrad"},
        {"optimizer": "rmsprop"},
        {"optimizer": Adam(weight_decay=0.01)},
        {"learning_rate": OneCycle(), "max_iter": 100},
        {"learning_rate": 0.01},
        {"averaging": "ema"},
        {"penalty": "l1"},
        {"max_norm": 3.0},
        {"weight_init": 0.1},
        {"batch_size": 40},
    ],
    ids=str,
)
def test_every_argument_learns(arguments):
    model = MLPRegressor(max_iter=200, random_state=0).set_params(**arguments).fit(X, Y)
    assert model.score(X, Y) > 0.8


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop", "adagrad", "lbfgs"])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_targets_of_any_size(scale, optimizer):
    """Without a penalty, which would weigh differently, the unit of the targets does not matter."""
    settings = {"alpha": 0, "optimizer": optimizer, "max_iter": 100, "tol": None, "random_state": 0}
    model = MLPRegressor((20,), **settings).fit(X, scale * (Y + 3))
    assert model.score(X, scale * (Y + 3)) > 0.7
    plain = MLPRegressor((20,), **settings).fit(X, Y)
    assert model.score(X, scale * (Y + 3)) == pytest.approx(plain.score(X, Y), abs=0.1)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_absolute_errors_of_any_size(scale):
    model = MLPRegressor((20,), loss="absolute_error", alpha=0, random_state=0)
    assert model.fit(X, scale * Y).score(X, scale * Y) > 0.8


def test_a_penalty_that_is_small_beside_the_targets():
    model = MLPRegressor((20,), random_state=0).fit(X, 1e6 * Y)
    assert model.score(X, 1e6 * Y) > 0.8


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
def test_targets_of_very_different_sizes(loss):
    both = np.column_stack([1e3 * Y, 1e-3 * X[:, 0] + 7])
    model = MLPRegressor((30,), alpha=0, loss=loss, random_state=0).fit(X, both)
    assert r2_score(both, model.predict(X), multioutput="raw_values").min() > 0.8


def test_a_tiny_target_does_not_keep_another_from_learning():
    """The penalty, which is large relative to the tiny target, is not so for the other."""
    both = np.column_stack([Y, 1e-5 * X[:, 0]])
    model = MLPRegressor((30,), random_state=0).fit(X, both)
    assert r2_score(both[:, 0], model.predict(X)[:, 0]) > 0.8


@pytest.mark.parametrize("value", [0.0, 7.0, -1e6, 1e-6, 0.1])
@pytest.mark.parametrize("arguments", [{}, {"normalization": "batch"}, {"loss": "absolute_error"}])
def test_a_constant_target(value, arguments):
    model = MLPRegressor(**QUICK, **arguments).fit(X, np.full(150, value))
    np.testing.assert_allclose(model.predict(X), value, rtol=1e-9)
    np.testing.assert_allclose(model.history_["score"], 1)


def test_medians_and_means():
    """Without informative features, the one loss finds the mean and the other the median."""
    skewed = np.repeat([0.0, 0.0, 10.0], 50)
    nothing = np.zeros((150, 1))
    for loss, expected in (("squared_error", 10 / 3), ("absolute_error", 0)):
        model = MLPRegressor((), loss=loss, max_iter=300, random_state=0).fit(nothing, skewed)
        np.testing.assert_allclose(model.predict(nothing), expected, atol=0.1)


# Targets and predictions --------------------------------------------------------------------------


def test_shapes_of_the_targets():
    one = MLPRegressor(**QUICK).fit(X, Y)
    column = MLPRegressor(**QUICK).fit(X, Y[:, None])
    two = MLPRegressor(**QUICK).fit(X, np.column_stack([Y, -Y]))
    assert one.predict(X).shape == (150,)
    assert column.predict(X).shape == (150, 1)
    assert two.predict(X).shape == (150, 2)
    np.testing.assert_array_equal(one.predict(X), column.predict(X)[:, 0])
    assert (one.n_outputs_, column.n_outputs_, two.n_outputs_) == (1, 1, 2)
    assert one.n_layers_ == 3


@pytest.mark.parametrize("learning_rate", ["auto", 0.01])
def test_hidden_activations_by_hand(learning_rate):
    model = MLPRegressor((6,), "maxout", learning_rate=learning_rate, max_iter=20, random_state=0)
    model.fit(X, 100 * Y)
    z = X @ model.coefs_[0] + model.intercepts_[0]
    (hidden,) = model.hidden_activations(X)
    np.testing.assert_allclose(hidden, np.maximum(z[:, :6], z[:, 6:]), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        (hidden @ model.coefs_[1] + model.intercepts_[1])[:, 0], model.predict(X), rtol=1e-9
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("n_targets", [1, 2])
def test_the_best_score_is_that_of_the_model(n_targets, weighted):
    y = Y if n_targets == 1 else np.column_stack([Y, X[:, 0]])
    weights = np.arange(50.0) % 7 if weighted else None
    model = MLPRegressor((20,), early_stopping=True, random_state=0)
    model.fit(X[:100], y[:100], X_val=X[100:], y_val=y[100:], sample_weight_val=weights)
    assert model.best_validation_score_ == model.score(X[100:], y[100:], weights)
    assert model.best_validation_score_ == max(model.history_["validation_score"])


def test_the_score_of_one_sample_is_measured_by_the_training_targets():
    model = MLPRegressor((4,), max_iter=3, random_state=0)
    model.fit(X, Y, X_val=X[:1], y_val=Y[:1])
    expected = 1 - (model.predict(X[:1])[0] - Y[0]) ** 2 / Y.var()
    assert model.history_["validation_score"][-1] == pytest.approx(expected, rel=1e-9)


def test_the_loss_of_the_history():
    """Errors in the unit of the data, weights in that of the targets; or all as given."""
    y = 30 * Y
    for learning_rate, unit in (("auto", y.std()), (1e-4, 1.0)):
        model = MLPRegressor(
            (8,), alpha=0.1, max_iter=4, learning_rate=learning_rate, random_state=0
        )
        model.fit(X, y, X_val=X, y_val=y)
        error = model.predict(X) - y
        first, last = model.coefs_
        penalty = 0.05 * ((first**2).sum() + ((last / unit) ** 2).sum())
        expected = 0.5 * np.mean(error**2) + unit**2 * penalty
        assert model.history_["validation_loss"][-1] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
def test_weights_are_copies(normalization):
    w = np.random.RandomState(0).randint(0, 4, size=150)
    settings = {
        "normalization": normalization, "batch_size": 10_000, "max_iter": 25, "random_state": 0,
        "activation": "tanh", "optimizer": "nesterov", "learning_rate": 0.01,
    }  # fmt: skip
    weighted = MLPRegressor((6,), **settings).fit(X, Y, sample_weight=w)
    copied = MLPRegressor((6,), **settings).fit(X.repeat(w, axis=0), Y.repeat(w))
    np.testing.assert_allclose(weighted.predict(X), copied.predict(X), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(
        weighted.history_["score"], copied.history_["score"], rtol=1e-2, atol=1e-1
    )


def test_partial_fit_learns_from_a_stream():
    model = MLPRegressor((30,), random_state=0)
    target = 1e4 * (Y + 5)
    model.partial_fit(X[:1], target[:1])
    for _ in range(60):
        for start in range(0, 150, 30):
            model.partial_fit(X[start : start + 30], target[start : start + 30])
    assert model.score(X, target) > 0.8
    assert model.n_iter_ == 301 == len(model.loss_curve_)


def test_before_fit():
    model = MLPRegressor()
    for method in ("predict", "hidden_activations"):
        with pytest.raises(NotFittedError):
            getattr(model, method)(X)
    with pytest.raises(NotFittedError):
        model.score(X, Y)
    assert not hasattr(model, "predict_proba")
    assert not hasattr(model, "decision_function")


def test_one_sample():
    model = MLPRegressor(**QUICK).fit(X[:1], [2.5])
    np.testing.assert_allclose(model.predict(X[:1]), 2.5, atol=0.1)


BAD_TARGETS = {
    "NaN": (np.where(Y > 1, np.nan, Y), "NaN"),
    "infinity": (np.where(Y > 1, np.inf, Y), "infinity"),
    "text": (np.full(150, "much"), "could not convert|dtype"),
    "numbers as text": (np.full(150, "7"), "y has dtype <U1"),
    "dates": (np.full(150, "2026-01-01", "datetime64[D]"), "y has dtype datetime64"),
    "durations": (np.full(150, 3, "timedelta64[D]"), "y has dtype timedelta64"),
    "too short": (Y[:7], "inconsistent"),
    "no column": (np.empty((150, 0)), "0 feature"),
    "three dimensions": (np.zeros((150, 2, 2)), "dim 3"),
    "none": (None, "requires y"),
    "many of them": ([None] * 150, "y is missing .* 150 of 150 samples"),
    "complex": (Y + 1j, "[Cc]omplex"),
    "too large": (1e300 * Y, "y holds values too large"),
}


@pytest.mark.parametrize("learning_rate", ["auto", 0.01])
@pytest.mark.parametrize("name", BAD_TARGETS)
def test_bad_targets(name, learning_rate):
    y, message = BAD_TARGETS[name]
    model = MLPRegressor(learning_rate=learning_rate, **QUICK)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    if y is not None and name != "too large":
        with pytest.raises(ValueError, match=rf"X_val, y_val.*({message})"):
            model.fit(X, Y, X_val=X, y_val=y)
    assert not [attribute for attribute in vars(model) if attribute.endswith("_")]


@pytest.mark.parametrize("learning_rate", ["auto", 0.01])
@pytest.mark.parametrize(("dtype", "scale"), [(np.float32, 1e-20), (np.float64, 1e-155)])
def test_targets_that_are_too_small(dtype, scale, learning_rate):
    model = MLPRegressor(learning_rate=learning_rate, **QUICK)
    both = np.column_stack([Y, scale * Y])
    with pytest.raises(ValueError, match=rf"y .* too small for {np.dtype(dtype)}.*column 1"):
        model.fit(X.astype(dtype), both)
    assert not [attribute for attribute in vars(model) if attribute.endswith("_")]


def test_sparse_targets_are_refused():
    with pytest.raises((TypeError, ValueError), match=r"[Ss]parse.* y|y.*sparse"):
        MLPRegressor(**QUICK).fit(X, csr_array(np.column_stack([Y, Y])))


def test_other_numbers_of_targets():
    model = MLPRegressor(warm_start=True, **QUICK).fit(X, Y)
    for call in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match="y has 2 targets"):
            call(X, np.column_stack([Y, Y]))
    model.set_params(warm_start=False).fit(X, np.column_stack([Y, Y]))
    assert model.predict(X).shape == (150, 2)
    with pytest.raises(ValueError, match=r"X_val.*y has 1 targets"):
        model.fit(X, np.column_stack([Y, Y]), X_val=X, y_val=Y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"loss": "cross_entropy"}, "loss"),
        ({"loss": "huber"}, "loss"),
        ({"activation": "softmax"}, "activation"),
        ({"hidden_layer_sizes": (3, "4")}, "hidden_layer_sizes"),
        ({"dropout": 1}, "dropout"),
        ({"optimizer": "lbfgs", "loss": "absolute_error"}, "smooth objective"),
        ({"optimizer": "lbfgs", "normalization": "batch"}, "normalization='batch'"),
        ({"optimizer": "lbfgs", "max_norm": 2.0}, "max_norm=2.0"),
    ],
    ids=str,
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        MLPRegressor(**{**QUICK, **parameters}).fit(X, Y)
    with pytest.raises(TypeError, match="class_weight"):
        MLPRegressor(class_weight="balanced")
