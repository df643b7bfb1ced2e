"""Losses as functions of the scores."""

import matplotlib.pyplot as plt
import numpy as np

from sk231n.losses import CrossEntropy, WestonWatkins


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
