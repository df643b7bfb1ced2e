r"""
Nearest neighbours: what the distances show, and choosing k
===========================================================

The simplest classifier learns nothing: it stores the training images, and
gives a new image the label that most of its :math:`k` nearest neighbours have.
Near means a small distance between the pixels,

.. math:: d(a, b) = \sqrt{\textstyle\sum_p (a_p - b_p)^2}.

The number of neighbours is a *hyperparameter*. It is chosen on data held out
from the training set, never on the test set. If there are few data, it is
chosen by cross-validation, in which each part of the training set is held out
once.
"""

# %%
# The distance matrix
# -------------------
#
# Each row is a test image and each column a training image.
#
# **What to see.** Bright rows are test images that are far from all training
# images; bright columns are training images that are far from all test images.
# On the right are the images of the brightest row and of the brightest column.
# It is not their shape that makes them unusual: they are lighter or darker
# overall than most.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sk231n import KNNClassifier, KNNClassifierCV
from sk231n.datasets import make_shapes
from sk231n.plotting import DistanceMatrixDisplay, KSelectionDisplay

shapes = make_shapes(200, noise=0.02, random_state=0)
train, test = shapes.images[:140], shapes.images[140:]
knn = KNNClassifier(1).fit(train, shapes.target[:140])

fig = plt.figure(figsize=(7, 3.4), layout="constrained")
axes = fig.subplot_mosaic(
    [["matrix", "row"], ["matrix", "column"]], width_ratios=[4, 1]
)
distances = DistanceMatrixDisplay.from_estimator(
    knn, test, ax=axes["matrix"]
).distances
row, column = distances.mean(axis=1).argmax(), distances.mean(axis=0).argmax()
for name, number, image in [
    ("row", row, test[row]),
    ("column", column, train[column]),
]:
    axes[name].imshow(image)
    axes[name].set(title=f"{name} {number}", xticks=[], yticks=[])
print(
    f"Mean distance {distances.mean():.0f}, of row {row} "
    f"{distances[row].mean():.0f}, "
    f"of column {column} {distances[:, column].mean():.0f}"
)
print(
    f"Mean brightness {shapes.images.mean():.0f} of 255, of that test image "
    f"{test[row].mean():.0f}, of that training image "
    f"{train[column].mean():.0f}"
)

# %%
# Choosing k
# ----------
#
# ``KNNClassifierCV`` finds the neighbours in each fold once, for the largest
# :math:`k`, and uses them to count the votes for all :math:`k`. Here it
# chooses twice: for handwritten digits as they are, and after a fifth of the
# training labels have been replaced by random ones.

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.3, random_state=0
)
rng = np.random.default_rng(0)
wrong = rng.random(len(y_train)) < 0.2
y_noisy = np.where(wrong, rng.integers(10, size=len(y_train)), y_train)

fig, axes = plt.subplots(1, 2, figsize=(7, 3.4), layout="constrained")
for ax, title, labels in [
    (axes[0], "Labels as they are", y_train),
    (axes[1], "A fifth of the labels at random", y_noisy),
]:
    knn = KNNClassifierCV(cv=5).fit(X_train, labels)
    KSelectionDisplay.from_estimator(knn, ax=ax)
    ax.set_title(title)
    ax.legend(fontsize=8)
    first = KNNClassifier(1).fit(X_train, labels).score(X_test, y_test)
    print(
        f"{title}: k = {knn.n_neighbors_}, test accuracy "
        f"{knn.score(X_test, y_test):.1%} "
        f"(k = 1: {first:.1%})"
    )
plt.show()

# %%
# **What to see.** With clean labels the nearest image alone decides best, and
# every further neighbour is less similar. With noisy labels a single neighbour
# often has the wrong label; a vote of several averages out the noise, until
# :math:`k` is so large that other classes dominate the vote. The grey points
# are the five folds: where they overlap, one :math:`k` is as good as another.
#
# **Try:** more noise, and watch the best :math:`k` grow; or
# ``weights="distance"``, which gives closer neighbours more weight.
