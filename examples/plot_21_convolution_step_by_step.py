r"""
Convolution, number by number
=============================

A unit of a fully connected layer looks at all pixels, with one weight for
each. A *filter* looks at a small window, all channels of it, and the same few
weights are used at every position:

.. math::

    y_{ijk} = b_k + \sum_{u, v, c} W_{uvck} \, x_{Si + u, \, Sj + v, \, c},

where :math:`S` is the stride. A pattern is then recognised wherever it is,
with far fewer weights. Along a side of :math:`W` pixels, with :math:`P` zeros
at each end, a filter of :math:`F` pixels has

.. math:: \frac{W - F + 2P}{S} + 1

positions. Here is the example that the notes animate, with every number: an
image of 5 x 5 pixels in three channels, two filters of 3 x 3, a stride of 2
and one pixel of padding.
"""

# %%
# The numbers are small integers: pixels are 0, 1 or 2, and weights -1, 0 or 1.

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

from sk231n import reference
from sk231n.layers import Conv2D

CHANNELS = ["red", "green", "blue"]
SIZE, STRIDE, PADDING = 3, 2, 1


def from_tables(*tables):
    """Square tables of numbers, one for each channel, as an image."""
    numbers = [np.array(table.split(), dtype=float) for table in tables]
    side = int(np.sqrt(numbers[0].size))
    return np.stack([table.reshape(side, side) for table in numbers], axis=-1)


image = from_tables(
    "0 0 1 0 2  1 0 2 0 1  1 0 2 2 0  2 0 0 2 0  2 1 2 2 0",
    "2 1 2 1 1  2 1 2 0 1  0 2 1 0 1  1 2 2 2 2  0 1 2 0 1",
    "2 1 1 2 0  1 0 0 1 0  0 1 0 0 0  1 0 2 1 0  2 2 1 1 1",
)
first = from_tables(
    "-1 0 1  0 0 1  1 -1 1", "-1 0 1  1 -1 1  0 1 0", "-1 1 1  1 1 0  0 -1 0"
)
second = from_tables(
    "0 1 -1  0 -1 0  0 -1 1",
    "-1 0 0  1 -1 0  1 -1 0",
    "-1 1 -1  0 -1 -1  1 0 0",
)
x = image[np.newaxis]  # a batch of one image
W, b = np.stack([first, second], axis=-1), np.array([1.0, 0.0])

side = reference.conv_output_side(5, SIZE, STRIDE, PADDING)
print(f"image {x.shape[1:]}, filters {W.shape}, intercepts {b.shape}")
print(
    f"a side of the output: (5 - {SIZE} + 2*{PADDING}) / {STRIDE} + 1 = {side}"
)

y = reference.conv_forward(x, W, b, STRIDE, PADDING)
print(f"output {y.shape[1:]}")
for k in range(2):
    print(f"filter {k}:")
    print(y[0, :, :, k])

# %%
# One position at a time
# ----------------------
#
# For one output we multiply each weight of a filter with the pixel under it
# and add up all products, in all three channels, and the intercept.

padded = np.pad(image, [(PADDING, PADDING), (PADDING, PADDING), (0, 0)])
zeros = np.pad(
    np.zeros((5, 5), bool), PADDING, constant_values=True
)  # where the padding is


def canvas(width, height, unit):
    """Axes whose unit is a cell, `unit` inches long; y points downwards."""
    ax = plt.figure(figsize=(width * unit, height * unit)).add_axes(
        (0, 0, 1, 1)
    )
    ax.set(xlim=(0, width), ylim=(height, 0))
    ax.set_axis_off()
    return ax


def draw_table(
    ax, values, left, top, title="", *, grey=None, frame=None, size=11
):
    """Draw a table; its `frame`, (row, column, height, width), stands out."""
    values = np.asarray(values) + 0.0  # a zero without a sign
    height, width = values.shape
    marked, grey = (
        np.zeros((height, width), bool),
        False if grey is None else grey,
    )
    if frame is not None:
        marked[
            frame[0] : frame[0] + frame[2], frame[1] : frame[1] + frame[3]
        ] = True
    colors = np.select(
        [marked, np.broadcast_to(grey, marked.shape)],
        ["#FFE3B3", "0.87"],
        "white",
    )
    for (i, j), value in np.ndenumerate(values):
        cell = {
            "facecolor": colors[i, j],
            "edgecolor": "0.6",
            "linewidth": 0.6,
        }
        ax.add_patch(Rectangle((left + j, top + i), 1, 1, **cell))
        place = left + j + 0.5, top + i + 0.53
        ax.text(*place, f"{value:g}", ha="center", va="center", fontsize=size)
    ax.add_patch(
        Rectangle((left, top), width, height, fill=False, linewidth=1)
    )
    if frame is not None:
        corner = left + frame[1], top + frame[0]
        outline = {"fill": False, "edgecolor": "#D55E00", "linewidth": 3}
        ax.add_patch(Rectangle(corner, frame[3], frame[2], **outline))
    ax.text(left + width / 2, top - 0.3, title, ha="center", fontsize=size)


def as_sum(numbers):
    """Numbers as a sum, negative ones in brackets."""
    return " + ".join(
        f"({number:g})" if number < 0 else f"{number:g}" for number in numbers
    )


def show_position(i, j, k):
    """Draw what filter k makes of the window at position (i, j)."""
    ax, sums = canvas(29.4, 16.2, 0.25), []
    top, left = STRIDE * i, STRIDE * j
    for c, channel in enumerate(CHANNELS):
        x0 = 0.4 + 8.2 * c
        frame = top, left, SIZE, SIZE
        draw_table(
            ax,
            padded[:, :, c],
            x0,
            1.6,
            f"image, {channel}",
            grey=zeros,
            frame=frame,
        )
        products = (
            padded[top : top + SIZE, left : left + SIZE, c] * W[:, :, c, k]
        )
        draw_table(ax, W[:, :, c, k], x0, 10.2, f"filter {k}")
        draw_table(ax, products, x0 + 4, 10.2, "products")
        sums.append(products.sum())
        ax.text(x0 + 5.5, 14.1, f"sum {sums[-1]:g}", ha="center", fontsize=11)
    draw_table(ax, y[0, :, :, k], 25.4, 3.6, f"output {k}", frame=(i, j, 1, 1))
    assert sum(sums) + b[k] == y[0, i, j, k]
    terms = f"{as_sum(sums)} + intercept {b[k]:g} = {y[0, i, j, k]:g}"
    ax.text(
        0.4, 15.6, f"Row {i}, column {j} of output {k}:   {terms}", fontsize=12
    )


show_position(0, 0, 0)

# %%
# The window of the other filter, two rows further down:

show_position(2, 1, 1)

# %%
# **What to see.** Above, the image with its border of zeros (grey); the window
# has a thick frame. Below, the filter, and its products with the window. The
# first window lies partly on the border, where all products are zero. From one
# output to the next the window moves by two pixels, so neighbouring windows
# overlap. Each filter has three tables, one for each channel, but makes only
# one table of outputs.
#
# The layer of the library computes the same, and both give the same integers:

layer, p = (
    Conv2D(2, SIZE, stride=STRIDE, padding=PADDING),
    SimpleNamespace(W=W, b=b),
)
output, backward = layer.forward(p, x)
print("Conv2D and the loop are equal:", np.array_equal(output, y))
assert np.array_equal(output, y)

# %%
# All positions at once: a product of matrices
# --------------------------------------------
#
# Stretch each window into a column of a matrix and each filter into a row of
# another. Their product has one row for each filter and one column for each
# position. This is called *im2col*: it needs memory, since windows overlap,
# but products of matrices are what processors are best at.

columns = reference.im2col(image, SIZE, STRIDE, PADDING)
rows = W.reshape(-1, 2).T
outputs = rows @ columns + b[:, np.newaxis]
print(
    f"filters {rows.shape} @ windows {columns.shape} = outputs {outputs.shape}"
)
print(
    f"pixels in the image: {image.size}, numbers in the matrix of windows: "
    f"{columns.size}"
)
assert np.array_equal(outputs.T.reshape(y.shape), y)
assert np.array_equal(
    reference.conv_as_matrix_product(x, W, b, STRIDE, PADDING), y
)

POSITION = 4  # row 1, column 1
ax = canvas(39.4, 33.6, 0.185)
for c, channel in enumerate(CHANNELS):
    frame = 2, 2, SIZE, SIZE
    draw_table(
        ax,
        padded[:, :, c],
        0.6 + 8.6 * c,
        8,
        channel,
        grey=zeros,
        frame=frame,
        size=8,
    )
    for row in range(c, 27, 3):
        ax.text(
            28.9,
            1.9 + row + 0.53,
            channel[0].upper(),
            ha="center",
            va="center",
            fontsize=8,
        )
draw_table(
    ax, columns, 29.8, 1.9, "windows", frame=(0, POSITION, 27, 1), size=8
)
draw_table(ax, rows, 0.6, 31, "filters", size=8)
draw_table(ax, outputs, 29.8, 31, "outputs", frame=(0, POSITION, 2, 1), size=8)
arrow = {"arrowstyle": "->", "color": "#D55E00", "linewidth": 2}
ax.annotate("", (28.2, 13), (25.2, 11.5), arrowprops=arrow)
for text, row in [
    ("the window at row 1, column 1 ...", 6),
    ("... is the framed column of the matrix:", 16.8),
    ("nine pixels from left to right and top to bottom,", 18.4),
    ("of each its red (R), green (G) and blue (B)", 20),
    ("filters x windows + intercepts = outputs", 26.6),
    (f"{rows.shape} x {columns.shape} = {outputs.shape}", 28.2),
]:
    ax.text(0.6, row, text, fontsize=11)

# %%
# **What to see.** The framed window becomes the framed column, and its two
# outputs are the framed column below. The layer on photographs that the notes
# count, 96 filters of 11 x 11 with a stride of 4, has these shapes:

n_positions = reference.conv_output_side(227, 11, 4) ** 2
print(
    f"(96, {11 * 11 * 3}) @ ({11 * 11 * 3}, {n_positions:,}) = (96, "
    f"{n_positions:,})"
)

# %%
# The way back
# ------------
#
# A small change of one output, which changes the loss by :math:`\partial y`
# times as much, comes from a change of a weight or of a pixel. Both are
# factors of the same products. So each weight gets the pixel as its gradient,
# and each pixel gets the weight. Here is the gradient of a single output, that
# of filter 0 at row 0, column 0.

dy = np.zeros_like(y)
dy[0, 0, 0, 0] = 1
dx, dW, db = reference.conv_backward(dy, x, W, STRIDE, PADDING)
gradients = SimpleNamespace(W=np.empty_like(W), b=np.empty_like(b))
dx_of_layer = backward(dy, gradients)
assert np.array_equal(dx_of_layer, dx)
assert np.array_equal(gradients.W, dW)
assert np.array_equal(gradients.b, db)
print("gradients of the intercepts:", db)
print("largest gradient of the weights of filter 1:", np.abs(dW[..., 1]).max())
print(
    "pixels with a gradient:", np.any(dx[0] != 0, axis=-1).sum(), "of", 5 * 5
)

ax = canvas(27.8, 14.6, 0.26)
for c, channel in enumerate(CHANNELS):
    x0 = 0.4 + 10 * c
    draw_table(
        ax,
        dW[:, :, c, 0],
        x0 + 2,
        1.6,
        f"gradient of weights, {channel}",
        frame=(0, 0, 3, 3),
    )
    whole = np.pad(dx[0, :, :, c], PADDING)
    frame = 0, 0, SIZE, SIZE
    draw_table(
        ax,
        whole,
        x0,
        7,
        f"gradient of pixels, {channel}",
        grey=zeros,
        frame=frame,
    )
plt.show()

# %%
# **What to see.** Top: the gradient of the weights of filter 0 is the window,
# with the zeros of the border. Bottom: the gradient of the pixels is filter 0,
# put down where the window was; what would fall on the border (grey) is
# dropped. All other pixels have no part in this output. The intercept is added
# to it unchanged, so its gradient is one. With gradients at all outputs, all
# of this adds up: a weight collects from all positions, a pixel from all
# windows that it lies in.
#
# **Try:** ``dy = np.ones_like(y)``; which pixels are in one window only? Then
# ``STRIDE, PADDING = 1, 1``: how many outputs are there now, and how many
# windows does the pixel in the middle lie in? (The figures are made for a
# stride of two; look at the numbers.)
#
# The notes: `Convolutional layer
# <https://cs231n.github.io/convolutional-networks/#conv>`_.
