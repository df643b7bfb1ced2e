"""How the models of the guide are trained, and how their settings are chosen."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline

from pictures._boxes import arrow, box, canvas
from pictures._style import ink
from sk231n import HOG, KNNClassifierCV, MLPClassifier, SoftmaxClassifier
from sk231n.datasets import make_shapes
from sk231n.optimizers import SGD, Momentum
from sk231n.plotting import SearchHeatmapDisplay
from sk231n.schedules import CosineDecay, OneCycle, StepDecay

_CURVATURE = np.array([100.0, 1.0])
_STEEP = 2.2


def _path(optimizer, rate, n_steps=60):
    theta, path = np.array([1.0, 1.0]), []
    state = optimizer.start(theta)
    for _ in range(n_steps):
        path.append(theta)
        theta = theta - rate * optimizer.direction(_CURVATURE * theta, state, theta)
    return np.array(path)


def long_valley():
    """Steps down a valley that is a hundred times as steep across as along."""
    along, across = np.linspace(-0.35, 1.1, 60), np.linspace(-_STEEP, _STEEP, 60)
    height = (100 * across[:, None] ** 2 + along**2) / 2
    figure, axes = plt.subplots(1, 3, figsize=(6, 1.9), sharey=True)
    for k, (ax, optimizer, rate, name) in enumerate(
        zip(axes, (SGD(), SGD(), Momentum(0.9)), (0.015, 0.021, 0.015), _NAMES, strict=True)
    ):
        path = _path(optimizer, rate)
        path = path[np.cumsum(np.abs(path[:, 0]) > _STEEP) < 2]
        ax.contour(along, across, height, levels=np.geomspace(0.05, 300, 9), colors=ink(),
                   linewidths=0.5, alpha=0.4)  # fmt: skip
        ax.plot(path[:, 1], path[:, 0], "o-", color=f"C{k}", markersize=2.5, linewidth=1)
        ax.plot(0, 0, "+", color=ink(), markersize=9)
        ax.set(
            xlim=(-0.35, 1.1), ylim=(-_STEEP, _STEEP), xticks=(), yticks=(), xlabel="flat: $x_2$"
        )
        ax.set_title(name)
    axes[0].set_ylabel("steep: $x_1$")
    return figure


_NAMES = ("SGD, rate 0.015", "SGD, rate 0.021", "momentum, rate 0.015")


def rates_over_time():
    """Three schedules over ten epochs, and the values that the page prints."""
    t, printed = np.linspace(0, 10, 300), np.array([0, 1, 2, 5, 9])
    figure, axes = plt.subplots(1, 3, figsize=(6, 1.8), sharey=True)
    schedules = StepDecay(0.1, factor=0.5, every=2), CosineDecay(0.1), OneCycle(0.1)
    for ax, schedule in zip(axes, schedules, strict=True):
        ax.plot(t, schedule(t, 10), linewidth=2)
        ax.plot(printed, schedule(printed, 10), "o", color="C1", markersize=5)
        ax.set(title=type(schedule).__name__, xlabel="epoch", xticks=(0, 5, 10), yticks=(0, 0.1))
    axes[0].set_ylabel("rate")
    return figure


@cache
def _losses():
    X, y = make_shapes(500, image_size=16, random_state=0, return_X_y=True)
    curves = {}
    for rate in (1e-8, 1e-7, 1e-6, "auto"):
        optimizer = "adam" if rate == "auto" else "sgd"
        model = SoftmaxClassifier(
            optimizer=optimizer, learning_rate=rate, max_iter=80, tol=None, random_state=0
        )
        curves[rate] = model.fit(X, y).loss_curve_
    return curves


def rate_by_hand_and_automatic():
    """The loss by epoch with three rates tuned by hand, and with the automatic rate."""
    figure, ax = plt.subplots(figsize=(6, 2.6))
    for rate, curve in _losses().items():
        color, width = ("C1", 2.5) if rate == "auto" else ("C0", 1.5)
        ax.plot(curve, color=color, linewidth=width)
        name = 'learning_rate="auto"' if rate == "auto" else f"rate {rate:g}".replace("e-0", "e-")
        ax.text(len(curve) + 1, curve[-1], name, color=color, va="center")
    ax.set(xlabel="epoch", ylabel="loss", xlim=(0, 81), xticks=(0, 20, 40, 60, 80))
    return figure


@cache
def _history():
    shapes = make_shapes(800, image_size=12, random_state=0)
    X, y = shapes.images.mean(axis=3), shapes.target
    network = MLPClassifier((50,), max_iter=60, random_state=0)
    return network.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:]).history_


def stopping_early():
    """The training loss falls on and on; the validation loss is lowest early."""
    history = _history()
    training, validation = history["loss"], history["validation_loss"]
    best = int(np.argmin(validation))
    figure, ax = plt.subplots(figsize=(6, 2.7))
    ax.axvspan(best, len(training), color="C1", alpha=0.1, linewidth=0)
    ax.plot(training, color="C0", linewidth=2)
    ax.plot(validation, color="C1", linewidth=2)
    ax.plot(best, validation[best], "o", color="C1", markersize=8)
    ax.annotate("these parameters are kept", (best, validation[best]), (best + 2, 1.5), color="C1")
    end = len(training)
    ax.text(end, training[-1], "training", color="C0", va="center")
    ax.text(end, validation[-1], "validation", color="C1", va="center")
    ax.set(xlabel="epoch", ylabel="loss", xlim=(0, end - 0.5), ylim=(0, None))
    return figure


@cache
def _accuracies():
    shapes = make_shapes(700, image_size=12, noise=0.08, random_state=1)
    features = make_pipeline(HOG(pixels_per_cell=(4, 4)), PCA(_COMPONENTS[-1], svd_solver="full"))
    F = features.fit_transform(shapes.images)
    searches = (KNNClassifierCV(_K, cv=5).fit(F[:, :m], shapes.target) for m in _COMPONENTS)
    return np.array([search.scores_.mean(axis=1) for search in searches])


_K, _COMPONENTS = (1, 3, 9, 27, 81, 243), (8, 16, 32, 64, 128)


def components_and_k():
    """The accuracy of nearest neighbours over k and the number of principal components."""
    y, x = np.meshgrid(_COMPONENTS, _K, indexing="ij")
    display = SearchHeatmapDisplay(
        x.ravel(), y.ravel(), _accuracies().ravel(), x_name="neighbours k",
        y_name="components of HOG",
    )  # fmt: skip
    figure, ax = plt.subplots(figsize=(6, 3))
    display.plot(ax, colorbar=False, text_kw={"fontsize": 9})
    ax.set_title("")
    return figure


def parts_of_a_step():
    """One step of training, and the part that does each piece of it."""
    figure, ax = canvas(23.5)
    for name, x, y, color in (
        ("initializer", 23, 0.6, "C2"), ("augmentation", 6.5, 8, "C0"), ("layers", 23, 8, "C0"),
        ("loss", 46.5, 8, "C0"), ("schedule", 6.5, 18, "C1"), ("optimizer", 23, 18, "C1"),
        ("penalty", 46.5, 18, "C0"),
    ):  # fmt: skip
        box(ax, x, y, 13, 4.8, name, color)
    for start, end, text, where in (
        ((0.6, 10.4), (6.5, 10.4), "images", (3.2, 9.2)),
        ((19.5, 10.4), (23, 10.4), "", (0, 0)),
        ((36, 10.4), (46.5, 10.4), "scores", (41.2, 9.2)),
        ((46.5, 20.4), (36, 20.4), "gradient", (41.2, 19.2)),
        ((19.5, 20.4), (23, 20.4), "rate", (21.2, 19.2)),
        ((29.5, 18), (29.5, 12.8), "step", (31.8, 15.4)),
        ((29.5, 5.4), (29.5, 8), "first weights", (35, 6.8)),
    ):
        arrow(ax, start, end)
        ax.text(*where, text, ha="center", va="center")
    ax.text(53, 15.4, "+", ha="center", va="center", fontsize=14)
    return figure
