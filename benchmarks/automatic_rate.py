"""What each constant of the automatic learning rate is worth: halved and doubled, on much data.

    python benchmarks/automatic_rate.py [--json FILE] [--page FILE]

Every model is fitted with its default arguments on every data set, first with the constants as they
are, then with each of them halved and doubled. The figure is the score on held-out data (accuracy,
or R2), the mean over two random splits of the data. All data are made up or come with scikit-learn.
--page writes the table as a page of the documentation.
"""

import argparse
import json
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone, is_classifier
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
    make_friedman1,
    make_low_rank_matrix,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from sk231n import HOG, LinearSVM, MLPClassifier, MLPRegressor, SoftmaxClassifier
from sk231n.core import automatic_rate
from sk231n.core.optimizers import Adagrad, Adam, RMSProp
from sk231n.datasets import make_shapes, make_spirals

CLASSIFIERS = {
    "softmax, Adam": SoftmaxClassifier(),
    "SVM, momentum": LinearSVM(loss="squared_hinge", optimizer="momentum"),
    "SVM, RMSProp": LinearSVM(optimizer="rmsprop"),
    "softmax, Adagrad": SoftmaxClassifier(optimizer="adagrad"),
    "two hidden layers, Adam": MLPClassifier((50, 50)),
    "two hidden layers, momentum": MLPClassifier((50, 50), optimizer="momentum", batch_size=10),
    "five epochs": MLPClassifier((50,), max_iter=5),
}
REGRESSORS = {
    "linear, Adam": MLPRegressor(()),
    "linear, momentum": MLPRegressor((), optimizer="momentum"),
    "two hidden layers, Adam": MLPRegressor((50, 50)),
    "two hidden layers, momentum": MLPRegressor((50, 50), optimizer="momentum", batch_size=10),
    "stream": MLPRegressor((50,)),
}
CONSTANTS = {
    **{
        name: (automatic_rate, name)
        for name in (
            "SAMPLE_ROWS", "POWER_ITERATIONS", "PLANNED_STEPS", "FEWEST_EPOCHS", "BATCH_SIZE",
            "RIDGE", "UNBOUNDED_SHARE", "SCORE_CURVATURE", "SHARE_OF_STEPS",
        )
    },
    **{
        f'LONGEST_PATHS["{kind}"]': (automatic_rate, kind)
        for kind in automatic_rate.LONGEST_PATHS
    },
    **{f"{c.__name__}.largest_rate": (c, "largest_rate") for c in (Adam, RMSProp, Adagrad)},
}  # fmt: skip


def data_sets():
    """Name, inputs and targets of each data set."""
    rng = np.random.RandomState(0)
    digits, digit = load_digits(return_X_y=True)
    shapes = make_shapes(1500, image_size=16, random_state=0)
    spirals = make_spirals(300, random_state=0)
    mixed = digits * 10.0 ** rng.uniform(-3, 3, digits.shape[1])
    wide = make_classification(
        300, 400, n_informative=20, n_classes=3, n_clusters_per_class=1, random_state=0
    )
    rare = make_classification(2000, 20, n_informative=6, weights=[0.97], random_state=0)
    friedman = make_friedman1(1500, noise=0.5, random_state=0)
    low_rank = 100 * make_low_rank_matrix(800, 60, effective_rank=8, random_state=0)
    outliers = friedman[0].copy()
    outliers[::100] *= 30
    return {
        "digits": (digits, digit),
        "digits, mixed scales": (mixed, digit),
        "digits, offset of 1,000": (digits + 1000, digit),
        "digits, standardised": (StandardScaler().fit_transform(digits), digit),
        "shapes, bytes": (shapes.images, shapes.target),
        "shapes, HOG": (HOG(pixels_per_cell=(4, 4)).fit_transform(shapes.images), shapes.target),
        "iris": load_iris(return_X_y=True),
        "wine": load_wine(return_X_y=True),
        "breast cancer": load_breast_cancer(return_X_y=True),
        "spirals": spirals,
        "few samples, many features": wide,
        "a rare class": rare,
        "diabetes": load_diabetes(return_X_y=True),
        "Friedman": friedman,
        "Friedman, outliers, targets in millions": (outliers, 1e6 * friedman[1]),
        "low rank, two targets": (low_rank, low_rank @ rng.standard_normal((60, 2))),
    }


def score(name, model, X, y):
    """Mean score on held-out data; a run that diverges scores zero, and so does worse than zero."""
    scores = []
    for seed in range(2):
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=seed)
        model = clone(model).set_params(random_state=seed)
        try:
            if name == "stream":
                for _ in range(10):
                    for part in range(4):
                        model.partial_fit(X_train[part::4], y_train[part::4])
            else:
                model.fit(X_train, y_train)
            scores.append(max(0.0, model.score(X_test, y_test)))
        except FloatingPointError:
            scores.append(0.0)
    return float(np.mean(scores))


@contextmanager
def scaled(name, factor):
    """Context in which a constant is multiplied."""
    if name is None:
        yield
        return
    owner, attribute = CONSTANTS[name]
    # Looked up here: in a process of joblib's, the module is the one that training asks.
    values = automatic_rate.LONGEST_PATHS if attribute in automatic_rate.LONGEST_PATHS else None
    before = getattr(owner, attribute) if values is None else values[attribute]
    value = before * factor
    value = max(1, round(value)) if isinstance(before, int) else value

    def change(value):
        if values is None:
            setattr(owner, attribute, value)
        else:
            values[attribute] = value

    change(value)
    try:
        yield
    finally:
        change(before)


def scores_with(name, factor):
    """Scores of all models on all data sets with one constant multiplied."""
    scores = {}
    with scaled(name, factor), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for data, (X, y) in data_sets().items():
            quantities = np.asarray(y).dtype.kind == "f"
            for model_name, model in (REGRESSORS if quantities else CLASSIFIERS).items():
                assert is_classifier(model) != quantities
                scores[f"{data}: {model_name}"] = score(model_name, model, X, y)
    return scores


def row(name, base, outcome):
    """One line of the table: what halving and doubling change, on average and at worst."""
    cells = []
    for scores in outcome:
        changes = {case: 100 * (scores[case] - base[case]) for case in base}
        worst = min(changes, key=changes.get)
        moved = sum(abs(change) > 0.05 for change in changes.values())
        falls = f"{changes[worst]:+.1f} ({worst})" if changes[worst] <= -0.05 else "none falls"
        cells += [f"{np.mean([*changes.values()]):+.2f}", falls]
        cells += [str(moved)]
    halved, worst_halved, moved_halved, doubled, worst_doubled, moved_doubled = cells
    return (
        f"| `{name}` | {halved} | {worst_halved} | {doubled} | {worst_doubled} | "
        f"{moved_halved}, {moved_doubled} |"
    )


def page(base, outcomes):
    """The table as a page."""
    lines = [
        "# The automatic learning rate: what each constant is worth",
        "",
        "`benchmarks/automatic_rate.py` writes this page. It fits every model with",
        f'`learning_rate="auto"` on {len(data_sets())} data sets, {len(base)} cases in all, with',
        "each constant of `sk231n/core/automatic_rate.py` and of the optimizers halved and",
        "doubled. Changes are in points (hundredths) of accuracy or R2 on held-out data, the mean",
        "of two random splits. The last column counts the cases that changed, by more than 0.05",
        "points, when the constant was halved and when it was doubled.",
        "",
        "| constant | halved: mean | worst case | doubled: mean | worst case | cases changed |",
        "|---|---:|---|---:|---|---:|",
        *(row(name, base, outcome) for name, outcome in outcomes.items()),
        "",
        "Scores with the constants as they are:",
        "",
        "| data: model | score |",
        "|---|---:|",
        *(f"| {case} | {value:.3f} |" for case, value in base.items()),
    ]
    return "\n".join(lines) + "\n"


def main():
    """Run the ablation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--page", type=Path)
    arguments = parser.parse_args()
    tasks = [(None, 1), *((name, factor) for name in CONSTANTS for factor in (0.5, 2))]
    base, *scores = Parallel(n_jobs=-1, verbose=1)(delayed(scores_with)(*task) for task in tasks)
    outcomes = {name: scores[2 * k : 2 * k + 2] for k, name in enumerate(CONSTANTS)}
    text = page(base, outcomes)
    print(text)
    if arguments.page:
        arguments.page.write_text(text)
    if arguments.json:
        arguments.json.write_text(json.dumps({"as they are": base, **outcomes}, indent=1) + "\n")


if __name__ == "__main__":
    main()
