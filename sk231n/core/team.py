"""Threads that stay together while a model is trained, and share out its products of matrices.

How work is cut depends on its shape alone, and threads only share the pieces out: the rounding of a
product or of a sum depends on where it is cut, and must not depend on how many threads there are.
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
_LARGE_PRODUCT = 2**23  # multiplications that take some ten times as long as waking a thread
_MOST_PARTS = 8  # into which a product is cut


@contextmanager
def interrupts_wait() -> Iterator[None]:
    """Context in which Ctrl-C has to wait: Python's start of a thread does not bear it."""
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

    NumPy broadcasts rows through its buffers where three rows fit into one, and so makes them
    slower by a factor of two to three; with small buffers only short rows are.
    """
    size = np.setbufsize(BUFFER_SIZE)
    try:
        yield
    finally:
        np.setbufsize(size)


class Team:
    """Threads that stay together for a run, for work that comes in small portions.

    Used as a context, at whose end the threads stop. They start with the first work there is, so
    that a team without work costs nothing. Queues do what an executor would: a portion of a
    network's step takes a fraction of a millisecond, of which an executor's futures and locks
    would be a tenth.

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
        # Ctrl-C may interrupt `stop_threads` itself. The threads know their queues, not the team.
        for _, tasks in self._threads:
            tasks.put(None)

    def stop_threads(self) -> None:
        """Stop the threads and wait until they have ended.

        If that is interrupted it may be called again. New threads start with the next work.
        """
        for _, tasks in self._threads:
            tasks.put(None)
        for thread, _ in self._threads:
            if thread.is_alive():  # not so if Ctrl-C came before its start
                thread.join()
        self._threads = []

    def run(self, work: Callable[[Any], Any], parts: Sequence[Any]) -> list[Any]:
        """Return ``[work(part) for part in parts]``; the threads share the parts out.

        Neighbouring parts go to the same thread, in each call the same ones, so that what a part
        needs may still lie in the cache of the thread's core.
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
            # Ctrl-C may come between any two steps, when some threads are still at work.
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
        """Multiply two matrices; a large product is computed in parts, cut by its shape alone."""
        (n_rows, n_inner), n_columns = a.shape, b.shape[1]
        if n_rows * n_inner * n_columns < _LARGE_PRODUCT:
            return np.matmul(a, b, out=out)
        if out is None:
            out = np.empty((n_rows, n_columns), np.result_type(a, b))
        if n_columns < n_rows:
            parts = split(n_rows, _count_parts(n_rows))
            self.run(lambda rows: np.matmul(a[rows], b, out=out[rows]), parts)
        else:
            parts = split(n_columns, _count_parts(n_columns))
            self.run(lambda columns: np.matmul(a, b[:, columns], out=out[:, columns]), parts)
        return out


def _serve(tasks):
    """Do the tasks that come out of the queue, until None does."""
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
    """Into how many parts to cut a product of this many rows: an even number, of 100 to 250 each.

    Each part packs the other factor once more, which costs a fifth where parts have 50 rows.
    """
    return min(_MOST_PARTS, max(2, length // 256 * 2))
