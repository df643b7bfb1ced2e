"""Ctrl-C at random moments of many calls: a process of its own, which nothing else can hurt.

    python tests/fuzz/interrupts.py SEED N_MOMENTS

Each time a call is interrupted, what it leaves is looked at: the estimator, the threads, the limit
of BLAS, NumPy's error state and buffers, and whether the call repeated gives the usual bits.
"""

import pickle
import random
import signal
import sys
import threading
import time
import warnings
from functools import partial

import numpy as np
from fuzzing import learnt
from joblib import parallel_config
from sklearn.base import clone
from threadpoolctl import threadpool_info

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

N_THREADS = 3
ESTIMATORS = [
    SoftmaxClassifier(max_iter=6, random_state=0),
    SoftmaxClassifier(optimizer="lbfgs", max_iter=15, random_state=0),
    LinearSVM(max_iter=4, averaging="ema", early_stopping=True, random_state=0),
    MLPClassifier((130,), max_iter=2, random_state=0),
    MLPClassifier((20,), normalization="batch", dropout=0.2, optimizer="sgd", max_iter=3,
                  learning_rate=0.01, random_state=0),
    MLPClassifier((20,), optimizer="lbfgs", max_iter=10, random_state=0),
    ConvNetClassifier(((3,), (4,)), dropout=0.2, max_iter=2, random_state=0),
    MLPRegressor((30,), max_iter=3, random_state=0),
    KNNClassifier(3),
    KNNClassifier(3, metric="manhattan", n_jobs=2),
    KNNClassifier(3, metric="cosine"),
    KNNClassifierCV((1, 5), cv=2),
    HOG(),
    HOG(color="gray", n_jobs=2),
    HSVHistogram(channels="hsv", bins=4),
    ColorMoments(),
    MeanSubtraction(),
    BiasTrick(),
    Whitening(n_components=20),
    Whitening("zca"),
]  # fmt: skip


def state():
    """What belongs to the whole process and is to be as before."""
    blas = [(lib["filepath"], lib["num_threads"]) for lib in threadpool_info()]
    return sorted(blas), np.geterr(), np.getbufsize()


def as_bytes(result):
    """The bits of a result: of the estimator itself, what it has learnt."""
    return learnt(result) if hasattr(result, "get_params") else pickle.dumps(result)


def calls():
    """A fitted estimator and what is done with it, for all estimators and methods."""
    shapes = make_shapes(260, image_size=16, random_state=0)
    images, y = shapes.images, shapes.target
    for estimator in ESTIMATORS:
        X = images / 255 if isinstance(estimator, Whitening | MLPRegressor) else images
        targets = y.astype(float) if isinstance(estimator, MLPRegressor) else y
        fitted = clone(estimator).fit(X, targets)
        yield fitted, "fit", partial(lambda e, *data: e.fit(*data), fitted, X, targets)
        for name in ("predict", "predict_proba", "transform", "kneighbors", "partial_fit"):
            if name == "partial_fit":
                if hasattr(fitted, name):
                    batch = pickle.loads(pickle.dumps(fitted))
                    yield batch, name, partial(_continued, pickle.dumps(batch), X, targets)
            elif hasattr(fitted, name):
                yield fitted, name, partial(getattr(fitted, name), X)


def _continued(before, X, targets):
    return pickle.loads(before).partial_fit(X, targets)


def interrupted(call, seconds):
    """Result of the call, or None if it was interrupted."""
    result = None
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        result = call()
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        return None
    return result


def check(fitted, name, call, rng):
    """Interrupt the call once, look at what is left, and repeat it."""
    alone = threading.enumerate()
    before, around = learnt(fitted), state()
    start = time.perf_counter()
    expected = as_bytes(call())
    seconds = time.perf_counter() - start
    assert state() == around, "state of the process after a whole call"
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        result = interrupted(call, rng.uniform(1e-5, 1.05 * seconds))
    signal.setitimer(signal.ITIMER_REAL, 0)
    others, deadline = None, time.monotonic() + 60
    while others is None or others:  # one may have been about to start
        others = [thread for thread in threading.enumerate() if thread not in alone]
        assert time.monotonic() < deadline, f"{others} still run"
    assert state() == around, (state(), around)
    stopped = [w for w in record if "was interrupted" in str(w.message)]
    if result is None:
        assert not stopped or name == "fit"
        if not stopped:
            assert learnt(fitted) in (before, expected), "the estimator is not as it was"
    elif stopped:
        assert name == "fit"
        assert 1 <= result.n_iter_ <= result.max_iter
        assert len(result.history_["loss"]) == result.n_iter_
    else:
        assert as_bytes(result) == expected, "other bits"
    assert as_bytes(call()) == expected, "other bits after the interruption"
    return result is None, bool(stopped)


def main():
    """Interrupt as often as asked for, and count."""
    seed, n_moments = map(int, sys.argv[1:])
    rng = random.Random(seed)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGALRM, lambda *args: signal.raise_signal(signal.SIGINT))
    with parallel_config(n_jobs=N_THREADS, backend="threading"):
        known = list(calls())
        counts = [0, 0]
        for _ in range(n_moments):
            fitted, name, call = rng.choice(known)
            try:
                outcome = check(fitted, name, call, rng)
            except BaseException:
                print(f"{fitted}.{name} with seed {seed}", file=sys.stderr)
                raise
            counts = [n + int(happened) for n, happened in zip(counts, outcome, strict=True)]
    print(f"{n_moments} calls, {counts[0]} interrupted, {counts[1]} fitted as far as they got")


if __name__ == "__main__":
    main()
