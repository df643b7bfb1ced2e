"""Work on every core: the meaning of `n_jobs`, and sharing out work among threads.

NumPy runs element-wise work on one thread but releases the interpreter lock while it does, so a
few threads over blocks of the data use the other cores.

Work is cut into pieces by its shape alone, and the threads only share out the pieces. The rounding
of a product or a sum depends on where it is cut, so that a cut by the number of threads would make
results depend on that number.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import numpy as np
from joblib import cpu_count
from joblib.parallel import SequentialBackend, get_active_backend

from sk231n.core.team import BUFFER_SIZE, interrupts_wait


def _openmp_threads():
    """Number of threads that OMP_NUM_THREADS allows, as OpenMP reads it; None for no limit."""
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(first) if first.isdecimal() and int(first) > 0 else None


# Read once, as OpenMP does: some cluster libraries set it later, for the processes that they start.
_ALLOWED_THREADS = _openmp_threads()


def count_threads(n_jobs: int | None) -> int:
    """Number of threads that `n_jobs` means, here and now.

    A positive number is that number; a negative one counts back from the cores of this machine, -1
    being all of them. ``None`` takes the number of a joblib context, such as
    ``joblib.parallel_config(n_jobs=2)``. Without one it means one thread within a joblib worker,
    because other workers use the other cores, and elsewhere every core, or as many as
    ``OMP_NUM_THREADS`` allows. dask, Ray and Spark set this variable in their workers.

    The backend's own count is not used, because a cluster's backend counts the cores of all its
    machines.

    Parameters
    ----------
    n_jobs : int or None
        As the user gave it.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    ValueError
        If `n_jobs` is 0.
    """
    backend, n_jobs_of_context = get_active_backend()
    if isinstance(backend, SequentialBackend):
        return 1
    if n_jobs is None:
        n_jobs = n_jobs_of_context
    if n_jobs is None:
        if backend.nesting_level:
            return 1
        n_cores = cpu_count()
        return min(n_cores, _ALLOWED_THREADS or n_cores)
    if n_jobs == 0:
        raise ValueError("n_jobs=0 is not valid; expected a positive or negative integer or None.")
    return n_jobs if n_jobs > 0 else max(1, cpu_count() + 1 + n_jobs)


def run_on_threads(
    make_worker: Callable[[], Callable[[Any], object]], tasks: Iterable[Any], n_threads: int
) -> None:
    """Hand each of the tasks to a worker, on several threads.

    After an error or Ctrl-C, no further task is started.

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
        try:
            np.setbufsize(BUFFER_SIZE)
            worker = make_worker()
            while True:
                try:
                    task = remaining.pop()  # atomic; the next free thread takes one
                except IndexError:
                    return
                worker(task)
        except BaseException:
            remaining.clear()
            raise

    if n_threads <= 1:
        # A copy of the context restores NumPy's buffer size and error state, even after Ctrl-C.
        copy_context().run(work)
        return
    with ThreadPoolExecutor(n_threads) as executor:
        try:
            with interrupts_wait():
                futures = [executor.submit(work) for _ in range(n_threads)]
            for future in futures:
                future.result()
        except BaseException:
            remaining.clear()
            raise
