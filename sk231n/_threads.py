"""Work on every core: what `n_jobs` means, and blocks of work handed to threads.

NumPy runs element-wise work on one thread but releases the interpreter lock while it does, so a
few threads over blocks of the data use the other cores.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue

import numpy as np
from joblib import cpu_count, effective_n_jobs
from joblib.parallel import get_active_backend


def count_threads(n_jobs):
    """Number of threads that `n_jobs` means, here and now.

    ``None`` is every available core, unless a joblib context says otherwise: within
    ``joblib.parallel_config(n_jobs=2)`` it is two, and within a joblib worker, whose siblings keep
    the other cores busy, it is one.
    """
    backend, n_jobs_of_context = get_active_backend()
    if n_jobs is None and n_jobs_of_context is None and not backend.nesting_level:
        return cpu_count()
    return effective_n_jobs(n_jobs)


def run_on_threads(make_worker, tasks, n_threads):
    """Hand each of the tasks to a worker, on several threads.

    Parameters
    ----------
    make_worker : callable
        ``make_worker()`` is called once per thread and returns ``worker(task)``. The worker may
        own scratch arrays.
    tasks : iterable
        What the workers are called with, in no particular order.
    n_threads : int
        Number of threads.
    """
    remaining = list(tasks)
    n_threads = min(n_threads, len(remaining))

    def work():
        with small_buffers():
            worker = make_worker()
            while True:
                try:
                    task = remaining.pop()  # list.pop is atomic: whichever thread is free takes one
                except IndexError:
                    return
                worker(task)

    if n_threads <= 1:
        work()
        return
    with ThreadPoolExecutor(n_threads) as executor:
        for future in [executor.submit(work) for _ in range(n_threads)]:
            future.result()


class Team:
    """Threads that stay together for a run, for work that comes in small portions.

    Used as a context, at whose end the threads go home. They start with the first work there is,
    so that a team that gets none costs nothing. Two queues do what an executor would: a portion of
    a network's step takes a fraction of a millisecond, of which an executor's futures and locks
    would be a tenth.

    Parameters
    ----------
    n_threads : int
        Number of threads, the caller's included.
    """

    def __init__(self, n_threads):
        self.n_threads = n_threads
        self._threads = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.dismiss()

    def dismiss(self):
        """Send the threads home and wait until they are gone; nobody works any more after that.

        Whatever interrupts it, it may be called again. New threads start with the next work.
        """
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            if thread.is_alive():  # it is not where its start was interrupted
                thread.join()
        self._threads = []

    def run(self, work, parts):
        """Return ``[work(part) for part in parts]``, computed at the same time."""
        if self.n_threads == 1 or len(parts) == 1:
            return [work(part) for part in parts]
        try:
            if not self._threads:
                self._start()
            outcomes = SimpleQueue()
            for k in range(1, len(parts)):
                self._tasks.put((work, parts, k, outcomes))
            results = [work(parts[0])] + [None] * (len(parts) - 1)
            for _ in parts[1:]:
                k, results[k], error = outcomes.get()
                if error is not None:
                    raise error
        except BaseException:
            # Ctrl-C may come between any two steps, and whom it leaves at work nobody can tell.
            self.dismiss()
            raise
        return results

    def _start(self):
        self._tasks = SimpleQueue()  # of its own: in that of others somebody's None may be left
        for _ in range(self.n_threads - 1):
            thread = threading.Thread(target=_serve, args=(self._tasks,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def matmul(self, a, b, out=None):
        """Multiply two matrices, a part of the product on each thread if it is large."""
        (n_rows, n_inner), n_columns = a.shape, b.shape[1]
        if self.n_threads == 1 or n_rows * n_inner * n_columns < _LARGE_PRODUCT:
            return np.matmul(a, b, out=out)
        if out is None:
            out = np.empty((n_rows, n_columns), np.result_type(a, b))
        if n_columns < n_rows:
            parts = split(n_rows, self.n_threads)
            self.run(lambda rows: np.matmul(a[rows], b, out=out[rows]), parts)
        else:
            parts = split(n_columns, self.n_threads)
            self.run(lambda columns: np.matmul(a, b[:, columns], out=out[:, columns]), parts)
        return out


def _serve(tasks):
    """Do the tasks that come out of the queue, until None does."""
    np.setbufsize(1024)
    np.seterr(over="ignore", invalid="ignore")
    while (task := tasks.get()) is not None:
        work, parts, k, outcomes = task
        result = error = None
        try:
            result = work(parts[k])
        except BaseException as raised:  # the caller raises it
            error = raised
        outcomes.put((k, result, error))
        del task, work, parts, outcomes, result, error  # keep nothing alive while waiting


_LARGE_PRODUCT = 2**23  # multiplications that take some ten times as long as waking a thread
_WIDTH = 16  # numbers that fit into a few registers, so that parts end where registers do


def split(length, n_parts):
    """Slices of about equal length, a multiple of 16 but for the last."""
    size = -(-length // (n_parts * _WIDTH)) * _WIDTH
    return [slice(start, min(start + size, length)) for start in range(0, length, size)]


@contextmanager
def small_buffers():
    """Context in which NumPy converts and broadcasts in buffers of 1,024 numbers.

    NumPy broadcasts rows through its buffers where three rows fit into one, and so makes them
    slower by a factor of two to three; with small buffers only short rows are.
    """
    size = np.setbufsize(1024)
    try:
        yield
    finally:
        np.setbufsize(size)
