"""Layers against the loops of the reference, and their gradients against differences."""

import pickle
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import clone

from sk231n import reference
from sk231n.core.activations import ACTIVATIONS
from sk231n.core.initializers import INITIALIZERS
from sk231n.core.normalizations import NORMALIZATIONS
from sk231n.initializers import Glorot, He, Initializer, LeCun, Normal, Sparse, Zeros
from sk231n.layers import (
    Affine,
    BatchNorm,
    Dropout,
    Flatten,
    Identity,
    Layer,
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

RNG = np.random.RandomState(0)


normal = Normal(1)


def assert_same_specification(layer, other):
    """Layers are known by their parameters, as all hyper-parameters are."""
    assert type(other) is type(layer)
    assert other is not layer
    assert repr(other) == repr(layer)
    assert other.get_params().keys() == layer.get_params().keys()


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

    def test_is_a_specification(self):
        layer = Affine(4, Normal(0.5), max_norm=2.0)
        copied = clone(layer)
        assert_same_specification(layer, copied)
        assert repr(layer) == "Affine(initializer=Normal(std=0.5), max_norm=2.0, n_outputs=4)"
        assert repr(Affine(4, normal)) != repr(Affine(3, normal))
        assert copied.initializer is not layer.initializer
        copied.set_params(n_outputs=5, initializer__std=0.25)
        assert (copied.n_outputs, copied.initializer.std) == (5, 0.25)
        assert (layer.n_outputs, layer.initializer.std) == (4, 0.5)

    @pytest.mark.parametrize(
        ("layer", "name"),
        [
            (Affine(0), "n_outputs"),
            (Affine(2.5), "n_outputs"),
            (Affine(3, "he"), "initializer"),
            (Affine(3, max_norm=0), "max_norm"),
            (Affine(3, intercept=1), "intercept"),
            (Maxout(0), "n_pieces"),
            (LeakyReLU(1), "slope"),
            (Dropout(1), "p"),
            (BatchNorm(momentum=1), "momentum"),
            (BatchNorm(epsilon=0), "epsilon"),
            (LayerNorm(float("inf")), "epsilon"),
        ],
        ids=str,
    )
    def test_bad_parameters(self, layer, name):
        with pytest.raises(ValueError, match=f"'{name}' parameter of {type(layer).__name__}"):
            layer.check()

    def test_roles(self):
        assert (Affine(4).weights, Affine(4).intercepts, Affine(4).statistics) == (
            ("W",), ("b",), (),
        )  # fmt: skip
        assert Affine(4, intercept=False).intercepts == ()
        assert Affine(4).shapes((3,)) == {"W": (3, 4), "b": (4,)}
        assert Affine(4, intercept=False).shapes((3,)) == {"W": (3, 4)}
        assert Affine(4).shapes((2, 5, 3)) == {"W": (30, 4), "b": (4,)}
        assert Affine(4).output_shape((3,)) == Affine(4).output_shape((2, 5, 3)) == (4,)

    def test_a_change_of_the_inputs_is_folded(self, affine):
        p, x, _ = affine
        mean, scale = np.array([1.0, -20.0, 0.0]), np.array([0.5, 30.0, 2.0])
        layer, before = Affine(4), copy(p)
        for change, arguments in (
            ((x - mean) / scale, (mean, scale)),
            (x / scale, (None, scale)),
            (x - mean, (mean, None)),
            (x, (None, None)),
        ):
            expected = layer.forward(p, change)[0]
            layer.fold_inputs(p, *arguments)
            np.testing.assert_allclose(layer.forward(p, x)[0], expected, rtol=1e-12, atol=1e-12)
            layer.unfold_inputs(p, *arguments)
            np.testing.assert_allclose(p.W, before.W, rtol=1e-14)
            np.testing.assert_allclose(p.b, before.b, rtol=1e-12)

    def test_a_change_of_scale_is_folded_without_an_intercept(self, affine):
        p, x, _ = affine
        scale, layer, p = np.array([0.5, 30.0, 2.0]), Affine(4, intercept=False), copy(p)
        del p.b
        expected = layer.forward(p, x / scale)[0]
        layer.fold_inputs(p, None, scale)
        np.testing.assert_allclose(layer.forward(p, x)[0], expected, rtol=1e-12, atol=1e-12)
        layer.unfold_inputs(p, None, scale)
        np.testing.assert_allclose(p.W, affine[0].W, rtol=1e-14)

    def test_a_change_of_the_outputs_is_folded(self, affine):
        p, x, _ = affine
        mean, scale = np.array([1.0, -20.0, 0.0, 3.0]), np.array([0.5, 30.0, 2.0, 1.0])
        layer, before = Affine(4), copy(p)
        expected = layer.forward(p, x)[0] * scale + mean
        layer.fold_outputs(p, mean, scale)
        np.testing.assert_allclose(layer.forward(p, x)[0], expected, rtol=1e-12, atol=1e-12)
        layer.unfold_outputs(p, mean, scale)
        np.testing.assert_allclose(p.W, before.W, rtol=1e-14)
        np.testing.assert_allclose(p.b, before.b, rtol=1e-12)

    def test_weight_factors(self):
        assert Affine(4).weight_factors() == {"W": 1.0}
        factors = Affine(4).weight_factors(np.array([1.0, 10.0, 100.0]))
        np.testing.assert_array_equal(factors["W"], [[1], [0.1], [0.01]])

    def test_images_are_rows_in_c_order(self):
        rng = np.random.RandomState(2)
        layer, x, dy = Affine(4), rng.standard_normal((5, 2, 3, 2)), rng.standard_normal((5, 4))
        p = parameters(layer, input_shape=(2, 3, 2))
        assert p.W.shape == (12, 4)
        g, expected_g = nans_like(p), nans_like(p)
        y, backward = layer.forward(p, x)
        expected, expected_backward = layer.forward(p, x.reshape(5, 12))
        np.testing.assert_array_equal(y, expected)
        dx = backward(dy, g)
        assert dx.shape == x.shape
        np.testing.assert_array_equal(dx.reshape(5, 12), expected_backward(dy, expected_g))
        np.testing.assert_array_equal(g.W, expected_g.W)
        np.testing.assert_array_equal(g.b, expected_g.b)
        np.testing.assert_array_equal(layer.inputs_of_weights(x), x.reshape(5, 12))


class TestLayer:
    """The defaults of a layer that declares nothing."""

    class Double(Layer):
        def forward(self, p, x, phase=None):
            return 2 * x, lambda dy, g, need_dx=True: 2 * dy

    def test_has_no_parameters_and_keeps_the_shape(self):
        layer, p = self.Double(), SimpleNamespace()
        assert layer.weights == layer.intercepts == layer.statistics == ()
        assert not layer.folds_inputs
        assert not layer.standardizes
        assert layer.shapes((4, 4, 3)) == {}
        assert layer.output_shape((4, 4, 3)) == (4, 4, 3)
        assert layer.kink_sides(np.ones((2, 3))) is None
        assert layer.weight_factors() == layer.weight_factors(np.ones(3)) == {}
        layer.initialize(p, None)
        layer.project(p, {})
        layer.set_moments(p, np.zeros(3), np.ones(3))
        assert not vars(p)
        assert layer.inputs_of_weights(np.ones((2, 4, 4, 3))).shape == (2, 48)

    def test_works_in_a_network(self):
        network = Network([self.Double(), Affine(2), self.Double()], (2, 2, 1))
        views = network.layout.views(network.layout.zeros(float) + 1)
        np.testing.assert_array_equal(network.forward(views, np.ones((1, 2, 2, 1)))[0], [[18, 18]])

    def test_what_it_cannot_do(self):
        with pytest.raises(NotImplementedError, match=r"Layer has no forward\."):
            Layer().forward(None, np.ones((1, 1)))
        for change in ("fold_inputs", "unfold_inputs"):
            with pytest.raises(NotImplementedError, match=r"ReLU\(\) .* change of its inputs"):
                getattr(ReLU(), change)(None, None, None)
        for change in ("fold_outputs", "unfold_outputs"):
            with pytest.raises(NotImplementedError, match=r"ReLU\(\) .* change of its outputs"):
                getattr(ReLU(), change)(None, None, None)


class TestNetwork:
    @pytest.fixture
    def network(self):
        return Network([Affine(4, normal), Affine(2, normal)], 3)

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

        network = Network([Spy(4), Spy(4), Spy(2)], 3)
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

    def test_weights_are_penalized(self, network):
        scale = np.array([1.0, 10.0, 100.0])
        first, second = network.weight_factors(scale)
        np.testing.assert_array_equal(
            first["W"] * np.ones((3, 4)), np.repeat(1 / scale[:, None], 4, axis=1)
        )
        assert second == {"W": 1.0}
        assert first.keys() == {"W"}  # no intercepts
        assert network.weight_factors() == [{"W": 1.0}, {"W": 1.0}]

    def test_only_affine_weights_are_penalized(self):
        layers = [Affine(4), BatchNorm(), ReLU(), Dropout(0.5), Affine(4), LayerNorm(), Affine(2)]
        factors = Network(layers, 3).weight_factors()
        assert [list(names) for names in factors] == [["W"], [], [], [], ["W"], [], ["W"]]

    def test_shapes_of_all_kinds_of_layers(self):
        layers = [Affine(6), LayerNorm(), Maxout(3), Dropout(0.5), BatchNorm(), Tanh(), Affine(4)]
        network = Network(layers, 3)
        assert network.n_outputs == 4
        assert network.layout.shapes == [
            {"W": (3, 6), "b": (6,)}, {"scale": (6,), "shift": (6,)}, {}, {},
            {"scale": (2,), "shift": (2,), "mean": (2,), "variance": (2,)}, {},
            {"W": (2, 4), "b": (4,)},
        ]  # fmt: skip

    def test_shapes_of_layers_of_images(self):
        layers = [
            Standardize(), BatchNorm(), Maxout(), LayerNorm(), ReLU(), Dropout(0.5), Flatten(),
            Affine(6), Tanh(), Affine(4),
        ]  # fmt: skip
        network = Network(layers, (5, 3, 4))
        images, rows = [(5, 3, 4)] * 3 + [(5, 3, 2)] * 4, [(30,), (6,), (6,)]
        assert network.input_shapes == [*images, *rows]
        assert network.output_shape == (4,)
        assert network.n_outputs == 4
        assert network.layout.shapes == [
            {"mean": (4,), "spread": (4,)},
            {"scale": (4,), "shift": (4,), "mean": (4,), "variance": (4,)}, {},
            {"scale": (2,), "shift": (2,)}, {}, {}, {},
            {"W": (30, 6), "b": (6,)}, {}, {"W": (6, 4), "b": (4,)},
        ]  # fmt: skip
        views = network.layout.views(network.initialize(RNG, np.float32))
        x = RNG.standard_normal((2, 5, 3, 4)).astype(np.float32)
        outputs = network.outputs(views, x)
        assert [output.shape[1:] for output in outputs] == [*images[1:], *rows, (4,)]
        assert {output.dtype for output in outputs} == {np.dtype(np.float32)}
        np.testing.assert_array_equal(outputs[-1], network.forward(views, x)[0])
        flat, hidden = network.inputs_of_weights(network.initialize(RNG, np.float32), x)
        assert (flat.shape, hidden.shape) == ((2, 30), (2, 6))

    def test_a_network_without_a_flat_end(self):
        network = Network([ReLU(), Maxout(3)], (2, 4, 6))
        assert network.output_shape == (2, 4, 2)
        assert network.n_outputs == 16

    @pytest.mark.parametrize("input_shape", [3, np.int64(3), (3,), [3]])
    def test_rows_by_their_length_or_shape(self, input_shape):
        network = Network([Affine(2)], input_shape)
        assert network.input_shapes == [(3,)]
        assert network.layout.shapes == [{"W": (3, 2), "b": (2,)}]

    def test_images_numerical_gradient(self):
        layers = [BatchNorm(), ReLU(), LayerNorm(), Maxout(), Affine(3, normal)]
        network, rng = Network(layers, (2, 2, 4)), np.random.RandomState(3)
        theta = network.initialize(rng, np.float64)
        theta += rng.uniform(0.1, 0.5, theta.shape)
        x, dscores = rng.standard_normal((4, 2, 2, 4)), rng.standard_normal((4, 3))
        gradient = np.full_like(theta, np.nan)
        phase = Phase(np.random.RandomState(0), np.array([0.1, 0.2, 0.3, 0.4]))
        _, backward = network.forward(network.layout.views(theta.copy()), x, phase)
        backward(dscores, network.layout.views(gradient))

        def output(vector):
            views = network.layout.views(vector.copy())
            return float(np.sum(dscores * network.forward(views, x, phase)[0]))

        numerical, trained = reference.numerical_gradient(output, theta), np.ones(theta.size, bool)
        for name in BatchNorm.statistics:
            getattr(network.layout.views(trained)[0], name)[...] = False
        assert np.isnan(gradient[~trained]).all()
        error = np.abs(gradient - numerical)[trained].max()
        assert error / np.abs(numerical[trained]).max() < 1e-7

    def test_outputs_are_those_of_every_layer(self):
        layers = [Affine(6, normal), BatchNorm(), Maxout(), Dropout(0.5), Affine(2, normal)]
        network = Network(layers, 3)
        views = network.layout.views(network.initialize(np.random.RandomState(4), np.float64))
        x = np.random.RandomState(5).standard_normal((5, 3))
        outputs = network.outputs(views, x)
        assert [output.shape[1] for output in outputs] == [6, 6, 3, 3, 2]
        np.testing.assert_array_equal(outputs[-1], network.forward(views, x)[0])
        hidden = reference.affine(x, views[0].W, views[0].b) / np.sqrt(1 + 1e-5)
        np.testing.assert_allclose(outputs[1], hidden, rtol=1e-13)
        np.testing.assert_allclose(outputs[3], reference.maxout(hidden), rtol=1e-13)

    def test_training_updates_the_running_averages_alone(self):
        network = Network([Affine(4, normal), BatchNorm(), ReLU(), Affine(2, normal)], 3)
        theta = network.initialize(np.random.RandomState(0), np.float64)
        before, x = theta.copy(), np.random.RandomState(1).standard_normal((5, 3))
        network.forward(network.layout.views(theta), x)
        np.testing.assert_array_equal(theta, before)
        network.forward(network.layout.views(theta), x, Phase(np.random.RandomState(0)))
        changed = network.layout.views(theta != before)
        assert changed[1].mean.all()
        assert changed[1].variance.all()
        assert np.count_nonzero(theta != before) == 8

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


class TestRoles:
    @pytest.fixture
    def network(self):
        layers = [
            Standardize(), Affine(6, normal, intercept=False), BatchNorm(), ReLU(),
            Affine(4, normal), LayerNorm(), Affine(2, normal),
        ]  # fmt: skip
        return Network(layers, (2, 2, 3))

    @pytest.fixture
    def views(self, network):
        return network.layout.views(np.arange(network.layout.size, dtype=float))

    def test_by_role(self, network, views):
        weights, intercepts, others = network.by_role(views)
        assert [W.shape for W in weights] == [(12, 6), (6, 4), (4, 2)]
        assert [b.shape for b in intercepts] == [(4,), (2,)]
        assert [list(arrays) for arrays in others] == [
            ["mean", "spread"], ["scale", "shift", "mean", "variance"], ["scale", "shift"],
        ]  # fmt: skip
        assert weights[0] is views[1].W
        assert intercepts[-1] is views[-1].b
        assert others[1]["variance"] is views[2].variance

    def test_round_trip(self, network, views):
        again = network.from_roles(*network.by_role(views))
        assert len(again) == len(views)
        for view, expected in zip(again, views, strict=True):
            assert vars(view).keys() == vars(expected).keys()
            for name, array in vars(expected).items():
                assert getattr(view, name) is array
        x = RNG.standard_normal((3, 2, 2, 3))
        np.testing.assert_array_equal(network.forward(again, x)[0], network.forward(views, x)[0])

    def test_by_role_leaves_the_views_complete(self, network, views):
        network.by_role(views)
        for view, shapes in zip(views, network.layout.shapes, strict=True):
            assert vars(view).keys() == shapes.keys()

    @pytest.mark.parametrize(
        "change",
        [
            lambda weights, intercepts, others: weights.pop(),
            lambda weights, intercepts, others: weights.append(weights[-1]),
            lambda weights, intercepts, others: weights.reverse(),
            lambda weights, intercepts, others: weights.__setitem__(0, weights[0].T),
            lambda weights, intercepts, others: weights.__setitem__(0, weights[0][:-1]),
            lambda weights, intercepts, others: weights.__setitem__(0, None),
            lambda weights, intercepts, others: intercepts.pop(),
            lambda weights, intercepts, others: intercepts.append(intercepts[-1]),
            lambda weights, intercepts, others: intercepts.insert(0, np.zeros(6)),
            lambda weights, intercepts, others: intercepts.__setitem__(0, np.zeros((1, 4))),
            lambda weights, intercepts, others: others.pop(),
            lambda weights, intercepts, others: others.clear(),
            lambda weights, intercepts, others: others.append({}),
            lambda weights, intercepts, others: others.reverse(),
            lambda weights, intercepts, others: others[0].pop("mean"),
            lambda weights, intercepts, others: others[1].update(scale=np.zeros(5)),
            lambda weights, intercepts, others: others[1].update(another=np.zeros(6)),
        ],
    )
    def test_foreign_arrays_are_refused(self, network, views, change):
        roles = network.by_role(views)
        assert network.from_roles(*roles) is not None
        change(*roles)
        assert network.from_roles(*roles) is None

    def test_of_layers_without_any(self):
        network = Network([ReLU(), Flatten()], (2, 2, 3))
        views = network.layout.views(network.layout.zeros(float))
        assert network.by_role(views) == ([], [], [])
        assert list(map(vars, network.from_roles([], [], []))) == [{}, {}]
        assert network.from_roles([np.zeros(3)], [], []) is None


class TestMaxNorm:
    def test_shortens_the_columns_that_are_too_long(self):
        W = np.array([[3.0, 0.3, 0.0], [4.0, 0.4, 2.0]])
        p = SimpleNamespace(W=W.copy(), b=np.full(3, 9.0))
        Affine(3, max_norm=2.0).project(p, {"W": 1.0})
        np.testing.assert_allclose(p.W, [[1.2, 0.3, 0], [1.6, 0.4, 2]], rtol=1e-15)
        np.testing.assert_array_equal(p.W[:, 1:], W[:, 1:])
        np.testing.assert_array_equal(p.b, 9)

    def test_in_the_units_of_the_data(self):
        p = SimpleNamespace(W=np.array([[3.0, 1.0], [8.0, 1.0]]), b=np.zeros(2))
        Affine(2, max_norm=2.5).project(p, {"W": np.array([[1.0], [0.5]])})  # (3, 4) is 5 long
        np.testing.assert_allclose(p.W, [[1.5, 1.0], [4.0, 1.0]], rtol=1e-15)

    def test_without_one_nothing_happens(self):
        p = SimpleNamespace(W=np.full((3, 2), 1e6), b=np.zeros(2))
        Affine(2).project(p, {"W": 1.0})
        np.testing.assert_array_equal(p.W, 1e6)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_columns_of_zeros_and_the_type(self, dtype):
        p = SimpleNamespace(W=np.zeros((3, 2), dtype), b=np.zeros(2, dtype))
        p.W[:, 1] = 5
        Affine(2, max_norm=1.0).project(p, {"W": 1.0})
        assert p.W.dtype == dtype
        np.testing.assert_array_equal(p.W[:, 0], 0)
        np.testing.assert_allclose(np.linalg.norm(p.W[:, 1]), 1, rtol=1e-6)


W_OF_SAMPLES = np.array([0.1, 0.5, 0.05, 0.2, 0.15])
LAYERS = {
    "affine": Affine(4),
    "affine without an intercept": Affine(4, intercept=False),
    "flatten": Flatten(),
    "standardize": Standardize(),
    "identity": Identity(),
    "logistic": Logistic(),
    "tanh": Tanh(),
    "relu": ReLU(),
    "leaky_relu": LeakyReLU(),
    "steeper leaky_relu": LeakyReLU(slope=0.3),
    "maxout": Maxout(),
    "maxout of three": Maxout(n_pieces=3),
    "batch_norm": BatchNorm(),
    "batch_norm of its own": BatchNorm(momentum=0.5, epsilon=0.1),
    "layer_norm": LayerNorm(),
    "layer_norm of its own": LayerNorm(epsilon=0.1),
    "dropout": Dropout(0.4),
    "no dropout": Dropout(0.0),
}
PHASES = {
    "prediction": lambda dtype: Phase(),
    "training": lambda dtype: Phase(np.random.RandomState(7)),
    "weighted training": lambda dtype: Phase(np.random.RandomState(7), W_OF_SAMPLES.astype(dtype)),
}


def parameters(layer, dtype=np.float64, input_shape=(6,)):
    """Parameters of any size but zero; a variance is positive."""
    rng = np.random.RandomState(8)
    arrays = {
        name: rng.uniform(0.5, 1.5, size=shape) * rng.choice([-1, 1], size=shape)
        for name, shape in layer.shapes(input_shape).items()
    }
    if "variance" in arrays:
        arrays["variance"] = np.abs(arrays["variance"])
    return SimpleNamespace(**{name: array.astype(dtype) for name, array in arrays.items()})


def copy(p):
    return SimpleNamespace(**{name: array.copy() for name, array in vars(p).items()})


def nans_like(p):
    return SimpleNamespace(**{name: np.full_like(array, np.nan) for name, array in vars(p).items()})


def inputs(layer, n_samples=5, dtype=np.float64):
    """An input and the gradient of the output."""
    rng = np.random.RandomState(9)
    x = 2 * rng.standard_normal((n_samples, 6))
    dy = rng.standard_normal((n_samples, layer.output_shape((6,))[0]))
    return x.astype(dtype), dy.astype(dtype)


def batch_norm_loops(layer, p, x, phase):
    w = np.ones(len(x)) if phase.w is None else phase.w
    if phase.training:
        return reference.batch_norm(x, p.scale, p.shift, w, layer.epsilon)[0]
    return p.scale * (x - p.mean) / np.sqrt(p.variance + layer.epsilon) + p.shift


def dropout_loops(layer, p, x, phase):
    if not phase.training:
        return x
    return reference.dropout(x, layer.keep(np.random.RandomState(7), x.shape), layer.p)


LOOPS = {
    Affine: lambda layer, p, x, phase: reference.affine(
        x.reshape(len(x), -1), p.W, p.b if layer.intercept else np.zeros(4)
    ),
    Flatten: lambda layer, p, x, phase: x.reshape(len(x), -1),
    Standardize: lambda layer, p, x, phase: (x - p.mean) / p.spread,
    Identity: lambda layer, p, x, phase: x,
    Logistic: lambda layer, p, x, phase: reference.logistic(x),
    Tanh: lambda layer, p, x, phase: reference.tanh(x),
    ReLU: lambda layer, p, x, phase: reference.relu(x),
    LeakyReLU: lambda layer, p, x, phase: reference.leaky_relu(x, layer.slope),
    Maxout: lambda layer, p, x, phase: reference.maxout(x, layer.n_pieces),
    BatchNorm: batch_norm_loops,
    LayerNorm: lambda layer, p, x, phase: reference.layer_norm(x, p.scale, p.shift, layer.epsilon),
    Dropout: dropout_loops,
}


def check_gradients(layer, p, x, dy, forward):
    """Compare the gradients of the input and of the parameters with differences."""
    g = nans_like(p)
    gradients = {"x": forward(p, x)[1](dy, g)}
    for name in vars(p):
        if name in layer.statistics:
            assert np.isnan(getattr(g, name)).all()  # they have no gradient
        else:
            gradients[name] = getattr(g, name)

    for name, gradient in gradients.items():

        def output(v, name=name):
            if name == "x":
                return float(np.sum(dy * forward(p, v)[0]))
            return float(np.sum(dy * forward(SimpleNamespace(**{**vars(p), name: v}), x)[0]))

        numerical = reference.numerical_gradient(output, x if name == "x" else getattr(p, name))
        assert gradient.shape == numerical.shape
        assert np.abs(gradient - numerical).max() / np.abs(numerical).max() < 1e-7, name


@pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES)
@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
class TestEveryLayer:
    @pytest.mark.parametrize("n_samples", [5, 2])
    def test_against_loops(self, layer, phase, n_samples):
        p, (x, _), phase = parameters(layer), inputs(layer, n_samples), phase(np.float64)
        if phase.w is not None:
            phase = replace(phase, w=phase.w[:n_samples])
        y, _ = layer.forward(copy(p), x, phase)
        expected = LOOPS[type(layer)](layer, p, x, phase)
        np.testing.assert_allclose(y, expected, rtol=1e-13, atol=1e-14)

    @pytest.mark.parametrize("n_samples", [5, 1])
    def test_numerical_gradient(self, layer, phase, n_samples):
        p, (x, dy) = parameters(layer), inputs(layer, n_samples)
        make_phase = phase

        def forward(p, x):
            phase = make_phase(np.float64)
            if phase.w is not None:
                phase = replace(phase, w=phase.w[:n_samples])
            return layer.forward(copy(p), x, phase)

        # No kink lies within the step: the layer is smooth where it is looked at.
        assert np.abs(x).min() > 1e-3
        if isinstance(layer, Maxout):
            pieces = np.sort(x.reshape(n_samples, layer.n_pieces, -1), axis=1)
            assert np.diff(pieces, axis=1).min() > 1e-3

        check_gradients(layer, p, x, dy, forward)

    def test_changes_none_of_its_inputs(self, layer, phase):
        p, (x, dy), phase = parameters(layer), inputs(layer), phase(np.float64)
        learnt = [array for name, array in vars(p).items() if name not in layer.statistics]
        if not phase.training:
            learnt = list(vars(p).values())
        for array in (x, dy, *learnt, *([] if phase.w is None else [phase.w])):
            array.flags.writeable = False
        y, backward = layer.forward(p, x, phase)
        before = y.copy()
        backward(dy, nans_like(p))
        np.testing.assert_array_equal(y, before)

    def test_a_pull_back_can_be_used_twice(self, layer, phase):
        p, (x, dy) = parameters(layer), inputs(layer)
        _, backward = layer.forward(p, x, phase(np.float64))
        first, second = nans_like(p), nans_like(p)
        np.testing.assert_array_equal(backward(dy, first), backward(dy, second))
        for name, array in vars(first).items():
            np.testing.assert_array_equal(array, getattr(second, name))

    @pytest.mark.parametrize("n_samples", [5, 1])
    def test_float32_stays_float32(self, layer, phase, n_samples):
        p, (x, dy) = parameters(layer, np.float32), inputs(layer, n_samples, np.float32)
        phase = phase(np.float32)
        if phase.w is not None:
            phase = replace(phase, w=phase.w[:n_samples])
        y, backward = layer.forward(p, x, phase)
        assert y.dtype == np.float32
        assert backward(dy, nans_like(p)).dtype == np.float32

    def test_is_a_specification(self, layer, phase):
        layer.check()
        for other in (
            clone(layer),
            layer.plain(),
            type(layer)(**layer.get_params(deep=False)),
            pickle.loads(pickle.dumps(layer)),
        ):
            assert_same_specification(layer, other)
        assert vars(layer).keys() == layer.get_params(deep=False).keys()  # there is no state

    def test_leaves_its_specification_as_it_was(self, layer, phase):
        before, values = repr(layer), dict(vars(layer))
        p, (x, dy) = parameters(layer), inputs(layer)
        layer.initialize(copy(p), np.random.RandomState(0))
        layer.forward(p, x, phase(np.float64))[1](dy, nans_like(p))
        assert repr(layer) == before
        assert vars(layer) == values


SHAPES = {
    "images": (2, 3, 6),
    "one pixel": (1, 1, 6),
    "one channel": (3, 2, 1),
    "one value": (1, 1, 1),
    "rows of pixels": (4, 6),
}


def image_inputs(layer, shape, n_samples, dtype=np.float64):
    """Values none of which is near another or zero, and the gradient of the output."""
    rng, size = np.random.RandomState(9), n_samples * int(np.prod(shape))
    x = rng.permutation(np.linspace(2, -2.03, 2 * size)[::2]).reshape(n_samples, *shape)
    dy = rng.standard_normal((n_samples, *layer.output_shape(shape)))
    return x.astype(dtype), dy.astype(dtype)


def image_loops(layer, p, x, phase):
    """The result of the loops on rows, for images."""
    if isinstance(layer, (Affine, Flatten, Dropout)):
        return LOOPS[type(layer)](layer, p, x, phase)
    if isinstance(layer, LayerNorm):
        n_pixels = x[0].size // x.shape[-1]
        scale, shift = np.tile(p.scale, n_pixels), np.tile(p.shift, n_pixels)
        rows = x.reshape(len(x), -1)
        return reference.layer_norm(rows, scale, shift, layer.epsilon).reshape(x.shape)
    rows = x.reshape(-1, x.shape[-1])  # every pixel is a row
    if isinstance(layer, BatchNorm) and len(rows) == 1:
        phase = Phase()
    elif phase.w is not None:
        phase = replace(phase, w=np.repeat(phase.w, len(rows) // len(x)))
    y = LOOPS[type(layer)](layer, p, rows, phase)
    return y.reshape(len(x), *layer.output_shape(x.shape[1:]))


def weighing(phase, n_samples, dtype=np.float64):
    phase = phase(dtype)
    return phase if phase.w is None else replace(phase, w=phase.w[:n_samples])


IMAGES = {
    f"{name}, {of}": (layer, shape)
    for name, layer in LAYERS.items()
    for of, shape in SHAPES.items()
    if shape[-1] > 1 or not isinstance(layer, Maxout)  # which needs a multiple
}


@pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES)
@pytest.mark.parametrize(("layer", "shape"), IMAGES.values(), ids=IMAGES)
class TestEveryLayerOnImages:
    def test_against_loops(self, layer, shape, phase):
        for n_samples in (5, 1):
            p, (x, _) = parameters(layer, input_shape=shape), image_inputs(layer, shape, n_samples)
            y, _ = layer.forward(copy(p), x, weighing(phase, n_samples))
            assert y.shape == (n_samples, *layer.output_shape(shape))
            expected = image_loops(layer, p, x, weighing(phase, n_samples))
            np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-13)

    def test_numerical_gradient(self, layer, shape, phase):
        for n_samples in (3, 1):
            p, (x, dy) = parameters(layer, input_shape=shape), image_inputs(layer, shape, n_samples)
            if isinstance(layer, LayerNorm) and x[0].size == 1:
                # A single value is its own mean, so only the shift is visible.
                g = nans_like(p)
                y, backward = layer.forward(p, x, weighing(phase, n_samples))
                np.testing.assert_array_equal(y, np.broadcast_to(p.shift, x.shape))
                np.testing.assert_array_equal(backward(dy, g), 0)
                np.testing.assert_array_equal(g.scale, 0)
                np.testing.assert_allclose(g.shift, dy.sum(axis=(0, 1, 2)), rtol=1e-14)
                continue

            def forward(p, x, n_samples=n_samples):
                return layer.forward(copy(p), x, weighing(phase, n_samples))

            check_gradients(layer, p, x, dy, forward)

    def test_float32_and_nothing_given_is_changed(self, layer, shape, phase):
        for n_samples in (5, 1):
            p = parameters(layer, np.float32, shape)
            x, dy = image_inputs(layer, shape, n_samples, np.float32)
            of_run = weighing(phase, n_samples, np.float32)
            for name, array in vars(p).items():
                array.flags.writeable = name in layer.statistics and of_run.training
            for array in (x, dy, *([] if of_run.w is None else [of_run.w])):
                array.flags.writeable = False
            g = nans_like(p)
            y, backward = layer.forward(p, x, of_run)
            dx = backward(dy, g)
            assert y.dtype == dx.dtype == np.float32
            assert dx.shape == x.shape
            assert {array.dtype for array in vars(p).values()} <= {np.dtype(np.float32)}
            for name in vars(g).keys() - set(layer.statistics):
                assert np.isfinite(getattr(g, name)).all()


class TestActivations:
    def test_saturation_is_harmless(self):
        x = np.array([[-1e300, -1000.0, 0.0, 1000.0, 1e300]])
        for layer, ends in ((Logistic(), (0, 0.5, 1)), (Tanh(), (-1, 0, 1))):
            y, backward = layer.forward(None, x)
            np.testing.assert_array_equal(y, [np.repeat(ends, [2, 1, 2])])
            dx = backward(np.ones_like(x), None)
            np.testing.assert_array_equal(dx != 0, x == 0)

    def test_slopes_at_the_kink(self):
        x = np.zeros((1, 2))
        dy = np.array([[3.0, 5.0]])
        np.testing.assert_array_equal(ReLU().forward(None, x)[1](dy, None), 0)
        np.testing.assert_allclose(LeakyReLU(0.1).forward(None, x)[1](dy, None), 0.1 * dy)

    def test_the_first_of_those_that_tie_wins(self):
        x = np.array([[1.0, 2.0, 1.0, 3.0, 0.0, 3.0]])
        y, backward = Maxout(n_pieces=3).forward(None, x)
        np.testing.assert_array_equal(y, [[1, 3]])
        np.testing.assert_array_equal(backward(np.array([[5.0, 7.0]]), None), [[5, 0, 0, 7, 0, 0]])

    def test_maxout_is_a_choice_between_affine_maps(self):
        rng = np.random.RandomState(0)
        x, W, b = rng.standard_normal((5, 3)), rng.standard_normal((3, 8)), rng.standard_normal(8)
        y, _ = Maxout().forward(None, x @ W + b)
        expected = np.maximum(x @ W[:, :4] + b[:4], x @ W[:, 4:] + b[4:])
        np.testing.assert_array_equal(y, expected)

    def test_maxout_chooses_among_channels(self):
        rng = np.random.RandomState(0)
        x = rng.standard_normal((5, 2, 3, 8))
        np.testing.assert_array_equal(
            Maxout().forward(None, x)[0], np.maximum(x[..., :4], x[..., 4:])
        )
        np.testing.assert_array_equal(Maxout().kink_sides(x), x[..., :4] < x[..., 4:])
        assert Maxout(4).output_shape((2, 3, 8)) == (2, 3, 2)
        assert Maxout(1).forward(None, x)[0].shape == x.shape

    @pytest.mark.parametrize("shape", [(7,), (2, 3, 7), (3, 3, 1)])
    def test_maxout_of_a_number_that_is_no_multiple(self, shape):
        message = rf"Maxout\(\) takes the largest of n_pieces=2 .* of it; got {shape[-1]}\."
        with pytest.raises(ValueError, match=message):
            Maxout().output_shape(shape)
        with pytest.raises(ValueError, match=message):
            Network([ReLU(), Maxout()], shape)

    @pytest.mark.parametrize("layer", [ReLU(), LeakyReLU(), Maxout(3)], ids=str)
    def test_sides_of_kinks(self, layer):
        x = np.random.RandomState(0).standard_normal((4, 2, 2, 6))
        sides = layer.kink_sides(x)
        assert sides.shape == (4, *layer.output_shape((2, 2, 6)))
        expected = layer.kink_sides(x.reshape(-1, 6))
        np.testing.assert_array_equal(sides.reshape(expected.shape), expected)

    @pytest.mark.parametrize("name", ACTIVATIONS)
    def test_names(self, name):
        activation = ACTIVATIONS[name]
        assert activation.output_shape((activation.n_inputs(5),)) == (5,)
        assert activation.output_shape((4, 3, activation.n_inputs(5))) == (4, 3, 5)
        assert isinstance(activation.initializer, Initializer)
        assert repr(activation.initializer) in map(repr, INITIALIZERS.values())

    @pytest.mark.parametrize("name", ["identity", "tanh", "relu", "leaky_relu"])
    def test_signals_keep_their_size_on_the_way(self, name):
        """An activation's own initializer keeps the size of signals, even in a deep network."""
        activation = ACTIVATIONS[name]
        block = [Affine(activation.n_inputs(200), activation.initializer), activation]
        network = Network(10 * block, 200)
        views = network.layout.views(network.initialize(np.random.RandomState(0), np.float64))
        x = np.random.RandomState(1).standard_normal((100, 200))
        size = np.sqrt(np.mean(network.forward(views, x)[0] ** 2))
        assert 0.1 < size < 30


class TestDropout:
    def test_drops_its_share_and_keeps_the_mean(self):
        x = np.ones((400, 500))
        y, _ = Dropout(0.3).forward(None, x, Phase(np.random.RandomState(0)))
        assert set(np.unique(y)) == {0.0, 1 / 0.7}
        np.testing.assert_allclose(np.mean(y == 0), 0.3, atol=0.005)
        np.testing.assert_allclose(y.mean(), 1, atol=0.01)

    def test_draws_a_new_mask_each_time(self):
        phase, x = Phase(np.random.RandomState(0)), np.ones((4, 10))
        first, second = (Dropout(0.5).forward(None, x, phase)[0] for _ in range(2))
        assert not np.array_equal(first, second)

    def test_the_gradient_is_dropped_where_the_signal_was(self):
        x = np.ones((4, 10))
        y, backward = Dropout(0.5).forward(None, x, Phase(np.random.RandomState(0)))
        np.testing.assert_array_equal(backward(np.ones_like(x), None), y)

    def test_prediction_draws_nothing(self):
        x = np.ones((2, 3))
        assert Dropout(0.5).forward(None, x)[0] is x
        rng = np.random.RandomState(0)
        assert Dropout(0.0).forward(None, x, Phase(rng))[0] is x
        assert rng.random_sample() == np.random.RandomState(0).random_sample()


class TestBatchNorm:
    def moments(self, x, w=None):
        _, mean, variance = reference.batch_norm(
            x, np.ones(6), np.zeros(6), np.ones(len(x)) if w is None else w
        )
        return mean, variance

    @pytest.mark.parametrize("w", [None, W_OF_SAMPLES, 30 * W_OF_SAMPLES])
    def test_running_averages(self, w):
        p, (x, _) = parameters(BatchNorm()), inputs(BatchNorm())
        before = copy(p)
        BatchNorm(momentum=0.75).forward(p, x, Phase(np.random.RandomState(0), w))
        for average, old, new in zip(
            (p.mean, p.variance), (before.mean, before.variance), self.moments(x, w), strict=True
        ):
            np.testing.assert_allclose(average, 0.75 * old + 0.25 * new, rtol=1e-13)

    def test_prediction_is_that_of_the_averages_in_the_long_run(self):
        layer, (x, _) = BatchNorm(momentum=0.5), inputs(BatchNorm())
        p = parameters(layer)
        for _ in range(60):
            trained, _ = layer.forward(p, x, Phase(np.random.RandomState(0)))
        np.testing.assert_allclose(layer.forward(p, x)[0], trained, rtol=1e-12)

    def test_one_sample_is_normalised_as_in_prediction(self):
        layer = BatchNorm()
        p, (x, dy) = parameters(layer), inputs(layer, n_samples=1)
        before, g, expected_g = copy(p), nans_like(p), nans_like(p)
        y, backward = layer.forward(p, x, Phase(np.random.RandomState(0), np.ones(1)))
        expected, expected_backward = layer.forward(before, x)
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_array_equal(backward(dy, g), expected_backward(dy, expected_g))
        np.testing.assert_array_equal(g.scale, expected_g.scale)
        np.testing.assert_array_equal(p.mean, before.mean)
        np.testing.assert_array_equal(p.variance, before.variance)

    def test_samples_without_weight_are_normalised_as_in_prediction(self):
        layer = BatchNorm()
        p, (x, _) = parameters(layer), inputs(layer)
        before = copy(p)
        y, _ = layer.forward(p, x, Phase(np.random.RandomState(0), np.zeros(5)))
        np.testing.assert_array_equal(y, layer.forward(before, x)[0])
        np.testing.assert_array_equal(p.mean, before.mean)
        np.testing.assert_array_equal(p.variance, before.variance)

    def test_a_sample_of_weight_two_counts_as_two_samples(self):
        layer, counts = BatchNorm(), np.array([2, 1, 3, 1, 1])
        (x, dy) = inputs(layer)
        weighted, repeated = parameters(layer), parameters(layer)
        g, expected_g = nans_like(weighted), nans_like(weighted)
        rows = np.repeat(np.arange(5), counts)
        w = counts / counts.sum()
        y, backward = layer.forward(weighted, x, Phase(np.random.RandomState(0), w))
        expected, expected_backward = layer.forward(
            repeated, x[rows], Phase(np.random.RandomState(0))
        )
        np.testing.assert_allclose(y[rows], expected, rtol=1e-12)
        np.testing.assert_allclose(weighted.mean, repeated.mean, rtol=1e-13)
        np.testing.assert_allclose(weighted.variance, repeated.variance, rtol=1e-13)
        # The loss has already applied the weights: a sample's gradient is the sum over its copies.
        dx = backward(counts[:, None] * dy, g)
        expected_dx = expected_backward(dy[rows], expected_g)
        np.testing.assert_allclose(dx[rows], np.repeat(counts, counts)[:, None] * expected_dx,
                                   rtol=1e-11, atol=1e-13)  # fmt: skip
        np.testing.assert_allclose(g.scale, expected_g.scale, rtol=1e-12)
        np.testing.assert_allclose(g.shift, expected_g.shift, rtol=1e-12)

    def test_weights_of_any_sum(self):
        layer, (x, dy) = BatchNorm(), inputs(BatchNorm())
        results = []
        for factor in (1.0, 16.0):
            p, g = parameters(layer), nans_like(parameters(layer))
            phase = Phase(np.random.RandomState(0), factor * W_OF_SAMPLES)
            y, backward = layer.forward(p, x, phase)
            results.append((y, backward(dy, g), g.scale, p.mean, p.variance))
        for one, other in zip(*results, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_a_shift_and_a_scale_of_the_input_change_next_to_nothing(self):
        layer, (x, _) = BatchNorm(), inputs(BatchNorm())
        y = layer.forward(parameters(layer), x, Phase(np.random.RandomState(0)))[0]
        moved = layer.forward(parameters(layer), 8 * x + 100, Phase(np.random.RandomState(0)))[0]
        np.testing.assert_allclose(moved, y, rtol=1e-4)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_a_constant_column_becomes_the_shift(self, dtype):
        layer = BatchNorm()
        p, g = parameters(layer, dtype), nans_like(parameters(layer, dtype))
        x = np.full((4, 6), 0.5, dtype)
        y, backward = layer.forward(p, x, Phase(np.random.RandomState(0)))
        np.testing.assert_array_equal(y, np.tile(p.shift, (4, 1)))
        assert np.isfinite(backward(np.ones_like(x), g)).all()

    @pytest.mark.parametrize("w", [None, W_OF_SAMPLES])
    @pytest.mark.parametrize("shape", [(2, 3, 6), (1, 1, 6), (4, 6)])
    def test_on_images_every_pixel_is_a_row(self, w, shape):
        layer, (x, dy) = BatchNorm(momentum=0.75), image_inputs(BatchNorm(), shape, 5)
        images, rows = parameters(layer), parameters(layer)
        g, expected_g = nans_like(images), nans_like(rows)
        n_pixels = x[0].size // 6
        repeated = None if w is None else np.repeat(w, n_pixels)
        y, backward = layer.forward(images, x, Phase(np.random.RandomState(0), w))
        expected, expected_backward = layer.forward(
            rows, x.reshape(-1, 6), Phase(np.random.RandomState(0), repeated)
        )
        close = {"rtol": 1e-12, "atol": 1e-14}
        np.testing.assert_allclose(y.reshape(-1, 6), expected, **close)
        dx = backward(dy, g).reshape(-1, 6)
        np.testing.assert_allclose(dx, expected_backward(dy.reshape(-1, 6), expected_g), **close)
        for got, wanted, names in ((g, expected_g, "scale shift"), (images, rows, "mean variance")):
            for name in names.split():
                np.testing.assert_allclose(getattr(got, name), getattr(wanted, name), **close)
        predicted = layer.forward(images, x)[0].reshape(-1, 6)
        np.testing.assert_allclose(predicted, layer.forward(rows, x.reshape(-1, 6))[0], **close)

    def test_an_image_of_weight_two_counts_as_two(self):
        layer, counts = BatchNorm(), np.array([2, 1, 3, 1, 1])
        x, _ = image_inputs(layer, (2, 3, 6), 5)
        weighted, repeated = parameters(layer), parameters(layer)
        images = np.repeat(np.arange(5), counts)
        y, _ = layer.forward(weighted, x, Phase(np.random.RandomState(0), counts / counts.sum()))
        expected, _ = layer.forward(repeated, x[images], Phase(np.random.RandomState(0)))
        np.testing.assert_allclose(y[images], expected, rtol=1e-12)
        np.testing.assert_allclose(weighted.mean, repeated.mean, rtol=1e-13)
        np.testing.assert_allclose(weighted.variance, repeated.variance, rtol=1e-13)

    def test_the_pixels_of_one_image_have_moments(self):
        """Unlike one row, which is normalised as in prediction."""
        layer, (x, _) = BatchNorm(), image_inputs(BatchNorm(), (2, 3, 6), 1)
        p = SimpleNamespace(**{name: np.ones(6) for name in layer.shapes((6,))})
        y, _ = layer.forward(p, x, Phase(np.random.RandomState(0), np.ones(1)))
        np.testing.assert_allclose(y.mean(axis=(0, 1, 2)), 1, rtol=1e-12)  # the shift
        np.testing.assert_allclose(y.std(axis=(0, 1, 2)), 1, rtol=1e-3)
        assert (p.mean != 1).all()

    def test_start(self):
        for layer in NORMALIZATIONS.values():
            p = SimpleNamespace(**{name: np.full(3, np.nan) for name in layer.shapes((3,))})
            layer.initialize(p, None)
            expected = {"scale": 1, "variance": 1, "shift": 0, "mean": 0}
            for name, array in vars(p).items():
                np.testing.assert_array_equal(array, expected[name])


class TestLayerNorm:
    def test_is_the_same_in_training(self):
        layer, (x, _) = LayerNorm(), inputs(LayerNorm())
        p = parameters(layer)
        trained = layer.forward(p, x, Phase(np.random.RandomState(0), W_OF_SAMPLES))[0]
        np.testing.assert_array_equal(trained, layer.forward(p, x)[0])

    def test_rows_do_not_see_each_other(self):
        layer, (x, _) = LayerNorm(), inputs(LayerNorm())
        p = parameters(layer)
        alone = np.concatenate([layer.forward(p, x[i : i + 1])[0] for i in range(5)])
        np.testing.assert_allclose(layer.forward(p, x)[0], alone, rtol=1e-14)

    def test_normalises_over_all_values_of_an_image(self):
        layer, (x, _) = LayerNorm(1e-12), image_inputs(LayerNorm(), (2, 3, 6), 5)
        plain = SimpleNamespace(scale=np.ones(6), shift=np.zeros(6))
        z, _ = layer.forward(plain, x)
        np.testing.assert_allclose(z.mean(axis=(1, 2, 3)), 0, atol=1e-14)
        np.testing.assert_allclose(z.std(axis=(1, 2, 3)), 1, rtol=1e-10)
        assert np.abs(z.mean(axis=(1, 2))).max() > 0.01  # but not channel by channel
        p = parameters(layer, input_shape=(2, 3, 6))
        assert p.scale.shape == p.shift.shape == (6,)
        np.testing.assert_allclose(layer.forward(p, x)[0], z * p.scale + p.shift, rtol=1e-14)

    def test_images_do_not_see_each_other(self):
        layer, (x, _) = LayerNorm(), image_inputs(LayerNorm(), (2, 3, 6), 5)
        p = parameters(layer)
        alone = np.concatenate([layer.forward(p, x[i : i + 1])[0] for i in range(5)])
        np.testing.assert_allclose(layer.forward(p, x)[0], alone, rtol=1e-14)


class TestFlatten:
    @pytest.mark.parametrize("shape", [(4, 5, 3), (1, 1, 1), (7,), (2, 3)])
    def test_is_in_c_order_and_back(self, shape):
        n_values = int(np.prod(shape))
        assert Flatten().output_shape(shape) == (n_values,)
        assert Flatten().shapes(shape) == {}
        x = np.arange(2 * n_values, dtype=np.float32).reshape(2, *shape)
        y, backward = Flatten().forward(None, x)
        np.testing.assert_array_equal(y, np.arange(2 * n_values).reshape(2, n_values))
        np.testing.assert_array_equal(backward(y, None), x)


class TestStandardize:
    def views(self, n_values, dtype=np.float64):
        p = SimpleNamespace(
            **{name: np.full(n_values, np.nan, dtype) for name in ("mean", "spread")}
        )
        Standardize().initialize(p, None)
        return p

    def test_starts_without_any_change(self):
        p = self.views(3)
        x = RNG.standard_normal((2, 4, 4, 3))
        np.testing.assert_array_equal(Standardize().forward(p, x)[0], x)

    def test_roles(self):
        layer = Standardize()
        assert layer.standardizes
        assert not layer.folds_inputs
        assert layer.statistics == ("mean", "spread")
        assert layer.weights == layer.intercepts == ()
        assert layer.shapes((5,)) == {"mean": (5,), "spread": (5,)}
        assert layer.shapes((4, 4, 3)) == {"mean": (3,), "spread": (3,)}
        assert layer.output_shape((4, 4, 3)) == (4, 4, 3)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("shape", [(5, 4, 3), (1, 1, 3), (6, 2, 1), (3,), (1,)])
    def test_moments_are_per_channel_over_samples_and_pixels(self, shape, dtype):
        rng = np.random.RandomState(0)
        x = rng.standard_normal((50, *shape)) + 3 * rng.standard_normal(shape) + 5
        x = x.astype(dtype)
        rows = x.reshape(50, -1).astype(np.float64)
        p = self.views(shape[-1], dtype)
        Standardize().set_moments(p, rows.mean(axis=0), rows.var(axis=0))
        assert p.mean.dtype == p.spread.dtype == dtype
        axes, rtol = tuple(range(len(shape))), 1e-6 if dtype == np.float32 else 1e-12
        np.testing.assert_allclose(p.mean, x.mean(axis=axes, dtype=np.float64), rtol=rtol)
        np.testing.assert_allclose(p.spread, x.std(axis=axes, dtype=np.float64), rtol=rtol)
        z = Standardize().forward(p, x)[0]
        assert z.dtype == dtype
        np.testing.assert_allclose(z.mean(axis=axes), 0, atol=1e-5)
        np.testing.assert_allclose(z.std(axis=axes), 1, rtol=1e-5)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("value", [0.0, 0.1, 0.3, 1 / 3, 255.0, 1e4 / 3, -1e6 * np.pi])
    def test_a_channel_without_spread_is_only_centred(self, value, dtype):
        value = dtype(value)
        x = np.random.RandomState(0).uniform(size=(4, 32, 32, 2)).astype(dtype)
        x[..., 1] = value
        rows = x.reshape(4, -1).astype(np.float64)
        p = self.views(2, dtype)
        # Where all agree, so does the mean, exactly, as in training.
        mean = np.where(np.ptp(rows, axis=0) == 0, rows[0], rows.mean(axis=0))
        Standardize().set_moments(p, mean, np.where(np.ptp(rows, axis=0) == 0, 0, rows.var(axis=0)))
        assert p.spread[1] == 1
        z = Standardize().forward(p, x)[0]
        np.testing.assert_allclose(z[..., 1], 0, atol=4 * np.finfo(dtype).eps * abs(value))

    def test_learns_nothing(self):
        network = Network([Standardize(), Affine(2, normal)], (2, 2, 3))
        theta = network.initialize(np.random.RandomState(0), np.float64)
        views = network.layout.views(theta)
        network.layers[0].set_moments(views[0], np.arange(12.0), np.ones(12))
        before, gradient = theta.copy(), np.full_like(theta, np.nan)
        _, backward = network.forward(
            views, RNG.standard_normal((5, 2, 2, 3)), Phase(np.random.RandomState(0))
        )
        backward(np.ones((5, 2)), network.layout.views(gradient))
        np.testing.assert_array_equal(theta, before)
        np.testing.assert_array_equal(np.isnan(gradient), np.arange(theta.size) < 6)
        assert network.weight_factors() == [{}, {"W": 1.0}]


class TestInitializers:
    @pytest.mark.parametrize(
        ("initializer", "std"),
        [
            (Normal(), 0.01),
            (Normal(0.3), 0.3),
            (Normal(0), 0.0),
            (He(), np.sqrt(2 / 300)),
            (Glorot(), np.sqrt(2 / 700)),
            (LeCun(), np.sqrt(1 / 300)),
        ],
        ids=str,
    )
    def test_mean_and_spread(self, initializer, std):
        initializer.check()
        W = initializer(np.random.RandomState(0), (300, 400))
        assert W.shape == (300, 400)
        assert W.dtype == np.float64
        np.testing.assert_allclose(W.std(), std, rtol=0.01)
        np.testing.assert_allclose(W.mean(), 0, atol=std / 100)

    @pytest.mark.parametrize(
        ("initializer", "std"),
        [
            (Normal(0.3), 0.3),
            (He(), np.sqrt(2 / (3 * 5 * 8))),
            (Glorot(), np.sqrt(2 / (3 * 5 * (8 + 40)))),
            (LeCun(), np.sqrt(1 / (3 * 5 * 8))),
        ],
        ids=str,
    )
    def test_filters(self, initializer, std):
        """Height, width, channels, filters: a filter's inputs are those of all its pixels."""
        W = initializer(np.random.RandomState(0), (3, 5, 8, 40))
        assert W.shape == (3, 5, 8, 40)
        assert W.dtype == np.float64
        tolerance = 3 / np.sqrt(2 * W.size)  # three standard errors
        np.testing.assert_allclose(W.std(), std, rtol=tolerance)
        np.testing.assert_allclose(W.mean(), 0, atol=3 * std / np.sqrt(W.size))

    @pytest.mark.parametrize("initializer", [Normal(), He(), LeCun(), Sparse(), Sparse(3)], ids=str)
    def test_filters_are_the_columns_of_a_matrix(self, initializer):
        filters = initializer(np.random.RandomState(0), (3, 2, 4, 7))
        matrix = initializer(np.random.RandomState(0), (24, 7))
        np.testing.assert_array_equal(filters.reshape(24, 7), matrix)

    @pytest.mark.parametrize("initializer", [He(), Glorot(), LeCun()], ids=str)
    def test_filters_of_one_pixel_are_a_matrix(self, initializer):
        filters = initializer(np.random.RandomState(0), (1, 1, 8, 7))
        matrix = initializer(np.random.RandomState(0), (8, 7))
        np.testing.assert_array_equal(filters[0, 0], matrix)

    @pytest.mark.parametrize("n_connections", [1, 7, 30, 1000])
    def test_sparse_filters(self, n_connections):
        W = Sparse(n_connections)(np.random.RandomState(0), (3, 2, 5, 40))
        k = min(n_connections, 30)
        np.testing.assert_array_equal(np.count_nonzero(W, axis=(0, 1, 2)), k)
        connected = W[W != 0]
        tolerance = 3 / np.sqrt(2 * connected.size)  # three standard errors
        np.testing.assert_allclose(connected.std(), np.sqrt(2 / k), rtol=tolerance)

    @pytest.mark.parametrize("n_connections", [1, 7, 300, 1000])
    def test_sparse(self, n_connections):
        W = Sparse(n_connections)(np.random.RandomState(0), (300, 400))
        k = min(n_connections, 300)
        assert W.shape == (300, 400)
        np.testing.assert_array_equal(np.count_nonzero(W, axis=0), k)
        # Every input is as likely as every other: their numbers of units are binomial.
        listeners = np.count_nonzero(W, axis=1)
        variance = 400 * k / 300 * (1 - k / 300)
        squares = (listeners - 400 * k / 300) ** 2
        np.testing.assert_allclose(squares.mean(), variance, rtol=0.25)
        connected = W[W != 0]
        tolerance = 3 / np.sqrt(2 * connected.size)  # three standard errors
        np.testing.assert_allclose(connected.std(), np.sqrt(2 / k), rtol=tolerance)

    def test_zeros(self):
        np.testing.assert_array_equal(Zeros()(None, (2, 3)), np.zeros((2, 3)))

    @pytest.mark.parametrize("name", INITIALIZERS)
    def test_names_stand_for_valid_specifications_that_repeat(self, name):
        initializer = INITIALIZERS[name]
        initializer.check()
        first, again = (initializer(np.random.RandomState(3), (20, 5)) for _ in range(2))
        np.testing.assert_array_equal(first, again)

    @pytest.mark.parametrize(
        ("initializer", "name"),
        [
            (Normal(-0.1), "std"),
            (Normal("0.1"), "std"),
            (Normal(float("nan")), "std"),
            (Sparse(0), "n_inputs"),
            (Sparse(2.5), "n_inputs"),
        ],
        ids=str,
    )
    def test_bad_parameters(self, initializer, name):
        message = f"'{name}' parameter of {type(initializer).__name__}"
        with pytest.raises(ValueError, match=message):
            initializer.check()
