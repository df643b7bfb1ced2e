"""The network classifier: its meaning, its parts, labels, and what it refuses."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.datasets import load_digits, load_iris, make_multilabel_classification
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier as Referee
from sklearn.preprocessing import StandardScaler

from sk231n import LinearSVM, MLPClassifier, SoftmaxClassifier
from sk231n.core.penalties import L2
from sk231n.losses import CrammerSinger, CrossEntropy, OneVsRest, SigmoidCrossEntropy, SquaredError
from sk231n.optimizers import Adam, Momentum
from sk231n.schedules import CosineDecay, ExponentialDecay, OneCycle, StepDecay

X, Y = load_iris(return_X_y=True)
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0}
SHORT = {"max_iter": 25, "random_state": 0}  # on the digits "auto" means 148


@pytest.fixture(scope="module")
def digits():
    return train_test_split(*load_digits(return_X_y=True), random_state=0)


@pytest.fixture(scope="module")
def tags():
    """Five features, three labels per sample."""
    features, labels = make_multilabel_classification(
        200, n_features=8, n_classes=3, random_state=0
    )
    return features, labels


def same_start(network, referee, coefs, intercepts):
    """Give both the same parameters, with which their next `fit` starts."""
    for learnt, values in (("coefs_", coefs), ("intercepts_", intercepts)):
        setattr(network, learnt, [value.copy() for value in values])
        for array, value in zip(getattr(referee, learnt), values, strict=True):
            array[...] = value


def draw(sizes, seed=1):
    rng = np.random.RandomState(seed)
    coefs = [rng.normal(0, 0.5, size=pair) for pair in pairwise(sizes)]
    return coefs, [rng.normal(0, 0.1, size=size) for size in sizes[1:]]


# The referee ------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("sgd", {"solver": "sgd", "momentum": 0}),
        (Momentum(0.8), {"solver": "sgd", "momentum": 0.8, "nesterovs_momentum": False}),
        (Momentum(0.8, nesterov=True), {"solver": "sgd", "momentum": 0.8}),
        (Adam(epsilon=1e-14), {"solver": "adam", "epsilon": 1e-14}),
    ],
    ids=["sgd", "momentum", "nesterov", "adam"],
)
@pytest.mark.parametrize("kind", ["classes", "labels"])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning")
def test_walks_with_the_referee(activation, ours, theirs, kind):
    Z = StandardScaler().fit_transform(X)
    labels = Y if kind == "classes" else np.column_stack([Y > 0, X[:, 1] > 3, X[:, 0] > 6]) * 1
    n_epochs, rate, alpha = 7, 0.02, 3.0
    common = {"activation": activation, "warm_start": True, "random_state": 0, "shuffle": False}
    network = MLPClassifier(
        (6, 5), batch_size=150, learning_rate=1e-12, max_iter=1, optimizer=ours,
        alpha=alpha / 150, tol=None, **common,
    )  # fmt: skip
    referee = Referee(
        (6, 5), batch_size=150, learning_rate_init=1e-12, max_iter=1, alpha=alpha, **theirs,
        **common,
    )  # fmt: skip
    start = draw((4, 6, 5, 3))
    same_start(network.fit(Z, labels), referee.fit(Z, labels), *start)
    network.set_params(learning_rate=rate, max_iter=n_epochs).fit(Z, labels)
    referee.set_params(learning_rate_init=rate, max_iter=n_epochs).fit(Z, labels)
    assert network.n_iter_ == n_epochs
    assert np.abs(network.coefs_[0] - start[0][0]).max() > 1e-3
    for ours_, theirs_ in zip(
        network.coefs_ + network.intercepts_, referee.coefs_ + referee.intercepts_, strict=True
    ):
        np.testing.assert_allclose(ours_, theirs_, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(network.predict_proba(Z), referee.predict_proba(Z), rtol=1e-7)
    np.testing.assert_allclose(network.loss_curve_, referee.loss_curve_[-n_epochs:], rtol=1e-7)


# Without hidden layers it is the linear classifier ------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"optimizer": "lbfgs"},
        {"optimizer": "sgd", "learning_rate": 0.01, "batch_size": 32},
        {"penalty": "l1", "averaging": "ema"},
        {"early_stopping": True, "class_weight": "balanced", "optimizer": "nesterov"},
        {"optimizer": Adam(weight_decay=0.01), "learning_rate": OneCycle(), "max_iter": 20},
    ],
    ids=str,
)
def test_no_hidden_layer_is_the_softmax_classifier(arguments):
    network = MLPClassifier((), alpha=1e-3, random_state=3, **arguments).fit(X, Y)
    linear = SoftmaxClassifier(alpha=1e-3, random_state=3, **arguments).fit(X, Y)
    np.testing.assert_array_equal(network.coefs_[0].T, linear.coef_)
    np.testing.assert_array_equal(network.intercepts_[0], linear.intercept_)
    np.testing.assert_array_equal(network.predict_proba(X), linear.predict_proba(X))
    assert network.loss_curve_ == linear.loss_curve_
    assert network.n_layers_ == 2
    assert network.hidden_activations(X) == []


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_no_hidden_layer_is_the_linear_svm(loss):
    network = MLPClassifier((), alpha=1e-3, loss=loss, random_state=3).fit(X, Y)
    linear = LinearSVM(loss=loss, random_state=3).fit(X, Y)
    np.testing.assert_array_equal(network.coefs_[0].T, linear.coef_)
    np.testing.assert_array_equal(network.decision_function(X), linear.decision_function(X))


# Everything learns --------------------------------------------------------------------------------


@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
@pytest.mark.parametrize(
    "activation", ["identity", "logistic", "tanh", "relu", "leaky_relu", "maxout"]
)
def test_every_activation_and_normalization_learns(digits, activation, normalization):
    X_train, X_test, y_train, y_test = digits
    model = MLPClassifier((32,), activation, normalization=normalization, **SHORT)
    assert model.fit(X_train, y_train).score(X_test, y_test) > 0.94


@pytest.mark.parametrize(
    "arguments",
    [
        {"loss": "hinge"},
        {"loss": "squared_hinge"},
        {"loss": CrossEntropy(label_smoothing=0.1)},
        {"loss": CrammerSinger(margin=2.0)},
        {"loss": OneVsRest(power=2)},
        {"weight_init": "he"},
        {"weight_init": "glorot"},
        {"weight_init": "lecun"},
        {"weight_init": "sparse"},
        {"weight_init": 0.05},
        {"penalty": "l1"},
        {"penalty": "elasticnet"},
        {"penalty": None},
        {"dropout": 0.3},
        {"averaging": "ema"},
        {"early_stopping": True},
        {"max_norm": 1.0},
        {"class_weight": "balanced"},
    ],
    ids=str,
)
def test_every_argument_learns(digits, arguments):
    X_train, X_test, y_train, y_test = digits
    model = MLPClassifier((32,), **SHORT, **arguments).fit(X_train, y_train)
    assert model.score(X_test, y_test) > 0.94


@pytest.mark.parametrize(
    "optimizer",
    ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "lbfgs", Adam(weight_decay=0.1)],
    ids=str,
)
def test_every_optimizer_learns_by_itself(digits, optimizer):
    X_train, X_test, y_train, y_test = digits
    model = MLPClassifier((24, 24), optimizer=optimizer, random_state=0)
    assert model.fit(X_train, y_train).score(X_test, y_test) > 0.92


@pytest.mark.parametrize(
    "schedule",
    [StepDecay(3e-3), ExponentialDecay(3e-3), CosineDecay(3e-3), OneCycle(3e-3), 3e-3],
    ids=str,
)
def test_every_schedule_learns(digits, schedule):
    X_train, X_test, y_train, y_test = digits
    model = MLPClassifier((32,), learning_rate=schedule, max_iter=30, random_state=0)
    assert model.fit(X_train, y_train).score(X_test, y_test) > 0.92


@pytest.mark.parametrize("view", ["uint8", "standardised", "tiny", "mixed"])
def test_any_scale_of_the_features(digits, view):
    X_train, X_test, y_train, y_test = digits
    seen = {
        "uint8": lambda x: (x * 15).astype(np.uint8),
        "standardised": StandardScaler().fit(X_train).transform,
        "tiny": lambda x: x * 1e-6,
        "mixed": lambda x: x * 10.0 ** (np.arange(64) % 7 - 3),
    }[view]
    model = MLPClassifier(alpha=0, random_state=0).fit(seen(X_train), y_train)
    assert model.score(seen(X_test), y_test) > 0.95


def test_layers_of_their_own(digits):
    X_train, X_test, y_train, y_test = digits
    model = MLPClassifier((24, 16, 12), ("tanh", "maxout", "leaky_relu"), random_state=0)
    model.fit(X_train, y_train)
    assert [coef.shape for coef in model.coefs_] == [(64, 24), (24, 32), (16, 12), (12, 10)]
    assert [intercept.shape for intercept in model.intercepts_] == [(24,), (32,), (12,), (10,)]
    assert model.n_layers_ == 5
    assert model.score(X_test, y_test) > 0.92


@pytest.mark.parametrize("sizes", [7, (7,), [7], np.array([7]), np.int64(7)], ids=str)
def test_sizes_of_many_kinds(sizes):
    model = MLPClassifier(**{**QUICK, "hidden_layer_sizes": sizes}).fit(X, Y)
    expected = MLPClassifier(**{**QUICK, "hidden_layer_sizes": (7,)}).fit(X, Y)
    np.testing.assert_array_equal(model.coefs_[0], expected.coefs_[0])


def test_starts_are_what_they_say():
    narrow = np.random.RandomState(0).standard_normal((60, 400))
    labels = np.arange(60) % 3
    frozen = {"optimizer": "sgd", "learning_rate": 1e-12, "max_iter": 1, "random_state": 0}
    for weight_init, activation, std in [
        ("auto", "relu", np.sqrt(2 / 400)),
        ("auto", "leaky_relu", np.sqrt(2 / 400)),
        ("auto", "maxout", np.sqrt(2 / 400)),
        ("auto", "logistic", np.sqrt(2 / 500)),
        ("he", "tanh", np.sqrt(2 / 400)),
        ("glorot", "relu", np.sqrt(2 / 500)),
        ("lecun", "relu", np.sqrt(1 / 400)),
        (0.3, "relu", 0.3),
    ]:
        model = MLPClassifier((100,), activation, weight_init=weight_init, **frozen)
        model.fit(narrow, labels)
        np.testing.assert_allclose(model.coefs_[0].std(), std, rtol=0.02)
        if weight_init == "auto":
            assert np.abs(model.coefs_[1]).max() < 1e-10
            assert model.loss_curve_[0] == pytest.approx(np.log(3), abs=0.03)
        else:
            assert np.abs(model.coefs_[1]).max() > 0.1
    sparse = MLPClassifier((100,), weight_init="sparse", alpha=0, **frozen).fit(narrow, labels)
    np.testing.assert_array_equal((np.abs(sparse.coefs_[0]) > 1e-6).sum(axis=0), 10)


@pytest.mark.parametrize("learning_rate", ["auto", 0.01])
@pytest.mark.parametrize(
    "arguments", [{}, {"averaging": "ema"}, {"activation": "maxout", "normalization": "batch"}],
    ids=str,
)  # fmt: skip
def test_max_norm_bounds_the_incoming_weights(digits, learning_rate, arguments):
    X_train, _, y_train, _ = digits
    settings = {"learning_rate": learning_rate, "max_iter": 5, "random_state": 0, **arguments}
    free = MLPClassifier((20, 10), **settings).fit(X_train, y_train)
    bound = MLPClassifier((20, 10), max_norm=0.3, **settings).fit(X_train, y_train)
    for k in range(3):
        assert np.linalg.norm(bound.coefs_[k], axis=0).max() <= 0.3 * (1 + 1e-12)
    assert max(np.linalg.norm(coef, axis=0).max() for coef in free.coefs_) > 0.3


def test_label_smoothing_softens(digits):
    X_train, X_test, y_train, _ = digits
    plain = MLPClassifier((16,), random_state=0).fit(X_train, y_train)
    soft = MLPClassifier((16,), loss=CrossEntropy(label_smoothing=0.2), random_state=0)
    soft.fit(X_train, y_train)
    confidence = [m.predict_proba(X_test).max(axis=1).mean() for m in (plain, soft)]
    assert confidence[1] < 0.9 < confidence[0]


# Predictions --------------------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [2, 3])
def test_predictions_agree(classes):
    keep = classes > Y
    names = np.array(["setosa", "versicolor", "virginica"])[Y[keep]]
    model = MLPClassifier((8,), random_state=0).fit(X[keep], names)
    proba, scores = model.predict_proba(X), model.decision_function(X)
    assert proba.shape == (150, classes)
    assert scores.shape == ((150,) if classes == 2 else (150, 3))
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_allclose(np.log(proba), model.predict_log_proba(X), atol=1e-9)
    np.testing.assert_array_equal(model.predict(X), model.classes_[proba.argmax(axis=1)])
    if classes == 2:
        np.testing.assert_allclose(proba[:, 1], expit(scores))
    else:
        np.testing.assert_allclose(
            scores, relu_by_hand(X, model) @ model.coefs_[1] + model.intercepts_[1], rtol=1e-9
        )


def relu_by_hand(x, model):
    return np.maximum(x @ model.coefs_[0] + model.intercepts_[0], 0)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", OneVsRest()], ids=str)
def test_hinges_have_no_probabilities(loss):
    model = MLPClassifier(loss=loss, **QUICK).fit(X, Y)
    for method in ("predict_proba", "predict_log_proba"):
        assert not hasattr(model, method)
        with pytest.raises(AttributeError, match=method):
            getattr(model, method)


@pytest.mark.parametrize("loss", ["nonsense", None, 3, []], ids=str)
def test_unknown_losses_have_no_probabilities(loss):
    assert not hasattr(MLPClassifier(loss=loss), "predict_proba")


@pytest.mark.parametrize("learning_rate", ["auto", 0.01])
def test_hidden_activations_by_hand(learning_rate):
    model = MLPClassifier(
        (6, 5), ("maxout", "tanh"), normalization="batch", dropout=0.2, random_state=0,
        learning_rate=learning_rate, max_iter=20,
    ).fit(X, Y)  # fmt: skip
    assert [set(n) for n in model.normalizations_] == [{"scale", "shift", "mean", "variance"}] * 2

    def block(x, k):
        n = model.normalizations_[k]
        z = x @ model.coefs_[k] + model.intercepts_[k]
        return (z - n["mean"]) / np.sqrt(n["variance"] + 1e-5) * n["scale"] + n["shift"]

    z = block(X, 0)
    first = np.maximum(z[:, :6], z[:, 6:])
    second = np.tanh(block(first, 1))
    hidden = model.hidden_activations(X)
    assert len(hidden) == 2
    np.testing.assert_allclose(hidden[0], first, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(hidden[1], second, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        second @ model.coefs_[2] + model.intercepts_[2], model.decision_function(X), rtol=1e-9
    )


def test_hidden_activations_with_layer_normalization():
    model = MLPClassifier((6,), "logistic", normalization="layer", max_iter=20, random_state=0)
    model.fit(X, Y)
    z = X @ model.coefs_[0] + model.intercepts_[0]
    z = (z - z.mean(axis=1, keepdims=True)) / np.sqrt(z.var(axis=1, keepdims=True) + 1e-5)
    (n,) = model.normalizations_
    assert set(n) == {"scale", "shift"}
    (hidden,) = model.hidden_activations(X)
    np.testing.assert_allclose(hidden, expit(z * n["scale"] + n["shift"]), rtol=1e-9)


def test_hidden_activations_of_images_and_many_rows():
    rng = np.random.RandomState(0)
    images, labels = rng.randint(0, 256, (2500, 3, 3, 2), dtype=np.uint8), rng.randint(0, 3, 2500)
    model = MLPClassifier(**QUICK).fit(images, labels)
    (hidden,) = model.hidden_activations(images)
    assert hidden.shape == (2500, 8)
    assert hidden.dtype == np.float32
    (rows,) = model.hidden_activations(images.reshape(2500, -1)[2000:])
    np.testing.assert_allclose(hidden[2000:], rows, rtol=1e-5)
    np.testing.assert_array_equal(model.predict(images), model.predict(images.reshape(2500, -1)))


def test_before_fit():
    model = MLPClassifier()
    for method in (
        "predict", "predict_proba", "predict_log_proba", "decision_function", "hidden_activations",
    ):  # fmt: skip
        with pytest.raises(NotFittedError):
            getattr(model, method)(X)
    with pytest.raises(NotFittedError):
        model.score(X, Y)


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "decision_function", "hidden_activations"]
)
def test_queries_are_checked(method):
    model = MLPClassifier(**QUICK).fit(X, Y)
    for query, message in [
        (X[:, :3], "3 features"), (X[:0], "0 sample"), (X * np.nan, "NaN"), (X[0], "2D array"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=message):
            getattr(model, method)(query)
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        getattr(model, method)(csr_array(X))


# Several labels per sample -----------------------------------------------------------------------


def test_multi_label(tags):
    features, labels = tags
    model = MLPClassifier((16,), random_state=0).fit(features, labels)
    scores = model.decision_function(features)
    assert scores.shape == labels.shape
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    np.testing.assert_array_equal(model.predict(features), scores > 0)
    np.testing.assert_allclose(model.predict_proba(features), expit(scores), rtol=1e-12)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(features)), expit(scores), rtol=1e-9)
    subset = (model.predict(features) == labels).all(axis=1).mean()
    assert model.score(features, labels) == pytest.approx(subset)
    assert subset > 0.8
    assert model.loss_curve_[0] < 3 * np.log(2) * 1.2


@pytest.mark.parametrize("container", [csr_array, list, np.float64, bool])
def test_indicators_of_many_kinds(tags, container):
    features, labels = tags
    given = labels.astype(container) if container in (np.float64, bool) else container(labels)
    model = MLPClassifier(**QUICK).fit(features, given)
    expected = MLPClassifier(**QUICK).fit(features, labels)
    np.testing.assert_array_equal(model.coefs_[1], expected.coefs_[1])
    np.testing.assert_array_equal(model.predict(features), expected.predict(features))


def test_two_labels_are_not_two_classes(tags):
    features, labels = tags
    model = MLPClassifier((16,), random_state=0).fit(features, labels[:, :2])
    assert model.decision_function(features).shape == (200, 2)
    assert model.predict_proba(features).shape == (200, 2)
    assert (model.predict(features).sum(axis=1) == 2).any()


@pytest.mark.parametrize("values", [(1, 2), (-1, 1), (0, 2)], ids=str)
def test_indicators_hold_zeros_and_ones(tags, values):
    features, labels = tags
    with pytest.raises(ValueError, match="0 and 1"):
        MLPClassifier(**QUICK).fit(features, np.array(values)[labels])


def test_multi_label_with_all_the_trimmings(tags):
    features, labels = tags
    model = MLPClassifier((16,), early_stopping=True, averaging="ema", random_state=0)
    model.fit(features, labels)
    assert 0.5 < model.best_validation_score_ <= 1
    model = MLPClassifier((16,), early_stopping=True, random_state=0)
    model.fit(features[:150], labels[:150], X_val=features[150:], y_val=labels[150:])
    assert model.best_validation_score_ == pytest.approx(
        model.score(features[150:], labels[150:]), rel=1e-12
    )
    model = MLPClassifier((16,), random_state=0, learning_rate=0.01)
    with pytest.raises(ValueError, match="classes"):
        model.partial_fit(features, labels)
    for _ in range(60):
        model.partial_fit(features, labels, classes=[0, 1, 2])
    assert model.score(features, labels) > 0.5
    with pytest.raises(ValueError, match="columns"):
        model.partial_fit(features, labels[:, :2])
    smooth = MLPClassifier((16,), loss=CrossEntropy(label_smoothing=0.2), random_state=0)
    smooth.fit(features, labels)
    plain = MLPClassifier((16,), random_state=0).fit(features, labels)
    assert smooth.predict_proba(features).max() < plain.predict_proba(features).max()
    sigmoid = MLPClassifier(loss=SigmoidCrossEntropy(), **QUICK).fit(features, labels)
    plain = MLPClassifier(**QUICK).fit(features, labels)
    np.testing.assert_array_equal(sigmoid.coefs_[0], plain.coefs_[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"class_weight": "balanced"}, "class_weight='balanced' is for one label per sample"),
        ({"class_weight": {0: 2.0}}, "class_weight=.* is for one label per sample"),
        ({"loss": CrammerSinger()}, "loss=CrammerSinger.* is for one label per sample"),
    ],
    ids=str,
)
def test_what_multi_label_refuses(tags, arguments, message):
    model = MLPClassifier(**arguments, **QUICK)
    with pytest.raises(ValueError, match=message):
        model.fit(*tags)
    assert not hasattr(model, "classes_")


def test_from_many_labels_to_one_and_back(tags):
    features, labels = tags
    model = MLPClassifier(**QUICK).fit(features, labels)
    with pytest.raises(ValueError, match="indicator matrix as in the first call"):
        model.partial_fit(features, labels[:, 0])
    with pytest.raises(ValueError, match="indicator matrix as in the first call"):
        model.set_params(warm_start=True).fit(features, labels[:, 0])
    model.set_params(warm_start=False, loss="hinge", class_weight="balanced")
    model.fit(features, labels[:, 0])  # a new fit does not depend on the old one
    assert model.predict(features).shape == (200,)
    model.set_params(class_weight=None, warm_start=True)
    for call in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match="one label per sample"):
            call(features, labels)
    assert model.predict(features).shape == (200,)


# Weights ----------------------------------------------------------------------------------------


FULL_BATCH = {"hidden_layer_sizes": (6,), "batch_size": 10_000, "max_iter": 25, "random_state": 0}


@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
@pytest.mark.parametrize("activation", ["tanh", "maxout"])
@pytest.mark.parametrize("learning_rate", ["auto", 0.01])
def test_weights_are_copies(normalization, activation, learning_rate):
    w = np.random.RandomState(0).randint(0, 4, size=150)
    settings = {
        "normalization": normalization, "activation": activation, "learning_rate": learning_rate,
        **FULL_BATCH,
    }  # fmt: skip
    weighted = MLPClassifier(**settings).fit(X, Y, sample_weight=w)
    copied = MLPClassifier(**settings).fit(X.repeat(w, axis=0), Y.repeat(w))
    np.testing.assert_allclose(
        weighted.decision_function(X), copied.decision_function(X), rtol=1e-6, atol=1e-7
    )
    np.testing.assert_allclose(weighted.loss_curve_, copied.loss_curve_, rtol=1e-8)
    for ours, theirs in zip(weighted.normalizations_, copied.normalizations_, strict=True):
        for name in ours:
            np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("normalization", [None, "batch"])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 0.5, 1: 2.0, 2: 1.0}], ids=str)
def test_class_weights_are_sample_weights(normalization, class_weight):
    keep = np.r_[0:50, 50:70, 100:110]
    x, y = X[keep], Y[keep]
    factors = 1 / np.bincount(y) if class_weight == "balanced" else np.array([0.5, 2.0, 1.0])
    weighted = MLPClassifier(
        normalization=normalization, class_weight=class_weight, **FULL_BATCH
    ).fit(x, y)
    plain = MLPClassifier(normalization=normalization, **FULL_BATCH)
    plain.fit(x, y, sample_weight=factors[y])
    np.testing.assert_allclose(
        weighted.decision_function(X), plain.decision_function(X), rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("normalization", [None, "batch"])
def test_a_class_of_weight_zero_is_not_there(normalization):
    model = MLPClassifier(class_weight={1: 0}, normalization=normalization, **FULL_BATCH)
    model.fit(X, Y)
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    assert not (model.predict(X) == 1).any()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
def test_weights_of_many_magnitudes(normalization):
    """In float32 many weights are zero, those of whole batches too."""
    weights = 10.0 ** (-4 * np.arange(40.0))
    model = MLPClassifier(normalization=normalization, batch_size=4, **QUICK)
    model.fit(X[::4].astype(np.float32)[:38], Y[::4][:38], sample_weight=weights[:38])
    assert np.isfinite(model.coefs_[0]).all()


# Odd data ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 29, 149])
@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_batches_of_one_sample(batch_size, normalization):
    model = MLPClassifier(normalization=normalization, batch_size=batch_size, **QUICK).fit(X, Y)
    assert np.isfinite(model.decision_function(X)).all()
    if batch_size > 1:
        assert model.score(X, Y) > 0.6


@pytest.mark.parametrize("normalization", [None, "batch"])
def test_batches_without_a_class(normalization):
    model = MLPClassifier(
        (8,), normalization=normalization, shuffle=False, batch_size=25, max_iter=60,
        random_state=0,
    )  # fmt: skip
    model.fit(X, Y)
    assert set(model.predict(X)) <= {0, 1, 2}
    assert np.isfinite(model.loss_curve_).all()


def test_a_column_of_labels_warns():
    with pytest.warns(DataConversionWarning, match="column-vector"):
        model = MLPClassifier(**QUICK).fit(X, Y[:, None])
    expected = MLPClassifier(**QUICK).fit(X, Y)
    np.testing.assert_array_equal(model.coefs_[0], expected.coefs_[0])
    with pytest.warns(DataConversionWarning, match="column-vector"):
        model.partial_fit(X, Y[:, None])


BAD_TARGETS = {
    "continuous": (np.linspace(0, 1, 150), "continuous"),
    "two continuous": (np.random.RandomState(0).rand(150, 2), "probabilities .* sum to 1"),
    "several classes in columns": (np.column_stack([Y, Y]), "probabilities .* sums from 0 to 4"),
    "three dimensions": (np.zeros((150, 2, 2), int), "dim 3|3"),
    "one class": (np.zeros(150, int), "2 classes"),
    "too short": (Y[:7], "inconsistent"),
    "NaN": (np.where(Y == 0, np.nan, Y), "NaN"),
    "mixed": (np.array([0, "a", 1.5] * 50, object), "y mixes labels of different kinds"),
    "missing": (np.array([0, "a", None] * 50, object), "y is missing .* 50 of 150 samples"),
    "none": (None, "requires y"),
}


@pytest.mark.parametrize("name", BAD_TARGETS)
def test_bad_targets(name):
    y, message = BAD_TARGETS[name]
    model = MLPClassifier(**QUICK)
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not [attribute for attribute in vars(model) if attribute.endswith("_")]


BAD_PARAMETERS = [
    ({"hidden_layer_sizes": 0}, "hidden_layer_sizes"),
    ({"hidden_layer_sizes": (8, 0)}, "hidden_layer_sizes"),
    ({"hidden_layer_sizes": (8, -1)}, "hidden_layer_sizes"),
    ({"hidden_layer_sizes": (2.5,)}, "hidden_layer_sizes"),
    ({"hidden_layer_sizes": "8"}, "hidden_layer_sizes"),
    ({"hidden_layer_sizes": None}, "hidden_layer_sizes"),
    ({"hidden_layer_sizes": [[8]]}, "hidden_layer_sizes"),
    ({"hidden_layer_sizes": np.array(8)}, "hidden_layer_sizes"),
    ({"hidden_layer_sizes": True}, "hidden_layer_sizes.*True"),
    ({"hidden_layer_sizes": (8, True)}, "hidden_layer_sizes.*True"),
    ({"activation": "swish"}, "activation"),
    ({"activation": ("relu", "relu")}, "activation=.* 2 activations for the 1 hidden"),
    ({"activation": (), "hidden_layer_sizes": 3}, "activation=.* 0 activations for the 1 hidden"),
    ({"activation": ("relu",), "hidden_layer_sizes": ()}, "activation=.* for the 0 hidden"),
    ({"activation": ("swish",)}, "activation.*'swish'"),
    ({"activation": (["relu"],)}, "activation"),
    ({"activation": (None,)}, "activation"),
    ({"activation": None}, "activation"),
    ({"normalization": "group"}, "normalization"),
    ({"dropout": 1.0}, "dropout"),
    ({"dropout": -0.1}, "dropout"),
    ({"loss": "log"}, "loss"),
    ({"loss": CrossEntropy(label_smoothing=2)}, "label_smoothing"),
    ({"loss": SquaredError()}, "loss=SquaredError"),
    ({"loss": SigmoidCrossEntropy()}, "loss=SigmoidCrossEntropy"),
    ({"loss": Momentum()}, "'loss'.*Momentum"),
    ({"loss": L2()}, "'loss'.*L2"),
    ({"weight_init": "xavier"}, "weight_init"),
    ({"weight_init": -1.0}, "weight_init"),
    ({"max_norm": 0}, "max_norm"),
    ({"optimizer": "newton"}, "optimizer"),
    ({"optimizer": Adam(beta1=1.0)}, "beta1"),
    ({"learning_rate": OneCycle(peak=-1)}, "peak"),
    ({"optimizer": "lbfgs", "dropout": 0.1}, "dropout=0.1"),
    ({"optimizer": "lbfgs", "normalization": "batch"}, "normalization='batch'"),
    ({"optimizer": "lbfgs", "max_norm": 1.0}, "max_norm=1.0"),
    ({"optimizer": "lbfgs", "loss": "hinge"}, "smooth objective"),
    ({"class_weight": {0: -1.0}}, "class_weight"),
    ({"class_weight": {0: "much"}}, "class_weight.*much"),
    ({"class_weight": {0: [1]}}, "class_weight"),
]


@pytest.mark.parametrize(("parameters", "message"), BAD_PARAMETERS, ids=str)
def test_bad_parameters_are_named(parameters, message):
    model = MLPClassifier(**{**QUICK, **parameters})
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert not hasattr(model, "coefs_")
