"""Linear classifiers without intercepts."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

from sk231n import BiasTrick, LinearSVM, SoftmaxClassifier
from sk231n.diagnostics import check_gradient, check_sanity, loss_landscape

X, X_TEST, Y, Y_TEST = train_test_split(*load_digits(return_X_y=True), random_state=0)
MODELS = [
    SoftmaxClassifier(fit_intercept=False, random_state=0),
    SoftmaxClassifier(fit_intercept=False, optimizer="lbfgs", tol=1e-3),
    SoftmaxClassifier(fit_intercept=False, optimizer="momentum", random_state=0),
    SoftmaxClassifier(fit_intercept=False, learning_rate=1e-3, max_iter=60, random_state=0),
    LinearSVM(fit_intercept=False, random_state=0),
    LinearSVM(fit_intercept=False, loss="squared_hinge", optimizer="lbfgs"),
]
every_model = pytest.mark.parametrize("model", MODELS, ids=str)


@every_model
@pytest.mark.parametrize("offset", [0.0, 10.0])
def test_scores_are_products(model, offset):
    model = clone(model).fit(X + offset, Y)
    np.testing.assert_array_equal(model.intercept_, np.zeros(10))
    assert model.intercept_.dtype == model.coef_.dtype
    np.testing.assert_allclose(
        model.decision_function(X_TEST), X_TEST @ model.coef_.T, rtol=1e-9, atol=1e-9
    )
    np.testing.assert_array_equal(model.decision_function(np.zeros((2, 64))), 0)


@pytest.mark.parametrize("alpha", [1e-1, 1e-2])
def test_the_minimum_is_scikit_learns(alpha):
    data = X[:300, 16:36] / 16 + 0.5  # not centred
    theirs = LogisticRegression(
        C=1 / (alpha * len(data)), fit_intercept=False, tol=1e-8, max_iter=2000
    ).fit(data, Y[:300])
    ours = SoftmaxClassifier(
        alpha=alpha, fit_intercept=False, optimizer="lbfgs", tol=1e-8, max_iter=2000
    ).fit(data, Y[:300])
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-4 * np.abs(theirs.coef_).max())


@pytest.mark.parametrize("dtype", [np.uint8, np.float64])
@pytest.mark.parametrize("offset", [0, 10])
def test_untuned_it_is_about_as_good_as_with_intercepts(dtype, offset):
    train, test = (data.astype(dtype) + np.array(offset, dtype) for data in (X, X_TEST))
    for model in MODELS[0], MODELS[4]:
        with_intercepts = clone(model).set_params(fit_intercept=True).fit(train, Y)
        found = clone(model).fit(train, Y).score(test, Y_TEST)
        assert found > with_intercepts.score(test, Y_TEST) - 0.03


def test_a_constant_feature_takes_the_place_of_the_intercept():
    data = BiasTrick(4.0).fit_transform(X)
    model = SoftmaxClassifier(
        alpha=0, fit_intercept=False, optimizer="lbfgs", tol=1e-6, max_iter=500
    )
    with_constant = clone(model).fit(data, Y)
    with_intercept = clone(model).set_params(fit_intercept=True).fit(X, Y)
    assert with_constant.loss_curve_[-1] < 1e-3
    assert with_intercept.loss_curve_[-1] < 1e-3
    assert np.abs(with_constant.coef_[:, -1]).max() > 0


@every_model
def test_two_classes_and_probabilities(model):
    few = Y < 2
    model = clone(model).fit(X[few], Y[few])
    assert model.coef_.shape == (2, 64)
    assert model.decision_function(X_TEST).shape == (450,)
    assert model.score(X_TEST[Y_TEST < 2], Y_TEST[Y_TEST < 2]) > 0.98


def test_going_on():
    model = SoftmaxClassifier(fit_intercept=False, warm_start=True, random_state=0).fit(X, Y)
    before = model.loss_curve_[-1]
    assert model.fit(X, Y).loss_curve_[0] < 2 * before
    model.partial_fit(X, Y)
    np.testing.assert_array_equal(model.intercept_, 0)
    model.set_params(fit_intercept=True).fit(X, Y)
    assert np.abs(model.intercept_).max() > 0
    scores = model.decision_function(X)
    model.set_params(fit_intercept=False)  # for the next fit
    np.testing.assert_array_equal(model.decision_function(X), scores)
    np.testing.assert_array_equal(model.fit(X, Y).intercept_, 0)


@every_model
def test_diagnostics(model):
    model = clone(model).fit(X, Y)
    if model.optimizer != "lbfgs":
        assert check_gradient(model, X[:50], Y[:50]).passed
    assert check_sanity(model, X, Y, random_state=0).checks[0].passed
    landscape = loss_landscape(model, X, Y, n_directions=1, n_points=5, random_state=0)
    assert landscape.losses.argmin() == 2


@pytest.mark.parametrize("value", [None, "no", 2])
def test_what_is_no_answer(value):
    with pytest.raises(ValueError, match="fit_intercept"):
        SoftmaxClassifier(fit_intercept=value).fit(X, Y)


def test_between_two_calls_of_partial_fit():
    model = SoftmaxClassifier(random_state=0).partial_fit(X, Y, classes=range(10))
    model.set_params(fit_intercept=False).partial_fit(X, Y)
    np.testing.assert_array_equal(model.intercept_, 0)
    model.set_params(fit_intercept=True).partial_fit(X, Y)
    assert np.abs(model.intercept_).max() > 0
