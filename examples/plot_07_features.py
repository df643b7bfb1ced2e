r"""
Features against pixels
=======================

A pixel says little: move the shape by one, and every pixel changes. *Features* are numbers that
stay much the same where the meaning does. Two kinds go with the course's first assignment:

* **Histograms of oriented gradients** (HOG) say which way the edges run. Each pixel has a gradient
  :math:`(g_x, g_y)` of the brightness, and votes with its length
  :math:`\sqrt{g_x^2 + g_y^2}` for the direction of the edge, within a cell of 8 x 8 pixels. Where
  in the cell it lies is forgotten.
* **Colour histograms** say how many pixels are of which colour. Where they lie is forgotten
  altogether.
"""

# %%
# What HOG sees
# -------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from sk231n import HOG, HSVHistogram, LinearSVM, MeanSubtraction, MLPClassifier
from sk231n.datasets import make_shapes
from sk231n.plotting import HOGDisplay

shapes = make_shapes(1200, random_state=0)
X_train, y_train = shapes.images[:800], shapes.target[:800]
X_test, y_test = shapes.images[800:], shapes.target[800:]

hog = HOG().fit(X_train)
fig, axes = plt.subplots(2, 5, figsize=(11, 4.8), layout="constrained")
for (above, below), label in zip(axes.T, [0, 1, 2, 6, 7], strict=True):
    image = X_test[np.argmax(y_test == label)]
    above.imshow(image)
    above.set(title=shapes.target_names[label], xticks=[], yticks=[])
    HOGDisplay.from_estimator(hog, image, ax=below)

# %%
# **What to see.** Each cell holds a star of nine lines, the brighter the more edges run that way.
# The outline of a shape can be read from it; its colour, and whether it is lighter or darker than
# its ground, can not.
#
# Which features make a good classifier?
# --------------------------------------
#
# In a pipeline features are one more step. Each goes before a linear classifier, and before a
# network with one hidden layer.

hsv = HSVHistogram(channels="hsv", bins=(8, 4, 4))
features = {
    "pixels": MeanSubtraction(),
    "colours": make_pipeline(hsv, StandardScaler()),
    "edges": make_pipeline(HOG(), StandardScaler()),
    "edges and colours": make_pipeline(make_union(HOG(), hsv), StandardScaler()),
}
classifiers = {
    "linear SVM": LinearSVM(random_state=0),
    "network, 50 hidden units": MLPClassifier((50,), random_state=0),
}
accuracy = {name: [] for name in classifiers}
for kind, transformer in features.items():
    F_train, F_test = transformer.fit_transform(X_train), transformer.transform(X_test)
    for name, classifier in classifiers.items():
        score = classifier.fit(F_train, y_train).score(F_test, y_test)
        accuracy[name].append(score)
    svm, network = (scores[-1] for scores in accuracy.values())
    print(f"{kind:18}{F_train.shape[1]:5} features: SVM {svm:.1%}, network {network:.1%}")

# %%

fig, ax = plt.subplots(figsize=(8, 4.2), layout="constrained")
places = np.arange(len(features))
for i, (name, color) in enumerate(zip(classifiers, ["#56B4E9", "#0072B2"], strict=True)):
    bars = ax.barh(places + 0.4 * i, accuracy[name], 0.38, color=color, edgecolor="k", label=name)
    ax.bar_label(bars, [f"{score:.0%}" for score in accuracy[name]], padding=3)
ax.axvline(1 / 8, color="0.3", linestyle="--", label="guessing")
ax.set(yticks=places + 0.2, yticklabels=list(features), xlim=(0, 1.05), xlabel="test accuracy")
ax.invert_yaxis()
ax.legend(loc="upper right")
plt.show()

# %%
# **What to see.** On pixels the linear classifier is poor, and the network better: from a few
# hundred images it learns some features of its own. Edges make a linear classifier good that beats
# the network on pixels by far. Colours alone are hardly a hint here, and yet, beside edges, they
# add a little. With few images it pays to put in by hand what one knows; networks that learn all of
# it need more of them.
#
# **Try:** ``HOG(pixels_per_cell=(16, 16))``, which forgets more of where the edges are, or
# ``(4, 4)``, which forgets less.
