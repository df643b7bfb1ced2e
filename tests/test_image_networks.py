"""Networks of images: blocks and training as in PyTorch, and networks that the notes count."""

from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest

from sk231n.initializers import He
from sk231n.layers import (
    Affine,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dropout,
    GlobalAveragePool2D,
    MaxPool2D,
    Network,
    Phase,
    ReLU,
    Residual,
    Tanh,
)
from sk231n.losses import CrossEntropy

with suppress(ModuleNotFoundError):  # the extra referees
    import torch
    from torch.nn import functional

# OpenBLAS may raise the flag for numbers that are in no result.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in matmul")


# Residual blocks ---------------------------------------------------------------------------------


def conv(x, W, b, stride=1):
    return functional.conv2d(x, W.permute(3, 2, 0, 1), b, stride, W.shape[0] // 2)


def norm(x, scale, shift, w=None):
    return functional.batch_norm(x, None, None, scale, shift, training=True, eps=1e-5)


def plain(x, p):
    y = conv(functional.relu(norm(conv(x, p.W_0, p.b_0), p.scale_1, p.shift_1)), p.W_3, p.b_3)
    return norm(y, p.scale_4, p.shift_4) + x


def halved(x, p):
    y = conv(functional.relu(conv(x, p.W_0, p.b_0, 2)), p.W_2, p.b_2)
    return y + norm(conv(x, p.W_3, p.b_3, 2), p.scale_4, p.shift_4)


def twice(x, p):
    inner = torch.tanh(conv(x, p.W_0_0, p.b_0_0)) + x
    return functional.max_pool2d(inner, 2) + functional.avg_pool2d(x, 2)


@pytest.mark.referee("torch")
@pytest.mark.parametrize(
    ("block", "shape", "theirs"),
    [
        (Residual([Conv2D(3), BatchNorm(), ReLU(), Conv2D(3), BatchNorm()]), (5, 6, 3), plain),
        (
            Residual(
                [Conv2D(4, stride=2), ReLU(), Conv2D(4)], [Conv2D(4, 1, stride=2), BatchNorm()]
            ),
            (7, 5, 3),
            halved,
        ),
        (
            Residual([Residual([Conv2D(3, 5), Tanh()]), MaxPool2D()], AveragePool2D()),
            (6, 6, 3),
            twice,
        ),
    ],
    ids=["plain", "halved", "nested"],
)
def test_pytorch(block, shape, theirs):
    rng = np.random.RandomState(0)
    arrays = {name: rng.uniform(0.5, 1.5, of) for name, of in block.shapes(shape).items()}
    p, x = SimpleNamespace(**arrays), rng.standard_normal((3, *shape))
    dy = rng.standard_normal((3, *block.output_shape(shape)))
    tensors = {
        name: torch.tensor(array, requires_grad=name not in block.statistics)
        for name, array in {**vars(p), "x": x}.items()
    }
    y = theirs(tensors["x"].permute(0, 3, 1, 2), SimpleNamespace(**tensors)).permute(0, 2, 3, 1)
    y.backward(torch.tensor(dy))
    ours, backward = block.forward(p, x, Phase(np.random.RandomState(0)))
    g = SimpleNamespace(**{name: np.full_like(array, np.nan) for name, array in arrays.items()})
    gradients = {"x": backward(dy, g), **vars(g)}
    np.testing.assert_allclose(ours, y.detach().numpy(), rtol=1e-10, atol=1e-12)
    for name, tensor in tensors.items():
        if tensor.requires_grad:
            np.testing.assert_allclose(gradients[name], tensor.grad, rtol=1e-10, atol=1e-12)


# Training ----------------------------------------------------------------------------------------

LAYERS = [
    Conv2D(4), BatchNorm(), ReLU(), MaxPool2D(), Conv2D(5), ReLU(), GlobalAveragePool2D(),
    Affine(3, He()),
]  # fmt: skip
RATE, N_STEPS, N_SAMPLES = 0.3, 10, 12


def their_network():
    return torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, 3, padding=1), torch.nn.BatchNorm2d(4), torch.nn.ReLU(),
        torch.nn.MaxPool2d(2), torch.nn.Conv2d(4, 5, 3, padding=1), torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(5, 3),
    ).double()  # fmt: skip


def make_data():
    """A new batch for each step, whose classes differ by their patterns."""
    rng = np.random.RandomState(1)
    x = rng.standard_normal((N_STEPS, N_SAMPLES, 8, 6, 2))
    y = rng.randint(3, size=(N_STEPS, N_SAMPLES))
    x[..., ::2, :, 0] += 1.5 * (y == 1)[..., None, None]
    x[..., :, ::2, 1] += 1.5 * (y == 2)[..., None, None]
    return x, y


def train(theta, network, x, y):
    """Plain gradient descent; the losses of the steps."""
    losses, gradient = [], np.zeros_like(theta)  # which the running averages do not have
    views, of_gradient = network.layout.views(theta), network.layout.views(gradient)
    for images, labels in zip(x, y, strict=True):
        scores, backward = network.forward(views, images, Phase(np.random.RandomState(0)))
        value, slopes = CrossEntropy()(scores, labels)
        backward(slopes, of_gradient)
        theta -= RATE * gradient
        losses.append(value)
    return losses


@pytest.mark.referee("torch")
def test_ten_steps():
    network = Network(LAYERS, (8, 6, 2))
    theta = network.initialize(np.random.RandomState(0), np.float64)
    first, norm, _, _, second, _, _, last = network.layout.views(theta)
    theirs, (x, y) = their_network(), make_data()
    modules = [module for module in theirs if hasattr(module, "weight")]
    arrays = [
        (first.W.transpose(3, 2, 0, 1), first.b), (norm.scale, norm.shift),
        (second.W.transpose(3, 2, 0, 1), second.b), (last.W.T, last.b),
    ]  # fmt: skip
    for module, (weight, bias) in zip(modules, arrays, strict=True):
        module.weight.data, module.bias.data = torch.tensor(weight), torch.tensor(bias)
    start = theta.copy()

    optimizer, their_losses = torch.optim.SGD(theirs.parameters(), lr=RATE), []
    for images, labels in zip(torch.tensor(x), torch.tensor(y), strict=True):
        optimizer.zero_grad()
        loss = functional.cross_entropy(theirs(images.permute(0, 3, 1, 2)), labels)
        loss.backward()
        optimizer.step()
        their_losses.append(float(loss.detach()))
    losses = train(theta, network, x, y)

    same = {"rtol": 1e-10, "atol": 1e-12}
    np.testing.assert_allclose(losses, their_losses, **same)
    assert losses[-1] < 0.8 * losses[0]
    assert np.abs(theta - start).max() > 0.1
    for module, of_layer in zip(modules, arrays, strict=True):
        for parameter, array in zip((module.weight, module.bias), of_layer, strict=True):
            np.testing.assert_allclose(array, parameter.detach(), **same)
    # Their average is of unbiased variances.
    n_values, kept = N_SAMPLES * 8 * 6, 0.9**N_STEPS
    variance = kept + (norm.variance - kept) * n_values / (n_values - 1)
    np.testing.assert_allclose(variance, modules[1].running_var, **same)
    np.testing.assert_allclose(norm.mean, modules[1].running_mean, **same)

    theirs.eval()
    with torch.no_grad():
        their_scores = theirs(torch.tensor(x[0]).permute(0, 3, 1, 2)).numpy()
    norm.variance[...] = variance
    scores, _ = network.forward(network.layout.views(theta), x[0])
    np.testing.assert_allclose(scores, their_scores, **same)


def test_float32_trains_like_float64():
    network, (x, y) = Network(LAYERS, (8, 6, 2)), make_data()
    double = network.initialize(np.random.RandomState(0), np.float64)
    single = double.astype(np.float32)
    losses = train(double, network, x, y)
    got = train(single, network, x.astype(np.float32), y)
    assert single.dtype == np.float32
    np.testing.assert_allclose(got, losses, rtol=1e-4)
    np.testing.assert_allclose(single, double, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_images_in_c_order(dtype):
    layers = [Residual([Conv2D(2), Dropout(0.3)]), *LAYERS]
    network = Network(layers, (8, 6, 2))
    theta = network.initialize(np.random.RandomState(0), dtype)
    views, x = network.layout.views(theta), make_data()[0][0].astype(dtype)
    expected, _ = network.forward(views, x)
    for same in (x.reshape(len(x), -1), np.asfortranarray(x), x[::-1].copy()[::-1]):
        scores, _ = network.forward(views, same)
        np.testing.assert_array_equal(scores, expected)
        assert scores.dtype == dtype


# Networks of the notes ---------------------------------------------------------------------------


def vgg_16():
    """Filters, and where images are halved; then fully connected layers."""
    layers = []
    for n_filters in (64, 64, "halve", 128, 128, "halve", 256, 256, 256, "halve",
                      512, 512, 512, "halve", 512, 512, 512, "halve"):  # fmt: skip
        layers += [MaxPool2D()] if n_filters == "halve" else [Conv2D(n_filters), ReLU()]
    return [*layers, Affine(4096), ReLU(), Affine(4096), ReLU(), Affine(1000)]


def test_the_parameters_of_vgg_16():
    network = Network(vgg_16(), (224, 224, 3))
    weights = [np.prod(of["W"]) for of in network.layout.shapes if of]
    assert network.layout.size == 138_357_544
    assert weights == [
        1_728, 36_864, 73_728, 147_456, 294_912, 589_824, 589_824, 1_179_648, 2_359_296, 2_359_296,
        2_359_296, 2_359_296, 2_359_296, 102_760_448, 16_777_216, 4_096_000,
    ]  # fmt: skip
    assert sum(np.prod(of["b"]) for of in network.layout.shapes if of) == 138_357_544 - sum(weights)
    shapes = [shape for shape, layer in zip(network.input_shapes, network.layers, strict=True)
              if isinstance(layer, MaxPool2D)]  # fmt: skip
    assert shapes == [
        (224, 224, 64), (112, 112, 128), (56, 56, 256), (28, 28, 512), (14, 14, 512),
    ]  # fmt: skip
    # The rows of the table in the notes: the image, and what layers make of it.
    rows = [
        np.prod(shape)
        for shape, layer in zip(network.input_shapes, network.layers, strict=True)
        if not isinstance(layer, ReLU)
    ]
    assert sum(rows) + 1000 == 15_237_608


def test_fully_connected_layers_slide_over_larger_images():
    """As convolutions they give the scores of all crops in one pass."""
    crops = Network([Conv2D(4, 3, padding="valid"), ReLU(), MaxPool2D(), Affine(6, He()), ReLU(),
                     Affine(3, He())], (8, 8, 2))  # fmt: skip
    theta = crops.initialize(np.random.RandomState(0), np.float64)
    theta += 0.1 * np.random.RandomState(1).standard_normal(theta.size)
    first, _, _, hidden, _, last = crops.layout.views(theta)
    assert crops.input_shapes[3] == (3, 3, 4)
    large = Network([Conv2D(4, 3, padding="valid"), ReLU(), MaxPool2D(),
                     Conv2D(6, 3, padding="valid"), ReLU(), Conv2D(3, 1)], (14, 18, 2))  # fmt: skip
    views = [
        first, SimpleNamespace(), SimpleNamespace(),
        SimpleNamespace(W=hidden.W.reshape(3, 3, 4, 6), b=hidden.b), SimpleNamespace(),
        SimpleNamespace(W=last.W.reshape(1, 1, 6, 3), b=last.b),
    ]  # fmt: skip
    x = np.random.RandomState(2).standard_normal((2, 14, 18, 2))
    scores, _ = large.forward(views, x)
    assert scores.shape == (2, 4, 6, 3)
    for i, j in np.ndindex(4, 6):
        crop = x[:, 2 * i : 2 * i + 8, 2 * j : 2 * j + 8]  # the layers' stride is two
        expected, _ = crops.forward(crops.layout.views(theta), crop)
        np.testing.assert_allclose(scores[:, i, j], expected, rtol=1e-12, atol=1e-14)


def test_an_image_of_384_gives_6_x_6_scores():
    shape = (384, 384, 3)
    converted = [*vgg_16()[:-5], Conv2D(4096, 7, padding="valid"), Conv2D(4096, 1), Conv2D(1000, 1)]
    network = Network(converted, shape)
    assert network.input_shapes[-3:] == [(12, 12, 512), (6, 6, 4096), (6, 6, 4096)]
    assert network.output_shape == (6, 6, 1000)
    assert network.layout.size == 138_357_544
