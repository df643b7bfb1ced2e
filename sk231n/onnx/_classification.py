"""Labels, and the probabilities or scores that stand beside them."""

import numpy as np

from sk231n.onnx._neighbors import neighbor_votes
from sk231n.onnx._network import network_scores


def labels_of(estimator):
    """The labels of a classifier as an array that a model can keep."""
    classes = np.asarray(estimator.classes_)
    if classes.dtype.kind in "iuf":
        return classes.astype(np.float64 if classes.dtype.kind == "f" else np.int64)
    if classes.dtype.kind in "bU" or all(isinstance(label, str) for label in classes):
        return classes
    raise NotImplementedError(
        f"{type(estimator).__name__} has labels such as {classes[0]!r}, which no tensor of ONNX "
        "can hold; fit it to numbers or text."
    )


def network_outputs(graph, estimator, x, options):
    """Labels, and probabilities, or scores where there are none or options ask for them.

    As everywhere in skl2onnx, the scores of two classes are those for and against the second one.
    """
    scores, dtype = network_scores(graph, estimator, x)
    gives_scores = options.get("raw_scores") or not hasattr(estimator, "predict_proba")
    if getattr(estimator, "_multilabel_", False):
        labels = graph.cast(graph("Greater", scores, np.array(0, dtype)), np.int64)
        return labels, scores if gives_scores else graph("Sigmoid", scores), dtype
    labels = _winners(graph, estimator, scores, options)
    if not gives_scores:
        return labels, graph("Softmax", scores, axis=1), dtype
    if len(estimator.classes_) == 2:
        scores = graph("MatMul", scores, np.array([[1, -1], [-1, 1]], dtype))
    return labels, scores, dtype


def neighbor_outputs(graph, estimator, x, options):
    """Labels and probabilities: the shares of the classes in the votes."""
    votes = neighbor_votes(graph, estimator, x)
    labels = _winners(graph, estimator, votes, options)
    votes = graph("Div", votes, graph("ReduceMax", votes, np.array([1])))
    return labels, graph("Div", votes, graph("ReduceSum", votes, np.array([1]))), np.float64


def _winners(graph, estimator, scores, options):
    """Labels with the largest score, the first of equals; their indices for the option "nocl"."""
    winners = graph("ArgMax", scores, axis=1, keepdims=0)
    return winners if options["nocl"] else graph("Gather", labels_of(estimator), winners)
