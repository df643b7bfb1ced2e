"""Tools for programs that work with all estimators: their list, and the versions in use."""

from typing import Any

import sk231n
from sk231n._sklearn import StrOptions
from sk231n._versions import show_versions
from sk231n.core.arguments import validates_arguments
from sk231n.core.bases import ClassifierMixin, RegressorMixin, TransformerMixin

__all__ = ["all_estimators", "show_versions"]

_KINDS = {
    "classifier": ClassifierMixin,
    "regressor": RegressorMixin,
    "transformer": TransformerMixin,
}


@validates_arguments({"type_filter": [StrOptions(set(_KINDS)), list, None]})
def all_estimators(
    type_filter: str | list[str] | None = None,
) -> list[tuple[str, type[Any]]]:
    """List all estimators of the library.

    Parameters
    ----------
    type_filter : {"classifier", "regressor", "transformer"} or list of these, default=None
        The kinds to list; None lists all.

    Returns
    -------
    list of tuple
        Pairs of a name and a class, ordered by name.

    Raises
    ------
    ValueError
        If `type_filter` is, or holds, something else.

    Examples
    --------
    >>> from sk231n.utils import all_estimators
    >>> [name for name, _ in all_estimators("regressor")]
    ['MLPRegressor']
    >>> for name, Classifier in all_estimators("classifier"):
    ...     print(name, "partial_fit" if hasattr(Classifier(), "partial_fit") else "")
    ConvNetClassifier partial_fit
    KNNClassifier
    KNNClassifierCV
    LinearSVM partial_fit
    MLPClassifier partial_fit
    SoftmaxClassifier partial_fit
    """
    kinds = list(_KINDS) if type_filter is None else type_filter
    kinds = [kinds] if isinstance(kinds, str) else kinds
    unknown = [kind for kind in kinds if kind not in _KINDS]
    if unknown:
        raise ValueError(f"type_filter holds {unknown}; expected names out of {list(_KINDS)}.")
    wanted = tuple(_KINDS[kind] for kind in kinds)
    public = ((name, getattr(sk231n, name)) for name in sk231n.__all__)
    return sorted(
        (name, found)
        for name, found in public
        if isinstance(found, type) and issubclass(found, wanted)
    )
