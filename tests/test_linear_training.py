"""How the linear classifiers are trained: stopping, going on, history, callbacks, bad input."""

import tracemalloc

import numpy as np
import pytest
from sklearn import config_context
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_digits, make_blobs
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk231n import LinearSVM, SoftmaxClassifier
from sk231n.optimizers import Momentum
from sk231n.schedules import ExponentialDecay, Plateau

MODELS = [SoftmaxClassifier, LinearSVM]


@pytest.fixture(scope="module")
def digits():
    return train_test_split(*load_digits(return_X_y=True), random_state=0)


@pytest.fixture(scope="module")
def blobs():
    return make_blobs(90, centers=3, n_features=4, cluster_std=3.0, random_state=0)


def state_of(model):
    return {name: value for name, value in vars(model).items() if name.endswith("_")}


# History and stopping ---------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_history_has_one_entry_an_epoch(digits, model, optimizer):
    X_train, X_test, y_train, y_test = digits
    loss = {"loss": "squared_hinge"} if model is LinearSVM else {}
    fitted = model(optimizer=optimizer, max_iter=7, random_state=0, tol=None, **loss)
    fitted.fit(X_train, y_train, X_val=X_test, y_val=y_test)
    assert list(fitted.history_) == [
        "loss", "score", "validation_loss", "validation_score", "learning_rate", "update_ratio",
    ]  # fmt: skip
    assert {len(values) for values in fitted.history_.values()} == {7} == {fitted.n_iter_}
    assert fitted.loss_curve_ == fitted.history_["loss"]
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]
    assert fitted.history_["validation_score"][-1] == pytest.approx(fitted.score(X_test, y_test))
    assert fitted.best_validation_score_ == max(fitted.history_["validation_score"])
    assert type(fitted.history_["loss"][0]) is float


def test_first_loss_is_that_of_chance(blobs):
    X, y = blobs
    plain = {"optimizer": "sgd", "learning_rate": 1e-12, "max_iter": 1}
    assert SoftmaxClassifier(**plain).fit(X, y).loss_curve_[0] == pytest.approx(np.log(3))
    assert LinearSVM(margin=0.5, **plain).fit(X, y).loss_curve_[0] == pytest.approx(2 * 0.5)


def test_early_stopping_restores_the_best(digits):
    X_train, X_test, y_train, y_test = digits
    model = SoftmaxClassifier(
        early_stopping=True, max_iter=200, n_iter_no_change=3, tol=0.0, random_state=0,
        optimizer="sgd", learning_rate=0.02,
    )  # fmt: skip
    model.fit(X_train, y_train, X_val=X_test, y_val=y_test)
    scores = model.history_["validation_score"]
    assert model.n_iter_ < 200
    assert model.score(X_test, y_test) == pytest.approx(max(scores))
    assert max(scores) > scores[-1]


def test_early_stopping_sets_a_fraction_aside(digits):
    X, _, y, _ = digits
    model = SoftmaxClassifier(early_stopping=True, validation_fraction=0.2, random_state=0).fit(
        X, y
    )
    assert 0.9 < model.best_validation_score_ <= 1
    again = SoftmaxClassifier(early_stopping=True, validation_fraction=0.2, random_state=0).fit(
        X, y
    )
    np.testing.assert_array_equal(model.coef_, again.coef_)


def test_early_stopping_says_what_it_needs(blobs):
    X, _ = blobs
    with pytest.raises(ValueError, match=r"validation_fraction=0.1 of 3 samples.*X_val"):
        SoftmaxClassifier(early_stopping=True).fit(X[:3], [0, 1, 2])


def test_weights_of_many_magnitudes_are_split(blobs):
    X, y = blobs[0][:40].astype(np.float32), np.arange(40) % 2
    weights = 10.0 ** (-7 * np.arange(40.0))
    model = SoftmaxClassifier(early_stopping=True, random_state=0).fit(X, y, weights)
    assert max(model.history_["validation_score"]) > 0


def test_validation_weights_count(blobs):
    X, y = blobs
    weights = np.where(y == 0, 1.0, 0.0)
    model = SoftmaxClassifier(max_iter=1, random_state=0)
    model.fit(X, y, X_val=X, y_val=y, sample_weight_val=weights)
    assert model.best_validation_score_ == pytest.approx(model.score(X[y == 0], y[y == 0]))


def test_training_stops_without_progress(blobs):
    X, y = blobs
    settings = {"optimizer": "sgd", "learning_rate": 1e-9, "max_iter": 50, "n_iter_no_change": 4}
    assert SoftmaxClassifier(**settings).fit(X, y).n_iter_ == 5
    assert SoftmaxClassifier(**settings, tol=None).fit(X, y).n_iter_ == 50


def test_lbfgs_warns_when_it_is_cut_short(blobs):
    X, y = blobs
    with pytest.warns(ConvergenceWarning, match=r"max_iter=2"):
        model = SoftmaxClassifier(optimizer="lbfgs", max_iter=2).fit(X, y)
    assert model.n_iter_ == 2


def test_lbfgs_says_when_it_gets_nowhere(blobs):
    X, y = blobs
    with pytest.warns(ConvergenceWarning, match="Scale the features"):
        SoftmaxClassifier(optimizer="lbfgs", learning_rate=0.1).fit(X * 1e30, y)


def test_class_weights_leave_the_validation_alone(blobs):
    X, y = blobs
    model = SoftmaxClassifier(class_weight={0: 100.0, 1: 1.0, 2: 1.0}, random_state=0)
    model.fit(X, y, X_val=X, y_val=y)
    assert model.history_["validation_score"][-1] == pytest.approx(model.score(X, y))


def test_schedules_and_their_record(blobs):
    X, y = blobs
    model = SoftmaxClassifier(
        learning_rate=ExponentialDecay(0.1, decay=0.5), max_iter=3, batch_size=90
    )
    assert model.fit(X, y).history_["learning_rate"] == [0.1, 0.05, 0.025]
    model = SoftmaxClassifier(learning_rate=Plateau(1e-12, patience=2), max_iter=6).fit(X, y)
    assert model.history_["learning_rate"][-1] < 1e-12


def test_averaging_predicts_with_the_average(digits):
    X_train, X_test, y_train, y_test = digits
    settings = {"optimizer": "sgd", "learning_rate": 0.05, "max_iter": 15, "random_state": 0}
    plain = SoftmaxClassifier(**settings).fit(X_train, y_train)
    averaged = SoftmaxClassifier(averaging="ema", **settings).fit(X_train, y_train)
    assert averaged.score(X_test, y_test) >= plain.score(X_test, y_test)
    assert not np.array_equal(averaged.coef_, plain.coef_)


def test_verbose_prints_a_line_an_epoch(blobs, capsys):
    X, y = blobs
    SoftmaxClassifier(verbose=1, max_iter=3).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("epoch 3  loss ")


# Going on ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("optimizer", ["sgd", "adam", Momentum(nesterov=True)])
def test_partial_fit_on_all_is_an_epoch_of_fit(digits, model, optimizer):
    X, _, y, _ = digits
    settings = {"optimizer": optimizer, "learning_rate": 1e-3, "random_state": 0, "max_iter": 3}
    whole = model(**settings).fit(X, y)
    parts = model(**settings)
    for _ in range(3):
        parts.partial_fit(X, y, classes=np.unique(y))
    np.testing.assert_allclose(parts.coef_, whole.coef_, rtol=1e-12)
    np.testing.assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-12)
    assert parts.n_iter_ == 3


@pytest.mark.parametrize("model", MODELS)
def test_partial_fit_learns_from_a_stream(digits, model):
    X_train, X_test, y_train, y_test = digits
    order = np.argsort(y_train, kind="stable")  # the worst order there is, and tiny parts
    shuffled = np.random.RandomState(0).permutation(len(order))
    learner = model(random_state=0)
    learner.partial_fit(X_train[order[:7]], y_train[order[:7]], classes=np.arange(10))
    for start in range(0, 3 * len(shuffled), 50):
        part = np.take(shuffled, range(start, start + 50), mode="wrap")
        learner.partial_fit(X_train[part], y_train[part])
    assert learner.score(X_test, y_test) > 0.93


def test_partial_fit_goes_on_from_fit(digits):
    X_train, X_test, y_train, y_test = digits
    model = SoftmaxClassifier(random_state=0).fit(X_train, y_train)
    before = model.score(X_test, y_test)
    model.partial_fit(X_train[:200], y_train[:200])
    assert model.score(X_test, y_test) > before - 0.02
    assert model.n_iter_ == len(model.loss_curve_)
    model.fit(X_train, y_train, X_val=X_test, y_val=y_test)
    model.partial_fit(X_train[:200], y_train[:200])
    assert {len(values) for values in model.history_.values()} == {model.n_iter_}
    assert model.best_validation_score_ is None


def test_partial_fit_errors(blobs):
    X, y = blobs
    with pytest.raises(ValueError, match="classes must be passed"):
        SoftmaxClassifier().partial_fit(X, y)
    model = SoftmaxClassifier().partial_fit(X, y, classes=[0, 1, 2])
    before = state_of(model)
    coef = model.coef_.copy()
    for arguments, message in [
        ((X[:, :2], y), "2 features"),
        ((X, y + 7), "not among the known classes"),
        ((X, y, [0, 1]), "not the same"),
        ((X, np.array(["a", "b", "c"], object)[y]), "known classes"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.partial_fit(*arguments)
        assert state_of(model).keys() == before.keys()
        np.testing.assert_array_equal(model.coef_, coef)
    with pytest.raises(ValueError, match="class_weight='balanced'"):
        SoftmaxClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])
    for parameter in ({"optimizer": "lbfgs"}, {"averaging": "ema"}):
        assert not hasattr(SoftmaxClassifier(**parameter), "partial_fit")


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_warm_start_goes_on(digits, optimizer):
    X, _, y, _ = digits
    model = SoftmaxClassifier(warm_start=True, random_state=0, optimizer=optimizer, tol=1e-3)
    cold = model.fit(X, y).loss_curve_
    warm = model.set_params(max_iter=1, tol=None).fit(X, y)
    assert warm.loss_curve_[0] < 2 * cold[-1] < cold[0]


def test_warm_start_keeps_the_classes(blobs):
    X, y = blobs
    model = SoftmaxClassifier(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="not among the known classes"):
        model.fit(X, y + 1)
    model.fit(X[y < 2], y[y < 2])
    assert model.coef_.shape == (3, 4)
    with pytest.raises(ValueError, match="3 features"):
        model.fit(X[:, :3], y)


# Callbacks --------------------------------------------------------------------------------------


class Recorder:
    """A callback that counts its calls and may stop, fail or interrupt after some epochs."""

    def __init__(self, after=None, action=None):
        self.calls = []
        self.after = after
        self.action = action

    def setup(self, estimator, context):
        self.calls.append("setup")

    def on_fit_task_begin(self, estimator, context):
        self.calls.append("begin " + context.task_name)

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.calls.append("end " + context.task_name)
        self.fitted = fitted_estimator
        if context.task_name == "epoch" and self.calls.count("end epoch") == self.after:
            return self.action()
        return False

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def assert_balanced(self, n_epochs, allowed=(0,)):
        assert self.calls.count("setup") == self.calls.count("teardown") == 1
        assert self.calls.count("begin fit") == self.calls.count("end fit") == 1
        assert self.calls.count("begin epoch") == self.calls.count("end epoch")
        assert self.calls.count("end epoch") - n_epochs in allowed


def interrupt():
    raise KeyboardInterrupt


def fail():
    raise RuntimeError("the callback failed")


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_callbacks_see_every_epoch(blobs, optimizer):
    X, y = blobs
    recorder = Recorder()
    model = SoftmaxClassifier(optimizer=optimizer, random_state=0)
    model.set_callbacks(recorder).fit(X, y)
    # L-BFGS does not say which iteration is its last: it may leave an empty task.
    recorder.assert_balanced(model.n_iter_, allowed=(0,) if optimizer == "adam" else (0, 1))
    np.testing.assert_array_equal(recorder.fitted.coef_, model.coef_)
    assert "_callback_fit_ctx" not in vars(model)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_a_callback_can_stop(blobs, optimizer):
    X, y = blobs
    recorder = Recorder(after=2, action=lambda: True)
    model = SoftmaxClassifier(optimizer=optimizer).set_callbacks(recorder).fit(X, y)
    assert model.n_iter_ == 2
    recorder.assert_balanced(2)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_an_interrupted_fit_is_usable(blobs, optimizer):
    X, y = blobs
    model = SoftmaxClassifier(optimizer=optimizer).set_callbacks(Recorder(3, interrupt))
    with pytest.warns(UserWarning, match="interrupted after 3 epochs"):
        model.fit(X, y)
    assert model.n_iter_ == 3
    assert model.predict(X).shape == y.shape


def test_a_failed_fit_leaves_no_trace(blobs):
    X, y = blobs
    recorder = Recorder(2, fail)
    model = SoftmaxClassifier().set_callbacks(recorder)
    with pytest.raises(RuntimeError, match="the callback failed"):
        model.fit(X, y)
    assert recorder.calls[-1] == "teardown"
    assert not state_of(model)
    model.set_callbacks().fit(X, y)
    before = state_of(model)
    with pytest.raises(RuntimeError, match="the callback failed"):
        model.set_callbacks(Recorder(2, fail)).fit(X[:, :3], y)
    after = state_of(model)
    assert before.keys() == after.keys()
    assert all(before[name] is after[name] for name in before)


def test_scoring_monitor_and_progress_bar(blobs, capsys):
    X, y = blobs
    monitor = ScoringMonitor(scoring="accuracy")
    model = SoftmaxClassifier(max_iter=4).set_callbacks(monitor, ProgressBar()).fit(X, y)
    data = monitor.get_logs().data
    assert len(data) == 5  # four epochs, and the fit as a whole
    assert data[-1]["accuracy"] == model.score(X, y)
    assert "SoftmaxClassifier - fit" in capsys.readouterr().out


def test_partial_fit_calls_back(blobs):
    X, y = blobs
    recorder = Recorder()
    SoftmaxClassifier().set_callbacks(recorder).partial_fit(X, y, classes=[0, 1, 2])
    recorder.assert_balanced(1)


def test_monitors_weigh_the_samples_of_partial_fit(blobs):
    X, y = blobs
    weights = np.where(y == 0, 1.0, 0.0)
    monitor = ScoringMonitor(scoring="accuracy")
    model = SoftmaxClassifier(random_state=0).set_callbacks(monitor)
    model.partial_fit(X, y, classes=[0, 1, 2], sample_weight=weights)
    assert monitor.get_logs().data[-1]["accuracy"] == model.score(X, y, sample_weight=weights)


def test_metadata_routing(blobs):
    X, y = blobs
    weights = np.where(y == 0, 1.0, 3.0)
    with config_context(enable_metadata_routing=True):
        routed = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            SoftmaxClassifier(random_state=0).set_fit_request(sample_weight=True),
        ).fit(X, y, sample_weight=weights)
    Z = StandardScaler().fit_transform(X)
    direct = SoftmaxClassifier(random_state=0).fit(Z, y, sample_weight=weights)
    np.testing.assert_array_equal(routed[-1].coef_, direct.coef_)


# Limits -----------------------------------------------------------------------------------------


def test_memory_stays_small():
    rng = np.random.RandomState(0)
    X, y = rng.randint(0, 256, (4000, 3072), dtype=np.uint8), rng.randint(0, 10, 4000)
    as_float32 = 4 * X.size
    tracemalloc.start()
    try:
        model = SoftmaxClassifier(max_iter=2, early_stopping=True).fit(X, y)
        model.predict(X)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.75 * as_float32


@pytest.mark.parametrize("model", MODELS)
def test_divergence_names_the_rate(blobs, model):
    X, y = blobs
    diverging = model(optimizer="sgd", learning_rate=1e300, max_iter=5)
    with pytest.raises(FloatingPointError, match=r"Lower\s+learning_rate, which is 1e\+300"):
        diverging.fit(X * 1e20, y)
    with pytest.raises(NotFittedError):
        diverging.predict(X)


BAD_DATA = {
    "empty": (np.empty((0, 4)), [], "0 sample"),
    "no features": (np.empty((3, 0)), [0, 1, 2], "0 feature"),
    "one dimension": (np.zeros(3), [0, 1, 2], "Expected 2D array"),
    "five dimensions": (np.zeros((3, 1, 1, 1, 1)), [0, 1, 2], "5 dimensions"),
    "NaN": (np.full((3, 4), np.nan), [0, 1, 2], "NaN"),
    "infinity": (np.full((3, 4), np.inf), [0, 1, 2], "infinity"),
    "text": (np.full((3, 4), "pixel"), [0, 1, 2], "could not convert|dtype"),
    "complex": (np.zeros((3, 4), complex), [0, 1, 2], "Complex data"),
    "ragged images": ([np.zeros((2, 2)), np.zeros((3, 2))], [0, 1], "different shapes"),
    "one class": (np.eye(4), [1, 1, 1, 1], "2 classes"),
    "one sample": (np.ones((1, 4)), [1], "2 classes"),
    "fewer labels": (np.eye(4), [0, 1], "inconsistent numbers of samples"),
    "continuous labels": (np.eye(4), [0.1, 0.2, 0.3, 0.4], "continuous"),
    "two columns of labels": (np.eye(4), 2 * np.eye(4), "probabilities .* sums from 2 to 2"),
    "negative probabilities": (np.eye(4), [[2.0, -1.0]] * 4, "numbers from -1 to 2"),
    "NaN probability": (np.eye(4), [[np.nan, 1.0]] * 4, "NaN"),
    "text in columns": (np.eye(4), [["a", "b"]] * 4, "y has dtype <U1"),
    "NaN label": (np.eye(4), [0, 1, np.nan, 0], "NaN"),
    "dates": (np.full((3, 4), "2026-01-01", "datetime64[D]"), [0, 1, 2], "dtype datetime64"),
    "too large": (np.eye(4) * 1e300, [0, 1, 0, 1], "too large for float64"),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data(model, name):
    X, y, message = BAD_DATA[name]
    fresh = model()
    with pytest.raises(ValueError, match=message):
        fresh.fit(X, y)
    assert not state_of(fresh)


def test_sparse_is_refused(blobs):
    from scipy.sparse import csr_array

    X, y = blobs
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        SoftmaxClassifier().fit(csr_array(X), y)


BAD_FIT_ARGUMENTS = {
    "negative weight": ({"sample_weight": [-1] + [1] * 89}, "[Nn]egative"),
    "all weights zero": ({"sample_weight": np.zeros(90)}, "zero"),
    "short weights": ({"sample_weight": [1, 2]}, "sample_weight"),
    "NaN weight": ({"sample_weight": np.full(90, np.nan)}, "NaN"),
    "X_val alone": ({"X_val": np.eye(4)}, "X_val and y_val must be passed together"),
    "y_val alone": ({"y_val": [0]}, "X_val and y_val must be passed together"),
    "other features": ({"X_val": np.eye(3), "y_val": [0, 1, 2]}, "X_val.*3 features"),
    "unknown label": ({"X_val": np.eye(4), "y_val": [0, 1, 2, 9]}, "known classes"),
}


@pytest.mark.parametrize("name", BAD_FIT_ARGUMENTS)
def test_bad_fit_arguments(blobs, name):
    arguments, message = BAD_FIT_ARGUMENTS[name]
    with pytest.raises(ValueError, match=message):
        SoftmaxClassifier().fit(*blobs, **arguments)


BAD_PARAMETERS = [
    {"alpha": -1}, {"penalty": "l3"}, {"l1_ratio": 2}, {"optimizer": "newton"},
    {"learning_rate": 0}, {"learning_rate": "adaptive"}, {"batch_size": 0}, {"max_iter": 0},
    {"tol": -1}, {"n_iter_no_change": 0}, {"shuffle": "yes"}, {"early_stopping": 3},
    {"validation_fraction": 1.0}, {"averaging": "sma"}, {"class_weight": "auto"},
    {"random_state": "x"}, {"warm_start": 2},
]  # fmt: skip


@pytest.mark.parametrize("parameters", BAD_PARAMETERS, ids=str)
def test_bad_parameters_are_named(blobs, parameters):
    with pytest.raises(ValueError, match=f"'{next(iter(parameters))}' parameter"):
        SoftmaxClassifier(**parameters).fit(*blobs)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"loss": "log"}, "'loss' parameter"),
        ({"strategy": "ovo"}, "'strategy' parameter"),
        ({"margin": 0}, "'margin' parameter"),
        ({"optimizer": Momentum(2.0)}, "'momentum' parameter"),
        ({"learning_rate": ExponentialDecay(0.1, 3)}, "'decay' parameter"),
        ({"optimizer": "lbfgs"}, "smooth objective"),
        ({"optimizer": "lbfgs", "loss": "squared_hinge", "penalty": "l1"}, "smooth objective"),
        ({"class_weight": {0: "2"}}, "class_weight"),
        ({"class_weight": {0: np.inf}}, "class_weight"),
        ({"class_weight": {1: 10**400}}, "class_weight"),
    ],
    ids=str,
)
def test_bad_svm_parameters_are_named(blobs, parameters, message):
    with pytest.raises(ValueError, match=message):
        LinearSVM(**parameters).fit(*blobs)


@pytest.mark.parametrize("model", MODELS)
def test_queries_are_checked(blobs, model):
    X, y = blobs
    with pytest.raises(NotFittedError):
        model().predict(X)
    fitted = model().fit(X, y)
    for query, message in [(X[:, :3], "3 features"), (X[:0], "0 sample"), (X * np.nan, "NaN")]:
        with pytest.raises(ValueError, match=message):
            fitted.predict(query)


def test_odd_arrays_give_the_same_model(blobs):
    X, y = blobs
    plain = SoftmaxClassifier(random_state=0).fit(X, y)
    read_only = X.copy()
    read_only.setflags(write=False)
    wide = np.zeros((len(X), 8))
    wide[:, ::2] = X
    for odd in (np.asfortranarray(X), read_only, wide[:, ::2], X.astype(object), X.tolist()):
        np.testing.assert_array_equal(
            SoftmaxClassifier(random_state=0).fit(odd, y).coef_, plain.coef_
        )


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("first", ["sgd", "momentum", "adam"])
@pytest.mark.parametrize("second", ["sgd", "adagrad", "rmsprop", "adam"])
def test_partial_fit_with_another_optimizer(model, first, second, blobs):
    X, y = blobs
    fitted = model(optimizer=first, random_state=0).partial_fit(X, y, classes=np.unique(y))
    fitted.set_params(optimizer=second).partial_fit(X, y)
    fresh = model(optimizer=second, random_state=0).partial_fit(X, y, classes=np.unique(y))
    rate = fresh.history_["learning_rate"][0]
    np.testing.assert_allclose(fitted.history_["learning_rate"][1], rate, rtol=1e-12)
    assert np.isfinite(fitted.coef_).all()


def test_partial_fit_without_classes(blobs):
    with pytest.raises(ValueError, match="at least 2 classes in y; got no class at all"):
        SoftmaxClassifier().partial_fit(*blobs, classes=[])


def test_weights_of_no_validation_data(blobs):
    with pytest.raises(ValueError, match="sample_weight_val needs X_val, which is None"):
        SoftmaxClassifier().fit(*blobs, sample_weight_val=np.ones(90))


@pytest.mark.parametrize("scale", [1e-160, 1e-22])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_tiny_features_without_penalty(scale, optimizer, blobs):
    X, y = blobs
    model = SoftmaxClassifier(alpha=0, optimizer=optimizer, max_iter=20, random_state=0)
    expected = model.fit(X, y).predict(X)
    assert np.mean(model.fit(X * scale, y).predict(X * scale) == expected) > 0.97


@pytest.mark.filterwarnings("error")
def test_lbfgs_beyond_the_range_of_floats(blobs):
    X, y = blobs
    model = LinearSVM(loss="squared_hinge", optimizer="lbfgs", margin=1e300)
    with pytest.raises(FloatingPointError, match="L-BFGS ended with the loss"):
        model.fit(X, y)
    assert not hasattr(model, "coef_")


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_large_constant_feature(blobs):
    X, y = blobs
    with_constant = np.column_stack([X, np.full(len(X), 1e300)])
    model = SoftmaxClassifier(max_iter=5, random_state=0).fit(with_constant, y)
    np.testing.assert_array_equal(model.coef_[:, -1], 0)
    assert model.score(with_constant, y) > 0.8
