"""Arrays of other libraries, with and without scikit-learn's dispatch of the array API."""

import numpy as np
import pytest
import sklearn
import torch
from sklearn.base import TransformerMixin, clone

import sk231n

ESTIMATORS = [
    sk231n.BiasTrick(),
    sk231n.ColorMoments(),
    sk231n.HOG(),
    sk231n.HSVHistogram(),
    sk231n.KNNClassifier(1),
    sk231n.KNNClassifierCV((1, 2), cv=2),
    sk231n.LinearSVM(max_iter=2, random_state=0),
    sk231n.MeanSubtraction(),
    sk231n.MLPClassifier((4,), max_iter=2, random_state=0),
    sk231n.MLPRegressor((4,), max_iter=2, random_state=0),
    sk231n.SoftmaxClassifier(max_iter=2, random_state=0),
    sk231n.Whitening(n_components=2),
]
TRANSFORMERS = [estimator for estimator in ESTIMATORS if isinstance(estimator, TransformerMixin)]
METHODS = ("transform", "predict", "predict_proba", "decision_function", "kneighbors", "visualize")
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
Y = np.arange(12) % 2


@pytest.fixture(params=[False, True], ids=["without dispatch", "with dispatch"], autouse=True)
def dispatch(request, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")  # scikit-learn asks for it
    with sklearn.config_context(array_api_dispatch=request.param):
        yield


def outcomes(estimator, X):
    """What all methods of a fitted estimator make of X."""
    methods = [getattr(estimator, name) for name in METHODS if hasattr(estimator, name)]
    results = [method(X) for method in methods]
    return [part for r in results for part in (r if isinstance(r, tuple) else [r])]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(12, 8, 8, 3), (12, 192)])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_tensors_are_arrays(estimator, shape, dtype):
    X = (IMAGES.reshape(shape) / 255).astype(dtype)
    ours, theirs = clone(estimator).fit(X, Y), clone(estimator).fit(torch.tensor(X), Y)
    expected = outcomes(ours, X)
    for found in outcomes(theirs, torch.tensor(X)), outcomes(ours, torch.tensor(X)):
        for a, b in zip(found, expected, strict=True):
            assert type(a) is np.ndarray
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("transformer", TRANSFORMERS, ids=lambda e: type(e).__name__)
def test_transformers_of_lists_of_tensors(transformer):
    expected = clone(transformer).fit_transform(IMAGES)
    for tensors in torch.tensor(IMAGES), [torch.tensor(image) for image in IMAGES]:
        np.testing.assert_array_equal(clone(transformer).fit_transform(tensors), expected)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_tensors_that_numpy_cannot_read(estimator):
    for X in torch.ones(12, 192, device="meta"), torch.ones(12, 192).to_sparse():
        with pytest.raises(TypeError, match=r"X is a torch\.Tensor .* pass a NumPy array"):
            clone(estimator).fit(X, Y)
