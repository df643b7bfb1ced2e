"""Residual blocks: layers and a shortcut against their layers one by one, and against PyTorch."""

import pickle
import re
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.base import clone

from sk231n import reference
from sk231n.initializers import He
from sk231n.layers import (
    Affine,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dropout,
    Flatten,
    Identity,
    LayerNorm,
    MaxPool2D,
    Network,
    Phase,
    ReLU,
    Residual,
    Tanh,
)

# OpenBLAS may raise the flag for numbers that are in no result.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in matmul")

W_OF_SAMPLES = np.array([0.1, 0.5, 0.4])
PHASES = {
    "prediction": lambda dtype: Phase(),
    "training": lambda dtype: Phase(np.random.RandomState(7)),
    "weighted training": lambda dtype: Phase(np.random.RandomState(7), W_OF_SAMPLES.astype(dtype)),
}
INNER = Residual([Conv2D(2), Tanh()], (Conv2D(2, 1),))
BLOCKS = {
    "identity": (Residual([Conv2D(2), Tanh(), Conv2D(2)]), (4, 3, 2)),
    "projection": (
        Residual([Conv2D(3, stride=2), Tanh(), Conv2D(3)], Conv2D(3, 1, stride=2)),
        (5, 4, 2),
    ),
    "shortcut of two layers": (
        Residual((Conv2D(3, stride=2),), [AveragePool2D(), Conv2D(3, 1)]),
        (4, 4, 2),
    ),
    "batch norm": (
        Residual([Conv2D(3), BatchNorm(), Tanh()], [Conv2D(3, 1), BatchNorm(0.5)]),
        (3, 4, 2),
    ),
    "dropout on both ways": (
        Residual([Dropout(0.3), Conv2D(2), Dropout(0.4)], [Dropout(0.5)]),
        (3, 4, 2),
    ),
    "nested": (Residual([INNER, BatchNorm(), INNER], Residual([Tanh()])), (3, 3, 2)),
    "nested deeper": (Residual([Residual([Residual([Conv2D(2, 1)])], INNER)]), (3, 3, 2)),
    "more than ten layers": (Residual([Conv2D(2, 1), Tanh()] * 6, Conv2D(2, 1)), (2, 2, 2)),
    "pooling": (Residual([MaxPool2D()], [AveragePool2D()]), (4, 6, 2)),
    "the same on both ways": (Residual([Tanh()], Tanh()), (3, 2, 2)),
    "rows": (Residual([Affine(6), BatchNorm(), Tanh(), Affine(4)]), (4,)),
    "rows, projection": (Residual([LayerNorm(), Affine(3)], Affine(3, intercept=False)), (4,)),
    "images to rows": (Residual([Conv2D(2), Affine(5)], [Flatten(), Affine(5)]), (3, 2, 2)),
}


def parameters(layer, shape, dtype=np.float64):
    """Parameters of any size but zero; a variance is positive."""
    rng, arrays = np.random.RandomState(8), {}
    for name, array_shape in layer.shapes(shape).items():
        array = rng.uniform(0.5, 1.5, array_shape) * rng.choice([-1, 1], array_shape)
        arrays[name] = (np.abs(array) if "variance" in name else array).astype(dtype)
    return SimpleNamespace(**arrays)


def copy(p):
    return SimpleNamespace(**{name: array.copy() for name, array in vars(p).items()})


def nans_like(p):
    return SimpleNamespace(**{name: np.full_like(array, np.nan) for name, array in vars(p).items()})


def inputs(layer, shape, dtype=np.float64):
    rng, size = np.random.RandomState(9), 3 * int(np.prod(shape))
    x = rng.permutation(np.linspace(-2, 2.03, size)).reshape(3, *shape)
    dy = rng.standard_normal((3, *layer.output_shape(shape)))
    return x.astype(dtype), dy.astype(dtype)


def one_by_one(block, p, x, dy, phase):
    """Output and gradients by the definition: each layer alone, one way after the other."""
    shortcut = block.shortcut or []
    ways = [block.layers, shortcut if isinstance(shortcut, list | tuple) else [shortcut]]
    results, dx, k, pull_backs = [], 0, 0, []
    for way in ways:
        y, steps = x, []
        for layer in way:
            names = [name for name in vars(p) if re.fullmatch(rf".*[a-z]_{k}|\w+(_\d+)*_{k}", name)]
            inner = SimpleNamespace(**{re.sub(r"_\d+$", "", name): vars(p)[name] for name in names})
            y, backward = layer.forward(inner, y, phase)
            steps.append((k, backward, nans_like(inner)))
            k += 1
        results.append(y)
        pull_backs.append(steps)
    gradients = {}
    for steps in pull_backs:
        slope = dy
        for k, backward, g in reversed(steps):
            slope = backward(slope, g)
            gradients |= {f"{name}_{k}": array for name, array in vars(g).items()}
        dx = dx + slope
    return results[0] + results[1], {"x": dx, **gradients}


@pytest.mark.parametrize(("block", "shape"), BLOCKS.values(), ids=BLOCKS)
class TestEveryBlock:
    @pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES)
    def test_is_the_sum_of_both_ways(self, block, shape, phase):
        for dtype, error in ((np.float64, 1e-14), (np.float32, 1e-6)):
            p, (x, dy) = parameters(block, shape, dtype), inputs(block, shape, dtype)
            apart, g = copy(p), nans_like(p)
            expected_y, expected = one_by_one(block, apart, x, dy, phase(dtype))
            y, backward = block.forward(p, x, phase(dtype))
            dx = backward(dy, g)
            assert y.dtype == dx.dtype == dtype
            assert dx.shape == x.shape
            np.testing.assert_allclose(y, expected_y, rtol=error, atol=error)
            gradients = {"x": dx, **vars(g)}
            assert gradients.keys() == expected.keys()
            for name, gradient in gradients.items():
                np.testing.assert_array_equal(np.isnan(gradient), np.isnan(expected[name]))
                assert gradient.dtype == dtype
                np.testing.assert_allclose(gradient, expected[name], rtol=10 * error, atol=error)
            for name, array in vars(p).items():  # running averages
                np.testing.assert_allclose(array, getattr(apart, name), rtol=1e-6)
                changed = not np.array_equal(array, getattr(parameters(block, shape, dtype), name))
                assert changed == (name in block.statistics and phase(dtype).training)

    @pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES)
    def test_numerical_gradient(self, block, shape, phase):
        p, (x, dy) = parameters(block, shape), inputs(block, shape)

        def output(of):
            arrays = {name: array.copy() for name, array in of.items()}
            x = arrays.pop("x")
            return block.forward(SimpleNamespace(**arrays), x, phase(np.float64))

        g, point = nans_like(p), {"x": x, **vars(p)}
        gradients = {"x": output(point)[1](dy, g), **vars(g)}
        for name, gradient in gradients.items():
            if name in block.statistics:
                assert np.isnan(gradient).all()
                continue
            numerical = reference.numerical_gradient(
                lambda v, name=name: float(np.sum(dy * output({**point, name: v})[0])), point[name]
            )
            # What a batch norm subtracts again has a gradient of zero.
            largest = max(np.abs(numerical).max(), 0.1)
            assert np.abs(gradient - numerical).max() < 1e-7 * largest, name

    def test_nothing_given_is_changed_and_pull_backs_work_twice(self, block, shape):
        for make_phase in PHASES.values():
            p, (x, dy) = parameters(block, shape), inputs(block, shape)
            phase = make_phase(np.float64)
            for name, array in vars(p).items():
                array.flags.writeable = phase.training and name in block.statistics
            for array in (x, dy):
                array.flags.writeable = False
            y, backward = block.forward(p, x, phase)
            first, second, without = nans_like(p), nans_like(p), nans_like(p)
            dx, before = backward(dy, first), y.copy()
            kept = dx.copy()
            backward(dy, without, need_dx=False)
            np.testing.assert_array_equal(backward(dy, second), dx)
            for name, array in vars(first).items():
                np.testing.assert_array_equal(getattr(second, name), array)
                np.testing.assert_array_equal(getattr(without, name), array)
            np.testing.assert_array_equal(y, before)
            np.testing.assert_array_equal(dx, kept)
            for result in (y, dx):
                assert not any(np.shares_memory(result, array) for array in (x, dy))

    def test_any_order_in_memory(self, block, shape):
        p, (x, dy) = parameters(block, shape), inputs(block, shape)
        results = []
        for order in (np.ascontiguousarray, np.asfortranarray, lambda a: a[::-1].copy()[::-1]):
            g = nans_like(p)
            y, backward = block.forward(copy(p), order(x), PHASES["training"](float))
            results.append({"y": y, "x": backward(order(dy), g), **vars(g)})
        for result in results[1:]:
            for name, array in result.items():
                # Affine and LayerNorm may round otherwise where rows are strided.
                np.testing.assert_allclose(array, results[0][name], rtol=1e-11, atol=1e-13)

    def test_is_a_specification(self, block, shape):
        block.check()
        before, values = repr(block), dict(vars(block))
        for other in (
            clone(block),
            block.plain(),
            type(block)(**block.get_params(deep=False)),
            pickle.loads(pickle.dumps(block)),
            eval(before),
        ):
            assert type(other) is Residual
            assert other is not block
            assert repr(other) == before
            assert other.output_shape(shape) == block.output_shape(shape)
        p, (x, dy) = parameters(block, shape), inputs(block, shape)
        block.forward(p, x)[1](dy, nans_like(p))
        block.initialize(p, np.random.RandomState(0))
        assert repr(block) == before
        assert vars(block) == values
        assert vars(block).keys() == block.get_params(deep=False).keys()

    def test_roles(self, block, shape):
        """The network sorts the arrays of a block, and finds them again."""
        names = block.shapes(shape).keys()
        roles = [*block.weights, *block.intercepts, *block.statistics]
        assert len(set(roles)) == len(roles)
        assert names >= set(roles)
        rest = {name for name in names if re.match("scale|shift", name)}
        assert names == rest | set(roles)
        assert block.weight_factors() == dict.fromkeys(block.weights, 1.0)
        network = Network([block, Affine(2)], shape)
        views = network.layout.views(np.arange(float(network.layout.size)))
        again = network.from_roles(*network.by_role(views))
        for view, expected in zip(again, views, strict=True):
            assert vars(view).keys() == vars(expected).keys()
            assert all(vars(view)[name] is array for name, array in vars(expected).items())


def test_names_and_order():
    block = Residual([Conv2D(4), BatchNorm(), INNER, Conv2D(5)], [Conv2D(5, 1), BatchNorm()])
    assert block.shapes((4, 4, 3)) == {
        "W_0": (3, 3, 3, 4), "b_0": (4,),
        "scale_1": (4,), "shift_1": (4,), "mean_1": (4,), "variance_1": (4,),
        "W_0_2": (3, 3, 4, 2), "b_0_2": (2,), "W_2_2": (1, 1, 4, 2), "b_2_2": (2,),
        "W_3": (3, 3, 2, 5), "b_3": (5,), "W_4": (1, 1, 3, 5), "b_4": (5,),
        "scale_5": (5,), "shift_5": (5,), "mean_5": (5,), "variance_5": (5,),
    }  # fmt: skip
    assert block.weights == ("W_0", "W_0_2", "W_2_2", "W_3", "W_4")
    assert block.intercepts == ("b_0", "b_0_2", "b_2_2", "b_3", "b_4")
    assert block.statistics == ("mean_1", "variance_1", "mean_5", "variance_5")
    assert block.output_shape((4, 4, 3)) == (4, 4, 5)


def test_initialize_draws_as_the_layers_do():
    layers = [Conv2D(4), BatchNorm(), Conv2D(3, 1, initializer=He())]
    block, rng = Residual(layers, [Conv2D(3, 1)]), np.random.RandomState(0)
    first, second = Network([block], (4, 4, 2)), Network(layers, (4, 4, 2))
    got = vars(first.layout.views(first.initialize(np.random.RandomState(0), float))[0])
    conv, norm, last = second.layout.views(second.initialize(rng, float))
    np.testing.assert_array_equal(got["W_0"], conv.W)
    np.testing.assert_array_equal(got["W_2"], last.W)
    np.testing.assert_array_equal(got["W_3"], He()(rng, (1, 1, 2, 3)))
    np.testing.assert_array_equal(got["variance_1"], norm.variance)
    assert not any(got[name].any() for name in ("b_0", "b_2", "b_3", "shift_1", "mean_1"))


def test_max_norm_of_the_layers():
    block = Residual([Conv2D(2, 1, max_norm=1.0), INNER, Residual([Conv2D(2, 1, max_norm=2.0)])])
    p = parameters(block, (3, 3, 2))
    for name in block.weights:
        getattr(p, name)[...] = 3
    before = copy(p)
    block.project(p, block.weight_factors())
    changed = {name for name in vars(p) if not np.array_equal(vars(p)[name], vars(before)[name])}
    assert changed == {"W_0", "W_0_2"}
    np.testing.assert_allclose(p.W_0, np.sqrt(0.5), rtol=1e-14)
    np.testing.assert_allclose(p.W_0_2, np.sqrt(2), rtol=1e-14)
    block.project(p, {**block.weight_factors(), "W_0_2": 2.0})
    np.testing.assert_allclose(p.W_0_2, np.sqrt(0.5), rtol=1e-14)


def test_plain_numbers_in_the_layers():
    block = Residual(
        (Dropout(np.float32(0.5)), Conv2D(np.int64(2), (np.int32(3), 3))),
        [Dropout(np.float64(0.25)), Residual([Dropout(np.float64(0.125))])],
    )
    plain = block.plain()
    dropout, conv = plain.layers
    assert isinstance(plain.layers, tuple)
    assert isinstance(plain.shortcut, list)
    values = [
        dropout.p, plain.shortcut[0].p, plain.shortcut[1].layers[0].p, conv.n_filters, *conv.size,
    ]  # fmt: skip
    assert values == [0.5, 0.25, 0.125, 2, 3, 3]
    assert [type(value) for value in values] == 3 * [float] + 3 * [int]
    assert isinstance(block.layers[0].p, np.float32)
    x = np.ones((2, 3, 3, 2), np.float32)
    p = parameters(plain, (3, 3, 2), np.float32)
    assert plain.forward(p, x, Phase(np.random.RandomState(0)))[0].dtype == np.float32


def test_chance():
    assert not Residual([Conv2D(2)]).random
    assert Residual([Conv2D(2)], Dropout(0.5)).random
    assert Residual([Residual([Dropout(0.5)])]).random
    block, x = Residual([Dropout(0.5)]), np.ones((3, 4, 4, 2))
    assert (
        len(np.unique(block.forward(SimpleNamespace(), x, Phase(np.random.RandomState(0)))[0])) == 2
    )
    np.testing.assert_array_equal(block.forward(SimpleNamespace(), x)[0], 2)


def test_every_inner_layer_is_watched():
    seen = []
    first, inner, last = Conv2D(2), Tanh(), Identity()
    nested, x = Residual([inner]), np.ones((1, 3, 3, 2))
    block, phase = Residual([first, nested], [last]), Phase(watch=lambda *seen_: seen.append(seen_))
    block.forward(parameters(block, (3, 3, 2)), x, phase)
    assert [layer for layer, _ in seen] == [first, nested, inner, last]
    assert seen[0][1] is seen[3][1] is x
    assert seen[1][1] is seen[2][1]


def test_the_first_layers_are_spared_the_gradient_of_the_data():
    asked = []

    class Spy(Conv2D):
        def forward(self, p, x, phase=None):
            y, backward = super().forward(p, x)

            def spy(dy, g, need_dx=True):
                asked.append((self.n_filters, need_dx))
                return backward(dy, g, need_dx)

            return y, spy

    block = Residual([Spy(1), Spy(2)], [Spy(3), Spy(2, 1)])
    p, (x, dy) = parameters(block, (4, 4, 2)), inputs(block, (4, 4, 2))
    _, backward = block.forward(p, x)
    backward(dy, nans_like(p), need_dx=False)
    assert sorted(asked) == [(1, False), (2, True), (2, True), (3, False)]


# Errors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "shape", "ends"),
    [
        (Residual([Conv2D(4)]), (5, 5, 3), [(5, 5, 4), (5, 5, 3)]),
        (Residual([Conv2D(3, stride=2)]), (5, 5, 3), [(3, 3, 3), (5, 5, 3)]),
        (Residual([Conv2D(4)], Conv2D(1, 1)), (5, 5, 3), [(5, 5, 4), (5, 5, 1)]),  # they broadcast
        (Residual([MaxPool2D()], Conv2D(3, stride=2)), (5, 5, 3), [(2, 2, 3), (3, 3, 3)]),
        (Residual([Flatten()]), (1, 1, 3), [(3,), (1, 1, 3)]),
        (Residual([Affine(1)]), (4,), [(1,), (4,)]),
        (Residual([Residual([Conv2D(4)]), Conv2D(3)]), (5, 5, 3), [(5, 5, 4), (5, 5, 3)]),
    ],
)
def test_both_ways_lead_to_one_shape(block, shape, ends):
    message = re.escape(
        f"Residual adds what its layers return, of shape {ends[0]}, to what its shortcut returns, "
        f"of shape {ends[1]}, for inputs of shape {shape}; the two must be equal."
    )
    with pytest.raises(ValueError, match=message):
        block.output_shape(shape)
    with pytest.raises(ValueError, match=message):
        Network([block, Affine(2)], shape)


def test_layers_that_do_not_fit_say_so():
    block = Residual([Conv2D(3, 5, padding="valid")], Conv2D(3, 5, padding=0))
    with pytest.raises(ValueError, match=re.escape("(4 - 5 + 0) / 1 + 1 = 0")):
        block.output_shape((4, 4, 3))
    with pytest.raises(ValueError, match="needs images"):
        Network([Residual([Conv2D(3)])], 12)


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Residual([]), "layers of Residual must hold at least one layer"),
        (Residual(()), "layers of Residual must hold at least one layer"),
        (Residual(Conv2D(3)), "'layers' parameter of Residual"),
        (Residual(None), "'layers' parameter of Residual"),
        (Residual("relu"), "'layers' parameter of Residual"),
        (Residual(iter([ReLU()])), "'layers' parameter of Residual"),
        (Residual(["relu"]), "layers of Residual must hold layers; got 'relu'"),
        (Residual([ReLU(), None]), "layers of Residual must hold layers; got None"),
        (Residual([[ReLU()]]), r"layers of Residual must hold layers; got \[ReLU\(\)\]"),
        (Residual([ReLU]), "layers of Residual must hold layers; got <class"),
        (Residual([ReLU()], "identity"), "'shortcut' parameter of Residual"),
        (Residual([ReLU()], ReLU), "'shortcut' parameter of Residual"),
        (Residual([ReLU()], [3]), "shortcut of Residual must hold layers; got 3"),
        (Residual([Conv2D(0)]), "'n_filters' parameter of Conv2D"),
        (Residual([ReLU()], Dropout(2)), "'p' parameter of Dropout"),
        (Residual([ReLU()], [Conv2D(3, padding=-1)]), "'padding' parameter of Conv2D"),
        (Residual([Residual([Conv2D(3, (3,))])]), "size must be"),
    ],
)
def test_bad_arguments(block, message):
    with pytest.raises(ValueError, match=message):
        block.check()
