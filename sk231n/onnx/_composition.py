"""Pipelines, unions and searches, as skl2onnx knows them."""

import copy

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import FeatureUnion, Pipeline

from sk231n import Flatten, ImageReader


class AsFloat32(BaseEstimator):
    """The step that turns integers into float32."""


def simplified(estimator, only_ours):
    """Return an estimator that does the same, made of what skl2onnx converts.

    A search becomes the best estimator that it found, and steps that do nothing are left out.
    Before an estimator of another library bytes become float32, because skl2onnx itself has no
    converters for bytes, nor for booleans and integers of 32 bits.

    Parameters
    ----------
    estimator : object
        A fitted estimator.
    only_ours : bool
        Whether it sees numbers of a type that the library's own converters alone take.

    Returns
    -------
    estimator : object
        Its equivalent.
    only_ours : bool
        Whether that returns such numbers.
    """
    while hasattr(estimator, "best_estimator_"):
        estimator = estimator.best_estimator_
    if isinstance(estimator, Pipeline):
        return _pipeline(estimator, only_ours)
    if isinstance(estimator, FeatureUnion):
        return _union(estimator, only_ours), False
    if isinstance(estimator, VotingClassifier):
        return _vote(estimator, only_ours), False
    _refuse_unknown(estimator)
    if isinstance(estimator, CalibratedClassifierCV):
        _refuse_calibration(estimator)
    if isinstance(estimator, Flatten):
        return estimator, only_ours
    if only_ours and not type(estimator).__module__.startswith("sk231n."):
        return Pipeline([("float32", AsFloat32()), ("estimator", estimator)]), False
    return estimator, False


def _pipeline(pipeline, only_ours):
    steps = []
    for name, step in pipeline.steps:
        if not _does_nothing(step):
            step, only_ours = simplified(step, only_ours)
            steps.append((name, step))
    return Pipeline(steps), only_ours


def _union(union, only_ours):
    parts = []
    for name, part in union.transformer_list:
        steps, still_ours = [], only_ours
        if isinstance(part, str) and part == "drop":
            continue
        if not _does_nothing(part):
            part, still_ours = simplified(part, only_ours)
            steps = [("part", part)]
        if still_ours:
            part = Pipeline([*steps, ("float32", AsFloat32())])
        parts.append((name, part))
    return FeatureUnion(parts, transformer_weights=union.transformer_weights)


def _does_nothing(step):
    return step is None or (isinstance(step, str) and step == "passthrough")


def _vote(vote, only_ours):
    """Return an equal vote, of pipelines, whose probabilities skl2onnx brings to one type."""
    equal = copy.copy(vote)
    equal.flatten_transform = False  # does not concern predictions, but skl2onnx asks for it
    equal.estimators_ = [
        Pipeline([("member", simplified(member, only_ours)[0])]) for member in vote.estimators_
    ]
    if vote.weights is not None:
        pairs = zip(vote.estimators, vote.weights, strict=True)
        equal.weights = np.array([weight for (_, member), weight in pairs if member != "drop"])
    return equal


def refuse_reader(estimator):
    """Refuse a model that begins with files."""
    pipeline = "search.best_estimator_" if hasattr(estimator, "best_estimator_") else "pipeline"
    while not isinstance(estimator, ImageReader):
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "calibrated_classifiers_"):
            pipeline = "calibrated.calibrated_classifiers_[0].estimator"
            estimator = estimator.calibrated_classifiers_[0].estimator
        elif isinstance(estimator, Pipeline):
            estimator = estimator.steps[0][1]
        else:
            return
    raise NotImplementedError(
        "estimator begins with ImageReader, and ONNX cannot read files. Convert the steps "
        f"after it, to_onnx({pipeline}[1:], images), and give them images of that size."
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


def _refuse_calibration(calibrated):
    """Refuse what skl2onnx does not convert, or only to a graph with other probabilities."""
    model = calibrated.calibrated_classifiers_[0].estimator
    if calibrated.method != "sigmoid" or not isinstance(model, ClassifierMixin):
        raise NotImplementedError(
            f"estimator holds CalibratedClassifierCV(method={calibrated.method!r}) around "
            f"{type(model).__name__}. Only method='sigmoid' around a classifier itself is "
            "converted, such as make_pipeline(HOG(), CalibratedClassifierCV(LinearSVM())). "
            "Calibrate that way, or convert the model that is calibrated: with "
            "options={'raw_scores': True} it gives its scores. The program that runs it can "
            "multiply them by calibrated_classifiers_[0].calibrators[0].beta_, the inverse of the "
            "temperature if ensemble=False."
        )
