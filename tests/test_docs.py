"""Docstrings say what signatures and fitted estimators hold, in numpydoc's form."""

import ast
import importlib
import inspect
import re
import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpydoc.validate import validate

import sk231n

ROOT = Path(sk231n.__file__).parent
MODULES = [sk231n] + [
    importlib.import_module(f"sk231n.{path.stem}")
    for path in sorted(ROOT.iterdir())
    if path.stem[0] != "_" and (path.suffix == ".py" or (path / "__init__.py").exists())
]
PUBLIC = {
    f"{value.__module__}.{name}": value
    for module in MODULES
    for name in getattr(module, "__all__", ())
    if callable(value := getattr(module, name))
}
CLASSES = {name: value for name, value in PUBLIC.items() if inspect.isclass(value)}


def functions_behind(owner, name):
    """The package's functions that a method's name stands for, the base classes' ones last."""
    for base in owner.__mro__:
        function = vars(base).get(name)
        function = getattr(function, "fn", getattr(function, "__func__", function))
        if inspect.isfunction(function) and function.__module__.startswith("sk231n"):
            yield function


METHODS = {
    f"{name}.{attribute}": functions
    for name, owner in CLASSES.items()
    for attribute in dir(owner)
    if attribute[0] != "_" or attribute == "__call__"
    if (functions := list(functions_behind(owner, attribute)))
}
ESTIMATORS = {name: value for name, value in CLASSES.items() if hasattr(value, "fit")}
# What numpydoc would like to see too. One line is often enough of a summary (ES01), the class has
# the example and the cross-references of its methods (EX01, SA01), "self : object" is
# scikit-learn's way (RT02), and "Names of the features." is no verb (SS05).
LEFT_OUT = {"ES01", "EX01", "RT02", "SA01", "SS05"}
PAGES = sorted(
    path
    for path in (ROOT.parent / "docs").rglob("*.md")
    if not {"_build", "gallery", "generated"} & set(path.parts)
)
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)")
ROLE = re.compile(r":[a-z]+:`[^`]+`")
NAMED = re.compile(r"^\.\. (?:currentmodule:: (\S+)|autosummary::)$|^   (\w+)$", re.MULTILINE)
ELSEWHERE = re.compile(r"see :(class|func|meth):`")  # "...; see :meth:`SGD.direction`."


def sections(documented):
    """Lines of each section of a docstring by its heading; those before the first by ''."""
    name, found = "", {"": []}
    lines = inspect.getdoc(documented).splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line and following == "-" * len(line):
            name, found[line] = line, []
        elif not (name and not found[name] and set(line) == {"-"}):
            found[name].append(line)
    return found


def entries(lines):
    """``{name: (type, description)}`` of a section such as Parameters."""
    found = {}
    for line in lines:
        if line and line[0] != " ":
            names, _, kind = line.partition(" : ")
            for name in names.split(", "):
                found[name.lstrip("*")] = (kind, [])
        elif line:
            for name in names.split(", "):
                found[name.lstrip("*")][1].append(line.strip())
    return {name: (kind, " ".join(text)) for name, (kind, text) in found.items()}


def parameters(function):
    """Parameters of a signature that are to be described."""
    signature = inspect.signature(function).parameters
    return {name: parameter for name, parameter in signature.items() if name not in ("self", "cls")}


def described_parameters(documented):
    return entries(sections(documented).get("Parameters", []))


def assert_begins_with_one_line(documented):
    assert documented.__doc__, "no docstring"
    summary, *rest = inspect.getdoc(documented).splitlines()
    assert summary.endswith(".")
    assert not rest or not rest[0], "no empty line after the summary"


def assert_describes_its_parameters(documented):
    described, signature = described_parameters(documented), parameters(documented)
    assert list(described) == list(signature)
    for name, parameter in signature.items():
        kind, text = described[name]
        assert kind, f"{name} has no type"
        assert text.endswith("."), f"{name} has no description, or no sentence"
        if kind == "None":  # scikit-learn's way to write "y=None, ignored"
            kind = "None, default=None"
        _, mentioned, stated = kind.partition("default=")
        if parameter.default is parameter.empty:
            assert not mentioned, f"{name} has no default"
        else:
            assert mentioned or "default" in text, f"the default of {name} is missing"
        if mentioned:
            assert_is_the_default(stated, parameter.default)


def assert_is_the_default(stated, default):
    """Where the default is a literal, the docstring states just that."""
    try:
        stated = ast.literal_eval(stated)
    except ValueError:
        assert not isinstance(default, int | float | str | tuple | None), stated
    else:
        assert stated == default


@pytest.mark.parametrize("documented", PUBLIC.values(), ids=PUBLIC)
def test_begins_with_one_line(documented):
    assert_begins_with_one_line(documented)


@pytest.mark.parametrize("functions", METHODS.values(), ids=METHODS)
def test_methods_begin_with_one_line(functions):
    assert_begins_with_one_line(functions[0])


@pytest.mark.parametrize("documented", PUBLIC.values(), ids=PUBLIC)
def test_describes_its_parameters(documented):
    assert_describes_its_parameters(documented)


@pytest.mark.parametrize("functions", METHODS.values(), ids=METHODS)
def test_methods_describe_their_parameters(functions):
    """In their own docstring, in that of the method they override, or where theirs points to."""
    if not ELSEWHERE.search(functions[0].__doc__):
        own_first = [function for function in functions if described_parameters(function)]
        assert_describes_its_parameters([*own_first, functions[0]][0])


@pytest.mark.parametrize("documented", PUBLIC.values(), ids=PUBLIC)
def test_has_an_example(documented):
    assert any(line.startswith(">>> ") for line in sections(documented).get("Examples", []))


@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)
def test_describes_what_it_learns(estimator):
    rng = np.random.RandomState(0)
    X = pd.DataFrame(rng.uniform(size=(30, 48))).add_prefix("pixel")
    if estimator is sk231n.ImageReader:  # takes pictures alone
        X = X.to_numpy().reshape(30, 4, 4, 3)
    fitted = estimator().fit(X, np.arange(30) % 3)
    learnt = {name for name in vars(fitted) if name.endswith("_") and name[0] != "_"}
    described = entries(sections(estimator).get("Attributes", []))
    assert learnt == set(described)
    for name, (kind, text) in described.items():
        assert kind, f"{name} has no type"
        assert text.endswith("."), f"{name} has no description, or no sentence"


def test_linear_classifiers_describe_shared_arguments_alike():
    softmax = described_parameters(sk231n.SoftmaxClassifier)
    svm = described_parameters(sk231n.LinearSVM)
    own = {"loss"}  # which each has in its own way
    assert own < softmax.keys() < svm.keys()
    assert all(softmax[name] == svm[name] for name in softmax.keys() - own)
    learnt = [entries(sections(estimator)["Attributes"])
              for estimator in (sk231n.SoftmaxClassifier, sk231n.LinearSVM)]  # fmt: skip
    assert learnt[0] == learnt[1]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_modules_have_a_docstring(module):
    assert module.__doc__
    assert module.__doc__.splitlines()[0].endswith(".")


@pytest.mark.parametrize("name", [*PUBLIC, *METHODS])
def test_numpydoc_finds_nothing(name):
    found = validate(name)
    left_out = LEFT_OUT | ({"PR01", "RT01"} if ELSEWHERE.search(found["docstring"]) else set())
    assert [error for error in found["errors"] if error[0] not in left_out] == []


def names_in_the_reference():
    """All names that the pages of the reference list."""
    for page in (ROOT.parent / "docs" / "api").glob("*.md"):
        module = None
        for found in NAMED.finditer(page.read_text(encoding="utf-8")):
            module = found[1] or module
            if found[2]:
                yield f"{module}.{found[2]}"


def test_the_reference_has_every_public_name():
    listed = set(names_in_the_reference())
    public = {
        id(value): f"{module.__name__}.{name}"
        for module in reversed(MODULES)  # what the package itself offers is listed there
        for name in getattr(module, "__all__", vars(module) if module is sk231n.reference else ())
        if callable(value := getattr(module, name)) and value.__module__.startswith("sk231n")
    }
    assert set(public.values()) - listed == set()
    for name in listed:
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_of_pages_name_files(page):
    """A folder, or a file without its ending, may be taken for a page of that name."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    text = re.sub(r"`[^`]*`", "", text)
    for target in LINK.findall(text):
        assert (page.parent / target).is_file(), target
        assert (page.parent / target).resolve() != page, "a link to the own page"


def test_roles_in_the_reference_stay_roles():
    """The pages of the loops show the first line of each docstring, with its references."""
    conf = ROOT.parent / "docs" / "conf.py"
    show_source = runpy.run_path(str(conf), {"tags": Tags()})["show_source"]
    n_roles = 0
    for name, function in inspect.getmembers(sk231n.reference, inspect.isfunction):
        lines = []
        show_source(None, "function", f"sk231n.reference.{name}", function, None, lines)
        roles = ROLE.findall(inspect.getdoc(function).splitlines()[0])
        assert ROLE.findall(lines[0]) == roles
        n_roles += len(roles)
    assert n_roles


class Tags:
    """What Sphinx hands to the configuration."""

    def has(self, name):
        return False
