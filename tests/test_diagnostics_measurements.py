"""Activations, update ratios and loss landscapes against their definitions."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from sk231n import KNNClassifier, LinearSVM, MLPClassifier, MLPRegressor, SoftmaxClassifier
from sk231n.diagnostics import (
    UpdateRatios,
    activation_statistics,
    loss_landscape,
    update_ratios,
)

RNG = np.random.RandomState(0)
X = RNG.standard_normal((60, 5)) * [1, 5, 0.1, 20, 3] + [0, 3, 0, 50, 0]
Y = np.arange(60) % 3
TARGETS = 50 * RNG.standard_normal((60, 2)) + 300


def sizes_of(result):
    return [(row.layer, row.activation, row.width) for row in result.layers]


class TestActivationStatistics:
    def test_of_a_fitted_network(self):
        network = MLPClassifier((7, 4), ["relu", "tanh"], random_state=0, max_iter=3).fit(X, Y)
        result = activation_statistics(network, X)
        assert sizes_of(result) == [(1, "relu", 7), (2, "tanh", 4)]
        for row, got, a in zip(
            result.layers, result.activations, network.hidden_activations(X), strict=True
        ):
            np.testing.assert_array_equal(got, a)
            assert row.mean == pytest.approx(a.mean())
            assert row.std == pytest.approx(a.std())

    def test_dead_units(self):
        """Two of five units are pushed below zero for all samples; tanh is never dead."""
        for activation, dead in (("relu", 0.4), ("tanh", 0.0), ("leaky_relu", 0.0)):
            network = MLPClassifier((5,), activation, random_state=0, max_iter=1).fit(X, Y)
            network.intercepts_[0][[1, 3]] = -1e6
            (row,) = activation_statistics(network, X).layers
            assert row.dead == dead

    def test_arguments_that_are_set_after_fit_are_for_the_next(self):
        network = MLPClassifier((5,), "tanh", max_iter=1).fit(X, Y)
        before = activation_statistics(network, X)
        after = activation_statistics(network.set_params(activation="relu"), X)
        assert sizes_of(after) == sizes_of(before) == [(1, "tanh", 5)]

    @pytest.mark.parametrize(("activation", "limit"), [("tanh", 1.0), ("logistic", 0.5)])
    def test_saturated_units(self, activation, limit):
        """The share within 2.5 % of the range of either end."""
        network = MLPClassifier((2,), activation, max_iter=1, learning_rate=1e-9, random_state=0)
        network.fit(X, Y)
        network.coefs_[0] = np.zeros((5, 2))
        middle = (1 - limit) / 2 + 0.5 - 0.5 * (activation == "tanh")
        inverse = np.arctanh if activation == "tanh" else lambda y: np.log(y / (1 - y))
        for distance, saturated in ((0.049, 0.5), (0.051, 0.0)):
            edge = {"tanh": 1 - distance, "logistic": 1 - distance / 2}[activation]
            network.intercepts_[0] = np.array([0.0, inverse(edge)])
            (row,) = activation_statistics(network, X).layers
            assert row.saturated == saturated, middle
            network.intercepts_[0] *= -1
            (row,) = activation_statistics(network, X).layers
            assert row.saturated == saturated

    @pytest.mark.parametrize("activation", ["relu", "leaky_relu", "maxout", "identity"])
    def test_without_two_limits_nothing_saturates(self, activation):
        (row,) = activation_statistics(MLPClassifier((4,), activation), X).layers
        assert np.isnan(row.saturated)

    @pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
    @pytest.mark.parametrize("learning_rate", ["auto", 1e-300])
    @pytest.mark.parametrize("normalization", [None, "layer"])
    def test_before_training_they_are_those_with_which_fit_starts(
        self, estimator, learning_rate, normalization
    ):
        network = estimator(
            (6, 4), "tanh", normalization=normalization, learning_rate=learning_rate,
            random_state=3, max_iter=1, batch_size=60, alpha=0.1,
        )  # fmt: skip
        before = activation_statistics(network, X)
        if learning_rate == "auto":
            network.set_params(learning_rate="auto", optimizer="sgd")
            network._automatic_rate = lambda problem: 1e-300  # the change of variables, but no step
        y = Y if estimator is MLPClassifier else 1e-300 * TARGETS
        after = activation_statistics(network.fit(X, y), X)
        for one, other in zip(before.activations, after.activations, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)

    def test_before_training_batch_norm_uses_the_moments_of_the_data(self):
        network = MLPClassifier((6, 4), "identity", normalization="batch", dropout=0.5)
        for row in activation_statistics(network, X).layers:
            assert row.mean == pytest.approx(0, abs=1e-12)
            assert row.std == pytest.approx(1, abs=1e-3)

    def test_small_weights_let_the_signal_vanish_and_he_keeps_it(self):
        def stds(weight_init):
            network = MLPClassifier((100,) * 6, weight_init=weight_init, random_state=0)
            return [row.std for row in activation_statistics(network, X).layers]

        vanishing, healthy = stds(0.01), stds("auto")
        assert vanishing[-1] < 1e-4 * vanishing[0]
        assert 0.3 < healthy[-1] / healthy[0] < 3

    @pytest.mark.parametrize("fitted", [False, True])
    def test_leaves_the_estimator_as_it_is(self, fitted):
        network = MLPClassifier((5,), random_state=np.random.RandomState(3), max_iter=1)
        if fitted:
            network.fit(X, Y)
        before = pickle.dumps(network)
        activation_statistics(network, X)
        assert pickle.dumps(network) == before

    def test_images_and_frames(self):
        images = RNG.randint(256, size=(9, 4, 4, 3)).astype(np.uint8)
        network = MLPClassifier((5,), random_state=0)
        one = activation_statistics(network, images)
        other = activation_statistics(network, pd.DataFrame(images.reshape(9, -1).astype(float)))
        np.testing.assert_allclose(one.activations[0], other.activations[0])

    def test_printed(self):
        network = MLPClassifier((7, 4), ["relu", "tanh"], random_state=0)
        header, *lines = str(activation_statistics(network, X)).splitlines()
        assert header.split() == ["layer", "activation", "width", "mean", "std", "dead", "units",
                                  "saturated"]  # fmt: skip
        assert [line.split()[:3] for line in lines] == [["1", "relu", "7"], ["2", "tanh", "4"]]
        assert lines[0].endswith("  -")
        assert lines[1].endswith("%")

    def test_errors(self):
        with pytest.raises(TypeError, match="SoftmaxClassifier has no hidden layers"):
            activation_statistics(SoftmaxClassifier(), X)
        with pytest.raises(TypeError, match="activation_statistics needs an estimator"):
            activation_statistics(KNNClassifier(), X)
        with pytest.raises(ValueError, match="NaN"):
            activation_statistics(MLPClassifier(), np.full((3, 2), np.nan))
        with pytest.raises(ValueError, match="hidden_layer_sizes must"):
            activation_statistics(MLPClassifier((0,)), X)
        fitted = MLPClassifier(max_iter=1).fit(X, Y)
        with pytest.raises(ValueError, match="X has 4 features"):
            activation_statistics(fitted, X[:, :4])


class TestUpdateRatios:
    @pytest.mark.parametrize(
        ("ratios", "median", "verdict"),
        [
            ([1e-3], 1e-3, "about right"), ([1e-1, 1e-3, 1e-5], 1e-3, "about right"),
            ([1e-2], 1e-2, "about right"), ([1e-4], 1e-4, "about right"),
            ([2e-2, 1e-1], 6e-2, "too high"), ([9e-5, 1e-5, 1e-2], 9e-5, "too low"),
        ],
    )  # fmt: skip
    def test_verdict(self, ratios, median, verdict):
        result = UpdateRatios(np.array(ratios))
        assert result.median == pytest.approx(median)
        assert result.verdict == verdict
        assert verdict in str(result)

    @pytest.mark.parametrize(
        ("rate", "verdict"), [(1e-4, "too low"), (0.05, "about right"), (3.0, "too high")]
    )
    def test_of_training(self, rate, verdict):
        network = MLPClassifier(
            (20,), optimizer="sgd", learning_rate=rate, max_iter=20, batch_size=20, tol=None,
            random_state=0,
        ).fit((X - X.mean(axis=0)) / X.std(axis=0), Y)  # fmt: skip
        result = update_ratios(network)
        np.testing.assert_array_equal(result.ratios, network.history_["update_ratio"])
        assert result.verdict == verdict

    def test_errors(self):
        with pytest.raises(NotFittedError):
            update_ratios(LinearSVM())
        with pytest.raises(TypeError, match="update_ratios needs an estimator"):
            update_ratios(KNNClassifier().fit(X, Y))


def objective(model, coef, intercept, X=X, y=Y, w=None):
    """The softmax classifier's objective, from its definition."""
    scores = X @ coef.T + intercept
    scores = scores - scores.max(axis=1, keepdims=True)
    losses = np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(y)), y]
    return np.average(losses, weights=w) + model.alpha / 2 * np.sum(coef**2)


@pytest.fixture(scope="module")
def softmax():
    return SoftmaxClassifier(alpha=0.01, random_state=0).fit(X, Y)


class TestLossLandscape:
    def test_shapes(self, softmax):
        two = loss_landscape(softmax, X, Y, n_points=7, random_state=0)
        assert two.losses.shape == (7, 7)
        assert two.directions.shape == (2, 18)
        one = loss_landscape(softmax, X, Y, n_directions=1, n_points=9, span=0.5, random_state=0)
        assert one.losses.shape == (9,)
        np.testing.assert_allclose(one.coordinates, [np.linspace(-0.5, 0.5, 9)])

    def test_the_middle_is_the_objective_of_the_learnt_parameters(self, softmax):
        w = RNG.uniform(0.1, 2, 60)
        for weights in (None, w):
            landscape = loss_landscape(
                softmax, X, Y, n_points=5, sample_weight=weights, random_state=0
            )
            expected = objective(softmax, softmax.coef_, softmax.intercept_, w=weights)
            assert landscape.center == pytest.approx(expected)
            assert landscape.losses[2, 2] == pytest.approx(expected)

    def test_of_the_convex_objective_is_convex_and_lowest_in_the_middle(self):
        model = SoftmaxClassifier(alpha=0.01, optimizer="lbfgs", tol=1e-9).fit(X, Y)
        losses = loss_landscape(model, X, Y, n_points=11, random_state=0).losses
        assert losses.argmin() == 60
        assert (np.diff(losses, 2, axis=0) > 0).all()
        assert (np.diff(losses, 2, axis=1) > 0).all()

    def test_at_each_point_the_objective_is_that_of_the_parameters_there(self):
        """With an explicit rate the parameters are those of the data: W row by row, then b."""
        model = SoftmaxClassifier(alpha=0.01, learning_rate=1e-3, random_state=0).fit(X, Y)
        directions = RNG.standard_normal((2, 18))
        landscape = loss_landscape(model, X, Y, directions=directions, n_points=4, span=(0.0, 0.3))
        np.testing.assert_array_equal(landscape.directions, directions)
        for i, a in enumerate(landscape.coordinates[0]):
            for j, b in enumerate(landscape.coordinates[1]):
                step = a * directions[0] + b * directions[1]
                coef = model.coef_ + step[:15].reshape(5, 3).T
                expected = objective(model, coef, model.intercept_ + step[15:])
                assert landscape.losses[i, j] == pytest.approx(expected)

    @pytest.mark.parametrize("learning_rate", ["auto", 1e-3])
    def test_the_way_to_another_estimator(self, softmax, learning_rate):
        """In a straight line, whatever the variables in which training saw the data."""
        here = SoftmaxClassifier(alpha=0.01, learning_rate=learning_rate, max_iter=3).fit(X, Y)
        way = loss_landscape(here, X, Y, directions=[softmax], n_points=5, span=(0, 1))
        for t, loss in zip(way.coordinates[0], way.losses, strict=True):
            coef = (1 - t) * here.coef_ + t * softmax.coef_
            intercept = (1 - t) * here.intercept_ + t * softmax.intercept_
            assert loss == pytest.approx(objective(here, coef, intercept), rel=1e-9)

    @pytest.mark.parametrize(
        ("estimator", "y"),
        [
            (MLPClassifier((6, 4), normalization="batch", dropout=0.3, max_iter=20), Y),
            (MLPClassifier((6,), "maxout", normalization="layer", max_iter=20, averaging="ema"), Y),
            (MLPClassifier((6,), "tanh", max_iter=20), np.eye(3, dtype=int)[Y]),
            (MLPRegressor((6,), max_iter=20), TARGETS),
            (LinearSVM(learning_rate=1e-3, class_weight={0: 1, 1: 2, 2: 3}, max_iter=20), Y),
        ],
    )
    def test_ways_of_all_estimators(self, estimator, y):
        """Both ends have the objectives of the two models, which are left unchanged."""
        here, there = (
            pickle.loads(pickle.dumps(estimator)).set_params(random_state=seed).fit(X, y)
            for seed in (0, 1)
        )
        before = pickle.dumps(here)
        way = loss_landscape(here, X, y, directions=[there], n_points=3, span=(0, 1))
        back = loss_landscape(there, X, y, directions=[here], n_points=3, span=(0, 1))
        np.testing.assert_allclose(way.losses, back.losses[::-1], rtol=1e-9)
        assert pickle.dumps(here) == before
        random = loss_landscape(here, X, y, n_points=3, random_state=0)
        assert random.losses[1, 1] == pytest.approx(way.losses[0], rel=1e-9)
        assert pickle.dumps(here) == before

    def test_random_directions_are_as_long_as_what_was_learnt(self):
        network = MLPClassifier((6, 4), learning_rate=1e-3, random_state=0, max_iter=5).fit(X, Y)
        landscape = loss_landscape(network, X, Y, n_points=2, random_state=0)
        for direction in landscape.directions:
            start = 0
            for W, b in zip(network.coefs_, network.intercepts_, strict=True):
                drawn = direction[start : start + W.size].reshape(W.shape)
                start += W.size
                np.testing.assert_allclose(
                    np.linalg.norm(drawn, axis=0), np.linalg.norm(W, axis=0), rtol=1e-9
                )
                assert not direction[start : start + b.size].any()
                start += b.size
            assert start == direction.size

    def test_the_same_every_time(self, softmax):
        losses = [
            loss_landscape(softmax, X, Y, n_points=3, random_state=seed).losses
            for seed in (0, 0, 1)
        ]
        np.testing.assert_array_equal(losses[0], losses[1])
        assert not np.array_equal(losses[0], losses[2])

    @pytest.mark.filterwarnings("error")
    def test_far_away_the_objective_may_be_infinite(self, softmax):
        losses = loss_landscape(softmax, X, Y, n_points=3, span=1e200, random_state=0).losses
        assert np.isinf(losses[0, 0])
        assert np.isfinite(losses[1, 1])

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("n_directions", 0), ("n_directions", 3), ("n_points", 1), ("n_points", 2.5),
            ("random_state", "seed"),
        ],
    )  # fmt: skip
    def test_bad_arguments(self, softmax, name, value):
        with pytest.raises(ValueError, match=f"'{name}' parameter of loss_landscape"):
            loss_landscape(softmax, X, Y, **{name: value})

    @pytest.mark.parametrize(
        "span", [0, -1, np.nan, np.inf, (1, 0), (0, 0), (1, 2, 3), "wide", None, [0, "b"]]
    )
    def test_bad_span(self, softmax, span):
        with pytest.raises(ValueError, match="span must be a number > 0, or two numbers"):
            loss_landscape(softmax, X, Y, span=span)

    @pytest.mark.parametrize("directions", [[], [1, 2, 3], 5, "random", np.ones(18)])
    def test_bad_number_of_directions(self, softmax, directions):
        with pytest.raises(ValueError, match="directions must be a list of one or two"):
            loss_landscape(softmax, X, Y, directions=directions)

    @pytest.mark.parametrize(
        "direction", [np.ones(17), np.full(18, np.nan), "up", None, np.ones((6, 3))]
    )
    def test_bad_directions(self, softmax, direction):
        with pytest.raises(ValueError, match=r"directions must hold finite arrays of shape \(18,"):
            loss_landscape(softmax, X, Y, directions=[direction])

    def test_estimators_that_are_no_directions(self, softmax):
        other = SoftmaxClassifier(max_iter=1).fit(X[:, :4], Y)
        with pytest.raises(ValueError, match="directions holds an estimator whose parameters"):
            loss_landscape(softmax, X, Y, directions=[other])
        with pytest.raises(NotFittedError):
            loss_landscape(softmax, X, Y, directions=[SoftmaxClassifier()])
        with pytest.raises(TypeError, match="directions needs an estimator"):
            loss_landscape(softmax, X, Y, directions=[KNNClassifier().fit(X, Y)])

    def test_estimators_that_have_no_landscape(self):
        with pytest.raises(NotFittedError):
            loss_landscape(LinearSVM(), X, Y)
        with pytest.raises(TypeError, match="loss_landscape needs an estimator"):
            loss_landscape(KNNClassifier(), X, Y)
