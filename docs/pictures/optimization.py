"""Landscapes of losses, and ways down."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from pictures._style import ink
from sk231n import LinearSVM
from sk231n.diagnostics import loss_landscape
from sk231n.losses import WestonWatkins
from sk231n.plotting import LossLandscapeDisplay


@cache
def _landscapes():
    X, y = load_digits(return_X_y=True)
    X, y = X[:600] / 16, y[:600]
    svm = LinearSVM(alpha=1e-2, random_state=0).fit(X, y)
    return [
        loss_landscape(svm, X, y, n_directions=n, n_points=61 if n == 1 else 25, span=2,
                       random_state=0)
        for n in (1, 2)
    ]  # fmt: skip


def cuts():
    """The objective of a linear SVM along a line and over a plane through its minimum."""
    figure, axes = plt.subplots(1, 2, figsize=(6, 2.7))
    for ax, landscape in zip(axes, _landscapes(), strict=True):
        display = LossLandscapeDisplay(landscape.coordinates, landscape.losses)
        display.plot(ax, line_kw={"color": "C0"})
        ax.get_legend().remove()
    return figure


def loss_of_one_weight():
    """The SVM losses of three images of one pixel over the weight of a class, and their mean."""
    pixels, others = np.array([1.0, 0.9, 0.8]), np.array([-0.6, 0.5])
    kinks = np.sort([*(others + 1 / pixels[0]), *(others - 1 / pixels[1:])])
    weights = np.array([-3, *kinks, 3])  # straight lines in between
    figure, ax = plt.subplots(figsize=(6, 2.9))
    losses = []
    for y, pixel in enumerate(pixels):
        scores = pixel * np.column_stack([weights, np.tile(others, (len(weights), 1))])
        losses.append([WestonWatkins()(row[None], np.array([y]))[0] for row in scores])
        ax.plot(weights, losses[y], color=f"C{y}", linewidth=1.2)
    for y, name in enumerate(("first", "second", "third")):
        end, side = (0, "left") if y == 0 else (-1, "right")
        ax.annotate(f"image of the {name} class", (weights[end], losses[y][end]), (0, 3),
                    textcoords="offset points", color=f"C{y}", ha=side, va="bottom")  # fmt: skip
    mean = np.mean(losses, axis=0)
    ax.plot(weights, mean, color=ink(), linewidth=2.5)
    ax.plot(kinks, mean[1:-1], "o", color=ink(), markersize=5)
    ax.annotate("mean", (weights[0], mean[0]), (0, 3), textcoords="offset points", va="bottom")
    ax.set(xlabel="weight of the first class", ylabel="loss", ylim=(0, None))
    return figure


def rates():
    """Twelve steps down a bowl, at a rate too small, about right, and too large."""
    curvatures = np.array([1.0, 8.0])
    span = np.linspace(-1.2, 1.2, 80)
    heights = (curvatures[0] * span**2 + curvatures[1] * span[:, None] ** 2) / 2
    limit = 2 / curvatures.max()
    rates = {"too small": 0.08 * limit, "about right": 0.8 * limit, "too large": 1.02 * limit}
    figure, axes = plt.subplots(1, 3, figsize=(6, 2.2))
    figure.get_layout_engine().set(wspace=0.08)
    for ax, (name, rate) in zip(axes, rates.items(), strict=True):
        path = [np.array([-1.05, 0.8])]
        for _ in range(12):
            path.append(path[-1] - rate * curvatures * path[-1])
        ax.contour(
            span,
            span,
            heights,
            levels=np.geomspace(0.05, 5, 8),
            colors=[ink()],
            linewidths=0.6,
            alpha=0.5,
        )
        ax.plot(*np.transpose(path), "o-", color="C1", markersize=3, linewidth=1)
        ax.plot(0, 0, "*", color="C0", markersize=9)
        ax.set(
            title=rf"{name}, $\eta$ = {rate:.2g}",
            aspect="equal",
            xlim=(-1.2, 1.2),
            ylim=(-1.2, 1.2),
            xticks=[],
            yticks=[],
        )
        ax.axis("off")
    return figure


def difference_quotients():
    """How far two quotients are from the slope, over their step."""
    f, slope, x = np.sin, np.cos(1.0), 1.0
    steps = np.logspace(-13, 0, 105)
    quotients = {
        "forward": (f(x + steps) - f(x)) / steps,
        "central": (f(x + steps) - f(x - steps)) / (2 * steps),
    }
    figure, ax = plt.subplots(figsize=(6, 2.8))
    for (name, values), place in zip(quotients.items(), ((1e-4, 3e-4), (5e-3, 5e-8)), strict=True):
        (line,) = ax.loglog(steps, np.abs(values - slope), linewidth=1.5)
        ax.text(*place, name, color=line.get_color(), ha="right" if name == "forward" else "left")
    ax.text(1e-12, 1e-8, "rounding", ha="left")
    ax.set(xlabel="step $h$", ylabel="error of the quotient")
    return figure
