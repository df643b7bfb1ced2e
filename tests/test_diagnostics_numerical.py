"""Gradients by central differences, and relative errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from sk231n import reference
from sk231n.diagnostics import numerical_gradient, relative_error

NUMBERS = arrays(np.float64, array_shapes(min_dims=0), elements=st.floats(-1e6, 1e6))


class TestNumericalGradient:
    @pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 1, 2), (0,)])
    def test_any_shape(self, shape):
        x = np.random.RandomState(0).standard_normal(shape)
        gradient = numerical_gradient(lambda x: np.sum(np.sin(x)), x)
        assert gradient.shape == shape
        np.testing.assert_allclose(gradient, np.cos(x), atol=1e-9)

    def test_the_loops_agree(self):
        x = np.random.RandomState(1).standard_normal((3, 2))
        f = lambda x: np.exp(x[0] @ x[1]) * x[2, 0]  # noqa: E731
        np.testing.assert_allclose(
            numerical_gradient(f, x), reference.numerical_gradient(f, x), rtol=1e-9, atol=1e-9
        )

    @pytest.mark.parametrize(
        "x", [[1, 2, 3], np.array([1, 2, 3]), np.float32([1, 2, 3]), (1, 2, 3)]
    )
    def test_works_in_float64_on_a_copy(self, x):
        gradient = numerical_gradient(lambda x: np.sum(x**2), x)
        assert gradient.dtype == np.float64
        np.testing.assert_allclose(gradient, [2, 4, 6], rtol=1e-9)
        np.testing.assert_array_equal(x, [1, 2, 3])

    def test_read_only_input(self):
        x = np.ones(2)
        x.flags.writeable = False
        np.testing.assert_allclose(numerical_gradient(np.sum, x), 1)

    def test_the_error_falls_with_the_square_of_h(self):
        errors = [abs(numerical_gradient(np.exp, 0.0, h) - 1) for h in (1e-1, 1e-2, 1e-3)]
        np.testing.assert_allclose(np.array(errors), np.array([1e-2, 1e-4, 1e-6]) / 6, rtol=1e-2)

    def test_the_function_sees_one_coordinate_changed_at_a_time(self):
        seen = []
        numerical_gradient(lambda x: seen.append(x.copy()) or 0.0, [1.0, 2.0], h=0.5)
        np.testing.assert_array_equal(seen, [[1.5, 2], [0.5, 2], [1, 2.5], [1, 1.5]])

    @pytest.mark.parametrize("value", [[1.0], np.array([[1.0]]), np.float32(1)])
    def test_arrays_of_one_number_are_numbers(self, value):
        assert numerical_gradient(lambda x: value, 1.0) == 0

    @pytest.mark.parametrize("value", [np.ones(2), [1, 2], []])
    def test_functions_of_several_values(self, value):
        with pytest.raises(ValueError, match=r"f must return one number; got an array of shape"):
            numerical_gradient(lambda x: value, 1.0)

    @pytest.mark.parametrize("h", [0, -1e-5, "small", None, np.nan])
    def test_bad_h(self, h):
        with pytest.raises(ValueError, match="'h' parameter of numerical_gradient"):
            numerical_gradient(np.sum, 1.0, h)

    def test_bad_f(self):
        with pytest.raises(ValueError, match="'f' parameter of numerical_gradient"):
            numerical_gradient(3.0, 1.0)

    def test_bad_x(self):
        with pytest.raises(ValueError, match="x must hold real numbers"):
            numerical_gradient(np.sum, ["a"])


class TestRelativeError:
    @pytest.mark.parametrize(
        ("a", "b", "expected"),
        [
            (1.0, 1.0, 0),
            (0.0, 0.0, 0),
            ([0.0, 0.0], [0.0, -0.0], 0),
            (1.0, 0.0, 1),
            (1.0, -1.0, 1),
            (3.0, 1.0, 0.5),
            ([1.0, 2.0, 0.0], [1.0, 6.0, 0.0], 0.5),
            ([[5]], [[5]], 0),
            ([], [], 0),
            (5e-324, 0.0, 1),
            (1e300, 1e300, 0),
        ],
    )
    def test_by_hand(self, a, b, expected):
        assert relative_error(a, b) == expected
        assert relative_error(b, a) == expected

    @given(NUMBERS)
    def test_of_equal_arrays_is_zero(self, a):
        assert relative_error(a, a.copy()) == 0

    @given(NUMBERS.flatmap(lambda a: st.tuples(
        st.just(a), arrays(np.float64, a.shape, elements=st.floats(-1e6, 1e6)))))  # fmt: skip
    def test_lies_between_zero_and_one_and_does_not_care_about_scale(self, pair):
        a, b = pair
        error = relative_error(a, b)
        assert 0 <= error <= 1
        assert relative_error(-1024 * a, -1024 * b) == pytest.approx(error, abs=1e-12)

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_what_is_not_finite_is_nan(self, bad):
        assert np.isnan(relative_error([1.0, bad], [1.0, 2.0]))
        assert np.isnan(relative_error([1.0, bad], [1.0, bad]))

    def test_shapes_must_agree(self):
        with pytest.raises(ValueError, match=r"same shape; got \(2,\) and \(3,\)"):
            relative_error(np.ones(2), np.ones(3))
        with pytest.raises(ValueError, match="same shape"):
            relative_error(1.0, [1.0])
