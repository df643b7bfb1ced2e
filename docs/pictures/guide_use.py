"""What happens to a model and around it: pages that play, files, clusters, other programs."""

import re
from functools import cache
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap, to_rgba
from matplotlib.patches import Circle, Rectangle
from sklearn.neighbors import KNeighborsClassifier

from pictures._boxes import arrow, box, canvas, picture
from pictures._style import ink, paper
from sk231n import HOG, KNNClassifier
from sk231n.datasets import make_shapes
from sk231n.play._knn import NeighborsState
from sk231n.play._linear import LinearState
from sk231n.play._network import NetworkState
from sk231n.plotting import HOGDisplay

_MARKERS = "os^"


@cache
def _pages():
    neighbors, linear, network = NeighborsState(), LinearState(), NetworkState()
    for _ in range(40):
        network.train()
    return neighbors, linear, network


def _regions(ax, classes, points, title):
    tints = ListedColormap([to_rgba(f"C{k}", 0.25) for k in range(3)] + [paper()])
    ax.imshow(classes, cmap=tints, vmin=0, vmax=3, extent=(-1, 1, -1, 1), origin="lower")
    for k, marker in enumerate(_MARKERS):
        ax.scatter(
            *points.X[points.y == k].T, s=16, zorder=3, color=f"C{k}", marker=marker, linewidth=0
        )
    ax.set(xlim=(-1, 1), ylim=(-1, 1), xticks=(), yticks=(), title=title)


def three_pages():
    """What the three pages show when they are opened."""
    neighbors, linear, network = _pages()
    figure, axes = plt.subplots(1, 3, figsize=(6, 2.2))
    _regions(axes[0], neighbors.regions(), neighbors.points, "nearest neighbours")
    pointer = np.array([-0.55, 0.2])
    for index in neighbors.neighbours(*pointer)[1]:
        axes[0].plot(*np.transpose([pointer, neighbors.points.X[index]]), color=ink(), linewidth=1)
    axes[0].plot(*pointer, "o", color=ink(), markersize=4)
    _regions(axes[1], linear.regions(), linear.points, "linear classifier")
    for k, (start, end, foot, tip) in enumerate(linear.lines()):
        axes[1].plot(*np.transpose([start, end]), color=f"C{k}", linewidth=1.5)
        style = {"arrowstyle": "-|>", "color": f"C{k}", "shrinkA": 0, "shrinkB": 0}
        axes[1].annotate("", tip, foot, arrowprops=style)
    _regions(axes[2], network.regions() // 3, network.points, "network")
    return figure


def three_ways_to_save():
    """Which file is read by what, and what comes back."""
    figure, ax = canvas(21)
    box(ax, 0.6, 7.6, 13, 5.8, "fitted\npipeline", "C0")
    for row, (name, file, back, color) in enumerate((
        ("joblib", "shapes.joblib", "the estimator, for those\nwho trust the file", "C1"),
        ("skops", "shapes.skops", "the estimator, if you\nallow its classes", "C2"),
        ("ONNX", "shapes.onnx", "predictions, in C++, Java,\na browser, a phone", "C3"),
    )):  # fmt: skip
        y = 0.8 + 7 * row
        arrow(ax, (13.6, 10.5), (21, y + 2.7), color=color)
        box(ax, 21, y, 14, 5.4, f"{name}\n{file}", color)
        arrow(ax, (35, y + 2.7), (38.4, y + 2.7), color=color)
        ax.text(39.2, y + 2.7, back, va="center", linespacing=1.3)
    return figure


def pipeline_as_graph():
    """The steps of a pipeline, and some operators of the graph that ``to_onnx`` makes of them."""
    image = make_shapes(1, random_state=1).images[0]
    figure, ax = canvas(21)
    picture(ax, image, 0.6, 13, 5)
    last = 5.6
    for x, width, name, color, operators in (
        (8.5, 17, "HOG", "C0", ("Gather", "Scatter", "Sqrt", "Div")),
        (26.5, 11.6, "StandardScaler", "C2", ("Scaler",)),
        (39.1, 13.5, "SoftmaxClassifier", "C1", ("Gemm", "Softmax")),
    ):
        box(ax, x, 0.8, width, 4.6, name, color)
        arrow(ax, (x + width / 2, 5.4), (x + width / 2, 12.4), color=color)
        for k, operator in enumerate(operators):
            center = x + width / len(operators) * (k + 0.5)
            arrow(ax, (last, 15.5), (center - 1.3, 15.5), mutation_scale=7)
            tint = to_rgba(color, 0.3)
            ax.add_patch(Circle((center, 15.5), 1.3, facecolor=tint, edgecolor=color))
            ax.text(center, 18.4, operator, ha="center", va="center", fontsize=8)
            last = center + 1.3
    ax.text(16.4, 9, "to_onnx", color="C0", ha="right", va="center")
    arrow(ax, (last, 15.5), (53, 15.5), mutation_scale=7)
    ax.text(56.4, 15.5, "label,\nproba-\nbilities", ha="center", va="center")
    return figure


def chunks_of_a_file():
    """A file that is sorted by class: chunks drawn at random, shuffled in memory, then batches."""
    rng = np.random.RandomState(4)
    drawn = np.sort(rng.permutation(16)[:4])
    memory = rng.permutation(np.repeat(drawn // 4, 8))
    figure, ax = canvas(21)
    for y, name in ((1, "the file,\n16 chunks"), (10, "in memory,\nshuffled"), (16.6, "batches")):
        ax.text(10.5, y + 1.8, name, ha="right", va="center", linespacing=1.3)
    for chunk in range(16):
        x, label = 12 + 2.95 * chunk, chunk // 4
        _images(ax, np.full(8, label), x, 1, 2, 1 if chunk in drawn else 0.3)
        if chunk in drawn:
            place = 18 + 11.5 * list(drawn).index(chunk)
            arrow(ax, (x + 1.2, 5.3), (place, 9.3), color=f"C{label}")
    box(ax, 12, 9.4, 46.8, 4.2)
    for k in range(4):
        _images(ax, memory[8 * k : 8 * k + 8], 14 + 12 * k, 10.4, 4, 1, pitch=2)
        _images(ax, memory[8 * k : 8 * k + 8], 15.3 + 12 * k, 17.4, 4, 1)
        arrow(ax, (18 + 12 * k, 13.6), (18 + 12 * k, 16.6))
    return figure


def _images(ax, labels, x, y, columns, alpha, pitch=1.3):
    for k, label in enumerate(labels):
        corner = x + pitch * (k % columns), y + 1.1 * (k // columns)
        ax.add_patch(Rectangle(corner, 1.1, 0.9, facecolor=f"C{label}", alpha=alpha, linewidth=0))


def shards_of_neighbors():
    """Each worker searches its shard; of all that are found the nearest are kept."""
    figure, ax = canvas(19)
    box(ax, 0.6, 7.2, 8, 4.6, "queries")
    box(ax, 36, 7.2, 14, 4.6, "merge_neighbors", "C1")
    for k in range(3):
        y = 0.8 + 6.4 * k
        arrow(ax, (8.6, 9.5), (14, y + 2.3))
        box(ax, 14, y, 14, 4.6, f"KNNClassifier\nof shard {k + 1}", "C0")
        arrow(ax, (28, y + 2.3), (36, 9.5), color="C0")
    ax.text(34, 3.4, "its k nearest", color="C0", ha="center", va="center")
    arrow(ax, (50, 9.5), (53, 9.5), color="C1")
    ax.text(56.3, 9.5, "k nearest\nof all", color="C1", ha="center", va="center")
    return figure


def when_to_use_something_else():
    """Four questions; the first yes leads to another library, four times no to this one."""
    figure, ax = canvas(30)
    for row, (question, answer) in enumerate((
        ("the best accuracy on photographs?", "PyTorch or JAX,\na pretrained network"),
        ("mixed columns, gaps,\ntext or counts?", "scikit-learn: trees,\nsparse linear models"),
        ("approximate neighbours\namong millions of samples?", "faiss, hnswlib,\npynndescent"),
        ("boxes around objects?", "a detector"),
    )):  # fmt: skip
        y = 0.6 + 6 * row
        box(ax, 0.6, y, 26, 4.6, question)
        arrow(ax, (26.6, y + 2.3), (36, y + 2.3), color="C1")
        ax.text(31, y + 1.3, "yes", color="C1", ha="center", va="center")
        box(ax, 36, y, 23, 4.6, answer, "C1")
        arrow(ax, (13.6, y + 4.6), (13.6, y + 6), color="C0", mutation_scale=7)
        ax.text(14.4, y + 5.25, "no", color="C0", va="center", fontsize=8)
    box(ax, 0.6, 24.6, 26, 4.6, "sk231n", "C0", weight="bold")
    ax.text(28, 26.9, "four times no: images, one processor, minutes", color="C0", va="center")
    return figure


def accuracies_of_five_minutes():
    """The accuracies that the page prints, one classifier after the other."""
    page = Path(__file__).parents[1] / "getting_started.md"
    printed = re.findall(r"^0\.\d+$", page.read_text(encoding="utf-8"), re.MULTILINE)
    names = (
        "KNNClassifier on pixels", "SoftmaxClassifier on pixels",
        "HOG and hues, SoftmaxClassifier", "the same, alpha searched",
        "HOG and hues, MLPClassifier",
    )  # fmt: skip
    scores = {"guessing": 1 / 8} | dict(zip(names, map(float, printed), strict=True))
    colors = [ink(), "C0", "C0", "C1", "C1", "C2"]
    figure, ax = plt.subplots(figsize=(6, 2.2))
    bars = ax.barh(list(scores), list(scores.values()), color=colors, height=0.65)
    ax.bar_label(bars, ["1/8", *(f"{score:.2f}" for score in list(scores.values())[1:])], padding=3)
    ax.invert_yaxis()
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0)
    ax.set(xticks=(), xlim=(0, 1))
    return figure


def one_pipeline_of_both():
    """A search over a pipeline whose steps come from both libraries."""
    figure, ax = canvas(16.5)
    box(ax, 0.6, 0.6, 58.8, 12, color="C1")
    ax.text(2, 2.4, "GridSearchCV", color="C1", va="center")
    box(ax, 2, 4, 56, 7.4, color="C1")
    ax.text(3.4, 5.4, "Pipeline", color="C1", va="center")
    x = 3.4
    for name, width, color in (
        ("ImageReader", 11.5, "C0"), ("HOG", 8, "C0"), ("StandardScaler", 13, "C1"),
        ("SoftmaxClassifier", 14.5, "C0"),
    ):  # fmt: skip
        box(ax, x, 6.7, width, 3.7, name, color)
        if x > 4:
            arrow(ax, (x - 2.05, 8.55), (x, 8.55), mutation_scale=7)
        x += width + 2.05
    ax.text(2, 14.6, "from sk231n", color="C0", va="center")
    ax.text(58, 14.6, "from scikit-learn", color="C1", ha="right", va="center")
    return figure


@cache
def _found():
    rng = np.random.default_rng(0)
    A, B, y = rng.uniform(size=(200, 10)), rng.uniform(size=(50, 10)), np.arange(200) % 2
    offsets = 10.0 ** np.arange(3, 13)
    shares = []
    for offset in offsets:
        X, queries = offset + A, offset + B
        nearest = ((queries[:, None] - X) ** 2).sum(axis=2).argmin(axis=1)
        models = KNeighborsClassifier(1, algorithm="brute"), KNNClassifier(1)
        found = [knn.fit(X, y).kneighbors(queries)[1][:, 0] for knn in models]
        shares.append([np.mean(indices == nearest) for indices in found])
    return offsets, np.transpose(shares)


def neighbors_far_from_the_origin():
    """The share of nearest neighbours that is found, over the distance from the origin."""
    offsets, (theirs, ours) = _found()
    figure, ax = plt.subplots(figsize=(6, 2.2))
    ax.plot(offsets, ours, "o-", color="C0", linewidth=2)
    ax.plot(offsets, theirs, "o-", color="C1", linewidth=2)
    ax.text(offsets[-1] * 1.6, 1, "KNNClassifier", color="C0", va="center")
    ax.text(offsets[-1] * 1.6, 0.1, "KNeighborsClassifier,\nbrute force", color="C1",
            va="center")  # fmt: skip
    ax.set(
        xscale="log", xlabel="distance from the origin", ylabel="nearest found", ylim=(-0.05, 1.08)
    )
    ax.set_yticks((0, 0.5, 1), ("0%", "50%", "100%"))
    return figure


def from_images_to_a_file():
    """The way from images to a saved model, in five stops."""
    images = make_shapes(40, image_size=32, noise=0.03, random_state=3).images
    network = _pages()[2]
    figure, ax = canvas(13.5)
    for k, stop in enumerate(("images", "features", "classifier", "training", "a file")):
        ax.text(5.6 + 12.2 * k, 1.4, stop, ha="center", va="center", weight="bold")
        if k:
            arrow(ax, (12.2 * k - 1.1, 8), (12.2 * k + 0.5, 8), mutation_scale=7)
    for k, image in enumerate(images[:4]):
        picture(ax, image, 0.9 + 4.8 * (k % 2), 3.2 + 4.8 * (k // 2), 4.6)
    hog, plane, curve = (ax.inset_axes((x, 3.2, 9.4, 9.4), transform=ax.transData)
                         for x in (13.1, 25.3, 37.5))  # fmt: skip
    HOGDisplay.from_estimator(HOG(pixels_per_cell=(4, 4)).fit(images), images[0], ax=hog)
    _regions(plane, network.regions() // 3, network.points, "")
    curve.plot([row[0] for row in network.history], color="C0", linewidth=2)
    curve.set(xticks=(), yticks=(), xlabel="")
    for inset in (hog, plane):
        inset.spines[["left", "bottom"]].set_visible(False)
    for k, name in enumerate(("joblib", "skops", "onnx")):
        box(ax, 50.2, 3.2 + 3.3 * k, 8.8, 2.8, f".{name}", f"C{k}")
    return figure
