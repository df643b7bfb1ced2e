"""A network that learns which way up patches of photographs are, and so has to see edges."""

from functools import cache

import numpy as np
from sklearn.datasets import load_sample_images

from sk231n import ConvNetClassifier
from sk231n.layers import BatchNorm, Conv2D, GlobalAveragePool2D, MaxPool2D, ReLU

SIDE, SCALE = 17, 4


def shrunk(photograph, scale=SCALE):
    """The means of squares of pixels, as bytes."""
    height, width = (side // scale for side in photograph.shape[:2])
    squares = photograph[: height * scale, : width * scale]
    means = squares.reshape(height, scale, width, scale, 3).mean(axis=(1, 3))
    return np.rint(means).astype(np.uint8)


@cache
def network():
    """The network, trained on patches that are turned by no, one, two or three right angles."""
    photographs = [shrunk(image) for image in load_sample_images().images]
    rng = np.random.default_rng(0)
    patches, turns = [], rng.integers(4, size=500)
    for turn in turns:
        photograph = photographs[rng.integers(2)]
        top, left = (rng.integers(side - SIDE) for side in photograph.shape[:2])
        patches.append(np.rot90(photograph[top : top + SIDE, left : left + SIDE], turn))
    layers = [Conv2D(16, 7, stride=2, padding="valid"), BatchNorm(), ReLU(), MaxPool2D()]
    layers += [Conv2D(16), BatchNorm(), ReLU(), GlobalAveragePool2D()]
    model = ConvNetClassifier(layers, alpha=0.03, batch_size=32, max_iter=12, random_state=0)
    return model.fit(np.array(patches), turns)
