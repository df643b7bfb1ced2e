"""Fitted models as ONNX graphs, which run without Python and without this library."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sk231n._containers import unpack
from sk231n._version import __version__
from sk231n.core.errors import naming
from sk231n.onnx._composition import refuse_reader, simplified
from sk231n.onnx._registration import register
from sk231n.onnx._tensors import NAMES, only_ours, tensor_type

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["to_onnx"]

_LEAST_OPSET = 18


def to_onnx(estimator: BaseEstimator, X: ArrayLike | None, **options: Any) -> "ModelProto":
    r"""Convert a fitted model to ONNX.

    The graph gives what ``predict``, ``predict_proba`` or ``transform`` give, for any number of
    samples. It runs in `onnxruntime`, for example, without Python, scikit-learn or this library.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator of the library, or one of scikit-learn that skl2onnx knows; pipelines,
        unions and searches of these.
    X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
        Data as the graph will get them. The type of the numbers and the shape of one sample are
        fixed by it; its first sample is predicted to see whether it suits the model. It must hold
        booleans, integers of 8, 32 or 64 bits, float32 or float64. Of a data frame the columns
        become one tensor.
    **options : dict
        What skl2onnx's ``to_onnx`` takes besides. `target_opset` is the version of the operators,
        by default 18, the oldest with which all graphs can be written. With
        ``options={"raw_scores": True}`` the classifiers that are networks or linear give their
        scores instead of probabilities. Given `initial_types`, these are the inputs, and `X` may
        be None.

    Returns
    -------
    onnx.ModelProto
        The graph. Its input is ``X``. The outputs of a classifier are ``label`` and
        ``probabilities``, or ``scores`` if it has none; the output of a transformer or a
        regressor is ``variable``, of shape (n_samples, n_outputs).

    Raises
    ------
    ImportError
        If skl2onnx is not installed; it comes with the extra `onnx`.
    NotFittedError
        If `estimator` is not fitted.
    NotImplementedError
        If the graph could not give the same, such as HOG of floats, a layer of your own, or a
        calibration by temperature; the message says why, and what can be converted instead.
    TypeError
        If `estimator` can neither predict nor transform, or `X` has a type that a graph cannot
        take.
    ValueError
        If `X` does not suit the model, or `target_opset` is too low.

    Notes
    -----
    The arithmetic is that of the library: float32 for bytes and float32, float64 for float64 and
    for integers of 32 and 64 bits. Labels are those of ``predict``, except where the two best
    scores are equal up to rounding. Votes of neighbours, histograms of colours and, for
    ``block_norm=None``, of oriented gradients are equal to the last bit, if onnxruntime computes
    them on a processor; they are converted for bytes alone. What the library checks, such as
    missing values, the graph does not.

    The scores of two classes are two columns, the negative ``decision_function`` and itself, as
    everywhere in skl2onnx.

    The first call makes the converters known to skl2onnx, whose own functions then convert
    estimators of the library too.

    References
    ----------
    ONNX, https://onnx.ai. sklearn-onnx, https://onnx.ai/sklearn-onnx/.

    Examples
    --------
    >>> from sk231n import HOG, SoftmaxClassifier
    >>> from sk231n.datasets import make_shapes
    >>> from sk231n.onnx import to_onnx
    >>> from sklearn.pipeline import make_pipeline
    >>> shapes = make_shapes(200, image_size=16, random_state=0)
    >>> model = make_pipeline(HOG(), SoftmaxClassifier(random_state=0))
    >>> model = model.fit(shapes.images, shapes.target)
    >>> graph = to_onnx(model, shapes.images)

    ``onnx.save(graph, "shapes.onnx")`` writes it to a file. It runs from there, or as it is:

    >>> import onnxruntime
    >>> session = onnxruntime.InferenceSession(graph.SerializeToString())
    >>> label, probabilities = session.run(None, {"X": shapes.images[:3]})
    >>> bool((label == model.predict(shapes.images[:3])).all())
    True
    """
    skl2onnx = _imported()
    _check_opset(options.setdefault("target_opset", _LEAST_OPSET))
    method = _checked_method(estimator)
    types = options.pop("initial_types", None)
    if X is not None:
        sample = _checked_sample(method, X)
        types = types or [("X", _type_of(sample))]
    elif types is None:
        raise TypeError("X is None; expected data as the graph will get them, or initial_types.")
    register()
    model, _ = simplified(estimator, only_ours(types))
    if is_classifier(model):
        options["options"] = _plain_outputs(model, options.get("options"))
    graph = skl2onnx.to_onnx(model, initial_types=types, **options)
    if is_classifier(model) and _gives_scores(model, options["options"]):
        _rename(graph.graph, "probabilities", "scores")
    graph.metadata_props.add(key="sk231n", value=__version__)
    return graph


def _checked_method(estimator):
    """What a fitted estimator does with data: predict, or else transform."""
    methods = [name for name in ("predict", "transform") if hasattr(estimator, name)]
    if not methods:
        raise TypeError(
            f"estimator={estimator!r:.200} can neither predict nor transform, so that there is "
            "nothing to convert."
        )
    refuse_reader(estimator)
    try:
        check_is_fitted(estimator)
    except NotFittedError as error:
        raise NotFittedError(f"estimator is not fitted: {error}") from error
    return getattr(estimator, methods[0])


def _checked_sample(method, X):
    """The first sample of `X` as an array, after the estimator has accepted it."""
    with naming("X"):
        method(X[:1])
    return np.asarray(unpack(X[:1]))


def _type_of(sample):
    """Type of a tensor for samples like this one."""
    if sample.dtype.name not in NAMES:
        small = np.can_cast(sample.dtype, np.float32) if sample.dtype.kind in "buif" else False
        hint = ": X.astype(np.float32) means the same to the model" if small else ""
        raise TypeError(
            f"X has dtype {sample.dtype}, of which skl2onnx makes no input; expected one of "
            f"{', '.join(NAMES)}{hint}."
        )
    return tensor_type(sample.dtype, sample.shape[1:])


def _check_opset(target_opset):
    opset = target_opset.get("") if isinstance(target_opset, Mapping) else target_opset
    if opset is not None and opset < _LEAST_OPSET:
        raise ValueError(
            f"target_opset={target_opset!r} lacks operators that the graphs need; expected at "
            f"least {_LEAST_OPSET}."
        )


def _plain_outputs(model, given):
    """Options of a classifier: those given, and arrays as outputs unless they say otherwise.

    skl2onnx takes options by the `id` of an estimator, by its class, or all of them by name.
    """
    given = dict(given or {})
    names = [key for key in given if isinstance(key, str)]
    if any("__" in name for name in names):
        return {"zipmap": False} | given
    last = model
    while isinstance(last, Pipeline):
        last = last.steps[-1][1]
    of_last = {"zipmap": False} | {name: given.pop(name) for name in names}
    of_last |= given.get(id(last), {})
    return given | {id(model): {"zipmap": of_last["zipmap"]}} | {id(last): of_last}


def _gives_scores(model, options):
    """Whether the second output of a classifier are scores, and no probabilities."""
    pairs = list(options.items())
    for of_estimator in options.values():
        if isinstance(of_estimator, Mapping):
            pairs += of_estimator.items()
    asked = any(value and str(name).endswith("raw_scores") for name, value in pairs)
    return asked or not hasattr(model, "predict_proba")


def _rename(graph, name, new):
    """Give a tensor of the graph, which is an output, another name."""
    for node in graph.node:
        for tensors in (node.input, node.output):
            tensors[:] = [new if tensor == name else tensor for tensor in tensors]
    for output in graph.output:
        output.name = new if output.name == name else output.name


def _imported():
    try:
        import skl2onnx
    except ImportError as error:
        raise ImportError(
            'to_onnx needs skl2onnx, which comes with the extra "onnx": pip install "sk231n[onnx]".'
        ) from error
    return skl2onnx
