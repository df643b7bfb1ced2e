"""Models as ONNX graphs: what goes in, what comes out, where they run, and what is refused."""

import datetime
import re
import subprocess
import sys
import textwrap

import numpy as np
import onnx
import onnxruntime
import pytest
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

import sk231n
from sk231n import (
    HOG,
    Flatten,
    HSVHistogram,
    ImageReader,
    KNNClassifier,
    MLPClassifier,
    SoftmaxClassifier,
)
from sk231n.datasets import make_shapes
from sk231n.onnx import to_onnx

SHAPES = make_shapes(150, image_size=16, n_classes=4, random_state=0)
IMAGES, Y = SHAPES.images, SHAPES.target
ROWS = IMAGES.reshape(len(IMAGES), -1)


def softmax(**arguments):
    return SoftmaxClassifier(max_iter=5, random_state=0, **arguments)


def pipeline():
    features = make_union(HOG(), HSVHistogram())
    return make_pipeline(features, StandardScaler(), softmax())


def session_of(graph):
    onnx.checker.check_model(graph, full_check=True)
    return onnxruntime.InferenceSession(graph.SerializeToString())


def run(graph, X):
    return session_of(graph).run(None, {"X": X})


def python(program, *arguments):
    """Run a program in another process, in which warnings are errors."""
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(program), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


# What goes in and comes out ----------------------------------------------------------------------


@pytest.mark.parametrize("n_samples", [1, 2, 7, 150])
def test_the_number_of_samples_is_free(n_samples):
    model = pipeline().fit(IMAGES, Y)
    session = session_of(to_onnx(model, IMAGES[:3]))
    label, probabilities = session.run(None, {"X": IMAGES[:n_samples]})
    np.testing.assert_array_equal(label, model.predict(IMAGES[:n_samples]))
    expected = model.predict_proba(IMAGES[:n_samples])
    np.testing.assert_allclose(probabilities, expected, rtol=0, atol=1e-5)


def test_inputs_and_outputs_have_the_type_and_the_shape_of_the_data():
    session = session_of(to_onnx(softmax().fit(IMAGES, Y), IMAGES))
    [given], outputs = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type, given.shape) == ("X", "tensor(uint8)", [None, 16, 16, 3])
    assert [(o.name, o.type, o.shape) for o in outputs] == [
        ("label", "tensor(int64)", [None]),
        ("probabilities", "tensor(float)", [None, 4]),
    ]


@pytest.mark.parametrize("kind", ["list", "tuple", "rows"])
def test_data_that_are_no_stack(kind):
    X = {"list": list(IMAGES), "tuple": tuple(IMAGES), "rows": ROWS}[kind]
    model = softmax().fit(IMAGES, Y)
    label, _ = run(to_onnx(model, X), np.asarray(X))
    np.testing.assert_array_equal(label, model.predict(IMAGES))


@pytest.mark.parametrize(
    ("labels", "kind"),
    [
        (np.array([3, -1, 7, 0]), "int64"),
        (np.array([3, 1, 7, 0], np.uint8), "int64"),
        (np.array(["cat", "dog", "ship", "größer"]), "object"),
        (np.array(["cat", "dog", "ship", "größer"], object), "object"),
        (np.array([False, True, False, True]), "bool"),
        (np.array([1.0, 2.0, 3.0, 5.0], np.float32), "float64"),
    ],
    ids=["int64", "uint8", "str", "object", "bool", "float32"],
)
@pytest.mark.parametrize("model", [softmax(), KNNClassifier(3)], ids=["softmax", "neighbours"])
def test_labels_of_many_types(model, labels, kind):
    model.fit(ROWS, labels[Y])
    label, _ = run(to_onnx(model, ROWS), ROWS)
    assert label.dtype == kind
    np.testing.assert_array_equal(label, model.predict(ROWS))


def test_labels_that_no_tensor_holds():
    days = np.array([datetime.date(2000, 1, 1 + k) for k in Y], object)
    model = KNNClassifier(3).fit(ROWS, days)
    with pytest.raises(NotImplementedError, match="labels such as datetime"):
        to_onnx(model, ROWS)


# Where it runs -----------------------------------------------------------------------------------


def test_a_file_runs_where_the_library_is_not(tmp_path):
    model = pipeline().fit(IMAGES, np.array(list("abcd"))[Y])
    onnx.save(to_onnx(model, IMAGES), tmp_path / "model.onnx")
    np.save(tmp_path / "images.npy", IMAGES)
    program = """
        import sys
        for name in ("sk231n", "sklearn", "skl2onnx", "scipy"):
            sys.modules[name] = None
        import numpy as np
        import onnxruntime
        folder = sys.argv[1]
        session = onnxruntime.InferenceSession(folder + "/model.onnx")
        label, probabilities = session.run(None, {"X": np.load(folder + "/images.npy")})
        print("".join(label))
        np.save(folder + "/probabilities.npy", probabilities)
    """
    printed = python(program, tmp_path)
    assert printed.strip() == "".join(model.predict(IMAGES))
    probabilities = np.load(tmp_path / "probabilities.npy")
    np.testing.assert_allclose(probabilities, model.predict_proba(IMAGES), rtol=0, atol=1e-5)


def test_the_library_does_not_import_what_it_does_not_need():
    program = """
        import sys
        import sk231n
        assert "sk231n.onnx" not in sys.modules
        import sk231n.onnx
        assert not {"onnx", "skl2onnx", "onnxruntime"} & set(sys.modules)
    """
    python(program)


def test_converters_are_made_known_once_and_leave_those_of_others():
    program = """
        import numpy as np
        import skl2onnx
        from skl2onnx import to_onnx, supported_converters
        from sklearn.linear_model import LogisticRegression
        from sk231n import SoftmaxClassifier
        import sk231n.onnx

        X, y = np.random.RandomState(0).rand(30, 4).astype(np.float32), np.arange(30) % 3
        theirs, ours = LogisticRegression().fit(X, y), SoftmaxClassifier(max_iter=2).fit(X, y)
        before = to_onnx(theirs, X, name="graph").SerializeToString(deterministic=True)
        known = set(supported_converters())
        for _ in range(2):
            sk231n.onnx.to_onnx(ours, X)
            added = set(supported_converters()) - known
            assert len(added) == 15 and all(name.startswith("Sk231n") for name in added), added
        after = to_onnx(theirs, X, name="graph").SerializeToString(deterministic=True)
        assert before == after
        to_onnx(ours, X, options={"zipmap": False})  # skl2onnx by itself
    """
    python(program)


def test_the_version_is_written_down():
    graph = to_onnx(softmax().fit(ROWS, Y), ROWS)
    assert [(p.key, p.value) for p in graph.metadata_props] == [("sk231n", sk231n.__version__)]


# Options -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "version"),
    [
        ({}, 18),
        ({"target_opset": 21}, 21),
        ({"target_opset": {"": 20, "ai.onnx.ml": 3}}, 20),
    ],
)
def test_versions_of_the_operators(options, version):
    models = (pipeline(), KNNClassifier(3, metric="l1"), MLPClassifier((5,), "maxout", max_iter=1))
    for model in models:
        graph = to_onnx(model.fit(IMAGES, Y), IMAGES, **options)
        assert {o.version for o in graph.opset_import if o.domain == ""} == {version}
        np.testing.assert_array_equal(run(graph, IMAGES)[0], model.predict(IMAGES))


def test_inputs_may_be_given_by_name_and_type():
    model = softmax().fit(ROWS.astype(np.float32), Y)
    types = [("pixels", FloatTensorType([None, 768]))]
    session = session_of(to_onnx(model, None, initial_types=types, name="four shapes"))
    label, _ = session.run(None, {"pixels": ROWS.astype(np.float32)})
    np.testing.assert_array_equal(label, model.predict(ROWS.astype(np.float32)))
    with pytest.raises(ValueError, match="takes one tensor of 768 features, but initial_types"):
        to_onnx(model, None, initial_types=[("pixels", FloatTensorType([None, 9]))])
    two = [("a", FloatTensorType([None, 768])), ("b", FloatTensorType([None, 768]))]
    with pytest.raises(ValueError, match="initial_types give it 2"):
        to_onnx(model, None, initial_types=two)


def test_classifiers_have_the_options_of_skl2onnx():
    model = softmax().fit(ROWS, np.array(list("abcd"))[Y])
    label, _ = run(to_onnx(model, ROWS, options={"nocl": True}), ROWS)
    np.testing.assert_array_equal(model.classes_[label], model.predict(ROWS))
    *_, classes = run(to_onnx(model, ROWS, options={"output_class_labels": True}), ROWS)
    assert classes.tolist() == list("abcd")
    _, maps = run(to_onnx(model, ROWS, options={"zipmap": True}), ROWS)
    assert sorted(maps[0]) == list("abcd")
    with pytest.raises(NameError, match="raw_scores"):
        to_onnx(KNNClassifier(3).fit(ROWS, Y), ROWS, options={"raw_scores": True})


# What is refused ---------------------------------------------------------------------------------


class Halved(TransformerMixin, BaseEstimator):
    """A step of a user's own."""

    def fit(self, X, y=None):
        self.is_fitted_ = True
        return self

    def transform(self, X):
        return X / 2


class Variant(SoftmaxClassifier):
    """It may compute something else than its base does."""


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r'pip install "sk231n\[onnx\]"'):
        to_onnx(softmax().fit(ROWS, Y), ROWS)


@pytest.mark.parametrize("model", [softmax(), HOG(), pipeline(), GridSearchCV(softmax(), {})])
def test_an_estimator_that_is_not_fitted(model):
    with pytest.raises(NotFittedError, match="estimator is not fitted"):
        to_onnx(model, IMAGES)
    with pytest.raises(NotFittedError, match="estimator is not fitted"):
        to_onnx(model, None, initial_types=[("X", FloatTensorType([None, 768]))])


@pytest.mark.parametrize("thing", [object(), np.zeros(3), "model"])
def test_a_thing_that_is_no_estimator(thing):
    with pytest.raises(TypeError, match=r"estimator=.* neither predict nor transform"):
        to_onnx(thing, IMAGES)


def test_a_search_without_a_best_estimator():
    search = GridSearchCV(softmax(), {"alpha": [0.1, 1]}, cv=2, refit=False).fit(ROWS, Y)
    with pytest.raises(TypeError, match="estimator=GridSearchCV"):
        to_onnx(search, ROWS)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (ROWS[:, 1:], ValueError, "X has 767 features"),
        (IMAGES[:, :8], ValueError, "X has 384 features"),
        (ROWS[0], ValueError, "X"),
        (ROWS[:0], ValueError, "X"),
        (ROWS * np.nan, ValueError, "X contains NaN"),
        (ROWS.astype(str), ValueError, "X"),
        (None, TypeError, "X is None.* initial_types"),
        (3, TypeError, "X"),
        (ROWS.astype(np.float16), TypeError, r"X has dtype float16.*X.astype\(np.float32\)"),
        (ROWS.astype(np.uint16), TypeError, r"X has dtype uint16.*X.astype\(np.float32\)"),
        (ROWS.astype(np.uint64), TypeError, "X has dtype uint64, .* expected one of bool"),
    ],
)
def test_data_that_do_not_suit_the_model(X, error, message):
    model = softmax().fit(ROWS, Y)
    with pytest.raises(error, match=message):
        to_onnx(model, X)


def test_files(tmp_path):
    reader = ImageReader((16, 16))
    model = make_pipeline(reader, HOG(), softmax()).fit(list(IMAGES), Y)
    search = GridSearchCV(model, {}, cv=2).fit(list(IMAGES), Y)
    calibrated = CalibratedClassifierCV(model, cv=2).fit(list(IMAGES), Y)
    for refused, steps in (
        (model, "pipeline[1:]"),
        (reader, "pipeline[1:]"),
        (search, "search.best_estimator_[1:]"),
        (calibrated, "calibrated.calibrated_classifiers_[0].estimator[1:]"),
    ):
        with pytest.raises(
            NotImplementedError, match=rf"ImageReader.*\({re.escape(steps)}, images"
        ):
            to_onnx(refused, ["a.jpg"])
    label, _ = run(to_onnx(model[1:], IMAGES), IMAGES)
    np.testing.assert_array_equal(label, model.predict(list(IMAGES)))


@pytest.mark.parametrize("step", [Halved(), Variant(max_iter=1)])
def test_classes_without_a_converter(step):
    model = make_pipeline(Flatten(), step).fit(IMAGES, Y)
    with pytest.raises(NotImplementedError, match=f"estimator holds {type(step).__name__}.*update"):
        to_onnx(model, IMAGES)


def test_operators_that_are_too_old():
    for target_opset in (17, {"": 11}):
        with pytest.raises(ValueError, match=r"target_opset=.* at least 18"):
            to_onnx(softmax().fit(ROWS, Y), ROWS, target_opset=target_opset)


def test_what_skl2onnx_does_not_take():
    with pytest.raises(TypeError, match="opset"):
        to_onnx(softmax().fit(ROWS, Y), ROWS, opset=20)
