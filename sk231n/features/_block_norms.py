"""Normalization of blocks of histograms to a common contrast."""

import numpy as np

EPSILON = 1e-5


def normalize_blocks(blocks, norm):
    """Normalize blocks of shape (n, n_blocks, n_values) in place."""
    if norm in ("L1", "L1-sqrt"):
        blocks /= blocks.sum(axis=2, keepdims=True) + EPSILON
        if norm == "L1-sqrt":
            np.sqrt(blocks, out=blocks)
        return
    _normalize_l2(blocks)
    if norm == "L2-Hys":
        np.minimum(blocks, 0.2, out=blocks)
        _normalize_l2(blocks)


def _normalize_l2(blocks):
    squares = np.einsum("ijk,ijk->ij", blocks, blocks)
    blocks *= (1 / np.sqrt(squares + EPSILON**2))[..., np.newaxis]
