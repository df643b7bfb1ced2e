"""What a fit of a convolutional network needs beside its images: no more for larger batches."""

import tracemalloc

import joblib
import numpy as np
import pytest

from sk231n import ConvNetClassifier
from sk231n.layers import BatchNorm, Conv2D, GlobalAveragePool2D, MaxPool2D, ReLU

LAYERS = [
    Conv2D(24), BatchNorm(), ReLU(), Conv2D(32), MaxPool2D(), BatchNorm(), ReLU(), Conv2D(48),
    MaxPool2D(), BatchNorm(), ReLU(), GlobalAveragePool2D(),
]  # fmt: skip


@pytest.mark.parametrize("batch_size", [128, 512])
def test_memory_of_a_fit(batch_size):
    rng = np.random.RandomState(0)
    images = rng.randint(0, 256, (512, 32, 32, 3), dtype=np.uint8)
    y = np.arange(512) % 10
    model = ConvNetClassifier(LAYERS, batch_size=batch_size, max_iter=1, random_state=0)
    tracemalloc.start()
    with joblib.parallel_config(backend="threading", n_jobs=2):
        model.fit(images, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    parameters = sum(array.nbytes for array in (*model.coefs_, *model.intercepts_))
    batch = 4 * images[0].size * batch_size
    assert peak < images.nbytes + 4 * parameters + 2 * batch + 100e6
