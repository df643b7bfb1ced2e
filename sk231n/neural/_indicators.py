"""Indicator matrices: several labels per sample."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def are_probabilities(y: Any) -> bool:
    """Whether each row of an indicator matrix names one class, as probabilities may do."""
    return not hasattr(y, "toarray") and bool((np.sum(y, axis=1) == 1).all())


def as_indicators(y: Any, n_labels: int | None) -> NDArray[np.int8]:
    """The indicator matrix `y` as bytes; `n_labels` is the number of columns, None for any."""
    y = y.toarray() if hasattr(y, "toarray") else np.asarray(y)
    if n_labels is not None and y.shape[1] != n_labels:
        raise ValueError(f"y has {y.shape[1]} columns, but there are {n_labels} labels.")
    if not np.isin(y, (0, 1)).all():
        raise ValueError(
            f"y has the form of an indicator matrix, which holds 0 and 1; got {np.unique(y)}."
        )
    return y.astype(np.int8)


def check_same_kind(y, multilabel, known):
    """Refuse targets of another kind than those of the first call, which `known` tells, if any."""
    if known and not multilabel:
        raise ValueError("y must be an indicator matrix as in the first call of fit.")
    if known is False and multilabel and not are_probabilities(y):
        raise ValueError(
            "y is an indicator matrix, but in the first call it had one label per sample."
        )
