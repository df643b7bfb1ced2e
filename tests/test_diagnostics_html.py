"""Results of the diagnostics in notebooks: HTML with the same content as the text."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest
from sklearn.datasets import load_digits

from sk231n import MLPClassifier, SoftmaxClassifier
from sk231n.diagnostics import (
    ActivationStatistics,
    GradientCheck,
    LayerActivations,
    LayerSummary,
    LossLandscape,
    NetworkSummary,
    ParameterCheck,
    SanityCheck,
    SanityReport,
    activation_statistics,
    check_gradient,
    check_sanity,
    loss_landscape,
    network_summary,
    update_ratios,
)

X, Y = load_digits(return_X_y=True)
X, Y = X[:80], Y[:80]
NASTY = "<script>alert('x')</script> & \"co\""


def fitted():
    return MLPClassifier((6,), random_state=0, max_iter=2).fit(X, Y)


RESULTS = {
    "GradientCheck": lambda: check_gradient(SoftmaxClassifier(), X, Y, random_state=0, n_checks=3),
    "GradientCheck that fails": lambda: GradientCheck(
        NASTY,
        [
            ParameterCheck(NASTY, "data", 10, 9, 1, 1e-3, (3,), 0.25, 0.5),
            ParameterCheck("b1", "data", 10, 0, 10, 0.0, None, np.nan, np.nan),
        ],
        1e-6,
    ),
    "ParameterCheck": lambda: ParameterCheck(NASTY, "data", 10, 9, 1, 1e-9, (3,), 0.25, 0.25),
    "SanityReport": lambda: check_sanity(SoftmaxClassifier(), X, Y, random_state=0),
    "SanityReport that fails": lambda: SanityReport(
        NASTY, [SanityCheck("first loss", False, "2 < 3 & 4", NASTY)]
    ),
    "SanityCheck": lambda: SanityCheck(NASTY, True, "2.303", ""),
    "ActivationStatistics": lambda: activation_statistics(MLPClassifier((5, 3), "tanh"), X),
    "ActivationStatistics, empty": lambda: ActivationStatistics([], []),
    "LayerActivations": lambda: LayerActivations(1, NASTY, 100, 0.4, 0.6, 0.02, float("nan")),
    "UpdateRatios": lambda: update_ratios(fitted()),
    "LossLandscape": lambda: loss_landscape(fitted(), X, Y, n_points=3, random_state=0),
    "LossLandscape, one direction": lambda: LossLandscape(
        [np.array([-1.0, 0.0, 2.0])], np.array([np.nan, 2.0, 1.5]), np.ones((1, 1)), 2.0
    ),
    "NetworkSummary": lambda: network_summary(fitted(), batch_size=20),
    "NetworkSummary, empty": lambda: NetworkSummary([]),
    "LayerSummary": lambda: LayerSummary(NASTY, (8, 8, 3), 192, 0, 0, 768),
}


class Page(HTMLParser):
    """Reads HTML; fails where an element is not closed, or is of a kind that is not expected."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.rows, self.words = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        assert tag in {"div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td"}
        for name, value in attrs:
            assert name == "style"
            assert re.fullmatch(r"text-align: (left|right)", value)
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


@pytest.mark.parametrize("name", RESULTS)
def test_well_formed_and_plain(name):
    html = RESULTS[name]()._repr_html_()
    page = Page(html)
    assert len({len(row) for row in page.rows}) == 1
    assert "color" not in html
    assert "<script" not in html
    assert html.count("<table>") == 1


@pytest.mark.parametrize("name", [name for name in RESULTS if "that fails" in name])
def test_words_are_escaped(name):
    page = Page(RESULTS[name]()._repr_html_())
    assert any(NASTY in words for words in page.words)


@pytest.mark.parametrize(
    "name",
    ["GradientCheck", "GradientCheck that fails", "ActivationStatistics", "LossLandscape",
     "LossLandscape, one direction", "NetworkSummary", "NetworkSummary, empty"],
)  # fmt: skip
def test_the_text_is_the_same_table(name):
    result = RESULTS[name]()
    page = Page(result._repr_html_())
    lines = str(result).splitlines()
    for row in page.rows:
        cells = [cell for cell in row if cell]
        assert any(line.split() == " ".join(cells).split() for line in lines)
    assert set(" ".join(page.words).split()) == set(str(result).split())


def test_the_text_of_reports_has_the_same_words():
    for name in "SanityReport", "SanityReport that fails":
        result = RESULTS[name]()
        page = Page(result._repr_html_())
        for check, row in zip(result.checks, page.rows[1:], strict=True):
            assert row == [check.name, "ok" if check.passed else "WRONG", check.found, check.advice]
            assert check.found in str(result)
    result = RESULTS["UpdateRatios"]()
    _, row = Page(result._repr_html_()).rows
    assert row[0] == str(len(result.ratios))
    assert f"{row[2]} (median of {row[0]} epochs)" in str(result)
    assert result.verdict in row


@pytest.mark.parametrize("name", [name for name in RESULTS if name[-5:] not in ("Check", "tions")])
def test_short_at_the_end_of_a_cell(name):
    result = RESULTS[name]()
    assert repr(result) == str(result)
    assert len(repr(result).splitlines()) < 15
    assert "array(" not in repr(result)


def test_a_landscape_says_where_it_is_lowest():
    text = str(RESULTS["LossLandscape, one direction"]())
    assert text.splitlines() == [
        "Loss landscape",
        "direction  from  to  points  least at",
        "        1    -1   2       3         2",
        "Loss 2 at the learnt parameters, 1.5 at the lowest point, 2 at the highest.",
    ]
