"""What all networks share: parts by name, the layers, and the learnt attributes."""

from abc import abstractmethod
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n._prediction import as_parameters
from sk231n._sklearn import StrOptions
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


class NetworkEstimator:
    """Mixin of the estimators that are networks, which says how many scores there are.

    A subclass says which hidden blocks the next fit has (``_hidden_blocks``), and which arguments
    describe them (``_described_by``).
    """

    coefs_: list[NDArray[Any]]
    intercepts_: list[NDArray[Any]]
    normalizations_: list[dict[str, NDArray[Any]]]

    _described_by: tuple[str, ...]

    @abstractmethod
    def _hidden_blocks(self):
        """Layers of each hidden block; the affine layer of the scores follows the last one."""

    def _activations(self, n_layers):
        """Activation of each hidden layer."""
        given = self.activation
        given = given.ravel().tolist() if isinstance(given, np.ndarray) else given
        given = [given] * n_layers if isinstance(given, str | Activation) else list(given)
        if len(given) != n_layers:
            of = self._described_by[0]
            raise ValueError(
                f"activation={self.activation!r} names {len(given)} activations for the {n_layers} "
                f"hidden layers of {of}={getattr(self, of)!r}."
            )
        return [as_activation(activation) for activation in given]

    def _finished(self, weighted, activation):
        """Layers of a hidden block: one with weights, normalization, activation, dropout."""
        layers = [weighted]
        if self.normalization is not None:
            layers.append(self._normalization())
        layers.append(activation)
        if self.dropout:
            layers.append(Dropout(float(self.dropout)))
        return [layer.plain() for layer in layers]

    def _affine_block(self, width, activation):
        """Layers of a fully connected hidden block."""
        initializer = self._initializer(auto=activation.initializer)
        affine = Affine(activation.n_inputs(width), initializer, self._max_norm())
        return self._finished(affine, activation)

    def _hidden_sizes(self):
        """``hidden_layer_sizes`` as a list."""
        sizes = self.hidden_layer_sizes
        one = not isinstance(sizes, list | tuple | range) and np.ndim(sizes) == 0
        sizes = [sizes] if one else list(sizes)
        if not all(count(1).is_satisfied_by(n) for n in sizes):
            raise ValueError(
                "hidden_layer_sizes must be a positive integer or a sequence of them; got "
                f"{self.hidden_layer_sizes!r}."
            )
        return [int(size) for size in sizes]

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
        hidden = [layer for block in self._hidden_blocks() for layer in block]
        return [*hidden, Affine(self._n_scores(), last, self._max_norm())]

    def _check_arguments(self):
        super()._check_arguments()
        self._hidden_sizes()
        if getattr(self.normalization, "standardizes", False):
            raise ValueError(
                f"normalization={self.normalization!r} standardises the inputs of a network; use "
                "'batch', 'layer' or an object such as BatchNorm() between its layers."
            )
        if not self._optimizer().full_batch:
            return
        layers = [layer for layer in self._given_layers() if layer.random or layer.statistics]
        if self.dropout or layers:
            among = f" Among the layers is {layers[0]!r:.200}." if layers else ""
            raise ValueError(
                f"optimizer={self.optimizer!r} sees all samples at once and needs an objective "
                f"without randomness; dropout={self.dropout} and normalization="
                f"{self.normalization!r} need mini-batches. Use optimizer='adam', or dropout=0 "
                f"and normalization 'layer' or None.{among}"
            )
        if getattr(self, "augmentation", None) is not None:
            raise ValueError(
                f"optimizer={self.optimizer!r} needs an objective without randomness, and "
                f"augmentation={self.augmentation!r} changes images at random. Use "
                "optimizer='adam', or augmentation=None."
            )
        if self.max_norm is not None:
            raise ValueError(
                f"optimizer={self.optimizer!r} minimises without constraints, and max_norm="
                f"{self.max_norm} is a constraint. Use optimizer='adam', or max_norm=None."
            )

    def _given_layers(self):
        """Layers that the arguments name or hold, in no particular order."""
        given = self.activation
        names = [given] if isinstance(given, str | Activation) else list(given)
        layers = list(map(as_activation, names))
        if self.normalization is not None:
            layers.append(self._normalization())
        return layers

    def _normalization(self):
        by_name = isinstance(self.normalization, str)
        return NORMALIZATIONS[self.normalization] if by_name else self.normalization

    def _attributes_from(self, network, views):
        weights, intercepts, others = network.by_role(views)
        return super()._attributes_from(network, views) | {
            "coefs_": weights,
            "intercepts_": intercepts,
            "normalizations_": others,
            "_hidden_blocks_": self._hidden_blocks(),
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
        coefs = list(map(np.ascontiguousarray, self._assigned("coefs_")))
        intercepts = self._assigned("intercepts_")
        parameters = network.from_roles(coefs, intercepts, self._assigned_normalizations())
        if parameters is None:
            arguments = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._described_by)
            raise ValueError(
                f"{arguments} do not describe the network that was fitted, whose coefs_ have the "
                f"shapes {[W.shape for W in coefs]} and intercepts_ {[b.shape for b in intercepts]}"
                "; fit again with warm_start=False, or restore the parameters."
            )
        return parameters

    def _assigned(self, attribute):
        """Arrays of ``coefs_`` or ``intercepts_``, to which a user may have assigned lists."""
        given = getattr(self, attribute)
        if not isinstance(given, list | tuple | np.ndarray):
            raise ValueError(f"{attribute} must be a list of arrays; got a {type(given).__name__}.")
        return [as_parameters(array, f"{attribute}[{k}]") for k, array in enumerate(given)]

    def _assigned_normalizations(self):
        """Arrays of each normalization by name, to which a user may have assigned lists, too."""
        given = self.normalizations_
        if not isinstance(given, list | tuple) or not all(isinstance(a, Mapping) for a in given):
            raise ValueError(
                "normalizations_ must be a list of dicts of arrays, one for each layer that has "
                f"any; got {given!r:.200}."
            )
        return [
            {
                name: as_parameters(a, f"normalizations_[{k}][{name!r}]")
                for name, a in arrays.items()
            }
            for k, arrays in enumerate(given)
        ]


def as_activation(given: Any) -> Activation:
    """Return the activation of a name, or the given one, after checking it."""
    activation = ACTIVATIONS.get(given, given) if isinstance(given, str) else given
    if not isinstance(activation, Activation):
        raise ValueError(
            f"activation must hold names out of {sorted(ACTIVATIONS)}, or objects such as "
            f"LeakyReLU(); got {activation!r}." + did_you_mean(str(activation), ACTIVATIONS)
        )
    if not isinstance(activation.initializer, Initializer):
        raise ValueError(
            f"activation={activation!r} must have an object such as He() as its initializer; got "
            f"{activation.initializer!r}."
        )
    activation.initializer.check()
    return activation
