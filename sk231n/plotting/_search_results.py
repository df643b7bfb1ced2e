"""Parameters and scores from the results of a search."""

from numbers import Real

import numpy as np
from sklearn.pipeline import Pipeline

from sk231n.plotting._arrays import check_fitted


def cv_results_of(search, argument):
    """Return ``cv_results_`` of a fitted search, or of the search at the end of a pipeline."""
    if not hasattr(search, "fit"):
        raise TypeError(
            f"{argument} must be a fitted search, such as GridSearchCV; got {search!r:.200}."
        )
    check_fitted(search, "search")
    search = search[-1] if isinstance(search, Pipeline) else search
    if not hasattr(search, "cv_results_"):
        raise TypeError(
            f"{type(search).__name__} has no cv_results_; expected a fitted search, such as "
            "GridSearchCV."
        )
    return search.cv_results_


def score_key(results, metric):
    """Return the suffix of the scores of a metric: ``score``, or its name among several."""
    known = [key.removeprefix("mean_test_") for key in results if key.startswith("mean_test_")]
    if metric is None and len(known) == 1:
        return known[0]
    if not isinstance(metric, str) or metric not in known:
        raise ValueError(
            f"metric={metric!r} is not a metric of the search; expected one of {known}."
        )
    return metric


def numeric_parameters(results, *, at_least=1):
    """Values of each parameter with at least `at_least` different numbers; NaN for non-numbers."""
    found = {}
    for key in results:
        if key.startswith("param_"):
            values = np.array([_number(value) for value in results[key]])
            if len(np.unique(values[~np.isnan(values)])) >= at_least:
                found[key.removeprefix("param_")] = values
    return found


def _number(value):
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    return float(value) if is_number else np.nan


def find_parameter(parameters, name, argument=None):
    """Return the full name of a parameter that may be given without its prefixes (``svm__``).

    `argument` is the name of the argument that errors mention.
    """
    if argument and not isinstance(name, str):
        raise ValueError(f"{argument} must be the name of a parameter; got {name!r:.200}.")
    found = [full for full in parameters if full == name or full.split("__")[-1] == name]
    prefix = f"{argument}=" if argument else ""
    if not found:
        raise ValueError(
            f"{prefix}{name!r} is not a parameter of the search with several numeric values; "
            f"expected one of {sorted(parameters)}."
        )
    if len(found) > 1:
        raise ValueError(f"{prefix}{name!r} may be any of {found}; pass the full name.")
    return found[0]
