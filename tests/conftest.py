import os

# Without it scikit-learn skips its check of array API input; to be set before SciPy is imported.
os.environ["SCIPY_ARRAY_API"] = "1"
