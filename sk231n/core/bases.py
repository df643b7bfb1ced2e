"""What classes inherit from scikit-learn, and what all estimators and parts share.

scikit-learn has no types, and a class whose base is unknown to a type checker is unknown itself.
The stub beside this file gives these bases types, and with them every class of the package.
"""

import warnings

from sklearn import base, exceptions
from sklearn.base import (
    ClassifierMixin,
    OneToOneFeatureMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Bunch

from sk231n._version import __version__

__all__ = [
    "BaseEstimator",
    "Bunch",
    "CallbackSupportMixin",
    "ClassifierMixin",
    "OneToOneFeatureMixin",
    "RegressorMixin",
    "TransformerMixin",
]


class BaseEstimator(base.BaseEstimator):
    """Base of all estimators and parts: what is saved of them knows the version that saved it.

    The HTML representation links to the page of the class in the documentation.
    """

    _documented_in = "sk231n"  # the public module under which the documentation has the class

    _doc_link_module = "sk231n"
    _doc_link_template = "https://sk231n.github.io/sk231n/api/generated/{module}.{name}.html"

    def _doc_link_url_param_generator(self):
        return {"module": self._documented_in, "name": type(self).__name__}

    _remembers = {}  # attributes that are a State, and the class of each

    def __getstate__(self):
        """Return what is saved: all attributes, states as dicts, and the version."""
        state = {**super().__getstate__(), "_sk231n_version": __version__}
        for name in self._remembers.keys() & state.keys():
            state[name] = state[name].as_dict()
        return state

    def __setstate__(self, state):
        """Restore what was saved; warn if another version saved it."""
        state = dict(state)
        version = state.pop("_sk231n_version", "before 0.1.0")
        if version != __version__:
            warnings.warn(
                exceptions.InconsistentVersionWarning(
                    estimator_name=f"{type(self).__module__}.{type(self).__name__}",
                    current_sklearn_version=__version__,
                    original_sklearn_version=version,
                ),
                stacklevel=2,
            )
        for name in self._remembers.keys() & state.keys():
            state[name] = self._remembers[name].from_dict(state[name])
        super().__setstate__(state)
