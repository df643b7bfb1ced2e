"""What the two multi-layer perceptrons share: the network, and how it becomes attributes."""

from numbers import Integral, Real
from types import SimpleNamespace

import numpy as np
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from sk231n._estimators import only_numbers, validated
from sk231n._floating_point import contained
from sk231n._images import as_rows
from sk231n._prediction import refuse_overflow
from sk231n.base import TRAINING_CONSTRAINTS
from sk231n.core.activations import ACTIVATIONS
from sk231n.core.arguments import Number, count, did_you_mean
from sk231n.core.initializers import INITIALIZERS, Normal, Zeros
from sk231n.core.layers import Affine, Dropout
from sk231n.core.network import Network
from sk231n.core.normalizations import NORMALIZATIONS

NETWORK_CONSTRAINTS = {
    **TRAINING_CONSTRAINTS,
    "hidden_layer_sizes": [count(1), list, tuple, range, np.ndarray],
    "activation": [StrOptions(set(ACTIVATIONS)), list, tuple, np.ndarray],
    "normalization": [StrOptions(set(NORMALIZATIONS)), None],
    "dropout": [Number(Real, 0, 1, closed="left")],
    "weight_init": [
        StrOptions({"auto", *INITIALIZERS}),
        Number(Real, 0, None, closed="left"),
    ],
    "max_norm": [Number(Real, 0, None, closed="neither"), None],
}


class Perceptron:
    """Mixin of the multi-layer perceptrons, which says how many scores there are."""

    def _hidden_blocks(self):
        """Layers of each hidden block: affine, normalization, activation, dropout."""
        hidden_blocks = []
        for width, activation in self._widths_and_activations():
            initializer = self._initializer(activation.initializer)
            layers = [Affine(activation.n_inputs(width), initializer, self._longest())]
            if self.normalization is not None:
                layers.append(NORMALIZATIONS[self.normalization])
            layers.append(activation)
            if self.dropout:
                layers.append(Dropout(float(self.dropout)))
            hidden_blocks.append(layers)
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
        names = self.activation
        names = names.ravel().tolist() if isinstance(names, np.ndarray) else names
        names = [names] * len(sizes) if isinstance(names, str) else list(names)
        if len(names) != len(sizes):
            raise ValueError(
                f"activation={self.activation!r} names {len(names)} activations for the "
                f"{len(sizes)} hidden layers of hidden_layer_sizes={self.hidden_layer_sizes!r}."
            )
        unknown = [name for name in names if not isinstance(name, str) or name not in ACTIVATIONS]
        if unknown:
            raise ValueError(
                f"activation must hold names out of {sorted(ACTIVATIONS)}; got {unknown[0]!r}."
                + did_you_mean(str(unknown[0]), ACTIVATIONS)
            )
        return [(int(size), ACTIVATIONS[name]) for size, name in zip(sizes, names, strict=True)]

    def _initializer(self, auto):
        if isinstance(self.weight_init, str):
            return INITIALIZERS[auto if self.weight_init == "auto" else self.weight_init]
        return Normal(float(self.weight_init))

    def _longest(self):
        return None if self.max_norm is None else float(self.max_norm)

    def _layers(self):
        # All scores zero to begin with: no class is preferred, and the first loss is known.
        last = Zeros() if self.weight_init == "auto" else self._initializer(None)
        hidden = [layer for block in self._hidden_blocks() for layer in block]
        return [*hidden, Affine(self._n_scores(), last, self._longest())]

    def _check_arguments(self):
        super()._check_arguments()
        self._widths_and_activations()
        if not self._optimizer().full_batch:
            return
        if self.dropout or self.normalization == "batch":
            raise ValueError(
                f"optimizer={self.optimizer!r} sees all samples at once and needs an objective "
                f"without chance; dropout={self.dropout} and normalization="
                f"{self.normalization!r} go with mini-batches. Use optimizer='adam', or dropout=0 "
                "and normalization 'layer' or None."
            )
        if self.max_norm is not None:
            raise ValueError(
                f"optimizer={self.optimizer!r} minimises without constraints, which "
                f"max_norm={self.max_norm} is one of. Use optimizer='adam', or max_norm=None."
            )

    def _learnt(self, views):
        affine = [view for view in views if hasattr(view, "W")]
        return {
            "coefs_": [view.W for view in affine],
            "intercepts_": [view.b for view in affine],
            "normalizations_": [dict(vars(view)) for view in views if hasattr(view, "scale")],
            "n_layers_": len(affine) + 1,
            "_hidden_blocks_": self._hidden_blocks(),
        }

    def _fitted(self):
        # Arguments that are set after `fit` are for the next one.
        hidden = [layer for block in self._hidden_blocks_ for layer in block]
        layers = [*hidden, Affine(self._n_scores())]
        return layers, self._parameters(layers)

    def _parameters(self, layers=None):
        # In C order, whoever assigned the attributes: another order would round differently.
        coefs = [np.ascontiguousarray(W) for W in self.coefs_]
        affine = iter({"W": W, "b": b} for W, b in zip(coefs, self.intercepts_, strict=True))
        normalizations = iter(self.normalizations_)
        parameters, fits = [], True
        for shapes in Network(layers or self._layers(), len(self.coefs_[0])).layout.shapes:
            source = affine if "W" in shapes else normalizations if shapes else iter([{}])
            arrays = next(source, {})
            fits &= {name: array.shape for name, array in arrays.items()} == shapes
            parameters.append(SimpleNamespace(**arrays))
        if not fits or [*affine, *normalizations]:
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r}, activation={self.activation!r} "
                f"and normalization={self.normalization!r} do not describe the network that was "
                f"fitted, whose coefs_ have the shapes {[W.shape for W in self.coefs_]}; fit anew "
                "with warm_start=False, or set the parameters back."
            )
        return parameters

    @contained
    def hidden_activations(self, X):
        """Compute what each hidden layer passes on, as in prediction.

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
        # Dropout, the last layer of a block where there is one, has nothing to do in prediction.
        ends = np.cumsum([len(block) for block in self._hidden_blocks_], dtype=int)

        def compute(network, parameters, x):
            outputs = network.outputs(parameters, x)
            return [outputs[end - 1] for end in ends]

        activations = self._outputs(X, compute)
        for of_layer in activations:
            refuse_overflow(of_layer)
        return activations
