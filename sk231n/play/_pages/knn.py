"""The page of the nearest neighbours."""

from bokeh.events import MouseMove
from bokeh.models import ColumnDataSource

from sk231n.play import _knn_words as words
from sk231n.play._fields import FieldError, Number
from sk231n.play._knn import NeighborsState
from sk231n.play._pages._page import Page
from sk231n.play._pages._planes import INK
from sk231n.play._plane import COLOURS

METRIC_NAMES = {"l2": "L2 (Euclidean)", "l1": "L1 (Manhattan)"}
COORDINATE = Number(0, -1, 1)


class NeighborsPage(Page):
    """A metric and k to choose, and the neighbours of the pointer."""

    title = "Nearest neighbours"
    template = "knn.html"
    State = NeighborsState
    n_classes = len(COLOURS)

    def build(self):
        """Make the widgets of the page."""
        kit, figure = self.kit, self.plane.figure
        self.place = (0.0, 0.0)
        self.drawn = None
        self.links = ColumnDataSource({"x0": [], "y0": [], "x1": [], "y1": []})
        self.pointer = ColumnDataSource({"x": [], "y": []})
        links = figure.segment(
            "x0", "y0", "x1", "y1", line_color=INK, line_width=2, source=self.links
        )
        pointer = figure.scatter(
            "x", "y", marker="x", size=14, line_color=INK, line_width=3, source=self.pointer
        )
        links.tags = pointer.tags = ["ink"]
        self.plane.draw_points()
        self.fields["metric"] = kit.select("metric", "Distance", METRIC_NAMES.items())
        self.fields["k"] = kit.spinner("k", "k, the number of neighbours", width=180)
        self.fields["classes"] = kit.spinner("classes", "Classes")
        self.fields["count"] = kit.spinner("count", "Points")
        self.draw_button = kit.button("draw", "Draw others")
        self.fields["seed"] = kit.message("seed_message")
        self.place_x = kit.spinner("place_x", "Pointer x", 0.05)
        self.place_y = kit.spinner("place_y", "Pointer y", 0.05)
        self.formula = kit.text("formula")
        self.code = kit.code()
        self.dark = kit.dark([self.plane], [figure])

    def show_state(self):
        """Show points and regions, and what follows for the place of the pointer."""
        state = self.state
        for name in ("k", "classes", "count", "metric"):
            if name not in state.messages:
                self.fields[name].widget.value = state[name]
        points = state.points
        drawn = state["metric"], state["k"], points.X.tobytes(), points.y.tobytes()
        if drawn != self.drawn:  # what moves with the pointer changes no region
            self.plane.show_regions(state.regions())
            self.drawn = drawn
        _, near = state.neighbours(*self.place)
        self.plane.show_points(points, self.chosen, near=near)
        x, y = self.place
        self.links.data = {
            "x0": [x] * len(near), "y0": [y] * len(near),
            "x1": points.X[near, 0], "y1": points.X[near, 1],
        }  # fmt: skip
        self.pointer.data = {"x": [x], "y": [y]}
        self.place_x.widget.value, self.place_y.widget.value = x, y
        self.formula.text = words.formula(state, self.place)
        self.show_code(words.code(state, self.place))

    def connect_widgets(self):
        """Connect what is special to the page."""
        self.plane.figure.on_event(MouseMove, self.pointed)
        self.place_x.widget.on_change("value", self.place_changed)
        self.place_y.widget.on_change("value", self.place_changed)
        self.draw_button.on_click(self.draw_others)

    def pointed(self, event):
        """Look at the place of the pointer."""
        if event.x is not None and abs(event.x) <= 1 and abs(event.y) <= 1:
            self.place = (round(event.x, 3), round(event.y, 3))
            self.show_soon()

    def place_changed(self, attr, old, new):
        """Look at the place that the fields say."""
        if self.showing:
            return
        place = []
        for field in (self.place_x, self.place_y):
            try:
                place.append(COORDINATE.read(field.widget.value))
                field.say(None)
            except FieldError as error:
                field.say(str(error))
        if len(place) == 2:
            self.place = tuple(place)
            self.show()

    def draw_others(self):
        """Draw other clouds."""
        self.state.assign("seed", (self.state["seed"] + 1) % 10000)
        self.show()
