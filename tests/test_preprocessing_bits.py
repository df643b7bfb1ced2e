"""Preprocessing gives the same bits for every memory layout and number of threads."""

import os
import subprocess
import sys

import joblib
import numpy as np
import pytest
from sklearn.base import clone

from sk231n import BiasTrick, MeanSubtraction, Whitening

MODELS = [
    MeanSubtraction(),
    MeanSubtraction(mode="channel"),
    MeanSubtraction(mode="global"),
    BiasTrick(0.1),
    Whitening(),
    Whitening("zca", epsilon=0.1),
    Whitening(n_components=7),
    Whitening(n_components=0.9),
]
SHAPES = [(40, 7, 7, 3), (1500, 5, 6), (1500, 1), (400, 260)]


def data(shape, dtype):
    rng = np.random.RandomState(0)
    if np.dtype(dtype).kind in "iu":
        return rng.randint(256, size=shape).astype(dtype)
    return (rng.normal(size=shape) + 3 * rng.normal(size=shape[1:])).astype(dtype)


def results(model, X):
    """All fitted attributes and results of a model."""
    model = clone(model)
    if isinstance(model, Whitening) and isinstance(model.n_components, int):
        model.set_params(n_components=min(7, X[0].size))
    Z = model.fit_transform(X)
    arrays = [Z]
    if not isinstance(model, BiasTrick):
        halves = clone(model).partial_fit(X[:17]).partial_fit(X[17:])
        arrays += [model.mean_, model.inverse_transform(Z), halves.mean_, halves.transform(X)]
    if isinstance(model, Whitening):
        arrays += [model.components_, model.explained_variance_]
    return arrays


def assert_same(found, expected):
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_layouts(model, shape, dtype, tmp_path):
    X = data(shape, dtype)
    expected = results(model, X)
    read_only = X.copy()
    read_only.flags.writeable = False
    X.tofile(tmp_path / "X")
    spread_out = np.zeros((2 * shape[0], *shape[1:-1], 3 * shape[-1]), dtype)
    spread_out[::2, ..., ::3] = X
    for same in (
        np.asfortranarray(X),
        read_only,
        spread_out[::2, ..., ::3],
        np.ascontiguousarray(X[::-1, ..., ::-1])[::-1, ..., ::-1],
        np.memmap(tmp_path / "X", dtype, "r", shape=shape),
    ):
        np.testing.assert_array_equal(same, X)
        assert_same(results(model, same), expected)


@pytest.mark.parametrize("shape", [(1100, 520), (300, 700)])
@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_threads(model, shape):
    X = data(shape, np.float64)
    with joblib.parallel_config(n_jobs=1):
        expected = results(model, X)
    assert_same(results(model, X), expected)
    for n_jobs in 3, 5:
        with joblib.parallel_config(n_jobs=n_jobs):
            assert_same(results(model, X), expected)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_workers(backend):
    X = data((700, 300), np.float64)
    models = [model for model in MODELS if not isinstance(model, BiasTrick)]
    expected = [results(model, X) for model in models]
    found = joblib.Parallel(2, backend=backend)(joblib.delayed(results)(m, X) for m in models)
    for a, b in zip(found, expected, strict=True):
        assert_same(a, b)


PROGRAM = """
import hashlib, numpy as np
from sk231n import MeanSubtraction, Whitening
rng = np.random.RandomState(0)
digest = hashlib.sha256()
for n, d in (1100, 520), (1500, 100), (200, 600):
    X = np.cumsum(rng.normal(size=(n, d)), axis=1)
    for model in MeanSubtraction(), Whitening(), Whitening("zca"), Whitening(n_components=9):
        Z = model.fit(X).transform(X)
        back = model.inverse_transform(Z)
        for array in Z, model.mean_, back, model.transform(X.astype(np.float32)):
            digest.update(np.ascontiguousarray(array))
print(digest.hexdigest())
"""


def test_threads_of_blas():
    found = set()
    for n_threads in "1", "2":
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": n_threads}
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        found.add(run.stdout)
    assert len(found) == 1


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
@pytest.mark.parametrize("method", ["pca", "zca"])
def test_rows_do_not_depend_on_what_follows(method, dtype):
    X = data((500, 8, 8), dtype)
    model = Whitening(method).fit(X[:300])
    Z = model.transform(X)
    back = model.inverse_transform(Z)
    for n in 1, 2, 95, 96, 97, 200, 499:
        np.testing.assert_array_equal(model.transform(X[:n]), Z[:n])
        np.testing.assert_array_equal(model.inverse_transform(Z[:n]), back[:n])
