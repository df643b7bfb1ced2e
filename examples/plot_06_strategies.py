r"""
Optimisation strategies: two blind searches, and the gradient
=============================================================

A linear classifier is a matrix :math:`W`, and a loss says how bad it is. How
do we find a good one? The course's notes discuss three strategies:

1. **Random search**: draw many :math:`W`, and keep the best.
2. **Random local search**: try a small random step from the best so far, and
   keep it if it helps.
3. **Following the gradient**: step in the direction in which the loss falls
   most steeply, :math:`W \leftarrow W - \eta \, \nabla J(W)`.

Here all three get the same number of evaluations of the loss, the multi-class
hinge loss on all training images. On CIFAR-10 the notes report 15.5%
and 21.4% for the two blind strategies; guessing gets 10%. ::

    python examples/plot_06_strategies.py                # digits, a second
    python examples/plot_06_strategies.py --cifar10 DIR  # CIFAR-10, minutes
"""

# %%
# The data are centred, and get a column of ones for the intercepts. The scale
# of :math:`W` is such that the scores have a size of about one; the 0.0001 in
# the notes is of that order for the bytes of CIFAR-10.

import argparse

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sk231n import BiasTrick, MeanSubtraction
from sk231n.datasets import load_cifar10
from sk231n.losses import WestonWatkins

parser = argparse.ArgumentParser()
parser.add_argument(
    "--cifar10", metavar="DIR", help="directory or .tar.gz of CIFAR-10"
)
cifar10 = parser.parse_args().cifar10
if cifar10:
    name = "CIFAR-10"
    train, test = (
        load_cifar10(cifar10, split=split) for split in ("train", "test")
    )
    X_train, y_train, X_test, y_test = (
        train.data,
        train.target,
        test.data,
        test.target,
    )
else:
    name = "handwritten digits"
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X.astype(np.float32), y, test_size=500, random_state=0
    )

preprocessing = make_pipeline(MeanSubtraction(), BiasTrick())
X_train, X_test = (
    preprocessing.fit_transform(X_train),
    preprocessing.transform(X_test),
)
shape = X_train.shape[1], 10
unit = np.float32(1 / np.sqrt(np.mean(np.sum(X_train**2, axis=1))))
print(
    f"{name}: {len(X_train)} images, {shape[0]} features; W is drawn of size "
    f"{unit:.1g}"
)

# %%
# The strategies
# --------------
#
# Each is a generator that yields :math:`W` and its loss, once per evaluation.

N_EVALUATIONS = 1000
hinge = WestonWatkins()
rng = np.random.default_rng(0)


def draw():
    """Random matrix of unit size."""
    return unit * rng.standard_normal(shape, dtype=np.float32)


def random_search():
    """Draw a new matrix each time."""
    while True:
        W = draw()
        yield W, hinge(X_train @ W, y_train)[0]


def random_local_search():
    """Step from the best so far, by a tenth of the initial size."""
    best, lowest = draw(), np.inf
    while True:
        W = best + draw() / 10
        loss, _ = hinge(X_train @ W, y_train)
        if loss < lowest:
            best, lowest = W, loss
        yield W, loss


def follow_the_gradient():
    """Step downhill; the scores of an image change by about their gradient."""
    W = draw()
    while True:
        loss, slope = hinge(X_train @ W, y_train)
        yield W, loss
        W = W - unit**2 * (X_train.T @ slope)


# %%
# The race
# --------

losses, accuracies = {}, {}
for strategy in (random_search, random_local_search, follow_the_gradient):
    label = strategy.__name__.replace("_", " ")
    losses[label], lowest = [], np.inf
    for _, (W, loss) in zip(range(N_EVALUATIONS), strategy(), strict=False):
        losses[label].append(loss)
        if loss < lowest:
            best, lowest = W, loss
    accuracies[label] = np.mean((X_test @ best).argmax(axis=1) == y_test)
    print(
        f"{label:22} loss {lowest:6.3f}, test accuracy {accuracies[label]:.1%}"
    )

downhill, sideways = (
    losses["follow the gradient"],
    losses["random local search"],
)
overtaken = 1 + np.argmax(np.array(downhill) < min(sideways))
print(
    f"Following the gradient is below random local search after {overtaken} "
    "evaluations."
)

# %%
# **What to see.** Random search finds a matrix that is a little better than
# guessing. Random local search learns, but most of its steps lead uphill and
# are discarded. Following the gradient takes a fraction of the evaluations:
# the gradient says which direction to take, at the cost of one more matrix
# product.

styles = dict(
    zip(
        losses,
        [("0.6", ":"), ("#0072B2", "--"), ("#D55E00", "-")],
        strict=True,
    )
)
notes = {"random search": 0.155, "random local search": 0.214}

fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.8), layout="constrained")
for label, (color, style) in styles.items():
    lowest = np.minimum.accumulate(losses[label])
    steps = np.arange(1, N_EVALUATIONS + 1)
    left.plot(steps, lowest, style, color=color, linewidth=2.5, label=label)
left.set(
    title="Lowest loss so far",
    xlabel="evaluations of the loss",
    ylabel="loss",
    xscale="log",
)

labels = ["guessing", *accuracies]
values = [1 / 10, *accuracies.values()]
colors = ["0.85", *(color for color, _ in styles.values())]
bars = right.barh(labels, values, color=colors, edgecolor="k", label=name)
right.bar_label(bars, [f"{value:.1%}" for value in values], padding=14)
right.plot(
    notes.values(),
    notes.keys(),
    "D",
    color="k",
    mfc="w",
    label="the notes, CIFAR-10: 15.5%, 21.4%",
)
right.set(title="Test accuracy", xlabel=f"accuracy, {name}", xlim=(0, 1.4))
right.invert_yaxis()
fig.legend(
    handles=[*left.lines, *right.lines], loc="outside lower center", ncols=2
)
plt.show()

# %%
# **Try:** more evaluations for the blind strategies. Ten times as many hardly
# help random search: with hundreds of weights, nearly all directions are
# wrong.
