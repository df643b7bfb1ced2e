"""How fast this tree is beside another one, such as a worktree of an older revision.

    git worktree add ../before HEAD~10
    python benchmarks/revisions.py ../before [--repeats 9]

Two processes, one for each tree, run the same fits in turn; the ratios are new to old, of the
medians and of the minima. Data are random bytes in the shapes of CIFAR-10's photographs: the time
of a fit with a given number of steps does not depend on them.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NAMES = [
    "import", "network 3072-100-10", "network 3072-512-256-10", "with batch norm and dropout",
    "softmax, bytes", "SVM, bytes", "softmax, features", "L-BFGS", "predictions", "one image",
]  # fmt: skip


def jobs():
    """What is timed, by name."""
    import numpy as np

    from sk231n import LinearSVM, MLPClassifier, SoftmaxClassifier

    rng = np.random.RandomState(0)
    X = rng.randint(0, 256, (10_000, 3072)).astype(np.uint8)
    y = rng.randint(0, 10, len(X))
    features = rng.standard_normal((10_000, 300)).astype(np.float32)
    options = {"random_state": 0, "tol": None}
    deep = {**options, "hidden_layer_sizes": (512, 256), "batch_size": 128, "max_iter": 1}
    fits = {
        "network 3072-100-10": (MLPClassifier((100,), max_iter=3, **options), X),
        "network 3072-512-256-10": (MLPClassifier(**deep), X),
        "with batch norm and dropout": (
            MLPClassifier(**deep, normalization="batch", dropout=0.3), X,
        ),
        "softmax, bytes": (SoftmaxClassifier(max_iter=4, **options), X),
        "SVM, bytes": (LinearSVM(max_iter=4, **options), X),
        "softmax, features": (SoftmaxClassifier(max_iter=20, **options), features),
        "L-BFGS": (SoftmaxClassifier(optimizer="lbfgs", max_iter=10, **options), features),
    }  # fmt: skip
    for name, (model, data) in fits.items():
        yield name, lambda model=model, data=data: model.fit(data, y)
    fitted = fits["network 3072-100-10"][0].fit(X, y)
    yield "predictions", lambda: fitted.predict(X)
    yield "one image", lambda: [fitted.predict(X[:1]) for _ in range(300)]


def serve():
    """Time what the other process asks for, until it asks no more."""
    prepared = dict(jobs())
    for line in sys.stdin:
        work = prepared[line.strip()]
        time.sleep(0.2)  # threads of the other process may still be spinning
        start = time.perf_counter()
        work()
        print(time.perf_counter() - start, flush=True)


def environment(tree):
    """Environment in which that tree is imported."""
    return {**os.environ, "PYTHONPATH": str(Path(tree).resolve()), "PYTHONWARNINGS": "ignore"}


def import_time(tree):
    """Seconds that ``import sk231n`` takes once the packages it needs are there."""
    code = (
        "import time, numpy, scipy.optimize, scipy.spatial, scipy.special, sklearn.callback, "
        "sklearn.metrics, sklearn.model_selection; start = time.perf_counter(); import sk231n; "
        "print(time.perf_counter() - start)"
    )
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, env=environment(tree), capture_output=True, text=True, check=True)
    return float(run.stdout)


def main():
    """Compare the two trees."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree")
    parser.add_argument("--repeats", type=int, default=9)
    arguments = parser.parse_args()
    trees = {"old": arguments.tree, "new": ROOT}
    servers = {
        which: subprocess.Popen(
            [sys.executable, __file__, "--serve"], env=environment(tree), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for which, tree in trees.items()
    }  # fmt: skip
    print(f"{'':30}{'old, s':>10}{'new, s':>10}{'medians':>10}{'minima':>10}")
    for name in NAMES:
        seconds = {"old": [], "new": []}
        for _ in range(arguments.repeats + 1):
            for which, tree in trees.items():
                if name == "import":
                    seconds[which].append(import_time(tree))
                    continue
                print(name, file=servers[which].stdin, flush=True)
                seconds[which].append(float(servers[which].stdout.readline()))
        old, new = (seconds[which][1:] for which in trees)  # the first call warms up
        medians = [statistics.median(values) for values in (old, new)]
        print(
            f"{name:30}{medians[0]:10.4f}{medians[1]:10.4f}{medians[1] / medians[0]:10.3f}"
            f"{min(new) / min(old):10.3f}"
        )
    for server in servers.values():
        server.stdin.close()
        server.wait()


if __name__ == "__main__":
    serve() if "--serve" in sys.argv else main()
