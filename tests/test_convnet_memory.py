"""What a fit of a convolutional network needs beside its images: no more for larger batches."""

import tracemalloc

import joblib
import numpy as np
import pytest

from sk231n import ConvNetClassifier
from sk231n.layers import BatchNorm, Conv2D, MaxPool2D, ReLU


def recipe(first, widths):
    """Layers like those of ``examples/convnet_recipes.py``."""
    layers = [Conv2D(first), BatchNorm(), ReLU()]
    for n_filters in widths:
        layers += [Conv2D(n_filters), MaxPool2D(), BatchNorm(), ReLU()]
        layers += [Conv2D(n_filters), BatchNorm(), ReLU()]
    return [*layers, MaxPool2D(4)]


@pytest.mark.parametrize(
    ("first", "widths", "batch_size", "megabytes_per_thread"),
    [
        (24, (32, 64, 128), 128, 28),
        (24, (32, 64, 128), 256, 28),
        (32, (32, 96, 192), 128, 40),
    ],
)
def test_memory_of_a_fit(first, widths, batch_size, megabytes_per_thread):
    rng = np.random.RandomState(0)
    images = rng.randint(0, 256, (256, 32, 32, 3), dtype=np.uint8)
    y = np.arange(256) % 10
    model = ConvNetClassifier(
        recipe(first, widths), batch_size=batch_size, max_iter=1, random_state=0
    )
    tracemalloc.start()
    with joblib.parallel_config(backend="threading", n_jobs=2):
        model.fit(images, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    parameters = sum(array.nbytes for array in (*model.coefs_, *model.intercepts_))
    batch = 4 * images[0].size * batch_size
    allowed = images.nbytes + 4 * parameters + 2 * batch + 2e6 * megabytes_per_thread
    assert peak < allowed
