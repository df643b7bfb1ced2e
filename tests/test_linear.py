"""SoftmaxClassifier and LinearSVM: what they minimise, and what users rely on."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, make_blobs
from sklearn.exceptions import DataConversionWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from threadpoolctl import threadpool_info, threadpool_limits

from sk231n import HOG, HSVHistogram, LinearSVM, SoftmaxClassifier, reference
from sk231n.datasets import make_shapes
from sk231n.optimizers import SGD, Adam, Momentum
from sk231n.schedules import ExponentialDecay

MODELS = [SoftmaxClassifier, LinearSVM]


@pytest.fixture(scope="module")
def digits():
    return train_test_split(*load_digits(return_X_y=True), random_state=0)


@pytest.fixture(scope="module")
def blobs():
    X, y = make_blobs(90, centers=3, n_features=4, cluster_std=3.0, random_state=0)
    return X, y


def objective(model, X, y, sample_weight=None):
    """The documented objective, from the learnt attributes and the loops of the reference."""
    w = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, float)
    scores = X @ model.coef_.T + model.intercept_
    codes = np.searchsorted(model.classes_, y)
    if isinstance(model, SoftmaxClassifier):
        value, _ = reference.cross_entropy(scores, codes, w / w.sum())
    else:
        loss = getattr(reference, model.strategy)
        power = {"hinge": 1, "squared_hinge": 2}[model.loss]
        value, _ = loss(scores, codes, w / w.sum(), model.margin, power)
    return value + model.alpha / 2 * np.sum(model.coef_**2)


# What is minimised ------------------------------------------------------------------------------


def test_softmax_is_logistic_regression(blobs):
    X, y = blobs
    ours = SoftmaxClassifier(alpha=0.01, optimizer="lbfgs", tol=1e-8).fit(X, y)
    theirs = LogisticRegression(C=1 / (0.01 * len(X)), tol=1e-10, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)


def test_one_vs_rest_squared_hinge_is_linear_svc(blobs):
    X, y = blobs
    ours = LinearSVM(
        alpha=0.01, strategy="one_vs_rest", loss="squared_hinge", optimizer="lbfgs", tol=1e-9
    ).fit(X, y)
    # liblinear penalises the intercept; scaled up, it costs next to nothing.
    theirs = LinearSVC(
        C=1 / (2 * 0.01 * len(X)) * 2, dual=False, tol=1e-10, intercept_scaling=1e3, max_iter=10000
    ).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4)


@pytest.mark.parametrize("strategy", ["weston_watkins", "crammer_singer", "one_vs_rest"])
@pytest.mark.parametrize("loss", ["hinge", "squared_hinge"])
def test_default_training_finds_the_minimum_of_every_svm(blobs, strategy, loss):
    X, y = blobs
    model = LinearSVM(
        strategy=strategy, loss=loss, alpha=0.05, max_iter=4000, tol=None, random_state=0
    ).fit(X, y)
    found = objective(model, X, y)

    def value(theta):
        model.coef_, model.intercept_ = theta[:12].reshape(3, 4), theta[12:]
        return objective(model, X, y)

    start = np.concatenate([model.coef_.ravel(), model.intercept_])
    best = minimize(value, start, method="Powell", options={"maxiter": 20}).fun
    assert found <= best * (1 + 2e-3)


@pytest.fixture(scope="module")
def tuned(digits):
    """The score of a tuned logistic regression."""
    X_train, X_test, y_train, y_test = digits
    scaler = StandardScaler().fit(X_train)
    return max(
        LogisticRegression(C=C, max_iter=500)
        .fit(scaler.transform(X_train), y_train)
        .score(scaler.transform(X_test), y_test)
        for C in (0.01, 0.1, 1.0)
    )


@pytest.mark.parametrize(
    "scale",
    [1.0, 1 / 16, 1000.0, 10.0 ** np.linspace(0, 4, 64)],
    ids=["raw", "unit", "large", "mixed"],
)
def test_auto_rate_is_as_good_as_tuned_logistic_regression(digits, tuned, scale):
    X_train, X_test, y_train, y_test = digits
    for model in (SoftmaxClassifier(random_state=0), LinearSVM(random_state=0)):
        assert model.fit(X_train * scale, y_train).score(X_test * scale, y_test) > tuned - 0.015


def test_large_offsets_do_no_harm(digits):
    X, _, y, _ = digits
    model = SoftmaxClassifier(random_state=0).fit(X, y)
    shifted = SoftmaxClassifier(random_state=0).fit(X + 1e6, y)
    np.testing.assert_allclose(shifted.coef_, model.coef_, atol=1e-5)


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"])
def test_every_optimizer_has_an_auto_rate(digits, optimizer):
    X_train, X_test, y_train, y_test = digits
    for model in MODELS:
        score = (
            model(optimizer=optimizer, random_state=0).fit(X_train, y_train).score(X_test, y_test)
        )
        assert score > 0.93


def test_a_given_rate_is_plain_gradient_descent_on_the_data_as_they_are(blobs):
    X, y = blobs
    model = SoftmaxClassifier(
        optimizer="sgd", learning_rate=1e-3, alpha=0.1, max_iter=3, batch_size=len(X), shuffle=False
    ).fit(X, y)
    W, b = np.zeros((4, 3)), np.zeros(3)
    for _ in range(3):
        _, dscores = reference.cross_entropy(X @ W + b, y, np.full(len(X), 1 / len(X)))
        W, b = W - 1e-3 * (X.T @ dscores + 0.1 * W), b - 1e-3 * dscores.sum(axis=0)
    np.testing.assert_allclose(model.coef_, W.T, atol=1e-14)
    np.testing.assert_allclose(model.intercept_, b, atol=1e-14)


@pytest.mark.parametrize("penalty", ["l1", "l2", "elasticnet"])
def test_penalties_shrink_weights_but_not_intercepts(blobs, penalty):
    X, y = blobs
    two = np.minimum(y, 1)
    free = SoftmaxClassifier(penalty=None, random_state=0).fit(X, two)
    strong = SoftmaxClassifier(penalty=penalty, alpha=1000.0, random_state=0).fit(X, two)
    assert np.abs(strong.coef_).max() < 0.02 * np.abs(free.coef_).max()
    # Only the odds of the classes are left.
    assert strong.intercept_[1] - strong.intercept_[0] == pytest.approx(np.log(60 / 30), abs=0.02)


# Samples, weights, labels -----------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "dtype", [np.uint8, np.uint16, np.int32, np.float16, np.float32, np.float64]
)
def test_types_of_data(model, dtype):
    X, y = load_digits(return_X_y=True)
    fitted = model(random_state=0, max_iter=5).fit(X.astype(dtype), y)
    exact = np.can_cast(dtype, np.float32)
    assert fitted.coef_.dtype == (np.float32 if exact else np.float64)
    double = model(random_state=0, max_iter=5).fit(X, y)
    agreement = np.mean(fitted.predict(X.astype(dtype)) == double.predict(X))
    assert agreement > 0.995


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "labels",
    [["cat", "dog", "frog"], [-1, 7, 100], [0.5, 1.0, 2.0], np.array(["a", "b", "c"], object)],
    ids=["str", "int", "integral float", "object"],
)
def test_labels_of_any_type(blobs, model, labels):
    if isinstance(labels[0], float):
        labels = [0.0, 1.0, 2.0]
    X, y = blobs
    named = np.asarray(labels)[y]
    fitted = model(random_state=0, max_iter=20).fit(X, named)
    plain = model(random_state=0, max_iter=20).fit(X, y)
    np.testing.assert_array_equal(fitted.predict(X), np.asarray(labels)[plain.predict(X)])
    np.testing.assert_array_equal(fitted.coef_, plain.coef_)


@pytest.mark.parametrize("model", MODELS)
def test_two_classes_keep_two_columns(blobs, model):
    X, y = blobs
    fitted = model(random_state=0).fit(X, y == 1)
    assert fitted.coef_.shape == (2, 4)
    decision = fitted.decision_function(X)
    assert decision.shape == (len(X),)
    np.testing.assert_array_equal(fitted.predict(X), decision > 0)


@pytest.mark.parametrize("model", MODELS)
def test_stacks_are_rows(model):
    shapes = make_shapes(60, image_size=8, random_state=0)
    rows = model(random_state=0).fit(shapes.data, shapes.target)
    stack = model(random_state=0).fit(shapes.images, shapes.target)
    np.testing.assert_array_equal(rows.coef_, stack.coef_)
    np.testing.assert_array_equal(rows.predict(shapes.images), stack.predict(shapes.data))
    np.testing.assert_array_equal(rows.predict(list(shapes.images)), stack.predict(shapes.data))


@pytest.mark.parametrize("model", MODELS)
def test_a_weight_is_a_count(blobs, model):
    X, y = blobs
    weights = np.arange(len(X)) % 3
    repeated = np.repeat(np.arange(len(X)), weights)
    weighted = model(random_state=0).fit(X, y, sample_weight=weights)
    counted = model(random_state=0).fit(X[repeated], y[repeated])
    np.testing.assert_allclose(weighted.coef_, counted.coef_, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("model", MODELS)
def test_class_weights_are_sample_weights(blobs, model):
    X, y = blobs
    by_class = model(class_weight={0: 1.0, 1: 5.0, 2: 0.5}, random_state=0).fit(X, y)
    by_sample = model(random_state=0).fit(X, y, sample_weight=np.array([1.0, 5.0, 0.5])[y])
    np.testing.assert_allclose(by_class.coef_, by_sample.coef_, rtol=1e-9)
    few = np.concatenate([np.flatnonzero(y > 0), np.flatnonzero(y == 0)[:4]])
    balanced = model(class_weight="balanced", random_state=0).fit(X[few], y[few])
    counts = np.bincount(y[few])
    by_sample = model(random_state=0).fit(X[few], y[few], sample_weight=1 / counts[y[few]])
    np.testing.assert_allclose(balanced.coef_, by_sample.coef_, rtol=1e-6, atol=1e-9)


def test_probabilities(digits):
    X_train, X_test, y_train, _ = digits
    model = SoftmaxClassifier(random_state=0).fit(X_train, y_train)
    np.testing.assert_allclose(model.predict_proba(X_test).sum(axis=1), 1)
    log_proba = model.predict_log_proba(1e8 * X_test)
    assert np.isfinite(log_proba).all()
    np.testing.assert_array_equal(model.predict(X_test), model.predict_proba(X_test).argmax(axis=1))
    assert not hasattr(LinearSVM(), "predict_proba")


# Repeats, copies, composition -------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_one_seed_one_model(digits, model):
    X, _, y, _ = digits
    first, second, other = (model(random_state=s, max_iter=3).fit(X, y) for s in (0, 0, 1))
    np.testing.assert_array_equal(first.coef_, second.coef_)
    assert first.history_ == second.history_
    assert not np.array_equal(first.coef_, other.coef_)


def test_pickle_and_clone(blobs):
    X, y = blobs
    model = LinearSVM(optimizer=Momentum(0.5), learning_rate=ExponentialDecay(1e-3)).fit(X, y)
    loaded = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(loaded.decision_function(X), model.decision_function(X))
    assert clone(model).get_params()["optimizer__momentum"] == 0.5
    assert len(pickle.dumps(model)) < 20_000


def test_search_reaches_into_optimizers(blobs):
    X, y = blobs
    search = GridSearchCV(
        SoftmaxClassifier(optimizer=Momentum(), max_iter=5, random_state=0),
        {"optimizer__momentum": [0.0, 0.9], "optimizer__nesterov": [False, True]},
        cv=2,
    ).fit(X, y)
    assert len(search.cv_results_["params"]) == 4
    search = GridSearchCV(
        SoftmaxClassifier(max_iter=5), {"optimizer": [SGD(), Adam(beta1=0.5)]}, cv=2
    ).fit(X, y)
    assert search.best_estimator_.optimizer is not None


def test_the_main_job():
    """Images in, features side by side, scaled, classified, cross-validated, tuned."""
    shapes = make_shapes(400, random_state=0)
    pipeline = Pipeline(
        [
            ("features", FeatureUnion([("hog", HOG()), ("hsv", HSVHistogram())])),
            ("scale", StandardScaler()),
            ("model", SoftmaxClassifier(random_state=0)),
        ]
    )
    train, test = slice(0, 300), slice(300, None)
    assert cross_val_score(pipeline, shapes.images[train], shapes.target[train], cv=3).mean() > 0.6
    search = GridSearchCV(pipeline, {"model__alpha": [1e-3, 1e-1]}, cv=2)
    search.fit(shapes.images[train], shapes.target[train])
    assert search.score(shapes.images[test], shapes.target[test]) > 0.65


def test_data_frames_and_names(blobs):
    X, y = blobs
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = make_pipeline(StandardScaler(), LinearSVM(random_state=0)).fit(frame, y)
    assert model.predict(frame).shape == (len(X),)
    model = LinearSVM(random_state=0).fit(frame, pd.Series(y))
    assert list(model.feature_names_in_) == list("abcd")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("dcba")])


def test_iris_at_a_glance():
    X, y = load_iris(return_X_y=True)
    for model in MODELS:
        assert model(random_state=0).fit(X, y).score(X, y) > 0.95


def test_the_number_of_blas_threads_does_not_matter(digits):
    X, _, y, _ = digits
    coefs = []
    for limit in (1, 2):
        with threadpool_limits(limit, user_api="blas"):
            coefs.append(SoftmaxClassifier(random_state=0, max_iter=5).fit(X, y).coef_)
            assert {pool["num_threads"] for pool in threadpool_info()
                    if pool["user_api"] == "blas"} == {limit}  # fmt: skip
    np.testing.assert_array_equal(*coefs)


@pytest.mark.parametrize("name", ["fit", "partial_fit"])
@pytest.mark.parametrize("kind", [SoftmaxClassifier, LinearSVM])
def test_columns_of_labels_are_warned_of_at_the_callers_line(kind, name):
    X, y = np.arange(12.0).reshape(6, 2), np.arange(6) % 2
    given = {"classes": [0, 1]} if name == "partial_fit" else {}
    with pytest.warns(DataConversionWarning, match="column-vector") as record:
        getattr(kind(max_iter=1, random_state=0), name)(X, y[:, np.newaxis], **given)
    assert {warning.filename for warning in record} == {__file__}
