r"""
Three small filters or one large one
====================================

Three layers with filters of 3 x 3 see as many pixels as one layer with filters
of 7 x 7. With :math:`C` channels in and out of each layer they have

.. math::

    3 \cdot (3 \cdot 3 \cdot C \cdot C) = 27 \, C^2
    \quad \text{weights instead of} \quad
    7 \cdot 7 \cdot C \cdot C = 49 \, C^2,

and as many multiply-adds at each pixel. They also have three non-linearities
where the large filter has one. That is why the notes prefer a stack of small
filters.
"""

# %%
# Counting
# --------
#
# A summary counts from shapes alone, without training.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MultipleLocator, PercentFormatter

from sk231n import ConvNetClassifier
from sk231n.datasets import make_shapes
from sk231n.diagnostics import network_summary
from sk231n.layers import BatchNorm, Conv2D, MaxPool2D, ReLU

print(
    f"{'channels':>8}{'':13}{'weights':>10}{'multiply-adds':>15}   of the "
    "large one"
)
for n_channels in (16, 64, 256):
    shape, weights, multiply_adds = (32, 32, n_channels), {}, {}
    for name, layers in {
        "one 7 x 7": [Conv2D(n_channels, 7)],
        "three 3 x 3": [Conv2D(n_channels, 3) for _ in range(3)],
    }.items():
        summary = network_summary(layers, shape)
        weights[name] = (
            summary.n_parameters - len(layers) * n_channels
        )  # less the intercepts
        multiply_adds[name] = summary.multiply_adds
        share = weights[name] / weights["one 7 x 7"]
        print(
            f"{n_channels:8}  "
            f"{name:11}{weights[name]:10,}{multiply_adds[name]:15,}   "
            f"{share:.0%}"
        )
    assert weights == {
        "one 7 x 7": 49 * n_channels**2,
        "three 3 x 3": 27 * n_channels**2,
    }

# %%
# What is it worth?
# -----------------
#
# We train three networks that differ in one place only. After a first layer
# and a pooling layer, all three see 7 x 7 pixels of the smaller image: with
# one layer, with three layers one after the other with nothing between them,
# and with three layers with a non-linearity between them. Layers with nothing
# between them are together just one linear map, so the second network can
# compute nothing that the first cannot.

N_FILTERS = 12
SEEDS = range(3)


def finished(size):
    """A convolution with normalization and non-linearity."""
    return [Conv2D(N_FILTERS, size), BatchNorm(), ReLU()]


def large():
    """One layer of 7 x 7."""
    return finished(7)


def linear():
    """Three layers of 3 x 3 with nothing between them."""
    return [Conv2D(N_FILTERS), Conv2D(N_FILTERS), *finished(3)]


def small():
    """Three layers of 3 x 3, each with its non-linearity."""
    return [layer for _ in range(3) for layer in finished(3)]


STACKS = {
    "one 7 x 7": large,
    "three 3 x 3,\nlinear between": linear,
    "three 3 x 3,\nReLU between": small,
}
train, test = (
    make_shapes(n, image_size=16, random_state=n) for n in (800, 1000)
)
accuracies = {}
for name, stack in STACKS.items():
    networks = [
        ConvNetClassifier(
            [*finished(3), MaxPool2D(), *stack(), MaxPool2D()],
            batch_size=32,
            max_iter=8,
            random_state=seed,
        ).fit(train.images, train.target)
        for seed in SEEDS
    ]
    accuracies[name] = [
        network.score(test.images, test.target) for network in networks
    ]
    summary = network_summary(networks[0])
    title, points = (
        name.replace("\n", " "),
        " ".join(f"{a:.1%}" for a in accuracies[name]),
    )
    print(
        f"{title:27}{summary.n_parameters:7,} parameters "
        f"{summary.multiply_adds:11,} "
        f"multiply-adds: {points}, mean {np.mean(accuracies[name]):.1%}"
    )

fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
for row, (values, color, marker) in enumerate(
    zip(
        accuracies.values(),
        ["#D55E00", "#CC79A7", "#0072B2"],
        ["s", "^", "o"],
        strict=True,
    )
):
    ax.plot(
        values,
        np.full(len(values), row),
        marker,
        color=color,
        markersize=9,
        alpha=0.6,
    )
    mean = np.mean(values)
    ax.plot([mean, mean], [row - 0.25, row + 0.25], color=color, linewidth=3)
    ax.text(mean, row - 0.32, f"{mean:.1%}", ha="center", color=color)
ax.set_yticks(range(len(STACKS)), STACKS)
ax.set(xlabel="test accuracy", ylim=(len(STACKS) - 0.5, -0.7))
ax.set_title(
    "Equal receptive fields; each point is one start, each line a mean"
)
ax.xaxis.set_major_locator(MultipleLocator(0.05))
ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
ax.grid(axis="x", color="0.9")
plt.show()

# %%
# **What to see.** Three small filters are about as accurate as the large one,
# with fewer weights and less arithmetic. Without the non-linearities between
# them they are far worse: it is these that make the stack worth having. What
# it costs is memory, as training keeps the outputs of three layers instead of
# one.
#
# **Try:** ``N_FILTERS = 16`` for the stacks of 3 x 3 only, which is about as
# many weights as twelve filters of 7 x 7 have; or five layers of 3 x 3 in
# place of three.
#
# The notes: `Layer patterns
# <https://cs231n.github.io/convolutional-networks/#layerpat>`_.
