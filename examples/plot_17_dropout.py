r"""
Dropout: a network that cannot rely on any unit
===============================================

During training, dropout sets each hidden unit to zero with probability
:math:`p`, independently for each image and each step, and scales up the others
to compensate:

.. math::

    \tilde h_j = \frac{m_j}{1 - p} \, h_j, \qquad
    m_j = 1 \text{ with probability } 1 - p, \text{ else } 0.

No unit can rely on any particular other unit, so each has to learn something
that is useful by itself. In prediction all units are present and nothing is
scaled: the mean of :math:`\tilde h` over the masks is :math:`h`.
"""

# %%
# The output of a layer
# ---------------------
#
# The first hidden layer of a trained network for one image: with nothing
# dropped, with two draws of dropout, and the mean of 300 draws.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sk231n import MLPClassifier
from sk231n.layers import Dropout, Phase

X, y = load_digits(return_X_y=True)
X = X / 16 + np.random.default_rng(0).normal(0, 0.4, X.shape)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=600, stratify=y, random_state=0
)

network = MLPClassifier(
    (200, 200),
    alpha=0,
    learning_rate=1e-3,
    batch_size=30,
    max_iter=25,
    tol=None,
    random_state=0,
)
network.fit(X_train, y_train)
hidden = network.hidden_activations(X_test[:1])[0]
layer, phase = Dropout(0.5), Phase(np.random.RandomState(0))
draws = [layer.forward(None, hidden, phase)[0] for _ in range(300)]
pictures = {
    "no dropout": hidden,
    "one draw": draws[0],
    "another": draws[1],
    "mean of 300 draws": np.mean(draws, axis=0),
}
for name, values in pictures.items():
    print(
        f"{name:18} {np.mean(values == 0):.0%} of the units are zero, mean "
        f"{values.mean():.3f}"
    )

most_active = np.argsort(-hidden[0])[:40]
fig, axes = plt.subplots(
    3, 1, figsize=(7, 5), sharex=True, sharey=True, layout="constrained"
)
for ax, name in zip(axes, list(pictures)[1:], strict=True):
    ax.bar(
        range(40), pictures[name][0, most_active], color="#56B4E9", label=name
    )
    look = {"color": "#D55E00", "linewidth": 2, "label": "no dropout"}
    ax.step(range(40), hidden[0, most_active], where="mid", **look)
    ax.set_ylabel("activation")
    ax.legend(loc="upper right")
ax.set_xlabel("hidden units, the most active ones first")

# %%
# **What to see.** About half of the units are dropped in each draw, and those
# that are kept are twice as active as without dropout. The mean of many draws
# is the layer without dropout, which is why prediction does not have to draw.
#
# How much?
# ---------

probabilities = [0, 0.1, 0.25, 0.5, 0.75, 0.9]
train, test = [], []
for p in probabilities:
    model = clone(network).set_params(dropout=p).fit(X_train, y_train)
    train.append(model.score(X_train, y_train))
    test.append(model.score(X_test, y_test))
    print(
        f"dropout {p:4}: accuracy {train[-1]:.1%} in training, {test[-1]:.1%} "
        "in test"
    )

fig, ax = plt.subplots(figsize=(7, 3.6), layout="constrained")
ax.plot(probabilities, train, "o-", color="#0072B2", label="training")
ax.plot(probabilities, test, "s--", color="#D55E00", label="test")
for p, accuracy in zip(probabilities, test, strict=True):
    ax.annotate(
        f"{accuracy:.1%}",
        (p, accuracy),
        (0, -16),
        textcoords="offset points",
        ha="center",
    )
ax.set(
    title="Accuracy and dropout",
    xlabel="probability of dropping a unit",
    ylabel="accuracy",
)
ax.set(xlim=(-0.05, 0.97), ylim=(0.5, 1.02))
ax.legend(loc="lower left")
plt.show()

# %%
# **What to see.** The more units are dropped, the less the network memorises:
# the training accuracy falls. The test accuracy rises a little at first,
# because there is less overfitting, and falls when so few units are left that
# not much can be learnt in this time.
#
# **Try:** longer training, ``max_iter=75``. Dropout slows training down, and a
# network with a lot of it needs more epochs.
