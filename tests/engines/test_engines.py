"""On Ray and Spark everything is computed as in one process, to the last bit.

What their workers run is defined within the tests, as they cannot import this file.
"""

import os

import numpy as np
import pytest
import ray
from joblib import Parallel, cpu_count, delayed, parallel_config

from sk231n._threads import count_threads
from sk231n.datasets import make_shapes
from sk231n.features import HOG
from sk231n.neighbors import KNNClassifier, merge_neighbors

pytestmark = [  # of Spark and of its backend for joblib
    pytest.mark.filterwarnings("ignore:Spark local mode:UserWarning"),
    pytest.mark.filterwarnings("ignore:Spark session is not provided:UserWarning"),
    pytest.mark.filterwarnings("ignore:`apply_async` is deprecated:DeprecationWarning"),
]

SHAPES = make_shapes(150, image_size=16, n_classes=3, random_state=0)
IMAGES, LABELS = SHAPES.images, SHAPES.target
ROWS = IMAGES.reshape(len(IMAGES), -1)


# Searches ----------------------------------------------------------------------------------------


def test_scores(engine, scores_of_a_search):
    with parallel_config(backend=engine, n_jobs=2):
        scores = scores_of_a_search()
    np.testing.assert_array_equal(scores, scores_of_a_search())


# Threads -----------------------------------------------------------------------------------------


def test_one_thread_in_workers_of_joblib(engine):
    def work():
        return os.getpid(), count_threads(None)

    answers = Parallel(n_jobs=2, backend=engine)(delayed(work)() for _ in range(4))
    processes, numbers = zip(*answers, strict=True)
    assert os.getpid() not in processes
    assert numbers == (1, 1, 1, 1)


@pytest.mark.parametrize("n_cores", [1, 2])
def test_threads_of_a_task_of_ray(ray_engine, n_cores):
    """Of one in a process of its own: where Ray uses a process again, the first task decides."""

    @ray.remote(num_cpus=n_cores, max_calls=1)
    def work():
        return count_threads(None)

    assert ray.get(work.remote()) == min(n_cores, cpu_count())


def test_one_thread_in_tasks_of_spark(spark_session):
    tasks = spark_session.sparkContext.parallelize([None] * 2, 2)
    assert tasks.map(count_threads).collect() == [1, 1]


# Blocks of the data ------------------------------------------------------------------------------


def test_features_of_blocks(ray_engine):
    hog = HOG().fit(IMAGES[:1])
    transform = ray.remote(lambda block: hog.transform(block))
    blocks = ray.get([transform.remote(IMAGES[k : k + 40]) for k in range(0, len(IMAGES), 40)])
    np.testing.assert_array_equal(np.concatenate(blocks), hog.transform(IMAGES))


@pytest.mark.parametrize("metric", ["euclidean", "manhattan"])
def test_neighbors_of_shards(ray_engine, metric):
    """Images that are there twice, in two shards, and a shard smaller than k."""
    X, queries, k = np.concatenate([ROWS, ROWS[:50]]), ROWS[:60], 5

    @ray.remote
    def neighbors(shard, start):
        model = KNNClassifier(min(k, len(shard)), metric=metric).fit(shard, np.zeros(len(shard)))
        return *model.kneighbors(queries), start

    starts = [0, 3, 70, 130]
    shards = np.split(X, starts[1:])
    parts = ray.get([neighbors.remote(*part) for part in zip(shards, starts, strict=True)])
    whole = KNNClassifier(k, metric=metric).fit(X, np.zeros(len(X))).kneighbors(queries)
    for merged, expected in zip(merge_neighbors(parts, k), whole, strict=True):
        np.testing.assert_array_equal(merged, expected)
