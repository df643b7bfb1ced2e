"""The page of the linear classifiers: weights, scores, losses, and one update after the other."""

import numpy as np

from sk231n import LinearSVM, SoftmaxClassifier
from sk231n.losses import CrammerSinger, CrossEntropy, OneVsRest, WestonWatkins
from sk231n.play._fields import Choice, FieldError, Number, Numbers, Points
from sk231n.play._plane import SIDE, pixels
from sk231n.play._points import LabelledPoints
from sk231n.play._state import PageState

N_CLASSES = 3
LARGEST_WEIGHT = 1000

LOSSES = {
    "weston_watkins": WestonWatkins(),
    "one_vs_rest": OneVsRest(),
    "crammer_singer": CrammerSinger(),
    "softmax": CrossEntropy(),
}

# The points of the course's demonstration.
POINTS = LabelledPoints(
    [
        [0.5, 0.4], [0.8, 0.3], [0.3, 0.8], [-0.4, 0.3], [-0.3, 0.7], [-0.7, 0.2],
        [0.7, -0.4], [0.5, -0.6], [-0.4, -0.5],
    ],
    [0, 0, 0, 1, 1, 1, 2, 2, 2],
)  # fmt: skip

# 46 updates from the demonstration's first weights. Losses as in the picture of the notes: 0.64 of
# the data, 1.93 of the penalty with alpha = 0.2, together 2.57.
WEIGHTS = [[2.06, 1.48], [0.44, -1.82], [2.27, -2.04]]
INTERCEPTS = [-0.42, 0.52, -0.1]


class LinearState(PageState):
    """Points, weights and intercepts of three classes, and what follows from them.

    `n_updates` counts the updates since the page was opened.
    """

    n_updates = 0

    fields = {
        "loss": Choice("weston_watkins", LOSSES),
        "rate": Number(0.1, 0.001, 10),
        "alpha": Number(0.2, 0, 10),
        "W": Numbers(WEIGHTS, -LARGEST_WEIGHT, LARGEST_WEIGHT),
        "b": Numbers(INTERCEPTS, -LARGEST_WEIGHT, LARGEST_WEIGHT),
        "points": Points(POINTS, N_CLASSES),
    }

    @property
    def points(self):
        """The points."""
        return self["points"]

    def accepted(self, name, value):
        """Refuse to be without points."""
        if name == "points" and (value is None or len(value) == 0):
            raise FieldError("One point stays.")
        return value

    def set_weight(self, row, column, value):
        """Change one entry of W, or of b in the third column; return what is wrong, or None."""
        try:
            number = Number(0, -LARGEST_WEIGHT, LARGEST_WEIGHT).read(value)
        except FieldError as error:
            return str(error)
        if column < 2:
            self.values["W"] = self["W"].copy()
            self["W"][row, column] = number
        else:
            self.values["b"] = self["b"].copy()
            self["b"][row] = number
        return None

    def estimator(self):
        """Return the classifier with the weights of the page."""
        settings = {
            "alpha": self["alpha"],
            "optimizer": "sgd",
            "learning_rate": self["rate"],
            "batch_size": len(self.points),
            "shuffle": False,
        }
        if self["loss"] == "softmax":
            model = SoftmaxClassifier(**settings)
        else:
            model = LinearSVM(strategy=self["loss"], **settings)
        model.partial_fit(self.points.X, self.points.y, classes=range(N_CLASSES))
        model.coef_, model.intercept_ = self["W"].copy(), self["b"].copy()
        return model

    def scores(self):
        """Return the scores of the points, one row each."""
        return self.estimator().decision_function(self.points.X)

    def regions(self):
        """Return the class that wins in each pixel of the plane."""
        return self.estimator().predict(pixels()).astype(np.uint8).reshape(SIDE, SIDE)

    def losses(self, scores):
        """Return the loss of each point."""
        loss = LOSSES[self["loss"]]
        rows = zip(scores, self.points.y, strict=True)
        return np.array([loss(row[None], np.array([label]))[0] for row, label in rows])

    def totals(self, losses):
        """Return the losses of the data, of the penalty, and of both."""
        data, penalty = losses.mean(), self["alpha"] / 2 * (self["W"] ** 2).sum()
        return float(data), float(penalty), float(data + penalty)

    def gradients(self, scores):
        """Return the gradients of the whole loss with respect to W and b."""
        _, by_score = LOSSES[self["loss"]](scores, self.points.y)
        return by_score.T @ self.points.X + self["alpha"] * self["W"], by_score.sum(axis=0)

    def update(self):
        """Take one step down the gradient of all points; return what went wrong, or None."""
        model = self.estimator()
        try:
            model.partial_fit(self.points.X, self.points.y)
            largest = max(np.abs(model.coef_).max(), np.abs(model.intercept_).max())
        except FloatingPointError:
            largest = np.inf
        if not largest <= LARGEST_WEIGHT:
            return f"The weights grew beyond {LARGEST_WEIGHT:,}. A smaller step size helps."
        self.values["W"], self.values["b"] = model.coef_, model.intercept_
        self.n_updates += 1
        return None

    def randomise(self, random_state):
        """Draw weights and intercepts anew."""
        rng = np.random.RandomState(random_state)
        self.values["W"] = np.round(rng.standard_normal((N_CLASSES, 2)) * 2, 2)
        self.values["b"] = np.round(rng.standard_normal(N_CLASSES), 2)

    def lines(self):
        """Return for each class the ends of its line of zero score and of its arrow.

        The arrow begins on the line, where it is nearest to the middle of the plane, and is a
        quarter as long as the class's weights. A class without weights has neither: None.
        """
        ends = []
        for weights, intercept in zip(self["W"], self["b"], strict=True):
            steepness = np.hypot(*weights)
            if steepness < 1e-6:
                ends.append(None)
                continue
            normal = weights / steepness
            foot = -intercept / steepness * normal
            along = np.array([-normal[1], normal[0]]) * 4
            ends.append((foot - along, foot + along, foot, foot + weights / 4))
        return ends
