"""What the layers of a network return and cost, from their shapes alone."""

import copy
import inspect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from operator import index
from typing import Any, NamedTuple

import numpy as np

from sk231n._images import is_count
from sk231n.core.affine import Affine
from sk231n.core.arguments import count, validates_arguments
from sk231n.core.layer import Layer
from sk231n.core.network import Network
from sk231n.core.residual import Residual
from sk231n.diagnostics._problem import check_estimator_type, is_fitted
from sk231n.diagnostics._table import Table, Tabular

_COLUMNS = {
    "layer": "<", "output": ">", "values": ">", "parameters": ">", "multiply-adds": ">",
    "memory": ">",
}  # fmt: skip
_BYTES = 4  # of a number of float32


class LayerSummary(NamedTuple):
    """What one layer returns and costs.

    Parameters
    ----------
    name : str
        Class of the layer, and those of its arguments that are whole numbers or words.
    output_shape : tuple of int
        Shape of the output for one sample.
    n_values : int
        Number of values of the output for one sample; a residual block counts those of its inner
        layers and their sum.
    n_parameters : int
        Number of parameters that are trained.
    multiply_adds : int
        Number of multiplications by weights, each with an addition, for one sample.
    n_bytes : int
        Bytes of the values of the whole batch in float32.

    Examples
    --------
    >>> from sk231n.diagnostics import LayerSummary
    >>> LayerSummary("Affine(10)", (10,), 10, 650, 640, 40).n_parameters
    650
    """

    name: str
    output_shape: tuple[int, ...]
    n_values: int
    n_parameters: int
    multiply_adds: int
    n_bytes: int

    def _repr_html_(self):
        """Return the row as HTML, for notebooks."""
        return Table("", _COLUMNS, [_cells(self)])._repr_html_()


@dataclass(frozen=True, repr=False)
class NetworkSummary(Tabular):
    """Result of :func:`network_summary`; printed or at the end of a cell, a table.

    Parameters
    ----------
    layers : list of LayerSummary
        The input, then each layer.
    batch_size : int, default=1
        Number of samples whose outputs ``n_bytes`` counts.

    Examples
    --------
    >>> from sk231n.diagnostics import LayerSummary, NetworkSummary
    >>> rows = [LayerSummary("input", (64,), 64, 0, 0, 256),
    ...         LayerSummary("Affine(10)", (10,), 10, 650, 640, 40)]
    >>> print(NetworkSummary(rows))
    layer       output  values  parameters  multiply-adds  memory
    input           64      64           0              0   256 B
    Affine(10)      10      10         650            640    40 B
    total                   74         650            640   296 B
    Memory: the outputs for 1 sample, in float32.
    """

    layers: list[LayerSummary]
    batch_size: int = 1

    @property
    def n_values(self) -> int:
        """Number of values of the input and all outputs, for one sample."""
        return sum(row.n_values for row in self.layers)

    @property
    def n_parameters(self) -> int:
        """Number of parameters that are trained."""
        return sum(row.n_parameters for row in self.layers)

    @property
    def multiply_adds(self) -> int:
        """Number of multiplications by weights, each with an addition, for one sample."""
        return sum(row.multiply_adds for row in self.layers)

    @property
    def n_bytes(self) -> int:
        """Bytes of the input and all outputs of the whole batch in float32."""
        return sum(row.n_bytes for row in self.layers)

    def _table(self):
        total = LayerSummary(
            "total", (), self.n_values, self.n_parameters, self.multiply_adds, self.n_bytes
        )
        samples = "1 sample" if self.batch_size == 1 else f"{self.batch_size:,} samples"
        return Table(
            "", _COLUMNS, [_cells(row) for row in [*self.layers, total]],
            [f"Memory: the outputs for {samples}, in float32."],
        )  # fmt: skip


@validates_arguments({"n_classes": [count(1), None], "batch_size": [count(1)]})
def network_summary(
    estimator_or_layers: Any,
    image_shape: int | Sequence[int] | None = None,
    n_classes: int | None = None,
    *,
    batch_size: int = 1,
) -> NetworkSummary:
    r"""Tell what each layer of a network returns and costs, before it is trained.

    All of it follows from the shapes, so that the largest networks take milliseconds, and no
    parameter is allocated.

    Parameters
    ----------
    estimator_or_layers : estimator or sequence of Layer
        An estimator that is trained by gradients, fitted or not, such as ``ConvNetClassifier`` or
        ``MLPClassifier``; or a list of layers, such as ``[Conv2D(32), ReLU(), MaxPool2D()]``.
    image_shape : int or tuple of int, default=None
        Shape of one sample: ``(height, width, channels)``, ``(height, width)`` for grey images, or
        ``(n_features,)``. A fitted estimator knows it; so does one whose argument of that name says
        it.
    n_classes : int, default=None
        Number of scores: of classes, labels or targets. A fitted estimator knows it. A list of
        layers gets the layer of the scores, ``Affine(n_classes)``, at its end, or nothing for None.
    batch_size : int, default=1
        Number of samples whose outputs are counted in bytes.

    Returns
    -------
    NetworkSummary
        The ``layers``, each with ``output_shape``, ``n_values``, ``n_parameters``,
        ``multiply_adds`` and ``n_bytes``, and the totals of these; print it.

    Raises
    ------
    TypeError
        If what is given is neither an estimator trained by gradients nor a list of layers.
    ValueError
        If a layer does not fit what the layers before it return, whose shapes the message shows;
        or if a shape or a number is missing, is none, or is not that of the fitted estimator.

    Notes
    -----
    * Parameters are those that are trained: weights, intercepts, and the scale and shift of a
      normalization. Statistics, such as the running mean and variance of a batch normalization,
      are not counted. A fitted linear classifier always has intercepts, zeros with
      ``fit_intercept=False``.
    * Multiply-adds are the number of weights times the number of positions at which they are used,
      which is the height times the width of the output, and one for rows. So a convolution with
      :math:`K` filters of :math:`F \times F \times C` needs :math:`F F C K` for each pixel of its
      output. Layers without weights count as nothing.
    * A residual block is one row, the sum of its inner layers;
      ``network_summary(block.layers, shape)`` shows these.
    * Bytes are those of the outputs alone, without the parameters, gradients and scratch memory.

    References
    ----------
    CS231n course notes, "Convolutional neural networks",
    https://cs231n.github.io/convolutional-networks/#comp.

    Examples
    --------
    >>> from sk231n.diagnostics import network_summary
    >>> from sk231n.layers import Affine, Conv2D, MaxPool2D, ReLU
    >>> layers = [Conv2D(16, 5), ReLU(), MaxPool2D(), Conv2D(32), ReLU(), MaxPool2D()]
    >>> network_summary(layers, (32, 32, 3), n_classes=10, batch_size=64)
    layer                    output  values  parameters  multiply-adds    memory
    input               32 x 32 x 3   3,072           0              0  786.4 kB
    Conv2D(16, size=5)  32 x 32 x 16  16,384       1,216      1,228,800    4.2 MB
    ReLU                32 x 32 x 16  16,384           0              0    4.2 MB
    MaxPool2D           16 x 16 x 16   4,096           0              0    1.0 MB
    Conv2D(32)          16 x 16 x 32   8,192       4,640      1,179,648    2.1 MB
    ReLU                16 x 16 x 32   8,192           0              0    2.1 MB
    MaxPool2D             8 x 8 x 32   2,048           0              0  524.3 kB
    Affine(10)                    10      10      20,490         20,480    2.6 kB
    total                             58,378      26,346      2,428,928   14.9 MB
    Memory: the outputs for 64 samples, in float32.

    An estimator need not be fitted:

    >>> from sk231n import MLPClassifier
    >>> network_summary(MLPClassifier((100, 50)), (8, 8), n_classes=10).n_parameters
    12060
    """
    shape = None if image_shape is None else _as_shape(image_shape)
    if isinstance(estimator_or_layers, list | tuple):
        layers, shape = _checked_layers(estimator_or_layers, shape, n_classes)
    else:
        check_estimator_type(
            estimator_or_layers, "Where estimator_or_layers is no list, network_summary"
        )
        make = _fitted if is_fitted(estimator_or_layers) else _unfitted
        layers, shape = make(estimator_or_layers, shape, n_classes)
    return NetworkSummary(_rows(layers, shape, int(batch_size)), int(batch_size))


def _as_shape(image_shape):
    """Shape of one sample as layers see it: images have channels."""
    given = (image_shape,) if isinstance(image_shape, Integral) else image_shape
    valid = isinstance(given, list | tuple) and len(given) in (1, 2, 3)
    if not valid or not all(map(is_count, given)):
        raise ValueError(
            "image_shape must be (height, width, channels), (height, width) or (n_features,) of "
            f"positive integers; got {image_shape!r}."
        )
    shape = tuple(map(int, given))
    return (*shape, 1) if len(shape) == 2 else shape


def _checked_layers(given, shape, n_classes):
    """Layers of a list, with that of the scores, and the shape of one sample."""
    for layer in given:
        if not isinstance(layer, Layer):
            raise TypeError(
                f"estimator_or_layers must hold layers such as Conv2D(32); got {layer!r}."
            )
        layer.check()
    layers = [layer.plain() for layer in given]
    layers += [] if n_classes is None else [Affine(int(n_classes))]
    if shape is None:
        raise ValueError(
            "A list of layers needs image_shape, the shape of one sample, such as (32, 32, 3)."
        )
    return layers, shape


def _fitted(estimator, shape, n_classes):
    """Layers of a fitted estimator and the shape of one sample, which must be the given one."""
    network, _ = estimator._fitted()
    learnt = network.input_shapes[0]
    _check_agreement(shape, learnt, f"{type(estimator).__name__} was fitted with {learnt}")
    if n_classes not in (None, network.n_outputs):
        raise ValueError(
            f"n_classes={n_classes}, but {type(estimator).__name__} was fitted with "
            f"{network.n_outputs}; it can be left out."
        )
    return network.layers, learnt


def _unfitted(estimator, shape, n_classes):
    """Layers that ``fit`` would make, and the shape of one sample."""
    estimator._check_arguments()
    name, argument = type(estimator).__name__, getattr(estimator, "image_shape", None)
    if argument is not None:
        _check_agreement(shape, _as_shape(argument), f"{name} has image_shape={argument}")
        shape = _as_shape(argument)
    if shape is None or n_classes is None:
        raise ValueError(
            f"{name} is not fitted, so that network_summary needs image_shape, the shape of one "
            f"sample, and n_classes, the number of scores; got image_shape={shape} and n_classes="
            f"{n_classes}."
        )
    n_features, n_scores = math.prod(shape), int(n_classes)
    estimator = copy.copy(estimator)
    # What `fit` learns of the data before it makes the layers.
    estimator.n_features_in_ = n_features
    estimator._check_images(None if len(shape) == 1 else shape, n_features, learn=True)
    estimator.classes_, estimator.n_outputs_ = np.arange(n_scores), n_scores
    return estimator._layers(), estimator._sample_shape(n_features)


def _check_agreement(shape, known, what_is_known):
    """Raise an error if a given shape of one sample is not the known one, flattened or not."""
    if shape is None or shape == known:
        return
    if math.prod(shape) != math.prod(known) or len(shape) == len(known):
        raise ValueError(f"image_shape={shape}, but {what_is_known}; it can be left out.")


def _rows(layers, shape, batch_size):
    """Rows of the input and of each layer, or an error that shows how far the shapes fit."""
    n_values = math.prod(shape)
    rows = [LayerSummary("input", shape, n_values, 0, 0, _BYTES * batch_size * n_values)]
    for number, layer in enumerate(layers, start=1):
        try:
            rows.append(_row(layer, rows[-1].output_shape, batch_size))
        except ValueError as error:
            cells = [[row.name, _product(row.output_shape)] for row in rows]
            raise ValueError(
                f"Layer {number} of {len(layers)}, {_name(layer)}, does not fit its input. {error}"
                f"\nThe shapes so far:\n{Table('', {'layer': '<', 'output': '>'}, cells)}"
            ) from error
    return rows


def _row(layer, shape, batch_size):
    is_block = isinstance(layer, Residual)
    ways = [layer.layers, layer._around()] if is_block else []
    inner = [row for way in ways for row in _rows(way, shape, batch_size)[1:]]
    network = Network([layer], shape)  # which checks what the layer says of itself
    output_shape = tuple(map(index, network.output_shape))
    if not all(side > 0 for side in output_shape):
        raise ValueError(f"Its output_shape returns {output_shape}, which is empty.")
    sizes = {name: math.prod(of_array) for name, of_array in network.layout.shapes[0].items()}
    n_values = math.prod(output_shape) + sum(row.n_values for row in inner)
    n_positions = math.prod(output_shape[:-1])
    n_weights = 0 if is_block else sum(sizes[name] for name in layer.weights)
    return LayerSummary(
        _name(layer),
        output_shape,
        n_values,
        sum(size for name, size in sizes.items() if name not in layer.statistics),
        n_positions * n_weights + sum(row.multiply_adds for row in inner),
        _BYTES * batch_size * n_values,
    )


def _name(layer):
    """Class of a layer with the arguments that shapes depend on, the first one without its name."""
    arguments, values = [], layer.get_params(deep=False)
    parameters = inspect.signature(type(layer)).parameters if values else {}
    for position, (name, parameter) in enumerate(parameters.items()):
        word = _as_word(values.get(name))
        if word and word != _as_word(parameter.default):
            arguments.append(f"{name}={word}" if position else word)
    return type(layer).__name__ + (f"({', '.join(arguments)})" if arguments else "")


def _as_word(value):
    """An argument that a shape may depend on, a whole number, a pair or a word; "" for others.

    A pair of equals is one number.
    """
    if isinstance(value, bool | str):
        return repr(value if isinstance(value, bool) else str(value))
    if isinstance(value, list | tuple):
        words = [_as_word(side) for side in value]
        if len(words) == 2 and words[0] == words[1]:
            return words[0]
        return f"({', '.join(words)})" if words and all(words) else ""
    return str(int(value)) if isinstance(value, Integral) else ""


def _cells(row):
    numbers = [f"{n:,}" for n in (row.n_values, row.n_parameters, row.multiply_adds)]
    return [row.name, _product(row.output_shape), *numbers, _as_bytes(row.n_bytes)]


def _product(shape):
    """A shape as the notes write it, such as 32 x 32 x 3."""
    return " x ".join(map(str, shape))


def _as_bytes(n_bytes):
    """A number of bytes in the unit that leaves one to three digits before the point."""
    units = ["B", "kB", "MB", "GB", "TB", "PB"]
    power = 0
    while n_bytes >= 999.95 and power < len(units) - 1:
        n_bytes /= 1000
        power += 1
    return f"{n_bytes:.1f} {units[power]}" if power else f"{n_bytes} B"
