"""The page of the network without a browser: state, training, the hidden plane and words."""

import numpy as np
import pytest

from sk231n.play import _network_words as words
from sk231n.play._hidden import HiddenPlane, grid_lines
from sk231n.play._network import ACTIVATIONS, MOST_EPOCHS, OPTIMIZERS, NetworkState
from sk231n.play._plane import SHARES, SIDE, palette, pixels
from sk231n.play._points import LabelledPoints


def trained(address="", epochs=5):
    state = NetworkState(address)
    for _ in range(epochs):
        assert state.train() is None
    return state


@pytest.mark.parametrize("data", ["spirals", "circles", "clusters"])
def test_every_data_set_is_learnt(data):
    state = trained(f"data={data}&held_out=30", 60)
    _, accuracy, _, held_out_accuracy = state.history[-1]
    assert accuracy > 0.93
    assert held_out_accuracy > 0.75
    assert len(state.history) == 60


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_choice_trains_and_the_lines_of_python_train_the_same(activation, optimizer):
    state = trained(f"activation={activation}&optimizer={optimizer}&widths=5,3&count=40", 3)
    names = {}
    code = words.code(state)
    exec(code, names)
    assert len(code.splitlines()) == 4
    for ours, theirs in zip(state.model.coefs_, names["model"].coefs_, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_regions_are_the_predictions_in_shades_of_their_probability():
    state = trained()
    regions = state.regions()
    assert regions.shape == (SIDE, SIDE)
    n_shades = len(SHARES)
    np.testing.assert_array_equal(regions.ravel() // n_shades, state.model.predict(pixels()))
    sure = state.model.predict_proba(pixels()).max(axis=1)
    shades = regions.ravel() % n_shades
    assert set(shades) == set(range(n_shades))
    for shade in range(n_shades - 1):
        assert sure[shades == shade].max() <= sure[shades == shade + 1].min()
    assert regions.max() < len(palette("light", n_shades))


def test_held_out_points_are_not_trained_on():
    state = trained("held_out=50&count=60")
    train, held_out = state.split()
    assert (len(train), len(held_out)) == (30, 30)
    moved = NetworkState("held_out=50&count=60")
    # A held-out point at another place changes the judgement, not the network.
    index = int(state.held_out_indices()[0])
    moved.assign("points", moved.points.moved(index, 0.9, 0.9))
    for _ in range(5):
        moved.train()
    np.testing.assert_array_equal(moved.model.coefs_[0], state.model.coefs_[0])
    assert moved.history[-1][:2] == state.history[-1][:2]
    assert moved.history[-1][2] != state.history[-1][2]


def test_without_held_out_points_nothing_is_said_of_them():
    state = trained("held_out=0")
    assert np.isnan(state.history[-1][2:]).all()
    assert "held out" not in words.formula(state, 0)


def test_the_formula_shows_what_the_network_computes():
    state = trained("activation=tanh")
    shown = words.formula(state, 4)
    weights, intercept = state.model.coefs_[0][:, 0], state.model.intercepts_[0][0]
    a = state.points.X[4] @ weights + intercept
    assert f"= {words.number(a)}, h = <b>{words.number(np.tanh(a))}</b>" in shown
    for probability in state.model.predict_proba(state.points.X[[4]])[0]:
        assert f"<b>{words.number(probability)}</b>" in shown
    assert "Nothing is learnt yet." in words.formula(NetworkState(), 0)


def test_the_hidden_plane_of_two_units():
    state = trained("widths=6,4&layer=2&view=units&across=3&up=1")
    hidden = HiddenPlane(state)
    values = state.model.hidden_activations(state.points.X)[1]
    np.testing.assert_allclose(hidden.X, values[:, [2, 0]])
    corners = state.model.hidden_activations(grid_lines()[0])[1]
    np.testing.assert_allclose(hidden.lines[0], corners[:, [2, 0]])
    assert hidden.titles == ["unit 3 of layer 2", "unit 1 of layer 2"]


def test_the_hidden_plane_of_principal_components_shows_most_of_the_variance():
    state = trained("widths=6")
    hidden = HiddenPlane(state)
    places = np.vstack([grid_lines().reshape(-1, 2), state.points.X])
    values = state.model.hidden_activations(places)[0]
    variances = np.linalg.eigvalsh(np.cov(values.T))[::-1]
    seen = np.vstack([hidden.lines.reshape(-1, 2), hidden.X])
    np.testing.assert_allclose(np.var(seen, axis=0, ddof=1), variances[:2])


def test_a_principal_component_keeps_its_sign_from_picture_to_picture():
    state = trained("widths=6")
    hidden = HiddenPlane(state)
    for _ in range(20):
        state.train()
        hidden, before = HiddenPlane(state, hidden), hidden
        assert ((hidden.axes * before.axes).sum(axis=1) >= 0).all()
    flipped = HiddenPlane(state)
    flipped.axes = -hidden.axes
    np.testing.assert_allclose(HiddenPlane(state, flipped).X, -hidden.X)


@pytest.mark.parametrize("address", ["widths=1", "widths=1,1&layer=4&view=units&across=32&up=32"])
def test_the_hidden_plane_of_a_single_unit(address):
    hidden = HiddenPlane(trained(address))
    np.testing.assert_array_equal(hidden.X[:, 0], hidden.X[:, 1])


@pytest.mark.parametrize(
    ("name", "value"),
    [("widths", (4,)), ("activation", "relu"), ("optimizer", "sgd"), ("seed", 3), ("count", 30),
     ("held_out", 0), ("data", "circles"), ("classes", 2)],
)  # fmt: skip
def test_what_a_running_network_cannot_follow_starts_it_again(name, value):
    state = trained()
    assert state.assign(name, value)
    assert state.history == []
    assert state.model is None
    assert not state.mixed
    assert state.train() is None


def test_a_change_of_the_rate_or_of_points_goes_on_and_is_said():
    state = trained()
    assert "changed while it ran" not in words.code(state)
    state.assign("rate", 0.001)
    assert len(state.history) == 5
    assert "changed while it ran" in words.code(state)
    state = trained()
    state.assign("points", state.points.moved(0, 0, 0))
    assert state["data"] == "own"
    assert len(state.history) == 5
    assert state.mixed
    assert state.train() is None


def test_another_class_starts_it_again():
    state = trained()
    state.assign("points", state.points.added(0.5, 0.5, 4))
    assert state.history == []
    assert state.train() is None
    np.testing.assert_array_equal(state.model.classes_, [0, 1, 2, 4])
    assert set(np.unique(state.regions() // len(SHARES))) <= {0, 1, 2, 4}


def test_own_points_begin_from_those_that_are_there():
    state = NetworkState("data=clusters&seed=5")
    before = state.points.X
    assert state.assign("data", "own")
    np.testing.assert_array_equal(state.points.X, before)
    assert state.assign("count", 50)
    assert state["data"] == "spirals"
    assert len(state.points) == 50


def test_points_of_one_class_are_refused():
    state = NetworkState()
    assert not state.assign("points", LabelledPoints([[0, 0], [1, 1]], [2, 2]))
    assert state.messages["points"] == "A network learns at least two classes."


def test_two_points_are_enough():
    state = NetworkState()
    assert state.assign("points", LabelledPoints([[0, 0], [1, 1]], [1, 2]))
    assert state.train() is None


def test_a_diverging_run_says_so_and_keeps_the_network():
    state = trained("optimizer=sgd&activation=identity&alpha=10&rate=10&widths=32,32", 0)
    wrong = None
    for _ in range(200):
        before = len(state.history)
        wrong = state.train()
        if wrong:
            break
    assert wrong == "The training diverged. A smaller rate helps; begin again."
    assert len(state.history) == before


def test_a_run_ends():
    state = NetworkState()
    state.history = [(1.0, 0.5, 1.0, 0.5)] * MOST_EPOCHS
    assert "2,000" in state.train()


def test_the_address_reproduces_the_network():
    state = trained("data=circles&widths=4,4&rate=0.05&seed=2&epochs=0", 7)
    address = state.address()
    again = NetworkState(address)
    assert again.messages == {}
    assert again["epochs"] == 7
    for _ in range(7):
        again.train()
    np.testing.assert_array_equal(again.regions(), state.regions())
    assert again.address() == address


def test_a_failed_first_epoch_leaves_no_network():
    state = NetworkState("optimizer=sgd&activation=identity&alpha=10&rate=10&widths=32,32,32,32")
    for _ in range(50):
        if state.train():
            break
    state.restart()
    assert state.model is None
    assert state.regions() is None
