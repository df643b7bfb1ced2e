"""The same bits for any number of threads, any joblib backend, and any layout of the input.

Work is cut by its shape alone, and the threads only share out the pieces. Nothing here has a
tolerance. Features and neighbours have such tests of their own.
"""

import os
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from joblib import Parallel, delayed, parallel_config
from sklearn.base import clone

from sk231n import ConvNetClassifier, LinearSVM, MLPClassifier, MLPRegressor, SoftmaxClassifier
from sk231n.augmentation import Cutout, Mirror, Shift
from sk231n.core.blocks import split
from sk231n.core.team import Team, _count_parts
from sk231n.datasets import make_shapes
from sk231n.schedules import Plateau

SHAPES = make_shapes(400, image_size=16, random_state=0)
BYTES, Y = SHAPES.images, SHAPES.target
FLOATS = BYTES / 255  # float64
RNG = np.random.RandomState(0)
WEIGHTS = RNG.uniform(0.1, 3, len(Y))
TARGETS = np.column_stack([RNG.standard_normal(len(Y)), FLOATS.mean(axis=(1, 2, 3))])
LAST = slice(-100, None)  # validation data

# Large enough for products, steps and penalties to be shared among threads.
MODELS = {
    "softmax": SoftmaxClassifier(max_iter=3, random_state=0),
    "softmax, L-BFGS": SoftmaxClassifier(optimizer="lbfgs", max_iter=5, tol=None),
    "softmax, l1": SoftmaxClassifier(
        penalty="l1", class_weight="balanced", max_iter=3, random_state=0
    ),
    "svm, momentum": LinearSVM(
        optimizer="momentum", loss="squared_hinge", max_iter=3, random_state=0
    ),
    "one hidden layer": MLPClassifier((250,), max_iter=2, random_state=0),
    "odd widths": MLPClassifier((257, 333), max_iter=2, random_state=0),
    "sgd, no patience": MLPClassifier(
        (300,), optimizer="sgd", tol=0, n_iter_no_change=1, learning_rate=Plateau(0.01, tol=0.0),
        max_iter=4, random_state=0,
    ),
    "everything": MLPClassifier(
        (301, 64), ("maxout", "tanh"), normalization="batch", dropout=0.3, max_norm=2.0,
        averaging="ema", penalty="elasticnet", early_stopping=True, max_iter=2, random_state=0,
    ),
    "layer normalization": MLPClassifier((256,), normalization="layer", max_iter=2, random_state=0),
    "convolutional": ConvNetClassifier(
        ((4,), (6,)), (8,), augmentation=[Mirror(), Shift(2), Cutout(3)], dropout=0.2,
        averaging="ema", early_stopping=True, max_iter=2, random_state=0,
    ),
    "convolutions in float32 by Winograd": ConvNetClassifier(
        ((5, 16),), head="flatten", max_iter=1, random_state=0
    ),
    "regression": MLPRegressor((250,), loss="absolute_error", max_iter=2, random_state=0),
    "regression, L-BFGS": MLPRegressor(
        (64,), optimizer="lbfgs", max_iter=3, tol=None, random_state=0
    ),
}  # fmt: skip
every_model = pytest.mark.parametrize("name", MODELS)
FEW = ["softmax", "odd widths", "everything", "convolutional", "regression, L-BFGS"]


def outcome(name, X, w=WEIGHTS):
    """All that is learnt and predicted, as one list of arrays."""
    model = clone(MODELS[name])
    y = (TARGETS if isinstance(model, MLPRegressor) else Y)[: len(X)]
    model.fit(X, y, w[: len(X)], X_val=X[LAST], y_val=y[LAST])
    found = [*model.history_.values(), [model.best_validation_score_], model.predict(X)]
    found += [model.coef_, model.intercept_] if hasattr(model, "coef_") else []
    found += [*model.coefs_, *model.intercepts_] if hasattr(model, "coefs_") else []
    for normalization in getattr(model, "normalizations_", []):
        found += normalization.values()
    if hasattr(model, "hidden_activations"):
        found += model.hidden_activations(X)
    for method in ("predict_proba", "decision_function"):
        if hasattr(model, method):
            found.append(getattr(model, method)(X))
    if hasattr(model, "partial_fit") and getattr(model, "class_weight", None) is None:
        for rows in (slice(0, 150), slice(150, None)):
            model.partial_fit(X[rows], y[rows])
        found += [model.loss_curve_, model.predict(X)]
    return [np.asarray(array) for array in found]


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def with_threads(n_threads, name, X):
    with parallel_config(backend="threading", n_jobs=n_threads):
        return outcome(name, X)


@every_model
@pytest.mark.parametrize(
    ("dtype", "numbers"), [(np.uint8, (2, 3)), (np.float32, (3, 5)), (np.float64, (2, 5))]
)
def test_any_number_of_threads(name, dtype, numbers):
    X = BYTES if dtype == np.uint8 else FLOATS.astype(dtype)
    expected = with_threads(1, name, X)
    for n_threads in numbers:
        assert_same(with_threads(n_threads, name, X), expected)


@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_in_the_workers_of_joblib(backend):
    """Two workers run at a time, with one thread each; results are pickled or not."""
    together = Parallel(n_jobs=2, backend=backend)(delayed(outcome)(name, FLOATS) for name in FEW)
    for name, found in zip(FEW, together, strict=True):
        assert_same(found, outcome(name, FLOATS))


STACKS = FLOATS[:200]
ROWS = STACKS.reshape(200, -1)


def memory_mapped(X, folder):
    path = folder / "X.npy"
    np.save(path, X)
    return np.load(path, mmap_mode="r")


def read_only(X, folder):
    X = X.copy()
    X.flags.writeable = False
    return X


def strided(X, folder):
    wide = np.zeros((2 * len(X), *X.shape[1:-1], 2 * X.shape[-1]), X.dtype)
    wide[::2, ..., ::2] = X
    return wide[::2, ..., ::2]


def swapped(X, folder):
    return X.astype(X.dtype.newbyteorder())


LAYOUTS = {
    "copy": lambda X, folder: X.copy(),
    "Fortran order": lambda X, folder: np.asfortranarray(X),
    "read-only": read_only,
    "strided": strided,
    "backwards": lambda X, folder: X[::-1].copy()[::-1],
    "memory-mapped": memory_mapped,
    "memory-mapped, Fortran order": lambda X, folder: memory_mapped(np.asfortranarray(X), folder),
    "bytes swapped": swapped,
    "list": lambda X, folder: list(X) if X.ndim > 2 else X.tolist(),
}


@cache
def usual_outcome(name, stacks):
    return outcome(name, STACKS if stacks else ROWS)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("stacks", [False, True], ids=["rows", "stacks"])
@pytest.mark.parametrize("name", FEW)
def test_any_layout(name, stacks, layout, tmp_path):
    X = LAYOUTS[layout](STACKS if stacks else ROWS, tmp_path)
    assert_same(outcome(name, X), usual_outcome(name, stacks))


@pytest.mark.parametrize("name", ["softmax", "odd widths"])
def test_attributes_of_any_layout(name):
    model = clone(MODELS[name]).fit(FLOATS, Y)
    expected = model.decision_function(FLOATS)
    for change in (np.ascontiguousarray, np.asfortranarray):
        if hasattr(model, "coef_"):
            model.coef_ = change(model.coef_)
        else:
            model.coefs_ = [change(W) for W in model.coefs_]
        np.testing.assert_array_equal(model.decision_function(FLOATS), expected)


SCRIPT = """
import hashlib
from test_same_bits import BYTES, FEW, FLOATS, MODELS, outcome
for k, name in enumerate(MODELS):
    for X in (FLOATS, BYTES) if name in FEW else ((FLOATS, BYTES)[k % 2],):
        digest = hashlib.sha256(b"".join(array.tobytes() for array in outcome(name, X)))
        print(name, X.dtype, digest.hexdigest())
"""


def test_any_number_of_blas_threads():
    """The limit that is set before NumPy is loaded."""
    printed = []
    for n_threads in ("1", "3"):
        environment = dict(os.environ, OPENBLAS_NUM_THREADS=n_threads, MKL_NUM_THREADS=n_threads)
        environment["PYTHONPATH"] = os.path.dirname(__file__)
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, check=True, capture_output=True,
            text=True, timeout=300,
        )  # fmt: skip
        printed.append(run.stdout)
    assert printed[0] == printed[1]
    assert len(printed[0].splitlines()) == len(MODELS) + len(FEW)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "shape",
    [
        (1000, 97, 101), (33, 1001, 260), (17, 3000, 333),
        (200, 768, 250), (3072, 100, 100), (128, 768, 512), (200, 3072, 100), (60, 3001, 70),
    ],
)  # fmt: skip
def test_products(shape, dtype):
    n_rows, n_inner, n_columns = shape
    a = RNG.standard_normal((n_rows, n_inner)).astype(dtype)
    b = RNG.standard_normal((n_inner, n_columns)).astype(dtype)
    with Team(1) as one:
        expected = one.matmul(a, b)
    for n_threads in (2, 3, 5):
        with Team(n_threads) as team:
            np.testing.assert_array_equal(team.matmul(a, b), expected)


@pytest.mark.parametrize("length", [1, 100, 255, 256, 511, 512, 1000, 3072, 100_000])
def test_parts_of_products(length):
    n_parts = _count_parts(length)
    assert n_parts % 2 == 0
    sizes = [part.stop - part.start for part in split(length, n_parts)]
    assert sum(sizes) == length
    assert len(sizes) <= 8
    if length >= 512:
        assert min(sizes) >= 64
