r"""
Learning rates: too low, too high, right
========================================

Gradient descent repeats one line,

.. math:: \theta \leftarrow \theta - \eta \, \nabla J(\theta),

and the learning rate :math:`\eta` is the first number to get right. The loss
curve shows whether it is well chosen. ``learning_rate="auto"`` makes the
choice unnecessary; here the rate is set by hand, to a float, which the
classifiers use exactly as given.
"""

# %%
# One network, four rates
# -----------------------
#
# We train a small network on handwritten digits by plain gradient descent for
# 25 epochs.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sk231n import MLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(
    X / 16, y, test_size=0.3, random_state=0
)


def train(rate):
    """Train the network at this rate."""
    network = MLPClassifier(
        (50,),
        optimizer="sgd",
        learning_rate=rate,
        batch_size=50,
        max_iter=25,
        tol=None,
        random_state=0,
    )
    return network.fit(X_train, y_train, X_val=X_val, y_val=y_val)


RATES = {"far too low": 0.003, "low": 0.03, "right": 0.5, "too high": 3.0}
networks = {name: train(rate) for name, rate in RATES.items()}
print(
    f"{'':14}{'rate':>6}{'last loss':>11}{'accuracy':>10}{'update ratio':>14}"
)
for name, network in networks.items():
    last = {
        quantity: values[-1] for quantity, values in network.history_.items()
    }
    print(
        f"{name:14}{RATES[name]:6g}{last['loss']:11.3f}"
        f"{last['validation_score']:10.1%}"
        f"{last['update_ratio']:14.5f}"
    )

# %%
# Then we do the same for a whole range of rates, on a logarithmic scale,
# because factors matter.

range_of_rates = np.geomspace(1e-3, 10, 17)
accuracies = [
    train(rate).history_["validation_score"][-1] for rate in range_of_rates
]
best = range_of_rates[np.argmax(accuracies)]
print(
    f"The best of {len(range_of_rates)} rates from 0.001 to 10 is {best:.2g}."
)

# %%
# **What to see.** Left: if the rate is far too low, the loss hardly moves, as
# if nothing could be learnt. With a low rate it falls in a nearly straight
# line, and has far to go at the end. With the right rate it falls steeply and
# flattens out. If the rate is too high, the loss stays high, because each step
# jumps across the valley; if it were much higher still (1e5), the loss would
# grow without bound and training would end in a ``FloatingPointError`` that
# names the rate. Right: good rates cover about a factor of ten, and beyond
# them the accuracy drops steeply.
#
# The update ratio, the length of a step relative to the parameters, tells the
# same: the rule of thumb in the notes is about a thousandth, and this small
# network tolerates ten times as much.

fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.6), layout="constrained")
styles = [
    ("#56B4E9", "--", "v"),
    ("#0072B2", "-.", "s"),
    ("k", "-", "o"),
    ("#D55E00", ":", "^"),
]
for (name, network), (color, style, marker) in zip(
    networks.items(), styles, strict=True
):
    epochs = np.arange(1, network.n_iter_ + 1)
    label = f"{name}: {RATES[name]:g}"
    look = {
        "color": color,
        "linestyle": style,
        "marker": marker,
        "markevery": 3,
    }
    left.plot(
        epochs, network.history_["loss"], label=label, linewidth=2, **look
    )
    at_rate = RATES[name], network.history_["validation_score"][-1]
    right.plot(
        *at_rate,
        color=color,
        marker=marker,
        markersize=9,
        markeredgecolor="k",
        zorder=3,
    )
left.set(title="Loss by epoch", xlabel="epoch", ylabel="training loss")
left.set_ylim(0, 5)
left.legend(title="learning rate", loc="upper right")
right.plot(range_of_rates, accuracies, color="0.6", linewidth=2)
right.set(
    title="After 25 epochs",
    xlabel="learning rate",
    ylabel="validation accuracy",
)
right.set(xscale="log", ylim=(0, 1.03))
plt.show()

# %%
# **Try:** a schedule instead of the float. ``CosineDecay(3.0)`` from
# :mod:`sk231n.schedules` begins too high and comes down: does training
# recover?
