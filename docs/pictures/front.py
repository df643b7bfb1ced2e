"""The picture of the front page."""

from functools import cache
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.patches import ConnectionPatch, Rectangle
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.datasets import load_sample_images
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from pictures._style import ink
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
    views = sliding_window_view(_photograph(), (SIDE, SIDE, 3))[::STRIDE, ::STRIDE, 0]
    return views


@cache
def _model_and_map():
    """A pipeline that has seen the labelled windows, and the class that it gives to each."""
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
    return model, model.predict(grid.reshape(-1, SIDE, SIDE, 3)).reshape(y.shape)


def label_learn_name():
    """A photograph with labelled boxes, its gradients as HOG, and the class of every window."""
    image, (_, classes) = _photograph(), _model_and_map()
    figure, axes = plt.subplots(1, 3, figsize=(9, 2.05))
    for k, (name, boxes) in enumerate(LABELS.items()):
        for first, last, west, east in boxes:
            axes[0].add_patch(
                Rectangle((west, first), east - west, last - first, fill=False, edgecolor=f"C{k}",
                          linewidth=2)
            )  # fmt: skip
        first, last, west, east = boxes[-1]
        axes[0].text(
            (west + east) / 2, (first + last) / 2, name, ha="center", va="center", fontsize=11,
            color="white", bbox={"facecolor": f"C{k}", "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip
    axes[0].imshow(image)
    axes[1].imshow(image // 3)
    HOGDisplay.from_estimator(
        HOG(pixels_per_cell=(12, 12)).fit(image[None]), image, ax=axes[1], im_kw={"alpha": 0},
        line_kw={"linewidths": 1.2},
    )  # fmt: skip
    colors = ListedColormap([f"C{k}" for k in range(len(LABELS))])
    edge = SIDE / 2
    height, width = (STRIDE * n for n in classes.shape)
    axes[2].imshow(image)
    axes[2].imshow(
        classes, cmap=colors, alpha=0.6, vmin=-0.5, vmax=len(LABELS) - 0.5,
        extent=(edge, edge + width, edge + height, edge),
    )  # fmt: skip
    titles = ("label a few boxes", "see gradients", "every window has a name")
    for ax, title in zip(axes, titles, strict=True):
        ax.set(xlim=(0, image.shape[1]), ylim=(image.shape[0], 0))
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(title, fontsize=12)
    for left, right in pairwise(axes):
        figure.add_artist(
            ConnectionPatch(
                (1.01, 0.5), (-0.01, 0.5), "axes fraction", axesA=left, axesB=right,
                arrowstyle="-|>", color=ink(), linewidth=2, mutation_scale=18,
            )
        )  # fmt: skip
    figure.get_layout_engine().set(wspace=0.12)
    return figure
