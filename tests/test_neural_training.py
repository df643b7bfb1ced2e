"""How the networks are trained: stopping, going on, callbacks, failures, copies, limits."""

import copy
import pickle
import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from pandas import DataFrame, Series
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from sk231n import LinearSVM, MLPClassifier, MLPRegressor
from sk231n.core.monitoring import History
from sk231n.core.objective import BLOCK_SIZE
from sk231n.losses import CrossEntropy
from sk231n.optimizers import Adam, Momentum
from sk231n.schedules import Constant, ExponentialDecay, OneCycle, Plateau

X, Y = load_iris(return_X_y=True)
INDICATOR = np.column_stack([Y > 0, X[:, 1] > 3, X[:, 0] > 6]).astype(int)
MODELS = [MLPClassifier, MLPRegressor]
VARIANTS = {
    "classifier": MLPClassifier((8,)),
    "regressor": MLPRegressor((8,)),
    "batch and dropout": MLPClassifier((8, 6), normalization="batch", dropout=0.3),
    "layer and maxout": MLPClassifier((8,), "maxout", normalization="layer", max_norm=2.0),
    "hinge": MLPClassifier((8,), "tanh", loss="hinge", optimizer="nesterov"),
    "average": MLPClassifier((8,), averaging="ema", normalization="batch"),
    "early stopping": MLPClassifier((8,), early_stopping=True, normalization="batch"),
    "absolute": MLPRegressor((8,), loss="absolute_error", dropout=0.2, optimizer="rmsprop"),
    "sparse start": MLPRegressor((8,), weight_init="sparse", learning_rate=0.01),
    "no hidden layer": MLPClassifier(()),
}  # fmt: skip
variants = pytest.mark.parametrize("name", VARIANTS)
models = pytest.mark.parametrize("model", MODELS)


@pytest.fixture(scope="module")
def digits():
    return train_test_split(*load_digits(return_X_y=True), random_state=0)


def variant(name, **parameters):
    return clone(VARIANTS[name]).set_params(**{"max_iter": 6, "random_state": 0, **parameters})


def learnt(model):
    return {name: value for name, value in vars(model).items() if name.endswith("_")}


def arrays(model):
    """All parameters, copied."""
    normalizations = [array for n in model.normalizations_ for array in n.values()]
    return [array.copy() for array in (*model.coefs_, *model.intercepts_, *normalizations)]


def assert_same(first, second, **tolerance):
    for a, b in zip(first, second, strict=True):
        if tolerance:
            np.testing.assert_allclose(a, b, **tolerance)
        else:
            np.testing.assert_array_equal(a, b)


# History and stopping ---------------------------------------------------------------------------


@variants
def test_history(name):
    model = variant(name, tol=None).fit(X, Y, X_val=X[::3], y_val=Y[::3])
    assert list(model.history_) == [
        "loss", "score", "validation_loss", "validation_score", "learning_rate", "update_ratio",
    ]  # fmt: skip
    assert {len(values) for values in model.history_.values()} == {6} == {model.n_iter_}
    assert model.loss_curve_ == model.history_["loss"]
    assert all(ratio > 0 for ratio in model.history_["update_ratio"])
    assert all(np.isfinite(values).all() for values in model.history_.values())
    assert "validation_loss" not in variant(name, early_stopping=False).fit(X, Y).history_


def test_history_of_lbfgs():
    model = MLPClassifier((8,), optimizer="lbfgs", max_iter=5, tol=None, random_state=0).fit(X, Y)
    assert model.n_iter_ == 5
    assert np.isnan(model.history_["learning_rate"]).all()
    assert all(ratio > 0 for ratio in model.history_["update_ratio"])
    assert model.loss_curve_[-1] < model.loss_curve_[0] < np.log(3)
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        MLPClassifier((8,), optimizer="lbfgs", max_iter=2).fit(X, Y)


@pytest.mark.parametrize("averaging", [None, "ema"])
@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
def test_early_stopping_restores_the_best(digits, normalization, averaging):
    X_train, X_test, y_train, y_test = digits
    model = MLPClassifier(
        (16,), normalization=normalization, averaging=averaging, early_stopping=True, max_iter=200,
        n_iter_no_change=3, tol=0.0, learning_rate=0.02, random_state=0,
    )  # fmt: skip
    model.fit(X_train[:400], y_train[:400], X_val=X_test, y_val=y_test)
    scores, losses = model.history_["validation_score"], model.history_["validation_loss"]
    assert model.n_iter_ < 200
    assert model.score(X_test, y_test) == pytest.approx(model.best_validation_score_, rel=1e-12)
    assert model.best_validation_score_ == max(scores)
    best = np.lexsort((losses, np.negative(scores)))[0]  # the loss breaks ties
    short = clone(model).set_params(max_iter=1 + int(best), early_stopping=False)
    short.set_params(tol=None).fit(X_train[:400], y_train[:400], X_val=X_test, y_val=y_test)
    assert_same(arrays(model), arrays(short))  # the running averages too


@models
def test_early_stopping_sets_data_aside(model):
    fitted = model((8,), early_stopping=True, validation_fraction=0.2, random_state=0).fit(X, Y)
    assert fitted.best_validation_score_ > 0.7
    with pytest.raises(ValueError, match=r"validation_fraction=0.1 of 1 samples.*X_val|2 classes"):
        model(early_stopping=True).fit(X[:1], Y[:1])


def test_training_stops_without_progress():
    settings = {"learning_rate": 1e-9, "max_iter": 50, "n_iter_no_change": 4}
    assert MLPClassifier((4,), **settings).fit(X, Y).n_iter_ == 5
    assert MLPClassifier((4,), tol=None, **settings).fit(X, Y).n_iter_ == 50


def test_plateau_watches_the_validation_loss():
    """Wrong labels to validate on: the training loss falls, that of the validation rises."""
    model = MLPClassifier(
        (8,), learning_rate=Plateau(0.01, patience=2), max_iter=12, tol=None, random_state=0
    )
    plain = clone(model).fit(X, Y)
    assert plain.history_["learning_rate"][8] == 0.01
    watched = model.fit(X, Y, X_val=X, y_val=(Y + 1) % 3)
    assert watched.history_["learning_rate"][8] < 0.01
    assert watched.loss_curve_[-1] < watched.loss_curve_[0]


def test_one_cycle_goes_up_and_down():
    model = MLPClassifier((8,), learning_rate=OneCycle(0.01), max_iter=20, tol=None).fit(X, Y)
    rates = model.history_["learning_rate"]
    assert rates[0] < 1e-3
    assert 4 <= np.argmax(rates) <= 8
    assert rates[-1] < 1e-3


def test_weight_decay_leaves_intercepts_and_normalizations_alone():
    settings = {"learning_rate": 0.01, "max_iter": 1, "batch_size": 150, "random_state": 0}
    settings |= {"normalization": "batch", "alpha": 0, "shuffle": False}
    plain = MLPClassifier((8,), optimizer=Adam(), **settings).fit(X, Y)
    decayed = MLPClassifier((8,), optimizer=Adam(weight_decay=1.0), **settings).fit(X, Y)
    assert not np.array_equal(plain.coefs_[0], decayed.coefs_[0])
    assert_same(plain.intercepts_, decayed.intercepts_)
    for name in plain.normalizations_[0]:
        np.testing.assert_array_equal(
            plain.normalizations_[0][name], decayed.normalizations_[0][name]
        )


def test_verbose_prints_a_line_an_epoch(capsys):
    MLPRegressor((4,), verbose=1, max_iter=3).fit(X, Y)
    assert len(capsys.readouterr().out.splitlines()) == 3


# Going on ---------------------------------------------------------------------------------------


@variants
def test_warm_start_goes_on(name):
    model = variant(name, warm_start=True, learning_rate=0.01, max_iter=40).fit(X, Y)
    before = model.loss_curve_
    model.set_params(max_iter=1, tol=None).fit(X, Y)
    assert model.n_iter_ == 1
    assert model.loss_curve_[0] < 0.5 * (before[0] + min(before))


@pytest.mark.parametrize("learning_rate", ["auto", 1e-12])
@variants
def test_warm_start_begins_where_it_ended(name, learning_rate):
    """With a rate close to zero, `fit` returns to the predictions that it started from."""
    model = variant(name, warm_start=True, learning_rate=learning_rate, max_iter=1)
    model.set_params(averaging=None, early_stopping=False, normalization=None).fit(X, Y)
    scores = model._scores(X)
    model.set_params(learning_rate=1e-13, max_iter=1).fit(X, Y)
    np.testing.assert_allclose(model._scores(X), scores, rtol=1e-6, atol=1e-8)


CHANGES = [
    ({"hidden_layer_sizes": (1,)}, {"hidden_layer_sizes": (5,)}),
    ({}, {"hidden_layer_sizes": (5,)}),
    ({}, {"hidden_layer_sizes": (4, 4)}),
    ({}, {"hidden_layer_sizes": ()}),
    ({"hidden_layer_sizes": (4, 4)}, {"hidden_layer_sizes": (4,)}),
    ({"hidden_layer_sizes": (3, 3)}, {"hidden_layer_sizes": (3,)}),
    ({}, {"activation": "maxout"}),
    ({"activation": "maxout"}, {"activation": "relu"}),
    ({}, {"normalization": "batch"}),
    ({}, {"normalization": "layer"}),
    ({"normalization": "batch"}, {"normalization": "layer"}),
    ({"normalization": "layer"}, {"normalization": "batch"}),
    ({"normalization": "batch"}, {"normalization": None}),
]


@pytest.mark.parametrize(("before", "after"), CHANGES, ids=str)
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
@models
def test_another_network_does_not_go_on(model, call, before, after):
    settings = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0, **before}
    fitted = model(warm_start=True, **settings).fit(X, Y)
    state, parameters = learnt(fitted), arrays(fitted)
    fitted.set_params(**after)
    with pytest.raises(ValueError, match=next(iter(after))):
        getattr(fitted, call)(X, Y)
    assert all(learnt(fitted)[name] is state[name] for name in state)
    assert_same(arrays(fitted), parameters)
    fitted.set_params(warm_start=False).fit(X, Y)
    fresh = model(**{**settings, **after}).fit(X, Y)
    assert_same(arrays(fitted), arrays(fresh))


@pytest.mark.parametrize(
    ("before", "after"), [*CHANGES, ({}, {"activation": "tanh", "dropout": 0.5})], ids=str
)
@models
def test_predictions_do_not_follow_set_params(model, before, after):
    settings = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0, **before}
    fitted = model(**settings).fit(X, Y)
    expected = [fitted.predict(X), *fitted.hidden_activations(X)]
    fitted = pickle.loads(pickle.dumps(fitted.set_params(**after)))
    assert_same([fitted.predict(X), *fitted.hidden_activations(X)], expected)


def test_warm_start_keeps_classes_and_features():
    model = MLPClassifier((4,), warm_start=True, max_iter=2).fit(X, Y)
    state = learnt(model)
    with pytest.raises(ValueError, match="not among the known classes"):
        model.fit(X, Y + 1)
    with pytest.raises(ValueError, match="3 features"):
        model.fit(X[:, :3], Y)
    assert all(learnt(model)[name] is state[name] for name in state)
    model.fit(X[Y < 2], Y[Y < 2])
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@variants
def test_partial_fit_on_all_is_an_epoch_of_fit(name, optimizer):
    settings = {"optimizer": optimizer, "learning_rate": 1e-3, "batch_size": 40, "max_iter": 3}
    settings |= {"averaging": None, "early_stopping": False, "tol": None}
    whole = variant(name, **settings).fit(X, Y)
    parts = variant(name, **settings)
    classes = {"classes": np.unique(Y)} if isinstance(parts, MLPClassifier) else {}
    for _ in range(3):
        parts.partial_fit(X, Y, **classes)
    np.testing.assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-9)
    assert_same(arrays(parts), arrays(whole), rtol=1e-9, atol=1e-12)


def test_partial_fit_without_all_classes(digits):
    X_train, X_test, y_train, y_test = digits
    model = MLPClassifier((32,), normalization="batch", random_state=0)
    few = y_train < 4
    model.partial_fit(X_train[few][:50], y_train[few][:50], classes=np.arange(10))
    assert model.predict_proba(X_test).shape == (450, 10)
    order = np.random.RandomState(0).permutation(len(y_train))
    for start in range(0, 4 * len(order), 50):
        part = np.take(order, range(start, start + 50), mode="wrap")
        model.partial_fit(X_train[part], y_train[part])
    assert model.score(X_test, y_test) > 0.93


def test_partial_fit_is_not_always_there():
    for parameters in ({"optimizer": "lbfgs"}, {"averaging": "ema"}, {"optimizer": "newton"}):
        for model in MODELS:
            assert not hasattr(model(**parameters), "partial_fit")
    with pytest.raises(ValueError, match="classes must be passed"):
        MLPClassifier().partial_fit(X, Y)
    with pytest.raises(ValueError, match="class_weight='balanced'"):
        MLPClassifier(class_weight="balanced").partial_fit(X, Y, classes=[0, 1, 2])


@pytest.mark.parametrize("second", ["sgd", "adagrad", "rmsprop", "adam"])
def test_partial_fit_with_another_optimizer(second):
    model = MLPClassifier((8,), optimizer="adam", random_state=0).partial_fit(X, Y, [0, 1, 2])
    model.set_params(optimizer=second, dropout=0.2, activation="tanh").partial_fit(X, Y)
    assert np.isfinite(model.decision_function(X)).all()
    assert model.n_iter_ == 2


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(0)], ids=["None", "given"])
def test_partial_fit_draws_from_the_generator_that_it_is_given(random_state):
    """Other code draws from it, too; copies would give two estimators the same random numbers."""
    rng = np.random.mtrand._rand if random_state is None else random_state
    model = MLPClassifier((4,), random_state=random_state)
    for _ in range(3):
        before = rng.get_state()[1:3]
        model.partial_fit(X, Y, classes=[0, 1, 2])
        assert not np.array_equal(np.append(*rng.get_state()[1:3]), np.append(*before))


def test_numbers_of_numpy_are_numbers():
    plain = MLPClassifier((8,), batch_size=100, max_iter=3, random_state=0).fit(X, Y)
    small = {"batch_size": np.int8(100), "max_iter": np.int8(3), "random_state": np.uint8(0)}
    assert_same(arrays(MLPClassifier((np.int8(8),), **small).fit(X, Y)), arrays(plain))


def test_partial_fit_counts_the_calls_as_epochs():
    model = MLPRegressor((4,), learning_rate=ExponentialDecay(0.1, decay=0.5), batch_size=150)
    for _ in range(3):
        model.partial_fit(X, Y)
    assert model.history_["learning_rate"] == [0.1, 0.05, 0.025]


@models
def test_partial_fit_goes_on_from_fit(model):
    fitted = model((8,), normalization="batch", random_state=0, max_iter=60).fit(X, Y)
    before = fitted.score(X, Y)
    for _ in range(3):
        fitted.partial_fit(X, Y)
    assert fitted.score(X, Y) > before - 0.1
    assert fitted.n_iter_ == 63 == len(fitted.loss_curve_)


# Callbacks and interruptions ---------------------------------------------------------------------


class Recorder:
    """A callback that remembers what it saw and may act at the end of an epoch."""

    def __init__(self, after=None, action=None):
        self.after = after
        self.action = action
        self.n_epochs = 0

    def setup(self, estimator, context):
        self.balance = 1

    def on_fit_task_begin(self, estimator, context):
        self.balance += 1

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.balance -= 1
        if context.task_name == "epoch" and fitted_estimator is not None:
            self.n_epochs += 1
            self.scores = fitted_estimator._scores(X)
            self.predictions = fitted_estimator.predict(X)
        if context.task_name == "epoch" and self.n_epochs == self.after:
            return self.action()
        return False

    def teardown(self, estimator, context):
        self.balance -= 1


def interrupt():
    raise KeyboardInterrupt


def fail():
    raise RuntimeError("the callback failed")


@variants
def test_callbacks_see_the_estimator_of_every_epoch(name):
    recorder = Recorder()
    model = variant(name, early_stopping=False).set_callbacks(recorder).fit(X, Y)
    assert recorder.n_epochs == model.n_iter_ == 6
    assert recorder.balance == 0
    np.testing.assert_array_equal(recorder.scores, model._scores(X))
    np.testing.assert_array_equal(recorder.predictions, model.predict(X))


def test_callbacks_see_multi_label_and_partial_fit():
    recorder = Recorder()
    model = MLPClassifier((8,), max_iter=2, random_state=0).set_callbacks(recorder)
    model.fit(X, INDICATOR)
    np.testing.assert_array_equal(recorder.predictions, model.predict(X))
    model.partial_fit(X, INDICATOR)
    assert recorder.n_epochs == 3
    np.testing.assert_array_equal(recorder.predictions, model.predict(X))


def test_a_callback_can_stop():
    model = MLPRegressor((8,)).set_callbacks(Recorder(2, lambda: True)).fit(X, Y)
    assert model.n_iter_ == 2


def test_scoring_monitor_and_progress_bar(capsys):
    monitor = ScoringMonitor(scoring="accuracy")
    model = MLPClassifier((8,), normalization="batch", max_iter=4, random_state=0)
    model.set_callbacks(monitor, ProgressBar()).fit(X, Y)
    data = monitor.get_logs().data
    assert len(data) == 5
    assert data[-1]["accuracy"] == model.score(X, Y)
    assert "MLPClassifier - fit" in capsys.readouterr().out


class Interrupted(Adam):
    """Adam that is interrupted after some steps."""

    def __init__(self, n_steps=0):
        super().__init__()
        self.n_steps = n_steps

    def direction(self, gradient, state, theta):
        if state.t == self.n_steps:
            raise KeyboardInterrupt
        return super().direction(gradient, state, theta)


@pytest.mark.parametrize(
    "name", ["classifier", "regressor", "batch and dropout", "average", "early stopping"]
)
def test_interrupted_in_the_third_epoch(name):
    n_steps = 2 * 3 + 1  # 150 or 135 samples, 50 at a time
    model = variant(name, optimizer=Interrupted(n_steps), max_iter=9, batch_size=50)
    with pytest.warns(UserWarning, match="interrupted after 2 epochs"):
        model.fit(X, Y)
    assert model.n_iter_ == 2
    assert {len(values) for values in model.history_.values()} == {2}
    assert np.isfinite(model._scores(X)).all()
    assert model.predict(X).shape == Y.shape
    whole = variant(name, max_iter=9, batch_size=50).fit(X, Y)
    np.testing.assert_array_equal(model.loss_curve_, whole.loss_curve_[:2])


def test_interrupted_before_anything_is_learnt():
    model = MLPClassifier((4,), optimizer=Interrupted(0))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert not learnt(model)


def test_interrupted_by_a_callback():
    model = MLPRegressor((8,)).set_callbacks(Recorder(3, interrupt))
    with pytest.warns(UserWarning, match="interrupted after 3 epochs"):
        model.fit(X, Y)
    assert model.n_iter_ == 3


def test_interrupted_while_the_history_is_written(monkeypatch):
    add = History.add

    def interrupted(history, epoch, **values):
        if len(history["loss"]) == 2:
            history["loss"].append(epoch.loss)
            raise KeyboardInterrupt
        add(history, epoch, **values)

    monkeypatch.setattr(History, "add", interrupted)
    with pytest.warns(UserWarning, match="interrupted after 2 epochs"):
        model = MLPClassifier((4,)).fit(X, Y)
    assert {len(values) for values in model.history_.values()} == {2} == {model.n_iter_}


def test_interrupted_while_threads_are_at_work():
    code = """
import _thread, signal, threading, time, warnings
import joblib, numpy as np
from sk231n import MLPClassifier
from sk231n.optimizers import SGD

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background

class Slow(SGD):  # interrupts from another thread, which goes on for a while
    def direction(self, gradient, state, theta):
        if threading.current_thread() is not threading.main_thread():
            steps.append(0)
            if len(steps) == 30:
                _thread.interrupt_main()
                time.sleep(0.1)
        return super().direction(gradient, state, theta)

x, y = np.random.RandomState(0).standard_normal((200, 500)), np.arange(200) % 3
for batch_size in (50, 200):
    steps = []
    model = MLPClassifier((400,), optimizer=Slow(), batch_size=batch_size, learning_rate=1e-3)
    with joblib.parallel_config(n_jobs=2), warnings.catch_warnings(record=True) as messages:
        try:
            model.fit(x, y)
        except KeyboardInterrupt:
            assert not hasattr(model, "coefs_")
        else:
            assert "interrupted after" in str(messages[0].message)
            assert {len(values) for values in model.history_.values()} == {model.n_iter_}
    assert threading.active_count() == 1
"""
    subprocess.run([sys.executable, "-W", "always", "-c", code], check=True, timeout=200)


@models
def test_a_failed_fit_leaves_no_trace(model):
    fitted = model((8,), normalization="batch", max_iter=5).set_callbacks(Recorder(2, fail))
    with pytest.raises(RuntimeError, match="the callback failed"):
        fitted.fit(X, Y)
    assert not learnt(fitted)
    fitted.set_callbacks().fit(X, Y)
    fitted.partial_fit(X, Y)
    state, parameters = learnt(fitted), arrays(fitted)
    for call in (fitted.fit, fitted.partial_fit):
        fitted.set_callbacks(Recorder(1, fail))
        with pytest.raises(RuntimeError, match="the callback failed"):
            call(X, Y)
        assert all(learnt(fitted)[name] is state[name] for name in state)
        assert_same(arrays(fitted), parameters)


DIVERGING = {"optimizer": "sgd", "learning_rate": 1e6, "max_iter": 50, "random_state": 0}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("activation", ["identity", "leaky_relu", "maxout"])
@models
def test_divergence_names_the_rate(model, activation, early_stopping):
    diverging = model((8, 8), activation, early_stopping=early_stopping, **DIVERGING)
    with pytest.raises(FloatingPointError, match=r"(?s)Lower\s+learning_rate, which is 1e\+06"):
        diverging.fit(X * 1e10, Y)
    assert not learnt(diverging)
    with pytest.raises(NotFittedError):
        diverging.predict(X)
    diverging.set_params(learning_rate=1e-3, max_iter=2).fit(X, Y)
    state, parameters = learnt(diverging), arrays(diverging)
    diverging.set_params(learning_rate=1e6, max_iter=50, batch_size=5, warm_start=True)
    for call in (diverging.fit, diverging.partial_fit):
        with pytest.raises(FloatingPointError, match="learning_rate"):
            call(X * 1e10, Y)
        assert all(learnt(diverging)[name] is state[name] for name in state)
        assert_same(arrays(diverging), parameters)


@pytest.mark.parametrize("batch_size", [100, 2])
def test_a_feature_that_is_flat_at_first(batch_size):
    X = np.random.RandomState(0).rand(400, 20) * 255
    X[:100, 0] = 0
    y = (X[:, 1] > X[:, 2]).astype(int)
    model = MLPClassifier((50,), random_state=0)
    for start in range(0, 400, batch_size):
        model.partial_fit(X[start : start + batch_size], y[start : start + batch_size], [0, 1])
    assert max(model.loss_curve_) < 20
    weights = np.abs(model.coefs_[0])
    assert weights[0].max() < 3 * weights[1:].max()


@pytest.mark.parametrize("model", [MLPClassifier, LinearSVM], ids=lambda model: model.__name__)
def test_partial_fit_remembers_the_moments_of_fit(digits, model):
    X_train, X_test, y_train, y_test = digits
    fitted = model(random_state=0).fit(X_train, y_train)
    before = fitted.score(X_test, y_test)
    fitted.partial_fit(X_train[:1], y_train[:1])
    assert fitted.score(X_test, y_test) > before - 0.03


def test_threads_and_processes_find_the_same_bits():
    X = np.random.RandomState(0).randn(1200, 900).astype(np.float32)
    y = X[:, :10].argmax(axis=1)
    model = MLPClassifier((256,), max_iter=2, tol=None, random_state=0)

    def weights(_):
        return clone(model).fit(X, y).coefs_[0]

    here = weights(0)
    with threadpool_limits(1, user_api="blas"):
        np.testing.assert_array_equal(weights(0), here)
    with ThreadPoolExecutor(3) as executor:
        for there in executor.map(weights, range(3)):
            np.testing.assert_array_equal(there, here)


def test_a_loss_that_explodes_is_caught_long_before_infinity():
    X = np.random.RandomState(0).randn(100, 5)
    model = MLPRegressor((), optimizer="sgd", learning_rate=2.5, batch_size=100, max_iter=1000)
    with pytest.raises(FloatingPointError, match=r"e\+\d+ times that at the start. Lower learning"):
        model.set_params(tol=None).fit(X, X[:, 0])


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov"])
@pytest.mark.parametrize("alpha", [100, 1e6])
@models
def test_the_rate_that_is_found_bears_a_strong_penalty(model, alpha, optimizer):
    """Its curvature is largest in the hidden layers, which see their inputs as they are."""
    fitted = model((8, 8), alpha=alpha, optimizer=optimizer, max_iter=30, random_state=0).fit(X, Y)
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]
    assert max(np.abs(W).max() for W in fitted.coefs_) < 1


def test_divergence_from_one_call_to_the_next():
    """An automatic rate is computed again, from a network whose numbers overflow."""
    model = MLPRegressor((8, 8), random_state=0).partial_fit(X[:100], Y[:100])
    for W in model.coefs_:
        W *= 1e150
    with pytest.raises(FloatingPointError, match="learning_rate"):
        model.partial_fit(X, Y)


# Copies and repeats -------------------------------------------------------------------------------


@variants
def test_the_same_seed_gives_the_same_bits(name):
    first, second = variant(name).fit(X, Y), variant(name).fit(X, Y)
    assert_same(arrays(first), arrays(second))
    assert_same(arrays(first), arrays(first.fit(X, Y)))
    np.testing.assert_equal(first.history_, second.history_)
    with_state = variant(name, random_state=np.random.RandomState(0)).fit(X, Y)
    assert_same(arrays(first), arrays(with_state))
    other = variant(name, random_state=1, batch_size=20).fit(X, Y)
    assert not np.array_equal(first.coefs_[0], other.coefs_[0])


@pytest.mark.parametrize("parameters", [{}, {"normalization": "batch", "dropout": 0.2}], ids=str)
def test_large_networks_repeat_too(parameters):
    """Large enough for several threads."""
    rng = np.random.RandomState(0)
    x, y = rng.standard_normal((400, 700)).astype(np.float32), rng.randint(0, 5, 400)
    model = MLPClassifier((300, 200), max_iter=2, random_state=0, **parameters)
    first = arrays(model.fit(x, y))
    assert_same(first, arrays(model.fit(x, y)))
    with joblib.parallel_config(n_jobs=1):
        alone = arrays(model.fit(x, y))
    assert_same(first, alone, rtol=1e-2, atol=1e-3)


@variants
def test_float32_is_nearly_float64(name):
    # If two epochs tie, the last bit may decide which one is the best.
    model = variant(name, max_iter=20).set_params(early_stopping=False)
    double = clone(model).fit(X, Y)
    single = clone(model).fit(X.astype(np.float32), Y)
    assert single.coefs_[0].dtype == np.float32
    assert double.coefs_[0].dtype == np.float64
    assert single._scores(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_allclose(single._scores(X), double._scores(X), rtol=0.05, atol=0.05)


@variants
def test_copies_predict_the_same(name, tmp_path):
    model = variant(name).fit(X, Y)
    expected = model._scores(X)
    joblib.dump(model, tmp_path / "model")
    for twin in (
        pickle.loads(pickle.dumps(model)), copy.deepcopy(model), joblib.load(tmp_path / "model"),
    ):  # fmt: skip
        np.testing.assert_array_equal(twin._scores(X), expected)
        if hasattr(twin, "partial_fit"):
            twin.partial_fit(X, Y)
            np.testing.assert_array_equal(model._scores(X), expected)
    assert not learnt(clone(model))
    np.testing.assert_array_equal(clone(model).fit(X, Y)._scores(X), expected)


def test_a_pickle_in_the_middle_goes_on_alike():
    model = MLPClassifier((8,), normalization="batch", dropout=0.2, random_state=0)
    model.partial_fit(X, Y, classes=[0, 1, 2]).partial_fit(X, Y)
    twin = pickle.loads(pickle.dumps(model))
    for _ in range(3):
        model.partial_fit(X, Y)
        twin.partial_fit(X, Y)
    assert_same(arrays(model), arrays(twin))


@pytest.mark.parametrize("optimizer", ["adam", "momentum"])
def test_partial_fit_goes_on_with_another_number_of_threads(optimizer):
    """As in a worker of joblib, or on another machine."""
    model = MLPClassifier((8,), optimizer=optimizer, random_state=0)
    with joblib.parallel_config(n_jobs=3):
        model.partial_fit(X, Y, classes=[0, 1, 2])
    twin = copy.deepcopy(model)
    for n_jobs in (1, 4):
        with joblib.parallel_config(n_jobs=n_jobs):
            model.partial_fit(X, Y)
        with joblib.parallel_config(n_jobs=3):
            twin.partial_fit(X, Y)
    assert_same(arrays(model), arrays(twin))


def test_learnt_arrays_are_the_users_own():
    model = MLPClassifier((8,), early_stopping=True, warm_start=True, random_state=0, max_iter=4)
    first = model.fit(X, Y).coefs_[0]
    before = first.copy()
    model.fit(X, Y)
    np.testing.assert_array_equal(first, before)
    assert model.coefs_[0].flags.writeable


def test_threads_may_predict_together():
    model = MLPClassifier((32, 16), "maxout", normalization="batch", dropout=0.5, max_iter=3)
    model.fit(X, Y)
    expected = model.predict_proba(X)
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: model.predict_proba(X), range(40)):
            np.testing.assert_array_equal(result, expected)


def test_the_data_stay_as_they_are():
    for dtype in (np.float64, np.float32, np.uint8):
        x, y, w = (10 * X).astype(dtype), Y.copy(), np.full(150, 2.0)
        before = x.copy()
        for model in (MLPClassifier((4,), max_iter=2), MLPRegressor((4,), max_iter=2)):
            model.fit(x, y, sample_weight=w, X_val=x, y_val=y).predict(x)
            model.partial_fit(x, y, sample_weight=w)
        np.testing.assert_array_equal(x, before)
        np.testing.assert_array_equal(y, Y)
        np.testing.assert_array_equal(w, 2.0)
    target = np.array(Y, dtype=float)
    MLPRegressor((4,), max_iter=2).fit(X, target)
    np.testing.assert_array_equal(target, Y)


# Company ----------------------------------------------------------------------------------------


def test_searches_reach_into_the_parts():
    grid = {
        "optimizer__momentum": [0.5, 0.9],
        "hidden_layer_sizes": [(), 4, (4, 3)],
        "learning_rate__initial": [0.01],
        "loss__label_smoothing": [0.0, 0.1],
    }
    model = MLPClassifier(
        optimizer=Momentum(), learning_rate=Constant(), loss=CrossEntropy(), max_iter=3,
        random_state=0,
    )  # fmt: skip
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(X, Y)
    assert len(search.cv_results_["params"]) == 12
    assert model.optimizer.momentum == 0.9
    assert search.predict_proba(X).shape == (150, 3)
    scores = cross_val_score(MLPRegressor((8,), random_state=0), X[:, :3], X[:, 3], n_jobs=2)
    assert scores.shape == (5,)


def test_pipelines_and_frames():
    frame = DataFrame(X, columns=["a", "b", "c", "d"])
    for model, y in ((MLPClassifier, Series(Y).map({0: "x", 1: "y", 2: "z"})), (MLPRegressor, Y)):
        pipeline = make_pipeline(StandardScaler(), model((4,), max_iter=2)).fit(frame, y)
        assert pipeline.predict(frame).shape == (150,)
        fitted = model((4,), max_iter=2, random_state=0).fit(frame, y)
        assert list(fitted.feature_names_in_) == ["a", "b", "c", "d"]
        for method in ("predict", "hidden_activations"):
            with pytest.raises(ValueError, match="feature names"):
                getattr(fitted, method)(frame[["b", "a", "c", "d"]])
    several = MLPClassifier((4,), max_iter=2).fit(frame, DataFrame(INDICATOR))
    assert several.predict(frame).shape == (150, 3)


def test_odd_arrays_give_the_same_model():
    read_only = X.copy()
    read_only.setflags(write=False)
    wide = np.zeros((150, 8))
    wide[:, ::2] = X
    for name in ("batch and dropout", "regressor"):
        plain = arrays(variant(name).fit(X, Y))
        for odd in (np.asfortranarray(X), read_only, wide[:, ::2], X.astype(object), X.tolist()):
            assert_same(arrays(variant(name).fit(odd, Y.tolist())), plain)
    half = MLPClassifier((4,), max_iter=2, random_state=0).fit(X.astype(np.float16), Y)
    assert half.coefs_[0].dtype == np.float32
    booleans = MLPClassifier((4,), max_iter=2, random_state=0).fit(X > 1, Y)
    assert booleans.coefs_[0].dtype == np.float32
    integers = MLPClassifier((4,), max_iter=2, random_state=0).fit(X.astype(np.int64), Y)
    assert integers.coefs_[0].dtype == np.float64


@models
def test_stacks_of_images(model):
    rng = np.random.RandomState(0)
    for shape in ((40, 3, 4), (40, 3, 4, 3)):
        images = rng.randint(0, 256, shape, dtype=np.uint8)
        y = np.arange(40) % 3
        stacked = model((4,), max_iter=2, random_state=0).fit(images, y, X_val=images, y_val=y)
        rows = model((4,), max_iter=2, random_state=0).fit(images.reshape(40, -1), y)
        assert_same(arrays(stacked), arrays(rows))
        np.testing.assert_array_equal(stacked.predict(images), rows.predict(images.reshape(40, -1)))
        stacked.partial_fit(images, y)


@pytest.mark.parametrize("parameters", [{}, {"alpha": 0}, {"max_iter": 2}], ids=str)
@pytest.mark.parametrize("value", [0.0, 1.0, 1e30])
@models
def test_constant_features_have_no_influence(model, value, parameters):
    """Neither in training, where a large value would dominate, nor when the value changes later."""
    constant = np.column_stack([X, np.full(150, value)])
    fitted = model((8,), random_state=0, **parameters).fit(constant, Y)
    np.testing.assert_array_equal(fitted.coefs_[0][-1], 0)
    expected = fitted._scores(constant)
    np.testing.assert_array_equal(fitted._scores(np.column_stack([X, np.full(150, 255)])), expected)
    if not parameters:
        assert fitted.score(constant, Y) > 0.9
    varied = np.column_stack([X, Y])
    for _ in range(3):
        fitted.partial_fit(varied, Y)
    assert (fitted.coefs_[0][-1] != 0).any()


@pytest.mark.parametrize("first", ["fit", "partial_fit"])
def test_what_is_constant_at_first_may_have_a_say_later(first):
    model = MLPRegressor((30,), random_state=0)
    getattr(model, first)(X[:1], Y[:1])
    for _ in range(100):
        model.partial_fit(X, Y)
    assert model.score(X, Y) > 0.8


BAD_DATA = {
    "empty": (np.empty((0, 4)), [], "0 sample"),
    "no features": (np.empty((3, 0)), [0, 1, 2], "0 feature"),
    "one dimension": (np.zeros(3), [0, 1, 2], "Expected 2D array"),
    "five dimensions": (np.zeros((3, 1, 1, 1, 1)), [0, 1, 2], "5 dimensions"),
    "NaN": (np.full((3, 4), np.nan), [0, 1, 2], "NaN"),
    "infinity": (np.full((3, 4), np.inf), [0, 1, 2], "infinity"),
    "text": (np.full((3, 4), "pixel"), [0, 1, 2], "could not convert|dtype"),
    "complex": (np.zeros((3, 4), complex), [0, 1, 2], "Complex data"),
    "fewer targets": (np.eye(4), [0, 1], "inconsistent numbers of samples"),
    "dates": (np.full((3, 4), "2026-01-01", "datetime64[D]"), [0, 1, 2], "dtype datetime64"),
    "too large": (np.eye(4) * 1e300, [0, 1, 0, 1], "X holds values too large for float64"),
}


@models
@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data(model, name):
    x, y, message = BAD_DATA[name]
    fresh = model()
    with pytest.raises(ValueError, match=message):
        fresh.fit(x, y)
    assert not learnt(fresh)
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        fresh.fit(csr_array(X), Y)


BAD_FIT_ARGUMENTS = {
    "negative weight": ({"sample_weight": [-1] + [1] * 149}, "[Nn]egative"),
    "all weights zero": ({"sample_weight": np.zeros(150)}, "zero"),
    "short weights": ({"sample_weight": [1, 2]}, "sample_weight"),
    "X_val alone": ({"X_val": X}, "X_val and y_val must be passed together"),
    "y_val alone": ({"y_val": Y}, "X_val and y_val must be passed together"),
    "weights alone": ({"sample_weight_val": np.ones(150)}, "sample_weight_val needs X_val"),
    "other features": ({"X_val": np.eye(3), "y_val": [0, 1, 2]}, "X_val.*3 features"),
    "NaN to validate": ({"X_val": X * np.nan, "y_val": Y}, "X_val.*NaN"),
}


@models
def test_sparse_data_to_validate(model):
    with pytest.raises(TypeError, match=r"X_val, y_val.*[Ss]parse"):
        model((4,)).fit(X, Y, X_val=csr_array(X), y_val=Y)


@models
@pytest.mark.parametrize("name", BAD_FIT_ARGUMENTS)
def test_bad_fit_arguments(model, name):
    arguments, message = BAD_FIT_ARGUMENTS[name]
    fresh = model((4,), max_iter=2)
    with pytest.raises(ValueError, match=message):
        fresh.fit(X, Y, **arguments)
    assert not learnt(fresh)


# Limits -----------------------------------------------------------------------------------------


def peak_of(work):
    """Peak of the memory that `work` takes beyond what there is before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("parameters", "copies"),
    [
        ({"optimizer": "sgd"}, 2.5),
        ({"optimizer": "adam"}, 4.5),
        ({"optimizer": "adam", "normalization": "batch", "dropout": 0.2}, 4.5),
        ({"optimizer": "adam", "averaging": "ema"}, 5.5),
        ({"optimizer": "adam", "early_stopping": True}, 5.6),
    ],
    ids=str,
)
def test_fit_takes_a_few_copies_of_the_parameters(parameters, copies):
    rng = np.random.RandomState(0)
    x, y = rng.standard_normal((600, 3072)).astype(np.float32), rng.randint(0, 10, 600)
    model = MLPClassifier(
        (512,), batch_size=50, learning_rate=1e-3, max_iter=2, random_state=0, **parameters
    )
    one_copy = 4 * (3072 * 512 + 512 + 512 * 10 + 10)
    batch = 4 * 50 * (3072 + 8 * 512)
    evaluation = 4 * 60 * 3072 if "early_stopping" in parameters else 0
    scratch = 4 * BLOCK_SIZE * joblib.cpu_count()
    used = peak_of(lambda: model.fit(x, y))
    assert used < copies * one_copy + 2 * batch + evaluation + scratch


def test_prediction_takes_little_memory():
    rng = np.random.RandomState(0)
    x, y = rng.randint(0, 256, (6000, 768), dtype=np.uint8), rng.randint(0, 3, 6000)
    model = MLPClassifier((16,), max_iter=1, batch_size=500).fit(x[:500], y[:500])
    used = peak_of(lambda: model.predict(x))
    assert used < 0.5 * 4 * x.size
