r"""
Regularisation: templates from noisy to blurred
===============================================

Many weights fit the training images equally well. Which of them do we want?
The penalty chooses:

.. math::

    J(W, b) = \frac1n \sum_i \ell_i + \alpha R(W), \qquad
    R(W) = \tfrac12 \sum_{jk} W_{jk}^2.

It prefers small and spread-out weights. The notes' example: the weights
:math:`(1, 0, 0, 0)` and :math:`(\frac14, \frac14, \frac14, \frac14)` give the
image :math:`(1, 1, 1, 1)` the same score, but the first use only one pixel,
and the second all four. :math:`\alpha` sets how much the penalty counts.
"""

# %%
# The data are handwritten digits, enlarged to 16 x 16 pixels and with a lot of
# noise, 900 of them for training.

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import zoom
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sk231n import SoftmaxClassifier
from sk231n.plotting import WeightTemplatesDisplay

for w in ([1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]):
    print(
        f"w = {w!s:25} score {np.sum(w):g}, penalty "
        f"{np.sum(np.square(w)) / 2:g}"
    )

digits = load_digits()
images, y = zoom(digits.images / 16, (1, 2, 2), order=1), digits.target
images += np.random.default_rng(0).normal(0, 0.6, images.shape)
X = images.reshape(len(images), -1)
X_train, X_val, y_train, y_val = train_test_split(
    X, y, train_size=900, random_state=0, stratify=y
)

# %%
# One classifier for each power of ten
# ------------------------------------
#
# The objective is smooth and convex, and L-BFGS finds its minimum, so all
# differences are due to :math:`\alpha` alone.

alphas = 10.0 ** np.arange(-5, 3)
classifiers = [
    SoftmaxClassifier(alpha=alpha, optimizer="lbfgs") for alpha in alphas
]
print(f"\n{'alpha':>8}{'length of W':>13}{'training':>10}{'validation':>12}")
train_scores, val_scores = [], []
for classifier in classifiers:
    classifier.fit(X_train, y_train)
    train_scores.append(classifier.score(X_train, y_train))
    val_scores.append(classifier.score(X_val, y_val))
    print(
        f"{classifier.alpha:8.0e}{np.linalg.norm(classifier.coef_):13.2f}"
        f"{train_scores[-1]:10.1%}{val_scores[-1]:12.1%}"
    )

# %%
# **What to see.** A row of the matrix :math:`W` is a template with one weight
# per pixel: red where ink counts for the class, blue where it counts against
# it. With hardly any penalty the templates show the noise of the 900 training
# images, which the classifier has memorised. With the best penalty there is
# less of it, and the strokes of the digits begin to show. If the penalty is
# too strong, the templates are little more than blurred mean images, and both
# accuracies fall. The gap between the curves is overfitting; the penalty
# closes it.

shown = {
    "weak": 0,
    "best": int(np.argmax(val_scores)),
    "strong": len(alphas) - 2,
}
fig, axes = plt.subplots(3, 1, figsize=(6.4, 5.4), layout="constrained")
for ax, (name, i) in zip(axes, shown.items(), strict=True):
    templates = classifiers[i].coef_[:5].reshape(5, 16, 16)
    display = WeightTemplatesDisplay(templates, names=range(5))
    display.plot(ax, im_kw={"cmap": "RdBu_r"})
    ax.set_title(rf"{name}: $\alpha$ = {alphas[i]:g}", loc="left")

fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
ax.plot(alphas, train_scores, "o-", color="#0072B2", label="training")
ax.plot(alphas, val_scores, "s--", color="#D55E00", label="validation")
for name, i in shown.items():
    ax.axvline(alphas[i], color="0.7", linestyle=":", zorder=0)
    ax.text(alphas[i], 0.05, f" {name}")
ax.set(
    xscale="log",
    xlabel=r"strength of the penalty, $\alpha$",
    ylabel="accuracy",
    ylim=(0, 1.03),
)
ax.legend(loc="center left")
plt.show()

# %%
# **Try:** ``penalty="l1"`` (with ``optimizer="adam"``, because it has kinks):
# most weights become almost zero, and only a few dots remain of the templates.
