"""What the linear classifiers share: the network with no hidden layer."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

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
        return self._filled([Affine(len(self.classes_))], [self.intercept_])

    def _parameters(self):
        _, parameters = self._filled(
            self._layers(), [self.intercept_] if self.fit_intercept else []
        )
        return parameters

    def _filled(self, layers, intercepts):
        """Network of some layers, and its parameters."""
        # In C order: a user may assign an array of another layout, which would round differently.
        W = np.ascontiguousarray(self.coef_.T)
        network = Network(layers, len(W))
        parameters = network.from_roles([W], intercepts, [])
        if parameters is None:
            raise ValueError(
                f"coef_ of shape {self.coef_.shape} and intercept_ of shape "
                f"{np.shape(self.intercept_)} do not fit {len(self.classes_)} classes."
            )
        return network, parameters
