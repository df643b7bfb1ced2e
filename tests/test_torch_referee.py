"""PyTorch as the referee: layers, losses, optimizers and a whole training run."""

from contextlib import suppress
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest

from sk231n.core.data import Data
from sk231n.core.objective import Objective, is_correct
from sk231n.core.penalties import L1, L2
from sk231n.core.problem import Problem
from sk231n.core.standardization import Standardization
from sk231n.core.training import epochs
from sk231n.initializers import Glorot, He, LeCun
from sk231n.layers import (
    Affine,
    BatchNorm,
    Dropout,
    Flatten,
    Identity,
    LayerNorm,
    LeakyReLU,
    Logistic,
    Maxout,
    Network,
    Phase,
    ReLU,
    Standardize,
    Tanh,
)
from sk231n.losses import (
    AbsoluteError,
    CrammerSinger,
    CrossEntropy,
    OneVsRest,
    SigmoidCrossEntropy,
    SquaredError,
    WestonWatkins,
)
from sk231n.optimizers import SGD, Adagrad, Adam, Momentum, RMSProp

with suppress(ModuleNotFoundError):  # the extra referees
    import torch
    from torch.nn import functional

pytestmark = pytest.mark.referee("torch")

RTOL, ATOL = 1e-10, 1e-13
N_SAMPLES, N_INPUTS, N_CLASSES = 7, 6, 4


def tensor(array, *, requires_grad=False):
    return torch.tensor(array, requires_grad=requires_grad)


def assert_same(ours, theirs):
    theirs = theirs.detach().numpy() if isinstance(theirs, torch.Tensor) else theirs
    np.testing.assert_allclose(ours, theirs, rtol=RTOL, atol=ATOL)


# Layers ------------------------------------------------------------------------------------------


def dropped(x, p):
    mask = Dropout(p).keep(np.random.RandomState(7), x.shape)
    return x * tensor(mask) / (1 - p)


def weighted_batch_norm(x, p, w, epsilon):
    w = (w / w.sum())[:, None]
    mean = (w * x).sum(axis=0)
    variance = (w * (x - mean) ** 2).sum(axis=0)
    return (x - mean) / torch.sqrt(variance + epsilon) * p.scale + p.shift


W_OF_SAMPLES = np.random.RandomState(4).uniform(0.2, 2, N_SAMPLES)
PREDICTION, TRAINING = Phase, lambda: Phase(np.random.RandomState(7))
WEIGHTED = lambda: Phase(np.random.RandomState(7), W_OF_SAMPLES)  # noqa: E731
LAYERS = {
    "affine": (Affine(5), TRAINING, lambda x, p: functional.linear(x, p.W.T, p.b)),
    "identity": (Identity(), TRAINING, lambda x, p: x),
    "logistic": (Logistic(), TRAINING, lambda x, p: torch.sigmoid(x)),
    "tanh": (Tanh(), TRAINING, lambda x, p: torch.tanh(x)),
    "relu": (ReLU(), TRAINING, lambda x, p: functional.relu(x)),
    "leaky_relu": (LeakyReLU(), TRAINING, lambda x, p: functional.leaky_relu(x)),
    "steeper leaky_relu": (LeakyReLU(0.3), TRAINING, lambda x, p: functional.leaky_relu(x, 0.3)),
    "maxout": (Maxout(), TRAINING, lambda x, p: x.reshape(len(x), 2, -1).amax(axis=1)),
    "maxout of three": (Maxout(3), TRAINING, lambda x, p: x.reshape(len(x), 3, -1).amax(axis=1)),
    "layer_norm": (
        LayerNorm(1e-3),
        TRAINING,
        lambda x, p: functional.layer_norm(x, (N_INPUTS,), p.scale, p.shift, 1e-3),
    ),
    "batch_norm, training": (
        BatchNorm(epsilon=1e-3),
        TRAINING,
        lambda x, p: functional.batch_norm(
            x, None, None, p.scale, p.shift, training=True, eps=1e-3
        ),
    ),
    "batch_norm, weighted": (
        BatchNorm(epsilon=1e-3),
        WEIGHTED,
        lambda x, p: weighted_batch_norm(x, p, tensor(W_OF_SAMPLES), 1e-3),
    ),
    "batch_norm, prediction": (
        BatchNorm(epsilon=1e-3),
        PREDICTION,
        lambda x, p: functional.batch_norm(
            x, p.mean, p.variance, p.scale, p.shift, training=False, eps=1e-3
        ),
    ),
    "dropout, training": (Dropout(0.3), TRAINING, lambda x, p: dropped(x, 0.3)),
    "dropout, prediction": (
        Dropout(0.3),
        PREDICTION,
        lambda x, p: functional.dropout(x, 0.3, training=False),
    ),
}


@pytest.mark.parametrize(("layer", "phase", "theirs"), LAYERS.values(), ids=LAYERS)
def test_layers(layer, phase, theirs):
    compare(layer, phase, theirs, (N_INPUTS,))


def compare(layer, phase, theirs, input_shape):
    """Outputs and all gradients."""
    rng = np.random.RandomState(0)
    p = {name: rng.uniform(0.5, 2, shape) for name, shape in layer.shapes(input_shape).items()}
    g = SimpleNamespace(**{name: np.full_like(array, np.nan) for name, array in p.items()})
    x = rng.standard_normal((N_SAMPLES, *input_shape))
    dy = rng.standard_normal((N_SAMPLES, *layer.output_shape(input_shape)))

    trained = {
        name: tensor(array, requires_grad=name not in layer.statistics) for name, array in p.items()
    }
    their_x = tensor(x, requires_grad=True)
    their_y = theirs(their_x, SimpleNamespace(**trained))
    their_y.backward(tensor(dy))

    y, backward = layer.forward(SimpleNamespace(**p), x, phase())
    assert_same(y, their_y)
    assert_same(backward(dy, g), their_x.grad)
    for name, array in trained.items():
        if array.requires_grad:
            assert_same(getattr(g, name), array.grad)


def channels_first(call):
    """Their layers of images take the channels before the pixels."""
    return lambda x, p: call(x.permute(0, 3, 1, 2), p).permute(0, 2, 3, 1)


IMAGE_LAYERS = {
    "affine": (Affine(5), TRAINING, lambda x, p: functional.linear(x.flatten(1), p.W.T, p.b)),
    "flatten": (Flatten(), TRAINING, lambda x, p: x.flatten(1)),
    "standardize": (
        Standardize(),
        TRAINING,
        channels_first(
            lambda x, p: functional.batch_norm(x, p.mean, p.spread**2, training=False, eps=0.0)
        ),
    ),
    "relu": (ReLU(), TRAINING, channels_first(lambda x, p: functional.relu(x))),
    "maxout of three": (
        Maxout(3),
        TRAINING,
        channels_first(lambda x, p: x.unflatten(1, (3, -1)).amax(axis=1)),
    ),
    "layer_norm": (
        LayerNorm(1e-3),
        TRAINING,
        channels_first(lambda x, p: functional.group_norm(x, 1, p.scale, p.shift, 1e-3)),
    ),
    "batch_norm, training": (
        BatchNorm(epsilon=1e-3),
        TRAINING,
        channels_first(
            lambda x, p: functional.batch_norm(
                x, None, None, p.scale, p.shift, training=True, eps=1e-3
            )
        ),
    ),
    "batch_norm, weighted": (
        BatchNorm(epsilon=1e-3),
        WEIGHTED,
        lambda x, p: weighted_batch_norm(
            x.reshape(-1, x.shape[-1]),
            p,
            tensor(np.repeat(W_OF_SAMPLES, x[0].numel() // x.shape[-1])),
            1e-3,
        ).reshape(x.shape),
    ),
    "batch_norm, prediction": (
        BatchNorm(epsilon=1e-3),
        PREDICTION,
        channels_first(
            lambda x, p: functional.batch_norm(
                x, p.mean, p.variance, p.scale, p.shift, training=False, eps=1e-3
            )
        ),
    ),
    "dropout, training": (Dropout(0.3), TRAINING, lambda x, p: dropped(x, 0.3)),
}


@pytest.mark.parametrize("input_shape", [(3, 4, N_INPUTS), (1, 1, N_INPUTS)], ids=str)
@pytest.mark.parametrize(("layer", "phase", "theirs"), IMAGE_LAYERS.values(), ids=IMAGE_LAYERS)
def test_layers_of_images(layer, phase, theirs, input_shape):
    compare(layer, phase, theirs, input_shape)


def test_running_averages_of_images():
    """Over samples and pixels; their variance is unbiased, as below."""
    rng = np.random.RandomState(0)
    p = SimpleNamespace(scale=np.ones(3), shift=np.zeros(3), mean=np.zeros(3), variance=np.zeros(3))
    mean, variance = tensor(p.mean.copy()), tensor(p.variance.copy())
    for _ in range(4):
        x = rng.standard_normal((N_SAMPLES, 4, 5, 3)) + np.array([0, 5, -2])
        BatchNorm(momentum=0.8).forward(p, x, TRAINING())
        images = tensor(x).permute(0, 3, 1, 2)
        functional.batch_norm(images, mean, variance, training=True, momentum=0.2)
    n_pixels = N_SAMPLES * 4 * 5
    assert_same(p.mean, mean)
    assert_same(p.variance, variance * (n_pixels - 1) / n_pixels)


@pytest.mark.parametrize("shape", [(3, 5, 8, 40), (1, 1, 30, 40), (300, 40)], ids=str)
@pytest.mark.parametrize(
    ("initializer", "variance"),
    [
        (He(), lambda fan_in, fan_out: 2 / fan_in),
        (Glorot(), lambda fan_in, fan_out: 2 / (fan_in + fan_out)),
        (LeCun(), lambda fan_in, fan_out: 1 / fan_in),
    ],
    ids=["He", "Glorot", "LeCun"],
)
def test_fans_of_filters(initializer, variance, shape):
    """The same normal numbers, scaled by the fans."""
    *pixels, n_inputs, n_outputs = shape
    theirs = torch.empty(n_outputs, n_inputs, *pixels)
    fans = torch.nn.init._calculate_fan_in_and_fan_out(theirs)
    drawn = np.random.RandomState(0).standard_normal(shape)
    W = initializer(np.random.RandomState(0), shape)
    np.testing.assert_allclose(W, np.sqrt(variance(*fans)) * drawn, rtol=1e-14)


def test_running_averages():
    """Theirs is the unbiased variance of the batch, ours the one that normalises it."""
    rng = np.random.RandomState(0)
    p = SimpleNamespace(
        scale=np.ones(N_INPUTS), shift=np.zeros(N_INPUTS), mean=np.zeros(N_INPUTS),
        variance=np.zeros(N_INPUTS),
    )  # fmt: skip
    mean, variance = tensor(p.mean.copy()), tensor(p.variance.copy())
    for _ in range(4):
        x = rng.standard_normal((N_SAMPLES, N_INPUTS))
        BatchNorm(momentum=0.8).forward(p, x, TRAINING())
        functional.batch_norm(tensor(x), mean, variance, training=True, momentum=0.2)
    assert_same(p.mean, mean)
    assert_same(p.variance, variance * (N_SAMPLES - 1) / N_SAMPLES)


# Losses ------------------------------------------------------------------------------------------


def cross_entropy(smoothing):
    return lambda s, y: functional.cross_entropy(s, y, reduction="none", label_smoothing=smoothing)


def weston_watkins(margin, power):
    """Theirs is divided by the number of classes."""
    return lambda s, y: (
        N_CLASSES * functional.multi_margin_loss(s, y, p=power, margin=margin, reduction="none")
    )


def crammer_singer(margin, power):
    def loss(s, y):
        true = functional.one_hot(y, N_CLASSES).bool()
        violation = s.masked_fill(true, -torch.inf).amax(axis=1) - s[true] + margin
        return functional.relu(violation) ** power

    return loss


def one_vs_rest(margin, power):
    def loss(s, y):
        sign = 2 * functional.one_hot(y, N_CLASSES) - 1
        return (functional.relu(margin - sign * s) ** power).sum(axis=1)

    return loss


def sigmoid_cross_entropy(smoothing):
    def loss(s, y):
        targets = (1 - smoothing) * y.to(s.dtype) + smoothing / 2
        terms = functional.binary_cross_entropy_with_logits(s, targets, reduction="none")
        return terms.sum(axis=1)

    return loss


LOSSES = {
    "cross-entropy": (CrossEntropy(), cross_entropy(0.0)),
    "smoothed cross-entropy": (CrossEntropy(0.2), cross_entropy(0.2)),
    "weston-watkins": (WestonWatkins(1.5), weston_watkins(1.5, 1)),
    "squared weston-watkins": (WestonWatkins(1.5, 2), weston_watkins(1.5, 2)),
    "crammer-singer": (CrammerSinger(1.5), crammer_singer(1.5, 1)),
    "squared crammer-singer": (CrammerSinger(1.5, 2), crammer_singer(1.5, 2)),
    "one-vs-rest": (OneVsRest(1.5), one_vs_rest(1.5, 1)),
    "squared one-vs-rest": (OneVsRest(1.5, 2), one_vs_rest(1.5, 2)),
    "sigmoid cross-entropy": (SigmoidCrossEntropy(), sigmoid_cross_entropy(0.0)),
    "smoothed sigmoid cross-entropy": (SigmoidCrossEntropy(0.2), sigmoid_cross_entropy(0.2)),
    "squared error": (
        SquaredError(),
        lambda s, y: functional.mse_loss(s, y.to(s.dtype), reduction="none").sum(axis=1) / 2,
    ),
    "absolute error": (
        AbsoluteError(),
        lambda s, y: functional.l1_loss(s, y.to(s.dtype), reduction="none").sum(axis=1),
    ),
}
LOSSES_OF_TARGETS = (SigmoidCrossEntropy, SquaredError, AbsoluteError)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize(("loss", "theirs"), LOSSES.values(), ids=LOSSES)
def test_losses(loss, theirs, weighted):
    rng = np.random.RandomState(0)
    scores = 2 * rng.standard_normal((N_SAMPLES, N_CLASSES))
    y = rng.randint(N_CLASSES, size=N_SAMPLES)
    if isinstance(loss, LOSSES_OF_TARGETS):
        y = rng.randint(2, size=(N_SAMPLES, N_CLASSES))
    w = rng.uniform(size=N_SAMPLES) if weighted else None

    their_scores = tensor(scores, requires_grad=True)
    terms = theirs(their_scores, tensor(y))
    their_value = (tensor(w) * terms).sum() if weighted else terms.mean()
    their_value.backward()

    value, gradient = loss(scores, y, w)
    assert_same(value, their_value)
    assert_same(gradient, their_scores.grad)


# Optimizers --------------------------------------------------------------------------------------

OPTIMIZERS = {
    "SGD": (SGD(), "SGD", {}),
    "momentum": (Momentum(0.8), "SGD", {"momentum": 0.8}),
    "nesterov": (
        Momentum(0.8, nesterov=True),
        "SGD",
        {"momentum": 0.8, "nesterov": True},
    ),
    "adagrad": (Adagrad(1e-6), "Adagrad", {"eps": 1e-6}),
    "rmsprop": (RMSProp(0.9, 1e-6), "RMSprop", {"alpha": 0.9, "eps": 1e-6}),
    "adam": (Adam(), "Adam", {}),
    "adam of its own": (
        Adam(0.8, 0.95, 1e-4),
        "Adam",
        {"betas": (0.8, 0.95), "eps": 1e-4},
    ),
    "adamw": (Adam(weight_decay=0.3), "AdamW", {"weight_decay": 0.3}),
}


@pytest.mark.parametrize(("optimizer", "theirs", "options"), OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_ten_steps(optimizer, theirs, options):
    rng = np.random.RandomState(0)
    theta, rate = rng.standard_normal(20), 0.05
    # From gradients of 1e-9, where epsilon matters, to large ones.
    gradients = rng.standard_normal((10, 20)) * 10.0 ** rng.randint(-9, 4, size=20)
    their_theta = torch.nn.Parameter(tensor(theta.copy()))
    their_optimizer = getattr(torch.optim, theirs)([their_theta], lr=rate, **options)
    state = optimizer.start(theta)
    for gradient in gradients:
        their_theta.grad = tensor(gradient)
        their_optimizer.step()
        theta -= rate * optimizer.direction(gradient.copy(), state, theta)
        assert_same(theta, their_theta)


# A whole network ---------------------------------------------------------------------------------


def networks():
    """The same deep network twice, with its flat parameters."""
    layers = [
        Affine(10, He()), BatchNorm(), ReLU(),
        Affine(12, He()), BatchNorm(momentum=0.5), Maxout(2),
        Affine(8, He()), LayerNorm(), Tanh(),
        Affine(N_CLASSES, He()),
    ]  # fmt: skip
    network = Network(layers, N_INPUTS)
    theta = network.initialize(np.random.RandomState(0), np.float64)
    modules = [
        torch.nn.Linear(N_INPUTS, 10), torch.nn.BatchNorm1d(10), torch.nn.ReLU(),
        torch.nn.Linear(10, 12), torch.nn.BatchNorm1d(12, momentum=0.5),
        torch.nn.Unflatten(1, (2, 6)), largest(),
        torch.nn.Linear(6, 8), torch.nn.LayerNorm(8), torch.nn.Tanh(),
        torch.nn.Linear(8, N_CLASSES),
    ]  # fmt: skip
    theirs = torch.nn.Sequential(*modules).double()
    for module, p in pairs(network, theta, theirs):
        arrays = (p.W.T, p.b) if hasattr(p, "W") else (p.scale, p.shift)
        for parameter, array in zip((module.weight, module.bias), arrays, strict=True):
            parameter.data = tensor(array.copy())
    return network, theta, theirs


def largest():
    module = torch.nn.Module()
    module.forward = lambda x: x.amax(axis=1)
    return module


def pairs(network, vector, theirs):
    """Their modules with our views of their parameters."""
    modules = [module for module in theirs if hasattr(module, "weight")]
    views = [view for view in network.layout.views(vector) if vars(view)]
    return zip(modules, views, strict=True)


def make_data(n_samples):
    rng = np.random.RandomState(1)
    X, y = rng.standard_normal((n_samples, N_INPUTS)), rng.randint(N_CLASSES, size=n_samples)
    w = np.full(n_samples, 1 / n_samples)
    return Data(X, y, w, np.arange(n_samples), np.dtype(np.float64))


def make_objective(network, penalty, alpha):
    factors = network.weight_factors()
    return Objective(network, CrossEntropy(0.1), is_correct, penalty, alpha, factors)


def their_objective(theirs, penalty, alpha, x, y):
    """The mean loss of a batch, and the penalty on the weights of the affine layers."""
    weights = [module.weight for module in theirs if isinstance(module, torch.nn.Linear)]
    of = {L1: lambda W: W.abs().sum(), L2: lambda W: (W**2).sum() / 2}[type(penalty)]
    loss = functional.cross_entropy(theirs(tensor(x)), tensor(y), label_smoothing=0.1)
    return loss + alpha * sum(map(of, weights))


@pytest.mark.parametrize("penalty", [L1(), L2()], ids=str)
def test_deep_network(penalty):
    network, theta, theirs = networks()
    data = make_data(30)
    their_value = their_objective(theirs, penalty, 0.01, data.X, data.y)
    their_value.backward()

    gradient = np.full_like(theta, np.nan)
    objective = make_objective(network, penalty, 0.01)
    value, _ = objective(theta, data.X, data.y, data.w, gradient, np.random.RandomState(0))
    assert_same(value, their_value)
    for module, g in pairs(network, gradient, theirs):
        if hasattr(g, "W"):
            assert_same(g.W.T, module.weight.grad)
            assert_same(g.b, module.bias.grad)
        else:
            assert_same(g.scale, module.weight.grad)
            assert_same(g.shift, module.bias.grad)


@pytest.mark.parametrize(
    ("optimizer", "their_optimizer"),
    [
        (
            Momentum(nesterov=True),
            lambda weights, others: torch.optim.SGD(
                [*weights, *others], lr=0.01, momentum=0.9, nesterov=True
            ),
        ),
        (
            Adam(epsilon=1e-4, weight_decay=0.1),
            lambda weights, others: torch.optim.AdamW(
                [{"params": weights, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
                lr=0.01,
                eps=1e-4,
            ),
        ),
    ],
    ids=["nesterov", "adamw"],
)
def test_training(optimizer, their_optimizer):
    """Ten epochs of mini-batches; the weight decay leaves all but the affine weights alone."""
    network, theta, theirs = networks()
    data, penalty, alpha = make_data(40), L2(), 0.01
    weights, others = [], []
    for module in theirs:
        for name, parameter in module.named_parameters():
            decayed = isinstance(module, torch.nn.Linear) and name == "weight"
            (weights if decayed else others).append(parameter)
    their_optimizer = their_optimizer(weights, others)
    their_losses = []
    for _ in range(10):
        of_epoch = 0.0
        for start in range(0, 40, 10):
            rows = slice(start, start + 10)
            their_optimizer.zero_grad()
            value = their_objective(theirs, penalty, alpha, data.X[rows], data.y[rows])
            value.backward()
            their_optimizer.step()
            of_epoch += float(value.detach()) / 4
        their_losses.append(of_epoch)

    problem = Problem(make_objective(network, penalty, alpha), theta, data, Standardization())
    run = epochs(
        problem, optimizer, lambda epoch, n_steps: np.full(n_steps, 0.01), batch_size=10,
        shuffle=False, rng=np.random.RandomState(0),
    )  # fmt: skip
    losses = [epoch.loss for epoch in islice(run, 10)]
    # Rounding grows over forty steps, but an error would be far larger.
    np.testing.assert_allclose(losses, their_losses, rtol=1e-9)
    assert losses[-1] < 0.9 * losses[0]
    for module, p in pairs(network, theta, theirs):
        ours = (p.W.T, p.b) if hasattr(p, "W") else (p.scale, p.shift)
        for array, parameter in zip(ours, (module.weight, module.bias), strict=True):
            np.testing.assert_allclose(array, parameter.detach().numpy(), rtol=1e-7, atol=1e-9)
        if hasattr(p, "mean"):
            np.testing.assert_allclose(p.mean, module.running_mean.numpy(), rtol=1e-7, atol=1e-9)
