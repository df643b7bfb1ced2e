r"""Activations: layers without parameters, element by element (but for maxout)."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from sk231n.core.layers import PREDICTION, Layer


class Activation(Layer):
    """Base of the activations.

    ``initializer`` names the start with which signals keep their size on the way through an affine
    layer and the activation.
    """

    initializer = "glorot"

    def n_inputs(self, width):
        """Return the number of inputs that a number of outputs needs.

        Parameters
        ----------
        width : int
            Number of columns of the output.

        Returns
        -------
        int
            Number of columns of the input.
        """
        return width


@dataclass(frozen=True)
class Identity(Activation):
    """The identity: a layer that does nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import Identity
    >>> Identity().forward(None, np.array([[-1.0, 2.0]]))[0]
    array([[-1.,  2.]])
    """

    def forward(self, p, x, phase=PREDICTION):
        """Compute the output and its pull-back; see :meth:`Affine.forward`."""
        return x, lambda dy, g, need_dx=True: dy


@dataclass(frozen=True)
class Logistic(Activation):
    r"""The logistic sigmoid :math:`y = 1 / (1 + e^{-x})`, with the slope :math:`y (1 - y)`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import Logistic
    >>> Logistic().forward(None, np.array([[0.0]]))[0]
    array([[0.5]])
    """

    def forward(self, p, x, phase=PREDICTION):
        """Compute the output and its pull-back; see :meth:`Affine.forward`."""
        y = expit(x)
        return y, lambda dy, g, need_dx=True: dy * (y * (1 - y))


@dataclass(frozen=True)
class Tanh(Activation):
    r"""The hyperbolic tangent :math:`y = \tanh x`, with the slope :math:`1 - y^2`.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import Tanh
    >>> Tanh().forward(None, np.array([[0.0]]))[0]
    array([[0.]])
    """

    def forward(self, p, x, phase=PREDICTION):
        """Compute the output and its pull-back; see :meth:`Affine.forward`."""
        y = np.tanh(x)
        return y, lambda dy, g, need_dx=True: dy * (1 - y * y)


@dataclass(frozen=True)
class ReLU(Activation):
    r"""The rectifier :math:`y = \max(0, x)`; its slope at zero counts as zero.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import ReLU
    >>> ReLU().forward(None, np.array([[-1.0, 2.0]]))[0]
    array([[0., 2.]])
    """

    initializer = "he"

    def forward(self, p, x, phase=PREDICTION):
        """Compute the output and its pull-back; see :meth:`Affine.forward`."""
        y = np.maximum(x, 0)
        return y, lambda dy, g, need_dx=True: dy * (y > 0)

    def sides(self, x):
        """Say which inputs are positive; see :meth:`Layer.sides`."""
        return x > 0


@dataclass(frozen=True)
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

    slope: float = 0.01
    initializer = "he"

    def forward(self, p, x, phase=PREDICTION):
        """Compute the output and its pull-back; see :meth:`Affine.forward`."""
        slope = x.dtype.type(self.slope)

        def backward(dy, g, need_dx=True):
            slopes = (x > 0) * (1 - slope)
            slopes += slope
            slopes *= dy
            return slopes

        return np.maximum(slope * x, x), backward

    def sides(self, x):
        """Say which inputs are positive; see :meth:`Layer.sides`."""
        return x > 0


@dataclass(frozen=True)
class Maxout(Activation):
    r"""Maxout: of every few inputs the largest.

    Parameters
    ----------
    pieces : int, default=2
        Number of inputs among which each output chooses; they lie ``width`` columns apart.

    Notes
    -----
    With :math:`m` outputs, :math:`y_j = \max(x_j, x_{j+m}, \dots)`. After an affine layer this is
    the course's :math:`\max(w_1^T x + b_1, w_2^T x + b_2)`. Of those that tie the first counts.

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

    pieces: int = 2
    initializer = "he"

    def n_inputs(self, width):
        """Return the number of inputs, `pieces` for each output; see :meth:`Identity.n_inputs`."""
        return width * self.pieces

    def width(self, n_inputs):
        """Return the number of outputs; see :meth:`Affine.width`."""
        return n_inputs // self.pieces

    def forward(self, p, x, phase=PREDICTION):
        """Compute the output and its pull-back; see :meth:`Affine.forward`."""
        pieces = x.reshape(len(x), self.pieces, -1)
        winner = self.sides(x)[:, None]

        def backward(dy, g, need_dx=True):
            dx = np.zeros_like(pieces)
            np.put_along_axis(dx, winner, dy[:, None], axis=1)
            return dx.reshape(x.shape)

        return np.take_along_axis(pieces, winner, axis=1)[:, 0], backward

    def sides(self, x):
        """Say which of its inputs each output chooses; see :meth:`Layer.sides`."""
        return x.reshape(len(x), self.pieces, -1).argmax(axis=1)


ACTIVATIONS = {
    "identity": Identity(),
    "logistic": Logistic(),
    "sigmoid": Logistic(),
    "tanh": Tanh(),
    "relu": ReLU(),
    "leaky_relu": LeakyReLU(),
    "maxout": Maxout(),
}
