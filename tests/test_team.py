"""Threads that stay together for a run, and those of the BLAS."""

import subprocess
import sys
import threading
import time
from itertools import pairwise

import numpy as np
import pytest
from joblib import Parallel, delayed
from threadpoolctl import threadpool_info, threadpool_limits

from sk231n._estimators import one_blas_thread
from sk231n.core.blocks import split
from sk231n.core.team import Team


def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize("first_out", [0, 1])
def test_blas_has_one_thread_until_the_last_context_ends(first_out):
    """Two threads enter one after the other, and leave in either order."""
    inside, leave = ([threading.Event() for _ in range(2)] for _ in range(2))

    def work(k):
        with one_blas_thread():
            inside[k].set()
            leave[k].wait(timeout=30)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(2)]
    before = blas_threads()
    for thread, event in zip(threads, inside, strict=True):
        thread.start()
        event.wait(timeout=30)
    assert blas_threads() == {1}
    for k in (first_out, 1 - first_out):
        assert blas_threads() == {1}
        leave[k].set()
        threads[k].join()
    assert blas_threads() == before


def test_blas_has_one_thread_although_another_thread_limits_it():
    """threadpoolctl lets one thread alone change OpenBLAS's limit, here the main thread."""

    def count():
        with one_blas_thread():
            return blas_threads()

    with threadpool_limits(3, "blas"):
        limited = blas_threads()
        counts = Parallel(n_jobs=2, backend="threading")(delayed(count)() for _ in range(6))
        assert counts == [{1}] * 6
        assert blas_threads() == limited


class TestSplit:
    @pytest.mark.parametrize("length", [1, 15, 16, 17, 100, 1000, 4096])
    @pytest.mark.parametrize("n_parts", [1, 2, 3, 7])
    def test_covers_everything_once_in_at_most_as_many_parts(self, length, n_parts):
        parts = split(length, n_parts)
        covered = np.concatenate([np.arange(length)[part] for part in parts])
        np.testing.assert_array_equal(covered, np.arange(length))
        assert len(parts) <= n_parts
        assert parts[-1].stop == length
        assert all((part.stop - part.start) % 16 == 0 for part in parts[:-1])
        assert all(part.stop > part.start for part in parts)


def sizes(n_rows, n_inner, n_columns):
    rng = np.random.RandomState(0)
    return rng.standard_normal((n_rows, n_inner)), rng.standard_normal((n_inner, n_columns))


# Those of the second line are beyond 2**23 multiplications, where the work is shared.
SHAPES = [
    (1, 1, 1), (5, 3, 2), (200, 30, 10), (255, 256, 127),
    (256, 256, 128), (1000, 97, 101), (33, 1001, 260), (17, 3000, 333), (33, 8000, 33),
]  # fmt: skip


class TestTeam:
    @pytest.mark.parametrize("n_threads", [1, 2, 3])
    @pytest.mark.parametrize("n_parts", [1, 2, 3, 8])
    def test_run_keeps_the_order(self, n_threads, n_parts):
        def work(part):
            time.sleep(0.002 * (n_parts - part))  # the first parts end last
            return part * part

        with Team(n_threads) as team:
            for _ in range(2):
                assert team.run(work, list(range(n_parts))) == [k * k for k in range(n_parts)]

    def test_works_on_several_threads_at_once(self):
        meeting = threading.Barrier(2)
        with Team(2) as team:
            # Each part waits for the other, so a single thread would never finish.
            names = team.run(
                lambda part: (meeting.wait(timeout=30), threading.current_thread().name)[1], [0, 1]
            )
        assert names[0] == threading.current_thread().name
        assert names[1] != names[0]

    def test_one_thread_is_the_caller_s(self):
        with Team(1) as team:
            callers = team.run(lambda part: threading.current_thread(), [0, 1, 2])
        assert set(callers) == {threading.current_thread()}

    def test_threads_go_home(self):
        before = threading.active_count()
        with Team(3) as team:
            assert threading.active_count() == before
            team.run(lambda part: None, [0, 1, 2])
            assert threading.active_count() > before
        assert threading.active_count() == before

    @pytest.mark.parametrize("n_threads", [1, 2])
    @pytest.mark.parametrize("failing", [0, 1])
    def test_errors_come_out(self, n_threads, failing):
        def work(part):
            if part == failing:
                raise ValueError(f"no {part}")

        with Team(n_threads) as team:
            with pytest.raises(ValueError, match=f"no {failing}"):
                team.run(work, [0, 1])
            assert team.run(abs, [-1, -2]) == [1, 2]  # and the team still works

    def test_when_an_error_comes_out_all_have_finished(self):
        finished = []

        def work(part):
            if part == 0:
                raise KeyboardInterrupt
            time.sleep(0.05)
            finished.append(part)

        with Team(2) as team:
            with pytest.raises(KeyboardInterrupt):
                team.run(work, [0, 1, 2])
            assert finished == [1, 2]

    def test_ctrl_c_as_an_answer_arrives(self):
        """Then the answer is lost, and no thread may wait for it."""
        code = """
import _thread, signal, threading
from sk231n.core.team import Team

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background

def work(part):
    if part == 1:  # the caller is not woken, and notices when it has the answer
        _thread.interrupt_main()
    return part

for _ in range(3):
    with Team(3) as team:
        try:
            team.run(work, [0, 1, 2])
        except KeyboardInterrupt:
            assert threading.active_count() == 1
        else:
            raise AssertionError("no KeyboardInterrupt")
        assert team.run(abs, [-1, -2, -3]) == [1, 2, 3]
"""
        subprocess.run([sys.executable, "-c", code], check=True, timeout=200)

    def test_goes_home_however_often_it_is_interrupted(self, monkeypatch):
        before, join = threading.active_count(), threading.Thread.join
        interrupts = [KeyboardInterrupt, KeyboardInterrupt]

        def interrupted(thread):
            if interrupts:
                raise interrupts.pop()
            join(thread)

        monkeypatch.setattr(threading.Thread, "join", interrupted)
        with Team(3) as team:
            team.run(abs, [-1, -2, -3])
            for _ in range(2):
                with pytest.raises(KeyboardInterrupt):
                    team.stop_threads()
            team.stop_threads()
            assert threading.active_count() == before
            assert team.run(abs, [-1, -2, -3]) == [1, 2, 3]
        assert threading.active_count() == before

    @pytest.mark.parametrize("n_threads", [1, 2, 3])
    @pytest.mark.parametrize("shape", SHAPES)
    def test_matmul(self, n_threads, shape):
        a, b = sizes(*shape)
        expected = np.matmul(a, b)
        with Team(n_threads) as team:
            np.testing.assert_allclose(team.matmul(a, b), expected, rtol=1e-12, atol=1e-11)
            out = np.full_like(expected, np.nan)
            assert team.matmul(a, b, out=out) is out
            np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-11)

    @pytest.mark.parametrize("shape", SHAPES)
    def test_matmul_of_transposed_matrices(self, shape):
        a, b = sizes(*shape)
        with Team(2) as team:
            np.testing.assert_allclose(
                team.matmul(np.asfortranarray(a), np.asfortranarray(b)), a @ b, rtol=1e-12,
                atol=1e-11,
            )  # fmt: skip

    def test_matmul_keeps_the_type(self):
        with Team(2) as team:
            for shape in ((4, 3, 2), (1000, 97, 101), (33, 1001, 260), (50, 4000, 60)):
                a, b = (array.astype(np.float32) for array in sizes(*shape))
                product = team.matmul(a, b)
                assert product.dtype == np.float32
                np.testing.assert_allclose(product, np.matmul(a, b), rtol=1e-4, atol=1e-3)

    @pytest.mark.parametrize("shape", [(1000, 97, 101), (33, 1001, 260), (200, 3072, 100)])
    def test_large_products_are_cut_by_their_shape(self, shape, monkeypatch):
        cuts = []
        for n_threads in (1, 2, 3, 5):
            team, shared = Team(n_threads), []

            def run(work, parts, to=shared):
                to.append([part if isinstance(part, slice) else part[0] for part in parts])
                return [work(part) for part in parts]

            monkeypatch.setattr(team, "run", run)
            team.matmul(*sizes(*shape))
            team.matmul(*sizes(200, 30, 10))
            cuts += shared
        assert len(cuts) == 4
        assert len(cuts[0]) > 1
        assert all(parts == cuts[0] for parts in cuts)

    @pytest.mark.parametrize("n_threads", [1, 2, 3, 5])
    @pytest.mark.parametrize("n_parts", [0, 1, 2, 7])
    def test_neighbouring_parts_go_to_the_same_thread(self, n_threads, n_parts):
        with Team(n_threads) as team:
            names = team.run(lambda part: threading.current_thread().name, list(range(n_parts)))
            again = team.run(lambda part: threading.current_thread().name, list(range(n_parts)))
        assert len(names) == n_parts
        changes = sum(one != other for one, other in pairwise(names))
        assert changes == max(min(n_threads, n_parts) - 1, 0)
        assert again == names

    def test_threads_end_with_the_team_after_any_interruption(self):
        before = threading.active_count()
        team = Team(3)
        team.run(abs, [-1, -2, -3])
        assert threading.active_count() == before + 2
        del team
        deadline = time.monotonic() + 30
        while threading.active_count() > before:
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def test_threads_compute_as_the_caller_does(self):
        """Small buffers, and no warning of an overflow."""

        def work(part):
            if part == 0:
                return None
            return np.getbufsize(), np.float64(1e300) * np.float64(1e300)

        before = np.getbufsize()
        with Team(2) as team:
            assert team.run(work, [0, 1])[1] == (1024, np.inf)
        assert np.getbufsize() == before
