"""Tables of numbers and volumes of numbers, on the canvas of ``_boxes``."""

import matplotlib as mpl
import numpy as np
from matplotlib.patches import Polygon, Rectangle

from pictures._boxes import canvas
from pictures._style import ink


def table(ax, values, x, y, cell, title="", tints=None, size=9):
    """Numbers in a grid with its upper left corner at (x, y), each on a tint or on none."""
    values = np.asarray(values) + 0.0  # a zero without a sign
    line = mpl.colors.to_rgba(ink(), 0.4)
    for (i, j), value in np.ndenumerate(values):
        corner, color = (x + cell * j, y + cell * i), "none" if tints is None else tints[i][j]
        ax.add_patch(Rectangle(corner, cell, cell, facecolor=color, edgecolor=line, linewidth=0.6))
        center = corner[0] + cell / 2, corner[1] + 0.53 * cell
        ax.text(*center, number(value), ha="center", va="center", fontsize=size)
    ax.text(x + cell * values.shape[1] / 2, y - 0.5, title, ha="center", va="bottom")


def number(value):
    """A number with a proper minus sign."""
    return f"${value:g}$"


def tint(color, strength=0.25):
    """A pale version of a color, on any page."""
    return mpl.colors.to_rgba(color, strength)


def frame(ax, x, y, width, height, color):
    """A thick frame with its upper left corner at (x, y)."""
    style = {"fill": False, "edgecolor": color, "linewidth": 2, "zorder": 4}
    ax.add_patch(Rectangle((x, y), width, height, **style))


def volumes(shapes, names, colors):
    """Blocks of height, width and depth side by side; what they are and their sizes below.

    Sides are drawn by their square root and depths by their logarithm.
    """
    is_narrow = len(shapes) > 9
    figure, ax = canvas(16 if is_narrow else 14.3)
    pitch, top = 58 / len(shapes), 7.5
    sides = np.array([shape[0] if len(shape) == 3 else 0 for shape in shapes])
    faces = np.maximum(top / 1.3 * np.sqrt(sides / sides.max()), 0.8)
    slants, depths = 0.3 * faces, np.log2([shape[-1] + 1 for shape in shapes])
    lengths = depths * np.min((0.85 * pitch - slants) / depths, initial=0.6)
    times = "$\\times$"
    for k, shape in enumerate(shapes):
        center = 1 + pitch * (k + 0.5)
        x, y = center - (lengths[k] + slants[k]) / 2, 0.5 + (top - faces[k] + slants[k]) / 2
        block = lengths[k], faces[k], slants[k]
        _block(ax, x, y, *block, colors[k])
        text = f"{shape[-1]:,}"
        if len(shape) == 3:
            line = "\n" if is_narrow else " "
            text = f"{shape[0]}{line}{times} {shape[1]}\n{times} {shape[2]}"
        ax.text(center, top + 2, names[k], ha="center", va="center", color=colors[k])
        ax.text(center, top + 3, text, ha="center", va="top", fontsize=8, linespacing=1.3)
    return figure


def _block(ax, x, y, length, face, slant, color):
    right, bottom = x + length, y + face
    front = [(x, y), (right, y), (right, bottom), (x, bottom)]
    top = [(x, y), (x + slant, y - slant), (right + slant, y - slant), (right, y)]
    side = [(right, y), top[2], (right + slant, bottom - slant), (right, bottom)]
    for corners, strength in ((front, 0.3), (top, 0.15), (side, 0.5)):
        ax.add_patch(Polygon(corners, facecolor=tint(color, strength), edgecolor=color))
