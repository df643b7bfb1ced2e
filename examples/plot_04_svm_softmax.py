r"""
SVM and softmax: two losses for the same scores
===============================================

A linear classifier gives each class a score, :math:`s = W x + b`, and the
largest wins. If the true class is :math:`y`, how bad are given scores? There
are two answers:

.. math::

    \ell_\text{SVM} = \sum_{j \ne y} \max(0, s_j - s_y + 1), \qquad
    \ell_\text{softmax} = -\ln p_y, \quad p_j = \frac{e^{s_j}}{\sum_k e^{s_k}}.

The SVM wants the true score to exceed every other one by a margin, and is
satisfied with that. The softmax turns scores into probabilities, and is never
satisfied.
"""

# %%
# The example in the notes
# ------------------------
#
# There are three scores, and the last is that of the true class. The notes
# compute a loss of 1.58 for the SVM and of 1.04 for the softmax (with natural
# logarithms).

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sk231n import LinearSVM, SoftmaxClassifier
from sk231n.losses import CrossEntropy, WestonWatkins

scores, y = np.array([[-2.85, 0.86, 0.28]]), np.array([2])
svm, svm_gradient = WestonWatkins(margin=1.0)(scores, y)
softmax, softmax_gradient = CrossEntropy()(scores, y)
print(f"SVM      loss {svm:.2f}, gradient {svm_gradient[0]}")
print(f"Softmax  loss {softmax:.2f}, gradient {softmax_gradient[0].round(2)}")

# %%
# Satisfied or not
# ----------------
#
# Now the true score moves, and the two others stay fixed. The table shows
# three rows of scores that are all right by a margin of at least one: to the
# SVM they are equally good, to the softmax they are not.

true_scores = np.linspace(-3, 6, 181)
moving = np.column_stack([np.full((181, 2), [-2.85, 0.86]), true_scores])
curves = {
    name: [loss(row[None], y)[0] for row in moving]
    for name, loss in [("SVM", WestonWatkins()), ("softmax", CrossEntropy())]
}

print(f"\n{'scores, the first is true':28}{'SVM':>6}{'softmax':>12}")
for row in [[10, -2, 3], [10, 9, 9], [10, -100, -100]]:
    losses = [
        loss(np.array([row]), np.array([0]))[0]
        for loss in (WestonWatkins(), CrossEntropy())
    ]
    print(f"{row!s:28}{losses[0]:6.2f}{abs(losses[1]):12.4f}")

# %%
# **What to see.** Left: the SVM's loss consists of straight pieces, and is
# zero once the true score is at least one above the best other score. The
# softmax loss has no kinks and never reaches zero: a higher true score always
# lowers it a little. Right: the confidence of the softmax depends on the size
# of the scores. Half the scores, as with stronger regularisation, give
# probabilities that are closer together; their order stays the same.

fig, (left, right) = plt.subplots(
    1, 2, figsize=(7, 3.6), width_ratios=[1, 1.2], layout="constrained"
)
left.plot(
    true_scores, curves["SVM"], color="#0072B2", linewidth=2, label="SVM"
)
left.plot(
    true_scores,
    curves["softmax"],
    "--",
    color="#D55E00",
    linewidth=2,
    label="softmax",
)
left.plot([0.28, 0.28], [svm, softmax], "ko", label="the notes' example")
left.annotate(f"{svm:.2f}", (0.28, svm), (8, 4), textcoords="offset points")
left.annotate(
    f"{softmax:.2f}", (0.28, softmax), (-32, -12), textcoords="offset points"
)
left.axvline(
    0.86 + 1, color="0.6", linestyle=":", label="margin of 1 over the others"
)
left.set(
    title="Loss as the true score moves",
    xlabel="score of the true class",
    ylabel="loss",
    ylim=(-0.3, 9.5),
)
left.legend()

example = np.array([1.0, -2.0, 0.0])
places = np.arange(3)
for shift, factor, color in [
    (-0.27, 2.0, "0.35"),
    (0, 1.0, "#D55E00"),
    (0.27, 0.5, "#F0C090"),
]:
    p = np.exp(factor * example) / np.exp(factor * example).sum()
    bars = right.bar(
        places + shift,
        p,
        0.26,
        color=color,
        edgecolor="k",
        label=f"times {factor:g}",
    )
    right.bar_label(bars, [f"{value:.2f}" for value in p], fontsize=8)
right.set_xticks(places, ["score 1", "score $-2$", "score 0"])
right.set(
    title="Softmax of scores of different size",
    ylabel="probability",
    ylim=(0, 1),
)
right.legend(title="scores")

# %%
# In practice
# -----------
#
# Trained on the same images, the two classifiers reach about the same accuracy
# and give the same answer for nearly all images. Only the softmax says how
# confident it is.

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.3, random_state=0
)
predictions = {}
for classifier in (
    LinearSVM(random_state=0),
    SoftmaxClassifier(random_state=0),
):
    predictions[type(classifier)] = classifier.fit(X_train, y_train).predict(
        X_test
    )
    print(
        f"{type(classifier).__name__:18} test accuracy "
        f"{classifier.score(X_test, y_test):.1%}"
    )
agree = np.mean(predictions[LinearSVM] == predictions[SoftmaxClassifier])
print(f"Both say the same about {agree:.1%} of the test images.")
plt.show()

# %%
# **Try:** the other hinges. ``CrammerSinger()`` counts only the worst
# violation, and ``WestonWatkins(power=2)`` squares them, which removes the
# kinks.
