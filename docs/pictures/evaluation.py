"""What a score hides, which data it comes from, and why an image was classified as it was."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.datasets import load_digits
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import permutation_importance
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pictures._style import ink, paper
from sk231n import HOG, KNNClassifier, LinearSVM, SoftmaxClassifier
from sk231n.datasets import make_shapes
from sk231n.plotting import (
    HOGWeightsDisplay,
    MisclassifiedDisplay,
    NeighborsDisplay,
    OcclusionDisplay,
)
from sk231n.plotting._figures import BLUE, ORANGE


@cache
def _shapes():
    """Training, validation and test data, and the names of the classes."""
    shapes = make_shapes(1700, image_size=24, random_state=0)
    train, val, test = slice(500), slice(500, 800), slice(800, None)
    parts = [(shapes.images[part], shapes.target[part]) for part in (train, val, test)]
    return *parts, shapes.target_names


@cache
def _model():
    train, *_ = _shapes()
    return make_pipeline(HOG(), StandardScaler(), SoftmaxClassifier(random_state=0)).fit(*train)


def confusions():
    """Which class is taken for which, and the accuracy of each class with its standard error."""
    *_, (X, y), names = _shapes()
    figure, (left, right) = plt.subplots(1, 2, figsize=(6, 3.3), width_ratios=(1.35, 1))
    shades = LinearSegmentedColormap.from_list("shades", [paper(), "C0"])
    matrix = ConfusionMatrixDisplay.from_estimator(
        _model(), X, y, display_labels=names, xticks_rotation=90, cmap=shades, colorbar=False,
        ax=left,
    ).confusion_matrix  # fmt: skip
    left.set(xlabel="predicted", ylabel="true")
    left.tick_params(length=0)
    n = matrix.sum(axis=1)
    accuracy = matrix.diagonal() / n
    error = np.sqrt(accuracy * (1 - accuracy) / n)
    right.barh(names, accuracy, xerr=error, height=0.7, color="C0", ecolor=ink(), alpha=0.9)
    right.axvline(matrix.trace() / matrix.sum(), color="C1", linewidth=1.5)
    right.text(matrix.trace() / matrix.sum(), -0.65, "all", color="C1", ha="center")
    right.set(ylim=left.get_ylim(), xlim=(0, 1), yticks=(), xlabel="accuracy of the class")
    right.spines.left.set_visible(False)
    return figure


def mistakes():
    """The images that the model gets wrong, a column for each predicted class."""
    *_, (X, y), names = _shapes()
    _, ax = plt.subplots(figsize=(6, 3.2))
    return MisclassifiedDisplay.from_estimator(
        _model(), X, y, n_per_class=3, class_names=names, ax=ax, text_kw={"fontsize": 8}
    ).figure_


@cache
def _confidences():
    """For the model as it is and for the calibrated one: which are right, and how sure it is."""
    _, val, (X, y), _ = _shapes()
    calibrated = CalibratedClassifierCV(FrozenEstimator(_model()), method="temperature").fit(*val)
    sure = (model.predict_proba(X).max(axis=1).clip(max=1) for model in (_model(), calibrated))
    return _model().predict(X) == y, *sure


def reliability():
    """How often the model is right, over how sure it is, before and after calibration."""
    right, *confidences = _confidences()
    figure, ax = plt.subplots(figsize=(6, 3.2))
    ax.plot([0, 1], [0, 1], color=ink(), linewidth=1, linestyle=":")
    for sure, color in zip(confidences, ("C0", "C1"), strict=True):
        CalibrationDisplay.from_predictions(
            right, sure, n_bins=8, strategy="quantile", ref_line=False, ax=ax, color=color,
            linewidth=2,
        )  # fmt: skip
    ax.set(xlabel="how sure the model is", ylabel="how often it is right")
    ax.set(xlim=(0.25, 1.02), ylim=(0.25, 1.02))
    ax.text(0.26, 0.3, "as often as it says", rotation=29, rotation_mode="anchor")
    ax.text(0.81, 0.55, "softmax as it is: too sure", color="C0", ha="left", va="top")
    ax.text(0.74, 0.8, "calibrated", color="C1", ha="right")
    ax.get_legend().remove()
    return figure


def best_of_many():
    """The best test score of many models that are all equally good."""
    tries = np.unique(np.geomspace(1, 100, 25).astype(int))
    rng = np.random.default_rng(0)
    figure, ax = plt.subplots(figsize=(6, 2.8))
    for k, n in enumerate((200, 1000, 10_000)):
        best = np.maximum.accumulate(rng.binomial(n, 0.8, size=(500, 100)) / n, axis=1)
        ax.plot(tries, best.mean(axis=0)[tries - 1], color=f"C{k}", linewidth=2)
        ax.text(108, best.mean(axis=0)[-1], f"{n:,} test images", color=f"C{k}", va="center")
    ax.axhline(0.8, color=ink(), linewidth=1, linestyle=":")
    ax.text(1, 0.793, "true accuracy of all of them", va="center")
    ax.set(
        ylim=(0.787, 0.873),
        xscale="log",
        xlim=(0.95, 420),
        xticks=(1, 10, 100),
        xticklabels=(1, 10, 100),
    )
    ax.set(xlabel="models whose test score was looked at", ylabel="best test score")
    ax.minorticks_off()
    ax.spines.bottom.set_bounds(0.95, 100)
    return figure


def one_set_or_folds():
    """One validation set, and five folds that take turns."""
    figure, ax = plt.subplots(figsize=(6, 2.6))
    for row, name in enumerate(("one validation set", *(f"fold {k} of 5" for k in range(1, 6)))):
        held_out = row - 1 if row else 4
        y = row + 0.6 * (row > 0)
        for part in range(5):
            color, alpha = ("C1", 1) if part == held_out else ("C0", 0.35)
            ax.barh(y, 0.97 if row or part > 2 else 1, 0.75, part, align="edge", color=color,
                    alpha=alpha, linewidth=0)  # fmt: skip
        ax.text(-0.1, y + 0.37, name, ha="right", va="center")
    ax.barh(0, 0.97, 6.35, 5.25, align="edge", color="C2", alpha=0.35)
    ax.text(4.48, 0.37, "validation", color=paper(), ha="center", va="center")
    ax.text(2, 0.37, "training", ha="center", va="center")
    ax.text(5.73, 3.1, "test:\nonce,\nat the\nend", ha="center", va="center", linespacing=1.4)
    ax.set(xlim=(-1.45, 6.25), ylim=(6.4, -0.05))
    ax.axis("off")
    return figure


@cache
def _right_or_wrong():
    digits = load_digits()
    knn = KNNClassifier(3).fit(digits.images[:300], digits.target[:300])
    return knn.predict(digits.images[300:]) == digits.target[300:]


def luck():
    """The accuracy of one model on many validation sets, of three sizes."""
    right, rng = _right_or_wrong(), np.random.default_rng(0)
    figure, ax = plt.subplots(figsize=(6, 2.4))
    for row, n in enumerate((50, 200, 800)):
        scores = [right[rng.permutation(len(right))[:n]].mean() for _ in range(100)]
        height = row + rng.uniform(-0.28, 0.28, size=100)
        ax.plot(scores, height, "o", color=f"C{row}", markersize=4, alpha=0.6, markeredgewidth=0)
    ax.axvline(right.mean(), color=ink(), linewidth=1, linestyle=":")
    ax.set(yticks=range(3), yticklabels=("50 images", "200 images", "800 images"), ylim=(2.5, -0.5))
    ax.set(xlabel="accuracy of the same model on one random validation set")
    ax.tick_params(axis="y", length=0)
    ax.spines.left.set_visible(False)
    return figure


def occlusion():
    """What speaks for the predicted class in four images: the score falls where it is covered."""
    *_, (X, y), names = _shapes()
    chosen = [np.flatnonzero((_model().predict(X) == y) & (y == k))[1] for k in (0, 2, 4, 6)]
    figure, axes = plt.subplots(2, 4, figsize=(6, 3.1))
    for image, above, below in zip(X[chosen], *axes, strict=True):
        above.imshow(image)
        display = OcclusionDisplay.from_estimator(
            _model(), image, window=6, stride=2, class_names=names, ax=below
        )
        display.colorbar_.remove()
        above.set_title(display.title.partition(":")[0])
        below.set_title("")
        above.axis("off")
        below.axis("off")
    return figure


@cache
def _svm_on_hog():
    train, *_ = _shapes()
    return make_pipeline(HOG(pixels_per_cell=(4, 4)), LinearSVM(random_state=0)).fit(*train)


def edges_for_and_against():
    """The edges that speak for and against each class, in a linear classifier on HOG."""
    *_, names = _shapes()
    figure = plt.figure(figsize=(6, 1.9), layout="none")
    ax = figure.add_axes((0.04, 0, 0.96, 1))
    return HOGWeightsDisplay.from_estimator(_svm_on_hog(), class_names=names, ax=ax).figure_


@cache
def _neighbours():
    (train, labels), *_ = _shapes()
    return make_pipeline(HOG(), KNNClassifier(5)).fit(train, labels)


def nearest_training_images():
    """Three images with the training images whose edges are most like theirs."""
    (train, _), _, (X, y), names = _shapes()
    _, ax = plt.subplots(figsize=(6, 3.7))
    display = NeighborsDisplay.from_estimator(
        _neighbours(), X[3:6], y[3:6], training_images=train, class_names=names, ax=ax
    )
    for text in display.texts_:  # the colours of this page
        text.set_color({BLUE: "C0", ORANGE: "C1"}.get(text.get_color(), ink()))
    return display.figure_


@cache
def _importances():
    digits = load_digits()
    X = digits.images.reshape(-1, 64)
    model = SoftmaxClassifier(random_state=0).fit(X[:1000], digits.target[:1000])
    found = permutation_importance(model, X[1000:], digits.target[1000:], n_repeats=3,
                                   random_state=0)  # fmt: skip
    return X.mean(axis=0).reshape(8, 8), found.importances_mean.reshape(8, 8)


def permuted_pixels():
    """The mean digit, and how much accuracy each pixel costs when it is shuffled."""
    mean, importance = _importances()
    figure, axes = plt.subplots(1, 2, figsize=(6, 2.6))
    shades = LinearSegmentedColormap.from_list("shades", [paper(), ink()])
    axes[0].imshow(mean, cmap=shades)
    reds = LinearSegmentedColormap.from_list("reds", [paper(), "C1"])
    shown = axes[1].imshow(importance, cmap=reds, vmin=0)
    bar = figure.colorbar(shown, ax=axes[1], label="accuracy lost")
    bar.outline.set_visible(False)
    for ax, title in zip(axes, ("the mean of all digits", "pixels that matter"), strict=True):
        ax.set(xticks=(), yticks=(), title=title)
        ax.spines[:].set_visible(False)
    return figure
