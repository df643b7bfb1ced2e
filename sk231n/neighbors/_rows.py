"""Rows as a search keeps them: in a type that holds them exactly, in memory or in a mapped file."""

import numpy as np
from sklearn.utils import assert_all_finite

from sk231n._warnings import warn
from sk231n.core.chunks import mapped_file


def compact(rows):
    """Rows in a type that holds them exactly; integers of 8 and 16 bits and float32 keep theirs."""
    if rows.dtype == bool:
        return rows.view(np.uint8)
    if rows.dtype.kind in "ui" and rows.itemsize <= 2:
        return rows
    dtype = np.float32 if np.can_cast(rows.dtype, np.float32) else np.float64
    with np.errstate(over="ignore"):
        exact = rows.astype(dtype, copy=False)
    if rows.dtype.itemsize > 8:  # long floats, of which the largest do not fit into float64
        assert_all_finite(exact, input_name="X")
    return exact


def training_rows(rows, in_a_file, who):
    """Compact rows to search among; a warning if those that lie in a file have to leave it."""
    kept = compact(rows[:])
    if in_a_file and mapped_file(kept) is None:
        warn(
            f"{who} needs its training data at hand: {kept.nbytes / 2**20:.3g} MB were copied from "
            "a file to memory. An array that np.load(path, mmap_mode='r') opens stays in its file "
            "if it is in C order and its type is float32, float64, or an integer of 8 or 16 bits."
        )
    return kept
