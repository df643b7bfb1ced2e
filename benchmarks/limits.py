"""What the machine can do, how near to it the library comes, and what more threads would do.

    python benchmarks/limits.py --cifar10 DIR [--json FILE] [--figure FILE]

The rates of matrix products and of reading memory are measured first, in the same run: they are
what no program can beat. OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE should not be set; the kernel is
printed. Without --cifar10 the images are made up.

Threads are simulated as follows. One thread does all work, the time of each piece that threads
would share is measured, and the pieces are dealt out as the library deals them out; what cannot be
shared is added, and for each time that work is handed over, the time that this takes here. Shared
caches and memory are left out, so that this is a limit and no promise.
"""

import argparse
import contextlib
import inspect
import json
import os
import statistics
import time
from itertools import pairwise
from pathlib import Path
from unittest import mock

import numpy as np
from convnet import machine
from joblib import cpu_count, parallel_config
from threadpoolctl import threadpool_limits

import sk231n._problem
import sk231n.core.training
import sk231n.features._batch
import sk231n.neighbors._index
from sk231n import HOG, KNNClassifier, MLPClassifier, SoftmaxClassifier
from sk231n.core.objective import Objective
from sk231n.core.steps import BlockwiseOptimizer
from sk231n.core.team import Team
from sk231n.datasets import load_cifar10, make_shapes

NETWORKS = {
    "3072-100-10, batch 200": ((100,), 200, {}),
    "3072-512-256-10, batch 128": ((512, 256), 128, {}),
    "3072-512-256-10, batch 128, batch norm and dropout": (
        (512, 256), 128, {"normalization": "batch", "dropout": 0.5},
    ),
}  # fmt: skip
CLASSES = (10, 100, 1000, 10_000)
SAMPLES = (12_500, 25_000, 50_000, 100_000, 200_000)
THREADS = (1, 2, 4, 8, 16)
N_EPOCHS = 2


def median_seconds(call, repeats=5):
    """Median of the repeats, each after a pause in which the threads of others come to rest."""
    times = []
    for _ in range(repeats):
        time.sleep(0.1)
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def product_rate(dtype, n_threads, side=2048):
    """GFLOP a second of a product of two large square matrices."""
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, side, side)).astype(dtype)
    out = np.empty_like(a)

    def multiply():
        np.matmul(a, b, out=out)

    with threadpool_limits(n_threads, user_api="blas"):
        return 2e-9 * side**3 / median_seconds(multiply)


def machine_rates():
    """Rates that no program on this machine can beat."""
    numbers = np.ones(2**26, np.float32)
    rates = {
        f"{dtype.__name__}, {n} {'threads' if n > 1 else 'thread'}": product_rate(dtype, n)
        for dtype in (np.float32, np.float64)
        for n in sorted({1, cpu_count()})
    }
    return {
        **machine(),
        "GFLOP/s": rates,
        "GB/s": numbers.nbytes / median_seconds(numbers.max) / 1e9,
    }


class Stopwatch:
    """Seconds that are spent in some functions, and in the generators that they return."""

    def __init__(self, **functions):
        self.seconds = dict.fromkeys(functions, 0.0)
        self._patches = contextlib.ExitStack()
        for name, (owner, attribute) in functions.items():
            timed = self._timed(name, getattr(owner, attribute))
            self._patches.enter_context(mock.patch.object(owner, attribute, timed))

    def _timed(self, name, function):
        def timed(*arguments, **keywords):
            start = time.perf_counter()
            result = function(*arguments, **keywords)
            self.seconds[name] += time.perf_counter() - start
            return self._items(name, result) if inspect.isgenerator(result) else result

        return timed

    def _items(self, name, generator):
        start = time.perf_counter()
        for item in generator:
            self.seconds[name] += time.perf_counter() - start
            yield item
            start = time.perf_counter()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._patches.close()


def network_steps(X, y, limit):
    """Microseconds of a step and of its parts, and of its products at the machine's rate."""
    figures = {}
    for name, (hidden, batch_size, keywords) in NETWORKS.items():
        model = MLPClassifier(
            hidden, alpha=0, batch_size=batch_size, max_iter=N_EPOCHS, tol=None,
            learning_rate=1e-3, **keywords,
        )  # fmt: skip
        widths = [X.shape[1], *hidden, 10]
        multiplications = batch_size * sum(
            (2 if k == 0 else 3) * n_inputs * n_outputs  # no gradient for the data
            for k, (n_inputs, n_outputs) in enumerate(pairwise(widths))
        )
        n_steps = N_EPOCHS * -(-len(X) // batch_size)
        runs = [times_of_fit(model, X, y) for _ in range(5)]
        figures[name] = {"limit": 2e-3 * multiplications / limit} | {
            part: statistics.median(run[part] for run in runs) / n_steps * 1e6 for part in runs[0]
        }
    return figures


def times_of_fit(model, X, y):
    """Seconds of a fit, and those of its parts."""
    time.sleep(0.1)
    with Stopwatch(
        products=(Team, "matmul"),
        optimizer=(BlockwiseOptimizer, "step"),
        layers=(Objective, "data_loss"),
        gathering=(sk231n.core.training, "batches"),
    ) as watch:
        start = time.perf_counter()
        model.fit(X, y)
        step = time.perf_counter() - start
    parts = watch.seconds
    parts["layers"] -= parts["products"]
    return {"step": step, **parts, "rest": step - sum(parts.values())}


def many_classes(limit, n_samples=20_000, n_features=512):
    """Seconds an epoch, and those of its products at the machine's rate, by number of classes."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n_samples, n_features)).astype(np.float32)
    figures = {}
    for n_classes in CLASSES:
        y = np.arange(n_samples) % n_classes
        model = SoftmaxClassifier(max_iter=N_EPOCHS, tol=None, learning_rate=1e-3)
        seconds = median_seconds(lambda m=model, y=y: m.fit(X, y), 3) / N_EPOCHS
        products = 4e-9 * n_samples * n_features * n_classes / limit
        figures[n_classes] = {"seconds": seconds, "products": products}
    return figures


def many_samples(X, y, Q, limit):
    """Seconds of `fit` and of the search for more and more images, some mirrored or shifted."""
    images = X.reshape(-1, 32, 32, 3)
    up, down = np.roll(images, -2, axis=1), np.roll(images, 2, axis=1)
    variants = [images, images[:, :, ::-1], up, down, up[:, :, ::-1]]
    everything = np.concatenate(variants).reshape(len(variants) * len(X), -1)
    labels = np.tile(y, len(variants))
    figures = {}
    for n in (n for n in SAMPLES if n <= len(everything)):
        model = KNNClassifier(10)
        fit = median_seconds(lambda m=model, n=n: m.fit(everything[:n], labels[:n]), 1)
        search = median_seconds(lambda m=model: m.predict(Q), 3)
        components = model._search.screen.width
        products = 2e-9 * n * len(Q) * (components + 1) / limit
        figures[n] = {"fit": fit, "search": search, "products": products}
    return figures


class Recording:
    """One thread does all work; the times of the pieces that threads would share are kept."""

    def __init__(self, call):
        self.pieces = []  # pairs of the times of some pieces, and how they are dealt out
        modules = (sk231n.features._batch, sk231n.neighbors._index)
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.object(Team, "run", self._run_team))
            for module in (*modules, sk231n._problem):
                count = mock.Mock(return_value=max(THREADS))
                stack.enter_context(mock.patch.object(module, "count_threads", count))
            for module in modules:
                replaced = mock.patch.object(module, "run_on_threads", self._run_on_threads)
                stack.enter_context(replaced)
            start = time.perf_counter()
            call()
            self.elapsed = time.perf_counter() - start

    def _run_team(self, work, parts):
        return self._time(work, parts, in_order)

    def _run_on_threads(self, make_worker, tasks, n_threads):
        self._time(make_worker(), tasks, next_free)

    def _time(self, work, parts, deal):
        results, times = [], []
        for part in parts:
            start = time.perf_counter()
            results.append(work(part))
            times.append(time.perf_counter() - start)
        self.pieces.append((times, deal))
        return results

    def seconds(self, n_threads, hand_over):
        """Seconds that the call would take with so many threads."""
        seconds = self.elapsed
        for times, deal in self.pieces:
            n_shares = max(1, min(n_threads, len(times)))
            seconds += deal(times, n_shares) - sum(times) + hand_over * (n_shares > 1)
        return seconds


def in_order(times, n_shares):
    """Seconds until the last thread ends where neighbouring pieces go to the same one."""
    ends = [len(times) * k // n_shares for k in range(n_shares + 1)]
    return max(sum(times[start:end]) for start, end in pairwise(ends))


def next_free(times, n_shares):
    """Seconds until the last thread ends where a free one takes the next piece."""
    ends = [0.0] * n_shares
    for seconds in times:
        ends[ends.index(min(ends))] += seconds
    return max(ends)


def hand_over_seconds():
    """Seconds that it takes to hand work to a thread that waits, and to hear of its end."""
    with Team(2) as team:
        return median_seconds(lambda: [team.run(lambda _: None, [0, 1]) for _ in range(100)]) / 100


def many_threads(X, y, Q):
    """Times as fast with more threads: simulated, and measured where there are as many cores."""
    model = KNNClassifier(10).fit(X, y)
    hog = HOG().fit(X[:10_000].reshape(-1, 32, 32, 3))
    images = X[:10_000].reshape(-1, 32, 32, 3)
    floats = X[:10_000] / np.float32(255)
    network = {"max_iter": 1, "tol": None, "learning_rate": 1e-3, "batch_size": 200}
    calls = {
        "KNNClassifier.predict": lambda: model.predict(Q),
        "HOG.transform": lambda: hog.transform(images),
        "MLPClassifier.fit, 3072-100-10": lambda: MLPClassifier((100,), **network).fit(
            floats, y[:10_000]
        ),
        "MLPClassifier.fit, 3072-512-256-10": lambda: MLPClassifier((512, 256), **network).fit(
            floats, y[:10_000]
        ),
    }
    hand_over, figures = hand_over_seconds(), {}
    for name, call in calls.items():
        rows = figures[name] = {}
        recordings = [Recording(call) for _ in range(5)]
        recording = sorted(recordings, key=lambda recording: recording.elapsed)[2]
        for n_threads in THREADS:
            rows[n_threads] = {"simulated": recording.seconds(n_threads, hand_over)}
            if n_threads <= cpu_count():
                with parallel_config("threading", n_jobs=n_threads):
                    rows[n_threads]["measured"] = median_seconds(call)
    return {"hand-over": hand_over * 1e6, "seconds": figures}


def draw(figures, file):
    """Three panels: classes and samples beside their products, threads beside the diagonal."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
    panels = (
        ("classes", "seconds", "classes", "SoftmaxClassifier, an epoch"),
        ("samples", "search", "training images", f"nearest neighbours of {figures['queries']:,}"),
    )
    for ax, (key, name, label, title) in zip(axes, panels, strict=False):
        x = [int(n) for n in figures[key]]
        ax.loglog(x, [f[name] for f in figures[key].values()], "o-", color="#1b6ca8", label="time")
        ax.loglog(
            x, [f["products"] for f in figures[key].values()], "--", color="0.4",
            label="products at the machine's rate",
        )  # fmt: skip
        ax.set(xlabel=label, ylabel="seconds", title=title)
        ax.set_xticks(x, [f"{n:,}" for n in x], fontsize=8)
        ax.minorticks_off()
    colors = ("#1b6ca8", "#d1662f", "#2a7f4f", "#7b4fa3")
    for color, (name, rows) in zip(colors, figures["threads"]["seconds"].items(), strict=True):
        threads, one = [int(n) for n in rows], next(iter(rows.values()))
        label = name.replace("MLPClassifier.fit, ", "network ")
        speedups = [one["simulated"] / row["simulated"] for row in rows.values()]
        axes[2].loglog(threads, speedups, "o-", color=color, label=label, markersize=4)
        measured = [
            (n, one["measured"] / row["measured"])
            for n, row in zip(threads, rows.values(), strict=True)
            if "measured" in row
        ]
        axes[2].loglog(*zip(*measured, strict=True), "x", color=color)
    axes[2].loglog(threads, threads, "--", color="0.4", label="as many times as threads")
    axes[2].set(xlabel="threads", ylabel="times as fast", title="simulated; measured: x")
    axes[2].set_xticks(threads, threads)
    axes[2].set_yticks(threads, threads)
    axes[2].minorticks_off()
    for ax in axes:
        ax.grid(alpha=0.3)
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, fontsize=8)
    figure.savefig(file, dpi=130)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", metavar="DIR", help="directory of CIFAR-10")
    parser.add_argument("--json", metavar="FILE", help="write the figures here too")
    parser.add_argument("--figure", metavar="FILE", help="draw how the times grow")
    arguments = parser.parse_args()
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        if name in os.environ:
            parser.error(f"{name} is set, which may slow the products down; unset it first")
    if arguments.cifar10:
        data = load_cifar10(arguments.cifar10)
        source = "photographs of CIFAR-10"
    else:
        data = make_shapes(20_000, random_state=0)
        source = "coloured shapes of make_shapes"
    n_samples = min(40_000, len(data.data) - 1000)
    X, y, Q = data.data[:n_samples], data.target[:n_samples], data.data[-1000:]
    rates = machine_rates()
    print(json.dumps(rates, indent=1), flush=True)
    limit = max(rate for name, rate in rates["GFLOP/s"].items() if "float32" in name)
    floats = X[:10_000] / np.float32(255)
    figures = {"images": source, "queries": len(Q), "machine": rates}
    for name, measure in {
        "networks": lambda: network_steps(floats, y[:10_000], limit),
        "classes": lambda: many_classes(limit),
        "threads": lambda: many_threads(X, y, Q),
        "samples": lambda: many_samples(X, y, Q, limit),
    }.items():
        figures[name] = measure()
        print(name, json.dumps(figures[name], indent=1), flush=True)
    if arguments.figure:
        draw(figures, arguments.figure)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
