"""Searches for hyper-parameters."""

import matplotlib.pyplot as plt
import numpy as np

from pictures._style import ink


def grid_and_random():
    """Nine tries on a grid and nine at random; only one of the two parameters matters."""
    rng = np.random.RandomState(3180)
    ticks = np.array([0.17, 0.5, 0.83])
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    random = rng.uniform(0.06, 0.94, (9, 2))
    figure = plt.figure(figsize=(6, 3.2))
    x = np.linspace(0, 1, 200)
    for part, name, points in zip(
        figure.subfigures(1, 2), ("grid: 3 values tried", "random: 9 values tried"), (grid, random),
        strict=True,
    ):  # fmt: skip
        axes = part.subplots(2, 2, width_ratios=(4, 1), height_ratios=(1, 4), sharex="col",
                             sharey="row")  # fmt: skip
        (top, corner), (main, side) = axes
        corner.axis("off")
        top.set_title(name)
        top.fill_between(x, _matters(x), color="C2", alpha=0.3, linewidth=0)
        top.plot(points[:, 0], _matters(points[:, 0]), "o", color="C1", markersize=4)
        side.fill_betweenx(x, 0.3 + 0.15 * x, color="C4", alpha=0.3, linewidth=0)
        main.vlines(points[:, 0], points[:, 1], 1, color="C1", linewidth=0.8, linestyle=":")
        main.plot(*points.T, "o", color="C1", markersize=7)
        main.set(xlabel="matters", ylabel="hardly matters", xlim=(0, 1), ylim=(0, 1))
        top.set_ylim(0, 1.1)
        side.set_xlim(0, 1.1)
        main.spines[:].set_visible(True)
        for ax in (top, side, main):
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_color(ink())
        top.spines["left"].set_visible(False)
        side.spines["bottom"].set_visible(False)
    return figure


def _matters(x):
    return 0.15 + 0.85 * np.exp(-(((x - 0.66) / 0.11) ** 2))
