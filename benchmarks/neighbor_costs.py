"""Calibration: what the steps of a search for neighbours cost on this machine.

    python benchmarks/neighbor_costs.py [--repeats N]

Prints the times in ``sk231n/neighbors/_costs.py`` beside those measured here, on one core, and the
ratios of the two.  The constants only decide which screen a search uses; the neighbours are exact
with any values.  A machine that is faster or slower on the whole changes all ratios alike, which is
no reason to change the constants.  If some ratios on rows of bytes are more than about three times
as large as others, enter the measured times, and run ``neighbors.py`` before and after.

Each time is the shortest of the repeats, since other work on the machine only makes it longer.  A
time per coordinate is the slope between two numbers of coordinates; the time per candidate is what
remains.
"""

import argparse
import time

import numpy as np

from sk231n._estimators import one_blas_thread
from sk231n.neighbors import _costs
from sk231n.neighbors._block_sums import BlockSumsScreen, Level, _block_sums, _level_shapes
from sk231n.neighbors._distances import METRICS, PairDistances
from sk231n.neighbors._euclidean_screen import EuclideanScreen
from sk231n.neighbors._rescaling import fit_rescaling
from sk231n.neighbors._selection import nearest_of_pairs

IMAGE_SHAPE = (32, 32, 3)
N_SAMPLES, N_QUERIES = 20_000, 256
N_COMPONENTS = 64
N_CANDIDATES = 50  # of a query
FEW_COORDINATES, MANY_COORDINATES = 192, 3072


def shortest(function, repeats):
    """Shortest time of a call in seconds, the first call not included."""
    function()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def smooth_images(n_images, seed):
    """Images of bytes with coarse structure and noise, as rows."""
    rng = np.random.default_rng(seed)
    h, w, c = IMAGE_SHAPE
    coarse = rng.integers(0, 200, (n_images, h // 8, w // 8, c), np.uint8)
    images = coarse.repeat(8, axis=1).repeat(8, axis=2)
    images += rng.integers(0, 50, images.shape, np.uint8)
    return images.reshape(n_images, -1)


def random_pairs():
    """Candidates as a screen leaves them: indices of queries and of training rows."""
    queries = np.repeat(np.arange(N_QUERIES), N_CANDIDATES)
    return queries, np.random.default_rng(0).integers(N_SAMPLES, size=len(queries))


def matrix_product(n_terms, repeats):
    """Seconds for a multiplication or an addition of a product in float32."""
    rng = np.random.default_rng(0)
    codes = rng.random((N_QUERIES, n_terms), np.float32)
    rows = rng.random((4096, n_terms), np.float32)
    out = np.empty((N_QUERIES, len(rows)), np.float32)
    seconds = shortest(lambda: np.matmul(codes, rows.T, out=out), repeats)
    return seconds / (2 * out.size * n_terms)


def encoding(X, per_flop, repeats):
    """Time of encoding rows, relative to a product of the same shape in float32."""
    metric = METRICS["euclidean"]
    directions = np.random.default_rng(0).normal(size=(X.shape[1], N_COMPONENTS))
    basis = np.linalg.qr(directions)[0] / (1 + 1e-12)
    screen = EuclideanScreen(metric, X[:N_QUERIES], fit_rescaling(metric, X), basis, n_threads=1)
    seconds = shortest(lambda: screen.encode(X[:N_QUERIES]), repeats)
    return seconds / (2 * N_QUERIES * X.shape[1] * N_COMPONENTS) / per_flop


def exact_distances(name, X, Q, repeats):
    """Seconds for a coordinate of an exact distance, and for what else a candidate takes."""
    queries, samples = random_pairs()
    seconds = {}
    for n_coordinates in (FEW_COORDINATES, MANY_COORDINATES):
        rows = (np.ascontiguousarray(part[:, :n_coordinates]) for part in (X, Q))
        pair_distances = PairDistances(METRICS[name], *rows)

        def measure_and_sort(pair_distances=pair_distances):
            nearest_of_pairs(5, queries, samples, pair_distances(queries, samples))

        seconds[n_coordinates] = shortest(measure_and_sort, repeats) / len(queries)
    per_coordinate = seconds[MANY_COORDINATES] - seconds[FEW_COORDINATES]
    per_coordinate /= MANY_COORDINATES - FEW_COORDINATES
    return per_coordinate, seconds[FEW_COORDINATES] - FEW_COORDINATES * per_coordinate


def codes_of_block_sums(X, Q, repeats):
    """Seconds for a coordinate of two codes: of all pairs, and of scattered pairs."""
    shapes = _level_shapes(IMAGE_SHAPE)
    sums = _block_sums(X[:256], IMAGE_SHAPE, shapes)
    levels = [
        Level(shape, part, coarsest=part is sums[0])
        for shape, part in zip(shapes, sums, strict=True)
    ]
    queries, samples = random_pairs()
    scores = np.empty((N_QUERIES, 4096), np.int16)
    seconds = {}
    for n_levels in (2, 3):
        screen = BlockSumsScreen(X, IMAGE_SHAPE, levels[:n_levels], n_threads=1)
        codes = screen.encode(Q)

        def compare(screen=screen, codes=codes):
            screen.estimate(codes, queries, samples)

        n_coordinates = sums[n_levels - 1].shape[1]
        seconds[n_coordinates] = shortest(compare, repeats) / len(queries)
    all_pairs = shortest(lambda: screen.scores(codes, slice(0, 4096), out=scores), repeats)
    (few, few_seconds), (many, many_seconds) = seconds.items()
    some_pairs = (many_seconds - few_seconds) / (many - few)
    return all_pairs / (scores.size * sums[0].shape[1]), some_pairs


def measure(repeats):
    """Yield names of constants, what they were measured on, and the values."""
    X, Q = smooth_images(N_SAMPLES, 0), smooth_images(N_QUERIES, 1)
    for n_terms in (N_COMPONENTS, MANY_COORDINATES):
        per_flop = matrix_product(n_terms, repeats)
        yield "SECONDS_PER_FLOP", f"{n_terms} terms", per_flop
    yield "ENCODING_SLOWDOWN", "bytes", encoding(X, per_flop, repeats)
    for dtype, kind in ((np.uint8, "bytes"), (np.float32, "float32")):
        rows = X.astype(dtype), Q.astype(dtype)
        for name in ("euclidean", "manhattan"):
            per_coordinate, per_candidate = exact_distances(name, *rows, repeats)
            yield f"SECONDS_PER_{name.upper()}_COORDINATE", kind, per_coordinate
            yield f"SECONDS_PER_{name.upper()}_CANDIDATE", kind, per_candidate
    all_pairs, some_pairs = codes_of_block_sums(X, Q, repeats)
    yield "SECONDS_PER_CODE_OF_ALL_PAIRS", "bytes", all_pairs
    yield "SECONDS_PER_CODE_OF_SOME_PAIRS", "bytes", some_pairs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15, help="calls of each step")
    arguments = parser.parse_args()
    print(f"{'constant':34}{'on':>12}{'in the file':>14}{'measured':>12}{'ratio':>8}")
    with one_blas_thread():
        for name, kind, measured in measure(arguments.repeats):
            expected = getattr(_costs, name)
            ratio = measured / expected
            print(f"{name:34}{kind:>12}{expected:>14.3g}{measured:>12.3g}{ratio:>8.2f}")


if __name__ == "__main__":
    main()
