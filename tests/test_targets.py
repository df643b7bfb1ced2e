"""Targets of the classifiers that are trained: labels of any type, probabilities, weights."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_val_score

from sk231n import ConvNetClassifier, LinearSVM, MLPClassifier, SoftmaxClassifier
from sk231n.losses import CrossEntropy

QUICK = {"max_iter": 20, "random_state": 0}
MODELS = [
    SoftmaxClassifier(**QUICK),
    LinearSVM(**QUICK),
    MLPClassifier((8,), **QUICK),
    ConvNetClassifier(((8,),), pooling=None, head="flatten", normalization=None, **QUICK),
]
CROSS_ENTROPIES = [MODELS[0], *MODELS[2:], MLPClassifier((8,), loss=CrossEntropy(0.1), **QUICK)]
X, Y = make_classification(
    90, n_features=6, n_informative=5, n_redundant=0, n_classes=3, random_state=0
)
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)


# Labels -------------------------------------------------------------------------------------------

LABELS = {
    "ints": Y.astype(object),
    "bools": (Y > 0).astype(object),
    "NumPy's ints": np.array([*list(Y), None], dtype=object)[:-1],
    "floats": (Y * 2.0).astype(object),
    "text": np.array(["cat", "dog", "owl"], dtype=object)[Y],
    "a series of objects": pd.Series(Y, dtype=object),
    "nullable ints": pd.Series(Y, dtype="Int64"),
    "nullable bools": pd.Series(Y > 0, dtype="boolean"),
    "categories": pd.Series(np.array(["cat", "dog", "owl"])[Y], dtype="category"),
}


@every_model
@pytest.mark.parametrize("name", LABELS)
def test_labels_in_objects_are_those_of_a_list(model, name):
    y = LABELS[name]
    expected = clone(model).fit(X, list(y))
    found = clone(model).fit(X, y)
    np.testing.assert_array_equal(found.classes_, expected.classes_)
    np.testing.assert_array_equal(found.predict(X), expected.predict(X))
    assert found.score(X, y) == expected.score(X, list(y))
    found = clone(model).partial_fit(X, y, classes=np.unique(list(y)))
    np.testing.assert_array_equal(found.classes_, expected.classes_)


@every_model
def test_labels_of_several_kinds_are_refused(model):
    for y in ([1, "a", 2.5] * 30, np.array([1, "a", 2.5] * 30, dtype=object)):
        with pytest.raises(
            ValueError, match=r"y mixes labels of different kinds, such as 2\.5 and 'a'"
        ):
            clone(model).fit(X, y)


@every_model
def test_integers_beyond_64_bits(model):
    y = Y.astype(object)
    y[Y == 0] = 10**30
    with pytest.raises(ValueError, match="y"):
        clone(model).fit(X, y)


@every_model
def test_errors_show_plain_labels(model):
    labels = np.array(["cat", "dog", "owl"])[Y]
    fitted = clone(model).fit(X, labels)
    with pytest.raises(ValueError, match=r"\['cow'\] are not in \['cat', 'dog', 'owl'\]"):
        fitted.partial_fit(X[:2], ["cat", "cow"])
    with pytest.raises(ValueError, match="got one class, 'cat'"):
        clone(model).fit(X, np.full(90, "cat"))


# Weights ------------------------------------------------------------------------------------------


@every_model
def test_a_class_without_weight_is_a_class(model):
    w = np.where(Y == 1, 0.0, 1.0)
    fitted = clone(model).fit(X, Y, sample_weight=w)
    np.testing.assert_array_equal(fitted.classes_, [0, 1, 2])
    assert fitted.decision_function(X).shape == (90, 3)
    assert 1 not in fitted.predict(X)
    only = clone(model).fit(X, Y, sample_weight=(Y == 2) * 1.0)
    np.testing.assert_array_equal(only.predict(X), 2)
    for weights in ("balanced", {0: 2.0}):
        balanced = clone(model).set_params(class_weight=weights).fit(X, Y, sample_weight=w)
        np.testing.assert_array_equal(balanced.classes_, [0, 1, 2])


def test_ensembles_of_such():
    w = np.where(Y == 1, 0.0, 1.0)
    members = [("a", SoftmaxClassifier(**QUICK)), ("b", LogisticRegression())]
    voting = VotingClassifier(members, voting="soft").fit(X, Y, sample_weight=w)
    assert voting.predict_proba(X).shape == (90, 3)
    stacking = StackingClassifier(members, cv=3).fit(X, Y)
    assert stacking.predict_proba(X).shape == (90, 3)


NO_WEIGHTS = [np.nan, np.inf, -1, 0, -np.inf, True - 1, 10**400]


@every_model
@pytest.mark.parametrize("value", NO_WEIGHTS, ids=str)
def test_weights_that_are_none(model, value):
    fresh = clone(model)
    with pytest.raises(ValueError, match=r"^sample_weight"):
        fresh.fit(X, Y, sample_weight=value)
    with pytest.raises(ValueError, match="sample_weight_val"):
        fresh.fit(X, Y, X_val=X, y_val=Y, sample_weight_val=value)
    if value != 0:  # one of several may be
        w = np.ones(90, dtype=object)
        w[3] = value
        with pytest.raises(ValueError, match="sample_weight"):
            fresh.fit(X, Y, sample_weight=w)
    assert not [name for name in vars(fresh) if name.endswith("_")]


@every_model
def test_one_number_as_weight_weighs_all_alike(model):
    expected = clone(model).fit(X, Y).decision_function(X)
    for value in (1, 0.5, 1e300, 1e-300):
        fitted = clone(model).fit(X, Y, sample_weight=value)
        np.testing.assert_array_equal(fitted.decision_function(X), expected)


@every_model
def test_class_weights_need_not_name_all_classes_nor_only_those_in_y(model):
    plain = clone(model).fit(X, Y)
    absent = clone(model).set_params(class_weight={"rare": 5, 7: 3.0}).fit(X, Y)
    np.testing.assert_array_equal(absent.predict(X), plain.predict(X))
    named = clone(model).set_params(class_weight={0: 5}).fit(X, Y)
    weighted = clone(model).fit(X, Y, sample_weight=np.where(Y == 0, 5.0, 1.0))
    np.testing.assert_allclose(
        named.decision_function(X), weighted.decision_function(X), rtol=1e-6, atol=1e-8
    )
    labels = np.array(["a", "b", "rare"])[Y]
    rare = np.flatnonzero(labels == "rare")[1:]
    few = np.delete(np.arange(90), rare)  # one sample: two of three folds are without it
    model = clone(model).set_params(class_weight={"rare": 5})
    with pytest.warns(UserWarning, match="least populated"):
        scores = cross_val_score(model, X[few], labels[few], cv=3)
    assert np.isfinite(scores).all()


# Probabilities ------------------------------------------------------------------------------------

SOFT = np.random.RandomState(0).dirichlet([1, 1, 1], size=90) * 0.3 + 0.7 * np.eye(3)[Y]


@pytest.mark.parametrize("model", CROSS_ENTROPIES, ids=str)
def test_probabilities_are_learnt(model):
    fitted = clone(model).set_params(max_iter=200).fit(X, SOFT)
    np.testing.assert_array_equal(fitted.classes_, [0, 1, 2])
    found = fitted.predict_proba(X)
    assert np.abs(found - SOFT).mean() < np.abs(SOFT.mean(axis=0) - SOFT).mean()
    assert fitted.score(X, Y) > 0.7


def test_the_objective_is_the_mean_cross_entropy():
    model = SoftmaxClassifier(alpha=0.01, optimizer="lbfgs", tol=1e-8, max_iter=500).fit(X, SOFT)
    expected = -np.mean((SOFT * model.predict_log_proba(X)).sum(axis=1))
    expected += 0.005 * (model.coef_**2).sum()
    assert model.loss_curve_[-1] == pytest.approx(expected, rel=1e-9)
    # At the minimum the mean residual is zero.
    np.testing.assert_allclose((model.predict_proba(X) - SOFT).mean(axis=0), 0, atol=1e-6)


@pytest.mark.parametrize("model", CROSS_ENTROPIES, ids=str)
def test_probabilities_are_samples_with_weights(model):
    """A sample of classes 0 and 1 with 3:1 is a sample of each, of weights 3/4 and 1/4."""
    model = clone(model).set_params(batch_size=1000, learning_rate=0.1, optimizer="sgd")
    targets = np.full((90, 3), 1 / 3)
    fitted = clone(model).fit(X, targets)
    thrice = clone(model).fit(X.repeat(3, axis=0), np.tile([0, 1, 2], 90))
    np.testing.assert_allclose(
        fitted.decision_function(X), thrice.decision_function(X), rtol=1e-8, atol=1e-10
    )


@pytest.mark.parametrize("model", CROSS_ENTROPIES[:2], ids=str)
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 2.0, 5: 1.0}])
def test_certain_probabilities_are_labels(model, class_weight):
    """But for the multi-label network a matrix of zeros and ones is one of labels."""
    model = clone(model).set_params(class_weight=class_weight)
    certain = np.eye(3)[Y]
    certain[0] = [0.5, 0.25, 0.25]
    labels = clone(model).fit(X[1:], Y[1:], X_val=X, y_val=Y)
    soft = clone(model).fit(X, certain, np.r_[0.0, np.ones(89)], X_val=X, y_val=Y)
    np.testing.assert_allclose(
        soft.decision_function(X), labels.decision_function(X), rtol=1e-6, atol=1e-8
    )
    assert soft.history_["validation_score"] == labels.history_["validation_score"]


def test_classes_name_the_columns():
    names = np.array(["cat", "dog", "owl"])
    model = SoftmaxClassifier(**QUICK).fit(X, SOFT, classes=names)
    np.testing.assert_array_equal(model.classes_, names)
    assert model.score(X, names[Y]) > 0.7
    streamed = SoftmaxClassifier(**QUICK).partial_fit(X, SOFT, classes=names)
    streamed.partial_fit(X, names[Y]).partial_fit(X, SOFT)
    assert set(streamed.predict(X)) <= set(names)
    superset = SoftmaxClassifier(**QUICK).fit(X, Y, classes=range(5))
    np.testing.assert_array_equal(superset.classes_, range(5))
    assert superset.predict_proba(X).shape == (90, 5)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("scoring", [None, "loss", "accuracy"])
def test_validation_on_probabilities(early_stopping, scoring):
    model = SoftmaxClassifier(early_stopping=early_stopping, scoring=scoring, **QUICK)
    model.fit(X[:60], SOFT[:60], X_val=X[60:], y_val=SOFT[60:])
    last = -np.mean((SOFT[60:] * model.predict_log_proba(X[60:])).sum(axis=1))
    last += 0.0005 * (model.coef_**2).sum()
    losses = model.history_["validation_loss"]
    if not early_stopping:
        assert losses[-1] == pytest.approx(last, rel=1e-9)
    elif scoring == "loss":
        assert min(losses) == pytest.approx(last, rel=1e-9)
    own = SoftmaxClassifier(early_stopping=True, **QUICK).fit(X, SOFT)
    assert len(own.history_["validation_score"]) == own.n_iter_


BAD_PROBABILITIES = {
    "sums": (SOFT * 2, r"y of shape \(90, 3\) must hold probabilities .* sum to 1"),
    "negative": (np.column_stack([np.full((90, 1), -0.5), np.full((90, 1), 1.5)]), "from -0.5"),
    "NaN": (np.where(SOFT > 0.9, np.nan, SOFT), "NaN"),
    "text": (np.full((90, 2), "0.5"), "y has dtype"),
}


@pytest.mark.parametrize("name", BAD_PROBABILITIES)
@pytest.mark.parametrize("model", CROSS_ENTROPIES[:2], ids=str)
def test_what_are_no_probabilities(model, name):
    y, message = BAD_PROBABILITIES[name]
    fresh = clone(model)
    with pytest.raises(ValueError, match=message):
        fresh.fit(X, y)
    assert not [attribute for attribute in vars(fresh) if attribute.endswith("_")]


def test_probabilities_where_they_do_not_fit():
    with pytest.raises(ValueError, match=r"only the cross-entropy .* y\.argmax\(axis=1\)"):
        LinearSVM().fit(X, SOFT)
    with pytest.raises(ValueError, match="only the cross-entropy"):
        MLPClassifier(loss="hinge").fit(X, SOFT)
    with pytest.raises(ValueError, match="2 columns of probabilities, but there are 3 classes"):
        SoftmaxClassifier(**QUICK).fit(X, Y, X_val=X, y_val=np.full((90, 2), 0.5))
    with pytest.raises(ValueError, match="classes_, which is sorted"):
        SoftmaxClassifier().fit(X, SOFT, classes=["owl", "cat", "dog"])


# Other errors that say what to do -----------------------------------------------------------------


def test_parameters_of_a_name():
    search = GridSearchCV(MLPClassifier(), {"optimizer__beta1": [0.9, 0.8]}, cv=2)
    message = r"optimizer='adam' has no parameters of its own; set .*sk231n\.optimizers\.Adam\(\)"
    with pytest.raises(ValueError, match=message):
        search.fit(X, Y)
    with pytest.raises(ValueError, match="learning_rate='auto' has no parameters"):
        SoftmaxClassifier().set_params(learning_rate__initial=0.1)
    from sk231n.optimizers import Adam

    model = SoftmaxClassifier().set_params(optimizer=Adam(), optimizer__beta1=0.5)
    assert model.optimizer.beta1 == 0.5


def test_calls_name_what_the_user_wrote():
    with pytest.raises(TypeError, match=r"^SoftmaxClassifier\.__init__\(\) got .* 'lr'"):
        SoftmaxClassifier(lr=0.1)
    for model in (*MODELS, MLPClassifier()):
        with pytest.raises(TypeError, match=r"^fit\(\) got .* 'weights'"):
            model.fit(X, Y, weights=None)
        with pytest.raises(TypeError, match=r"^partial_fit\(\) got .* 'weights'"):
            model.partial_fit(X, Y, weights=None)


def test_early_stopping_with_a_class_of_one_sample():
    y = Y.copy()
    y[0] = 9
    with pytest.raises(ValueError, match="pass X_val and y_val, or early_stopping=False"):
        SoftmaxClassifier(early_stopping=True).fit(X, y)


def test_the_tag_promises_what_fit_takes():
    assert MLPClassifier().__sklearn_tags__().classifier_tags.multi_label
    for argument in ({"class_weight": "balanced"}, {"loss": "hinge"}):
        model = MLPClassifier(**argument)
        assert not model.__sklearn_tags__().classifier_tags.multi_label


def test_two_classes_and_logistic_regression():
    """What the docstring says of C and alpha, for each penalty."""
    data, y = load_digits(n_class=2, return_X_y=True)
    data, alpha = data / 16, 0.02
    n_samples = len(y)
    for penalty, ratio in (("l2", 0.0), ("l1", 1.0), ("elasticnet", 0.3)):
        l1_ratio = 2 * ratio / (1 + ratio)
        C = (2 - l1_ratio) / (alpha * n_samples)
        theirs = LogisticRegression(
            C=C, l1_ratio=l1_ratio, solver="saga", tol=1e-7, max_iter=20_000, random_state=0
        ).fit(data, y)
        ours = SoftmaxClassifier(
            alpha=alpha, penalty=penalty, l1_ratio=ratio or 0.5, max_iter=1000, random_state=0
        ).fit(data, y)
        found, expected = (log_loss(y, m.predict_proba(data)) for m in (ours, theirs))
        assert found == pytest.approx(expected, abs=2e-3), penalty


@pytest.mark.parametrize("model", CROSS_ENTROPIES, ids=str)
def test_probabilities_of_any_layout(model):
    expected = clone(model).fit(X, SOFT, X_val=X, y_val=SOFT)
    for y in np.asfortranarray(SOFT), pd.DataFrame(SOFT), SOFT.tolist(), SOFT[::-1].copy()[::-1]:
        found = clone(model).fit(X, y, X_val=X, y_val=y)
        assert found.history_ == expected.history_
        np.testing.assert_array_equal(found.decision_function(X), expected.decision_function(X))


def test_classes_make_a_matrix_of_zeros_and_ones_one_of_probabilities():
    certain, names = np.eye(3)[Y], ["cat", "dog", "owl"]
    network = MLPClassifier((8,), **QUICK).fit(X, certain, classes=names)
    np.testing.assert_array_equal(network.classes_, names)
    assert set(network.predict(X)) <= set(names)
    with pytest.raises(ValueError, match="sums from 1 to 2"):
        MLPClassifier((8,), **QUICK).fit(X, np.maximum(certain, [1, 0, 0]), classes=names)
    labels = MLPClassifier((8,), **QUICK).fit(X, certain)
    assert labels.predict(X).shape == (90, 3)


def test_the_score_on_probabilities_is_that_on_the_likeliest_labels():
    for model in CROSS_ENTROPIES:
        fitted = clone(model).fit(X, SOFT)
        assert fitted.score(X, SOFT) == fitted.score(X, SOFT.argmax(axis=1))


def test_classes_of_a_warm_fit_are_those_there_were():
    model = SoftmaxClassifier(warm_start=True, **QUICK).fit(X, Y, classes=range(5))
    model.fit(X, Y).fit(X, Y, classes=set(range(5)))
    with pytest.raises(ValueError, match=r"classes=\[0, 1, 2\] are not those of the first fit"):
        model.fit(X, Y, classes=range(3))
