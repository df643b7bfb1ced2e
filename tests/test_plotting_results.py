"""Displays of results: curves, searches, distances, landscapes, activations."""

import re
import warnings
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from scipy.spatial.distance import cdist
from scipy.stats import loguniform
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk231n import (
    KNNClassifier,
    KNNClassifierCV,
    MLPClassifier,
    MLPRegressor,
    SoftmaxClassifier,
)
from sk231n.diagnostics import loss_landscape
from sk231n.plotting import (
    ActivationHistogramDisplay,
    DistanceMatrixDisplay,
    KSelectionDisplay,
    LearningCurvesDisplay,
    LossLandscapeDisplay,
    SearchHeatmapDisplay,
)

RNG = np.random.RandomState(0)
X = RNG.normal(size=(60, 4))
Y = (X[:, 0] + X[:, 1] ** 2 > 0.5).astype(int)


@pytest.fixture(autouse=True)
def agg():
    plt.switch_backend("agg")


def labels_of(legend):
    return [text.get_text() for text in legend.get_texts()]


# ---------------------------------------------------------------------------------- learning curves


def test_curves_are_the_history():
    softmax = SoftmaxClassifier(max_iter=5, random_state=0).fit(X, Y, X_val=X[:9], y_val=Y[:9])
    display = LearningCurvesDisplay.from_estimator(softmax)
    names = ["loss", "validation_loss", "score", "validation_score"]
    for line, name in zip(display.lines_, names, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4, 5])
        np.testing.assert_array_equal(line.get_ydata(), softmax.history_[name])
    assert [line.axes for line in display.lines_] == [display.axes_[i] for i in (0, 0, 1, 1)]
    assert [ax.get_ylabel() for ax in display.axes_] == ["loss", "accuracy"]
    assert labels_of(display.legend_) == ["training", "validation"]
    # Distinguishable in greyscale too.
    assert [line.get_linestyle() for line in display.lines_[:2]] == ["-", "--"]


def test_curves_without_validation_need_no_legend():
    softmax = make_pipeline(StandardScaler(), SoftmaxClassifier(max_iter=2)).fit(X, Y)
    display = LearningCurvesDisplay.from_estimator(softmax)
    assert len(display.lines_) == 2
    assert display.legend_ is None


def test_curves_of_several_runs():
    runs = {f"run {i}": SoftmaxClassifier(max_iter=3 + i, random_state=i).fit(X, Y)
            for i in range(3)}  # fmt: skip
    runs["watched"] = SoftmaxClassifier(max_iter=3).fit(X, Y, X_val=X, y_val=Y)
    display = LearningCurvesDisplay.from_estimators(runs)
    assert labels_of(display.legend_) == [*runs, "training", "validation"]
    assert len(display.lines_) == 2 * 5
    first_panel = display.lines_[:5]
    assert [len(line.get_xdata()) for line in first_panel] == [3, 4, 5, 3, 3]
    assert len({line.get_color() for line in first_panel}) == 4
    assert len({line.get_marker() for line in first_panel}) == 4


def test_curves_of_a_regression():
    mlp = MLPRegressor((3,), max_iter=2, random_state=0).fit(X, X[:, 0])
    assert LearningCurvesDisplay.from_estimator(mlp).axes_[1].get_ylabel() == "R²"


def test_one_panel_is_the_axes_itself():
    softmax = SoftmaxClassifier(max_iter=3, random_state=0).fit(X, Y)
    ax = Figure().subplots()
    display = LearningCurvesDisplay.from_estimator(softmax, ax=ax, panel="loss", loss_scale="log")
    assert list(display.axes_) == [ax]
    assert ax.axison
    assert ax.get_yscale() == "log"
    LearningCurvesDisplay.from_estimator(softmax, ax=ax, panel="loss")  # may be drawn into again
    assert len(ax.lines) == 2


def test_losses_of_steps_lie_around_that_of_their_epoch():
    model = SoftmaxClassifier(max_iter=4, batch_size=20, history_steps=True, random_state=0)
    display = LearningCurvesDisplay.from_estimator(model.fit(X, Y), panel="loss")
    points, curve = display.ax_.lines
    assert display.lines_ == [curve]
    np.testing.assert_array_equal(points.get_ydata(), model.history_["step_loss"])
    np.testing.assert_array_equal(np.round(points.get_xdata()), np.repeat([1, 2, 3, 4], 3))
    means = points.get_ydata().reshape(4, 3).mean(axis=1)
    np.testing.assert_allclose(curve.get_ydata(), means)


def test_two_panels_need_fresh_axes():
    softmax = SoftmaxClassifier(max_iter=3, random_state=0).fit(X, Y)
    display = LearningCurvesDisplay.from_estimator(softmax)
    with pytest.raises(ValueError, match="ax is switched off"):
        display.plot(display.ax_)


def test_curves_in_a_style():
    history = {"loss": [2.0, 1.0], "score": [0.1, 0.9]}
    display = LearningCurvesDisplay({"": history}).plot(line_kw={"lw": 7, "c": "green"})
    assert {line.get_linewidth() for line in display.lines_} == {7}
    assert {line.get_color() for line in display.lines_} == {"green"}


@pytest.mark.parametrize(
    ("histories", "options", "message"),
    [
        ({}, {}, "histories must be"),
        ([1], {}, "histories must be"),
        ({"a": {"loss": [1.0]}}, {}, r"histories\['a'\] has no 'score'; its keys are \['loss'\]"),
        ({"a": {"loss": [1.0], "score": [1.0]}}, {"panel": "accuracy"}, "'panel' parameter"),
        ({"a": {"loss": [1.0], "score": [1.0]}}, {"loss_scale": "ln"}, "'loss_scale' parameter"),
    ],
)
def test_curves_refuse_nonsense(histories, options, message):
    with pytest.raises(ValueError, match=message):
        LearningCurvesDisplay(histories).plot(**options)
    assert plt.get_fignums() == []


def test_curves_compare_by_name():
    with pytest.raises(ValueError, match="'estimators' parameter"):
        LearningCurvesDisplay.from_estimators([SoftmaxClassifier()])


# -------------------------------------------------------------------------------------- choice of k


def test_k_by_cross_validation():
    knn = KNNClassifierCV(n_neighbors=(7, 1, 3), cv=4).fit(X, Y)
    display = KSelectionDisplay.from_estimator(knn)
    order = [1, 2, 0]
    points = display.points_.get_offsets()
    np.testing.assert_array_equal(points[:, 0], np.repeat([1, 3, 7], 4))
    np.testing.assert_array_equal(points[:, 1], knn.scores_[order].ravel())
    line, _, (bars,) = display.errorbar_
    np.testing.assert_array_equal(line.get_xdata(), [1, 3, 7])
    means, deviations = knn.cv_results_["mean_test_score"], knn.cv_results_["std_test_score"]
    np.testing.assert_allclose(line.get_ydata(), means[order])
    lengths = [end[1] - start[1] for start, end in bars.get_segments()]
    np.testing.assert_allclose(lengths, 2 * deviations[order], atol=1e-12)
    assert display.best_.get_xdata() == [knn.n_neighbors_]
    assert f"best: k = {knn.n_neighbors_}" in labels_of(display.legend_)[1]


def test_k_of_a_grid_search():
    """Other parameters: the best candidate is shown; prefixes and several metrics are allowed."""
    pipeline = make_pipeline(StandardScaler(), KNNClassifier())
    grid = {"knnclassifier__n_neighbors": [1, 5], "knnclassifier__metric": ["euclidean", "cosine"]}
    search = GridSearchCV(
        pipeline, grid, cv=3, scoring=["accuracy", "neg_log_loss"], refit="accuracy"
    ).fit(X, Y)
    display = KSelectionDisplay.from_estimator(search, metric="accuracy")
    means = search.cv_results_["mean_test_accuracy"].reshape(2, 2)  # metrics, ks
    np.testing.assert_allclose(display.errorbar_[0].get_ydata(), means.max(axis=0))
    with pytest.raises(ValueError, match="metric=None is not a metric of the search"):
        KSelectionDisplay.from_estimator(search)


def test_k_far_apart_get_a_log_axis():
    assert KSelectionDisplay([1, 5, 10], np.eye(3)).plot().ax_.get_xscale() == "linear"
    assert KSelectionDisplay([1, 5, 100], np.eye(3)).plot().ax_.get_xscale() == "log"


def test_k_labels_do_not_overlap():
    k = np.arange(1, 101)
    for ax in (None, Figure(figsize=(2, 2)).subplots()):
        display = KSelectionDisplay(k, np.ones((100, 2))).plot(ax)
        display.figure_.canvas.draw()
        boxes = [label.get_window_extent() for label in display.ax_.get_xticklabels()]
        assert len(boxes) > 2
        assert all(a.x1 < b.x0 for a, b in pairwise(boxes))


def test_k_where_a_fold_is_too_small():
    scores = np.array([[0.5, 0.6], [0.7, np.nan], [0.4, 0.4]])
    display = KSelectionDisplay([1, 5, 9], scores).plot()
    assert display.best_.get_xdata() == [1]


@pytest.mark.parametrize(
    ("k", "scores", "message"),
    [
        ([1, 2], np.ones((3, 2)), "n_neighbors must hold one positive integer for each of the 3"),
        ([0, 2], np.ones((2, 2)), "n_neighbors must hold"),
        ([1.5, 2], np.ones((2, 2)), "n_neighbors must hold"),
        ([1, 2], np.full((2, 2), np.nan), "every row of scores contains NaN"),
        ([1, 2], [1, 2], r"scores must have two dimensions; got an array of shape \(2,\)"),
    ],
)
def test_k_refuses_nonsense(k, scores, message):
    with pytest.raises(ValueError, match=message):
        KSelectionDisplay(k, scores).plot()
    assert plt.get_fignums() == []


def test_k_was_not_varied():
    search = GridSearchCV(SoftmaxClassifier(max_iter=2), {"alpha": [0.1, 1]}, cv=2).fit(X, Y)
    with pytest.raises(ValueError, match="'n_neighbors' is not a parameter of the search"):
        KSelectionDisplay.from_estimator(search)


# ---------------------------------------------------------------------------------------- distances


@pytest.mark.parametrize(
    ("metric", "name"), [("euclidean", "euclidean"), ("manhattan", "cityblock")]
)
def test_distances(metric, name):
    expected = cdist(X[:20], X[20:], name)
    display = DistanceMatrixDisplay.from_arrays(X[:20], X[20:], metric=metric)
    np.testing.assert_allclose(display.image_.get_array(), expected)
    knn = KNNClassifier(metric=metric).fit(X[20:], Y[20:])
    display = DistanceMatrixDisplay.from_estimator(knn, X[:20])
    np.testing.assert_allclose(display.image_.get_array(), expected)
    assert display.colorbar_.ax.get_ylabel() == f"{metric.capitalize()} distance"
    np.testing.assert_allclose(display.image_.get_clim(), np.percentile(expected, [1, 99]))


def test_distances_of_your_own():
    display = DistanceMatrixDisplay.from_arrays(X[:3], X, metric=cdist, colorbar=False)
    np.testing.assert_allclose(display.image_.get_array(), cdist(X[:3], X))
    assert display.colorbar_ is None
    assert display.plot().colorbar_.ax.get_ylabel() == "Distance"


def test_distances_in_a_style():
    display = DistanceMatrixDisplay(np.eye(2)).plot(im_kw={"cmap": "gray", "vmin": -1})
    assert display.image_.get_cmap().name == "gray"
    assert display.image_.get_clim()[0] == -1


def test_distances_refuse_nonsense():
    with pytest.raises(ValueError, match="distances contains NaN"):
        DistanceMatrixDisplay([[np.nan]]).plot()
    with pytest.raises(ValueError, match="distances must have two dimensions"):
        DistanceMatrixDisplay([1, 2]).plot()
    with pytest.raises(ValueError, match="features"):
        DistanceMatrixDisplay.from_arrays(X[:, :3], X)
    assert plt.get_fignums() == []


# --------------------------------------------------------------------------------------- landscapes


def test_landscape_along_two_directions():
    softmax = SoftmaxClassifier(max_iter=30, random_state=0).fit(X, Y)
    options = {"n_points": 5, "span": (-1, 2), "random_state": 0}
    display = LossLandscapeDisplay.from_estimator(softmax, X, Y, **options)
    expected = loss_landscape(softmax, X, Y, **options)
    np.testing.assert_array_equal(display.losses, expected.losses)
    i, j = np.unravel_index(np.argmin(expected.losses), (5, 5))
    assert display.minimum_.get_xdata() == [expected.coordinates[0][i]]
    assert display.minimum_.get_ydata() == [expected.coordinates[1][j]]
    assert display.center_.get_data()[0] == display.center_.get_data()[1] == [0]
    assert display.contours_.filled
    assert display.line_ is None
    assert labels_of(display.legend_) == ["learnt", f"least: {expected.losses.min():.3g}"]


def test_landscape_is_not_transposed():
    """The loss is x + 10 y: the contours rise along y."""
    x, y = np.linspace(0, 1, 4), np.linspace(0, 1, 5)
    display = LossLandscapeDisplay([x, y], x[:, np.newaxis] + 10 * y).plot(levels=[0, 5, 11])
    lower = display.contours_.get_paths()[0].vertices
    assert lower[:, 0].max() == 1
    assert lower[:, 1].max() == pytest.approx(0.5)


def test_landscape_along_one_direction():
    t = np.linspace(-1, 1, 5)
    display = LossLandscapeDisplay([t], t**2 + t + 1, center=1.0, names=["way"]).plot()
    np.testing.assert_array_equal(display.line_.get_ydata(), t**2 + t + 1)
    assert (display.minimum_.get_xdata(), display.minimum_.get_ydata()) == ([-0.5], [0.75])
    assert (display.center_.get_xdata(), display.center_.get_ydata()) == ([0], [1])
    assert display.ax_.get_xlabel() == "way"
    assert display.contours_ is display.colorbar_ is None


def test_landscape_of_a_result():
    softmax = SoftmaxClassifier(max_iter=5, random_state=0).fit(X, Y)
    landscape = loss_landscape(softmax, X, Y, n_directions=1, n_points=4)
    display = LossLandscapeDisplay.from_landscape(landscape, loss_scale="log")
    assert display.ax_.get_yscale() == "log"
    assert display.center_.get_ydata() == [landscape.center]


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_flat_and_steep_landscapes(scale):
    t = np.linspace(-1, 1, 3)
    for losses in (np.ones((3, 3)), 10.0 ** np.arange(9).reshape(3, 3)):
        LossLandscapeDisplay([t, t], losses).plot(loss_scale=scale).figure_.canvas.draw()


@pytest.mark.parametrize(
    ("coordinates", "losses", "options", "message"),
    [
        ([[0, 1]], [1, 2, 3], {}, r"losses of shape \(3,\) for coordinates of sizes \(2,\)"),
        ([[0, 1]] * 3, np.ones((2, 2, 2)), {}, "losses must have"),
        ([[0]], [1], {}, "at least two"),
        ([[0, 1]], [1, np.nan], {}, "losses must be finite"),
        ([[0, 1]], [1, 0], {"loss_scale": "log"}, "loss_scale='log' needs positive losses; got 0"),
        ([[0, 1]], [1, 0], {"levels": 1}, "'levels' parameter"),
    ],
)
def test_landscape_refuses_nonsense(coordinates, losses, options, message):
    with pytest.raises(ValueError, match=message):
        LossLandscapeDisplay(coordinates, losses).plot(**options)
    with pytest.raises(ValueError, match="names has 1 entries for 2 directions"):
        LossLandscapeDisplay([[0, 1]] * 2, np.eye(2), names=["a"]).plot()
    assert plt.get_fignums() == []


# -------------------------------------------------------------------------------------- activations


@pytest.mark.parametrize("scaled", [False, True])
def test_activations_by_layer(scaled):
    mlp = MLPClassifier((6, 5, 3), activation="tanh", max_iter=2, random_state=0)
    estimator = make_pipeline(StandardScaler(), mlp) if scaled else mlp
    display = ActivationHistogramDisplay.from_estimator(estimator.fit(X, Y), X)
    rows = estimator[0].transform(X) if scaled else X
    hidden = mlp.hidden_activations(rows)
    assert len(display.axes_) == len(display.bars_) == 3
    for ax, bars, values in zip(display.axes_, display.bars_, hidden, strict=True):
        heights = np.array([bar.get_height() for bar in bars])
        edges = np.array([bar.get_x() for bar in bars] + [bars[-1].get_x() + bars[-1].get_width()])
        np.testing.assert_allclose(heights * values.size, np.histogram(values, edges)[0], atol=1)
        assert heights.sum() == pytest.approx(1)
        assert f"mean {values.mean():.2g}\nstd {values.std():.2g}" in ax.get_title()
    assert len({ax.get_xlim() for ax in display.axes_}) == 1  # one scale


def test_activations_before_training():
    display = ActivationHistogramDisplay.from_estimator(MLPClassifier((6, 5), random_state=0), X)
    assert len(display.axes_) == 2


def test_activations_in_rows():
    display = ActivationHistogramDisplay([RNG.normal(size=9)] * 7, names=list("abcdefg"))
    axes = display.plot(n_cols=3).axes_
    display.figure_.canvas.draw()
    assert len({round(ax.get_position().x0, 3) for ax in axes}) == 3
    assert len({round(ax.get_position().y0, 3) for ax in axes}) == 3
    assert [ax.get_title()[0] for ax in axes] == list("abcdefg")
    assert [bool(ax.get_xlabel()) for ax in axes] == [False] * 4 + [True] * 3


def test_activations_in_one_layer_and_all_alike():
    display = ActivationHistogramDisplay([np.zeros((4, 3))]).plot(bar_kw={"color": "red"})
    assert list(display.axes_) == [display.ax_]
    assert display.bars_[0][0].get_facecolor() == to_rgba("red")


@pytest.mark.parametrize(
    ("activations", "names", "message"),
    [
        ([], None, "activations is empty"),
        ([[1.0], [np.nan]], None, r"activations\[1\] must hold finite numbers"),
        ([[]], None, r"activations\[0\] must hold finite numbers"),
        ([[1.0]], ["a", "b"], "names has 2 entries for 1 layers"),
    ],
)
def test_activations_refuse_nonsense(activations, names, message):
    with pytest.raises(ValueError, match=message):
        ActivationHistogramDisplay(activations, names=names).plot()
    assert plt.get_fignums() == []


# ----------------------------------------------------------------------------------------- searches


def scores_around(x, y, best=(1e-2, 1.0)):
    """A hill on log axes."""
    return -(np.log10(x / best[0]) ** 2) - np.log10(y / best[1]) ** 2


def grid_display(xs, ys, **options):
    x, y = (values.ravel() for values in np.meshgrid(xs, ys))
    return SearchHeatmapDisplay(x, y, scores_around(x, y), **options)


RATES, ALPHAS = [1e-3, 1e-2, 1e-1], [0.1, 1.0, 10.0, 100.0]


def test_grid_becomes_a_heat_map():
    display = grid_display(RATES, ALPHAS, x_name="rate", y_name="alpha").plot()
    table = display.mesh_.get_array()
    assert table.shape == (4, 3)
    assert table[1, 1] == table.max()
    assert (display.ax_.get_xscale(), display.ax_.get_yscale()) == ("log", "log")
    frame = display.best_
    assert frame.get_x() < 1e-2 < frame.get_x() + frame.get_width() < 1e-1
    assert frame.get_y() < 1 < frame.get_y() + frame.get_height() < 10
    assert display.ax_.get_title() == "best (framed): -0.000 at rate = 0.01, alpha = 1"
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["0.001", "0.01", "0.1"]
    assert len(display.texts_) == 12


def test_random_search_becomes_points():
    x, y = loguniform(1e-4, 1).rvs((2, 50), random_state=0)
    x[0], y[0] = 1e-2, 1e-2
    scores = scores_around(x, y, best=(1e-2, 1e-2))
    scores[7] = np.nan
    display = SearchHeatmapDisplay(x, y, scores).plot()
    assert len(display.mesh_.get_offsets()) == 49
    assert (display.best_.get_xdata(), display.best_.get_ydata()) == ([1e-2], [1e-2])
    assert display.texts_ == []
    assert display.ax_.get_xscale() == "log"
    assert labels_of(display.ax_.get_legend()) == ["failed"]


@pytest.mark.parametrize(
    ("rates", "alphas", "messages"),
    [
        (RATES, ALPHAS, []),
        (RATES[1:], ALPHAS, ["best x=0.01 lies on the lower edge .*try smaller"]),
        (RATES[:2], ALPHAS, ["best x=0.01 lies on the upper edge .*try larger"]),
        (RATES, ALPHAS[1:], ["best y=1 lies on the lower edge of the values tried, 1 to 100"]),
        (RATES[:2], ALPHAS[:2], ["best x=0.01 lies on the upper", "best y=1 lies on the upper"]),
        (RATES[1:2], ALPHAS, []),  # a single value has no edges
    ],
)
def test_warns_of_the_edge(rates, alphas, messages):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        grid_display(rates, alphas).plot()
    assert [str(warning.message.args[0])[:17] for warning in caught] == [
        f"The {message[:13]}" for message in messages
    ]
    for warning, message in zip(caught, messages, strict=True):
        assert warning.category is UserWarning
        assert warning.filename == __file__
        assert re.search(message, str(warning.message))


def test_nothing_is_smaller_than_no_regularisation():
    x, y = (values.ravel() for values in np.meshgrid([1, 2, 3], [0, 1e-3, 1, 1000]))
    display = SearchHeatmapDisplay(x, y, -np.abs(x - 2) - y).plot()  # no warning
    labels = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert labels == ["0", "0.001", "1", "1000"]
    np.testing.assert_array_equal(display.ax_.get_yticks(), range(4))  # neither scale suits these


def test_repeated_cells_show_their_best():
    x, y = np.array([1, 1, 2, 2, 3, 3, 2]), np.array([1, 2, 1, 2, 1, 2, 2.0])
    display = SearchHeatmapDisplay(x, y, [1, 2, 3, 4, 3, 2, 9])
    with pytest.warns(UserWarning, match="best y=2 lies on the upper edge"):
        display.plot()
    np.testing.assert_array_equal(display.mesh_.get_array(), [[1, 3, 3], [2, 9, 2]])


def test_failed_cells_stay_empty():
    x, y = (values.ravel() for values in np.meshgrid([1, 2, 3], [1, 2, 3]))
    scores = np.array([1, 2, 1, 2, 3, 2, 1, 2, np.nan])
    display = SearchHeatmapDisplay(x, y, scores).plot()
    assert display.mesh_.get_array().mask.sum() == 1
    assert display.texts_[-1].get_text() == "failed"
    assert display.best_.get_x() == 1.5


def test_search_finds_the_two_parameters():
    pipeline = make_pipeline(StandardScaler(), SoftmaxClassifier(max_iter=3, random_state=0))
    grid = {
        "softmaxclassifier__alpha": [1e-3, 1e-2],
        "softmaxclassifier__batch_size": [10, 20],
        "softmaxclassifier__learning_rate": [1e-2, 1e-1],
        "softmaxclassifier__penalty": ["l1", "l2"],
    }
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two values have edges only
        display = SearchHeatmapDisplay.from_estimator(search)
        swapped = SearchHeatmapDisplay.from_estimator(
            search, x="alpha", y="softmaxclassifier__batch_size"
        )
        completed = SearchHeatmapDisplay.from_estimator(search, y="learning_rate")
    assert (display.x_name, display.y_name) == ("learning_rate", "alpha")
    assert display.mesh_.get_array().max() == search.best_score_
    assert (swapped.x_name, swapped.y_name) == ("alpha", "batch_size")
    assert (completed.x_name, completed.y_name) == ("batch_size", "learning_rate")
    for options, message in [
        ({"x": "penalty"}, "'penalty' is not a parameter of the search with several"),
        ({"x": "alpha", "y": "alpha"}, "x and y are both"),
        ({"metric": "f1"}, "metric='f1' is not a metric of the search"),
    ]:
        with pytest.raises(ValueError, match=message):
            SearchHeatmapDisplay.from_estimator(search, **options)


def test_search_at_random():
    space = {"learning_rate": loguniform(1e-4, 1), "alpha": loguniform(1e-4, 1)}
    search = RandomizedSearchCV(
        SoftmaxClassifier(max_iter=2), space, n_iter=5, cv=2, random_state=0
    ).fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        display = SearchHeatmapDisplay.from_estimator(search)
    assert display.best_.get_xdata() == [search.best_params_["learning_rate"]]
    np.testing.assert_array_equal(display.scores, search.cv_results_["mean_test_score"])


def test_search_over_one_parameter():
    search = GridSearchCV(SoftmaxClassifier(max_iter=2), {"alpha": [1, 2]}, cv=2).fit(X, Y)
    with pytest.raises(ValueError, match=r"at least two parameters .* found \['alpha'\]"):
        SearchHeatmapDisplay.from_estimator(search)


@pytest.mark.parametrize(
    ("x", "y", "scores", "options", "message"),
    [
        ([1, 2], [1], [1, 2], {}, r"one entry for each candidate; got arrays of shapes \(2,\)"),
        ([], [], [], {}, "one entry for each candidate"),
        ([np.inf], [1], [1], {}, "x and y must be finite"),
        ([1], [1], [np.nan], {}, "scores are all NaN"),
        ([0, 1], [1, 2], [1, 2], {"xscale": "log"}, "log scale needs positive values; x goes down"),
        ([1], [1], [1], {"yscale": "sqrt"}, "'yscale' parameter"),
    ],
)
def test_search_refuses_nonsense(x, y, scores, options, message):
    with pytest.raises(ValueError, match=message):
        SearchHeatmapDisplay(x, y, scores).plot(**options)
    assert plt.get_fignums() == []


@pytest.mark.parametrize("decades", [1.02, 1.3, 1.9, 2.5, 9])
def test_ticks_of_a_log_scale_have_room(decades):
    rng = np.random.RandomState(0)
    x, y, scores = rng.rand(3, 30)
    x, y = (10 ** (-3.3 + decades * values) for values in (x, y))
    ends = [10**-3.3, 10 ** (decades - 3.3)]
    x[:2], y[:2], scores[:2] = ends, ends, 0.0
    display = SearchHeatmapDisplay(x, y, scores, x_name="learning_rate", y_name="alpha").plot()
    display.figure_.canvas.draw()
    for axis, end in (display.ax_.xaxis, "x"), (display.ax_.yaxis, "y"):
        low, high = axis.get_view_interval()
        ticks = axis.get_major_ticks() + axis.get_minor_ticks()
        boxes = [
            tick.label1.get_window_extent()
            for tick in ticks
            if tick.label1.get_text() and low <= tick.get_loc() <= high
        ]
        starts, stops = np.sort([[getattr(b, end + k) for b in boxes] for k in "01"], axis=1)
        assert 2 <= len(boxes) <= 10
        assert (starts[1:] > stops[:-1]).all()
