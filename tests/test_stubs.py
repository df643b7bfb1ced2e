"""Stubs match the code: each name exists, and takes the arguments that the stub says."""

import ast
import importlib
import inspect
from pathlib import Path

import pytest

import sk231n
import sk231n.reference

ROOT = Path(sk231n.__file__).parent
STUBS = {
    ".".join(stub.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__"): stub
    for stub in ROOT.rglob("*.pyi")
}
# scikit-learn makes these for classes whose methods take more than X and y.
MADE = {"set_fit_request", "set_partial_fit_request", "set_score_request"}


def definitions(body, owner):
    """Functions and classes of a stub, with what they stand for; those of classes as well."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name not in MADE:
            found = getattr(owner, node.name)
            yield node, found
            if isinstance(node, ast.ClassDef):
                yield from definitions(node.body, found)


def signature_of(node):
    """Signature of a function in a stub, without its types."""
    for argument in ast.walk(node.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    scope = {}
    exec(f"def stub({ast.unparse(node.args)}): ...", scope)
    return inspect.signature(scope["stub"])


def test_there_are_stubs():
    assert set(STUBS) == {"sk231n.core.bases", "sk231n.reference"}


@pytest.mark.parametrize("module", STUBS)
def test_stubs_name_what_the_module_has(module):
    code = importlib.import_module(module)
    stub = ast.parse(STUBS[module].read_text(encoding="utf-8"))
    named = {node.name for node, _ in definitions(stub.body, code)}
    assert {name for name, value in vars(code).items() if callable(value)} <= named


def test_the_stub_of_the_reference_has_its_signatures():
    """A default that is a function has three dots in the stub."""
    stub = ast.parse(STUBS["sk231n.reference"].read_text(encoding="utf-8"))
    for node, function in definitions(stub.body, sk231n.reference):
        signature = inspect.signature(function)
        parameters = [
            parameter.replace(default=...) if inspect.isfunction(parameter.default) else parameter
            for parameter in signature.parameters.values()
        ]
        assert signature_of(node) == signature.replace(parameters=parameters), node.name
