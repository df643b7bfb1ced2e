"""The networks of ``examples/architectures.py``: their shapes, and what they cost."""

import runpy
from functools import cache
from itertools import chain
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle

from pictures._boxes import arrow, box, canvas
from pictures._style import WIDTH, ink
from pictures._tables import volumes
from sk231n.diagnostics import network_summary
from sk231n.initializers import Normal
from sk231n.layers import Conv2D, Network, ReLU, Residual

KINDS = {
    "input": ("image", None),
    "Conv2D": ("conv", "C0"),
    "MaxPool2D": ("pool", "C1"),
    "AveragePool2D": ("pool", "C1"),
    "Affine": ("affine", "C2"),
}


@cache
def _summary(name):
    networks = runpy.run_path(Path(__file__).parents[2] / "examples" / "architectures.py")[
        "NETWORKS"
    ]
    make_layers, shape, n_classes, _ = networks[name]
    return network_summary(make_layers(), shape, n_classes)


def _kind(row):
    return row.name.partition("(")[0]


def _volumes(name):
    rows = [row for row in _summary(name).layers if _kind(row) in KINDS]
    shapes = [row.output_shape for row in rows]
    names, colors = zip(*(KINDS[_kind(row)] for row in rows), strict=True)
    return volumes(shapes, names, [color or ink() for color in colors])


def lenet5():
    """LeNet-5 as blocks: thin large ones, then thick small ones, then rows of numbers."""
    return _volumes("lenet5")


def alexnet():
    """AlexNet as blocks."""
    return _volumes("alexnet")


def vgg16():
    """VGG-16 as blocks, the last convolution of each group, and the fully connected layers."""
    rows = _summary("vgg16").layers
    ends = [k - 2 for k, row in enumerate(rows) if _kind(row) == "MaxPool2D"]
    shown = [rows[0], *(rows[k] for k in ends), rows[ends[-1] + 2]]
    shown += [row for row in rows if _kind(row) == "Affine"]
    names = ["image", *(f"{n} conv" for n in (2, 2, 3, 3, 3)), "pool", *["affine"] * 3]
    colors = [ink(), *["C0"] * 5, "C1", *["C2"] * 3]
    return volumes([row.output_shape for row in shown], names, colors)


def costs_of_vgg16():
    """Bars for each layer of VGG-16: values early, parameters late, multiplications between."""
    rows = [row for row in _summary("vgg16").layers if _kind(row) in KINDS]
    names = [f"{KINDS[_kind(row)][0]} {row.output_shape[-1]}" for row in rows]
    colors = [KINDS[_kind(row)][1] or ink() for row in rows]
    columns = {
        "values, millions": [row.n_values / 1e6 for row in rows],
        "parameters, millions": [row.n_parameters / 1e6 for row in rows],
        "multiply-adds, billions": [row.multiply_adds / 1e9 for row in rows],
    }
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 4), sharey=True)
    for ax, (title, values) in zip(axes, columns.items(), strict=True):
        ax.barh(range(len(rows)), values, color=colors)
        ax.set_title(title)
        ax.tick_params(left=False)
    axes[0].set_yticks(range(len(rows)), names)
    axes[0].set_ylim(len(rows) - 0.4, -0.6)
    return figure


def sizes():
    """Six networks over their parameters and their multiplications."""
    labels = {  # the name, and on which side and how high it stands
        "lenet5": ("LeNet-5", 1, 0),
        "resnet20": ("ResNet-20", 1, 0),
        "alexnet": ("AlexNet", 1, -5),
        "zfnet": ("ZFNet", 1, 5),
        "vgg16": ("VGG-16", -1, 0),
        "resnet50": ("ResNet-50", -1, 0),
    }
    figure, ax = plt.subplots(figsize=(WIDTH, 2.8))
    for key, (name, side, height) in labels.items():
        summary, color = _summary(key), "C1" if key.startswith("resnet") else "C0"
        point, area = (summary.n_parameters, summary.multiply_adds), max(summary.n_values / 4e4, 8)
        ax.scatter(*point, s=area, color=color, alpha=0.6)
        away = side * (np.sqrt(area) / 2 + 4), height
        style = {"ha": "left" if side > 0 else "right", "va": "center", "color": color}
        ax.annotate(name, point, away, textcoords="offset points", **style)
    ax.margins(0.12, 0.18)
    ax.set(xscale="log", yscale="log", xlabel="parameters", ylabel="multiply-adds of an image")
    return figure


def inception():
    """Four branches side by side, whose outputs are joined."""
    figure, ax = canvas(21.5)
    box(ax, 1, 1, 7, 19.5, "input")
    box(ax, 51, 1, 8, 19.5, "output:\nall their\nchannels")
    branches = [
        [("1", "C0")],
        [("1", "C0"), ("3", "C1")],
        [("1", "C0"), ("5", "C2")],
        [("pool 3", "C3"), ("1", "C0")],
    ]
    for k, branch in enumerate(branches):
        at, y = 8, 1 + 5.2 * k
        for j, (name, color) in enumerate(branch):
            x = (14 if len(branch) == 2 else 23) + 18 * j
            arrow(ax, (at, y + 1.95), (x, y + 1.95))
            box(ax, x, y, 13, 3.9, rf"{name} $\times$ {name[-1]}", color)
            at = x + 13
        arrow(ax, (at, y + 1.95), (51, y + 1.95))
    return figure


def residual_block():
    """A block of two convolutions, and a line around it to a sum."""
    figure, ax = canvas(13.5)
    ax.text(4.5, 8, "$x$", ha="center", va="center", fontsize=11)
    at = 6
    for name, color in (("conv", "C0"), ("relu", "C1"), ("conv", "C0")):
        arrow(ax, (at, 8), (at + 3.4, 8))
        box(ax, at + 3.4, 6, 7.5, 4, name, color)
        at += 10.9
    arrow(ax, (at, 8), (at + 3.4, 8))
    plus = at + 4.6
    ax.text(plus, 7.95, "+", ha="center", va="center", fontsize=13)
    ax.add_patch(Circle((plus, 8), 1.2, fill=False, edgecolor=ink()))
    ax.plot([7.4, 7.4, plus], [8, 2.5, 2.5], color="C2", linewidth=1.6)
    arrow(ax, (plus, 2.5), (plus, 6.8), "C2", linewidth=1.6)
    ax.text((7.4 + plus) / 2, 1.2, "shortcut", ha="center", va="center", color="C2")
    ax.plot([9.4, at], [11, 11], color=ink(), linewidth=0.8)
    ax.text((9.4 + at) / 2, 12.4, "$f(x)$", ha="center", va="center")
    ax.text(plus, 11, "$x + f(x)$", ha="center", va="center")
    arrow(ax, (plus + 1.2, 8), (plus + 4.6, 8))
    box(ax, plus + 4.6, 6, 7.5, 4, "relu", "C1")
    arrow(ax, (plus + 12.1, 8), (plus + 15.1, 8))
    return figure


@cache
def _gradients(residual, n_blocks=30):
    """Lengths of the gradients at the inputs of all blocks, from the first to the last."""
    blocks = [[Conv2D(8, initializer=Normal(0.05)), ReLU()] for _ in range(n_blocks)]
    layers = [Residual(block) for block in blocks] if residual else [*chain(*blocks)]
    rng, network, pull_backs = np.random.RandomState(0), Network(layers, (8, 8, 8)), []
    theta = network.initialize(rng, np.float64)
    views, gradients = map(network.layout.views, (theta, np.empty_like(theta)))
    x = rng.standard_normal((4, 8, 8, 8))
    for layer, p in zip(network.layers, views, strict=True):
        x, pull_back = layer.forward(p, x)
        pull_backs.append(pull_back)
    gradient, lengths = np.ones_like(x), []
    for pull_back, g in zip(reversed(pull_backs), reversed(gradients), strict=True):
        gradient = pull_back(gradient, g)
        lengths.append(np.linalg.norm(gradient))
    return lengths[:: -len(layers) // n_blocks]


def shortcuts():
    """The gradient on its way back through thirty blocks: it fades, or stays with shortcuts."""
    figure, ax = plt.subplots(figsize=(WIDTH, 2.5))
    for residual, name in ((True, "with shortcuts"), (False, "without")):
        lengths = _gradients(residual)
        (line,) = ax.semilogy(range(1, 31), lengths, linewidth=2)
        ax.annotate(
            name, (8, lengths[7]), (0, 8), textcoords="offset points", color=line.get_color(),
            ha="right",
        )  # fmt: skip
    ax.set(xlabel="block", ylabel="length of the gradient", xlim=(1, 30))
    return figure
