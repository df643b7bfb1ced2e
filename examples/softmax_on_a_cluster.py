"""A softmax classifier trained on a cluster, by a public loss and SciPy.

    python examples/softmax_on_a_cluster.py                # coloured shapes
    python examples/softmax_on_a_cluster.py --cifar10 DIR  # half a minute

It needs dask: pip install "distributed>=2026.8". The workers are processes of
this machine; on a cluster, replace LocalCluster by its own.

Each worker computes the features of its shards once, and keeps them. The loss
of all samples is a sum over shards, and so is its gradient: a step of L-BFGS
sends the weights to the workers, and adds up what they return. It leads to the
minimum that SoftmaxClassifier(optimizer="lbfgs") finds on one machine. The
weights are assigned to a classifier, which predicts with them and could train
on.

The gradients of mini-batches could be added up in the same way. The last lines
show why this does not pay for small models: one machine has computed many
while the messages are under way.
"""

import argparse
import sys
import tempfile
import time

import numpy as np
from scipy.optimize import minimize

from sk231n import HOG, SoftmaxClassifier
from sk231n.datasets import load_cifar10, make_shapes
from sk231n.losses import CrossEntropy

try:
    import dask
    from distributed import Client, LocalCluster
except ImportError:
    sys.exit('This example needs dask: pip install "distributed>=2026.8"')

ALPHA = 1e-2  # of the penalty


# What workers do
# -----------------------------------------------------------------------------


def make_shard(cifar10, number, size):
    """Features and labels of a shard."""
    if cifar10:
        data, rows = (
            load_cifar10(cifar10, split="train"),
            slice(number * size, (number + 1) * size),
        )
    else:
        data, rows = make_shapes(size, random_state=number), slice(None)
    return HOG().fit_transform(data.images[rows]).astype(
        np.float64
    ), data.target[rows]


def sums(shard):
    """Number of samples, and the sums of the features and of their squares."""
    X, _ = shard
    return len(X), X.sum(axis=0), (X**2).sum(axis=0)


def standardized(shard, mean, scale):
    """The shard, each feature of all shards having mean 0 and variance 1."""
    X, y = shard
    return (X - mean) / scale, y


def loss_and_gradient(shard, theta, weight, rows=slice(None)):
    """The loss of a shard, whose samples have equal weights, and its gradient.

    A row of theta holds the weights of a class, and its intercept at the end.
    """
    X, y = shard[0][rows], shard[1][rows]
    scores = X @ theta[:, :-1].T + theta[:, -1]
    loss, d_scores = CrossEntropy()(scores, y, np.full(len(y), weight))
    return loss, np.column_stack([d_scores.T @ X, d_scores.sum(axis=0)])


# What this process does
# ---------------------------------------------------------------------------


def on_all_shards(client, function, shards, *arguments):
    """Call a function with each shard where it lies; sum what it returns."""
    parts = [
        client.submit(function, shard, *arguments, pure=False)
        for shard in shards
    ]
    return [
        sum(of_shards) for of_shards in zip(*client.gather(parts), strict=True)
    ]


def standardize(client, shards):
    """Standardise the features, which saves L-BFGS most of its iterations."""
    n, total, squares = on_all_shards(client, sums, shards)
    mean = total / n
    scale = np.sqrt(squares / n - mean**2)
    return [
        client.submit(standardized, shard, mean, scale) for shard in shards
    ]


def trained(client, shards, n_samples, shape):
    """Weights and intercepts at the minimum."""

    def objective(theta):
        theta = theta.reshape(shape)
        loss, gradient = on_all_shards(
            client, loss_and_gradient, shards, theta, 1 / n_samples
        )
        weights = theta[:, :-1]  # intercepts are not penalised
        gradient[:, :-1] += ALPHA * weights
        return loss + ALPHA / 2 * (weights**2).sum(), gradient.ravel()

    options = {"gtol": 1e-7, "ftol": 0, "maxiter": 1000}
    found = minimize(
        objective,
        np.zeros(shape).ravel(),
        jac=True,
        method="L-BFGS-B",
        options=options,
    )
    print(
        f"{found.nit} iterations on the cluster, objective {found.fun:.9f}",
        end="",
    )
    return found.x.reshape(shape)


def milliseconds(function, repeats=30):
    """Median time of a call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1000 * np.median(times)


def run(arguments, client):
    """Train on a cluster and on one machine; compare; time a mini-batch."""
    n_shards = 2 * arguments.workers
    size = arguments.images // n_shards
    shards = standardize(
        client,
        [
            client.submit(make_shard, arguments.cifar10, number, size)
            for number in range(n_shards)
        ],
    )
    X, y = map(
        np.concatenate, zip(*client.gather(shards), strict=True)
    )  # only to compare
    classes = np.unique(y)
    print(f"{len(X):,} images, {X.shape[1]} features, {n_shards} shards")

    start = time.perf_counter()
    theta = trained(client, shards, len(X), (len(classes), X.shape[1] + 1))
    print(f", {time.perf_counter() - start:.1f} s")
    # After a call of partial_fit a classifier knows the classes and the number
    # of features.
    model = SoftmaxClassifier(alpha=ALPHA).partial_fit(
        X[:100], y[:100], classes=classes
    )
    model.coef_, model.intercept_ = theta[:, :-1], theta[:, -1]

    start = time.perf_counter()
    here = SoftmaxClassifier(
        alpha=ALPHA, optimizer="lbfgs", tol=1e-7, max_iter=1000
    )
    here.fit(X, y)
    print(
        f"{here.n_iter_} iterations on one machine, "
        f"{time.perf_counter() - start:.1f} s"
    )
    difference = np.abs(model.coef_ - here.coef_).max()
    n_other = np.count_nonzero(model.predict(X) != here.predict(X))
    print(
        f"largest difference of coef_: {difference:.1e}; labels that differ: "
        f"{n_other}"
    )
    print(f"accuracy on the training data: {model.score(X, y):.3f}")

    batch = arguments.batch
    here_ms = milliseconds(
        lambda: loss_and_gradient((X, y), theta, 1 / batch, slice(batch))
    )
    share = theta, 1 / batch, slice(batch // n_shards)
    there_ms = milliseconds(
        lambda: on_all_shards(client, loss_and_gradient, shards, *share)
    )
    print(
        f"\nGradient of a mini-batch of {batch}: {here_ms:.2f} ms here, "
        f"{there_ms:.2f} ms on the"
    )
    print(
        f"cluster; {there_ms / here_ms:.0f} steps here take as long as one "
        "there"
    )
    if difference > 1e-4:
        sys.exit("The minima differ.")


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
        "--images", type=int, default=20_000, help="number of images"
    )
    parser.add_argument(
        "--batch", type=int, default=256, help="images of a mini-batch"
    )
    parser.add_argument(
        "--workers", type=int, default=2, help="number of processes"
    )
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as scratch,
        dask.config.set(temporary_directory=scratch),
        LocalCluster(
            n_workers=arguments.workers, threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        Client(cluster) as client,
    ):  # fmt: skip
        run(arguments, client)


if __name__ == "__main__":
    main()
