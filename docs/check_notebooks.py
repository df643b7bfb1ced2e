"""Check the notebooks of the gallery: they run what the examples run.

The build has run the examples; a notebook that holds the same statements, and nothing that needs
the example's folder, runs as it is downloaded.

    python docs/check_notebooks.py docs/gallery
"""

import ast
import json
import sys
from pathlib import Path


def statements(source):
    """The statements of some code, in a form to compare; the lesson's texts are none."""
    return [
        ast.dump(node)
        for node in ast.parse(source).body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]


def code_of(notebook):
    """The code of a notebook's cells, without commands to the notebook itself."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return "\n".join(line for line in code.splitlines() if not line.startswith("%"))


def main(folder):
    """Report every notebook that differs from its example."""
    notebooks = sorted(Path(folder).glob("*.ipynb"))
    faults = [] if notebooks else [f"{folder} holds no notebook"]
    for notebook in notebooks:
        code, example = code_of(notebook), notebook.with_suffix(".py").read_text(encoding="utf-8")
        if statements(code) != statements(example):
            faults.append(f"{notebook.name}: other code than the example")
        if "__file__" in code:
            faults.append(f"{notebook.name}: a notebook has no __file__")
    sys.exit("\n".join(faults) or None)


if __name__ == "__main__":
    main(*sys.argv[1:])
