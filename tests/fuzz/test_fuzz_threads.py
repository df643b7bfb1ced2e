"""Several threads on one estimator, and several fits at once: the same bits as alone."""

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
from fuzzing import fuzz, learnt
from hypothesis import strategies as st
from sklearn.base import clone

from sk231n import (
    HOG,
    BiasTrick,
    ColorMoments,
    ConvNetClassifier,
    HSVHistogram,
    KNNClassifier,
    KNNClassifierCV,
    LinearSVM,
    MeanSubtraction,
    MLPClassifier,
    MLPRegressor,
    SoftmaxClassifier,
    Whitening,
)
from sk231n.datasets import make_shapes

ESTIMATORS = [
    SoftmaxClassifier(max_iter=3, random_state=0),
    SoftmaxClassifier(optimizer="lbfgs", max_iter=50, tol=1e-2, random_state=0),
    LinearSVM(max_iter=3, averaging="ema", early_stopping=True, random_state=0),
    MLPClassifier((130,), max_iter=2, random_state=0),
    MLPClassifier((20,), normalization="batch", dropout=0.2, max_iter=2, random_state=0),
    ConvNetClassifier(((3,), (4,)), dropout=0.2, max_iter=2, random_state=0),
    MLPRegressor((30, 10), max_iter=2, random_state=0),
    KNNClassifier(3),
    KNNClassifier(3, metric="manhattan"),
    KNNClassifier(3, metric="cosine", weights="distance"),
    KNNClassifierCV((1, 5), cv=2),
    HOG(),
    HOG(color="gray", n_jobs=2),
    HSVHistogram(channels="hsv", bins=4),
    ColorMoments(),
    MeanSubtraction(),
    BiasTrick(),
    Whitening(n_components=20),
    Whitening("zca"),
]
METHODS = ("predict", "predict_proba", "decision_function", "transform", "kneighbors", "visualize")
N_THREADS = 4


@cache
def problem():
    shapes = make_shapes(300, image_size=16, random_state=0)
    return shapes.images / 255, shapes.target


@cache
def fitted(k):
    return clone(ESTIMATORS[k]).fit(*problem())


def at_once(works):
    """Results of functions that are called at the same moment, each on its thread."""
    barrier = threading.Barrier(len(works))

    def start(work):
        barrier.wait(timeout=60)
        return work()

    with ThreadPoolExecutor(len(works)) as executor:
        return list(executor.map(start, works))


@fuzz(
    30,
    k=st.integers(0, len(ESTIMATORS) - 1),
    sizes=st.lists(st.integers(1, 300), min_size=N_THREADS, max_size=N_THREADS),
    as_bytes=st.booleans(),
    fresh=st.booleans(),
)
def test_one_estimator_on_several_threads(k, sizes, as_bytes, fresh):
    X, _ = problem()
    X = (X * 255).astype(np.uint8) if as_bytes else X
    model = fitted(k)
    names = [name for name in METHODS if hasattr(model, name)]
    expected = [pickle.dumps(getattr(model, name)(X[:n])) for name in names for n in sizes]
    if fresh:  # what is found out at the first call is found out by all of them
        model = pickle.loads(pickle.dumps(clone(model).fit(*problem())))
    before = learnt(model)
    works = [lambda n=n, name=name: getattr(model, name)(X[:n]) for name in names for n in sizes]
    assert [pickle.dumps(result) for result in at_once(works)] == expected
    assert learnt(model) == before


@fuzz(15, chosen=st.lists(st.integers(0, len(ESTIMATORS) - 1), min_size=2, max_size=N_THREADS))
def test_fits_on_several_threads(chosen):
    expected = [learnt(fitted(k)) for k in chosen]
    works = [lambda k=k: clone(ESTIMATORS[k]).fit(*problem()) for k in chosen]
    assert [learnt(model) for model in at_once(works)] == expected
