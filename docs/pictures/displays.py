"""The displays of ``sk231n.plotting``: each on coloured shapes, digits or a photograph."""

from functools import cache

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits, load_sample_image
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pictures import _patches
from pictures._style import WIDTH, ink
from sk231n import (
    HOG,
    KNNClassifier,
    KNNClassifierCV,
    LinearSVM,
    MLPClassifier,
    SoftmaxClassifier,
    plotting,
)
from sk231n.datasets import make_shapes
from sk231n.diagnostics import loss_landscape
from sk231n.initializers import Normal


def _axes(height):
    return plt.subplots(figsize=(WIDTH, height))[1]


def _sized(display, height):
    display.figure_.set_size_inches(WIDTH, height)
    return display.figure_


def _shapes(n=400):
    return make_shapes(n, random_state=0)


@cache
def _softmax():
    shapes = _shapes()
    return SoftmaxClassifier(random_state=0).fit(shapes.images[:200], shapes.target[:200])


@cache
def _tanh_network():
    X, y = load_digits(return_X_y=True)
    network = MLPClassifier(
        (50, 50, 50), activation="tanh", normalization=None, weight_init=Normal(0.08),
        learning_rate=1e-5, max_iter=1, random_state=0,
    )  # fmt: skip
    return make_pipeline(StandardScaler(), network).fit(X[:200], y[:200])


def activation_histogram_display():
    """Three histograms of a network with tanh, one for each layer: the deeper, the narrower."""
    X, _ = load_digits(return_X_y=True)
    display = plotting.ActivationHistogramDisplay.from_estimator(
        _tanh_network(), X[:200], ax=_axes(2.1)
    )
    return display.figure_


def distance_matrix_display():
    """A coloured matrix of distances with some bright rows and columns, and a scale beside it."""
    X, _ = make_shapes(250, random_state=0, return_X_y=True)
    display = plotting.DistanceMatrixDisplay.from_arrays(X[200:], X[:200], ax=_axes(2.4))
    return display.figure_


def filter_display():
    """Sixteen small coloured pictures, the filters that a first layer has learnt."""
    return plotting.FilterDisplay.from_estimator(
        _patches.network(), ax=_axes(1.7), n_cols=8
    ).figure_


def hog_display():
    """A dimmed photograph of a temple; yellow lines follow the edges of its roofs and columns."""
    photo = _patches.shrunk(load_sample_image("china.jpg")[20:296, 60:516], 3)
    return plotting.HOGDisplay.from_estimator(HOG().fit(photo[None]), photo, ax=_axes(3.7)).figure_


@cache
def _svm_on_hog():
    shapes = make_shapes(400, n_classes=4, random_state=0)
    return make_pipeline(HOG(), LinearSVM()).fit(shapes.images, shapes.target)


def hog_weights_display():
    """For each of four shapes, the edges that speak for it in orange, and against it in blue."""
    display = plotting.HOGWeightsDisplay.from_estimator(
        _svm_on_hog(), class_names=_shapes(4).target_names[:4], ax=_axes(3.2)
    )
    return display.figure_


def image_grid_display():
    """A grid of small images, a column for each class, with the names of the classes above."""
    shapes = _shapes()
    display = plotting.ImageGridDisplay.from_arrays(
        shapes.images, shapes.target, n_per_class=4, class_names=shapes.target_names, ax=_axes(2.8)
    )
    return display.figure_


def image_map_display():
    """Small images of coloured shapes on a plane; those of similar colours lie close together."""
    images = make_shapes(80, random_state=0).images
    return plotting.ImageMapDisplay.from_arrays(images, ax=_axes(3.1)).figure_


@cache
def _k_search():
    X, y = make_shapes(300, random_state=0, return_X_y=True)
    return KNNClassifierCV(n_neighbors=(1, 3, 5, 8, 10, 20, 50, 100)).fit(X, y)


def k_selection_display():
    """Accuracies over the number of neighbours: five points for each, their mean, and a star."""
    return _sized(plotting.KSelectionDisplay.from_estimator(_k_search()), 2.8)


@cache
def _stopped_early():
    X, y = make_shapes(400, random_state=0, return_X_y=True)
    return SoftmaxClassifier(early_stopping=True, random_state=0).fit(X, y)


def learning_curves_display():
    """Loss and accuracy over the epochs, each in training and in validation."""
    return _sized(plotting.LearningCurvesDisplay.from_estimator(_stopped_early()), 2.6)


@cache
def _landscape():
    X, y = make_shapes(100, image_size=8, random_state=0, return_X_y=True)
    softmax = SoftmaxClassifier(random_state=0).fit(X, y)
    return loss_landscape(softmax, X, y, n_points=15, random_state=0)


def loss_landscape_display():
    """Contours of the loss around the learnt parameters; the least is close to the middle."""
    display = plotting.LossLandscapeDisplay.from_landscape(_landscape())
    return _sized(display, 3.4)


def misclassified_display():
    """Columns of small images that a classifier took for the class above, the true one below."""
    shapes = _shapes()
    display = plotting.MisclassifiedDisplay.from_estimator(
        _softmax(), shapes.images[200:], shapes.target[200:], n_per_class=3,
        class_names=shapes.target_names, ax=_axes(3),
    )  # fmt: skip
    return display.figure_


def neighbors_display():
    """Two images with their four nearest neighbours; frames say whether the class agrees."""
    shapes = make_shapes(300, n_classes=4, random_state=0)
    X, y = shapes.images, shapes.target
    knn = KNNClassifier(n_neighbors=4).fit(X[:200], y[:200])
    display = plotting.NeighborsDisplay.from_estimator(
        knn, X[200:202], y[200:202], class_names=shapes.target_names, ax=_axes(3),
        text_kw={"color": ink()},
    )  # fmt: skip
    return display.figure_


@cache
def _softmax_on_hog():
    shapes = _shapes()
    return make_pipeline(HOG(), SoftmaxClassifier(random_state=0)).fit(shapes.images, shapes.target)


def occlusion_display():
    """An image, and the same in grey: red where covering it makes the score of its class fall."""
    shapes = _shapes()
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.7))
    left.imshow(shapes.images[4])
    left.set_axis_off()
    plotting.OcclusionDisplay.from_estimator(
        _softmax_on_hog(), shapes.images[4], class_names=shapes.target_names, ax=right
    )
    return figure


@cache
def _search():
    shapes = _shapes(200)
    features = HOG().fit_transform(shapes.images)
    grid = {"learning_rate": [1e-2, 1e-1, 1, 10], "alpha": [1e-4, 1e-3, 1e-2]}
    search = GridSearchCV(SoftmaxClassifier(max_iter=20, random_state=0), grid, cv=3)
    return search.fit(features, shapes.target)


def search_heatmap_display():
    """A table of accuracies over learning rate and penalty, coloured; the best has a frame."""
    return plotting.SearchHeatmapDisplay.from_estimator(_search(), ax=_axes(2.8)).figure_


def weight_templates_display():
    """The weights of a linear classifier as images: blurred shapes, a template for each class."""
    display = plotting.WeightTemplatesDisplay.from_estimator(
        _softmax(), class_names=_shapes().target_names, ax=_axes(3.3), n_cols=4
    )
    return display.figure_
