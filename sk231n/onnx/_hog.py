"""HOG of bytes, equal to the library's to the last bit up to the histograms of the cells.

Bytes have few gradients, and the library looks up their votes. The graph does the same, in the same
table, and adds up the votes in the same order::

    pixels -> g_row, g_column -> code -> votes[code] --> added up -> histograms -> blocks
                                      -> bins[code] + cell ----^
"""

import math

import numpy as np

from sk231n.features._block_norms import EPSILON
from sk231n.features._gradients import BIN_MASK, CODE_OF_ZERO, byte_table
from sk231n.onnx._images import look_up, planes, refuse_other_than_bytes

_CODE_OF_A_ROW = 512  # a code is 512 * g_row + g_column
# Up to such a side a product with a matrix of ones and zeros is faster than to cut and to subtract.
_SHORT_SIDE = 64


def hog(graph, estimator, x):
    """Features of images of bytes."""
    _check(estimator, x)
    shape = estimator.image_shape_[:2]
    codes = _codes(graph, estimator, planes(graph, estimator, x, np.float32), shape)
    histograms = _histograms(graph, estimator, codes, shape)
    features = _blocks(graph, estimator, histograms)
    return graph.reshape(features, -1, estimator._n_features_out)


def _check(estimator, x):
    """Refuse what would need the angle of a gradient, which ONNX cannot compute."""
    atan2 = "ONNX has no atan2, by which other numbers find the direction of a gradient."
    refuse_other_than_bytes(estimator, x, atan2)
    is_color = (*estimator.image_shape_, 1)[2] > 1
    instead = {}
    if estimator.color == "gray" and is_color:
        instead["color='gray'"] = "color='max', or images that are grey"
    if estimator.transform_sqrt:
        instead["transform_sqrt=True"] = "transform_sqrt=False"
    for argument, other in instead.items():
        raise NotImplementedError(
            f"HOG with {argument} turns bytes into other numbers, and {atan2} Fit the model with "
            f"{other}."
        )


def _codes(graph, estimator, pixels, shape):
    """Codes of the gradients of all planes that have histograms, as float32 (n, planes, h, w)."""
    g_row, g_column = (_difference(graph, pixels, shape, axis) for axis in (0, 1))
    code = graph("Add", graph("Mul", g_row, np.float32(_CODE_OF_A_ROW)), g_column)
    if (*estimator.image_shape_, 1)[2] == estimator._n_planes:
        return code
    squares = graph("Add", graph("Mul", g_row, g_row), graph("Mul", g_column, g_column))
    strongest = graph("ArgMax", squares, axis=1)  # the first of equals
    return graph("GatherElements", code, strongest, axis=1)


def _difference(graph, pixels, shape, axis):
    """What follows a pixel along an axis minus what precedes it, and zero on the border."""
    side = shape[axis]
    if side > _SHORT_SIDE:
        after = graph.slice(pixels, 2, side, axis=2 + axis)
        before = graph.slice(pixels, 0, side - 2, axis=2 + axis)
        border = [0, 0, 1 - axis, axis]
        return graph("Pad", graph("Sub", after, before), np.array([*border, *border]))
    matrix, inner = np.zeros((side, side), np.float32), np.arange(1, side - 1)
    matrix[inner, inner + 1], matrix[inner, inner - 1] = 1, -1
    return graph("MatMul", *((matrix, pixels) if axis == 0 else (pixels, matrix.T)))


def _histograms(graph, estimator, codes, shape):
    """Histograms of the cells in float32, of shape (n * planes, rows * columns, bins)."""
    table = byte_table(estimator._n_bins, bool(estimator.signed))
    table = np.roll(table, -CODE_OF_ZERO)  # negative codes count from the end of the table
    (cell_h, cell_w), (rows, columns) = estimator.pixels_per_cell_, estimator.n_cells_
    n_bins, used_h, used_w = estimator._n_bins, rows * cell_h, columns * cell_w
    if (used_h, used_w) != shape:
        codes = graph.slice(graph.slice(codes, 0, used_h, axis=2), 0, used_w, axis=3)
    codes = graph.cast(codes, np.int32)
    cells = np.add.outer(np.arange(used_h) // cell_h * columns, np.arange(used_w) // cell_w)
    n_pixels = used_h * used_w
    bins = (table.view(np.int64) & BIN_MASK).astype(np.int32)
    bins = look_up(graph, bins, codes, n_pixels)
    votes = look_up(graph, table, codes, n_pixels)
    slots = graph("Add", bins, (cells.ravel() * n_bins).astype(np.int32))
    sums = graph.filled(np.float64(0), slots, rows * columns * n_bins)
    # onnxruntime adds pixel by pixel, as numpy.bincount does.
    sums = graph("ScatterElements", sums, slots, votes, axis=1, reduction="add")
    means = graph.cast(graph("Div", sums, np.float64(cell_h * cell_w)), np.float32)
    return graph.reshape(means, -1, rows * columns, n_bins)


def _blocks(graph, estimator, histograms):
    """Blocks of neighbouring cells, normalized."""
    if estimator.block_norm is None:
        return histograms
    block_h, block_w = estimator.cells_per_block_
    cells = np.arange(math.prod(estimator.n_cells_)).reshape(estimator.n_cells_)
    windows = np.lib.stride_tricks.sliding_window_view(cells, (block_h, block_w))
    blocks = graph("Gather", histograms, windows.reshape(-1), axis=1)
    blocks = graph.reshape(blocks, 0, windows[..., 0, 0].size, -1)
    if estimator.block_norm in ("L1", "L1-sqrt"):
        sums = graph("ReduceSum", blocks, np.array([2]))
        blocks = graph("Div", blocks, graph("Add", sums, np.float32(EPSILON)))
        return graph("Sqrt", blocks) if estimator.block_norm == "L1-sqrt" else blocks
    blocks = _normalize_l2(graph, blocks)
    if estimator.block_norm == "L2-Hys":
        blocks = _normalize_l2(graph, graph("Min", blocks, np.float32(0.2)))
    return blocks


def _normalize_l2(graph, blocks):
    squares = graph("ReduceSumSquare", blocks, np.array([2]))
    return graph("Div", blocks, graph("Sqrt", graph("Add", squares, np.float32(EPSILON**2))))
