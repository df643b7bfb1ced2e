"""Sphinx's configuration. The build fetches nothing: MathJax comes as a package."""

import inspect
import re
import sys
from pathlib import Path

from docutils import nodes
from sphinx import addnodes

sys.path.insert(0, str(Path(__file__).parent))  # for `picture`

import sk231n
from sk231n.play._pages.static import static_page

project = "sk231n"
copyright = "The sk231n developers"
version = release = sk231n.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.extlinks",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "sphinx-mathjax-offline",
    "picture",
]
exclude_patterns = ["_build", "**/generated/README*", "results/*"]
templates_path = ["_templates"]
nitpicky = True

# Pages -------------------------------------------------------------------------------------------

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
extlinks = {
    "doi": ("https://doi.org/%s", "doi:%s"),
    "arxiv": ("https://arxiv.org/abs/%s", "arXiv:%s"),
}

# Reference ---------------------------------------------------------------------------------------

autosummary_generate = True
autodoc_member_order = "groupwise"
autodoc_typehints = "none"
toc_object_entries_show_parents = "hide"
default_role = "literal"  # `X` in a docstring is an argument
numpydoc_show_class_members = False

# Gallery -----------------------------------------------------------------------------------------

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    "backreferences_dir": "gallery/backreferences",  # which examples use what
    "doc_module": "sk231n",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"(^|/)(?!plot_)[^/]*\.py$",  # programs for the command line
    "plot_gallery": not tags.has("quick"),  # noqa: F821  (Sphinx defines it)
    "image_scrapers": ("gallery_figures.save_legible",),
    "image_srcset": ["2x"],  # for screens of today
    "first_notebook_cell": '%pip install --quiet "sk231n[images,plot]"\n%matplotlib inline',
    "capture_repr": (),  # what a program prints is its output
    "abort_on_example_error": True,
    "download_all_examples": False,
    "within_subsection_order": "FileNameSortKey",
    "show_memory": False,
    "show_signature": False,
    "write_computation_times": False,
}

# Looks -------------------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = f"sk231n {version}"
html_static_path = ["_static"]
html_css_files = ["sk231n.css"]
html_js_files = ["play.js"]
html_copy_source = html_show_sourcelink = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {"text": "sk231n"},
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_toc_level": 2,
}
html_sidebars = {
    name: []
    for name in (
        "index", "getting_started", "coming_from_sklearn", "vocabulary", "design", "results",
        "citing", "versions", "changelog",
    )
}  # fmt: skip

# Names of other packages -------------------------------------------------------------------------

# Where the reference pages of other packages lie: links without their inventories, which would
# have to be fetched.
ELSEWHERE = {
    "sklearn": "https://scikit-learn.org/stable/modules/generated/{}.html",
    "numpy": "https://numpy.org/doc/stable/reference/generated/{}.html",
    "scipy": "https://docs.scipy.org/doc/scipy/reference/generated/{}.html",
}


def find_reference(app, env, node, contnode):
    """Find names without their module, and link those of other packages."""
    if node.get("refdomain") != "py":
        return None
    name = node["reftarget"]
    pattern = ELSEWHERE.get(name.partition(".")[0])
    if pattern is None:
        node["refspecific"] = True
        return env.domains["py"].resolve_xref(
            env, node["refdoc"], app.builder, node["reftype"], name, node, contnode
        )
    if name.startswith("sklearn") and node["reftype"] == "mod":
        pattern = "https://scikit-learn.org/stable/api/{}.html"
    return nodes.reference("", "", contnode, internal=False, refuri=pattern.format(name))


def skip_members_of_others(app, what, name, obj, skip, options):
    """Leave out what scikit-learn's base classes bring along; the reference says so once."""
    if callable(obj):
        obj = inspect.unwrap(obj)
        return None if str(getattr(obj, "__module__", "")).startswith("sk231n") else True
    return None


def escape(text):
    """Quote what reStructuredText would read as markup, but for roles and `names`."""
    parts = re.split(r"((?::[a-z]+)*:?`+[^`]+`+)", text)
    parts[::2] = (re.sub(r"([*|`_\\])", r"\\\1", part) for part in parts[::2])
    return "".join(parts)


def find_sources(app, doctree):
    """Say in which class a method is defined: only there does viewcode find its source."""
    for signature in doctree.findall(addnodes.desc_signature):
        path, _, name = signature.get("fullname", "").rpartition(".")
        owner = getattr(sys.modules.get(signature.get("module")), path, None)
        for base in inspect.getmro(owner) if inspect.isclass(owner) else ():
            if name in vars(base):
                signature["module"] = base.__module__
                signature["fullname"] = f"{base.__qualname__}.{name}"
                break


def show_source(app, what, name, obj, options, lines):
    """Show the loops of ``sk231n.reference`` themselves: they are made to be read."""
    if name.startswith("sk231n.reference.") and inspect.isfunction(obj):
        summary = escape(inspect.getdoc(obj).splitlines()[0])
        source = inspect.getsource(obj).rstrip().splitlines()
        lines[:] = [summary, "", ".. code-block:: python", "", *(f"   {line}" for line in source)]


def write_pages_that_play(app, exception):
    """Write the pages that play beside the others; frames in the chapters show them."""
    if exception is None and app.builder.format == "html":
        folder = Path(app.outdir, "_static", "play")
        folder.mkdir(exist_ok=True)
        for name in ("knn", "linear"):
            (folder / f"{name}.html").write_text(static_page(name), encoding="utf-8")


def setup(app):
    """Connect the functions above."""
    app.connect("build-finished", write_pages_that_play)
    app.connect("doctree-read", find_sources, priority=400)  # before sphinx.ext.viewcode
    app.connect("missing-reference", find_reference)
    app.connect("autodoc-skip-member", skip_members_of_others)
    app.connect("autodoc-process-docstring", show_source, priority=900)
