"""Losses as functions of the scores."""

import matplotlib.pyplot as plt
import numpy as np

from pictures._style import ink
from sk231n.losses import CrossEntropy, WestonWatkins, log_softmax


def hinge_and_softmax():
    """The hinge and the cross-entropy of two classes, over how far the true one is ahead."""
    lead = np.linspace(-3, 4, 200)
    scores = np.column_stack([lead, np.zeros_like(lead)])
    figure, ax = plt.subplots(figsize=(6, 2.8))
    for loss, label in ((WestonWatkins(), "hinge (SVM)"), (CrossEntropy(), "cross-entropy")):
        values = [loss(row[None], np.array([0]))[0] for row in scores]
        ax.plot(lead, values, linewidth=2, label=label)
    ax.axvline(1, color="C0", linestyle=":", linewidth=1)
    ax.annotate("the margin: no loss beyond", (1, 1.6), (1.15, 1.9), color="C0")
    ax.annotate("never quite zero", (3, 0.05), (2.6, 0.55), color="C1")
    ax.set(xlabel="score of the true class minus that of the other", ylabel="loss of one image")
    ax.legend(loc="upper right")
    return figure


def two_losses_of_three_scores():
    """Three scores, what the hinge sums up, and the probabilities of the softmax."""
    scores, true = np.array([-2.85, 0.86, 0.28]), 2
    hinges = np.where(np.arange(3) == true, 0, np.maximum(0, scores - scores[true] + 1))
    svm, _ = WestonWatkins()(scores[None], np.array([true]))
    softmax, _ = CrossEntropy()(scores[None], np.array([true]))
    panels = {
        "scores\n": scores,
        f"hinges\nloss {svm:.2f}": hinges,
        f"probabilities\nloss $-$ln {np.exp(-softmax):.3f} = {softmax:.2f}": np.exp(
            log_softmax(scores[None])[0]
        ),
    }
    figure, axes = plt.subplots(1, 3, figsize=(6, 2.1))
    for ax, (title, values) in zip(axes, panels.items(), strict=True):
        bars = ax.bar(range(3), values, color=["C1", "C1", "C0"])
        ax.bar_label(bars, [f"${value:.2f}$" for value in values], padding=2)
        ax.axhline(0, color=ink(), linewidth=0.8)
        ax.set(title=title, yticks=[])
        ax.set_xticks(range(3), ["wrong", "wrong", "true"])
        ax.spines[["left", "bottom"]].set_visible(False)
        ax.tick_params(length=0)
        ax.margins(y=0.15)
    return figure


def softmax_of_larger_scores():
    """The softmax of the same scores at three sizes."""
    scores = np.array([[1.0, -2.0, 0.0]])
    figure, axes = plt.subplots(1, 3, figsize=(6, 1.7), sharey=True)
    sizes = {"half the scores": 0.5, "scores": 1, "twice the scores": 2}
    for ax, (name, factor) in zip(axes, sizes.items(), strict=True):
        p = np.exp(log_softmax(factor * scores))[0]
        ax.bar_label(ax.bar(range(3), p, color="C0"), [f"${value:.2f}$" for value in p], padding=2)
        ax.set_xticks(range(3), [f"${score:g}$" for score in factor * scores[0]])
        ax.set(yticks=[], ylim=(0, 1.05), xlabel=name)
        ax.spines["left"].set_visible(False)
        ax.tick_params(length=0)
    axes[0].set_ylabel("probability")
    return figure
