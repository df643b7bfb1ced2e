"""The page of the network: an MLP learns points of the plane, one epoch after the other."""

import numpy as np
from sklearn.datasets import make_blobs, make_circles
from sklearn.metrics import log_loss

from sk231n import MLPClassifier
from sk231n.datasets import make_spirals
from sk231n.play._fields import Choice, FieldError, Number, Points, Widths
from sk231n.play._plane import COLOURS, SHARES, SIDE, pixels
from sk231n.play._points import LabelledPoints
from sk231n.play._state import PageState

ACTIVATIONS = ("relu", "leaky_relu", "tanh", "sigmoid", "maxout", "identity")
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")
DATA = ("spirals", "circles", "clusters", "own")
MOST_EPOCHS = 2000
MOST_LAYERS, MOST_UNITS = 4, 32
BATCH_SIZE = 10


def made_points(data, count, classes, noise, seed):
    """Return points on spirals, on two circles, or in one cluster a class."""
    if data == "spirals":
        X, y = make_spirals(count, n_classes=classes, noise=noise, random_state=seed)
        X = 0.95 * X
    elif data == "circles":
        X, y = make_circles(count, factor=0.4, noise=noise / 2, random_state=seed)
        X = 0.8 * X
    else:
        angles = 2 * np.pi * np.arange(classes) / classes + 0.5
        centers = 0.6 * np.column_stack([np.cos(angles), np.sin(angles)])
        X, y = make_blobs(count, centers=centers, cluster_std=noise + 0.05, random_state=seed)
    return LabelledPoints(np.clip(X, -1, 1), y)


class NetworkState(PageState):
    """Points, a network and its training so far.

    `model` is the network, which is None before the first epoch; `history` has a row for each
    epoch: the losses and accuracies of the training points and of those held out. The field
    `epochs` says how many there are or, after a page was opened, are still to be trained. `mixed`
    says that settings or points were changed on the way, so that the address and the lines of
    Python, which train with today's from the beginning, give another network.
    """

    fields = {
        "data": Choice("spirals", DATA),
        "count": Number(150, 10, 300, whole=True),
        "classes": Number(3, 2, len(COLOURS), whole=True),
        "noise": Number(0.15, 0, 1),
        "seed": Number(0, 0, 9999, whole=True),
        "held_out": Number(30, 0, 50, whole=True),
        "points": Points(None, len(COLOURS)),
        "widths": Widths((8, 8), MOST_LAYERS, MOST_UNITS),
        "activation": Choice("tanh", ACTIVATIONS),
        "optimizer": Choice("adam", OPTIMIZERS),
        "rate": Number(0.02, 0.0001, 10),
        "alpha": Number(0.0001, 0, 10),
        "epochs": Number(40, 0, MOST_EPOCHS, whole=True),
        "layer": Number(1, 1, MOST_LAYERS, whole=True),
        "view": Choice("principal", ("principal", "units")),
        "across": Number(1, 1, MOST_UNITS, whole=True),
        "up": Number(2, 1, MOST_UNITS, whole=True),
    }
    # What a running network cannot follow: it starts again.
    restarts = ("data", "count", "classes", "noise", "seed", "held_out", "widths", "activation",
                "optimizer")  # fmt: skip

    def __init__(self, address=""):
        self.model, self.history, self.mixed = None, [], False
        super().__init__(address)

    @property
    def points(self):
        """The points: the reader's own, or those of the data set."""
        if self["points"] is not None:
            return self["points"]
        data = "spirals" if self["data"] == "own" else self["data"]
        return made_points(data, self["count"], self["classes"], self["noise"], self["seed"])

    def accepted(self, name, value):
        """Refuse points of one class."""
        if name == "points" and value is not None and len(np.unique(value.y)) < 2:
            raise FieldError("A network learns at least two classes.")
        return value

    def assign(self, name, value):
        """Give a field a value if it accepts it; the network starts again if it has to."""
        before = self.points if name in ("data", "points") else None
        if not super().assign(name, value):
            return False
        if name == "data" and self["data"] == "own":
            self.values["points"] = before
        elif name in ("data", "count", "classes", "noise", "seed"):
            self.values["points"] = None
            if self["data"] == "own":
                self.values["data"] = "spirals"
        elif name == "points" and self["points"] is not None:
            self.values["data"] = "own"
        changed_classes = before is not None and set(before.y) != set(self.points.y)
        if not self.history:
            return True
        if name in self.restarts or changed_classes:
            self.restart()
        elif name in ("points", "rate", "alpha"):
            self.mixed = True
        return True

    def restart(self):
        """Forget the training."""
        self.model, self.history, self.mixed = None, [], False
        self.values["epochs"] = 0

    def held_out_indices(self):
        """Return which points are held out, as sorted indices."""
        n_points = len(self.points)
        rng = np.random.RandomState(self["seed"])
        n_held_out = n_points * self["held_out"] // 100
        return np.sort(rng.permutation(n_points)[:n_held_out])

    def split(self):
        """Return the points to train on and those held out, the latter perhaps none."""
        points, held_out = self.points, self.held_out_indices()
        train = np.setdiff1d(np.arange(len(points)), held_out)
        return tuple(LabelledPoints(points.X[i], points.y[i]) for i in (train, held_out))

    def estimator(self):
        """Return a network that has learnt nothing yet."""
        return MLPClassifier(
            self["widths"],
            self["activation"],
            optimizer=self["optimizer"],
            learning_rate=self["rate"],
            alpha=self["alpha"],
            batch_size=BATCH_SIZE,
            random_state=self["seed"],
        )

    def train(self):
        """Train for one epoch; return what went wrong, or None."""
        if len(self.history) >= MOST_EPOCHS:
            return f"A run ends after {MOST_EPOCHS:,} epochs."
        train, held_out = self.split()
        model = self.estimator() if self.model is None else self.model
        model.set_params(learning_rate=self["rate"], alpha=self["alpha"])
        try:
            model.partial_fit(train.X, train.y, classes=np.unique(self.points.y))
            row = (*judged(model, train), *judged(model, held_out))
        except FloatingPointError:
            return "The training diverged. A smaller rate helps; begin again."
        self.model = model
        self.history.append(row)
        self.values["epochs"] = max(self["epochs"], len(self.history))
        return None

    def regions(self):
        """Return the class that wins in each pixel of the plane, in shades of its probability.

        The shades of a class stand beside each other: its number times their number, and more the
        surer the network is. None before the first epoch.
        """
        if self.model is None:
            return None
        probabilities = self.model.predict_proba(pixels())
        chance = 1 / probabilities.shape[1]
        winners = self.model.classes_[probabilities.argmax(axis=1)]
        sureness = (probabilities.max(axis=1) - chance) / (1 - chance)
        shades = np.minimum(sureness * len(SHARES), len(SHARES) - 1).astype(int)
        return (winners * len(SHARES) + shades).astype(np.uint8).reshape(SIDE, SIDE)


def judged(model, points):
    """Return the mean cross-entropy and the accuracy on some points; NaN if there are none."""
    if len(points) == 0:
        return np.nan, np.nan
    probabilities = model.predict_proba(points.X)
    predicted = model.classes_[probabilities.argmax(axis=1)]
    loss = log_loss(points.y, probabilities, labels=model.classes_)
    return float(loss), float(np.mean(predicted == points.y))
