"""Arguments of the nearest-neighbour classifiers: what scikit-learn's constraints cannot say."""

from numbers import Integral

from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import Interval, validate_parameter_constraints

from sk231n._names import unknown_name
from sk231n.neighbors._distances import METRIC_NAMES

FROM_ONE = Interval(Integral, 1, None, closed="left")
_NAMES = {
    "metric": METRIC_NAMES,
    "weights": ("uniform", "distance"),
    "class_weight": ("balanced",),
    "scoring": get_scorer_names(),
}


def check_arguments(estimator):
    """Refuse wrong arguments of the constructor, and suggest the right name for a misspelt one."""
    for argument, names in _NAMES.items():
        value = getattr(estimator, argument, None)
        if isinstance(value, str) and value not in names:
            raise ValueError(unknown_name(argument, value, names))
    for argument in ("n_neighbors", "n_jobs"):
        refuse_bool(argument, getattr(estimator, argument))
    estimator._validate_params()


def check_n_neighbors(n_neighbors):
    """Refuse what is no number of neighbours."""
    refuse_bool("n_neighbors", n_neighbors)
    validate_parameter_constraints(
        {"n_neighbors": [FROM_ONE]}, {"n_neighbors": n_neighbors}, "kneighbors"
    )


def refuse_bool(argument, value):
    """Refuse a bool where a number is expected, although Python counts with it."""
    if isinstance(value, bool):
        raise ValueError(f"{argument}={value!r} is a bool; expected an integer.")
