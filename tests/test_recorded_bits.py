"""Fits whose weights are recorded, so that a change of the code cannot change them unnoticed.

Run as a program, this file records them in ``recorded_bits.json`` for the processor and the kernel
of this process: do so at a commit whose results are known to be right, once for each kernel
(``OPENBLAS_CORETYPE=Haswell``). On another processor, or with other versions of NumPy, SciPy,
OpenBLAS or the C library, the rounded figures are compared.
"""

import hashlib
import json
import os
import platform
import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_info

from sk231n import (
    ConvNetClassifier,
    LinearSVM,
    MLPClassifier,
    MLPRegressor,
    SoftmaxClassifier,
)
from sk231n.augmentation import Mirror, Shift
from sk231n.datasets import make_shapes
from sk231n.losses import CrossEntropy, WestonWatkins
from sk231n.optimizers import Adam
from sk231n.schedules import CosineDecay, OneCycle, Plateau

RECORDS = Path(__file__).with_name("recorded_bits.json")

_shapes = make_shapes(300, image_size=8, random_state=0)
BYTES, LABELS = _shapes.images, _shapes.target
DIGITS, DIGIT = (a[:400] for a in load_digits(return_X_y=True))
_rng = np.random.RandomState(0)
WEIGHTS = _rng.uniform(0.1, 3, len(DIGIT))
QUANTITIES = DIGITS[:, :2] @ np.array([[1.0, -20.0], [2.0, 5.0]]) + _rng.standard_normal((400, 2))
MANY_LABELS = np.column_stack([DIGIT > 3, DIGIT % 2]).astype(int)
PROBABILITIES = np.eye(10)[DIGIT] * 0.9 + 0.01

AUGMENTATION = [Mirror(), Shift(1)]
FEW = {"max_iter": 3, "random_state": 0}
MODELS = {
    "softmax": SoftmaxClassifier(**FEW),
    "softmax, bytes": (SoftmaxClassifier(**FEW), BYTES, LABELS),
    "softmax, float32": (SoftmaxClassifier(**FEW), DIGITS.astype(np.float32), DIGIT),
    "softmax, weighted": (
        SoftmaxClassifier(class_weight="balanced", **FEW), DIGITS, DIGIT, WEIGHTS,
    ),
    "softmax, no intercept": SoftmaxClassifier(fit_intercept=False, **FEW),
    "softmax, probabilities": (SoftmaxClassifier(**FEW), DIGITS, PROBABILITIES),
    "softmax, lbfgs": SoftmaxClassifier(optimizer="lbfgs", max_iter=6, tol=None),
    "softmax, early stopping": SoftmaxClassifier(early_stopping=True, **FEW),
    "softmax, ema": SoftmaxClassifier(averaging="ema", batch_size=50, **FEW),
    "softmax, no penalty": SoftmaxClassifier(penalty=None, **FEW),
    "softmax, l1": SoftmaxClassifier(penalty="l1", alpha=0.01, **FEW),
    "softmax, elastic net": SoftmaxClassifier(penalty="elasticnet", l1_ratio=0.3, **FEW),
    **{
        f"softmax, {name}": SoftmaxClassifier(optimizer=name, batch_size=32, **FEW)
        for name in ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adamw")
    },
    "softmax, rate": SoftmaxClassifier(learning_rate=1e-3, **FEW),
    "softmax, one cycle": SoftmaxClassifier(learning_rate=OneCycle(0.01), **FEW),
    "softmax, cosine": SoftmaxClassifier(learning_rate=CosineDecay(1e-3), **FEW),
    **{
        f"svm, {strategy}, {loss}": LinearSVM(strategy=strategy, loss=loss, margin=2.0, **FEW)
        for strategy in ("weston_watkins", "crammer_singer", "one_vs_rest")
        for loss in ("hinge", "squared_hinge")
    },
    "svm, squared, momentum": LinearSVM(loss="squared_hinge", optimizer="momentum", **FEW),
    "svm, bytes": (LinearSVM(**FEW), BYTES, LABELS),
    "mlp": MLPClassifier((30,), **FEW),
    "mlp, bytes": (MLPClassifier((30, 20), normalization="batch", **FEW), BYTES, LABELS),
    "mlp, none": MLPClassifier((), **FEW),
    **{
        f"mlp, {activation}": MLPClassifier((20, 15), activation, batch_size=64, **FEW)
        for activation in ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "maxout")
    },
    **{
        f"mlp, {init}": MLPClassifier((20, 15), weight_init=init, **FEW)
        for init in ("he", "glorot", "lecun", "sparse", 0.02)
    },
    "mlp, batch norm": MLPClassifier((20, 15), normalization="batch", dropout=0.2, **FEW),
    "mlp, layer norm": MLPClassifier((20, 15), normalization="layer", max_norm=1.0, **FEW),
    "mlp, momentum": MLPClassifier((20, 15), optimizer="momentum", **FEW),
    "mlp, lbfgs": MLPClassifier((10,), optimizer="lbfgs", max_iter=5, tol=None, random_state=0),
    "mlp, hinge": MLPClassifier((20,), loss="hinge", **FEW),
    "mlp, squared hinge": MLPClassifier((20,), loss="squared_hinge", **FEW),
    "mlp, smoothed": MLPClassifier((20,), loss=CrossEntropy(label_smoothing=0.1), **FEW),
    "mlp, margin": MLPClassifier((20,), loss=WestonWatkins(margin=3.0), **FEW),
    "mlp, adam": MLPClassifier((20,), optimizer=Adam(beta1=0.8, weight_decay=0.1), **FEW),
    "mlp, plateau": MLPClassifier((20,), learning_rate=Plateau(0.01, patience=1), **FEW),
    "mlp, labels": (MLPClassifier((20,), **FEW), DIGITS, MANY_LABELS),
    "mlp, augmented": (MLPClassifier((20,), augmentation=AUGMENTATION, **FEW), BYTES, LABELS),
    "convnet": (ConvNetClassifier(((6,), (8,)), **FEW), BYTES, LABELS),
    "convnet, augmented": (
        ConvNetClassifier(
            ((6, 6),), (10,), head="flatten", augmentation=AUGMENTATION, dropout=0.2, **FEW
        ), BYTES, LABELS,
    ),
    "convnet, float64": (
        ConvNetClassifier(((6,),), kernel_size=5, normalization=None, **FEW), DIGITS, DIGIT,
    ),
    "regressor": (MLPRegressor((20,), **FEW), DIGITS, QUANTITIES),
    "regressor, one": (MLPRegressor((20,), **FEW), DIGITS, QUANTITIES[:, 1] * 1e6),
    "regressor, absolute": (
        MLPRegressor((20, 10), loss="absolute_error", normalization="batch", **FEW), DIGITS,
        QUANTITIES,
    ),
    "regressor, lbfgs": (
        MLPRegressor((10,), optimizer="lbfgs", max_iter=5, tol=None, random_state=0), DIGITS,
        QUANTITIES,
    ),
    "regressor, early stopping": (
        MLPRegressor((20,), early_stopping=True, optimizer="sgd", **FEW), DIGITS, QUANTITIES,
    ),
}  # fmt: skip
GOES_ON = [
    "softmax", "svm, squared, momentum", "mlp, batch norm", "regressor", "mlp, labels", "convnet",
]  # fmt: skip


def _arrays(model):
    """Everything that was learnt, as one list of arrays."""
    if hasattr(model, "coef_"):
        arrays = [model.coef_, model.intercept_]
    else:
        arrays = [*model.coefs_, *model.intercepts_]
        arrays += [array for layer in model.normalizations_ for array in layer.values()]
    history = [np.array(values) for _, values in sorted(model.history_.items())]
    return [np.ascontiguousarray(array) for array in arrays + history]


def outcome(model):
    """Hash of all bits that were learnt, and a figure that survives another rounding."""
    digest = hashlib.sha256(b"".join(array.tobytes() for array in _arrays(model))).hexdigest()
    return digest[:16], float(f"{model.history_['loss'][-1]:.6g}")


def fits():
    """Yield the name and the outcome of each fit."""
    for name, case in MODELS.items():
        model, X, y, *weights = case if isinstance(case, tuple) else (case, DIGITS, DIGIT)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, y, *weights)
        yield name, outcome(model)
        if name in GOES_ON:
            model.partial_fit(X[:150], y[:150])
            model.partial_fit(X[150:], y[150:])
            yield f"{name}, partial_fit", outcome(model)
            yield f"{name}, warm start", outcome(model.set_params(warm_start=True).fit(X, y))


def machine():
    """What the bits depend on besides the code."""
    kernels = {
        f"{pool.get('architecture')} of {pool['internal_api']} {pool['version']}"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    }
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    features = np._core._multiarray_umath.__cpu_features__
    simd = "AVX512" if features.get("X86_V4", features.get("AVX512_SKX")) else "no AVX512"
    cache = os.environ.get("OPENBLAS_L2_SIZE", "own")
    versions = [f"numpy {np.__version__}", f"scipy {scipy.__version__}", *platform.libc_ver()]
    return ", ".join([*sorted(kernels), f"L2 {cache}", *sorted(names), simd, *versions])


@pytest.fixture(scope="module")
def outcomes():
    return dict(fits())


@pytest.fixture(scope="module")
def records():
    return json.loads(RECORDS.read_text())


def test_every_fit_is_recorded(outcomes, records):
    assert all(set(bits) == set(outcomes) for bits in records["bits"].values())


def test_recorded_results(outcomes, records):
    """To the last bit where this kernel was recorded, to another rounding elsewhere."""
    losses = {name: loss for name, (_, loss) in outcomes.items()}
    assert losses == pytest.approx(records["losses"], rel=1e-3)
    bits = {name: digest for name, (digest, _) in outcomes.items()}
    assert bits == records["bits"].get(machine(), bits)


if __name__ == "__main__":
    records = json.loads(RECORDS.read_text()) if RECORDS.exists() else {"bits": {}}
    outcomes = dict(fits())
    records["bits"][machine()] = {name: digest for name, (digest, _) in outcomes.items()}
    records["losses"] = {name: loss for name, (_, loss) in outcomes.items()}
    RECORDS.write_text(json.dumps(records, indent=1, sort_keys=True) + "\n")
