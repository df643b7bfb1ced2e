r"""
Pooling, and how far a unit sees
================================

After some convolutions comes a pooling layer, which makes images smaller. It
takes one number from each window, in each channel by itself: the largest (*max
pooling*) or the mean (*average pooling*). It has no weights. Along a side of
:math:`W` pixels, windows of :math:`F` pixels that begin :math:`S` pixels apart
give

.. math:: \left\lfloor \frac{W - F}{S} \right\rfloor + 1

numbers. Less arithmetic is left for the layers that follow, and their units
see more: a pixel of the smaller image stands for many pixels of the original
one.
"""

# %%
# Pooling with numbers
# --------------------
#
# The image of the notes has 4 x 4 pixels, and the windows 2 x 2.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

from sk231n.layers import AveragePool2D, Conv2D, MaxPool2D, Network

IMAGE = np.array([[1.0, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]])
TINTS = np.array([["#FFE3B3", "#BFE3F7"], ["#C5E8DC", "#EBD0DF"]])


def pool(layer, image):
    """Output for a grey image, and the gradient of the sum of the output."""
    y, backward = layer.forward(None, image[np.newaxis, :, :, np.newaxis])
    return y[0, :, :, 0], backward(np.ones_like(y), None)[0, :, :, 0]


def draw_table(ax, values, colors, title, size=12):
    """Draw a table of numbers; a colour for each of them."""
    height, width = values.shape
    ax.set(
        xlim=(-0.05, width + 0.05), ylim=(height + 0.05, -0.05), aspect="equal"
    )
    ax.set_axis_off()
    ax.set_title(title, fontsize=10)
    for (i, j), value in np.ndenumerate(values):
        ax.add_patch(
            plt.Rectangle(
                (j, i), 1, 1, facecolor=colors[i][j], edgecolor="0.4"
            )
        )
        ax.text(
            j + 0.5,
            i + 0.53,
            f"{value:g}",
            ha="center",
            va="center",
            fontsize=size,
        )


largest, to_largest = pool(MaxPool2D(2), IMAGE)
mean, to_mean = pool(AveragePool2D(2), IMAGE)
print("largest:", largest.tolist())
print("mean:   ", mean.tolist())

windows = np.repeat(np.repeat(TINTS, 2, axis=0), 2, axis=1)
fig, axes = plt.subplots(1, 5, figsize=(7, 1.9), layout="constrained")
for ax, values, colors, title in [
    (axes[0], IMAGE, windows, "image"),
    (axes[1], largest, TINTS, "largest"),
    (axes[2], mean, TINTS, "mean"),
    (
        axes[3],
        to_largest,
        np.where(to_largest > 0, windows, "white"),
        "gradient of\nthe largest",
    ),
    (axes[4], to_mean, windows, "gradient of\nthe mean"),
]:
    draw_table(ax, values, colors, title, size=12 if ax is not axes[4] else 8)

# %%
# **What to see.** A window and its number have the same colour and the same
# place. Three quarters of the numbers are gone. On the way back the pixel that
# was the largest gets the whole gradient, and the others nothing; of a mean,
# each pixel gets its share.
#
# Overlap and rest
# ----------------
#
# Windows may overlap: 3 x 3 pixels, two apart, is common. And some pixels may
# be left: here nothing is padded, and what fills no further window is ignored.
# We count for each pixel in how many windows it lies. This is the gradient of
# the mean, times the size of a window.

fig, axes = plt.subplots(1, 3, figsize=(7, 2.6), layout="constrained")
for ax, size, stride, side in [
    (axes[0], 2, 2, 5),
    (axes[1], 3, 2, 5),
    (axes[2], 3, 2, 6),
]:
    y, gradient = pool(AveragePool2D(size, stride), np.zeros((side, side)))
    n_windows = np.rint(gradient * size**2).astype(int)
    assert y.shape[0] == (side - size) // stride + 1
    print(
        f"side {side}, windows of {size} every {stride}: {y.shape[0]} x "
        f"{y.shape[1]} windows, "
        f"{np.sum(n_windows == 0)} pixels in none, {np.sum(n_windows > 1)} in "
        "several"
    )
    colors = np.array(["0.8", "white", "#BFE3F7", "#56B4E9", "#56B4E9"])[
        n_windows
    ]
    draw_table(
        ax, n_windows, colors, f"{side} x {side}, F = {size}, S = {stride}"
    )
print(
    "a pooling layer of VGG: 224 x 224 x 64 becomes",
    MaxPool2D(2).output_shape((224, 224, 64)),
)

# %%
# **What to see.** White pixels lie in one window, blue ones in two or four,
# grey ones in none. Sides should be chosen so that nothing is lost: an image
# whose side can be halved several times, or, for overlapping windows, an odd
# one.
#
# The receptive field
# -------------------
#
# Which pixels can change a unit? For one layer these are the pixels under its
# filter. For the next layer they are the pixels that change the units under
# *its* filter, and so on: the *receptive field* grows with each layer. With
# the filters :math:`F_l` and the strides :math:`S_l`,
#
# .. math::
#
#     R_l = R_{l-1} + (F_l - 1) \, S_1 S_2 \cdots S_{l-1}, \qquad R_0 = 1.
#
# We measure it: the gradient of one unit with respect to the image is not zero
# exactly where the image matters. If all weights are one, no two contributions
# cancel, and the gradient *counts the ways* from a pixel to the unit.


def ways(layers, side, n_images=1):
    """Gradient of the unit in the middle; all weights are one."""
    network = Network(layers, (side, side, 1))
    theta = np.ones(network.layout.size)
    views, gradients = (
        network.layout.views(theta),
        network.layout.views(np.empty_like(theta)),
    )
    x = np.random.default_rng(0).random((n_images, side, side, 1))
    pull_backs = []
    for layer, p in zip(network.layers, views, strict=True):
        x, pull_back = layer.forward(p, x)
        pull_backs.append(pull_back)
    dx = np.zeros_like(x)
    dx[:, x.shape[1] // 2, x.shape[2] // 2] = 1
    for pull_back, g in zip(
        reversed(pull_backs), reversed(gradients), strict=True
    ):
        dx = pull_back(dx, g)
    return dx.sum(axis=(0, 3))


def field(layers):
    """Side of the receptive field, by the formula."""
    side, step = 1, 1
    for layer in layers:
        stride = layer.stride or layer.size
        side, step = side + (layer.size - 1) * step, step * stride
    return side


def measured(gradient):
    """Height and width of the part of a gradient that is not zero."""
    seen = np.argwhere(gradient > 0)
    return seen.max(axis=0) - seen.min(axis=0) + 1


fig, axes = plt.subplots(1, 3, figsize=(7, 2.7), layout="constrained")
for depth, ax in enumerate(axes, start=1):
    layers = [Conv2D(1) for _ in range(depth)]
    n_ways, side = ways(layers, 9), field(layers)
    assert (measured(n_ways) == side).all()
    print(
        f"{depth} layers of 3 x 3: {side} x {side} pixels, {n_ways.max():g} "
        "ways from the middle"
    )
    colors = plt.cm.Blues(0.7 * n_ways / n_ways.max())
    colors[n_ways == 0] = 0.87, 0.87, 0.87, 1
    draw_table(
        ax, np.rint(n_ways), colors, f"layers: {depth}, sees {side} x {side}"
    )

# %%
# **What to see.** Grey pixels do not matter. Three layers of 3 x 3 see as far
# as one filter of 7 x 7. But not all pixels count the same: there are many
# ways from the middle, and only one from each corner. The part that matters in
# practice is usually smaller than the receptive field.
#
# Strides and pooling
# -------------------
#
# Now three stacks of three blocks each. In max pooling only the largest pixel
# of a window counts, so we add up over many random images.

BLOCKS = {
    "3 x 3": lambda: [Conv2D(1)],
    "3 x 3, stride 2": lambda: [Conv2D(1, stride=2)],
    "3 x 3, max pooling": lambda: [Conv2D(1), MaxPool2D(2)],
}
SIDE = 33
fig, axes = plt.subplots(3, 3, figsize=(6.4, 6.7), layout="constrained")
for row, (name, block) in zip(axes, BLOCKS.items(), strict=True):
    for depth, ax in enumerate(row, start=1):
        layers = [layer for _ in range(depth) for layer in block()]
        n_ways, side = ways(layers, SIDE, n_images=300), field(layers)
        assert (measured(n_ways) == side).all()
        norm = LogNorm(vmin=n_ways.max() / 100, vmax=n_ways.max())
        ax.imshow(np.ma.masked_equal(n_ways, 0), cmap="viridis", norm=norm)
        ax.set_facecolor("0.87")
        ax.set(title=f"{side} x {side}", xticks=[], yticks=[])
        if row is axes[-1]:
            ax.set_xlabel(f"{depth} block{'s' * (depth > 1)}")
    row[0].set_ylabel(name)
    sides = [
        field([layer for _ in range(depth) for layer in block()])
        for depth in (1, 2, 3)
    ]
    print(f"{name:20}{sides}")
plt.show()

# %%
# **What to see.** Each picture is the image of 33 x 33 pixels; coloured pixels
# change the unit in the middle, the more the lighter the colour. Without
# strides the receptive field grows by two pixels a layer. Each halving doubles
# the growth of all later layers, and three blocks with pooling see two thirds
# of the width. That is how a unit near the end can recognise a whole object,
# with filters of 3 x 3 only.
#
# **Try:** ``MaxPool2D(3, 2)``, windows that overlap; or find out how many
# layers of 3 x 3 it takes to see the whole image without a stride.
#
# The notes: `Pooling layer
# <https://cs231n.github.io/convolutional-networks/#pool>`_.
