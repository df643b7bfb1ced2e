"""The page of the linear classifiers without a browser: state, numbers and words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sk231n import reference
from sk231n.play import _linear_words as words
from sk231n.play._linear import LARGEST_WEIGHT, LOSSES, POINTS, LinearState
from sk231n.play._plane import SIDE, pixels
from sk231n.play._points import LabelledPoints

STEPS = st.lists(st.sampled_from([*LOSSES, "update", "randomise", "move", "relabel"]), max_size=8)


def after(steps):
    """The state after some things that a reader may do."""
    state = LinearState()
    for step in steps:
        if step == "update":
            state.update()
        elif step == "randomise":
            state.randomise(0)
        elif step == "move":
            state.assign("points", state.points.moved(3, 0.123456, -2))
        elif step == "relabel":
            state.assign("points", state.points.relabelled(0, 2))
        else:
            state.assign("loss", step)
    return state


def total_of(state, W, b):
    """The whole loss from the formula of the notes, sample by sample."""
    loss = getattr(reference, "cross_entropy" if state["loss"] == "softmax" else state["loss"])
    n = len(state.points)
    data, _ = loss(state.points.X @ W.T + b, state.points.y, np.full(n, 1 / n))
    return data + state["alpha"] / 2 * (W**2).sum()


def test_it_opens_on_the_points_and_the_totals_of_the_notes():
    state = LinearState()
    assert [f"{total:.2f}" for total in state.totals(state.losses(state.scores()))] == [
        "0.64", "1.93", "2.57",
    ]  # fmt: skip
    assert len(state.points) == 9
    assert state.address() == ""
    assert "0.64" in words.table(state, 0)
    assert "<b>2.57</b>" in words.formula(state, 0)


@given(STEPS)
@settings(max_examples=25, deadline=None)
def test_scores_losses_and_regions_are_those_of_the_formulas(steps):
    state = after(steps)
    scores = state.points.X @ state["W"].T + state["b"]
    np.testing.assert_allclose(state.scores(), scores, atol=1e-12)
    total = state.totals(state.losses(scores))[2]
    np.testing.assert_allclose(total, total_of(state, state["W"], state["b"]))
    of_pixels = pixels() @ state["W"].T + state["b"]
    best_two = np.sort(of_pixels, axis=1)[:, -2:]
    clear = best_two[:, 1] - best_two[:, 0] > 1e-9
    assert clear.mean() > 0.99
    regions = state.regions()
    assert regions.shape == (SIDE, SIDE)
    assert (regions.ravel() == of_pixels.argmax(axis=1))[clear].all()


@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradient_is_that_of_the_whole_loss(loss):
    state = LinearState(f"loss={loss}")
    by_weights, by_intercepts = state.gradients(state.scores())
    h = 1e-6
    for c in range(3):
        for j in range(3):
            W, b = state["W"].copy(), state["b"].copy()
            values = []
            for sign in (1, -1):
                V, a = W.copy(), b.copy()
                if j < 2:
                    V[c, j] += sign * h
                else:
                    a[c] += sign * h
                values.append(total_of(state, V, a))
            numeric = (values[0] - values[1]) / (2 * h)
            exact = by_weights[c, j] if j < 2 else by_intercepts[c]
            assert exact == pytest.approx(numeric, abs=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_an_update_is_one_step_down_the_gradient(loss):
    state = LinearState(f"loss={loss}&rate=0.05&alpha=0.3")
    for n_updates in range(1, 30):
        W, b = state["W"], state["b"]
        by_weights, by_intercepts = state.gradients(state.scores())
        assert state.update() is None
        np.testing.assert_allclose(state["W"], W - 0.05 * by_weights, rtol=0, atol=1e-14)
        np.testing.assert_allclose(state["b"], b - 0.05 * by_intercepts, rtol=0, atol=1e-14)
        assert state.n_updates == n_updates


def test_descent_lowers_the_loss():
    state = LinearState("rate=0.05&alpha=0.01")
    before = state.totals(state.losses(state.scores()))[2]
    for _ in range(200):
        state.update()
    assert state.totals(state.losses(state.scores()))[2] < before / 2


def test_too_large_a_step_says_so_and_changes_nothing():
    state = LinearState("rate=10&alpha=10")
    wrong = None
    while wrong is None:
        before = state["W"].copy(), state["b"].copy(), state.n_updates
        wrong = state.update()
    assert "smaller step size" in wrong
    np.testing.assert_array_equal(state["W"], before[0])
    np.testing.assert_array_equal(state["b"], before[1])
    assert state.n_updates == before[2]
    assert np.abs(state["W"]).max() <= LARGEST_WEIGHT


@given(STEPS)
@settings(max_examples=20, deadline=None)
def test_the_lines_of_python_take_the_next_update(steps):
    state = after(steps)
    names = {}
    exec(words.code(state), names)
    state.update()
    np.testing.assert_array_equal(names["model"].coef_, state["W"])
    np.testing.assert_array_equal(names["model"].intercept_, state["b"])


@given(STEPS)
@settings(max_examples=20, deadline=None)
def test_the_address_reproduces_the_state(steps):
    state = after(steps)
    again = LinearState(state.address())
    assert again.messages == {}
    assert again.address() == state.address()
    np.testing.assert_array_equal(again["W"], state["W"])
    np.testing.assert_array_equal(again["b"], state["b"])
    np.testing.assert_array_equal(again.points.X, state.points.X)
    np.testing.assert_array_equal(again.points.y, state.points.y)
    assert again["loss"] == state["loss"]


def test_lines_have_score_zero_and_arrows_point_where_the_score_grows():
    state = LinearState()
    for c, (start, end, foot, tip) in enumerate(state.lines()):
        for place in (start, end, foot):
            assert place @ state["W"][c] + state["b"][c] == pytest.approx(0, abs=1e-12)
        np.testing.assert_allclose(tip - foot, state["W"][c] / 4)
    state.assign("W", np.zeros((3, 2)))
    assert state.lines() == [None] * 3


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (0, None, "This needs a number."), (2, float("nan"), "This needs a number."),
        (1, "x", "This needs a number."), (0, 1001, "This goes from -1000 to 1000."),
    ],
)  # fmt: skip
def test_a_weight_that_is_no_weight_changes_nothing(column, value, message):
    state = LinearState()
    W, b = state["W"].copy(), state["b"].copy()
    assert state.set_weight(1, column, value) == message
    np.testing.assert_array_equal(state["W"], W)
    np.testing.assert_array_equal(state["b"], b)


def test_setting_a_weight_changes_that_weight_only():
    state = LinearState()
    W, b = state["W"].copy(), state["b"].copy()
    assert state.set_weight(1, 0, "0.5") is None
    assert state.set_weight(2, 2, -3) is None
    W[1, 0], b[2] = 0.5, -3
    np.testing.assert_array_equal(state["W"], W)
    np.testing.assert_array_equal(state["b"], b)
    assert LinearState()["W"][1, 0] == 0.44, "the default is shared"


def test_one_point_stays():
    state = LinearState()
    while len(state.points) > 1:
        assert state.assign("points", state.points.removed(0))
    assert not state.assign("points", state.points.removed(0))
    assert state.messages["points"] == "One point stays."
    assert state.update() is None
    assert len(POINTS) == 9, "the default is shared"


def test_the_table_has_a_row_for_each_point_and_marks_the_chosen_one():
    state = LinearState()
    table = words.table(state, 2)
    assert table.count("<tr") == 1 + 9 + 3
    assert "<tr class=chosen><td class='class-0'>3 ●</td>" in table
    assert table.count("class='good'") == 2
    for i, loss in enumerate(state.losses(state.scores())):
        assert f">{words.number(loss)}</td></tr>" in table.split("</tr>")[i + 1] + "</tr>"


@pytest.mark.parametrize("loss", LOSSES)
def test_the_numbers_in_the_formula_give_its_result(loss):
    """What is shown can be computed: the terms, read as Python, give the loss."""
    state = LinearState(f"loss={loss}")
    scores = np.round(state.scores(), 2)
    for index, label in enumerate(state.points.y):
        terms = words.loss_terms(loss, scores[index], label)
        for shown, python in (
            ("−", "-"), ("e<sup>", "exp("), ("</sup>", ")"), ("log(", "log("),
        ):  # fmt: skip
            terms = terms.replace(shown, python)
        value = eval(terms, {"exp": np.exp, "log": np.log, "max": max})
        assert value == pytest.approx(LOSSES[loss](scores[[index]], np.array([label]))[0])


def test_points_keep_a_thousandth_and_stay_in_the_plane():
    points = LabelledPoints([[0.12345, -1], [0.5, 0.5]], [0, 1]).moved(1, 3.0, -0.00049)
    np.testing.assert_array_equal(points.X, [[0.123, -1], [1, 0]])
    assert points.nearest(0.9, 0.1, 0.2) == 1
    assert points.nearest(0.5, 0.5, 0.2) is None
    assert len(points.added(0, 0, 2)) == 3
    assert len(points) == 2
