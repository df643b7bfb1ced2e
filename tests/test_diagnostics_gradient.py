"""The gradient check: sound gradients pass, kinks are counted, the estimator stays as it is."""

import pickle
from itertools import cycle, islice, product

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk231n import KNNClassifier, LinearSVM, MLPClassifier, MLPRegressor, SoftmaxClassifier
from sk231n.core.activations import ACTIVATIONS
from sk231n.diagnostics import check_gradient, numerical_gradient
from sk231n.losses import CrammerSinger, CrossEntropy, OneVsRest, WestonWatkins

PENALTIES = ["l1", "l2", "elasticnet", None]
NORMALIZATIONS = [None, "batch", "layer"]
RNG = np.random.RandomState(0)
X = RNG.standard_normal((15, 6)) * RNG.uniform(0.1, 30, 6) + RNG.uniform(-9, 9, 6)
Y = np.arange(15) % 3
TARGETS = 100 * RNG.standard_normal((15, 2)) + 500
LABELS = RNG.randint(2, size=(15, 3))
W = RNG.uniform(0.1, 2, 15)


def assert_passes(estimator, y=Y, X=X, **kwargs):
    result = check_gradient(estimator, X, y, random_state=0, n_checks=6, **kwargs)
    assert result.max_relative_error < 1e-7, str(result)
    assert result.passed
    return result


every_penalty = pytest.mark.parametrize("penalty", PENALTIES)
every_normalization = pytest.mark.parametrize("normalization", NORMALIZATIONS)
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)


@every_penalty
@pytest.mark.parametrize("learning_rate", ["auto", 0.01])
class TestLinearClassifiers:
    def test_softmax(self, penalty, learning_rate):
        model = SoftmaxClassifier(penalty=penalty, learning_rate=learning_rate, alpha=0.1)
        assert_passes(model)

    def test_svm(self, penalty, learning_rate):
        for loss, strategy in product(
            ["hinge", "squared_hinge"], ["weston_watkins", "crammer_singer", "one_vs_rest"]
        ):
            svm = LinearSVM(loss=loss, strategy=strategy, alpha=0.1, margin=0.7)
            assert_passes(svm.set_params(penalty=penalty, learning_rate=learning_rate))


def turns(activation, normalization):
    """Penalties in turns, beginning with another one for each activation and normalization."""
    first = list(ACTIVATIONS).index(activation) + NORMALIZATIONS.index(normalization)
    return islice(cycle(PENALTIES), first, None)


@every_normalization
@every_activation
class TestNetworks:
    """Every loss; penalties take turns, such that each pair of arguments is met.

    Half of the penalties come with dropout.
    """

    def test_classifier(self, activation, normalization):
        losses = [
            "cross_entropy", CrossEntropy(0.2), "hinge", "squared_hinge", CrammerSinger(),
            OneVsRest(power=2), WestonWatkins(margin=2, power=2),
        ]  # fmt: skip
        for loss, penalty in zip(losses, turns(activation, normalization), strict=False):
            network = MLPClassifier(
                (5, 4), activation, normalization=normalization, loss=loss, penalty=penalty,
                alpha=0.1, dropout=0.3 if penalty in ("l2", None) else 0.0,
            )  # fmt: skip
            assert_passes(network)

    def test_several_labels(self, activation, normalization):
        for penalty, loss in zip(PENALTIES, ["cross_entropy", CrossEntropy(0.1)] * 2, strict=True):
            network = MLPClassifier((5,), activation, normalization=normalization, loss=loss)
            assert_passes(network.set_params(penalty=penalty, dropout=0.2), LABELS)

    def test_regressor(self, activation, normalization):
        losses = ["squared_error", "absolute_error"] * 2
        for loss, penalty in zip(losses, turns(activation, normalization), strict=False):
            network = MLPRegressor(
                (5, 4), activation, normalization=normalization, loss=loss, penalty=penalty,
                alpha=0.1, dropout=0.3 if penalty in ("l2", None) else 0.0,
            )  # fmt: skip
            assert_passes(network, TARGETS)


FITTED = {
    "softmax": (SoftmaxClassifier(max_iter=3), Y),
    "svm with a rate": (LinearSVM(learning_rate=1e-4, max_iter=3), Y),
    "l-bfgs": (SoftmaxClassifier(optimizer="lbfgs", alpha=0.1), Y),
    "batch norm and dropout": (
        MLPClassifier((5, 4), normalization="batch", dropout=0.2, max_iter=3, averaging="ema"), Y,
    ),
    "layer norm": (MLPClassifier((5,), "maxout", normalization="layer", max_iter=3), Y),
    "labels": (MLPClassifier((5,), "tanh", max_iter=3), LABELS),
    "regressor": (MLPRegressor((5,), normalization="batch", max_iter=3), TARGETS),
    "regressor with a rate": (
        MLPRegressor((5,), loss="absolute_error", max_iter=3, learning_rate=1e-4), TARGETS[:, 0],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("estimator", "y"), FITTED.values(), ids=FITTED)
class TestEveryState:
    @pytest.mark.parametrize("state", ["unfitted", "fitted", "partly fitted"])
    def test_passes_and_leaves_everything_as_it_is(self, estimator, y, state):
        estimator = pickle.loads(pickle.dumps(estimator))
        estimator.set_params(random_state=np.random.RandomState(5))
        if state == "fitted":
            estimator.fit(X, y)
        elif state == "partly fitted":
            if not hasattr(estimator, "partial_fit"):
                estimator.set_params(optimizer="adam", averaging=None)
            classes = {} if isinstance(estimator, MLPRegressor) else {"classes": np.arange(3)}
            estimator.partial_fit(X, y, **classes)
        X_before, y_before, before = X.copy(), y.copy(), pickle.dumps(estimator)
        global_state = np.random.get_state()[1].copy()
        assert_passes(estimator, y, sample_weight=W)
        assert pickle.dumps(estimator) == before
        np.testing.assert_array_equal(X, X_before)
        np.testing.assert_array_equal(y, y_before)
        np.testing.assert_array_equal(np.random.get_state()[1], global_state)

    def test_float32_parameters_are_checked_in_float64(self, estimator, y):
        estimator = pickle.loads(pickle.dumps(estimator)).fit(X.astype(np.float32), y)
        assert_passes(estimator, y, X.astype(np.float32))


def test_a_fitted_estimator_is_checked_where_it_is():
    """The value that is compared is the objective at the learnt parameters."""
    model = SoftmaxClassifier(alpha=0.1, random_state=0).fit(X, Y)
    data, penalty = check_gradient(model, X, Y).table[:2]
    loss = -model.predict_log_proba(X)[np.arange(15), Y].mean()
    assert (data.part, penalty.part) == ("data", "penalty")
    assert data.numerical == pytest.approx(loss)
    assert penalty.numerical == pytest.approx(0.05 * np.sum(model.coef_**2))


def test_images_bytes_frames_and_labels_of_any_type():
    images = RNG.randint(256, size=(12, 4, 4, 3)).astype(np.uint8)
    names = np.array(["cat", "dog", "ship"])[np.arange(12) % 3]
    for estimator in (SoftmaxClassifier(), SoftmaxClassifier(learning_rate=1e-6),
                      MLPClassifier((5,)), MLPClassifier((5,), learning_rate=1e-6)):  # fmt: skip
        assert_passes(estimator, names, images)
    assert_passes(LinearSVM(), pd.Series(Y), pd.DataFrame(X))


class TestWeights:
    def test_a_sample_of_weight_two_is_two_samples(self):
        twice = np.r_[:15, :5]
        weights = np.where(np.arange(15) < 5, 2.0, 1.0)
        network = MLPClassifier((5,), normalization="batch")
        tables = [
            check_gradient(network, X, Y, sample_weight=weights, random_state=0).table,
            check_gradient(network, X[twice], Y[twice], random_state=0).table,
        ]
        for one, other in zip(*tables, strict=True):
            if one.parameter == "value":
                assert one.numerical == pytest.approx(other.numerical)

    def test_samples_of_weight_zero_and_class_weights(self):
        weights = np.where(np.arange(15) < 9, 1.0, 0.0)
        strange = np.where(weights > 0, Y, 77)
        model = SoftmaxClassifier(class_weight={0: 1, 1: 2, 2: 0.5})
        assert_passes(model, strange, sample_weight=weights)
        assert_passes(model.set_params(class_weight="balanced"), strange, sample_weight=weights)


class TestTable:
    def test_arrays_and_parts(self):
        network = MLPClassifier((5, 4), normalization="batch")
        result = check_gradient(network, X, Y, n_checks=7, random_state=0)
        sizes = {
            "value": 1, "W1": 30, "b1": 5, "scale1": 5, "shift1": 5, "W2": 20, "b2": 4,
            "scale2": 4, "shift2": 4, "W3": 12, "b3": 3,
        }  # fmt: skip
        assert [(line.parameter, line.part) for line in result.table] == list(
            product(sizes, ["data", "penalty"])
        )
        for line in result.table:
            assert line.size == sizes[line.parameter]
            assert line.checked + line.kinks_crossed == min(line.size, 7)
        assert result.max_relative_error == max(line.max_relative_error for line in result.table)
        assert result.kinks_crossed == sum(line.kinks_crossed for line in result.table)

    @pytest.mark.parametrize("settings", [{"penalty": None}, {"alpha": 0.0}])
    def test_without_a_penalty_there_is_only_the_data(self, settings):
        table = check_gradient(SoftmaxClassifier(**settings), X, Y).table
        assert {line.part for line in table} == {"data"}

    def test_the_worst_entry_is_that_of_the_parameters(self):
        model = SoftmaxClassifier(learning_rate=0.01, alpha=0, random_state=0).fit(X, Y)
        result = check_gradient(model, X, Y, n_checks=100)
        (line,) = [line for line in result.table if line.parameter == "W1"]
        p = model.predict_proba(X)
        p[np.arange(15), Y] -= 1
        gradient = X.T @ p / 15
        assert line.analytic == pytest.approx(gradient[line.index], rel=1e-9)
        assert line.numerical == pytest.approx(gradient[line.index], rel=1e-6)

    def test_printed(self):
        text = str(check_gradient(LinearSVM(), X, Y, random_state=0))
        lines = text.splitlines()
        assert lines[0] == "Gradient check of LinearSVM: passed"
        assert lines[1].split() == ["parameter", "part", "size", "checked", "kinks", "relative",
                                    "error"]  # fmt: skip
        assert [line.split()[0] for line in lines[2:-1]] == ["value"] * 2 + ["W1"] * 2 + ["b1"] * 2
        assert len({len(line) for line in lines[1:-1]}) == 1
        assert lines[-1].startswith("Largest error: ")

    def test_tolerance(self):
        result = check_gradient(SoftmaxClassifier(), X, Y, tolerance=1e-300, random_state=0)
        assert 0 < result.max_relative_error < 1e-7
        assert not result.passed

    def test_the_same_numbers_every_time(self):
        network = MLPClassifier((5,), dropout=0.4)
        results = [check_gradient(network, X, Y, random_state=seed) for seed in (3, 3, 4)]
        assert results[0] == results[1]
        assert results[0] != results[2]


class TestKinks:
    def test_are_counted_and_left_out(self):
        """Weights on the kink of their penalty, where all differences would be wrong."""
        model = SoftmaxClassifier(penalty="l1", learning_rate=0.01, random_state=0).fit(X, Y)
        model.coef_ = np.where(np.abs(model.coef_) < 0.2, 0, model.coef_)
        zeros = np.sum(model.coef_ == 0)
        result = check_gradient(model, X, Y, n_checks=100)
        assert result.kinks_crossed == zeros > 0
        assert result.max_relative_error < 1e-7
        (line,) = [line for line in result.table if line[:2] == ("W1", "penalty")]
        assert (line.checked, line.kinks_crossed) == (18 - zeros, zeros)
        assert "crossed a kink" in str(result)

    def test_where_all_differences_cross_one(self):
        model = SoftmaxClassifier(penalty="l1", learning_rate=0.01, max_iter=1).fit(X, Y)
        model.coef_ = np.zeros_like(model.coef_)
        result = check_gradient(model, X, Y, n_checks=100)
        (line,) = [line for line in result.table if line[:2] == ("W1", "penalty")]
        assert (line.checked, line.kinks_crossed, line.max_relative_error) == (0, 18, 0.0)
        assert line.index is None
        assert result.passed

    def test_of_a_hinge(self):
        """A margin that is met exactly by one sample and one wrong class."""
        svm = LinearSVM(learning_rate=0.01, max_iter=1, alpha=0)
        x, y = np.eye(3), np.arange(3)
        svm.fit(x, y)
        svm.coef_, svm.intercept_ = np.array([[1.0, 0, 0], [0, 2, 0], [0, 0, 2]]), np.zeros(3)
        result = check_gradient(svm, x, y)
        # The first sample meets the margin of 1 against both others: its weights in all three
        # classes are on the kink, and the intercepts.
        assert {line.parameter: line.kinks_crossed for line in result.table} == {
            "value": 0, "W1": 3, "b1": 3,
        }  # fmt: skip
        assert result.passed

        def loss(coef):
            scores = x @ coef.T
            violation = np.maximum(0, scores - scores[y, y][:, None] + 1)
            return (violation.sum() - 3) / 3

        # There the difference is half of one side's slope and half of the other's.
        slopes = numerical_gradient(loss, svm.coef_)
        np.testing.assert_allclose(slopes[:, 0], [-1 / 3, 1 / 6, 1 / 6], atol=1e-9)

    @pytest.mark.parametrize(
        ("network", "y", "h"),
        [
            (MLPClassifier((8,)), Y, 0.005),
            (MLPClassifier((8,), "leaky_relu"), Y, 0.005),
            (MLPClassifier((8,), "maxout"), Y, 0.005),
            (MLPClassifier((8,), "tanh", loss="hinge"), Y, 0.005),
            (MLPClassifier((8,), "tanh", loss="squared_hinge"), Y, 0.005),
            (MLPClassifier((8,), "tanh", loss=CrammerSinger()), Y, 0.015),
            (MLPClassifier((8,), "tanh", loss=OneVsRest()), Y, 0.005),
            (MLPRegressor((8,), "tanh", loss="absolute_error"), TARGETS, 0.0015),
        ],
    )
    def test_of_a_network_are_within_wide_steps(self, network, y, h):
        """More samples and wider steps cross more kinks; all other differences agree."""
        many = np.tile(X, (40, 1)) + np.random.RandomState(2).standard_normal((600, 6))
        y = np.tile(y, (40, 1)) if y.ndim == 2 else np.tile(y, 40)
        narrow = check_gradient(network, many, y, n_checks=10, h=1e-7, random_state=0)
        wide = check_gradient(network, many, y, n_checks=10, h=h, random_state=0)
        assert wide.kinks_crossed > narrow.kinks_crossed
        assert wide.passed
        assert narrow.max_relative_error < 1e-7

    def test_there_are_none_in_a_smooth_network(self):
        network = MLPClassifier((8,), "tanh")
        assert check_gradient(network, X, Y, h=1e-2, random_state=0).kinks_crossed == 0


class TestErrors:
    @pytest.mark.parametrize(
        ("estimator", "found"),
        [
            (KNNClassifier(), "an object of class KNNClassifier"),
            (make_pipeline(StandardScaler(), LinearSVM()), "an object of class Pipeline"),
            (LinearSVM, "the class LinearSVM"),
            (None, "an object of class NoneType"),
            ("LinearSVM", "an object of class str"),
        ],
    )
    def test_other_estimators(self, estimator, found):
        with pytest.raises(TypeError, match=f"check_gradient needs an estimator.*got {found}"):
            check_gradient(estimator, X, Y)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("n_checks", 0), ("n_checks", 1.5), ("n_checks", "all"), ("h", 0), ("h", -1),
            ("h", None), ("tolerance", 0), ("tolerance", "low"), ("random_state", "seed"),
        ],
    )  # fmt: skip
    def test_arguments(self, name, value):
        with pytest.raises(ValueError, match=f"'{name}' parameter of check_gradient"):
            check_gradient(LinearSVM(), X, Y, **{name: value})

    def test_of_the_estimator(self):
        with pytest.raises(ValueError, match="'alpha' parameter of LinearSVM"):
            check_gradient(LinearSVM(alpha=-1), X, Y)

    def test_data(self):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            check_gradient(LinearSVM(), X, Y[:3])
        with pytest.raises(ValueError, match="NaN"):
            check_gradient(LinearSVM(), np.where(X > 0, X, np.nan), Y)
        with pytest.raises(ValueError, match="at least 2 classes"):
            check_gradient(LinearSVM(), X, np.zeros(15))
        with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
            check_gradient(LinearSVM(), X, Y, sample_weight=-W)

    def test_data_unlike_those_of_the_fit(self):
        fitted = LinearSVM(max_iter=1).fit(X, Y)
        with pytest.raises(ValueError, match="X has 5 features, but LinearSVM is expecting 6"):
            check_gradient(fitted, X[:, :5], Y)
        with pytest.raises(ValueError, match="not among the known classes"):
            check_gradient(fitted, X, Y + 1)

    @pytest.mark.filterwarnings("error")
    def test_a_loss_that_is_not_finite(self):
        network = MLPClassifier((5, 5, 5), learning_rate=0.1, weight_init=1e150)
        with pytest.raises(FloatingPointError, match=r"loss at these parameters is (inf|nan)"):
            check_gradient(network, X, Y)

    def test_nothing_is_left_behind_by_an_error(self):
        svm = LinearSVM()
        with pytest.raises(ValueError, match="inconsistent"):
            check_gradient(svm, X, Y[:3])
        with pytest.raises(NotFittedError):
            svm.predict(X)
        assert not [name for name in vars(svm) if name.endswith("_")]
