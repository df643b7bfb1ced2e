"""The gradient check finds faults that are planted into the package's code."""

import inspect
import sys
import textwrap

import numpy as np
import pytest

from sk231n import LinearSVM, MLPClassifier, MLPRegressor, SoftmaxClassifier
from sk231n.core.activations import LeakyReLU, Logistic, Maxout, ReLU, Tanh
from sk231n.core.affine import Affine
from sk231n.core.data import Data
from sk231n.core.dropout import Dropout
from sk231n.core.initializers import Glorot
from sk231n.core.layer import PREDICTION, Layer
from sk231n.core.network import Network
from sk231n.core.normalizations import BatchNorm, LayerNorm
from sk231n.core.objective import Objective
from sk231n.core.penalties import L1, L2, ElasticNet
from sk231n.diagnostics import check_gradient
from sk231n.losses import (
    CrammerSinger,
    CrossEntropy,
    OneVsRest,
    SigmoidCrossEntropy,
    SquaredError,
    WestonWatkins,
)

RNG = np.random.RandomState(0)
X = RNG.standard_normal((12, 7))
Y = np.arange(12) % 3
TARGETS = 100 * RNG.standard_normal((12, 2))
LABELS = RNG.randint(2, size=(12, 3))


def plant(monkeypatch, owner, name, old, new):
    """Replace a piece of a function's source."""
    function = vars(owner)[name]
    source = textwrap.dedent(inspect.getsource(function))
    assert source.count(old) == 1, f"{old!r} is not once in {owner.__name__}.{name}"
    namespace = {}
    exec(
        compile(source.replace(old, new), f"faulty {name}", "exec"),
        vars(sys.modules[owner.__module__]),
        namespace,
    )
    monkeypatch.setattr(owner, name, namespace[name])


class Tied(Layer):
    """A layer whose weights are used twice, as in an autoencoder: y = x W W^T."""

    weights = ("W",)

    def shapes(self, input_shape):
        return {"W": (*input_shape, 4)}

    def initialize(self, p, rng):
        p.W[...] = Glorot()(rng, p.W.shape)

    def forward(self, p, x, phase=PREDICTION):
        h = x @ p.W

        def backward(dy, g, need_dx=True):
            g.W[...] = dy.T @ h
            g.W += x.T @ (dy @ p.W)
            return dy @ p.W @ p.W.T

        return h @ p.W.T, backward


class TiedClassifier(SoftmaxClassifier):
    def _layers(self):
        return [Affine(6, Glorot()), Tied(), *super()._layers()]

    def _attributes_from(self, network, views):
        raise NotImplementedError


def mlp(*args, **kwargs):
    return MLPClassifier((5, 5), *args, alpha=0.1, **kwargs)


SOFTMAX, SVM = SoftmaxClassifier(alpha=0.1), LinearSVM(alpha=0.1)
DATA, PENALTY, VALUE = "data", "penalty", "value"

# Name of the fault, estimator, where it is planted, what is replaced by what, where it is reported.
FAULTS = [
    ("the mean is a sum", SOFTMAX, Data, "targets", "self.w[rows] / self.total", "self.w[rows]",
     DATA),
    ("1/n dropped from the gradient", SOFTMAX, CrossEntropy, "__call__",
     "gradient *= w[:, None]", "pass", DATA),
    ("1/n dropped from the value", SOFTMAX, Objective, "_loss_of_part",
     "return value,", "return len(x) * value,", VALUE),
    ("1/n twice", mlp(), Affine, "forward",
     "np.sum(dy, axis=0, out=g.b)", "np.mean(dy, axis=0, out=g.b)", DATA),
    ("sample weights forgotten by a normalization", mlp(normalization="batch"), BatchNorm,
     "_normalize_rows", "dx *= -w[:, None]", "dx *= -1 / (len(x) + 1)", DATA),
    ("matrix not transposed", mlp(), Affine, "forward", "dy, p.W.T", "dy, p.W if p.W.shape[0] == "
     "p.W.shape[1] else p.W.T", DATA),
    ("bias summed over the wrong axis", MLPClassifier((12,)), Affine, "forward",
     "np.sum(dy, axis=0, out=g.b)", "g.b[...] = dy.sum(axis=1 if len(dy) == dy.shape[1] else 0)",
     DATA),
    ("gradient added to what was there", mlp(), Affine, "forward",
     "phase.matmul(rows.T, dy, out=g.W)", "g.W += rows.T @ dy", DATA),
    ("gradient never written", mlp(), Affine, "forward", "np.sum(dy, axis=0, out=g.b)", "pass",
     DATA),
    ("= for += on shared weights", TiedClassifier(), Tied, "forward", "g.W +=", "g.W[...] =", DATA),
    ("a layer left out on the way back", mlp("tanh"), Network, "forward",
     "pull_backs.pop()(dy,", "pull_backs.pop()(dy if k else dy * 0.9,", DATA),
    ("penalty forgotten", SOFTMAX, Objective, "add_penalty", "gradient += ", "_ = ", PENALTY),
    ("penalty forgotten in the value", SOFTMAX, Objective, "add_penalty",
     "return self.alpha * value", "return 0.0", VALUE),
    ("= for += of the penalty", SOFTMAX, Objective, "add_penalty", "gradient += ",
     "gradient[...] = ", PENALTY),
    ("penalty of the wrong sign", SOFTMAX, Objective, "add_penalty", "gradient += ",
     "gradient -= ", PENALTY),
    ("penalty's factor 2", SOFTMAX, L2, "__call__", "(u, u)), u", "(u, u)), 2 * u", PENALTY),
    ("penalty without the factor 1/2", SVM, L2, "__call__", "0.5 * float", "float", PENALTY),
    ("alpha forgotten", SVM, Objective, "add_penalty", "self.alpha * factor", "factor", PENALTY),
    ("intercepts penalised", mlp(), Affine, "weight_factors", '"W": ', '"b": 1.0, "W": ', PENALTY),
    ("first layer not penalised", mlp(), Network, "weight_factors",
     "[first.weight_factors(scale), ", "[{}, ", PENALTY),
    ("penalty in the units of training", SoftmaxClassifier(alpha=0.1, penalty="l2"), Network,
     "weight_factors", "first.weight_factors(scale)", "first.weight_factors()", PENALTY),
    ("l1 without the sign", SoftmaxClassifier(alpha=0.1, penalty="l1"), L1, "__call__",
     "np.sign(u)", "np.abs(np.sign(u))", PENALTY),
    ("ratio of the elastic net reversed",
     SoftmaxClassifier(alpha=0.1, penalty="elasticnet", l1_ratio=0.3), ElasticNet, "__call__",
     "self.l1_ratio * sign + (1 - self.l1_ratio) * u",
     "(1 - self.l1_ratio) * sign + self.l1_ratio * u", PENALTY),
    ("softmax without minus one at the true class", SOFTMAX, CrossEntropy, "__call__",
     "gradient[rows, y] -= 1 - self.label_smoothing", "pass", DATA),
    ("label smoothing forgotten in the gradient", mlp(loss=CrossEntropy(0.2)), CrossEntropy,
     "__call__", "gradient -= share", "pass", DATA),
    ("hinge of the true class counted once", SVM, WestonWatkins, "__call__",
     "-gradient.sum(axis=1)", "-gradient.max(axis=1)", DATA),
    ("hinge of the wrong sign", SVM, WestonWatkins, "__call__", "return float(w",
     "gradient *= -1\n    return float(w", DATA),
    ("squared hinge without its 2", LinearSVM(loss="squared_hinge"), WestonWatkins.__mro__[1],
     "_hinge", "2 * positive", "positive", DATA),
    ("Crammer-Singer without the true class", LinearSVM(strategy="crammer_singer"), CrammerSinger,
     "__call__", "gradient[rows, y] = -slope", "pass", DATA),
    ("one-vs-rest without the sign", LinearSVM(strategy="one_vs_rest"), OneVsRest, "__call__",
     "gradient *= self._sign(scores, y)", "pass", DATA),
    ("logistic loss of several labels", mlp(), SigmoidCrossEntropy, "__call__",
     "gradient -= targets", "gradient -= 1 - targets", DATA),
    ("squared error without its 1/2", MLPRegressor((5,)), SquaredError, "__call__",
     "0.5 * float", "float", DATA),
    ("rectifier without its mask", mlp(), ReLU, "forward", "dy * (y > 0)", "dy", DATA),
    ("leak with the slope one", mlp("leaky_relu"), LeakyReLU, "forward", "slopes += slope",
     "slopes[...] = 1", DATA),
    ("maxout to the loser", mlp("maxout"), Maxout, "forward", "dx, winner", "dx, 1 - winner",
     DATA),
    ("slope of tanh without the square", mlp("tanh"), Tanh, "forward", "1 - y * y", "1 - y", DATA),
    ("slope of the input instead of the output", mlp("logistic"), Logistic, "forward",
     "dy * (y * (1 - y))", "dy * (x * (1 - x))", DATA),
    ("dropout not scaled on the way back", mlp(dropout=0.3), Dropout, "forward", "dy * mask",
     "dy * (mask > 0)", DATA),
    ("dropout without its mask on the way back", mlp(dropout=0.3), Dropout, "forward",
     "dy * mask", "dy / (1 - self.p)", DATA),
    ("dropout with a new mask on the way back", mlp(dropout=0.3), Dropout, "forward", "dy * mask",
     "dy * np.random.RandomState(1).permutation(mask)", DATA),
    ("mean of batch norm taken for a constant", mlp(normalization="batch"), BatchNorm,
     "_normalize_rows", "dx += g.shift", "pass", DATA),
    ("variance of batch norm taken for a constant", mlp(normalization="batch"), BatchNorm,
     "_normalize_rows", "dx = normalized * g.scale", "dx = 0 * normalized", DATA),
    ("scale of batch norm forgotten", mlp(normalization="batch"), BatchNorm, "_normalize_rows",
     "dx *= p.scale * inverse", "dx *= inverse", DATA),
    ("mean of layer norm taken for a constant", mlp(normalization="layer"), LayerNorm, "forward",
     "dx -= dx.mean(axis=1, keepdims=True)", "pass", DATA),
    ("variance of layer norm taken for a constant", mlp(normalization="layer"), LayerNorm,
     "forward", "dx -= normalized * slope", "pass", DATA),
]  # fmt: skip


def check(name, estimator, **kwargs):
    y = LABELS if "labels" in name else TARGETS if isinstance(estimator, MLPRegressor) else Y
    w = np.arange(1.0, 13.0) if "weights" in name else None
    return check_gradient(estimator, X, y, sample_weight=w, random_state=0, **kwargs)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault[0])
def test_finds(fault, monkeypatch):
    name, estimator, owner, function, old, new, seen = fault
    sound = check(name, estimator)
    assert sound.passed
    assert sound.max_relative_error < 1e-7

    plant(monkeypatch, owner, function, old, new)
    faulty = check(name, estimator)
    assert not faulty.passed
    assert faulty.max_relative_error > 1e-2
    wrong = [line for line in faulty.table if line.max_relative_error > 1e-6]
    if seen == VALUE:
        assert {line.parameter for line in wrong} == {"value"}
    elif np.isfinite(faulty.max_relative_error):
        assert {line.part for line in wrong if line.parameter != "value"} == {seen}
    assert "FAILED" in str(faulty)
    assert str(faulty).count("<--") == len(wrong)


def test_names_the_array(monkeypatch):
    """A fault in the intercepts alone is reported for the intercepts alone."""
    plant(monkeypatch, Affine, "forward", "np.sum(dy, axis=0, out=g.b)", "g.b[...] = 2 * dy.sum(0)")
    result = check("", mlp())
    wrong = [line for line in result.table if line.max_relative_error > 1e-6]
    assert [line.parameter for line in wrong] == ["b1", "b2", "b3"]
    for line in wrong:
        assert line.max_relative_error == pytest.approx(1 / 3)
        assert line.analytic == pytest.approx(2 * line.numerical)
        assert line.index in {(i,) for i in range(line.size)}


def test_a_small_fault(monkeypatch):
    """A gradient that is off by a hundred thousandth."""
    plant(monkeypatch, CrossEntropy, "__call__", "gradient *= w[:, None]",
          "gradient *= w[:, None] * 1.00001")  # fmt: skip
    result = check("", SOFTMAX)
    assert not result.passed
    assert result.max_relative_error == pytest.approx(5e-6, rel=0.1)


NEAR_KINKS = [
    "rectifier without its mask", "leak with the slope one", "maxout to the loser",
    "hinge of the true class counted once", "Crammer-Singer without the true class",
    "one-vs-rest without the sign",
]  # fmt: skip


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault[0] in NEAR_KINKS], ids=lambda fault: fault[0]
)
def test_finds_near_kinks(fault, monkeypatch):
    """Many samples and a wide step, so that some differences cross a kink."""
    _, estimator, owner, function, old, new, _ = fault
    rng = np.random.RandomState(1)
    X, y = rng.standard_normal((400, 7)), np.arange(400) % 3
    sound = check_gradient(estimator, X, y, h=0.01, random_state=0)
    assert sound.kinks_crossed > 0
    assert sound.passed
    plant(monkeypatch, owner, function, old, new)
    faulty = check_gradient(estimator, X, y, h=0.01, random_state=0)
    assert faulty.kinks_crossed == sound.kinks_crossed
    assert faulty.max_relative_error > 1e-2
