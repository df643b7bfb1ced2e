"""Layers against the loops of the reference, and the network's gradient against differences."""

from types import SimpleNamespace

import numpy as np
import pytest

from sk231n import reference
from sk231n.initializers import Zeros
from sk231n.layers import Affine, Network

RNG = np.random.RandomState(0)


def normal(rng, shape):
    """An initializer that draws from the standard normal distribution."""
    return rng.standard_normal(shape)


@pytest.fixture
def affine():
    """Views, input and output gradient of a layer of three inputs and four outputs."""
    rng = np.random.RandomState(1)
    p = SimpleNamespace(W=rng.standard_normal((3, 4)), b=rng.standard_normal(4))
    return p, rng.standard_normal((5, 3)), rng.standard_normal((5, 4))


def gradient_views():
    return SimpleNamespace(W=np.full((3, 4), np.nan), b=np.full(4, np.nan))


class TestAffine:
    def test_against_loops(self, affine):
        p, x, dy = affine
        y, backward = Affine(4).forward(p, x)
        np.testing.assert_allclose(y, reference.affine(x, p.W, p.b), rtol=1e-13)
        g = gradient_views()
        dx = backward(dy, g)
        for got, expected in zip(
            (dx, g.W, g.b), reference.affine_backward(dy, x, p.W), strict=True
        ):
            np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-15)

    def test_numerical_gradient(self, affine):
        p, x, dy = affine
        _, backward = Affine(4).forward(p, x)
        g = gradient_views()
        dx = backward(dy, g)

        def output(W=p.W, b=p.b, x=x):
            return float(np.sum(dy * Affine(4).forward(SimpleNamespace(W=W, b=b), x)[0]))

        for gradient, name, point in ((g.W, "W", p.W), (g.b, "b", p.b), (dx, "x", x)):
            numerical = reference.numerical_gradient(
                lambda v, name=name: output(**{name: v}), point
            )
            assert np.abs(gradient - numerical).max() / np.abs(gradient).max() < 1e-7

    def test_the_gradient_of_the_input_is_left_out_on_demand(self, affine):
        p, x, dy = affine
        with_dx, without = gradient_views(), gradient_views()
        _, backward = Affine(4).forward(p, x)
        assert backward(dy, with_dx).shape == x.shape
        assert backward(dy, without, need_dx=False) is None
        np.testing.assert_array_equal(without.W, with_dx.W)
        np.testing.assert_array_equal(without.b, with_dx.b)

    def test_changes_none_of_its_inputs(self, affine):
        p, x, dy = affine
        for array in (p.W, p.b, x, dy):
            array.flags.writeable = False
        _, backward = Affine(4).forward(p, x)
        backward(dy, gradient_views())

    def test_float32_stays_float32(self, affine):
        p, x, _ = affine
        p = SimpleNamespace(W=p.W.astype(np.float32), b=p.b.astype(np.float32))
        assert Affine(4).forward(p, x.astype(np.float32))[0].dtype == np.float32

    def test_is_a_value(self):
        assert Affine(4, normal) == Affine(4, normal)
        assert Affine(4, normal) != Affine(3, normal)
        with pytest.raises(AttributeError):
            Affine(4).n_outputs = 5


class TestNetwork:
    @pytest.fixture
    def network(self):
        return Network([Affine(4, normal), Affine(2, normal)], n_inputs=3)

    def test_shapes_follow_from_the_layers(self, network):
        assert network.n_outputs == 2
        assert network.layout.shapes == [{"W": (3, 4), "b": (4,)}, {"W": (4, 2), "b": (2,)}]

    def test_forward(self, network):
        first, second = network.layout.views(network.initialize(RNG, np.float64))
        first.b[...], second.b[...] = RNG.standard_normal(4), RNG.standard_normal(2)
        x = RNG.standard_normal((5, 3))
        scores, _ = network.forward([first, second], x)
        hidden = reference.affine(x, first.W, first.b)
        expected = reference.affine(hidden, second.W, second.b)
        np.testing.assert_allclose(scores, expected, rtol=1e-12)

    def test_numerical_gradient(self, network):
        rng = np.random.RandomState(3)
        theta, x = rng.standard_normal(network.layout.size), rng.standard_normal((5, 3))
        dscores = rng.standard_normal((5, 2))
        gradient = np.full_like(theta, np.nan)
        _, backward = network.forward(network.layout.views(theta), x)
        backward(dscores, network.layout.views(gradient))

        def output(vector):
            return float(np.sum(dscores * network.forward(network.layout.views(vector), x)[0]))

        numerical = reference.numerical_gradient(output, theta)
        assert np.abs(gradient - numerical).max() / np.abs(gradient).max() < 1e-7

    def test_pull_back_stops_at_the_first_layer(self):
        asked = []

        class Spy(Affine):
            def forward(self, p, x, phase=None):
                y, backward = super().forward(p, x, phase)

                def spy(dy, g, need_dx=True):
                    asked.append(need_dx)
                    return backward(dy, g, need_dx)

                return y, spy

        network = Network([Spy(4), Spy(4), Spy(2)], n_inputs=3)
        theta = network.initialize(RNG, np.float64)
        _, backward = network.forward(network.layout.views(theta), np.ones((1, 3)))
        backward(np.ones((1, 2)), network.layout.views(np.empty_like(theta)))
        assert asked == [True, True, False]

    def test_initialize(self, network):
        theta = network.initialize(np.random.RandomState(0), np.float32)
        assert theta.dtype == np.float32
        first, second = network.layout.views(theta)
        rng = np.random.RandomState(0)
        np.testing.assert_array_equal(first.W, normal(rng, (3, 4)).astype(np.float32))
        np.testing.assert_array_equal(second.W, normal(rng, (4, 2)).astype(np.float32))
        assert not first.b.any()
        assert not second.b.any()

    def test_penalized(self, network):
        scale = np.array([1.0, 10.0, 100.0])
        first, second = network.layout.views(network.penalty_factor(1 / scale))
        np.testing.assert_array_equal(first.W, np.repeat(1 / scale[:, None], 4, axis=1))
        np.testing.assert_array_equal(second.W, 1)
        assert not first.b.any()
        assert not second.b.any()
        np.testing.assert_array_equal(network.layout.views(network.penalty_factor())[0].W, 1)

    def test_prediction_keeps_nothing(self, network):
        """Forward passes that interleave do not disturb each other."""
        theta = network.initialize(RNG, np.float64)
        views = network.layout.views(theta)
        a, b = RNG.standard_normal((2, 3)), RNG.standard_normal((6, 3))
        dscores = np.ones((2, 2))
        alone, interleaved = np.empty_like(theta), np.empty_like(theta)
        network.forward(views, a)[1](dscores, network.layout.views(alone))
        _, backward = network.forward(views, a)
        network.forward(views, b)
        backward(dscores, network.layout.views(interleaved))
        np.testing.assert_array_equal(interleaved, alone)


def test_zeros():
    np.testing.assert_array_equal(Zeros()(None, (2, 3)), np.zeros((2, 3)))
