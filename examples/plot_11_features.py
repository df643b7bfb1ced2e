r"""
Features against pixels
=======================

A linear classifier on pixels asks how bright each pixel is. For an object that
may be anywhere, lighter or darker than its background, that is the wrong
question. People asked better ones long before networks learnt to ask their
own:

* **In which directions do the edges run, and where?** A histogram of oriented
  gradients (HOG) counts the directions in which the brightness changes in each
  cell of 8 x 8 pixels, weighted by the strength of the change.
* **Which colours are there?** A hue histogram counts them, wherever they are.

The classifier stays as simple as before. Only its input changes, and two steps
of a pipeline are enough for that.
"""

# %%
# A photograph
# ------------
#
# ``flower.jpg`` is by `vultilion
# <https://www.flickr.com/photos/vultilion/6056698931/>`_, under the licence
# `CC BY 2.0 <https://creativecommons.org/licenses/by/2.0/>`_, and comes with
# scikit-learn.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_image
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from sk231n import HOG, HSVHistogram, SoftmaxClassifier
from sk231n.datasets import make_shapes
from sk231n.plotting import HOGDisplay

photograph = load_sample_image("flower.jpg")[:408, 120:528]
hog = HOG(pixels_per_cell=(12, 12)).fit(photograph[np.newaxis])
fig, (plain, lines) = plt.subplots(
    1, 2, figsize=(7, 3.6), layout="constrained"
)
plain.imshow(photograph)
plain.set_axis_off()
HOGDisplay.from_estimator(
    hog,
    photograph,
    im_kw={"alpha": 0.1},
    line_kw={"linewidth": 1.2},
    ax=lines,
)

# %%
# **What to see.** The lines follow the outline of the flower and its petals,
# and shine where there are many edges. The blurred background has next to
# none.
#
# What the features see
# ---------------------
#
# **What to see.** Top: the images with their HOG. In each cell the lines
# follow the edges, and strong edges stand out. The background with its weak
# edges almost disappears. Bottom: the hue histogram, whose bars have the
# colour that they count. It contains no information about shapes.

shapes = make_shapes(2000, random_state=0)
X_train, X_test = shapes.images[:1500], shapes.images[1500:]
y_train, y_test = shapes.target[:1500], shapes.target[1500:]

chosen = [np.flatnonzero(y_test == label)[0] for label in (1, 3, 5, 7)]
hog, hue = HOG().fit(X_train), HSVHistogram(bins=12).fit(X_train)
fig, axes = plt.subplots(
    2, 4, figsize=(7, 3.4), height_ratios=[2, 1], layout="constrained"
)
middles = (np.arange(12) + 0.5) / 12
for (above, below), i in zip(axes.T, chosen, strict=True):
    HOGDisplay.from_estimator(hog, X_test[i], ax=above)
    above.set_title(shapes.target_names[y_test[i]])
    bars = below.bar(
        middles, hue.transform(X_test[i : i + 1])[0], 1 / 12, edgecolor="k"
    )
    for bar, middle in zip(bars, middles, strict=True):
        bar.set_facecolor(plt.cm.hsv(middle))
    below.set(xticks=[0, 1], xlabel="hue", ylim=(0, 0.4), ylabel="share")
    below.label_outer()

# %%
# What they are worth
# -------------------
#
# We train the same classifier on each. A union puts features side by side;
# standardising makes them comparable, because the bins of a histogram have
# very different sizes.

FEATURES = {
    "hue": HSVHistogram(),
    "pixels": None,
    "HOG": HOG(),
    "HOG and hue": make_union(HOG(), HSVHistogram()),
}
accuracies = {}
print(f"{'features':14}{'numbers':>8}{'training':>10}{'test':>8}")
for name, features in FEATURES.items():
    steps = [SoftmaxClassifier(random_state=0)]
    if features is not None:
        steps = [features, StandardScaler(), *steps]
    model = make_pipeline(*steps).fit(X_train, y_train)
    accuracies[name] = (
        model.score(X_train, y_train),
        model.score(X_test, y_test),
    )
    n_features = model[-1].n_features_in_
    print(
        f"{name:14}{n_features:8}{accuracies[name][0]:10.1%}"
        f"{accuracies[name][1]:8.1%}"
    )

fig, ax = plt.subplots(figsize=(7, 3.4), layout="constrained")
rows = np.arange(len(FEATURES))
for shift, values, look in [
    (
        -0.2,
        [train for train, _ in accuracies.values()],
        {"color": "0.8", "label": "training"},
    ),
    (
        0.2,
        [test for _, test in accuracies.values()],
        {"color": "#0072B2", "label": "test"},
    ),
]:
    bars = ax.barh(rows + shift, values, 0.38, edgecolor="k", **look)
    ax.bar_label(bars, [f"{value:.0%}" for value in values], padding=4)
ax.axvline(1 / 8, color="k", linestyle=":", label="guessing")
ax.set_yticks(rows, FEATURES)
ax.invert_yaxis()
ax.set(
    title="A linear classifier on different features",
    xlabel="accuracy",
    xlim=(0, 1.1),
)
ax.legend(loc="upper right")
plt.show()

# %%
# **What to see.** On thousands of pixels the classifier memorises most
# training images, and learns little that generalises. A few hundred numbers of
# the right kind are worth far more. The hue alone gives only a hint.
#
# **Try:** ``HOG(pixels_per_cell=(4, 4))``, which captures finer detail, or
# ``HSVHistogram(grid=(2, 2))``, which also captures where the colours are.
