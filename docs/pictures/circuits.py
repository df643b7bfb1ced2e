"""Circuits of gates, with the values of their wires above and the gradients below."""

import math

import matplotlib.pyplot as plt

from pictures._style import ink, paper

# Each gate returns its output and the rates at which it changes with its inputs.
GATES = {
    "+": lambda x, y: (x + y, (1, 1)),
    "*": lambda x, y: (x * y, (y, x)),
    "max": lambda x, y: (max(x, y), (float(x >= y), float(x < y))),
    "exp": lambda x: (math.exp(x), (math.exp(x),)),
    "1/x": lambda x: (1 / x, (-1 / x**2,)),
    "*-1": lambda x: (-x, (-1,)),
    "*2": lambda x: (2 * x, (2,)),
    "+1": lambda x: (x + 1, (1,)),
}


def _run(inputs, gates):
    """Values of all wires, and the gradients of the last one."""
    values, rates = dict(inputs), {}
    for wire, (gate, *sources) in gates.items():
        values[wire], rates[wire] = GATES[gate](*(values[source] for source in sources))
    gradients = dict.fromkeys(values, 0.0) | {wire: 1.0}
    for wire, (_, *sources) in reversed(gates.items()):
        for source, rate in zip(sources, rates[wire], strict=True):
            gradients[source] += rate * gradients[wire]
    return values, gradients


def _lay_out(inputs, gates):
    """Column and row of each wire's beginning: inputs on the left, gates between their sources."""
    places = {wire: (0, -row) for row, wire in enumerate(inputs)}
    for wire, (_, *sources) in gates.items():
        columns, rows = zip(*(places[source] for source in sources), strict=True)
        places[wire] = max(columns) + 1, sum(rows) / len(rows)
    return places


def _draw(inputs, gates, height):
    """A figure of the circuit."""
    values, gradients = _run(inputs, gates)
    places = _lay_out(inputs, gates)
    *_, output = gates
    figure, ax = plt.subplots(figsize=(6, height))
    wires = [(source, places[wire]) for wire, (_, *sources) in gates.items() for source in sources]
    wires.append((output, (places[output][0] + 1, places[output][1])))
    for source, (x, y) in wires:
        x0, y0 = places[source]
        ax.plot([x0, x - 0.3, x], [y0, y0, y], color=ink(), linewidth=1, zorder=1)
    for wire, (gate, *_) in gates.items():
        ax.plot(*places[wire], "o", markersize=23, color=paper(), markeredgecolor=ink(), zorder=2)
        ax.text(*places[wire], _typeset(gate), ha="center", va="center", fontsize=8.5)
    for wire, (x, y) in places.items():
        middle = x + (0.35 if wire in inputs else 0.49), y
        for numbers, color, side in ((values, "C2", 1), (gradients, "C1", -1)):
            ax.annotate(
                _typeset(f"{round(numbers[wire], 2) + 0.0:g}"), middle, (0, 8 * side), ha="center",
                va="center", textcoords="offset points", color=color, fontsize=8,
            )  # fmt: skip
        if wire in inputs:
            ax.text(x - 0.05, y, f"${wire}$", ha="right", va="center", fontsize=11)
    ax.text(x + 1.05, y, f"${output}$", va="center", fontsize=11)
    ax.margins(x=0.02)
    ax.set_ylim(0.6 - len(inputs), 0.4)
    ax.axis("off")
    return figure


def _typeset(text):
    """The text with the signs of printed formulas."""
    return text.replace("*", "\N{MULTIPLICATION SIGN}").replace("-", "\N{MINUS SIGN}")


def sum_times_z():
    """The circuit of (x + y) z."""
    return _draw(
        {"x": 3, "y": -1, "z": 4}, {"q": ("+", "x", "y"), "f": ("*", "q", "z")}, height=1.9
    )


def sigmoid_neuron():
    """The circuit of a neuron with two inputs, gate by gate."""
    inputs = {"w_0": 2, "x_0": -1, "w_1": -3, "x_1": -2, "b": -3}
    gates = {
        "product 0": ("*", "w_0", "x_0"),
        "product 1": ("*", "w_1", "x_1"),
        "products": ("+", "product 0", "product 1"),
        "score": ("+", "products", "b"),
        "negative": ("*-1", "score"),
        "exponential": ("exp", "negative"),
        "denominator": ("+1", "exponential"),
        r"\sigma": ("1/x", "denominator"),
    }
    return _draw(inputs, gates, height=2.8)


def three_patterns():
    """A product, a maximum, a sum and a doubling, forwards and backwards."""
    inputs = {"x": 2, "y": -5, "z": 4, "w": 1}
    gates = {
        "product": ("*", "x", "y"),
        "larger": ("max", "z", "w"),
        "sum": ("+", "product", "larger"),
        "f": ("*2", "sum"),
    }
    return _draw(inputs, gates, height=2.8)


def affine_shapes():
    """The shapes of the three products of an affine layer, five samples of four numbers each."""
    n, d, m = 5, 4, 3
    products = {
        "forwards": [("X", n, d), ("W", d, m), ("Y", n, m)],
        "backwards to $W$": [("X^T", d, n), ("G", n, m), ("dW", d, m)],
        "backwards to $X$": [("G", n, m), ("W^T", m, d), ("dX", n, d)],
    }
    colors = {"X": "C0", "W": "C2", "Y": ink(), "G": "C1", "dW": "C2", "dX": "C0"}
    figure, axes = plt.subplots(1, 3, figsize=(6, 1.2))
    for ax, (title, factors) in zip(axes, products.items(), strict=True):
        left = 0
        for (name, height, width), sign in zip(factors, ("", "·", "="), strict=True):
            left += 1.2 if sign else 0
            ax.text(left - 0.6, 0, sign, ha="center", va="center")
            color = colors[name.removesuffix("^T")]
            for style in ({"alpha": 0.2, "linewidth": 0}, {"fill": False}):
                ax.add_patch(
                    plt.Rectangle((left, -height / 2), width, height, color=color, **style)
                )
            ax.text(left + width / 2, 0, f"${name}$", ha="center", va="center", fontsize=10)
            left += width
        ax.set(title=title, xlim=(-0.5, 14.5), ylim=(-3, 3), aspect="equal")
        ax.axis("off")
    return figure
