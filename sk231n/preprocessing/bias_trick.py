"""The bias trick: a constant feature that makes the intercept one of the weights."""

from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from sk231n._estimators import (
    FloatTransformer,
    float_dtype,
    only_numbers,
    unchanged_on_error,
    validated,
)
from sk231n._floating_point import contained, quiet
from sk231n._images import as_rows
from sk231n._sklearn import check_feature_names_in
from sk231n.core.arguments import Number
from sk231n.core.errors import naming
from sk231n.core.stored import in_pieces


class BiasTrick(FloatTransformer):
    r"""Append a constant feature, so that the intercept becomes one of the weights.

    Parameters
    ----------
    value : float, default=1.0
        The constant.

    Attributes
    ----------
    n_features_in_ : int
        Number of features, without the constant.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `X` had any.

    Notes
    -----
    :math:`W x + b = (W \; b) \binom{x}{1}`. Unlike an intercept, the last weight is then
    penalised.

    References
    ----------
    CS231n course notes, "Linear classification", https://cs231n.github.io/linear-classify/.

    Examples
    --------
    >>> from sk231n import BiasTrick
    >>> BiasTrick().fit_transform([[2.0, 3.0]])
    array([[2., 3., 1.]])
    """

    _parameter_constraints: dict = {"value": [Number(Real, None, None, closed="neither")]}

    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    def __init__(self, value: float = 1.0):
        self.value = value

    @contained
    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Check the data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.
        y : None
            Ignored; present for compatibility with :class:`~sklearn.pipeline.Pipeline`.

        Returns
        -------
        self : object
            The transformer itself.

        Raises
        ------
        ValueError
            If the data are invalid, or their float type cannot hold `value`.
        """
        with unchanged_on_error(self):
            self._validate_params()
            X = only_numbers(validated(self, as_rows(X)[0]))
            self._constant(float_dtype(X.dtype))
        return self

    @contained
    @in_pieces
    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Append the constant as the last column.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.

        Returns
        -------
        ndarray of shape (n_samples, n_features + 1)
            The rows with the constant: float32 for float32 data and for integers of 8 or 16 bits,
            float64 otherwise.

        Raises
        ------
        ValueError
            If the data are invalid, or their float type cannot hold `value`.
        """
        check_is_fitted(self)
        self._validate_params()
        X = only_numbers(validated(self, as_rows(X)[0], reset=False))
        extended = np.empty((len(X), X.shape[1] + 1), float_dtype(X.dtype))
        extended[:, -1] = self._constant(extended.dtype)
        extended[:, :-1] = X
        return extended

    @quiet
    def _constant(self, dtype):
        """Return `value` in the type of the data; refuse a value that overflows or underflows."""
        constant = dtype.type(float(self.value))
        if not np.isfinite(constant) or (constant == 0 and self.value != 0):
            raise ValueError(
                f"value={self.value!r} is too {'small' if constant == 0 else 'large'} for {dtype}, "
                "the type of these data; use another value, or float64 data."
            )
        return constant

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the names of the features: those of the input, and "bias".

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the input; None takes ``feature_names_in_``, else "x0", "x1", ...

        Returns
        -------
        ndarray of str of shape (`n_features_in_` + 1,)
            The names.
        """
        check_is_fitted(self, "n_features_in_")
        with naming("input_features"):
            names = check_feature_names_in(self, input_features)
        return np.append(names, np.array("bias", object))
