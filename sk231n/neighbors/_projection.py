"""The choice of a screen for Euclidean distances: how many principal directions, or none."""

import numpy as np
from scipy.linalg import eigh, qr
from sklearn.utils import check_random_state

from sk231n._estimators import one_blas_thread
from sk231n.neighbors._costs import (
    ENCODING_SLOWDOWN,
    SECONDS_PER_EUCLIDEAN_CANDIDATE,
    SECONDS_PER_EUCLIDEAN_COORDINATE,
    SECONDS_PER_FLOP,
)
from sk231n.neighbors._euclidean_screen import EuclideanScreen
from sk231n.neighbors._rescaling import fit_rescaling, rescaled_sample

# Training rows in which the principal directions are sought; of these, rows that play the queries.
_SAMPLE_SIZE, _N_SAMPLE_QUERIES = 2048, 64

# Training rows that are enough to see whether there are principal directions worth the search.
_SMALL_SAMPLE_SIZE = 256

# With fewer training rows, finding the directions takes as long as they save.
_FEWEST_SAMPLES = 8192

# Vectors of fewer coordinates are about as short as their codes would be.
_FEWEST_COORDINATES = 32

# Directions are sought if the vectors have as many coordinates for each effective dimension.
_COORDINATES_PER_DIMENSION = 8

# More components, or more than one for so many training rows, take longer to find than they save.
_MOST_COMPONENTS = 256
_SAMPLES_PER_COMPONENT = 128

# Expected ratio of training rows to queries, among which the time of encoding the former is shared.
_TRAINING_ROWS_PER_QUERY = 4


def make_euclidean_screen(metric, X, n_neighbors, n_threads):
    """Screen that makes finding the neighbours cheapest, judged by a sample of the rows."""
    # Further BLAS threads would still be waiting actively when the search begins.
    with one_blas_thread():
        rescaling = fit_rescaling(metric, X)
        basis = None
        if len(X) >= _FEWEST_SAMPLES and _has_structure(
            rescaled_sample(metric, X, rescaling, _SMALL_SAMPLE_SIZE)
        ):
            sample = rescaled_sample(metric, X, rescaling, min(_SAMPLE_SIZE, len(X) // 8))
            basis = _choose_basis(sample, len(X), n_neighbors)
    return EuclideanScreen(metric, X, rescaling, basis, n_threads)


def _has_structure(sample):
    """Whether few directions hold most of the variance, by the sample's Gram matrix.

    The effective dimension is ``sum(e)**2 / sum(e**2)``, where e are the eigenvalues of the
    covariance. The diagonal of the Gram matrix gives an estimate of the numerator, the other
    entries give one of the denominator.
    """
    n_coordinates = sample.shape[1]
    if n_coordinates < _FEWEST_COORDINATES or not np.isfinite(sample).all():
        return False
    gram = sample @ sample.T
    traces = np.diagonal(gram).astype(np.float64)
    squares = np.sum(np.square(gram, dtype=np.float64)) - np.sum(traces**2)
    n_pairs = len(gram) * (len(gram) - 1)
    return traces.mean() ** 2 * _COORDINATES_PER_DIMENSION < n_coordinates * squares / n_pairs


def _choose_basis(sample, n_samples, n_neighbors):
    """Basis with the number of components that costs least; None if no basis saves time."""
    n_coordinates = sample.shape[1]
    most = min(_MOST_COMPONENTS, n_coordinates // 4, n_samples // _SAMPLES_PER_COMPONENT)
    directions = _principal_directions(sample, most)
    best_cost = n_samples * n_coordinates * 2 * SECONDS_PER_FLOP
    best = 0
    for n_components, n_candidates in _count_candidates(sample, directions, n_samples, n_neighbors):
        # The costs of a query, of which encoding the training rows once is a share.
        slowdown = ENCODING_SLOWDOWN * _TRAINING_ROWS_PER_QUERY
        encoding = slowdown * 2 * n_coordinates * n_components * SECONDS_PER_FLOP
        screening = 2 * n_samples * n_components * SECONDS_PER_FLOP
        exact = n_candidates * (
            n_coordinates * SECONDS_PER_EUCLIDEAN_COORDINATE + SECONDS_PER_EUCLIDEAN_CANDIDATE
        )
        if encoding + screening + exact < best_cost:
            best, best_cost = n_components, encoding + screening + exact
    return _bounded(directions[:, :best]) if best else None


def _principal_directions(sample, n_components):
    """Orthonormal columns along the largest variances, the largest first.

    They are found by subspace iteration (Halko, Martinsson, Tropp 2011), and need not be precise:
    the bounds are valid for any orthonormal columns.
    """
    random = check_random_state(0)
    Q = random.standard_normal((sample.shape[1], n_components)).astype(np.float32)
    for _ in range(2):
        Q = qr(sample.T @ (sample @ Q), mode="economic", check_finite=False)[0]
    projected = sample @ Q
    _, rotation = eigh(projected.T @ projected, driver="evd", check_finite=False)
    return Q @ rotation[:, ::-1]


def _bounded(basis):
    """The basis divided by a bound of its norm, which is then at most 1 in spite of rounding."""
    exact = basis.astype(np.float64)
    deviation = np.linalg.norm(exact.T @ exact - np.eye(exact.shape[1]))
    return exact / np.sqrt(1 + deviation + 1e-12)


def _count_candidates(sample, directions, n_samples, n_neighbors):
    """Yield numbers of components, and how many candidates a query has with them in the sample."""
    queries, rest = sample[:_N_SAMPLE_QUERIES], sample[_N_SAMPLE_QUERIES:]
    rank = min(max(1, round(n_neighbors * len(rest) / n_samples)), len(rest))
    radii = np.partition(_squared_distances(queries, rest), rank - 1, axis=1)[:, rank - 1]
    (codes, code_squares), (rest_codes, rest_squares) = (
        (part @ directions, np.vecdot(part, part)) for part in (queries, rest)
    )
    n_components = max(8, directions.shape[1] // 8)
    while n_components <= directions.shape[1]:
        a, b = codes[:, :n_components], rest_codes[:, :n_components]
        gaps = np.sqrt(np.maximum(code_squares - np.vecdot(a, a), 0))[:, np.newaxis] - np.sqrt(
            np.maximum(rest_squares - np.vecdot(b, b), 0)
        )
        bounds = _squared_distances(a, b) + gaps**2
        yield n_components, (bounds <= radii[:, np.newaxis]).mean() * n_samples
        n_components += max(8, n_components // 3)


def _squared_distances(a, b):
    return np.vecdot(a, a)[:, np.newaxis] + np.vecdot(b, b) - 2 * a @ b.T
