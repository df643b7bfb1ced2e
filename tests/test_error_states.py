"""NumPy's error state ends with the call, whatever interrupts it."""

import warnings

import numpy as np
import pytest
from sklearn.base import clone

from sk231n import HOG, ColorMoments, HSVHistogram, KNNClassifier, KNNClassifierCV

IMAGES = np.random.RandomState(0).randint(256, size=(12, 8, 8, 3)).astype(np.uint8)
METHODS = ("transform", "visualize", "kneighbors", "kneighbors_graph", "predict", "predict_proba")


@pytest.mark.parametrize(
    "estimator",
    [HOG(), HSVHistogram(), ColorMoments(), KNNClassifier(1), KNNClassifierCV((1, 2), cv=2)],
    ids=lambda e: type(e).__name__,
)
def test_what_is_left_is_put_back(estimator, monkeypatch):
    """Ctrl-C may arrive while `np.errstate` is entered or left; the state would then stay."""
    y = np.arange(12) % 2
    fitted, before = clone(estimator).fit(IMAGES, y), np.geterr()
    calls = [lambda: clone(estimator).fit(IMAGES, y)]
    calls += [
        lambda name=name: getattr(fitted, name)(IMAGES) for name in METHODS if hasattr(fitted, name)
    ]
    if hasattr(fitted, "score"):
        calls.append(lambda: fitted.score(IMAGES, y))

    def interrupted(*args, **kwargs):
        np.seterr(all="ignore")
        raise KeyboardInterrupt

    # All of them check their data first.
    monkeypatch.setattr("sk231n._estimators.validate_data", interrupted)
    for call in calls:
        with warnings.catch_warnings(), pytest.raises(KeyboardInterrupt):
            call()
        assert np.geterr() == before
