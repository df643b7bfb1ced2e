"""What is saved of a model and loaded again: pickle, joblib, skops, and files of older versions."""

import gzip
import importlib
import pickle
import re
import runpy
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sk231n
from sk231n import HOG, SoftmaxClassifier
from sk231n.core import bases
from sk231n.optimizers import Adam, Optimizer
from sk231n.utils import all_estimators

HERE = Path(__file__).parent
WRITE = runpy.run_path(str(HERE / "pickles" / "write.py"))
CASES = WRITE["fitted_models"]()
NOTES = (HERE.parent / "CHANGELOG.md").read_text(encoding="utf-8")
RELEASES = re.findall(r"^## \[?(\d+\.\d+\.\d+)\]?.* \d{4}-\d{2}-\d{2}$", NOTES, re.MULTILINE)


def through_skops(model, path):
    content = skops.io.dumps(model)
    return skops.io.loads(content, trusted=skops.io.get_untrusted_types(data=content))


def through_joblib(model, path, mmap_mode=None):
    joblib.dump(model, path / "model")
    return joblib.load(path / "model", mmap_mode=mmap_mode)


WAYS = {
    "pickle": lambda model, path: pickle.loads(pickle.dumps(model)),
    "skops": through_skops,
    "joblib": through_joblib,
    "joblib, mapped": partial(through_joblib, mmap_mode="r"),
}


def results(model, X, methods):
    """What the methods return, as a flat list of arrays."""
    found = [getattr(model, method)(X) for method in methods]
    return [array for item in found for array in (item if isinstance(item, tuple) else [item])]


def go_on(model, X, y):
    """Train on: an epoch where that can be done, else from the start."""
    return model.partial_fit(X, y) if hasattr(model, "partial_fit") else model.fit(X, y)


def test_every_estimator_is_among_the_cases():
    assert {type(case["model"]) for case in CASES.values()} == {
        estimator for _, estimator in all_estimators()
    }


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CASES)
def test_what_is_loaded_is_what_was_saved(way, name, tmp_path):
    """To the last bit, and so it goes on being trained."""
    case = CASES[name]
    model, X, y, methods = case["model"], case["X"], case["y"], case["results"]
    original, loaded = (WAYS[w](model, tmp_path) for w in ("pickle", way))
    for a, b in zip(results(model, X, methods), results(loaded, X, methods), strict=True):
        np.testing.assert_array_equal(a, b)
    go_on(original, X, y)
    go_on(loaded, X, y)
    for a, b in zip(results(original, X, methods), results(loaded, X, methods), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", CASES)
def test_skops_names_nothing_private(name):
    """State is made of arrays and of classes that everybody can import."""
    untrusted = skops.io.get_untrusted_types(data=skops.io.dumps(CASES[name]["model"]))
    assert untrusted
    for found in untrusted:
        module, _, class_name = found.rpartition(".")
        assert module.startswith("sk231n.")
        assert "._" not in module
        saved = getattr(importlib.import_module(module), class_name)
        public = importlib.import_module(saved._documented_in)
        assert getattr(public, class_name) is saved


def test_skops_with_a_pipeline_and_a_search(tmp_path):
    case = CASES["softmax"]
    model = make_pipeline(HOG(pixels_per_cell=(4, 4)), StandardScaler(), SoftmaxClassifier())
    search = GridSearchCV(model, {"softmaxclassifier__alpha": [0.1, 1.0]}, cv=2)
    search.fit(case["X"], case["y"])
    loaded = through_skops(search, tmp_path)
    np.testing.assert_array_equal(loaded.predict_proba(case["X"]), search.predict_proba(case["X"]))


class Forgetful(Optimizer):
    """An optimizer of a user's own, whose state is a dict."""

    adaptive = True

    def start(self, theta, decayed=True):
        return {"mean": np.zeros_like(theta)}

    def direction(self, gradient, state, theta):
        state["mean"] = 0.5 * state["mean"] + 0.5 * gradient
        return np.sign(state["mean"])


def test_states_of_a_users_own_optimizer(tmp_path):
    case = CASES["softmax, a stream"]
    model = SoftmaxClassifier(optimizer=Forgetful(), random_state=0)
    model.partial_fit(case["X"], case["y"], np.arange(3))
    loaded = joblib.load(joblib.dump(model, tmp_path / "model")[0])
    for trained in model, loaded:
        trained.partial_fit(case["X"], case["y"])
    np.testing.assert_array_equal(model.coef_, loaded.coef_)


class TestVersions:
    @pytest.mark.parametrize("name", CASES)
    def test_pickles_carry_the_version(self, name):
        model = CASES[name]["model"]
        assert model.__getstate__()["_sk231n_version"] == sk231n.__version__
        assert "_sk231n_version" not in vars(pickle.loads(pickle.dumps(model)))

    @pytest.mark.parametrize("part", [Adam(), SoftmaxClassifier(), CASES["svm"]["model"]])
    @pytest.mark.parametrize("loads", [pickle.loads, None])
    def test_another_version_warns(self, part, loads, monkeypatch):
        dumps, loads = (pickle.dumps, loads) if loads else (skops.io.dumps, None)
        monkeypatch.setattr(bases, "__version__", "0.0.7")
        content = dumps(part)
        monkeypatch.undo()
        if loads is None:
            loads = partial(skops.io.loads, trusted=skops.io.get_untrusted_types(data=content))
        with pytest.warns(InconsistentVersionWarning) as record:
            loaded = loads(content)
        (warning,) = record
        assert warning.message.estimator_name == f"{type(part).__module__}.{type(part).__name__}"
        assert warning.message.original_sklearn_version == "0.0.7"
        assert warning.message.current_sklearn_version == sk231n.__version__
        assert loaded.get_params() == part.get_params()

    def test_a_file_that_knows_no_version_warns(self):
        model = SoftmaxClassifier.__new__(SoftmaxClassifier)
        with pytest.warns(InconsistentVersionWarning, match="from version before 0.1.0"):
            model.__setstate__(vars(SoftmaxClassifier()))

    def test_copies_do_not_warn(self):
        import copy

        model = CASES["svm"]["model"]
        assert "_sk231n_version" not in vars(copy.deepcopy(model)) | vars(copy.copy(model))


class TestReleases:
    """Files that released versions have written."""

    def test_every_release_has_its_files(self):
        assert RELEASES
        for release in RELEASES:
            assert (HERE / "pickles" / f"{release}.pkl.gz").exists()
            assert (HERE / "pickles" / f"{release}.skops").exists()

    @pytest.fixture(params=["pkl.gz", "skops"])
    def load(self, request):
        def load(release):
            content = (HERE / "pickles" / f"{release}.{request.param}").read_bytes()
            if request.param == "skops":
                untrusted = skops.io.get_untrusted_types(data=content)
                assert all(name.startswith("sk231n.") for name in untrusted)
                return skops.io.loads(content, trusted=untrusted)
            return pickle.loads(gzip.decompress(content))

        return load

    @pytest.mark.parametrize("release", RELEASES)
    def test_its_models_are_loaded_and_go_on(self, load, release):
        if release == sk231n.__version__:
            cases = load(release)  # a warning would be an error
            assert list(cases) == list(CASES)
        else:
            with pytest.warns(InconsistentVersionWarning):
                cases = load(release)
        for name, case in cases.items():
            model, X, y = case["model"], case["X"], case["y"]
            for method, expected in case["results"].items():
                found = getattr(model, method)(X)
                for a, b in zip(
                    found if isinstance(found, tuple) else [found],
                    expected if isinstance(expected, tuple) else [expected],
                    strict=True,
                ):
                    assert a.shape == b.shape, name
                    assert a.dtype == b.dtype, name
                    if a.dtype.kind == "f":  # another processor may round differently
                        size = np.abs(b).max()
                        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * size, err_msg=name)
                    else:
                        np.testing.assert_array_equal(a, b, err_msg=name)
            go_on(model, X, y)
            model.fit(X, y)
