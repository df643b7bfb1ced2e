"""Class weights are sample weights."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.utils import compute_sample_weight

from sk231n import LinearSVM, SoftmaxClassifier

X, Y = load_iris(return_X_y=True)
KEEP = np.r_[0:50, 50:70, 100:105]  # 50, 20 and 5 of the classes
X, Y = X[KEEP], Y[KEEP]
W = np.random.RandomState(0).randint(0, 4, size=len(Y)).astype(float)

classifiers = pytest.mark.parametrize("classifier", [SoftmaxClassifier, LinearSVM])


@classifiers
@pytest.mark.parametrize("sample_weight", [None, W], ids=["alike", "weighted"])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 0.5, 2: 3.0}], ids=str)
def test_equal_sample_weights(classifier, class_weight, sample_weight):
    weighted = classifier(class_weight=class_weight, max_iter=50, random_state=0)
    weighted.fit(X, Y, sample_weight=sample_weight)
    w = np.ones(len(Y)) if sample_weight is None else sample_weight
    if class_weight == "balanced":
        factors = 1 / np.bincount(Y, w)[Y]
    else:
        factors = compute_sample_weight(class_weight, Y)
    plain = classifier(max_iter=50, random_state=0).fit(X, Y, sample_weight=w * factors)
    np.testing.assert_allclose(weighted.coef_, plain.coef_, rtol=1e-6)


@classifiers
def test_balanced_without_samples_of_a_class(classifier):
    """Validation data, and those of a warm start, need not hold every class."""
    model = classifier(class_weight="balanced", warm_start=True, max_iter=50, random_state=0)
    model.fit(X, Y, X_val=X[Y < 2], y_val=Y[Y < 2])
    assert len(model.history_["validation_loss"]) == model.n_iter_
    model.fit(X[Y < 2], Y[Y < 2])
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])


@classifiers
@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_bad_weights(classifier, weight):
    with pytest.raises(ValueError, match="class_weight must hold numbers >= 0"):
        classifier(class_weight={0: weight}).fit(X, Y)


@classifiers
def test_nothing_left(classifier):
    with pytest.raises(ValueError, match="gives all samples the weight 0"):
        classifier(class_weight=dict.fromkeys(range(3), 0)).fit(X, Y)
