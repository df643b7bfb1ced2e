"""The private names of scikit-learn that are used, all of them, and nowhere else.

A minor release of scikit-learn may change them without notice, which is why ``pyproject.toml`` has
an upper bound: the newest minor release with which the tests pass. Whoever raises it begins here.

* ``utils._param_validation``: what arguments may be, and the errors that say so.
* ``utils._missing``: whether a label is missing, also in pandas' way.
* ``utils._safe_indexing``: rows of data of any kind.
* ``utils.multiclass._check_partial_fit_first_call``: the classes, which the first call must name.
* ``utils.parallel._get_threadpool_controller``: the BLAS libraries of the process, found once.
* ``utils.validation._check_feature_names_in``: the names of the features that come in.
* ``utils.validation._check_sample_weight``: weights of samples, one for each.
* ``utils.validation._num_samples``: how many samples there are in data of any kind.

Not imported, but relied on: ``_parameter_constraints``, by which ``check_estimator`` knows what
arguments may be; ``_init_callback_context``, which scikit-learn documents for estimators of others;
``_doc_link_module``, ``_doc_link_template`` and ``_doc_link_url_param_generator``, from which the
links in the HTML representation are made.
"""

from sklearn import utils
from sklearn.utils import multiclass, parallel, validation
from sklearn.utils._missing import is_pandas_na, is_scalar_nan
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    Options,
    RealNotInt,
    StrOptions,
    validate_parameter_constraints,
)

blas_controller = parallel._get_threadpool_controller
check_feature_names_in = validation._check_feature_names_in
check_partial_fit_first_call = multiclass._check_partial_fit_first_call
check_sample_weight = validation._check_sample_weight
num_samples = validation._num_samples
safe_indexing = utils._safe_indexing

__all__ = [
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "Options",
    "RealNotInt",
    "StrOptions",
    "blas_controller",
    "check_feature_names_in",
    "check_partial_fit_first_call",
    "check_sample_weight",
    "is_pandas_na",
    "is_scalar_nan",
    "num_samples",
    "safe_indexing",
    "validate_parameter_constraints",
]
