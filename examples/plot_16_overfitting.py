r"""
Overfitting and its cures
=========================

A network with enough weights memorises any training images, including their
noise. The training accuracy then says nothing about new images, and the gap
between the two curves measures how much. This page makes a network overfit,
and then tries the cures that the course prescribes.
"""

# %%
# The disease
# -----------
#
# We give a network of 100 hidden units 300 noisy images of digits, no penalty,
# and enough time.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sk231n import MLPClassifier
from sk231n.plotting import LearningCurvesDisplay

X, y = load_digits(return_X_y=True)
X = X / 16 + np.random.default_rng(0).normal(0, 0.4, X.shape)
X, X_test, y, y_test = train_test_split(
    X, y, test_size=600, stratify=y, random_state=0
)
X, X_val, y, y_val = train_test_split(
    X, y, test_size=297, stratify=y, random_state=0
)
X_train, y_train = X[:300], y[:300]

sick = MLPClassifier(
    (100,),
    alpha=0,
    learning_rate=1e-3,
    batch_size=30,
    max_iter=100,
    tol=None,
    random_state=0,
)
sick.fit(X_train, y_train, X_val=X_val, y_val=y_val)
fig = plt.figure(figsize=(7, 3.2), layout="constrained")
display = LearningCurvesDisplay.from_estimator(sick, ax=fig.add_subplot())
lowest = int(np.argmin(sick.history_["validation_loss"]))
for ax in display.axes_:
    ax.axvline(lowest + 1, color="0.5", linestyle=":")
for quantity in ("loss", "score"):
    last = (
        sick.history_[quantity][-1],
        sick.history_[f"validation_{quantity}"][-1],
    )
    print(
        f"last {quantity}: {last[0]:.2f} in training, {last[1]:.2f} in "
        "validation"
    )
print(f"The validation loss is lowest after epoch {lowest + 1}.")

# %%
# **What to see.** The training loss falls to zero. The validation loss also
# falls, up to the dotted line, and then rises again: from there on the network
# learns what is true only of its 300 images.
#
# The cures
# ---------
#
# * **More data**, the best cure if you can get them.
# * **A penalty** on large weights.
# * **Dropout**: it has its own page.
# * **Early stopping**: keep the weights of the epoch with the best validation
#   score.
# * **A smaller network**, which cannot memorise as much.
# * **All together**, except the smaller network, each in a smaller dose.

n_all, stop = (
    len(X),
    {"early_stopping": True, "n_iter_no_change": 20, "tol": 0.0},
)
cures = {
    "none": (300, {}),
    "smaller network": (300, {"hidden_layer_sizes": (10,)}),
    "penalty": (300, {"alpha": 0.03}),
    "dropout": (300, {"dropout": 0.7}),
    "early stopping": (300, stop),
    "three times the data": (n_all, {"max_iter": 33}),
    "together": (
        n_all,
        {"max_iter": 33, "alpha": 0.01, "dropout": 0.3, **stop},
    ),
}
scores = {}
print(f"\n{'cure':26}{'training':>9}{'test':>8}")
for name, (n_images, arguments) in cures.items():
    model = clone(sick).set_params(**arguments)
    model.fit(X[:n_images], y[:n_images], X_val=X_val, y_val=y_val)
    scores[name] = (
        model.score(X[:n_images], y[:n_images]),
        model.score(X_test, y_test),
    )
    print(f"{name:26}{scores[name][0]:9.1%}{scores[name][1]:8.1%}")

fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
rows = np.arange(len(scores))
train, test = np.transpose(list(scores.values()))
ax.hlines(rows, test, train, color="0.7", linewidth=3, zorder=0)
ax.plot(train, rows, "o", color="#0072B2", markersize=9, label="training")
ax.plot(test, rows, "s", color="#D55E00", markersize=9, label="test")
ax.set_yticks(rows, scores)
ax.invert_yaxis()
ax.set(title="The gap, and what each cure does to it", xlabel="accuracy")
ax.grid(axis="x", alpha=0.3)
ax.legend(loc="lower left")
plt.show()

# %%
# **What to see.** The line is the gap. A smaller network shortens it without
# any benefit: it gets worse in training, and no better in test. What counts is
# that the square moves to the right. A penalty and early stopping achieve that
# at no cost; more data achieves it best.
#
# **Try:** less noise in the images, ``0.2`` instead of ``0.4``: there is less
# to memorise.
