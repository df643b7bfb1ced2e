"""One neuron, its activation, and what a few of them can draw."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch

from pictures._style import ink
from sk231n.layers import LeakyReLU, Logistic, Maxout, ReLU, Tanh


def neuron():
    """A unit: inputs times weights, their sum, and the activation."""
    figure, ax = plt.subplots(figsize=(6, 2.2))
    ax.set(xlim=(-0.3, 5.9), ylim=(-1.15, 1.15), aspect="equal")
    ax.axis("off")
    for i, height in enumerate((0.85, 0, -0.85), start=1):
        _circle(ax, (0, height), 0.25, "C2", f"$x_{i}$")
        start = 0.25 * np.array([1.85, -height]) / np.hypot(1.85, height) + [0, height]
        end = np.array([1.85, 0]) - 0.5 * np.array([1.85, -height]) / np.hypot(1.85, height)
        _arrow(ax, start, end)
        ax.text(*(start + end) / 2 + [0, 0.15 if height >= 0 else -0.2], f"$w_{i}$", color="C1",
                ha="center", va="center")  # fmt: skip
    _circle(ax, (1.85, 0), 0.5, "C0", r"$\Sigma$")
    ax.text(1.85, -0.98, "$b$", color="C1", ha="center", va="center")
    _arrow(ax, (1.85, -0.86), (1.85, -0.5))
    _arrow(ax, (2.35, 0), (3.45, 0))
    ax.text(2.88, 0.16, "$z = w \\cdot x + b$", ha="center")
    _circle(ax, (3.95, 0), 0.5, "C0")
    ax.plot([3.6, 3.95, 4.2], [-0.15, -0.15, 0.25], color="C0", linewidth=2)
    ax.text(3.95, 0.62, "activation $f$", color="C0", ha="center")
    _arrow(ax, (4.45, 0), (5.15, 0))
    ax.text(5.2, 0, "$h = f(z)$", va="center")
    return figure


def _circle(ax, center, radius, color, label=""):
    ax.add_patch(Circle(center, radius, facecolor="none", edgecolor=color, linewidth=1.8))
    ax.text(*center, label, ha="center", va="center", color=color, fontsize=10 + 8 * radius)


def _arrow(ax, start, end):
    ax.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=9, shrinkA=1, shrinkB=1,
                        color=ink(), linewidth=0.9)
    )  # fmt: skip


def activations():
    """Five activations, and their slopes below them."""
    z = np.linspace(-4, 4, 801)[:, np.newaxis]
    two = np.hstack([-0.5 * z - 1, z])
    panels = {
        "logistic": (Logistic(), z),
        "tanh": (Tanh(), z),
        "ReLU": (ReLU(), z),
        "leaky ReLU": (LeakyReLU(0.1), z),
        "maxout": (Maxout(), two),
    }
    figure, axes = plt.subplots(2, 5, figsize=(6, 2.7), sharex=True, sharey="row")
    for (top, bottom), (name, (layer, inputs)) in zip(axes.T, panels.items(), strict=True):
        values, backward = layer.forward(None, inputs)
        slope = np.gradient(inputs, z[:, 0], axis=0) * backward(np.ones_like(values), None)
        if inputs is two:
            top.plot(z, two, color=ink(), linewidth=0.8, linestyle=":")
        top.plot(z, values, color="C0", linewidth=2)
        bottom.plot(z, slope.sum(axis=1), color="C1", linewidth=2)
        top.set(title=name, ylim=(-1.3, 2.6), yticks=[-1, 0, 1, 2])
        bottom.set(xticks=[-3, 0, 3], ylim=(-0.65, 1.15), yticks=[0, 1])
        for ax in (top, bottom):
            ax.axhline(0, color=ink(), linewidth=0.5, alpha=0.5)
            ax.axvline(0, color=ink(), linewidth=0.5, alpha=0.5)
    axes[0, 0].set_ylabel("output", color="C0")
    axes[1, 0].set_ylabel("slope", color="C1")
    return figure


def rectifiers():
    """A sine from eight rectifiers side by side, and tents from rectifiers one after another."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(6, 2.4))
    knots = np.linspace(0, 2 * np.pi, 9)
    weights = np.diff(np.diff(np.sin(knots)) / np.diff(knots), prepend=0.0)
    x = np.linspace(0, 2 * np.pi, 401)
    parts = np.maximum(0, x[:, np.newaxis] - knots[:-1]) * weights
    left.plot(x, parts, color=ink(), linewidth=0.7, alpha=0.6)
    left.plot(x, np.sin(x), color="C0", linewidth=4, alpha=0.4)
    left.plot(x, parts.sum(axis=1), color="C1", linewidth=1.5)
    left.plot(knots, np.sin(knots), "o", color="C1", markersize=4)
    left.set(title="one layer of eight", ylim=(-2, 2), xticks=[], yticks=[-1, 0, 1])
    t = np.linspace(0, 1, 1025)
    h = t
    for depth in range(3):
        h = 2 * np.maximum(0, h) - 4 * np.maximum(0, h - 0.5)
        right.plot(t, h + 1.25 * (2 - depth), color=f"C{depth}", linewidth=1.8)
        right.text(1.03, 0.5 + 1.25 * (2 - depth), f"depth {depth + 1}", color=f"C{depth}",
                   va="center")  # fmt: skip
    right.set(title="layers of two, one after another", xticks=[], yticks=[])
    right.spines[:].set_visible(False)
    return figure


def zigzag():
    """The weights of a unit on their way, for positive inputs and for centred ones."""
    figure, axes = plt.subplots(1, 2, figsize=(6, 2.4), sharex=True, sharey=True)
    lowest = {"inputs from 0 to 1": 0, "inputs from $-1$ to 1": -1}
    for ax, (name, low) in zip(axes, lowest.items(), strict=True):
        inputs = np.random.RandomState(0).uniform(low, 1, (25, 2))
        w, goal = np.zeros(2), np.array([2.0, -1.0])
        path = [w]
        for x in inputs:
            w = w + 0.5 * (goal - w) @ x / (x @ x) * x
            path.append(w)
        ax.plot(*np.transpose(path), "o-", color="C0", markersize=3, linewidth=1.2)
        ax.plot(*path[0], "o", color="C0", markersize=7)
        ax.plot(*goal, "*", color="C1", markersize=13)
        ax.set(title=name, xlabel="$w_1$", aspect="equal", xticks=[], yticks=[])
    axes[0].set_ylabel("$w_2$")
    return figure
