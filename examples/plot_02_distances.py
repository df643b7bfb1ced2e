r"""
L1 and L2 distance, and what preprocessing does not change
==========================================================

Two distances between images are common:

.. math::

    d_1(a, b) = \sum_p |a_p - b_p|, \qquad
    d_2(a, b) = \sqrt{\textstyle\sum_p (a_p - b_p)^2}.

In L2 one large difference counts more than many small ones. L1 depends on the
coordinate axes, and L2 does not. That sounds abstract, so the course asks a
concrete question: *which of these preprocessing steps leave the nearest
neighbours unchanged?* Subtracting the mean pixel or the mean image, dividing
all pixels by one number, standardising pixel by pixel, rotating the axes. This
page computes the answer.
"""

# %%
# The neighbours before
# ---------------------
#
# There are 600 images of coloured shapes to search, and 200 query images.

import matplotlib.pyplot as plt
import numpy as np
from scipy.fft import dct
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from sk231n import KNNClassifier, MeanSubtraction, Whitening
from sk231n.datasets import make_shapes

shapes = make_shapes(800, image_size=12, random_state=0)
X, y = shapes.data.astype(np.float64), shapes.target
X_train, X_test, y_train, y_test = X[:600], X[600:], y[:600], y[600:]


def nearest(metric, train, test):
    """Index of the nearest training image for each test image."""
    knn = KNNClassifier(1, metric=metric).fit(train, y_train)
    return knn.kneighbors(test, return_distance=False)[:, 0]


METRICS = {"L1": "manhattan", "L2": "euclidean"}
before = {
    name: nearest(metric, X_train, X_test) for name, metric in METRICS.items()
}
for name, neighbors in before.items():
    right = np.mean(y_train[neighbors] == y_test)
    print(
        f"{name}: the nearest image is of the right class for {right:.1%} of "
        "the test images"
    )
print(
    "Both agree on the nearest image in "
    f"{np.mean(before['L1'] == before['L2']):.1%}."
)

# %%
# And after
# ---------
#
# Each step is learnt from the training images and applied to both sets. The
# rotation is a cosine transform: like every change to other orthogonal axes,
# it preserves all lengths and angles.

STEPS = {
    "subtract the mean pixel": MeanSubtraction(mode="global"),
    "subtract the mean image": MeanSubtraction(mode="pixel"),
    "divide all by one number": FunctionTransformer(
        lambda X: X / X_train.std()
    ),
    "standardise each pixel": StandardScaler(),
    "rotate the axes": FunctionTransformer(lambda X: dct(X, norm="ortho")),
    "whiten": Whitening(),
}

unchanged = {name: [] for name in METRICS}
print(
    f"\n{'nearest image unchanged':28}"
    + "".join(f"{name:>8}" for name in METRICS)
)
for step, transformer in STEPS.items():
    train, test = (
        transformer.fit_transform(X_train),
        transformer.transform(X_test),
    )
    for name, metric in METRICS.items():
        unchanged[name].append(
            np.mean(nearest(metric, train, test) == before[name])
        )
    print(
        f"{step:28}"
        + "".join(f"{shares[-1]:8.1%}" for shares in unchanged.values())
    )

# %%
# **What to see.** On the left are the points at distance 1 from the centre:
# for L2 a circle, which looks the same however it is turned, and for L1 a
# square standing on a corner, which does not. On the right is the computed
# answer. Subtracting the same thing from all images leaves every difference
# unchanged, and dividing by one number scales all differences equally: neither
# affects the neighbours. Standardising gives each pixel its own weight and
# changes both. A rotation changes L1 but, by Pythagoras, not L2. Whitening
# rotates *and* reweights, and changes both.

fig, (left, right) = plt.subplots(
    1, 2, figsize=(7, 4), width_ratios=[1, 1.2], layout="constrained"
)
angle = np.linspace(0, 2 * np.pi, 401)
circle = np.array([np.cos(angle), np.sin(angle)])
diamond = circle / np.abs(circle).sum(axis=0)
turn = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
left.plot(*circle, color="#D55E00", linewidth=2, label="L2, turned or not")
left.plot(*diamond, color="#0072B2", linewidth=2, label="L1")
left.plot(
    *turn @ diamond, "--", color="#0072B2", linewidth=2, label="L1, turned"
)
left.plot(0, 0, "k+", markersize=10)
left.set(
    title="Points at distance 1",
    xlabel="pixel 1",
    ylabel="pixel 2",
    aspect="equal",
)
left.set(xlim=(-1.15, 1.15), ylim=(-1.15, 2.35))
left.legend(loc="upper center")

rows = np.arange(len(STEPS))
for shift, color, name in [(-0.2, "#0072B2", "L1"), (0.2, "#D55E00", "L2")]:
    bars = right.barh(
        rows + shift, unchanged[name], 0.38, color=color, label=name
    )
    right.bar_label(
        bars, [f"{name} {share:.0%}" for share in unchanged[name]], padding=3
    )
right.set_yticks(rows, STEPS)
right.invert_yaxis()
right.set(
    title="Nearest images unchanged",
    xlabel="share of the test images",
    xlim=(0, 1.45),
)
plt.show()

# %%
# **Try:** ``"cosine"`` as a third metric. Which of the steps change the angle
# between two images?
