"""The widgets of a page, all in one style, each of which has its own place in the page's HTML."""

import math
from pathlib import Path

from bokeh.layouts import column
from bokeh.models import (
    Button,
    CustomJS,
    CustomJSTickFormatter,
    Div,
    InlineStyleSheet,
    Select,
    Slider,
    Spinner,
    TextInput,
    Toggle,
)

FILES = Path(__file__).with_name("files")

# A slider over a number's logarithm; its left end stands for zero if the number may be zero.
_SHOWN = "return (zero && tick <= low) ? '0' : String(Number((10 ** tick).toPrecision(2)))"


def file_text(name):
    """Return the text of one of the files of the pages."""
    return (FILES / name).read_text(encoding="utf-8")


class Field:
    """A widget and the line below it that says what is wrong with its value."""

    def __init__(self, widget, message):
        self.widget, self.message = widget, message

    def say(self, text):
        """Show a message, or none."""
        self.message.text = text or ""
        self.message.visible = bool(text)


class LogSlider(Field):
    """A field whose slider moves along the logarithm of its number."""

    def value(self):
        """Return the number to which the slider points, to two digits."""
        exponent = self.widget.value
        if self.widget.tags and exponent <= self.widget.start:
            return 0.0
        return float(f"{10**exponent:.2g}")

    def point_to(self, number):
        """Move the slider to a number."""
        low, high = self.widget.start, self.widget.end
        self.widget.value = min(max(math.log10(number), low), high) if number > 0 else low


class Kit:
    """Makes the widgets of one page and keeps them as the roots of its document."""

    def __init__(self):
        self.style = InlineStyleSheet(css=file_text("widgets.css"))
        self.roots = {}

    def root(self, name, model):
        """Give a model its place in the page."""
        model.name = name
        self.roots[name] = model
        return model

    def text(self, name, classes=(), **settings):
        """Return a piece of HTML that Python writes."""
        model = self.raw_text(classes, **settings)
        return self.root(name, model)

    def raw_text(self, classes=(), **settings):
        """Return a piece of HTML that has no place of its own."""
        return Div(stylesheets=[self.style], css_classes=list(classes), disable_math=True,
                   sizing_mode="stretch_width", **settings)  # fmt: skip

    def message(self, name):
        """Return a field that has no widget: a place for messages."""
        return Field(None, self.root(name, self._message()))

    def _message(self):
        return self.raw_text(["message"], visible=False, html_attributes={"role": "alert"})

    def _field(self, name, widget, kind=Field, between=(), width=None):
        widget.name = f"{name}_input"
        widget.stylesheets = [self.style]
        message = self._message()
        size = {"width": width} if width else {"sizing_mode": "stretch_width"}
        widget.sizing_mode = "stretch_width"
        group = column(widget, *between, message, spacing=0, stylesheets=[self.style], **size)
        self.root(name, group)
        return kind(widget, message)

    def spinner(self, name, title, step=1, width=110, between=()):
        """Return a field for a number, with buttons and arrow keys."""
        settings = {"mode": "int"} if isinstance(step, int) else {"mode": "float"}
        widget = Spinner(title=title, step=step, **settings)
        return self._field(name, widget, width=width, between=between)

    def select(self, name, title, options, width=190):
        """Return a field for one of several (value, text)."""
        return self._field(name, Select(title=title, options=list(options)), width=width)

    def text_input(self, name, title, width=210):
        """Return a field for text."""
        return self._field(name, TextInput(title=title), width=width)

    def log_slider(self, name, title, low, high, zero=False, width=165):
        """Return a slider from 10 to the power of `low` to 10 to the power of `high`."""
        shown = CustomJSTickFormatter(code=_SHOWN, args={"zero": zero, "low": low})
        widget = Slider(title=title, start=low, end=high, step=0.05, value=low, format=shown,
                        tags=["zero"] if zero else [])  # fmt: skip
        return self._field(name, widget, LogSlider, width=width)

    def button(self, name, label, primary=False):
        """Return a button."""
        kind = "primary" if primary else "default"
        return self.root(name, Button(label=label, button_type=kind, stylesheets=[self.style]))

    def run_button(self, primary=False):
        """Return a button that is down while something runs."""
        kind = "primary" if primary else "default"
        toggle = Toggle(label="Run / pause", button_type=kind, stylesheets=[self.style])
        return self.root("run", toggle)

    def code(self):
        """Return the box with the lines of Python and give it a button that copies them."""
        box = self.text("code", ["code"])
        copy = self.button("copy", "Copy")
        script = file_text("copy.js")
        copy.js_on_event("button_click", CustomJS(args={"box": box, "button": copy}, code=script))
        return box

    def address(self):
        """Return the model whose text the browser shows in its address line."""
        model = self.text("address", visible=False)
        model.js_on_change("text", CustomJS(args={"model": model}, code=file_text("address.js")))
        return model

    def dark(self, planes, figures):
        """Return the switch between the colours of light and of dark pages."""
        model = self.root("dark", Toggle(visible=False))
        mappers = [plane.mapper for plane in planes]
        palettes = [[plane.palettes["light"], plane.palettes["dark"]] for plane in planes]
        arguments = {"figures": figures, "mappers": mappers, "palettes": palettes}
        model.js_on_change("active", CustomJS(args=arguments, code=file_text("theme.js")))
        return model
