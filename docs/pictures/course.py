"""The pictures of the course's first pages."""

from pictures._boxes import arrow, box, canvas
from sk231n import LinearSVM
from sk231n.datasets import make_shapes
from sk231n.plotting import LearningCurvesDisplay

STOPS = (
    ("images", "pixels, features", "1, 7, 10"),
    ("model", "scores $s = f(x; \\theta)$", "1, 2, 6, 12, 13"),
    ("loss", "how wrong they are", "2, 3"),
    ("gradient", "which way is down", "4, 5"),
    ("step", "a little that way", "4, 8"),
)


def one_loop():
    """What training repeats, with the chapters that explain each part."""
    figure, ax = canvas(17)
    width, gap = 10.2, 1.9
    for k, (name, meaning, chapters) in enumerate(STOPS):
        left, color = 0.7 + k * (width + gap), f"C{k}"
        box(ax, left, 3.6, width, 5.4, name, color, weight="bold", fontsize=11)
        ax.text(left + width / 2, 10.6, meaning, ha="center", va="center", fontsize=8)
        ax.text(left + width / 2, 1.8, chapters, ha="center", va="center", color=color)
        if k:
            arrow(ax, (left - gap + 0.2, 6.3), (left - 0.2, 6.3))
    model, step = (0.7 + k * (width + gap) + width / 2 for k in (1, 4))
    ax.plot([step, step, model], [12.2, 14.4, 14.4], color="C4", linewidth=1.2)
    arrow(ax, (model, 14.4), (model, 12), color="C4")
    ax.text((model + step) / 2, 15.6, "for every batch", ha="center", va="center", color="C4")
    return figure


def loss_of_each_step():
    """The loss of each mini-batch, and its mean over each epoch."""
    shapes = make_shapes(1000, image_size=16, random_state=0)
    svm = LinearSVM(
        optimizer="sgd", learning_rate=1e-7, alpha=5e4, batch_size=200, max_iter=60, tol=None,
        history_steps=True, random_state=0,
    ).fit(shapes.images, shapes.target)  # fmt: skip
    display = LearningCurvesDisplay.from_estimator(svm, panel="loss")
    display.figure_.set_size_inches(6, 2.6)
    return display.figure_
