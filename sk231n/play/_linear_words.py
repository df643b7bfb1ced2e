"""The page of the linear classifiers in words: today's formula, and the lines of Python."""

from sk231n.play._plane import SIGNS
from sk231n.play._words import bracketed, listed, number

FORMULAS = {
    "weston_watkins": "L = Σ<sub>j≠y</sub> max(0, s<sub>j</sub> − s<sub>y</sub> + 1)",
    "one_vs_rest": "L = max(0, 1 − s<sub>y</sub>) + Σ<sub>j≠y</sub> max(0, 1 + s<sub>j</sub>)",
    "crammer_singer": "L = max(0, max<sub>j≠y</sub> s<sub>j</sub> − s<sub>y</sub> + 1)",
    "softmax": "L = −log( e<sup>s<sub>y</sub></sup> / Σ<sub>j</sub> e<sup>s<sub>j</sub></sup> )",
}


def updates(n_updates):
    """Return how many updates there were."""
    return f"{n_updates:,} update{'' if n_updates == 1 else 's'} so far"


def loss_terms(name, scores, label):
    """Return the loss of one point with its numbers filled in."""
    true, others = scores[label], [s for j, s in enumerate(scores) if j != label]
    if name == "softmax":
        top = f"e<sup>{number(true)}</sup>"
        bottom = " + ".join(f"e<sup>{number(s)}</sup>" for s in scores)
        return f"−log( {top} / ({bottom}) )"
    if name == "one_vs_rest":
        parts = [f"max(0, 1 − {bracketed(true)})"]
        return " + ".join(parts + [f"max(0, 1 + {bracketed(s)})" for s in others])
    if name == "crammer_singer":
        return f"max(0, {number(max(others))} − {bracketed(true)} + 1)"
    return " + ".join(f"max(0, {number(s)} − {bracketed(true)} + 1)" for s in others)


def formula(state, index):
    """Return the formula of scores and loss with the numbers of one point, as HTML."""
    (x, y), label = state.points.X[index], int(state.points.y[index])
    scores = state.scores()
    losses = state.losses(scores)
    data, penalty, total = state.totals(losses)
    rows = zip(SIGNS, state["W"], state["b"], scores[index], strict=False)
    lines = [
        f"s<sub>{sign}</sub> = {number(w[0])} · {bracketed(x)} + {bracketed(w[1])} · "
        f"{bracketed(y)} + {bracketed(b)} = <b>{number(s)}</b>"
        for sign, w, b, s in rows
    ]
    terms = loss_terms(state["loss"], scores[index], label)
    return (
        f"<p>Point {index + 1} {SIGNS[label]}: s = W x + b</p>"
        + "".join(f"<p class='sum'>{line}</p>" for line in lines)
        + f"<p>{FORMULAS[state['loss']]}</p>"
        + f"<p class='sum'>= {terms} = <b>{number(losses[index])}</b></p>"
        + "<p>All points: mean of L + α/2 · Σ W²</p>"
        + f"<p class='sum'>= {number(data)} + {number(state['alpha'] / 2, 3)} · "
        + f"{number((state['W'] ** 2).sum())} = {number(data)} + {number(penalty)} = "
        + f"<b>{number(total)}</b></p>"
    )


def code(state):
    """Return the lines of Python that take the page's next update with the library."""
    name = "SoftmaxClassifier" if state["loss"] == "softmax" else "LinearSVM"
    strategy = "" if state["loss"] == "softmax" else f"strategy={state['loss']!r}, "
    return f"""\
import numpy as np
from sk231n import {name}
X, y = {listed(state.points.X)}, {listed(state.points.y)}
model = {name}({strategy}alpha={state["alpha"]!r}, optimizer="sgd", \
learning_rate={state["rate"]!r}, batch_size={len(state.points)}, \
shuffle=False).partial_fit(X, y, classes=[0, 1, 2])
model.coef_, model.intercept_ = np.array({listed(state["W"])}), np.array({listed(state["b"])})
model.partial_fit(X, y)  # one update from the weights of the page
"""


def table(state, chosen):
    """Return the table of points, scores and losses, and their sums, as HTML."""
    scores = state.scores()
    losses = state.losses(scores)
    data, penalty, total = state.totals(losses)
    head = "".join(
        f"<th>{name}</th>" for name in ("", "x", "y", *(f"s {s}" for s in SIGNS[:3]), "L")
    )
    rows = []
    for i, ((x, y), label) in enumerate(zip(state.points.X, state.points.y, strict=True)):
        cells = f"<td class='class-{label}'>{i + 1} {SIGNS[label]}</td>"
        cells += f"<td>{number(x)}</td><td>{number(y)}</td>"
        cells += "".join(f"<td class='class-{c}'>{number(s)}</td>" for c, s in enumerate(scores[i]))
        mood = "bad" if losses[i] > 0 else "good"
        cells += f"<td class='{mood}'>{number(losses[i])}</td>"
        rows.append(f"<tr{' class=chosen' if i == chosen else ''}>{cells}</tr>")
    sums = (
        ("data loss, the mean", data, ""),
        (f"penalty, α/2 · ΣW² = {number(state['alpha'] / 2, 3)} · "
         f"{number((state['W'] ** 2).sum())}", penalty, ""),
        ("total", total, " class=total"),
    )  # fmt: skip
    rows += [
        f"<tr{mark}><td colspan=6>{name}</td><td>{number(value)}</td></tr>"
        for name, value, mark in sums
    ]
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
