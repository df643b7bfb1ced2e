"""Exact nearest neighbours among more images than the workers can hold.

    python examples/knn_on_a_cluster.py                 # a minute
    python examples/knn_on_a_cluster.py --cifar10 DIR   # CIFAR-10
    python examples/knn_on_a_cluster.py --images 50000  # fewer images
    python examples/knn_on_a_cluster.py --folder DIR    # keep shards

It needs dask: pip install "distributed>=2026.8". The workers are processes of
this machine. On a cluster, replace LocalCluster by its own, and let --folder
lie where all machines can read it.

The images are cut into shards. Workers make them, one file each. Then a worker
opens the file of a shard without reading it, fits a KNNClassifier, asks it for
the neighbours of all queries, and forgets it. The rows stay in the file; a
reduced copy, about a quarter of their size, is in memory for as long as it is
asked. merge_neighbors makes the neighbours among all images out of those in
the shards, and they vote.

Where memory allows, keep the fitted classifiers on the workers:
client.submit(fit, ...) gives a future, which the next queries are sent to.
dask counts the pages of files that a worker has read as its memory, though the
system could take them back. So these workers would soon be at their limit.
"""

import argparse
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import numpy as np

from sk231n import KNNClassifier
from sk231n.datasets import load_cifar10, make_shapes
from sk231n.neighbors import merge_neighbors

try:
    import dask
    from distributed import Client, LocalCluster, as_completed
except ImportError:
    sys.exit('This example needs dask: pip install "distributed>=2026.8"')

N_SHAPES = 20_000  # different images, if they are made up
# How far copies of an image are moved, the shortest ways first.
SHIFTS = sorted(
    product(range(-4, 5), repeat=2),
    key=lambda shift: shift[0] ** 2 + shift[1] ** 2,
)


# What workers do
# -----------------------------------------------------------------------------


def copies(base, numbers):
    """The images of some numbers: the base, then mirrored, then moved, ..."""
    images, rounds = base[numbers % len(base)], numbers // len(base)
    for number in np.unique(rounds):
        of_round = rounds == number
        images[of_round] = changed(images[of_round], number)
    return images


def changed(images, number):
    """Images mirrored if the number is odd, and moved; edges are repeated."""
    if number % 2:
        images = images[:, :, ::-1]
    far, (down, right) = 4, SHIFTS[number // 2 % len(SHIFTS)]
    padded = np.pad(
        images, ((0, 0), (far, far), (far, far), (0, 0)), mode="edge"
    )
    height, width = images.shape[1:3]
    return padded[
        :, far - down : far - down + height, far - right : far - right + width
    ]


def make_shard(folder, start, stop, at_once=2000):
    """Write the images of a shard to a file, a few at a time."""
    base = np.load(folder / "base.npy", mmap_mode="r")
    rows = np.lib.format.open_memmap(
        folder / f"{start}.npy", "w+", base.dtype, (stop - start, base[0].size)
    )
    for first in range(start, stop, at_once):
        numbers = np.arange(first, min(first + at_once, stop))
        rows[numbers - start] = copies(base, numbers).reshape(len(numbers), -1)


def neighbors_in_shard(made, folder, start, labels, queries, k):
    """Fit a classifier to a shard, and ask it; fewer rows have fewer."""
    rows = np.load(folder / f"{start}.npy", mmap_mode="r")
    k = min(k, len(rows))
    knn = KNNClassifier(k).fit(
        rows, labels[np.arange(start, start + len(rows)) % len(labels)]
    )
    return *knn.kneighbors(queries), start


def most_memory(dask_worker):
    """Bytes of a worker when it had most; dask measures twice a second."""
    return max(dask_worker.monitor.range_query(0)["memory"])


# What this process does
# ---------------------------------------------------------------------------


def base_and_queries(cifar10, side, n_images, n_queries):
    """Images to make others of, their labels, and other images with theirs."""
    if cifar10:
        train, test = (
            load_cifar10(cifar10, split="train"),
            load_cifar10(cifar10, split="test"),
        )
        n_base = min(n_images, len(train.images))
        return (
            train.images[:n_base], train.target[:n_base],
            test.images[:n_queries], test.target[:n_queries],
        )  # fmt: skip
    n_base = min(n_images, N_SHAPES)
    shapes = make_shapes(n_base + n_queries, image_size=side, random_state=0)
    images, labels = shapes.images, shapes.target
    return images[:n_base], labels[:n_base], images[n_base:], labels[n_base:]


def finished(futures, what, per_future):
    """Wait for futures and return their results; print how fast they come."""
    start = time.perf_counter()
    for n, future in enumerate(as_completed(futures), 1):
        future.result()  # raises what the worker has raised
        if n == len(futures) or n % max(1, len(futures) // 5) == 0:
            rate = n * per_future / (time.perf_counter() - start)
            print(
                f"  {n} of {len(futures)} shards, {rate:,.0f} {what} a second",
                flush=True,
            )
    return [future.result() for future in futures]


def by_brute_force(folder, starts, queries, k):
    """Neighbours by all distances, a few rows at a time, in NumPy's float64.

    The sums are of whole numbers below 2^53, and so exact in any order.
    """
    queries = queries.astype(np.float64)
    distances, indices = (
        np.empty((len(queries), 0)),
        np.empty((len(queries), 0), np.intp),
    )
    for start in starts:
        rows = np.load(folder / f"{start}.npy", mmap_mode="r")
        for first in range(0, len(rows), 2000):
            block = rows[first : first + 2000].astype(np.float64)
            squares = (queries**2).sum(axis=1)[:, np.newaxis] + (block**2).sum(
                axis=1
            )
            found = np.sqrt(squares - 2 * queries @ block.T)
            numbers = np.broadcast_to(
                start + first + np.arange(len(block)), found.shape
            )
            distances, indices = (
                np.hstack([distances, found]),
                np.hstack([indices, numbers]),
            )
            nearest = np.lexsort((indices, distances), axis=1)[:, :k]
            distances = np.take_along_axis(distances, nearest, axis=1)
            indices = np.take_along_axis(indices, nearest, axis=1)
    return distances, indices


def run(arguments, folder, client):
    """Make the shards, ask them, merge and count; check some answers."""
    n, k = arguments.images, arguments.k
    base, labels, queries, y = base_and_queries(
        arguments.cifar10, arguments.side, n, arguments.queries
    )
    np.save(folder / "base.npy", base)
    queries = queries.reshape(len(queries), -1)
    starts = range(0, n, arguments.shard)
    gigabytes = n * queries.shape[1] / 1e9
    print(
        f"{n:,} images of {base.shape[1:]}, {gigabytes:.2f} GB in "
        f"{len(starts)} shards"
    )
    print(
        f"{arguments.workers} workers of at most {arguments.memory_limit} each"
    )

    print("\nImages are made")
    made = [
        client.submit(
            make_shard,
            folder,
            start,
            min(start + arguments.shard, n),
            pure=False,
        )
        for start in starts
    ]
    finished(made, "images", n / len(starts))

    print(
        f"\nThe {k} neighbours of {len(queries)} queries are found in each "
        "shard"
    )
    to_all = client.scatter([labels, queries], broadcast=True)
    parts = [
        client.submit(neighbors_in_shard, done, folder, start, *to_all, k)
        for done, start in zip(made, starts, strict=True)
    ]
    parts = finished(parts, "pairs of images", n / len(starts) * len(queries))

    start = time.perf_counter()
    distances, indices = merge_neighbors(parts, k)
    voters = labels[indices % len(labels)]
    votes = np.stack(
        [
            np.bincount(of_query, minlength=labels.max() + 1)
            for of_query in voters
        ]
    )
    predicted = votes.argmax(axis=1)  # the first of those with the most votes
    print(f"\nMerged and counted in {time.perf_counter() - start:.3f} s")
    print(f"accuracy: {np.mean(predicted == y):.3f}")
    for address, used in client.run(most_memory).items():
        print(f"most memory of the worker {address}: {used / 1e6:.0f} MB")

    some = slice(arguments.check)
    print(
        f"\nAll distances of {len(queries[some])} queries are computed, to "
        "compare"
    )
    start = time.perf_counter()
    expected = by_brute_force(folder, starts, queries[some], k)
    equal = all(
        map(np.array_equal, (distances[some], indices[some]), expected)
    )
    print(
        f"equal to the last bit: {equal} ({time.perf_counter() - start:.1f} s)"
    )
    if not equal:
        sys.exit("The neighbours differ.")


def main():
    """Start the workers, and stop them."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--cifar10", metavar="DIR", help="folder with CIFAR-10"
    )
    parser.add_argument(
        "--images", type=int, default=1_000_000, help="number of images"
    )
    parser.add_argument(
        "--side", type=int, default=32, help="pixels of a side, if made up"
    )
    parser.add_argument(
        "--shard", type=int, default=50_000, help="images of a shard"
    )
    parser.add_argument(
        "--queries", type=int, default=1000, help="number of queries"
    )
    parser.add_argument(
        "--check", type=int, default=20, help="queries that are checked"
    )
    parser.add_argument("-k", type=int, default=5, help="number of neighbours")
    parser.add_argument(
        "--workers", type=int, default=2, help="number of processes"
    )
    parser.add_argument(
        "--memory-limit", default="1GB", help="that of a worker"
    )
    parser.add_argument(
        "--folder", type=Path, help="where the shards are written, and kept"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = (arguments.folder or Path(scratch, "shards")).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        with (
            dask.config.set(temporary_directory=scratch),
            LocalCluster(
                n_workers=arguments.workers, threads_per_worker=1,
                host="127.0.0.1", dashboard_address="127.0.0.1:0",
                memory_limit=arguments.memory_limit,
            ) as cluster,
            Client(cluster) as client,
        ):  # fmt: skip
            run(arguments, folder, client)


if __name__ == "__main__":
    main()
