"""Flatten: stacks become rows, for estimators of scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier
from sklearn.inspection import permutation_importance
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk231n import Flatten, SoftmaxClassifier
from sk231n.datasets import make_shapes

SHAPES = make_shapes(60, image_size=8, n_classes=3, random_state=0)


@pytest.mark.parametrize("dtype", [np.uint8, bool, np.int16, np.float32, np.float64])
def test_values_and_types_stay(dtype):
    stack = SHAPES.images.astype(dtype)
    rows = Flatten().fit_transform(stack)
    assert rows.dtype == dtype
    assert np.array_equal(rows, stack.reshape(60, -1))
    assert np.array_equal(Flatten().fit(stack).inverse_transform(rows), stack)


def test_nothing_is_copied():
    assert np.shares_memory(Flatten().fit_transform(SHAPES.images), SHAPES.images)


def test_rows_stay_rows():
    flatten = Flatten().fit(SHAPES.data)
    assert flatten.image_shape_ == (192,)
    assert np.array_equal(flatten.inverse_transform(SHAPES.data), SHAPES.data)
    assert np.array_equal(flatten.transform(SHAPES.images), SHAPES.data)


def test_another_shape_is_an_error():
    flatten = Flatten().fit(SHAPES.images)
    assert flatten.image_shape_ == (8, 8, 3)
    with pytest.raises(ValueError, match=r"shape \(4, 16, 3\), but Flatten.*\(8, 8, 3\)"):
        flatten.transform(SHAPES.images.reshape(60, 4, 16, 3))
    with pytest.raises(ValueError, match="192 features"):
        flatten.transform(SHAPES.data[:, :100])
    assert flatten.transform(SHAPES.data[:5]).shape == (5, 192)


def test_estimators_of_scikit_learn_take_what_it_returns():
    X, y = SHAPES.images, SHAPES.target
    assert make_pipeline(Flatten(), StandardScaler(), PCA(5)).fit_transform(X).shape == (60, 5)
    rows = Flatten().fit_transform(X)
    model = BaggingClassifier(SoftmaxClassifier(max_iter=5), 2, random_state=0).fit(rows, y)
    few = Flatten().fit_transform(X[:, 2:6, 2:6, 0])
    model = SoftmaxClassifier(max_iter=20, random_state=0).fit(few, y)
    assert permutation_importance(model, few, y, n_repeats=1).importances.shape == (16, 1)


def test_names():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    assert list(Flatten().fit(frame).get_feature_names_out()) == ["a", "b"]
    names = Flatten().fit(SHAPES.images).get_feature_names_out()
    assert (names[0], len(names)) == ("x0", 192)
    assert Flatten().set_output(transform="pandas").fit_transform(frame).shape == (2, 2)
