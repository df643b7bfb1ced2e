"""What a control of a page accepts: text from the address or a value from a widget."""

import math

import numpy as np

from sk231n.play._points import MOST_POINTS, LabelledPoints


class FieldError(ValueError):
    """A value that a field does not accept; the message is shown beside the field."""


def as_number(value):
    """Return text or a number as a finite float."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise FieldError("This needs a number.")
    return number


class Number:
    """A number between two bounds."""

    def __init__(self, default, low, high, *, whole=False):
        self.default, self.low, self.high, self.whole = default, low, high, whole

    def read(self, value):
        """Return the number that text or a widget's value stands for."""
        number = as_number(value)
        if self.whole and number != round(number):
            raise FieldError(f"This needs a whole number from {self.low} to {self.high}.")
        if not self.low <= number <= self.high:
            raise FieldError(f"This goes from {self.low:g} to {self.high:g}.")
        return int(number) if self.whole else number

    def text(self, value):
        """Return the value as it stands in an address."""
        return repr(value)


class Choice:
    """One of several words."""

    def __init__(self, default, options):
        self.default, self.options = default, tuple(options)

    def read(self, value):
        """Return the word if it is one of the options."""
        if value not in self.options:
            raise FieldError(f"This is one of {', '.join(self.options)}.")
        return value

    def text(self, value):
        """Return the value as it stands in an address."""
        return value


class Numbers:
    """An array of numbers, each between two bounds."""

    def __init__(self, default, low, high):
        self.default = np.array(default, dtype=np.float64)
        self.low, self.high = low, high

    def read(self, value):
        """Return the array that comma-separated text or an array stands for."""
        numbers = value.split(",") if isinstance(value, str) else np.ravel(value).tolist()
        if len(numbers) != self.default.size:
            raise FieldError(f"This needs {self.default.size} numbers.")
        numbers = np.array([as_number(number) for number in numbers])
        if numbers.min() < self.low or numbers.max() > self.high:
            raise FieldError(f"Each number goes from {self.low:g} to {self.high:g}.")
        return numbers.reshape(self.default.shape)

    def text(self, value):
        """Return the array as it stands in an address."""
        return ",".join(map(repr, np.ravel(value).tolist()))


class Widths:
    """The numbers of units of some layers, such as ``8, 8``."""

    def __init__(self, default, most_layers, most_units):
        self.default, self.most_layers, self.most_units = default, most_layers, most_units

    def read(self, value):
        """Return the widths as a tuple."""
        widths = value.split(",") if isinstance(value, str) else value
        unit = Number(1, 1, self.most_units, whole=True)
        try:
            widths = tuple(unit.read(width) for width in widths)
        except (FieldError, TypeError):
            widths = ()
        if not 1 <= len(widths) <= self.most_layers:
            raise FieldError(
                f"This needs 1 to {self.most_layers} whole numbers from 1 to {self.most_units}, "
                f"such as {self.text(self.default).replace(',', ', ')}."
            )
        return widths

    def text(self, value):
        """Return the widths as they stand in an address."""
        return ",".join(map(str, value))


class Points:
    """Labelled points in the plane, as ``x,y,class;x,y,class``; None stands for no own points."""

    def __init__(self, default, n_classes):
        self.default, self.n_classes = default, n_classes

    def read(self, value):
        """Return the points."""
        if value is None or isinstance(value, LabelledPoints):
            return value
        rows = [row.split(",") for row in str(value).split(";")]
        if len(rows) > MOST_POINTS or any(len(row) != 3 for row in rows):
            raise FieldError(f"This needs at most {MOST_POINTS} points x,y,class.")
        place, label = Number(0, -1, 1), Number(0, 0, self.n_classes - 1, whole=True)
        return LabelledPoints(
            [[place.read(x), place.read(y)] for x, y, _ in rows], [label.read(c) for *_, c in rows]
        )

    def text(self, value):
        """Return the points as they stand in an address."""
        rows = zip(value.X.tolist(), value.y.tolist(), strict=True)
        return ";".join(f"{x!r},{y!r},{label}" for (x, y), label in rows)
