"""Targets that are quantities of any size: what their size asks of the arithmetic."""

import numpy as np


def precisions(y):
    """One over the variance of each target, of shape (n_outputs,); 1 where there is no spread."""
    spread = np.ones(y.shape[1])
    if len(y):
        with np.errstate(over="ignore", invalid="ignore"):
            spread, mean = y.std(axis=0), y.mean(axis=0)
        if not np.isfinite(spread).all():
            raise ValueError(
                "y holds values too large for float64 arithmetic; scale the targets down."
            )
        # A spread that is the rounding of the mean counts as none.
        spread[spread <= 8 * np.finfo(np.float64).eps * np.abs(mean)] = 1
    with np.errstate(over="ignore"):
        return 1 / spread / spread


def exceed_float32(y, precisions):
    """Whether predictions in float32 would lose what distinguishes the targets."""
    size, floats = np.abs(y).max(axis=0, initial=0), np.finfo(np.float32)
    offset = size * np.sqrt(precisions)  # relative to the spread
    return size.max() > floats.max**0.75 or offset.max() > 1e-3 / floats.eps


def check_not_tiny(precisions, dtype):
    """Refuse targets so small that squares of errors as small as rounding would vanish."""
    floats = np.finfo(dtype)
    if precisions.max() > floats.eps / floats.tiny:
        raise ValueError(
            f"y holds values too small for {dtype} arithmetic (column {precisions.argmax()}); "
            "scale the targets up."
        )
