"""Preprocessing: clouds of points and images, before and after."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

from pictures._style import ink
from sk231n import MeanSubtraction, Whitening


def clouds():
    """A cloud of points: as given, centred, standardised, decorrelated, whitened."""
    X = np.random.RandomState(0).standard_normal((300, 2)) @ [[1.3, 0.55], [0.0, 0.4]] + [1.6, 1.9]
    whitening = Whitening().fit(X)
    stages = {
        "original": X,
        "centred": MeanSubtraction().fit_transform(X),
        "standardised": StandardScaler().fit_transform(X),
        "decorrelated": (X - whitening.mean_) @ whitening.components_.T,
        "whitened": whitening.transform(X),
    }
    along = whitening.transform(X)[:, 0]
    figure, axes = plt.subplots(1, 5, figsize=(6, 1.25), sharex=True, sharey=True)
    for ax, (name, points) in zip(axes, stages.items(), strict=True):
        ax.axhline(0, color=ink(), linewidth=0.7)
        ax.axvline(0, color=ink(), linewidth=0.7)
        for side, color in ((along < 0, "C0"), (along >= 0, "C1")):
            ax.plot(*points[side].T, ".", color=color, markersize=3, alpha=0.7)
        ax.set(title=name, xlim=(-3.9, 5.4), ylim=(-3.5, 4), xticks=[], yticks=[], aspect="equal")
        ax.spines[:].set_visible(False)
    return figure


def digits():
    """Digits, their principal components, what 21 of them keep, and the whitened digits."""
    pixels, components, kept, white = _digits()
    rows = {
        "digits": (pixels, "gray", (0, 16)),
        "components": (components, "RdBu_r", (-0.35, 0.35)),
        f"from {len(components)}": (kept, "gray", (0, 16)),
        "whitened": (white, "RdBu_r", (-3, 3)),
    }
    figure, axes = plt.subplots(len(rows), 1, figsize=(6, 2.4))
    for ax, (name, (images, cmap, limits)) in zip(axes, rows.items(), strict=True):
        strip = np.pad(
            images[:10].reshape(10, 8, 8), ((0, 0), (0, 0), (0, 2)), constant_values=np.nan
        )
        ax.imshow(np.hstack(strip)[:, :-2], cmap=cmap, vmin=limits[0], vmax=limits[1])
        ax.set_ylabel(name, rotation=0, ha="right", va="center")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    return figure


@cache
def _digits():
    X, _ = load_digits(return_X_y=True)
    pca = Whitening(n_components=0.9).fit(X)
    zca = Whitening("zca", epsilon=1.0).fit(X)
    first = X[:10]
    return first, pca.components_, pca.inverse_transform(pca.transform(first)), zca.transform(first)
