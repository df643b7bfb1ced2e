r"""The standardisation behind ``learning_rate="auto"``.

Gradient descent is fast if all inputs have about the same spread and no offset, which is rarely
true of raw data.  Training may therefore see :math:`z = (x - \mu) / s` and change :math:`V = s W`
instead of :math:`W`; afterwards :math:`W = V / s` and :math:`b = c - \mu^T W` are folded back.  The
scores, the objective and its minimum are those of the data as given; only the way to it is shorter.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True)
class Standardization:
    """Inputs as training sees them, ``(x - mean) / scale``.

    Parameters
    ----------
    mean : ndarray of shape (n_features,) or None, default=None
        What is subtracted; None for nothing.
    scale : ndarray of shape (n_features,) or None, default=None
        What the inputs are divided by; None for training on the data as they are.
    """

    mean: NDArray[Any] | None = None
    scale: NDArray[Any] | None = None

    def __call__(self, x: NDArray[Any]) -> NDArray[Any]:
        """Standardise the floating-point array `x` of shape (n_samples, n_features) in place."""
        if self.mean is not None:
            x -= self.mean
        if self.scale is not None:
            x *= 1 / self.scale
        return x

    def fold(self, layer: Any, p: SimpleNamespace) -> None:
        """Convert the parameters of the first layer to those for the data as they are."""
        if self.scale is not None:
            layer.fold_inputs(p, self.mean, self.scale)

    def unfold(self, layer: Any, p: SimpleNamespace) -> None:
        """Undo :meth:`fold`."""
        if self.scale is not None:
            layer.unfold_inputs(p, self.mean, self.scale)
