"""Where images come from, and what is done with them before a classifier sees them."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import hsv_to_rgb
from sklearn.datasets import load_sample_images
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

from pictures._boxes import arrow, box, canvas, picture
from pictures._style import ink
from sk231n import HOG, HSVHistogram, ImageReader, SoftmaxClassifier, Whitening
from sk231n.datasets import make_shapes
from sk231n.plotting import HOGDisplay, ImageGridDisplay, OcclusionDisplay


def shapes_by_class():
    """The eight shapes of ``make_shapes``, four images of each."""
    shapes = make_shapes(60, image_size=32, random_state=0)
    figure, ax = plt.subplots(figsize=(6, 3.2))
    ImageGridDisplay.from_arrays(
        shapes.images, shapes.target, n_per_class=4, class_names=shapes.target_names, ax=ax,
        text_kw={"fontsize": 9},
    )  # fmt: skip
    return figure


def three_sets():
    """How ``train_val_dev_split`` and a test set divide the data."""
    figure, ax = canvas(12)
    for x, width, text, use, color in (
        (1, 31, "training", "learns the parameters", "C0"),
        (32.7, 12.8, "validation", "chooses", "C2"),
        (46.2, 12.8, "test", "measures, once", "C1"),
    ):
        box(ax, x, 1, width, 5, text, color)
        ax.text(x + width / 2, 7.8, use, color=color, ha="center", va="center")
    box(ax, 2, 2, 8, 3, "dev", "C0")
    ax.text(2, 10.4, "for quick experiments", color="C0", va="center")
    ax.plot((6, 6), (5, 9.4), color="C0", linewidth=1)
    return figure


def hog_and_hue():
    """An image, the directions of its edges, and its hues: what two features see of it."""
    image = make_shapes(40, image_size=48, noise=0.02, random_state=3).images[17]
    figure, axes = plt.subplots(1, 3, figsize=(6, 2.2), width_ratios=(1, 1, 1.2))
    axes[0].imshow(image)
    axes[0].set(xticks=(), yticks=(), title="the image")
    HOGDisplay.from_estimator(HOG(pixels_per_cell=(6, 6)).fit(image[None]), image, ax=axes[1])
    axes[1].set(title="HOG")
    shares = HSVHistogram(bins=12).fit_transform(image[None])[0]
    hues = (np.arange(12) + 0.5) / 12
    colors = hsv_to_rgb(np.column_stack([hues, np.full((12, 2), 0.85)]))
    axes[2].bar(hues * 360, shares, width=26, color=colors)
    axes[2].set(xticks=(0, 120, 240, 360), yticks=(), xlabel="hue in degrees")
    axes[2].set(title="HSVHistogram")
    for ax in axes:
        ax.spines[["left", "bottom"]].set_visible(False)
    return figure


@cache
def _whitened():
    images = make_shapes(1207, image_size=20, noise=0.02, random_state=0).images.mean(axis=3)
    train, some = images[:1200], images[1200:]
    rows = [some / 255]
    for epsilon in (1e-5, 1000.0):
        whitening = Whitening("zca", epsilon=epsilon).fit(train)
        white = whitening.transform(some).reshape(some.shape)
        rows.append(0.5 + white / (6 * white.std()))
    return rows


def whitened_images():
    """Grey images, and what whitening makes of them with a small and with a large epsilon."""
    names = ("as they are", "ZCA,\nsmall epsilon", "ZCA,\nlarge epsilon")
    figure, ax = canvas(20)
    for row, (images, name) in enumerate(zip(_whitened(), names, strict=True)):
        y = 0.5 + 6.5 * row
        for column, image in enumerate(images):
            picture(ax, image, 14 + 6.5 * column, y, 6, cmap="gray", vmin=0, vmax=1)
        ax.text(13, y + 3, name, ha="right", va="center")
    return figure


@cache
def _photographs():
    china, flower = load_sample_images().images
    files = [
        china, flower[20:410, 130:390], china[60:320, 110:340], flower, flower[110:290, 140:420]
    ]  # fmt: skip
    return files, ImageReader(size=64).fit_transform(files)


def files_to_images():
    """Photographs of several sizes, and the equal images that ``ImageReader`` makes of them."""
    figure, ax = canvas(25)
    x = 0.6
    for file, image in zip(*_photographs(), strict=True):
        height, width = np.array(file.shape[:2]) / 43
        middle = x + max(width, 8) / 2
        picture(ax, file, middle - width / 2, 11.2 - height, width)
        ax.text(middle, 12.4, f"{file.shape[1]} x {file.shape[0]}", ha="center", va="center")
        arrow(ax, (middle, 13.8), (middle, 16))
        picture(ax, image, middle - 4, 16.5, 8)
        x += max(width, 8) + 1.1
    return figure


def ways_to_fit():
    """One photograph as a square image, by each value of ``ImageReader``'s ``fit``."""
    file = _photographs()[0][0]
    figure, ax = canvas(13)
    picture(ax, file, 0.5, 0.5, 15)
    ax.text(8, 11.6, "the picture", ha="center", va="center")
    for column, fit in enumerate(("crop", "pad", "stretch")):
        image = ImageReader(size=120, fit=fit).fit_transform([file])[0]
        x = 22.5 + 13 * column
        picture(ax, image, x, 0.5, 10, ink())
        ax.text(x + 5, 11.6, f'fit="{fit}"', ha="center", va="center")
    arrow(ax, (16.5, 5.5), (21, 5.5))
    return figure


@cache
def _flower_or_temple():
    rng = np.random.RandomState(0)
    crops, y = [], []
    for label, file in zip(("temple", "flower"), load_sample_images().images, strict=True):
        for _ in range(80):
            side = rng.randint(60, 200)
            row, column = (rng.randint(0, size - side) for size in file.shape[:2])
            crops.append(file[row : row + side, column : column + side])
            y.append(label)
    model = make_pipeline(
        ImageReader(size=48), make_union(HOG(), HSVHistogram()), StandardScaler(),
        SoftmaxClassifier(alpha=0.1, max_iter=30, random_state=0),
    )  # fmt: skip
    return model.fit(crops, y)


def covered_photograph():
    """A photograph, and where covering it lowers the score of its class."""
    temple, model = load_sample_images().images[0], _flower_or_temple()
    figure, axes = plt.subplots(1, 2, figsize=(6, 2.4))
    axes[0].imshow(model[0].transform([temple])[0])
    axes[0].set(xticks=(), yticks=(), title="what the model reads")
    OcclusionDisplay.from_estimator(model, temple, ax=axes[1])
    for ax in axes:
        ax.set(frame_on=False)
    return figure


def near_and_far():
    """Pictures like those of the training set, and new ones from twice as far away."""
    near = make_shapes(8, image_size=48, n_classes=6, random_state=0).images[:7]
    later = make_shapes(8, image_size=48, n_classes=6, random_state=1).images[:7]
    far = np.pad(later, ((0, 0), (24, 24), (24, 24), (0, 0)), mode="reflect")
    figure, ax = canvas(14)
    for row, (files, name) in enumerate(((near, "learnt from"), (far, "new pictures"))):
        images = ImageReader(size=32).fit_transform(files)
        ax.text(12.5, 3.5 + 6.8 * row, name, ha="right", va="center")
        for column, image in enumerate(images):
            picture(ax, image, 13.6 + 6.6 * column, 0.4 + 6.8 * row, 6.2)
    return figure
