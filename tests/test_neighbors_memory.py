"""Memory: the training data once, a reduced copy, and what the configuration allows."""

import tracemalloc

import numpy as np
import pytest
from sklearn import config_context

from sk231n import KNNClassifier


def images(n_images, n_features, seed):
    """Bytes with few principal components."""
    random = np.random.RandomState(seed)
    mixed = random.standard_normal((n_images, 12)) @ np.random.RandomState(9).standard_normal(
        (12, n_features)
    )
    return np.clip(40 * mixed + 128, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "cosine"])
def test_memory_is_bounded(metric):
    X, Q = images(10_000, 768, 0), images(400, 768, 1)
    y = np.arange(len(X)) % 10
    with config_context(working_memory=16):
        tracemalloc.start()
        model = KNNClassifier(metric=metric, n_jobs=2).fit(X, y)
        kept, peak_of_fit = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        model.predict(Q)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert kept < 2 * X.nbytes + 2**20  # codes of 16 bits take most
    assert peak_of_fit < kept + 64 * 2**20
    assert peak < kept + 40 * 2**20


def test_one_row_of_scores_is_enough():
    X, Q = images(3000, 48, 0), images(20, 48, 1)
    y = np.arange(len(X)) % 10
    expected = KNNClassifier().fit(X, y).kneighbors(Q)
    with config_context(working_memory=0.001):
        found = KNNClassifier().fit(X, y).kneighbors(Q)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
