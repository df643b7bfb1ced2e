"""The pictures of the documentation: each page has one, and each is shown and described."""

import ast
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
USE = re.compile(r"^[`:]{3,}\{picture\} (\S+)\n((?: *:\w+:.*\n)*\n?)", re.MULTILINE)
PAGES = sorted(DOCS.glob("guide/*.md")) + sorted(DOCS.glob("course/*.md"))
MODULES = [path for path in sorted((DOCS / "pictures").glob("*.py")) if path.stem[0] != "_"]


def drawn():
    """The name of each picture that can be drawn, and its docstring."""
    return {
        f"{path.stem}.{node.name}": ast.get_docstring(node)
        for path in MODULES
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


def used():
    """The name of each picture that a page shows, once for each time, and its options."""
    pages = [path for path in sorted(DOCS.rglob("*.md")) if "_build" not in path.parts]
    return [pair for path in pages for pair in USE.findall(path.read_text(encoding="utf-8"))]


def test_something_is_found():
    assert len(drawn()) > 20
    assert len(PAGES) > 30


def test_every_picture_says_what_it_is():
    assert [name for name, docstring in drawn().items() if not docstring] == []


def test_every_picture_is_shown():
    of_displays = {name for name in drawn() if name.startswith("displays")}
    assert {name for name, _ in used()} == drawn().keys() - of_displays


def test_every_picture_is_described_for_those_who_cannot_see_it():
    """In one line: Markdown would take a second one for the caption."""
    assert [name for name, options in used() if not re.fullmatch(" *:alt: .+\n\n", options)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_every_page_of_guide_and_course_has_a_picture(page):
    assert USE.search(page.read_text(encoding="utf-8"))
