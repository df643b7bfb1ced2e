"""Spirals, and the regions that classifiers divide the plane into."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap, to_rgb

from pictures._style import ink, paper
from sk231n import MLPClassifier, SoftmaxClassifier
from sk231n.datasets import make_spirals

_SIDE = np.linspace(-1.15, 1.15, 160)
_GRID = np.stack(np.meshgrid(_SIDE, _SIDE), axis=-1).reshape(-1, 2)


def hidden_units():
    """Regions of networks of 3, 6 and 100 hidden units on blurred spirals."""
    return _row({f"{n} hidden units": _blurred(n, 1e-5) for n in (3, 6, 100)}, *_few())


def penalties():
    """Regions of the same hundred hidden units under penalties of three strengths."""
    models = {
        f"$\\alpha = 10^{{{exponent}}}$": _blurred(100, 10.0**exponent) for exponent in (-5, -2, -1)
    }
    return _row(models, *_few())


def arms():
    """The three arms of the case study."""
    figure, ax = plt.subplots(figsize=(6, 2.6))
    _draw_points(ax, *_arms())
    _plain(ax)
    return figure


def linear_and_network():
    """What a linear classifier and a network make of the arms."""
    return _row({"linear": _linear(), "100 hidden units": _network(100)}, *_arms(), 2.9)


def folds():
    """The lines along which eight hidden units fold the plane, and the boundaries with kinks."""
    model = _network(8)
    figure, (left, right) = plt.subplots(1, 2, figsize=(6, 2.9))
    for ax in (left, right):
        _draw_regions(ax, _regions(model))
        _plain(ax)
    for (u, v), c in zip(model.coefs_[0].T, model.intercepts_[0], strict=True):
        nearest = -c / (u * u + v * v) * np.array([u, v])
        left.axline(nearest, nearest + np.array([v, -u]), color=ink(), linewidth=1)
    _draw_points(right, *_arms())
    return figure


def unrolled():
    """The arms as they are, and as a second hidden layer of two units sees them."""
    model, (X, y) = _narrow(), _arms()
    figure, (left, right) = plt.subplots(1, 2, figsize=(6, 2.9))
    _draw_regions(left, _regions(model))
    _draw_points(left, X, y)
    scores = _GRID @ model.coefs_[-1] + model.intercepts_[-1]
    _draw_regions(right, scores.argmax(axis=1).reshape(len(_SIDE), -1))
    _draw_points(right, model.hidden_activations(X)[-1], y)
    for ax, title in ((left, "the plane"), (right, "the last hidden layer")):
        ax.set_title(title)
        _plain(ax)
    return figure


@cache
def _narrow():
    return MLPClassifier((20, 2), activation="tanh", random_state=0).fit(*_arms())


@cache
def _few():
    X, y = make_spirals(1200, noise=0.4, random_state=0)
    return X[:150], y[:150]


@cache
def _arms():
    return make_spirals(300, random_state=0)


@cache
def _blurred(n_units, alpha):
    return MLPClassifier((n_units,), alpha=alpha, random_state=0).fit(*_few())


@cache
def _linear():
    return SoftmaxClassifier(random_state=0).fit(*_arms())


@cache
def _network(n_units):
    return MLPClassifier((n_units,), random_state=0).fit(*_arms())


@cache
def _regions(model):
    return model.predict(_GRID).reshape(len(_SIDE), -1)


def _row(models, X, y, height=2.15):
    """Draw the regions of each model and the points."""
    figure, axes = plt.subplots(1, len(models), figsize=(6, height))
    for ax, (name, model) in zip(axes, models.items(), strict=True):
        _draw_regions(ax, _regions(model))
        _draw_points(ax, X, y)
        _plain(ax)
        ax.set_title(f"{name}: {model.score(X, y):.0%}")
    return figure


def _draw_regions(ax, regions):
    faded = [0.65 * np.array(to_rgb(paper())) + 0.35 * np.array(to_rgb(f"C{k}")) for k in range(3)]
    ax.imshow(regions, extent=2 * (_SIDE[0], _SIDE[-1]), origin="lower",
              cmap=ListedColormap(faded), vmin=0, vmax=2)  # fmt: skip


def _draw_points(ax, X, y):
    for k in range(3):
        ax.plot(*X[y == k].T, "o", color=f"C{k}", markersize=3.2, markeredgecolor=paper(),
                markeredgewidth=0.4)  # fmt: skip


def _plain(ax):
    ax.set(xticks=[], yticks=[], xlim=_SIDE[[0, -1]], ylim=_SIDE[[0, -1]], aspect="equal")
    ax.spines[:].set_visible(False)
