r"""
Batch normalization: networks that are hard to get wrong
========================================================

A deep network is delicate: its weights have to start at the right size, and its learning rate has
to fit. Batch normalization makes the signal the right size itself. Each unit, before its
activation, is brought to zero mean and unit variance over the batch, and then given a scale and a
shift that are learnt:

.. math::

    \hat x_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + \epsilon}}, \qquad
    y_i = \gamma \hat x_i + \beta, \qquad
    \mu = \frac1n \sum_i x_i, \quad \sigma^2 = \frac1n \sum_i (x_i - \mu)^2.

At prediction there is no batch, and running averages of :math:`\mu` and :math:`\sigma^2` take its
place. Layer normalization does the same for each image over its units; it needs neither batch nor
averages.
"""

# %%
# A network of five hidden layers, trained for a few epochs by plain descent: without normalization,
# with that of the batch, and with that of the layer.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sk231n import MLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(X / 16 - 0.3, y, test_size=0.3, random_state=0)


def accuracy(normalization, weight_init, learning_rate):
    """Validation accuracy of the trained network; zero if the training diverges."""
    network = MLPClassifier(
        (40,) * 5,
        normalization=normalization,
        weight_init=weight_init,
        optimizer="sgd",
        learning_rate=learning_rate,
        batch_size=50,
        max_iter=5,
        tol=None,
        random_state=0,
    )
    try:
        return network.fit(X_train, y_train).score(X_val, y_val)
    except FloatingPointError:
        return 0.0


# %%
# Two sweeps over four powers of ten: the size of the first weights at a fixed rate, and the rate
# after a good start.

values = np.geomspace(1e-3, 10, 7)
sweeps = {}
for normalization in (None, "batch", "layer"):
    sweeps[normalization] = (
        [accuracy(normalization, std, 0.05) for std in values],
        [accuracy(normalization, "he", rate) for rate in values],
    )
    starts, rates = (np.sum(np.array(scores) > 0.5) for scores in sweeps[normalization])
    best = np.max(sweeps[normalization])
    print(
        f"{normalization or 'none':6} over 50 % for {starts} of {len(values)} starts "
        f"and {rates} of {len(values)} rates; {best:.1%} at best"
    )

# %%
# **What to see.** Without normalization a network this deep learns for hardly any size of its first
# weights (left) and in a narrow range of rates (right). Batch normalization learns from most starts
# and at more rates: multiplying the weights of a layer by ten does not change what it passes on,
# because what follows divides by ten (it does change how far a step turns them). Layer
# normalization bears fewer starts, and is as good at its best.

fig, axes = plt.subplots(1, 2, figsize=(10, 4), sharey=True, layout="constrained")
looks = {
    None: {"color": "0.5", "marker": "o", "linestyle": ":", "label": "none"},
    "batch": {"color": "#D55E00", "marker": "s", "linestyle": "-", "label": "batch"},
    "layer": {"color": "#0072B2", "marker": "^", "linestyle": "--", "label": "layer"},
}
for normalization, scores in sweeps.items():
    for ax, curve in zip(axes, scores, strict=True):
        ax.plot(values, curve, linewidth=2, **looks[normalization])
axes[0].set(xscale="log", xlabel="standard deviation of the first weights", ylim=(0, 1.03))
axes[0].set(title="Learning rate 0.05", ylabel="validation accuracy")
axes[1].set(xscale="log", xlabel="learning rate", title="He's start")
axes[1].legend(title="normalization", loc="upper left")
plt.show()

# %%
# **Try:** ``batch_size=2`` with a longer training. Mean and variance of two images are hardly those
# of all: batch normalization suffers, layer normalization does not notice.
