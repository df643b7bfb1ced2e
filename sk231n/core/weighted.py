"""What layers with weights share: how they are drawn, and how max-norm caps them."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

from sk231n.core.initializers import Initializer
from sk231n.core.layer import Layer


class WeightedLayer(Layer):
    """Base of the layers with weights ``W``, whose last axis is the outputs, and intercepts ``b``.

    A subclass has the hyper-parameters ``initializer`` and ``max_norm``.
    """

    weights: tuple[str, ...] = ("W",)
    intercepts: Any = ("b",)
    initializer: Initializer
    max_norm: float | None

    def initialize(self, p: SimpleNamespace, rng: np.random.RandomState) -> None:
        """Draw the first weights; intercepts start at zero; see :meth:`Layer.initialize`."""
        W = np.asarray(self.initializer(rng, p.W.shape))
        right = W.shape == p.W.shape and W.dtype.kind in "iuf"
        if not right or not np.isfinite([W.min(), W.max()]).all():
            raise ValueError(
                f"{self.initializer} must return finite numbers of shape {p.W.shape}; got dtype "
                f"{W.dtype} and shape {W.shape}."
            )
        p.W[...] = W
        for name in self.intercepts:
            getattr(p, name)[...] = 0

    def project(self, p: SimpleNamespace, factors: Mapping[str, Any]) -> None:
        """Shorten the incoming weights of units longer than ``max_norm``; see :class:`Layer`."""
        if self.max_norm is not None:
            W = (p.W * factors["W"]).reshape(-1, p.W.shape[-1])
            length = np.sqrt(np.einsum("ij,ij->j", W, W))
            if (length > self.max_norm).any():
                p.W *= self.max_norm / np.maximum(length, self.max_norm)
