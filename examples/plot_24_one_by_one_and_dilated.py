r"""
Filters of one pixel, and filters with gaps
===========================================

Two unusual filters that many networks are made of. A filter of **1 x 1** sees
one pixel, but all of its channels:

.. math:: y_{ijk} = b_k + \sum_c W_{ck} \, x_{ijc}.

It mixes channels, the same way at each pixel. A **dilated** filter has gaps
between its taps. With the dilation :math:`D` its :math:`F` taps are :math:`D`
pixels apart, so that it reaches over

.. math:: D \, (F - 1) + 1

pixels, with as many weights as before.
"""

# %%
# Mixing channels
# ---------------
#
# Three filters of 1 x 1 turn red, green and blue into brightness, red against
# green, and blue against yellow. Human eyes send such *opponent colours* to
# the brain.

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np

from sk231n.datasets import make_shapes
from sk231n.diagnostics import network_summary
from sk231n.layers import Conv2D, Network, ReLU

shapes = make_shapes(24, image_size=96, noise=0.02, random_state=1)
images = shapes.images / 255.0
MIXTURES = {
    "brightness": [1 / 3, 1 / 3, 1 / 3],
    "red - green": [1, -1, 0],
    "blue - yellow": [-1 / 2, -1 / 2, 1],
}
weights = np.array(list(MIXTURES.values())).T.reshape(1, 1, 3, 3)
p = SimpleNamespace(W=weights, b=np.zeros(3))
mixed, _ = Conv2D(3, 1).forward(p, images)
print(
    f"images {images.shape[1:]}, filters {weights.shape}, output "
    f"{mixed.shape[1:]}"
)
# The same as a product of matrices, with one row for each pixel:
assert np.allclose(
    mixed.reshape(-1, 3), images.reshape(-1, 3) @ weights.reshape(3, 3)
)

CHOSEN = range(4)
fig, axes = plt.subplots(
    4, len(CHOSEN), figsize=(7, 6.8), layout="constrained"
)
for column, i in zip(axes.T, CHOSEN, strict=True):
    column[0].imshow(images[i])
    for k, ax in enumerate(column[1:]):
        low, high, colors = (0, 1, "gray") if k == 0 else (-0.6, 0.6, "PuOr_r")
        picture = ax.imshow(
            mixed[i, :, :, k], cmap=colors, vmin=low, vmax=high
        )
        if i == CHOSEN[-1]:
            fig.colorbar(
                picture,
                ax=axes[k + 1],
                shrink=0.8,
                ticks=[low, (low + high) / 2, high],
                label=list(MIXTURES)[k],
            )
for ax, name in zip(axes[:, 0], ["image", *MIXTURES], strict=True):
    ax.set_ylabel(name)
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])

# %%
# **What to see.** Each picture below an image is one channel of the output. No
# outline moves or blurs, because each pixel is seen by itself. A part of the
# cross is as bright as its background, but all of it stands out in blue
# against yellow. With the crescent it is the other way round.
#
# A bottleneck
# ------------
#
# Inside a network 1 x 1 filters save arithmetic. A filter of 3 x 3 on 256
# channels is dear. So the channels are mixed down to 64, convolved, and mixed
# up again, with a non-linearity between. Deep residual networks are made of
# such blocks.

BLOCKS = {
    "one layer": [Conv2D(256, 3)],
    "bottleneck": [
        Conv2D(64, 1),
        ReLU(),
        Conv2D(64, 3),
        ReLU(),
        Conv2D(256, 1),
    ],
}
LOOKS = {
    1: {"color": "#E69F00", "hatch": "//"},
    3: {"color": "#56B4E9", "hatch": ""},
}
fig, ax = plt.subplots(figsize=(7, 2.6), layout="constrained")
counts = {}
for row, (name, layers) in enumerate(BLOCKS.items()):
    summary = network_summary(layers, (14, 14, 256))
    print(f"{name}:\n{summary}")
    left = 0
    for layer, line in zip(layers, summary.layers[1:], strict=True):
        if line.multiply_adds:
            look = {
                "edgecolor": "k",
                "label": f"{layer.size} x {layer.size}",
                **LOOKS[layer.size],
            }
            ax.barh(row, line.multiply_adds / 1e6, left=left, **look)
            left += line.multiply_adds / 1e6
    counts[name] = left
    ax.text(left, row, f" {left:.1f}", va="center")
print(
    f"the bottleneck needs {counts['bottleneck'] / counts['one layer']:.0%} "
    "of the arithmetic"
)
ax.set_yticks(range(len(BLOCKS)), BLOCKS)
ax.invert_yaxis()
ax.set(
    xlabel="million multiply-adds on 14 x 14 pixels",
    xlim=(0, 1.25 * max(counts.values())),
)
named = dict(zip(*reversed(ax.get_legend_handles_labels()), strict=True))
ax.legend(named.values(), named, title="filters of", loc="lower right")

# %%
# **What to see.** Both blocks turn 256 channels into 256 channels and see 3 x
# 3 pixels. In the bottleneck the filter of 3 x 3 costs about as much as the
# two of 1 x 1 around it, and all of them together cost a fraction of the
# single layer.
#
# Taps with gaps
# --------------

TAPS = "#0072B2"
fig, axes = plt.subplots(1, 3, figsize=(7, 2.7), layout="constrained")
for ax, dilation in zip(axes, (1, 2, 4), strict=True):
    reach = dilation * (3 - 1) + 1
    assert (
        Conv2D(1, dilation=dilation, padding="valid").output_shape(
            (reach, reach, 1)
        )[0]
        == 1
    )
    print(
        f"dilation {dilation}: {dilation} * (3 - 1) + 1 = {reach} pixels, 9 "
        "weights"
    )
    start = (11 - reach) // 2
    at = start + dilation * np.arange(3)
    taps = np.zeros((11, 11))
    taps[np.ix_(at, at)] = 1
    ax.pcolormesh(
        taps, cmap="Blues", vmax=1.4, edgecolors="0.75", linewidth=0.6
    )
    ax.plot(*np.meshgrid(at + 0.5, at + 0.5), "o", color="k", markersize=5)
    ax.add_patch(
        plt.Rectangle(
            (start, start), reach, reach, fill=False, ec="#D55E00", lw=3
        )
    )
    ax.set(
        title=f"dilation {dilation}: {reach} x {reach}",
        aspect="equal",
        xticks=[],
        yticks=[],
    )

# %%
# **What to see.** Dots are the nine weights; the frame is what the filter
# reaches over. Pixels between the taps are not seen.
#
# Exponential growth
# ------------------
#
# In a stack, the gaps of one layer are filled by the layers before it. Each
# layer adds :math:`D (F - 1)` pixels to the receptive field: two for each
# ordinary layer, but if the dilation doubles from layer to layer, so does what
# a layer adds. We measure it by the gradient of the unit in the middle, all
# weights being one.


def ways(layers, side):
    """Number of ways from each pixel to the unit in the middle."""
    network = Network(layers, (side, side, 1))
    theta = np.ones(network.layout.size)
    views, gradients = (
        network.layout.views(theta),
        network.layout.views(np.empty_like(theta)),
    )
    x, pull_backs = np.zeros((1, side, side, 1)), []
    for layer, p in zip(network.layers, views, strict=True):
        x, pull_back = layer.forward(p, x)
        pull_backs.append(pull_back)
    dx = np.zeros_like(x)
    dx[0, side // 2, side // 2] = 1
    for pull_back, g in zip(
        reversed(pull_backs), reversed(gradients), strict=True
    ):
        dx = pull_back(dx, g)
    return np.rint(dx[0, :, :, 0]).astype(int)


STACKS = {
    "dilation 1, 1, 1, 1, 1": [1] * 5,
    "dilation 1, 2, 4, 8, 16": [1, 2, 4, 8, 16],
}
LINES = [
    {"marker": "s", "color": "#D55E00", "ls": "--"},
    {"marker": "o", "color": "#0072B2"},
]
depths = np.arange(1, 6)
fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
for (name, dilations), look in zip(STACKS.items(), LINES, strict=True):
    sides = 1 + 2 * np.cumsum(dilations)
    for depth, side in zip(depths, sides, strict=True):
        seen = np.argwhere(
            ways([Conv2D(1, dilation=d) for d in dilations[:depth]], 65)
        )
        assert (np.ptp(seen, axis=0) + 1 == side).all()
    print(f"{name}: {sides.tolist()}")
    ax.plot(depths, sides, label=name, **look)
    for depth, side in zip(depths, sides, strict=True):
        offset = (0, -17) if name == "dilation 1, 1, 1, 1, 1" else (0, 8)
        ax.annotate(
            f"{side}",
            (depth, side),
            offset,
            textcoords="offset points",
            ha="center",
        )
ax.set(
    xticks=depths, ylim=(-6, 72), title="Receptive field of layers of 3 x 3"
)
ax.set(xlabel="number of layers", ylabel="side in pixels")
ax.legend(loc="upper left")

# %%
# **What to see.** After five layers with as many weights, one stack sees 11
# pixels across and the other 63, at full resolution and without pooling. That
# is useful where each pixel gets a label of its own.
#
# Which dilations?
# ----------------
#
# Gaps are only filled if some layers have small ones. Here are three layers
# each:

fig, axes = plt.subplots(1, 2, figsize=(7, 4.2), layout="constrained")
for ax, dilations in zip(axes, ([1, 2, 4], [2, 2, 2]), strict=True):
    side = 1 + 2 * sum(dilations)
    n_ways = ways([Conv2D(1, dilation=d) for d in dilations], side + 2)
    seen = np.count_nonzero(n_ways)
    print(
        f"dilations {dilations}: {seen} of {side**2} pixels of {side} x "
        f"{side} are seen"
    )
    shown = np.ma.masked_equal(n_ways, 0)
    ax.pcolormesh(
        shown, cmap="viridis_r", norm="log", edgecolors="0.75", linewidth=0.5
    )
    ax.set_facecolor("0.87")
    ax.set(
        title=f"dilations {str(dilations)[1:-1]}",
        aspect="equal",
        xticks=[],
        yticks=[],
    )
    ax.set_xlabel(f"{seen} of {side} x {side} pixels seen")
plt.show()

# %%
# **What to see.** Grey pixels have no way to the unit in the middle; the
# darker the others, the more ways. With dilations of 1, 2 and 4 all pixels of
# the receptive field are seen. With three times the same dilation more than
# two thirds of them are missed, as if the image had been made smaller without
# looking.
#
# **Try:** dilations of 4, 2, 1, the other way round: does the order matter?
# And 1, 3, 9: that is as far as three layers of 3 x 3 can see without gaps.
#
# The notes: `Convolutional layer
# <https://cs231n.github.io/convolutional-networks/#conv>`_, sections "1x1
# convolution" and "Dilated convolutions".
