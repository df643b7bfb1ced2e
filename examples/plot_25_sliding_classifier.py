r"""
A classifier that slides over a large picture
=============================================

A network that was trained on small images can look for the same things in a
larger picture: cut out a window, classify it, move on. But neighbouring
windows overlap, and nearly all of the arithmetic would be done again and
again. Convolution and pooling slide by themselves. Only the fully connected
layer does not, and it can be *turned into a convolution*: on an input of
:math:`h \times w \times C` its weights are filters of :math:`h \times w`
pixels, which fit at a single position. On a larger input they fit at several,
and the network gives the scores of all windows in one pass.
"""

# %%
# The notes' numbers
# ------------------
#
# A network that halves photographs of 224 pixels five times ends with 7 x 7 x
# 512 numbers, on which a fully connected layer with 4096 units follows. What
# does it make of 384 pixels?

from time import perf_counter
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke

from sk231n import ConvNetClassifier
from sk231n.augmentation import Mirror
from sk231n.datasets import make_shapes
from sk231n.layers import BatchNorm, Conv2D, MaxPool2D, ReLU

as_convolution = Conv2D(4096, 7, padding="valid")
for side in (224, 384):
    shape = (side, side, 512)
    for _ in range(5):
        shape = MaxPool2D(2).output_shape(shape)
    n = as_convolution.output_shape(shape)
    print(f"{side}: {shape}, then ({shape[0]} - 7) / 1 + 1 = {n[0]}: {n}")
print(f"{n[0] * n[1]} windows of 224 pixels, {2**5} pixels apart")

# %%
# One pass gives 6 x 6 sets of scores: those of 36 windows of 224 pixels that
# are 32 pixels apart.
#
# Stickers on a wall
# ------------------
#
# Now with a network of our own. A *sticker* is one of the library's small
# pictures, and a wall has a pattern. The network learns from windows of 32 x
# 32 pixels with a sticker in the middle, and from windows with nothing or with
# just a piece of one at the side, which are called "nothing".

WINDOW = 32
ramp = np.minimum(np.arange(WINDOW) + 1, np.arange(WINDOW)[::-1] + 1) / 4
FADE = np.minimum(np.minimum.outer(ramp, ramp), 1)[
    :, :, np.newaxis
]  # the rim is transparent


def wall(height, width, rng):
    """Paint a wall: a few waves of two colours."""
    y, x = np.mgrid[:height, :width] / WINDOW
    waves = 0
    for _ in range(3):
        frequency, direction, phase = (
            rng.uniform(2, 9),
            rng.uniform(0, 7),
            rng.uniform(0, 7),
        )
        waves += np.sin(
            frequency * (np.cos(direction) * x + np.sin(direction) * y) + phase
        )
    light, change = rng.uniform(60, 190, 3), rng.uniform(-20, 20, 3)
    return (
        light
        + waves[..., np.newaxis] * change
        + rng.normal(0, 10, (height, width, 3))
    )


def put_on(wall, sticker, top, left):
    """Put a sticker on a wall; a part of it may be outside."""
    rows, columns = (
        slice(max(at, 0), max(at + WINDOW, 0)) for at in (top, left)
    )
    seen = wall[rows, columns]
    part = np.s_[rows.start - top :, columns.start - left :]
    height, width = seen.shape[:2]
    seen += FADE[part][:height, :width] * (
        sticker[part][:height, :width] - seen
    )


def as_bytes(image):
    """Round colours to whole numbers from 0 to 255."""
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


NAMES = ["circle", "square", "triangle", "cross"]


def stickers(n, random_state):
    """Shapes and their names; swapped channels make colours tell nothing."""
    shapes = make_shapes(n, n_classes=len(NAMES), random_state=random_state)
    swapped = np.random.default_rng(random_state).permuted(
        np.tile(np.arange(3), (n, 1)), axis=1
    )
    images = np.take_along_axis(
        shapes.images, swapped[:, np.newaxis, np.newaxis], axis=3
    )
    return images, shapes.target_names[shapes.target]


def make_windows(n, random_state):
    """Windows with a sticker in the middle, or with at most a piece of it."""
    rng = np.random.default_rng(random_state)
    windows, labels = [], []
    for picture, name in zip(*stickers(n, random_state), strict=True):
        window, [top, left] = wall(WINDOW, WINDOW, rng), rng.integers(-2, 3, 2)
        is_nothing = rng.random() < 0.4
        if is_nothing:
            far = rng.choice([-1, 1], 2) * rng.integers(8, 33, 2)
            top, left = [(far[0], left), (top, far[1]), far][rng.integers(3)]
        put_on(window, picture, top, left)
        windows.append(as_bytes(window))
        labels.append("nothing" if is_nothing else name)
    return np.stack(windows), np.array(labels)


X_train, y_train = make_windows(5000, 0)
X_test, y_test = make_windows(600, 1)
layers = [
    *[Conv2D(16, 6, stride=2, padding="valid"), BatchNorm(), ReLU()],
    *[Conv2D(24, 3, padding="valid"), BatchNorm(), ReLU(), MaxPool2D()],
    *[Conv2D(32, 3, padding="valid"), BatchNorm(), ReLU()],
]
model = ConvNetClassifier(
    layers, augmentation=Mirror(), batch_size=32, max_iter=5, random_state=0
).fit(X_train, y_train)
print(f"test accuracy on windows: {model.score(X_test, y_test):.1%}")

# %%
# The layers do not pad: ``architecture=((16,), (32,))`` with
# ``head="flatten"`` would put zeros around each image, and around a window in
# a larger picture there are no zeros but other pixels.
#
# The last layer as a convolution
# -------------------------------
#
# The weights of the scores belong to the numbers that the last pooling layer
# returns. Give them the shape of filters, and the convolution gives the same
# scores.

*_, last_map, scores = model.feature_maps(X_test[:5])
weights = model.coefs_[-1].reshape(*last_map.shape[1:], -1)
p = SimpleNamespace(W=weights, b=model.intercepts_[-1])
as_convolution = Conv2D(weights.shape[-1], weights.shape[:2], padding="valid")
converted, _ = as_convolution.forward(p, last_map)
print(f"weights {model.coefs_[-1].shape} become filters {weights.shape}")
print(f"scores {scores.shape} become {converted.shape}")
print(f"largest difference {np.abs(converted[:, 0, 0] - scores).max():.1e}")
assert np.allclose(converted[:, 0, 0], scores, atol=1e-3)

# %%
# One pass over a large picture
# -----------------------------
#
# ``decision_map`` does this for the whole network. The stride of the first
# layer and the pooling layer halve the picture twice, so there are scores for
# a window at every fourth pixel.

PLACES = [
    *[(10, 8), (4, 66), (18, 120), (8, 176), (60, 36)],
    *[(56, 96), (76, 150), (90, 200), (108, 88), (104, 12)],
]
pictures, their_names = stickers(len(PLACES), 7)
rng = np.random.default_rng(3)
scene = wall(152, 240, rng)
for picture, place in zip(pictures, PLACES, strict=True):
    put_on(scene, picture, *place)
scene = as_bytes(scene)

STEP = 4
score_map = model.decision_map(scene[np.newaxis])[0]
rows, columns = score_map.shape[:2]
print(f"picture {scene.shape}, scores {score_map.shape}")
assert rows == (scene.shape[0] - WINDOW) // STEP + 1

odds = np.exp(score_map - score_map.max(axis=-1, keepdims=True))
probabilities = odds / odds.sum(axis=-1, keepdims=True)

# %%
# The same windows cut out, one by one:

crops = np.stack(
    [
        scene[STEP * i : STEP * i + WINDOW, STEP * j : STEP * j + WINDOW]
        for i in range(rows)
        for j in range(columns)
    ]
)
of_crops = model.decision_function(crops).reshape(score_map.shape)
print(
    "classes:                   ", *(f"{name:>9}" for name in model.classes_)
)
for i, j in [(0, 0), (2, 16), (17, 23)]:
    print(
        f"scores at row {i:2}, column {j:2}:",
        *(f"{score:9.4f}" for score in score_map[i, j]),
    )
    print(
        "        of the window alone:",
        *(f"{score:9.4f}" for score in of_crops[i, j]),
    )
print(
    f"largest difference of all {len(crops)} windows: "
    f"{np.abs(of_crops - score_map).max():.1e}"
)


def seconds(compute):
    """Shortest time of three calls."""
    times = []
    for _ in range(3):
        start = perf_counter()
        compute()
        times.append(perf_counter() - start)
    return min(times)


one_pass = seconds(lambda: model.decision_map(scene[np.newaxis]))
one_by_one = seconds(lambda: model.decision_function(crops))
print(
    f"all windows in a batch take {one_by_one / one_pass:.0f} times as long "
    "as one pass"
)

# %%
# The scores are those of the windows, up to rounding, at a fraction of the
# time.
#
# Where is what?
# --------------
#
# We show the probability of each class at the middle of its window. A window
# is framed where a class is more likely than anything else, and than at all
# windows nearby.

best = probabilities[
    :, :, [list(model.classes_).index(name) for name in NAMES]
]
likely, found = best.max(axis=2), best.argmax(axis=2)
nearby = np.lib.stride_tricks.sliding_window_view(
    np.pad(likely, 3), (7, 7)
).max(axis=(2, 3))
peaks = np.argwhere((likely == nearby) & (likely > 0.8))

fig = plt.figure(figsize=(7, 7), layout="constrained")
axes = fig.subplot_mosaic(
    [["picture", "picture"], NAMES[:2], NAMES[2:]], height_ratios=[1.9, 1, 1]
)
for name, ax in axes.items():
    ax.set(
        xticks=[],
        yticks=[],
        xlim=(0, scene.shape[1]),
        ylim=(scene.shape[0], 0),
        aspect="equal",
    )
    ax.set_title(
        "picture and windows with a shape" if name == "picture" else name
    )
axes["picture"].imshow(scene, extent=(0, scene.shape[1], scene.shape[0], 0))
LOOKS = {
    "circle": "#56B4E9",
    "square": "#F0E442",
    "triangle": "#CC79A7",
    "cross": "#FFFFFF",
}
for i, j in peaks:
    name = NAMES[found[i, j]]
    corner = STEP * j, STEP * i
    outline = {"fill": False, "edgecolor": LOOKS[name], "linewidth": 3}
    axes["picture"].add_patch(plt.Rectangle(corner, WINDOW, WINDOW, **outline))
    axes["picture"].text(
        corner[0] + WINDOW / 2,
        corner[1] + WINDOW + 1,
        f"{name} {likely[i, j]:.0%}",
        ha="center",
        va="top",
        color="white",
        path_effects=[withStroke(linewidth=3, foreground="k")],
    )
half = WINDOW / 2 - STEP / 2
extent = (half, half + STEP * columns, half + STEP * rows, half)
for k, name in enumerate(NAMES):
    heat = axes[name].imshow(
        best[:, :, k], cmap="magma", vmin=0, vmax=1, extent=extent
    )
    axes[name].set_facecolor("0.87")
    for (top, left), true in zip(PLACES, their_names, strict=True):
        if true == name:
            axes[name].add_patch(
                plt.Rectangle(
                    (left, top), WINDOW, WINDOW, fill=False, ec="#56B4E9", lw=2
                )
            )
fig.colorbar(
    heat, ax=[axes[name] for name in NAMES], label="probability", shrink=0.8
)

right = sum(
    true == NAMES[found[i, j]]
    and max(abs(STEP * i - top), abs(STEP * j - left)) <= 6
    for (top, left), true in zip(PLACES, their_names, strict=True)
    for i, j in peaks
)
print(
    f"{len(PLACES)} stickers, {len(peaks)} windows found, {right} of them "
    "right"
)
plt.show()

# %%
# **What to see.** Top: the picture, with the windows found and what is in
# them. Below: one heat map for each class; blue frames show where its stickers
# really are. Most maps are dark but for these places. The network has never
# seen the picture, nor any image larger than a window. Where it errs, two
# classes are likely in neighbouring windows, and it has no way to prefer the
# one that is better centred. The grey border is where no window has its
# middle.
#
# **Try:** ``architecture=((16,), (32,))`` with ``head="flatten"``, which pads:
# how large are the differences then, and where? Or train without windows of
# nothing: what does the network see on an empty wall?
#
# The notes: `Converting fully connected layers to convolutional layers
# <https://cs231n.github.io/convolutional-networks/#convert>`_.
