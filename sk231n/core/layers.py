r"""Layers: small values that hold no arrays.

``forward(p, x, phase)`` returns the output and its pull-back.  The pull-back closes over exactly
what it needs, so there is no cache to keep in step, and prediction, which drops it, is thread-safe.
A pull-back writes the gradients of the layer's parameters straight into views of the flat gradient
and returns the gradient of the layer's input.
"""

from dataclasses import dataclass, field

import numpy as np

from sk231n.core.initializers import Zeros


@dataclass(frozen=True)
class Phase:
    """What a run tells its layers; the defaults are those of prediction.

    Parameters
    ----------
    rng : RandomState or None, default=None
        Source of randomness while training; None when predicting.
    w : ndarray of shape (n_samples,) or None, default=None
        Weights of the samples of the batch.
    matmul : callable, default=numpy.matmul
        Multiplies two matrices, perhaps on several threads.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import Phase
    >>> Phase().training, Phase(np.random.RandomState(0)).training
    (False, True)
    """

    rng: np.random.RandomState | None = None
    w: np.ndarray | None = None
    matmul: object = np.matmul

    @property
    def training(self):
        """Whether the layers are being trained."""
        return self.rng is not None


PREDICTION = Phase()


class Layer:
    """Base of the layers: as wide as its input and without parameters, unless a layer says so.

    ``penalized`` names the parameters that the penalty sees, ``statistics`` those that ``forward``
    itself updates while training, and no optimizer.
    """

    penalized = ()
    statistics = ()

    def width(self, n_inputs):
        """Return the number of outputs for a number of inputs.

        Parameters
        ----------
        n_inputs : int
            Number of columns of the input.

        Returns
        -------
        int
            Number of columns of the output.
        """
        return n_inputs

    def shapes(self, n_inputs):
        """Return the shapes of the parameters.

        Parameters
        ----------
        n_inputs : int
            Number of columns of the input.

        Returns
        -------
        dict
            The shape of each parameter, by name.
        """
        return {}

    def initialize(self, p, rng):
        """Draw the first parameters.

        Parameters
        ----------
        p : SimpleNamespace
            The views, which are written to.
        rng : RandomState
            Source of randomness.
        """

    def sides(self, x):
        """Say on which side of its kinks each input lies.

        Parameters
        ----------
        x : ndarray of shape (n_samples, n_inputs)
            The input.

        Returns
        -------
        ndarray or None
            Whatever jumps at a kink; None for a layer without any.
        """
        return None

    def project(self, p, factors):
        """Move the parameters, after a step, to the nearest ones that are allowed.

        Parameters
        ----------
        p : SimpleNamespace
            The views, which are written to.
        factors : dict
            What turns the penalised parameters into the units of the data, by name.
        """


@dataclass(frozen=True)
class Affine(Layer):
    r"""The affine layer :math:`y = x W + b`.

    Parameters
    ----------
    n_outputs : int
        Number of columns of the output.
    initializer : callable, default=Zeros()
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

    n_outputs: int
    initializer: object = field(default_factory=Zeros)
    max_norm: float | None = None
    intercept: bool = True
    penalized = ("W",)

    def width(self, n_inputs):
        """Return the number of outputs.

        Parameters
        ----------
        n_inputs : int
            Number of columns of the input, which plays no part here.

        Returns
        -------
        int
            Number of columns of the output.
        """
        return self.n_outputs

    def shapes(self, n_inputs):
        """Return the shapes of the parameters.

        Parameters
        ----------
        n_inputs : int
            Number of columns of the input.

        Returns
        -------
        dict
            The shape of each parameter, by name.
        """
        shapes = {"W": (n_inputs, self.n_outputs)}
        return shapes | {"b": (self.n_outputs,)} if self.intercept else shapes

    def initialize(self, p, rng):
        """Draw the first weights; the intercept starts at zero.

        Parameters
        ----------
        p : SimpleNamespace
            The views, which are written to.
        rng : RandomState
            Source of randomness.
        """
        p.W[...] = self.initializer(rng, p.W.shape)
        if self.intercept:
            p.b[...] = 0

    def project(self, p, factors):
        """Shorten the columns of ``W`` that are longer than ``max_norm``; see :class:`Layer`."""
        if self.max_norm is not None:
            W = p.W * factors["W"]
            length = np.sqrt(np.einsum("ij,ij->j", W, W))
            if (length > self.max_norm).any():
                p.W *= self.max_norm / np.maximum(length, self.max_norm)

    def forward(self, p, x, phase=PREDICTION):
        """Compute the output and its pull-back.

        Parameters
        ----------
        p : SimpleNamespace
            The views ``W`` of shape (n_inputs, n_outputs) and, with an intercept, ``b`` of shape
            (n_outputs,).
        x : ndarray of shape (n_samples, n_inputs)
            The input.
        phase : Phase, default=PREDICTION
            What the run tells its layers.

        Returns
        -------
        y : ndarray of shape (n_samples, n_outputs)
            The output.
        backward : callable
            ``backward(dy, g, need_dx=True)`` writes the gradients into the views ``g.W``, ``g.b``
            and returns that of `x`, or None if it is not needed.
        """
        y = phase.matmul(x, p.W)
        if self.intercept:
            y += p.b

        def backward(dy, g, need_dx=True):
            phase.matmul(x.T, dy, out=g.W)
            if self.intercept:
                np.sum(dy, axis=0, out=g.b)
            return phase.matmul(dy, p.W.T) if need_dx else None

        return y, backward


@dataclass(frozen=True)
class Dropout(Layer):
    r"""Inverted dropout: while training, each input is dropped with probability :math:`p`.

    Parameters
    ----------
    p : float in [0, 1)
        The probability to drop.

    Notes
    -----
    What is kept is divided by :math:`1 - p`, so that the mean stays and prediction has nothing to
    do.

    References
    ----------
    N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting",
    Journal of Machine Learning Research 15, 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n.layers import Dropout, Phase
    >>> Dropout(0.5).forward(None, np.ones((1, 6)), Phase(np.random.RandomState(0)))[0]
    array([[0., 2., 0., 0., 2., 2.]])
    """

    p: float

    def keep(self, rng, shape):
        """Draw which inputs are kept.

        Parameters
        ----------
        rng : RandomState
            Source of randomness.
        shape : tuple of int
            Shape of the input.

        Returns
        -------
        ndarray of bool
            The mask.
        """
        # A generator of its own, seeded by the given one, draws three times as fast.
        generator = np.random.Generator(np.random.SFC64(rng.randint(2**31)))
        return generator.random(shape) >= self.p

    def forward(self, p, x, phase=PREDICTION):
        """Compute the output and its pull-back; see :meth:`Affine.forward`."""
        if not phase.training or not self.p:
            return x, lambda dy, g, need_dx=True: dy
        mask = self.keep(phase.rng, x.shape) * x.dtype.type(1 / (1 - self.p))
        return x * mask, lambda dy, g, need_dx=True: dy * mask
