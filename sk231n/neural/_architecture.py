"""Architectures of convolutional networks: from numbers of filters, or objects, to layers."""

from collections.abc import Sequence
from typing import Any

from sk231n.core.arguments import count
from sk231n.core.layer import Layer
from sk231n.core.pooling import AveragePool2D, MaxPool2D
from sk231n.core.windows import as_pair

POOLINGS = {"max": MaxPool2D, "average": AveragePool2D}


def check_architecture(architecture: Sequence[Any]) -> bool:
    """Whether an architecture holds layers, rather than numbers of filters; errors say what may be.

    Raises
    ------
    ValueError
        If it holds anything else, or the same object twice.
    """
    parts = list(architecture)
    if parts and all(isinstance(part, Layer) for part in parts):
        for k, layer in enumerate(parts):
            layer.check()
            if layer.standardizes:
                raise ValueError(
                    f"architecture holds {layer} at position {k}; the network standardises its "
                    "inputs anyway, so leave it out."
                )
        _check_distinct(parts)
        return True
    for block in parts:
        is_block = isinstance(block, list | tuple | range) and len(block) > 0
        if not is_block or not all(count(1).is_satisfied_by(n) for n in block):
            raise ValueError(
                "architecture must hold blocks of numbers of filters >= 1, such as ((32, 32), "
                f"(64, 64)), or layers such as Conv2D(32) and MaxPool2D(); got {block!r} in "
                f"{architecture!r:.200}."
            )
    return False


def _check_distinct(layers):
    """Refuse an object that is a layer, or a part of one, in two places."""
    places: dict[int, int] = {}
    for k, layer in enumerate(layers):
        for part in _with_parts(layer):
            if id(part) in places:
                first = places[id(part)]
                where = f"twice at position {k}" if first == k else f"at positions {first} and {k}"
                raise ValueError(
                    f"architecture holds the same object, {part}, {where}. Layers do not share "
                    "weights: make a second object, or a clone."
                )
            places[id(part)] = k


def _with_parts(layer):
    yield layer
    for part in layer.parts:
        yield from _with_parts(part)


def filter_size(kernel_size: Any, image_shape: Sequence[int], *, guessed: bool) -> tuple[int, int]:
    """Height and width of the filters; one row for images that are lines.

    Raises
    ------
    ValueError
        If the filters are larger than images whose shape was given, not `guessed`.
    """
    size = as_pair(kernel_size, "kernel_size")
    sides = tuple(image_shape[:2])
    if sides[0] == 1:
        size = 1, size[1]
    if not guessed and any(f > side for f, side in zip(size, sides, strict=True)):
        raise ValueError(
            f"kernel_size={kernel_size!r} means filters of {size[0]} x {size[1]} pixels, which are "
            f"larger than the images of {sides[0]} x {sides[1]}."
        )
    return size


def pooling_layer(
    pooling: str, pool_size: Any, shapes: Sequence[Sequence[int]], *, guessed: bool
) -> Layer:
    """Make the pooling layer after layers whose outputs have these shapes.

    A line is pooled along its width. Where the shape of the images was guessed from the length of
    rows, windows are no larger than the image.
    """
    size = as_pair(pool_size, "pool_size")
    sides = tuple(shapes[-1][:2])
    if shapes[0][0] == 1:
        size = 1, size[1]
    if guessed and len(sides) == 2:
        size = min(size[0], sides[0]), min(size[1], sides[1])
    return POOLINGS[pooling](size)


def shapes_along(layers: Sequence[Layer], image_shape: Sequence[int]) -> list[tuple[int, ...]]:
    """Shapes of one sample before, between and after layers.

    Raises
    ------
    ValueError
        If a layer does not fit what comes to it; the error lists the shapes that lead there.
    """
    shapes = [tuple(image_shape)]
    for layer in layers:
        try:
            shapes.append(tuple(layer.output_shape(shapes[-1])))
        except ValueError as error:
            steps = [
                f"  {layer}: {shape}" for layer, shape in zip(layers, shapes[1:], strict=False)
            ]
            path = "\n".join([f"  input: {shapes[0]}", *steps, f"  {layer}: does not fit"])
            raise ValueError(
                f"The layers do not fit images of shape {shapes[0]}. {error} The shapes, layer by "
                f"layer:\n{path}"
            ) from error
    return shapes
