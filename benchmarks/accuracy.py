"""How accurate the classifiers are, compared with the course and its students.

    python benchmarks/accuracy.py --cifar10 DIR [--json FILE] [--only TEXT ...]

Trains on 40,000 photographs and tests on 10,000, which takes about half an hour. Without --cifar10
it uses coloured shapes of ``make_shapes``, to check that it runs. The figures beside ours are those
of the notes (https://cs231n.github.io), from 50,000 training and 10,000 test images, and the best
of 26 published solutions of the assignments, trained on 49,000 images and scored on 1,000. --only
measures the rows whose names contain one of the texts, and leaves the other rows of the file as
they are.
"""

import argparse
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from joblib import cpu_count
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import confusion_matrix
from sklearn.pipeline import make_pipeline

from sk231n import (
    BiasTrick,
    KNNClassifier,
    KNNClassifierCV,
    LinearSVM,
    MeanSubtraction,
    SoftmaxClassifier,
)
from sk231n.datasets import load_cifar10, make_shapes
from sk231n.losses import WestonWatkins

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
from mlp_recipes import RECIPES, accuracy_and_seconds, load_images
from quickstart import RICH, SMALL, with_features

N_TRIES = 1000  # of the blind strategies, as in the notes


def rows(images):
    return images.reshape(len(images), -1)


def most_confused(y, predicted, n_pairs=3):
    """Pairs of classes that are most often mistaken for one another, the most frequent first."""
    confusions = np.triu(confusion_matrix(y, predicted) + confusion_matrix(predicted, y), k=1)
    worst = np.argsort(-confusions, axis=None)[:n_pairs]
    return np.transpose(np.unravel_index(worst, confusions.shape)).tolist()


def fitted(estimator, flat=True):
    """Train an estimator with all images, as rows or as images."""

    def measure(X, y, X_test, y_test):
        if flat:
            X, X_test = rows(X), rows(X_test)
        start = time.perf_counter()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            predicted = estimator.fit(X, y).predict(X_test)
        seconds = time.perf_counter() - start
        stopped = [w for w in caught if issubclass(w.category, ConvergenceWarning)]
        return {
            "accuracy": float(np.mean(predicted == y_test)),
            "seconds": seconds,
            "most_confused": most_confused(y_test, predicted),
        } | ({"stopped_after": int(estimator.n_iter_)} if stopped else {})

    return measure


def chosen_k(X, y, X_test, y_test):
    """Choose k as the assignment does, with five folds of 5,000 images."""
    start = time.perf_counter()
    model = KNNClassifierCV().fit(rows(X)[:5000], y[:5000])
    accuracy = model.score(rows(X_test), y_test)
    seconds = time.perf_counter() - start
    return {"accuracy": accuracy, "seconds": seconds, "k": int(model.n_neighbors_)}


def blind(share):
    """Search for the weights of a linear classifier without a gradient.

    Each try is a multiple of the best weights so far plus random weights of a given size.
    """

    def measure(X, y, X_test, y_test):
        start = time.perf_counter()
        center = make_pipeline(MeanSubtraction(), BiasTrick()).fit(rows(X))
        X, X_test = (center.transform(rows(Z)) for Z in (X, X_test))
        classes, y = np.unique(y, return_inverse=True)
        rng, loss, lowest = np.random.default_rng(0), WestonWatkins(), np.inf
        shape = X.shape[1], len(classes)
        best = 1e-4 * rng.standard_normal(shape, np.float32)
        for _ in range(N_TRIES):
            step = np.float32(1e-4 if not share else 1e-5) * rng.standard_normal(shape, np.float32)
            weights = share * best + step
            value = loss(X @ weights, y)[0]
            if value < lowest:
                best, lowest = weights, value
        predicted = classes[np.argmax(X_test @ best, axis=1)]
        seconds = time.perf_counter() - start
        return {"accuracy": float(np.mean(predicted == y_test)), "seconds": seconds}

    return measure


def recipe(name):
    return lambda *data: accuracy_and_seconds(name, *data)


# What is measured, how, and the figure beside it with its source.
ROWS = {
    "random search, 1,000 tries": (blind(0), 0.155, "notes"),
    "random local search, 1,000 tries": (blind(1), 0.214, "notes"),
    "`KNNClassifier(1, metric='manhattan')`": (
        fitted(KNNClassifier(1, metric="manhattan")), 0.386, "notes",
    ),
    "`KNNClassifier(1)`": (fitted(KNNClassifier(1)), 0.354, "notes"),
    "`KNNClassifierCV()`, 5,000 to train on": (chosen_k, None, ""),
    "`LinearSVM()` on bytes": (fitted(LinearSVM(random_state=0)), None, ""),
    "`SoftmaxClassifier()` on bytes": (fitted(SoftmaxClassifier(random_state=0)), None, ""),
    "`SoftmaxClassifier(optimizer='lbfgs')` on bytes": (
        fitted(SoftmaxClassifier(optimizer="lbfgs")), None, "",
    ),
    "`LinearSVM()` on HOG and hue histogram": (
        fitted(with_features(SMALL, LinearSVM(random_state=0)), flat=False), None, "",
    ),
    "`LinearSVM()` on the richer union": (
        fitted(with_features(RICH, LinearSVM(random_state=0)), flat=False), None, "",
    ),
    **{f"{name}, a recipe": (recipe(name), best, "solutions") for name, best in
       zip(RECIPES, (0.572, 0.577, 0.594), strict=True)},
}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", metavar="DIR", help="directory of CIFAR-10")
    parser.add_argument("--json", metavar="FILE", help="write the figures here too")
    parser.add_argument("--only", nargs="+", default=[""], metavar="TEXT", help="rows to measure")
    arguments = parser.parse_args()
    file = Path(arguments.json) if arguments.json else None
    before = json.loads(file.read_text())["rows"] if file and file.exists() else {}
    data = load_images(arguments.cifar10)
    names = load_cifar10(arguments.cifar10, split="test") if arguments.cifar10 else make_shapes(8)
    figures = {}
    for name, (measure, beside, source) in ROWS.items():
        if not any(text in name for text in arguments.only):
            figures |= {name: before[name]} if name in before else {}
            continue
        figures[name] = measure(*data) | {"beside": beside, "source": source}
        accuracy, seconds = figures[name]["accuracy"], figures[name]["seconds"]
        note = "" if beside is None else f", beside {beside:.3f} ({source})"
        print(f"{name:52}{accuracy:.4f} in {seconds:7.1f} s{note}", flush=True)
        if file:
            page = {
                "images": "photographs of CIFAR-10" if arguments.cifar10 else "coloured shapes",
                "classes": list(names.target_names),
                "cores": cpu_count(), "trained_on": len(data[0]), "tested_on": len(data[2]),
                "rows": figures | {n: f for n, f in before.items() if n not in figures},
            }  # fmt: skip
            file.write_text(json.dumps(page, indent=2) + "\n")


if __name__ == "__main__":
    main()
