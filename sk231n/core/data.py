"""Samples, and iteration over them in batches."""

from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from sk231n.core.blocks import blocks, split
from sk231n.core.chunks import chunks_together, rows_per_chunk, shuffled_in_chunks
from sk231n.core.stored import ReadAhead, StoredArray

_SWEEP_ROWS = 1024  # rows per block of a full pass, to bound the memory
_AUGMENTED_ROWS = 32  # samples that are augmented at a time, with random numbers of their own
_LARGE_BATCH = 2**17  # numbers whose gathering takes longer than waking a thread


class Data(NamedTuple):
    """Samples to train on or to validate with.

    Parameters
    ----------
    X : C-contiguous ndarray or StoredArray of shape (n_samples, n_features)
        Rows, in their original dtype.
    y : ndarray of shape (n_samples, ...)
        Targets.
    w : ndarray of shape (n_samples,)
        Weights in float64, of which only the ratios matter.
    rows : ndarray of int of shape (n_used,)
        Indices of the samples that are used.
    dtype : dtype
        Floating-point type of the computation.
    total : float, default=1.0
        Sum of the weights of `rows`.
    """

    X: Any
    y: NDArray[Any]
    w: NDArray[Any]
    rows: NDArray[Any]
    dtype: np.dtype[Any]
    total: float = 1.0

    def normalized(self) -> Self:
        """The same samples with the `total` of their weights, which are at most one.

        They are scaled by a power of two, which is exact: sums of equal or of integer weights, and
        so the share of correct predictions, do not round.
        """
        _, exponent = np.frexp(self.w[self.rows].max())
        w = np.ldexp(self.w, -exponent)
        return self._replace(w=w, total=float(w[self.rows].sum()))

    def order(self, shuffle: bool | str, rng: np.random.RandomState) -> NDArray[Any]:
        """Indices of the samples in the order in which an epoch sees them.

        Parameters
        ----------
        shuffle : bool or "chunks"
            Whether the order is random; for "chunks", and for an array of which memory holds only
            some chunks, as far as few chunks of consecutive samples are needed at a time.
        rng : RandomState
            Draws the order.

        Returns
        -------
        ndarray of int of shape (n_used,)
            The indices.
        """
        if not shuffle:
            return self.rows
        if isinstance(self.X, StoredArray):
            (chunk_rows,), n_together = self.X.chunks, self.X.n_together
            shuffle = shuffle if self.X.fits else "chunks"
        else:
            row_bytes = self.X.shape[1] * self.X.itemsize
            chunk_rows = rows_per_chunk(row_bytes)
            n_together = chunks_together(chunk_rows * row_bytes)
        if shuffle == "chunks":
            return shuffled_in_chunks(self.rows, chunk_rows, n_together, rng)
        return rng.permutation(self.rows)

    def targets(self, rows: NDArray[Any] | slice) -> tuple[NDArray[Any], NDArray[Any]]:
        """Targets of some samples, and their weights, which sum to one over all samples."""
        return self.y[rows], (self.w[rows] / self.total).astype(self.dtype)


def batches(
    data: Data,
    standardization: Any,
    batch_size: int,
    order: NDArray[Any],
    team: Any,
    augment: Callable[..., NDArray[Any]] | None = None,
    rng: np.random.RandomState | None = None,
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Yield ``(rows, x)`` batch by batch: the indices of the samples, and their inputs.

    ``x`` is standardised and lives in one buffer that the next batch overwrites. A new array for
    each batch would be returned to the system and allocated again each time, which can take longer
    than the arithmetic. The threads of the `team` share the work.

    With ``augment(rows, rng)``, samples are changed first, a few at a time, as `rng` determines.
    """
    shape = (min(batch_size, len(order)), data.X.shape[1])
    floats = np.empty(shape, data.dtype)
    gathered = floats if data.X.dtype == data.dtype else np.empty(shape, data.X.dtype)
    with closing(ReadAhead(data.X, order)) as read_ahead:
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            x = floats[: len(rows)]

            def gather(part, rows=rows, x=x, seeds=None):
                raw = gathered[part]
                # The mode "raise" would fill a buffer first, to keep `raw` intact after an error.
                data.X.take(rows[part], axis=0, out=raw, mode="clip")
                if augment is not None:
                    raw = augment(raw, np.random.RandomState(seeds[part.start // _AUGMENTED_ROWS]))
                if gathered is not floats or augment is not None:
                    np.copyto(x[part], raw, casting="same_kind")
                standardization(x[part])

            if augment is None:
                # Nothing is summed here, so the cut may depend on the number of threads.
                team.run(gather, split(len(rows), team.n_threads if x.size > _LARGE_BATCH else 1))
            else:
                parts = list(blocks(len(rows), _AUGMENTED_ROWS))
                team.run(partial(gather, seeds=rng.randint(2**31, size=len(parts))), parts)
            read_ahead(start + len(rows))
            yield rows, x


def sweep(
    data: Data, standardization: Any, team: Any
) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    """Yield all samples in order, as :func:`batches` does."""
    return batches(data, standardization, _SWEEP_ROWS, data.rows, team)
