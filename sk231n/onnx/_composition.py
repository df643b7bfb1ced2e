"""Pipelines, unions and searches, as skl2onnx knows them."""

import copy

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import FeatureUnion, Pipeline

from sk231n import Flatten, ImageReader


class AsFloat32(BaseEstimator):
    """The step that turns bytes into float32."""


def simplified(estimator, are_bytes):
    """Return an estimator that does the same, made of what skl2onnx converts.

    A search becomes the best estimator that it found, and steps that do nothing are left out.
    Before an estimator of another library bytes become float32, because skl2onnx itself has no
    converters for bytes.

    Parameters
    ----------
    estimator : object
        A fitted estimator.
    are_bytes : bool
        Whether it sees bytes or booleans.

    Returns
    -------
    estimator : object
        Its equivalent.
    are_bytes : bool
        Whether that returns bytes.
    """
    while hasattr(estimator, "best_estimator_"):
        estimator = estimator.best_estimator_
    if isinstance(estimator, Pipeline):
        return _pipeline(estimator, are_bytes)
    if isinstance(estimator, FeatureUnion):
        return _union(estimator, are_bytes), False
    if isinstance(estimator, VotingClassifier):
        return _vote(estimator, are_bytes), False
    _refuse_unknown(estimator)
    if isinstance(estimator, Flatten):
        return estimator, are_bytes
    if are_bytes and not type(estimator).__module__.startswith("sk231n."):
        return Pipeline([("float32", AsFloat32()), ("estimator", estimator)]), False
    return estimator, False


def _pipeline(pipeline, are_bytes):
    steps = []
    for name, step in pipeline.steps:
        if not _does_nothing(step):
            step, are_bytes = simplified(step, are_bytes)
            steps.append((name, step))
    return Pipeline(steps), are_bytes


def _union(union, are_bytes):
    parts = []
    for name, part in union.transformer_list:
        if isinstance(part, str) and part == "drop":
            continue
        part, gives_bytes = (
            (part, are_bytes) if _does_nothing(part) else simplified(part, are_bytes)
        )
        if gives_bytes:
            steps = [] if _does_nothing(part) else [("part", part)]
            part = Pipeline([*steps, ("float32", AsFloat32())])
        parts.append((name, part))
    return FeatureUnion(parts, transformer_weights=union.transformer_weights)


def _does_nothing(step):
    return step is None or (isinstance(step, str) and step == "passthrough")


def _vote(vote, are_bytes):
    """Return an equal vote, of pipelines, whose probabilities skl2onnx brings to one type."""
    equal = copy.copy(vote)
    equal.flatten_transform = False  # does not concern predictions, but skl2onnx asks for it
    equal.estimators_ = [
        Pipeline([("member", simplified(member, are_bytes)[0])]) for member in vote.estimators_
    ]
    if vote.weights is not None:
        pairs = zip(vote.estimators, vote.weights, strict=True)
        equal.weights = np.array([weight for (_, member), weight in pairs if member != "drop"])
    return equal


def refuse_reader(estimator):
    """Refuse a model that begins with files."""
    while hasattr(estimator, "best_estimator_") or isinstance(estimator, Pipeline):
        is_search = hasattr(estimator, "best_estimator_")
        estimator = estimator.best_estimator_ if is_search else estimator.steps[0][1]
    if isinstance(estimator, ImageReader):
        raise NotImplementedError(
            "estimator begins with ImageReader, and ONNX cannot read files. Convert the steps "
            "after it, to_onnx(pipeline[1:], images), and give them images of that size."
        )


def _refuse_unknown(estimator):
    """Refuse what has no converter."""
    from skl2onnx import get_model_alias

    try:
        get_model_alias(type(estimator))
    except RuntimeError as error:
        raise NotImplementedError(
            f"estimator holds {estimator!r:.200}, for whose class there is no converter. One of "
            "your own is made known by skl2onnx.update_registered_converter."
        ) from error
