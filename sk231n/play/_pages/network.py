"""The page of the network."""

import time

import numpy as np
from bokeh.models import ColumnDataSource, Range1d

from sk231n.play import _network_words as words
from sk231n.play._hidden import HiddenPlane
from sk231n.play._network import ACTIVATIONS, DATA, OPTIMIZERS, NetworkState
from sk231n.play._pages._page import Page
from sk231n.play._pages._planes import INK, QUIET, PlaneView, plain_figure
from sk231n.play._pages._runner import Runner
from sk231n.play._plane import COLOURS, SHARES

TRAINING_SECONDS = 0.025  # of every tick, so that other tabs have their turn
OPENING_SECONDS = 0.4  # before the page is shown for the first time

FEWEST_EPOCHS = 10  # that the axis of the curves shows
VIEWS = [("principal", "principal components"), ("units", "two units")]


class NetworkPage(Page):
    """Training to run and pause, and what the hidden layers make of the plane."""

    title = "Network"
    template = "network.html"
    State = NetworkState
    n_classes = len(COLOURS)
    n_shades = len(SHARES)

    def build(self):
        """Make the widgets of the page."""
        kit = self.kit
        self.hidden = None
        self.plane.draw_points()
        self.build_hidden()
        self.build_curves()
        for name, title in (("rate", "Learning rate"), ("alpha", "Penalty α")):
            low = -4 if name == "rate" else -5
            self.fields[name] = kit.log_slider(name, title, low, 1, zero=name == "alpha")
        self.fields["optimizer"] = kit.select("optimizer", "Optimizer", pairs(OPTIMIZERS), 130)
        self.fields["widths"] = kit.text_input("widths", "Hidden units, layer by layer")
        self.fields["activation"] = kit.select("activation", "Activation", pairs(ACTIVATIONS), 130)
        self.fields["data"] = kit.select("data", "Data", pairs(DATA), 130)
        self.fields["count"] = kit.spinner("count", "Points", 10)
        self.fields["classes"] = kit.spinner("classes", "Classes")
        self.fields["noise"] = kit.spinner("noise", "Noise", 0.05)
        self.fields["held_out"] = kit.spinner("held_out", "Held out, %", 10)
        self.draw_button = kit.button("draw", "Draw others")
        self.fields["seed"] = kit.message("seed_message")
        self.fields["layer"] = kit.spinner("layer", "Layer", width=90)
        self.fields["view"] = kit.select("view", "Axes", VIEWS, 215)
        self.fields["across"] = kit.spinner("across", "Unit across", width=100)
        self.fields["up"] = kit.spinner("up", "Unit up", width=100)
        self.step_button = kit.button("step", "One epoch", primary=True)
        self.run_button = kit.run_button()
        self.restart_button = kit.button("restart", "Begin again")
        self.training_message = kit.message("training_message")
        self.formula = kit.text("formula")
        self.code = kit.code()
        figures = [self.plane.figure, self.hidden_figure, *self.curves]
        self.dark = kit.dark([self.plane], figures)
        self.runner = Runner(self.run_button, self.tick, self.toggled)
        self.wanted = self.state["epochs"] or None  # the epoch at which to stop

    def build_hidden(self):
        """Make the figure of the plane as a hidden layer sees it."""
        self.hidden_lines = ColumnDataSource({"xs": [], "ys": []})
        self.hidden_figure = plain_figure(
            "The grid of the plane and the points as a hidden layer sees them",
            x_range=Range1d(-1, 1),
            y_range=Range1d(-1, 1),
            aspect_ratio=1,
            x_axis_label="first axis",
            y_axis_label="second axis",
        )
        lines = self.hidden_figure.multi_line(
            "xs", "ys", line_color=QUIET, line_width=1, line_alpha=0.6, source=self.hidden_lines
        )
        lines.tags = ["grid"]
        self.hidden_points = ColumnDataSource(PlaneView.columns(np.empty((0, 2)), np.empty(0, int)))
        points = self.hidden_figure.scatter(
            "x", "y", marker="marker", size=10, fill_color="colour", fill_alpha="alpha",
            line_color=INK, line_width=0.8, source=self.hidden_points,
        )  # fmt: skip
        points.tags = ["outline"]
        self.kit.root("hidden", self.hidden_figure)

    def build_curves(self):
        """Make the figures of the loss and the accuracy by epoch."""
        names = ("epoch", "loss", "accuracy", "held_out_loss", "held_out_accuracy")
        self.history = ColumnDataSource({name: [] for name in names})
        self.curves = []
        for name in ("loss", "accuracy"):
            figure = plain_figure(
                f"The {name} of training and held-out points by epoch",
                height=170,
                x_axis_label="epoch",
                y_axis_label=name,
                x_range=Range1d(0, FEWEST_EPOCHS),
                y_range=Range1d(0, 1.02),
            )
            line = {"x": "epoch", "source": self.history, "line_width": 2}
            figure.line(y=name, line_color=COLOURS[1], legend_label="training", **line)
            figure.line(y=f"held_out_{name}", line_color=COLOURS[0], line_dash="dashed",
                        legend_label="held out", **line)  # fmt: skip
            figure.legend.orientation = "horizontal"
            figure.legend.location = "top_right" if name == "loss" else "bottom_right"
            figure.legend.background_fill_alpha = figure.legend.border_line_alpha = 0
            figure.legend.label_text_color = QUIET
            figure.legend.padding = figure.legend.margin = 2
            self.curves.append(self.kit.root(f"{name}_curve", figure))

    def show_state(self):
        """Show points, regions, the hidden layer, curves and words."""
        state = self.state
        points = state.points
        hollow = state.held_out_indices()
        self.plane.show_points(points, self.chosen, hollow)
        self.plane.show_regions(state.regions())
        self.show_hidden(points, hollow)
        rows = np.array(state.history or np.empty((0, 4)), dtype=np.float64)
        self.history.data = {
            "epoch": np.arange(1, len(rows) + 1),
            "loss": rows[:, 0], "accuracy": rows[:, 1],
            "held_out_loss": rows[:, 2], "held_out_accuracy": rows[:, 3],
        }  # fmt: skip
        losses, epochs = self.curves[0], max(len(rows), FEWEST_EPOCHS)
        for figure in self.curves:
            figure.x_range.end = epochs
        losses.y_range.end = 1.05 * np.nanmax(rows[:, [0, 2]]) if len(rows) else 1
        for name, field in self.fields.items():
            if name in state.messages or field.widget is None:
                continue
            if name in ("rate", "alpha"):
                field.point_to(state[name])
            else:
                field.widget.value = (
                    ", ".join(map(str, state[name])) if name == "widths" else state[name]
                )
        for name in ("across", "up"):
            self.fields[name].widget.disabled = state["view"] == "principal"
        self.formula.text = words.formula(state, self.chosen)
        if not self.runner.running:
            self.show_code(words.code(state))

    def show_hidden(self, points, hollow):
        """Show the plane as a hidden layer sees it."""
        if self.state.model is None:
            self.hidden = None
            self.hidden_lines.data = {"xs": [], "ys": []}
            self.hidden_points.data = PlaneView.columns(np.empty((0, 2)), np.empty(0, int))
            return
        self.hidden = HiddenPlane(self.state, self.hidden)
        self.hidden_lines.data = {
            "xs": list(self.hidden.lines[:, :, 0]),
            "ys": list(self.hidden.lines[:, :, 1]),
        }
        self.hidden_points.data = PlaneView.columns(self.hidden.X, points.y, hollow=hollow)
        figure = self.hidden_figure
        everything = np.vstack([self.hidden.lines.reshape(-1, 2), self.hidden.X])
        low, high = everything.min(axis=0), everything.max(axis=0)
        for axis, shown in enumerate((figure.x_range, figure.y_range)):
            margin = 0.05 * (high[axis] - low[axis]) or 1.0
            shown.start, shown.end = low[axis] - margin, high[axis] + margin
        figure.xaxis.axis_label, figure.yaxis.axis_label = self.hidden.titles

    def show_address(self):
        """Show the state in the browser's address line, unless it changes all the time."""
        if not self.runner.running:
            super().show_address()

    def connect_widgets(self):
        """Connect what is special to the page."""
        self.runner.connect(self.document)
        self.step_button.on_click(self.step)
        self.restart_button.on_click(self.restart)
        self.draw_button.on_click(self.draw_others)
        if self.wanted is not None:
            self.train(OPENING_SECONDS)
            self.show()
        if self.wanted is not None:
            self.runner.start()

    def toggled(self):
        """Forget where the run was to stop, since the reader has pressed the button."""
        self.wanted = None
        self.state.values["epochs"] = len(self.state.history)
        self.training_message.say(None)
        self.show()

    def train(self, seconds):
        """Train for a moment, at most to the epoch at which to stop."""
        end = time.monotonic() + seconds
        wrong = None
        while not wrong and time.monotonic() < end:
            if len(self.state.history) == self.wanted:
                self.wanted = None
                self.runner.stop()
                return
            wrong = self.state.train()
        self.training_message.say(wrong)
        if wrong:
            self.wanted = None
            self.runner.stop()

    def tick(self):
        """Train for a moment, and show what has been learnt."""
        self.train(TRAINING_SECONDS)
        self.show()

    def step(self):
        """Train for one epoch."""
        self.runner.stop()
        self.training_message.say(self.state.train())
        self.show()

    def restart(self):
        """Forget the training."""
        self.runner.stop()
        self.training_message.say(None)
        self.state.restart()
        self.show()

    def draw_others(self):
        """Draw other points, and with them other weights to begin with."""
        self.state.assign("seed", (self.state["seed"] + 1) % 10000)
        self.show()


def pairs(names):
    """Return names as the values and the texts of a list to choose from."""
    return [(name, name.replace("_", " ")) for name in names]
