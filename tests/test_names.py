"""Misspelt names: the error lists the names there are, and the nearest one."""

import inspect

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.datasets import load_digits
from sklearn.utils._param_validation import StrOptions

import sk231n
import sk231n.datasets
import sk231n.initializers
import sk231n.layers
import sk231n.losses
import sk231n.optimizers
import sk231n.penalties
import sk231n.schedules
from sk231n import MLPClassifier
from sk231n.datasets import make_shapes

X, Y = (array[:60] for array in load_digits(return_X_y=True))
IMAGES = make_shapes(20, image_size=16, random_state=0).images
ESTIMATORS = {
    name: value
    for name, value in vars(sk231n).items()
    if inspect.isclass(value) and issubclass(value, BaseEstimator)
}
NAMES = [
    (estimator, argument, name)
    for estimator, cls in ESTIMATORS.items()
    for argument, constraints in cls._parameter_constraints.items()
    for options in constraints
    if isinstance(options, StrOptions)
    for name in sorted(options.options)
    if len(name) > 2 and argument != "scoring"
]


def test_every_estimator_has_names():
    assert {"MLPClassifier", "KNNClassifier", "HOG", "HSVHistogram", "Whitening"} <= {
        estimator for estimator, _, _ in NAMES
    }


@pytest.mark.parametrize(("estimator", "argument", "name"), NAMES)
def test_did_you_mean(estimator, argument, name):
    misspelt = name[:-1] + name[-1] * 2
    model = ESTIMATORS[estimator](**{argument: misspelt})
    data = (X, Y) if hasattr(model, "predict") else (IMAGES,)
    with pytest.raises(ValueError, match=f"Did you mean '{name}'") as caught:
        model.fit(*data)
    assert argument in str(caught.value)
    assert misspelt in str(caught.value)


@pytest.mark.parametrize("spelling", ["Relu", "leakyrelu", "sigmoidd", "max_out"])
@pytest.mark.parametrize("as_list", [False, True, "array"])
def test_activations(spelling, as_list):
    given = np.array([spelling]) if as_list == "array" else [spelling] if as_list else spelling
    with pytest.raises(ValueError, match="Did you mean '"):
        MLPClassifier((5,), given).fit(X, Y)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("penalty__l1_ratio", "set penalty=sk231n.penalties"),
        ("activation__slope", "set activation=sk231n.layers"),
        ("normalization__momentum", "set normalization=sk231n.layers"),
        ("weight_init__std", "set weight_init=sk231n.initializers"),
        ("optimizer__beta1", "set optimizer=sk231n.optimizers"),
    ],
)
def test_names_have_no_parameters(name, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier().set_params(**{name: 0.5})


@pytest.mark.parametrize(
    ("argument", "part", "message"),
    [
        ("activation", sk231n.layers.LeakyReLU(2.0), "slope"),
        ("activation", [sk231n.layers.Maxout(0)], "n_pieces"),
        ("activation", sk231n.layers.BatchNorm(), "activation"),
        ("activation", [None], "activation"),
        ("normalization", sk231n.layers.BatchNorm(momentum=1.5), "momentum"),
        ("normalization", sk231n.layers.LayerNorm(epsilon=0), "epsilon"),
        ("weight_init", sk231n.initializers.Sparse(0), "n_inputs"),
        ("penalty", sk231n.penalties.ElasticNet(2.0), "l1_ratio"),
        ("loss", sk231n.losses.CrossEntropy(1.5), "label_smoothing"),
        ("optimizer", sk231n.optimizers.Adam(beta1=1.0), "beta1"),
        ("learning_rate", sk231n.schedules.StepDecay(-1.0), "initial"),
        ("activation", sk231n.layers.LeakyReLU, "activation"),
        ("loss", sk231n.losses.SquaredError(), "loss"),
    ],
)  # fmt: skip
def test_parts_are_checked_before_any_work(argument, part, message):
    model = MLPClassifier((4,)).set_params(**{argument: part})
    with pytest.raises(ValueError, match=message):
        model.fit(X, Y)
    assert not hasattr(model, "classes_")


@pytest.mark.parametrize(
    ("estimator", "loss"),
    [
        (sk231n.SoftmaxClassifier(), sk231n.losses.WestonWatkins()),
        (sk231n.SoftmaxClassifier(), sk231n.losses.SigmoidCrossEntropy()),
        (sk231n.LinearSVM(), sk231n.losses.SquaredError()),
        (sk231n.MLPRegressor(), sk231n.losses.CrossEntropy()),
    ],
)  # fmt: skip
def test_losses_for_other_targets_are_refused(estimator, loss):
    with pytest.raises(ValueError, match=f"loss={type(loss).__name__}"):
        estimator.set_params(loss=loss).fit(X, Y)


def test_objects_equal_their_names():
    by_name = MLPClassifier(
        (6,), "leaky_relu", normalization="batch", weight_init="he", penalty="l2",
        loss="cross_entropy", optimizer="adam", max_iter=3, random_state=0,
    ).fit(X, Y)  # fmt: skip
    by_object = MLPClassifier(
        (6,), sk231n.layers.LeakyReLU(), normalization=sk231n.layers.BatchNorm(),
        weight_init=sk231n.initializers.He(), penalty=sk231n.penalties.L2(),
        loss=sk231n.losses.CrossEntropy(), optimizer=sk231n.optimizers.Adam(), max_iter=3,
        random_state=0,
    ).fit(X, Y)  # fmt: skip
    # "auto" starts the scores at zero; a named or given start is for all layers.
    for ours, theirs in zip(by_name.coefs_, by_object.coefs_, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("strategy", ["weston_watkins", "crammer_singer", "one_vs_rest"])
def test_losses_of_the_svm_as_objects(strategy):
    losses = {
        "weston_watkins": sk231n.losses.WestonWatkins(2.0, power=2),
        "crammer_singer": sk231n.losses.CrammerSinger(2.0, power=2),
        "one_vs_rest": sk231n.losses.OneVsRest(2.0, power=2),
    }
    options = {"max_iter": 3, "random_state": 0}
    named = sk231n.LinearSVM(loss="squared_hinge", strategy=strategy, margin=2.0, **options)
    given = sk231n.LinearSVM(loss=losses[strategy], **options)
    np.testing.assert_array_equal(given.fit(X, Y).coef_, named.fit(X, Y).coef_)


def test_label_smoothing_of_the_softmax_classifier():
    smooth = sk231n.losses.CrossEntropy(label_smoothing=0.1)
    options = {"max_iter": 5, "alpha": 1e-4, "penalty": "l2", "random_state": 0}
    model = sk231n.SoftmaxClassifier(loss=smooth, **options).fit(X, Y)
    network = MLPClassifier((), loss=smooth, **options).fit(X, Y)
    np.testing.assert_array_equal(model.coef_.T, network.coefs_[0])
    sharper = sk231n.SoftmaxClassifier(**options).fit(X, Y)
    assert model.predict_proba(X).max() < sharper.predict_proba(X).max()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: sk231n.datasets.load_cifar10(".", split="trainn"), "train"),
        (lambda: sk231n.datasets.load_fashion_mnist(".", split="tset"), "test"),
        (lambda: sk231n.datasets.fetch_cifar10(split="al"), "all"),
    ],
)
def test_names_of_functions(call, name):
    with pytest.raises(ValueError, match=f"Did you mean '{name}'"):
        call()
