"""The spiral arms on which the course trains its first network."""

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from sk231n.core.arguments import RANDOM_STATE, validates_arguments
from sk231n.datasets._arguments import amount, count

_MOST_NOISE = 1e6  # radians


@validates_arguments(
    {
        "n_samples": [count(1)],
        "n_classes": [count(1)],
        "noise": [amount(_MOST_NOISE)],
        "random_state": RANDOM_STATE,
    }
)
def make_spirals(
    n_samples: int = 300,
    *,
    n_classes: int = 3,
    noise: float = 0.2,
    random_state: int | np.random.RandomState | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Generate points on spiral arms in the plane, one arm per class.

    A linear classifier gets about half of three classes right; a network with one hidden layer
    of 100 units gets nearly all.

    Parameters
    ----------
    n_samples : int, default=300
        Number of points. They are divided evenly among the classes; the remainder goes to the
        first classes, one point each.
    n_classes : int, default=3
        Number of arms.
    noise : float, default=0.2
        Standard deviation of a point's angle from the angle of its arm, in radians; at most a
        million.
    random_state : int, RandomState instance or None, default=None
        Determines the noise and the order of the points. An int gives the same points every time.

    Returns
    -------
    X : ndarray of shape (n_samples, 2)
        The points, within the unit circle, in random order.
    y : ndarray of shape (n_samples,), dtype int64
        The arm of each point, 0 to ``n_classes - 1``.

    Notes
    -----
    Along an arm the radius grows from 0 to 1 while the arm turns by 4 radians. The arms begin at
    equal angles; in the course notes each arm begins where the previous one ends, which is nearly
    the same for three arms.

    References
    ----------
    .. [1] CS231n, `Putting it together: Minimal Neural Network Case Study
       <https://cs231n.github.io/neural-networks-case-study/>`_.

    Examples
    --------
    >>> from sk231n.datasets import make_spirals
    >>> X, y = make_spirals(random_state=0)
    >>> X.shape, y.shape
    ((300, 2), (300,))

    >>> from sklearn.linear_model import LogisticRegression
    >>> print(f"{LogisticRegression().fit(X, y).score(X, y):.1f}")
    0.5
    """
    rng = check_random_state(random_state)
    n_samples, n_classes, noise = int(n_samples), int(n_classes), float(noise)
    y = np.sort(np.arange(n_samples, dtype=np.int64) % n_classes)
    sizes = np.bincount(y)  # the last classes have no points if there are more classes than points
    radius = np.concatenate([np.linspace(0, 1, size) for size in sizes])
    angle = y * 2 * np.pi / n_classes + 4 * radius + noise * rng.standard_normal(n_samples)
    X = radius[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
    order = rng.permutation(n_samples)
    return X[order], y[order]
