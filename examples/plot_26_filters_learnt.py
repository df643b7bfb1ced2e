r"""
Filters that are learnt from photographs
========================================

What does the first layer of a network look for? Its filters have a weight for
each pixel of a small window and each colour, so they are small images
themselves, and can be looked at. In networks that were trained on photographs
they are edges, stripes and spots of colour, whatever the network was trained
for.

Here nobody has to label anything. Turn a patch of a photograph by a quarter, a
half or three quarters: **which way was up?** The answer is known, and a
network that learns it has to look at edges, and at where the light comes from.
This is *self-supervised* learning.
"""

# %%
# Two photographs
# ---------------
#
# They come with scikit-learn: ``china.jpg`` by `danielbuechele
# <https://www.flickr.com/photos/danielbuechele/6061409035/>`_ and
# ``flower.jpg`` by `vultilion
# <https://www.flickr.com/photos/vultilion/6056698931/>`_, both under the
# licence `CC BY 2.0 <https://creativecommons.org/licenses/by/2.0/>`_. We train
# with patches of the left part and test with those of the right part, at two
# scales.

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_sample_images

from sk231n import ConvNetClassifier
from sk231n.layers import (
    BatchNorm,
    Conv2D,
    GlobalAveragePool2D,
    MaxPool2D,
    ReLU,
)
from sk231n.plotting import FilterDisplay

photographs = load_sample_images().images
TURNS = ["upright", "left", "upside down", "right"]
SIDE = 25


def patches(first, last, n, random_state):
    """Patches between two columns, turned, and by how much."""
    rng = np.random.default_rng(random_state)
    images, turns = [], rng.integers(4, size=n)
    for turn in turns:
        photograph, scale = photographs[rng.integers(2)], rng.integers(3, 7)
        top = rng.integers(photograph.shape[0] - scale * SIDE)
        left = rng.integers(first, last - scale * SIDE)
        patch = photograph[
            top : top + scale * SIDE, left : left + scale * SIDE
        ]
        patch = patch.reshape(SIDE, scale, SIDE, scale, 3).mean(axis=(1, 3))
        mirrored = patch[:, :: rng.choice([-1, 1])]
        images.append(np.rot90(mirrored, turn))
    return np.rint(images).astype(np.uint8), np.array(TURNS)[turns]


SPLIT = 400
X_train, y_train = patches(0, SPLIT, 3000, 0)
X_test, y_test = patches(SPLIT, photographs[0].shape[1], 800, 1)
print(
    f"{len(X_train)} patches for training, {len(X_test)} for the test, of "
    f"{X_train.shape[1:]}"
)

fig, axes = plt.subplots(1, 2, figsize=(7, 2.8), layout="constrained")
for ax, photograph, name in zip(
    axes, photographs, ["china.jpg", "flower.jpg"], strict=True
):
    ax.imshow(photograph)
    ax.axvline(SPLIT, color="white", linewidth=3, linestyle="--")
    ax.set(title=f"{name}: training | test", xticks=[], yticks=[])

fig, axes = plt.subplots(4, 8, figsize=(7, 3.7), layout="constrained")
for row, turn in zip(axes, TURNS, strict=True):
    for ax, i in zip(row, np.flatnonzero(y_train == turn), strict=False):
        ax.imshow(X_train[i])
        ax.set(xticks=[], yticks=[])
    row[0].set_ylabel(turn, rotation="horizontal", ha="right", va="center")

# %%
# **What to see.** For each row the patches were turned in another way. Where
# there is sky or light from above, we see which way is up at once; elsewhere
# nobody can know.
#
# Before and after
# ----------------
#
# The first layer has 16 filters of 7 x 7 pixels. A rather strong penalty pulls
# weights towards zero that nothing speaks for; without it the noise of the
# start would stay in the filters. With a learning rate of nearly zero the
# network stays where it starts, so we can see that as well.

layers = [
    *[
        Conv2D(16, 7, stride=2, padding="valid"),
        BatchNorm(),
        ReLU(),
        MaxPool2D(),
    ],
    *[Conv2D(32), BatchNorm(), ReLU(), GlobalAveragePool2D()],
]
network = ConvNetClassifier(
    layers, alpha=5e-3, batch_size=32, max_iter=8, random_state=0
)
networks = {
    "before training": clone(network).set_params(
        max_iter=1, learning_rate=1e-9
    ),
    "after training": network,
}
fig, axes = plt.subplots(1, 2, figsize=(7, 3.8), layout="constrained")
for ax, (name, model) in zip(axes, networks.items(), strict=True):
    model.fit(X_train, y_train)
    train, test = model.score(X_train, y_train), model.score(X_test, y_test)
    print(
        f"{name}: accuracy {train:.0%} in training, {test:.0%} in test; a "
        "guess is 25%"
    )
    FilterDisplay.from_estimator(model, ax=ax)
    ax.set_title(name)

# %%
# **What to see.** Mid-grey is a weight of zero. Before training the filters
# are noise. Afterwards some of them are edges and stripes, upright and level,
# and others are spots of a colour. Nobody told the network to look for these.
# On patches that it has not seen it is better than a guess and far worse than
# in training: two photographs teach it only so much, and many patches have no
# answer.
#
# What the filters see
# --------------------
#
# A layer of convolutions takes images of any size. Here is what the trained
# filters make of a whole photograph, at a scale of the training: the *feature
# maps* after normalization and non-linearity. The number of a map is that of
# its filter in the picture above, counted row by row from 0.

SCALE = 4
height, width = (side // SCALE * SCALE for side in photographs[0].shape[:2])
blocks = photographs[0][:height, :width].reshape(
    height // SCALE, SCALE, width // SCALE, SCALE, 3
)
small = blocks.mean(axis=(1, 3))

of_colors, of_filters = network.normalizations_[:2]
standardised = (small[np.newaxis] - of_colors["mean"]) / of_colors["spread"]
filters = SimpleNamespace(W=network.coefs_[0], b=network.intercepts_[0])
responses, _ = Conv2D(16, 7).forward(
    filters, standardised
)  # a stride of one, for the picture
normalised, _ = BatchNorm().forward(SimpleNamespace(**of_filters), responses)
maps, _ = ReLU().forward(None, normalised)
print("photograph", small.shape, "feature maps", maps.shape[1:])

fig, ax = plt.subplots(figsize=(7, 5.4), layout="constrained")
FilterDisplay(np.moveaxis(maps[0], -1, 0), names=np.arange(16)).plot(ax)
plt.show()

# %%
# **What to see.** Black is zero: the filter sees nothing of what it looks for.
# An edge filter outlines the roofs or the columns, from one side only, as the
# ReLU removes what is negative. A spot of colour lights up in the sky or in
# the shade. Each map answers one question at each pixel, and the next layer
# combines the answers. Where a map is black all over, the photograph has
# nothing of the kind.
#
# ``FilterDisplay.from_estimator(network, image=X_test[0])`` shows the maps of
# one patch, and with ``layer=...`` those of any layer.
#
# **Try:** ``alpha=0``: what do the filters look like? Or another question,
# *which of the two photographs is this?* Which filters do you expect, when
# colour is enough?
#
# The notes: `Understanding and visualizing convolutional networks
# <https://cs231n.github.io/understanding-cnn/>`_.
