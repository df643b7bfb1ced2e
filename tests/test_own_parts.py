"""Custom parts, written from the documentation alone: each of them works in every estimator.

The parts are those of the guide's page, whose programs run here. Only public names are imported.
"""

import contextlib
import io
import pickle
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import GridSearchCV

from sk231n import LinearSVM, MLPClassifier, MLPRegressor, SoftmaxClassifier
from sk231n.diagnostics import check_gradient
from sk231n.losses import Loss

PAGE = Path(__file__).parents[1] / "docs" / "guide" / "own_parts.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
X, Y = (array[:300] for array in load_digits(return_X_y=True))
DIABETES = tuple(array[:200] for array in load_diabetes(return_X_y=True, scaled=False))
DIABETES = tuple((array - array.mean(axis=0)) / array.std(axis=0) for array in DIABETES)


@pytest.fixture(scope="module")
def page():
    """The page as a module, which pickles can name, and what its programs print."""
    module = sys.modules["own_parts"] = ModuleType("own_parts")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile("\n".join(BLOCKS), str(PAGE), "exec"), vars(module))
    yield module, printed.getvalue().split()
    del sys.modules["own_parts"]


class LogCosh(Loss):
    """A loss on quantities."""

    targets = ("quantities",)

    def __init__(self, width=1.0):
        self.width = width

    def __call__(self, scores, y, w=None):
        w = np.full(len(y), 1 / len(y)) if w is None else w
        error = (scores - y) / self.width
        value = w @ np.sum(np.logaddexp(error, -error) - np.log(2), axis=1)
        return float(value), np.tanh(error) / self.width * w[:, None]


# The row of a new part: its argument and class, and values of a hyper-parameter to search over.
PARTS = {
    "activation": ("Swish", {"beta": [0.5, 2.0]}),
    "normalization": ("RMSNorm", {"epsilon": [1e-6, 1e-2]}),
    "loss": ("Brier", {}),
    "optimizer": ("Lion", {"beta1": [0.5, 0.9]}),
    "learning_rate": ("InverseSquareRoot", {"peak": [0.02, 0.01]}),
    "weight_init": ("Orthogonal", {"gain": [0.5, 1.0]}),
    "penalty": ("RoundedL1", {"delta": [0.01, 0.1]}),
}
FEW_STEPS = {"batch_size": 20, "max_iter": 15, "random_state": 0}
ESTIMATORS = {
    "softmax": SoftmaxClassifier(**FEW_STEPS),
    "svm": LinearSVM(**FEW_STEPS),
    "mlp": MLPClassifier((24, 16), **FEW_STEPS),
    "regressor": MLPRegressor((24,), **FEW_STEPS),
}
CASES = [
    (argument, name)
    for argument in PARTS
    for name, estimator in ESTIMATORS.items()
    if argument in estimator.get_params() and (argument, name) != ("loss", "regressor")
]


def with_part(page, argument, name):
    part = getattr(page[0], PARTS[argument][0])()
    if argument == "learning_rate":
        part.set_params(peak=0.02)
    data = DIABETES if name == "regressor" else (X, Y)
    return clone(ESTIMATORS[name]).set_params(**{argument: part}), part, data


def test_the_page_prints_what_it_says(page):
    stated = re.findall(r"# (?:about )?(0\.\d+|True)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert len(stated) == len(page[1])
    for said, printed in zip(stated, page[1], strict=True):
        if said == "True":
            assert printed == "True"
        else:
            assert float(printed) == pytest.approx(float(said), abs=0.02)


def test_the_page_needs_nothing_private(page):
    imported = re.findall(r"^(?:from|import) (sk231n[\w.]*)", "\n".join(BLOCKS), re.MULTILINE)
    assert imported
    assert not [name for name in imported if "._" in name or ".core" in name]
    for name in (part for part, _ in PARTS.values()):
        source = re.search(rf"^class {name}\(.*?(?=^\S)", "\n".join(BLOCKS), re.M | re.DOTALL)[0]
        assert len(source.strip().splitlines()) <= 25


@pytest.mark.parametrize(("argument", "name"), CASES)
def test_is_trained_cloned_and_pickled(page, argument, name):
    model, part, (inputs, targets) = with_part(page, argument, name)
    again = pickle.loads(pickle.dumps(clone(model)))
    assert repr(getattr(again, argument)) == repr(part)
    assert getattr(again, argument) is not part
    expected = model.fit(inputs, targets).predict(inputs)
    np.testing.assert_array_equal(again.fit(inputs, targets).predict(inputs), expected)
    fitted = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(fitted.predict(inputs), expected)
    assert model.score(inputs, targets) > (0.3 if name == "regressor" else 0.85)
    assert type(part).__name__ in repr(model)


@pytest.mark.parametrize(("argument", "name"), CASES)
def test_goes_on_with_partial_fit_and_warm_starts(page, argument, name):
    model, _, (inputs, targets) = with_part(page, argument, name)
    model.fit(inputs, targets).partial_fit(inputs, targets)
    assert model.n_iter_ == ESTIMATORS[name].max_iter + 1
    model.set_params(warm_start=True, max_iter=2).fit(inputs, targets)
    assert np.isfinite(model.loss_curve_).all()


@pytest.mark.parametrize(("argument", "name"), CASES)
def test_is_checked_by_its_gradient(page, argument, name):
    model, _, (inputs, targets) = with_part(page, argument, name)
    result = check_gradient(model, inputs[:40], targets[:40], random_state=0)
    assert result.passed, str(result)


@pytest.mark.parametrize("argument", [a for a, (_, grid) in PARTS.items() if grid])
def test_is_searched(page, argument):
    name = "mlp" if hasattr(ESTIMATORS["mlp"], argument) else "softmax"
    model, _, (inputs, targets) = with_part(page, argument, name)
    ((parameter, values),) = PARTS[argument][1].items()
    search = GridSearchCV(model, {f"{argument}__{parameter}": values}, cv=2, scoring="neg_log_loss")
    search.fit(inputs, targets)
    best = search.best_estimator_.get_params()[f"{argument}__{parameter}"]
    assert best in values
    assert len(set(search.cv_results_["mean_test_score"])) > 1


def test_one_activation_of_ones_own_per_hidden_layer(page):
    swish = page[0].Swish
    model = MLPClassifier((8, 6, 5), [swish(2.0), "tanh", swish()], max_iter=5, random_state=0)
    pickle.loads(pickle.dumps(clone(model).fit(X, Y))).predict(X)
    assert check_gradient(model, X[:40], Y[:40], random_state=0).passed


@pytest.mark.parametrize("optimizer", ["adam", "momentum", "lbfgs"])
def test_a_loss_on_quantities(optimizer):
    model = MLPRegressor((4,), loss=LogCosh(), optimizer=optimizer, tol=1e-2, random_state=0)
    inputs, targets = DIABETES
    assert model.fit(inputs, targets).score(inputs, targets) > 0.4
    # The loss has no unit: it is that of targets of unit variance.
    in_thousands = clone(model).fit(inputs, targets / 1000)
    assert in_thousands.loss_curve_[-1] == pytest.approx(model.loss_curve_[-1], rel=0.05)
    assert check_gradient(model, inputs[:40], targets[:40], random_state=0).passed


def test_every_part_at_once(page):
    parts = {argument: getattr(page[0], name)() for argument, (name, _) in PARTS.items()}
    model = MLPClassifier((24,), **FEW_STEPS, **parts).fit(X, Y)
    assert model.score(X, Y) > 0.85
    assert model.predict_proba(X).sum(axis=1) == pytest.approx(1)
