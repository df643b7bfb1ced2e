r"""
Learning rate and penalty: a search from coarse to fine
=======================================================

The learning rate :math:`\eta` and the strength of the penalty :math:`\alpha` are hyperparameters:
no gradient finds them, somebody has to try. The course's advice:

* **Logarithmic scales.** A rate multiplies the gradient, so factors matter and not differences.
  Draw exponents evenly: :math:`\eta = 10^u` with :math:`u` uniform.
* **At random rather than on a grid.** Of 36 points drawn at random no two share a rate; a grid of
  36 tries six.
* **From coarse to fine.** First a wide range with few epochs, to find where anything is learnt at
  all; then a narrow one with more epochs.
* **Beware of the edge.** If the best of the range lies on its edge, better values may lie beyond.
"""

# %%
# The coarse search
# -----------------
#
# Five powers of ten for the rate, seven for the penalty, and three epochs each. One set of
# validation data is enough to tell the good from the bad.

import warnings

import matplotlib.pyplot as plt
from scipy.stats import loguniform
from sklearn.datasets import load_digits
from sklearn.model_selection import RandomizedSearchCV, ShuffleSplit, train_test_split

from sk231n import MLPClassifier
from sk231n.plotting import SearchHeatmapDisplay

X_train, X_test, y_train, y_test = train_test_split(
    *load_digits(return_X_y=True), test_size=0.3, random_state=0
)
network = MLPClassifier((50,), optimizer="momentum", batch_size=50, random_state=0)


def search(rates, alphas, epochs, seed):
    """Random search between the lowest and highest values given."""
    candidates = {"learning_rate": loguniform(*rates), "alpha": loguniform(*alphas)}
    one_split = ShuffleSplit(1, test_size=0.25, random_state=0)
    network.set_params(max_iter=epochs)
    tries = RandomizedSearchCV(network, candidates, n_iter=36, cv=one_split, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where training diverges there is no score but a cross
        return tries.fit(X_train, y_train)


coarse = search(rates=(1e-5, 1), alphas=(1e-5, 1e2), epochs=3, seed=0)

# %%
# The fine search
# ---------------
#
# A factor of ten about the best of the coarse search, both ways, and more epochs. Should the best
# lie on the edge, the display warns, and the warning is printed here.

rate, alpha = coarse.best_params_["learning_rate"], coarse.best_params_["alpha"]
rates, alphas = (rate / 10, rate * 10), (alpha / 10, alpha * 10)
fine = search(rates, alphas, epochs=15, seed=2)

fig, axes = plt.subplots(1, 2, figsize=(12, 4.8), layout="constrained")
for ax, name, found in [(axes[0], "coarse", coarse), (axes[1], "fine", fine)]:
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        SearchHeatmapDisplay.from_estimator(found, ax=ax)
    print(
        f"{name:6} best: rate {found.best_params_['learning_rate']:.2g}, "
        f"alpha {found.best_params_['alpha']:.2g}, {found.best_score_:.1%} in validation",
        *(note.message for note in notes),
    )
    ax.set_title(f"{name}: {found.best_score_:.1%} at best (circled)")
corner, sides = (rates[0], alphas[0]), (rates[1] - rates[0], alphas[1] - alphas[0])
axes[0].add_patch(plt.Rectangle(corner, *sides, fill=False, linestyle="--"))
print(f"In test: {fine.score(X_test, y_test):.1%}")
automatic = MLPClassifier((50,), random_state=0).fit(X_train, y_train)
print(f"learning_rate='auto' in test, without a search: {automatic.score(X_test, y_test):.1%}")
plt.show()

# %%
# **What to see.** The coarse search (left) finds the region where networks learn within three
# epochs. To the left the rate is so low that they come less far, to the right and above they learn
# nothing: the steps are too long (where there is a cross, training diverged), or the penalty
# presses all weights to zero. The fine search (right) covers the dashed frame; mind that its
# colours span fewer points of accuracy. The best of many tries is also the luckiest of them: its
# accuracy in validation flatters it, and only data that played no part in the choice say how good
# it is.
#
# With ``learning_rate="auto"`` the rate comes from the data, and there is one search less to make.
#
# **Try:** end the coarse search at a rate of ``1e-3``, and the display warns that the best lies on
# the edge. Or ``GridSearchCV``: a grid becomes a heat map with the scores in its cells.
