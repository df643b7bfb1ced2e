"""The page of the linear classifiers."""

import time

from bokeh.models import Arrow, ColumnDataSource, NormalHead

from sk231n.play import _linear_words as words
from sk231n.play._linear import N_CLASSES, LinearState
from sk231n.play._pages._page import Page
from sk231n.play._pages._runner import Runner
from sk231n.play._plane import COLOURS

UPDATES_PER_SECOND = 60
LOSS_NAMES = {
    "weston_watkins": "Weston-Watkins SVM",
    "one_vs_rest": "One-vs-rest SVM",
    "crammer_singer": "Crammer-Singer SVM",
    "softmax": "Softmax",
}


class LinearPage(Page):
    """Weights to edit, a loss to choose, one update after the other."""

    title = "Linear classifier"
    template = "linear.html"
    State = LinearState
    n_classes = N_CLASSES

    def build(self):
        """Make the widgets of the page."""
        kit = self.kit
        self.lines = ColumnDataSource({"xs": [], "ys": [], "colour": []})
        self.arrows = ColumnDataSource({"x0": [], "y0": [], "x1": [], "y1": [], "colour": []})
        figure = self.plane.figure
        figure.multi_line(
            "xs", "ys", line_color="colour", line_width=2.5, line_dash="dashed", source=self.lines
        )
        figure.add_layout(
            Arrow(
                end=NormalHead(size=12, fill_color="colour", line_color="colour"),
                x_start="x0", y_start="y0", x_end="x1", y_end="y1",
                line_color="colour", line_width=3.5, source=self.arrows,
            )
        )  # fmt: skip
        self.plane.draw_points()
        self.gradients, self.weights = {}, {}
        for row in range(N_CLASSES):
            for column in range(3):
                at = row, column
                self.gradients[at] = kit.raw_text(["gradient"])
                self.weights[at] = kit.spinner(
                    f"w{row}{column}", "", 0.1, width=None, between=[self.gradients[at]]
                )
        self.fields["loss"] = kit.select("loss", "Loss", LOSS_NAMES.items(), 200)
        self.fields["rate"] = kit.log_slider("rate", "Step size", -3, 1)
        self.fields["alpha"] = kit.log_slider("alpha", "Penalty α (λ = α/2)", -3, 1, zero=True)
        self.update_button = kit.button("update", "One update", primary=True)
        self.run_button = kit.run_button()
        self.randomise_button = kit.button("randomise", "Randomise")
        self.reset_button = kit.button("reset", "Begin again")
        self.training_message = kit.message("training_message")
        self.updates = kit.text("updates", ["note"])
        self.table = kit.text("table")
        self.formula = kit.text("formula")
        self.code = kit.code()
        self.dark = kit.dark([self.plane], [figure])
        self.runner = Runner(self.run_button, self.tick, self.show)
        self.last_update = 0.0
        self.weight_messages = {}

    def show_state(self):
        """Show points, regions, lines, weights, losses and words."""
        state = self.state
        self.plane.show_points(state.points, self.chosen)
        self.plane.show_regions(state.regions())
        self.show_lines()
        by_weights, by_intercepts = state.gradients(state.scores())
        for (row, column), field in self.weights.items():
            of, by = (state["W"], by_weights) if column < 2 else (state["b"], by_intercepts)
            at = (row, column) if column < 2 else row
            if (row, column) not in self.weight_messages:
                field.widget.value = round(float(of[at]), 4)
            field.say(self.weight_messages.get((row, column)))
            self.gradients[row, column].text = words.number(by[at])
        self.fields["loss"].widget.value = state["loss"]
        self.fields["rate"].point_to(state["rate"])
        self.fields["alpha"].point_to(state["alpha"])
        self.updates.text = words.updates(state.n_updates)
        self.table.text = words.table(state, self.chosen)
        self.formula.text = words.formula(state, self.chosen)
        self.show_code(words.code(state))

    def show_lines(self):
        """Show the lines of zero score and the arrows along the weights."""
        shown = [(ends, c) for ends, c in zip(self.state.lines(), COLOURS, strict=False) if ends]
        self.lines.data = {
            "xs": [[a[0], b[0]] for (a, b, _, _), _ in shown],
            "ys": [[a[1], b[1]] for (a, b, _, _), _ in shown],
            "colour": [colour for _, colour in shown],
        }
        self.arrows.data = {
            "x0": [foot[0] for (_, _, foot, _), _ in shown],
            "y0": [foot[1] for (_, _, foot, _), _ in shown],
            "x1": [tip[0] for (_, _, _, tip), _ in shown],
            "y1": [tip[1] for (_, _, _, tip), _ in shown],
            "colour": [colour for _, colour in shown],
        }

    def show_address(self):
        """Show the state in the browser's address line, unless it changes all the time."""
        if not self.runner.running:
            super().show_address()

    def connect_widgets(self):
        """Connect what is special to the page."""
        for at, field in self.weights.items():
            field.widget.on_change("value", self.weight_changes(at))
        self.update_button.on_click(self.update)
        self.runner.connect(self.document)
        self.randomise_button.on_click(self.randomise)
        self.reset_button.on_click(self.reset)

    def weight_changes(self, at):
        """Return the callback for one weight."""

        def changed(attr, old, new):
            if not self.showing:
                wrong = self.state.set_weight(*at, new)
                if wrong:
                    self.weight_messages[at] = wrong
                else:
                    self.weight_messages.pop(at, None)
                self.show()

        return changed

    def update(self):
        """Take one step down the gradient."""
        self.take_updates(1)

    def tick(self):
        """Take the updates that are due, at most a few if the machine is behind."""
        now = time.monotonic()
        elapsed = min(now - self.last_update, 0.2)
        due = int(elapsed * UPDATES_PER_SECOND)
        if due:
            self.last_update = now - elapsed + due / UPDATES_PER_SECOND
            self.take_updates(due)

    def take_updates(self, n_updates):
        """Take some steps down the gradient."""
        self.weight_messages.clear()
        wrong = None
        while n_updates and not wrong:
            wrong = self.state.update()
            n_updates -= 1
        self.training_message.say(wrong)
        if wrong:
            self.runner.stop()
        self.show()

    def randomise(self):
        """Draw the weights anew."""
        self.weight_messages.clear()
        self.training_message.say(None)
        self.state.randomise(None)
        self.show()

    def reset(self):
        """Begin again with the course's points and weights."""
        self.runner.stop()
        self.weight_messages.clear()
        self.training_message.say(None)
        self.state = self.State()
        self.show()
