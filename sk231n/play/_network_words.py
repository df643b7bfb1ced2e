"""The page of the network in words: today's formula, and the lines of Python."""

import numpy as np

from sk231n.play._network import BATCH_SIZE
from sk231n.play._plane import SIGNS
from sk231n.play._words import bracketed, listed, number

ACTIVATIONS = {
    "relu": "max(0, a)",
    "leaky_relu": "max(a, 0.01 a)",
    "tanh": "tanh(a)",
    "sigmoid": "1 / (1 + e<sup>−a</sup>)",
    "maxout": "max(a, a′)",
    "identity": "a",
}


def formula(state, index):
    """Return what the network makes of one point, and its loss, as HTML."""
    place, label = state.points.X[index], state.points.y[index]
    widths = " → ".join(map(str, (2, *state["widths"], len(np.unique(state.points.y)))))
    head = f"<p>Layers {widths}; a = W h + b, h = {ACTIVATIONS[state['activation']]}</p>"
    if state.model is None:
        return head + "<p class='sum'>Nothing is learnt yet.</p>"
    model = state.model
    weights, intercept = model.coefs_[0][:, 0], model.intercepts_[0][0]
    a = place @ weights + intercept
    h = model.hidden_activations([place])[0][0, 0]
    probabilities = model.predict_proba([place])[0]
    shown = ", ".join(
        f"p<sub>{SIGNS[c]}</sub> = <b>{number(p)}</b>"
        for c, p in zip(model.classes_, probabilities, strict=True)
    )
    loss, accuracy, held_out_loss, held_out_accuracy = state.history[-1]
    held_out = (
        f"; held out {number(held_out_loss, 3)} and {held_out_accuracy:.0%}"
        if np.isfinite(held_out_loss)
        else ""
    )
    return (
        head + f"<p>Point {index + 1} {SIGNS[label]}, unit 1 of layer 1:</p>"
        f"<p class='sum'>a = {number(weights[0])} · {bracketed(place[0])} + "
        f"{bracketed(weights[1])} · {bracketed(place[1])} + {bracketed(intercept)} = "
        f"{number(a)}, h = <b>{number(h)}</b></p>"
        f"<p>and at the end, by softmax:</p><p class='sum'>{shown}</p>"
        f"<p>Loss, the mean of −log p<sub>y</sub>, and accuracy after epoch "
        f"{len(state.history)}:</p>"
        f"<p class='sum'>training <b>{number(loss, 3)}</b> and <b>{accuracy:.0%}</b>{held_out}</p>"
    )


def code(state):
    """Return the lines of Python that train the network of the page with the library."""
    points, _ = state.split()
    classes = np.unique(state.points.y).tolist()
    note = "# settings or points were changed while it ran: this trains with today's\n"
    return (
        (note if state.mixed else "")
        + f"""\
from sk231n import MLPClassifier
X, y = {listed(points.X)}, {listed(points.y)}
model = MLPClassifier({state["widths"]!r}, {state["activation"]!r}, \
optimizer={state["optimizer"]!r}, learning_rate={state["rate"]!r}, alpha={state["alpha"]!r}, \
batch_size={BATCH_SIZE}, random_state={state["seed"]})
for epoch in range({len(state.history)}): model.partial_fit(X, y, classes={classes})
"""
    )
