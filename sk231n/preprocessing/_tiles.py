"""Matrix products of rows, tile by tile, so that the rounding does not depend on other rows."""

import numpy as np

from sk231n._estimators import float_dtype, one_blas_thread
from sk231n._floating_point import quiet
from sk231n._threads import count_threads, run_on_threads
from sk231n.core.blocks import blocks

_TILE = 96  # number of rows of every product, whose rounding depends on its shape
_LARGE_PRODUCT = 2**23  # number of multiplications above which a second thread pays off


@quiet
def in_tiles(function, X, n_outputs):
    """Apply a function to tiles of rows in floating point.

    The rounding of a matrix product depends on its shape. All tiles have the same size, the last
    one padded with zeros, so that the result of a row does not depend on the other rows.
    """
    result = np.empty((len(X), n_outputs), float_dtype(X.dtype))

    @quiet
    def work(rows):
        tile = np.zeros((_TILE, X.shape[1]), result.dtype)
        tile[: rows.stop - rows.start] = X[rows]
        result[rows] = function(tile)[: rows.stop - rows.start]

    is_large = X.size * n_outputs > _LARGE_PRODUCT
    with one_blas_thread():
        tiles = blocks(len(X), _TILE)
        run_on_threads(lambda: work, tiles, count_threads(None) if is_large else 1)
    if not np.isfinite(result).all():
        raise ValueError(f"X holds values too large for {result.dtype}; scale them down.")
    return result
