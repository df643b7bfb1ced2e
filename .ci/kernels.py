"""Run the numeric tests with every kernel of OpenBLAS that this processor has besides its own.

OpenBLAS chooses its kernel by the processor, and another one rounds otherwise.  Which ones run here
is found out in a process of its own, which the processor may end: each of the two OpenBLAS that
NumPy and SciPy bring has to say that it uses the kernel, and to multiply right.

    python .ci/kernels.py [KERNEL ...] [--processes N]
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
KERNELS = ("Haswell", "Zen", "SkylakeX", "Sandybridge", "Nehalem")
N_THREADS = 2  # of the BLAS, which the library keeps to one

# Every file of tests/ is in one of three lists; a test holds them to it. First those in which
# rounding can decide, and which are quick enough to run for every kernel:
NUMERIC = [
    "class_weight", "convnet_batches", "convolution", "early_stopping", "image_layers",
    "image_networks", "layers", "linear_training", "monitoring", "neighbors_classifier",
    "neighbors_exact", "neighbors_magnitudes", "neighbors_voting", "neural_regressor",
    "neural_training", "onnx_networks", "penalties", "preprocessing", "preprocessing_batches",
    "preprocessing_whitening", "recorded_bits", "reference_layers", "reference_neighbors",
    "residual", "saving", "standardization", "torch_referee", "training", "winograd",
]  # fmt: skip
# What is run with one thread of the BLAS too, by one kernel: the bits are recorded.
WITH_ONE_THREAD = ["recorded_bits"]
# Those that compare numbers of threads, those of the BLAS too, by themselves; by one kernel:
THREADED = ["neighbors_bits", "preprocessing_bits", "same_bits", "team"]
# Then those that round nothing, have nothing that the BLAS computes, or take long for what they
# would tell beyond the first:
NOT_NUMERIC = [
    "array_api", "assigned_parameters", "augmentation", "automatic_rate",
    "automatic_rate_constants", "color", "color_bins", "common", "convnet", "convnet_gradients",
    "convnet_memory", "convnet_shapes", "convnet_training", "course_numbers",
    "datasets_archives", "datasets_arguments", "datasets_cifar10", "datasets_fashion_mnist",
    "datasets_fetch", "datasets_servers", "datasets_shapes", "datasets_spirals",
    "datasets_split", "diagnostics_arguments", "diagnostics_faults", "diagnostics_gradient",
    "diagnostics_html", "diagnostics_measurements", "diagnostics_numerical",
    "diagnostics_sanity", "docs", "documentation_snippets", "error_states", "errors",
    "examples", "features_arguments", "features_bits", "first_layers", "fit_intercept",
    "flatten", "hog", "hog_each", "hog_votes", "images", "layering", "linear", "losses",
    "memory", "names", "neighbors_arguments", "neighbors_costs", "neighbors_cv",
    "neighbors_labels", "neighbors_leave_one_out", "neighbors_memory", "neighbors_merge",
    "neighbors_scoring", "neighbors_weights", "neighbors_working_memory", "network_gradients",
    "network_summary", "neural_augmentation", "neural_classifier", "onnx", "onnx_features",
    "onnx_neighbors", "onnx_pipelines", "optimizers", "own_parts", "packaging", "parameters",
    "photographs_folder", "photographs_reader", "pictures", "plotting", "plotting_arguments",
    "plotting_explanations", "plotting_filters", "plotting_images", "plotting_results",
    "pooling", "reference_convolution", "schedules", "stored", "stubs", "targets", "threads",
    "units", "utils",
]  # fmt: skip

PROBE = """
import json
import numpy as np
import scipy.linalg.blas
from threadpoolctl import threadpool_info

a = np.arange(64.0 * 64).reshape(64, 64) % 7 - 3  # sums of integers are exact
exact = a.astype(int) @ a.astype(int)
for dtype, gemm in ((np.float64, scipy.linalg.blas.dgemm), (np.float32, scipy.linalg.blas.sgemm)):
    b = a.astype(dtype)
    assert (b @ b == exact).all()
    assert (gemm(1, b, b) == exact).all()
print(json.dumps([i["architecture"] for i in threadpool_info() if i["internal_api"] == "openblas"]))
"""


def environment(kernel, n_threads=1):
    """Return the variables of a process with this kernel; with the processor's own for None."""
    tuned = {"OPENBLAS_L2_SIZE", "OPENBLAS_CORETYPE"}
    variables = {key: value for key, value in os.environ.items() if key not in tuned}
    chosen = {} if kernel is None else {"OPENBLAS_CORETYPE": kernel}
    return variables | chosen | {"OPENBLAS_NUM_THREADS": str(n_threads)}


def kernels_in_use(kernel):
    """Return the kernels that NumPy and SciPy use, and why this one cannot be tested here, or None.

    With None as the kernel they are those that the test suite has.
    """
    variables = dict(os.environ) if kernel is None else environment(kernel)
    probe = subprocess.run(
        [sys.executable, "-c", PROBE], env=variables, capture_output=True, text=True
    )
    if probe.returncode < 0:
        return [], f"ended by signal {-probe.returncode}"
    if probe.returncode:
        return [], f"wrong products: {probe.stderr.strip().splitlines()[-1]}"
    used = [name.lower() for name in json.loads(probe.stdout.splitlines()[-1])]
    if kernel and (len(used) < 2 or set(used) != {kernel.lower()}):
        return used, f"NumPy and SciPy use {', '.join(used) or 'no OpenBLAS'} instead"
    return used, None


def run(kernel, n_threads, processes, names):
    """Run some tests; return the last line that pytest prints, and whether all passed."""
    files = [f"tests/test_{name}.py" for name in names]
    how = ["--quiet", "--numprocesses", str(processes), "--dist", "worksteal"]
    command = [sys.executable, "-m", "pytest", *how, *files]
    tests = subprocess.run(
        command, cwd=ROOT, env=environment(kernel, n_threads), capture_output=True, text=True
    )
    if tests.returncode:
        print(tests.stdout, tests.stderr, sep="\n", flush=True)
    return (tests.stdout.strip().splitlines() or ["nothing"])[-1], tests.returncode == 0


def main():
    """Test every kernel; exit with an error if a test fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kernels", nargs="*", metavar="KERNEL")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    runs, numeric = [], NUMERIC + THREADED
    own, _ = kernels_in_use(None)
    for kernel in arguments.kernels or KERNELS:
        _, reason = kernels_in_use(kernel)
        if reason:
            print(f"{kernel:12} does not run here: {reason}", flush=True)
        elif kernel.lower() in own and not arguments.kernels:
            print(
                f"{kernel:12} is this processor's own, with which the test suite runs", flush=True
            )
            runs.append((kernel, 1, WITH_ONE_THREAD))
        else:
            # How work is cut does not depend on the kernel: one besides the own shows that.
            runs.append((kernel, N_THREADS, numeric))
            numeric = numeric if arguments.kernels else NUMERIC
    all_passed = True
    # Other processors, and other BLAS, have their own.
    for kernel, n_threads, names in runs or [(None, 1, WITH_ONE_THREAD)]:
        start = time.perf_counter()
        summary, passed = run(kernel, n_threads, arguments.processes, names)
        seconds = time.perf_counter() - start
        all_passed &= passed
        name, verdict = kernel or "its own", "passed" if passed else "FAILED"
        print(f"{name:12} {n_threads} threads: {verdict} in {seconds:.0f} s, {summary}", flush=True)
    sys.exit(not all_passed)


if __name__ == "__main__":
    main()
