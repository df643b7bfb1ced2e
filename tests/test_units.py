"""What a regressor learns does not depend on the units of its targets."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, make_friedman1
from sklearn.linear_model import QuantileRegressor
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split

from sk231n import MLPRegressor

X, X_TEST, Y, Y_TEST = train_test_split(
    *make_friedman1(600, noise=0.5, random_state=0), random_state=0
)
OTHER, OTHER_TEST = np.sin(3 * X[:, 5]) + X[:, 6] ** 2, np.sin(3 * X_TEST[:, 5]) + X_TEST[:, 6] ** 2
UNITS = [1e-9, 1e-3, 3.0, 1e9]
MODELS = {
    "squared, linear": MLPRegressor((), random_state=0),
    "absolute, linear": MLPRegressor((), loss="absolute_error", random_state=0),
    "squared": MLPRegressor((20,), max_iter=100, random_state=0),
    "absolute": MLPRegressor((20,), loss="absolute_error", max_iter=100, random_state=0),
    "batch normalization": MLPRegressor((20,), normalization="batch", max_iter=50, random_state=0),
    "L-BFGS": MLPRegressor((20,), optimizer="lbfgs", max_iter=100, tol=None, random_state=0),
    "momentum": MLPRegressor((20,), optimizer="momentum", max_iter=50, random_state=0),
    "l1": MLPRegressor((20,), penalty="l1", alpha=1e-3, max_iter=50, random_state=0),
    "capped": MLPRegressor((20,), max_norm=2.0, max_iter=50, random_state=0),
    "strong penalty": MLPRegressor((20,), alpha=0.1, max_iter=50, random_state=0),
    "early stopping": MLPRegressor((20,), early_stopping=True, max_iter=50, random_state=0),
}  # fmt: skip


def scores(model, y, y_test):
    predictions = model.fit(X, y).predict(X_TEST)
    return r2_score(y_test, predictions, multioutput="raw_values")


@pytest.mark.parametrize("name", MODELS)
def test_one_target(name):
    model = MODELS[name]
    (expected,) = scores(model, Y, Y_TEST)
    for unit in UNITS:
        (found,) = scores(model, unit * Y, unit * Y_TEST)
        assert found == pytest.approx(expected, abs=0.02), unit


@pytest.mark.parametrize("name", MODELS)
def test_several_targets(name):
    """Each in its own unit."""
    model = MODELS[name]
    expected = scores(model, np.c_[Y, OTHER], np.c_[Y_TEST, OTHER_TEST])
    for first, second in ((1e-9, 1e9), (1e6, 1e-3), (1e-6, 1e-6)):
        found = scores(
            model, np.c_[first * Y, second * OTHER], np.c_[first * Y_TEST, second * OTHER_TEST]
        )
        np.testing.assert_allclose(found, expected, atol=0.02, err_msg=f"{first}, {second}")


def test_a_power_of_two_changes_no_bit():
    model = MODELS["squared"]
    expected = model.fit(X, Y).predict(X_TEST)
    for exponent in (-30, 30):
        found = model.fit(X, np.ldexp(Y, exponent)).predict(X_TEST)
        np.testing.assert_array_equal(np.ldexp(found, -exponent), expected)


@pytest.mark.parametrize("offset", [0.0, 1e3, -1e6])
def test_an_offset(offset):
    (expected,) = scores(MODELS["squared"], Y, Y_TEST)
    (found,) = scores(MODELS["squared"], Y + offset, Y_TEST + offset)
    assert found == pytest.approx(expected, abs=0.02)


def test_the_median_of_diabetes():
    """As scikit-learn's linear programme finds it, without tuning."""
    data, target = load_diabetes(return_X_y=True)
    theirs = QuantileRegressor(alpha=0).fit(data, target).predict(data)
    ours = MLPRegressor((), loss="absolute_error", random_state=0).fit(data, target).predict(data)
    expected = mean_absolute_error(target, theirs)
    assert mean_absolute_error(target, ours) < 1.01 * expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_stream_in_any_unit(dtype):
    found = []
    for unit in (1e-9, 1.0, 1e9):
        model = MLPRegressor((20,), random_state=0)
        for start in list(range(0, len(X), 30)) * 10:
            rows = slice(start, start + 30)
            model.partial_fit(X[rows].astype(dtype), unit * Y[rows])
        found.append(model.score(X_TEST.astype(dtype), unit * Y_TEST))
    np.testing.assert_allclose(found, found[1], atol=0.02)
    assert found[1] > 0.8


@pytest.mark.parametrize("hidden", [(), (42,), (50, 50)], ids=str)
def test_a_stream_that_shifts_is_followed(hidden):
    one = MLPRegressor(hidden, random_state=0).fit([[2.0]], [4.0])
    for _ in range(200):
        one.partial_fit([[2.0]], [1.0])
    assert one.predict([[2.0]])[0] == pytest.approx(1.0, abs=0.1)
    many = MLPRegressor(hidden, random_state=0).fit(X, Y)
    before = many.score(X, Y)
    for _ in range(100):
        many.partial_fit(X, 40 - 2 * Y)
    assert many.score(X, 40 - 2 * Y) > before - 0.1


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov"])
def test_a_stream_whose_batches_differ_in_steepness(optimizer):
    """Some pixels are bright in few images; the rate must suit the batch that holds these."""
    from sklearn.datasets import load_digits

    data, target = load_digits(return_X_y=True)
    model = MLPRegressor((), optimizer=optimizer, random_state=0)
    for _ in range(15):
        for start in range(0, len(data), 100):
            model.partial_fit(data[start : start + 100], target[start : start + 100])
    assert model.score(data, target) > 0.5
    assert max(model.loss_curve_) < 10 * model.loss_curve_[0]


@pytest.mark.parametrize("optimizer", ["sgd", "momentum"])
def test_a_batch_of_all_the_data_has_no_noise(optimizer):
    """So that weights and repetitions agree on the rate too."""
    w = np.random.RandomState(0).randint(1, 4, 15)
    settings = {"optimizer": optimizer, "max_iter": 20, "random_state": 0}
    weighted = MLPRegressor((6,), **settings).fit(X[:15], Y[:15], w)
    repeated = MLPRegressor((6,), **settings).fit(X[:15].repeat(w, axis=0), Y[:15].repeat(w))
    np.testing.assert_allclose(
        weighted.history_["learning_rate"], repeated.history_["learning_rate"], rtol=1e-9
    )
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-6)


def test_a_stream_that_begins_with_a_sample():
    model = MLPRegressor((20,), random_state=0).partial_fit(X[:1], Y[:1])
    for _ in range(60):
        model.partial_fit(X, Y)
    assert model.score(X, Y) > 0.8
    assert model.history_["score"][-1] == pytest.approx(model.score(X, Y), abs=0.05)


def test_float32_cannot_tell_such_targets_apart():
    """Times in seconds since 1970, or values near the end of its range: float64 does."""
    data, later = X.astype(np.float32), Y + 1.7e9
    model = MLPRegressor((20,), random_state=0).fit(data, later)
    assert model.score(data, later) > 0.9
    assert model.partial_fit(data, later).score(data, later) > 0.9
    assert model.fit(data, Y * 1e37).score(data, Y * 1e37) > 0.9
    assert model.fit(data, Y).coefs_[0].dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float32, np.int64, bool])
def test_the_score_of_targets_of_any_type(dtype):
    y = np.round(Y - 15).clip(0).astype(dtype)
    data = X.astype(np.float32)
    model = MLPRegressor((8,), max_iter=5, early_stopping=True, random_state=0)
    model.fit(data, y, X_val=data[:50], y_val=y[:50])
    assert model.best_validation_score_ == model.score(data[:50], y[:50])
