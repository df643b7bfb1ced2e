"""Nearest neighbours three ways, and three more: the same at other speeds.

    python examples/knn_three_ways.py                # coloured shapes
    python examples/knn_three_ways.py --cifar10 DIR  # as in the course

The first assignment of CS231n asks for the distances between images with two
loops, with one and with none. Here all three are plugged into one classifier,
as are SciPy's distances, and compared with scikit-learn's classifier and this
package's own. DIR is CIFAR-10 as published at
https://www.cs.toronto.edu/~kriz/cifar.html, unpacked or as a ``.tar.gz``; on
it each of the two versions with loops takes about 20 seconds.
"""

import argparse
import time

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.neighbors import KNeighborsClassifier

from sk231n import KNNClassifier, reference
from sk231n.datasets import load_cifar10, make_shapes

THREE_WAYS = {
    "two loops": reference.distances_two_loops,
    "one loop": reference.distances_one_loop,
    "no loop": reference.distances_no_loop,
}
CLASSIFIERS = {
    **{name: KNNClassifier(5, metric=way) for name, way in THREE_WAYS.items()},
    "SciPy's cdist": KNNClassifier(5, metric=cdist),
    "scikit-learn, brute force": KNeighborsClassifier(5, algorithm="brute"),
    "KNNClassifier": KNNClassifier(5),
}

WHY = """\
Why?

Two loops: one pair of images at a time. Each pair costs two index operations
and four calls of NumPy, and starting them takes the interpreter about as long
as their work on {d:,} numbers.

One loop: {n:,} times fewer calls, and yet hardly faster, if at all. The
differences of one query to all training images fill an array of
{temporary:,.0f} MB, more than the cache of a core holds. It is written to
memory, read to be squared into a second one, and that is read to be summed;
now memory is the bottleneck. In blocks of 100 training images the same loop
takes about half as long.

No loop: |a - b|^2 = |a|^2 + |b|^2 - 2 a.b leaves one matrix product, and the
BLAS library computes it in tiles that stay in the cache. A number that the
loops fetch for a few operations is used for hundreds here, which keeps the
arithmetic units of all cores busy. In float32 they would do twice as much per
second, on half the bytes; but float32 has 7 digits instead of 16, and this
formula loses some of them, as the table at the end shows.

cdist: two loops again, in C. There is no interpreter and no temporary array,
but every pair fetches its training image again, for three operations per
number, and one core does all the work.

scikit-learn: the no-loop formula in float64, for one chunk of queries at a
time, so that memory stays bounded however many queries there are.

KNNClassifier: nearly all pairs need no exact distance. One matrix product in
float32, and a bound on its rounding error, rule out nearly all training
images; only the few that are left are compared number by number, by the direct
formula. If there are many training images, the product does not even use all
{d:,} numbers: in a few dozen well-chosen orthogonal coordinates two images are
never farther apart than in all of them, so these coordinates bound every
distance from below at a fraction of the cost.
"""

DIGITS = """\
The no-loop formula has a price: it loses digits. Below, an offset is added to
all pixels, which range from 0 to 1. The distances do not change, but the
squares in the formula grow, and their leading digits cancel. These are the
largest relative errors of the distances of {m} x {n} images:
"""


def load_images(cifar10):
    """Return images and labels for training and test, as rows of bytes."""
    if cifar10:
        train, test = (
            load_cifar10(cifar10, split=split) for split in ("train", "test")
        )
        return (
            train.data[:5000],
            train.target[:5000],
            test.data[:500],
            test.target[:500],
        )
    shapes = make_shapes(2200, random_state=0)
    return (
        shapes.data[:2000],
        shapes.target[:2000],
        shapes.data[2000:],
        shapes.target[2000:],
    )


def predict(classifier, X_train, y_train, X_test):
    """Return predictions and the least seconds they took, including fit."""
    seconds = []
    while sum(seconds) < 1 and len(seconds) < 5:
        time.sleep(
            0.2
        )  # idle threads of the previous one keep cores busy for a while
        start = time.perf_counter()
        predictions = classifier.fit(X_train, y_train).predict(X_test)
        seconds.append(time.perf_counter() - start)
    return predictions, min(seconds)


def compare_speed(X_train, y_train, X_test, y_test):
    """Time all classifiers on the same images; compare their predictions."""
    print(f"{'':<27}{'seconds':>9}{'times as fast':>15}")
    results = {}
    for name, classifier in CLASSIFIERS.items():
        results[name] = predict(classifier, X_train, y_train, X_test)
        seconds, slowest = results[name][1], results["two loops"][1]
        print(
            f"{name:<27}{seconds:>9.3f}{slowest / seconds:>15.1f}", flush=True
        )

    expected, _ = results["two loops"]
    others = [
        name
        for name, (found, _) in results.items()
        if np.any(found != expected)
    ]
    print(
        "\nPredictions that differ from those of two loops: "
        f"{', '.join(others) or 'none'}."
    )
    print(
        "The five nearest vote for the right class: "
        f"{np.mean(expected == y_test):.0%}.\n"
    )


def compare_digits(A, B):
    """Print the errors of the three ways as images move from the origin."""
    print(f"{'offset':<12}" + "".join(f"{name:>12}" for name in THREE_WAYS))
    for offset in (0, 1e2, 1e4, 1e6, 1e8):
        far_A, far_B = A / 255 + offset, B / 255 + offset
        # Subtracting is exact: what was rounded off is missing on both sides.
        exact = reference.distances_two_loops(far_A - offset, far_B - offset)
        errors = [
            np.max(np.abs(way(far_A, far_B) / exact - 1))
            for way in THREE_WAYS.values()
        ]
        print(
            f"{offset:<12g}" + "".join(f"{error:>12.1g}" for error in errors)
        )


def main():
    """Compare the speed of all classifiers, then digits of the three ways."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--cifar10", metavar="DIR", help="directory or .tar.gz of CIFAR-10"
    )
    X_train, y_train, X_test, y_test = load_images(parser.parse_args().cifar10)
    (n, d), m = X_train.shape, len(X_test)
    print(
        f"The 5 nearest of {n:,} images for each of {m:,} others, {d:,} bytes "
        "an image\n"
    )

    compare_speed(X_train, y_train, X_test, y_test)
    print(WHY.format(n=n, d=d, temporary=n * d * 8 / 1e6))
    print(DIGITS.format(m=20, n=30))
    compare_digits(X_test[:20], X_train[:30])


if __name__ == "__main__":
    main()
