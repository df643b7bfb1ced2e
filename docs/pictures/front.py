"""The three pictures of the front page."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import Rectangle
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.datasets import load_sample_images
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from sk231n import HOG, ColorMoments, HSVHistogram, SoftmaxClassifier
from sk231n.plotting import HOGDisplay

SIDE, STRIDE = 32, 8
# Where each class was labelled: the first and last row and column of a box.
LABELS = {
    "sky": [(8, 120, 360, 620)],
    "temple": [(84, 320, 112, 300)],
    "trees": [(360, 424, 8, 100), (336, 424, 400, 620)],
    "water": [(236, 312, 372, 468)],
}


def _photograph():
    """china.jpg by danielbuechele."""
    return load_sample_images().images[0]


def _windows():
    """All windows of the photograph, as a grid of images."""
    return sliding_window_view(_photograph(), (SIDE, SIDE, 3))[::STRIDE, ::STRIDE, 0]


@cache
def _classes():
    """The class that a pipeline which has seen the labelled windows gives to each window."""
    grid = _windows()
    top, left = np.meshgrid(*(STRIDE * np.arange(n) for n in grid.shape[:2]), indexing="ij")
    y = np.full(grid.shape[:2], -1)
    for k, boxes in enumerate(LABELS.values()):
        for first, last, west, east in boxes:
            inside = (top >= first) & (top + SIDE <= last) & (left >= west) & (left + SIDE <= east)
            y[inside] = k
    model = make_pipeline(
        make_union(HOG(), HSVHistogram(), ColorMoments()), StandardScaler(),
        SoftmaxClassifier(random_state=0),
    )  # fmt: skip
    model.fit(grid[y >= 0], y[y >= 0])
    return model.predict(grid.reshape(-1, SIDE, SIDE, 3)).reshape(y.shape)


def _panel(title):
    """Axes for one of three panels, which a phone shows one below the other."""
    height, width = _photograph().shape[:2]
    figure, ax = plt.subplots(figsize=(3, 2.3))
    ax.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.set_title(title, fontsize=12)
    return figure, ax


def labels():
    """A photograph of a temple with five boxes, labelled sky, temple, trees and water."""
    figure, ax = _panel("1. label a few boxes")
    for k, (name, boxes) in enumerate(LABELS.items()):
        for first, last, west, east in boxes:
            ax.add_patch(
                Rectangle((west, first), east - west, last - first, fill=False, edgecolor=f"C{k}",
                          linewidth=2)
            )  # fmt: skip
        first, last, west, east = boxes[-1]
        ax.text(
            (west + east) / 2, (first + last) / 2, name, ha="center", va="center", fontsize=11,
            color="white", bbox={"facecolor": f"C{k}", "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip
    ax.imshow(_photograph())
    return figure


def gradients():
    """The same photograph as small strokes along its edges."""
    image = _photograph()
    figure, ax = _panel("2. see gradients")
    ax.imshow(image // 3)
    HOGDisplay.from_estimator(
        HOG(pixels_per_cell=(12, 12)).fit(image[None]), image, ax=ax, im_kw={"alpha": 0},
        line_kw={"linewidths": 1.2},
    )  # fmt: skip
    return figure


def names():
    """The same photograph with each part in the colour of its class."""
    image, classes = _photograph(), _classes()
    figure, ax = _panel("3. every window has a name")
    edge = SIDE / 2
    height, width = (STRIDE * n for n in classes.shape)
    ax.imshow(image)
    ax.imshow(
        classes, cmap=ListedColormap([f"C{k}" for k in range(len(LABELS))]), alpha=0.6, vmin=-0.5,
        vmax=len(LABELS) - 0.5, extent=(edge, edge + width, edge + height, edge),
    )  # fmt: skip
    return figure
