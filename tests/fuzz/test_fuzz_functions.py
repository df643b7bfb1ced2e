"""Arguments of the functions and the displays: a result, or an error that names the argument."""

import inspect
import os
import re
import tempfile
from contextlib import chdir
from functools import cache
from unittest.mock import patch

import matplotlib
import numpy as np
from fuzzing import check_named, fuzz, warned_at_the_caller
from hypothesis import strategies as st
from matplotlib import pyplot
from shapes_of_data import ARRAYS, LABELS, WEIGHTS
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from zoo import VALUES

import sk231n
from sk231n import datasets, diagnostics, losses, neighbors, plotting

matplotlib.use("agg")
RNG = np.random.RandomState(0)
X = RNG.rand(12, 4 * 4 * 3)
Y = np.arange(12) % 3


@cache
def fitted():
    """Estimators that the functions look at."""
    svm = sk231n.SoftmaxClassifier(max_iter=2, random_state=0).fit(X, Y, X_val=X, y_val=Y)
    mlp = sk231n.MLPClassifier((3,), "tanh", max_iter=2, random_state=0).fit(X, Y)
    knn = sk231n.KNNClassifier(1).fit(X, Y)
    grid = {"alpha": [0.1, 1.0], "margin": [1.0, 2.0]}
    search = GridSearchCV(sk231n.LinearSVM(max_iter=1, random_state=0), grid, cv=2).fit(X, Y)
    knn_cv = sk231n.KNNClassifierCV((1, 2), cv=2).fit(X, Y)
    hog = sk231n.HOG().fit(X)
    on_hog = make_pipeline(
        sk231n.HOG(pixels_per_cell=(2, 2)), sk231n.LinearSVM(max_iter=1, random_state=0)
    ).fit(X, Y)
    convnet = sk231n.ConvNetClassifier(((3,),), max_iter=1, random_state=0).fit(X, Y)
    return svm, mlp, knn, search, knn_cv, hog, PCA(2).fit(X), convnet, on_hog


def good_calls():
    """Arguments with which every public function and display works, and those to replace."""
    svm, mlp, knn, search, knn_cv, hog, pca, convnet, on_hog = fitted()
    unfitted = sk231n.MLPClassifier((3,), "tanh", max_iter=2)
    images, names = X.reshape(-1, 4, 4, 3), ["a", "b", "c"]
    histograms = sk231n.HOG(block_norm=None, pixels_per_cell=(2, 2)).fit_transform(images[:1])
    landscape = np.linspace(-1, 1, 3)
    return {
        datasets.load_cifar10: {"path": "nowhere", "split": "all", "return_X_y": False},
        datasets.load_fashion_mnist: {"path": "nowhere", "split": "all", "return_X_y": False},
        datasets.fetch_cifar10: {
            "data_home": "nowhere", "split": "all", "return_X_y": False,
            "download_if_missing": False, "mirrors": ["http://localhost:9/"], "sha256": "0" * 64,
            "timeout": 1.0, "n_retries": 1, "delay": 0.0,
        },
        datasets.load_images: {
            "folder": "nowhere", "size": 8, "color": "rgb", "extensions": None,
            "on_error": "raise", "return_X_y": False, "fit": "crop", "max_pixels": 10**6,
            "n_jobs": 1,
        },
        datasets.make_shapes: {
            "n_samples": 4, "image_size": 8, "n_classes": 2, "noise": 0.1, "random_state": 0,
            "return_X_y": True,
        },
        datasets.make_spirals: {
            "n_samples": 6, "n_classes": 2, "noise": 0.1, "random_state": 0,
        },
        datasets.train_val_dev_split: {
            "X": X, "y": Y, "val_size": 0.25, "dev_size": 0.25, "stratify": False,
            "random_state": 0,
        },
        diagnostics.numerical_gradient: {"f": np.sum, "x": X[0, :5].copy(), "h": 1e-5},
        diagnostics.relative_error: {"a": X[0], "b": X[1]},
        diagnostics.check_gradient: {
            "estimator": unfitted, "X": X, "y": Y, "sample_weight": np.ones(12), "n_checks": 2,
            "h": 1e-5, "tolerance": 1e-6, "random_state": 0,
        },
        diagnostics.check_sanity: {
            "estimator": unfitted, "X": X, "y": Y, "n_samples": 4, "random_state": 0,
        },
        diagnostics.activation_statistics: {"estimator": mlp, "X": X},
        diagnostics.update_ratios: {"estimator": svm},
        diagnostics.network_summary: {
            "estimator_or_layers": mlp, "image_shape": None, "n_classes": None, "batch_size": 1,
        },
        diagnostics.loss_landscape: {
            "estimator": mlp, "X": X, "y": Y, "n_directions": 1, "directions": None, "n_points": 3,
            "span": 1.0, "sample_weight": np.ones(12), "random_state": 0,
        },
        losses.log_softmax: {"scores": X[:, :3]},
        neighbors.merge_neighbors: {
            "parts": [(*knn.kneighbors(X[:3], 2), 0), (*knn.kneighbors(X[:3], 2), 12)],
            "n_neighbors": 2,
        },
        plotting.ActivationHistogramDisplay: {"activations": [X[0], X[1]], "names": ["a", "b"]},
        plotting.DistanceMatrixDisplay: {"distances": X[:, :5], "metric": "euclidean"},
        plotting.FilterDisplay: {"maps": images[:3], "names": names, "title": "maps"},
        plotting.HOGDisplay: {
            "image": images[0], "histograms": histograms.reshape(2, 2, 9),
            "pixels_per_cell": (2, 2), "signed": False,
        },
        plotting.HOGWeightsDisplay: {
            "weights": X.reshape(3, 4, 4, 12), "names": names, "signed": False,
        },
        plotting.NeighborsDisplay: {
            "queries": images[:2], "neighbors": images[:6].reshape(2, 3, 4, 4, 3), "y": Y[:2],
            "y_neighbors": Y[:6].reshape(2, 3), "y_pred": Y[1:3], "class_names": names,
        },
        plotting.OcclusionDisplay: {
            "image": images[0], "scores": X[:3, :3], "score": 0.5, "top": [0, 1, 2],
            "left": [0, 1, 2], "window": 2, "title": "a class",
        },
        plotting.ImageGridDisplay: {"images": images, "y": Y, "class_names": names},
        plotting.ImageMapDisplay: {
            "images": images, "embedding": X[:, :2], "axis_names": ["a", "b"],
        },
        plotting.KSelectionDisplay: {"n_neighbors": [1, 2], "scores": X[:2, :2]},
        plotting.LearningCurvesDisplay: {
            "histories": {"a": svm.history_}, "score_name": "accuracy",
        },
        plotting.LossLandscapeDisplay: {
            "coordinates": [landscape], "losses": landscape**2, "center": 0.0, "names": ["a"],
        },
        plotting.MisclassifiedDisplay: {
            "images": images, "y_true": Y, "y_pred": np.roll(Y, 1), "classes": [0, 1, 2],
            "class_names": names,
        },
        plotting.SearchHeatmapDisplay: {
            "x": [1, 1, 2], "y": [1, 2, 1], "scores": [0.1, 0.3, 0.2], "x_name": "x", "y_name": "y",
            "score_name": "score",
        },
        plotting.WeightTemplatesDisplay: {"templates": images[:3], "names": names},
        plotting.ActivationHistogramDisplay.from_estimator: {"estimator": mlp, "X": X},
        plotting.DistanceMatrixDisplay.from_arrays: {
            "X_test": X[:3], "X_train": X, "metric": "euclidean",
        },
        plotting.DistanceMatrixDisplay.from_estimator: {"estimator": knn, "X": X[:3]},
        plotting.FilterDisplay.from_estimator: {
            "estimator": convnet, "image": images[0], "layer": 1, "max_maps": 2,
        },
        plotting.HOGDisplay.from_estimator: {"estimator": hog, "image": images[0]},
        plotting.HOGWeightsDisplay.from_estimator: {"estimator": on_hog, "class_names": names},
        plotting.NeighborsDisplay.from_estimator: {
            "estimator": knn, "X": images[:2], "y": Y[:2], "n_neighbors": 2,
            "training_images": images, "image_shape": None, "class_names": names,
        },
        plotting.OcclusionDisplay.from_estimator: {
            "estimator": convnet, "image": images[0], "label": 1, "window": 2, "stride": 1,
            "cover": "gray", "image_shape": None, "class_names": names,
        },
        plotting.ImageGridDisplay.from_arrays: {
            "X": images, "y": Y, "n_per_class": 2, "image_shape": None, "class_names": names,
        },
        plotting.ImageMapDisplay.from_arrays: {
            "X": images, "embedding": X[:, :2], "method": "pca", "image_shape": None,
            "random_state": 0,
        },
        plotting.ImageMapDisplay.from_estimator: {
            "estimator": pca, "X": X, "images": images, "image_shape": None,
        },
        plotting.KSelectionDisplay.from_estimator: {"estimator": knn_cv, "metric": None},
        plotting.LearningCurvesDisplay.from_estimator: {"estimator": svm},
        plotting.LearningCurvesDisplay.from_estimators: {"estimators": {"a": svm, "b": mlp}},
        plotting.LossLandscapeDisplay.from_estimator: {
            "estimator": mlp, "X": X, "y": Y, "n_directions": 1, "directions": None,
            "n_points": 3, "span": 1.0, "random_state": 0,
        },
        plotting.LossLandscapeDisplay.from_landscape: {
            "landscape": diagnostics.loss_landscape(mlp, X, Y, n_points=3, random_state=0),
        },
        plotting.MisclassifiedDisplay.from_estimator: {
            "estimator": svm, "X": X, "y": Y, "images": images, "n_per_class": 2,
            "image_shape": None, "class_names": names,
        },
        plotting.MisclassifiedDisplay.from_predictions: {
            "y_true": Y, "y_pred": np.roll(Y, 1), "images": images, "n_per_class": 2,
            "image_shape": None, "class_names": names,
        },
        plotting.SearchHeatmapDisplay.from_estimator: {
            "search": search, "x": "alpha", "y": "margin", "metric": None,
        },
        plotting.WeightTemplatesDisplay.from_estimator: {
            "estimator": svm, "image_shape": (4, 4, 3), "class_names": names, "max_units": 10,
        },
    }  # fmt: skip


def public_callables():
    """Every function, display and constructor of a display in the public modules."""
    for module in (datasets, diagnostics, losses, neighbors, plotting):
        for name in module.__all__:
            known = getattr(module, name)
            if inspect.isfunction(known):
                yield known
            elif module is plotting:
                yield known
                yield from (f for _, f in inspect.getmembers(known, inspect.ismethod))


def test_every_function_has_a_good_call():
    calls = good_calls()
    assert set(calls) == set(public_callables())
    for function, arguments in calls.items():
        names = set(inspect.signature(function).parameters) - {"ax", "kwargs"}
        assert names == set(arguments), function


FUNCTIONS = {function.__qualname__: function for function in good_calls()}
CASES = [(name, argument) for name in FUNCTIONS for argument in good_calls()[FUNCTIONS[name]]]
LIKE_DATA = {
    "X", "X_test", "X_train", "x", "a", "b", "images", "image", "scores", "distances", "templates",
    "losses", "embedding", "histograms", "activations", "coordinates", "maps",
    "queries", "neighbors", "weights", "training_images",
}  # fmt: skip


# At the ends of float64 matplotlib's own arithmetic overflows.
EXTREME = re.compile(r"large|huge|mixed magnitudes|extreme")
# What an argument is called where it goes on to.
ALIASES = {"X", "y", "y_true", "y_pred", "classes", "distances", "embedding", "images", "losses",
           "histories", "training samples"}  # fmt: skip
CALLED = ("metric", "f")  # functions of the user, whose errors are their own


def bad_values(name):
    """What stands for the argument, by name."""
    values = {f"value {key}": lambda _, value=value: value for key, value in VALUES.items()}
    if name in LIKE_DATA or name in {"y", "y_true", "y_pred", "sample_weight"}:
        values |= {f"array {key}": make for key, make in ARRAYS.items()}
    if name in {"y", "y_true", "y_pred", "classes", "class_names", "names"}:
        values |= {f"labels {key}": make for key, make in LABELS.items()}
    if name == "sample_weight":
        values |= {f"weights {key}": make for key, make in WEIGHTS.items()}
    return values


def check(function, name, value):
    """Call with this value for the argument; return the message of an error."""
    arguments = good_calls()[FUNCTIONS[function]]
    if "Display" in function and EXTREME.search(value):
        return
    try:
        arguments[name] = bad_values(name)[value](arguments[name])
    except (TypeError, ValueError, OverflowError, AttributeError, FloatingPointError):
        return  # what cannot be made of these data
    bad = arguments[name]
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            chdir(folder),
            patch.dict(os.environ, SCIKIT_LEARN_DATA=folder),
            warned_at_the_caller(),
        ):
            result = FUNCTIONS[function](**arguments)
            if hasattr(result, "plot") and not hasattr(result, "figure_"):
                result.plot()
    except (TypeError, ValueError) as error:
        if not (name in CALLED and callable(bad)):
            check_named(error, *arguments, *ALIASES)
    except OSError:
        assert function in {"load_cifar10", "load_fashion_mnist", "load_images", "fetch_cifar10"}
    finally:
        pyplot.close("all")


@fuzz(400, case=st.sampled_from(CASES), data=st.data())
def test_arguments_of_functions_and_displays(case, data):
    function, name = case
    check(function, name, data.draw(st.sampled_from(sorted(bad_values(name)))))
