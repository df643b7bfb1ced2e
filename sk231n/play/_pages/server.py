"""The server of the pages, on this machine alone."""

from urllib.parse import urlencode

from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.server.server import Server
from tornado.web import RequestHandler

from sk231n.play._cards import cards
from sk231n.play._pages._page import TEMPLATES, template_variables
from sk231n.play._pages.knn import NeighborsPage
from sk231n.play._pages.linear import LinearPage
from sk231n.play._pages.network import NetworkPage

ADDRESS = "127.0.0.1"
PAGES = {"/knn": NeighborsPage, "/linear": LinearPage, "/network": NetworkPage}

# A closed tab is forgotten within a few seconds.
FORGET_MS, LOOK_MS = 3000, 1000


class StartHandler(RequestHandler):
    """The page that leads to the others."""

    def get(self):
        """Send the page."""
        template = TEMPLATES.get_template("start.html")
        variables = template_variables("sk231n") | {"cards": cards(), "macros": _NO_MACROS}
        self.write(template.render(variables))


# Bokeh's macros, which a page without Bokeh does not call.
_NO_MACROS = TEMPLATES.from_string("{% macro embed(model) %}{% endmacro %}")


def query(document):
    """Return what follows the question mark in the address of a document's page."""
    arguments = document.session_context.request.arguments
    texts = {name: values[0].decode("utf-8", "replace") for name, values in arguments.items()}
    return urlencode(texts)


def application(page_class):
    """Return the application that makes one page, with its own state, for each browser tab."""

    def open_page(document):
        page_class(query(document)).connect(document)

    return Application(FunctionHandler(open_page))


def make_server(port):
    """Return the server, listening; port 0 takes a free one."""
    return Server(
        {path: application(page_class) for path, page_class in PAGES.items()},
        port=port,
        address=ADDRESS,
        extra_patterns=[("/?", StartHandler)],
        use_index=False,
        check_unused_sessions_milliseconds=LOOK_MS,
        unused_session_lifetime_milliseconds=FORGET_MS,
    )
