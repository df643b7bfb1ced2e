"""The affine layer, and the one that flattens images for it."""

import math
from collections.abc import Callable
from numbers import Real
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.arguments import Number, count
from sk231n.core.initializers import Initializer, Zeros
from sk231n.core.layer import PREDICTION, Layer, Phase
from sk231n.core.weighted import WeightedLayer


class Flatten(Layer):
    """Images to rows, in C order.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import Flatten
    >>> Flatten().output_shape((4, 4, 3))
    (48,)
    >>> Flatten().forward(None, np.zeros((10, 4, 4, 3)))[0].shape
    (10, 48)
    """

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the number of values of one sample; see :meth:`Layer.output_shape`."""
        return (math.prod(input_shape),)

    def forward(
        self, p: SimpleNamespace | None, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back; see :meth:`Layer.forward`."""
        return x.reshape(len(x), -1), lambda dy, g, need_dx=True: dy.reshape(x.shape)


class Affine(WeightedLayer):
    r"""The affine layer :math:`y = x W + b`; images are flattened.

    Parameters
    ----------
    n_outputs : int
        Number of columns of the output.
    initializer : Initializer, default=Zeros()
        Draws ``W``: ``initializer(rng, (n_inputs, n_outputs))``.
    max_norm : float or None, default=None
        Largest length of a column of ``W``, the incoming weights of a unit, in the units of the
        data; longer ones are shortened after each step.
    intercept : bool, default=True
        Whether there is an intercept ``b``.

    Notes
    -----
    With the gradient :math:`G` of the output, :math:`\partial W = x^T G`,
    :math:`\partial b = \sum_i G_i` and :math:`\partial x = G W^T`.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> from sk231n.layers import Affine
    >>> p = SimpleNamespace(W=np.array([[1.0, 2.0], [3.0, 4.0]]), b=np.array([10.0, 20.0]))
    >>> y, backward = Affine(2).forward(p, np.array([[1.0, 1.0]]))
    >>> y
    array([[14., 26.]])
    """

    folds_inputs = True
    releases_output = releases_gradient = True
    _parameter_constraints: dict[str, list[Any]] = {
        "n_outputs": [count(1)],
        "initializer": [Initializer],
        "max_norm": [Number(Real, 0, None, closed="neither"), None],
        "intercept": ["boolean"],
    }

    def __init__(
        self,
        n_outputs: int,
        initializer: Initializer = Zeros(),  # noqa: B008 (it holds no state)
        max_norm: float | None = None,
        intercept: bool = True,
    ) -> None:
        self.n_outputs = n_outputs
        self.initializer = initializer
        self.max_norm = max_norm
        self.intercept = intercept

    @property
    def intercepts(self) -> tuple[str, ...]:
        """Names of the parameters that are added to the outputs."""
        return ("b",) if self.intercept else ()

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the number of outputs; see :meth:`Layer.output_shape`."""
        return (self.n_outputs,)

    def shapes(self, input_shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Return the shapes of ``W`` and ``b``; see :meth:`Layer.shapes`."""
        shapes = {"W": (math.prod(input_shape), self.n_outputs)}
        return shapes | {"b": (self.n_outputs,)} if self.intercept else shapes

    def forward(
        self, p: SimpleNamespace, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back.

        Parameters
        ----------
        p : SimpleNamespace
            The views ``W`` of shape (n_inputs, n_outputs) and, with an intercept, ``b`` of shape
            (n_outputs,).
        x : ndarray of shape (n_samples, n_inputs), or of images
            The input.
        phase : Phase, default=PREDICTION
            The current run, which is training or prediction.

        Returns
        -------
        y : ndarray of shape (n_samples, n_outputs)
            The output.
        backward : callable
            ``backward(dy, g, need_dx=True)`` writes the gradients into the views ``g.W``, ``g.b``
            and returns that of `x`, or None if it is not needed.
        """
        rows = x.reshape(len(x), -1)
        y = phase.matmul(rows, p.W)
        if self.intercept:
            y += p.b

        def backward(dy, g, need_dx=True):
            phase.matmul(rows.T, dy, out=g.W)
            if self.intercept:
                np.sum(dy, axis=0, out=g.b)
            return phase.matmul(dy, p.W.T).reshape(x.shape) if need_dx else None

        return y, backward

    def weight_factors(self, scale: NDArray[Any] | None = None) -> dict[str, Any]:
        """Return one over the `scale` of each input; see :meth:`Layer.weight_factors`."""
        return {"W": 1.0 if scale is None else (1 / scale)[:, None]}

    def fold_inputs(
        self, p: SimpleNamespace, mean: NDArray[Any] | None, scale: NDArray[Any] | None
    ) -> None:
        """Convert the parameters for unchanged inputs; see :meth:`Layer.fold_inputs`."""
        if scale is not None:
            p.W /= scale[:, None]
        if mean is not None:
            p.b -= mean @ p.W

    def unfold_inputs(
        self, p: SimpleNamespace, mean: NDArray[Any] | None, scale: NDArray[Any] | None
    ) -> None:
        """Undo the change; see :meth:`Layer.fold_inputs`."""
        if mean is not None:
            p.b += mean @ p.W
        if scale is not None:
            p.W *= scale[:, None]

    def fold_outputs(self, p: SimpleNamespace, mean: NDArray[Any], scale: NDArray[Any]) -> None:
        """Convert the parameters for unchanged outputs; see :meth:`Layer.fold_outputs`."""
        p.W *= scale
        p.b *= scale
        p.b += mean

    def unfold_outputs(self, p: SimpleNamespace, mean: NDArray[Any], scale: NDArray[Any]) -> None:
        """Undo the change; see :meth:`Layer.fold_outputs`."""
        p.b -= mean
        p.b /= scale
        p.W /= scale
