r"""
Inside a network: first-layer weights and mistakes
==================================================

Accuracy is a single number. Two pictures say more about what a network has
learnt: the weights of its first layer, and the images that it gets wrong.

A unit of the first layer computes :math:`a = \max(0, w^\top x + b)`. Its
weights :math:`w` have one number for each pixel and colour, so they are an
image themselves: among all images of the same norm, the one to which the unit
responds most.
"""

# %%
# First-layer weights
# -------------------
#
# We compare three networks of 64 units: one stopped after its first epoch, one
# fully trained with hardly any penalty, and one with a strong penalty
# :math:`\frac\alpha2 \lVert W \rVert^2`. Each image is one unit; mid-grey is a
# weight of zero.

import matplotlib.pyplot as plt
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import train_test_split

from sk231n import MLPClassifier
from sk231n.datasets import make_shapes
from sk231n.plotting import MisclassifiedDisplay, WeightTemplatesDisplay

shapes = make_shapes(2400, image_size=16, noise=0.02, random_state=0)
names = shapes.target_names
X_train, X_test, y_train, y_test = train_test_split(
    shapes.images, shapes.target, test_size=600, random_state=0
)
networks = {
    "one epoch": MLPClassifier((64,), max_iter=1, random_state=0),
    "weak penalty": MLPClassifier((64,), alpha=1e-4, random_state=0),
    "strong penalty": MLPClassifier((64,), alpha=1.0, random_state=0),
}
fig, axes = plt.subplots(1, 3, figsize=(7, 3.2), layout="constrained")
for ax, (name, network) in zip(axes, networks.items(), strict=True):
    network.fit(X_train, y_train)
    train, test = (
        network.score(X_train, y_train),
        network.score(X_test, y_test),
    )
    WeightTemplatesDisplay.from_estimator(network, max_units=36, ax=ax)
    accuracies = f"{train:.0%} in training, {test:.0%} in test"
    ax.set_title(f"{name}\n{accuracies}", fontsize=10)
fig.suptitle("First-layer weights and accuracies")

# %%
# **What to see.** After one epoch the units are mostly the noise they started
# from. After full training they respond to rings, crescents and stripes, in
# certain places and certain colours. With a weak penalty there is more noise
# in and around the shapes: it comes from single training images. The strong
# penalty removes much of it, and the gap between training and test shrinks,
# even though the test accuracy may not rise. Weights that are noisy all over
# indicate too little training or too weak a penalty.
#
# Mistakes
# --------

network = networks["strong penalty"]
fig, ax = plt.subplots(figsize=(7, 6), layout="constrained")
MisclassifiedDisplay.from_estimator(
    network, X_test, y_test, n_per_class=5, class_names=names, ax=ax
)

counts = confusion_matrix(y_test, network.predict(X_test))
for label, row in enumerate(counts):
    correct, row[label] = row[label], 0
    other = names[row.argmax()]
    print(
        f"{names[label]:>8}: {correct} of {correct + row.sum()} right, most "
        f"often taken for {other}"
    )
plt.show()

# %%
# **What to see.** Each column holds images that the network assigns to one
# class. To us the shapes are obvious; what the images of a column share is
# their colour. In these data each class has hues that are more common, and the
# network, whose units only respond to certain places, relies on the hue where
# a shape is not in the expected place. Look for what the mistakes have in
# common: it shows what to improve, the data, the features or the network.
#
# **Try:** ``penalty="l1"`` with ``alpha=0.01``, which pulls most weights
# almost to zero; or ``noise=0.2`` for the images.
