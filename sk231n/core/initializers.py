"""How weights start: an initializer turns a random state and a shape into an array."""

import numpy as np

from sk231n.core.spec import Spec


class Zeros(Spec):
    """Start at zero: right where the objective is convex, as for the linear classifiers.

    Examples
    --------
    >>> from sk231n.initializers import Zeros
    >>> Zeros()(None, (2, 3))
    array([[0., 0., 0.],
           [0., 0., 0.]])
    """

    def __call__(self, rng, shape):
        """Draw the weights.

        Parameters
        ----------
        rng : RandomState
            Source of randomness (unused here).
        shape : tuple of int
            ``(n_inputs, n_outputs)``.

        Returns
        -------
        ndarray
            Weights of that shape.
        """
        return np.zeros(shape)
