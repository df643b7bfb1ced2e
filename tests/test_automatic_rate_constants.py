"""The constants behind ``learning_rate="auto"``: none can change by a factor of three unnoticed."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris

from sk231n import MLPClassifier, MLPRegressor, SoftmaxClassifier
from sk231n.core import automatic_rate
from sk231n.core.optimizers import Adagrad, Adam, RMSProp
from sk231n.core.penalties import L2
from sk231n.datasets import make_shapes
from sk231n.diagnostics._problem import make_problem

SHAPES = make_shapes(200, image_size=12, random_state=0)
IRIS, DIABETES = load_iris(return_X_y=True), load_diabetes(return_X_y=True)

NAMES = [
    "SAMPLE_ROWS", "POWER_ITERATIONS", "PLANNED_STEPS", "FEWEST_EPOCHS", "MOST_EPOCHS",
    "BATCH_SIZE", "RIDGE", "UNBOUNDED_SHARE", "SCORE_CURVATURE", "SHARE_OF_STEPS",
]  # fmt: skip
CONSTANTS = [
    *((vars(automatic_rate), name) for name in NAMES),
    *((automatic_rate.LONGEST_PATHS, kind) for kind in automatic_rate.LONGEST_PATHS),
]
OPTIMIZERS = [Adam, RMSProp, Adagrad]


def rate(model, X, y):
    """The rate with which ``fit`` would start."""
    estimator, problem = make_problem(model, X, y, rng=np.random.RandomState(0))
    return estimator._automatic_rate(problem)


def rows_in_a_pattern():
    """Every 18th row is large, so the share of large rows in a sample shows its stride."""
    X = np.random.RandomState(0).standard_normal((6000, 30))
    X[::18, 0] *= 30
    return X, np.arange(6000) % 2


def slow_power_iteration():
    """One direction of variance 1 among 500 of variance 0.86: 20 iterations find half of it."""
    z = np.sqrt(501) * np.diag(np.sqrt([1.0, *[0.856] * 500]))
    return z, np.full(501, 1 / 501)


def figures():
    """Rates and plans that between them depend on every constant."""
    stream = MLPRegressor((20,), optimizer="adagrad", random_state=0).partial_fit(*DIABETES)
    deep = {"hidden_layer_sizes": (20,), "random_state": 0}
    return {
        "a sample of the rows": rate(SoftmaxClassifier(optimizer="sgd"), *rows_in_a_pattern()),
        "power iterations": automatic_rate.largest_eigenvalue(
            *slow_power_iteration(), automatic_rate.POWER_ITERATIONS
        ),
        "epochs of a middling data set": automatic_rate.planned_epochs(200, 2000),
        "epochs of a large data set": automatic_rate.planned_epochs(200, 10**6),
        "epochs of a small data set": automatic_rate.planned_epochs(50, 10),
        "batch size": automatic_rate.planned_batch_size(),
        "ridge": automatic_rate.ridge(0.5, L2()),
        "change of the scores": rate(SoftmaxClassifier(), SHAPES.images, SHAPES.target),
        "Adam, few features": rate(SoftmaxClassifier(), *IRIS),
        "RMSProp, few features": rate(SoftmaxClassifier(optimizer="rmsprop"), *IRIS),
        "Adagrad, few features": rate(SoftmaxClassifier(optimizer="adagrad"), *IRIS),
        "momentum, batches of one": rate(
            MLPClassifier(optimizer="momentum", batch_size=1, **deep), *IRIS
        ),
        "a long run": rate(MLPClassifier(max_iter=5000, **deep), *IRIS),
        "a long run, quantities": rate(MLPRegressor(max_iter=5000, **deep), *DIABETES),
        "a short run": rate(MLPClassifier(max_iter=75, batch_size=75, **deep), *IRIS),
        "a stream": stream.history_["learning_rate"][0],
    }


EXPECTED = {
    "a sample of the rows": 0.3361,
    "power iterations": 0.9588,
    "epochs of a middling data set": 100,
    "epochs of a large data set": 8,
    "epochs of a small data set": 1000,
    "batch size": 200,
    "ridge": 2,
    "change of the scores": 0.003238,
    "Adam, few features": 0.02,
    "RMSProp, few features": 0.01,
    "Adagrad, few features": 0.1,
    "momentum, batches of one": 0.02963,
    "a long run": 0.01,
    "a long run, quantities": 0.002,
    "a short run": 0.01333,
    "a stream": 0.04,
}


def agree(found):
    return all(found[name] == pytest.approx(value, rel=0.03) for name, value in EXPECTED.items())


def test_rates_and_plans():
    assert figures() == pytest.approx(EXPECTED, rel=0.03)


@pytest.mark.parametrize("factor", [3, 1 / 3])
@pytest.mark.parametrize(("owner", "name"), CONSTANTS, ids=lambda value: str(value)[:30])
def test_each_constant_shows(monkeypatch, owner, name, factor):
    value = owner[name] * factor
    monkeypatch.setitem(owner, name, round(value) if isinstance(owner[name], int) else value)
    assert not agree(figures())


@pytest.mark.parametrize("factor", [3, 1 / 3])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_largest_rate_of_each_optimizer_shows(monkeypatch, optimizer, factor):
    monkeypatch.setattr(optimizer, "largest_rate", optimizer.largest_rate * factor)
    assert not agree(figures())
