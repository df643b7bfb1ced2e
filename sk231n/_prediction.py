"""Prediction by a network, of which the linear classifiers are the simplest case."""

from abc import abstractmethod
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sk231n._estimators import float_dtype, one_blas_thread, only_numbers, validated
from sk231n._floating_point import contained
from sk231n._images import as_rows
from sk231n._threads import count_threads, run_on_threads
from sk231n.core.arguments import as_floats
from sk231n.core.blocks import blocks
from sk231n.core.layer import Phase
from sk231n.core.memory import Memory


class NetworkPredictor:
    """Mixin of the estimators that predict by the scores of a network.

    A subclass says which layers the next fit has (``_layers``). From its attributes it derives the
    network that was fitted (``_fitted``), and the parameters with which a warm start begins
    (``_parameters``).
    """

    _large_data = 2**17  # numbers whose conversion takes longer than starting threads

    @abstractmethod
    def _layers(self):
        """Layers of the network; the last one gives the scores."""

    @abstractmethod
    def _fitted(self):
        """Network that was fitted, and the parameters of each layer, as namespaces."""

    @abstractmethod
    def _parameters(self):
        """Parameters of each layer of the next network, from the learnt attributes."""

    def _sample_shape(self, n_features):
        """Shape of one sample as the first layer sees it."""
        return (n_features,)

    def _predicted_rows(self, network):
        """Rows per block: enough for BLAS, few enough to occupy several threads."""
        return 256

    def _as_rows(self, X):
        """Data as rows, and the shape of one image if they are a stack."""
        return as_rows(X)

    def _check_images(self, image_shape, n_features, learn=False):
        """Check the shape of the images, None for rows, or `learn` it; nothing by default."""

    def _validated(self, X):
        """Validated data to predict, as rows."""
        rows, image_shape = self._as_rows(X)
        X = only_numbers(validated(self, rows, reset=False))
        self._check_images(image_shape, X.shape[1])
        return X

    @contained
    def _scores(self, X):
        """Scores of the network, of shape (n_samples, n_outputs)."""
        check_is_fitted(self)
        X = self._validated(X)
        scores = self._scores_of_rows(X)
        refuse_overflow(scores)
        return scores

    def _scores_of_rows(self, X, rows=None):
        """Scores of validated data, or of some of their rows."""

        def compute(network, parameters, x, phase):
            return [network.forward(parameters, x, phase)[0]]

        (scores,) = self._outputs(X, compute, rows)
        return scores

    def _outputs(self, X, compute, rows=None):
        """Concatenate the lists that ``compute(network, parameters, x, phase)`` returns by block.

        Each thread takes whole blocks, so the conversion of their rows is shared out, too.
        """
        network, parameters = self._fitted()
        learnt = next(array for of_layer in parameters for array in vars(of_layer).values())
        dtype = np.result_type(float_dtype(X.dtype), learnt)
        outputs = {}

        def compute_block(memory, block):
            memory.start()
            phase = Phase(empty=memory.empty)
            x = np.ascontiguousarray(X[block if rows is None else rows[block]], dtype)
            outputs[block.start] = compute(network, parameters, x, phase)

        def make_worker():
            np.seterr(over="ignore", invalid="ignore")  # in the context of the worker alone
            return partial(compute_block, Memory())

        n_threads = count_threads(None) if X.size > self._large_data else 1
        with one_blas_thread():
            n_rows = len(X) if rows is None else len(rows)
            run_on_threads(make_worker, blocks(n_rows, self._predicted_rows(network)), n_threads)
        return [
            np.concatenate(parts)
            for parts in zip(*(outputs[k] for k in sorted(outputs)), strict=True)
        ]


def as_parameters(values: Any, attribute: str) -> NDArray[Any]:
    """Learnt numbers as an array of floats; a user may have assigned a list, or integers."""
    is_array = isinstance(values, np.ndarray) and values.dtype.kind == "f"
    return values if is_array else as_floats(values, attribute)


def refuse_overflow(outputs: NDArray[Any]) -> None:
    """Refuse data on which the outputs, of shape (n_samples, n), are not finite."""
    finite = np.isfinite(outputs).all(axis=1)
    if not finite.all():
        raise ValueError(
            f"X holds values too large for the model in {outputs.dtype}: the outputs for sample "
            f"{finite.argmin()} overflow. Scale the features as those of the training data were."
        )
