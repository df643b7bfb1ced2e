"""The page of the nearest neighbours in words: today's formula, and the lines of Python."""

import numpy as np

from sk231n.play._knn import METRICS
from sk231n.play._plane import SIGNS
from sk231n.play._words import bracketed, listed, number


def distance_terms(metric, place, point):
    """Return the distance between two points with its numbers filled in."""
    parts = [f"{number(a)} − {bracketed(b)}" for a, b in zip(place, point, strict=True)]
    if metric == "l1":
        return " + ".join(f"|{part}|" for part in parts)
    return "√( " + " + ".join(f"({part})²" for part in parts) + " )"


def formula(state, place):
    """Return the distances from a place to its neighbours, and their vote, as HTML."""
    distances, indices = state.neighbours(*place)
    points = state.points
    lines = [
        f"d<sub>{i + 1}</sub> {SIGNS[points.y[i]]} = "
        f"{distance_terms(state['metric'], place, points.X[i])} = <b>{number(d, 3)}</b>"
        for d, i in zip(distances[:3], indices[:3], strict=True)
    ]
    more = len(indices) - len(lines)
    votes = np.bincount(points.y[indices], minlength=int(points.y.max()) + 1)
    counts = ", ".join(f"{SIGNS[c]} {n}" for c, n in enumerate(votes) if n)
    winners = np.flatnonzero(votes == votes.max())
    won = f"{SIGNS[winners[0]]} wins" if len(winners) == 1 else "a tie: white"
    general = "Σ |a − b|" if state["metric"] == "l1" else "√ Σ (a − b)²"
    return (
        f"<p>From ({number(place[0])}, {number(place[1])}): d = {general}</p>"
        + "".join(f"<p class='sum'>{line}</p>" for line in lines)
        + (f"<p class='sum'>and {more} more</p>" if more else "")
        + f"<p>Votes of the {len(indices)} nearest: {counts}; <b>{won}</b></p>"
    )


def code(state, place):
    """Return the lines of Python that predict the class of a place with the library."""
    return f"""\
from sk231n import KNNClassifier
X, y = {listed(state.points.X)}, {listed(state.points.y)}
knn = KNNClassifier(n_neighbors={state["k"]}, metric={METRICS[state["metric"]]!r}).fit(X, y)
knn.predict([{listed(place)}])  # of classes that tie, the smallest
"""
