"""How fast and how accurate the linear classifiers are, on pixels and on features.

    python benchmarks/linear.py --cifar10 DIR [--json FILE]

Everything runs in one process, in turn, with a pause of 0.2 s before each run (the threads of the
previous one may still be spinning); times are medians of the repeats. Without --cifar10 the images
are those of ``make_shapes``. --linear-svc adds a single run of scikit-learn's LinearSVC, which
takes many minutes.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from sk231n import LinearSVM, SoftmaxClassifier
from sk231n.datasets import load_cifar10, make_shapes

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
from quickstart import RICH, SMALL, with_features

IMPORT_TIME = """
import importlib, sys, time
for name in sys.argv[1:]:
    importlib.import_module(name)
start = time.perf_counter()
import sk231n
print(time.perf_counter() - start)
"""


def load_images(directory):
    """What the images are; training images and labels, test images and labels."""
    if directory:
        train, test = (load_cifar10(directory, split=split) for split in ("train", "test"))
        return "photographs of CIFAR-10", train.data, train.target, test.data, test.target
    shapes = make_shapes(6000, random_state=0)
    return (
        "coloured shapes of make_shapes",
        shapes.data[:5000],
        shapes.target[:5000],
        shapes.data[5000:],
        shapes.target[5000:],
    )


def on_pixels(X_train, y_train, X_test, y_test, repeats, linear_svc):
    """Median seconds of ``fit`` and test accuracy: ours on raw uint8, theirs on float32 in 0..1."""
    scaled, scaled_test = (X.astype(np.float32) / 255 for X in (X_train, X_test))
    raw = (X_train, X_test)
    competitors = {
        "SoftmaxClassifier()": (SoftmaxClassifier(random_state=0), raw, repeats),
        "SoftmaxClassifier(max_iter=3)": (
            SoftmaxClassifier(max_iter=3, random_state=0), raw, repeats,
        ),
        "LinearSVM()": (LinearSVM(random_state=0), raw, repeats),
        "LogisticRegression(max_iter=50)": (
            LogisticRegression(max_iter=50), (scaled, scaled_test), repeats,
        ),
    }  # fmt: skip
    if linear_svc:
        model = LinearSVC(max_iter=linear_svc)
        competitors[f"LinearSVC(max_iter={linear_svc})"] = (model, (scaled, scaled_test), 1)
    seconds, accuracy = {name: [] for name in competitors}, {}
    for repeat in range(repeats):
        for name, (model, (train, test), n_runs) in competitors.items():
            if repeat < n_runs:
                time.sleep(0.2)
                start = time.perf_counter()
                model.fit(train, y_train)
                seconds[name].append(time.perf_counter() - start)
                accuracy[name] = model.score(test, y_test)
    return {
        name: {"seconds": statistics.median(seconds[name]), "accuracy": accuracy[name]}
        for name in competitors
    }


def over_seeds(X_train, y_train, X_test, y_test, n_seeds):
    """Smallest and largest test accuracy on raw pixels over some seeds."""
    spread = {}
    for model in (SoftmaxClassifier(), LinearSVM()):
        scores = [
            model.set_params(random_state=seed).fit(X_train, y_train).score(X_test, y_test)
            for seed in range(n_seeds)
        ]
        spread[f"{type(model).__name__}()"] = [min(scores), max(scores)]
    return spread


def on_features(X_train, y_train, X_test, y_test):
    """Seconds and test accuracy of the quickstart's two pipelines, including extraction."""
    figures = {}
    for features, extractors in (("HOG + hue histogram", SMALL), ("rich union", RICH)):
        for model in (SoftmaxClassifier(random_state=0), LinearSVM(random_state=0)):
            start = time.perf_counter()
            pipeline = with_features(extractors, model).fit(X_train, y_train)
            figures[f"{type(model).__name__}() on {features}"] = {
                "features": pipeline[-1].n_features_in_,
                "seconds": time.perf_counter() - start,
                "accuracy": pipeline.score(X_test, y_test),
            }
    return figures


def peak_memory(X_train, y_train):
    """Peak of the memory allocated during ``fit``, as a share of the training set in float32."""
    tracemalloc.start()
    SoftmaxClassifier(random_state=0).fit(X_train, y_train)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / (4 * X_train.size)


def import_milliseconds(repeats):
    """Milliseconds that ``import sk231n`` adds to importing the other modules it uses."""
    listing = "import sys, sk231n; print(*(m for m in sys.modules if m.startswith('sk')))"
    names = subprocess.check_output([sys.executable, "-c", listing], text=True).split()
    names = [name for name in names if name.startswith("sklearn") and "._" not in name]
    command = [sys.executable, "-c", IMPORT_TIME, "scipy.optimize", "scipy.linalg", *names]
    cached = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    runs = [float(subprocess.check_output(command, env=cached)) for _ in range(repeats + 1)]
    return 1000 * statistics.median(runs[1:])  # the first one compiled


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", metavar="DIR", help="directory of CIFAR-10")
    parser.add_argument("--json", metavar="FILE", help="write the figures here too")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--linear-svc", type=int, metavar="MAX_ITER", default=0)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    source, *data = load_images(arguments.cifar10)
    images = f"{len(data[0]):,} {source} to train on, {len(data[2]):,} to test on"
    print(images)

    pixels = on_pixels(*data, arguments.repeats, arguments.linear_svc)
    slowest = pixels["LogisticRegression(max_iter=50)"]["seconds"]
    print(f"\n{'raw pixels':34}{'seconds':>8}{'test':>8}  times as fast as LogisticRegression")
    for name, figure in pixels.items():
        ratio = slowest / figure["seconds"]
        print(f"{name:34}{figure['seconds']:8.2f}{figure['accuracy']:8.4f}{ratio:8.2f}")

    seeds = over_seeds(*data, arguments.seeds)
    for name, (low, high) in seeds.items():
        print(f"{name} over {arguments.seeds} seeds: {low:.4f} to {high:.4f}")

    features = on_features(*data)
    print(f"\n{'features':46}{'number':>8}{'seconds':>9}{'test':>8}")
    for name, figure in features.items():
        print(f"{name:46}{figure['features']:8}{figure['seconds']:9.2f}{figure['accuracy']:8.4f}")

    memory, milliseconds = peak_memory(*data[:2]), import_milliseconds(7)
    print(f"\npeak memory of fit: {memory:.3f} of the training set in float32")
    print(f"import sk231n: {milliseconds:.1f} ms on top of the scikit-learn modules it uses")
    if arguments.json:
        figures = {
            "images": images, "pixels": pixels, "n_seeds": arguments.seeds, "seeds": seeds,
            "features": features, "peak_memory": memory, "import_milliseconds": milliseconds,
        }  # fmt: skip
        Path(arguments.json).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
