"""The spirals of the course."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from sk231n.datasets import make_spirals


def test_shapes_and_types():
    X, y = make_spirals()
    assert X.shape == (300, 2)
    assert X.dtype == np.float64
    assert y.dtype == np.int64
    assert np.bincount(y).tolist() == [100, 100, 100]
    assert np.hypot(*X.T).max() <= 1 + 1e-12


@pytest.mark.parametrize(("n", "counts"), [(10, [4, 3, 3]), (11, [4, 4, 3]), (1, [1]), (2, [1, 1])])
def test_rest_goes_to_the_first_classes(n, counts):
    assert np.bincount(make_spirals(n)[1]).tolist() == counts


def test_random_state():
    X, y = make_spirals(random_state=3)
    again = make_spirals(random_state=3)
    assert_array_equal(X, again[0])
    assert_array_equal(y, again[1])
    assert not np.array_equal(X, make_spirals(random_state=4)[0])
    assert not np.array_equal(y, np.sort(y))


@pytest.mark.parametrize("n_classes", [1, 2, 5])
def test_without_noise_all_points_lie_on_their_arm(n_classes):
    X, y = make_spirals(100, n_classes=n_classes, noise=0)
    radius = np.hypot(*X.T)
    angle = y * 2 * np.pi / n_classes + 4 * radius
    assert_allclose(
        X, radius[:, None] * np.column_stack([np.sin(angle), np.cos(angle)]), atol=1e-12
    )


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("seed", range(3))
def test_a_line_gets_half_and_a_network_all(seed):
    X, y = make_spirals(random_state=seed)
    assert 0.4 < LogisticRegression(C=100).fit(X, y).score(X, y) < 0.6
    network = MLPClassifier((100,), solver="lbfgs", max_iter=200, alpha=1e-3, random_state=0)
    assert network.fit(X, y).score(X, y) >= 0.98


@pytest.mark.parametrize(
    "arguments", [{"n_samples": 0}, {"n_classes": 0}, {"noise": -1}, {"random_state": "x"}]
)
def test_arguments(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        make_spirals(**arguments)
