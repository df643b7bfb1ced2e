"""Threads that are kept while a model is trained, and share out its matrix products.

Work is cut into pieces by its shape alone, and the threads only share out the pieces. The rounding
of a product or a sum depends on where it is cut, so that a cut by the number of threads would make
results depend on that number.
"""

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from queue import SimpleQueue
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sk231n.core.blocks import split

BUFFER_SIZE = 1024  # numbers in a buffer in which NumPy converts and broadcasts
_LARGE_PRODUCT = 2**23  # multiplications that take about ten times as long as waking a thread
_LONG_SUM = 5  # a sum this many times as long as a factor is wide is cut, not the factors
_MOST_PARTS = 8  # a product is cut into at most this many parts


@contextmanager
def interrupts_wait() -> Iterator[None]:
    """Context that delays Ctrl-C: starting a thread in Python cannot be interrupted safely."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def small_buffers() -> Iterator[None]:
    """Context in which NumPy converts and broadcasts in buffers of 1,024 numbers.

    If three rows fit into a buffer, NumPy broadcasts them through its buffers, which is two to
    three times slower. With small buffers this happens to short rows only.
    """
    size = np.setbufsize(BUFFER_SIZE)
    try:
        yield
    finally:
        np.setbufsize(size)


class Team:
    """Threads that are kept for a run, for work that comes in small pieces.

    Used as a context, at whose end the threads stop. They start with the first work, so a team
    without work costs nothing. Queues replace an executor, because a piece of a network's step
    takes a fraction of a millisecond, and futures and locks would add a tenth to that.

    Parameters
    ----------
    n_threads : int
        Number of threads, the caller's included.
    """

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads
        self._threads = []  # pairs of a thread and the queue of its tasks

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop_threads()

    def __del__(self) -> None:
        # Ctrl-C may have interrupted `stop_threads`. Threads refer to queues, not the team.
        for _, tasks in self._threads:
            tasks.put(None)

    def stop_threads(self) -> None:
        """Stop the threads and wait until they have ended.

        If it is interrupted, it may be called again. New threads start with the next work.
        """
        for _, tasks in self._threads:
            tasks.put(None)
        for thread, _ in self._threads:
            if thread.is_alive():  # it is not if Ctrl-C came before its start
                thread.join()
        self._threads = []

    def run(self, work: Callable[[Any], Any], parts: Sequence[Any]) -> list[Any]:
        """Return ``[work(part) for part in parts]``; the threads share the parts out.

        Neighbouring parts go to the same thread, and the same parts in each call, so their data may
        still lie in the cache of the thread's core.
        """
        n_shares = min(self.n_threads, len(parts))
        if n_shares <= 1:
            return [work(part) for part in parts]
        ends = [len(parts) * k // n_shares for k in range(n_shares + 1)]
        shares = [parts[start:end] for start, end in pairwise(ends)]
        try:
            if not self._threads:
                self._start()
            outcomes = SimpleQueue()
            for k in range(1, n_shares):
                self._threads[k - 1][1].put((work, shares[k], k, outcomes))
            results = [[work(part) for part in shares[0]]] + [None] * (n_shares - 1)
            for _ in range(1, n_shares):
                k, results[k], error = outcomes.get()
                if error is not None:
                    raise error
        except BaseException:
            # Ctrl-C may arrive at any time, while some threads are still working.
            self.stop_threads()
            raise
        return [result for of_share in results for result in of_share]

    def _start(self):
        with interrupts_wait():
            for _ in range(self.n_threads - 1):
                tasks = SimpleQueue()
                thread = threading.Thread(target=_serve, args=(tasks,), daemon=True)
                self._threads.append((thread, tasks))
                thread.start()

    def matmul(
        self, a: NDArray[Any], b: NDArray[Any], out: NDArray[Any] | None = None
    ) -> NDArray[Any]:
        """Multiply two matrices; a large product is computed in parts, cut by its shape alone.

        Rows or columns of the result are cut, or, where both are few, what is summed over.
        """
        (n_rows, n_inner), n_columns = a.shape, b.shape[1]
        if n_rows * n_inner * n_columns < _LARGE_PRODUCT:
            return np.matmul(a, b, out=out)
        if out is None:
            out = np.empty((n_rows, n_columns), np.result_type(a, b))
        if n_inner >= _LONG_SUM * max(n_rows, n_columns):
            self._sum_of_products(a, b, out)
        elif n_columns < n_rows:
            parts = split(n_rows, _count_parts(n_rows))
            self.run(lambda rows: np.matmul(a[rows], b, out=out[rows]), parts)
        else:
            parts = split(n_columns, _count_parts(n_columns))
            self.run(lambda columns: np.matmul(a, b[:, columns], out=out[:, columns]), parts)
        return out

    def _sum_of_products(self, a, b, out):
        """Multiply parts of the columns of `a` and the rows of `b`; add up in their order.

        Each thread then reads its own parts of both factors, instead of all of one of them.
        """
        parts = split(a.shape[1], _count_parts(a.shape[1] // _LONG_SUM))
        products = [out, *np.empty((len(parts) - 1, *out.shape), out.dtype)]

        def multiply(pair):
            part, product = pair
            np.matmul(a[:, part], b[part], out=product)

        self.run(multiply, list(zip(parts, products, strict=True)))
        for product in products[1:]:
            out += product


def _serve(tasks):
    """Do the tasks from the queue until one is None."""
    np.setbufsize(BUFFER_SIZE)
    np.seterr(over="ignore", invalid="ignore")
    while (task := tasks.get()) is not None:
        work, share, k, outcomes = task
        results = error = None
        try:
            results = [work(part) for part in share]
        except BaseException as raised:  # the caller raises it
            error = raised
        outcomes.put((k, results, error))
        del task, work, share, outcomes, results, error  # keep nothing alive while waiting


def _count_parts(length):
    """Number of parts for a product of this many rows: even, with 100 to 250 rows each.

    BLAS packs the other factor again for each part, which adds a fifth if parts have 50 rows.
    """
    return min(_MOST_PARTS, max(2, length // 256 * 2))
