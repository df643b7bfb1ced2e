"""The plane as Bokeh draws it: regions, points, and what lies over them."""

import numpy as np
from bokeh.models import ColumnDataSource, LinearColorMapper, Range1d
from bokeh.plotting import figure

from sk231n.play._plane import COLOURS, MARKERS, PAPER, SIDE, palette

NEAR = 0.09  # as near as the pointer or a finger has to be to a point
INK, QUIET, GRID = "#1b1f24", "#57606a", "#c9d0d8"


def plain_figure(label, **settings):
    """Return a figure without tools that is as wide as its column."""
    plot = figure(
        tools="",
        toolbar_location=None,
        sizing_mode="stretch_width",
        min_border_right=12,
        background_fill_color=PAPER["light"],
        border_fill_color=PAPER["light"],
        outline_line_color=GRID,
        html_attributes={"role": "img", "aria-label": label},
        **settings,
    )
    for axis in plot.axis:
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_color = axis.major_label_text_color = QUIET
        axis.axis_line_color = axis.major_tick_line_color = GRID
        axis.minor_tick_line_color = None
    plot.grid.grid_line_color = None
    return plot


class PlaneView:
    """The square from -1 to 1 with the regions of the classes and the points.

    The picture of the regions holds numbers of classes, and the browser looks up their colours, so
    that a page sends 25 kilobytes a picture and can be dark or light.
    """

    def __init__(self, n_shades=1):
        self.palettes = {theme: palette(theme, n_shades) for theme in ("light", "dark")}
        n_colours = len(self.palettes["light"])
        self.empty = n_colours  # beyond the palette: transparent
        empty = np.full((SIDE, SIDE), self.empty, np.uint8)
        self.regions = ColumnDataSource({"image": [empty]}, name="regions")
        self.mapper = LinearColorMapper(
            palette=self.palettes["light"], low=-0.5, high=n_colours - 0.5, high_color="#00000000"
        )
        self.points = ColumnDataSource(self.columns(np.empty((0, 2)), np.empty(0, int)))
        self.figure = plain_figure(
            "The plane with the points and the regions of the classes",
            x_range=Range1d(-1, 1),
            y_range=Range1d(-1, 1),
            aspect_ratio=1,
            x_axis_label="x",
            y_axis_label="y",
            styles={"touch-action": "none", "cursor": "crosshair"},
        )
        self.figure.image(
            "image", x=-1, y=-1, dw=2, dh=2, color_mapper=self.mapper, source=self.regions
        )

    def draw_points(self):
        """Add the points on top of what was drawn before."""
        renderer = self.figure.scatter(
            "x", "y", marker="marker", size="size", fill_color="colour", fill_alpha="alpha",
            line_color=INK, line_width="width", source=self.points,
        )  # fmt: skip
        renderer.tags = ["outline"]

    @staticmethod
    def columns(X, y, chosen=None, hollow=(), near=()):
        """Return points as the columns of a source: places, and how the points look."""
        index = np.arange(len(y))
        near = np.isin(index, near)
        size = np.where(index == chosen, 19, np.where(near, 17, 14)).astype(float)
        width = np.where((index == chosen) | near, 3.0, 1.2)
        return {
            "x": X[:, 0].copy(),
            "y": X[:, 1].copy(),
            "colour": [COLOURS[label] for label in y],
            "marker": [MARKERS[label] for label in y],
            "size": size,
            "width": width,
            "alpha": np.where(np.isin(index, hollow), 0.15, 1.0),
        }

    def show_points(self, points, chosen=None, hollow=(), near=()):
        """Show the points: one of them chosen, some hollow, some as neighbours."""
        self.points.data = self.columns(points.X, points.y, chosen, hollow, near)

    def show_regions(self, regions):
        """Show the regions; None for none."""
        if regions is None:
            regions = np.full((SIDE, SIDE), self.empty, np.uint8)
        self.regions.data = {"image": [regions]}
