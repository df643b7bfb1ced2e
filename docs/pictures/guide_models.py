"""What the classifiers of the guide see, learn and decide."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pictures._boxes import arrow, box, canvas, picture
from pictures._style import ink
from sk231n import HOG, KNNClassifier, MLPClassifier, SoftmaxClassifier
from sk231n.datasets import make_shapes, make_spirals
from sk231n.plotting import WeightTemplatesDisplay


@cache
def _shapes():
    return make_shapes(1300, random_state=0)


@cache
def _neighbors(features):
    images, y = _shapes().images, _shapes().target
    X = HOG().fit_transform(images) if features == "HOG" else images
    knn = KNNClassifier(6).fit(X[:1000], y[:1000])
    return knn.kneighbors(X[1000:])[1]


def neighbors_of_pixels_and_of_edges():
    """The images nearest to two queries, by their pixels and by their HOG."""
    images, y = _shapes().images, _shapes().target
    figure, ax = canvas(29.5)
    for row, query in enumerate((3, 23)):
        top = 0.5 + 15 * row
        picture(ax, images[1000 + query], 0.5, top + 3.3, 7.4)
        ax.text(4.2, top + 12, "query", ha="center", va="center")
        for half, features in enumerate(("pixels", "HOG")):
            y_row = top + 7.2 * half
            ax.text(14.8, y_row + 3.2, f"by {features}", ha="right", va="center")
            for column, index in enumerate(_neighbors(features)[query]):
                right = y[index] == y[1000 + query]
                x = 16 + 7.3 * column
                picture(ax, images[index], x, y_row, 6.4, "C0" if right else "C1")
    return figure


@cache
def _bounds():
    rows = _shapes().images[:, ::3, ::3].reshape(1300, -1).astype(float)
    X, query = rows[:1000], rows[1000:1001]
    pca = PCA(24, random_state=0).fit(X)
    codes = []
    for a in (X, query):
        parts = pca.transform(a)
        rest = np.linalg.norm(a - pca.inverse_transform(parts), axis=1, keepdims=True)
        codes.append(np.hstack([parts, rest]))
    bounds = np.linalg.norm(codes[0] - codes[1], axis=1)
    return bounds, np.linalg.norm(X - query, axis=1)


def bounds_of_distances():
    """A cheap lower bound of each distance to a query leaves few distances to compute."""
    bounds, distances = _bounds()
    radius = np.sort(distances)[4]
    maybe = bounds <= radius
    limits = 0.95 * bounds.min(), 1.04 * distances.max()
    figure, ax = plt.subplots(figsize=(6, 2.9))
    ax.plot(limits, limits, color=ink(), linewidth=1)
    ax.axvline(radius, color="C1", linewidth=1.2)
    ax.scatter(bounds[~maybe], distances[~maybe], s=6, color="C0", alpha=0.5, linewidth=0)
    ax.scatter(bounds[maybe], distances[maybe], s=14, color="C1", linewidth=0)
    style = {"transform": ax.get_xaxis_transform(), "va": "top"}
    ax.text(1.02 * radius, 0.99, "distance of the 5th neighbour", color="C1", **style)
    ax.text(0.97 * radius, 0.62, f"{maybe.sum()} measured", color="C1", ha="right", **style)
    ax.text(0.8 * limits[1], 0.4, f"{np.sum(~maybe)} ruled out\nby the bound", color="C0", **style)
    ax.set(xlabel="lower bound", ylabel="distance", xlim=limits, ylim=limits)
    ax.set(xticks=(), yticks=())
    return figure


@cache
def _templates():
    shapes = make_shapes(1000, image_size=16, random_state=0)
    models = [SoftmaxClassifier(alpha=alpha, max_iter=60, random_state=0) for alpha in (1e-3, 1e4)]
    return shapes, [model.fit(shapes.images, shapes.target) for model in models]


def templates_by_penalty():
    """The templates of the softmax classifier with a weak and with a strong penalty."""
    shapes, models = _templates()
    figure, axes = plt.subplots(2, 1, figsize=(6, 2))
    for ax, model, alpha in zip(axes, models, ("0.001", "10,000"), strict=True):
        WeightTemplatesDisplay.from_estimator(
            model, class_names=shapes.target_names, ax=ax, n_cols=8, text_kw={"fontsize": 8},
        )  # fmt: skip
        ax.set_ylabel(f"alpha\n{alpha}", rotation=0, ha="right", va="center")
    return figure


def layers_of_a_network():
    """What an image passes through in ``MLPClassifier((100,))``."""
    image = _shapes().images[0]
    figure, ax = canvas(14.2)
    picture(ax, image, 0.6, 4.4, 7)
    ax.text(4.1, 12.6, "3,072 pixels", ha="center", va="center")
    names = ("affine", "normali-\nzation", "activation", "dropout")
    box(ax, 10, 1.2, 33.4, 10.2, color="C0")
    ax.text(26.7, 2.6, "a hidden layer", color="C0", ha="center", va="center")
    for column, name in enumerate(names):
        x = 11 + 8.1 * column
        optional = name in (names[1], names[3])
        box(ax, x, 4.4, 7.1, 6, name, None if optional else "C0", fontsize=8)
        if column:
            arrow(ax, (x - 1, 7.4), (x, 7.4), mutation_scale=7)
    arrow(ax, (8, 7.4), (11, 7.4))
    arrow(ax, (42.4, 7.4), (45.6, 7.4))
    box(ax, 45.6, 4.4, 6, 6, "affine", "C1", fontsize=8)
    arrow(ax, (51.6, 7.4), (54, 7.4))
    ax.text(26.7, 12.8, "100 units", color="C0", ha="center", va="center")
    scores = np.array([0.2, 0.45, 0.3, 0.5, 0.25, 1, 0.4, 0.15])
    ax.barh(4.8 + 0.75 * np.arange(8), 5 * scores, left=54.4, height=0.5, color="C1")
    ax.text(56.6, 12.8, "8 scores", color="C1", ha="center", va="center")
    return figure


@cache
def _bent():
    X, y = make_spirals(240, noise=0.12, random_state=0)
    network = MLPClassifier((16, 2), "tanh", max_iter=200, batch_size=40, random_state=0).fit(X, y)
    along, places = np.linspace(-1, 1, 60), np.linspace(-1, 1, 13)
    across = [np.column_stack([along, np.full(60, place)]) for place in places]
    lines = across + [line[:, ::-1] for line in across]
    seen = [network.hidden_activations(line)[1] for line in (X, *lines)]
    return (X, *lines), seen, y, network


def plane_as_the_last_layer_sees_it():
    """Spirals and a grid in the plane, and the same after two hidden layers."""
    before, after, y, network = _bent()
    figure, axes = plt.subplots(1, 2, figsize=(6, 2.9))
    for ax, (X, *lines), title in zip(
        axes, (before, after), ("the plane", "after two hidden layers"), strict=True
    ):
        for line in lines:
            ax.plot(*line.T, color=ink(), linewidth=0.5, alpha=0.35)
        for k, marker in enumerate("os^"):
            ax.scatter(*X[y == k].T, s=12, color=f"C{k}", marker=marker, linewidth=0, zorder=3)
        ax.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), aspect="equal", title=title)
        ax.set(xticks=(), yticks=(), frame_on=False)
    _draw_boundaries(axes[1], network)
    return figure


def _draw_boundaries(ax, network):
    side = np.linspace(-1.1, 1.1, 400)
    plane = np.stack(np.meshgrid(side, side), axis=-1)
    winners = (plane @ network.coefs_[-1] + network.intercepts_[-1]).argmax(axis=2)
    for k in range(3):
        ax.contour(side, side, winners == k, levels=(0.5,), colors="C4", linewidths=1)


@cache
def _networks():
    shapes = make_shapes(1500, image_size=16, random_state=0)
    edges = make_pipeline(HOG(pixels_per_cell=(4, 4)), StandardScaler())
    F_train, F_test = (
        edges.fit_transform(shapes.images[:1000]),
        edges.transform(shapes.images[1000:]),
    )
    networks = (MLPClassifier((10,), max_iter=30, random_state=seed) for seed in range(8))
    y, answers = shapes.target[:1000], shapes.target[1000:]
    alone = np.array([network.fit(F_train, y).predict_proba(F_test) for network in networks])
    together = alone.cumsum(axis=0)
    return [np.mean(p.argmax(axis=2) == answers, axis=1) for p in (alone, together)]


def networks_together():
    """The accuracy of single networks, and of the mean of the first few of them."""
    alone, together = _networks()
    n = np.arange(1, len(alone) + 1)
    figure, ax = plt.subplots(figsize=(6, 2.5))
    ax.plot(n, together, color="C1", marker="o", linewidth=2)
    ax.plot(n, alone, color="C0", marker="o", linestyle="")
    ax.text(n[-1] + 0.2, together[-1], "mean of all\nso far", color="C1", va="center")
    ax.text(n[-1] + 0.2, alone[-1], "one network", color="C0", va="center")
    ax.set(xlabel="networks", ylabel="accuracy on unseen images", xticks=n)
    return figure
