"""The loops of the layers' gradients against differences, and the fast layers against them."""

from types import SimpleNamespace

import numpy as np
import pytest

from sk231n import reference
from sk231n.layers import (
    BatchNorm,
    Dropout,
    LayerNorm,
    LeakyReLU,
    Logistic,
    Maxout,
    Phase,
    ReLU,
    Tanh,
)

RNG = np.random.RandomState(0)
X = 2 * RNG.standard_normal((5, 6))
W = np.array([0.1, 0.5, 0.05, 0.2, 0.15])
SCALE, SHIFT = RNG.uniform(-2, 2, 6), RNG.standard_normal(6)
MASK = RNG.uniform(size=X.shape) > 0.4

# The fast layer, its loops forwards, and backwards.
ACTIVATIONS = {
    "logistic": (Logistic(), reference.logistic, reference.logistic_backward),
    "tanh": (Tanh(), reference.tanh, reference.tanh_backward),
    "relu": (ReLU(), reference.relu, reference.relu_backward),
    "leaky_relu": (LeakyReLU(), reference.leaky_relu, reference.leaky_relu_backward),
    "steeper leaky_relu": (
        LeakyReLU(0.3),
        lambda x: reference.leaky_relu(x, 0.3),
        lambda dy, x: reference.leaky_relu_backward(dy, x, 0.3),
    ),
    "maxout": (Maxout(), reference.maxout, reference.maxout_backward),
    "maxout of three": (
        Maxout(3),
        lambda x: reference.maxout(x, 3),
        lambda dy, x: reference.maxout_backward(dy, x, 3),
    ),
}
every_activation = pytest.mark.parametrize(
    ("layer", "forward", "backward"), ACTIVATIONS.values(), ids=ACTIVATIONS
)


def output_gradient(shape):
    return np.random.RandomState(1).standard_normal(shape)


def assert_is_the_gradient(analytic, f, x):
    numerical = reference.numerical_gradient(f, x)
    assert analytic.dtype == np.float64
    np.testing.assert_allclose(analytic, numerical, rtol=1e-6, atol=1e-9)


@every_activation
class TestActivations:
    def test_backward_is_the_gradient(self, layer, forward, backward):
        dy = output_gradient(forward(X).shape)
        assert_is_the_gradient(backward(dy, X), lambda x: np.sum(dy * forward(x)), X)

    def test_the_fast_layer_agrees(self, layer, forward, backward):
        y, pull_back = layer.forward(None, X)
        dy = output_gradient(y.shape)
        np.testing.assert_allclose(y, forward(X), rtol=1e-13)
        np.testing.assert_allclose(pull_back(dy, None), backward(dy, X), rtol=1e-12, atol=1e-15)

    def test_and_at_ties(self, layer, forward, backward):
        x = np.array([[0.0] * 6, [-1.0] * 6, [1.0, 2.0, 1.0, 2.0, 1.0, 2.0]])
        y, pull_back = layer.forward(None, x)
        dy = output_gradient(y.shape)
        np.testing.assert_allclose(y, forward(x), rtol=1e-13)
        np.testing.assert_allclose(pull_back(dy, None), backward(dy, x), rtol=1e-12, atol=1e-15)


def test_dropout():
    dy = output_gradient(X.shape)
    backward = reference.dropout_backward(dy, MASK, 0.4)
    assert_is_the_gradient(backward, lambda x: np.sum(dy * reference.dropout(x, MASK, 0.4)), X)
    layer = Dropout(0.4)
    mask = layer.keep(np.random.RandomState(7), X.shape)
    y, pull_back = layer.forward(None, X, Phase(np.random.RandomState(7)))
    np.testing.assert_allclose(y, reference.dropout(X, mask, 0.4), rtol=1e-14)
    np.testing.assert_allclose(
        pull_back(dy, None), reference.dropout_backward(dy, mask, 0.4), rtol=1e-14
    )


class TestNormalizations:
    CASES = {
        "batch": (
            BatchNorm(),
            lambda x, scale, shift: reference.batch_norm(x, scale, shift, W)[0],
            lambda dy, x: reference.batch_norm_backward(dy, x, SCALE, W),
        ),
        "batch, weights that do not sum to one": (
            BatchNorm(epsilon=0.1),
            lambda x, scale, shift: reference.batch_norm(x, scale, shift, 3 * W, 0.1)[0],
            lambda dy, x: reference.batch_norm_backward(dy, x, SCALE, 3 * W, 0.1),
        ),
        "layer": (
            LayerNorm(),
            reference.layer_norm,
            lambda dy, x: reference.layer_norm_backward(dy, x, SCALE),
        ),
        "layer with an epsilon of its own": (
            LayerNorm(epsilon=0.1),
            lambda x, scale, shift: reference.layer_norm(x, scale, shift, 0.1),
            lambda dy, x: reference.layer_norm_backward(dy, x, SCALE, 0.1),
        ),
    }
    every_case = pytest.mark.parametrize(
        ("layer", "forward", "backward"), CASES.values(), ids=CASES
    )

    @every_case
    def test_backward_is_the_gradient(self, layer, forward, backward):
        dy = output_gradient(X.shape)
        dx, dscale, dshift = backward(dy, X)
        assert_is_the_gradient(dx, lambda x: np.sum(dy * forward(x, SCALE, SHIFT)), X)
        assert_is_the_gradient(dscale, lambda s: np.sum(dy * forward(X, s, SHIFT)), SCALE)
        assert_is_the_gradient(dshift, lambda s: np.sum(dy * forward(X, SCALE, s)), SHIFT)

    @every_case
    def test_the_fast_layer_agrees(self, layer, forward, backward):
        p = SimpleNamespace(scale=SCALE, shift=SHIFT, mean=np.zeros(6), variance=np.ones(6))
        g = SimpleNamespace(scale=np.full(6, np.nan), shift=np.full(6, np.nan))
        y, pull_back = layer.forward(p, X, Phase(np.random.RandomState(0), W))
        dy = output_gradient(X.shape)
        dx, dscale, dshift = backward(dy, X)
        np.testing.assert_allclose(y, forward(X, SCALE, SHIFT), rtol=1e-12)
        np.testing.assert_allclose(pull_back(dy, g), dx, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(g.scale, dscale, rtol=1e-12)
        np.testing.assert_allclose(g.shift, dshift, rtol=1e-12)


def test_the_course_network_in_loops():
    """Affine, batch norm, rectifier, dropout, affine, softmax: chained, they are the gradient."""
    rng = np.random.RandomState(3)
    W1, b1, W2, b2 = (rng.standard_normal(shape) for shape in ((6, 6), 6, (6, 3), 3))
    y = np.array([0, 1, 2, 0, 1])

    def forward(W1):
        a = reference.affine(X, W1, b1)
        z, _, _ = reference.batch_norm(a, SCALE, SHIFT, W)
        h = reference.dropout(reference.relu(z), MASK, 0.4)
        return a, z, h, reference.cross_entropy(reference.affine(h, W2, b2), y, W)

    a, z, h, (_, ds) = forward(W1)
    dh, _, _ = reference.affine_backward(ds, h, W2)
    dz = reference.relu_backward(reference.dropout_backward(dh, MASK, 0.4), z)
    da, _, _ = reference.batch_norm_backward(dz, a, SCALE, W)
    _, dW1, _ = reference.affine_backward(da, X, W1)
    assert_is_the_gradient(dW1, lambda W1: forward(W1)[-1][0], W1)
