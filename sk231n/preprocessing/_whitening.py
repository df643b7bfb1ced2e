"""Whitening: the principal components, each with unit variance."""

from functools import cached_property
from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import RealNotInt, StrOptions
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_array,
    check_is_fitted,
)

from sk231n._estimators import (
    FloatTransformer,
    float_dtype,
    one_blas_thread,
    only_numbers,
    unchanged_on_error,
    validated,
)
from sk231n._floating_point import contained, quiet
from sk231n._images import as_rows
from sk231n._threads import count_threads, run_on_threads
from sk231n.core.arguments import Number
from sk231n.core.blocks import blocks
from sk231n.core.errors import naming
from sk231n.preprocessing._scatter import Scatter

_TILE = 96  # rows of a product: always as many, for its rounding depends on its shape
_LARGE_PRODUCT = 2**23  # multiplications that are worth a second thread


class Whitening(FloatTransformer):
    r"""Decorrelate the features and give each direction unit variance.

    Parameters
    ----------
    method : {"pca", "zca"}, default="pca"
        "pca" stays in the basis of the principal components; "zca" turns back, so that the whitened
        images stay as close as they can to the images.
    n_components : int, float or None, default=None
        Number of principal components that are kept; a float in (0, 1) keeps as many as explain
        that share of the variance; None keeps all directions along which the data vary, at most
        ``min(n_samples - 1, n_features)``.
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
    n_samples_seen_ : int
        Number of samples of :meth:`fit`, and of :meth:`partial_fit` since then.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where `X` had any.

    See Also
    --------
    sklearn.decomposition.PCA : Many more ways to find principal components.

    Notes
    -----
    With the principal components :math:`U`, the eigenvectors of the covariance, and their variances
    :math:`\lambda`,

    .. math:: z_\text{pca} = \frac{(x - \mu) U}{\sqrt{\lambda + \epsilon}}, \qquad
              z_\text{zca} = z_\text{pca} U^T.

    *Directions without variance* are left out, for dividing by their spread would only amplify
    rounding: those that :math:`n` samples cannot span, constant features, features that are sums of
    others. What a direction has to have is more than rounding, that of the numbers given (float32
    counts seven digits) and that of the computation, which is done in float64. With at most as many
    samples as features that is an SVD of the centred data, and a spread of about :math:`10^{-13}`
    of the largest is seen. With more samples than features it is the covariance, in which spreads
    are squared: of at most 256 features it sees a direction that is left with about
    :math:`10^{-6}` of the spread of the features it is made of, whatever their units; of more
    features a spread of about :math:`10^{-6}` of the largest.

    *Batches* of :meth:`partial_fit` give what :meth:`fit` gives on all of them, up to rounding. The
    means and scatters of batches are merged (Chan et al.), in at most n_features x n_features
    numbers, which the estimator keeps; the components follow from them when they are needed.

    The result does not depend on how the data lie in memory, nor on the number of threads.

    References
    ----------
    CS231n course notes, "Setting up the data and the model",
    https://cs231n.github.io/neural-networks-2/.
    A. J. Bell and T. J. Sejnowski, "The 'independent components' of natural scenes are edge
    filters", Vision Research 37, 1997.
    T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample variance:
    analysis and recommendations", The American Statistician 37, 1983.

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
            Number(Integral, 1, None, closed="left"),
            Number(RealNotInt, 0, 1, closed="neither"),
            None,
        ],
        "epsilon": [Number(Real, 0, None, closed="left")],
    }

    def __init__(self, method="pca", *, n_components=None, epsilon=1e-5):
        self.method = method
        self.n_components = n_components
        self.epsilon = epsilon

    @contained
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
            If the data are invalid or do not vary at all, or if `n_components` is a larger number
            than that of the directions along which they vary.
        """
        with unchanged_on_error(self):
            self._validate_params()
            X = only_numbers(validated(self, as_rows(X)[0], ensure_min_samples=2))
            self._check_n_components(min(len(X) - 1, X.shape[1]))
            self._learn(X, Scatter(X.shape[1]))
            self._check_n_components(self._decompose())
            self._check_varies()
        return self

    @contained
    def partial_fit(self, X, y=None):
        """Go on with further data: mean and components are those of all data seen so far.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            A batch of data, perhaps a single sample; stacks of images are flattened.
        y : None
            Ignored; here for the sake of :class:`~sklearn.pipeline.Pipeline`.

        Returns
        -------
        self : object
            The transformer itself. As long as the data vary along fewer than `n_components`
            directions, it keeps as many as there are.

        Raises
        ------
        ValueError
            If the data are invalid.
        """
        with unchanged_on_error(self):
            self._validate_params()
            first = not hasattr(self, "n_samples_seen_")
            X = only_numbers(validated(self, as_rows(X)[0], reset=first))
            self._learn(X, Scatter(X.shape[1]) if first else self._scatter_)
        return self

    def _learn(self, X, scatter):
        with one_blas_thread():
            scatter = scatter.plus(X)
        if not _total(scatter.variances) <= np.finfo(scatter.dtype).max:
            raise ValueError(
                f"X holds values whose variance is too large for {scatter.dtype}; scale the "
                "features down."
            )
        self._scatter_ = scatter
        for name in "components_", "explained_variance_", "n_components_":
            vars(self).pop(name, None)
        self.mean_ = scatter.mean.astype(scatter.dtype)
        self.n_samples_seen_ = scatter.n_rows

    def _check_n_components(self, n_directions):
        if isinstance(self.n_components, Integral) and self.n_components > n_directions:
            raise ValueError(
                f"n_components={self.n_components}, but X varies along {n_directions} directions "
                "only; expected at most as many."
            )

    def _check_varies(self):
        if not self.n_components_:
            raise ValueError(
                f"X does not vary: the variance of its {self.n_samples_seen_} samples is zero up "
                f"to rounding, or too small for {self.mean_.dtype}; there is nothing to whiten."
            )

    def _decompose(self):
        """Set the components; return how many directions the scatter has, at least."""
        check_is_fitted(self)
        with one_blas_thread():
            few = int(self.n_components) if isinstance(self.n_components, Integral) else None
            variances, axes = self._scatter_.principal_axes(few)
        n_kept = n_directions = len(variances)
        if few is not None:
            n_kept = min(few, n_directions)
        elif self.n_components is not None and n_directions:
            shares = np.cumsum(variances) / variances.sum()
            n_kept = min(int(np.searchsorted(shares, self.n_components)) + 1, n_directions)
        variances, axes = variances[:n_kept], axes[:n_kept]
        largest = np.abs(axes).argmax(axis=1)
        axes = axes * np.sign(axes[np.arange(n_kept), largest])[:, np.newaxis]
        self.components_ = axes.astype(self.mean_.dtype)
        self.explained_variance_ = variances.astype(self.mean_.dtype)
        self.n_components_ = n_kept
        return n_directions

    # Taking the scatter apart may cost more than adding a batch to it, so that partial_fit leaves
    # it to whoever asks first. What is set then takes the place of these.

    @cached_property
    def components_(self):
        """The principal components, unit vectors by falling variance."""
        self._decompose()
        return vars(self)["components_"]

    @cached_property
    def explained_variance_(self):
        """Variance along each component."""
        self._decompose()
        return vars(self)["explained_variance_"]

    @cached_property
    def n_components_(self):
        """Number of components kept."""
        self._decompose()
        return vars(self)["n_components_"]

    @contained
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

        Raises
        ------
        ValueError
            If the data are invalid, or what :meth:`partial_fit` has seen does not vary yet.
        """
        check_is_fitted(self)
        self._validate_params()
        X = only_numbers(validated(self, as_rows(X)[0], reset=False))
        self._check_varies()
        mean, components, spread = self.mean_, self.components_, self._spread()

        def whiten(rows):
            rows = (rows - mean) @ components.T / spread
            return rows @ components if self.method == "zca" else rows

        return _in_tiles(whiten, X, self._n_outputs)

    @contained
    def inverse_transform(self, X):
        """Colour whitened rows again; exact for rows that vary along the kept components only.

        These are all rows where as many components are kept as there are features, and the rows
        seen in :meth:`fit` where `n_components` is None.

        Parameters
        ----------
        X : array-like of shape (n_samples, `n_components_`), or (n_samples, n_features) for "zca"
            What :meth:`transform` returned.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            The rows.

        Raises
        ------
        ValueError
            If the data are invalid.
        """
        check_is_fitted(self)
        self._validate_params()
        with naming("X"), np.errstate(over="ignore", invalid="ignore"):
            X = only_numbers(check_array(X, input_name="X"))
        self._check_varies()
        if X.shape[1] != self._n_outputs:
            raise ValueError(
                f"X has {X.shape[1]} features, but inverse_transform expects {self._n_outputs}."
            )
        mean, components, spread = self.mean_, self.components_, self._spread()

        def colour(rows):
            rows = rows @ components.T if self.method == "zca" else rows
            return (rows * spread) @ components + mean

        return _in_tiles(colour, X, self.n_features_in_)

    @property
    def _n_outputs(self):
        return self.n_components_ if self.method == "pca" else self.n_features_in_

    @quiet
    def _spread(self):
        """Standard deviation along each component, at least the root of epsilon."""
        spread = np.sqrt(self.explained_variance_.astype(np.float64) + float(self.epsilon))
        dtype = self.mean_.dtype
        if not spread.max() <= np.finfo(dtype).max:
            raise ValueError(f"epsilon={self.epsilon!r} is too large for {dtype}.")
        return spread.astype(dtype)

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
        with naming("input_features"):
            names = _check_feature_names_in(self, input_features)
        if self.method == "zca":
            return names
        return np.array([f"whitening{k}" for k in range(self.n_components_)], dtype=object)


@quiet
def _total(variances):
    return variances.sum()


@quiet
def _in_tiles(function, X, n_outputs):
    """Apply a function of floating-point rows to some rows at a time.

    The rounding of a product depends on its shape. With tiles of one size, the last one filled up
    with zeros, it depends neither on the number of rows nor on what else there is.
    """
    result = np.empty((len(X), n_outputs), float_dtype(X.dtype))

    @quiet
    def work(rows):
        tile = np.zeros((_TILE, X.shape[1]), result.dtype)
        tile[: rows.stop - rows.start] = X[rows]
        result[rows] = function(tile)[: rows.stop - rows.start]

    is_large = X.size * n_outputs > _LARGE_PRODUCT
    with one_blas_thread():
        tiles = blocks(len(X), _TILE)
        run_on_threads(lambda: work, tiles, count_threads(None) if is_large else 1)
    if not np.isfinite(result).all():
        raise ValueError(f"X holds values too large for {result.dtype}; scale them down.")
    return result
