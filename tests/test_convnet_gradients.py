"""Gradients of the convolutional classifier, its diagnostics, and PyTorch as a referee."""

from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import clone

from sk231n import ConvNetClassifier
from sk231n.augmentation import Augmentation, Cutout
from sk231n.diagnostics import (
    activation_statistics,
    check_gradient,
    check_sanity,
    network_summary,
    update_ratios,
)
from sk231n.layers import (
    Affine,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    Layer,
    LayerNorm,
    Maxout,
    MaxPool2D,
    ReLU,
    Residual,
    Tanh,
)
from sk231n.losses import CrammerSinger, CrossEntropy, OneVsRest, WestonWatkins

with suppress(ModuleNotFoundError):  # the extra referees
    import torch

# OpenBLAS may raise the flag for numbers that are in no result.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in matmul")

RNG = np.random.RandomState(0)
X = RNG.randint(0, 256, (12, 6, 6, 2)).astype(np.uint8)
Y = np.arange(12) % 3
LABELS = RNG.randint(2, size=(12, 3))
W = RNG.uniform(0.1, 2, 12)
FEW = {"architecture": ((3,), (2,)), "alpha": 0.1, "max_iter": 2, "random_state": 0}


def few(**arguments):
    return ConvNetClassifier(**{**FEW, **arguments})


def assert_passes(model, y=Y, X=X, **arguments):
    result = check_gradient(model, X, y, random_state=0, n_checks=5, **arguments)
    assert result.max_relative_error < 1e-7, str(result)
    assert result.passed
    return result


# Against differences ------------------------------------------------------------------------------


class Scale(Layer):
    """A layer of one's own: each channel times a number."""

    weights = ("gain",)

    def __init__(self, start=1.5):
        self.start = start

    def shapes(self, input_shape):
        return {"gain": input_shape[-1:]}

    def initialize(self, p, rng):
        p.gain[...] = self.start

    def forward(self, p, x, phase=None):
        def backward(dy, g, need_dx=True):
            g.gain[...] = (dy * x).reshape(-1, x.shape[-1]).sum(axis=0)
            return dy * p.gain

        return x * p.gain, backward


@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "leaky_relu", "maxout", "sigmoid"])
def test_activations_and_normalizations(activation, normalization):
    for pooling, head, sizes in (("max", "average", ()), ("average", "flatten", (4,))):
        model = few(activation=activation, normalization=normalization, pooling=pooling)
        assert_passes(model.set_params(head=head, hidden_layer_sizes=sizes))


@pytest.mark.parametrize(
    "loss",
    ["cross_entropy", CrossEntropy(0.2), "hinge", "squared_hinge", CrammerSinger(),
     OneVsRest(power=2), WestonWatkins(2.0)],
    ids=str,
)  # fmt: skip
def test_losses(loss):
    for penalty in ("l1", "elasticnet", None):
        assert_passes(few(loss=loss, penalty=penalty, dropout=0.3), sample_weight=W)


ARCHITECTURES = {
    "strides": [Conv2D(3, 2, stride=2, padding="valid"), Tanh(), Conv2D(2, (1, 3)), Flatten()],
    "dilated": [Conv2D(3, 3, dilation=2), BatchNorm(), Tanh(), AveragePool2D(3, 1)],
    "overlapping": [Conv2D(3, padding=2), Tanh(), MaxPool2D(3, 2), LayerNorm(), Flatten()],
    "residual": [
        Conv2D(3), Residual([Conv2D(3), BatchNorm(), Tanh(), Conv2D(3)]),
        Residual([Conv2D(4, stride=2), BatchNorm()], [Conv2D(4, 1, stride=2)]), Tanh(),
        Residual([Residual([Conv2D(4), Tanh()]), AveragePool2D(3)], AveragePool2D(3)),
    ],
    "maxout and dropout": [Conv2D(4), Maxout(2), Dropout(0.3), GlobalAveragePool2D()],
    "one's own": [Conv2D(3), Scale(), Tanh(), Scale(0.5), GlobalAveragePool2D()],
    "rows in between": [Conv2D(3), ReLU(), Affine(5), BatchNorm(), Tanh(), Scale()],
}  # fmt: skip


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architectures(name):
    model = few(architecture=ARCHITECTURES[name])
    assert_passes(model)
    assert_passes(model, LABELS)
    assert_passes(model, X=X.astype(np.float32) / 255, sample_weight=W)
    assert_passes(model.fit(X, Y))


def test_larger_batches_than_a_micro_batch(monkeypatch):
    """The check is that of one batch, whose moments are those of all images."""
    monkeypatch.setattr("sk231n.neural._convolutional._FEWEST_IMAGES", 1)
    monkeypatch.setattr("sk231n.neural._convolutional._MOST_IMAGES", 5)
    monkeypatch.setattr("sk231n.neural._convolutional._FEW_VALUES", 0)
    for normalization in (None, "batch"):
        assert_passes(few(normalization=normalization, activation="tanh", dropout=0.2))


class Refuses(Augmentation):
    """Not to be called, but for the trial with one image."""

    def __call__(self, images, rng):
        assert len(images) == 1
        return images


@pytest.mark.parametrize("augmentation", [Refuses(), [Cutout(4), Refuses()]], ids=str)
def test_augmentations_are_ignored(augmentation):
    expected = assert_passes(few())
    found = assert_passes(few(augmentation=augmentation))
    assert found.table == expected.table


# A layer of one's own -----------------------------------------------------------------------------


def test_a_layer_of_ones_own_is_trained():
    model = few(architecture=ARCHITECTURES["one's own"], penalty="l2", max_iter=20).fit(X, Y)
    assert [coef.shape for coef in model.coefs_] == [(3, 3, 2, 3), (3,), (3,), (3, 3)]
    assert np.abs(model.coefs_[1] - 1.5).min() > 1e-4
    np.testing.assert_array_equal(
        clone(model).fit(X, Y).decision_function(X), model.decision_function(X)
    )
    maps = model.decision_map(np.tile(X, (1, 2, 2, 1)))
    assert maps.shape == (12, 7, 7, 3)


def test_roles_of_parameters_in_the_order_of_layers():
    residual = Residual([Conv2D(3), BatchNorm(), Tanh()], None)
    model = few(architecture=[Conv2D(3, 1), residual, LayerNorm(), MaxPool2D(), Flatten()])
    model.set_params(hidden_layer_sizes=(4,), normalization="batch").fit(X, Y)
    assert [coef.shape for coef in model.coefs_] == [
        (1, 1, 2, 3), (3, 3, 3, 3), (27, 4), (4, 3),
    ]  # fmt: skip
    assert [intercept.shape for intercept in model.intercepts_] == [(3,), (3,), (4,), (3,)]
    assert [sorted(arrays) for arrays in model.normalizations_] == [
        ["mean", "spread"],
        ["mean_1", "scale_1", "shift_1", "variance_1"],
        ["scale", "shift"],
        ["mean", "scale", "shift", "variance"],
    ]


class Wrong(Layer):
    """Says another shape than it returns."""

    def output_shape(self, input_shape):
        return (*input_shape[:2], 5)

    def forward(self, p, x, phase=None):
        return x, lambda dy, g, need_dx=True: dy


def test_a_layer_of_ones_own_that_is_wrong():
    model = few(architecture=[Conv2D(3), Wrong()])
    with pytest.raises(ValueError, match=r"Wrong\(\): forward returns samples of shape"):
        model.fit(X, Y)
    assert not hasattr(model, "coefs_")


# Diagnostics --------------------------------------------------------------------------------------


def test_sanity():
    rng = np.random.RandomState(1)
    images = rng.randint(0, 256, (30, 8, 8, 3)).astype(np.uint8)
    model = ConvNetClassifier(((8,),), head="flatten", random_state=0)
    before = vars(model).copy()
    result = check_sanity(model, images, np.arange(30) % 3, n_samples=12, random_state=0)
    assert result.passed, str(result)
    assert vars(model) == before


def test_measurements():
    model = few(hidden_layer_sizes=(4,), max_iter=4)
    before = activation_statistics(model, X)
    fitted = model.fit(X, Y)
    after = activation_statistics(fitted, X)
    assert len(before.layers) == len(after.layers) == 3
    assert 0 < update_ratios(fitted).median < 1
    summary = network_summary(fitted)
    n_parameters = sum(array.size for array in (*fitted.coefs_, *fitted.intercepts_))
    n_parameters += 2 * (3 + 2 + 4)
    assert summary.n_parameters == n_parameters
    assert [tuple(layer.output_shape) for layer in summary.layers[1:]] == [
        maps.shape[1:] for maps in fitted.feature_maps(X)
    ]


# PyTorch ------------------------------------------------------------------------------------------

RATE, N_STEPS = 0.3, 10


def their_network():
    return torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, 3, padding=1), torch.nn.BatchNorm2d(4), torch.nn.ReLU(),
        torch.nn.Conv2d(4, 3, 3, padding=1), torch.nn.BatchNorm2d(3), torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(3, 5, 3, padding=1), torch.nn.BatchNorm2d(5), torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
        torch.nn.Linear(5, 6), torch.nn.BatchNorm1d(6), torch.nn.ReLU(), torch.nn.Linear(6, 3),
    ).double()  # fmt: skip


def as_theirs(array):
    return array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T


@pytest.mark.referee("torch")
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_trains_as_in_pytorch(momentum):
    rng = np.random.RandomState(1)
    x, y = 5 + 3 * rng.standard_normal((30, 8, 6, 2)), np.arange(30) % 3
    x[y == 1, ::2] += 2
    x[y == 2, :, ::2] += 2
    settings = {
        "architecture": ((4, 3), (5,)), "hidden_layer_sizes": (6,), "batch_size": 30, "alpha": 0,
        "shuffle": False, "tol": None, "weight_init": "he", "random_state": 0,
        "optimizer": "momentum" if momentum else "sgd",
    }  # fmt: skip
    rate = RATE * (1 - momentum)
    model = ConvNetClassifier(**settings, learning_rate=rate, max_iter=N_STEPS).fit(x, y)
    start = ConvNetClassifier(**settings, learning_rate=1e-300, max_iter=1).fit(x, y)

    theirs = their_network()
    convolved = [m for m in theirs if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    normalized = [m for m in theirs if hasattr(m, "running_var")]
    weights = zip(convolved, start.coefs_, start.intercepts_, strict=True)
    for module, weight, bias in weights:
        module.weight.data, module.bias.data = torch.tensor(as_theirs(weight)), torch.tensor(bias)
    images = (x - x.mean(axis=(0, 1, 2))) / x.std(axis=(0, 1, 2))
    images = torch.tensor(images).permute(0, 3, 1, 2)
    optimizer = torch.optim.SGD(theirs.parameters(), lr=rate, momentum=momentum)
    losses = []
    for _ in range(N_STEPS):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(theirs(images), torch.tensor(y))
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))

    same = {"rtol": 1e-10, "atol": 1e-11}
    np.testing.assert_allclose(model.loss_curve_, losses, **same)
    assert losses[-1] < 0.9 * losses[0]
    for module, weight, bias in zip(convolved, model.coefs_, model.intercepts_, strict=True):
        np.testing.assert_allclose(weight, as_ours(module.weight), **same)
        np.testing.assert_allclose(bias, module.bias.detach(), **same)
    kept, sizes = 0.9**N_STEPS, (48, 48, 12, 1)
    for module, ours, size in zip(normalized, model.normalizations_[1:], sizes, strict=True):
        ours = SimpleNamespace(**ours)
        np.testing.assert_allclose(ours.scale, module.weight.detach(), **same)
        np.testing.assert_allclose(ours.shift, module.bias.detach(), **same)
        np.testing.assert_allclose(ours.mean, module.running_mean, **same)
        n = 30 * size  # theirs are unbiased
        variance = kept + (ours.variance - kept) * n / (n - 1)
        np.testing.assert_allclose(variance, module.running_var, **same)
        module.running_var = torch.tensor(ours.variance)
    theirs.eval()
    with torch.no_grad():
        scores = theirs(images).numpy()
    np.testing.assert_allclose(model.decision_function(x), scores, rtol=1e-9, atol=1e-10)


def as_ours(weight):
    weight = weight.detach().numpy()
    return weight.transpose(2, 3, 1, 0) if weight.ndim == 4 else weight.T
