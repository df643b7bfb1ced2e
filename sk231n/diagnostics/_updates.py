"""The size of the updates relative to that of the parameters."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sk231n.diagnostics._problem import check_estimator_type
from sk231n.diagnostics._table import Table, Tabular


@dataclass(frozen=True, repr=False)
class UpdateRatios(Tabular):
    """Result of :func:`update_ratios`; printed or at the end of a cell, a verdict.

    Parameters
    ----------
    ratios : ndarray of shape (n_epochs,)
        Length of the last update of each epoch, relative to that of the parameters.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.diagnostics import UpdateRatios
    >>> print(UpdateRatios(np.array([2e-3, 1e-3, 5e-4])))
    Update ratio 1.0e-03 (median of 3 epochs): about right.
    """

    ratios: NDArray[np.float64]

    @property
    def median(self) -> float:
        """Median over the epochs."""
        return float(np.median(self.ratios))

    @property
    def verdict(self) -> str:
        """The learning rate, judged by the median: "too low", "about right" or "too high"."""
        if self.median > 1e-2:
            return "too high"
        return "too low" if self.median < 1e-4 else "about right"

    def __str__(self) -> str:
        """Return the verdict."""
        text = f"Update ratio {self.median:.1e} (median of {len(self.ratios)} epochs)"
        if self.verdict == "about right":
            return f"{text}: about right."
        return f"{text}: the learning rate is perhaps {self.verdict}; about 1e-3 is healthy."

    def _table(self):
        columns = {"epochs": ">", "first": ">", "median": ">", "last": ">", "learning rate": "<"}
        numbers = [f"{ratio:.1e}" for ratio in (self.ratios[0], self.median, self.ratios[-1])]
        row = [str(len(self.ratios)), *numbers, self.verdict]
        return Table("Update ratios", columns, [row], ["About 1e-3 is healthy."])


def update_ratios(estimator: Any) -> UpdateRatios:
    """Judge the learning rate by the size of the updates relative to that of the parameters.

    If parameters start at zero, as those of linear classifiers do, the first ratios are large in
    any case.

    Parameters
    ----------
    estimator : estimator
        A fitted ``SoftmaxClassifier``, ``LinearSVM``, ``MLPClassifier``, ``MLPRegressor`` or
        ``ConvNetClassifier``.

    Returns
    -------
    UpdateRatios
        The ``ratios`` by epoch, their ``median``, and the ``verdict``: 1e-3 is the rule of thumb,
        and up to ten times more or less is "about right"; print it.

    Raises
    ------
    TypeError
        If the estimator is not trained by gradients.
    NotFittedError
        If the estimator is not fitted.

    References
    ----------
    CS231n course notes, "Neural networks part 3",
    https://cs231n.github.io/neural-networks-3/#ratio.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sk231n import MLPClassifier
    >>> from sk231n.diagnostics import update_ratios
    >>> X, y = load_digits(return_X_y=True)
    >>> update_ratios(MLPClassifier(random_state=0).fit(X, y)).verdict
    'about right'
    >>> slow = MLPClassifier(learning_rate=1e-6, max_iter=5, random_state=0)
    >>> update_ratios(slow.fit(X, y)).verdict
    'too low'
    """
    check_estimator_type(estimator, "update_ratios")
    check_is_fitted(estimator)
    return UpdateRatios(np.array(estimator.history_["update_ratio"]))
