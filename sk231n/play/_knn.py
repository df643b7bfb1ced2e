"""The page of the nearest neighbours: regions by vote, and the neighbours of one place."""

import numpy as np

from sk231n import KNNClassifier
from sk231n.play._fields import Choice, FieldError, Number, Points
from sk231n.play._plane import COLOURS, SIDE, pixels
from sk231n.play._points import LabelledPoints
from sk231n.play._state import PageState

METRICS = {"l2": "euclidean", "l1": "manhattan"}
TIE = len(COLOURS)


def clouds(n_samples, n_classes, seed):
    """Return points in one cloud a class; the clouds overlap."""
    rng = np.random.RandomState(seed)
    y = np.arange(n_samples) % n_classes
    centres = rng.uniform(-0.6, 0.6, (n_classes, 2))
    return LabelledPoints(np.clip(centres[y] + 0.28 * rng.standard_normal((len(y), 2)), -1, 1), y)


class NeighborsState(PageState):
    """Points, the metric and k, and what they say of every place of the plane."""

    fields = {
        "metric": Choice("l2", METRICS),
        "classes": Number(3, 2, len(COLOURS), whole=True),
        "count": Number(30, 2, 60, whole=True),
        "seed": Number(0, 0, 9999, whole=True),
        "points": Points(None, len(COLOURS)),
        "k": Number(5, 1, 60, whole=True),
    }

    @property
    def points(self):
        """The points: the reader's own, or those that were drawn at random."""
        own = self["points"]
        return clouds(self["count"], self["classes"], self["seed"]) if own is None else own

    def accepted(self, name, value):
        """Refuse more neighbours than there are points."""
        if name == "k" and value > len(self.points):
            raise FieldError(f"There are only {len(self.points)} points.")
        if name == "points" and value is not None and len(value) < self["k"]:
            raise FieldError(f"k = {self['k']} neighbours need as many points.")
        return value

    def assign(self, name, value):
        """Give a field a value if it accepts it; other clouds replace the reader's own points."""
        before = dict(self.values)
        if not super().assign(name, value):
            return False
        if name in ("classes", "count", "seed"):
            self.values["points"] = None
            if self["k"] > len(self.points):
                self.values = before
                self.messages[name] = f"k = {self['k']} neighbours need as many points."
                return False
        return True

    def estimator(self):
        """Return the classifier, which has seen the points."""
        model = KNNClassifier(n_neighbors=self["k"], metric=METRICS[self["metric"]])
        return model.fit(self.points.X, self.points.y)

    def regions(self):
        """Return the class with most votes in each pixel, and `TIE` where several have as many."""
        model = self.estimator()
        votes = np.rint(model.predict_proba(pixels()) * self["k"])
        most = votes.max(axis=1, keepdims=True)
        winners = model.classes_[votes.argmax(axis=1)]
        winners = np.where((votes == most).sum(axis=1) > 1, TIE, winners)
        return winners.astype(np.uint8).reshape(SIDE, SIDE)

    def neighbours(self, x, y):
        """Return the distances and indices of the k points that are nearest to a place."""
        distances, indices = self.estimator().kneighbors([[x, y]])
        return distances[0], indices[0]
