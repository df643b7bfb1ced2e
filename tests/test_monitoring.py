"""The history of a run, its best epoch, and when it stops."""

import numpy as np
import pytest

from sk231n.core.affine import Affine
from sk231n.core.cross_entropy import CrossEntropy
from sk231n.core.data import Data
from sk231n.core.epoch import Epoch
from sk231n.core.monitoring import History, Monitor, Patience, by_loss
from sk231n.core.network import Network
from sk231n.core.objective import Objective, is_correct
from sk231n.core.problem import Problem
from sk231n.core.standardization import Standardization
from sk231n.core.training import evaluate


class TestPatience:
    def stops_after(self, values, tol, n_epochs):
        patience = Patience(tol, n_epochs)
        for k, value in enumerate(values, start=1):
            if patience.exhausted_by(*np.atleast_1d(value)):
                return k
        return None

    def test_progress_never_tires(self):
        assert self.stops_after([5.0, 4, 3, 2, 1], tol=0.5, n_epochs=1) is None

    def test_counts_the_epochs_in_a_row_without_progress(self):
        assert self.stops_after([3.0, 3, 3, 3], tol=0.0, n_epochs=2) == 3
        assert self.stops_after([3.0, 3, 2, 2, 1, 1, 1], tol=0.0, n_epochs=2) == 7

    def test_progress_by_tol_or_less_is_none(self):
        assert self.stops_after([3.0, 2.75, 2.5], tol=0.25, n_epochs=2) == 3
        assert self.stops_after([3.0, 2.625, 2.25], tol=0.25, n_epochs=2) is None

    def test_compares_with_the_best(self):
        assert self.stops_after([1.0, 3, 2, 1.5], tol=0.0, n_epochs=3) == 4

    def test_without_tol_it_never_runs_out(self):
        assert self.stops_after([1.0] * 50, tol=None, n_epochs=1) is None

    def test_a_value_that_is_no_number_is_no_progress(self):
        assert self.stops_after([1.0, np.nan, np.nan], tol=0.0, n_epochs=2) == 3
        assert self.stops_after([(1.0, 1.0), (np.nan, 2.0), (0.5, np.nan)], 0.0, 2) is None

    def test_the_progress_of_one_of_several_is_enough(self):
        values = [(3.0, 3.0), (3.0, 2.0), (2.0, 4.0), (2.0, 1.5), (2.0, 1.5), (2.0, 1.5)]
        assert self.stops_after(values, tol=0.0, n_epochs=2) == 6


class TestHistory:
    def test_without_validation(self):
        history = History(validated=False)
        assert list(history) == ["loss", "score", "learning_rate", "update_ratio"]
        history.add(Epoch(np.float32(0.5), 0.75, 0.1, 1e-3, [0.5]))
        assert history == {
            "loss": [0.5], "score": [0.75], "learning_rate": [0.1], "update_ratio": [1e-3],
        }  # fmt: skip
        assert all(type(value) is float for (value,) in history.values())
        assert history.monitored is history["loss"]

    def test_with_validation(self):
        history = History(validated=True)
        history.add(epoch(0.5), validation_loss=0.25, validation_score=1.0)
        assert history.monitored is history["validation_loss"] == [0.25]

    def test_losses_are_taken_as_they_come(self):
        """They stay in the unit of the data, as the epochs report them."""
        history = History(validated=True)
        history.add(Epoch(30.0, 0.5, 0.1, 1e-3, [20.0, 40.0]), validation_loss=7.0)
        assert (history["loss"], history["validation_loss"]) == ([30.0], [7.0])
        assert history["score"] == [0.5]
        assert history.as_dict(steps=True)["step_loss"] == [20.0, 40.0]

    def test_steps_on_request(self):
        history = History(validated=False)
        for losses in ([3.0, 2.0], [1.0]):
            history.add(Epoch(2.0, 0.5, 0.1, 1e-3, losses))
        assert history.as_dict(steps=True)["step_loss"] == [3.0, 2.0, 1.0]
        plain = history.as_dict(steps=False)
        assert type(plain) is dict
        assert plain == history
        assert plain["loss"] is not history["loss"]

    def test_trim(self):
        history = History(validated=False)
        for losses in ([3.0, 2.0], [1.0]):
            history.add(Epoch(2.0, 0.5, 0.1, 1e-3, losses))
        history["update_ratio"].pop()
        history.trim()
        assert {len(values) for values in history.values()} == {1}
        assert history.as_dict(steps=True)["step_loss"] == [3.0, 2.0]

    def test_last_line(self):
        history = History(validated=False)
        for loss in (0.5, 0.25):
            history.add(Epoch(loss, 0.75, 0.1, 1e-3, []))
        expected = "epoch 2  loss 0.25  score 0.75  learning_rate 0.1  update_ratio 0.001"
        assert history.last_line() == expected


@pytest.fixture
def problem():
    """One feature, two classes: theta is (W_00, W_01, b_0, b_1), and W_01 > W_00 is right."""
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    data = Data(X, np.array([0, 0, 1, 1]), np.full(4, 0.25), np.arange(4), np.dtype(float))
    network = Network([Affine(2)], 1)
    objective = Objective(network, CrossEntropy(), is_correct, None, 0.0, [{}])
    return Problem(objective, np.zeros(4), data, Standardization())


def epoch(loss):
    return Epoch(loss, 0.0, 0.1, 1e-3, [loss])


def validator(problem):
    """Loss and accuracy on the training data."""

    def validate(theta):
        layer, data = problem.objective.network.layout.views(theta)[0], problem.data
        right = is_correct(data.X @ layer.W + layer.b, data.y)
        return evaluate(problem, theta), right.mean()

    return validate


class TestMonitor:
    def walk(self, monitor, weights, losses=None):
        """Let each epoch end at a weight; return what the monitor said."""
        said = []
        for weight, loss in zip(weights, losses or [1.0] * len(weights), strict=True):
            monitor.problem.theta[1] = weight
            said.append(monitor.record(epoch(loss)))
        return said

    def test_patience_watches_the_training_loss(self, problem):
        monitor = Monitor(problem, None, None, Patience(0.0, 2), keep_best=False)
        assert self.walk(monitor, [1, 1, 1, 1], [3.0, 2.0, 2.0, 2.0]) == [False] * 3 + [True]
        assert monitor.history["loss"] == [3.0, 2.0, 2.0, 2.0]
        assert monitor.best_score is None
        assert monitor.final_theta is problem.theta

    def test_validation_is_recorded(self, problem):
        monitor = Monitor(problem, validator(problem), None, Patience(None, 1), keep_best=False)
        self.walk(monitor, [-1.0, 2.0])
        loss, score = validator(problem)(problem.theta)
        assert monitor.history["validation_loss"][-1] == loss
        assert monitor.history["validation_score"] == [0.0, score] == [0.0, 1.0]
        assert monitor.best_score == 1.0

    def test_validation_alone_does_not_stop_or_choose(self, problem):
        monitor = Monitor(problem, validator(problem), None, Patience(0.0, 1), keep_best=False)
        assert self.walk(monitor, [1.0, -1.0, -1.0], [3.0, 2.0, 1.0]) == [False] * 3
        assert monitor.best_score == 1.0
        assert monitor.final_theta is problem.theta

    def test_keeps_the_best(self, problem):
        monitor = Monitor(problem, validator(problem), None, Patience(0.0, 3), keep_best=True)
        weights = [-1.0, 1.0, 2.0, 1.0, -1.0, -1.0]  # 1 and 2: of equal accuracy, not loss
        said = self.walk(monitor, weights, [6.0, 5.0, 4.0, 3.0, 2.0, 1.0])
        assert said == [False] * 5 + [True]
        np.testing.assert_array_equal(monitor.final_theta, [0, 2, 0, 0])
        np.testing.assert_array_equal(monitor.theta, [0, -1, 0, 0])
        assert monitor.best_score == 1.0

    def test_keeps_the_first_of_equals(self, problem):
        monitor = Monitor(problem, validator(problem), None, Patience(0.0, 3), keep_best=True)
        self.walk(monitor, [2.0, 2.0])
        np.testing.assert_array_equal(monitor.final_theta, [0, 2, 0, 0])

    def test_a_score_that_stands_still_is_not_the_end_while_the_loss_falls(self, problem):
        monitor = Monitor(problem, validator(problem), None, Patience(1e-4, 1), keep_best=True)
        assert self.walk(monitor, [1.0, 2.0, 3.0, 3.0]) == [False] * 3 + [True]

    def test_the_average_counts_if_there_is_one(self, problem):
        class Average:
            value = np.array([0.0, 1.0, 0.0, 0.0])

        monitor = Monitor(problem, validator(problem), Average(), Patience(None, 1), keep_best=True)
        self.walk(monitor, [-1.0])
        assert monitor.history["validation_score"] == [1.0]
        np.testing.assert_array_equal(monitor.final_theta, Average.value)

    def test_the_loss_alone(self, problem):
        """A lower loss counts more than a better score, and a worse score does not matter."""
        told = iter([(1.0, 0.9), (0.8, 0.5), (0.9, 1.0)])
        monitor = Monitor(
            problem, lambda theta: next(told), None, Patience(0.0, 5), keep_best=True, goals=by_loss
        )
        self.walk(monitor, [1.0, 2.0, 3.0])
        assert monitor.best_score == 0.5
        np.testing.assert_array_equal(monitor.final_theta, [0, 2, 0, 0])

    def test_a_score_that_is_no_number_is_the_worst(self, problem):
        told = iter([(1.0, np.nan), (2.0, -3.0), (0.5, np.nan)])
        monitor = Monitor(problem, lambda theta: next(told), None, Patience(0.0, 5), keep_best=True)
        self.walk(monitor, [1.0, 2.0, 3.0])
        assert monitor.best_score == -3.0
        np.testing.assert_array_equal(monitor.final_theta, [0, 2, 0, 0])
