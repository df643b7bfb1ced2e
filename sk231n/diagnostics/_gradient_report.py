"""What a gradient check found."""

from dataclasses import dataclass
from typing import NamedTuple

from sk231n.diagnostics._table import Table, Tabular

_COLUMNS = {
    "parameter": "<", "part": "<", "size": ">", "checked": ">", "kinks": ">",
    "relative error": ">", "": "<",
}  # fmt: skip


class ParameterCheck(NamedTuple):
    """A line of a gradient check: one parameter array, and one part of the objective.

    Parameters
    ----------
    parameter : str
        Name of the array: ``W1``, ``b1`` for weights and intercepts of the first affine layer,
        ``scale1``, ``shift1`` for the normalization that follows, and so on; ``value`` for the
        objective itself.
    part : {"data", "penalty"}
        Part of the objective.
    size : int
        Number of parameters in the array.
    checked : int
        Number of those that were compared.
    kinks_crossed : int
        Number of those that could not be compared, because there is a kink within the difference.
    max_relative_error : float
        Largest relative error.
    index : tuple of int or None
        Position of this error in the array.
    analytic : float
        Gradient of the training there.
    numerical : float
        Central difference there.

    Examples
    --------
    >>> from sk231n.diagnostics import ParameterCheck
    >>> ParameterCheck("b1", "data", 10, 9, 1, 1e-9, (3,), 0.25, 0.25).kinks_crossed
    1
    """

    parameter: str
    part: str
    size: int
    checked: int
    kinks_crossed: int
    max_relative_error: float
    index: tuple[int, ...] | None
    analytic: float
    numerical: float

    def _repr_html_(self):
        """Return the line as HTML, for notebooks."""
        return Table("", _COLUMNS, [_cells(self)])._repr_html_()


def _cells(line, tolerance=float("inf")):
    error = f"{line.max_relative_error:.1e}" if line.checked else "-"
    mark = "" if line.max_relative_error <= tolerance else "<--"
    counts = map(str, (line.size, line.checked, line.kinks_crossed))
    return [line.parameter, line.part, *counts, error, mark]


@dataclass(frozen=True, repr=False)
class GradientCheck(Tabular):
    """Result of :func:`check_gradient`; printed or at the end of a cell, a table.

    Parameters
    ----------
    estimator : str
        Name of the estimator's class.
    table : list of ParameterCheck
        One entry per parameter array and part of the objective.
    tolerance : float
        Largest relative error that passes.

    Examples
    --------
    >>> from sk231n.diagnostics import GradientCheck, ParameterCheck
    >>> line = ParameterCheck("b1", "data", 10, 9, 1, 1e-9, (3,), 0.25, 0.25)
    >>> GradientCheck("LinearSVM", [line], tolerance=1e-6).passed
    True
    """

    estimator: str
    table: list[ParameterCheck]
    tolerance: float

    @property
    def max_relative_error(self) -> float:
        """Largest relative error of all."""
        return max(line.max_relative_error for line in self.table)

    @property
    def kinks_crossed(self) -> int:
        """Number of parameters that were left out because of a kink."""
        return sum(line.kinks_crossed for line in self.table)

    @property
    def passed(self) -> bool:
        """Whether all relative errors are at most the tolerance."""
        return self.max_relative_error <= self.tolerance

    def _table(self):
        """Table of all lines, and the worst entry."""
        verdict = "passed" if self.passed else "FAILED"
        rows = [_cells(line, self.tolerance) for line in self.table]
        worst = max(self.table, key=lambda line: line.max_relative_error)
        index = "" if worst.index is None else list(map(int, worst.index))
        notes = [
            f"Largest error: {worst.parameter}{index} ({worst.part}), training "
            f"{worst.analytic:.6g}, difference {worst.numerical:.6g}."
        ]
        if self.kinks_crossed:
            notes.append(
                f"{self.kinks_crossed} of the differences crossed a kink and were left out; fewer "
                "samples or a smaller h cross fewer."
            )
        return Table(f"Gradient check of {self.estimator}: {verdict}", _COLUMNS, rows, notes)
