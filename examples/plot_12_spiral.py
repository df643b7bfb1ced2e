r"""
The spiral: why a hidden layer
==============================

A linear classifier divides the plane with straight lines. Three arms of a
spiral cannot be separated like that, and it gets about half of the points
right. One hidden layer makes all the difference:

.. math:: h = \max(0, W_1 x + b_1), \qquad s = W_2 h + b_2.

Each unit of :math:`h` folds the plane along its own line. The scores are
linear in the folded plane, and with enough folds the arms can be separated.
These are the data and the network of the course's minimal case study.
"""

# %%
# We train four classifiers on the same points: with no hidden units, and with
# 3, 6 and 100 of them.

import matplotlib.pyplot as plt
from sklearn.inspection import DecisionBoundaryDisplay

from sk231n import MLPClassifier, SoftmaxClassifier
from sk231n.datasets import make_spirals

X, y = make_spirals(300, random_state=0)

classifiers = {"linear": SoftmaxClassifier(random_state=0)}
for n_units in (3, 6, 100):
    classifiers[f"{n_units} hidden units"] = MLPClassifier(
        (n_units,), random_state=0
    )

for name, classifier in classifiers.items():
    classifier.fit(X, y)
    print(f"{name:18}{classifier.score(X, y):.1%} of the points are right")

# %%
# **What to see.** The linear classifier has three straight boundaries that
# meet in a point. Three units make a few kinks, six nearly follow the arms,
# and a hundred wind along them. Every boundary still consists of straight
# pieces, because the folds are straight.

fig, axes = plt.subplots(
    2, 2, figsize=(6.4, 6), sharex=True, sharey=True, layout="constrained"
)
colors, markers = ["#333333", "#56B4E9", "#F0E442"], ["o", "^", "s"]
for ax, (name, classifier) in zip(axes.flat, classifiers.items(), strict=True):
    DecisionBoundaryDisplay.from_estimator(
        classifier,
        X,
        response_method="predict",
        grid_resolution=200,
        eps=0.1,
        plot_method="pcolormesh",
        multiclass_colors=colors,
        alpha=0.45,
        ax=ax,
    )
    for arm, (color, marker) in enumerate(zip(colors, markers, strict=True)):
        ax.scatter(
            *X[y == arm].T,
            s=14,
            color=color,
            marker=marker,
            edgecolors="k",
            linewidths=0.4,
        )
    ax.set(
        title=f"{name}: {classifier.score(X, y):.0%}",
        xlabel="$x_1$",
        ylabel="$x_2$",
        aspect="equal",
    )
    ax.label_outer()
plt.show()

# %%
# **Try:** two hidden layers of ten units, ``MLPClassifier((10, 10))``, instead
# of one of a hundred; or ``activation="tanh"``, whose boundaries are smooth.
