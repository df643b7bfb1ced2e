"""Features of photographs: edges and hues."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import hsv_to_rgb
from sklearn.datasets import load_sample_images

from sk231n import HOG, HSVHistogram
from sk231n.datasets import make_shapes
from sk231n.plotting import HOGDisplay


@cache
def _photographs():
    china, flower = load_sample_images().images
    return china, flower


def cell():
    """A cell of an image, its gradients, and the histogram of their angles."""
    image = make_shapes(60, noise=0.02, random_state=0).images[3].mean(axis=2)
    row, column = 1, 2
    raw = HOG(block_norm=None).fit(image[np.newaxis])
    histogram = raw.transform(image[np.newaxis]).reshape(4, 4, 9)[row, column]
    figure, (whole, zoom, bars) = plt.subplots(1, 3, figsize=(6, 1.9))
    whole.imshow(image, cmap="gray", extent=(0, 32, 32, 0))
    for line in (8, 16, 24):
        whole.axhline(line, color="C4", linewidth=0.7)
        whole.axvline(line, color="C4", linewidth=0.7)
    whole.add_patch(plt.Rectangle((8 * column, 8 * row), 8, 8, fill=False, color="C1", linewidth=2))
    inside = slice(8 * row, 8 * row + 8), slice(8 * column, 8 * column + 8)
    down, right = np.zeros_like(image), np.zeros_like(image)
    down[1:-1], right[:, 1:-1] = image[2:] - image[:-2], image[:, 2:] - image[:, :-2]
    zoom.imshow(image[inside], cmap="gray", vmin=image.min(), vmax=image.max())
    zoom.quiver(right[inside], -down[inside], color="C1", scale=1100, width=0.016, pivot="mid")
    bars.bar(np.arange(9), histogram, color="C1", width=0.9)
    bars.set(xticks=[-0.5, 4, 8.5], xticklabels=["0°", "90°", "180°"], yticks=[], ylabel="votes")
    bars.spines["left"].set_visible(False)
    for ax in (whole, zoom):
        ax.axis("off")
    return figure


def edges():
    """A photograph, and the histograms of oriented gradients of its cells."""
    image = _photographs()[0][40:296, 100:484]
    hog = HOG(pixels_per_cell=(16, 16), block_norm=None).fit(image[np.newaxis])
    histograms = hog.transform(image[np.newaxis]).reshape(16, 24, 9)
    figure, (left, right) = plt.subplots(1, 2, figsize=(6, 2.05))
    left.imshow(image)
    left.axis("off")
    HOGDisplay(image, np.sqrt(histograms), pixels_per_cell=(16, 16)).plot(
        right, im_kw={"alpha": 0.2}, line_kw={"linewidth": 1.2}
    )
    return figure


def hues():
    """Two photographs and their hue histograms, each bar in its own hue."""
    bins = 10
    photographs = np.stack(_photographs())
    histograms = HSVHistogram().fit_transform(photographs)
    colors = hsv_to_rgb([((k + 0.5) / bins, 0.75, 0.85) for k in range(bins)])
    figure, axes = plt.subplots(2, 2, figsize=(6, 3.2))
    for (left, right), image, histogram in zip(axes, photographs, histograms, strict=True):
        left.imshow(image)
        left.axis("off")
        right.bar(np.arange(bins), histogram, color=colors, width=0.9)
        right.set(xticks=[], ylabel="share")
    right.set_xlabel("hue")
    return figure
