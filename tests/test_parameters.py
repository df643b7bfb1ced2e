"""One flat vector, named views."""

import pickle

import numpy as np
import pytest

from sk231n.core.parameters import Layout

SHAPES = [{"W": (3, 4), "b": (4,)}, {}, {"scale": (4,)}, {"W": (4, 2), "b": (2,)}]


@pytest.fixture
def layout():
    return Layout(SHAPES)


def test_size(layout):
    assert layout.size == 12 + 4 + 4 + 8 + 2


def test_views_lie_one_after_the_other(layout):
    views = layout.views(np.arange(layout.size))
    assert [vars(layer).keys() for layer in views] == [shapes.keys() for shapes in SHAPES]
    np.testing.assert_array_equal(views[0].W, np.arange(12).reshape(3, 4))
    np.testing.assert_array_equal(views[0].b, [12, 13, 14, 15])
    np.testing.assert_array_equal(views[2].scale, [16, 17, 18, 19])
    np.testing.assert_array_equal(views[3].W, np.arange(20, 28).reshape(4, 2))
    np.testing.assert_array_equal(views[3].b, [28, 29])


def test_views_cover_the_vector_once(layout):
    vector = layout.zeros(np.float32)
    for layer in layout.views(vector):
        for view in vars(layer).values():
            assert view.base is vector
            assert view.flags.c_contiguous
            view += 1
    np.testing.assert_array_equal(vector, 1)


def test_a_write_through_a_view_is_seen_by_later_views(layout):
    vector = layout.zeros(np.float64)
    layout.views(vector)[3].b[1] = 7
    assert layout.views(vector)[3].b[1] == 7
    assert vector[-1] == 7


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeros(layout, dtype):
    vector = layout.zeros(dtype)
    assert vector.dtype == dtype
    assert vector.shape == (layout.size,)
    assert not vector.any()


def test_does_not_hold_on_to_the_shapes_it_was_given():
    shapes = [{"W": (2, 2)}]
    layout = Layout(shapes)
    shapes[0]["b"] = (2,)
    assert vars(layout.views(np.zeros(4))[0]).keys() == {"W"}


def test_pickle(layout):
    again = pickle.loads(pickle.dumps(layout))
    assert again.shapes == layout.shapes
    assert again.size == layout.size


def test_nothing_to_lay_out():
    assert Layout([]).size == 0
    assert Layout([]).views(np.zeros(0)) == []
