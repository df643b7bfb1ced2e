"""The k-nearest-neighbours classifier."""

from numbers import Integral

from sklearn.utils._param_validation import Interval

from sk231n._estimators import unchanged_on_error
from sk231n.neighbors._base import (
    NeighborsClassifier,
    check_enough,
    check_weight,
    checked_weights,
)


class KNNClassifier(NeighborsClassifier):
    r"""Classify by the vote of the k nearest training samples, found exactly and fast.

    Parameters
    ----------
    n_neighbors : int, default=5
        Number of neighbours that vote, k.
    metric : {"euclidean", "manhattan", "cosine"} or callable, default="euclidean"
        The distance. A callable gets two float64 arrays of rows, of shapes (n_queries, n_features)
        and (n_samples, n_features), and returns the matrix of distances, of shape (n_queries,
        n_samples). It is called on one thread.
    weights : {"uniform", "distance"} or callable, default="uniform"
        Weights of the votes: all alike; the inverse of the distance, where neighbours at distance 0
        alone vote if there are any; or a function that turns the distances, of shape (n_queries,
        k), into weights of the same shape. If all weights of a query are 0, its neighbours count
        alike.
    n_jobs : int, default=None
        Number of threads. None takes every core, or what a joblib context says.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    n_samples_fit_ : int
        Number of training samples.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `X` had any.

    See Also
    --------
    KNNClassifierCV : Chooses k by cross-validation.

    Notes
    -----
    The distances are

    .. math::

        d_2(a, b) = \sqrt{\sum_i (a_i - b_i)^2}, \qquad d_1(a, b) = \sum_i |a_i - b_i|, \qquad
        d_{\cos}(a, b) = 1 - \frac{a^T b}{\|a\| \|b\|}

    evaluated in float64 from the differences, without the cancellation of
    :math:`a^2 + b^2 - 2ab`; for integers the sums are exact. The cosine distance comes as
    :math:`\frac12 \| a / \|a\| - b / \|b\| \|^2`, and a row of zeros is at distance 1 from every
    row. Neighbours are ordered by (distance, index), whatever the number of threads, the size of
    the blocks and the order of the queries. Votes that tie go to the smallest class.

    Most distances are never computed. A cheap lower bound for all pairs leaves some tens of
    candidates a query: for the Euclidean and the cosine distance one float32 matrix product of
    projections onto principal directions, for the Manhattan distance sums over blocks of pixels.
    How many directions or blocks is decided from a sample of the data, and data that no bound
    prunes are searched without one; of few features a k-d tree is made. Rounding is bounded
    rigorously, so no neighbour is ever lost. Besides the training data, which are kept as they
    are and not copied, the memory needed is that of the projections or sums, and at most
    ``sklearn.get_config()["working_memory"]``.

    A sample of weight w counts as w samples: the nearest samples vote whose weights add up to k,
    the last one with what is missing.

    References
    ----------
    .. [1] T. Cover, P. Hart. "Nearest neighbor pattern classification". IEEE Transactions on
       Information Theory 13(1), 1967.
    .. [2] N. Halko, P.-G. Martinsson, J. A. Tropp. "Finding structure with randomness:
       probabilistic algorithms for constructing approximate matrix decompositions". SIAM Review
       53(2), 2011.
    .. [3] N. J. Higham. "Accuracy and stability of numerical algorithms", chapter 3. SIAM, 2002.

    Examples
    --------
    >>> from sk231n import KNNClassifier
    >>> from sk231n.datasets import make_shapes
    >>> shapes = make_shapes(600, random_state=0)
    >>> knn = KNNClassifier(n_neighbors=3).fit(shapes.images[:500], shapes.target[:500])
    >>> knn.predict(shapes.images[500:503]).shape
    (3,)
    >>> distances, indices = knn.kneighbors(shapes.images[500:503])
    >>> indices.shape
    (3, 3)
    """

    _parameter_constraints: dict = {
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        **NeighborsClassifier._parameter_constraints,
    }

    def __init__(self, n_neighbors=5, *, metric="euclidean", weights="uniform", n_jobs=None):
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.weights = weights
        self.n_jobs = n_jobs

    def fit(self, X, y, sample_weight=None):
        """Store the training data and prepare the search.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Training data; stacks of images are flattened. Integers of 8 and 16 bits and float32
            stay what they are; everything else becomes float64.
        y : array-like of shape (n_samples,)
            Labels of any type.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples; a sample of weight w counts as w samples.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If the data or the arguments are invalid, or there are fewer samples, or less weight,
            than `n_neighbors`; the classifier is then as it was.
        """
        with unchanged_on_error(self):
            self._validate_params()
            rows, image_shape, classes, y = self._data(X, y)
            check_enough(self.n_neighbors, len(rows), "training samples")
            sample_weight = checked_weights(sample_weight, rows)
            if sample_weight is not None:
                check_weight(self.n_neighbors, sample_weight)
            self._learn(rows, image_shape, classes, y, self.n_neighbors, sample_weight)
        return self

    def _n_voters(self):
        return self.n_neighbors
