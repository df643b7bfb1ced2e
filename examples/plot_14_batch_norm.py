r"""
Batch normalization: networks that are hard to get wrong
========================================================

A deep network is delicate: its weights have to start at the right size, and
its learning rate has to fit. Batch normalization gives the signal the right
size directly. Before the activation, each unit is normalised to zero mean and
unit variance over the batch, and then gets a scale and a shift that are
learnt:

.. math::

    \hat x_i = \frac{x_i - \mu}{\sqrt{\sigma^2 + \epsilon}}, \qquad
    y_i = \gamma \hat x_i + \beta, \qquad
    \mu = \frac1n \sum_i x_i, \quad \sigma^2 = \frac1n \sum_i (x_i - \mu)^2.

In prediction there is no batch, and running averages of :math:`\mu` and
:math:`\sigma^2` are used instead. Layer normalization does the same for each
image over its units; it needs neither a batch nor averages.
"""

# %%
# A network with five hidden layers is trained for a few epochs by plain
# gradient descent: without normalization, with batch normalization, and with
# layer normalization.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sk231n import MLPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_val, y_train, y_val = train_test_split(
    X / 16 - 0.3, y, test_size=0.3, random_state=0
)


def accuracy(normalization, weight_init, learning_rate):
    """Validation accuracy after training; zero if the training diverges."""
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
# There are two sweeps over four powers of ten: one over the size of the
# initial weights at a fixed rate, and one over the rate with good initial
# weights.

values = np.geomspace(1e-3, 10, 7)
sweeps = {}
for normalization in (None, "batch", "layer"):
    sweeps[normalization] = (
        [accuracy(normalization, std, 0.05) for std in values],
        [accuracy(normalization, "he", rate) for rate in values],
    )
    starts, rates = (
        np.sum(np.array(scores) > 0.5) for scores in sweeps[normalization]
    )
    best = np.max(sweeps[normalization])
    print(
        f"{normalization or 'none':6} over 50% for {starts} of {len(values)} "
        "starts "
        f"and {rates} of {len(values)} rates; {best:.1%} at best"
    )

# %%
# **What to see.** Without normalization a network this deep learns only with a
# few sizes of the initial weights (left) and in a narrow range of rates
# (right). With batch normalization it learns with most sizes and at more
# rates: multiplying the weights of a layer by ten does not change the output,
# because the normalization divides by ten again (but it does change how far a
# step turns the weights). Layer normalization tolerates fewer sizes, and is
# just as good at its best.

fig, axes = plt.subplots(
    1, 2, figsize=(7, 3.9), sharey=True, layout="constrained"
)
looks = {
    None: {"color": "0.5", "marker": "o", "linestyle": ":", "label": "none"},
    "batch": {
        "color": "#D55E00",
        "marker": "s",
        "linestyle": "-",
        "label": "batch",
    },
    "layer": {
        "color": "#0072B2",
        "marker": "^",
        "linestyle": "--",
        "label": "layer",
    },
}
for normalization, scores in sweeps.items():
    for ax, curve in zip(axes, scores, strict=True):
        ax.plot(values, curve, linewidth=2, **looks[normalization])
axes[0].set(
    xscale="log",
    xlabel="standard deviation of the first weights",
    ylim=(0, 1.03),
)
axes[0].set(title="Learning rate 0.05", ylabel="validation accuracy")
axes[1].set(xscale="log", xlabel="learning rate", title="He's start")
fig.legend(
    *axes[1].get_legend_handles_labels(),
    title="normalization",
    loc="outside lower center",
    ncols=3,
)
plt.show()

# %%
# **Try:** ``batch_size=2`` with longer training. The mean and variance of two
# images are poor estimates of those of all images: batch normalization
# suffers, and layer normalization is not affected.
