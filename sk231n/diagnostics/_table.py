"""Tables as text for a terminal and as HTML for a notebook."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple


class Table(NamedTuple):
    """A table of words and numbers, which are already formatted.

    The HTML has neither scripts nor colours, so it suits light and dark pages.

    Parameters
    ----------
    title : str
        The line above the table; empty for none.
    columns : dict of str to {"<", ">"}
        Heading and alignment: "<" for words, to the left, ">" for numbers, to the right.
    rows : list of sequence of str
        The cells, row by row.
    notes : sequence of str, default=()
        Lines below the table.

    Examples
    --------
    >>> from sk231n.diagnostics._table import Table
    >>> print(Table("Two layers", {"layer": "<", "width": ">"}, [["affine", "8"], ["relu", "8"]]))
    Two layers
    layer   width
    affine      8
    relu        8
    """

    title: str
    columns: dict[str, str]
    rows: list[list[str]]
    notes: Sequence[str] = ()

    def __str__(self) -> str:
        """Return the table as text."""
        cells = [list(self.columns), *self.rows]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        formats = list(zip(self.columns.values(), widths, strict=True))
        lines = [self.title] if self.title else []
        for row in cells:
            line = [f"{cell:{side}{n}}" for cell, (side, n) in zip(row, formats, strict=True)]
            lines.append("  ".join(line).rstrip())
        return "\n".join([*lines, *self.notes])

    def _repr_html_(self):
        """Return the table as HTML."""
        parts = [f"<p><strong>{escape(self.title)}</strong></p>"] if self.title else []
        parts += ["<table>", f"<thead>{self._row('th', self.columns)}</thead>", "<tbody>"]
        parts += [self._row("td", row) for row in self.rows]
        parts += ["</tbody>", "</table>", *(f"<p>{escape(note)}</p>" for note in self.notes)]
        return "\n".join(["<div>", *parts, "</div>"])

    def _row(self, tag, cells):
        words = {"<": "left", ">": "right"}
        return "<tr>{}</tr>".format(
            "".join(
                f'<{tag} style="text-align: {words[side]}">{escape(cell)}</{tag}>'
                for cell, side in zip(cells, self.columns.values(), strict=True)
            )
        )


class Tabular:
    """Base of results that show themselves as a table; a subclass has the method ``_table``."""

    def __str__(self) -> str:
        """Return the result as text."""
        return str(self._table())

    def __repr__(self) -> str:
        """Return the result as text, which notebooks show at the end of a cell."""
        return str(self)

    def _repr_html_(self):
        """Return the result as HTML, for notebooks."""
        return self._table()._repr_html_()
