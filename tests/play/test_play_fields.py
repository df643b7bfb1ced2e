"""Fields and addresses of the pages: whatever comes in, a message and no error."""

import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sk231n.play._cards import cards
from sk231n.play._fields import Choice, FieldError, Number, Numbers, Points, Widths
from sk231n.play._knn import NeighborsState
from sk231n.play._linear import LinearState
from sk231n.play._network import NetworkState
from sk231n.play._plane import COLOURS, MARKERS, NAMES, SIDE, SIGNS, TIE, palette, pixels

STATES = [LinearState, NeighborsState, NetworkState]
HOSTILE = st.text(string.printable + "é→\x00\ud7ff", max_size=30) | st.sampled_from(
    ["nan", "inf", "-inf", "1e999", "0x10", "1_0", "__import__('os')", "<script>", "%00", "9" * 400,
     "../../etc/passwd", "1,2", "0,0,0;", ";;;", "0,0,0;0,0,1", "١", "1e-320"]
)  # fmt: skip


@pytest.mark.parametrize("state_class", STATES)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_address_is_an_error(state_class, data):
    names = st.sampled_from([*state_class.fields, "theme", ""])
    pairs = data.draw(st.lists(st.tuples(names, HOSTILE), max_size=5))
    plain = "&".join(f"{name}={value}" for name, value in pairs)
    state = state_class(plain)
    assert set(state.messages) <= set(state_class.fields)
    again = state_class(state.address())
    assert again.messages == {}
    assert again.address() == state.address()


@pytest.mark.parametrize("state_class", STATES)
@pytest.mark.parametrize("value", [None, "", "x", float("nan"), float("inf"), 1e300, -1, [], {}])
def test_no_value_of_a_widget_is_an_error(state_class, value):
    for name in state_class.fields:
        if name == "points" and value is None:
            continue  # stands for no own points
        state = state_class()
        before = state.address()
        if not state.assign(name, value):
            assert state.messages[name].endswith(".")
            assert state.address() == before


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (Number(1, 0, 5), "six", "This needs a number."),
        (Number(1, 0, 5), None, "This needs a number."),
        (Number(1, 0, 5), "6", "This goes from 0 to 5."),
        (Number(1, 0, 5, whole=True), 2.5, "This needs a whole number from 0 to 5."),
        (Choice("a", "ab"), "c", "This is one of a, b."),
        (Numbers([1, 2], 0, 5), "1", "This needs 2 numbers."),
        (Numbers([1, 2], 0, 5), "1,9", "Each number goes from 0 to 5."),
        (Widths((8,), 2, 8), "8, 8, 8", "This needs 1 to 2 whole numbers from 1 to 8, such as 8."),
        (Widths((8,), 2, 8), "eight", "This needs 1 to 2 whole numbers from 1 to 8, such as 8."),
        (Points(None, 3), "0,0,3", "This goes from 0 to 2."),
        (Points(None, 3), "0,0", "This needs at most 300 points x,y,class."),
        (Points(None, 3), "0,0,0;" * 300 + "0,0,0", "This needs at most 300 points x,y,class."),
    ],
)  # fmt: skip
def test_messages_say_what_is_accepted(field, value, message):
    with pytest.raises(FieldError) as caught:
        field.read(value)
    assert str(caught.value) == message


@pytest.mark.parametrize("state_class", STATES)
def test_a_long_address_is_no_error(state_class):
    assert state_class("&".join(f"x{i}=1" for i in range(1000))).messages == {}


def test_a_field_left_blank_in_the_address_gets_a_message():
    assert NeighborsState("k=&metric=").messages == {
        "k": "This needs a number.", "metric": "This is one of l2, l1.",
    }  # fmt: skip


def test_a_good_value_takes_the_message_away():
    state = NeighborsState("k=x")
    assert state.messages == {"k": "This needs a number."}
    assert state.assign("k", 3)
    assert state.messages == {}


def test_pixels_are_centres_from_below():
    assert pixels().shape == (SIDE * SIDE, 2)
    np.testing.assert_allclose(pixels()[0], [-1 + 1 / SIDE, -1 + 1 / SIDE])
    np.testing.assert_allclose(pixels()[1] - pixels()[0], [2 / SIDE, 0])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_classes_have_a_colour_a_shape_and_a_name_each(theme):
    assert len(COLOURS) == len(MARKERS) == len(NAMES) == len(SIGNS)
    assert len({*COLOURS}) == len({*MARKERS}) == len({*SIGNS}) == len(COLOURS)
    assert len(set(palette(theme))) == len(palette(theme)) == len(COLOURS) + 1
    assert palette(theme)[-1] == TIE == "#FFFFFF"
    assert len(palette(theme, 3)) == 3 * len(COLOURS) + 1


def contrast(a, b):
    """The contrast of two colours after the Web Content Accessibility Guidelines."""

    def luminance(colour):
        rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    light, dark = sorted([luminance(a), luminance(b)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("theme", "ink"), [("light", "#1b1f24"), ("dark", "#e8ebef")])
def test_the_outlines_of_points_stand_out_from_every_region(theme, ink):
    for colour in palette(theme, 3)[:-1]:
        assert contrast(colour, ink) > 4.5


def test_the_cards_show_all_three_pages():
    assert set(cards()) == {"/knn", "/linear", "/network"}
    for picture in cards().values():
        assert picture.startswith("<svg")
        assert "nan" not in picture
