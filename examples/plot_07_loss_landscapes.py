r"""
Loss landscapes: bowls, kinks and many valleys
==============================================

The loss is a function of all weights, in hundreds or millions of dimensions,
and cannot be drawn as a whole. But its values along a line or in a plane can.
From the learnt weights :math:`\theta` we move along one direction :math:`d_1`,
or along two, and look at

.. math::

    J(\theta + a \, d_1) \quad\text{and}\quad J(\theta + a \, d_1 + b \, d_2).

A random direction changes the weights of each unit by a vector of the same
length: at :math:`a = 1` the change is as large as the weights themselves.
"""

# %%
# A linear classifier: many kinks make a bowl
# -------------------------------------------
#
# The hinge loss of one image, :math:`\sum_{j \ne y} \max(0, s_j - s_y + 1)`,
# consists of straight pieces: a new one begins wherever a score starts to
# violate the margin. The loss of many images is the mean of their losses. Each
# is convex, and so is the mean. (``alpha=0`` leaves out the penalty, which is
# itself a round bowl.)

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

from sk231n import LinearSVM, MLPClassifier
from sk231n.plotting import LossLandscapeDisplay

X, y = load_digits(return_X_y=True)
svm = (
    LinearSVM(learning_rate=1e-3, max_iter=30, random_state=0)
    .fit(X, y)
    .set_params(alpha=0)
)

fig, axes = plt.subplots(2, 3, figsize=(7, 5), layout="constrained")
for (above, below), count in zip(axes.T, (1, 5, len(X)), strict=True):
    images = svm, X[:count], y[:count]
    ways = {"span": 3.0, "random_state": 3}
    LossLandscapeDisplay.from_estimator(
        *images, n_directions=1, n_points=201, ax=above, **ways
    )
    plane = LossLandscapeDisplay.from_estimator(
        *images, n_points=31, ax=below, levels=range(1, 62, 6),
        contour_kw={"extend": "both"}, colorbar=False, **ways,
    )  # fmt: skip
    above.set_title("one image" if count == 1 else f"{count} images")
    for ax in (above, below):
        ax.get_legend().remove()
fig.colorbar(plane.contours_, ax=axes[1], label="loss")

# %%
# **What to see.** With one image there are straight slopes, kinks between
# them, and a flat floor where all margins are met. With five images the pieces
# are smaller. With all images there are so many kinks, so close together, that
# the bowl looks smooth. It has a single lowest point, and going downhill leads
# to it.
#
# A network: many valleys
# -----------------------
#
# Three networks differ only in the weights they started from. The line leads
# from the first network to the second. The plane goes through all three.

networks = [
    MLPClassifier((32,), random_state=seed).fit(X, y) for seed in range(3)
]
first, second, third = networks
print(
    "Accuracies:",
    ", ".join(f"{network.score(X, y):.1%}" for network in networks),
)

fig, (line, plane) = plt.subplots(
    1, 2, figsize=(7, 3.5), width_ratios=[1, 1.4], layout="constrained"
)
ways = {"span": (-0.5, 1.5), "loss_scale": "log"}
LossLandscapeDisplay.from_estimator(
    first, X, y, directions=[second], n_points=101, ax=line, **ways
)
LossLandscapeDisplay.from_estimator(
    first, X, y, directions=[second, third], n_points=31, ax=plane, **ways
)
line.get_legend().remove()
plane.plot([1, 0], [0, 1], "ko")
for x, y, name in [(0, 0, "first"), (1, 0, "second"), (0, 1, "third")]:
    plane.annotate(
        name, (x, y), xytext=(0, -24), textcoords="offset points", ha="center",
        bbox={"boxstyle": "round", "facecolor": "white"},
    )  # fmt: skip
plt.show()

# %%
# **What to see.** All three networks are about equally good, and between any
# two of them there is a ridge: a network with the mean of their weights is
# poor. The landscape has many valleys of about the same depth, and the
# starting point decides which one training ends in. This is why the
# predictions of separately trained networks are averaged, not their weights.
#
# **Try:** wider networks, of 500 units instead of 32: the ridges get lower.
