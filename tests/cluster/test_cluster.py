"""On dask everything is computed as in one process, to the last bit.

What the workers run is defined within the tests, as they cannot import this file.
"""

import dask.array
import dask.bag
import numpy as np
import pytest
import zarr
from joblib import Parallel, cpu_count, delayed, parallel_config
from PIL import Image
from scipy.optimize import minimize
from sklearn.preprocessing import StandardScaler

from sk231n import (
    HOG,
    ColorMoments,
    HSVHistogram,
    ImageReader,
    KNNClassifier,
    SoftmaxClassifier,
)
from sk231n._threads import count_threads
from sk231n.datasets import make_shapes
from sk231n.losses import CrossEntropy
from sk231n.neighbors import merge_neighbors

SHAPES = make_shapes(150, image_size=16, n_classes=3, random_state=0)
IMAGES, LABELS = SHAPES.images, SHAPES.target
ROWS = IMAGES.reshape(len(IMAGES), -1)


# Searches ----------------------------------------------------------------------------------------


def test_scores(client, scores_of_a_search):
    with parallel_config(backend="dask"):
        scores = scores_of_a_search()
    np.testing.assert_array_equal(scores, scores_of_a_search())


# Threads -----------------------------------------------------------------------------------------


def test_a_worker_uses_its_own_cores(client):
    def threads():
        return count_threads(None), count_threads(2), count_threads(-1)

    tasks = [client.submit(threads, pure=False) for _ in range(4)]
    with parallel_config(backend="dask"):
        of_joblib = Parallel()(delayed(threads)() for _ in range(4))
    assert {*client.gather(tasks), *of_joblib} == {(1, 2, cpu_count())}


def test_a_worker_with_more_cores_uses_them(start, tmp_path):
    with start(tmp_path, n_workers=1, env={"OMP_NUM_THREADS": "2"}) as client:
        assert client.submit(count_threads, None).result() == min(2, cpu_count())


def test_the_cluster_is_not_counted_here(client):
    before = count_threads(None)
    with parallel_config(backend="dask"):
        assert count_threads(1) == 1
        assert count_threads(2) == 2
        assert count_threads(None) == before
        assert count_threads(-1) == cpu_count()


# Features ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("features", [HOG(), HSVHistogram(), ColorMoments()], ids=lambda f: repr(f))
def test_features_of_blocks(client, features, tmp_path):
    features.fit(IMAGES[:1])  # it learns the shape of the images, and no more
    one = features.transform(IMAGES[:1])
    blocks = dask.array.from_array(IMAGES, chunks=(40, *IMAGES.shape[1:]))
    lazy = blocks.map_blocks(
        features.transform, drop_axis=(1, 2, 3), new_axis=1, dtype=one.dtype,
        chunks=(blocks.chunks[0], one.shape[1:]), meta=one[:0],
    )  # fmt: skip
    lazy.to_zarr(tmp_path / "features.zarr")
    written = zarr.open_array(tmp_path / "features.zarr", mode="r")
    assert written.chunks == (40, one.shape[1])
    np.testing.assert_array_equal(written[:], features.fit(IMAGES).transform(IMAGES))


def test_photographs_in_partitions(client, tmp_path):
    paths = [str(tmp_path / f"{k}.png") for k in range(25)]
    for k, path in enumerate(paths):
        Image.fromarray(IMAGES[k]).resize((20 + k, 40 - k)).save(path)
    reader = ImageReader(size=16).fit(paths[:1])
    bag = dask.bag.from_sequence(paths, npartitions=4).map_partitions(reader.transform)
    np.testing.assert_array_equal(np.stack(bag.compute()), reader.transform(paths))


# Neighbours --------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "cosine"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_neighbors_in_shards(client, metric, dtype):
    """Shards of many sizes, smaller than k and empty ones, and rows that several of them have."""
    k, X = 7, ROWS[:130].astype(dtype)
    X[100:120], Q = X[:20], np.concatenate([X[:5], ROWS[130:].astype(dtype)])
    if dtype != np.uint8:
        X /= 3
        Q /= 3
    parts = []
    for shard in map(slice, (0, 3, 3, 60, 70), (3, 3, 60, 70, None)):
        n = len(X[shard])
        if n == 0:  # nothing to fit, and nothing to ask
            continue
        knn = KNNClassifier(min(k, n), metric=metric)
        fitted = client.submit(knn.fit, X[shard], LABELS[:130][shard])
        parts.append((client.submit(KNNClassifier.kneighbors, fitted, Q), shard.start))
    found = merge_neighbors([(*part.result(), start) for part, start in parts], k)
    whole = KNNClassifier(k, metric=metric).fit(X, LABELS[:130])
    for ours, expected in zip(found, whole.kneighbors(Q), strict=True):
        assert ours.tobytes() == expected.tobytes()
    votes = [np.bincount(labels, minlength=3) for labels in LABELS[found[1]]]
    np.testing.assert_array_equal(np.argmax(votes, axis=1), whole.predict(Q))


# Linear models -----------------------------------------------------------------------------------


def test_gradients_of_shards(client):
    """Their sum leads to the minimum that one machine finds, from the public parts alone."""
    X, alpha = StandardScaler().fit_transform(HOG().fit_transform(IMAGES / 255.0)), 0.01
    shape = 3, X.shape[1] + 1  # a row holds the weights of a class, and its intercept

    def make_shard(k):
        return X[k : k + 40], LABELS[k : k + 40]

    def loss_and_gradient(shard, theta):
        x, y = shard
        scores = x @ theta[:, :-1].T + theta[:, -1]
        loss, slopes = CrossEntropy()(scores, y, np.full(len(y), 1 / len(X)))
        return loss, np.column_stack([slopes.T @ x, slopes.sum(axis=0)])

    shards = client.map(make_shard, range(0, len(X), 40))

    def objective(theta):
        theta = theta.reshape(shape)
        parts = client.gather(client.map(loss_and_gradient, shards, theta=theta, pure=False))
        loss, gradient = map(sum, zip(*parts, strict=True))
        gradient[:, :-1] += alpha * theta[:, :-1]
        return loss + alpha / 2 * (theta[:, :-1] ** 2).sum(), gradient.ravel()

    start, options = np.zeros(shape).ravel(), {"gtol": 1e-6, "ftol": 0}
    theta = minimize(objective, start, jac=True, method="L-BFGS-B", options=options).x
    here = SoftmaxClassifier(alpha=alpha, optimizer="lbfgs", tol=1e-6, max_iter=1000)
    here.fit(X, LABELS)
    model = SoftmaxClassifier(alpha=alpha, max_iter=1).fit(X, LABELS)
    model.coef_, model.intercept_ = theta.reshape(shape)[:, :-1], theta.reshape(shape)[:, -1]
    np.testing.assert_allclose(model.coef_, here.coef_, rtol=0, atol=1e-4)
    np.testing.assert_array_equal(model.predict(X), here.predict(X))
