"""Convolution and pooling: step by step, on images, and in layers."""

from functools import cache
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle, Rectangle
from sklearn.datasets import load_digits, load_sample_image

from pictures import _patches
from pictures._boxes import arrow, canvas
from pictures._style import WIDTH, ink
from pictures._tables import frame, number, table, tint, volumes
from sk231n import ConvNetClassifier, reference
from sk231n.diagnostics import network_summary
from sk231n.layers import Conv2D
from sk231n.plotting import FilterDisplay

EDGE = np.array([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])


def _as_sum(numbers):
    first, *rest = numbers
    return number(first) + "".join(f" ${'-' if n < 0 else '+'}$ {number(abs(n))}" for n in rest)


def window_of_a_digit():
    """A digit, one window of it times a filter, and the scores of the filter at all positions."""
    digit, row, column = load_digits().images[0], 2, 1
    scores = reference.conv_forward(digit[None, :, :, None], EDGE[:, :, None, None], np.zeros(1))
    scores, window = scores[0, :, :, 0], digit[row : row + 3, column : column + 3]
    figure, ax = canvas(20.5)
    ax.imshow(digit, cmap="gray", extent=(1, 17, 19, 3))
    ax.text(9, 2.5, "image", ha="center")
    frame(ax, 1 + 2 * column, 3 + 2 * row, 6, 6, "C1")
    table(ax, window, 20, 4, 2.2, "window", _tints("C1"))
    ax.text(27.9, 7.3, r"$\times$", ha="center", va="center", fontsize=12)
    table(ax, EDGE, 29.2, 4, 2.2, "filter", _tints("C0"))
    products = (window * EDGE)[EDGE != 0]
    ax.text(20, 13, f"{_as_sum(products)}", va="center")
    ax.text(20, 15, f"= {_as_sum([scores[row, column]])}", va="center", color="C2")
    arrow(ax, (37, 9.5), (40.5, 9.5))
    limit = np.abs(scores).max()
    side = 16 / 6
    ax.imshow(scores, cmap="RdBu_r", vmin=-limit, vmax=limit, extent=(42, 58, 19, 3))
    frame(ax, 42 + side * column, 3 + side * row, side, side, "C2")
    ax.text(50, 2.5, "scores at all positions", ha="center")
    ax.set(xlim=(0, 60), ylim=(20.5, 0))
    return figure


def _tints(color, shape=(3, 3)):
    return np.full((*shape, 4), tint(color))


def step_of_a_volume():
    """Three channels with a window, a filter of three channels, their products, and the output."""
    rng = np.random.RandomState(0)
    x = rng.randint(0, 3, size=(1, 5, 5, 3)).astype(float)
    W, b = rng.randint(-1, 2, size=(3, 3, 3, 2)).astype(float), np.array([1.0, 0.0])
    y = reference.conv_forward(x, W, b, stride=2, padding=1)
    padded = np.pad(x[0], ((1, 1), (1, 1), (0, 0)))
    figure, ax = canvas(31)
    sums = []
    for c, name in enumerate(("red", "green", "blue")):
        left = 1 + 15.6 * c
        tints = np.full((7, 7, 4), tint(ink(), 0.12))
        tints[1:-1, 1:-1] = 0
        tints[0:3, 2:5] = tint("C1")
        table(ax, padded[:, :, c], left, 2.5, 2, name, tints)
        frame(ax, left + 4, 2.5, 6, 6, "C1")
        products = padded[0:3, 2:5, c] * W[:, :, c, 0]
        table(ax, W[:, :, c, 0], left, 19.5, 2, "filter", _tints("C0"))
        table(ax, products, left + 8, 19.5, 2, "products")
        sums.append(products.sum())
        ax.text(left + 11, 26.6, f"sum {_as_sum(sums[-1:])}", ha="center", va="center")
    tints = np.zeros((3, 3, 4))
    tints[0, 1] = tint("C2")
    table(ax, y[0, :, :, 0], 49, 2.5, 2.8, "output", tints)
    frame(ax, 51.8, 2.5, 2.8, 2.8, "C2")
    total = f"{_as_sum(sums)} + intercept {b[0]:g} = {_as_sum([y[0, 0, 1, 0]])}"
    ax.text(1, 29.4, f"This output: {total}", va="center", color="C2")
    return figure


def padding_and_stride():
    """Rows of pixels and the outputs above them, which a filter of three connects."""
    figure, ax = canvas(25)
    for k, (width, stride, padding) in enumerate(((7, 1, 0), (7, 2, 0), (5, 1, 1), (5, 2, 1))):
        left, bottom = 2 + 30 * (k % 2), 10 + 12.5 * (k // 2)
        n_outputs = reference.conv_output_side(width, 3, stride=stride, padding=padding)
        for i in range(width + 2 * padding):
            is_zero = not padding <= i < width + padding
            style = {"linestyle": ":"} if is_zero else {"facecolor": tint("C0")}
            ax.add_patch(
                Rectangle(
                    (left + 3 * i, bottom - 2),
                    3,
                    2,
                    edgecolor=ink(),
                    **{"facecolor": "none"} | style,
                )
            )
            if is_zero:
                ax.text(left + 3 * i + 1.5, bottom - 1, "0", ha="center", va="center")
        for t in range(n_outputs):
            center = left + 3 * (stride * t + 1.5), bottom - 6
            color = f"C{1 + t % 2}"
            for u in range(3):
                ends = left + 3 * (stride * t + u + 0.5), bottom - 2
                ax.plot(*zip(center, ends, strict=True), color=color, linewidth=1.2)
            ax.add_patch(Circle(center, 0.9, facecolor=color, edgecolor="none", zorder=3))
        title = f"W = {width}, S = {stride}, P = {padding}: {n_outputs} outputs"
        ax.text(left, bottom - 8.3, title, va="center")
    return figure


def pooling():
    """A table of four by four, the largest of each window, and the way of the gradients back."""
    x = np.array([[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [3, 2, 3, 4]])
    dy = np.array([[10.0, 20], [30, 40]])
    y = reference.max_pool_forward(x[None, :, :, None])[0, :, :, 0]
    dx = reference.max_pool_backward(dy[None, :, :, None], x[None, :, :, None])[0, :, :, 0]
    colors = np.array([[tint(f"C{2 * i + j}") for j in range(2)] for i in range(2)])
    windows = np.repeat(np.repeat(colors, 2, axis=0), 2, axis=1)
    figure, ax = canvas(14)
    table(ax, x, 2, 2.5, 2.7, "image", windows)
    arrow(ax, (13.6, 7.9), (17.4, 7.9))
    table(ax, y, 18.2, 5.2, 2.7, "largest", colors)
    ax.plot([30, 30], [1, 13.5], color=ink(), linewidth=0.6, linestyle=":")
    table(ax, dy, 36.4, 5.2, 2.7, "gradient", colors)
    arrow(ax, (42.6, 7.9), (46.4, 7.9))
    sources = np.where((dx > 0)[:, :, None], windows, 0)
    table(ax, dx, 47.2, 2.5, 2.7, "of the image", sources)
    return figure


def receptive_fields():
    """Three pyramids that stand below one output each: the pixels that it depends on."""
    stacks = {
        "three filters of 3": [(3, 1, 1)] * 3,
        "two filters of 3, pooling between": [(3, 1, 1), (2, 2, 1), (3, 1, 1)],
        "dilated by 1, 2, 4": [(3, 1, 1), (3, 1, 2), (3, 1, 4)],
    }
    figure, ax = canvas(18)
    left = 1.5
    for k, (name, layers) in enumerate(stacks.items()):
        width = _pyramid(ax, layers, left, f"C{k}")
        ax.text(left + width / 2, 1, name, ha="center", va="center", color=f"C{k}")
        left += width + 3.2
    return figure


def _pyramid(ax, layers, left, color, pitch=1.72):
    """Draw what one output depends on, for layers of (size, stride, dilation); return the width."""
    places = [(left + pitch / 2, pitch)]  # of the first output, and from one to the next
    for size, stride, dilation in layers:
        first, step = places[-1]
        places.append((first + (size - 1) * dilation * step / 2, stride * step))
    reached = {0}
    for depth in range(len(layers), 0, -1):
        size, stride, dilation = layers[depth - 1]
        (first, step), (first_below, step_below) = places[depth], places[depth - 1]
        y, y_below = 14.6 - 4 * depth, 14.6 - 4 * (depth - 1)
        taps = {i: [stride * i + dilation * u for u in range(size)] for i in reached}
        for i, below in taps.items():
            x = first + step * i
            for j in below:
                ends = [x, first_below + step_below * j], [y, y_below - (depth == 1)]
                ax.plot(*ends, color=ink(), linewidth=0.7, alpha=0.7)
            ax.add_patch(Circle((x, y), 0.55, facecolor=color, zorder=3))
        reached = {j for below in taps.values() for j in below}
    n_pixels = max(reached) + 1
    for i in range(n_pixels):
        style = {"facecolor": tint(color, 0.4), "edgecolor": ink()}
        ax.add_patch(Rectangle((left + pitch * i, 13.6), pitch, 1.4, **style))
    text = f"sees {len(reached)} pixels"
    ax.text(left + pitch * n_pixels / 2, 16.6, text, ha="center", va="center")
    return pitch * n_pixels


def im2col():
    """A filter as a row times the windows as columns gives the outputs as a row."""
    image = np.array([[1, 0, 2, 1], [0, 3, 1, 0], [2, 1, 0, 1], [1, 0, 1, 2]], dtype=float)
    columns = reference.im2col(image[:, :, None], 3)
    row = EDGE.reshape(1, 9)
    figure, ax = canvas(21.5)
    tints = np.zeros((4, 4, 4))
    tints[:3, 1:] = tint("C1")
    table(ax, image, 1.5, 2.5, 2.2, "image", tints)
    frame(ax, 3.7, 2.5, 6.6, 6.6, "C1")
    table(ax, EDGE, 2.6, 14.2, 2.2, "filter", _tints("C0"))
    table(ax, row, 15, 10.3, 2, "filter as a row", _tints("C0", (1, 9)))
    ax.text(34.7, 11.3, r"$\times$", ha="center", va="center", fontsize=12)
    tints = np.zeros((9, 4, 4))
    tints[:, 1] = tint("C1")
    table(ax, columns, 36.4, 2.5, 2, "windows as columns", tints)
    frame(ax, 38.4, 2.5, 2, 18, "C1")
    ax.text(46.2, 11.3, "=", ha="center", va="center", fontsize=12)
    tints = np.zeros((1, 4, 4))
    tints[0, 1] = tint("C1")
    table(ax, row @ columns, 48, 10.3, 2.4, "outputs", tints)
    return figure


def as_a_matrix():
    """A matrix that is zero but for nine diagonals, each of one color: those of the filter."""
    filters = np.arange(1.0, 10).reshape(3, 3, 1, 1)
    pixels = np.eye(36).reshape(36, 6, 6, 1)
    matrix = reference.conv_forward(pixels, filters, np.zeros(1), padding=1).reshape(36, 36).T
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3), width_ratios=[1, 3.2])
    style = {"cmap": "turbo", "vmin": 0, "vmax": 10}
    left.imshow(filters[:, :, 0, 0], **style)
    left.set(title="filter", xticks=[], yticks=[])
    right.imshow(np.ma.masked_equal(matrix, 0), **style)
    right.set(xlabel="pixel", ylabel="output", xticks=range(0, 36, 6), yticks=range(0, 36, 6))
    return figure


def edges():
    """A photograph of a temple, and the scores of two filters: vertical and horizontal edges."""
    photo = _patches.shrunk(load_sample_image("china.jpg")[20:300, 60:340], 2)
    grey = photo.mean(axis=2)
    filters = np.stack([EDGE, EDGE.T], axis=-1)[:, :, None]
    scores = _slide(grey, filters)
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.2))
    axes[0].imshow(photo)
    limit = np.percentile(np.abs(scores), 99)
    for k, ax in enumerate(axes[1:]):
        ax.imshow(scores[:, :, k], cmap="gray", vmin=-limit, vmax=limit)
    for ax, name in zip(axes, ("photograph", "vertical edges", "horizontal edges"), strict=True):
        ax.set_title(name)
        ax.set_axis_off()
    return figure


def _slide(image, filters):
    p = SimpleNamespace(W=filters, b=np.zeros(filters.shape[-1]))
    layer = Conv2D(filters.shape[-1], filters.shape[0], padding="valid")
    return layer.forward(p, np.reshape(image, (1, *image.shape[:2], -1)))[0][0]


def volumes_of_a_network():
    """Blocks that become smaller and deeper, then rows of numbers."""
    network = ConvNetClassifier(((8, 8), (16,)), (20,), normalization=None)
    return _volumes(network, (16, 16, 3), 4)


def volumes_of_a_pattern():
    """An image, twice a convolution and pooling, then two fully connected layers, as blocks."""
    network = ConvNetClassifier(((8,), (16,)), (50,), head="flatten", normalization=None)
    return _volumes(network, (32, 32, 3), 10)


def _volumes(network, shape, n_classes):
    kinds = {
        "input": ("image", ink()),
        "Conv2D": ("conv", "C0"),
        "MaxPool2D": ("pool", "C1"),
        "GlobalAveragePool2D": ("mean", "C1"),
        "Affine": ("affine", "C2"),
    }
    rows = network_summary(network, shape, n_classes).layers
    of_row = [(row.output_shape, kinds.get(row.name.partition("(")[0])) for row in rows]
    shown = [(shape, *kind) for shape, kind in of_row if kind is not None]
    return volumes(*zip(*shown, strict=True))


def first_filters():
    """Sixteen filters that a network has learnt: edges and spots of color."""
    return FilterDisplay.from_estimator(_patches.network(), n_cols=8, ax=_axes(1.6)).figure_


def _axes(height):
    return plt.subplots(figsize=(WIDTH, height))[1]


@cache
def _maps():
    network = _patches.network()
    photo = _patches.shrunk(load_sample_image("china.jpg"))[:100, 5:105]
    of_colors = network.normalizations_[0]
    standardised = (photo - of_colors["mean"]) / of_colors["spread"]
    return photo, np.maximum(_slide(standardised, network.coefs_[0]) + network.intercepts_[0], 0)


def feature_maps():
    """A photograph, and what eight of the filters make of it."""
    photo, maps = _maps()
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.0), width_ratios=[1, 2.1])
    left.imshow(photo)
    left.set_anchor("N")
    left.set_axis_off()
    FilterDisplay(np.moveaxis(maps[:, :, :8], -1, 0)).plot(right, n_cols=4)
    return figure


@cache
def _reader_of_digits():
    X, y = load_digits().images[:600].astype(np.uint8), load_digits().target[:600]
    network = ConvNetClassifier(
        ((16, 16),), head="flatten", batch_size=32, max_iter=5, random_state=0
    )
    return network.fit(X, y)


def map_of_scores():
    """Four digits side by side, and below them the probability of each class at 13 positions."""
    number = np.concatenate(load_digits().images[1000:1004], axis=1).astype(np.uint8)
    scores = _reader_of_digits().decision_map(number[None])[0, 0]
    figure, axes = plt.subplots(2, 1, figsize=(WIDTH, 3.6), height_ratios=[1, 1.3], sharex=True)
    axes[0].imshow(number, cmap="gray", extent=(0, 32, 0, 8))
    axes[0].set_axis_off()
    probabilities = np.exp(reference.log_softmax(scores)).T
    axes[1].imshow(probabilities, cmap="viridis", extent=(3, 29, 9.5, -0.5), aspect="auto")
    centers = range(4, 32, 8)
    axes[1].set(yticks=range(10), ylabel="class", xlim=(0, 32))
    axes[1].set_xticks(centers, [f"position {x - 4}" for x in centers])
    return figure
