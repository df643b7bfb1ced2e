"""Pages for the documentation, which need no server: JavaScript does what the library does.

They are made of the models of the served pages and look the same. Their scripts compute the same
numbers and pixels as the library, to which the tests hold them.
"""

from bokeh.document import Document
from bokeh.embed import file_html
from bokeh.events import DocumentReady
from bokeh.models import CustomJS
from bokeh.resources import INLINE

from sk231n.play._knn import clouds
from sk231n.play._pages._kit import file_text
from sk231n.play._pages._page import TEMPLATES, template_variables
from sk231n.play._pages.knn import NeighborsPage
from sk231n.play._pages.linear import LinearPage
from sk231n.play._plane import COLOURS, MARKERS, SIGNS
from sk231n.play._words import listed

# Nothing is fetched from anywhere.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:"
)
N_CLOUDS = 10
MOST_POINTS_DRAWN = 60

# What only the served page has.
SERVED = {"code", "copy", "formula", "address", "place_x", "place_y", "seed_message"}


def rows(points):
    """Return points as lists of x, y and class."""
    return [
        [*place, label] for place, label in zip(listed(points.X), listed(points.y), strict=True)
    ]


def point_models(page):
    """Return the models that both pages have, by the name that the scripts use."""
    models = {
        "figure": page.plane.figure,
        "regions": page.plane.regions,
        "points": page.plane.points,
        "remove_point": page.remove_point,
        "add_point": page.add_point,
        "points_message": page.points_message.message,
    }
    for name in ("point", "point_x", "point_y", "point_class"):
        field = getattr(page, name)
        models |= {name: field.widget, f"{name}_message": field.message}
    for name, field in page.fields.items():
        if field.widget is not None:
            models |= {name: field.widget, f"{name}_message": field.message}
    return models


def knn_script(page):
    """Return what the script of the nearest neighbours works with."""
    models = point_models(page) | {
        "draw": page.draw_button,
        "links": page.links,
        "pointer": page.pointer,
    }
    # Fewer points of a cloud are its first ones.
    drawn = {
        n_classes: [rows(clouds(MOST_POINTS_DRAWN, n_classes, seed)) for seed in range(N_CLOUDS)]
        for n_classes in range(2, len(COLOURS) + 1)
    }
    return models, {"clouds": [drawn.get(n, []) for n in range(len(COLOURS) + 1)]}


def linear_script(page):
    """Return what the script of the linear classifiers works with."""
    state = page.state
    models = point_models(page) | {
        "weights": [[page.weights[c, j].widget for j in range(3)] for c in range(3)],
        "gradients": [[page.gradients[c, j] for j in range(3)] for c in range(3)],
        "update": page.update_button,
        "run": page.run_button,
        "randomise": page.randomise_button,
        "reset": page.reset_button,
        "training_message": page.training_message.message,
        "lines": page.lines,
        "arrows": page.arrows,
        "table": page.table,
        "updates": page.updates,
    }
    models |= {f"w{c}{j}_message": field.message for (c, j), field in page.weights.items()}
    setting = {name: listed(state[name]) for name in ("W", "b")}
    return models, setting | {name: state[name] for name in ("loss", "rate", "alpha")}


PAGES = {"knn": (NeighborsPage, knn_script), "linear": (LinearPage, linear_script)}


def static_page(name):
    """Return the HTML of a page that needs no server: "knn" or "linear"."""
    page_class, script = PAGES[name]
    page = page_class()
    models, setting = script(page)
    setting |= {
        "points": rows(page.state.points),
        "colours": COLOURS,
        "markers": MARKERS,
        "signs": list(SIGNS),
    }
    document = Document()
    for root_name, root in page.kit.roots.items():
        if root_name not in SERVED:
            document.add_root(root)
    code = file_text("static_points.js") + file_text(f"static_{name}.js")
    document.js_on_event(
        DocumentReady, CustomJS(args={"models": models, "setting": setting}, code=code)
    )
    return file_html(
        document,
        INLINE,
        title=page.title,
        template=TEMPLATES.get_template(page.template),
        template_variables=template_variables(page.title, static=True) | {"policy": POLICY},
        suppress_callback_warning=True,
    )
