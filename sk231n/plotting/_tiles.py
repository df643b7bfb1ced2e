"""Many small pictures in one pair of axes: a grid of tiles with text between them.

A tile is one unit wide. The y axis points down, like the rows of an image.
"""

import numpy as np

from sk231n.plotting._figures import size_in_points, styled

_GAP = 0.06
_LARGEST, _READABLE, _SMALLEST = 10, 6, 4  # font sizes in points
_LINE = 1.5  # height of a line of text, as a multiple of the font size
_LETTER = 0.6  # width of a letter, as a multiple of the font size


def figure_size(n_rows, n_cols, aspect, *, lines=0, margin=0.0):
    """Return the size in inches of a figure for a grid of tiles, at most as wide as a notebook.

    Each row has `lines` lines of text, and there is a margin above the grid.
    """
    tile = np.clip(6.4 / n_cols, 0.9, 1.3)  # few tiles are larger
    tile = min(tile, 9.5 / n_cols, max(8 / n_rows / aspect, 0.6))
    line = lines * _LINE * _LARGEST / 72
    height = n_rows * (tile * (aspect + _GAP) + line) + margin + 0.15
    return max(n_cols * tile * (1 + _GAP), 3.0), min(height, 12.0)


def draw_picture(ax, picture, x, y, width=1.0, im_kw=None, *, upwards=False):
    """Draw a picture with its upper left corner at (x, y); return the artist."""
    from matplotlib.image import AxesImage

    height = width * picture.shape[0] / picture.shape[1]
    bottom = y - height if upwards else y + height
    white = 255 if picture.dtype == np.uint8 else 1
    style = styled(AxesImage, im_kw, cmap="gray", vmin=0, vmax=white)
    return ax.imshow(picture, extent=(x, x + width, bottom, y), **style)


class Tiles:
    """Grid of equally large pictures in a pair of axes.

    Parameters
    ----------
    ax : Axes
        The axes to draw in.
    n_rows, n_cols : int
        Size of the grid.
    aspect : float
        Height of a tile divided by its width.
    captions : {"above", "below"} or None
        Position of a line of text at each tile.
    words : sequence of str
        The texts; the longest one determines the font size.
    """

    def __init__(self, ax, n_rows, n_cols, aspect, *, captions=None, words=()):
        self.ax, self.captions, self.aspect = ax, captions, aspect
        self.n_rows, self.n_cols = n_rows, n_cols
        width, height = size_in_points(ax)
        letters = _LETTER * max([1, *map(len, words)])
        tile = min(width / n_cols, height / n_rows / aspect)
        self.font_size = float(np.clip(tile / letters, _SMALLEST, _LARGEST))
        self.crowded = letters * _READABLE > 1.1 * tile
        # The tiles get the height that the lines of text leave.
        line = _LINE * self.font_size if captions else 0.0
        tile = max(min(width / n_cols, (height / n_rows - line) / aspect), 1.0)
        self.line = line / tile
        self.pitch = 1 + _GAP, aspect + _GAP + self.line

    def draw(self, picture, row, column, im_kw=None):
        """Draw a picture and return the artist."""
        return draw_picture(self.ax, picture, *self.corner(row, column), im_kw=im_kw)

    def caption(self, text, row, column, text_kw=None):
        """Write the caption of a tile and return the artist."""
        from matplotlib.text import Text

        style = styled(Text, text_kw, fontsize=self.font_size, ha="center", va="center")
        x, y = self.corner(row, column)
        y += (-0.5 if self.captions == "above" else 0.5) * self.line
        return self.ax.text(x + 0.5, y + self.aspect * (self.captions == "below"), text, **style)

    def corner(self, row, column):
        """Return the upper left corner of a tile."""
        above = self.line if self.captions == "above" else 0.0
        return column * self.pitch[0], row * self.pitch[1] + above

    def finish(self, heads=None, text_kw=None):
        """Fit the axes to the tiles, and write the heading of each column above it."""
        from matplotlib.text import Text

        ax = self.ax
        ax.set(xticks=[], yticks=[], frame_on=False, aspect="equal")
        if ax.figure.get_layout_engine():  # it reserves space above only for axes at the top
            ax.set_anchor("N")
        ax.set_xlim(-_GAP, self.n_cols * self.pitch[0])
        ax.set_ylim(self.n_rows * self.pitch[1], -_GAP)
        if heads is not None:
            ax.xaxis.set_label_position("top")
            ax.tick_params(axis="x", top=True, bottom=False, labeltop=True, labelbottom=False,
                           length=0)  # fmt: skip
            style = styled(
                Text,
                text_kw,
                fontsize=max(self.font_size, _READABLE),
                rotation=90 if self.crowded else 0,
            )
            centres = np.arange(self.n_cols) * self.pitch[0] + 0.5
            ax.set_xticks(centres, heads, **style)
