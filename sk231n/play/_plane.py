"""The square from -1 to 1 as a picture of 160 x 160 pixels, and how classes look in it."""

from functools import cache

import numpy as np

SIDE = 160

# Colours that people with any colour vision can distinguish (Okabe and Ito), and a shape for each.
COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00")
MARKERS = ("circle", "square", "triangle", "diamond", "star")
SIGNS = "●■▲◆★"
NAMES = ("vermilion circles", "blue squares", "green triangles", "pink diamonds", "orange stars")

# What the regions are mixed with, and how much of the colour is in them, from unsure to sure.
PAPER = {"light": "#FFFFFF", "dark": "#14171C"}
SHARES = (0.12, 0.24, 0.36)
TIE = "#FFFFFF"


@cache
def pixels():
    """Return the centres of the pixels as rows, the lowest line of the picture first."""
    line = (np.arange(SIDE) + 0.5) * (2 / SIDE) - 1
    x, y = np.meshgrid(line, line)
    centres = np.column_stack([x.ravel(), y.ravel()])
    centres.flags.writeable = False
    return centres


def mixed(colour, paper, share):
    """Return a colour of which `share` is the first and the rest the second."""
    parts = [[int(text[i : i + 2], 16) for i in (1, 3, 5)] for text in (colour, paper)]
    rgb = [round(share * a + (1 - share) * b) for a, b in zip(*parts, strict=True)]
    return "#" + "".join(f"{value:02X}" for value in rgb)


def palette(theme, n_shades=1):
    """Return the colours of the regions: those of a class beside each other, then that of a tie."""
    shares = SHARES[1:2] if n_shades == 1 else SHARES
    return [mixed(colour, PAPER[theme], share) for colour in COLOURS for share in shares] + [TIE]
