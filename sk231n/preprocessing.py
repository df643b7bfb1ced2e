"""Preprocessing of the course: subtract a mean, append a constant, rotate and whiten."""

from numbers import Integral, Real

import numpy as np
from scipy.linalg import eigh
from sklearn.base import OneToOneFeatureMixin
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_array,
    check_is_fitted,
    validate_data,
)

from sk231n._estimators import (
    FloatTransformer,
    blocks,
    float_dtype,
    only_numbers,
    unchanged_on_error,
)
from sk231n._images import ImageTransformer, as_rows


class MeanSubtraction(OneToOneFeatureMixin, ImageTransformer):
    r"""Subtract the mean of the training images: image by pixel, by channel, or one number.

    Parameters
    ----------
    image_shape : tuple of int or None, default=None
        Shape of one image, (height, width) or (height, width, channels), in pixels. None takes it
        from a stack, and from rows by the rule: ``3 * k * k`` features are (k, k, 3), else
        ``k * k`` are (k, k), else it is one grey line. Only ``mode="channel"`` depends on it.
    mode : {"pixel", "channel", "global"}, default="pixel"
        Whether each feature has its own mean (the mean image), each channel, or all share one.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,), (n_channels,) or ()
        The mean for each feature, for each channel, or of all values, float64.
    image_shape_ : tuple of int
        Shape of one image.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where `X` had any.

    See Also
    --------
    sklearn.preprocessing.StandardScaler : Divides by the standard deviation too.

    Notes
    -----
    Images of 8 or 16 bit integers and of float32 become float32, others float64.

    References
    ----------
    CS231n course notes, "Setting up the data and the model",
    https://cs231n.github.io/neural-networks-2/.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n import MeanSubtraction
    >>> X = np.array([[0, 10, 20], [2, 30, 40]], dtype=np.uint8)
    >>> MeanSubtraction().fit_transform(X)
    array([[ -1., -10., -10.],
           [  1.,  10.,  10.]], dtype=float32)
    >>> MeanSubtraction(mode="channel").fit(X).mean_
    array([ 1., 20., 30.])
    """

    _parameter_constraints: dict = {
        **ImageTransformer._parameter_constraints,
        "mode": [StrOptions({"pixel", "channel", "global"})],
    }

    def __init__(self, image_shape=None, *, mode="pixel"):
        self.image_shape = image_shape
        self.mode = mode

    def fit(self, X, y=None):
        """Compute the mean.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            The images.
        y : None
            Ignored; here for the sake of :class:`~sklearn.pipeline.Pipeline`.

        Returns
        -------
        self : object
            The fitted transformer.
        """
        with unchanged_on_error(self):
            mean = self._fit_images(X).mean(axis=0, dtype=np.float64)
            if self.mode == "pixel":
                self.mean_ = mean.ravel()
            elif self.mode == "channel":
                self.mean_ = mean.mean(axis=(0, 1))
            else:
                self.mean_ = mean.mean()
        return self

    def transform(self, X):
        """Subtract the mean.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            The images.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The rows minus the mean.
        """
        rows, mean = self._rows_and_mean(X)
        return np.subtract(rows, mean, dtype=mean.dtype)

    def inverse_transform(self, X):
        """Add the mean again.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            What :meth:`transform` returned.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The rows plus the mean.
        """
        rows, mean = self._rows_and_mean(X)
        return np.add(rows, mean, dtype=mean.dtype)

    def _rows_and_mean(self, X):
        images = self._images(X)
        mean = self.mean_
        if self.mode == "channel":
            mean = np.tile(mean, images.shape[1] * images.shape[2])
        return images.reshape(len(images), -1), np.asarray(mean, float_dtype(images.dtype))


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
        Names of the features, where `X` had any.

    Notes
    -----
    :math:`W x + b = (W \; b) \binom{x}{1}`. Unlike an intercept the last weight is then penalised.

    References
    ----------
    CS231n course notes, "Linear classification", https://cs231n.github.io/linear-classify/.

    Examples
    --------
    >>> from sk231n import BiasTrick
    >>> BiasTrick().fit_transform([[2.0, 3.0]])
    array([[2., 3., 1.]])
    """

    _parameter_constraints: dict = {"value": [Interval(Real, None, None, closed="neither")]}

    def __init__(self, value=1.0):
        self.value = value

    def fit(self, X, y=None):
        """Check the data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.
        y : None
            Ignored; here for the sake of :class:`~sklearn.pipeline.Pipeline`.

        Returns
        -------
        self : object
            The transformer itself.
        """
        with unchanged_on_error(self):
            self._validate_params()
            only_numbers(validate_data(self, as_rows(X)[0]))
        return self

    def transform(self, X):
        """Append the constant as the last column.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.

        Returns
        -------
        ndarray of shape (n_samples, n_features + 1)
            The rows with the constant. float32 for float32 and for 8 or 16 bit integers, float64
            otherwise.
        """
        check_is_fitted(self)
        X = only_numbers(validate_data(self, as_rows(X)[0], reset=False))
        extended = np.empty((len(X), X.shape[1] + 1), float_dtype(X.dtype))
        extended[:, :-1] = X
        extended[:, -1] = self.value
        return extended

    def get_feature_names_out(self, input_features=None):
        """Name the features: those of the input, and "bias".

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
        return np.append(_check_feature_names_in(self, input_features), np.array("bias", object))


class Whitening(FloatTransformer):
    r"""Decorrelate the features and give each direction unit variance.

    Parameters
    ----------
    method : {"pca", "zca"}, default="pca"
        "pca" stays in the basis of the principal components; "zca" turns back, so that the whitened
        images stay as close as they can to the images.
    n_components : int, float or None, default=None
        Number of principal components that are kept; a float in (0, 1) keeps as many as explain
        that share of the variance; None keeps ``min(n_samples, n_features)``.
    epsilon : float >= 0, default=1e-5
        Added to the variances, in the squared unit of the features; a larger one leaves more of the
        noise in directions of little variance unamplified.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        Mean of the training data.
    components_ : ndarray of shape (`n_components_`, n_features)
        The principal components, unit vectors by falling variance; the largest entry of each is
        positive.
    explained_variance_ : ndarray of shape (`n_components_`,)
        Variance along each component (divided by n_samples).
    n_components_ : int
        Number of components kept.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where `X` had any.

    See Also
    --------
    sklearn.decomposition.PCA : Many more ways to find principal components.

    Notes
    -----
    With the eigenvectors :math:`U` and eigenvalues :math:`\lambda` of the covariance,

    .. math:: z_\text{pca} = \frac{(x - \mu) U}{\sqrt{\lambda + \epsilon}}, \qquad
              z_\text{zca} = z_\text{pca} U^T.

    The covariance is computed in float64, block by block, whatever the type of the data.

    References
    ----------
    CS231n course notes, "Setting up the data and the model",
    https://cs231n.github.io/neural-networks-2/.
    A. J. Bell and T. J. Sejnowski, "The 'independent components' of natural scenes are edge
    filters", Vision Research 37, 1997.

    Examples
    --------
    >>> import numpy as np
    >>> from sk231n import Whitening
    >>> X = np.random.RandomState(0).normal(size=(500, 2)) @ [[3.0, 1.0], [0.0, 0.5]]
    >>> Z = Whitening().fit_transform(X)
    >>> np.allclose(np.cov(Z.T, bias=True), np.eye(2), atol=1e-4)
    True
    """

    _parameter_constraints: dict = {
        "method": [StrOptions({"pca", "zca"})],
        "n_components": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
            None,
        ],
        "epsilon": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(self, method="pca", *, n_components=None, epsilon=1e-5):
        self.method = method
        self.n_components = n_components
        self.epsilon = epsilon

    def fit(self, X, y=None):
        """Compute mean and principal components.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.
        y : None
            Ignored; here for the sake of :class:`~sklearn.pipeline.Pipeline`.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If `n_components` is larger than ``min(n_samples, n_features)``.
        """
        with unchanged_on_error(self):
            self._validate_params()
            X = only_numbers(validate_data(self, as_rows(X)[0], ensure_min_samples=2))
            self._fit_rows(X)
        return self

    def _fit_rows(self, X):
        n_most = min(X.shape)
        share = 1.0  # of the variance, that the components are to explain
        n_kept = n_most if self.n_components is None else self.n_components
        if not isinstance(n_kept, Integral):
            share, n_kept = self.n_components, n_most
        if n_kept > n_most:
            raise ValueError(f"n_components={n_kept} exceeds min(n_samples, n_features)={n_most}.")
        dtype = float_dtype(X.dtype)
        covariance = np.zeros((X.shape[1], X.shape[1]))
        with np.errstate(over="ignore", invalid="ignore"):  # seen in the trace
            mean = X.mean(axis=0, dtype=np.float64)
            for rows in blocks(len(X)):
                centred = X[rows] - mean
                covariance += centred.T @ centred
            covariance /= len(X)
            if not covariance.trace() <= np.finfo(dtype).max:
                raise ValueError(
                    f"X holds values whose variance is too large for {dtype}; scale the features "
                    "down."
                )
        last = X.shape[1] - 1
        variance, vectors = eigh(
            covariance, overwrite_a=True, subset_by_index=[last - n_kept + 1, last]
        )
        variance, components = np.maximum(variance[::-1], 0), vectors[:, ::-1].T
        if share < 1:
            shares = np.cumsum(variance) / (variance.sum() or 1)
            n_kept = min(int(np.searchsorted(shares, share)) + 1, n_most)
            variance, components = variance[:n_kept], components[:n_kept]
        largest = np.abs(components).argmax(axis=1)
        components = components * np.sign(components[np.arange(n_kept), largest])[:, None]
        self.mean_ = mean.astype(dtype)
        self.components_ = components.astype(dtype)
        self.explained_variance_ = variance.astype(dtype)
        self.n_components_ = n_kept

    def transform(self, X):
        """Whiten.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.

        Returns
        -------
        ndarray of shape (n_samples, `n_components_`), or (n_samples, n_features) for "zca"
            The whitened rows, float32 for float32 and for 8 or 16 bit integers.
        """
        check_is_fitted(self)
        X = only_numbers(validate_data(self, as_rows(X)[0], reset=False))
        to_basis, turn_back = self.components_.T / self._spread(), self.components_

        def whiten(block):
            block = (block - self.mean_) @ to_basis
            return block @ turn_back if self.method == "zca" else block

        return _in_blocks(whiten, X, self._n_outputs)

    def inverse_transform(self, X):
        """Colour whitened rows again; exact where all components were kept.

        Parameters
        ----------
        X : array-like of shape (n_samples, `n_components_`), or (n_samples, n_features) for "zca"
            What :meth:`transform` returned.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The rows.
        """
        check_is_fitted(self)
        X = only_numbers(check_array(X))
        if X.shape[1] != self._n_outputs:
            raise ValueError(
                f"X has {X.shape[1]} features, but inverse_transform expects {self._n_outputs}."
            )
        from_basis = self._spread()[:, None] * self.components_

        def colour(block):
            block = block @ self.components_.T if self.method == "zca" else block
            return block @ from_basis + self.mean_

        return _in_blocks(colour, X, self.n_features_in_)

    @property
    def _n_outputs(self):
        return self.n_components_ if self.method == "pca" else self.n_features_in_

    def _spread(self):
        """Standard deviation along each component, at least the root of epsilon."""
        spread = np.sqrt(self.explained_variance_ + self.mean_.dtype.type(self.epsilon))
        return np.where(spread > 0, spread, 1)

    def get_feature_names_out(self, input_features=None):
        """Name the features: "whitening0", ... for "pca", those of the input for "zca".

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the input; None takes ``feature_names_in_``, else "x0", "x1", ...

        Returns
        -------
        ndarray of str
            The names.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        if self.method == "zca":
            return names
        return np.array([f"whitening{k}" for k in range(self.n_components_)], dtype=object)


def _in_blocks(function, X, n_outputs):
    """Apply a function of floating-point rows to some rows at a time."""
    result = np.empty((len(X), n_outputs), float_dtype(X.dtype))
    for rows in blocks(len(X)):
        result[rows] = function(X[rows].astype(result.dtype, copy=False))
    return result
