"""A worker is killed in the middle of the work, as by a machine that runs out of memory."""

import os
import signal
import socket

import pytest
from distributed import wait
from distributed.client import FutureCancelledError

from sk231n.datasets import make_shapes
from sk231n.neighbors import KNNClassifier, merge_neighbors

SHAPES = make_shapes(320, image_size=8, random_state=0)
ROWS = SHAPES.images.reshape(len(SHAPES.images), -1)
X, Y, QUERIES = ROWS[:300], SHAPES.target[:300], ROWS[300:]


def kill_a_holder(client, future):
    """Kill the process of a worker that holds a result."""
    [holder, *_] = client.who_has([future])[future.key]
    os.kill(client.run(os.getpid)[holder], signal.SIGKILL)


def addresses(client):
    """Where the processes of a cluster listen: the scheduler, its workers and their nannies."""
    workers = client.scheduler_info()["workers"]
    nannies = [worker["nanny"] for worker in workers.values()]
    return [client.scheduler.address, *workers, *nannies]


def assert_nothing_is_left(folder, listened):
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert files == []
    assert len(listened) >= 5
    for address in listened:
        host, port = address.removeprefix("tcp://").rsplit(":", 1)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((host, int(port)), timeout=10)


def test_neighbors_are_found_again(start, tmp_path):
    """What the worker held is computed again; the result is that of one machine."""
    starts, k = range(0, 300, 60), 5
    with start(tmp_path) as client:
        fitted = [client.submit(KNNClassifier(k).fit, X[s : s + 60], Y[s : s + 60]) for s in starts]
        wait(fitted)
        listened = addresses(client)
        kill_a_holder(client, fitted[0])
        found = [client.submit(KNNClassifier.kneighbors, knn, QUERIES) for knn in fitted]
        parts = [(*part.result(), s) for part, s in zip(found, starts, strict=True)]
        client.wait_for_workers(2, timeout=60)  # one that is just starting leaves a lock
        listened += addresses(client)
    whole = KNNClassifier(k).fit(X, Y).kneighbors(QUERIES)
    for ours, expected in zip(merge_neighbors(parts, k), whole, strict=True):
        assert ours.tobytes() == expected.tobytes()
    assert_nothing_is_left(tmp_path, listened)


def test_data_that_were_sent_are_missed(start, tmp_path):
    """Of rows that were sent to a worker there is no other copy, and dask says so."""
    with start(tmp_path) as client:
        listened = addresses(client)
        [shard] = client.scatter([X])
        kill_a_holder(client, shard)
        fitted = client.submit(KNNClassifier().fit, shard, Y)
        with pytest.raises(FutureCancelledError, match="cancelled for reason"):
            fitted.result(timeout=60)
        client.wait_for_workers(2, timeout=60)
    assert_nothing_is_left(tmp_path, listened)
