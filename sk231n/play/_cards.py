"""Small pictures of the three pages for the page that leads to them, as SVG."""

from functools import cache

import numpy as np

from sk231n.play._hidden import HiddenPlane
from sk231n.play._knn import TIE, NeighborsState
from sk231n.play._linear import LinearState
from sk231n.play._network import NetworkState
from sk231n.play._plane import COLOURS, SIDE
from sk231n.play._points import LabelledPoints

_STEP = 2  # pixels of the page's picture that one of the card's stands for
_N_SIDE = SIDE // _STEP
_EPOCHS = 15


def regions_svg(classes):
    """Return the regions as one path for each class, of runs along the lines of the picture."""
    classes = classes[::_STEP, ::_STEP][::-1]
    paths = {}
    for row, line in enumerate(classes):
        starts = np.flatnonzero(np.r_[True, line[1:] != line[:-1]])
        for start, end in zip(starts, np.r_[starts[1:], len(line)], strict=True):
            if line[start] != TIE:
                run = f"M{start} {row}h{end - start}v1h-{end - start}z"
                paths.setdefault(int(line[start]), []).append(run)
    return "".join(
        f'<path class="region-{label}" d="{"".join(runs)}"/>' for label, runs in paths.items()
    )


def places(X):
    """Return places of the plane in the picture's units, of which the y axis points down."""
    return (np.asarray(X) * (1, -1) + 1) * _N_SIDE / 2


def points_svg(points):
    """Return the points as dots."""
    return "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.6" fill="{COLOURS[label]}"/>'
        for (x, y), label in zip(places(points.X), points.y, strict=True)
    )


def lines_svg(lines):
    """Return lines through places of the plane."""
    paths = ("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places(line)) for line in lines)
    return f'<path class="grid" d="{"".join(paths)}"/>'


def svg(*parts):
    """Return a picture made of parts."""
    return f'<svg viewBox="0 0 {_N_SIDE} {_N_SIDE}" aria-hidden="true">{"".join(parts)}</svg>'


@cache
def cards():
    """Return the picture of each page, by its path."""
    knn, linear, network = NeighborsState(), LinearState(), NetworkState("held_out=0")
    for _ in range(_EPOCHS):
        network.train()
    hidden = HiddenPlane(network)
    size = 1.05 * np.abs(hidden.lines).max()
    seen = LabelledPoints(hidden.X / size, network.points.y)
    return {
        "/knn": svg(regions_svg(knn.regions()), points_svg(knn.points)),
        "/linear": svg(regions_svg(linear.regions()), points_svg(linear.points)),
        "/network": svg(lines_svg(hidden.lines / size), points_svg(seen)),
    }
