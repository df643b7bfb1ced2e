r"""
Learning rate and penalty: a search from coarse to fine
=======================================================

The learning rate :math:`\eta` and the strength of the penalty :math:`\alpha`
are hyperparameters: they cannot be learnt by following a gradient, so they are
found by trial. The course's advice:

* **Use logarithmic scales.** A rate multiplies the gradient, so factors
  matter, not differences. Draw the exponent uniformly: :math:`\eta = 10^u`
  with :math:`u` uniform.
* **Search at random rather than on a grid.** Of 36 points drawn at random no
  two share a rate; a grid of 36 tries only six rates.
* **Go from coarse to fine.** First use a wide range with few epochs, to find
  where anything is learnt at all; then use a narrow range with more epochs.
* **Beware of the edge.** If the best value is at the edge of the range, better
  values may lie beyond.
"""

# %%
# The coarse search
# -----------------
#
# The rate covers five powers of ten, the penalty seven, and each network
# trains for three epochs. A single validation set is enough to separate the
# good from the bad.

import warnings

import matplotlib.pyplot as plt
from scipy.stats import loguniform
from sklearn.datasets import load_digits
from sklearn.model_selection import (
    RandomizedSearchCV,
    ShuffleSplit,
    train_test_split,
)

from sk231n import MLPClassifier
from sk231n.plotting import SearchHeatmapDisplay

X_train, X_test, y_train, y_test = train_test_split(
    *load_digits(return_X_y=True), test_size=0.3, random_state=0
)
network = MLPClassifier(
    (50,), optimizer="momentum", batch_size=50, random_state=0
)


def search(rates, alphas, epochs, seed):
    """Random search between the lowest and highest values given."""
    candidates = {
        "learning_rate": loguniform(*rates),
        "alpha": loguniform(*alphas),
    }
    one_split = ShuffleSplit(1, test_size=0.25, random_state=0)
    network.set_params(max_iter=epochs)
    tries = RandomizedSearchCV(
        network, candidates, n_iter=36, cv=one_split, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # diverged runs have no score, only a cross
        return tries.fit(X_train, y_train)


coarse = search(rates=(1e-5, 1), alphas=(1e-5, 1e2), epochs=3, seed=0)

# %%
# The fine search
# ---------------
#
# The ranges cover a factor of ten in both directions around the best of the
# coarse search, with more epochs. If the best value is at the edge, the
# display warns, and the warning is printed here.

rate, alpha = (
    coarse.best_params_["learning_rate"],
    coarse.best_params_["alpha"],
)
rates, alphas = (rate / 10, rate * 10), (alpha / 10, alpha * 10)
fine = search(rates, alphas, epochs=15, seed=2)

fig, axes = plt.subplots(2, 1, figsize=(6.4, 7), layout="constrained")
for ax, name, found in [(axes[0], "coarse", coarse), (axes[1], "fine", fine)]:
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        SearchHeatmapDisplay.from_estimator(found, ax=ax)
    print(
        f"{name:6} best: rate {found.best_params_['learning_rate']:.2g}, "
        f"alpha {found.best_params_['alpha']:.2g}, {found.best_score_:.1%} in "
        "validation",
        *(note.message for note in notes),
    )
    ax.set_title(f"{name}: {found.best_score_:.1%} at best (circled)")
corner, sides = (
    (rates[0], alphas[0]),
    (rates[1] - rates[0], alphas[1] - alphas[0]),
)
axes[0].add_patch(plt.Rectangle(corner, *sides, fill=False, linestyle="--"))
axes[0].get_legend().set_loc("lower center")
print(f"In test: {fine.score(X_test, y_test):.1%}")
automatic = MLPClassifier((50,), random_state=0).fit(X_train, y_train)
print(
    "learning_rate='auto' in test, without a search: "
    f"{automatic.score(X_test, y_test):.1%}"
)
plt.show()

# %%
# **What to see.** The coarse search (top) finds the region where networks
# learn within three epochs. Further left the rate is so low that they make
# less progress; to the right and above they learn nothing, because the steps
# are too long (a cross means that training diverged), or because the penalty
# pushes all weights to zero. The fine search (bottom) covers the dashed frame;
# note that its colours span a smaller range of accuracies. The best of many
# trials is also the luckiest: its validation accuracy is optimistic, and only
# data that played no part in the choice show how good it is.
#
# With ``learning_rate="auto"`` the rate is derived from the data, and does not
# have to be searched.
#
# **Try:** end the coarse search at a rate of ``1e-3``, and the display warns
# that the best value is at the edge. Or use ``GridSearchCV``: a grid becomes a
# heat map with the scores in its cells.
