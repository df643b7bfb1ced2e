"""What the linear classifiers share: the network with no hidden layer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk231n._prediction import as_parameters
from sk231n.classification import GradientClassifier
from sk231n.core.affine import Affine
from sk231n.core.network import Network


class LinearClassifier(GradientClassifier):
    """Base of the linear classifiers: the network with no hidden layer."""

    coef_: NDArray[Any]
    intercept_: NDArray[Any]

    _parameter_constraints: dict[str, list[Any]] = {
        **GradientClassifier._parameter_constraints,
        "fit_intercept": ["boolean"],
    }

    def _layers(self):
        return [Affine(len(self.classes_), intercept=self.fit_intercept)]

    def _attributes_from(self, network, views):
        (W,), intercepts, _ = network.by_role(views)
        b = intercepts[0].copy() if intercepts else np.zeros(W.shape[1], W.dtype)
        # The transpose of a C-ordered W: prediction multiplies by W, and products with few
        # columns are several times faster with this layout.
        return {"coef_": W.copy().T, "intercept_": b}

    def _fitted(self):
        # Always with intercepts, even of zeros: a later change of `fit_intercept` waits for `fit`.
        return self._filled([Affine(len(self.classes_))], intercept=True)

    def _parameters(self):
        return self._filled(self._layers(), self.fit_intercept)[1]

    def _filled(self, layers, intercept):
        """Network of some layers, and its parameters."""
        coef, b = as_parameters(self.coef_, "coef_"), as_parameters(self.intercept_, "intercept_")
        network = Network(layers, self.n_features_in_)
        # In C order: a user may assign an array of another layout, which would round differently.
        W = np.ascontiguousarray(coef.T)
        parameters = network.from_roles([W], [b] if intercept else [], [])
        if parameters is None:
            raise ValueError(
                f"coef_ of shape {coef.shape} and intercept_ of shape {b.shape} do not fit "
                f"{len(self.classes_)} classes and {self.n_features_in_} features."
            )
        return network, parameters
