r"""Activations: layers without parameters, element by element (except maxout)."""

from collections.abc import Callable
from numbers import Real
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sk231n.core.arguments import Number, count
from sk231n.core.initializers import Glorot, He, Initializer
from sk231n.core.layer import PREDICTION, Layer, Phase
from sk231n.core.planes import as_images, as_matrix


class Activation(Layer):
    """Base of the activations.

    An activation of your own needs ``forward``; with a kink also ``kink_sides``, for gradient
    checks.

    Attributes
    ----------
    initializer : Initializer
        The initializer of an affine layer before the activation with which signals keep their
        size; ``weight_init="auto"`` uses it.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import Activation
    >>> class Softplus(Activation):
    ...     def forward(self, p, x, phase=None):
    ...         return np.logaddexp(0, x), lambda dy, g, need_dx=True: dy / (1 + np.exp(-x))
    >>> Softplus().forward(None, np.zeros((1, 1)))[0].round(3)
    array([[0.693]])
    """

    initializer: Initializer = Glorot()

    def n_inputs(self, n_outputs: int) -> int:
        """Return the number of inputs that a number of outputs needs.

        Parameters
        ----------
        n_outputs : int
            Number of columns of the output.

        Returns
        -------
        int
            Number of columns of the input.
        """
        return n_outputs


class Identity(Activation):
    """The identity: a layer that does nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import Identity
    >>> Identity().forward(None, np.array([[-1.0, 2.0]]))[0]
    array([[-1.,  2.]])
    """

    def forward(
        self, p: SimpleNamespace | None, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back; see :meth:`Layer.forward`."""
        return x, lambda dy, g, need_dx=True: dy


class Logistic(Activation):
    r"""The logistic sigmoid :math:`y = 1 / (1 + e^{-x})`, with the slope :math:`y (1 - y)`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import Logistic
    >>> Logistic().forward(None, np.array([[0.0]]))[0]
    array([[0.5]])
    """

    def forward(
        self, p: SimpleNamespace | None, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back; see :meth:`Layer.forward`."""
        y = expit(x)
        return y, lambda dy, g, need_dx=True: dy * (y * (1 - y))


class Tanh(Activation):
    r"""The hyperbolic tangent :math:`y = \tanh x`, with the slope :math:`1 - y^2`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import Tanh
    >>> Tanh().forward(None, np.array([[0.0]]))[0]
    array([[0.]])
    """

    def forward(
        self, p: SimpleNamespace | None, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back; see :meth:`Layer.forward`."""
        y = np.tanh(x)
        return y, lambda dy, g, need_dx=True: dy * (1 - y * y)


class ReLU(Activation):
    r"""The rectifier :math:`y = \max(0, x)`; its slope at zero counts as zero.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import ReLU
    >>> ReLU().forward(None, np.array([[-1.0, 2.0]]))[0]
    array([[0., 2.]])
    """

    initializer: Initializer = He()
    releases_gradient = overwrites = True

    def forward(
        self, p: SimpleNamespace | None, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back; see :meth:`Layer.forward`."""
        # Against a row of zeros, because NumPy's maximum with a number is three times as slow.
        if x.ndim > 2:
            matrix = as_matrix(x)
            out = matrix if phase.input_is_free else phase.empty(matrix.shape, x.dtype)
            y = as_images(np.maximum(matrix, np.zeros_like(matrix[0]), out=out), x.shape)
        else:
            y = np.maximum(x, np.zeros_like(x[0]))

        def backward(dy, g, need_dx=True):
            if y.ndim == 2:
                return dy * (y > 0)
            matrix = as_matrix(dy)
            dx = matrix if phase.gradient_is_free else phase.empty(out.shape, dy.dtype)
            return as_images(np.multiply(matrix, out > 0, out=dx), y.shape)

        return y, backward

    def kink_sides(self, x: NDArray[Any]) -> NDArray[Any]:
        """Say which inputs are positive; see :meth:`Layer.kink_sides`."""
        return x > 0


class LeakyReLU(Activation):
    r"""The leaky rectifier :math:`y = \max(a x, x)`, which never dies.

    Parameters
    ----------
    slope : float in [0, 1), default=0.01
        The slope :math:`a` for negative inputs.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import LeakyReLU
    >>> LeakyReLU().forward(None, np.array([[-1.0, 2.0]]))[0]
    array([[-0.01,  2.  ]])
    """

    initializer: Initializer = He()
    _parameter_constraints: dict[str, list[Any]] = {"slope": [Number(Real, 0, 1, closed="left")]}

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = slope

    def forward(
        self, p: SimpleNamespace | None, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back; see :meth:`Layer.forward`."""
        slope = x.dtype.type(self.slope)

        def backward(dy, g, need_dx=True):
            slopes = (x > 0) * (1 - slope)
            slopes += slope
            slopes *= dy
            return slopes

        return np.maximum(slope * x, x), backward

    def kink_sides(self, x: NDArray[Any]) -> NDArray[Any]:
        """Say which inputs are positive; see :meth:`Layer.kink_sides`."""
        return x > 0


class Maxout(Activation):
    r"""Maxout: the largest input of each group.

    Parameters
    ----------
    n_pieces : int > 0, default=2
        Number of inputs in a group, the largest of which is the output; they lie as many columns
        apart as there are outputs.

    Notes
    -----
    With :math:`m` outputs, :math:`y_j = \max(x_j, x_{j+m}, \dots)`. After an affine layer this is
    the course's :math:`\max(w_1^T x + b_1, w_2^T x + b_2)`. Of equal inputs the first one counts.

    References
    ----------
    I. Goodfellow et al., "Maxout networks", ICML 2013, :arxiv:`1302.4389`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import Maxout
    >>> Maxout().forward(None, np.array([[1.0, 2.0, 3.0, -4.0]]))[0]
    array([[3., 2.]])
    """

    initializer: Initializer = He()
    _parameter_constraints: dict[str, list[Any]] = {"n_pieces": [count(1)]}

    def __init__(self, n_pieces: int = 2) -> None:
        self.n_pieces = n_pieces

    def n_inputs(self, n_outputs: int) -> int:
        """Return `n_pieces` for each output; see :meth:`Activation.n_inputs`."""
        return n_outputs * self.n_pieces

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape with fewer columns, or channels; see :meth:`Layer.output_shape`."""
        *positions, n_inputs = input_shape
        if n_inputs % self.n_pieces:
            raise ValueError(
                f"{self} takes the largest of n_pieces={self.n_pieces} inputs, so the number of "
                f"inputs must be a multiple of it; got {n_inputs}."
            )
        return (*positions, n_inputs // self.n_pieces)

    def forward(
        self, p: SimpleNamespace | None, x: NDArray[Any], phase: Phase = PREDICTION
    ) -> tuple[NDArray[Any], Callable[..., Any]]:
        """Compute the output and its pull-back; see :meth:`Layer.forward`."""
        pieces = self._pieces(x)
        winner = self.kink_sides(x)[..., None, :]

        def backward(dy, g, need_dx=True):
            dx = np.zeros_like(pieces)
            np.put_along_axis(dx, winner, dy[..., None, :], axis=-2)
            return dx.reshape(x.shape)

        return np.take_along_axis(pieces, winner, axis=-2)[..., 0, :], backward

    def kink_sides(self, x: NDArray[Any]) -> NDArray[Any]:
        """Say which of its inputs each output chooses; see :meth:`Layer.kink_sides`."""
        return self._pieces(x).argmax(axis=-2)

    def _pieces(self, x):
        return x.reshape(*x.shape[:-1], self.n_pieces, -1)


ACTIVATIONS: dict[str, Activation] = {
    "identity": Identity(),
    "logistic": Logistic(),
    "sigmoid": Logistic(),
    "tanh": Tanh(),
    "relu": ReLU(),
    "leaky_relu": LeakyReLU(),
    "maxout": Maxout(),
}
