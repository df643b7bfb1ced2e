r"""
Gradient check: differences, and the kinks between them
=======================================================

It is easy to make a mistake in a gradient that is derived on paper and typed
in by hand, and a network with a slightly wrong gradient still learns, only
worse. The definition provides a check:

.. math::

    \frac{\partial f}{\partial x_i} \approx
    \frac{f(x + h e_i) - f(x - h e_i)}{2h},

with two evaluations of :math:`f` for each parameter. That is too slow for
training, but simple enough to trust. The two gradients are compared by their
**relative error** :math:`|a - n| / (|a| + |n|)`, which does not depend on how
large the gradients are.
"""

# %%
# How large should h be?
# ----------------------
#
# We take the softmax loss as a function of the weights :math:`W` on 20 images,
# whose gradient is :math:`X^\top \partial \ell / \partial s`, and compare it
# with differences of many widths.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from sk231n import MLPClassifier
from sk231n.diagnostics import (
    check_gradient,
    numerical_gradient,
    relative_error,
)
from sk231n.losses import CrossEntropy, WestonWatkins

X, y = load_digits(return_X_y=True)
X, y = X[:20] / 16, y[:20]
W = np.random.default_rng(0).normal(0, 0.1, (64, 10))


def loss_and_gradient(loss, W):
    """Loss of the scores ``X @ W``, and its gradient with respect to `W`."""
    value, slope = loss(X @ W, y)
    return value, X.T @ slope


def one_sided(f, x, h):
    """One-sided differences."""
    steps = h * np.eye(x.size).reshape(-1, *x.shape)
    return np.reshape([(f(x + step) - f(x)) / h for step in steps], x.shape)


softmax = CrossEntropy()
_, gradient = loss_and_gradient(softmax, W)
inked = (
    np.abs(gradient) > 1e-6
)  # pixels without ink have no gradient to compare


def softmax_value(W):
    """The loss alone, as a function to differentiate."""
    return loss_and_gradient(softmax, W)[0]


widths = 10.0 ** np.arange(-11, 0)
errors = {
    name: [
        relative_error(gradient[inked], method(softmax_value, W, h)[inked])
        for h in widths
    ]
    for name, method in [
        ("one side", one_sided),
        ("both sides", numerical_gradient),
    ]
}
for name, values in errors.items():
    print(
        f"{name:11} least error {min(values):.0e} at h = "
        f"{widths[np.argmin(values)]:.0e}"
    )

# %%
# Kinks
# -----
#
# The hinge :math:`\max(0, s_j - s_y + 1)` has a kink where the margin begins
# to be violated. If a difference reaches across a kink, it mixes two slopes,
# and disagrees with a gradient that is right.

hinge = WestonWatkins()
h = 0.01
_, gradient = loss_and_gradient(hinge, W)
differences = numerical_gradient(
    lambda W: loss_and_gradient(hinge, W)[0], W, h
)
ratios = np.abs(gradient - differences) / np.maximum(
    np.abs(gradient) + np.abs(differences), 1e-6
)
worst = np.unravel_index(ratios.argmax(), W.shape)
print(
    f"{np.sum(ratios > 1e-6)} of {W.size} weights disagree by more than 1e-6"
)

# %%
# ``check_gradient`` records on which side of each maximum every evaluation
# lies. If the sides differ, it counts a kink instead of reporting an error.
# Here it checks two networks with rectifiers: one with the hinge loss, and one
# with a loss whose gradient is one percent too large.


class Faulty(CrossEntropy):
    """Softmax loss with a slightly wrong gradient."""

    def __call__(self, scores, y, w=None):
        """Return the loss, and its gradient times 1.01."""
        value, gradient = super().__call__(scores, y, w)
        return value, 1.01 * gradient


right = MLPClassifier((20,), loss="hinge", random_state=0)
wrong = MLPClassifier((20,), loss=Faulty(), random_state=0)
print(check_gradient(right, X, y, h=h, random_state=0), "\n")
print(check_gradient(wrong, X, y, random_state=0))

# %%
# **What to see.** Top left: if the width is too large, curvature causes the
# error; if it is too small, rounding does. The centred difference is far
# better than the one-sided one, and :math:`h = 10^{-5}` is a good choice. Top
# right: with the hinge loss most weights agree to many digits, and a few do
# not agree at all. Bottom: the worst of them. Its gradient, the slope at the
# black point, is right, but the difference, the dashed chord, reaches across a
# kink.

fig = plt.figure(figsize=(7, 5.4), layout="constrained")
places = fig.subplot_mosaic([["widths", "weights"], ["worst", "worst"]])
axes = list(places.values())
axes[0].loglog(
    widths, errors["one side"], "s--", color="#D55E00", label="one side"
)
axes[0].loglog(
    widths, errors["both sides"], "o-", color="#0072B2", label="both sides"
)
axes[0].set(title="Softmax loss", xlabel="h", ylabel="largest relative error")
axes[0].legend()

axes[1].semilogy(
    np.sort(np.maximum(ratios.ravel(), 1e-16))[::-1], ".", color="#0072B2"
)
axes[1].axhline(1e-6, color="0.6", linestyle=":")
axes[1].set(
    title=f"Hinge loss, h = {h:g}",
    xlabel="weights, worst first",
    ylabel="relative error",
)

steps = np.linspace(-2, 2, 401)
values = []
for step in steps:
    moved = W.copy()
    moved[worst] += h * step
    values.append(loss_and_gradient(hinge, moved)[0])
values = (np.array(values) - np.interp(0, steps, values)) / h
axes[2].plot(steps, values, color="#0072B2", linewidth=2, label="loss")
axes[2].plot(
    steps, gradient[worst] * steps, ":", color="0.3", label="gradient"
)
axes[2].plot(
    [-1, 1],
    np.interp([-1, 1], steps, values),
    "s--",
    color="#D55E00",
    label="difference",
)
axes[2].plot(0, 0, "ko")
axes[2].set(
    title="Along the worst weight",
    xlabel="change of the weight / h",
    ylabel="change of the loss / h",
)
axes[2].legend()
plt.show()

# %%
# **Try:** leave the penalty out of the gradient, omit a :math:`1/n`, or get a
# sign wrong. The table marks the arrays in which the error shows.
