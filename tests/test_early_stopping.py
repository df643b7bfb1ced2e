"""Validation of a run: exact counts, the best epoch, custom metrics; losses by step."""

import copy

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    get_scorer,
    log_loss,
    make_scorer,
)
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk231n import ConvNetClassifier, LinearSVM, MLPClassifier, MLPRegressor, SoftmaxClassifier

X, X_VAL, Y, Y_VAL = train_test_split(*load_digits(return_X_y=True), random_state=0)
WEIGHTS, WEIGHTS_VAL = (np.random.RandomState(0).uniform(0, 3, len(y)) for y in (Y, Y_VAL))
MODELS = {
    "softmax": SoftmaxClassifier(max_iter=12, random_state=0),
    "svm": LinearSVM(max_iter=12, random_state=0),
    "L-BFGS": SoftmaxClassifier(optimizer="lbfgs", max_iter=12, tol=None),
    "network": MLPClassifier((32,), max_iter=12, random_state=0),
    "float32": MLPClassifier((32,), normalization="batch", max_iter=12, random_state=0),
    "average": MLPClassifier((32,), averaging="ema", max_iter=12, random_state=0),
    "convolutional": ConvNetClassifier(((8,),), head="flatten", max_iter=12, random_state=0),
    "given rate": MLPClassifier((16,), learning_rate=1e-3, max_iter=12, random_state=0),
}
every_model = pytest.mark.parametrize("name", MODELS)


def model(name, **parameters):
    return clone(MODELS[name]).set_params(**parameters)


def data(name):
    dtype = np.float32 if name == "float32" else np.float64
    return X.astype(dtype), X_VAL.astype(dtype)


@every_model
@pytest.mark.parametrize("weights", [None, WEIGHTS_VAL, np.ones(len(Y_VAL), int)], ids=str)
def test_the_best_score_is_that_of_the_model(name, weights):
    fitted = model(name, early_stopping=True)
    train, val = data(name)
    fitted.fit(train, Y, X_val=val, y_val=Y_VAL, sample_weight_val=weights)
    assert fitted.best_validation_score_ == fitted.score(val, Y_VAL, weights)
    assert fitted.best_validation_score_ == max(fitted.history_["validation_score"])


@every_model
def test_scores_are_exact_counts(name):
    train, val = data(name)
    fitted = model(name).fit(train, Y, X_val=val, y_val=Y_VAL)
    assert fitted.history_["validation_score"][-1] == fitted.score(val, Y_VAL)
    for scores, n_samples in (("score", len(Y)), ("validation_score", len(Y_VAL))):
        counts = np.array(fitted.history_[scores]) * n_samples
        assert [np.round(count) / n_samples for count in counts] == fitted.history_[scores]


def test_weighted_counts_are_those_of_repeated_samples():
    w = np.random.RandomState(0).randint(0, 4, len(Y))
    settings = {"batch_size": 10_000, "optimizer": "momentum", "max_iter": 5}
    weighted = model("softmax", **settings).fit(X, Y, w)
    repeated = model("softmax", **settings).fit(X.repeat(w, axis=0), Y.repeat(w))
    assert weighted.history_["score"] == repeated.history_["score"]


@every_model
def test_of_equal_scores_the_lowest_loss_is_kept(name):
    few, some = slice(0, 20), slice(0, 200)  # with twenty samples, many epochs tie
    fitted = model(name, early_stopping=True, max_iter=40)
    train, val = data(name)
    fitted.fit(train[some], Y[some], X_val=val[few], y_val=Y_VAL[few])
    scores = np.array(fitted.history_["validation_score"])
    losses = np.array(fitted.history_["validation_loss"])
    lowest = losses[scores == scores.max()].min()
    again = model(name, max_iter=1, warm_start=True)
    again.__dict__.update(copy.deepcopy(vars(fitted)))
    if hasattr(fitted, "predict_proba"):
        alpha, weights = fitted.alpha, [fitted.coef_] if hasattr(fitted, "coef_") else fitted.coefs_
        loss = log_loss(Y_VAL[few], fitted.predict_proba(val[few]), labels=fitted.classes_)
        loss += 0.5 * alpha * sum(float(np.sum(W**2)) for W in weights)
        assert loss == pytest.approx(lowest, rel=1e-5)
    assert scores.tolist().count(scores.max()) > 1


SCORINGS = {
    "name": "balanced_accuracy",
    "probabilities": "neg_log_loss",
    "scorer": make_scorer(balanced_accuracy_score, adjusted=True),
    "function": lambda estimator, X, y: -float(np.mean(estimator.predict(X) != y)),
}


@pytest.mark.parametrize("scoring", SCORINGS)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_metric_of_one_s_own(scoring, weighted):
    fitted = model("network", early_stopping=True, scoring=SCORINGS[scoring], max_iter=30)
    weights = {"sample_weight_val": WEIGHTS_VAL} if weighted else {}
    fitted.fit(X, Y, X_val=X_VAL, y_val=Y_VAL, **weights)
    scorer = get_scorer(SCORINGS[scoring])
    given = {"sample_weight": WEIGHTS_VAL} if weighted and scoring != "function" else {}
    assert fitted.best_validation_score_ == scorer(fitted, X_VAL, Y_VAL, **given)
    assert fitted.best_validation_score_ == max(fitted.history_["validation_score"])


def test_metrics_without_weights_get_none():
    regressor = MLPRegressor((8,), scoring="max_error", max_iter=3, random_state=0)
    regressor.set_params(scoring="neg_max_error")
    regressor.fit(X, Y, X_val=X_VAL, y_val=Y_VAL, sample_weight_val=WEIGHTS_VAL)
    expected = -np.abs(regressor.predict(X_VAL) - Y_VAL).max()
    assert regressor.history_["validation_score"][-1] == pytest.approx(expected, rel=1e-12)


def test_the_loss_as_the_metric():
    by_loss = model("network", early_stopping=True, scoring="loss", max_iter=60, learning_rate=0.01)
    by_loss.fit(X[:300], Y[:300], X_val=X_VAL, y_val=Y_VAL)
    losses = by_loss.history_["validation_loss"]
    best = int(np.argmin(losses))
    assert by_loss.best_validation_score_ == by_loss.history_["validation_score"][best]
    assert by_loss.best_validation_score_ == by_loss.score(X_VAL, Y_VAL)
    assert len(losses) <= best + 1 + by_loss.n_iter_no_change


def test_text_labels_frames_and_what_is_set_aside():
    """A scorer sees the labels, and the rows that were set aside, with their weights."""
    names = np.array(list("abcdefghij"))
    seen = []

    def watch(estimator, X, y, sample_weight=None):
        assert set(y) <= set(names)
        assert set(estimator.predict(X)) <= set(names)
        seen.append((len(X), None if sample_weight is None else len(sample_weight)))
        return estimator.score(X, y, sample_weight)

    frame = pd.DataFrame(X, columns=[f"pixel{k}" for k in range(64)])
    fitted = model("softmax", early_stopping=True, scoring=watch)
    fitted.fit(frame, names[Y])
    assert set(seen) == {(135, None)}
    seen.clear()
    fitted.fit(frame, names[Y], WEIGHTS)
    assert set(seen) == {(135, 135)}


def test_multi_label_scoring():
    labels = np.column_stack([Y > 4, Y % 2]).astype(int)
    val = np.column_stack([Y_VAL > 4, Y_VAL % 2]).astype(int)
    for scoring in (None, "f1_micro", "loss"):
        fitted = model("network", early_stopping=True, scoring=scoring)
        fitted.fit(X, labels, X_val=X_VAL, y_val=val)
        scorer = get_scorer(scoring or "accuracy") if scoring != "loss" else get_scorer("accuracy")
        assert fitted.best_validation_score_ == scorer(fitted, X_VAL, val)


@pytest.mark.parametrize("scoring", ["accuracyy", "Accuracy", 3, {"a": "accuracy"}])
def test_wrong_scorings(scoring):
    fresh = model("softmax", scoring=scoring)
    with pytest.raises(ValueError, match="'scoring' parameter") as error:
        fresh.fit(X, Y)
    if isinstance(scoring, str):
        assert "Did you mean 'accuracy'?" in str(error.value)


def test_a_scorer_that_does_not_fit_the_model():
    fresh = model("svm", early_stopping=True, scoring="neg_log_loss")
    with pytest.raises(AttributeError, match="predict_proba"):
        fresh.fit(X, Y)
    assert not [name for name in vars(fresh) if name.endswith("_")]


# Losses by step -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["softmax", "network", "L-BFGS"])
def test_losses_of_the_steps(name):
    plain = model(name).fit(X, Y)
    assert "step_loss" not in plain.history_
    fitted = model(name, history_steps=True).fit(X, Y)
    steps = fitted.history_.pop("step_loss")
    np.testing.assert_equal(fitted.history_, plain.history_)
    n_steps = 1 if name == "L-BFGS" else -(-len(Y) // 200)
    assert len(steps) == n_steps * fitted.n_iter_
    sizes = [len(Y)] if n_steps == 1 else [*[200] * (n_steps - 1), len(Y) - 200 * (n_steps - 1)]
    means = np.average(np.reshape(steps, (-1, n_steps)), axis=1, weights=sizes)
    np.testing.assert_allclose(means, fitted.loss_curve_, rtol=1e-12)
    if name != "L-BFGS":
        assert steps[0] == pytest.approx(np.log(10), rel=0.1)  # scores of zero, and a penalty


def test_losses_of_the_steps_go_on_with_partial_fit():
    fitted = SoftmaxClassifier(history_steps=True, random_state=0).fit(X, Y)
    before = len(fitted.history_["step_loss"])
    for _ in range(2):
        fitted.partial_fit(X, Y)
    assert len(fitted.history_["step_loss"]) == before + 2 * 7
    late = SoftmaxClassifier(random_state=0).fit(X, Y).set_params(history_steps=True)
    assert len(late.partial_fit(X, Y).history_["step_loss"]) == 7


def test_losses_of_the_steps_are_in_the_unit_of_the_data():
    fitted = MLPRegressor((), history_steps=True, random_state=0).fit(X, 1000.0 * Y)
    assert fitted.history_["step_loss"][0] == pytest.approx(0.5 * 1e6 * Y.var(), rel=0.3)


# Lines and warnings -------------------------------------------------------------------------------


def test_partial_fit_prints_a_line_an_epoch(capsys):
    fitted = SoftmaxClassifier(verbose=1, random_state=0)
    for _ in range(3):
        fitted.partial_fit(X, Y, classes=range(10))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["epoch 1", "epoch 2", "epoch 3"]
    MLPRegressor((2,), verbose=1).partial_fit(X, Y)
    assert capsys.readouterr().out.startswith("epoch 1  loss ")


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: make_pipeline(StandardScaler(), m)])
def test_warnings_are_at_the_line_of_the_caller(wrap):
    unfinished = wrap(SoftmaxClassifier(optimizer="lbfgs", max_iter=2))
    with pytest.warns(ConvergenceWarning, match="L-BFGS ended before") as record:
        unfinished.fit(X, Y)
    assert {warning.filename for warning in record} == {__file__}


def test_an_interruption_is_warned_of_at_the_line_of_the_caller():
    def interrupt(estimator, X, y):
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(None)
        return 0.0

    calls = []
    interrupted = SoftmaxClassifier(scoring=interrupt, random_state=0)
    with pytest.warns(UserWarning, match="interrupted after 2 epochs") as record:
        interrupted.fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    assert [warning.filename for warning in record] == [__file__]
    assert interrupted.n_iter_ == 2


def test_a_scorer_gets_a_copy():
    kept = []

    def keep_and_destroy(estimator, X, y):
        kept.append(copy.deepcopy(estimator))
        score = estimator.score(X, y)
        for W in estimator.coefs_:
            W[...] = 0
        return score

    for learning_rate in ("auto", 0.01):
        kept.clear()
        network = MLPClassifier(
            (16,), max_iter=8, learning_rate=learning_rate, scoring=keep_and_destroy, random_state=0
        ).fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
        scores = [estimator.score(X_VAL, Y_VAL) for estimator in kept]
        assert scores == network.history_["validation_score"]
        assert network.score(X_VAL, Y_VAL) == scores[-1]


@pytest.mark.parametrize(
    ("scoring", "message"),
    [
        (accuracy_score, "metric function"),
        (lambda estimator, X, y: None, "^scoring: "),
        (lambda estimator, X, y: {"a": 1}, "^scoring: "),
    ],
    ids=["a metric", "None", "a dict"],
)
def test_functions_that_are_no_scorers(scoring, message):
    fresh = model("softmax", scoring=scoring)
    with pytest.raises((TypeError, ValueError), match=message):
        fresh.fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
    assert not [name for name in vars(fresh) if name.endswith("_")]
