"""Every snippet of the pages runs and prints what the page says, numbers to the digits shown."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for path in (ROOT / "docs").rglob("*.md")
    if "_build" not in path.parts and "\n>>> " in path.read_text(encoding="utf-8")
)
SNIPPET = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"(?<![\w.])-?\d+\.(\d*)(?:e[-+]\d+)?")


class Checker(doctest.OutputChecker):
    """Compare decimal fractions to the digits shown, give or take one in the last or 2 percent.

    The 2 percent are for what another machine computes; digits that the code rounds off are wrong.
    """

    def check_output(self, want, got, optionflags):
        """Say whether `got` is what the page wants."""
        agree = True
        for w, g in zip(NUMBER.finditer(want), NUMBER.finditer(got), strict=False):
            digit = 1.01 * 10.0 ** -len(w[1])
            other = 0.02 * abs(float(w[0])) if len(g[1]) >= len(w[1]) else 0.0
            agree &= abs(float(w[0]) - float(g[0])) <= max(digit, other)
        want, got = (NUMBER.sub("#", text) for text in (want, got))
        return agree and super().check_output(want, got, optionflags)


def snippets(text, without):
    """All Python of a page as one text, line by line where it stands in the page."""
    lines, last = [], 0
    for block in SNIPPET.finditer(text):
        lines += ["\n"] * text.count("\n", last, block.start(1))
        lines.append("\n" * block[1].count("\n") if without in block[1] else block[1])
        last = block.end(1)
    return "".join(lines)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_snippets(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check(page, snippets(page.read_text(encoding="utf-8"), without="from skimage"))


@pytest.mark.referee("scikit-image")
def test_snippet_with_scikit_image():
    page = ROOT / "docs/coming_from_sklearn.md"
    (block,) = [code for code in SNIPPET.findall(page.read_text("utf-8")) if "skimage" in code]
    check(page, ">>> import numpy as np\n" + block)


def check(page, code):
    test = doctest.DocTestParser().get_doctest(code, {}, page.name, str(page), 0)
    assert test.examples
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    report = []
    runner = doctest.DocTestRunner(Checker(), optionflags=flags)
    runner.run(test, out=report.append)
    assert not runner.failures, "".join(report)


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_first_example(page, capsys):
    code = SNIPPET.search((ROOT / page).read_text(encoding="utf-8"))[1]
    exec(compile(code, page, "exec"), {})
    printed = capsys.readouterr().out
    stated = re.search(r"# about (0\.\d+)", code)
    assert printed
    if stated:
        assert float(printed) == pytest.approx(float(stated[1]), abs=0.01)


def test_checker_compares_the_digits_that_are_shown():
    agree = Checker().check_output
    assert agree("0.87\n", "0.874\n", 0)
    assert agree("0.87\n", "0.88\n", 0)
    assert not agree("0.87\n", "0.89\n", 0)
    assert agree("0.5\n", "0.51\n", 0)
    assert agree("250.1\n", "252.4\n", 0)
    assert not agree("0.502\n", "0.5\n", 0)
    assert not agree("[0.1, 0.2]\n", "[0.1]\n", 0)
    assert not agree("5\n", "6\n", 0)
