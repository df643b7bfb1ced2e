"""How work is spread over threads."""

import numpy as np
import pytest
from joblib import Parallel, cpu_count, delayed, parallel_config

from sk231n._threads import count_threads, run_on_threads


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
