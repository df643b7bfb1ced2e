"""How the pictures look: at the size at which they are shown, on a light and on a dark page."""

from contextlib import contextmanager

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

WIDTH = 6.0  # inches: 600 pixels of a page
DPI = 100  # pixels of a page per inch; files have twice as many, for screens of today

_COMMON = {
    "axes.grid": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 10,
    "figure.constrained_layout.use": True,
    "figure.dpi": DPI,
    "figure.figsize": (WIDTH, 3.0),
    "font.size": 9,
    "image.interpolation": "nearest",
    "legend.fontsize": 9,
    "legend.frameon": False,
    "savefig.transparent": True,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
}
THEMES = {
    "light": ("#24292f", "#ffffff", ["#1b6ca8", "#d1662f", "#2a7f4f", "#7b4fa3", "#a8841b"]),
    "dark": ("#ced6dd", "#14181e", ["#6cb4ee", "#f0955f", "#6cc58f", "#b793dd", "#dcc05e"]),
}


@contextmanager
def theme(name):
    """Context in which figures fit a page of this theme; colours of their own are C0 to C4."""
    ink, paper, colors = THEMES[name]
    inked = (
        "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "text.color", "xtick.color",
        "ytick.color",
    )  # fmt: skip
    own = dict.fromkeys(inked, ink) | {
        "axes.facecolor": paper,
        "axes.prop_cycle": mpl.cycler(color=colors),
        "figure.facecolor": paper,
    }
    with mpl.rc_context(_COMMON | own):
        yield
        plt.close("all")


def ink():
    """The colour of text and of thin lines on this page."""
    return mpl.rcParams["text.color"]


def paper():
    """The colour of this page."""
    return mpl.rcParams["figure.facecolor"]


def smallest_text(figure):
    """The height of the smallest text of a figure, in pixels of a page 600 pixels wide."""
    figure.draw_without_rendering()
    hidden = {
        text
        for ax in figure.axes
        if not ax.axison
        for axis in (ax.xaxis, ax.yaxis)
        for text in axis.findobj(mpl.text.Text)
    }
    sizes = [
        text.get_fontsize()
        for text in figure.findobj(mpl.text.Text)
        if text.get_visible() and text.get_text().strip() and text not in hidden
    ]
    return min(sizes, default=float("inf")) / 72 * DPI * WIDTH / figure.get_figwidth()
