"""Work on every core: what `n_jobs` means, and blocks of work handed to threads.

NumPy runs element-wise work on one thread but releases the interpreter lock while it does, so a
few threads over blocks of the data use the other cores.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

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
