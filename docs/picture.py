"""The directive ``picture``: what a function of ``docs/pictures`` draws, in light and in dark.

    ```{picture} linear.hinge_and_softmax
    :alt: Two curves over the score of the true class; the hinge is zero from the margin on.

    The caption.
    ```

``make docs-quick`` draws for the light page only, which the theme shows on white in the dark.

A picture needs a description for those who cannot see it, here or as the docstring of its function,
and text of at least nine pixels on a page of 600; without either the build fails.
"""

import importlib
import inspect
import re
import sys
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

sys.path.insert(0, str(Path(__file__).parent))

SMALLEST_TEXT = 9  # pixels on a page of 600
FOLDER = "_build/pictures"


def draw(name, folder, themes=("light", "dark")):
    """Draw ``module.function`` into files of the folder; return their width in pixels."""
    from pictures import _style

    make = drawing(name)
    for theme in themes:
        with _style.theme(theme):
            figure = make()
            smallest = _style.smallest_text(figure)
            if smallest < SMALLEST_TEXT:
                raise ValueError(
                    f"picture {name}: the smallest text has {smallest:.1f} pixels on a page of "
                    f"600; at least {SMALLEST_TEXT} can be read."
                )
            width = round(figure.get_figwidth() * _style.DPI)
            figure.savefig(folder / f"{name}-{theme}.png", dpi=2 * _style.DPI)
    return width


def drawing(name):
    """The function ``module.function`` of ``docs/pictures``."""
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(f"pictures.{module}"), snake_case(function))


def snake_case(name):
    """``HOGWeightsDisplay`` as ``hog_weights_display``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


class Picture(SphinxDirective):
    """A figure with a caption, in two versions of which the page shows the one that fits it."""

    required_arguments = 1
    has_content = True
    option_spec = {"alt": directives.unchanged_required}

    def run(self):
        """Draw the picture and show it."""
        name = self.arguments[0]
        alt = self.options.get("alt") or inspect.getdoc(drawing(name))
        if not alt:
            raise self.error(f"picture {name}: needs a description, :alt:.")
        folder = Path(self.env.srcdir, FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        themes = ("light",) if "quick" in self.env.app.tags else ("light", "dark")
        width = draw(name, folder, themes)
        module = name.partition(".")[0]
        self.env.note_dependency(str(Path(self.env.srcdir, "pictures", f"{module}.py")))
        # The theme hides captions that are siblings of an image for one theme only.
        images = nodes.container()
        figure = nodes.figure("", images, classes=["picture"])
        for theme in themes:
            images += nodes.image(
                uri=f"/{FOLDER}/{name}-{theme}.png", alt=alt, width=f"{width}px",
                classes=[f"only-{theme}"] if len(themes) > 1 else [],
            )  # fmt: skip
        if self.content:
            paragraph = nodes.Element()
            self.state.nested_parse(self.content, self.content_offset, paragraph)
            for child in paragraph:
                figure += nodes.caption(child.rawsource, "", *child.children)
        return [figure]


def setup(app):
    """Connect the directive."""
    app.add_directive("picture", Picture)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
