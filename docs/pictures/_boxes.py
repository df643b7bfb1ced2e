"""Diagrams of boxes and arrows. One unit of their axes is a tenth of an inch; y points down."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from pictures._style import ink, paper


def canvas(height, width=60):
    """A figure of this size in tenths of an inch, and axes of the same size without a frame."""
    figure = plt.figure(figsize=(width / 10, height / 10), layout="none")
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    ax.axis("off")
    return figure, ax


def box(ax, x, y, width, height, text="", color=None, **text_kw):
    """A rounded box with its upper left corner at (x, y), tinted with its colour, and its text."""
    color = ink() if color is None else color
    shape = f"round,pad=0,rounding_size={min(width, height, 6) / 6}"
    base, top = (np.array(mpl.colors.to_rgb(c)) for c in (paper(), color))
    tint = 0.84 * base + 0.16 * top
    ax.add_patch(
        FancyBboxPatch((x, y), width, height, shape, facecolor=tint, edgecolor=color, linewidth=1.2)
    )
    style = {"ha": "center", "va": "center", "linespacing": 1.3} | text_kw
    ax.text(x + width / 2, y + height / 2, text, **style)


def arrow(ax, start, end, color=None, bend=0.0, **kwargs):
    """An arrow between two points, bent to its left by a share of its length."""
    style = {"arrowstyle": "-|>", "mutation_scale": 9, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
    ax.add_patch(
        FancyArrowPatch(
            start, end, color=ink() if color is None else color,
            connectionstyle=f"arc3,rad={bend}", **(style | kwargs),
        )
    )  # fmt: skip


def picture(ax, image, x, y, width, color=None, **kwargs):
    """An image with its upper left corner at (x, y), framed if there is a colour."""
    height = width * image.shape[0] / image.shape[1]
    ax.imshow(image, extent=(x, x + width, y + height, y), zorder=2, **kwargs)
    if color is not None:
        frame = Rectangle((x, y), width, height, fill=False, edgecolor=color, zorder=3)
        ax.add_patch(frame)
