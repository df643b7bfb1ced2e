"""How the library lays things out, and when its methods were published."""

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle

from pictures._boxes import box, canvas
from pictures._style import ink

# Name, shape, height and width of the matrices of each product, the scores last.
_PRODUCTS = {
    "the notes: W x": (("W", "C x D", 3, 7), ("x", "D x 1", 7, 1.8), ("s", "C x 1", 3, 1.8)),
    "assignments: X.dot(W)": (("X", "N x D", 5, 7), ("W", "D x C", 7, 3), ("S", "N x C", 5, 3)),
    "here: X @ coef_.T": (("X", "n x d", 5, 7), ("coef_", "C x d", 3, 7), ("S", "n x C", 5, 3)),
}
_COLORS = {"W": "C1", "coef_": "C1", "s": "C2", "S": "C2"}


def orientation_of_w():
    """Three ways to write the scores: a row or a column of the weights is a template."""
    figure, ax = canvas(14)
    for left, (title, matrices) in zip((0.3, 18.0, 38.4), _PRODUCTS.items(), strict=True):
        x = left
        for k, (name, shape, height, width) in enumerate(matrices):
            color = _COLORS.get(name, "C0")
            y = 7.6 - height / 2
            box(ax, x, y, width, height, name, color, zorder=4)
            if color == "C1":
                strip = (width, height / 3) if height == 3 else (width / 3, height)
                ax.add_patch(Rectangle((x, y), *strip, color=color, alpha=0.5, linewidth=0))
            ax.text(x + width / 2, y + height + 1.3, shape, ha="center", va="center")
            x += width + 2
            if k < 2:
                ax.text(x - 1, 7.6, "·="[k], ha="center", va="center")
        ax.text((left + x - 2) / 2, 1.6, title, ha="center", va="center")
    return figure


_PAPERS = {
    "1967": "nearest neighbours", "1986": "backpropagation", "1998": "LeNet",
    "1999": "Weston-Watkins SVM", "2001": "Crammer-Singer SVM", "2005": "HOG", "2010": "Glorot",
    "2011": "Adagrad", "2013": "maxout", "2014": "dropout", "2015": "Adam, batch norm, He",
    "2016": "ResNet, layer norm", "2017": "Cutout", "2019": "AdamW",
}  # fmt: skip


def papers():
    """The years in which methods of the library were published."""
    figure, ax = plt.subplots(figsize=(6, 1.75))
    ax.axhline(0, color=ink(), linewidth=1, zorder=0)
    for x, (year, name) in enumerate(_PAPERS.items()):
        ax.plot(x, 0, "o", color="C0", markersize=5)
        ax.text(x, -0.12, year, ha="center", va="top")
        ax.text(x - 0.1, 0.1, name, rotation=35, rotation_mode="anchor", va="bottom")
    ax.set(ylim=(-0.35, 1.35), xlim=(-0.5, 14))
    ax.axis("off")
    return figure
