"""Data of every method: it works with them, or names what it cannot take, and forgets nothing."""

import inspect
import re

import numpy as np
from fuzzing import check_named, fuzz, learnt, warned_at_the_caller
from hypothesis import strategies as st
from shapes_of_data import ARRAYS, LABELS, WEIGHTS
from test_fuzz_constructors import ESTIMATORS, data, small, used
from zoo import VALUES

# Scikit-learn's, or without anything to get wrong.
NOT_OURS = re.compile(
    r"(get|set)_(params|output|metadata_routing|callbacks|.*_request)|fit_transform"
)
METHODS = [
    (name, method)
    for name, kind in ESTIMATORS.items()
    for method, function in inspect.getmembers(kind, callable)
    if not method.startswith("_") and not NOT_OURS.fullmatch(method)
]
CASES = [
    (name, method, argument)
    for name, method in METHODS
    for argument in list(inspect.signature(getattr(ESTIMATORS[name], method)).parameters)[1:]
    # Those two have scikit-learn's mixin.
    if name not in ("Flatten", "MeanSubtraction") or argument != "input_features"
]


def good(name, method):
    """Arguments with which the method works."""
    X, y = data(ESTIMATORS[name])
    if method == "inverse_transform":
        X = fitted(name).transform(X)
    known = {
        "X": X,
        "X_val": X[:6],
        "y_val": y[:6],
        "sample_weight": np.arange(1.0, 17),
        "sample_weight_val": np.ones(6),
        "classes": [0, 1, 2],
        "n_neighbors": 2,
        "return_distance": True,
        "mode": "distance",
        "groups": None,
        "input_features": None,
    }
    names = list(inspect.signature(getattr(ESTIMATORS[name], method)).parameters)[1:]
    return {argument: y if argument == "y" else known[argument] for argument in names}


def fitted(name):
    kind = ESTIMATORS[name]
    return small(kind).fit(*data(kind))


def bad_values(argument):
    """What stands for the argument, by name."""
    values = {f"value {name}": lambda _, value=value: value for name, value in VALUES.items()}
    if argument in ("X", "X_val", "y", "y_val", "sample_weight", "sample_weight_val", "groups"):
        values |= {f"array {name}": make for name, make in ARRAYS.items()}
    if argument in ("y", "y_val", "classes", "groups"):
        values |= {f"labels {name}": make for name, make in LABELS.items()}
    if argument in ("sample_weight", "sample_weight_val"):
        values |= {f"weights {name}": make for name, make in WEIGHTS.items()}
    return values


def numbers(result):
    """All numbers of a result."""
    parts = result if isinstance(result, tuple | list) else [result]
    parts = [part.data if hasattr(part, "tocsr") else part for part in parts]
    return [np.asarray(part) for part in parts]


def check(name, method, argument, value):
    """Call the method with this value for the argument."""
    estimator, arguments = fitted(name), good(name, method)
    try:
        arguments[argument] = bad_values(argument)[value](arguments[argument])
    except (TypeError, ValueError, OverflowError, AttributeError):
        return  # what cannot be made of these data
    before = learnt(estimator)
    try:
        with warned_at_the_caller():
            result = getattr(estimator, method)(**arguments)
    except (TypeError, ValueError, FloatingPointError) as error:
        assert learnt(estimator) == before
        check_text(error, argument)
        return
    if result is estimator:
        try:
            with warned_at_the_caller():
                result = used(estimator, arguments["X"])
        except (TypeError, ValueError) as error:
            check_named(error, "X")
            return
    else:
        assert learnt(estimator) == before
    # Distances may be infinite, and the logarithm of nothing is.
    if not method.startswith("kneighbors") and method != "predict_log_proba":
        for array in numbers(result):
            assert array.dtype.kind not in "fc" or np.isfinite(array).all(), array


def check_text(error, argument):
    """The error names the argument, or how to make the training converge."""
    others = {  # of lengths that differ, either may be the wrong one
        "X": ["y", "sample_weight", "kernel_size"], "y": ["X and y", "cv"], "sample_weight": ["cv"],
        "X_val": ["y_val", "sample_weight_val"], "groups": ["cv"],
    }  # fmt: skip
    names = [argument, *others.get(argument, [])]
    if isinstance(error, FloatingPointError):
        names.append("learning_rate")
    check_named(error, *names)


@fuzz(750, case=st.sampled_from(CASES), data=st.data())
def test_data_of_methods(case, data):
    name, method, argument = case
    check(name, method, argument, data.draw(st.sampled_from(sorted(bad_values(argument)))))
