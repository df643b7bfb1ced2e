"""What to screen Euclidean distances with: how many principal directions, or none."""

import numpy as np
from scipy.linalg import eigh, qr
from sklearn.utils import check_random_state

from sk231n._estimators import one_blas_thread
from sk231n.neighbors._euclidean_screen import EuclideanScreen
from sk231n.neighbors._frame import make_frame, sample_vectors

_SAMPLE = 2048
_SMALL_SAMPLE = 256
_SAMPLE_QUERIES = 64
_FEW_COORDINATES = 32
_SPREAD = 8  # coordinates for each effective dimension
_MOST_COMPONENTS = 256
_SAMPLES_PER_COMPONENT = 128  # or finding the components takes longer than they save
_FEW_SAMPLES = 8192  # the analysis costs as much as it saves
# Rough costs on one core, in seconds; only their ratios count.
_PER_FLOP = 1 / 100e9
_PER_COORDINATE = 0.4e-9  # of an exact distance
_PER_CANDIDATE = 200e-9


def make_euclidean_screen(metric, X, n_neighbors, n_threads):
    """Screen that makes finding the neighbours cheapest, judged by a sample of the rows."""
    with one_blas_thread():  # others would still be spinning when the search begins
        frame = make_frame(metric, X)
        basis = None
        if len(X) >= _FEW_SAMPLES and _has_structure(
            sample_vectors(metric, X, frame, _SMALL_SAMPLE)
        ):
            sample = sample_vectors(metric, X, frame, min(_SAMPLE, len(X) // 8))
            basis = _choose_basis(sample, len(X), n_neighbors)
    return EuclideanScreen(metric, X, frame, basis, n_threads)


def _has_structure(sample):
    """Whether few directions hold most of the variance, by the sample's Gram matrix.

    With the eigenvalues e of the covariance, the effective dimension is ``sum(e)**2 / sum(e**2)``,
    of which the diagonal and the rest of the Gram matrix give estimates.
    """
    n_coordinates = sample.shape[1]
    if n_coordinates < _FEW_COORDINATES or not np.isfinite(sample).all():
        return False
    gram = sample @ sample.T
    traces = np.diagonal(gram).astype(np.float64)
    squares = np.sum(np.square(gram, dtype=np.float64)) - np.sum(traces**2)
    n_pairs = len(gram) * (len(gram) - 1)
    return traces.mean() ** 2 * _SPREAD < n_coordinates * squares / n_pairs


def _choose_basis(sample, n_samples, n_neighbors):
    """Basis with the number of components that costs least, or None if none pays."""
    n_coordinates = sample.shape[1]
    most = min(_MOST_COMPONENTS, n_coordinates // 4, n_samples // _SAMPLES_PER_COMPONENT)
    directions = _principal_directions(sample, most)
    best_cost = n_samples * n_coordinates * 2 * _PER_FLOP
    best = 0
    for n_components, n_candidates in _count_candidates(sample, directions, n_samples, n_neighbors):
        # The training rows are encoded once, for perhaps a quarter as many queries, in float64.
        encoding = 5 * 4 * n_coordinates * n_components * _PER_FLOP
        screening = 2 * n_samples * n_components * _PER_FLOP
        exact = n_candidates * (n_coordinates * _PER_COORDINATE + _PER_CANDIDATE)
        if encoding + screening + exact < best_cost:
            best, best_cost = n_components, encoding + screening + exact
    return _bounded(directions[:, :best]) if best else None


def _principal_directions(sample, n_components):
    """Orthonormal columns along the largest variances, the largest first.

    Subspace iteration (Halko, Martinsson, Tropp 2011). Any orthonormal columns give valid bounds;
    these need not be precise.
    """
    random = check_random_state(0)
    Q = random.standard_normal((sample.shape[1], n_components)).astype(np.float32)
    for _ in range(2):
        Q = qr(sample.T @ (sample @ Q), mode="economic", check_finite=False)[0]
    projected = sample @ Q
    _, rotation = eigh(projected.T @ projected, driver="evd", check_finite=False)
    return Q @ rotation[:, ::-1]


def _bounded(basis):
    """The basis scaled down a little, to a norm of at most 1 for certain."""
    exact = basis.astype(np.float64)
    deviation = np.linalg.norm(exact.T @ exact - np.eye(exact.shape[1]))
    return exact / np.sqrt(1 + deviation + 1e-12)


def _count_candidates(sample, directions, n_samples, n_neighbors):
    """Number of candidates a query for some numbers of components, estimated on the sample."""
    queries, rest = sample[:_SAMPLE_QUERIES], sample[_SAMPLE_QUERIES:]
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
