"""How the cost grows with classes, layers and the size of images; memory peaks; import time.

    python benchmarks/growth.py [--json FILE]

All of it runs on normal noise: the measurements do not depend on what the numbers mean. The
competitors of a row run in one process, in turn, with a pause of 0.2 s before each run; times are
medians of the repeats. ``neighbors.py`` measures how the cost of the neighbours grows with samples
and features.
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
from joblib import cpu_count
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier as SklearnMLP

from sk231n import HOG, HSVHistogram, KNNClassifier, LinearSVM, MLPClassifier, SoftmaxClassifier

N_EPOCHS = 2
CLASSES = (2, 10, 100, 1000)
LAYERS = (1, 2, 4, 8)
WIDTHS = (16, 32, 64, 128, 256)
IMPORT_TIME = """
import importlib, sys, time
start = time.perf_counter()
for name in sys.argv[1:]:
    importlib.import_module(name)
between = time.perf_counter()
import sk231n
print(between - start, time.perf_counter() - between)
"""


def take_turns(competitors, repeats):
    """Median seconds of each."""
    seconds = {name: [] for name in competitors}
    for _ in range(repeats):
        for name, run in competitors.items():
            time.sleep(0.2)
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(times) for name, times in seconds.items()}


def with_classes(repeats, n_samples=10_000, n_features=512):
    """Seconds per epoch of the linear classifiers, for more and more classes."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((n_samples, n_features)).astype(np.float32)
    ours = {"max_iter": N_EPOCHS, "tol": None, "learning_rate": 1e-3}
    theirs = {"max_iter": N_EPOCHS, "tol": None, "n_jobs": -1}
    figures = {}
    for n_classes in CLASSES:
        y = rng.randint(0, n_classes, n_samples)
        competitors = {
            "SoftmaxClassifier": lambda y=y: SoftmaxClassifier(**ours).fit(X, y),
            "LinearSVM": lambda y=y: LinearSVM(**ours).fit(X, y),
        }
        if n_classes <= 100:  # one machine per class: beyond that it takes minutes
            competitors["SGDClassifier"] = lambda y=y: SGDClassifier(**theirs).fit(X, y)
        seconds = take_turns(competitors, repeats)
        figures[n_classes] = {name: s / N_EPOCHS for name, s in seconds.items()}
    return figures


def with_layers(repeats, n_samples=10_000, width=256):
    """Seconds per epoch of the networks, for more and more hidden layers."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((n_samples, width)).astype(np.float32)
    y = rng.randint(0, 10, n_samples)
    settings = {"batch_size": 200, "max_iter": N_EPOCHS}
    figures = {}
    for n_layers in LAYERS:
        hidden = (width,) * n_layers
        seconds = take_turns(
            {
                "MLPClassifier": lambda h=hidden: MLPClassifier(
                    h, learning_rate=1e-3, tol=None, **settings
                ).fit(X, y),
                "scikit-learn": lambda h=hidden: SklearnMLP(h, **settings).fit(X, y),
            },
            repeats,
        )
        figures[n_layers] = {name: s / N_EPOCHS for name, s in seconds.items()}
    return figures


def with_pixels(repeats, n_bytes=2**25):
    """Megapixels per second of the features, for larger and larger colour images."""
    rng = np.random.RandomState(0)
    figures = {}
    for width in WIDTHS:
        images = rng.randint(0, 256, (n_bytes // (3 * width**2), width, width, 3), dtype=np.uint8)
        seconds = take_turns(
            {
                "HOG": lambda images=images: HOG().fit_transform(images),
                "HSVHistogram": lambda images=images: HSVHistogram().fit_transform(images),
            },
            repeats,
        )
        figures[width] = {name: len(images) * width**2 / 1e6 / s for name, s in seconds.items()}
    return figures


def memory_peaks(n_samples=10_000):
    """MiB that a call allocates at its peak, and the MiB of its data."""
    rng = np.random.RandomState(0)
    images = rng.randint(0, 256, (n_samples, 32, 32, 3), dtype=np.uint8)
    X, y = images.reshape(n_samples, -1), rng.randint(0, 10, n_samples)
    neighbors = KNNClassifier(10).fit(X, y)
    calls = {
        "KNNClassifier(10).predict, all on all": lambda: neighbors.predict(X),
        "SoftmaxClassifier().fit": lambda: SoftmaxClassifier(max_iter=1, tol=None).fit(X, y),
        "LinearSVM().fit": lambda: LinearSVM(max_iter=1, tol=None).fit(X, y),
        "MLPClassifier((512,)).fit": lambda: MLPClassifier((512,), max_iter=1, tol=None).fit(X, y),
        "HOG().fit_transform": lambda: HOG().fit_transform(images),
        "HSVHistogram().fit_transform": lambda: HSVHistogram().fit_transform(images),
    }
    figures = {"the data": X.nbytes / 2**20}
    for name, call in calls.items():
        tracemalloc.start()
        call()
        figures[name] = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
    return figures


def import_milliseconds(repeats):
    """Median milliseconds that scikit-learn's modules take, and ``sk231n`` on top of them."""
    probe = "import sys, sk231n; print(*[n for n in sys.modules if n.startswith('sklearn')])"
    modules = subprocess.check_output([sys.executable, "-c", probe], text=True).split()
    turns = []
    for _ in range(repeats + 1):
        command = [sys.executable, "-c", IMPORT_TIME, *modules]
        output = subprocess.check_output(command, text=True, env=dict(os.environ))
        turns.append([1e3 * float(number) for number in output.split()])
    sklearn, ours = (statistics.median(column) for column in zip(*turns[1:], strict=True))
    return {"scikit-learn": sklearn, "sk231n": ours}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE", help="write the figures here too")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    figures = {
        "cores": cpu_count(),
        "classes": with_classes(arguments.repeats),
        "layers": with_layers(arguments.repeats),
        "pixels": with_pixels(arguments.repeats),
        "memory": memory_peaks(),
        "import": import_milliseconds(arguments.repeats),
    }
    print(json.dumps(figures, indent=1))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
