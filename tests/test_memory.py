"""Memory that is used again, and layers that overwrite what their neighbours release."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk231n.core.memory import Memory
from sk231n.layers import (
    Affine,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    GlobalAveragePool2D,
    Identity,
    Layer,
    MaxPool2D,
    Network,
    Phase,
    ReLU,
    Residual,
)

SHAPE = (64, 1024)  # of arrays that are large enough to be kept


def address(array):
    return array.__array_interface__["data"][0]


def memory_for(*arrays):
    """Memory whose last round had these arrays at the same time."""
    memory = Memory()
    kept = [memory.empty(shape, dtype) for shape, dtype in arrays]
    del kept
    memory.start()
    return memory


class TestMemory:
    def test_is_used_again_when_nobody_refers_to_it(self):
        memory = memory_for((SHAPE, np.float32), (SHAPE, np.float32))
        x = memory.empty(SHAPE, np.float32)
        first = address(x)
        assert address(memory.empty(SHAPE, np.float32)) != first
        part = x.reshape(-1)[5:]
        del x
        assert address(memory.empty(SHAPE, np.float32)) != first  # a view is a reference, too
        del part
        assert address(memory.empty(SHAPE[::-1], np.float32)) == first

    def test_arrays_of_any_type_and_size_share_it(self):
        memory = memory_for((SHAPE, np.float32))
        first = address(memory.empty(SHAPE, np.float32))
        x = memory.empty((32, 1024), np.float64)
        assert (address(x), x.dtype, x.shape) == (first, np.float64, (32, 1024))
        del x
        x, y = memory.empty((32, 1024), bool), memory.empty((32, 500), np.float64)
        assert [address(x), address(y)] == [first, first + x.nbytes]

    def test_is_as_large_as_what_is_needed_at_the_same_time(self):
        memory = memory_for((SHAPE, np.float32), (SHAPE, np.float64), (SHAPE, bool))
        assert len(memory._memory) == 64 * 1024 * (4 + 8 + 1)
        for _ in range(3):
            memory.start()
            memory.empty(SHAPE, np.float64)
            memory.empty((100, 1024), np.float64)  # one after the other
        assert len(memory._memory) == 64 * 1024 * (4 + 8 + 1)

    def test_what_somebody_keeps_is_not_overwritten_by_later_rounds(self):
        memory, kept = Memory(), []
        for k in range(20):
            memory.start()
            for _ in range(3):
                memory.empty(SHAPE, np.float32)[...] = -1
            kept.append(memory.empty(SHAPE, np.float32))
            kept[-1][...] = k
        assert [array.min() for array in kept] == [array.max() for array in kept] == [*range(20)]

    def test_small_arrays_are_new(self):
        memory = Memory()
        assert memory.empty((3, 5), bool).shape == (3, 5)
        memory.start()
        assert not len(memory._memory)

    @given(st.lists(st.tuples(st.integers(2**15, 2**17), st.integers(0, 5)), max_size=30))
    def test_arrays_in_use_lie_apart(self, arrays):
        memory = Memory()
        for _ in range(3):
            memory.start()
            in_use = []  # with the number of arrays that are still made before each is dropped
            for n_bytes, lifetime in arrays:
                in_use = [(left - 1, array) for left, array in in_use if left]
                new = memory.empty((n_bytes,), np.uint8)
                for _, array in in_use:
                    assert not np.may_share_memory(new, array)
                in_use.append((lifetime, new))
                array = new = None


def run(network, theta, x, dy, phase):
    views, gradient = network.layout.views(theta.copy()), np.full_like(theta, np.nan)
    y, backward = network.forward(views, x, phase)
    y = y.copy()
    backward(dy, network.layout.views(gradient))
    trained = np.isfinite(gradient)
    return y, gradient[trained], theta


NETWORKS = {
    "the usual": [
        Conv2D(3), BatchNorm(), ReLU(), MaxPool2D(), Conv2D(4), BatchNorm(), ReLU(),
        GlobalAveragePool2D(),
    ],
    "pooled first": [Conv2D(3), MaxPool2D(), BatchNorm(), ReLU(), AveragePool2D()],
    "twice": [Conv2D(3), ReLU(), BatchNorm(), ReLU(), BatchNorm()],
    "passed through": [Conv2D(3), Identity(), BatchNorm(), Identity(), ReLU()],
    "residual": [Conv2D(3), Residual([BatchNorm(), ReLU(), Conv2D(3), ReLU()]), ReLU()],
    "shortcut only": [Conv2D(3), BatchNorm(), Residual([ReLU()]), ReLU()],
}  # fmt: skip


@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
def test_overwriting_changes_no_bit(layers):
    network = Network([*layers, Affine(2)], (8, 8, 2))
    rng = np.random.RandomState(0)
    theta = network.initialize(rng, np.float32)
    theta += 0.1 * rng.standard_normal(len(theta)).astype(np.float32)
    x = rng.standard_normal((16, 8, 8, 2)).astype(np.float32)
    x.flags.writeable = False  # the input of the network is nobody's to overwrite
    dy = rng.standard_normal((16, 2)).astype(np.float32)
    phase = Phase(np.random.RandomState(0), np.full(16, 1 / 16, np.float32))
    expected = [None, None]
    for k, told in enumerate((False, True)):
        if not told:
            network._told_what_is_free = lambda k, phase: phase
        else:
            del network._told_what_is_free
        expected[k] = run(network, theta, x, dy, replace(phase, empty=Memory().empty))
    for first, second in zip(*expected, strict=True):
        np.testing.assert_array_equal(first, second)


def test_the_pull_back_of_a_network_is_used_once():
    network = Network([Affine(2)], 3)
    theta = network.initialize(np.random.RandomState(0), np.float64)
    views = network.layout.views(theta)
    _, backward = network.forward(views, np.ones((4, 3)))
    backward(np.ones((4, 2)), network.layout.views(np.empty_like(theta)))
    with pytest.raises(RuntimeError, match=r"once.*call forward again"):
        backward(np.ones((4, 2)), network.layout.views(np.empty_like(theta)))


class Listening(Layer):
    """Remembers what it is told."""

    told = []

    def forward(self, p, x, phase=None):
        self.told.append((phase.input_is_free, phase.gradient_is_free))
        return x.copy(), lambda dy, g, need_dx=True: dy.copy()


class Overwriting(Listening):
    overwrites = True


class Derived(Overwriting):
    """Its forward might read what the one that it derives from releases."""


def told(layers):
    Listening.told.clear()
    network = Network(layers, (4, 4, 2))
    theta = network.initialize(np.random.RandomState(0), np.float64)
    network.forward(network.layout.views(theta), np.ones((2, 4, 4, 2)), Phase())
    return Listening.told


def test_only_layers_that_say_so_are_told():
    assert told([Conv2D(2), Listening(), Conv2D(2)]) == [(False, False)]
    assert told([Conv2D(2), Overwriting(), Conv2D(2)]) == [(True, True)]
    assert told([Overwriting(), Conv2D(2)]) == [(False, True)]
    assert told([Conv2D(2), Overwriting()]) == [(True, False)]
    assert told([ReLU(), Overwriting(), Identity()]) == [(False, False)]
    assert told([Conv2D(2), Derived(), Conv2D(2)]) == [(False, False)]


def test_a_layer_of_a_users_own_that_derives_from_ours_releases_nothing():
    class KeepsItsOutput(Conv2D):
        def forward(self, p, x, phase=None):
            y, backward = super().forward(p, x, phase)

            def with_output(dy, g, need_dx=True):
                return backward(dy * (1 + y), g, need_dx)

            return y + y * y / 2, with_output

    assert told([KeepsItsOutput(2), Overwriting()]) == [(False, False)]
