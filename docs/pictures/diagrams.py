"""Networks as circles and lines, and what normalizations average over."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from pictures._style import ink, paper


def layers():
    """A network of two layers and one of three."""
    figure, axes = plt.subplots(1, 2, figsize=(6, 2.3), width_ratios=(3, 4))
    for ax, sizes in zip(axes, ((3, 4, 2), (3, 4, 4, 1)), strict=True):
        _draw_network(ax, sizes)
        names = ["input", *["hidden"] * (len(sizes) - 2), "scores"]
        for column, (name, size) in enumerate(zip(names, sizes, strict=True)):
            ax.text(column, -2, f"{name}\n{size}", ha="center", va="top")
    return figure


def dropout():
    """A network with all its units, and two thinned by dropout."""
    figure, axes = plt.subplots(1, 3, figsize=(6, 2.2))
    nothing = [[], [], [], []]
    titles = {
        "prediction": nothing,
        "one training step": [[], [1, 3], [0, 4], []],
        "the next": [[], [0, 2, 3], [1, 4], []],
    }
    for ax, (title, dropped) in zip(axes, titles.items(), strict=True):
        _draw_network(ax, (4, 5, 5, 2), dropped)
        ax.set_title(title)
    return figure


def _draw_network(ax, sizes, dropped=None):
    """Draw layers of units as columns of circles; the units dropped are crossed out."""
    dropped = dropped or [[] for _ in sizes]
    columns = [[(i, (n - 1) / 2 - k) for k in range(n)] for i, n in enumerate(sizes)]
    kept = [
        [unit for k, unit in enumerate(column) if k not in out]
        for column, out in zip(columns, dropped, strict=True)
    ]
    lines = [(a, b) for i in range(len(sizes) - 1) for a in kept[i] for b in kept[i + 1]]
    ax.add_collection(LineCollection(lines, colors=ink(), linewidths=0.7, alpha=0.6, zorder=1))
    colors = ["C2", *["C0"] * (len(sizes) - 2), "C1"]
    for column, units, color, out in zip(columns, kept, colors, dropped, strict=True):
        ax.scatter(*np.transpose(units), s=170, c=paper(), edgecolors=color, linewidths=1.8)
        if out:
            off = np.transpose([column[k] for k in out])
            ax.scatter(*off, s=170, c=paper(), edgecolors=ink(), linewidths=0.8, alpha=0.6)
            ax.scatter(*off, s=90, c="C3", marker="x", linewidths=1.5)
    highest = (max(sizes) - 1) / 2
    ax.set(xlim=(-0.4, len(sizes) - 0.6), ylim=(-highest - 0.4, highest + 0.4))
    ax.axis("off")


def normalizations():
    """What batch and layer normalization average over, in a table of samples and units."""
    values = np.random.RandomState(0).uniform(0.08, 0.45, (6, 8))
    figure, axes = plt.subplots(1, 2, figsize=(6, 2.2))
    for ax, name, box in zip(
        axes, ("batch normalization", "layer normalization"), ((2, 0, 1, 6), (0, 2, 8, 1)),
        strict=True,
    ):  # fmt: skip
        for (row, column), value in np.ndenumerate(values):
            inside = box[0] <= column < box[0] + box[2] and box[1] <= row < box[1] + box[3]
            color, alpha = ("C1", 0.35 + value) if inside else (ink(), value)
            ax.add_patch(Rectangle((column + 0.06, row + 0.06), 0.88, 0.88, color=color,
                                   alpha=alpha, linewidth=0))  # fmt: skip
        ax.add_patch(Rectangle(box[:2], *box[2:], fill=False, edgecolor="C1", linewidth=1.8))
        ax.set(title=name, xlim=(-0.1, 8.1), ylim=(6.1, -0.1), xticks=[], yticks=[])
        ax.set(xlabel="units", ylabel="samples", aspect="equal")
        ax.spines[:].set_visible(False)
    return figure
