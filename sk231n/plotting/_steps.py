"""The step of a pipeline that a display is about, and what comes before it."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, Pipeline

from sk231n.photographs import ImageReader


def best_of(estimator: Any) -> Any:
    """The best estimator of a fitted search; any other estimator as it is."""
    return getattr(estimator, "best_estimator_", estimator)


def last_step(estimator: Any) -> Any:
    """The last step of a pipeline, or of the best of a search; any other estimator as it is."""
    estimator = best_of(estimator)
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator


def as_last_step_sees(estimator: Any, X: Any) -> Any:
    """The data as the last step of a pipeline sees them."""
    estimator = best_of(estimator)
    has_others = isinstance(estimator, Pipeline) and len(estimator) > 1
    return estimator[:-1].transform(X) if has_others else X


def find_step(
    estimator: Any, is_wanted: Callable[[Any], bool], expected: str
) -> tuple[Any | None, Any]:
    """Find a step of a pipeline, possibly one of a union of features.

    Parameters
    ----------
    estimator : estimator
        The step itself, a pipeline or a union that contains it, or a fitted search over these.
    is_wanted : callable
        Whether a step is the wanted one.
    expected : str
        What to say that it is.

    Returns
    -------
    before : Pipeline or None
        The steps before it, None for none.
    step : estimator
        The first such step.

    Raises
    ------
    TypeError
        If there is none.
    """
    estimator = best_of(estimator)
    found = _find(estimator, is_wanted)
    if found is None:
        raise TypeError(f"estimator={type(estimator).__name__}; expected {expected}.")
    return found


def _find(estimator, is_wanted):
    if is_wanted(estimator):
        return None, estimator
    if isinstance(estimator, Pipeline):
        for k, (_, step) in enumerate(estimator.steps):
            found = _find(step, is_wanted)
            if found is not None:
                within, step = found
                steps = list(estimator.steps[:k]) + ([] if within is None else within.steps)
                return (Pipeline(steps) if steps else None), step
    if isinstance(estimator, FeatureUnion):
        for _, step in estimator.transformer_list:
            found = _find(step, is_wanted)
            if found is not None:
                return found
    return None


def split_reader(estimator: Any) -> tuple[ImageReader | None, Any]:
    """Split a model into the step that reads pictures, None for none, and what predicts the images.

    Of a pipeline, this is what comes after the reader. A calibrated model, or one with a threshold
    of its own, is left whole: the reader in it lets images pass that have its size.
    """
    estimator = best_of(estimator)
    if isinstance(estimator, Pipeline) and isinstance(estimator[0], ImageReader):
        return estimator[0], estimator[1:]
    inner = _inner_model(estimator)
    return (None if inner is None else split_reader(inner)[0]), estimator


def _inner_model(estimator):
    """The fitted model whose probabilities or decisions another one changes, None for none."""
    if isinstance(estimator, CalibratedClassifierCV):
        return estimator.calibrated_classifiers_[0].estimator
    if isinstance(estimator, FrozenEstimator):
        return estimator.estimator
    return getattr(estimator, "estimator_", None)  # of a threshold


def one_image(image: Any) -> Any:
    """A list or stack of one image, from a picture in any of the forms that users have."""
    if isinstance(image, str | bytes | os.PathLike) or hasattr(image, "read"):
        return [image]
    return np.asarray(image)[np.newaxis]
