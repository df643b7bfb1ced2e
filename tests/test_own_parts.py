"""Custom parts, written from the documentation alone: each of them works in every estimator.

The parts are those of the guide's page, whose programs run here. Only public names are imported.
"""

import ast
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

from sk231n import ConvNetClassifier, LinearSVM, MLPClassifier, MLPRegressor, SoftmaxClassifier
from sk231n.diagnostics import check_gradient
from sk231n.initializers import Initializer, Normal
from sk231n.layers import (
    BatchNorm,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    Network,
    ReLU,
    Standardize,
)
from sk231n.losses import CrossEntropy, Loss
from sk231n.optimizers import Optimizer
from sk231n.penalties import Penalty
from sk231n.schedules import Schedule

PAGE = Path(__file__).parents[1] / "docs" / "guide" / "own_parts.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
PROGRAM = "\n".join(BLOCKS)
X, Y = (array[:300] for array in load_digits(return_X_y=True))
DIABETES = tuple(array[:200] for array in load_diabetes(return_X_y=True, scaled=False))
DIABETES = tuple((array - array.mean(axis=0)) / array.std(axis=0) for array in DIABETES)


@pytest.fixture(scope="module")
def page():
    """The parts of the page in a module, which pickles can name."""
    module = sys.modules["own_parts"] = ModuleType("own_parts")
    tree = ast.parse(PROGRAM)
    parts = ast.Import | ast.ImportFrom | ast.ClassDef
    tree.body = [statement for statement in tree.body if isinstance(statement, parts)]
    exec(compile(tree, str(PAGE), "exec"), vars(module))
    yield module
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
    "convnet": ConvNetClassifier(((8,), (16,)), (16,), **FEW_STEPS),
    "regressor": MLPRegressor((24,), **FEW_STEPS),
}
CASES = [
    (argument, name)
    for argument in PARTS
    for name, estimator in ESTIMATORS.items()
    if argument in estimator.get_params() and (argument, name) != ("loss", "regressor")
]


def with_part(page, argument, name):
    part = getattr(page, PARTS[argument][0])()
    if argument == "learning_rate":
        part.set_params(peak=0.02)
    data = DIABETES if name == "regressor" else (X, Y)
    return clone(ESTIMATORS[name]).set_params(**{argument: part}), part, data


def test_the_page_prints_what_it_says(capsys):
    exec(compile(PROGRAM, str(PAGE), "exec"), {"__name__": "own_parts"})
    stated = re.findall(r"# (?:about )?(0\.\d+|True)$", PAGE.read_text("utf-8"), re.MULTILINE)
    for said, printed in zip(stated, capsys.readouterr().out.split(), strict=True):
        if said == "True":
            assert printed == "True"
        else:
            assert float(printed) == pytest.approx(float(said), abs=0.02)


def test_the_page_needs_nothing_private():
    imported = re.findall(r"^(?:from|import) (sk231n[\w.]*)", PROGRAM, re.MULTILINE)
    assert imported
    assert not [name for name in imported if "._" in name or ".core" in name]
    for name in (part for part, _ in PARTS.values()):
        source = re.search(rf"^class {name}\(.*?(?=^\S)", PROGRAM, re.M | re.DOTALL)[0]
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
    model.set_params(max_iter=3).fit(inputs, targets).partial_fit(inputs, targets)
    assert model.n_iter_ == 3 + 1
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
    swish = page.Swish
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
    parts = {argument: getattr(page, name)() for argument, (name, _) in PARTS.items()}
    model = MLPClassifier((24,), **FEW_STEPS, **parts).fit(X, Y)
    assert model.score(X, Y) > 0.85
    assert model.predict_proba(X).sum(axis=1) == pytest.approx(1)


class Slope(Layer):
    """A scalar that is learnt."""

    def shapes(self, input_shape):
        return {"slope": ()}

    def initialize(self, p, rng):
        p.slope[...] = 1

    def forward(self, p, x, phase=None):
        def backward(dy, g, need_dx=True):
            g.slope[...] = (dy * x).sum()
            return dy * p.slope

        return x * p.slope, backward


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_scalar_parameters(optimizer):
    model = MLPClassifier((16,), normalization=Slope(), optimizer=optimizer, tol=0.1)
    assert model.set_params(max_iter=30, random_state=0).fit(X, Y).score(X, Y) > 0.9
    assert model.normalizations_[0]["slope"] != 1
    assert check_gradient(model, X[:40], Y[:40], random_state=0).passed


class ListedShapes(Slope):
    def shapes(self, input_shape):
        return {"slope": [1]}


def test_shapes_as_lists():
    model = MLPClassifier((8,), normalization=ListedShapes(), **FEW_STEPS).fit(X, Y)
    assert model.predict(X).shape == Y.shape


class Smoothed(CrossEntropy):
    """A subclass of a loss of the library: its own code counts."""

    def __call__(self, scores, y, w=None):
        raise RuntimeError("own code")


def test_subclasses_of_losses_are_not_replaced():
    labels = np.column_stack([Y > 3, Y % 2])
    with pytest.raises(ValueError, match="is for one label per sample"):
        MLPClassifier((8,), loss=Smoothed()).fit(X, labels.astype(int))
    with pytest.raises(RuntimeError, match="own code"):
        MLPClassifier((8,), loss=Smoothed(), **FEW_STEPS).fit(X, Y)


def returning(base, method, result, **attributes):
    """A part of which one method returns something wrong."""
    part = type("Wrong", (base,), {method: lambda self, *arguments: result, **attributes})
    return part()


def wrong_layer(**attributes):
    return type("Wrong", (Slope,), attributes)()


@pytest.mark.parametrize(
    ("argument", "part", "message"),
    [
        (
            "penalty",
            returning(Penalty, "__call__", (1.0, 0.1)),
            r"Wrong\(\) must return a gradient",
        ),
        ("penalty", returning(Penalty, "__call__", (1.0, np.ones(1))), "of the shape"),
        ("optimizer", returning(Optimizer, "direction", 0.1), r"must return a direction"),
        ("optimizer", returning(Optimizer, "direction", 0, full_batch=True), "only LBFGS"),
        ("weight_init", returning(Initializer, "__call__", 0.1), "must return finite numbers"),
        ("weight_init", returning(Initializer, "__call__", np.nan), "must return finite numbers"),
        ("weight_init", returning(Initializer, "__call__", None), "must return finite numbers"),
        ("learning_rate", returning(Schedule, "__call__", -0.01), "learning_rate"),
        ("learning_rate", returning(Schedule, "__call__", np.nan), "learning_rate"),
        ("learning_rate", returning(Schedule, "rates", np.ones(3)), "learning_rate"),
        ("loss", returning(Loss, "__call__", (1.0, np.ones(3))), "a number and a gradient"),
        ("loss", returning(Loss, "__call__", (None, None)), "a number and a gradient"),
        ("loss", returning(Loss, "__call__", (np.ones(3), None)), "a number and a gradient"),
        ("normalization", Standardize(), "standardises the inputs"),
        ("normalization", wrong_layer(weights=("Q",)), r"weights=\('Q',\)"),
        ("normalization", wrong_layer(statistics="slope"), "statistics='slope'"),
        (
            "normalization",
            wrong_layer(shapes=lambda self, shape: {"slope": 8}),
            "the shape of slope",
        ),
        ("normalization", wrong_layer(shapes=lambda self, shape: {"slope": (-1,)}), "integers > 0"),
        (
            "normalization",
            wrong_layer(initialize=lambda self, p, rng: setattr(p, "slope", 1)),
            "must write into the arrays of p",
        ),
        ("normalization", wrong_layer(output_shape=lambda self, shape: (3,)), "output_shape"),
        ("activation", type("Own", (ReLU,), {"initializer": "he"})(), "initializer"),
        ("activation", type("Own", (ReLU,), {"initializer": Normal(-1.0)})(), "std"),
        ("activation", np.array([LeakyReLU(5.0)], dtype=object), "slope"),
    ],
)
def test_wrong_parts_are_named(argument, part, message):
    model = MLPClassifier((8,), random_state=0).set_params(**{argument: part})
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert not hasattr(model, "coefs_")


def test_parts_cannot_write_into_the_parameters():
    def sign(self, u):
        return float(np.abs(u).sum()), np.sign(u, out=u)

    penalty = type("InPlace", (Penalty,), {"__call__": sign})()
    with pytest.raises(ValueError, match="read-only"):
        MLPClassifier((8,), penalty=penalty, learning_rate=0.01, random_state=0).fit(X, Y)


def test_random_layers_need_mini_batches():
    with pytest.raises(ValueError, match="without randomness"):
        MLPClassifier((8,), normalization=Dropout(0.5), optimizer="lbfgs").fit(X, Y)


def test_losses_that_work_in_place_leave_the_scores():
    def in_place(self, scores, y, w=None):
        value, gradient = CrossEntropy()(scores, y, w)
        scores[...] = -1
        return value, gradient

    loss = type("InPlace", (Loss,), {"__call__": in_place, "curvature": 0.5})()
    found = MLPClassifier((8,), loss=loss, **FEW_STEPS).fit(X, Y)
    expected = MLPClassifier((8,), **FEW_STEPS).fit(X, Y)
    assert found.history_["score"] == expected.history_["score"]


def test_parts_in_float64_leave_float32_alone(page):
    single = X.astype(np.float32)
    model = MLPClassifier((8,), page.Swish(np.array(1.0)), **FEW_STEPS).fit(single, Y)
    assert model.decision_function(single).dtype == np.float32
    model = MLPClassifier((8,), normalization=BatchNorm(epsilon=np.longdouble(1e-5)), **FEW_STEPS)
    assert model.fit(single, Y).decision_function(single).dtype == np.float32


def test_networks_refuse_images_of_another_layout():
    network = Network([BatchNorm(), Flatten()], (4, 4, 6))
    views = network.layout.views(network.initialize(np.random.RandomState(0), float))
    assert network.forward(views, np.ones((5, 96)))[0].shape == (5, 96)
    assert network.forward(views, np.ones((5, 4, 4, 6), np.uint8))[0].dtype == np.float32
    for shape in (5, 6, 4, 4), (5, 95), (5, 16, 6):
        with pytest.raises(ValueError, match="does not hold samples"):
            network.forward(views, np.ones(shape))
    for layers in ["relu"], [None], [BatchNorm]:
        with pytest.raises(TypeError, match="layers must hold layers"):
            Network(layers, 3)


@pytest.mark.parametrize(
    ("settings", "name", "message"),
    [
        ({"activation": [LeakyReLU()]}, "activation__slope", "whole sequences"),
        ({"activation": LeakyReLU}, "activation__slope", "set activation=sk231n.layers"),
        ({"learning_rate": 0.1}, "learning_rate__initial", "set learning_rate=sk231n.schedules"),
        ({}, "alpha__x", "no parameters"),
    ],
)
def test_parameters_of_what_has_none(settings, name, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**settings).set_params(**{name: 0.2})


def test_probabilities_are_those_of_the_fitted_loss():
    model = MLPClassifier((8,), loss="hinge", **FEW_STEPS).fit(X, Y)
    assert not hasattr(model.set_params(loss="cross_entropy"), "predict_proba")
    assert hasattr(model.fit(X, Y).set_params(loss="hinge"), "predict_proba")
