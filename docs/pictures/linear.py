"""Linear classifiers: scores, lines, templates, penalties."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgba

from pictures._style import ink, paper
from sk231n import LinearSVM, SoftmaxClassifier
from sk231n.datasets import make_shapes
from sk231n.plotting import WeightTemplatesDisplay

CLASSES = ("cat", "dog", "ship")


def scores_of_an_image():
    """Weights times pixels plus intercepts, for an image of four pixels and three classes."""
    image = np.array([[60, 200], [120, 20]])
    W = np.array([[0.2, -0.5, 0.1, 1.0], [0.5, 1.0, -0.5, 0.0], [0.0, 0.25, 0.2, -0.5]])
    b = np.array([[10.0], [-4.0], [1.0]])
    x = image.reshape(-1, 1)
    figure, ax = plt.subplots(figsize=(6, 1.95))
    ax.set(xlim=(-0.2, 14.6), ylim=(-0.7, 4.1), aspect="equal")
    ax.axis("off")
    ax.imshow(image, extent=(0, 2, 1, 3), cmap="gray", vmin=0, vmax=255)
    for (row, column), value in np.ndenumerate(image):
        color = "white" if value < 128 else "black"
        ax.text(column + 0.5, 2.5 - row, value, ha="center", va="center", color=color)
    ax.text(1, -0.4, "image", ha="center", va="center")
    _matrix(ax, 3, W, "W", colors=("C0", "C1", "C2"))
    _matrix(ax, 7.7, x, "x")
    _matrix(ax, 9.6, b, "b", colors=("C0", "C1", "C2"))
    _matrix(ax, 11.5, W @ x + b, "s", colors=("C0", "C1", "C2"))
    for place, sign in ((2.5, "→"), (7.35, "·"), (9.2, "+"), (11.1, "=")):
        ax.text(place, 2, sign, ha="center", va="center", fontsize=12)
    for row, name in enumerate(CLASSES):
        ax.text(12.8, 3 - row, name, va="center", color=f"C{row}")
    return figure


def _matrix(ax, left, values, name, colors=None):
    """The numbers of a matrix, a row in a colour, with its name below."""
    n_rows, n_columns = values.shape
    top = 2 + n_rows / 2
    for (row, column), value in np.ndenumerate(values):
        corner = left + column, top - row - 1
        color = colors[row] if colors else ink()
        ax.add_patch(plt.Rectangle(corner, 1, 1, facecolor=color, alpha=0.15))
        ax.add_patch(plt.Rectangle(corner, 1, 1, fill=False, edgecolor=paper(), linewidth=1.5))
        ax.text(corner[0] + 0.5, corner[1] + 0.5, f"${value:g}$", ha="center", va="center",
                fontsize=8.5)  # fmt: skip
    ax.text(left + n_columns / 2, -0.4, f"${name}$", ha="center", va="center")


@cache
def _three_classes():
    rng = np.random.RandomState(0)
    y = np.repeat([0, 1, 2], 20)
    X = np.array([[2.2, 4.2], [6.4, 4.4], [5.0, 1.2]])[y] + 0.55 * rng.standard_normal((60, 2))
    return X, y, LinearSVM(alpha=0.1, max_iter=200, random_state=0).fit(X, y)


def three_lines():
    """Images as points, and for each class the line on which its score is zero."""
    X, y, svm = _three_classes()
    figure, ax = plt.subplots(figsize=(6, 3.9))
    ax.scatter(*X.T, c=[f"C{label}" for label in y], s=20, edgecolors=paper(), linewidths=0.6)
    for label, (w, b) in enumerate(zip(svm.coef_, svm.intercept_, strict=True)):
        color = f"C{label}"
        normal = w / np.linalg.norm(w)
        along = np.array([-normal[1], normal[0]])
        start = X.mean(axis=0) - (w @ X.mean(axis=0) + b) / (w @ w) * w
        ax.axline(start, start + along, color=color)
        for place in (-1.8, 1.8):
            ax.annotate(
                "", start + place * along + 0.7 * normal, start + place * along,
                arrowprops={"arrowstyle": "->", "color": color, "shrinkA": 0},
            )  # fmt: skip
        center = X[y == label].mean(axis=0)
        outwards = (center - X.mean(axis=0)) / np.linalg.norm(center - X.mean(axis=0))
        ax.text(*center + 1.7 * outwards, CLASSES[label], color=color, ha="center", va="center",
                fontsize=11)  # fmt: skip
    ax.set(xlim=(0, 9), ylim=(-0.9, 5.9), aspect="equal", xticks=[], yticks=[])
    ax.set(xlabel="one pixel", ylabel="another pixel")
    return figure


@cache
def _svm_of_shapes():
    shapes = make_shapes(1500, random_state=0)
    svm = LinearSVM(alpha=10, max_iter=10, random_state=0)
    return svm.fit(shapes.data / 255, shapes.target), shapes.target_names


def templates():
    """The weights of each class as an image."""
    svm, names = _svm_of_shapes()
    figure, ax = plt.subplots(figsize=(6, 3.2))
    WeightTemplatesDisplay.from_estimator(svm, class_names=names, n_cols=4, ax=ax)
    return figure


def margin():
    """Scores on an axis, and the margin that the true class should have over the others."""
    scores, width = np.array([13.0, -7.0, 11.0]), 10.0
    true, safe, close = scores
    figure, ax = plt.subplots(figsize=(6, 1.5))
    ax.axvspan(true - width, true, color="C0", alpha=0.15, linewidth=0)
    ax.text(true - width / 2, 0.93, "margin", color="C0", ha="center", va="center")
    ax.annotate(
        "",
        (close, 0.5),
        (true - width, 0.5),
        arrowprops={"arrowstyle": "<->", "color": "C1", "shrinkA": 0, "shrinkB": 0},
    )
    ax.text((close + true - width) / 2, 0.64, f"loss {close - true + width:g}", color="C1",
            ha="center", va="center")  # fmt: skip
    ax.text(safe, 0.3, "loss 0", color="C1", ha="center", va="center")
    ax.text(true + 0.5, 0.3, "true class", color="C0", va="center")
    ax.scatter(scores, [0, 0, 0], s=70, c=["C0", "C1", "C1"], clip_on=False, zorder=3)
    ax.spines["left"].set_visible(False)
    ax.set(xlim=(-10, 18), ylim=(0, 1.1), yticks=[], xticks=[*scores, true - width],
           xlabel="score")  # fmt: skip
    return figure


@cache
def _by_penalty():
    shapes = make_shapes(1000, n_classes=4, image_size=16, random_state=0)
    penalties = {"l2": 1.0, "l1": 0.03}
    return shapes.target_names, {
        penalty: LinearSVM(penalty=penalty, alpha=alpha, max_iter=20, random_state=0).fit(
            shapes.data / 255, shapes.target
        )
        for penalty, alpha in penalties.items()
    }


def penalties():
    """The templates that two penalties prefer."""
    names, classifiers = _by_penalty()
    figure, axes = plt.subplots(2, 1, figsize=(6, 3.2))
    for ax, (penalty, svm) in zip(axes, classifiers.items(), strict=True):
        WeightTemplatesDisplay.from_estimator(svm, class_names=names, n_cols=4, ax=ax)
        ax.text(-0.05, 0.4, penalty.upper(), fontsize=11, ha="right", transform=ax.transAxes)
    return figure


@cache
def _leads():
    """Of three overlapping classes, each place's winner and how sure two classifiers are of it."""
    rng = np.random.RandomState(1)
    y = np.repeat([0, 1, 2], 40)
    X = np.array([[-1.0, 0.6], [1.0, 0.7], [0.0, -1.0]])[y] + 0.6 * rng.standard_normal((120, 2))
    span = np.linspace(-2.6, 2.6, 360)
    grid = np.stack(np.meshgrid(span, span), axis=-1).reshape(-1, 2)
    svm = LinearSVM(alpha=1e-3, max_iter=200, random_state=0).fit(X, y)
    softmax = SoftmaxClassifier(alpha=1e-3, optimizer="lbfgs").fit(X, y)
    scores = np.sort(svm.decision_function(grid))
    margins = np.minimum(1, scores[:, -1] - scores[:, -2])
    probabilities = softmax.predict_proba(grid).max(axis=1)
    return (
        X,
        y,
        span,
        {
            "hinge": (svm.predict(grid), margins >= 1),
            "softmax": (softmax.predict(grid), (probabilities - 1 / 3) * 1.5),
        },
    )


def hinge_and_softmax_regions():
    """The regions of three classes by two losses, deeper where the classifier is surer."""
    X, y, span, maps = _leads()
    colors = np.array([to_rgba(f"C{label}") for label in range(3)])
    figure, axes = plt.subplots(1, 2, figsize=(6, 3.2))
    for ax, (name, (winner, sureness)) in zip(axes, maps.items(), strict=True):
        shown = colors[winner]
        shown[:, 3] = 0.15 + 0.35 * sureness
        ax.imshow(shown.reshape(len(span), len(span), 4), origin="lower",
                  extent=(span[0], span[-1], span[0], span[-1]))  # fmt: skip
        ax.scatter(*X.T, c=[f"C{label}" for label in y], s=18, edgecolors=paper(), linewidths=0.6)
        ax.set(title=name, xlim=span[[0, -1]], ylim=span[[0, -1]])
        ax.axis("off")
    return figure
