import os

collect_ignore = ["engines"]  # unless it is asked for, as make test-engines does

# Without it scikit-learn skips its check of array API input; to be set before SciPy is imported.
os.environ["SCIPY_ARRAY_API"] = "1"

# Workers side by side have the cores already; threads of the BLAS would only wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
