"""What a gradient check found."""

from dataclasses import dataclass
from typing import NamedTuple


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
        Where that is.
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
    index: tuple | None
    analytic: float
    numerical: float


@dataclass(frozen=True)
class GradientCheck:
    """Result of :func:`check_gradient`; printed, a table.

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
    table: list
    tolerance: float

    @property
    def max_relative_error(self):
        """Largest relative error of all."""
        return max(line.max_relative_error for line in self.table)

    @property
    def kinks_crossed(self):
        """Number of parameters that were left out because of a kink."""
        return sum(line.kinks_crossed for line in self.table)

    @property
    def passed(self):
        """Whether all relative errors are at most the tolerance."""
        return self.max_relative_error <= self.tolerance

    def __str__(self):
        """Return the table, and the worst entry."""
        verdict = "passed" if self.passed else "FAILED"
        lines = [
            f"Gradient check of {self.estimator}: {verdict}",
            "parameter  part        size  checked  kinks  relative error",
        ]
        for line in self.table:
            error = f"{line.max_relative_error:.1e}" if line.checked else "-"
            mark = "" if line.max_relative_error <= self.tolerance else "  <--"
            lines.append(
                f"{line.parameter:<9}  {line.part:<7} {line.size:>8}  {line.checked:>7}  "
                f"{line.kinks_crossed:>5}  {error:>14}{mark}"
            )
        worst = max(self.table, key=lambda line: line.max_relative_error)
        index = "" if worst.index is None else list(map(int, worst.index))
        lines.append(
            f"Largest error: {worst.parameter}{index} ({worst.part}), training "
            f"{worst.analytic:.6g}, difference {worst.numerical:.6g}."
        )
        if self.kinks_crossed:
            lines.append(
                f"{self.kinks_crossed} of the differences crossed a kink and were left out; fewer "
                "samples or a smaller h cross fewer."
            )
        return "\n".join(lines)
