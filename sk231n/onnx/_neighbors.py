"""Nearest neighbours of bytes: exact distances in integers, and the votes of the library.

Training samples are ranked by how near they are, less what is the same for all of them::

    -|q - x|^2 = 2 q x - |x|^2  - |q|^2        -|q - x| = sum(x) - 2 sum(max(q, x))  + sum(q)

``TopK`` orders equal ones by index, as the library does.
"""

import numpy as np

from sk231n.neighbors._distances import Euclidean, Manhattan, metric_of

_MOST_FEATURES = 2**31 // (2 * 255**2)  # for which twice a product of bytes has at most 31 bits


def neighbor_votes(graph, estimator, x):
    """Name of the votes, in float64 and of shape (n_samples, n_classes)."""
    training = _checked_bytes(estimator, x)
    queries = graph.cast(graph("Flatten", x.name, axis=1), np.uint8, x.dtype)
    nearness_to, distances_of = _METRICS[type(metric_of(estimator._made_for["metric"]))]
    n_found = min(estimator._n_voters(), len(training))
    nearness = nearness_to(graph, training, queries)
    nearness, indices = graph("TopK", nearness, np.array([n_found]), n_outputs=2, axis=1)
    weights = graph.filled(np.float64(1), queries, n_found)
    if estimator.weights == "distance":
        distances = distances_of(graph, graph.cast(nearness, np.float64), queries)
        weights = _inverse(graph, distances)
    if estimator._counts is not None:
        counts = graph("Gather", estimator._counts, indices)
        weights = graph("Mul", weights, _shares(graph, counts, estimator._n_voters()))
    labels = graph("Gather", np.asarray(estimator._y, np.int64), indices)
    votes = graph.filled(np.float64(0), queries, len(estimator.classes_))
    votes = graph("ScatterElements", votes, labels, weights, axis=1, reduction="add")
    return _weigh_classes(graph, votes, estimator._class_weights)


def _checked_bytes(estimator, x):
    """Training rows that vote; a refusal if distances or votes could differ from the library's."""
    name, metric = type(estimator).__name__, estimator._made_for["metric"]
    for argument, value in (("metric", metric), ("weights", estimator.weights)):
        if callable(value):
            raise NotImplementedError(
                f"{name} with {argument}={value!r} calls a function of Python, which cannot be "
                f"converted; fit it with a name as {argument}, such as the default."
            )
    if type(metric_of(metric)) not in _METRICS:
        raise NotImplementedError(
            f"{name} with metric={metric!r} rounds its distances, so that sums in another order "
            "may find other neighbours; fit it with metric='euclidean' or 'manhattan', on bytes."
        )
    rows = estimator._rows if estimator._voting is None else estimator._rows[estimator._voting]
    for what, dtype in (("was fitted to", rows.dtype), ("gets", x.dtype)):
        if dtype not in (np.uint8, np.bool_):
            raise NotImplementedError(
                f"{name} is converted for bytes, and {what} {dtype} here: the distances of other "
                "numbers are rounded, so that another order of the same sums may find other "
                "neighbours. Give bytes: fit it to data of dtype uint8, and pass such an X."
            )
    return rows


def _euclidean(graph, training, queries):
    """``2 q x - |x|^2``, in 32 bits, or in 64 for the sum of several products."""
    n_features = training.shape[1]
    starts = range(0, n_features, _MOST_FEATURES)
    products = []
    for start in starts:
        part = training[:, start : start + _MOST_FEATURES].T
        q = queries
        if len(starts) > 1:
            q = graph.slice(queries, start, start + len(part), axis=1)
        product = graph("MatMulInteger", q, part)  # of unsigned bytes, which never saturate
        products.append(product if len(starts) == 1 else graph.cast(product, np.int64))
    dtype = np.int32 if len(starts) == 1 else np.int64
    squares = np.einsum("ij,ij->i", training, training, dtype=np.int64).astype(dtype)
    total = products[0]
    for product in products[1:]:
        total = graph("Add", total, product)
    return graph("Sub", graph("Mul", total, dtype(2)), squares)


def _euclidean_distances(graph, nearness, queries):
    squares = graph("ReduceSumSquare", graph.cast(queries, np.float64), np.array([1]))
    return graph("Sqrt", graph("Sub", squares, nearness))


def _manhattan(graph, training, queries):
    """``sum(x) - 2 sum(max(q, x))``, query by query: memory grows by that of the training data."""
    from onnx import TensorProto
    from onnx.helper import make_graph, make_node, make_tensor_value_info
    from onnx.numpy_helper import from_array

    n_samples, n_features = training.shape
    # Not in bytes, because older runtimes have no maximum of these; the sums are exact.
    dtype = TensorProto.FLOAT if 255 * n_features < 2**24 else TensorProto.DOUBLE
    body = make_graph(
        [
            make_node("Cast", ["training"], ["x"], to=dtype),
            make_node("Cast", ["query"], ["q"], to=dtype),
            make_node("Max", ["x", "q"], ["larger"]),
            make_node("ReduceSum", ["larger", "axis"], ["sums"], keepdims=0),
        ],
        "sums_of_the_larger",
        [make_tensor_value_info("query", TensorProto.UINT8, [n_features])],
        [make_tensor_value_info("sums", dtype, [n_samples])],
        [from_array(np.ascontiguousarray(training), "training"), from_array(np.array([1]), "axis")],
    )
    larger = graph.cast(graph("Scan", queries, body=body, num_scan_inputs=1), np.int32)
    sums = training.sum(axis=1, dtype=np.int32)
    return graph("Sub", sums, graph("Mul", larger, np.int32(2)))


def _manhattan_distances(graph, nearness, queries):
    sums = graph("ReduceSum", graph.cast(queries, np.float64), np.array([1]))
    return graph("Neg", graph("Add", nearness, sums))


_METRICS = {
    Euclidean: (_euclidean, _euclidean_distances),
    Manhattan: (_manhattan, _manhattan_distances),
}


def _shares(graph, counts, k):
    """How many samples each neighbour counts as: what the nearer ones leave of k, or its count."""
    counts = graph("Min", counts, np.float64(k))
    nearer = graph("CumSum", counts, np.array(1), exclusive=1)
    left = graph("Max", graph("Sub", np.float64(k), nearer), np.float64(0))
    return graph("Min", left, counts)


def _inverse(graph, distances):
    """Weights by distance, the largest being 1; neighbours at distance 0 are the only ones."""
    zero, one = np.float64(0), np.float64(1)
    at_zero = graph.cast(graph("Equal", distances, zero), np.float64)
    has_zero = graph("Greater", graph("ReduceMax", at_zero, np.array([1])), zero)
    weights = graph("Where", has_zero, at_zero, graph("Div", one, distances))
    return graph("Div", weights, graph("ReduceMax", weights, np.array([1])))


def _weigh_classes(graph, votes, weights):
    """Votes times the weights of the classes, except where all products are zero."""
    if weights is None:
        return votes
    weighted = graph("Mul", votes, np.asarray(weights, np.float64))
    some = graph("Greater", graph("ReduceMax", weighted, np.array([1])), np.float64(0))
    return graph("Where", some, weighted, votes)
