"""How work is spread over threads."""

import os
import subprocess
import sys

import numpy as np
import pytest
from joblib import Parallel, cpu_count, delayed, parallel_config, register_parallel_backend
from joblib._parallel_backends import ThreadingBackend

from sk231n._threads import _openmp_threads, count_threads, run_on_threads


class ClusterBackend(ThreadingBackend):
    """Like those of dask and Ray, it always returns the number of cores of the whole cluster."""

    def effective_n_jobs(self, n_jobs):
        return 32


def test_an_explicit_number_is_that_number():
    register_parallel_backend("cluster", ClusterBackend)
    with parallel_config(backend="cluster"):
        assert count_threads(2) == 2
        assert count_threads(-1) == cpu_count()
        assert count_threads(None) == cpu_count()
    with parallel_config(backend="cluster", n_jobs=1):
        assert count_threads(None) == 1
        assert count_threads(4) == 4
    assert count_threads(-1) == cpu_count()
    assert count_threads(-10_000) == 1
    with pytest.raises(ValueError, match="n_jobs=0"):
        count_threads(0)


@pytest.mark.parametrize(
    ("value", "expected"), [("1", 1), ("3", 3), ("2,1", 2), ("", None), ("many", None), ("0", None)]
)
def test_what_openmp_is_allowed(value, expected, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    assert _openmp_threads() == expected


@pytest.mark.parametrize(("value", "later"), [("1", "7"), ("many", "1")])
def test_none_is_what_openmp_is_allowed(value, later):
    """Clusters set the variable in their workers; it is read once, as OpenMP does."""
    code = "from sk231n._threads import count_threads; import os; "
    code += f"os.environ['OMP_NUM_THREADS'] = '{later}'; print(count_threads(None))"
    run = subprocess.run(
        [sys.executable, "-c", code], env=dict(os.environ, OMP_NUM_THREADS=value), check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    assert int(run.stdout) == (1 if value == "1" else cpu_count())


def test_n_jobs_none_is_every_core_unless_joblib_says_otherwise():
    assert count_threads(None) == cpu_count()
    assert count_threads(3) == 3
    with parallel_config(n_jobs=5, backend="threading"):
        assert count_threads(None) == 5
        assert count_threads(1) == 1
    nested = Parallel(n_jobs=2, backend="threading")(delayed(count_threads)(None) for _ in range(2))
    assert nested == [1, 1]


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_every_task_is_done_once(n_threads):
    done = []
    run_on_threads(lambda: done.append, range(20), n_threads)
    assert sorted(done) == list(range(20))


def test_each_thread_has_a_worker_of_its_own_but_no_more_than_tasks():
    workers = []

    def make_worker():
        workers.append([])
        return workers[-1].append

    run_on_threads(make_worker, range(2), 8)
    assert len(workers) <= 2
    assert sorted(task for tasks in workers for task in tasks) == [0, 1]


def test_buffers_are_small_within_and_as_before_after():
    before, sizes = np.getbufsize(), []
    for n_threads in (1, 2):
        run_on_threads(lambda: lambda task: sizes.append(np.getbufsize()), range(4), n_threads)
    assert sizes == [1024] * 8
    assert np.getbufsize() == before


def test_errors_of_workers_come_out():
    def fail(task):
        raise ValueError("no")

    for n_threads in (1, 2):
        with pytest.raises(ValueError, match="no"):
            run_on_threads(lambda: fail, range(4), n_threads)


def test_after_an_error_no_task_is_begun():
    begun = []

    def work(task):
        begun.append(task)
        raise ValueError("no")

    for n_threads in (1, 2):
        begun.clear()
        with pytest.raises(ValueError, match="no"):
            run_on_threads(lambda: work, range(1000), n_threads)
        assert len(begun) <= n_threads


def test_ctrl_c_does_not_wait_for_all_tasks():
    """It leaves no threads running, either, even if it comes twice."""
    code = """
import signal, threading, time
from sk231n._threads import run_on_threads

signal.signal(signal.SIGINT, signal.default_int_handler)
done = []

def work(task):
    time.sleep(0.01)
    done.append(task)

def interrupt():
    for _ in range(2):
        time.sleep(0.05)
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

threading.Thread(target=interrupt).start()
try:
    run_on_threads(lambda: work, range(5000), 2)
except KeyboardInterrupt:
    pass
else:
    raise AssertionError("no KeyboardInterrupt")
try:
    time.sleep(0.2)
except KeyboardInterrupt:
    pass
so_far = len(done)
assert so_far < 100, so_far
time.sleep(0.1)
assert len(done) == so_far
assert threading.active_count() == 1
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=200)
