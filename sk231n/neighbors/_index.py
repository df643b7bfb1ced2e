"""The choice of a search that suits the data, and the search on several threads."""

import numpy as np
from sklearn import config_context, get_config

from sk231n._estimators import one_blas_thread
from sk231n._threads import count_threads, run_on_threads
from sk231n.core.blocks import blocks
from sk231n.neighbors._block_sums import make_block_sums_screen
from sk231n.neighbors._distances import metric_of
from sk231n.neighbors._exhaustive import CallableSearch, ExhaustiveSearch
from sk231n.neighbors._manhattan_screen import ManhattanScreen
from sk231n.neighbors._projection import make_euclidean_screen
from sk231n.neighbors._protocols import Search
from sk231n.neighbors._rescaling import fit_rescaling
from sk231n.neighbors._search import ScreenedSearch
from sk231n.neighbors._tree import TreeSearch

# With fewer training rows, building a k-d tree takes longer than it saves.
_TREE_SAMPLES = 1000

# If the training data hold no more numbers than this, computing all distances is fastest.
_FEW_VALUES = 2**13

# If they hold no more than this, a search is prepared when there are so many queries that it saves
# time; until then all distances are computed.
_FEW_VALUES_TO_DEFER = 2**20
_FEW_PAIRS_FOR_A_TREE = 2**18

# A thread takes so long to start that it saves no time if it gets fewer queries than the first
# number, or if it would compute fewer differences between coordinates than the second number.
_FEW_QUERIES = 32
_FEW_DIFFERENCES = 2**21

# The scores of a block of queries may take one in so many parts of the working memory. The others
# are for the temporary arrays in which candidates are measured and sorted.
_PARTS_OF_MEMORY = 4


def make_search(metric, X, image_shape, n_neighbors, n_jobs):
    """Prepare the search that is probably the fastest for the training rows.

    Parameters
    ----------
    metric : str or callable
        A name out of ``METRIC_NAMES``, or a function for distance matrices.
    X : ndarray of shape (n_samples, n_features)
        Training rows.
    image_shape : tuple of int
        Shape of the image that a row is, or may be: (h, w) or (h, w, c).
    n_neighbors : int
        Number of neighbours that most searches will be for.
    n_jobs : int or None
        Number of threads.

    Returns
    -------
    Search
        The search.
    """
    if callable(metric):
        return CallableSearch(metric, X)
    metric = metric_of(metric)
    if X.size <= _FEW_VALUES:
        return ExhaustiveSearch(metric, X)
    if _suits_a_tree(metric, X):
        return TreeSearch(metric, X)
    n_threads = count_threads(n_jobs)
    if metric.p == 1:
        screen = make_block_sums_screen(X, image_shape, n_neighbors, n_threads)
        if screen is None:
            screen = ManhattanScreen(X, fit_rescaling(metric, X), n_threads)
    else:
        screen = make_euclidean_screen(metric, X, n_neighbors, n_threads)
    return ScreenedSearch(metric, X, screen)


def _suits_a_tree(metric, X):
    return X.shape[1] <= metric.tree_features and len(X) >= _TREE_SAMPLES


def prepare_search(metric, X, image_shape, n_neighbors, n_jobs):
    """Prepare the search as :func:`make_search` does, of little data not before it saves time."""
    if callable(metric) or not _FEW_VALUES < X.size <= _FEW_VALUES_TO_DEFER:
        return make_search(metric, X, image_shape, n_neighbors, n_jobs)
    return DeferredSearch(metric, X, image_shape, n_neighbors, n_jobs)


class DeferredSearch(Search):
    """All distances for few queries, and for many a search that is prepared for the first of them.

    The parameters are those of :func:`make_search`.
    """

    on_threads = True

    def __init__(self, metric, X, image_shape, n_neighbors, n_jobs):
        self.X, self._prepared = X, None
        self._arguments = (metric, X, image_shape, n_neighbors, n_jobs)
        metric = metric_of(metric)
        self._all_pairs = ExhaustiveSearch(metric, X)
        self._few_queries = metric.few_differences // X.size
        if _suits_a_tree(metric, X):
            self._few_queries = _FEW_PAIRS_FOR_A_TREE // len(X)

    def __getstate__(self):
        return {**vars(self), "_prepared": None}

    def for_queries(self, n_queries):
        """Return the search that is faster for so many queries."""
        if n_queries <= self._few_queries:
            return self._all_pairs
        if self._prepared is None:
            self._prepared = make_search(*self._arguments)
        return self._prepared


def find_neighbors(search, Q, k, n_jobs):
    """Nearest training rows of each query, ordered by (distance, index).

    Parameters
    ----------
    search : Search
        A search among the training rows.
    Q : ndarray of shape (n_queries, n_features)
        Queries.
    k : int
        Number of neighbours.
    n_jobs : int or None
        Number of threads.

    Returns
    -------
    distances, indices : ndarray of shape (n_queries, k)
        The distances in float64, and the indices of the training rows.
    """
    search = search.for_queries(len(Q))
    distances, indices = np.empty((len(Q), k)), np.empty((len(Q), k), np.intp)
    n_threads = min(-(-len(Q) // _FEW_QUERIES), 1 + len(Q) * search.X.size // _FEW_DIFFERENCES)
    if not search.on_threads:
        n_threads = 1
    elif n_threads > 1:
        n_threads = min(n_threads, count_threads(n_jobs))
    working_memory = get_config()["working_memory"]
    memory = working_memory * 2**20 / (_PARTS_OF_MEMORY * n_threads)
    size = min(search.block_size(memory, k), max(1, -(-len(Q) // n_threads)))
    tasks = list(blocks(len(Q), size))

    if not search.on_threads:
        # The rounding of matrix products in the user's function depends on the number of threads.
        with one_blas_thread():
            run_on_threads(lambda: search.make_worker(Q, k, size, distances, indices), tasks, 1)
        return distances, indices

    def make_worker():
        # Threads do not inherit scikit-learn's configuration, so each sets its own share.
        share = working_memory / n_threads
        with config_context(working_memory=share):
            search_block = search.make_worker(Q, k, size, distances, indices)

        def work(block):
            # Distances may overflow and underflow by definition, and the bounds allow for both.
            with (
                config_context(working_memory=share),
                np.errstate(over="ignore", under="ignore", invalid="ignore"),
            ):
                search_block(block)

        return work

    with one_blas_thread():
        run_on_threads(make_worker, tasks, n_threads)
    return distances, indices
