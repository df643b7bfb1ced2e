"""Training: initial activations, learning rates, curves, first layers, optimizers, schedules."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

from pictures._style import ink
from sk231n import MLPClassifier
from sk231n.diagnostics import activation_statistics
from sk231n.optimizers import SGD, Adam, Momentum, RMSProp
from sk231n.plotting import WeightTemplatesDisplay
from sk231n.schedules import CosineDecay, ExponentialDecay, InverseTimeDecay, OneCycle, StepDecay


@cache
def _digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


@cache
def _initial_activations(start):
    network = MLPClassifier((100,) * 5, activation="tanh", weight_init=start, random_state=0)
    X = _digits()[0][:200]
    return activation_statistics(network, StandardScaler().fit_transform(X)).activations


def initial_activations():
    """Activations of five layers of tanh before training, for three sizes of the weights."""
    starts = {
        "too small:\n$\\sigma = 0.01$": 0.01, "too large:\n$\\sigma = 1$": 1.0, "Glorot": "glorot",
    }  # fmt: skip
    figure, ax = plt.subplots(figsize=(6, 2.3))
    edges = np.linspace(-1, 1, 42)
    for row, (name, start) in enumerate(starts.items()):
        bottom = -1.3 * row
        ax.text(-1.4, bottom + 0.3, name, color=f"C{row}", ha="right", va="center")
        for depth, values in enumerate(_initial_activations(start)):
            heights = np.minimum(12 * np.histogram(values, edges)[0] / values.size, 1)
            ax.stairs(bottom + heights, 2.5 * depth + edges, baseline=bottom, fill=True,
                      color=f"C{row}")  # fmt: skip
            ax.plot(
                [2.5 * depth - 1, 2.5 * depth + 1], [bottom, bottom], color=ink(), linewidth=0.7
            )
    for depth in range(5):
        ax.text(2.5 * depth, 1.15, f"layer {depth + 1}", ha="center")
        for value in (-1, 0, 1):
            ax.text(2.5 * depth + value, -2.7, f"${value}$", ha="center", va="top")
    ax.set(xlim=(-3.3, 11.2), ylim=(-3.1, 1.5))
    ax.axis("off")
    return figure


@cache
def _loss_by_epoch(rate):
    X, y = _digits()
    network = MLPClassifier((50,), optimizer="sgd", learning_rate=rate, batch_size=50, max_iter=20,
                            tol=None, random_state=0)  # fmt: skip
    return network.fit(X[:1000], y[:1000]).history_["loss"]


def learning_rates():
    """Loss by epoch for rates that are too low, right, high and too high."""
    figure, ax = plt.subplots(figsize=(6, 2.8))
    rates = {"far too low": 1e-4, "low": 0.01, "good": 0.5, "too high": 3.0}
    raised = (-0.1, 0, 0, 0.1)
    for k, (name, rate) in enumerate(rates.items()):
        losses = _loss_by_epoch(rate)
        ax.plot(np.arange(1, 21), losses, color=f"C{k}", linewidth=2)
        ax.text(20.3, losses[-1] + raised[k], f"{name}: {rate:g}", color=f"C{k}", va="center")
    ax.set(xlabel="epoch", ylabel="training loss", xticks=[1, 5, 10, 15, 20], ylim=(-0.1, 3.6))
    return figure


@cache
def _history(alpha):
    X, y = _digits()
    X = X + np.random.default_rng(0).normal(0, 0.3, X.shape)
    network = MLPClassifier((100,), alpha=alpha, learning_rate=2e-3, batch_size=30, max_iter=30,
                            tol=None, random_state=0)  # fmt: skip
    network.fit(X[:800], y[:800], X_val=X[900:], y_val=y[900:])
    return network.history_


def gap():
    """Accuracy in training and in validation: a wide gap, and none."""
    figure, axes = plt.subplots(1, 2, figsize=(6, 2.3), sharey=True)
    for ax, title, alpha in zip(axes, ("no penalty", r"$\alpha = 0.1$"), (0, 0.1), strict=True):
        history = _history(alpha)
        training, validation = history["score"], history["validation_score"]
        epochs = np.arange(1, len(training) + 1)
        ax.fill_between(epochs, validation, training, color=ink(), alpha=0.12, linewidth=0)
        ax.plot(epochs, training, color="C0", linewidth=2)
        ax.plot(epochs, validation, color="C1", linewidth=2)
        ax.set(title=title, xlabel="epoch", ylim=(0.3, 1.04))
    axes[0].set_ylabel("accuracy")
    axes[0].text(30, 0.94, "training", color="C0", ha="right", va="top")
    axes[0].text(30, 0.7, "validation", color="C1", ha="right", va="top")
    return figure


@cache
def _first_layer(name):
    X, y = _digits()
    settings = {
        "not converged": {"optimizer": "sgd", "learning_rate": 0.01, "max_iter": 3, "tol": None},
        "good": {"alpha": 0.02, "max_iter": 60},
    }
    return MLPClassifier((18,), random_state=0, **settings[name]).fit(X, y)


def first_layers():
    """Weights of a first layer as images: noise, and smooth templates."""
    figure, axes = plt.subplots(1, 2, figsize=(6, 1.8))
    for ax, name in zip(axes, ("not converged", "good"), strict=True):
        WeightTemplatesDisplay.from_estimator(_first_layer(name), ax=ax).plot(ax, n_cols=6)
        ax.set_title(name)
    return figure


_TURN = np.deg2rad(20)
_AXES = np.array([[np.cos(_TURN), np.sin(_TURN)], [-np.sin(_TURN), np.cos(_TURN)]])
_BOWL = _AXES.T @ np.diag([1.0, 20.0]) @ _AXES


def _path(optimizer, rate, n_steps=40):
    theta = np.array([-4.0, 1.0]) @ _AXES
    state, path = optimizer.start(theta), [theta.copy()]
    for _ in range(n_steps):
        theta = theta - rate * optimizer.direction(_BOWL @ theta, state, theta)
        path.append(theta)
    return np.transpose(path)


def ravine():
    """Forty steps of four optimizers in a ravine."""
    runs = {
        "SGD": _path(SGD(), 0.092),
        "momentum": _path(Momentum(0.8), 0.03),
        "RMSProp": _path(RMSProp(), 0.15),
        "Adam": _path(Adam(), 0.35),
    }
    x, y = np.meshgrid(np.linspace(-4.7, 1.5, 80), np.linspace(-2.2, 1.7, 60))
    points = np.stack([x, y], axis=-1)
    height = np.sum(points * (points @ _BOWL), axis=-1) / 2
    figure, axes = plt.subplots(1, 4, figsize=(6, 1.35))
    for k, (ax, (name, path)) in enumerate(zip(axes, runs.items(), strict=True)):
        ax.contour(x, y, height, levels=np.geomspace(0.1, 60, 8), colors=ink(), linewidths=0.5,
                   alpha=0.5)  # fmt: skip
        ax.plot(*path, "o-", color=f"C{k}", markersize=2, linewidth=1)
        ax.plot(*path[:, 0], "o", color=f"C{k}", markersize=5)
        ax.plot(0, 0, "+", color=ink(), markersize=7)
        ax.set(title=name, xticks=[], yticks=[], xlim=(-4.7, 1.5), ylim=(-2.2, 1.7))
        ax.spines[:].set_visible(False)
    return figure


def schedules():
    """Five schedules of the learning rate over twenty epochs."""
    lines = {
        "StepDecay": StepDecay(1.0, every=5),
        "ExponentialDecay": ExponentialDecay(1.0, 0.9),
        "InverseTimeDecay": InverseTimeDecay(1.0, 0.5),
        "CosineDecay": CosineDecay(1.0),
        "OneCycle": OneCycle(1.0),
    }
    t = np.linspace(0, 20, 401)
    figure, ax = plt.subplots(figsize=(6, 2.5))
    for name, schedule in lines.items():
        ax.plot(t, schedule(t, 20), linewidth=2, label=name)
    ax.set(xlabel="epoch", ylabel="learning rate", xticks=[0, 5, 10, 15, 20])
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def shrinkage():
    """The weight that a penalty leaves, over the weight that the data alone would want."""
    v = np.linspace(-2.5, 2.5, 501)
    figure, ax = plt.subplots(figsize=(6, 2.5))
    ax.plot(v, v, color=ink(), linewidth=0.8, linestyle=":")
    ax.plot(v, v / 2, color="C0", linewidth=2)
    ax.plot(v, np.sign(v) * np.maximum(np.abs(v) - 1, 0), color="C1", linewidth=2)
    ax.text(2.55, 2.5, "no penalty", va="center")
    ax.text(2.55, 1.6, "L1", color="C1", va="center")
    ax.text(2.55, 1.15, "L2", color="C0", va="center")
    ax.set(xlabel="weight that the data want", ylabel="weight with the penalty", yticks=[-2, 0, 2])
    return figure
