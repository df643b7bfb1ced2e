r"""
Initial weights: signals that vanish, saturate or survive
=========================================================

Before anything is learnt, a deep network passes its input through one random
matrix after another. If each of them shrinks the signal a little, nothing
reaches the last layers; if each enlarges it, ``tanh`` saturates and the output
of rectifiers grows without bound. In between is a narrow range where signals
pass through, and so do gradients on the way back.

For :math:`n` independent inputs and weights of variance :math:`\sigma^2`,

.. math::

    \operatorname{Var}\Bigl(\sum_{i=1}^n w_i x_i\Bigr)
    = n \, \sigma^2 \operatorname{E}[x^2],

so the signal keeps its size for :math:`\sigma^2 = 1 / n`. Glorot's
initialisation uses the mean number of inputs and outputs: :math:`\sigma^2 = 2
/ (n_\text{in} + n_\text{out})`. A rectifier drops half of the signal, and He's
initialisation compensates for that: :math:`\sigma^2 = 2 / n_\text{in}`.
"""

# %%
# Six layers of tanh, before training
# -----------------------------------
#
# ``activation_statistics`` and its display also accept a network that is not
# fitted yet: they show where training would start from.

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

from sk231n import MLPClassifier
from sk231n.diagnostics import activation_statistics
from sk231n.plotting import ActivationHistogramDisplay

X, y = load_digits(return_X_y=True)
X = StandardScaler().fit_transform(X)


def network(activation, weight_init):
    """Six hidden layers of 100 units, trained by plain descent."""
    return MLPClassifier(
        (100,) * 6,
        activation=activation,
        weight_init=weight_init,
        optimizer="sgd",
        learning_rate=0.05,
        batch_size=100,
        max_iter=10,
        tol=None,
        random_state=0,
    )


STARTS = {
    0.01: "too small: $\\sigma$ = 0.01",
    1.0: "too large: $\\sigma$ = 1",
    "glorot": "Glorot",
}
for start, title in STARTS.items():
    fig = plt.figure(figsize=(7, 4.2), layout="constrained")
    fig.suptitle(title)
    display = ActivationHistogramDisplay.from_estimator(
        network("tanh", start), X[:200], n_cols=3, ax=fig.add_subplot()
    )
    for ax in display.axes_:
        ax.set_xlabel("activation")
print(activation_statistics(network("tanh", 1.0), X[:200]))

# %%
# **What to see.** If the weights are too small, everything is close to zero
# from the second layer on. If they are too large, most units are close to -1
# or 1, where ``tanh`` is flat and lets no gradient through; the table counts
# them as saturated. With Glorot's initialisation the histograms keep their
# shape through all layers.
#
# Spread by layer, and what can be learnt
# ---------------------------------------

fig, axes = plt.subplots(
    1, 2, figsize=(7, 3.8), sharey=True, layout="constrained"
)
inits = [0.01, "glorot", "he", 1.0]
styles = [("v", ":"), ("o", "-"), ("s", "--"), ("^", "-.")]
colors = ["#56B4E9", "k", "#0072B2", "#D55E00"]
for ax, activation in zip(axes, ["tanh", "relu"], strict=True):
    for init, (marker, dashes), color in zip(
        inits, styles, colors, strict=True
    ):
        model = network(activation, init)
        layers = activation_statistics(model, X).layers
        try:
            learnt = f"{model.fit(X, y).history_['score'][-1]:.0%}"
        except FloatingPointError:
            learnt = "diverges"
        print(
            f"{activation:5} {init!s:7} std of the last layer "
            f"{layers[-1].std:8.2g}, "
            f"training accuracy after 10 epochs {learnt}"
        )
        ax.plot(
            [layer.layer for layer in layers], [layer.std for layer in layers],
            marker=marker, linestyle=dashes, color=color,
            label=f"{init}: {learnt}",
        )  # fmt: skip
    ax.set(
        title=activation,
        xlabel="hidden layer",
        yscale="log",
        ylim=(1e-18, 1e7),
    )
    ax.legend(title="start: training accuracy", loc="lower left")
axes[0].set_ylabel("standard deviation")
plt.show()

# %%
# **What to see.** On a logarithmic scale the spread falls in a straight line
# if the initial weights are too small: each layer multiplies it by the same
# factor. With rectifiers it also falls with Glorot's initialisation, though
# slowly, and with He's it does not. The accuracies in the legends show that
# where no signal passes through, nothing is learnt.
#
# **Try:** ``normalization="batch"`` with any of these initial weights.
