"""Optimizers: steps by hand, the loops of the reference, convergence, statelessness."""

import pickle
from functools import partial

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import clone

from sk231n import reference
from sk231n.core.optimizers import OPTIMIZERS
from sk231n.optimizers import LBFGS, SGD, Adagrad, Adam, Momentum, RMSProp

STEPPING = [
    SGD(),
    Momentum(),
    Momentum(nesterov=True),
    Adagrad(),
    RMSProp(),
    Adam(),
    Adam(weight_decay=0.01),
]


def run(optimizer, theta, gradients, rate=0.1, state=None):
    """Take a step for each gradient, as the loop does; return every theta on the way."""
    theta = np.array(theta)
    state = optimizer.start(theta) if state is None else state
    path = []
    for gradient in gradients:
        update = optimizer.direction(np.array(gradient), state, theta)
        update *= rate
        theta -= update
        path.append(theta.copy())
    return np.array(path)


# From theta = 1 with the rate 0.1.
BY_HAND = [
    (SGD(), [0.5, -1.0, 2.0], [0.95, 1.05, 0.85]),
    # v = 0.5, -0.75, 1.625
    (Momentum(0.5), [0.5, -1.0, 2.0], [0.95, 1.025, 0.8625]),
    # v as above, d = g + v / 2 = 0.75, -1.375, 2.8125
    (Momentum(0.5, nesterov=True), [0.5, -1.0, 2.0], [0.925, 1.0625, 0.78125]),
    # root of c = 3, 5, 13; d = 3/4, 4/6, -12/14
    (
        Adagrad(epsilon=1.0),
        [3.0, 4.0, -12.0],
        [0.925, 0.858333333333333, 0.944047619047619],
    ),
    # root of c = 2, 2, 2; d = 4/3, -2/3, -2/3
    (
        RMSProp(decay=0.75, epsilon=1.0),
        [4.0, -2.0, -2.0],
        [0.866666666666667, 0.933333333333333, 1.0],
    ),
    # m = 2, 0, 3 over 1/2, 3/4, 7/8; c = 4, 4, 12 over 1/4, 7/16, 37/64;
    # d = 4 / (4 + 1), 0, (24/7) / (4.555958 + 1)
    (
        Adam(beta1=0.5, beta2=0.75, epsilon=1.0),
        [4.0, -2.0, 6.0],
        [0.92, 0.92, 0.858290188761082],
    ),
    # The same d, and 0.1 theta more: 0.8 + 0.1, 0 + 0.091
    (
        Adam(beta1=0.5, beta2=0.75, epsilon=1.0, weight_decay=0.1),
        [4.0, -2.0],
        [0.91, 0.9009],
    ),
]


@pytest.mark.parametrize(
    ("optimizer", "gradients", "expected"),
    BY_HAND,
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_by_hand(optimizer, gradients, expected):
    path = run(optimizer, [1.0], [[g] for g in gradients])
    np.testing.assert_allclose(path[:, 0], expected, rtol=1e-14)


def loops(step, n_states, theta, gradients, rate=0.1):
    theta, states = theta.copy(), [np.zeros_like(theta) for _ in range(n_states)]
    for gradient in gradients:
        step(theta, gradient, *states, rate=rate)
    return theta


def adam_loops(theta, gradients, **parameters):
    theta, mean, squares = theta.copy(), np.zeros_like(theta), np.zeros_like(theta)
    for t, gradient in enumerate(gradients, start=1):
        reference.adam(theta, gradient, mean, squares, t, rate=0.1, **parameters)
    return theta


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        (SGD(), partial(loops, reference.sgd, 0)),
        (Momentum(), partial(loops, reference.momentum, 1)),
        (Momentum(0.7), partial(loops, partial(reference.momentum, momentum=0.7), 1)),
        (Momentum(nesterov=True), partial(loops, reference.nesterov, 1)),
        (Adagrad(), partial(loops, reference.adagrad, 1)),
        (RMSProp(), partial(loops, reference.rmsprop, 1)),
        (RMSProp(decay=0.9), partial(loops, partial(reference.rmsprop, decay=0.9), 1)),
        (Adam(), adam_loops),
        (Adam(0.8, 0.9, 1e-6, 0.1), partial(adam_loops, beta1=0.8, beta2=0.9, epsilon=1e-6,
                                            weight_decay=0.1)),
    ],
    ids=lambda value: str(value) if hasattr(value, "direction") else "loops",
)  # fmt: skip
@settings(derandomize=True, deadline=None, max_examples=50)
@given(data=st.data())
def test_against_loops(optimizer, expected, data):
    elements = st.floats(-100, 100)
    theta = data.draw(arrays(np.float64, 3, elements=elements))
    gradients = data.draw(arrays(np.float64, (10, 3), elements=elements))
    last = run(optimizer, theta, gradients)[-1]
    np.testing.assert_allclose(last, expected(theta, gradients), rtol=1e-12, atol=1e-12)


def test_nesterov_is_the_formulation_of_the_course():
    rng = np.random.RandomState(0)
    gradients, x, v, mu, rate = rng.standard_normal((8, 4)), np.ones(4), np.zeros(4), 0.9, 0.05
    path = run(Momentum(mu, nesterov=True), x, gradients, rate)
    for gradient, ours in zip(gradients, path, strict=True):
        v_prev = v
        v = mu * v - rate * gradient
        x = x - mu * v_prev + (1 + mu) * v
        np.testing.assert_allclose(ours, x, rtol=1e-13)


def test_nesterov_looks_ahead():
    """With y = theta - rate * mu * v it equals the method that takes the gradient at y."""
    hessian, mu, rate = np.array([1.0, 5.0]), 0.8, 0.1
    optimizer, ahead = Momentum(mu, nesterov=True), np.ones(2)
    state = optimizer.start(ahead)
    theta, v = np.ones(2), np.zeros(2)
    for _ in range(6):
        ahead = ahead - rate * optimizer.direction(hessian * ahead, state, ahead)
        v = mu * v - rate * hessian * (theta + mu * v)
        theta = theta + v
        np.testing.assert_allclose(ahead, theta + mu * v, rtol=1e-13)


def test_adam_moves_every_coordinate_alike_at_first():
    path = run(Adam(), np.zeros(3), [[5.0, -1e-3, 0.0]], rate=1.0)
    np.testing.assert_allclose(path[0], [-1, 1, 0], rtol=1e-4)


def test_adam_s_weight_decay_is_decoupled():
    """A vanishing gradient leaves pure decay, which no adaptive rate rescales."""
    path = run(Adam(weight_decay=0.5), np.array([2.0, -4.0]), np.zeros((2, 2)))
    np.testing.assert_allclose(path, [[1.9, -3.8], [1.805, -3.61]])


@pytest.mark.parametrize(
    ("optimizer", "rate"),
    [
        (SGD(), 0.01),
        (Momentum(), 0.01),
        (Momentum(nesterov=True), 0.01),
        (Adagrad(), 1.0),
        (RMSProp(), 0.1),
        (Adam(), 0.1),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_convergence_on_an_ill_conditioned_quadratic(optimizer, rate):
    hessian, theta, n_steps = np.array([1.0, 10.0, 100.0]), np.array([1.0, -1.0, 1.0]), 2000
    state = optimizer.start(theta)
    for t in range(n_steps):
        theta -= rate * (1 - t / n_steps) * optimizer.direction(hessian * theta, state, theta)
    assert np.abs(theta).max() < 1e-4


@pytest.mark.parametrize(
    "optimizer", STEPPING, ids=lambda value: getattr(value, "__name__", str(value))
)
class TestEveryOptimizer:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_keeps_the_type_and_leaves_theta(self, optimizer, dtype):
        theta = np.ones(4, dtype)
        theta.flags.writeable = False
        state = optimizer.start(theta)
        for _ in range(2):
            direction = optimizer.direction(np.full(4, 0.5, dtype), state, theta)
            assert direction.dtype == dtype
            assert direction.shape == (4,)

    def test_a_direction_may_be_changed(self, optimizer):
        """The loop multiplies it by the rate in place, which must not change the state."""
        theta, gradient = np.ones(3), np.array([1.0, -2.0, 3.0])
        state, undisturbed = optimizer.start(theta), optimizer.start(theta)
        for _ in range(3):
            optimizer.direction(gradient.copy(), undisturbed, theta)
            direction = optimizer.direction(gradient.copy(), state, theta)
            direction *= 1e6
        last = optimizer.direction(gradient.copy(), state, theta)
        expected = optimizer.direction(gradient.copy(), undisturbed, theta)
        np.testing.assert_array_equal(last, expected)

    def test_is_stateless(self, optimizer):
        before = joblib.hash(optimizer)
        run(optimizer, np.ones(2), np.ones((3, 2)))
        assert joblib.hash(optimizer) == before

    def test_state_pickles(self, optimizer):
        gradients = np.random.RandomState(0).standard_normal((6, 3))
        theta = np.ones(3)
        state = optimizer.start(theta)
        middle = run(optimizer, theta, gradients[:3], state=state)[-1]
        state = pickle.loads(pickle.dumps(state))
        last = run(optimizer, middle, gradients[3:], state=state)[-1]
        np.testing.assert_array_equal(last, run(optimizer, theta, gradients)[-1])

    def test_parts_give_the_steps_of_the_whole(self, optimizer):
        """The loop hands over blocks of the parameters, each with a state of its own."""
        rng = np.random.RandomState(0)
        theta, gradients = rng.standard_normal(7), rng.standard_normal((5, 7))
        parts = [
            run(optimizer, theta[part], gradients[:, part]) for part in np.split(range(7), [3])
        ]
        np.testing.assert_array_equal(np.hstack(parts), run(optimizer, theta, gradients))

    def test_arrays_of_two_dimensions(self, optimizer):
        rng = np.random.RandomState(0)
        theta, gradients = rng.standard_normal((3, 2)), rng.standard_normal((5, 3, 2))
        path = run(optimizer, theta, gradients)
        flat = run(optimizer, theta.ravel(), gradients.reshape(5, 6))
        np.testing.assert_array_equal(path.reshape(5, 6), flat)

    def test_no_gradient_no_step(self, optimizer):
        path = run(optimizer, np.zeros(2), np.zeros((3, 2)))
        np.testing.assert_array_equal(path, 0)

    def test_auto_rate_falls_with_the_steepness_of_the_data(self, optimizer):
        gentle, steep = optimizer.auto_rate(1.0, 10.0), optimizer.auto_rate(100.0, 1000.0)
        assert 0 < steep < gentle


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_names_stand_for_valid_specifications(optimizer):
    optimizer.check()
    copy = clone(optimizer)
    assert copy is not optimizer
    assert copy.get_params() == optimizer.get_params()
    assert optimizer.full_batch == isinstance(optimizer, LBFGS)


def test_set_params():
    optimizer = Momentum().set_params(momentum=0.5, nesterov=True)
    assert (optimizer.momentum, optimizer.nesterov) == (0.5, True)
    with pytest.raises(ValueError, match="Invalid parameter 'beta1'"):
        optimizer.set_params(beta1=0.9)


@pytest.mark.parametrize(
    ("optimizer", "name"),
    [
        (Momentum(momentum=1.0), "momentum"),
        (Momentum(momentum=-0.1), "momentum"),
        (Momentum(nesterov="yes"), "nesterov"),
        (Adagrad(epsilon=0.0), "epsilon"),
        (RMSProp(decay=1.0), "decay"),
        (RMSProp(epsilon=-1e-8), "epsilon"),
        (Adam(beta1=1.0), "beta1"),
        (Adam(beta2=float("nan")), "beta2"),
        (Adam(epsilon=None), "epsilon"),
        (Adam(weight_decay=-1e-4), "weight_decay"),
        (LBFGS(memory=0), "memory"),
        (LBFGS(memory=2.5), "memory"),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_bad_parameters(optimizer, name):
    with pytest.raises(ValueError, match=f"'{name}' parameter of {type(optimizer).__name__}"):
        optimizer.check()


def test_adam_s_sums_are_the_means_of_the_formula():
    """The state holds m / (1 - beta1) and c / (1 - beta2)."""
    optimizer, theta = Adam(beta1=0.8, beta2=0.9), np.ones(3)
    gradients = np.random.RandomState(0).standard_normal((4, 3))
    state, mean, squares = optimizer.start(theta), np.zeros(3), np.zeros(3)
    for t, gradient in enumerate(gradients, start=1):
        optimizer.direction(gradient.copy(), state, theta)
        reference.adam(np.ones(3), gradient, mean, squares, t, 0.1, beta1=0.8, beta2=0.9)
        assert state.t == t
        np.testing.assert_allclose((1 - 0.8) * state.sums, mean, rtol=1e-13)
        np.testing.assert_allclose((1 - 0.9) * state.squares, squares, rtol=1e-13)


def test_weight_decay_leaves_alone_what_it_is_told_to():
    optimizer, theta = Adam(weight_decay=0.5), np.array([2.0, 2.0])
    state = optimizer.start(theta, decayed=np.array([True, False]))
    direction = optimizer.direction(np.array([1.0, 1.0]), state, theta)
    np.testing.assert_allclose(direction, [1 + 0.5 * 2, 1])
