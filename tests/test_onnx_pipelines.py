"""Pipelines, unions, searches and votes as ONNX graphs, with scikit-learn's own steps in them."""

import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from scipy.special import softmax as softmax_of
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from sk231n import (
    HOG,
    ColorMoments,
    Flatten,
    HSVHistogram,
    KNNClassifier,
    LinearSVM,
    MeanSubtraction,
    MLPClassifier,
    MLPRegressor,
    SoftmaxClassifier,
    Whitening,
)
from sk231n.datasets import make_shapes
from sk231n.onnx import to_onnx

SHAPES = make_shapes(120, image_size=16, n_classes=3, random_state=0)
IMAGES, Y = SHAPES.images, SHAPES.target
ROWS = IMAGES.reshape(len(IMAGES), -1)


def softmax():
    return SoftmaxClassifier(max_iter=5, random_state=0)


def svm():
    return LinearSVM(max_iter=5, random_state=0)


def network():
    return MLPClassifier((8,), normalization="batch", max_iter=3, random_state=0)


def features():
    return make_union(HOG(), HSVHistogram(), ColorMoments(grid=(2, 2)))


def run(graph, X):
    """Outputs of a graph by name."""
    onnx.checker.check_model(graph, full_check=True)
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"X": X}), strict=True))


def check(model, X):
    """Compare labels, and probabilities or scores, with those of a fitted model."""
    label, scores = run(to_onnx(model, X), X).values()
    method = "predict_proba" if hasattr(model, "predict_proba") else "decision_function"
    expected = getattr(model, method)(X)
    bound = (1e-12 if X.dtype == np.float64 else 1e-5) * max(1, np.abs(expected).max())
    np.testing.assert_allclose(scores, expected, rtol=0, atol=bound)
    best = np.sort(expected, axis=1)[:, -2:]
    sure = best[:, 1] - best[:, 0] > 2 * bound
    np.testing.assert_array_equal(label[sure], model.predict(X)[sure])
    assert sure.mean() > 0.75


MODELS = {
    "union": lambda: make_pipeline(features(), StandardScaler(), softmax()),
    "weighted union": lambda: make_pipeline(
        FeatureUnion(
            [("hog", HOG()), ("none", "drop"), ("hue", HSVHistogram())],
            transformer_weights={"hog": 0.5, "hue": 2.0},
        ),
        svm(),
    ),
    "union of rows": lambda: make_pipeline(make_union(HOG(), Flatten()), network()),
    "principal components": lambda: make_pipeline(HOG(), PCA(9), network()),
    "neighbours": lambda: make_pipeline(Flatten(), KNNClassifier(3)),
    "bytes to scikit-learn": lambda: make_pipeline(Flatten(), MinMaxScaler(), PCA(9), softmax()),
    "scikit-learn last": lambda: make_pipeline(HOG(), LogisticRegression()),
    "whitening": lambda: make_pipeline(MeanSubtraction(), Whitening(n_components=9), softmax()),
    "nested": lambda: make_pipeline(make_pipeline("passthrough", HOG()), make_pipeline(softmax())),
    "nothing to do": lambda: Pipeline(
        [("a", None), ("b", HOG()), ("c", "passthrough"), ("d", svm())]
    ),
    "grid": lambda: GridSearchCV(
        make_pipeline(HOG(), softmax()), {"hog__orientations": [5, 9]}, cv=2
    ),
    "random": lambda: RandomizedSearchCV(
        make_pipeline(HOG(), softmax()), {"hog__orientations": [5, 9]}, n_iter=2, cv=2
    ),
    "search in a pipeline": lambda: make_pipeline(
        GridSearchCV(make_pipeline(HOG(), svm()), {"hog__signed": [True, False]}, cv=2)
    ),
    "vote": lambda: VotingClassifier(
        [
            ("hog", make_pipeline(HOG(), softmax())),
            ("none", "drop"),
            ("neighbours", make_pipeline(Flatten(), KNNClassifier(3))),
            ("scaled", make_pipeline(Flatten(), StandardScaler(), network())),
        ],
        voting="soft",
        weights=[1, 5, 2, 3],
    ),
    "vote of neighbours": lambda: VotingClassifier(
        [("a", KNNClassifier(3)), ("b", KNNClassifier(3, metric="l1"))], voting="soft"
    ),
    "stack": lambda: make_pipeline(
        HOG(), StackingClassifier([("a", softmax()), ("b", svm())], LogisticRegression(), cv=2)
    ),
    "calibrated": lambda: make_pipeline(HOG(), CalibratedClassifierCV(svm(), cv=2)),
}  # fmt: skip


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_models_on_bytes(model):
    check(model().fit(IMAGES, Y), IMAGES)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_columns(dtype):
    columns = ColumnTransformer(
        [("left", StandardScaler(), slice(0, 300)), ("right", MeanSubtraction(), slice(300, 700))],
        remainder="drop",
    )
    X = ROWS.astype(dtype)
    check(make_pipeline(columns, softmax()).fit(X, Y), X)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "int8", "bool"])
def test_rows_of_other_types(dtype):
    X = (ROWS // 2).astype(dtype) if dtype != "bool" else ROWS > 100
    check(make_pipeline(StandardScaler(), PCA(9), network()).fit(X, Y), X)


def test_two_classes_are_calibrated_by_their_difference():
    model = make_pipeline(HOG(), CalibratedClassifierCV(svm(), cv=2)).fit(IMAGES, Y > 0)
    check(model, IMAGES)


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
def test_other_calibrations_are_refused(method):
    calibrated = CalibratedClassifierCV(softmax(), method=method, ensemble=False, cv=2)
    message = rf"method='{method}'\) around SoftmaxClassifier\. Only method='sigmoid'"
    for model in (calibrated, make_pipeline(HOG(), calibrated)):
        with pytest.raises(NotImplementedError, match=message):
            to_onnx(model.fit(IMAGES, Y), IMAGES)


def test_calibrated_pipelines_are_refused():
    """As skl2onnx takes probabilities for the scores that were calibrated."""
    X = ROWS.astype(np.float32)
    pipeline = make_pipeline(StandardScaler(), softmax()).fit(X, Y)
    for inner in (pipeline, FrozenEstimator(pipeline), GridSearchCV(pipeline, {}, cv=2)):
        model = CalibratedClassifierCV(inner, cv=2).fit(X, Y)
        with pytest.raises(NotImplementedError, match=rf"around {type(inner).__name__}\."):
            to_onnx(model, X)


def test_a_temperature_divides_the_scores():
    """What the message says instead of a graph."""
    for y in (Y, Y > 0):
        model = CalibratedClassifierCV(
            make_pipeline(HOG(), svm()), method="temperature", ensemble=False, cv=2
        ).fit(IMAGES, y)
        [part] = model.calibrated_classifiers_
        graph = to_onnx(part.estimator, IMAGES, options={"raw_scores": True})
        scores = run(graph, IMAGES)["scores"] * part.calibrators[0].beta_
        expected = model.predict_proba(IMAGES)
        np.testing.assert_allclose(softmax_of(scores, axis=1), expected, atol=1e-5)


def test_a_vote_of_labels():
    members = [("edges", make_pipeline(HOG(), svm())), ("colours", make_pipeline(Flatten(), svm()))]
    model = VotingClassifier(members).fit(IMAGES, Y)
    outputs = run(to_onnx(model, IMAGES), IMAGES)
    assert list(outputs) == ["label", "scores"]
    np.testing.assert_array_equal(outputs["label"], model.predict(IMAGES))


def test_a_pipeline_of_transformers():
    model = make_pipeline(features(), StandardScaler()).fit(IMAGES)
    [found] = run(to_onnx(model, IMAGES), IMAGES).values()
    np.testing.assert_allclose(found, model.transform(IMAGES), rtol=0, atol=1e-4)


def test_a_pipeline_that_predicts_numbers():
    model = make_pipeline(HOG(), MLPRegressor((5,), max_iter=3, random_state=0)).fit(IMAGES, Y)
    [found] = run(to_onnx(model, IMAGES), IMAGES).values()
    np.testing.assert_allclose(found[:, 0], model.predict(IMAGES), rtol=0, atol=1e-5)


def test_a_frame_is_one_tensor():
    frame = pd.DataFrame(ROWS[:, :12].astype(np.float32)).add_prefix("pixel")
    model = make_pipeline(StandardScaler(), softmax()).fit(frame, Y)
    outputs = run(to_onnx(model, frame), frame.to_numpy())
    np.testing.assert_array_equal(outputs["label"], model.predict(frame))


def test_options_reach_a_step():
    model = make_pipeline(HOG(), softmax()).fit(IMAGES, Y)
    step = model[-1]
    for options in (
        {"raw_scores": True},
        {"softmaxclassifier__raw_scores": True},
        {id(step): {"raw_scores": True}},
        {SoftmaxClassifier: {"raw_scores": True}},
    ):
        outputs = run(to_onnx(model, IMAGES, options=options), IMAGES)
        np.testing.assert_allclose(outputs["scores"], model.decision_function(IMAGES), atol=1e-3)


def test_bytes_do_not_reach_the_members_of_a_stack():
    members = [("a", make_pipeline(HOG(), softmax())), ("b", softmax())]
    model = StackingClassifier(members, LogisticRegression(), cv=2).fit(IMAGES, Y)
    with pytest.raises(NotImplementedError, match=r"gets float32 here.* hand on float32"):
        to_onnx(model, IMAGES)
