"""The k-nearest-neighbours classifier."""

from collections.abc import Callable
from typing import Any, Self

from numpy.typing import ArrayLike, NDArray

from sk231n._estimators import unchanged_on_error
from sk231n._floating_point import contained
from sk231n.core.arguments import count
from sk231n.neighbors._base import NeighborsClassifier
from sk231n.neighbors._votes import check_votes
from sk231n.neighbors._weights import checked_weights, sample_counts


class KNNClassifier(NeighborsClassifier):
    r"""Classify by the vote of the k nearest training samples, found exactly and fast.

    Parameters
    ----------
    n_neighbors : int, default=5
        Number of neighbours that vote, k.
    metric : {"euclidean", "manhattan", "cosine", "l1", "l2"} or callable, default="euclidean"
        The distance; "l1" is another name for "manhattan", and "l2" for "euclidean". A callable
        gets two float64 arrays of rows, of shapes (n_queries, n_features) and (n_samples,
        n_features), and returns the matrix of distances, of shape (n_queries, n_samples). It is
        called on one thread, and NumPy's matrix products within it use one thread, too.
    weights : {"uniform", "distance"} or callable, default="uniform"
        Weights of the votes. "uniform" gives all neighbours the same weight; "distance" weighs them
        by the inverse of the distance, and if there are neighbours at distance 0, only these vote;
        a callable turns the distances, of shape (n_queries, k), into weights of the same shape. If
        all weights of a query are 0, its neighbours have the same weight.
    class_weight : dict, "balanced" or None, default=None
        Factors of the votes by class. A dict maps labels to factors. Labels that are not in the
        dict have the factor 1, and keys that are not in `y` are ignored. "balanced" means the
        inverse of the number of training samples of a class, sample weights included. If all votes
        of a query would become 0, they count without factors.
    n_jobs : int, default=None
        Number of threads. None means every core, or the number that a joblib context sets.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    n_samples_fit_ : int
        Number of training samples.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `X` had names.

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
    :math:`a^2 + b^2 - 2ab`. For integers of 8 and 16 bits the sums are exact, and so are those of
    other whole numbers while they stay below :math:`2^{52}`. The cosine distance is evaluated as
    :math:`\frac12 \| a / \|a\| - b / \|b\| \|^2`, and a row of zeros is at distance 1 from every
    row. Neighbours are ordered by (distance, index), whatever the number of threads, the size of
    the blocks and the order of the queries. Votes that tie go to the smallest class.

    Most distances are never computed. A cheap lower bound for all pairs leaves a few dozen
    candidates for each query: for the Euclidean and the cosine distance, the bound is one float32
    matrix product of projections onto principal directions; for the Manhattan distance, it comes
    from sums over blocks of pixels. The number of directions or blocks is chosen from a sample of
    the data. Data that no bound would prune are searched without one, and data of few features in
    a k-d tree. Rounding is bounded rigorously, so no neighbour is ever lost. Training data of 8 or
    16 bits, float32 or float64 are kept as they are and not copied. Besides them, the memory needed
    is that of the projections or sums, and at most ``sklearn.get_config()["working_memory"]``.

    Sample weights are relative: with the smallest weight above zero as the unit, a sample counts as

    .. math::

        m_i = \frac{w_i}{\min \{ w_j : w_j > 0 \}}

    samples, rounded to a multiple of :math:`2^{-32}`. The nearest samples vote until their counts
    add up to k; the last one counts only as what is missing. So any multiple of the weights gives
    the same votes, equal weights change nothing, and a sample of weight zero is left out (it is
    never a neighbour). Whole numbers, the smallest of which is 1, mean repetitions: weight 3 is the
    same as having the sample three times. A single tiny weight makes all others large, so that few
    samples are enough for k; set negligible weights to zero.

    The votes of a class c are then a sum over its voters, where :math:`s_i \le m_i` is how many
    samples voter i counts as, :math:`\omega(d_i)` its weight by distance, and :math:`\gamma_c` the
    class weight:

    .. math::

        v_c = \gamma_c \sum_{i : y_i = c} s_i \, \omega(d_i)

    ``predict(None)``, ``predict_proba(None)`` and ``score(None, y)`` leave one out: each training
    sample is classified by the others, including its duplicates, with the weights and classes that
    ``fit`` has determined.

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

    The accuracy on the training data, each sample classified by the others:

    >>> round(knn.score(None, shapes.target[:500]), 2)
    0.35
    """

    _parameter_constraints: dict[str, list[Any]] = {
        "n_neighbors": [count(1)],
        **NeighborsClassifier._parameter_constraints,
    }

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        metric: str | Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]] = "euclidean",
        weights: str | Callable[[NDArray[Any]], NDArray[Any]] = "uniform",
        class_weight: dict[Any, Any] | str | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.weights = weights
        self.class_weight = class_weight
        self.n_jobs = n_jobs

    @contained
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Store the training data and prepare the search.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n_samples, h, w) or (n_samples, h, w, c)
            Training data; stacks of images are flattened. Integers of 8 and 16 bits and float32
            keep their type; everything else becomes float64.
        y : array-like of shape (n_samples,)
            Labels, all of the same type.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, relative to each other; see the notes of the class.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If the data or the arguments are invalid, or if there are fewer samples than
            `n_neighbors`, counted by their weights. The classifier is then left unchanged.
        """
        with unchanged_on_error(self):
            self._validate_params()
            rows, image_shape, classes, y = self._validated_data(X, y)
            counts = sample_counts(checked_weights(sample_weight, len(rows)))
            check_votes(self._n_voters(), len(rows), counts)
            self._set_training_data(rows, image_shape, classes, y, self._n_voters(), counts)
        return self

    def _n_voters(self):
        return int(self.n_neighbors)
