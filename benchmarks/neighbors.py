"""How fast the nearest neighbours are found, compared with scikit-learn and faiss.

    python benchmarks/neighbors.py --cifar10 DIR [--json FILE] [--figure FILE]

The competitors take turns, with a pause of 0.2 s before each run (the threads of the previous one
may still be spinning); times are medians of the repeats and include ``fit``. scikit-learn and
sk231n get the same bytes; faiss gets float32, and the time of the conversion is included. faiss
runs in its own process (imported together with scikit-learn it takes the threads from it), with the
AVX-512 kernels if the processor has AVX-512, which its BLAS does not detect by itself. If faiss is
not installed, it is left out. Without --cifar10 the images are those of ``make_shapes``, and there
are fewer of them.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from joblib import cpu_count
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier

from sk231n import KNNClassifier, KNNClassifierCV
from sk231n.datasets import load_cifar10, make_shapes

FAISS = """
import sys, time
import faiss, numpy as np
folder, metric, k = sys.argv[1], sys.argv[2], int(sys.argv[3])
X, Q = np.load(folder + "/X.npy"), np.load(folder + "/Q.npy")
for line in sys.stdin:
    start = time.perf_counter()
    index = faiss.IndexFlat(X.shape[1], getattr(faiss, metric))
    index.add(X.astype(np.float32))
    index.search(Q.astype(np.float32), k)
    print(time.perf_counter() - start, flush=True)
"""
MEMORY = """
import re, sys
from pathlib import Path
import numpy as np
from sk231n import KNNClassifier
X, Q = np.load(sys.argv[1] + "/X.npy"), np.load(sys.argv[1] + "/Q.npy")
def peak():
    return int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 2**20
before = peak()
KNNClassifier(10).fit(X, np.arange(len(X)) % 10).predict(Q)
print(before, peak())
"""


def load_images(directory):
    """What the images are; training images and labels, test images and labels."""
    if directory:
        train, test = (load_cifar10(directory, split=split) for split in ("train", "test"))
        return "photographs of CIFAR-10", train.data, train.target, test.data, test.target
    shapes = make_shapes(12_000, random_state=0)
    return (
        "coloured shapes of make_shapes",
        shapes.data[:10_000],
        shapes.target[:10_000],
        shapes.data[10_000:],
        shapes.target[10_000:],
    )


class Faiss:
    """faiss in its own process, which keeps the data."""

    def __init__(self, metric, X, Q, k):
        self.folder = tempfile.TemporaryDirectory()
        np.save(Path(self.folder.name) / "X.npy", X)
        np.save(Path(self.folder.name) / "Q.npy", Q)
        environment = dict(os.environ)
        if "avx512f" in Path("/proc/cpuinfo").read_text():
            environment.setdefault("OPENBLAS_CORETYPE", "SkylakeX")
        command = [sys.executable, "-c", FAISS, self.folder.name, metric, str(k)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True
        )

    def seconds(self):
        """Seconds of one run."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        """End the process."""
        self.process.communicate()
        self.folder.cleanup()


def take_turns(competitors, repeats):
    """Median seconds of each; a competitor is a function, or an object with ``seconds()``."""
    seconds = {name: [] for name in competitors}
    for _ in range(repeats):
        for name, run in competitors.items():
            time.sleep(0.2)
            if isinstance(run, Faiss):
                seconds[name].append(run.seconds())
                continue
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


def duel(X, y, Q, k, metric, repeats, with_faiss):
    """Median seconds of ours, scikit-learn's brute force and faiss."""
    theirs = {"n_neighbors": k, "metric": metric, "n_jobs": -1}
    competitors = {
        "sk231n": lambda: KNNClassifier(k, metric=metric).fit(X, y).predict(Q),
        "scikit-learn": lambda: (
            KNeighborsClassifier(algorithm="brute", **theirs).fit(X, y).predict(Q)
        ),
    }
    if with_faiss and importlib.util.find_spec("faiss"):
        name = {"euclidean": "METRIC_L2", "manhattan": "METRIC_L1"}[metric]
        competitors["faiss"] = Faiss(name, X, Q, k)
    figures = take_turns(competitors, repeats)
    if "faiss" in competitors:
        competitors["faiss"].close()
    return {"samples": len(X), "queries": len(Q), "k": k, "metric": metric, "seconds": figures}


def same_neighbors(X, y, Q, k):
    """Share of the queries whose sets of distances are those of scikit-learn in float64."""
    ours = KNNClassifier(k).fit(X, y).kneighbors(Q)[0]
    brute = KNeighborsClassifier(k, algorithm="brute", n_jobs=-1)
    theirs = brute.fit(X.astype(np.float64), y).kneighbors(Q.astype(np.float64))[0]
    return float(np.mean(np.all(np.round(ours**2) == np.round(theirs**2), axis=1)))


def peak_memory(X, Q):
    """GiB of a process before and after a search, including interpreter, libraries and data."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "X.npy", X)
        np.save(Path(folder) / "Q.npy", Q)
        output = subprocess.check_output([sys.executable, "-c", MEMORY, folder], text=True)
    return [float(number) for number in output.split()]


def cross_validation(X, y, repeats):
    """Median seconds to choose among the ten default k in five folds."""
    grid = {"n_neighbors": list(KNNClassifierCV().n_neighbors)}
    return take_turns(
        {
            "KNNClassifierCV()": lambda: KNNClassifierCV().fit(X, y),
            "GridSearchCV(KNNClassifier())": lambda: GridSearchCV(KNNClassifier(), grid).fit(X, y),
            'GridSearchCV(KNeighborsClassifier(algorithm="brute"))': lambda: GridSearchCV(
                KNeighborsClassifier(algorithm="brute"), grid
            ).fit(X, y),
        },
        repeats,
    )


def without_structure(repeats):
    """Ratios to the faster of scikit-learn's brute force and "auto" on data without structure."""
    random = np.random.RandomState(0)
    figures = []
    for n_samples, n_queries, n_features in (
        (20, 5, 4), (150, 50, 4), (1000, 200, 64), (5000, 500, 2), (5000, 500, 16),
        (20_000, 1000, 3), (20_000, 1000, 8), (20_000, 1000, 20), (20_000, 1000, 100),
        (10_000, 1000, 784), (10_000, 1000, 3072),
    ):  # fmt: skip
        for dtype in (np.float32, np.float64):
            for metric in ("euclidean", "manhattan"):
                X, Q = (random.standard_normal((n, n_features)).astype(dtype)
                        for n in (n_samples, n_queries))  # fmt: skip
                if metric == "manhattan":
                    Q = Q[: max(5, n_queries // 10)]
                y = random.randint(0, 3, n_samples)
                names = ("brute", "auto") if n_features <= 20 else ("brute",)
                seconds = take_turns(
                    {
                        "sk231n": lambda m=metric, X=X, Q=Q, y=y: (
                            KNNClassifier(metric=m).fit(X, y).predict(Q)
                        ),
                        **{
                            name: lambda a=name, m=metric, X=X, Q=Q, y=y: (
                                KNeighborsClassifier(algorithm=a, metric=m, n_jobs=-1)
                                .fit(X, y)
                                .predict(Q)
                            )
                            for name in names
                        },
                    },
                    repeats,
                )
                ratio = min(seconds[name] for name in names) / seconds["sk231n"]
                figures.append(
                    {"samples": n_samples, "queries": len(Q), "features": n_features,
                     "dtype": dtype.__name__, "metric": metric, "ratio": ratio}
                )  # fmt: skip
    return figures


def growth(X, y, Q, repeats):
    """Seconds for more and more training images, and for more and more features."""
    Q = Q[:1000]
    sizes = [n for n in (1000, 2000, 5000, 10_000, 20_000, 40_000) if n <= len(X)]
    widths = (16, 48, 192, 768, 3072)
    by_samples = [duel(X[:n], y[:n], Q, 10, "euclidean", repeats, False) for n in sizes]
    by_features = []
    for d in widths:
        some, of_queries = (np.ascontiguousarray(Z[:, :: 3072 // d]) for Z in (X[:10_000], Q))
        by_features.append(duel(some, y[:10_000], of_queries, 10, "euclidean", repeats, False))
    return {
        "queries": len(Q),
        "samples": {n: f["seconds"] for n, f in zip(sizes, by_samples, strict=True)},
        "features": {d: f["seconds"] for d, f in zip(widths, by_features, strict=True)},
    }


def draw_growth(figures, images, file):
    """Two panels with logarithmic axes, and the factor written where it is largest."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    colors = {"sk231n": "#1b6ca8", "scikit-learn": "#d1662f"}
    labels = {"sk231n": "KNNClassifier", "scikit-learn": "KNeighborsClassifier, brute force"}
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained", sharey=True)
    panels = (
        ("samples", "training images (3,072 features)"),
        ("features", "features (10,000 training images)"),
    )
    for ax, (key, title) in zip(axes, panels, strict=True):
        x = [int(n) for n in figures[key]]
        for name, color in colors.items():
            seconds = [f[name] for f in figures[key].values()]
            ax.loglog(x, seconds, "o-", color=color, label=labels[name], markersize=4)
        last = list(figures[key].values())[-1]
        factor = last["scikit-learn"] / last["sk231n"]
        middle = (last["scikit-learn"] * last["sk231n"]) ** 0.5
        arrow = {"arrowstyle": "<->", "color": "0.4", "shrinkA": 4, "shrinkB": 4}
        ends = (x[-1], last["scikit-learn"]), (x[-1], last["sk231n"])
        ax.annotate("", *ends, arrowprops=arrow)
        ax.annotate(
            f"{factor:.1f} times", (x[-1], middle), (6, 0), textcoords="offset points",
            va="center", color="0.3",
        )  # fmt: skip
        ax.set_xlim(right=x[-1] * (x[-1] / x[0]) ** 0.2)  # room for that
        ax.set_xticks(x, [f"{n:,}" for n in x], fontsize=8)
        ax.minorticks_off()
        ax.set_xlabel(title)
        ax.grid(alpha=0.3)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("seconds, fit included")
    axes[0].legend(frameon=False)
    figure.suptitle(f"10 nearest neighbours of {figures['queries']:,} {images}", fontsize=11)
    figure.savefig(file, dpi=130)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", metavar="DIR", help="directory of CIFAR-10")
    parser.add_argument("--json", metavar="FILE", help="write the figures here too")
    parser.add_argument("--figure", metavar="FILE", help="draw how the time grows")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    source, X, y, Q, _ = load_images(arguments.cifar10)
    print(f"{len(X):,} {source}, {len(Q):,} queries, {cpu_count()} cores")

    duels = []
    for n_samples, n_queries, metric, k in (
        (len(X), len(Q), "euclidean", 10),
        (5000, 500, "euclidean", 10),
        (len(X), 500, "manhattan", 10),
    ):
        repeats = arguments.repeats if n_queries > 500 else arguments.repeats + 2
        duels.append(duel(X[:n_samples], y[:n_samples], Q[:n_queries], k, metric, repeats, True))
        print_duel(duels[-1])
    start = time.perf_counter()
    KNNClassifier(10, metric="manhattan").fit(X, y).predict(Q)
    many = time.perf_counter() - start
    scaled = duels[-1]["seconds"]["scikit-learn"] * len(Q) / duels[-1]["queries"]
    print(f"manhattan, {len(Q):,} queries: {many:.1f} s; scikit-learn, scaled: {scaled:.0f} s, "
          f"{scaled / many:.0f} times")  # fmt: skip
    same = same_neighbors(X, y, Q[:2000], 10)
    print(f"queries with the distances of scikit-learn in float64: {same:.2%}")
    before, after = peak_memory(np.concatenate([X, Q])[:50_000], Q)
    print(f"process: {before:.2f} GiB before, {after:.2f} GiB after 50,000 x {len(Q):,}")

    folds = cross_validation(X[:5000], y[:5000], max(1, arguments.repeats - 1))
    for name, seconds in folds.items():
        print(f"{name:56}{seconds:8.2f} s{seconds / folds['KNNClassifierCV()']:8.1f}")

    noise = without_structure(arguments.repeats + 4)
    print("\nnoise: times as fast as the faster of brute and auto")
    for f in noise:
        print(f"{f['samples']:7,} x {f['queries']:5,}{f['features']:6} features "
              f"{f['dtype']} {f['metric']:10}{f['ratio']:7.2f}")  # fmt: skip

    growing = growth(X, y, Q, max(1, arguments.repeats - 1))
    print(json.dumps(growing, indent=1))
    if arguments.figure:
        draw_growth(growing, source, arguments.figure)
    if arguments.json:
        figures = {
            "images": source, "cores": cpu_count(), "duels": duels,
            "manhattan_all": {"queries": len(Q), "seconds": many, "scikit-learn scaled": scaled},
            "same": same, "memory": {"before": before, "after": after, "queries": len(Q)},
            "cross_validation": folds, "noise": noise, "growth": growing,
        }  # fmt: skip
        Path(arguments.json).write_text(json.dumps(figures, indent=2) + "\n")


def print_duel(figure):
    ours = figure["seconds"]["sk231n"]
    print(f"\n{figure['metric']}, {figure['samples']:,} x {figure['queries']:,}, k={figure['k']}")
    for name, seconds in figure["seconds"].items():
        print(f"{name:20}{seconds:8.2f} s{seconds / ours:8.1f}", flush=True)


if __name__ == "__main__":
    main()
