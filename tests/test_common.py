"""What scikit-learn expects of every estimator."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import TransformerMixin, clone
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from sk231n import (
    HOG,
    BiasTrick,
    ColorMoments,
    ConvNetClassifier,
    Flatten,
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

# The checks feed floats far above 1, which HSVHistogram() warns about by contract.
pytestmark = pytest.mark.filterwarnings("ignore:X holds values:UserWarning")

ESTIMATORS = [
    BiasTrick(),
    ColorMoments(),
    ConvNetClassifier(),
    Flatten(),
    HOG(),
    HSVHistogram(),
    KNNClassifier(),
    KNNClassifierCV(),
    LinearSVM(),
    MeanSubtraction(),
    MLPClassifier(),
    MLPRegressor(),
    SoftmaxClassifier(),
    Whitening(),
]
VARIANTS = [
    ColorMoments(color_space="hsv", moments=("mean", "std", "skew")),
    HOG(block_norm=None, signed=True, color="gray"),
    HSVHistogram(channels="hsv", bins=(4, 2, 2), density=False),
    KNNClassifier(metric="cosine", weights="distance"),
    KNNClassifier(metric="manhattan", n_jobs=1),
    KNNClassifierCV(metric="manhattan", weights="distance"),
    LinearSVM(strategy="crammer_singer", averaging="ema", max_iter=50),
    LinearSVM(loss="squared_hinge", optimizer="lbfgs", alpha=0.1, tol=1e-9),
    LinearSVM(strategy="one_vs_rest", penalty="elasticnet", optimizer="momentum", max_iter=50),
    MeanSubtraction(mode="channel"),
    MeanSubtraction(mode="global"),
    MLPClassifier((), max_iter=50),
    MLPClassifier((20, 10), ("maxout", "tanh"), normalization="layer", max_iter=50),
    MLPClassifier((20,), loss="hinge", averaging="ema", max_iter=50),
    MLPClassifier((20,), normalization="batch", max_norm=5, max_iter=50),
    MLPClassifier((20,), optimizer="lbfgs", max_iter=50, tol=None),
    MLPRegressor((20,), "maxout", normalization="layer", loss="absolute_error", max_iter=50),
    MLPRegressor((20,), "tanh", optimizer="lbfgs", max_iter=10, tol=None),
    SoftmaxClassifier(optimizer="lbfgs"),
    SoftmaxClassifier(optimizer="nesterov", max_iter=50),
    SoftmaxClassifier(penalty="l1", optimizer="adagrad", max_iter=50),
    Whitening(method="zca"),
]
# Dropout draws one mask per row, so a repeated row is not like a row of twice the weight.
WITH_CHANCE = [
    MLPClassifier((40, 20), normalization="batch", dropout=0.1, max_iter=50),
    MLPRegressor((40, 20), normalization="batch", dropout=0.1, max_iter=50),
]
TRANSFORMERS = [estimator for estimator in ESTIMATORS if isinstance(estimator, TransformerMixin)]

# scikit-learn runs these on its own estimators; check_estimator does not yield them.
CHECKS = [
    estimator_checks.check_dataframe_column_names_consistency,
    estimator_checks.check_param_validation,
]
TRANSFORMER_CHECKS = [
    estimator_checks.check_global_output_transform_pandas,
    estimator_checks.check_set_output_transform,
    estimator_checks.check_set_output_transform_pandas,
    estimator_checks.check_transformer_get_feature_names_out,
    estimator_checks.check_transformer_get_feature_names_out_pandas,
]


@parametrize_with_checks([*ESTIMATORS, *VARIANTS])
def test_check_estimator(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", WITH_CHANCE, ids=lambda e: type(e).__name__)
def test_check_estimator_with_chance(estimator):
    results = check_estimator(estimator, on_skip=None, on_fail=None)
    failed = {result["check_name"] for result in results if result["status"] == "failed"}
    assert failed == {"check_sample_weight_equivalence_on_dense_data"}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_more_checks(estimator, check):
    check(type(estimator).__name__, clone(estimator))


# The checks fit a frame and transform an array on purpose.
@pytest.mark.filterwarnings("ignore:X .* feature names:UserWarning")
@pytest.mark.parametrize("check", TRANSFORMER_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("estimator", TRANSFORMERS, ids=lambda e: type(e).__name__)
def test_more_transformer_checks(estimator, check):
    check(type(estimator).__name__, clone(estimator))


def test_default_constructors_are_unsoftened():
    for estimator in ESTIMATORS:
        tags = estimator.__sklearn_tags__()
        assert not tags.non_deterministic
        assert not tags._skip_test
        assert tags.classifier_tags is None or not tags.classifier_tags.poor_score


PREDICTORS = [estimator for estimator in ESTIMATORS if estimator not in TRANSFORMERS]
MISSING = {
    "None in a list": ["a", "b", None, "a", "b", "a"],
    "NaN in an array": np.array(["a", "b", np.nan, "a", "b", "a"], dtype=object),
    "text": pd.Series(["a", "b", None, "a", "b", "a"]),
    "string": pd.Series(["a", "b", None, "a", "b", "a"], dtype="string"),
    "categorical": pd.Series(["a", "b", None, "a", "b", "a"], dtype="category"),
    "a list of numbers": [0, 1, np.nan, 0, 1, 0],
}


@pytest.mark.parametrize("y", MISSING.values(), ids=MISSING)
@pytest.mark.parametrize("estimator", PREDICTORS, ids=lambda e: type(e).__name__)
def test_missing_targets_are_counted_and_placed(estimator, y):
    model = clone(estimator)
    with pytest.raises(ValueError, match=r"y is missing .* for 1 of 6 samples, .* index 2"):
        model.fit(np.arange(12.0).reshape(6, 2), y)
    assert not hasattr(model, "n_features_in_")


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_images_in_objects(estimator):
    """A list, an array of objects, or a column of images are the stack of these images."""
    stack = np.random.RandomState(0).randint(256, size=(6, 8, 8, 3), dtype=np.uint8)
    objects = np.empty(6, dtype=object)
    objects[:] = list(stack)
    y = np.arange(6) % 2
    method = "transform" if isinstance(estimator, TransformerMixin) else "predict"
    if "cv" in estimator.get_params():
        estimator = clone(estimator).set_params(n_neighbors=(1, 2), cv=2)
    if "random_state" in estimator.get_params():
        estimator = clone(estimator).set_params(random_state=0, max_iter=2)
    expected = getattr(clone(estimator).fit(stack, y), method)(stack)
    for images in list(stack), objects, pd.Series(list(stack)):
        found = getattr(clone(estimator).fit(images, y), method)(images)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_one_image_alone_is_warned_of(estimator):
    image = np.random.RandomState(0).randint(256, size=(32, 24, 3), dtype=np.uint8)
    estimator = clone(estimator)
    if "architecture" in estimator.get_params():
        estimator.set_params(architecture=((2,),), max_iter=2)  # that fits three columns
    with pytest.warns(UserWarning, match=r"32 grey images of 24 x 3 .* is X\[None\]"):
        estimator.fit(image, np.arange(32) % 2)


@pytest.mark.parametrize("kind", [list, np.array, pd.Series], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_names_of_files_are_no_images(estimator, kind):
    with pytest.raises(ValueError, match=r"X holds text, 'a.png' first; .* let ImageReader read"):
        clone(estimator).fit(kind(["a.png", "b.png"]), [0, 1])
