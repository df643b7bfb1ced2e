"""What the two multi-layer perceptrons share: the network and its learnt attributes."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from sk231n._estimators import only_numbers, validated
from sk231n._floating_point import contained
from sk231n._images import as_rows
from sk231n._prediction import refuse_overflow
from sk231n.base import TRAINING_CONSTRAINTS
from sk231n.core.activations import ACTIVATIONS, Activation
from sk231n.core.affine import Affine
from sk231n.core.arguments import Number, count, did_you_mean
from sk231n.core.dropout import Dropout
from sk231n.core.initializers import INITIALIZERS, Initializer, Normal, Zeros
from sk231n.core.layer import Layer
from sk231n.core.network import Network
from sk231n.core.normalizations import NORMALIZATIONS

NETWORK_CONSTRAINTS: dict[str, list[Any]] = {
    **TRAINING_CONSTRAINTS,
    "hidden_layer_sizes": [count(1), list, tuple, range, np.ndarray],
    "activation": [StrOptions(set(ACTIVATIONS)), Activation, list, tuple, np.ndarray],
    "normalization": [StrOptions(set(NORMALIZATIONS)), Layer, None],
    "dropout": [Number(Real, 0, 1, closed="left")],
    "weight_init": [
        StrOptions({"auto", *INITIALIZERS}),
        Initializer,
        Number(Real, 0, None, closed="left"),
    ],
    "max_norm": [Number(Real, 0, None, closed="neither"), None],
}


class Perceptron:
    """Mixin of the multi-layer perceptrons, which says how many scores there are."""

    coefs_: list[NDArray[Any]]
    intercepts_: list[NDArray[Any]]
    normalizations_: list[dict[str, NDArray[Any]]]
    n_layers_: int

    def _hidden_blocks(self):
        """Layers of each hidden block: affine, normalization, activation, dropout."""
        hidden_blocks = []
        for width, activation in self._widths_and_activations():
            initializer = self._initializer(auto=activation.initializer)
            layers = [Affine(activation.n_inputs(width), initializer, self._max_norm())]
            if self.normalization is not None:
                by_name = isinstance(self.normalization, str)
                layers.append(NORMALIZATIONS[self.normalization] if by_name else self.normalization)
            layers.append(activation)
            if self.dropout:
                layers.append(Dropout(float(self.dropout)))
            hidden_blocks.append([layer.plain() for layer in layers])
        return hidden_blocks

    def _widths_and_activations(self):
        """Width and activation of each hidden layer."""
        sizes = self.hidden_layer_sizes
        one = isinstance(sizes, Integral) or getattr(sizes, "ndim", 1) == 0
        sizes = [sizes] if one else list(sizes)
        if not all(count(1).is_satisfied_by(n) for n in sizes):
            raise ValueError(
                "hidden_layer_sizes must be a positive integer or a sequence of them; got "
                f"{self.hidden_layer_sizes!r}."
            )
        given = self.activation
        given = given.ravel().tolist() if isinstance(given, np.ndarray) else given
        given = [given] * len(sizes) if isinstance(given, str | Activation) else list(given)
        if len(given) != len(sizes):
            raise ValueError(
                f"activation={self.activation!r} names {len(given)} activations for the "
                f"{len(sizes)} hidden layers of hidden_layer_sizes={self.hidden_layer_sizes!r}."
            )
        activations = [ACTIVATIONS.get(a, a) if isinstance(a, str) else a for a in given]
        for activation in activations:
            if not isinstance(activation, Activation):
                raise ValueError(
                    f"activation must hold names out of {sorted(ACTIVATIONS)}, or objects such as "
                    f"LeakyReLU(); got {activation!r}." + did_you_mean(str(activation), ACTIVATIONS)
                )
            if not isinstance(activation.initializer, Initializer):
                raise ValueError(
                    f"activation={activation!r} must have an object such as He() as its "
                    f"initializer; got {activation.initializer!r}."
                )
            activation.initializer.check()
        return [(int(size), a) for size, a in zip(sizes, activations, strict=True)]

    def _initializer(self, auto):
        if isinstance(self.weight_init, Initializer):
            return self.weight_init.plain()
        if isinstance(self.weight_init, str):
            return auto if self.weight_init == "auto" else INITIALIZERS[self.weight_init]
        return Normal(float(self.weight_init))

    def _max_norm(self):
        return None if self.max_norm is None else float(self.max_norm)

    def _layers(self):
        # All scores start at zero, so no class is preferred, and the first loss is known.
        last = self._initializer(auto=Zeros())
        return [*self._layers_without_scores(), Affine(self._n_scores(), last, self._max_norm())]

    def _layers_without_scores(self):
        return [layer for block in self._hidden_blocks() for layer in block]

    def _check_arguments(self):
        super()._check_arguments()
        self._widths_and_activations()
        if getattr(self.normalization, "standardizes", False):
            raise ValueError(
                f"normalization={self.normalization!r} standardises the inputs of a network; use "
                "'batch', 'layer' or an object such as BatchNorm() between its layers."
            )
        if not self._optimizer().full_batch:
            return
        layers = self._layers_without_scores()
        if self.dropout or any(layer.random or layer.statistics for layer in layers):
            raise ValueError(
                f"optimizer={self.optimizer!r} sees all samples at once and needs an objective "
                f"without randomness; dropout={self.dropout} and normalization="
                f"{self.normalization!r} need mini-batches. Use optimizer='adam', or dropout=0 "
                "and normalization 'layer' or None."
            )
        if self.max_norm is not None:
            raise ValueError(
                f"optimizer={self.optimizer!r} minimises without constraints, and max_norm="
                f"{self.max_norm} is a constraint. Use optimizer='adam', or max_norm=None."
            )

    def _attributes_from(self, network, views):
        weights, intercepts, others = network.by_role(views)
        hidden_blocks = self._hidden_blocks()
        return {
            "coefs_": weights,
            "intercepts_": intercepts,
            "normalizations_": others,
            "n_layers_": len(hidden_blocks) + 2,
            "_hidden_blocks_": hidden_blocks,
        }

    def _fitted(self):
        # Arguments that are set after `fit` take effect at the next `fit`.
        hidden = [layer for block in self._hidden_blocks_ for layer in block]
        network = self._network([*hidden, Affine(self._n_scores())])
        return network, self._fill(network)

    def _parameters(self):
        return self._fill(self._network(self._layers()))

    def _network(self, layers):
        return Network(layers, self._sample_shape(self.n_features_in_))

    def _fill(self, network):
        """Parameters of each layer of a network, which must be like the one that was fitted."""
        # In C order, because a user may assign arrays of another layout, which rounds differently.
        coefs = [np.ascontiguousarray(W) for W in self.coefs_]
        parameters = network.from_roles(coefs, self.intercepts_, self.normalizations_)
        if parameters is None:
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r}, activation={self.activation!r} "
                f"and normalization={self.normalization!r} do not describe the network that was "
                f"fitted, whose coefs_ have the shapes {[W.shape for W in self.coefs_]}; fit again "
                "with warm_start=False, or restore the parameters."
            )
        return parameters

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
        X = only_numbers(validated(self, as_rows(X)[0], reset=False))
        # Dropout, if it is the last layer of a block, does nothing in prediction.
        ends = np.cumsum([len(block) for block in self._hidden_blocks_], dtype=int)

        def compute(network, parameters, x):
            outputs = network.outputs(parameters, x)
            return [outputs[end - 1] for end in ends]

        activations = self._outputs(X, compute)
        for of_layer in activations:
            refuse_overflow(of_layer)
        return activations
