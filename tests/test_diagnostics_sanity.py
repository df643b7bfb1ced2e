"""The sanity checks: sound estimators pass, faults are named, and nothing else changes."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits

from sk231n import KNNClassifier, LinearSVM, MLPClassifier, MLPRegressor, SoftmaxClassifier
from sk231n.core.objective import Objective
from sk231n.datasets import make_shapes, make_spirals
from sk231n.diagnostics import check_sanity
from sk231n.losses import (
    AbsoluteError,
    CrammerSinger,
    CrossEntropy,
    OneVsRest,
    SigmoidCrossEntropy,
    SquaredError,
    WestonWatkins,
)

X, Y = load_digits(return_X_y=True)
X, Y = X[:300], Y[:300]
DIABETES = load_diabetes(return_X_y=True)


def report(estimator, X=X, y=Y, **kwargs):
    return check_sanity(estimator, X, y, random_state=0, **kwargs)


def failed(result):
    return [check.name for check in result.checks if not check.passed]


class TestPasses:
    @pytest.mark.parametrize(
        "estimator",
        [
            SoftmaxClassifier(),
            SoftmaxClassifier(optimizer="lbfgs"),
            SoftmaxClassifier(penalty="l1", class_weight="balanced", averaging="ema"),
            SoftmaxClassifier(penalty="elasticnet", learning_rate=1e-3, max_iter=5),
            SoftmaxClassifier(alpha=1e6, early_stopping=True),
            LinearSVM(),
            LinearSVM(strategy="crammer_singer", loss="squared_hinge", margin=3),
            LinearSVM(strategy="one_vs_rest", penalty=None),
            MLPClassifier(),
            MLPClassifier((30, 30), "tanh", normalization="batch", dropout=0.5, loss="hinge"),
            MLPClassifier((30,), "maxout", normalization="layer", max_norm=0.1, weight_init=0.01),
        ],
    )
    def test_classifiers(self, estimator):
        result = report(estimator)
        assert result.passed, str(result)
        assert [check.name for check in result.checks] == [
            "first loss", "larger alpha", "20 samples memorised",
        ]  # fmt: skip
        assert not any(check.advice for check in result.checks)

    @pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
    def test_regressors(self, loss):
        X, y = DIABETES
        assert report(MLPRegressor(loss=loss), X, y).passed
        assert report(MLPRegressor(loss=loss), X, np.c_[y, 1e6 * y**2]).passed

    def test_several_labels(self):
        labels = (X[:, 20:24] > 5).astype(int)
        assert report(MLPClassifier(), y=labels).passed
        assert report(MLPClassifier(), y=csr_array(labels)).passed

    def test_images_frames_and_labels_of_any_type(self):
        shapes = make_shapes(60, image_size=12, random_state=0)
        names = np.array(shapes.target_names)[shapes.target]
        for estimator in (SoftmaxClassifier(), MLPClassifier((20,))):
            assert report(estimator, shapes.images, names).passed
            assert report(estimator, shapes.images, list(names)).passed
        assert report(LinearSVM(), pd.DataFrame(X), pd.Series(Y)).passed


class TestFirstLoss:
    @pytest.mark.parametrize(
        ("estimator", "expected"),
        [
            (SoftmaxClassifier(alpha=100), "2.303, expected 2.303 = CrossEntropy()"),
            (LinearSVM(), "9, expected 9 = WestonWatkins()"),
            (LinearSVM(margin=2, loss="squared_hinge"), "36, expected 36"),
            (LinearSVM(strategy="crammer_singer", margin=3), "3, expected 3 = CrammerSinger"),
            (LinearSVM(strategy="one_vs_rest"), "10, expected 10 = OneVsRest()"),
            (MLPClassifier((5,), dropout=0.5, normalization="batch"), "2.303, expected 2.303"),
        ],
    )
    def test_is_that_of_zero_scores(self, estimator, expected):
        first = report(estimator).checks[0]
        assert first.found.startswith(expected)
        assert "of 10 scores that are zero" in first.found

    @pytest.mark.parametrize(
        ("loss", "y"),
        [
            (CrossEntropy(), [0, 1, 2]), (CrossEntropy(0.3), [0, 1, 2]),
            (WestonWatkins(0.7), [0, 1, 2]), (WestonWatkins(0.7, 2), [0, 1, 2]),
            (CrammerSinger(0.7, 2), [0, 1, 2]), (OneVsRest(0.7, 2), [0, 1, 2]),
            (OneVsRest(), np.eye(3)), (SigmoidCrossEntropy(), np.eye(3)),
            (SigmoidCrossEntropy(0.3), np.eye(3)),
        ],
    )  # fmt: skip
    def test_the_formulas_are_those_of_the_losses(self, loss, y):
        value, _ = loss(np.zeros((3, 3)), np.array(y))
        assert loss.at_zero(3) == pytest.approx(value, rel=1e-14)
        assert isinstance(loss.at_zero(3), float)

    def test_some_depend_on_the_targets(self):
        assert SquaredError().at_zero(3) is None
        assert AbsoluteError().at_zero(3) is None
        y = np.array([1.0, 5.0, 9.0, 13.0] * 5)
        raw = report(MLPRegressor(learning_rate=0.01, loss="absolute_error"), X[:20], y)
        assert raw.checks[0].found == "7, expected 7 = AbsoluteError() of predictions that are zero"
        auto = report(MLPRegressor(loss="absolute_error"), X[:20], y)
        assert "AbsoluteError() of predictions near the mean" in auto.checks[0].found
        assert auto.checks[0].found.startswith("4")

    @pytest.mark.parametrize(
        "network",
        [
            MLPClassifier((50,), weight_init=0.5),
            MLPClassifier((50,), weight_init="he", learning_rate=1e-3),
            MLPRegressor((50,), weight_init=2.0),
        ],
    )
    def test_of_weights_that_start_too_large(self, network):
        first = report(network).checks[0]
        assert not first.passed
        assert "weight_init='auto'" in first.advice

    def test_that_is_not_finite(self):
        network = MLPClassifier((5, 5, 5), weight_init=1e150, learning_rate=0.1)
        result = report(network)
        assert failed(result) == ["first loss", "20 samples memorised"]


class TestLargerAlpha:
    def test_raises_the_loss_by_the_penalty(self):
        found = report(SoftmaxClassifier()).checks[1].found
        values = [float(part.split(" adds ")[1]) for part in found.split(", ")]
        assert values[0] == 0
        assert values[2] == pytest.approx(10 * values[1], rel=1e-3)

    def test_without_a_penalty(self):
        check = report(SoftmaxClassifier(penalty=None)).checks[1]
        assert check.passed
        assert check.found == "penalty=None, nothing to check"

    def test_finds_a_penalty_that_does_not_arrive(self, monkeypatch):
        monkeypatch.setattr(Objective, "add_penalty", lambda self, block, scratch=None: 0.0)
        result = report(LinearSVM())
        assert failed(result) == ["larger alpha"]
        assert "check_gradient" in result.checks[1].advice


class TestLearningByHeart:
    @pytest.mark.parametrize(
        ("estimator", "advice"),
        [
            (SoftmaxClassifier(learning_rate=1e-9), "a higher learning_rate"),
            (MLPClassifier((20,), "tanh", learning_rate=1e-7), "a higher learning_rate"),
            (MLPClassifier((20,), optimizer="sgd", learning_rate=20.0), "a lower learning_rate"),
            (MLPClassifier((20,), optimizer="sgd", learning_rate=1e200), "a lower learning_rate"),
            (MLPClassifier((20,) * 8, "logistic"), "fewer layers, another activation"),
        ],
    )
    def test_advice(self, estimator, advice):
        result = report(estimator)
        assert failed(result) == ["20 samples memorised"]
        assert advice in result.checks[2].advice
        assert f"        Try: {result.checks[2].advice}" in str(result)

    def test_advice_for_targets_in_units_of_their_own(self):
        result = report(MLPRegressor(learning_rate=1e-3), *DIABETES)
        assert failed(result) == ["20 samples memorised"]
        assert "targets of about zero mean and unit variance" in result.checks[2].advice

    def test_what_a_linear_classifier_cannot_learn(self):
        spirals = make_spirals(random_state=0)
        result = report(SoftmaxClassifier(), *spirals)
        assert failed(result) == ["20 samples memorised"]
        assert "an MLPClassifier, or more features" in result.checks[2].advice
        assert "2 features" in result.checks[2].advice
        assert report(MLPClassifier(), *spirals).passed

    def test_equal_samples_with_different_labels(self):
        result = report(MLPClassifier((20,)), np.zeros((20, 3)), np.arange(20) % 2)
        assert failed(result) == ["20 samples memorised"]
        assert "equal samples have different targets" in result.checks[2].advice

    @pytest.mark.parametrize(("n_samples", "number"), [(2, 2), (7, 7), (10_000, 300)])
    def test_number_of_samples(self, n_samples, number):
        check = report(MLPClassifier((50,)), n_samples=n_samples).checks[2]
        assert check.name == f"{number} samples memorised"

    def test_samples_are_drawn_evenly_from_all_classes(self):
        """They include a class with a hundredth of the samples."""
        seen = []

        class Witness(SoftmaxClassifier):
            def fit(self, X, y):
                seen.append(np.bincount(y))
                return super().fit(X, y)

        y = np.where(np.arange(300) < 3, 1, np.where(np.arange(300) < 150, 0, 2))
        report(Witness(), y=y)
        np.testing.assert_array_equal(np.sort(seen[0]), [3, 8, 9])


class TestLeavesEverythingAsItIs:
    @pytest.mark.parametrize("fitted", [False, True])
    def test_the_estimator(self, fitted):
        network = MLPClassifier((5,), max_iter=2, random_state=np.random.RandomState(3))
        if fitted:
            network.fit(X, Y)
        before = pickle.dumps(network)
        report(network)
        assert pickle.dumps(network) == before

    def test_the_data(self):
        X_before, y_before = X.copy(), Y.copy()
        report(SoftmaxClassifier())
        np.testing.assert_array_equal(X, X_before)
        np.testing.assert_array_equal(Y, y_before)

    def test_callbacks_are_not_called(self):
        class Loud:
            def setup(self, *args, **kwargs):
                raise AssertionError("called")

            teardown = on_fit_task_begin = on_fit_task_end = setup

        svm = LinearSVM().set_callbacks(Loud())
        assert report(svm).passed
        assert clone(svm)._skl_callbacks

    def test_nothing_is_printed(self, capsys):
        report(MLPClassifier((5,), verbose=1))
        assert capsys.readouterr().out == ""

    def test_the_same_every_time(self):
        assert report(MLPClassifier((5,))) == report(MLPClassifier((5,)))


class TestReport:
    def test_printed(self):
        assert str(report(SoftmaxClassifier())).splitlines()[:2] == [
            "Sanity check of SoftmaxClassifier: passed",
            "[ok]    first loss: 2.303, expected 2.303 = CrossEntropy() of 10 scores that are zero",
        ]
        lines = str(report(SoftmaxClassifier(learning_rate=1e-9))).splitlines()
        assert lines[0] == "Sanity check of SoftmaxClassifier: FAILED"
        assert lines[3].startswith("[WRONG] 20 samples memorised: accuracy 0.")
        assert lines[4].startswith("        Try: ")


class TestErrors:
    def test_other_estimators(self):
        with pytest.raises(TypeError, match=r"check_sanity needs an estimator.*KNNClassifier"):
            check_sanity(KNNClassifier(), X, Y)

    @pytest.mark.parametrize(
        ("name", "value"), [("n_samples", 1), ("n_samples", 2.5), ("random_state", "seed")]
    )
    def test_arguments(self, name, value):
        with pytest.raises(ValueError, match=f"'{name}' parameter of check_sanity"):
            check_sanity(LinearSVM(), X, Y, **{name: value})

    def test_of_the_estimator(self):
        with pytest.raises(ValueError, match="'margin' parameter of LinearSVM"):
            check_sanity(LinearSVM(margin=0), X, Y)

    def test_data(self):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            check_sanity(LinearSVM(), X, Y[:3])
        with pytest.raises(ValueError, match="at least 2 classes"):
            check_sanity(LinearSVM(), X, np.zeros(300))
