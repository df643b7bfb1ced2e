"""The generated images."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk231n import HOG
from sk231n.datasets import _shapes, make_shapes


def test_bunch():
    shapes = make_shapes(200, random_state=0)
    assert shapes.images.shape == (200, 32, 32, 3)
    assert shapes.images.dtype == np.uint8
    assert_array_equal(shapes.data, shapes.images.reshape(200, 3072))
    assert np.shares_memory(shapes.data, shapes.images)
    assert shapes.target.dtype == np.int64
    assert np.bincount(shapes.target).tolist() == [25] * 8
    assert shapes.target_names.tolist() == [
        "circle",
        "square",
        "triangle",
        "cross",
        "ring",
        "star",
        "crescent",
        "stripes",
    ]
    assert "generated" in shapes.DESCR
    data, target = make_shapes(200, random_state=0, return_X_y=True)
    assert_array_equal(data, shapes.data)
    assert_array_equal(target, shapes.target)


@pytest.mark.parametrize(
    ("n_samples", "image_size", "n_classes"), [(1, 8, 1), (5, 9, 2), (129, 16, 3), (3, 48, 8)]
)
def test_sizes(n_samples, image_size, n_classes):
    shapes = make_shapes(n_samples, image_size=image_size, n_classes=n_classes)
    assert shapes.images.shape == (n_samples, image_size, image_size, 3)
    assert shapes.data.shape == (n_samples, image_size * image_size * 3)
    assert len(shapes.target_names) == n_classes
    counts = np.bincount(shapes.target, minlength=n_classes)
    assert counts.max() - counts.min() <= 1


def test_random_state():
    first, again = (make_shapes(150, random_state=7) for _ in range(2))
    assert_array_equal(first.images, again.images)
    assert_array_equal(first.target, again.target)
    other = make_shapes(150, random_state=8)
    assert not np.array_equal(first.target, other.target)
    assert len(np.unique(first.data, axis=0)) == 150


def test_noise():
    """The noise has the requested size, measured on two images that differ in noise only."""
    clean, noisy = (make_shapes(8, noise=noise, random_state=0).images for noise in (0, 0.02))
    inside = (clean > 40) & (clean < 215)
    assert 4.5 < (noisy.astype(float) - clean)[inside].std() < 5.7


@pytest.mark.parametrize("shape", _shapes._SHAPES, ids=_shapes._NAMES)
def test_shapes_fit_into_their_circle(shape):
    v, u = np.mgrid[-1.5:1.5:300j, -1.5:1.5:300j]
    inside = shape(u, v) < 0
    assert np.hypot(u, v)[inside].max() < 1.05
    assert 0.7 < inside.mean() * 9 < 2.2


def test_the_methods_come_out_in_their_usual_order():
    shapes = make_shapes(1200, random_state=0)
    pixels = shapes.data / 255
    features = HOG().fit_transform(shapes.images)

    def accuracy(model, X):
        return model.fit(X[:800], shapes.target[:800]).score(X[800:], shapes.target[800:])

    linear = make_pipeline(StandardScaler(), LogisticRegression(C=1e-3, tol=1e-2))
    on_pixels = accuracy(linear, pixels)
    neighbours = accuracy(KNeighborsClassifier(1), pixels)
    on_hog = accuracy(linear.set_params(logisticregression__C=0.01), features)
    assert 1 / 8 < on_pixels < neighbours < on_hog < 1
    assert on_hog > on_pixels + 0.2


@pytest.mark.parametrize(
    "arguments",
    [
        {"n_samples": 0},
        {"image_size": 7},
        {"n_classes": 0},
        {"n_classes": 9},
        {"noise": -0.1},
        {"random_state": "x"},
        {"return_X_y": 1},
    ],
)
def test_arguments(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        make_shapes(**arguments)
