"""How the convolutional classifier is trained: going on, copies, threads, failures."""

import copy
import pickle
import threading

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ScoringMonitor

from sk231n import ConvNetClassifier
from sk231n.augmentation import Cutout, Mirror, Shift
from sk231n.layers import (
    BatchNorm,
    Conv2D,
    Dropout,
    Layer,
    MaxPool2D,
    ReLU,
)
from sk231n.optimizers import SGD
from sk231n.schedules import Constant

RNG = np.random.RandomState(0)
X = RNG.randint(0, 256, (90, 8, 8, 3)).astype(np.uint8)
Y = np.arange(90) % 3
X[Y == 1, ::2] //= 2
X[Y == 2, :, ::2] //= 2
W = RNG.uniform(0.1, 3, 90)
FEW = {"architecture": ((3,), (4,)), "batch_size": 40, "max_iter": 3, "random_state": 0}
CHANCE = {"augmentation": [Mirror(), Shift(1), Cutout(3)], "dropout": 0.3}
VARIANTS = {
    "plain": {},
    "chance": CHANCE,
    "average": {"averaging": "ema", **CHANCE},
    "early stopping": {"early_stopping": True},
    "layer": {"normalization": "layer", "activation": "maxout", "max_norm": 1.0},
    "nothing": {"normalization": None, "head": "flatten", "optimizer": "momentum"},
    "hinge": {"loss": "hinge", "pooling": "average", "learning_rate": 0.01},
    "layers": {"architecture": (Conv2D(3), BatchNorm(), ReLU(), MaxPool2D(), Dropout(0.2))},
}
variants = pytest.mark.parametrize("name", VARIANTS)


def few(**arguments):
    return ConvNetClassifier(**{**FEW, **arguments})


def variant(name, **arguments):
    return clone(few(**{**VARIANTS[name], **arguments}))


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


# History and stopping -----------------------------------------------------------------------------


@variants
def test_history(name, capsys):
    model = variant(name, tol=None, history_steps=True, verbose=1)
    model.fit(X, Y, X_val=X[::3], y_val=Y[::3])
    assert {len(v) for key, v in model.history_.items() if key != "step_loss"} == {3}
    assert len(model.history_["step_loss"]) == 9
    assert model.loss_curve_ == model.history_["loss"]
    assert all(np.isfinite(values).all() for values in model.history_.values())
    assert model.history_["validation_score"][-1] == model.score(X[::3], Y[::3]) or name == (
        "early stopping"
    )
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_early_stopping_keeps_the_best():
    model = few(early_stopping=True, max_iter=30, n_iter_no_change=2, tol=0.0, learning_rate=0.05)
    model.fit(X[:60], Y[:60], X_val=X[60:], y_val=Y[60:])
    assert model.best_validation_score_ == max(model.history_["validation_score"])
    assert model.score(X[60:], Y[60:]) == model.best_validation_score_
    aside = few(early_stopping=True, validation_fraction=0.2).fit(X, Y)
    assert len(aside.history_["validation_score"]) == aside.n_iter_


class Recorder:
    """A callback that predicts with the estimator of each epoch."""

    def __init__(self, stop_after=None):
        self.stop_after, self.scores = stop_after, []

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name != "epoch" or fitted_estimator is None:
            return False
        self.scores.append(fitted_estimator.decision_function(X))
        assert len(fitted_estimator.feature_maps(X[:2])) == len(fitted_estimator.layers_)
        return len(self.scores) == self.stop_after

    def teardown(self, estimator, context):
        pass


@variants
def test_callbacks_see_the_estimator_of_every_epoch(name):
    recorder, monitor = Recorder(), ScoringMonitor(scoring="accuracy")
    model = variant(name, early_stopping=False).set_callbacks(recorder, monitor).fit(X, Y)
    assert len(recorder.scores) == model.n_iter_ == 3
    np.testing.assert_array_equal(recorder.scores[-1], model.decision_function(X))
    assert monitor.get_logs().data[-1]["accuracy"] == model.score(X, Y)
    stopped = variant(name, early_stopping=False).set_callbacks(Recorder(2)).fit(X, Y)
    assert stopped.n_iter_ == 2


# Going on -----------------------------------------------------------------------------------------


@variants
def test_partial_fit_on_all_is_an_epoch_of_fit(name):
    settings = {"learning_rate": 0.01, "averaging": None, "early_stopping": False, "tol": None}
    whole, parts = variant(name, **settings).fit(X, Y), variant(name, **settings)
    for _ in range(3):
        parts.partial_fit(X, Y, classes=[0, 1, 2])
    # The statistics of the data are merged epoch by epoch.
    np.testing.assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-3)
    assert_same(arrays(parts), arrays(whole), rtol=1e-2, atol=1e-3)


def test_partial_fit_by_batches():
    model = few()
    for start in (0, 30, 60) * 12:
        rows = slice(start, start + 30)
        model.partial_fit(X[rows], Y[rows], classes=np.arange(3))
    assert model.score(X, Y) > 0.9
    assert model.image_shape_ == (8, 8, 3)
    with pytest.raises(
        ValueError, match=r"images of shape \(12, 16\).*images of shape \(8, 8, 3\)"
    ):
        model.partial_fit(X.reshape(90, 12, 16), Y)


@variants
def test_warm_start_begins_where_it_ended(name):
    model = variant(name, warm_start=True, max_iter=4).fit(X, Y)
    model.set_params(averaging=None, early_stopping=False)
    before = arrays(model)
    model.set_params(learning_rate=1e-12, max_iter=1).fit(X, Y)
    n_statistics = 2 * sum(isinstance(layer, BatchNorm) for layer in model.layers_)
    moved = [
        not np.allclose(a, b, rtol=1e-5, atol=1e-5)
        for a, b in zip(arrays(model), before, strict=True)
    ]
    assert sum(moved) <= n_statistics
    assert model.n_iter_ == 1


CHANGES = [
    {"architecture": ((3,),)},
    {"architecture": ((3,), (5,))},
    {"kernel_size": 5},
    {"head": "flatten"},
    {"hidden_layer_sizes": (4,)},
    {"normalization": None},
    {"normalization": "layer"},
    {"activation": "maxout"},
    {"architecture": [Conv2D(3)]},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
@pytest.mark.parametrize("call", ["fit", "partial_fit"])
def test_another_network_does_not_go_on(call, change):
    model = few(warm_start=True, max_iter=1).fit(X, Y)
    state, parameters, maps = learnt(model), arrays(model), model.feature_maps(X[:2])
    model.set_params(**change)
    with pytest.raises(ValueError, match=next(iter(change))):
        getattr(model, call)(X, Y)
    assert all(learnt(model)[name] is state[name] for name in state)
    assert_same(arrays(model), parameters)
    assert_same(model.feature_maps(X[:2]), maps)


def test_images_of_another_shape_do_not_go_on():
    model = few(warm_start=True, max_iter=1).fit(X, Y)
    for images in (X.reshape(90, 4, 16, 3), X.reshape(90, 12, 16), X[:, :6]):
        state = learnt(model)
        for call in (model.fit, model.partial_fit):
            with pytest.raises(ValueError, match=r"images of shape|features"):
                call(images, Y)
            assert all(learnt(model)[name] is state[name] for name in state)


# Copies -------------------------------------------------------------------------------------------


@variants
def test_copies_predict_the_same_and_go_on_alike(name, tmp_path):
    model = variant(name).fit(X, Y)
    expected, maps = model.decision_function(X), model.decision_map(np.tile(X[:2], (1, 2, 1, 1)))
    joblib.dump(model, tmp_path / "model")
    twins = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]
    twins.append(joblib.load(tmp_path / "model"))
    for twin in twins:
        np.testing.assert_array_equal(twin.decision_function(X), expected)
        np.testing.assert_array_equal(twin.decision_map(np.tile(X[:2], (1, 2, 1, 1))), maps)
    if hasattr(model, "partial_fit"):
        for one in (model, *twins):
            one.partial_fit(X, Y, sample_weight=W)
            assert_same(arrays(one), arrays(model))
    assert not learnt(clone(model))
    np.testing.assert_array_equal(clone(model).fit(X, Y).decision_function(X), expected)


def test_assigned_parameters_take_effect():
    model = few().fit(X, Y)
    before = model.decision_function(X)
    model.coefs_ = [np.asfortranarray(coef) for coef in model.coefs_]
    np.testing.assert_array_equal(model.decision_function(X), before)
    model.coefs_ = [*model.coefs_[:-1], 2 * model.coefs_[-1]]
    model.intercepts_[-1] *= 2
    np.testing.assert_allclose(model.decision_function(X), 2 * before, rtol=1e-5)
    assert [coef.shape for coef in model.coefs_] == [(3, 3, 3, 3), (3, 3, 3, 4), (4, 3)]
    goes_on = model.set_params(warm_start=True, learning_rate=1e-12, max_iter=1).fit(X, Y)
    np.testing.assert_allclose(goes_on.coefs_[-1], model.coefs_[-1])
    for wrong in (model.coefs_[:-1], [*model.coefs_, np.ones(3)], model.coefs_[::-1]):
        broken = copy.deepcopy(model)
        broken.coefs_ = wrong
        for method in ("predict", "feature_maps", "decision_map", "predict_proba"):
            with pytest.raises(ValueError, match="coefs_ have the shapes"):
                getattr(broken, method)(X)


# Failures -----------------------------------------------------------------------------------------


class Fails(Layer):
    """Fails in the n-th micro-batch, in whatever thread that is."""

    def __init__(self, calls=None, after=9, error=RuntimeError):
        self.calls, self.after, self.error = calls, after, error

    def forward(self, p, x, phase=None):
        if phase is not None and phase.training and self.calls is not None:
            self.calls.append(threading.current_thread())
            if len(self.calls) == self.after:
                raise self.error("the layer failed")
        return x, lambda dy, g, need_dx=True: dy


@pytest.mark.parametrize("n_threads", [1, 3])
def test_an_error_in_a_thread_leaves_no_trace(n_threads, monkeypatch):
    monkeypatch.setattr("sk231n.neural._convolutional._MOST_IMAGES", 8)
    monkeypatch.setattr("sk231n.neural._convolutional._FEW_VALUES", 0)
    layers = (Conv2D(3), BatchNorm(), ReLU(), Fails())
    model = few(architecture=layers, warm_start=True, max_iter=1).fit(X, Y)
    before, parameters = pickle.dumps(learnt(model)), arrays(model)
    n_alive = threading.active_count()
    with joblib.parallel_config(backend="threading", n_jobs=n_threads):
        for call in (model.fit, model.partial_fit):
            model.set_params(architecture=(*layers[:3], Fails([])))
            with pytest.raises(RuntimeError, match="the layer failed"):
                call(X, Y)
            assert pickle.dumps(learnt(model)) == before
            assert_same(arrays(model), parameters)
    assert threading.active_count() == n_alive


def test_interrupted_in_the_second_epoch(monkeypatch):
    monkeypatch.setattr("sk231n.neural._convolutional._MOST_IMAGES", 8)
    monkeypatch.setattr("sk231n.neural._convolutional._FEW_VALUES", 0)
    layer = Fails([], 20, KeyboardInterrupt)  # three batches are 5 + 5 + 2 micro-batches
    model = few(architecture=(Conv2D(3), BatchNorm(), ReLU(), layer), max_iter=5)
    with pytest.warns(UserWarning, match="interrupted after 1 epoch"):
        model.fit(X, Y)
    assert model.n_iter_ == 1
    whole = few(architecture=(Conv2D(3), BatchNorm(), ReLU(), Fails()), max_iter=5).fit(X, Y)
    np.testing.assert_array_equal(model.loss_curve_, whole.loss_curve_[:1])


def test_divergence_names_the_rate():
    model = few(optimizer=SGD(), learning_rate=Constant(1e30), normalization=None)
    with pytest.raises(FloatingPointError, match="Lower learning_rate"):
        model.fit(X, Y)
    assert not learnt(model)
