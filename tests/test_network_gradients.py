"""The gradient of the whole objective, for every combination of its parts, against differences.

Central differences of half-width h are compared with the gradient coordinate by coordinate. A
coordinate is left out where the line from theta - h to theta + h crosses a kink: where the two ends
differ in which units are active, which pieces win, which margins are violated, or which signs
errors and weights have.
"""

import numpy as np
import pytest

from sk231n.core.activations import ACTIVATIONS, LeakyReLU, Maxout, ReLU
from sk231n.core.affine import Affine
from sk231n.core.dropout import Dropout
from sk231n.core.layer import Phase
from sk231n.core.network import Network
from sk231n.core.normalizations import NORMALIZATIONS
from sk231n.core.objective import Objective
from sk231n.core.penalties import L1, L2, ElasticNet
from sk231n.losses import (
    AbsoluteError,
    CrammerSinger,
    CrossEntropy,
    OneVsRest,
    SigmoidCrossEntropy,
    SquaredError,
    WestonWatkins,
)

N_SAMPLES, N_FEATURES, N_HIDDEN, N_OUTPUTS, ALPHA, H = 6, 4, 5, 3, 0.1, 1e-5

LOSSES = {
    "cross-entropy": CrossEntropy(),
    "smoothed cross-entropy": CrossEntropy(label_smoothing=0.2),
    "weston-watkins": WestonWatkins(),
    "squared weston-watkins": WestonWatkins(power=2),
    "crammer-singer": CrammerSinger(),
    "one-vs-rest": OneVsRest(),
    "sigmoid cross-entropy": SigmoidCrossEntropy(),
    "smoothed sigmoid cross-entropy": SigmoidCrossEntropy(label_smoothing=0.2),
    "squared error": SquaredError(),
    "absolute error": AbsoluteError(),
}
PENALTIES = {"none": None, "l1": L1(), "l2": L2(), "elastic net": ElasticNet(0.3)}
NAMES = [name for name in ACTIVATIONS if name != "sigmoid"]  # another name of "logistic"
every_loss = pytest.mark.parametrize("loss", LOSSES)


def away_from_zero(rng, shape):
    return rng.uniform(0.3, 1.2, size=shape) * rng.choice([-1, 1], size=shape)


def hidden_block(activation, normalization, dropout):
    activation = ACTIVATIONS[activation]
    layers = [Affine(activation.n_inputs(N_HIDDEN))]
    layers += [] if normalization is None else [NORMALIZATIONS[normalization]]
    return [*layers, activation, *([Dropout(dropout)] if dropout else [])]


class Case:
    """A network and a loss, parameters, and a batch."""

    def __init__(self, layers, loss, *, n_samples=N_SAMPLES, training=True):
        rng = np.random.RandomState(0)
        self.network = Network([*layers, Affine(N_OUTPUTS)], N_FEATURES)
        self.loss, self.training = LOSSES[loss], training
        self.factors = self.network.weight_factors(1 / rng.uniform(0.5, 2, N_FEATURES))
        self.theta = away_from_zero(rng, self.network.layout.size)
        self.trained = np.ones(self.network.layout.size, bool)
        views = self.network.layout.views
        for layer, p, trained in zip(
            self.network.layers, views(self.theta), views(self.trained), strict=True
        ):
            for name in layer.statistics:
                getattr(trained, name)[...] = False
            if "variance" in layer.statistics:
                p.variance[...] = np.abs(p.variance)
        self.x = away_from_zero(rng, (n_samples, N_FEATURES))
        self.w = rng.uniform(0.5, 1.5, n_samples)
        self.w /= self.w.sum()
        if isinstance(self.loss, SigmoidCrossEntropy):
            self.y = rng.randint(2, size=(n_samples, N_OUTPUTS))
        elif isinstance(self.loss, (SquaredError, AbsoluteError)):
            self.y = 2 * rng.standard_normal((n_samples, N_OUTPUTS))
        else:
            self.y = rng.randint(N_OUTPUTS, size=n_samples)

    def objective(self, penalty):
        return Objective(
            self.network, self.loss, lambda scores, y: np.zeros(len(y)), PENALTIES[penalty], ALPHA,
            self.factors,
        )  # fmt: skip

    def rng(self):
        """The same masks each time; None for the behaviour in prediction."""
        return np.random.RandomState(5) if self.training else None

    def data_loss(self, theta):
        """The loss without the penalty, and all that jumps at one of its kinks."""
        x, sides, phase = self.x, [], Phase(self.rng(), self.w)
        views = self.network.layout.views(theta.copy())  # training moves the running averages
        for layer, p in zip(self.network.layers, views, strict=True):
            if isinstance(layer, (ReLU, LeakyReLU)):
                sides.append(x > 0)
            elif isinstance(layer, Maxout):
                sides.append(x.reshape(len(x), layer.n_pieces, -1).argmax(axis=1))
            x, _ = layer.forward(p, x, phase)
        scores = x
        if isinstance(self.loss, AbsoluteError):
            sides.append(scores > self.y)
        elif isinstance(self.loss, OneVsRest):
            true = np.arange(N_OUTPUTS) == self.y[:, None]
            sides.append(np.where(true, scores, -scores) < self.loss.margin)
        elif isinstance(self.loss, (WestonWatkins, CrammerSinger)):
            rows = np.arange(len(scores))
            violation = scores - scores[rows, self.y][:, None] + self.loss.margin
            violation[rows, self.y] = -np.inf
            sides.append(violation > 0)
            if isinstance(self.loss, CrammerSinger):
                sides.append(violation.argmax(axis=1))
        return self.loss(scores, self.y, self.w)[0], [side.tolist() for side in sides]

    def ends(self):
        """For each parameter: theta and `data_loss`, a step above and a step below."""
        ends = []
        for i in np.flatnonzero(self.trained):
            above, below = self.theta.copy(), self.theta.copy()
            above[i] += H
            below[i] -= H
            ends.append([(theta, *self.data_loss(theta)) for theta in (above, below)])
        return ends

    def check(self, penalties=PENALTIES):
        """Compare the gradients with central differences."""
        ends = self.ends()
        for penalty in penalties:
            objective, kinked = self.objective(penalty), penalty in ("l1", "elastic net")
            gradient = np.full_like(self.theta, np.nan)
            value, _ = objective(self.theta.copy(), self.x, self.y, self.w, gradient, self.rng())
            here = self.data_loss(self.theta)[0] + objective.penalty_value(self.theta)
            np.testing.assert_allclose(value, here, rtol=1e-14)
            assert np.isnan(gradient[~self.trained]).all()

            numerical, smooth = [], []
            for (above, value_above, sides_above), (below, value_below, sides_below) in ends:
                value_above += objective.penalty_value(above)
                value_below += objective.penalty_value(below)
                numerical.append((value_above - value_below) / (above - below).max())
                same_signs = not kinked or np.array_equal(above > 0, below > 0)
                smooth.append(sides_above == sides_below and same_signs)
            assert np.mean(smooth) > 0.95, penalty
            numerical, gradient = np.array(numerical)[smooth], gradient[self.trained][smooth]
            error, size = np.abs(gradient - numerical), np.abs(numerical)
            assert size.max() > 1e-3
            assert error.max() / size.max() < 1e-7, penalty
            # Small components too, down to what rounding leaves of a difference.
            assert (error / (size + 1e-3 * size.max())).max() < 1e-5, penalty


@every_loss
@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
@pytest.mark.parametrize("activation", NAMES)
def test_every_combination(activation, normalization, loss):
    """With each penalty; they share the differences of the loss. Every other one with dropout."""
    number = NAMES.index(activation) + [None, *NORMALIZATIONS].index(normalization)
    dropout = 0.3 if (number + list(LOSSES).index(loss)) % 2 else 0.0
    Case(hidden_block(activation, normalization, dropout), loss).check()


@every_loss
@pytest.mark.parametrize("normalization", NORMALIZATIONS)
class TestNormalizations:
    def test_by_the_running_averages(self, normalization, loss):
        """As in prediction: dropout does nothing, and the averages are constants."""
        Case(hidden_block("tanh", normalization, 0.3), loss, training=False).check()

    def test_a_batch_of_one_sample(self, normalization, loss):
        Case(hidden_block("tanh", normalization, 0.0), loss, n_samples=1).check()


@every_loss
def test_no_hidden_layer(loss):
    Case([], loss).check()


@every_loss
def test_two_hidden_layers(loss):
    layers = [*hidden_block("maxout", "batch", 0.2), *hidden_block("leaky_relu", "layer", 0.2)]
    Case(layers, loss).check()
