"""The whole workflow: features, classifiers, cross-validation, tuning, test.

    python examples/quickstart.py                # coloured shapes, generated
    python examples/quickstart.py --cifar10 DIR  # CIFAR-10, either version

DIR is a directory or ``.tar.gz`` as published at
https://www.cs.toronto.edu/~kriz/cifar.html; ``sk231n.datasets.fetch_cifar10``
downloads it. A progress bar is drawn if the package ``rich`` is installed (in
a clone: ``pip install -e ".[progress]"``).
"""

import argparse
import importlib.util
import time

from sklearn.callback import ProgressBar
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import StandardScaler

from sk231n import (
    HOG,
    ColorMoments,
    HSVHistogram,
    LinearSVM,
    SoftmaxClassifier,
)
from sk231n.datasets import load_cifar10, make_shapes


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


def with_features(extractors, model):
    """Pipeline of features side by side, standardised, and a classifier."""
    return Pipeline(
        [
            ("features", FeatureUnion(extractors)),
            ("scale", StandardScaler()),
            ("model", model),
        ]
    )


SMALL = [("hog", HOG()), ("hsv", HSVHistogram())]
RICH = [
    ("hog8", HOG()),
    ("hog8_signed", HOG(signed=True, orientations=18)),
    ("hog8_sqrt", HOG(transform_sqrt=True)),
    ("hog4", HOG(pixels_per_cell=(4, 4))),
    ("moments", ColorMoments()),
    ("moments_opponent", ColorMoments(color_space="opponent")),
    ("hue", HSVHistogram(grid=(4, 4), bins=8)),
    ("hsv", HSVHistogram(channels="hsv", bins=(8, 4, 4))),
]


def show_progress(estimator):
    """Draw a progress bar during the fit, if ``rich`` is installed."""
    if importlib.util.find_spec("rich"):
        estimator.set_callbacks(ProgressBar(max_propagation_depth=0))
    return estimator


def print_row(*cells):
    """Print one row of the table."""
    print("{:<22}{:<24}{:>8}{:>8}{:>10}".format(*cells))


def main():
    """Fit all models, print the table, cross-validate and tune a pipeline."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--cifar10", metavar="DIR", help="directory or .tar.gz of CIFAR-10"
    )
    X_train, y_train, X_test, y_test = load_images(parser.parse_args().cifar10)
    print(
        f"{len(X_train)} images to train on, {len(X_test)} unseen, shape "
        f"{X_train.shape[1:]}\n"
    )

    rows = []
    for model in (
        SoftmaxClassifier(random_state=0),
        LinearSVM(random_state=0),
    ):
        for features, estimator in [
            ("raw pixels", model),
            ("HOG + hue histogram", with_features(SMALL, model)),
            ("rich union", with_features(RICH, model)),
        ]:
            start = time.perf_counter()
            show_progress(estimator).fit(X_train, y_train)
            seconds = time.perf_counter() - start
            train, test = (
                estimator.score(X_train, y_train),
                estimator.score(X_test, y_test),
            )
            name = type(model).__name__
            rows.append(
                (
                    name,
                    features,
                    f"{train:.3f}",
                    f"{test:.3f}",
                    f"{seconds:.1f}",
                )
            )
            estimator.set_callbacks()  # the next pipeline sets its own bar
    print()
    print_row("model", "features", "train", "test", "seconds")
    for row in rows:
        print_row(*row)

    pipeline = with_features(SMALL, SoftmaxClassifier(random_state=0))
    scores = cross_val_score(pipeline, X_train, y_train, cv=5)
    accuracy = f"{scores.mean():.3f} +/- {scores.std():.3f}"
    print(f"\nHOG + hue histogram, 5-fold cross-validation: {accuracy}")
    print("Tuning alpha by GridSearchCV ...")
    search = GridSearchCV(
        pipeline, {"model__alpha": [1e-4, 1e-3, 1e-2, 1e-1]}, cv=3
    )
    show_progress(search).fit(X_train, y_train)
    print(
        f"Best alpha {search.best_params_['model__alpha']:g}: "
        f"{search.best_score_:.3f} in "
        f"cross-validation, {search.score(X_test, y_test):.3f} on unseen "
        "images"
    )


if __name__ == "__main__":
    main()
