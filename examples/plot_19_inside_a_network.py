r"""
Inside a network: first-layer weights and mistakes
==================================================

Accuracy is one number. Two pictures say more about what a network has learnt: the weights of its
first layer, and the images that it gets wrong.

A unit of the first layer computes :math:`a = \max(0, w^\top x + b)`. Its weights :math:`w` have one
number for each pixel and colour, and so are an image themselves: the one to which, among all of the
same length, the unit responds most.
"""

# %%
# First-layer weights
# -------------------
#
# Three networks of the same 64 units: one stopped after its first epoch, one fully trained with
# hardly any penalty, one with a strong penalty :math:`\frac\alpha2 \lVert W \rVert^2`. Each image
# is one unit; mid-grey is a weight of zero.

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
fig, axes = plt.subplots(1, 3, figsize=(11, 4), layout="constrained")
for ax, (name, network) in zip(axes, networks.items(), strict=True):
    network.fit(X_train, y_train)
    train, test = network.score(X_train, y_train), network.score(X_test, y_test)
    WeightTemplatesDisplay.from_estimator(network, max_units=36, ax=ax)
    ax.set_title(f"{name}\naccuracy {train:.0%} in training, {test:.0%} in test")

# %%
# **What to see.** After one epoch the units are mostly the noise they started from. Trained, they
# look for rings, crescents and stripes, in certain places and certain colours. With a weak penalty
# there is more noise in and around the shapes: that much has been learnt of single training images.
# The strong penalty wipes much of it out, and the gap between training and test shrinks, even where
# the accuracy in test does not rise. Weights that are noisy all over tell of too little training or
# too weak a penalty.
#
# Mistakes
# --------

network = networks["strong penalty"]
MisclassifiedDisplay.from_estimator(network, X_test, y_test, n_per_class=5, class_names=names)

counts = confusion_matrix(y_test, network.predict(X_test))
for label, row in enumerate(counts):
    correct, row[label] = row[label], 0
    other = names[row.argmax()]
    print(
        f"{names[label]:>8}: {correct} of {correct + row.sum()} right, most often taken for {other}"
    )
plt.show()

# %%
# **What to see.** A column holds what the network takes for one class. To the eye the shapes are
# plain; what the images of a column share is their colour. The hue of a shape leans to its class's
# here, and the network, whose units see certain places only, goes by it where a shape is not in its
# place. Look for what the mistakes have in common: it says what to mend, the data, the features, or
# the network.
#
# **Try:** ``penalty="l1"`` with ``alpha=0.01``, which draws most weights to almost zero; or
# ``noise=0.2`` for the images.
