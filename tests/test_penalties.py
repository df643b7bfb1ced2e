"""Penalties against the loops of the reference, numbers by hand, numerical gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sk231n import reference
from sk231n.core.penalties import L1, L2, ElasticNet

PENALTIES = [
    (L1(), reference.l1),
    (L2(), reference.l2),
    (ElasticNet(), reference.elastic_net),
    (ElasticNet(l1_ratio=0.2), lambda u: reference.elastic_net(u, 0.2)),
]
U = np.array([3.0, -4.0, 0.0, 0.5])


@settings(derandomize=True, deadline=None)
@given(u=arrays(np.float64, st.integers(1, 9), elements=st.floats(-100, 100, width=32)))
@pytest.mark.parametrize(
    ("penalty", "loops"), PENALTIES, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_against_loops(penalty, loops, u):
    for dtype, rtol in ((np.float64, 1e-14), (np.float32, 1e-6)):
        value, gradient = penalty(u.astype(dtype))
        assert isinstance(value, float)
        assert gradient.dtype == dtype
        expected_value, expected_gradient = loops(u)
        tiny = np.finfo(dtype).tiny  # squares below may underflow
        np.testing.assert_allclose(value, expected_value, rtol=rtol, atol=9 * tiny)
        np.testing.assert_allclose(gradient, expected_gradient, rtol=rtol)


def test_by_hand():
    assert L2()(U)[0] == (9 + 16 + 0.25) / 2
    np.testing.assert_array_equal(L2()(U)[1], U)
    assert L1()(U)[0] == 7.5
    np.testing.assert_array_equal(L1()(U)[1], [1, -1, 0, 1])
    assert ElasticNet(0.25)(U)[0] == 0.25 * 7.5 + 0.75 * 12.625
    np.testing.assert_array_equal(ElasticNet(0.25)(U)[1], [2.5, -3.25, 0, 0.625])


def test_the_ends_of_the_blend():
    for ratio, end in ((0.0, L2()), (1.0, L1())):
        blend = ElasticNet(ratio)
        assert blend(U)[0] == end(U)[0]
        np.testing.assert_array_equal(blend(U)[1], end(U)[1])
        assert blend.curvature == end.curvature


@pytest.mark.parametrize(
    ("penalty", "loops"), PENALTIES, ids=lambda value: getattr(value, "__name__", str(value))
)
class TestEveryPenalty:
    def test_numerical_gradient(self, penalty, loops):
        u = np.array([3.0, -4.0, 0.2, -0.5])  # away from the kink at zero
        numerical = reference.numerical_gradient(lambda v: penalty(v)[0], u)
        gradient = penalty(u)[1]
        assert np.abs(gradient - numerical).max() / np.abs(gradient).max() < 1e-7

    def test_curvature_is_the_largest_second_derivative(self, penalty, loops):
        h, u = 1e-3, np.array([0.7])
        second = (penalty(u + h)[1] - penalty(u - h)[1]) / (2 * h)
        np.testing.assert_allclose(penalty.curvature, second, atol=1e-9)

    def test_smooth(self, penalty, loops):
        tiny = np.array([1e-12])
        jump = penalty(tiny)[1] - penalty(-tiny)[1]
        assert (np.abs(jump) < 1e-6) == penalty.smooth

    def test_leaves_its_argument_as_it_is(self, penalty, loops):
        u = U.copy()
        u.flags.writeable = False
        penalty(u)
