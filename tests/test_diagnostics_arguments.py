"""Invalid arguments of the diagnostics are named before any work."""

import numpy as np
import pytest

from sk231n import LinearSVM, SoftmaxClassifier
from sk231n.diagnostics import (
    check_gradient,
    check_sanity,
    loss_landscape,
    numerical_gradient,
    relative_error,
)

RNG = np.random.RandomState(0)
X, Y = RNG.normal(size=(12, 3)), np.arange(12) % 3
NO_NUMBERS = [True, np.True_, "1", None, np.nan, np.inf, -1, 10**400, 1j, [1]]
NO_COUNTS = [value for value in NO_NUMBERS if value is not np.inf] + [0, 2.5, 10**30]
NO_SEEDS = [True, "seed", -1, 2**32, 10**400, 1.5, np.nan]


@pytest.mark.parametrize(
    ("name", "value"),
    [("n_checks", value) for value in NO_COUNTS]
    + [("h", value) for value in [*NO_NUMBERS, 0, 1e300]]
    + [("tolerance", value) for value in [*NO_NUMBERS, 0]]
    + [("random_state", value) for value in NO_SEEDS],
    ids=lambda value: str(value)[:20],
)
def test_check_gradient(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of check_gradient"):
        check_gradient(LinearSVM(), X, Y, **{name: value})


def test_a_step_that_is_lost_in_rounding():
    """Otherwise nothing would be compared, and all would pass."""
    model = SoftmaxClassifier(random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match=r"h=.* is too small"):
        check_gradient(model, X, Y, h=1e-300)


@pytest.mark.parametrize(
    ("name", "value"),
    [("n_samples", value) for value in [*NO_COUNTS, 1]]
    + [("random_state", value) for value in NO_SEEDS],
    ids=lambda value: str(value)[:20],
)
def test_check_sanity(name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of check_sanity"):
        check_sanity(LinearSVM(), X, Y, **{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("n_directions", value) for value in [*NO_COUNTS, 3]]
    + [("n_points", value) for value in [*NO_COUNTS, 1, 10**6]]
    + [("random_state", value) for value in NO_SEEDS]
    + [
        ("span", value)
        for value in [True, "1", None, np.nan, np.inf, -1, 0, 10**400, (1, 0), (0, np.nan),
                      (0, 10**400), ("0", "1"), (0, 1, 2), 1e308, [], {}, (True,)]
    ]
    + [("directions", value) for value in [[], "ab", 3, [["a"]], [[10**400]], [None], [X] * 3]],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
def test_loss_landscape(name, value):
    model = SoftmaxClassifier(random_state=0, max_iter=1).fit(X, Y)
    with pytest.raises(ValueError, match=rf"(^|')\b{name}\b"):
        loss_landscape(model, X, Y, **{name: value})


@pytest.mark.parametrize("value", [*NO_NUMBERS, 0], ids=lambda value: str(value)[:20])
def test_numerical_gradient_h(value):
    with pytest.raises(ValueError, match="The 'h' parameter of numerical_gradient"):
        numerical_gradient(np.sum, [1.0], h=value)


@pytest.mark.parametrize(
    ("x", "h", "match"),
    [
        ([1.0], 1e-300, "h=1e-300 is too small"), ([1e300], 1e-5, "h=1e-05 is too small"),
        ([1e308], 1.7e308, r"h=1.7e\+308 is too large"), ([np.nan], 1e-5, "x must hold finite"),
        ([np.inf], 1e-5, "x must hold finite"), (["a"], 1e-5, "x must hold"),
        ([10**400], 1e-5, "x must hold numbers"), ([1j], 1e-5, "x must hold"),
        ([[1], [2, 3]], 1e-5, "x must hold"), (None, 1e-5, "x must hold"),
    ],
)  # fmt: skip
def test_numerical_gradient_x(x, h, match):
    with pytest.raises(ValueError, match=match):
        numerical_gradient(np.sum, x, h=h)


@pytest.mark.parametrize("result", ["a", None, 1j, [1, 2], 10**400, [[1], [2, 3]]])
def test_numerical_gradient_f(result):
    with pytest.raises(ValueError, match=r"\bf\b"):
        numerical_gradient(lambda _: result, [1.0])


def test_numerical_gradient_of_what_is_not_callable():
    with pytest.raises(ValueError, match="The 'f' parameter of numerical_gradient"):
        numerical_gradient(3, [1.0])


@pytest.mark.parametrize("bad", ["a", None, 1j, 10**400, [[1], [2, 3]]])
def test_relative_error_of_what_are_no_numbers(bad):
    with pytest.raises(ValueError, match=r"^a must"):
        relative_error(bad, 1.0)
    with pytest.raises(ValueError, match=r"^b must"):
        relative_error(1.0, bad)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1.7e308, -1.7e308, 1.0), (1.7e308, 1.7e308 / 3, 0.5), (1.5e-323, 5e-324, 0.5),
        (5e-324, 0.0, 1.0), (0.0, 0.0, 0.0), (1e300, 1.0, 1.0), (2**60, 2**60, 0.0),
    ],
)  # fmt: skip
def test_relative_errors_at_the_ends_of_the_range(a, b, expected):
    assert relative_error([a], [b]) == pytest.approx(expected, rel=1e-12)
    assert relative_error([b], [a]) == pytest.approx(expected, rel=1e-12)
