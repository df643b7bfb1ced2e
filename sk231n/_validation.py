"""The validation of a run: the data, and the score on them."""

from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import get_scorer

from sk231n.core.blocks import blocks
from sk231n.core.errors import naming


class Validation:
    """Validation data, on which the estimator is evaluated as it would predict.

    Parameters
    ----------
    data : Data
        The data; targets are encoded, but in their original unit.
    targets : ndarray of shape (n_samples, ...)
        The targets of these rows, as scorers see them.
    weighted : bool
        Whether the user gave weights.
    scoring : str, callable or None
        Name of a scorer, or a function ``scoring(estimator, X, y)``; for None and "loss" the
        estimator's own score.
    """

    def __init__(
        self,
        data: Any,
        targets: NDArray[Any],
        weighted: bool,
        scoring: str | Callable[..., float] | None,
    ) -> None:
        self.data = data
        self.targets = targets
        self.weights = data.w[data.rows] if weighted else None
        self.scorer = None if scoring in (None, "loss") else get_scorer(scoring)

    def evaluate(self, fitted: Any, problem: Any, theta: NDArray[Any]) -> tuple[float, float]:
        """Compute objective and score.

        Parameters
        ----------
        fitted : GradientEstimator
            The estimator, fitted with the parameters.
        problem : Problem
            The problem, whose objective is computed.
        theta : ndarray of shape (size,)
            The parameters.

        Returns
        -------
        loss, score : float
            The objective, in the unit of the data, and the score, both of the predictions.
        """
        data, objective = self.data, problem.objective
        with np.errstate(over="ignore", invalid="ignore"):  # the loss may be infinite
            scores = fitted._scores_of_rows(data.X, data.rows)
            loss = objective.penalty_value(theta)
            for block in blocks(len(scores)):
                y, w = data.targets(data.rows[block])
                loss += objective.loss_of_predictions(scores[block], y, w)
        return objective.in_data_units(loss), self._score(fitted, scores)

    def _score(self, fitted, scores):
        if self.scorer is None:
            with naming("X_val"):
                return fitted._score_all(scores, self.data.y[self.data.rows], self.weights)
        weights = {}
        if self.weights is not None and _takes_weights(self.scorer):
            weights = {"sample_weight": self.weights}
        with naming("scoring"):
            return float(self.scorer(fitted, self.data.X[self.data.rows], self.targets, **weights))


def _takes_weights(scorer):
    """Whether a scorer, or the metric behind it, takes weights."""
    return "sample_weight" in signature(getattr(scorer, "_score_func", scorer)).parameters
