"""What the pages share: the state, the widgets that show and change it, and the points."""

from bokeh.events import DoubleTap, Pan, PanEnd, PanStart, Tap
from jinja2 import Environment, FileSystemLoader

from sk231n.play._pages._kit import FILES, Kit, LogSlider, file_text
from sk231n.play._pages._planes import NEAR, PlaneView
from sk231n.play._plane import NAMES, SIGNS
from sk231n.play._points import MOST_POINTS

LINKS = (("/knn", "Nearest neighbours"), ("/linear", "Linear classifier"), ("/network", "Network"))

# The browser is told to ask nobody but this server, and to run no other scripts.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data: blob:; connect-src 'self'"
)
TEMPLATES = Environment(loader=FileSystemLoader(FILES))
REDRAW_MS = 8  # what else arrives in this time is drawn with it


def template_variables(title, static=False):
    """Return what every page's HTML is filled with."""
    return {
        "css": file_text("page.css"),
        "script": file_text("page.js"),
        "links": LINKS,
        "policy": POLICY,
        "title": title,
        "static": static,
        "classes": list(zip(SIGNS[:3], NAMES[:3], strict=True)),
    }


class Page:
    """A page: its state, its models, and, once connected, the callbacks of one browser tab.

    A page of its own sets `title`, `template` and `State`, makes its widgets in `build`, and writes
    what it shows in `show_state`.
    """

    title = template = ""
    State = None
    n_classes = 3
    n_shades = 1

    def __init__(self, address=""):
        self.state = self.State(address)
        self.kit = Kit()
        self.fields = {}
        self.chosen = 0
        self.plane = PlaneView(self.n_shades)
        self.kit.root("plane", self.plane.figure)
        self.build()
        self.build_points()
        self.address = self.kit.address()
        self.document = None
        self.showing = self.redraw_asked = self.dragging = False
        self.show()

    # What is made -------------------------------------------------------------------------------

    def build(self):
        """Make the widgets of the page."""
        raise NotImplementedError

    def build_points(self):
        """Make the widgets for the chosen point."""
        kit = self.kit
        classes = [(str(i), f"{SIGNS[i]} {NAMES[i]}") for i in range(self.n_classes)]
        self.point = kit.spinner("point", "Point", width=80)
        self.point_x = kit.spinner("point_x", "x", 0.05, width=100)
        self.point_y = kit.spinner("point_y", "y", 0.05, width=100)
        self.point_class = kit.select("point_class", "Class", classes)
        self.remove_point = kit.button("remove_point", "Remove")
        self.add_point = kit.button("add_point", "Add a point")
        self.points_message = kit.message("points_message")

    # What is shown ------------------------------------------------------------------------------

    def show(self):
        """Show the state in all models."""
        self.showing = True
        self.chosen = min(self.chosen, len(self.state.points) - 1)
        try:
            self.show_state()
            self.show_point()
            for name, field in self.fields.items():
                field.say(self.state.messages.get(name))
            self.points_message.say(self.state.messages.get("points"))
        finally:
            self.showing = False
        self.show_address()

    def show_state(self):
        """Show what is special to the page."""
        raise NotImplementedError

    def show_point(self):
        """Show the chosen point in its fields."""
        points = self.state.points
        x, y = points.X[self.chosen].tolist()
        self.point.widget.value = self.chosen + 1
        self.point_x.widget.value, self.point_y.widget.value = x, y
        self.point_class.widget.value = str(points.y[self.chosen])

    def show_address(self):
        """Show the state in the browser's address line."""
        query = self.state.address()
        if self.address.tags != [query]:
            self.address.tags = [query]
            self.address.text = query.replace("&", " ")  # a change that the browser notices

    def show_code(self, text):
        """Show lines of Python, of which the copy is not cut."""
        if self.code.tags != [text]:
            self.code.tags = [text]
            quoted = text.replace("&", "&amp;").replace("<", "&lt;")
            self.code.text = f"<pre>{quoted}</pre>"

    # What the reader does -----------------------------------------------------------------------

    def connect(self, document):
        """Let one browser tab show the page and change its state."""
        self.document = document
        document.title = self.title
        document.template = TEMPLATES.get_template(self.template)
        document.template_variables.update(template_variables(self.title))
        for name, field in self.fields.items():
            if field.widget is not None:
                field.widget.on_change("value", self.changes(name, field))
        self.connect_points()
        self.connect_widgets()
        # Last: a document hears the events that its models listen to when they are added.
        for root in self.kit.roots.values():
            document.add_root(root)

    def connect_widgets(self):
        """Connect what is special to the page."""
        raise NotImplementedError

    def changes(self, name, field):
        """Return the callback for a field of the state."""

        def changed(attr, old, new):
            if not self.showing:
                value = field.value() if isinstance(field, LogSlider) else new
                self.state.assign(name, value)
                self.show()

        return changed

    def connect_points(self):
        """Let the points be dragged, chosen, added, removed and changed."""
        figure = self.plane.figure
        figure.on_event(PanStart, self.pan_started)
        figure.on_event(Pan, self.panned)
        figure.on_event(PanEnd, self.pan_ended)
        figure.on_event(Tap, self.tapped)
        figure.on_event(DoubleTap, self.double_tapped)
        self.point.widget.on_change("value", self.point_chosen)
        self.point_x.widget.on_change("value", self.point_moved)
        self.point_y.widget.on_change("value", self.point_moved)
        self.point_class.widget.on_change("value", self.point_relabelled)
        self.remove_point.on_click(self.point_removed)
        self.add_point.on_click(self.point_added)

    def show_soon(self):
        """Show the state, once for all that happens within a few milliseconds."""
        if not self.redraw_asked:
            self.redraw_asked = True
            self.document.add_timeout_callback(self._show_now, REDRAW_MS)

    def _show_now(self):
        self.redraw_asked = False
        self.show()

    def assign_points(self, points):
        """Take other points if the state accepts them."""
        accepted = self.state.assign("points", points)
        self.show_soon()
        return accepted

    def pan_started(self, event):
        """Take hold of the point under the pointer."""
        index = self.state.points.nearest(event.x, event.y, NEAR)
        self.dragging = index is not None
        if self.dragging:
            self.chosen = index

    def panned(self, event):
        """Move the point that is held."""
        if self.dragging and event.x is not None and self.chosen < len(self.state.points):
            self.assign_points(self.state.points.moved(self.chosen, event.x, event.y))

    def pan_ended(self, event):
        """Let the point go."""
        self.dragging = False

    def tapped(self, event):
        """Choose the point under the pointer."""
        index = self.state.points.nearest(event.x, event.y, NEAR)
        if index is not None:
            self.chosen = index
            self.show_soon()

    def double_tapped(self, event):
        """Add a point where there is none."""
        if self.state.points.nearest(event.x, event.y, NEAR) is None:
            self.add(event.x, event.y)

    def add(self, x, y):
        """Add a point of the chosen class."""
        points = self.state.points
        if len(points) >= MOST_POINTS:
            self.state.messages["points"] = f"{MOST_POINTS} points are the most."
        elif self.state.assign("points", points.added(x, y, int(self.state.points.y[self.chosen]))):
            self.chosen = len(points)
        self.show_soon()

    def point_chosen(self, attr, old, new):
        """Choose a point by its number."""
        if self.showing:
            return
        n_points = len(self.state.points)
        if new is None or not 1 <= new <= n_points:
            self.point.say(f"1 to {n_points}.")
            return
        self.point.say(None)
        self.chosen = int(new) - 1
        self.show()

    def point_moved(self, attr, old, new):
        """Move the chosen point to what its fields say."""
        if self.showing:
            return
        place = []
        for field in (self.point_x, self.point_y):
            value = field.widget.value
            wrong = value is None or not -1 <= value <= 1
            field.say("-1 to 1." if wrong else None)
            place.append(None if wrong else value)
        if None not in place:
            self.assign_points(self.state.points.moved(self.chosen, *place))

    def point_relabelled(self, attr, old, new):
        """Give the chosen point another class."""
        if not self.showing and new in map(str, range(self.n_classes)):
            self.assign_points(self.state.points.relabelled(self.chosen, int(new)))

    def point_removed(self):
        """Remove the chosen point."""
        self.assign_points(self.state.points.removed(self.chosen))

    def point_added(self):
        """Add a point in the middle of the plane, to be moved from there."""
        self.add(0.0, 0.0)
