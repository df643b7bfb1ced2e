"""Three networks for photographs, and the random search behind them.

    python examples/mlp_recipes.py                         # a minute
    python examples/mlp_recipes.py --cifar10 DIR           # 15 minutes
    python examples/mlp_recipes.py --cifar10 DIR --search  # hours

The recipes are one hidden layer on raw pixels; a deep network with batch
normalization and dropout on raw pixels; and the same on the library's own
features. Horses look left as often as right: the networks on pixels see half
of the images of each mini-batch mirrored. Features cannot be mirrored. The
network on features gets those of the mirror images beside those of the images,
so that an epoch of it has twice as many steps.

The search is random, from coarse to fine: first it draws from a wide range, on
a part of the photographs and for a few epochs, with every number that acts as
a factor drawn log-uniformly; then from a narrow range around the best of the
first. The search only gives a starting point: with 8,000 photographs and five
epochs the best networks have small batches and almost no dropout. Ten times
the images (the others, and all of them mirrored) and more epochs need wider
layers and more dropout; these, and the number of epochs, were then set by
hand.
"""

import argparse
import time

import numpy as np
from scipy.stats import loguniform, uniform
from sklearn.model_selection import RandomizedSearchCV, ShuffleSplit
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from sk231n import HOG, ColorMoments, HSVHistogram, MLPClassifier
from sk231n.augmentation import Mirror
from sk231n.datasets import load_cifar10, make_shapes
from sk231n.losses import CrossEntropy
from sk231n.schedules import OneCycle


def load_images(cifar10):
    """Return training images and labels, test images and labels."""
    if cifar10:
        train, test = (
            load_cifar10(cifar10, split=split) for split in ("train", "test")
        )
        return train.images, train.target, test.images, test.target
    shapes = make_shapes(2500, random_state=0)
    return (
        shapes.images[:2000],
        shapes.target[:2000],
        shapes.images[2000:],
        shapes.target[2000:],
    )


def features():
    """Four HOGs, colour moments, and two histograms: about 3,600 numbers."""
    return make_union(
        HOG(),
        HOG(signed=True, orientations=18),
        HOG(transform_sqrt=True),
        HOG(pixels_per_cell=(4, 4)),
        ColorMoments(moments=("mean", "std", "skew")),
        ColorMoments(color_space="opponent", moments=("mean", "std", "skew")),
        HSVHistogram(grid=(4, 4), bins=8),
        HSVHistogram(channels="hsv", bins=(8, 4, 4)),
    )


def two_layer():
    """One hidden layer on raw bytes."""
    return MLPClassifier(
        (512,), dropout=0.4, augmentation=Mirror(), max_iter=30, random_state=0
    )


def deep():
    """Two hidden layers with batch normalization and dropout on raw bytes."""
    return MLPClassifier(
        (1024, 512),
        normalization="batch",
        dropout=0.4,
        augmentation=Mirror(),
        learning_rate=OneCycle(2e-3),
        max_iter=30,
        random_state=0,
    )


def on_features():
    """The deep network on features instead of pixels."""
    network = MLPClassifier(
        (1024, 512),
        normalization="batch",
        dropout=0.5,
        loss=CrossEntropy(label_smoothing=0.1),
        learning_rate=OneCycle(5e-3),
        max_iter=8,
        random_state=0,
    )
    return make_pipeline(features(), StandardScaler(), network)


RECIPES = {  # what to train, and whether to add mirror images first
    "two layers on pixels": (two_layer, False),
    "deep on pixels": (deep, False),
    "deep on features": (on_features, True),
}


def accuracy_and_seconds(name, X_train, y_train, X_test, y_test):
    """Train a recipe; return its test accuracy, and the seconds of ``fit``."""
    make_estimator, mirror = RECIPES[name]
    start = time.perf_counter()
    if mirror:
        mirrored = Mirror(p=1.0)(X_train, np.random.RandomState(0))
        X_train, y_train = (
            np.concatenate([X_train, mirrored]),
            np.concatenate([y_train, y_train]),
        )
    model = make_estimator().fit(X_train, y_train)
    seconds = time.perf_counter() - start
    return {"accuracy": model.score(X_test, y_test), "seconds": seconds}


# What the searches draw from: first a wide range, then one around the best of
# the first.
WIDTHS = {
    1: [(128,), (256,), (512,), (1024,)],
    2: [(256, 128), (512, 256), (1024, 512)],
}
COARSE = {
    "dropout": uniform(0, 0.7),
    "alpha": loguniform(1e-6, 1e-1),
    "batch_size": [64, 128, 200, 400],
}
COARSE_SCHEDULE = {"learning_rate__peak": loguniform(1e-4, 1e-1)}


def around(best):
    """Narrow distributions around the parameters that a search found."""
    fine = {}
    for name, value in best.items():
        if name.endswith("dropout"):
            fine[name] = uniform(max(value - 0.15, 0), 0.3)
        elif name.endswith(("alpha", "peak")):
            fine[name] = loguniform(value / 3, value * 3)
        else:
            fine[name] = [value]
    return fine


def search(name, X, y, n_iter=20, max_iter=5):
    """Search a recipe's parameters, from coarse to fine; print the best."""
    estimator = RECIPES[name][0]()
    if isinstance(estimator, Pipeline):  # the features are computed only once
        X = estimator[:-1].fit_transform(X)
        estimator = estimator[-1]
    distributions = {
        "hidden_layer_sizes": WIDTHS[len(estimator.hidden_layer_sizes)],
        **COARSE,
    }
    if isinstance(estimator.learning_rate, OneCycle):
        distributions |= COARSE_SCHEDULE
    estimator.set_params(max_iter=max_iter)
    folds = ShuffleSplit(1, test_size=0.2, random_state=0)
    for stage in ("coarse", "fine"):
        found = RandomizedSearchCV(
            estimator,
            distributions,
            n_iter=n_iter,
            cv=folds,
            refit=False,
            random_state=0,
        ).fit(X, y)
        print(
            f"{name}, {stage}: {found.best_score_:.3f} with "
            f"{found.best_params_}"
        )
        distributions = around(found.best_params_)


def main():
    """Train the three recipes, or search first."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--cifar10", metavar="DIR", help="directory or .tar.gz of CIFAR-10"
    )
    parser.add_argument(
        "--search", action="store_true", help="run the searches too"
    )
    parser.add_argument(
        "--search-images",
        type=int,
        default=10000,
        help="images to search with",
    )
    arguments = parser.parse_args()
    data = load_images(arguments.cifar10)
    print(f"{len(data[0])} images to train on, {len(data[2])} unseen")
    for name in RECIPES:
        if arguments.search:
            search(
                name,
                data[0][: arguments.search_images],
                data[1][: arguments.search_images],
            )
        result = accuracy_and_seconds(name, *data)
        print(
            f"{name:22}{result['accuracy']:.4f} in {result['seconds']:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
