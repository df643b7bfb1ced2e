"""Common behaviour of all displays: axes, no global state, early errors, a message if matplotlib is
missing. The drawings of each display are tested in the other files of this name."""

import inspect
import sys
from functools import cache

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sk231n import (
    HOG,
    ConvNetClassifier,
    KNNClassifier,
    KNNClassifierCV,
    MLPClassifier,
    SoftmaxClassifier,
    plotting,
)
from sk231n.datasets import make_spirals

RNG = np.random.RandomState(0)
IMAGES = RNG.randint(0, 256, (24, 6, 6, 3), dtype=np.uint8)
X, Y = IMAGES.reshape(24, 108), np.arange(24) % 3


@pytest.fixture(autouse=True)
def agg():
    plt.switch_backend("agg")


@cache
def softmax():
    return SoftmaxClassifier(max_iter=3, random_state=0).fit(X, Y)


@cache
def mlp():
    return MLPClassifier((5, 4), max_iter=3, random_state=0).fit(X, Y)


@cache
def convnet():
    return ConvNetClassifier(((4,),), max_iter=2, random_state=0).fit(IMAGES, Y)


@cache
def knn():
    return KNNClassifierCV(n_neighbors=(1, 3, 5), cv=3).fit(X, Y)


def search_heatmap(**kwargs):
    x, y = np.meshgrid([1e-3, 1e-2, 1e-1], [0.1, 1, 10])
    scores = np.array([[1, 2, 1], [2, 3, 2], [1, 2, 1]]) / 4
    return plotting.SearchHeatmapDisplay(x.ravel(), y.ravel(), scores.ravel()).plot(**kwargs)


# Each display as users create it.
MAKERS = {
    "ActivationHistogramDisplay": lambda **kw: plotting.ActivationHistogramDisplay.from_estimator(
        mlp(), X, **kw
    ),
    "DistanceMatrixDisplay": lambda **kw: plotting.DistanceMatrixDisplay.from_arrays(
        X[:8], X[8:], **kw
    ),
    "FilterDisplay": lambda **kw: plotting.FilterDisplay.from_estimator(convnet(), **kw),
    "HOGDisplay": lambda **kw: plotting.HOGDisplay.from_estimator(
        HOG(pixels_per_cell=(3, 3)).fit(IMAGES), IMAGES[0], **kw
    ),
    "HOGWeightsDisplay": lambda **kw: plotting.HOGWeightsDisplay.from_estimator(
        make_pipeline(HOG(pixels_per_cell=(3, 3)), SoftmaxClassifier(max_iter=3)).fit(IMAGES, Y),
        **kw,
    ),
    "ImageGridDisplay": lambda **kw: plotting.ImageGridDisplay.from_arrays(X, Y, **kw),
    "ImageMapDisplay": lambda **kw: plotting.ImageMapDisplay.from_arrays(X, **kw),
    "KSelectionDisplay": lambda **kw: plotting.KSelectionDisplay.from_estimator(knn(), **kw),
    "LearningCurvesDisplay": lambda **kw: plotting.LearningCurvesDisplay.from_estimators(
        {"a": mlp(), "b": softmax()}, **kw
    ),
    "LossLandscapeDisplay": lambda **kw: plotting.LossLandscapeDisplay.from_estimator(
        softmax(), X, Y, n_points=3, random_state=0, **kw
    ),
    "MisclassifiedDisplay": lambda **kw: plotting.MisclassifiedDisplay.from_predictions(
        Y, np.roll(Y, 1), images=X, **kw
    ),
    "NeighborsDisplay": lambda **kw: plotting.NeighborsDisplay.from_estimator(
        knn(), X[:3], Y[:3], n_neighbors=4, **kw
    ),
    "OcclusionDisplay": lambda **kw: plotting.OcclusionDisplay.from_estimator(
        convnet(), IMAGES[0], **kw
    ),
    "SearchHeatmapDisplay": search_heatmap,
    "WeightTemplatesDisplay": lambda **kw: plotting.WeightTemplatesDisplay.from_estimator(
        softmax(), **kw
    ),
}
every_display = pytest.mark.parametrize("name", MAKERS)


def test_every_display_is_here():
    assert sorted(MAKERS) == sorted(plotting.__all__)


@every_display
def test_makes_a_figure(name):
    display = MAKERS[name]()
    assert type(display) is getattr(plotting, name)
    assert isinstance(display.ax_, Axes)
    assert display.figure_ is display.ax_.figure
    assert plt.get_fignums() == [display.figure_.number]
    display.figure_.canvas.draw()


@every_display
def test_draws_into_the_axes_given(name):
    """No new figure, and nothing drawn over neighbouring axes."""
    figure = Figure(figsize=(9, 4))
    left, right = figure.subplots(1, 2)
    display = MAKERS[name](ax=left)
    assert display.ax_ is left
    assert display.figure_ is figure
    assert plt.get_fignums() == []
    figure.canvas.draw()
    assert not right.has_data()
    added = [ax for ax in figure.axes if ax not in (left, right)]
    assert all(ax.get_position().x1 <= right.get_position().x0 for ax in added)


@every_display
def test_draws_into_axes_placed_by_hand(name):
    figure = Figure(figsize=(5, 5))
    ax = figure.add_axes([0.2, 0.3, 0.6, 0.5])
    display = MAKERS[name](ax=ax)
    figure.canvas.draw()
    for panel in getattr(display, "axes_", []):
        box = panel.get_position()
        assert box.x0 >= 0.2 - 1e-9
        assert box.x1 <= 0.8 + 1e-9


@every_display
def test_draws_again(name):
    display = MAKERS[name]()
    first = display.ax_
    assert display.plot() is display
    assert display.ax_ is not first


@every_display
def test_leaves_settings_and_data_alone(name):
    before = dict(matplotlib.rcParams), X.copy(), Y.copy()
    MAKERS[name]()
    assert dict(matplotlib.rcParams) == before[0]
    np.testing.assert_array_equal(X, before[1])
    np.testing.assert_array_equal(Y, before[2])


@every_display
@pytest.mark.parametrize("ax", [0, "left", [1, 2], Figure()], ids=repr)
def test_refuses_what_are_no_axes(name, ax):
    with pytest.raises(TypeError, match="ax must be a matplotlib Axes or None; got"):
        MAKERS[name](ax=ax)


@every_display
def test_says_what_to_install(name, monkeypatch):
    display = MAKERS[name]()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in (display.plot, MAKERS[name]):
        with pytest.raises(ImportError, match=rf"{name}.*: pip install matplotlib$"):
            draw()


@every_display
def test_styles_must_be_dicts(name):
    display = MAKERS[name]()
    styles = [key for key in inspect.signature(display.plot).parameters if key.endswith("_kw")]
    assert styles
    for key in styles:
        with pytest.raises((TypeError, ValueError), match=f"'{key}' parameter"):
            display.plot(**{key: "red"})


NEEDS_FIT = {
    "ImageMapDisplay": (PCA(), X),
    "DistanceMatrixDisplay": (KNNClassifier(), X),
    "FilterDisplay": (ConvNetClassifier(),),
    "HOGDisplay": (HOG(), IMAGES[0]),
    "KSelectionDisplay": (KNNClassifierCV(),),
    "LearningCurvesDisplay": (SoftmaxClassifier(),),
    "LossLandscapeDisplay": (SoftmaxClassifier(), X, Y),
    "MisclassifiedDisplay": (SoftmaxClassifier(), X, Y),
    "SearchHeatmapDisplay": (GridSearchCV(SoftmaxClassifier(), {}),),
    "WeightTemplatesDisplay": (SoftmaxClassifier(),),
}


@pytest.mark.parametrize("name", NEEDS_FIT)
def test_refuses_what_is_not_fitted(name):
    with pytest.raises(NotFittedError):
        getattr(plotting, name).from_estimator(*NEEDS_FIT[name])
    assert plt.get_fignums() == []


WRONG_KIND = {
    "ActivationHistogramDisplay": (softmax(), X),
    "DistanceMatrixDisplay": (softmax(), X),
    "FilterDisplay": (softmax(),),
    "HOGDisplay": (softmax(), IMAGES[0]),
    "ImageMapDisplay": (softmax(), X),
    "KSelectionDisplay": (softmax(),),
    "LearningCurvesDisplay": (knn(),),
    "LossLandscapeDisplay": (knn(), X, Y),
    "SearchHeatmapDisplay": (softmax(),),
    "WeightTemplatesDisplay": (knn(),),
}


@pytest.mark.parametrize("name", WRONG_KIND)
def test_names_an_estimator_of_the_wrong_kind(name):
    arguments = WRONG_KIND[name]
    with pytest.raises(TypeError, match=type(arguments[0]).__name__):
        getattr(plotting, name).from_estimator(*arguments)
    assert plt.get_fignums() == []


def test_decision_regions_are_scikit_learns():
    """The picture of the spirals works with scikit-learn's own display."""
    points, labels = make_spirals(random_state=0)
    network = MLPClassifier((50,), max_iter=20, random_state=0).fit(points, labels)
    display = DecisionBoundaryDisplay.from_estimator(
        network, points, response_method="predict", grid_resolution=50
    )
    assert display.response.shape == (50, 50)
    assert set(np.unique(display.response)) == set(labels)
