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
