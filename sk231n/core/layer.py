r"""The base of the layers: a layer is a small value that holds no arrays.

``forward(p, x, phase)`` returns the output and its pull-back.  The pull-back closes over exactly
what it needs, so there is no cache to keep consistent.  Prediction drops it, and is thread-safe.
A pull-back writes the gradients of the layer's parameters straight into views of the flat gradient
and returns the gradient of the layer's input.

Shapes are those of one sample, without the axis of the batch: ``(d,)`` for rows, ``(h, w, c)`` for
images.  A layer declares the roles of its arrays, so their names are free.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n.core.spec import Spec


@dataclass(frozen=True)
class Phase:
    """The state of a run that layers need to know; the defaults are those of prediction.

    Parameters
    ----------
    rng : RandomState or None, default=None
        Source of randomness while training; None when predicting.
    w : ndarray of shape (n_samples,) or None, default=None
        Weights of the samples of the batch.
    matmul : callable, default=numpy.matmul
        Multiplies two matrices, perhaps on several threads.
    watch : callable or None, default=None
        ``watch(layer, x)`` is called by a layer made of layers with each of them and its input, as
        the gradient check needs it.
    empty : callable, default=numpy.empty
        ``empty(shape, dtype)`` makes an array; while training perhaps in memory that is used again.
    input_is_free, gradient_is_free : bool, default=False
        Whether nobody else needs the input of the layer, or the gradient that its pull-back is
        given. Only layers that say ``overwrites`` are told.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import Phase
    >>> Phase().training, Phase(np.random.RandomState(0)).training
    (False, True)
    """

    rng: np.random.RandomState | None = None
    w: NDArray[Any] | None = None
    matmul: Callable[..., Any] = np.matmul
    watch: Callable[[Any, NDArray[Any]], None] | None = None
    empty: Callable[..., NDArray[Any]] = np.empty
    input_is_free: bool = False
    gradient_is_free: bool = False

    @property
    def training(self) -> bool:
        """Whether the layers are being trained."""
        return self.rng is not None


PREDICTION = Phase()


class Layer(Spec):
    """Base of the layers, which by default keep the shape of the input and have no parameters.

    A layer of your own needs ``forward``; with parameters also ``shapes`` and ``initialize``, and
    the roles of the parameters. Arrays without a role are trained but neither penalised nor capped,
    such as the scale and the shift of a normalization.

    Attributes
    ----------
    weights : tuple of str
        Names of the parameters that multiply the inputs; these are penalised.
    intercepts : tuple of str
        Names of the parameters that are added to the outputs.
    statistics : tuple of str
        Names of the arrays that ``forward`` updates while training, instead of the optimizer.
    folds_inputs : bool
        Whether :meth:`fold_inputs` works, its weights having one row per input: training may then
        see standardised inputs, and the learnt model takes the data as they are. Before any
        other layer, the standardisation stays in the model as a layer :class:`Standardize`.
    random : bool
        Whether ``forward`` draws from ``phase.rng`` while training, as dropout does.
    releases_output : bool
        Whether the layer reads its output no more, so that the next layer may overwrite it.
    releases_gradient : bool
        Whether the pull-back returns an array of its own, which the one before may overwrite.
    overwrites : bool
        Whether the layer overwrites what is released to it, as the `phase` says.
    normalizes : bool
        Whether the outputs do not depend on the size of the inputs, as after a normalization.
    standardizes : bool
        Whether training hands the layer the moments of its inputs by :meth:`set_moments`.
    parts : tuple of Layer
        The layers that it is made of, as :class:`Residual` is.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import Layer
    >>> class Double(Layer):
    ...     def forward(self, p, x, phase=None):
    ...         return 2 * x, lambda dy, g, need_dx=True: 2 * dy
    >>> y, backward = Double().forward(None, np.array([[1.0, 3.0]]))
    >>> y
    array([[2., 6.]])
    >>> Double().output_shape((2,))
    (2,)
    """

    _documented_in = "sk231n.layers"

    # Any, so that a subclass may make them properties.
    weights: Any = ()
    intercepts: Any = ()
    statistics: Any = ()
    folds_inputs: bool = False
    random: bool = False
    releases_output: bool = False
    releases_gradient: bool = False
    overwrites: bool = False
    normalizes: bool = False
    standardizes: bool = False
    parts: Any = ()

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of one sample of the output.

        Parameters
        ----------
        input_shape : tuple of int
            Shape of one sample of the input: ``(d,)`` for rows, ``(h, w, c)`` for images.

        Returns
        -------
        tuple of int
            The shape, without the axis of the batch.

        Raises
        ------
        ValueError
            If the layer does not take such inputs.
        """
        return input_shape

    def shapes(self, input_shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the parameters.

        Parameters
        ----------
        input_shape : tuple of int
            Shape of one sample of the input.

        Returns
        -------
        dict
            The shape of each parameter, by name.
        """
        return {}

    def initialize(self, p: SimpleNamespace, rng: np.random.RandomState) -> None:
        """Draw the first parameters.

        Parameters
        ----------
        p : SimpleNamespace
            The views, which are written to.
        rng : RandomState
            Source of randomness.
        """

    def forward(
        self, p: SimpleNamespace, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back.

        Parameters
        ----------
        p : SimpleNamespace
            Views of the parameters, by the names of :meth:`shapes`.
        x : ndarray of shape (n_samples, ...)
            The input, which is left as it is.
        phase : Phase, default=PREDICTION
            The current run, which is training or prediction.

        Returns
        -------
        y : ndarray of shape (n_samples, ...)
            The output.
        backward : callable
            ``backward(dy, g, need_dx=True)`` takes the gradient of the output, writes those of the
            parameters into the views ``g``, and returns that of `x`, or anything if it is not
            needed.
        """
        raise NotImplementedError(f"{type(self).__name__} has no forward.")

    def kink_sides(self, x: NDArray[Any]) -> NDArray[Any] | None:
        """Say on which side of its kinks each input lies, so that gradient checks can avoid them.

        Parameters
        ----------
        x : ndarray of shape (n_samples, ...)
            The input.

        Returns
        -------
        ndarray or None
            An array that changes where a kink is crossed; None for a layer without kinks.
        """
        return None

    def project(self, p: SimpleNamespace, factors: Mapping[str, Any]) -> None:
        """Move the parameters, after a step, to the nearest allowed ones.

        Parameters
        ----------
        p : SimpleNamespace
            The views, which are written to.
        factors : dict
            Factors that convert the weights to the units of the data, by name.
        """

    def weight_factors(self, scale: NDArray[Any] | None = None) -> dict[str, Any]:
        """Return the factors that convert the weights to the unit of the data for the penalty.

        Parameters
        ----------
        scale : ndarray of shape (n_inputs,) or None, default=None
            What training divides each input of a layer that ``folds_inputs`` by; None for nothing.

        Returns
        -------
        dict
            For each of the weights, by name, a number or an array that broadcasts against it.
        """
        return dict.fromkeys(self.weights, 1.0)

    def set_moments(self, p: SimpleNamespace, mean: NDArray[Any], variance: NDArray[Any]) -> None:
        """Receive the moments of the inputs, before the first epoch.

        Parameters
        ----------
        p : SimpleNamespace
            The views, which are written to.
        mean, variance : ndarray of shape (n_values,)
            Moments over the samples, one for each value of a flattened sample.
        """

    def fold_inputs(
        self, p: SimpleNamespace, mean: NDArray[Any] | None, scale: NDArray[Any] | None
    ) -> None:
        """Turn parameters for inputs ``(x - mean) / scale`` into those for `x`.

        Parameters
        ----------
        p : SimpleNamespace
            The views, which are written to.
        mean, scale : ndarray of shape (n_inputs,) or None
            What was subtracted, and what was divided by; None for nothing.
        """
        raise NotImplementedError(f"{self} cannot be folded with a change of its inputs.")

    def unfold_inputs(
        self, p: SimpleNamespace, mean: NDArray[Any] | None, scale: NDArray[Any] | None
    ) -> None:
        """Undo the change, with the same arguments; see :meth:`fold_inputs`."""
        raise NotImplementedError(f"{self} cannot be folded with a change of its inputs.")

    def fold_outputs(self, p: SimpleNamespace, mean: NDArray[Any], scale: NDArray[Any]) -> None:
        """Turn parameters for outputs ``(y - mean) / scale`` into those for `y`.

        Parameters
        ----------
        p : SimpleNamespace
            The views, which are written to.
        mean, scale : ndarray of shape (n_outputs,)
            What was subtracted, and what was divided by.
        """
        raise NotImplementedError(f"{self} cannot be folded with a change of its outputs.")

    def unfold_outputs(self, p: SimpleNamespace, mean: NDArray[Any], scale: NDArray[Any]) -> None:
        """Undo the change, with the same arguments; see :meth:`fold_outputs`."""
        raise NotImplementedError(f"{self} cannot be folded with a change of its outputs.")

    def inputs_of_weights(self, x: NDArray[Any]) -> NDArray[Any]:
        """Return the inputs as the weights see them.

        Parameters
        ----------
        x : ndarray of shape (n_samples, ...)
            The input.

        Returns
        -------
        ndarray of shape (n_samples, n_inputs) or (n_samples, n_positions, n_inputs)
            What the weights are multiplied by; if they slide, at some positions of each sample.
        """
        return x.reshape(len(x), -1)
