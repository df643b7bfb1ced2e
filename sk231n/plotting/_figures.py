"""Axes, styles and legends of the displays; no global state of matplotlib is changed."""

import numpy as np

# Colours that people with any colour vision can distinguish (Okabe and Ito).
BLUE, ORANGE = "#0072B2", "#D55E00"
COLORS = (BLUE, ORANGE, "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "os^Dv<>"
_FONT_SIZE = 9


def require_matplotlib(caller):
    """Raise an ImportError that says what to install if matplotlib is missing."""
    try:
        import matplotlib  # noqa: F401 (only whether it is there)
    except ImportError as error:
        raise ImportError(
            f"{caller} draws with matplotlib, which is not installed: pip install matplotlib"
        ) from error


def axes_or_new(ax, figsize):
    """Return `ax` or, for None, the axes of a new figure of the given size in inches."""
    if ax is None:
        import matplotlib.pyplot as plt

        return plt.figure(figsize=figsize, layout="constrained").add_subplot()
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes):
        raise TypeError(f"ax must be a matplotlib Axes or None; got {type(ax).__name__}.")
    return ax


def panels(ax, n_rows, n_cols, n_panels=None):
    """Switch `ax` off and put a grid of axes in its place; for a single panel, return `ax`.

    Returns
    -------
    ndarray of Axes of shape (n_panels,)
        The panels, row by row. None for `n_panels` means ``n_rows * n_cols``.
    """
    n_panels = n_rows * n_cols if n_panels is None else n_panels
    if n_panels == 1:
        return np.array([ax])
    if not ax.axison:
        raise ValueError("ax is switched off, as after another plot in it; pass new axes.")
    ax.set_axis_off()
    # A layout engine computes the gaps; without one, leave room for the labels.
    gaps = {} if ax.figure.get_layout_engine() else {"wspace": 0.35, "hspace": 1.0}
    grid = _inside(ax).subgridspec(n_rows, n_cols, **gaps)
    return np.array([ax.figure.add_subplot(grid[i]) for i in range(n_panels)])


def _inside(ax):
    """Return the place of `ax` in its figure, as a cell of a grid."""
    from matplotlib.gridspec import GridSpec

    if ax.get_subplotspec() is not None:
        return ax.get_subplotspec()
    box = ax.get_position()  # axes that are not part of a grid
    return GridSpec(1, 1, ax.figure, left=box.x0, right=box.x1, bottom=box.y0, top=box.y1)[0]


def styled(artist, given, **defaults):
    """Merge keyword arguments of an artist class, resolving aliases such as ``c`` and ``lw``."""
    from matplotlib.cbook import normalize_kwargs

    return {**defaults, **normalize_kwargs(given or {}, artist)}


def write_legend(ax, handles=None, *, outside):
    """Draw the legend in `ax`, or `outside` at the top of its figure, where it hides nothing."""
    handles = handles or ax.get_legend_handles_labels()[0]
    if not outside:
        return ax.legend(handles=handles, fontsize=_FONT_SIZE)
    figure = ax.figure
    widths = [_FONT_SIZE * (0.6 * len(handle.get_label()) + 3.5) for handle in handles]
    width = figure.get_figwidth() * 72
    n_cols = len(widths) if sum(widths) < width else max(1, int(width / max(widths)))
    return figure.legend(
        handles=handles, loc="outside upper center", ncols=n_cols, fontsize=_FONT_SIZE,
        frameon=False, borderaxespad=0, columnspacing=1.2, handletextpad=0.5,
    )  # fmt: skip


def plain_log_scale(ax):
    """Make the y axis logarithmic, with ticks such as 0.5 and 20; call it after drawing."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    ax.set_yscale("log")
    low, high = ax.get_ylim()
    plain = FuncFormatter(lambda value, _: f"{value:.3g}")
    ax.yaxis.set_major_formatter(plain)
    ax.yaxis.set_minor_formatter(plain if high < 12 * low else NullFormatter())


def whole_numbers(axis):
    """Restrict the ticks of an axis to whole numbers."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))


def size_in_points(ax):
    """Return width and height of the axes in points."""
    box = ax.get_window_extent()
    return box.width * 72 / ax.figure.dpi, box.height * 72 / ax.figure.dpi
