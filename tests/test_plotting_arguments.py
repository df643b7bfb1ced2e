"""Displays: errors name invalid arguments, warnings point to the caller's line."""

import sys
import warnings

import matplotlib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

matplotlib.use("Agg")


from sk231n import HOG, KNNClassifier, MLPClassifier, SoftmaxClassifier, Whitening
from sk231n.plotting import (
    ActivationHistogramDisplay,
    DistanceMatrixDisplay,
    FilterDisplay,
    HOGDisplay,
    ImageGridDisplay,
    ImageMapDisplay,
    KSelectionDisplay,
    LearningCurvesDisplay,
    LossLandscapeDisplay,
    MisclassifiedDisplay,
    SearchHeatmapDisplay,
    WeightTemplatesDisplay,
)

RNG = np.random.RandomState(0)
X, Y = RNG.randint(256, size=(30, 8, 8, 3)).astype(np.uint8), np.arange(30) % 3


@pytest.fixture(scope="module")
def softmax():
    return SoftmaxClassifier(random_state=0, max_iter=1).fit(X, Y)


@pytest.fixture(scope="module")
def search():
    grid = {"softmaxclassifier__alpha": [1e-3, 1e-2], "softmaxclassifier__learning_rate": [0.1, 1]}
    model = make_pipeline(StandardScaler(), SoftmaxClassifier(max_iter=1, random_state=0))
    return GridSearchCV(model, grid, cv=2).fit(X.reshape(30, -1), Y)


def drawn(display, names, given):
    """Construct and plot; arguments that the constructor does not have go to `plot`."""
    return display(**{name: value for name, value in given.items() if name in names}).plot(
        **{name: value for name, value in given.items() if name not in names}
    )


NO_COUNTS = [True, 0, -1, 2.5, np.nan, 10**400, 10**30, "2", [1]]
NO_BOOLEANS = [3, "yes", None, np.nan]
NO_WORDS = [True, 3, np.nan, 10**400, "ab", b"ab", {"a": 1}, object()]
NO_NUMBERS = ["a", None, 1j, [["a"]], [10**400], [[1], [2, 3]]]

CASES = [
    (ActivationHistogramDisplay, {"activations": [[0.0, 1.0]]}, {
        "n_cols": NO_COUNTS, "bins": NO_COUNTS, "names": [*NO_WORDS, ["a", "b"]], "bar_kw": [3],
        "activations": [None, 3, "abc", ["abc"], [[]], [[np.nan]], [[10**400]], []], "ax": [3, "a"],
    }),
    (DistanceMatrixDisplay, {"distances": np.ones((2, 3))}, {
        "colorbar": NO_BOOLEANS, "im_kw": ["a"], "distances": [3, None, [1, 2], [[np.nan]], [[]]],
    }),
    (FilterDisplay, {"maps": np.ones((2, 4, 4))}, {
        "maps": [None, 3, "a", [1, 2], np.full((2, 4, 4), np.nan)], "names": [*NO_WORDS, ["a"]],
        "title": [3, b"ab", ["a"]], "scale": [None, 3, "none"], "n_cols": NO_COUNTS, "im_kw": [3],
        "text_kw": [3],
    }),
    (HOGDisplay, {"image": X[0], "histograms": np.ones((1, 1, 9))}, {
        "pixels_per_cell": [True, None, 3, "ab", (8,), (8, 0), (8, 2.5), (8, True), (8, 10**400)],
        "signed": NO_BOOLEANS, "line_kw": [3], "image": [None, 3, "a"],
        "histograms": [*NO_NUMBERS, [1, 2], np.full((1, 1, 9), np.nan)],
    }),
    (ImageGridDisplay, {"images": X, "y": Y}, {
        "class_names": [*NO_WORDS, ["a", "b"]], "images": [None, 3, "abc", X[:3]],
        "y": [None, 3, "abc", Y[:3]], "text_kw": [3],
    }),
    (ImageMapDisplay, {"images": X, "embedding": RNG.normal(size=(30, 2))}, {
        "axis_names": [*NO_WORDS, ["a"]], "image_size": [True, 0, 1, 2, np.nan, 10**400, "1"],
        "snap": NO_BOOLEANS, "images": [None, 3], "embedding": [None, 3, np.ones((29, 2)),
                                                               np.ones((30, 3))],
    }),
    (KSelectionDisplay, {"n_neighbors": [1, 2], "scores": np.ones((2, 3))}, {
        "n_neighbors": [None, 3, "ab", [0, 1], [1, 2, 3], [1.5, 2], [True, False]],
        "scores": [None, 3, [1, 2]],
    }),
    (LearningCurvesDisplay, {"histories": {"a": {"loss": [1], "score": [1]}}}, {
        "histories": [None, 3, "a", {}, {"a": {"loss": [1]}}, {"a": {"score": [1]}}],
        "panel": [None, 3, "all"], "loss_scale": [None, "cubic"], "line_kw": [3],
    }),
    (LossLandscapeDisplay, {"coordinates": [[0, 1], [0, 1]], "losses": [[1, 2], [3, 4]]}, {
        "coordinates": [None, 3, "ab", [["a", "b"], [0, 1]], [[0, 1]]],
        "losses": [*NO_NUMBERS, [1, 2], [[1, np.nan], [1, 2]]], "levels": [True, 1, 10**30, "a"],
        "center": ["abc", [1, 2], [], 10**400, 1j], "names": [*NO_WORDS, ["a"]],
        "colorbar": NO_BOOLEANS, "loss_scale": ["cubic", None],
    }),
    (MisclassifiedDisplay, {"images": X, "y_true": Y, "y_pred": Y[::-1]}, {
        "images": [None, 3, "a", X[:3]], "y_true": [None, 3, "abc", Y[:3]], "y_pred": [None, 3],
        "classes": [True, 3, np.nan, "abc", object()], "class_names": [*NO_WORDS, ["a", "b"]],
    }),
    (SearchHeatmapDisplay, {"x": [1, 2, 3], "y": [1, 2, 3], "scores": [1, 3, 2]}, {
        "x": [*NO_NUMBERS, 3, [1, np.nan], [1]], "y": [*NO_NUMBERS, 3], "scores": [*NO_NUMBERS, 3],
        "xscale": ["cubic", 3], "yscale": ["cubic", 3], "colorbar": NO_BOOLEANS, "mesh_kw": [3],
    }),
    (WeightTemplatesDisplay, {"templates": np.ones((2, 4, 4))}, {
        "templates": [None, 3, "a", [1, 2]], "names": [*NO_WORDS, ["a"]], "n_cols": NO_COUNTS,
        "im_kw": [3],
    }),
]  # fmt: skip
EACH = [
    pytest.param(display, good, name, bad, id=f"{display.__name__}-{name}-{str(bad)[:15]}")
    for display, good, faults in CASES
    for name, values in faults.items()
    for bad in values
]


@pytest.mark.parametrize("display", [case[0] for case in CASES])
def test_the_good_arguments_are_good(display):
    (good,) = (good for other, good, _ in CASES if other is display)
    drawn(display, good, good)


@pytest.mark.parametrize(("display", "good", "name", "bad"), EACH)
def test_arguments(display, good, name, bad):
    of_init = {"names", "class_names", "signed", "pixels_per_cell", "axis_names", "center",
               "classes", "title"} | set(good)  # fmt: skip
    with pytest.raises((ValueError, TypeError), match=rf"\b{name}\b"):
        drawn(display, of_init, {**good, name: bad})


@pytest.mark.parametrize("bad", NO_COUNTS, ids=lambda bad: str(bad)[:15])
def test_counts_of_from(softmax, bad):
    with pytest.raises(ValueError, match="max_units"):
        WeightTemplatesDisplay.from_estimator(softmax, max_units=bad)
    with pytest.raises(ValueError, match="n_per_class"):
        ImageGridDisplay.from_arrays(X, Y, n_per_class=bad)
    with pytest.raises(ValueError, match="n_per_class"):
        MisclassifiedDisplay.from_predictions(Y, Y[::-1], images=X, n_per_class=bad)
    with pytest.raises(ValueError, match="n_points"):
        LossLandscapeDisplay.from_estimator(softmax, X, Y, n_points=bad)


def test_what_displays_are_made_from(softmax, search):
    knn = KNNClassifier(3).fit(X, Y)
    with pytest.raises(ValueError, match="X must hold the test images; got None"):
        DistanceMatrixDisplay.from_estimator(knn, None)
    for name in "X_test", "X_train":
        with pytest.raises(ValueError, match=f"{name} must be"):
            DistanceMatrixDisplay.from_arrays(**{"X_test": X, "X_train": X, name: None})
    with pytest.raises(TypeError, match="landscape must be"):
        LossLandscapeDisplay.from_landscape(None)
    with pytest.raises(ValueError, match="random_state"):
        ImageMapDisplay.from_arrays(X, random_state=True)
    for wrong in None, 3, "search":
        with pytest.raises(TypeError, match="search must be a fitted search"):
            SearchHeatmapDisplay.from_estimator(wrong)
        with pytest.raises(TypeError, match="estimator must be a fitted search"):
            KSelectionDisplay.from_estimator(wrong)
    for wrong in True, 3, "beta", [], np.nan:
        for name in "x", "y":
            with pytest.raises(ValueError, match=rf"^{name}( must be|=)"):
                SearchHeatmapDisplay.from_estimator(search, **{name: wrong})
        with pytest.raises(ValueError, match=r"^metric="):
            SearchHeatmapDisplay.from_estimator(search, metric=wrong)


def test_the_edge_is_warned_of_at_the_callers_line(search):
    for call in (
        lambda: SearchHeatmapDisplay.from_estimator(search),
        SearchHeatmapDisplay([1, 10, 100], [1, 2, 3], [1, 2, 3]).plot,
    ):
        with warnings.catch_warnings(record=True) as record:
            warnings.simplefilter("always")
            call()
        edges = [entry for entry in record if "edge of the values tried" in str(entry.message)]
        assert edges
        assert {entry.filename for entry in edges} == {__file__}


def calls_that_draw(softmax):
    mlp = MLPClassifier((4,), random_state=0, max_iter=1).fit(X, Y)
    return {
        "ActivationHistogramDisplay.from_estimator": (mlp, X),
        "DistanceMatrixDisplay.from_arrays": (X, X),
        "HOGDisplay.from_estimator": (HOG().fit(X), X[0]),
        "ImageGridDisplay.from_arrays": (X, Y),
        "ImageMapDisplay.from_estimator": (Whitening(n_components=2).fit(X), X),
        "LearningCurvesDisplay.from_estimator": (softmax,),
        "WeightTemplatesDisplay.from_estimator": (softmax,),
    }


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch, softmax):
    """The command does not need this package to be in an index, so it works from a clone too."""
    calls = calls_that_draw(softmax)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for name, arguments in calls.items():
        display, method = name.split(".")
        with pytest.raises(ImportError, match=rf"{name} .*: pip install matplotlib$"):
            getattr(globals()[display], method)(*arguments)


NOT_FITTED = [None, 3, "{}%s", np.zeros(2), [], Whitening]


@pytest.mark.parametrize("estimator", NOT_FITTED, ids=repr)
def test_what_is_no_estimator_is_named(estimator):
    for display, arguments in [
        (DistanceMatrixDisplay, (X,)),
        (FilterDisplay, ()),
        (HOGDisplay, (X[0],)),
        (ImageMapDisplay, (X,)),
        (MisclassifiedDisplay, (X, Y)),
        (WeightTemplatesDisplay, ()),
    ]:
        with pytest.raises(TypeError, match=r"\bestimator\b"):
            display.from_estimator(estimator, *arguments)
    with pytest.raises(TypeError, match=r"\bsearch\b"):
        SearchHeatmapDisplay.from_estimator(estimator)


@pytest.mark.parametrize("value", [10**400, "text", b"x", {}, 1j, [1]])
def test_what_is_no_number_in_an_array_is_named(value):
    rows = X[:4].reshape(4, -1).astype(object)
    rows[0, 0] = value
    for name, call in {
        "distances": lambda: DistanceMatrixDisplay(rows).plot(),
        "templates": lambda: WeightTemplatesDisplay(rows).plot(),
        "images": lambda: ImageGridDisplay(rows, Y[:4]).plot(),
        "embedding": lambda: ImageMapDisplay(X[:4], rows[:, :2]).plot(),
        "scores": lambda: KSelectionDisplay([1, 2, 3, 4], rows[:, :4]).plot(),
        "X_test": lambda: DistanceMatrixDisplay.from_arrays(rows, X),
        "X_train": lambda: DistanceMatrixDisplay.from_arrays(X, rows),
    }.items():
        with pytest.raises((TypeError, ValueError), match=rf"\b{name}\b"):
            call()


def test_images_of_the_largest_numbers_of_both_signs():
    largest = np.finfo(np.float64).max
    images = np.where(np.arange(2 * 64).reshape(2, 8, 8) % 2, largest, -largest)
    grid = ImageGridDisplay(images, [0, 1]).plot()
    shown = grid.figure_.findobj(matplotlib.image.AxesImage)
    assert shown
    for image in shown:
        values = np.asarray(image.get_array())
        assert np.isfinite(values).all()


def test_histograms_are_not_negative():
    for histograms in -np.ones((1, 1, 9)), np.ones((0, 1, 9)), np.ones((1, 1, 0)):
        with pytest.raises(ValueError, match="histograms"):
            HOGDisplay(X[0], histograms).plot()


@pytest.mark.parametrize(
    "labels",
    [[0, None, 1], [0, b"a", 1], [0, {}, 1], [[0], [1, 2], [3]], [0, 1j, 1],
     [0, np.nan, 1], np.ones((3, 2)), np.ones((3, 1, 1)), np.zeros((3, 0))],
)  # fmt: skip
def test_what_is_no_column_of_labels_is_named(labels):
    good = [0, 1, 2]
    for call, name in [
        (lambda: ImageGridDisplay(X[:3], labels).plot(), "y"),
        (lambda: ImageGridDisplay.from_arrays(X[:3], labels), "y"),
        (lambda: MisclassifiedDisplay(X[:3], labels, good).plot(), "y_true"),
        (lambda: MisclassifiedDisplay(X[:3], good, labels).plot(), "y_pred"),
        (lambda: MisclassifiedDisplay(X[:3], good, good, classes=labels).plot(), "classes"),
        (lambda: MisclassifiedDisplay.from_predictions(labels, good, images=X[:3]), "y_true"),
        (lambda: MisclassifiedDisplay.from_predictions(good, labels, images=X[:3]), "y_pred"),
    ]:
        with pytest.raises((TypeError, ValueError), match=rf"\b{name}\b"):
            call()


def test_histories_are_histories():
    for history in (3, None, "loss", ["loss", "score"]):
        with pytest.raises(ValueError, match="histories"):
            LearningCurvesDisplay({"a": history}).plot()


def test_what_is_no_estimator_among_several_is_named(softmax):
    for wrong in (3, None, "a", []):
        with pytest.raises(TypeError, match="estimators"):
            LearningCurvesDisplay.from_estimators({"a": softmax, "b": wrong})
