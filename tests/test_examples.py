"""The examples of the gallery run without a screen and without a warning, and their figures are
legible: all in one process, which saves the imports."""

import ast
import runpy
import sys
from itertools import combinations
from pathlib import Path

import matplotlib
import pytest

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.text import Text

EXAMPLES = sorted(Path(__file__).parents[1].glob("examples/plot_*.py"))
SMALLEST_FONT = 7  # points


def drawn_texts(figure):
    """Texts that are seen: neither ticks beyond the axes nor what belongs to axes switched off."""
    unseen = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if not (ax.axison and low <= tick.get_loc() <= high):
                    unseen |= {tick.label1, tick.label2}
            if not ax.axison:
                unseen |= {axis.label, axis.offsetText}
    return [
        text
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in unseen
    ]


def faults(figure):
    """What makes a figure hard to read: texts that are clipped, tiny or on top of each other."""
    figure.draw_without_rendering()
    width, height = figure.canvas.get_width_height()
    boxes = [(text.get_text(), text.get_window_extent()) for text in drawn_texts(figure)]
    for text in drawn_texts(figure):
        if text.get_fontsize() < SMALLEST_FONT:
            yield f"{text.get_text()!r} is tiny"
    for text, box in boxes:
        if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1:
            yield f"{text!r} is clipped"
    for (one, a), (other, b) in combinations(boxes, 2):
        overlap = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        if min(overlap) > 1:
            yield f"{one!r} and {other!r} overlap"
    for ax in figure.axes:
        ticks = [tick for axis in (ax.xaxis, ax.yaxis) for tick in axis.get_ticklabels()]
        numbered = ax.axison and any(tick.get_visible() and tick.get_text() for tick in ticks)
        if numbered and not (ax.get_xlabel() or ax.get_ylabel()):
            yield f"axes {ax.get_title()!r} have numbers and no label"


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
# With a screen at hand Agg says that it does not use it.
@pytest.mark.filterwarnings("ignore:FigureCanvasAgg is non-interactive:UserWarning")
def test_runs_and_ends_in_legible_figures(path, monkeypatch, capsys):
    plt.close("all")  # what other tests have left
    monkeypatch.setattr(sys, "argv", [path.name])
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out.isascii()  # what every terminal can show
    figures = [plt.figure(number) for number in plt.get_fignums()]
    assert figures
    assert {figure.number: list(faults(figure)) for figure in figures} == {
        figure.number: [] for figure in figures
    }


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_is_a_lesson(path):
    source = path.read_text(encoding="utf-8")
    _, title, underline, *text = ast.get_docstring(ast.parse(source), clean=False).splitlines()
    assert set(underline) == {"="}
    assert len(underline) == len(title)
    assert any(line.strip() for line in text)
    assert "\n# %%\n" in source
    assert "What to see" in source
    assert "# **Try:**" in source
    assert "\nplt.show()\n" in source


@pytest.mark.parametrize(
    ("draw", "fault"),
    [
        (lambda ax: ax.set_title("far too long " * 20), "is clipped"),
        (lambda ax: ax.text(0, 0, "small", fontsize=5), "is tiny"),
        (lambda ax: [ax.text(0.5, 0.5, word) for word in ("one", "other")], "overlap"),
        (lambda ax: ax.set(xlabel="", ylabel=""), "no label"),
    ],
)
def test_faults_are_found(draw, fault):
    figure, ax = plt.subplots()
    ax.set(xlabel="x", ylabel="y")
    assert list(faults(figure)) == []
    draw(ax)
    assert any(fault in found for found in faults(figure))
