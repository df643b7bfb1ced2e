"""Preprocessing: rows, mean subtraction, the bias trick and whitening."""

import numpy as np

from sk231n._estimators import float_dtype


def flatten(graph, estimator, x):
    """Rows of the same numbers."""
    return graph("Flatten", x.name, axis=1)


def _float_rows(graph, x, dtype):
    return graph.cast(graph("Flatten", x.name, axis=1), dtype, x.dtype)


def mean_subtraction(graph, estimator, x):
    """Rows minus the mean."""
    dtype = float_dtype(x.dtype)
    mean = np.asarray(estimator.mean_, dtype)
    if estimator.mode == "channel":
        mean = np.tile(mean, estimator.n_features_in_ // len(mean))
    return graph("Sub", _float_rows(graph, x, dtype), mean)


def bias_trick(graph, estimator, x):
    """Rows with one more column, of a constant."""
    dtype = float_dtype(x.dtype)
    rows = _float_rows(graph, x, dtype)
    return graph("Pad", rows, np.array([0, 0, 0, 1]), estimator._constant(dtype))


def whitening(graph, estimator, x):
    """Rows in the basis of the components, divided by their spread, or turned back as well."""
    dtype = float_dtype(x.dtype)
    computed = np.result_type(dtype, estimator.mean_.dtype)
    components = estimator.components_.astype(computed)
    centred = graph("Sub", _float_rows(graph, x, computed), estimator.mean_.astype(computed))
    rows = graph("MatMul", centred, components.T)
    rows = graph("Div", rows, estimator._spread().astype(computed))
    if estimator.method == "zca":
        rows = graph("MatMul", rows, components)
    return graph.cast(rows, dtype, computed)
