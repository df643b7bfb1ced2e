"""Throughput of one and two workers of dask, and what larger clusters would reach.

    python benchmarks/cluster.py [--cifar10 DIR] [--shard 25000] [--shards 8] [--json FILE]

The workers are processes of one thread on this machine. Each makes shards of images itself, from
photographs of CIFAR-10 or shapes that the library draws. Measured are images a second of HOG,
pairs of image and query a second of the search for neighbours in shards, and images a second of
the gradients of a softmax classifier.

Then the search among 100 million images is simulated. The measured times are those of a shard
(``fit`` and the search), of merging the answers of a shard into those of others, and of a message.
Assumed are workers like these, each of which does its share of the shards one after the other; a
network that carries 1.25 GB/s to the client, which sends the queries to each worker and merges all
answers by itself; and no worker that fails. The simulation is checked against what was measured
with one and two workers.
"""

import argparse
import json
import math
import os
import statistics
import time
from pathlib import Path

import numpy as np
from distributed import Client, LocalCluster, wait

from sk231n import HOG, KNNClassifier
from sk231n.datasets import load_cifar10, make_shapes
from sk231n.losses import CrossEntropy
from sk231n.neighbors import merge_neighbors

N_QUERIES, K = 1000, 10
N_WORKERS = (1, 2)
SIMULATED_WORKERS = (1, 2, 4, 8, 16, 32, 64)
SIMULATED_IMAGES, SIMULATED_QUERIES = 100_000_000, 10_000
BYTES_PER_SECOND = 1.25e9  # of the network
BYTES_PER_NEIGHBOR = 16  # a distance and an index


def make_shard(images, n, seed):
    """Images that are shifted and mirrored, as rows."""
    rng = np.random.RandomState(seed)
    shifted = np.roll(images[rng.randint(len(images), size=n)], rng.randint(-4, 5, 2), (1, 2))
    return np.ascontiguousarray(shifted[:, :, :: rng.choice([-1, 1])]).reshape(n, -1)


def hog_of(shard):
    hog = HOG(image_shape=(32, 32, 3)).fit(shard[:1])
    return len(hog.transform(shard))


def search(shard, queries):
    """Neighbours in a shard, and the seconds of ``fit`` and of the search."""
    start = time.perf_counter()
    knn = KNNClassifier(K).fit(shard, np.zeros(len(shard), int))
    middle = time.perf_counter()
    found = knn.kneighbors(queries)
    return found, middle - start, time.perf_counter() - middle


def gradient(shard, W):
    """Gradient of the softmax loss on a shard, in float32, some rows at a time."""
    total, loss = np.zeros_like(W), CrossEntropy()
    for start in range(0, len(shard), 5000):
        x = shard[start : start + 5000].astype(np.float32) / 255
        y, w = np.arange(len(x)) % W.shape[1], np.ones(len(x), np.float32)
        total += x.T @ loss(x @ W, y, w)[1]
    return total


def seconds_of(client, function, shards, **arguments):
    """Seconds until all shards are done, each on a worker that has it."""
    start = time.perf_counter()
    results = client.gather(client.map(function, shards, pure=False, **arguments))
    return time.perf_counter() - start, results


def message_seconds(client, n_bytes):
    """Seconds to bring an answer of so many bytes from a worker to the client."""
    times = []
    for _ in range(5):
        future = client.submit(os.urandom, n_bytes, pure=False)
        wait(future)
        start = time.perf_counter()
        future.result()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def merge_seconds(n_queries, n_parts=8, repeats=5):
    """Seconds to merge one part more."""
    rng = np.random.RandomState(0)
    parts = [
        (np.sort(rng.rand(n_queries, K)), rng.randint(10**5, size=(n_queries, K)), k * 10**5)
        for k in range(n_parts)
    ]
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        merge_neighbors(parts, K)
        times.append(time.perf_counter() - start)
    return statistics.median(times) / n_parts


def measure(images, n_workers, n_shards, n_rows, queries):
    """Throughput with so many workers."""
    W = np.zeros((3072, 10), np.float32)
    with (
        LocalCluster(
            n_workers=n_workers, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1"
        ) as cluster,
        Client(cluster) as client,
    ):
        source = client.scatter(images, broadcast=True)
        shards = client.map(
            make_shard, [source] * n_shards, [n_rows] * n_shards, range(n_shards), pure=False
        )
        wait(shards)
        n_images = n_shards * n_rows
        client.gather(client.map(hog_of, shards[:n_workers]))  # imports
        of_hog = seconds_of(client, hog_of, shards)[0]
        sent = client.scatter(queries, broadcast=True)
        of_search, found = seconds_of(client, search, shards, queries=sent)
        start = time.perf_counter()
        parts = [(*neighbors, k * n_rows) for k, (neighbors, _, _) in enumerate(found)]
        merge_neighbors(parts, K)
        of_search += time.perf_counter() - start
        of_gradient = seconds_of(client, gradient, shards, W=client.scatter(W, broadcast=True))[0]
        return {
            "workers": n_workers,
            "HOG": n_images / of_hog,
            "neighbours": n_images * len(queries) / of_search,
            "gradients": n_images / of_gradient,
            "seconds of search": of_search,
            "fit of a shard": statistics.median(fit for _, fit, _ in found),
            "search of a shard": statistics.median(search for _, _, search in found),
            "message": message_seconds(client, 10),
            "bytes a second": 1e8 / message_seconds(client, 10**8),
        }


def simulate(times, n_workers, n_images, n_queries, bytes_per_second):
    """Seconds of a search: the shards of the busiest worker, its messages, and all merging."""
    n_shards = math.ceil(n_images / times["rows of a shard"])
    of_queries = n_workers * n_queries * 3072 / bytes_per_second
    of_shards = math.ceil(n_shards / n_workers) * (
        times["fit of a shard"] + times["search of a query"] * n_queries + times["message"]
    )
    of_answers = n_shards * n_queries * K * BYTES_PER_NEIGHBOR / bytes_per_second
    of_merging = n_shards * n_queries * times["merging of a query"]
    # While shards are searched, the client fetches and merges the answers to earlier ones.
    return of_queries + max(of_shards, of_answers + of_merging)


def main():
    """Print throughput and simulation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", type=Path)
    parser.add_argument("--shard", type=int, default=25_000)
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    source = load_cifar10(arguments.cifar10) if arguments.cifar10 else make_shapes(20_000)
    images = source.data.reshape(-1, 32, 32, 3)
    queries = make_shard(images, N_QUERIES, seed=-1 % 2**32)
    measured = [measure(images, n, arguments.shards, arguments.shard, queries) for n in N_WORKERS]
    first = measured[0]
    times = {
        "rows of a shard": arguments.shard,
        "fit of a shard": first["fit of a shard"],
        "search of a query": first["search of a shard"] / N_QUERIES,
        "merging of a query": merge_seconds(N_QUERIES) / N_QUERIES,
        "message": first["message"],
    }
    n_images = arguments.shard * arguments.shards
    for row in measured:
        row["simulated seconds"] = simulate(
            times, row["workers"], n_images, N_QUERIES, row["bytes a second"]
        )
    simulated = {
        n: simulate(times, n, SIMULATED_IMAGES, SIMULATED_QUERIES, BYTES_PER_SECOND)
        for n in SIMULATED_WORKERS
    }
    result = {
        "images": "photographs of CIFAR-10" if arguments.cifar10 else "drawn shapes",
        "n": n_images,
        "queries": N_QUERIES,
        "k": K,
        "measured": measured,
        "times": times,
        "simulated images": SIMULATED_IMAGES,
        "simulated queries": SIMULATED_QUERIES,
        "simulated seconds": simulated,
        "bytes a second": BYTES_PER_SECOND,
    }
    print(json.dumps(result, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
