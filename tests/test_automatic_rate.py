"""The rate that ``learning_rate="auto"`` finds, where steps that are too long would diverge."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split

from sk231n import LinearSVM, MLPClassifier, MLPRegressor

DESCENTS = ["sgd", "momentum", "nesterov"]


@pytest.fixture(scope="module")
def digits():
    return train_test_split(*load_digits(return_X_y=True), random_state=0)


@pytest.mark.parametrize("optimizer", DESCENTS)
@pytest.mark.parametrize("case", ["an outlier", "a heavy sample"])
def test_the_rate_that_is_found_bears_a_single_sample(optimizer, case):
    rng = np.random.RandomState(0)
    X, w = rng.randn(3000, 20), np.ones(3000)
    y = X @ rng.randn(20)
    if case == "an outlier":
        X[4] *= 30
        y[4] *= 30
    else:
        w[7] = 1000
    model = MLPRegressor((), optimizer=optimizer, random_state=0).fit(X, y, w)
    assert model.score(X, y) > 0.99


@pytest.mark.parametrize("optimizer", DESCENTS)
def test_the_rate_that_is_found_bears_rare_classes(optimizer):
    rng = np.random.RandomState(0)
    X, y = rng.randn(5000, 20), np.zeros(5000, dtype=int)
    y[:4] = 1
    X[:4] += 1
    model = MLPClassifier((16,), optimizer=optimizer, class_weight="balanced", random_state=0)
    curve = model.fit(X, y).loss_curve_
    assert max(curve) == curve[0]
    assert curve[-1] < 0.3 * curve[0]


@pytest.mark.parametrize("optimizer", DESCENTS)
@pytest.mark.parametrize("hidden", [(64,), (64, 64), (50,) * 4], ids=str)
@pytest.mark.parametrize("batch_size", [1, 4])
def test_the_rate_that_is_found_bears_small_batches(digits, hidden, optimizer, batch_size):
    model = MLPClassifier(hidden, optimizer=optimizer, batch_size=batch_size, random_state=0)
    model.set_params(max_iter=10).fit(digits[0][:300], digits[2][:300])
    assert model.score(digits[1], digits[3]) > 0.8


@pytest.mark.parametrize("optimizer", [*DESCENTS, "adam", "lbfgs"])
def test_targets_of_any_unit_one_of_them_flat(optimizer):
    rng = np.random.RandomState(0)
    X = rng.randn(500, 10)
    target = X @ rng.randn(10)
    for unit in 1e-3, 1.0, 1e3:
        y = np.column_stack([unit * target, np.full(500, 5.0)])
        model = MLPRegressor((), alpha=0, optimizer=optimizer, random_state=0).fit(X, y)
        assert r2_score(unit * target, model.predict(X)[:, 0]) > 0.999
        np.testing.assert_allclose(model.predict(X)[:, 1], 5.0, atol=1e-6)


@pytest.mark.parametrize("optimizer", DESCENTS)
@pytest.mark.parametrize(
    ("estimator", "least"),
    [
        (MLPRegressor(()), 0.55),
        (MLPRegressor((16,)), 0.6),
        (MLPClassifier((16,), loss="squared_hinge"), 0.9),
        (LinearSVM(loss="squared_hinge"), 0.95),
        (LinearSVM(loss="squared_hinge", strategy="one_vs_rest"), 0.95),
    ],
    ids=str,
)
@pytest.mark.parametrize("batch_size", ["auto", 20])
def test_the_rate_that_is_found_bears_squares(digits, estimator, least, optimizer, batch_size):
    """Pixels that are bright in few images make batches steep, and squares have no bound."""
    parameters = {"optimizer": optimizer, "batch_size": batch_size, "max_iter": 30}
    model = clone(estimator).set_params(random_state=0, **parameters).fit(digits[0], digits[2])
    assert max(model.loss_curve_) < 10 * model.loss_curve_[0]
    assert model.score(digits[0], digits[2]) > least
