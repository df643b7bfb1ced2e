"""Whitening: decorrelated features of unit variance."""

from functools import cached_property
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_array, check_is_fitted

from sk231n._estimators import (
    FloatTransformer,
    one_blas_thread,
    only_numbers,
    unchanged_on_error,
    validated,
)
from sk231n._floating_point import contained, quiet
from sk231n._images import as_rows
from sk231n._sklearn import RealNotInt, StrOptions, check_feature_names_in
from sk231n.core.arguments import Number
from sk231n.core.errors import naming
from sk231n.core.stored import in_pieces
from sk231n.preprocessing._scatter import Scatter
from sk231n.preprocessing._tiles import in_tiles


class Whitening(FloatTransformer):
    r"""Decorrelate the features and give each direction unit variance.

    Parameters
    ----------
    method : {"pca", "zca"}, default="pca"
        "pca" returns coordinates in the basis of the principal components; "zca" rotates back, so
        that the whitened images stay as close as possible to the images.
    n_components : int, float or None, default=None
        Number of principal components to keep. A float in (0, 1) keeps as many as explain that
        share of the variance; None keeps all directions along which the data vary, at most
        ``min(n_samples - 1, n_features)``.
    epsilon : float >= 0, default=1e-5
        Added to the variances, in the squared unit of the features. A larger value amplifies the
        noise in directions of little variance less.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        Mean of the training data.
    components_ : ndarray of shape (`n_components_`, n_features)
        The principal components: unit vectors in order of decreasing variance. The entry of
        largest magnitude of each is positive.
    explained_variance_ : ndarray of shape (`n_components_`,)
        Variance along each component (divided by n_samples).
    n_components_ : int
        Number of components kept.
    n_samples_seen_ : int
        Number of samples seen by :meth:`fit` and by :meth:`partial_fit` since then.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `X` had any.

    See Also
    --------
    sklearn.decomposition.PCA : Offers more solvers for principal components.

    Notes
    -----
    With the principal components :math:`U`, the eigenvectors of the covariance, and their variances
    :math:`\lambda`,

    .. math:: z_\text{pca} = \frac{(x - \mu) U}{\sqrt{\lambda + \epsilon}}, \qquad
              z_\text{zca} = z_\text{pca} U^T.

    *Directions without variance* are omitted, because dividing by their standard deviation would
    only amplify rounding errors: directions that :math:`n` samples cannot span, constant features,
    and features that are sums of others. A direction is kept if its variance exceeds the rounding
    error of the data (float32 has seven digits) and of the computation in float64. With at most as
    many samples as features, the computation is an SVD of the centred data, and detects a standard
    deviation of about :math:`10^{-13}` of the largest one. With more samples than features it uses
    the covariance, in which standard deviations are squared. With at most 256 features it detects a
    direction that has about :math:`10^{-6}` of the standard deviation of the features that it
    combines, whatever their units; with more features, a standard deviation of about
    :math:`10^{-6}` of the largest one.

    *Batches* passed to :meth:`partial_fit` give the same result as :meth:`fit` on all of them, up
    to rounding. The means and scatters of batches are merged (Chan et al.) into at most
    n_features x n_features numbers, which the estimator keeps. The components are computed from
    them when they are needed.

    The result depends neither on the memory layout of the data nor on the number of threads.

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

    _remembers = {"_scatter_": Scatter}

    _parameter_constraints: dict = {
        "method": [StrOptions({"pca", "zca"})],
        "n_components": [
            Number(Integral, 1, None, closed="left"),
            Number(RealNotInt, 0, 1, closed="neither"),
            None,
        ],
        "epsilon": [Number(Real, 0, None, closed="left")],
    }

    mean_: NDArray[Any]
    n_samples_seen_: int
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]

    def __init__(
        self,
        method: str = "pca",
        *,
        n_components: int | float | None = None,
        epsilon: float = 1e-5,
    ):
        self.method = method
        self.n_components = n_components
        self.epsilon = epsilon

    @contained
    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Compute the mean and the principal components.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.
        y : None
            Ignored; present for compatibility with :class:`~sklearn.pipeline.Pipeline`.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If the data are invalid or do not vary at all, or if `n_components` exceeds the number
            of directions along which they vary.
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
    def partial_fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Update mean and components with further data: they are those of all data seen so far.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            A batch of one or more samples; stacks of images are flattened.
        y : None
            Ignored; present for compatibility with :class:`~sklearn.pipeline.Pipeline`.

        Returns
        -------
        self : object
            The transformer itself. As long as the data vary along fewer than `n_components`
            directions, it keeps all of them.

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
                f"X holds values whose variance is too large for {np.dtype(scatter.dtype)}; scale "
                "the features down."
            )
        self._scatter_ = scatter
        for name in "components_", "explained_variance_", "n_components_":
            vars(self).pop(name, None)
        self.mean_ = scatter.mean.astype(scatter.dtype)
        self.n_samples_seen_ = scatter.n_rows

    def _check_n_components(self, n_directions):
        if isinstance(self.n_components, Integral) and self.n_components > n_directions:
            raise ValueError(
                f"n_components={self.n_components}, but X varies along {n_directions} directions; "
                "expected at most as many."
            )

    def _check_varies(self):
        if not self.n_components_:
            raise ValueError(
                f"X does not vary: the variance of its {self.n_samples_seen_} samples is zero up "
                f"to rounding, or too small for {self.mean_.dtype}; there is nothing to whiten."
            )

    def _decompose(self):
        """Set the components; return the number of directions that the decomposition found."""
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

    # Decomposing the scatter may cost more than adding a batch to it, so partial_fit leaves it to
    # the first access to one of these properties. It sets attributes that replace them.

    @cached_property
    def components_(self) -> NDArray[Any]:
        """The principal components: unit vectors in order of decreasing variance."""
        self._decompose()
        return vars(self)["components_"]

    @cached_property
    def explained_variance_(self) -> NDArray[Any]:
        """Variance along each component."""
        self._decompose()
        return vars(self)["explained_variance_"]

    @cached_property
    def n_components_(self) -> int:
        """Number of components kept."""
        self._decompose()
        return vars(self)["n_components_"]

    @contained
    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Whiten the data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Data; stacks of images are flattened.

        Returns
        -------
        ndarray of shape (n_samples, `n_components_`), or (n_samples, n_features) for "zca"
            The whitened rows: float32 for float32 data and for integers of 8 or 16 bits, float64
            otherwise.

        Raises
        ------
        ValueError
            If the data are invalid, or if the data seen by :meth:`partial_fit` do not vary yet.
        """
        check_is_fitted(self)
        self._validate_params()
        X = only_numbers(validated(self, as_rows(X)[0], reset=False))
        self._check_varies()
        mean, components, spread = self.mean_, self.components_, self._spread()

        def whiten(rows):
            rows = (rows - mean) @ components.T / spread
            return rows @ components if self.method == "zca" else rows

        return in_tiles(whiten, X, self._n_outputs)

    @contained
    @in_pieces
    def inverse_transform(self, X: ArrayLike) -> NDArray[Any]:
        """Undo the whitening; exact for rows that vary only along the components kept.

        These are all rows if as many components are kept as there are features, and the rows seen
        in :meth:`fit` if `n_components` is None.

        Parameters
        ----------
        X : array-like of shape (n_samples, `n_components_`), or (n_samples, n_features) for "zca"
            Rows as returned by :meth:`transform`.

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

        def unwhiten(rows):
            rows = rows @ components.T if self.method == "zca" else rows
            return (rows * spread) @ components + mean

        return in_tiles(unwhiten, X, self.n_features_in_)

    @property
    def _n_outputs(self):
        return self.n_components_ if self.method == "pca" else self.n_features_in_

    @quiet
    def _spread(self):
        """Root of variance plus epsilon, for each component."""
        spread = np.sqrt(self.explained_variance_.astype(np.float64) + float(self.epsilon))
        dtype = self.mean_.dtype
        if not spread.max() <= np.finfo(dtype).max:
            raise ValueError(f"epsilon={self.epsilon!r} is too large for {dtype}.")
        return spread.astype(dtype)

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the names: "whitening0", ... for "pca", those of the input for "zca".

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
            names = check_feature_names_in(self, input_features)
        if self.method == "zca":
            return names
        return np.array([f"whitening{k}" for k in range(self.n_components_)], dtype=object)


@quiet
def _total(variances):
    return variances.sum()
