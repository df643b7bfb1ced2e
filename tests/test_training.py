"""The objective and the loops that minimise it, against the plain formula."""

from itertools import islice

import numpy as np
import pytest
from scipy.optimize import minimize

from sk231n import reference
from sk231n._estimators import one_blas_thread
from sk231n.core import objective as objective_module
from sk231n.core import steps as steps_module
from sk231n.core.activations import ReLU
from sk231n.core.affine import Affine
from sk231n.core.averaging import Average
from sk231n.core.data import Data, batches
from sk231n.core.dropout import Dropout
from sk231n.core.initializers import He
from sk231n.core.lbfgs import lbfgs
from sk231n.core.moments import Moments
from sk231n.core.network import Network
from sk231n.core.normalizations import BatchNorm
from sk231n.core.objective import Objective, is_correct, is_subset_correct
from sk231n.core.optimizers import LBFGS, SGD, Adagrad, Adam, Momentum, RMSProp
from sk231n.core.penalties import L1, L2, ElasticNet
from sk231n.core.problem import Problem
from sk231n.core.schedules import Constant, InverseTimeDecay, Plateau
from sk231n.core.standardization import Standardization
from sk231n.core.steps import BlockwiseOptimizer, start_states
from sk231n.core.team import Team
from sk231n.core.training import epochs, evaluate
from sk231n.core.units import TargetUnits
from sk231n.losses import (
    AbsoluteError,
    CrammerSinger,
    CrossEntropy,
    OneVsRest,
    SquaredError,
    WestonWatkins,
)

N_SAMPLES, N_FEATURES, N_CLASSES, ALPHA = 40, 5, 3, 0.1

LOSSES = {
    "cross-entropy": (CrossEntropy(), reference.cross_entropy),
    "weston-watkins": (WestonWatkins(), reference.weston_watkins),
    "crammer-singer": (CrammerSinger(), reference.crammer_singer),
    "one-vs-rest": (OneVsRest(), reference.one_vs_rest),
    "squared weston-watkins": (
        WestonWatkins(power=2),
        lambda *batch: reference.weston_watkins(*batch, power=2),
    ),
    "squared one-vs-rest": (
        OneVsRest(power=2),
        lambda *batch: reference.one_vs_rest(*batch, power=2),
    ),
}
PENALTIES = {
    "l1": (L1(), reference.l1),
    "l2": (L2(), reference.l2),
    "elastic net": (ElasticNet(), reference.elastic_net),
    "none": (None, lambda u: (0.0, np.zeros_like(u))),
}
every_loss = pytest.mark.parametrize("loss", LOSSES)
every_penalty = pytest.mark.parametrize("penalty", PENALTIES)
standardized_or_not = pytest.mark.parametrize("standardized", [True, False])


def make_data(n_samples=N_SAMPLES):
    rng = np.random.RandomState(0)
    X = rng.standard_normal((n_samples, N_FEATURES)) * [1, 3, 0.5, 1, 2] + [0, 2, 0, -1, 0]
    y = np.argmax(X[:, :N_CLASSES] + rng.standard_normal((n_samples, N_CLASSES)), axis=1)
    w = rng.uniform(0.2, 1, size=n_samples)
    return Data(X, y, w, np.arange(n_samples), np.dtype(float)).normalized()


def make_problem(loss="cross-entropy", penalty="l2", standardized=False, data=None, team=None):
    data = make_data() if data is None else data
    network = Network([Affine(N_CLASSES)], N_FEATURES)
    standardization = Standardization()
    if standardized:
        moments = Moments(N_FEATURES).updated(data, count=len(data.rows))
        standardization = moments.standardization(data.dtype, ridge=0.3)
    factors = network.weight_factors(standardization.scale)
    objective = Objective(
        network, LOSSES[loss][0], is_correct, PENALTIES[penalty][0], ALPHA, factors, team=team
    )
    theta = np.random.RandomState(1).standard_normal(network.layout.size)
    return Problem(objective, theta, data, standardization)


def on_the_data(problem, theta):
    """Weights and intercepts in the units of the data."""
    network = problem.objective.network
    p = network.layout.views(theta.copy())[0]
    problem.standardization.fold(network.layers[0], p)
    return p


def plain(loss, penalty, data, W, b):
    """The objective as the documentation states it, and its gradient, all in loops."""
    X, (y, w) = data.X[data.rows], data.targets(data.rows)
    value, dscores = LOSSES[loss][1](reference.affine(X, W, b), y, w)
    _, dW, db = reference.affine_backward(dscores, X, W)
    weight, slope = PENALTIES[penalty][1](W.ravel())
    return value + ALPHA * weight, dW + ALPHA * slope.reshape(W.shape), db


def run(problem, optimizer, rate, n_epochs, batch_size=N_SAMPLES, total=10, **options):
    schedule = Constant(rate) if isinstance(rate, float) else rate
    options = {"shuffle": False, "rng": np.random.RandomState(0), **options}

    def rates(epoch, n_steps):
        return schedule.rates(epoch, total, n_steps, ())

    run = epochs(problem, optimizer, rates, batch_size=batch_size, **options)
    return list(islice(run, n_epochs))


def samples(data, standardization, batch_size, order):
    """Inputs, targets and weights of each batch."""
    with Team(1) as team:
        for rows, x in batches(data, standardization, batch_size, order, team):
            yield x, *data.targets(rows)


def score(problem, theta):
    """The weighted share of right predictions."""
    data, layer = problem.data, on_the_data(problem, theta)
    right = np.argmax(data.X[data.rows] @ layer.W + layer.b, axis=1) == data.y[data.rows]
    return np.average(right, weights=data.w[data.rows])


class TestData:
    def test_weights_of_the_rows_sum_to_one(self):
        rows = np.array([1, 5, 7])
        data = make_data()._replace(rows=rows, w=np.arange(N_SAMPLES, dtype=float)).normalized()
        np.testing.assert_allclose(data.targets(rows)[1], [1 / 13, 5 / 13, 7 / 13])

    @pytest.mark.parametrize("scale", [1.0, 3.0, 1e300, 1e-300, 5e-324])
    def test_scaling_the_weights_is_exact(self, scale):
        w = scale * np.array([1.0, 2.0, 5.0, 0.0])
        data = make_data(4)._replace(rows=np.arange(3), w=w).normalized()
        np.testing.assert_array_equal(data.w / data.w[0], w / w[0])
        assert 0.5 <= data.w.max() <= 1
        assert data.total == data.w[:3].sum()

    @pytest.mark.parametrize("batch_size", [1, 7, 20, 40, 1000])
    def test_batches_cover_everything_once(self, batch_size):
        data = make_data()
        order = np.random.RandomState(2).permutation(data.rows)
        seen = [(x.copy(), y, w) for x, y, w in samples(data, Standardization(), batch_size, order)]
        assert [len(x) for x, _, _ in seen[:-1]] == [batch_size] * (len(seen) - 1)
        x, y, w = map(np.concatenate, zip(*seen, strict=True))
        np.testing.assert_array_equal(x, data.X[order])
        np.testing.assert_array_equal(y, data.y[order])
        np.testing.assert_allclose(w, data.w[order] / data.w.sum(), rtol=1e-14)
        np.testing.assert_allclose(w.sum(), 1)

    def test_batches_are_standardized_and_leave_the_data(self):
        problem = make_problem(standardized=True)
        data, before = problem.data, problem.data.X.copy()
        for x, _, _ in samples(data, problem.standardization, N_SAMPLES, data.rows):
            np.testing.assert_allclose(x, problem.standardization(before.copy()))
        np.testing.assert_array_equal(data.X, before)

    def test_batches_turn_bytes_into_floats(self):
        X = np.arange(12, dtype=np.uint8).reshape(4, 3)
        data = Data(X, np.zeros(4, int), np.ones(4), np.arange(4), np.dtype(np.float32))
        for x, _, _ in samples(data, Standardization(), 2, data.rows):
            assert x.dtype == np.float32


@standardized_or_not
@every_penalty
@every_loss
class TestObjective:
    def test_is_the_plain_formula(self, loss, penalty, standardized):
        problem = make_problem(loss, penalty, standardized)
        layer = on_the_data(problem, problem.theta)
        expected, _, _ = plain(loss, penalty, problem.data, layer.W, layer.b)
        value = evaluate(problem, problem.theta)
        np.testing.assert_allclose(value, expected, rtol=1e-12)

    def test_gradient(self, loss, penalty, standardized):
        problem = make_problem(loss, penalty, standardized)
        ((x, y, w),) = samples(problem.data, problem.standardization, N_SAMPLES, problem.data.rows)
        gradient, scratch = np.full_like(problem.theta, np.nan), np.empty_like(problem.theta)

        def value(theta):
            return problem.objective(theta, x, y, w, scratch)[0]

        assert problem.objective(problem.theta, x, y, w, gradient)[0] == value(problem.theta)
        numerical = reference.numerical_gradient(value, problem.theta)
        assert np.abs(gradient - numerical).max() / np.abs(gradient).max() < 1e-7

    def test_full_batch_descent_is_the_textbook_s(self, loss, penalty, standardized):
        problem = make_problem(loss, penalty, standardized)
        layer, rate = on_the_data(problem, problem.theta), 0.05
        run(problem, SGD(), rate, n_epochs=5)
        W, b = layer.W, layer.b
        mean, scale = np.zeros(N_FEATURES), np.ones(N_FEATURES)
        if standardized:
            mean, scale = problem.standardization.mean, problem.standardization.scale
        for _ in range(5):
            _, dW, db = plain(loss, penalty, problem.data, W, b)
            # With V = s W and c = b + m^T W: dJ/dc = dJ/db and dJ/dV = (dJ/dW - m dJ/db^T) / s.
            dV = (dW - np.outer(mean, db)) / scale[:, None]
            W_next = W - rate * dV / scale[:, None]
            b = b + mean @ W - rate * db - mean @ W_next
            W = W_next
        after = on_the_data(problem, problem.theta)
        np.testing.assert_allclose(after.W, W, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(after.b, b, rtol=1e-10, atol=1e-12)


def test_a_penalty_of_strength_zero_is_none():
    network = Network([Affine(2)], 3)
    assert Objective(network, CrossEntropy(), is_correct, L2(), 0.0, [{}]).penalty is None


def test_which_predictions_are_right():
    scores = np.array([[1.0, 2.0], [3.0, 3.0], [5.0, 4.0]])
    assert is_correct(scores, np.array([1, 0, 1])).tolist() == [True, True, False]
    probabilities = np.array([[0.4, 0.6], [0.9, 0.1], [0.0, 1.0]])
    assert is_correct(scores, probabilities).tolist() == [True, True, False]


def test_which_subsets_are_right():
    scores = np.array([[1.0, -2.0], [3.0, 0.0], [-5.0, -4.0], [-1.0, 4.0]])
    y = np.array([[1, 0], [1, 1], [0, 0], [1, 1]])
    assert is_subset_correct(scores, y).tolist() == [True, False, True, False]


class TestTargetsWithUnits:
    """Targets that are trained in other units; the objective is the formula in these units."""

    UNITS = TargetUnits(np.array([3.0, -40.0]), *np.array([[0.5, 20.0]] * 2))

    def make_problem(self, loss, penalty):
        rng = np.random.RandomState(0)
        data = make_data()._replace(y=rng.standard_normal((N_SAMPLES, 2)))
        moments = Moments(N_FEATURES).updated(data, count=N_SAMPLES)
        standardization = moments.standardization(data.dtype, ridge=0.3)
        network = Network([Affine(2)], N_FEATURES)
        factors = network.weight_factors(standardization.scale)
        objective = Objective(
            network, loss, lambda scores, y: np.zeros(len(y)), penalty, ALPHA, factors, self.UNITS
        )
        theta = np.random.RandomState(1).standard_normal(network.layout.size)
        return Problem(objective, theta, data, standardization)

    @every_penalty
    @pytest.mark.parametrize(
        ("loss", "loops", "unit"),
        [
            (SquaredError(), reference.squared_error, (0.25 + 400) / 2),
            (AbsoluteError(), reference.absolute_error, (0.5 + 20) / 2),
        ],
        ids=lambda value: getattr(value, "__name__", str(value)),
    )
    def test_is_the_plain_formula(self, loss, loops, unit, penalty):
        """Of targets and predictions in their units, times the mean unit."""
        problem = self.make_problem(loss, PENALTIES[penalty][0])
        views = problem.objective.network.layout.views(problem.theta.copy())
        problem.fold(views)
        data, (layer,) = problem.data, views
        predictions = reference.affine(data.X, layer.W, layer.b)
        y, w = data.targets(data.rows)
        given = y * self.UNITS.scale + self.UNITS.mean  # the targets in the unit of the data
        expected = sum(
            loops(predictions[:, [k]] / scale, given[:, [k]] / scale, w)[0]
            for k, scale in enumerate(self.UNITS.scale)
        )
        weights = (layer.W / self.UNITS.scale).ravel()
        expected = unit * (expected + ALPHA * PENALTIES[penalty][1](weights)[0])
        np.testing.assert_allclose(evaluate(problem, problem.theta), expected, rtol=1e-12)
        (epoch,) = run(problem, SGD(), 1e-300, 1, batch_size=16)
        np.testing.assert_allclose(epoch.loss, expected, rtol=1e-12)
        problem.unfold(views)
        again = np.concatenate([layer.W.ravel(), layer.b])
        np.testing.assert_allclose(again, problem.theta, rtol=1e-11, atol=1e-12)

    def test_without_units_the_unit_is_one(self):
        objective = make_problem().objective
        assert objective.in_data_units(3.0) == 3.0
        assert objective.in_training_units(3.0) == 3.0

    def test_values_of_each_unit(self):
        objective = self.make_problem(SquaredError(), None).objective
        unit = (0.25 + 400) / 2
        np.testing.assert_allclose(objective.in_data_units(3.0), 3 * unit, rtol=1e-15)
        np.testing.assert_allclose(objective.in_training_units(3 * unit), 3, rtol=1e-15)


def test_evaluate_works_in_blocks():
    data = make_data(2500)
    problem = make_problem(data=data, standardized=True)
    layer = on_the_data(problem, problem.theta)
    expected, _, _ = plain("cross-entropy", "l2", data, layer.W, layer.b)
    np.testing.assert_allclose(evaluate(problem, problem.theta), expected, rtol=1e-12)


class TestEpochs:
    def test_what_an_epoch_tells(self):
        problem = make_problem()
        before, rate = problem.theta.copy(), 0.05
        expected = evaluate(problem, before), score(problem, before)
        (epoch,) = run(problem, SGD(), rate, 1)
        np.testing.assert_allclose((epoch.loss, epoch.score), expected)
        assert epoch.learning_rate == rate
        assert epoch.step_losses == [epoch.loss]
        step = np.linalg.norm(problem.theta - before)
        np.testing.assert_allclose(epoch.update_ratio, step / np.linalg.norm(problem.theta))

    def test_mini_batches_are_weighted_by_their_size(self):
        """Without steps, any batches add up to the objective on all data."""
        problem = make_problem("weston-watkins", "elastic net")
        expected = (
            evaluate(problem, problem.theta),
            score(problem, problem.theta),
        )
        for batch_size in (1, 7, 16):
            (epoch,) = run(problem, SGD(), 1e-300, 1, batch_size)
            np.testing.assert_allclose((epoch.loss, epoch.score), expected)
            sizes = [min(batch_size, N_SAMPLES - k) for k in range(0, N_SAMPLES, batch_size)]
            np.testing.assert_allclose(np.average(epoch.step_losses, weights=sizes), epoch.loss)

    def test_every_epoch_draws_a_new_order_of_all_samples(self):
        seen = []

        class Record(Objective):
            def data_loss(self, theta, x, y, w, gradient, rng=None):
                seen.extend(x[:, 0])
                gradient[:] = 0
                return 0.0, np.zeros(len(x))

        problem = make_problem()
        vanishing = Record(problem.objective.network, CrossEntropy(), None, None, 0.0, [{}])
        problem = problem._replace(objective=vanishing)
        run(problem, SGD(), 0.1, 3, batch_size=7, shuffle=True)
        orders = np.reshape(seen, (3, N_SAMPLES))
        for order in orders:
            np.testing.assert_array_equal(np.sort(order), np.sort(problem.data.X[:, 0]))
        assert not np.array_equal(orders[0], orders[1])
        seen.clear()
        run(problem, SGD(), 0.1, 1, batch_size=7, shuffle=False)
        np.testing.assert_array_equal(seen, problem.data.X[:, 0])

    @pytest.mark.parametrize(
        "optimizer", [Momentum(), Adam()], ids=lambda value: getattr(value, "__name__", str(value))
    )
    def test_goes_on_from_a_state(self, optimizer):
        through, in_parts = make_problem(), make_problem()
        rate = InverseTimeDecay(0.05)
        whole = run(through, optimizer, rate, 4, batch_size=16)
        state = start_states(in_parts.objective, in_parts.theta, optimizer)
        parts = [
            run(in_parts, optimizer, rate, 1, batch_size=16, state=state, first=first)[0]
            for first in range(4)
        ]
        assert parts == whole
        np.testing.assert_array_equal(in_parts.theta, through.theta)

    def test_schedule(self):
        rate = InverseTimeDecay(0.1)
        told = [epoch.learning_rate for epoch in run(make_problem(), SGD(), rate, 3, 20)]
        expected = [np.mean([0.1 / (1 + t), 0.1 / (1.5 + t)]) for t in range(3)]
        np.testing.assert_allclose(told, expected)

    def test_schedule_sees_the_losses(self):
        losses, rates = [], []
        schedule = Plateau(0.01, patience=1)

        def rates_of_steps(epoch, n_steps):
            return schedule.rates(epoch, 10, n_steps, losses)

        run_ = epochs(
            make_problem(), SGD(), rates_of_steps, batch_size=N_SAMPLES, shuffle=False, rng=None
        )
        for loss in (3.0, 3.0, 1.0, 1.0, 1.0):
            rates.append(next(run_).learning_rate)
            losses.append(loss)
        np.testing.assert_allclose(rates, [0.01, 0.01, 0.005, 0.005, 0.0025])

    def test_average_is_told_after_each_step(self):
        class Witness:
            steps = []

            def update(self, theta):
                self.steps.append(theta.copy())

        problem, witness = make_problem(), Witness()
        run(problem, SGD(), 0.1, 2, batch_size=16, average=witness)
        assert len(witness.steps) == 6
        np.testing.assert_array_equal(witness.steps[-1], problem.theta)

    @pytest.mark.parametrize(("rate", "name"), [(50.0, "50"), (1e308, r"1e\+308")])
    def test_divergence_names_the_rate(self, rate, name):
        message = rf"diverged in epoch \d+: .* Lower learning_rate, which is {name} now"
        with pytest.raises(FloatingPointError, match=message):
            run(make_problem("squared weston-watkins"), SGD(), rate, 500)

    def test_divergence_in_the_last_step_of_an_epoch(self):
        with pytest.raises(FloatingPointError, match="diverged in epoch 1"):
            run(make_problem(), SGD(), 1e308, 1)


STEPPING = [
    SGD(),
    Momentum(nesterov=True),
    Adagrad(),
    RMSProp(),
    Adam(),
    Adam(weight_decay=0.1),
]


def deep_problem(penalty="elastic net", n_threads=None, max_norm=None):
    """Two hidden layers, batch normalization, inputs in another unit; no rows of equal size."""
    rng = np.random.RandomState(0)
    layers = [Affine(7, He(), max_norm), BatchNorm(), ReLU(), Affine(6, He()), Affine(N_CLASSES)]
    network = Network(layers, N_FEATURES)
    factors = network.weight_factors(1 / rng.uniform(0.5, 2, N_FEATURES))
    team = None if n_threads is None else Team(n_threads)
    objective = Objective(
        network, CrossEntropy(), is_correct, PENALTIES[penalty][0], ALPHA, factors, team=team
    )
    theta = rng.uniform(0.5, 1.5, network.layout.size) * rng.choice([-1, 1], network.layout.size)
    for view in network.layout.views(theta)[1:2]:
        view.variance[...] = np.abs(view.variance)
    return Problem(objective, theta, make_data(), Standardization())


class TestBlocks:
    @pytest.mark.parametrize("block_size", [1, 4, 10, 2**16])
    @pytest.mark.parametrize("n_threads", [None, 1, 2, 3])
    def test_cover_all_but_the_statistics_once(self, monkeypatch, block_size, n_threads):
        monkeypatch.setattr(objective_module, "BLOCK_SIZE", block_size)
        problem = deep_problem(n_threads=n_threads)
        seen, gradient = np.zeros_like(problem.theta), np.zeros_like(problem.theta)
        blocks = problem.objective.blocks(seen, gradient)
        for k, block in enumerate(blocks, start=1):
            assert block.theta.shape == block.gradient.shape
            assert block.theta.flags.c_contiguous
            block.theta[...] += k
            block.gradient[...] += k
        np.testing.assert_array_equal(gradient, seen)
        assert set(seen) == set(range(len(blocks) + 1))
        views = problem.objective.network.layout.views(seen)
        for layer, view in zip(problem.objective.network.layers, views, strict=True):
            for name, array in vars(view).items():
                assert array.all() == (name not in layer.statistics)
                assert array.any() == (name not in layer.statistics)
        if block_size == 2**16:
            assert len(blocks) == 8  # two arrays of each of four layers

    @pytest.mark.parametrize("block_size", [1, 4, 10, 12])
    def test_are_cut_by_shapes_alone(self, monkeypatch, block_size):
        monkeypatch.setattr(objective_module, "BLOCK_SIZE", block_size)
        cuts = []
        for n_threads in (None, 1, 2, 3, 5):
            problem = deep_problem(n_threads=n_threads)
            blocks = problem.objective.blocks(problem.theta, problem.theta)
            cuts.append([block.theta.shape for block in blocks])
        assert all(cut == cuts[0] for cut in cuts)

    def test_are_no_larger_than_they_should(self, monkeypatch):
        monkeypatch.setattr(objective_module, "BLOCK_SIZE", 12)
        problem = deep_problem()
        for block in problem.objective.blocks(problem.theta, problem.theta):
            assert block.theta.size <= 12 + block.theta[0].size - 1

    @every_penalty
    @pytest.mark.parametrize("block_size", [1, 10, 2**16])
    @pytest.mark.parametrize("n_threads", [None, 2])
    def test_penalty(self, monkeypatch, penalty, block_size, n_threads):
        monkeypatch.setattr(objective_module, "BLOCK_SIZE", block_size)
        problem = deep_problem(penalty, n_threads)
        objective, theta = problem.objective, problem.theta
        expected, expected_gradient = 0.0, np.ones_like(theta)
        layout = objective.network.layout
        for p, g, factors in zip(
            layout.views(theta), layout.views(expected_gradient), objective.factors, strict=True
        ):
            for name, factor in factors.items():
                factor = factor * np.ones_like(getattr(p, name))
                value, slope = PENALTIES[penalty][1]((factor * getattr(p, name)).ravel())
                expected += ALPHA * value
                getattr(g, name)[...] += ALPHA * factor * slope.reshape(factor.shape)
        gradient, before = np.ones_like(theta), theta.copy()
        np.testing.assert_allclose(objective.penalty_value(theta), expected, rtol=1e-13)
        np.testing.assert_allclose(objective.add_penalties(theta, gradient), expected, rtol=1e-13)
        np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-13)
        np.testing.assert_array_equal(theta, before)


class TestBlockwiseOptimizer:
    @pytest.mark.parametrize("block_size", [1, 10, 2**16])
    @pytest.mark.parametrize("n_threads", [None, 1, 2, 3])
    @pytest.mark.parametrize(
        "optimizer", STEPPING, ids=lambda value: getattr(value, "__name__", str(value))
    )
    def test_is_the_formula_on_the_whole_vector(
        self, monkeypatch, optimizer, n_threads, block_size
    ):
        for module in (objective_module, steps_module):
            monkeypatch.setattr(module, "BLOCK_SIZE", block_size)
        problem = deep_problem(n_threads=n_threads)
        objective, theta = problem.objective, problem.theta
        layout = objective.network.layout
        penalized = np.zeros(layout.size, bool)
        trained = np.ones(layout.size, bool)
        for layer, view, still in zip(
            objective.network.layers, layout.views(penalized), layout.views(trained), strict=True
        ):
            for name in layer.weights:
                getattr(view, name)[...] = True
            for name in layer.statistics:
                getattr(still, name)[...] = False

        expected, gradient = theta.copy(), np.zeros_like(theta)
        state = optimizer.start(expected, decayed=penalized)
        steps = BlockwiseOptimizer(objective, theta, gradient, optimizer)
        rng = np.random.RandomState(3)
        for rate in (0.1, 0.05, 0.2):
            of_data = rng.standard_normal(layout.size)
            plain = of_data.copy()
            value = objective.add_penalties(expected, plain)
            direction = optimizer.direction(plain, state, expected)
            update = np.where(trained, rate * direction, 0)
            expected -= update
            gradient[...] = of_data
            np.testing.assert_allclose(steps.step(rate), value, rtol=1e-13)
            np.testing.assert_array_equal(theta, expected)
            np.testing.assert_array_equal(gradient[trained], update[trained])
            length = np.linalg.norm(theta[trained])
            np.testing.assert_allclose(
                steps.lengths(), (length, np.linalg.norm(update) / length), rtol=1e-12
            )
        if n_threads is not None:
            objective.team.__exit__()

    def test_of_nothing_but_zeros(self):
        problem = make_problem("weston-watkins", "none")
        problem.theta[...] = 0
        steps = BlockwiseOptimizer(
            problem.objective, problem.theta, np.zeros_like(problem.theta), SGD()
        )
        assert steps.step(0.1) == 0
        assert steps.lengths() == (0, 0)

    def test_one_state_for_each_block(self, monkeypatch):
        monkeypatch.setattr(objective_module, "BLOCK_SIZE", 10)
        problem = deep_problem()
        states = start_states(problem.objective, problem.theta, Adam(weight_decay=0.1))
        blocks = problem.objective.blocks(problem.theta, problem.theta)
        assert [state.sums.shape for state in states] == [block.theta.shape for block in blocks]
        assert [state.decayed for state in states] == [bool(np.any(b.factor)) for b in blocks]
        assert {state.decayed for state in states} == {True, False}

    def test_max_norm_holds_after_each_step(self):
        problem = deep_problem(max_norm=3.2)
        layout, factors = problem.objective.network.layout, problem.objective.factors
        gradient = np.zeros_like(problem.theta)
        free = deep_problem()
        steps, free_steps = (
            BlockwiseOptimizer(p.objective, p.theta, gradient.copy(), SGD())
            for p in (problem, free)
        )
        assert steps.step(0.01) == free_steps.step(0.01)
        (first, *others), (free_first, *free_others) = (
            layout.views(theta) for theta in (problem.theta, free.theta)
        )
        length = np.linalg.norm(free_first.W * factors[0]["W"], axis=0)
        assert (length > 3.2).any()
        assert (length < 3.2).any()
        expected = free_first.W * np.minimum(1, 3.2 / length)
        np.testing.assert_allclose(first.W, expected, rtol=1e-14)
        np.testing.assert_array_equal(first.b, free_first.b)
        for view, free_view in zip(others, free_others, strict=True):
            for name, array in vars(view).items():
                np.testing.assert_array_equal(array, getattr(free_view, name))

    def test_the_average_sees_what_max_norm_left(self):
        class Witness:
            def update(self, theta):
                self.theta = theta.copy()

        problem, witness = deep_problem(max_norm=0.5), Witness()
        run(problem, SGD(), 0.01, 1, batch_size=16, average=witness)
        np.testing.assert_array_equal(witness.theta, problem.theta)

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_any_number_of_threads_gives_the_same_weights(self, dtype):
        """Large enough for threads both in the products and in the steps."""
        rng = np.random.RandomState(0)
        X = rng.standard_normal((500, 256)).astype(dtype)
        y = rng.randint(10, size=500)
        data = Data(X, y, rng.uniform(0.5, 1, 500), np.arange(500), np.dtype(dtype)).normalized()
        layers = [Affine(640, He(), 1.3), BatchNorm(), ReLU(), Dropout(0.3), Affine(10, He())]
        network = Network(layers, 256)
        assert network.layout.size > steps_module.BLOCK_SIZE
        results = []
        for n_threads in (None, 1, 2, 3, 5):
            team = None if n_threads is None else Team(n_threads)
            objective = Objective(
                network,
                CrossEntropy(),
                is_correct,
                L2(),
                1e-3,
                network.weight_factors(),
                team=team,
            )
            theta = network.initialize(np.random.RandomState(1), np.dtype(dtype))
            problem = Problem(objective, theta, data, Standardization())
            with one_blas_thread():
                (*_, last) = run(problem, Adam(), 0.01, 2, batch_size=200, shuffle=True)
            if team is not None:
                assert len(team._threads) == n_threads - 1
                team.__exit__()
            results.append((theta, last))
        assert results[0][0].dtype == dtype
        for theta, last in results[1:]:
            np.testing.assert_array_equal(theta, results[0][0])
            assert last == results[0][1]


class TestLBFGS:
    def minimum(self, loss, penalty, data):
        def value_and_gradient(vector):
            W, b = vector[:-N_CLASSES].reshape(N_FEATURES, N_CLASSES), vector[-N_CLASSES:]
            value, dW, db = plain(loss, penalty, data, W, b)
            return value, np.concatenate([dW.ravel(), db])

        start = np.zeros((N_FEATURES + 1) * N_CLASSES)
        options = {"gtol": 1e-9, "ftol": 0, "maxiter": 1000}
        return minimize(value_and_gradient, start, jac=True, method="L-BFGS-B", options=options)

    @standardized_or_not
    @pytest.mark.parametrize(
        "loss", ["cross-entropy", "squared weston-watkins", "squared one-vs-rest"]
    )
    def test_finds_the_minimum_of_the_plain_formula(self, loss, standardized):
        problem = make_problem(loss, standardized=standardized)
        seen = []
        assert lbfgs(problem, LBFGS(), 1000, 1e-9, seen.append) is None
        expected = self.minimum(loss, "l2", problem.data)
        layer = on_the_data(problem, problem.theta)
        np.testing.assert_allclose(seen[-1].loss, expected.fun, rtol=1e-12)
        np.testing.assert_allclose(layer.W.ravel(), expected.x[:-N_CLASSES], atol=1e-6)
        b, expected_b = layer.b, expected.x[-N_CLASSES:]
        if loss != "squared one-vs-rest":  # a constant added to all intercepts changes nothing
            b, expected_b = b - b.mean(), expected_b - expected_b.mean()
        np.testing.assert_allclose(b, expected_b, atol=1e-6)

    def test_epochs_belong_to_the_parameters(self):
        problem = make_problem(standardized=True)
        iterations = []

        def check(epoch):
            expected = evaluate(problem, problem.theta)
            np.testing.assert_allclose(epoch.loss, expected)
            np.testing.assert_allclose(epoch.score, score(problem, problem.theta))
            assert epoch.step_losses == [epoch.loss]
            iterations.append(epoch.loss)

        assert lbfgs(problem, LBFGS(), 1000, 1e-6, check) is None
        assert iterations == sorted(iterations, reverse=True)

    def test_says_when_the_iterations_do_not_suffice(self):
        seen = []
        assert "ITERATIONS" in lbfgs(make_problem(), LBFGS(), 3, 1e-12, seen.append)
        assert len(seen) == 3

    def test_stops_when_told(self):
        seen = []

        def stop_after_two(epoch):
            seen.append(epoch)
            return len(seen) == 2

        assert lbfgs(make_problem(), LBFGS(), 1000, 1e-12, stop_after_two) is None
        assert len(seen) == 2

    def test_works_in_blocks_of_rows(self):
        many = make_data(2500)
        problem = make_problem(data=many)
        lbfgs(problem, LBFGS(), 1000, 1e-9, lambda epoch: False)
        layer = on_the_data(problem, problem.theta)
        _, dW, db = plain("cross-entropy", "l2", many, layer.W, layer.b)
        assert max(np.abs(dW).max(), np.abs(db).max()) < 1e-8


class TestAverage:
    def test_of_a_constant(self):
        average = Average(np.zeros(2), span=10)
        for _ in range(3):
            average.update(np.array([2.0, -1.0]))
            np.testing.assert_allclose(average.value, [2, -1], rtol=1e-14)

    def test_weights_fall_geometrically(self):
        average = Average(np.full(1, 99.0), span=4)
        for theta in (1.0, 2.0, 3.0):
            average.update(np.array([theta]))
        expected = np.average([1, 2, 3], weights=[0.75**2, 0.75, 1])
        np.testing.assert_allclose(average.value, [expected])

    @pytest.mark.parametrize("span", [0, 0.5, 1])
    def test_of_a_short_span_is_the_last(self, span):
        average = Average(np.zeros(1), span)
        for theta in (1.0, 5.0):
            average.update(np.array([theta]))
        np.testing.assert_array_equal(average.value, [5])

    def test_keeps_float32(self):
        average = Average(np.zeros(2, np.float32), span=10)
        average.update(np.ones(2, np.float32))
        assert average.value.dtype == np.float32
