"""What the automatic rate of convolutional networks is worth, and how many images go together.

    python benchmarks/convnet_rate.py [--cifar10 DIR] [--images 8000]

The automatic rate asks the inputs of all weights how far a step may go, but not those of filters
whose outputs are normalised: their size is restored, whatever the step was. The first table has the
accuracy with these filters left out, as they are, and with them; then with other rates in place of
the automatic one. The second table has accuracy and speed for other sizes of the micro-batch.
Without --cifar10 the images are those of ``make_shapes``.
"""

import argparse
import sys
import time
from pathlib import Path
from unittest.mock import patch

from sk231n import ConvNetClassifier
from sk231n.core.network import Network
from sk231n.neural import _convolutional
from sk231n.optimizers import Adam
from sk231n.schedules import CosineDecay

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
from mlp_recipes import load_images

RATES = 0.0005, 0.002, 0.008, 0.032
MOST_VALUES = 2**18, 2**19, 2**20, 2**21


def none_is_normalized(network):
    """Take the place of ``Network.normalized_weights``."""
    return [False for layer in network.layers if layer.weights]


def fitted(data, **arguments):
    """Accuracy, seconds and first learning rate of a network with the default architecture."""
    X_train, y_train, X_test, y_test = data
    model = ConvNetClassifier(random_state=0, **arguments)
    start = time.perf_counter()
    model.fit(X_train, y_train)
    seconds = time.perf_counter() - start
    return model.score(X_test, y_test), seconds, model.history_["learning_rate"][0]


def main():
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", metavar="DIR", help="directory or .tar.gz of CIFAR-10")
    parser.add_argument("--images", type=int, default=8000, help="number of images to train on")
    arguments = parser.parse_args()
    X_train, y_train, X_test, y_test = load_images(arguments.cifar10)
    data = X_train[: arguments.images], y_train[: arguments.images], X_test[:4000], y_test[:4000]
    print(f"trained on {len(data[0])} images, tested on {len(data[2])}\n")

    print("rate                            first rate  accuracy")

    def show(name, accuracy, rate):
        print(f"{name:32}{rate:10.5f}{accuracy:10.3f}", flush=True)

    accuracy, _, rate = fitted(data)
    show("automatic", accuracy, rate)
    with patch.object(Network, "normalized_weights", none_is_normalized):
        accuracy, _, rate = fitted(data)
    show("normalised filters bound it too", accuracy, rate)
    for peak in RATES:
        accuracy, _, rate = fitted(data, optimizer=Adam(), learning_rate=CosineDecay(peak))
        show(f"CosineDecay({peak:g})", accuracy, rate)

    print("\nvalues of a layer at a time  accuracy  seconds")
    for most in MOST_VALUES:
        with patch.object(_convolutional, "_MOST_VALUES", most):
            accuracy, seconds, _ = fitted(data)
        print(f"{most:>28,}{accuracy:10.3f}{seconds:9.1f}", flush=True)


if __name__ == "__main__":
    main()
