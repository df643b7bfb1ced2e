"""Arguments of the constructors: fit works with them, or names the one that it cannot take."""

import inspect
import warnings

import numpy as np
from fuzzing import check_named, fuzz, learnt, warned_at_the_caller
from hypothesis import strategies as st
from sklearn.exceptions import ConvergenceWarning
from zoo import VALUES, values

import sk231n
from sk231n import augmentation, initializers, layers, losses, optimizers, penalties, schedules
from sk231n.core.loss import Loss
from sk231n.core.optimizers import Optimizer
from sk231n.core.penalties import Penalty
from sk231n.core.schedules import Schedule
from sk231n.core.spec import Spec

# What makes a fit quick.
SMALL = {
    "architecture": ((2,),), "hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0, "cv": 2,
    "n_jobs": 1,
}  # fmt: skip
ESTIMATORS = {
    name: getattr(sk231n, name) for name in sk231n.__all__ if inspect.isclass(getattr(sk231n, name))
}
ARGUMENTS = [
    (name, argument) for name in ESTIMATORS for argument in ESTIMATORS[name]().get_params()
]
SPECS = {
    name: kind
    for module in (losses, optimizers, schedules, initializers, layers, penalties, augmentation)
    for name, kind in vars(module).items()
    if inspect.isclass(kind) and issubclass(kind, Spec)
}
CALLED = ("metric", "weights", "scoring")  # functions of the user
REQUIRED = {
    "Affine": {"n_outputs": 2},
    "Conv2D": {"n_filters": 2},
    "Residual": {"layers": (layers.ReLU(),)},
}
SPEC_ARGUMENTS = [
    (name, argument)
    for name in SPECS
    for argument in SPECS[name](**REQUIRED.get(name, {})).get_params(deep=False)
]
HOLDERS = {
    Optimizer: ("optimizer", sk231n.SoftmaxClassifier),
    Schedule: ("learning_rate", sk231n.MLPRegressor),
    Loss: ("loss", sk231n.MLPClassifier),
    Penalty: ("penalty", sk231n.SoftmaxClassifier),
    initializers.Initializer: ("weight_init", sk231n.MLPClassifier),
    layers.Activation: ("activation", sk231n.MLPClassifier),
    layers.BatchNorm: ("normalization", sk231n.MLPClassifier),
    augmentation.Augmentation: ("augmentation", sk231n.ConvNetClassifier),
    layers.LayerNorm: ("normalization", sk231n.MLPRegressor),
}
NESTED = [
    (name, argument)
    for name, argument in SPEC_ARGUMENTS
    if issubclass(SPECS[name], tuple(HOLDERS))
    and SPECS[name] is not losses.SigmoidCrossEntropy  # for several labels a sample
]


def small(kind):
    """The estimator, with arguments that make its fit quick."""
    estimator = kind()
    known = estimator.get_params()
    arguments = {name: value for name, value in SMALL.items() if name in known}
    if "cv" in known:
        arguments["n_neighbors"] = (1, 2)
    elif "n_neighbors" in known:
        arguments["n_neighbors"] = 2
    return estimator.set_params(**arguments)


def data(kind):
    """Images as rows, and targets."""
    rng = np.random.RandomState(0)
    X = rng.randint(0, 256, (16, 4 * 4 * 3)).astype(np.float64) / 256
    if kind is sk231n.ImageReader:  # takes no rows
        X = X.reshape(16, 4, 4, 3)
    y = np.arange(16) % 3
    return X, y + 0.5 if kind is sk231n.MLPRegressor else y


def used(estimator, X):
    """What the estimator makes of data."""
    method = next(name for name in ("transform", "predict") if hasattr(estimator, name))
    return np.asarray(getattr(estimator, method)(X))


def check_readable(error, value):
    """The message is of a length to be read, and shows no types of NumPy's."""
    assert len(str(error)) < 2000 + len(repr(value)), error
    assert "np.str_" not in str(error), error


def check(estimator, name, value):
    """Fit with an argument: it works, or the error names the argument and all is as it was."""
    X, y = data(type(estimator))
    before = learnt(estimator)
    estimator.set_params(**{name: value})
    argument = name.rpartition("__")[2]
    may_fail = argument in CALLED and callable(value)  # whose errors are its own
    try:
        with warned_at_the_caller():
            estimator.fit(X, y)
    except (TypeError, ValueError, FloatingPointError) as error:
        if isinstance(error, FloatingPointError):
            check_named(error, "learning_rate")
        elif not may_fail:  # of an object, its own argument or its class
            check_named(error, argument, type(value).__name__)
            check_readable(error, value)
        assert learnt(estimator) == before
        assert estimator.get_params()[name] is value
    else:
        with warned_at_the_caller():
            try:
                result = used(estimator, X)
            except (TypeError, ValueError):
                assert may_fail
                return
        assert len(result) == len(X)
        assert np.isfinite(result).all()


@fuzz(750, where=st.sampled_from(ARGUMENTS), value=values)
def test_arguments_of_estimators(where, value):
    name, argument = where
    estimator = small(ESTIMATORS[name])
    estimator.fit(*data(ESTIMATORS[name]))
    check(estimator, argument, VALUES[value])


def holder(kind):
    """A fitted estimator that has an object of this kind, and the name of the argument."""
    name, estimator = next(of for base, of in HOLDERS.items() if issubclass(kind, base))
    estimator = small(estimator).set_params(**{name: kind()})
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        return estimator.fit(*data(type(estimator))), name


@fuzz(300, where=st.sampled_from(NESTED), value=values)
def test_arguments_of_what_estimators_have(where, value):
    name, argument = where
    estimator, prefix = holder(SPECS[name])
    check(estimator, f"{prefix}__{argument}", VALUES[value])


@fuzz(600, where=st.sampled_from(SPEC_ARGUMENTS), value=values)
def test_arguments_of_the_parts(where, value):
    name, argument = where
    part = SPECS[name](**REQUIRED.get(name, {}) | {argument: VALUES[value]})
    try:
        part.check()
    except (TypeError, ValueError) as error:
        check_named(error, argument)
