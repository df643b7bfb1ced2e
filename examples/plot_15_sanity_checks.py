r"""
Sanity checks before training
=============================

When a long training run fails, it says little about the cause. Three checks
take seconds and distinguish a set-up that works from a broken one:

1. **The first loss is known.** Scores that are all zero give each of :math:`C`
   classes the same probability, and the cross-entropy is :math:`-\ln (1/C) =
   \ln C`. A network that starts with a different loss already prefers some
   classes, without a reason.
2. **A larger penalty raises the loss**, because :math:`J = \frac1n \sum_i
   \ell_i + \alpha R(W)`.
3. **The network can memorise a few samples**, without a penalty. A network
   that cannot overfit twenty images will not learn from twenty thousand.
"""

# %%
# A network as it should be
# -------------------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone

from sk231n import MLPClassifier
from sk231n.datasets import make_shapes
from sk231n.diagnostics import check_sanity

shapes = make_shapes(400, image_size=16, random_state=0)
X, y = shapes.data, shapes.target
network = MLPClassifier((50,), random_state=0)
print(check_sanity(network, X, y, random_state=0))

# %%
# Four set-ups with one fault each
# --------------------------------
#
# * The initial weights are too large.
# * The learning rate is too low, with plain gradient descent.
# * The images are all the same: a loop reads every file into the same array,
#   and collects references to it.
# * The labels do not match the images: they were shuffled, and the images were
#   not.

wide = clone(network).set_params(weight_init=1.0)
slow = clone(network).set_params(optimizer="sgd", learning_rate=1e-8)
same = np.broadcast_to(X[-1], X.shape)
shuffled = np.random.default_rng(0).permutation(y)

setups = {
    "as it should be": (network, X, y),
    "weights start too large": (wide, X, y),
    "rate too low": (slow, X, y),
    "all images the same": (network, same, y),
    "labels out of step": (network, X, shuffled),
}
for name, setup in list(setups.items())[1:]:
    print(f"--- {name}\n{check_sanity(*setup, random_state=0)}\n")

# %%
# The first report complains about the first loss, the next two about samples
# that cannot be memorised. The last fault **passes all checks**: twenty images
# can be memorised with any labels. The checks find faults in the training. To
# find faults in the data, look at the images and their labels side by side.
#
# The loss in pictures
# --------------------

rows = np.concatenate(
    [np.flatnonzero(y == label)[:3] for label in np.unique(y)]
)
first = np.log(len(shapes.target_names))
styles = [("o", "-", "0.0"), ("^", "--", "#0072B2"), ("v", ":", "#009E73")]
styles += [("s", "-.", "#E69F00"), ("D", "-", "#D55E00")]

fig, ax = plt.subplots(figsize=(7, 4.6), layout="constrained")
ax.axhline(first, color="0.85", linewidth=8, label=f"$\\ln 8$ = {first:.2f}")
for i, (
    (estimator, images, labels),
    (marker, dashes, color),
    name,
) in enumerate(zip(setups.values(), styles, setups, strict=True)):
    model = clone(estimator).set_params(alpha=0, max_iter=200, tol=None)
    losses = model.fit(images[rows], labels[rows]).loss_curve_
    look = {
        "color": color,
        "marker": marker,
        "markersize": 7,
        "markevery": (5 * i, 25),
    }
    ax.plot(range(1, 201), losses, dashes, label=name, **look)
ax.set(xlabel="epoch", ylabel="loss", yscale="log", ylim=(1e-3, None))
ax.set_title(f"Memorising {len(rows)} images")
fig.legend(loc="outside lower center", ncols=2)
plt.show()

# %%
# **What to see.** A correct network starts on the grey line, and its loss
# falls for as long as we let it. With initial weights that are too large the
# loss starts far above the line; the first half of the training is spent on
# undoing them. If the rate is too low, or if all images are the same, the loss
# stays on the line: the classes are not separated.
#
# **Try:** ``hidden_layer_sizes=()``, a linear classifier. With so few images
# and so many pixels it passes too: with more features than images, a plane can
# separate nearly any labels.
