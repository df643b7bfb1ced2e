r"""
Ensembles: many networks, many epochs, averaged weights
=======================================================

A reliable way to gain a few points of accuracy is to train several models and
average the probabilities that they predict,

.. math:: \bar p(x) = \frac1M \sum_{m=1}^M p_m(x).

The models make somewhat different mistakes, which partly cancel in the mean.
There are three ways to get the models, from expensive to cheap:

1. the same network with different **seeds**: it costs :math:`M` training runs;
2. **snapshots** of one network after different epochs: it only costs the
   memory for them;
3. instead of a vote, the **average of the weights** over the last steps, which
   predicts like a single network: ``averaging="ema"``, which is nearly free.
"""

# %%
# Different seeds
# ---------------
#
# scikit-learn's ``VotingClassifier`` trains the members and averages their
# probabilities. The images are small coloured shapes, and the network works on
# their pixels.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import VotingClassifier

from sk231n import MLPClassifier
from sk231n.datasets import make_shapes

shapes = make_shapes(3000, image_size=12, random_state=0)
X, y = shapes.data / 255 - 0.5, shapes.target
X_train, X_test, y_train, y_test = X[:1500], X[1500:], y[:1500], y[1500:]
N_EPOCHS, N_SNAPSHOTS = 20, 10


def network(seed, averaging=None):
    """Network whose rate stays high, so that it never quite settles."""
    return MLPClassifier(
        (100,),
        learning_rate=0.01,
        batch_size=32,
        max_iter=N_EPOCHS,
        tol=None,
        averaging=averaging,
        random_state=seed,
    )


def accuracy(probabilities):
    """Test accuracy of the mean of the probabilities of several models."""
    return np.mean(np.mean(probabilities, axis=0).argmax(axis=1) == y_test)


voting = VotingClassifier(
    [(f"seed {seed}", network(seed)) for seed in range(5)], voting="soft"
)
voting.fit(X_train, y_train)
members = [member.predict_proba(X_test) for member in voting.estimators_]
alone = [accuracy([p]) for p in members]
together = [accuracy(members[:n]) for n in range(1, len(members) + 1)]
print(
    f"One network: {np.mean(alone):.1%} on average, {min(alone):.1%} to "
    f"{max(alone):.1%}"
)
print(f"{len(members)} networks: {together[-1]:.1%}")

# %%
# Snapshots of one network
# ------------------------
#
# ``partial_fit`` trains for one epoch and stops, so that we can predict after
# each epoch. The vote is that of the last ten epochs.

learner = network(seed=0)
probabilities = []
for _ in range(N_EPOCHS):
    learner.partial_fit(X_train, y_train, classes=voting.classes_)
    probabilities.append(learner.predict_proba(X_test))
latest = [accuracy([p]) for p in probabilities]
snapshots = [
    accuracy(probabilities[max(0, n - N_SNAPSHOTS) : n])
    for n in range(1, N_EPOCHS + 1)
]
print(f"One network after {N_EPOCHS} epochs: {latest[-1]:.1%}")
print(f"Its last {N_SNAPSHOTS} snapshots: {snapshots[-1]:.1%}")

# %%
# Averaged weights
# ----------------
#
# An exponential moving average of the weights over about an epoch,
# :math:`\bar\theta \leftarrow \rho \bar\theta + (1 - \rho) \theta`, follows
# the training without affecting it. Here it is evaluated on the test images,
# but only to draw its curve: nothing is chosen by it.

averaged = network(seed=0, averaging="ema").fit(
    X_train, y_train, X_val=X_test, y_val=y_test
)
ema = averaged.history_["validation_score"]
print(f"The same network with averaged weights: {ema[-1]:.1%}")

# %%
# **What to see.** Left: the accuracy of one network fluctuates from epoch to
# epoch, because its rate stays high. The curves of its snapshots and its
# averaged weights are higher and smoother. Right: independent networks differ
# most and gain most, and the first few bring nearly all of the gain.

fig, (left, right) = plt.subplots(
    1, 2, figsize=(7, 3.8), sharey=True, layout="constrained"
)
epochs = np.arange(1, N_EPOCHS + 1)
left.plot(
    epochs, latest, "o:", color="0.5", label="the network after each epoch"
)
left.plot(
    epochs,
    snapshots,
    "s--",
    color="#0072B2",
    label=f"vote of its last {N_SNAPSHOTS} snapshots",
)
left.plot(epochs, ema, "^-", color="#D55E00", label="its averaged weights")
left.set(
    title="One training",
    xlabel="epoch",
    ylabel="test accuracy",
    xticks=epochs[3::4],
)
left.legend(loc="lower right")
sizes = np.arange(1, len(members) + 1)
right.plot(
    sizes, together, "D-", color="k", label="vote of the first networks"
)
right.plot(sizes, alone, "o", color="0.5", label="each alone")
right.axhline(
    np.mean(alone), color="0.5", linestyle=":", label="mean of each alone"
)
right.set(title="Different seeds", xlabel="number of networks", xticks=sizes)
right.legend(loc="lower right")
plt.show()

# %%
# **Try:** ``learning_rate=CosineDecay(0.01)`` from :mod:`sk231n.schedules`.
# The rate falls to zero, the network settles, and its snapshots and averaged
# weights no longer gain anything; the vote of different seeds still does.
