"""What augmentations do to images, and to what is learnt from them."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from sklearn.datasets import load_digits, load_sample_image

from pictures._boxes import canvas, picture
from pictures._style import ink, paper
from sk231n import MLPClassifier
from sk231n.augmentation import Cutout, Mirror, Shift


@cache
def _photograph():
    """A part of china.jpg, 96 pixels wide."""
    return load_sample_image("china.jpg")[140:332:2, 20:212:2]


def photograph():
    """A photograph, and what each augmentation makes of four copies of it."""
    image, rng = _photograph(), np.random.RandomState(608)
    figure, ax = canvas(29.5)
    picture(ax, image, 0, 5.5, 18.5)
    ax.text(9.2, 4.2, "the image", ha="center", va="center")
    augmentations = {"Mirror()": Mirror(), "Shift(16)": Shift(16), "Cutout(32)": Cutout(32)}
    for row, (text, augmentation) in enumerate(augmentations.items()):
        y = 0.2 + 9.9 * row
        ax.text(20.6, y + 4.7, text, rotation=90, ha="center", va="center")
        for column, changed in enumerate(augmentation(np.stack([image] * 4), rng)):
            picture(ax, changed, 21.9 + 9.6 * column, y, 9.3)
    return figure


def borders():
    """What comes in at the border of a shifted photograph, in the five modes."""
    modes = ("constant", "edge", "reflect", "symmetric", "wrap")
    figure, axes = plt.subplots(1, 5, figsize=(6, 1.5))
    for ax, mode in zip(axes, modes, strict=True):
        shifted = Shift(28, mode)(_photograph()[None], np.random.RandomState(11))[0]
        ax.imshow(shifted)
        ax.set_title(f'"{mode}"', fontsize=9)
        ax.axis("off")
    return figure


def mirrored_digits():
    """Digits and their mirror images, most of which are no digits."""
    digits = load_digits()
    first = [int(np.flatnonzero(digits.target == k)[0]) for k in range(10)]
    figure, axes = plt.subplots(2, 10, figsize=(6, 1.35))
    cmap = LinearSegmentedColormap.from_list("shades", [paper(), ink()])
    for column, image in enumerate(digits.images[first]):
        axes[0, column].imshow(image, cmap=cmap)
        axes[1, column].imshow(Mirror(p=1)(image[None, ..., None], np.random)[0, ..., 0], cmap=cmap)
    for ax, text in zip(axes[:, 0], ("as it is", "mirrored"), strict=True):
        ax.text(-1.2, 3.5, text, ha="right", va="center")
    for ax in axes.ravel():
        ax.axis("off")
    return figure


@cache
def _accuracies():
    """Accuracy on digits moved by up to three pixels, without and with augmentation."""
    digits = load_digits()
    X, y = np.pad(digits.images.astype(np.uint8), ((0, 0), (2, 2), (2, 2))), digits.target
    curves = []
    for augmentation in (None, Shift(1)):
        network = MLPClassifier((100,), augmentation=augmentation, max_iter=50, random_state=0)
        network.fit(X[:800], y[:800])
        moved = (np.roll(X[800:], pixels, axis=2) for pixels in range(-3, 4))
        curves.append([network.score(images, y[800:]) for images in moved])
    return curves


def moved_digits():
    """Accuracy over how far the images are moved, for networks without and with augmentation."""
    figure, ax = plt.subplots(figsize=(6, 2.8))
    ax.axvspan(-1, 1, color="C1", alpha=0.12, linewidth=0)
    for accuracy, color in zip(_accuracies(), ("C0", "C1"), strict=True):
        ax.plot(range(-3, 4), accuracy, "o-", color=color, linewidth=2, markersize=4)
    ax.text(1.12, 0.86, "trained with Shift(1)", color="C1", va="center")
    ax.text(0.5, 0.62, "as they are", color="C0", ha="right", va="center")
    ax.set(xlabel="digits moved to the right, in pixels", ylabel="accuracy", ylim=(0, 1))
    return figure
