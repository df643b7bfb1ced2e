"""What classes inherit from scikit-learn.

scikit-learn has no types, and a class whose base is unknown to a type checker is unknown itself.
The stub beside this file gives these bases types, and with them every class of the package.
"""

from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    OneToOneFeatureMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import Bunch

__all__ = [
    "BaseEstimator",
    "Bunch",
    "CallbackSupportMixin",
    "ClassifierMixin",
    "OneToOneFeatureMixin",
    "RegressorMixin",
    "TransformerMixin",
]
