import os
from importlib.util import find_spec

import pytest

collect_ignore = ["engines"]  # unless it is asked for, as make test-engines does

# Without it scikit-learn skips its check of array API input; to be set before SciPy is imported.
os.environ["SCIPY_ARRAY_API"] = "1"

# Workers side by side have the cores already; threads of the BLAS would only wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

REFEREES = {"torch": "torch", "scikit-image": "skimage"}  # packages, and as what they are imported


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "referee(package): compares with a package of the extra referees"
    )


def pytest_runtest_setup(item):
    """Without its referee a test is skipped; with REFEREES=1, as in make test, it fails."""
    for mark in item.iter_markers("referee"):
        (package,) = mark.args
        if find_spec(REFEREES[package]) is None:
            give_up = pytest.fail if os.environ.get("REFEREES") else pytest.skip
            give_up(f'needs {package}: pip install -e ".[referees]"')


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter):
    """Count at the end what was skipped."""
    yield
    skipped = [report.longrepr[-1] for report in terminalreporter.stats.get("skipped", [])]
    for package in REFEREES:
        n = sum(f"needs {package}:" in reason for reason in skipped)
        if n:
            terminalreporter.write_line(f"{n} referee tests were not run: {package} is missing")


@pytest.fixture(params=["pipeline", "neighbors", "network"])
def model_and_data(request):
    """A model, what to search in it, and data, for the engines that spread a search."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from sk231n import HOG, KNNClassifier, MLPClassifier, SoftmaxClassifier
    from sk231n.datasets import make_shapes

    shapes = make_shapes(150, image_size=16, n_classes=3, random_state=0)
    images, y = shapes.images, shapes.target
    rows = images.reshape(len(images), -1)
    if request.param == "pipeline":
        model = make_pipeline(
            HOG(), StandardScaler(), SoftmaxClassifier(max_iter=10, random_state=0)
        )
        return (
            model,
            {"hog__orientations": [6, 9], "softmaxclassifier__alpha": [1e-4, 1e-2]},
            images, y,
        )  # fmt: skip
    if request.param == "neighbors":
        parameters = {"n_neighbors": [1, 3, 5], "weights": ["uniform", "distance"]}
        return KNNClassifier(), parameters, rows, y
    model = make_pipeline(StandardScaler(), MLPClassifier((20,), max_iter=5, random_state=0))
    parameters = {"mlpclassifier__dropout": [0.2, 0.5], "mlpclassifier__alpha": [1e-4, 1e-2]}
    return model, parameters, rows, y


@pytest.fixture(params=["cross-validation", "grid", "random"])
def scores_of_a_search(request, model_and_data):
    """Function that computes all scores of a search, and what the best model predicts."""
    import numpy as np
    from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score

    model, parameters, X, y = model_and_data
    how = {"cv": 3, "scoring": "neg_log_loss"}

    def scores():
        if request.param == "cross-validation":
            return cross_val_score(model, X, y, **how)
        if request.param == "grid":
            search = GridSearchCV(model, parameters, **how)
        else:
            search = RandomizedSearchCV(model, parameters, n_iter=3, random_state=0, **how)
        search.fit(X, y)
        folds = [search.cv_results_[f"split{k}_test_score"] for k in range(3)]
        return np.concatenate([*folds, search.predict_proba(X).ravel()])

    return scores
