"""The page of the nearest neighbours without a browser: state, numbers and words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sk231n.play import _knn_words as words
from sk231n.play._knn import TIE, NeighborsState, clouds
from sk231n.play._plane import SIDE, pixels
from sk231n.play._points import LabelledPoints


def slow_winner(state, place):
    """The class with most votes, or `TIE`."""
    points = state.points
    differences = np.abs(points.X - place)
    if state["metric"] == "l2":
        distances = np.sqrt((differences**2).sum(axis=1))
    else:
        distances = differences.sum(axis=1)
    nearest = np.lexsort((np.arange(len(points)), distances))[: state["k"]]
    votes = np.bincount(points.y[nearest])
    return TIE if (votes == votes.max()).sum() > 1 else votes.argmax()


@given(
    metric=st.sampled_from(["l1", "l2"]),
    k=st.integers(1, 8),
    places=st.lists(
        st.tuples(st.integers(-8, 8), st.integers(-8, 8), st.integers(0, 4)), min_size=8,
        max_size=20,
    ),
)  # fmt: skip
@settings(max_examples=20, deadline=None)
def test_regions_are_the_exact_votes_and_ties_are_ties(metric, k, places):
    """On a lattice, where many distances are equal."""
    places = np.array(places)
    state = NeighborsState(f"metric={metric}&k={k}")
    assert state.assign("points", LabelledPoints(places[:, :2] / 8, places[:, 2]))
    regions = state.regions()
    assert regions.shape == (SIDE, SIDE)
    for i in range(0, SIDE * SIDE, 997):
        assert regions.ravel()[i] == slow_winner(state, pixels()[i])


@pytest.mark.parametrize("metric", ["l1", "l2"])
def test_many_pixels(metric):
    state = NeighborsState(f"metric={metric}&k=4&classes=4&seed=3")
    slow = [slow_winner(state, place) for place in pixels()[::7]]
    np.testing.assert_array_equal(state.regions().ravel()[::7], slow)
    assert TIE in slow


def test_two_points_of_two_classes_tie_everywhere_for_two_neighbours():
    state = NeighborsState("k=2")
    state.assign("points", LabelledPoints([[0.5, 0], [-0.5, 0]], [0, 1]))
    assert (state.regions() == TIE).all()
    assert "a tie: white" in words.formula(state, (0.1, 0.1))


def test_the_lines_of_python_predict_the_place():
    state = NeighborsState("metric=l1&k=7&classes=5&count=50&seed=8")
    for place in ((0.0, 0.0), (0.313, -0.77)):
        names = {}
        code = words.code(state, place)
        exec(code.replace("knn.predict", "predicted = knn.predict"), names)
        assert names["predicted"] == state.estimator().predict([place])
        assert len(code.splitlines()) == 4


def test_the_formula_shows_the_nearest_and_the_votes():
    state = NeighborsState("k=3")
    state.assign("points", LabelledPoints([[0, 0], [0.5, 0], [0, 0.25], [1, 1]], [0, 1, 1, 2]))
    formula = words.formula(state, (0.0, 0.0))
    assert "d<sub>3</sub> ■ = √( (0.00 − 0.00)² + (0.00 − 0.25)² ) = <b>0.250</b>" in formula
    assert "Votes of the 3 nearest: ● 1, ■ 2; <b>■ wins</b>" in formula


def test_fewer_points_of_a_cloud_are_its_first():
    """On which the page without a server relies."""
    many, few = clouds(60, 4, 2), clouds(23, 4, 2)
    np.testing.assert_array_equal(few.X, many.X[:23])
    np.testing.assert_array_equal(few.y, many.y[:23])


def test_k_is_at_most_the_number_of_points_whatever_comes_first():
    state = NeighborsState("count=20&k=21")
    assert state.messages == {"k": "There are only 20 points."}
    assert state["k"] == 5
    assert state.assign("k", 20)
    assert "k" not in state.messages
    assert not state.assign("count", 19)
    assert state.messages["count"] == "k = 20 neighbours need as many points."
    assert state["count"] == 20
    assert not state.assign("points", state.points.removed(0))
    assert state["points"] is None


def test_other_clouds_replace_the_readers_points():
    state = NeighborsState()
    state.assign("points", state.points.moved(0, 0, 0))
    assert "points=" in state.address()
    state.assign("seed", 1)
    assert state.address() == "seed=1"


def test_the_address_reproduces_the_state():
    state = NeighborsState("metric=l1&k=3&classes=5&count=12&seed=77")
    state.assign("points", state.points.moved(2, 0.1, 0.2).added(0.3, 0.4, 4))
    again = NeighborsState(state.address())
    assert again.messages == {}
    assert again.address() == state.address()
    np.testing.assert_array_equal(again.regions(), state.regions())
