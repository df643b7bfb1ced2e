"""What the two multi-layer perceptrons share: hidden layers that are fully connected."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from sk231n._floating_point import contained
from sk231n._prediction import refuse_overflow
from sk231n.neural._network import NetworkEstimator


class Perceptron(NetworkEstimator):
    """Mixin of the multi-layer perceptrons."""

    n_layers_: int

    _described_by = ("hidden_layer_sizes", "activation", "normalization")

    def _hidden_blocks(self):
        """Layers of each hidden block: affine, normalization, activation, dropout."""
        sizes = self._hidden_sizes()
        return list(map(self._affine_block, sizes, self._activations(len(sizes))))

    def _check_arguments(self):
        super()._check_arguments()
        self._activations(len(self._hidden_sizes()))

    def _attributes_from(self, network, views):
        attributes = super()._attributes_from(network, views)
        return attributes | {"n_layers_": len(attributes["_hidden_blocks_"]) + 2}

    @contained
    def hidden_activations(self, X: ArrayLike) -> list[NDArray[Any]]:
        """Compute the outputs of each hidden layer, as in prediction.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.

        Returns
        -------
        list of ndarray of shape (n_samples, width)
            The outputs of the activations, one array per hidden layer.

        Raises
        ------
        ValueError
            If `X` is not like the training data.
        """
        check_is_fitted(self)
        X = self._validated(X)
        # Dropout, if it is the last layer of a block, does nothing in prediction.
        ends = np.cumsum([len(block) for block in self._hidden_blocks_], dtype=int)

        def compute(network, parameters, x, phase):
            outputs = network.outputs(parameters, x)
            return [outputs[end - 1] for end in ends]

        activations = self._outputs(X, compute)
        for of_layer in activations:
            refuse_overflow(of_layer)
        return activations
