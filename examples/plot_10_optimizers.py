r"""
A race of optimizers: a ravine and a saddle
===========================================

The gradient says which way is down at the current point. How an optimizer uses
it decides how soon we arrive. Two small landscapes show the two difficulties
that are common in networks.

* A **ravine** is steep across and gentle along its length. Plain gradient
  descent has to take steps small enough for the steep direction, and then
  crawls along the gentle one.
* A **saddle** rises in one direction and falls in the other. On the ridge the
  gradient is nearly zero, and plain gradient descent, whose steps are
  proportional to the gradient, almost stops.

An optimizer turns the gradient :math:`g` into a direction :math:`d`, and the
step is :math:`\theta \leftarrow \theta - \eta \, d`:

=========  ============================================================
SGD        :math:`d = g`
Momentum   :math:`v \leftarrow \mu v + g`, :math:`d = v`
Nesterov   the same velocity, evaluated one step ahead: :math:`d = g + \mu v`
Adagrad    :math:`c \leftarrow c + g^2`, :math:`d = g / \sqrt c`
RMSProp    :math:`c \leftarrow \rho c + (1 - \rho) g^2`,
           :math:`d = g / \sqrt c`
Adam       momentum over RMSProp, both corrected for their start at zero
=========  ============================================================
"""

# %%
# Two landscapes and their gradients
# ----------------------------------
#
# The ravine is a quadratic bowl, 50 times as steep across as along. It is
# rotated against the axes; otherwise the methods that scale each coordinate
# would have an unfair advantage. The saddle is :math:`\frac12 x^2 - \frac12
# y^2 + \frac1{64} y^4`, with valleys at :math:`y = \pm 4`.

import matplotlib.pyplot as plt
import numpy as np

from sk231n.optimizers import SGD, Adagrad, Adam, Momentum, RMSProp

TURN = np.deg2rad(25)
AXES = np.array([[np.cos(TURN), np.sin(TURN)], [-np.sin(TURN), np.cos(TURN)]])
BOWL = AXES.T @ np.diag([1, 50]) @ AXES


def ravine(p):
    """Height and gradient at the points `p`, of shape (..., 2)."""
    return np.sum(p * (p @ BOWL), axis=-1) / 2, p @ BOWL


def saddle(p):
    """Height and gradient at the points `p`, of shape (..., 2)."""
    x, y = p[..., 0], p[..., 1]
    return (x**2 - y**2) / 2 + y**4 / 64, np.stack([x, y**3 / 16 - y], axis=-1)


STARTS = {
    ravine: np.array([-4.0, 1.0]) @ AXES,
    saddle: np.array([-4.0, 0.001]),
}

# %%
# The race
# --------
#
# An optimizer alone is a formula and a state; we write the loop ourselves. For
# a fair race each optimizer gets its own rate, the one that keeps it lowest in
# the ravine, as measured by the mean logarithm of the height over all steps.
# With the same rate it then has to leave the saddle, where it starts a
# thousandth off the ridge.

OPTIMIZERS = {
    "SGD": SGD(),
    "Momentum": Momentum(momentum=0.9),
    "Nesterov": Momentum(momentum=0.9, nesterov=True),
    "Adagrad": Adagrad(),
    "RMSProp": RMSProp(decay=0.9),
    "Adam": Adam(),
}
N_STEPS = 100


def race(optimizer, rate, landscape):
    """Path, of shape (N_STEPS + 1, 2), and the heights along it."""
    theta = STARTS[landscape].copy()
    state = optimizer.start(theta)
    path = [theta]
    for _ in range(N_STEPS):
        gradient = landscape(theta)[1]
        theta = theta - rate * optimizer.direction(gradient, state, theta)
        path.append(theta)
    path = np.array(path)
    return path, landscape(path)[0]


def best_rate(optimizer):
    """Rate with the lowest path through the ravine."""
    rates = np.geomspace(1e-3, 1, 25)
    with np.errstate(over="ignore"):  # far too high a rate climbs without end
        return min(
            rates,
            key=lambda rate: np.log(race(optimizer, rate, ravine)[1]).mean(),
        )


rates = {name: best_rate(optimizer) for name, optimizer in OPTIMIZERS.items()}
runs = {
    (name, landscape): race(optimizer, rates[name], landscape)
    for name, optimizer in OPTIMIZERS.items()
    for landscape in STARTS
}

print(
    f"{'':10}{'rate':>7}{'ravine: height at the end':>28}"
    f"{'saddle: left after':>21}"
)
for name, rate in rates.items():
    off_ridge = np.abs(runs[name, saddle][0][:, 1]) > 2
    left = f"{off_ridge.argmax()} steps" if off_ridge.any() else "not yet"
    print(f"{name:10}{rate:7.3f}{runs[name, ravine][1][-1]:28.1e}{left:>21}")

# %%
# The paths
# ---------
#
# **What to see.** In the ravine plain descent jumps from wall to wall and then
# crawls along the floor. Momentum adds up the small pushes along the floor;
# the price is that it swings from side to side, which Nesterov's look-ahead
# dampens. On the saddle plain descent is still on the ridge at the end.
# Adagrad, RMSProp and Adam divide each coordinate by the size of its own
# gradients: their steps do not shrink with the slope, and they leave the ridge
# at once. For the same reason RMSProp never settles at the bottom of the
# ravine: it needs a rate that falls.

windows = {ravine: [(-5, 2), (-5, 2)], saddle: [(-5, 2.5), (-6, 6)]}
levels = {ravine: np.geomspace(0.05, 400, 12), saddle: np.linspace(-4, 12, 13)}
for landscape in STARTS:
    fig, axes = plt.subplots(2, 3, figsize=(7, 4.4), layout="constrained")
    (left, right), (low, high) = windows[landscape]
    x, y = np.meshgrid(
        np.linspace(left, right, 120), np.linspace(low, high, 120)
    )
    height = landscape(np.stack([x, y], axis=-1))[0]
    for ax, name in zip(axes.flat, OPTIMIZERS, strict=True):
        path, _ = runs[name, landscape]
        ax.contour(
            x,
            y,
            height,
            levels=levels[landscape],
            colors="0.75",
            linewidths=0.8,
        )
        ax.plot(*path.T, "-o", color="#0072B2", markersize=2.5, linewidth=1)
        ax.plot(*path[0], "ko", markersize=6, label="start")
        ax.plot(
            *path[-1],
            "*",
            color="#D55E00",
            markersize=13,
            mec="k",
            label=f"after {N_STEPS} steps",
        )
        ax.set(xlim=(left, right), ylim=(low, high), xticks=[], yticks=[])
        ax.set_title(f"{name}, $\\eta$ = {rates[name]:.3f}", fontsize=10)
    axes[0, 0].legend(loc="lower right", fontsize=8)
    fig.suptitle(landscape.__name__.capitalize())

# %%
# Height by step
# --------------

styles = ["-", "-.", "--", "-", ":", "-"]
colors = ["0.0", "#0072B2", "#56B4E9", "#E69F00", "#CC79A7", "#D55E00"]
markers = ["o", "^", "v", "s", "D", "*"]
fig, axes = plt.subplots(1, 2, figsize=(7, 3.6), layout="constrained")
for ax, landscape in zip(axes, STARTS, strict=True):
    for name, style, color, marker in zip(
        OPTIMIZERS, styles, colors, markers, strict=True
    ):
        height = runs[name, landscape][1]
        ax.plot(
            height, style, color=color, marker=marker, markevery=10, label=name
        )
    ax.set(
        title=f"{landscape.__name__.capitalize()}",
        xlabel="step",
        ylabel="height",
    )
axes[0].set_yscale("log")
axes[1].legend(loc="upper right")
plt.show()

# %%
# **Try:** set ``TURN`` to zero. The ravine then runs along an axis, dividing
# each coordinate by the size of its own gradients turns it into a round bowl,
# and Adagrad ends far lower. Most ravines are not aligned with the axes.
