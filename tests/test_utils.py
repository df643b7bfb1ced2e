"""Good citizenship: the list of estimators, versions, links to the documentation, and bounds."""

import html
import re
import tomllib
from pathlib import Path

import pytest
import sklearn
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr
from threadpoolctl import threadpool_info

import sk231n
from sk231n import (
    HOG,
    LinearSVM,
    SoftmaxClassifier,
    layers,
    losses,
    optimizers,
    penalties,
    schedules,
)
from sk231n.core.bases import BaseEstimator
from sk231n.utils import all_estimators

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PARTS = [
    getattr(module, name)
    for module in (layers, losses, optimizers, penalties, schedules)
    for name in module.__all__
    if isinstance(getattr(module, name), type) and issubclass(getattr(module, name), BaseEstimator)
]


def documented():
    """Names that the API reference lists, each of which gets a page."""
    for page in sorted((ROOT / "docs" / "api").glob("*.md")):
        for line in page.read_text(encoding="utf-8").splitlines():
            if line.startswith(".. currentmodule::"):
                module = line.split()[-1]
            elif re.fullmatch(r"   \w+", line):
                yield f"{module}.{line.strip()}"


class TestAllEstimators:
    def test_lists_what_the_package_offers(self):
        names = [name for name, _ in all_estimators()]
        assert names == sorted(
            name for name in sk231n.__all__ if isinstance(getattr(sk231n, name), type)
        )
        assert all(getattr(sk231n, name) is found for name, found in all_estimators())

    def test_kinds(self):
        kinds = [dict(all_estimators(kind)) for kind in ("classifier", "regressor", "transformer")]
        assert set.union(*map(set, kinds)) == set(dict(all_estimators()))
        assert sum(map(len, kinds)) == len(all_estimators())
        assert dict(all_estimators(["classifier", "regressor"])) == kinds[0] | kinds[1]
        assert all_estimators([]) == []

    @pytest.mark.parametrize("wrong", ["classifiers", 3, ["classifier", "clusterer"]])
    def test_unknown_kinds(self, wrong):
        with pytest.raises(ValueError, match="type_filter"):
            all_estimators(wrong)


def test_versions(capsys):
    sk231n.show_versions()
    printed = capsys.readouterr().out
    lines = dict(line.strip().split(": ", 1) for line in printed.splitlines() if ": " in line)
    assert lines["sk231n"] == sk231n.__version__
    assert lines["scikit-learn"] == sklearn.__version__
    for requirement in PROJECT["dependencies"]:
        assert lines[re.match(r"[\w-]+", requirement)[0]][0].isdigit()
    for library in threadpool_info():
        assert library["internal_api"] in lines


def test_what_is_not_installed_is_said(capsys, monkeypatch):
    from sk231n import _versions

    monkeypatch.setattr(_versions, "_OPTIONAL", ("no-such-package",))
    sk231n.show_versions()
    assert "no-such-package: not installed" in capsys.readouterr().out


class TestLinks:
    """The HTML representation in notebooks."""

    @pytest.mark.parametrize("owner", [*dict(all_estimators()).values(), *PARTS])
    def test_every_class_has_its_page(self, owner):
        *_, folder, page = owner.__new__(owner)._get_doc_link().split("/")
        assert folder == "generated"
        assert page.removesuffix(".html") in set(documented())

    def test_the_address_is_that_of_the_documentation(self):
        assert SoftmaxClassifier()._get_doc_link().startswith(PROJECT["urls"]["Documentation"])

    def test_in_a_pipeline(self):
        shown = estimator_html_repr(make_pipeline(HOG(), SoftmaxClassifier()))
        assert "/sk231n.HOG.html" in shown
        assert "/sk231n.SoftmaxClassifier.html" in shown

    def test_of_a_part(self):
        shown = estimator_html_repr(layers.LeakyReLU())
        assert "/sk231n.layers.LeakyReLU.html" in shown

    @pytest.mark.parametrize("owner", dict(all_estimators()).values())
    def test_every_argument_has_a_tip(self, owner):
        shown = html.unescape(estimator_html_repr(owner()))
        for name in owner().get_params(deep=False):
            tip = re.search(
                rf'href="[^"]*#[^"]*">\s*{name}\s*<span class="param-doc-.*?>(.*?)</span>',
                shown,
                re.DOTALL,
            )[1]
            assert len(tip.strip()) > 20

    def test_a_class_of_a_users_own_has_none(self):
        class Mine(LinearSVM):
            pass

        assert Mine()._get_doc_link() == ""


def test_the_upper_bound_of_scikit_learn_is_the_newest_minor_that_was_tested():
    """Which is the one installed here; a development version may already be beyond."""
    (requirement,) = (r for r in PROJECT["dependencies"] if r.startswith("scikit-learn"))
    major, minor = map(int, re.search(r"<(\d+)\.(\d+)$", requirement).groups())
    installed = tuple(map(int, sklearn.__version__.split(".")[:2]))
    if "dev" in sklearn.__version__:
        assert installed >= (major, minor - 1)
    else:
        assert installed == (major, minor - 1)
