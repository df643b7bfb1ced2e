"""The converters of the library's estimators, made known to skl2onnx."""

import math
import warnings
from functools import cache

import numpy as np

from sk231n import (
    HOG,
    BiasTrick,
    ColorMoments,
    ConvNetClassifier,
    Flatten,
    HSVHistogram,
    KNNClassifier,
    KNNClassifierCV,
    LinearSVM,
    MeanSubtraction,
    MLPClassifier,
    MLPRegressor,
    SoftmaxClassifier,
    Whitening,
)
from sk231n.onnx._classification import labels_of, neighbor_outputs, network_outputs
from sk231n.onnx._color import hsv_histogram
from sk231n.onnx._color_moments import color_moments
from sk231n.onnx._composition import AsFloat32
from sk231n.onnx._graph import Graph
from sk231n.onnx._hog import hog
from sk231n.onnx._network import network_scores
from sk231n.onnx._preprocessing import bias_trick, flatten, mean_subtraction, whitening
from sk231n.onnx._tensors import as_input, tensor_type

_ALIAS = "Sk231n{}"  # the names that skl2onnx has for classes
_TRANSFORMERS = {
    BiasTrick: bias_trick,
    ColorMoments: color_moments,
    Flatten: flatten,
    HOG: hog,
    HSVHistogram: hsv_histogram,
    MeanSubtraction: mean_subtraction,
    Whitening: whitening,
}
_CLASSIFIERS = {
    ConvNetClassifier: network_outputs,
    KNNClassifier: neighbor_outputs,
    KNNClassifierCV: neighbor_outputs,
    LinearSVM: network_outputs,
    MLPClassifier: network_outputs,
    SoftmaxClassifier: network_outputs,
}
# What all classifiers of skl2onnx can be asked for.
_OPTIONS = {
    "nocl": [True, False],
    "output_class_labels": [True, False],
    "zipmap": [True, False, "columns"],
}
_OPTIONS_OF_SCORES = _OPTIONS | {"raw_scores": [True, False]}


@cache
def register():
    """Make the converters known, once for the whole process; those of others stay as they are."""
    from skl2onnx import update_registered_converter

    def add(estimator, types, convert, options=None):
        alias = _ALIAS.format(estimator.__name__)
        update_registered_converter(estimator, alias, types, convert, options=options)

    for transformer, nodes in _TRANSFORMERS.items():
        add(transformer, _types_of_features, _features(nodes))
    for classifier, nodes in _CLASSIFIERS.items():
        options = _OPTIONS if nodes is neighbor_outputs else _OPTIONS_OF_SCORES
        add(classifier, _types_of_labels, _labels_and_scores(nodes), options)
    add(MLPRegressor, _types_of_predictions, _predictions)
    convert = _features(lambda graph, estimator, x: graph.cast(x.name, np.float32))
    alias = _ALIAS.format(AsFloat32.__name__)
    update_registered_converter(AsFloat32, alias, _type_of_float32, convert, parser=_parse_float32)


def _features(nodes):
    """Converter of a transformer, in the form of skl2onnx, from a function that adds its nodes."""

    def convert(scope, operator, container):
        graph = Graph(scope, container)
        output = nodes(graph, operator.raw_operator, as_input(operator.inputs[0]))
        graph.give(output, operator.outputs[0])

    return convert


def _labels_and_scores(nodes):
    """Converter of a classifier."""

    def convert(scope, operator, container):
        graph, estimator, outputs = Graph(scope, container), operator.raw_operator, operator.outputs
        options = container.get_options(estimator, {"nocl": False})
        labels, scores, dtype = nodes(graph, estimator, as_input(operator.inputs[0]), options)
        graph.give(labels, outputs[0])
        graph.give(graph.cast(scores, as_input(outputs[1]).dtype, dtype), outputs[1])

    return convert


def _predictions(scope, operator, container):
    """Converter of a regressor, which predicts a column for each target."""
    graph, [output] = Graph(scope, container), operator.outputs
    scores, dtype = network_scores(graph, operator.raw_operator, as_input(operator.inputs[0]))
    graph.give(graph.cast(scores, as_input(output).dtype, dtype), output)


def _types_of_features(operator):
    """Say what a transformer returns: for a sample of zeros what for all others."""
    _check_input(operator)
    estimator, x = operator.raw_operator, as_input(operator.inputs[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zeros have no names of columns, as X may have had in fit
        features = estimator.transform(np.zeros((1, estimator.n_features_in_), x.dtype))
    operator.outputs[0].type = tensor_type(features.dtype, features.shape[1:])


def _types_of_predictions(operator):
    _check_input(operator)
    _keep_float_type(operator.outputs[0], operator.raw_operator.n_outputs_)


def _types_of_labels(operator):
    _check_input(operator)
    estimator, labels = operator.raw_operator, operator.outputs[0]
    n_classes = len(estimator.classes_)
    options = operator.scope_inst.get_options(estimator, {"nocl": False})
    if getattr(estimator, "_multilabel_", False):
        labels.type = tensor_type(np.int64, [n_classes])
    else:
        labels.type = tensor_type(np.int64 if options["nocl"] else labels_of(estimator).dtype, [])
    _keep_float_type(operator.outputs[1], n_classes)


def _keep_float_type(output, n_columns):
    """Leave the type of an output to skl2onnx: float64 for float64, else float32.

    Where it combines several models, it counts on that.
    """
    from skl2onnx.common.data_types import guess_tensor_type

    output.type = type(guess_tensor_type(output.type))([None, n_columns])


def _check_input(operator):
    """Refuse a graph whose input does not suit the estimator."""
    estimator, x = operator.raw_operator, as_input(operator.inputs[0])
    n_features = estimator.n_features_in_
    given = math.prod(x.shape) if all(isinstance(n, int) for n in x.shape) else n_features
    if len(operator.inputs) > 1 or given != n_features:
        raise ValueError(
            f"{type(estimator).__name__} takes one tensor of {n_features} features, but initial_"
            f"types give it {len(operator.inputs)}, the first one of {given} features."
        )


def _parse_float32(scope, model, inputs, custom_parsers=None):
    """Say at once which shape the step returns, as the parser of ColumnTransformer needs it."""
    operator = scope.declare_local_operator(_ALIAS.format(AsFloat32.__name__), model)
    operator.inputs = inputs
    operator.outputs.append(scope.declare_local_variable("float32", tensor_type(np.float32, [])))
    _type_of_float32(operator)
    return operator.outputs


def _type_of_float32(operator):
    operator.outputs[0].type = tensor_type(np.float32, operator.inputs[0].type.shape[1:])
