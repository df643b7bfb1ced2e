"""Check the types that users meet: in the pages' programs, and in the package's public names.

Each page's Python is one program, every line of it where it stands in the page. pyright and mypy
see the package as an installed one. scikit-learn has no types: what comes from it is unknown to
both, and no error.
"""

import doctest
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "docs/getting_started.md", "docs/guide/*.md")
SNIPPET = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
AT_LEAST = 95  # percent of the public names have a known type

# The first line of a page is its title. The README's fragments go on from the reader's own data.
GIVEN = {
    "README.md": "from numpy import ones; from sk231n import ConvNetClassifier, KNNClassifierCV, "
    "LinearSVM, MLPClassifier; from sk231n.augmentation import Mirror, Shift; "
    "X, y, X_val, y_val, X_new = (ones(1) for _ in range(5))"
}
PYRIGHT_CONFIG = {
    "useLibraryCodeForTypes": False,  # guess no types for packages that have none
    "reportUnusedExpression": False,  # prompts show the values of expressions
}
MYPY_OPTIONS = (
    "--config-file=",
    "--ignore-missing-imports",
    "--disable-error-code=import-untyped",
    "--check-untyped-defs",
    "--allow-redefinition",  # one program, but a reader's session
)


def program(text, first_line=""):
    """The Python of a page, less what it prints and what is to raise an error."""
    lines = [first_line] + [""] * text.count("\n")
    for block in SNIPPET.finditer(text):
        start = text.count("\n", 0, block.start(1))
        examples = doctest.DocTestParser().get_examples(block[1])
        pieces = [(e.lineno, e.source) for e in examples if e.exc_msg is None]
        for line, source in pieces if examples else [(0, block[1])]:
            code = source.splitlines()
            lines[start + line : start + line + len(code)] = code
    return "\n".join(lines).rstrip() + "\n"


def run(folder, *command):
    """Run a module of Python in `folder`; return its exit status and what it printed."""
    scripts = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([scripts, os.environ.get("PATH", "")]),  # pyright asks this Python
        "PYTHONPATH": str(ROOT),  # neither checker follows an editable installation
        "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",  # do not ask for a newer pyright
    }
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    return done.returncode, done.stdout


def check_pages(folder):
    """Say whether both checkers accept the program of every page; print what they do not."""
    pages = {}
    for page in sorted(page for pattern in PAGES for page in ROOT.glob(pattern)):
        name = page.relative_to(ROOT).as_posix()
        code = program(page.read_text(encoding="utf-8"), GIVEN.get(name, ""))
        if code.strip():
            pages[name] = name.removesuffix(".md") + ".py"
            path = folder / pages[name]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(code, encoding="utf-8")
    (folder / "pyrightconfig.json").write_text(json.dumps(PYRIGHT_CONFIG))
    failed = False
    for command in (
        ("pyright", "--level", "error"),
        ("mypy", *MYPY_OPTIONS, *pages.values()),
    ):
        status, printed = run(folder, *command)
        printed = printed.replace(f"{folder}{os.sep}", "")
        for name, path in pages.items():
            printed = printed.replace(path, name)
        print(f"{command[0]}, {len(pages)} pages:\n{printed.strip()}", flush=True)
        failed |= status != 0
    return not failed


def check_package(folder):
    """Say whether enough public names have a known type; if not, print those that have none."""
    options = ("--verifytypes", "sk231n", "--ignoreexternal", "--outputjson")
    _, printed = run(folder, "pyright", *options)
    report = json.loads(printed)
    for fault in report["generalDiagnostics"]:
        print(fault["message"])
    score = 100 * report["typeCompleteness"]["completenessScore"]
    if score < AT_LEAST:
        for symbol in report["typeCompleteness"]["symbols"]:
            if not symbol["isTypeKnown"]:  # a class needs its bases, private ones too
                faults = "; ".join(d["message"].split("\n")[0] for d in symbol["diagnostics"])
                public = "public" if symbol["isExported"] else "private"
                print(f"{symbol['name']} ({public}): {faults or 'a part of it is not known'}")
    print(f"sk231n: the types of {score:.1f} % of the public names are known, {AT_LEAST} % needed")
    return score >= AT_LEAST


def main():
    """Run all checks, and fail where one does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        passed = [check_pages(folder), check_package(folder)]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
