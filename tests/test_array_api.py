"""Arrays of other libraries, with and without scikit-learn's dispatch of the array API."""

from contextlib import suppress

import numpy as np
import pytest
import sklearn
from sklearn.base import TransformerMixin, clone, is_classifier
from sklearn.utils.validation import has_fit_parameter

import sk231n

with suppress(ModuleNotFoundError):  # the extra referees
    import torch

pytestmark = pytest.mark.referee("torch")

ESTIMATORS = [
    sk231n.BiasTrick(),
    sk231n.ColorMoments(),
    sk231n.ConvNetClassifier(((4,),), max_iter=2, random_state=0),
    sk231n.Flatten(),
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
PREDICTORS = [estimator for estimator in ESTIMATORS if estimator not in TRANSFORMERS]
METHODS = ("transform", "predict", "predict_proba", "decision_function", "kneighbors", "visualize")
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 8, 8, 3), dtype=np.uint8)
Y = np.arange(12) % 2


@pytest.fixture(params=[False, True], ids=["without dispatch", "with dispatch"], autouse=True)
def dispatch(request, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")  # scikit-learn asks for it
    with sklearn.config_context(array_api_dispatch=request.param):
        yield


def outcomes(estimator, X):
    """The results of all methods of a fitted estimator for X."""
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


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_a_tensor_with_one_dimension(estimator):
    with pytest.raises(ValueError, match="2D array, got 1D array"):
        clone(estimator).fit(torch.ones(4), [0, 1, 0, 1])


@pytest.mark.parametrize("estimator", PREDICTORS, ids=lambda e: type(e).__name__)
def test_targets_and_weights_may_be_tensors(estimator):
    weights = np.arange(1.0, 13)
    takes_weights = has_fit_parameter(estimator, "sample_weight")
    given = {"sample_weight": weights} if takes_weights else {}
    tensors = {name: torch.tensor(value) for name, value in given.items()}
    ours = clone(estimator).fit(IMAGES, Y, **given)
    for X in IMAGES, torch.tensor(IMAGES):
        theirs = clone(estimator).fit(X, torch.tensor(Y), **tensors)
        for a, b in zip(outcomes(theirs, X), outcomes(ours, IMAGES), strict=True):
            np.testing.assert_array_equal(a, b)
        score = theirs.score(X, torch.tensor(Y), **tensors)
        assert score == ours.score(IMAGES, Y, **given)


@pytest.mark.parametrize(
    "estimator",
    [e for e in PREDICTORS if hasattr(e, "partial_fit")],
    ids=lambda e: type(e).__name__,
)
def test_batches_and_validation_data_may_be_tensors(estimator):
    X, y = torch.tensor(IMAGES), torch.tensor(Y)
    ours = clone(estimator).fit(IMAGES, Y, X_val=IMAGES, y_val=Y)
    theirs = clone(estimator).fit(X, y, X_val=X, y_val=y)
    assert theirs.history_ == ours.history_
    classes = (
        [{"classes": [0, 1]}, {"classes": torch.tensor([0, 1])}]
        if is_classifier(estimator)
        else [{}]
    )
    for given in classes:
        ours = clone(estimator).partial_fit(IMAGES, Y, **classes[0])
        theirs = clone(estimator).partial_fit(X, y, **given)
        np.testing.assert_array_equal(theirs.predict(X), ours.predict(IMAGES))
