"""Three convolutional networks for photographs, and a search for better ones.

    python examples/convnet_recipes.py                         # a minute
    python examples/convnet_recipes.py --cifar10 DIR           # half an hour
    python examples/convnet_recipes.py --cifar10 DIR --search  # 7 minutes more

All three have a first convolution and three groups of two: convolution,
pooling, batch normalization, ReLU, convolution, batch normalization, ReLU.
Pooling comes before the normalization, which then has a quarter of the pixels
to work on. The largest value of each channel goes to the scores. While
training, images are mirrored and shifted by a few pixels, labels are smoothed,
and the rate goes up and down once.

Rate, momentum, penalty and smoothing are round numbers that are usual for such
networks; widths and epochs were set by hand, by the minutes that they take: at
equal time, more epochs of a narrower network were better. On 10,000
photographs the search finds a rate of 0.215, a momentum of 0.92 and a penalty
of 5.5e-4, with more smoothing, 0.21, and batches of 64. It looks for better
settings at random, on a part of the photographs and for a few epochs, judged
on others of them: first in a wide range, every number that acts as a factor
being drawn log-uniformly, then in a narrow one around the best.
"""

import argparse
import time

import numpy as np
from mlp_recipes import load_images
from scipy.stats import loguniform, uniform
from sklearn.model_selection import RandomizedSearchCV, ShuffleSplit

from sk231n import ConvNetClassifier
from sk231n.augmentation import Mirror, Shift
from sk231n.layers import BatchNorm, Conv2D, MaxPool2D, ReLU
from sk231n.losses import CrossEntropy
from sk231n.optimizers import Momentum
from sk231n.schedules import OneCycle


def group(n_filters):
    """Two convolutions, the first pooled; each normalised and rectified."""
    return [
        Conv2D(n_filters),
        MaxPool2D(),
        BatchNorm(),
        ReLU(),
        Conv2D(n_filters),
        BatchNorm(),
        ReLU(),
    ]


def layers(first, widths):
    """Layers for images of 32 x 32 pixels, up to the scores."""
    groups = [layer for n_filters in widths for layer in group(n_filters)]
    return [
        Conv2D(first),
        BatchNorm(),
        ReLU(),
        *groups,
        MaxPool2D(32 // 2 ** len(widths)),
    ]


def network(first, widths, max_iter, shift=2):
    """Make a network with the settings that all recipes share."""
    return ConvNetClassifier(
        layers(first, widths),
        augmentation=[Mirror(), Shift(shift)],
        loss=CrossEntropy(label_smoothing=0.1),
        optimizer=Momentum(nesterov=True),
        learning_rate=OneCycle(0.2),
        alpha=5e-4,
        batch_size=128,
        max_iter=max_iter,
        tol=None,
        random_state=0,
    )


def three_minutes():
    """Some 295,000 parameters."""
    return network(24, (32, 64, 128), max_iter=8)


def seven_minutes():
    """Some 630,000 parameters: more filters where the images are small."""
    return network(32, (32, 96, 192), max_iter=15)


def quarter_of_an_hour():
    """The same network for more epochs; its images are shifted further."""
    return network(32, (32, 96, 192), max_iter=33, shift=4)


RECIPES = {
    "three minutes": three_minutes,
    "seven minutes": seven_minutes,
    "a quarter of an hour": quarter_of_an_hour,
}


def accuracies_and_seconds(model, X_train, y_train, X_test, y_test):
    """Train; return accuracies without and with mirror images, and seconds."""
    start = time.perf_counter()
    model.fit(X_train, y_train)
    seconds = time.perf_counter() - start
    scores = model.predict_proba(X_test)
    votes = scores + model.predict_proba(X_test[:, :, ::-1])
    accuracy, mirrored = (
        np.mean(model.classes_[s.argmax(axis=1)] == y_test)
        for s in (scores, votes)
    )
    return {
        "accuracy": accuracy,
        "with mirrored votes": mirrored,
        "seconds": seconds,
    }


COARSE = {
    "learning_rate__peak": loguniform(0.02, 1),
    "optimizer__momentum": uniform(0.8, 0.18),
    "alpha": loguniform(1e-5, 1e-2),
    "loss__label_smoothing": uniform(0, 0.2),
    "batch_size": [64, 128, 256],
}


def around(best):
    """Narrow distributions around the parameters that a search found."""
    fine = {}
    for name, value in best.items():
        if name in ("learning_rate__peak", "alpha"):
            fine[name] = loguniform(value / 2, value * 2)
        elif name == "loss__label_smoothing":
            fine[name] = uniform(max(value - 0.05, 0), 0.1)
        else:
            fine[name] = [value]
    return fine


def search(X, y, n_iter=12, max_iter=4):
    """Search settings of the small network on some images; print the best."""
    distributions = COARSE
    folds = ShuffleSplit(1, test_size=0.2, random_state=0)
    for stage in ("coarse", "fine"):
        found = RandomizedSearchCV(
            three_minutes().set_params(max_iter=max_iter), distributions,
            n_iter=n_iter, cv=folds, refit=False, random_state=0,
        ).fit(X, y)  # fmt: skip
        print(
            f"{stage}: {found.best_score_:.3f} with {found.best_params_}",
            flush=True,
        )
        distributions = around(found.best_params_)


def main():
    """Train recipes on photographs, or a small network on coloured shapes."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--cifar10", metavar="DIR", help="directory or .tar.gz of CIFAR-10"
    )
    parser.add_argument(
        "--search", action="store_true", help="run the search too"
    )
    parser.add_argument(
        "--search-images",
        type=int,
        default=10000,
        help="images to search with",
    )
    parser.add_argument(
        "--recipe", choices=RECIPES, help="train this one alone"
    )
    arguments = parser.parse_args()
    data = load_images(arguments.cifar10)
    print(f"{len(data[0])} images to train on, {len(data[2])} unseen")
    if arguments.search:
        search(
            data[0][: arguments.search_images],
            data[1][: arguments.search_images],
        )
    recipes = (
        RECIPES
        if arguments.cifar10
        else {"on shapes": lambda: network(8, (16, 32), 8)}
    )
    for name in [arguments.recipe] if arguments.recipe else recipes:
        result = accuracies_and_seconds(recipes[name](), *data)
        print(
            f"{name:22}{result['accuracy']:.4f}, with the votes of mirror "
            "images "
            f"{result['with mirrored votes']:.4f}, in {result['seconds']:.0f} "
            "s",
            flush=True,
        )


if __name__ == "__main__":
    main()
