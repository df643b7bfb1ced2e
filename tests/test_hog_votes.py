"""The bins and the lengths of gradients, without arc tangents, against those with them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sk231n.features import HOG, _vote_sums
from sk231n.features._float_gradients import UNCLEAR, FloatVoter, direction_table
from sk231n.features._gradients import bins_of_gradients
from sk231n.features._vote_sums import round_doubtfully_to_float32


def slow_votes(images, orientations, signed):
    """Bins and votes of images (n, h, w, c): the gradient of each channel, its angle and length."""
    rows, columns = np.zeros((2, *images.shape), images.dtype)
    rows[:, 1:-1] = images[:, 2:] - images[:, :-2]
    columns[:, :, 1:-1] = images[:, :, 2:] - images[:, :, :-2]
    lengths = np.hypot(rows, columns)
    best = lengths.argmax(axis=3)[..., np.newaxis]
    row, column, length = (
        np.take_along_axis(array, best, axis=3)[..., 0] for array in (rows, columns, lengths)
    )
    bins = bins_of_gradients(row.astype(float), column.astype(float), orientations, signed)
    return np.where(bins < orientations, bins, 0), np.where(bins < orientations, length, 0)


def check_votes(images, orientations, signed):
    voter = FloatVoter(images.shape[1:], len(images), images.dtype, orientations, signed)
    bins, votes = voter(images)
    expected_bins, expected_votes = slow_votes(images, orientations, signed)
    counts = expected_votes > 0  # without a gradient there is no direction
    np.testing.assert_array_equal(bins[counts], expected_bins[counts])
    limits = np.finfo(images.dtype)
    np.testing.assert_allclose(
        votes, expected_votes, rtol=4 * limits.eps, atol=limits.smallest_subnormal
    )
    np.testing.assert_array_equal(voter.votes_of_hypot([0, -1]), expected_votes[[0, -1]])


MANY_ORIENTATIONS = st.sampled_from([1, 2, 3, 4, 8, 9, 36, 1000, 65536])
FEW_VALUES = st.sampled_from([-2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 3.0])


@settings(max_examples=200, deadline=None)
@given(
    images=st.sampled_from([np.float32, np.float64]).flatmap(
        lambda dtype: arrays(
            dtype,
            (2, 4, 5, 3),
            elements=st.one_of(
                FEW_VALUES,
                st.floats(-(2.0**60), 2.0**60, width=np.dtype(dtype).itemsize * 8),
                st.floats(-(2.0**-60), 2.0**-60, width=np.dtype(dtype).itemsize * 8),
            ),
        )
    ),
    orientations=MANY_ORIENTATIONS,
    signed=st.booleans(),
)
def test_equals_arc_tangents(images, orientations, signed):
    check_votes(images, orientations, signed)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("orientations", [1, 2, 4, 9, 36])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_directions_near_the_edges_of_bins(dtype, orientations, signed):
    edges = np.radians(np.arange(0, 360, 360 / (2 * orientations)))
    angles = np.add.outer(edges, [0, 1e-300, 1e-16, 1e-12, 1e-7, 1e-4, 1e-3])
    angles = np.concatenate([angles.ravel(), -angles.ravel()])
    images = np.zeros((len(angles), 3, 3, 1), dtype)
    images[:, 2, 1, 0], images[:, 1, 2, 0] = np.sin(angles), np.cos(angles)
    check_votes(images, orientations, signed)


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1.0, 1e200])
def test_squares_out_of_range(scale):
    images = np.random.default_rng(0).integers(0, 9, (3, 6, 7, 3)) * scale
    check_votes(images, 9, False)


def test_few_directions_are_unclear():
    table = direction_table(9, False)
    assert 0 < (table == UNCLEAR).sum() < len(table) / 100
    assert set(table) == {UNCLEAR, *range(9)}


def test_doubtful_sums_are_added_again(monkeypatch):
    images = np.random.default_rng(0).random((20, 24, 24, 3))
    expected = HOG().fit_transform(images)
    asked = []
    hypot = FloatVoter.votes_of_hypot
    monkeypatch.setattr(
        FloatVoter,
        "votes_of_hypot",
        lambda self, images: asked.extend(images) or hypot(self, images),
    )
    np.testing.assert_array_equal(HOG(n_jobs=1).fit_transform(images), expected)
    assert not asked
    monkeypatch.setattr(_vote_sums, "FEW_UNITS", 2**28)  # all sums
    np.testing.assert_array_equal(HOG(n_jobs=1).fit_transform(images), expected)
    assert asked == list(range(20))


@pytest.mark.parametrize("exponent", [-100, 0, 7])
def test_what_rounds_doubtfully(exponent):
    middle = 1 + 2.0**-24  # between two neighbours of float32
    off = np.array([0, 3, -9, 30, -30, 9999])
    sums = np.array([0.0, 1.0, *(middle + off * np.finfo(float).eps)]) * 2.0**exponent
    doubtful = round_doubtfully_to_float32(sums)
    assert doubtful.tolist() == [False, False, True, True, True, False, False, False]


def test_sums_below_the_normal_numbers_of_float32_are_doubtful():
    sums = np.array([0.0, 2.0**-125, 1.0, 2.0**-127])
    assert round_doubtfully_to_float32(sums).tolist() == [False, False, False, True]
