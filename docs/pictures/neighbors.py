"""Images as numbers, and their nearest neighbours."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_images

from pictures._style import ink, paper
from sk231n import KNNClassifier, KNNClassifierCV
from sk231n.datasets import make_shapes
from sk231n.plotting import KSelectionDisplay, NeighborsDisplay


def image_as_numbers():
    """An image, and five by five of its pixels as the numbers they are."""
    image = make_shapes(1, random_state=5, noise=0.02).images[0]
    top, left, size = 9, 7, 5
    figure, axes = plt.subplots(1, 4, figsize=(6, 1.75))
    axes[0].imshow(image)
    axes[0].add_patch(plt.Rectangle((left - 0.5, top - 0.5), size, size, fill=False, ec="white"))
    axes[0].set_title(r"32 $\times$ 32 pixels")
    patch = image[top : top + size, left : left + size]
    for channel, (ax, name) in enumerate(zip(axes[1:], ("red", "green", "blue"), strict=True)):
        ax.imshow(0.7 * patch / 255 * np.eye(3)[channel])  # dark enough for white numbers
        ax.set_title(name)
        for (row, column), value in np.ndenumerate(patch[..., channel]):
            ax.text(column, row, value, ha="center", va="center", fontsize=7.5, color="white")
    for ax in axes:
        ax.axis("off")
    return figure


def unit_circles():
    """The points at distance 1 from a centre, by L2 and by L1, and after a turn."""
    angles = np.linspace(0, 2 * np.pi, 201)
    circle = np.array([np.cos(angles), np.sin(angles)])
    diamond = circle / np.abs(circle).sum(axis=0)
    turn = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
    figure, axes = plt.subplots(1, 2, figsize=(6, 2.3))
    for ax, curve, name, color in zip(
        axes, (circle, diamond), ("L2", "L1"), ("C0", "C1"), strict=True
    ):
        ax.plot(*(turn @ curve), color=color, linestyle=":", linewidth=2)
        ax.plot(*curve, color=color, linewidth=2)
        ax.text(0.12, 0.12, name, color=color, fontsize=11)
        ax.plot(0, 0, "+", color=ink())
        ax.set(aspect="equal", xlabel="one pixel", ylabel="another", xticks=[], yticks=[])
    return figure


@cache
def _nearest_shapes():
    shapes = make_shapes(700, random_state=0)
    knn = KNNClassifier(4).fit(shapes.images[:600], shapes.target[:600])
    return knn, shapes.images[600:], shapes.target[600:], shapes.target_names


def nearest_images():
    """Three images and the four training images nearest to each."""
    knn, images, y, names = _nearest_shapes()
    shown = [30, 37, 58]
    figure, ax = plt.subplots(figsize=(6, 3.9))
    display = NeighborsDisplay.from_estimator(
        knn, images[shown], y[shown], class_names=names, ax=ax
    )
    below_neighbors = np.reshape(display.texts_, (len(shown), -1))[:, 1:].ravel()
    for frame, text in zip(display.frames_, below_neighbors, strict=True):
        color = "C0" if text.get_text().endswith("✓") else "C1"
        frame.set_edgecolor(color)
        text.set_color(color)
    return figure


@cache
def _regions():
    rng = np.random.RandomState(0)
    y = np.repeat([0, 1, 2], 25)
    X = np.array([[-1.0, 0.6], [1.0, 0.7], [0.0, -1.0]])[y] + 0.75 * rng.standard_normal((75, 2))
    span = np.linspace(-2.8, 2.8, 300)
    grid = np.stack(np.meshgrid(span, span), axis=-1).reshape(-1, 2)
    shares = {k: KNNClassifier(k).fit(X, y).predict_proba(grid) for k in (1, 5)}
    return X, y, span, shares


def regions():
    """The regions of the classes by one neighbour and by five."""
    X, y, span, shares = _regions()
    figure, axes = plt.subplots(1, 2, figsize=(6, 3.1))
    for ax, (k, votes) in zip(axes, shares.items(), strict=True):
        wins = votes > np.sort(votes)[:, [-2]]
        for label, won in enumerate(wins.T):
            region = won.reshape(len(span), -1)
            ax.contourf(span, span, region, levels=[0.5, 1.5], colors=f"C{label}", alpha=0.3)
        ax.scatter(*X.T, c=[f"C{label}" for label in y], s=18, edgecolors=paper(), linewidths=0.6)
        ax.set(title=f"k = {k}", aspect="equal", xlim=span[[0, -1]], ylim=span[[0, -1]])
        ax.axis("off")
    return figure


@cache
def _search():
    shapes = make_shapes(700, random_state=0)
    return KNNClassifierCV((1, 2, 3, 5, 8, 20, 50, 100), cv=5).fit(
        shapes.data[:600], shapes.target[:600]
    )


def choosing_k():
    """The accuracies of five folds over the number of neighbours."""
    figure, ax = plt.subplots(figsize=(6, 2.9))
    KSelectionDisplay.from_estimator(
        _search(), ax=ax, errorbar_kw={"color": "C0"}, scatter_kw={"color": ink(), "alpha": 0.45},
        best_kw={"color": "C1", "markeredgecolor": paper()},
    )  # fmt: skip
    return figure


@cache
def _equally_far():
    china, flower = (photo[100:400, 160:460] / 255 for photo in load_sample_images().images)
    moved = np.roll(china, 12, axis=1)
    distance = np.linalg.norm(moved - china)
    images = {"original": china, "moved": moved}
    for change, target in (("darkened", np.zeros_like(china)), ("mixed", flower)):
        step = target - china
        images[change] = china + distance / np.linalg.norm(step) * step
    return images


def equally_far():
    """A photograph and three changes that are equally far from it by L2."""
    images = _equally_far()
    figure, axes = plt.subplots(1, 4, figsize=(6, 1.75))
    for ax, (change, image) in zip(axes, images.items(), strict=True):
        distance = np.linalg.norm(image - images["original"])
        ax.imshow(image)
        ax.set_title(f"{change}\ndistance {distance:.0f}")
        ax.axis("off")
    return figure
